"""What holds for aiohttp alone. The rest is asked of it together with the others."""

from __future__ import annotations

import anyio
import httpx
import pytest
from okta_oidc import AsyncOktaOIDC, ClientSecretBasic, ConfigurationError, aiohttp_client
from okta_oidc.testing import FakeOkta

from ._faces import CLIENT_ID, CLIENT_SECRET, TOKEN, opened
from ._outcomes import send
from ._proxy import Exchange, FaultProxy

pytest.importorskip("aiohttp", reason="okta-oidc[aiohttp] is not installed")

_AUTH = ClientSecretBasic(CLIENT_ID, CLIENT_SECRET)


def test_socks_proxy_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "socks5://user:hush-password@127.0.0.1:1")
    monkeypatch.setenv("https_proxy", "socks5://user:hush-password@127.0.0.1:1")
    with pytest.raises(ConfigurationError, match="SOCKS") as raised:
        AsyncOktaOIDC("https://dev-000000.okta.com", _AUTH, http_client=aiohttp_client())
    assert "hush-password" not in str(raised.value)


def test_trio_is_refused_before_anything_is_sent(okta: FakeOkta) -> None:
    async def introspect() -> None:
        async with AsyncOktaOIDC(okta.url, _AUTH, http_client=aiohttp_client()) as client:
            await client.introspect(TOKEN)

    with pytest.raises(ConfigurationError, match="asyncio"):
        anyio.run(introspect, backend="trio")


def test_it_is_an_httpx_client_like_any_other(okta: FakeOkta) -> None:
    async def post() -> tuple[httpx.Response, httpx.Response]:
        async with aiohttp_client() as client:
            url = f"{okta.url}/oauth2/default/v1/introspect"
            return await client.post(url, data={"token": TOKEN}, auth=_AUTH), await client.get(url)

    introspected, refused = anyio.run(post)
    assert introspected.json() == {"active": False}
    assert refused.status_code == 405


def test_its_own_limits_hold_where_it_is_used_by_itself(proxy: FaultProxy) -> None:
    async def read_nothing(exchange: Exchange) -> None:
        await exchange.hang()

    async def post() -> None:
        async with aiohttp_client() as client:
            await client.post(proxy.url(), data={"token": TOKEN}, timeout=0.2)

    proxy.plan(read_nothing)
    with pytest.raises(httpx.ReadTimeout):
        anyio.run(post)


def test_header_that_is_longer_than_most(okta: FakeOkta, proxy: FaultProxy) -> None:
    """Policies for browsers grow to many kilobytes, and come with every answer."""

    async def add_a_policy(exchange: Exchange) -> None:
        head, end, body = (await exchange.answer()).partition(b"\r\n\r\n")
        policy = b"\r\nContent-Security-Policy: " + b"a" * 20_000
        await exchange.send(head + policy + end + body)

    proxy.plan(add_a_policy)
    with opened("asyncio", proxy.url(), owner="aiohttp") as caller:
        assert len(send(caller, okta, "code").http.headers["content-security-policy"]) == 20_000
