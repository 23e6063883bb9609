"""What holds for aiohttp alone. The rest is asked of it together with the others."""

# pyright: reportPrivateUsage=false

from __future__ import annotations

import asyncio
import gc
import json
import logging
import traceback
from base64 import b64encode
from typing import Any

import anyio
import httpx
import pytest
from okta_oidc import (
    AsyncOktaOIDC,
    ClientSecretBasic,
    ConfigurationError,
    DPoP,
    TransportError,
    aiohttp_client,
)
from okta_oidc.testing import FakeOkta

from tests.support.faces import Face
from tests.support.proxy import Exchange, FaultProxy
from tests.support.samples import CLIENT_ID, CLIENT_SECRET, TOKEN
from tests.support.servers import Answer, RawServer

from ._outcomes import send
from .test_faults import CASES, Case

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
            limit = httpx.Timeout(30, read=0.2)
            await client.post(proxy.url(), data={"token": TOKEN}, timeout=limit)

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
    with Face("asyncio", proxy.url(), owner="aiohttp") as caller:
        assert len(send(caller, okta, "code").http.headers["content-security-policy"]) == 20_000


def test_large_answer_that_comes_in_one_go() -> None:
    """On a connection that is used again, asyncio reads a quarter of a megabyte at a time."""
    body = json.dumps({"active": True, "groups": "g" * 200_000}).encode()
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"

    async def introspect() -> list[bool]:
        async with AsyncOktaOIDC(
            server.url, _AUTH, retry=None, http_client=aiohttp_client()
        ) as okta:
            return [(await okta.introspect(TOKEN)).active for _ in range(4)]

    with RawServer(head % len(body) + body) as server:
        assert asyncio.run(introspect()) == [True] * 4


def test_what_is_sent_again_is_not_aiohttps_to_say() -> None:
    """Left alone it sends each GET that brought no answer twice, with one proof of the key."""

    async def ask() -> None:
        async with AsyncOktaOIDC(
            server.url, _AUTH, retry=None, dpop=DPoP(), http_client=aiohttp_client()
        ) as okta:
            await okta.userinfo(TOKEN)

    with RawServer(Answer(b"", close=True)) as server:
        with pytest.raises(TransportError) as raised:
            asyncio.run(ask())
        assert raised.value.request_sent is None
        assert len(server.requests) == 1


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
@pytest.mark.parametrize("is_kept", [True, False], ids=["kept", "dropped"])
def test_loops_that_ended_are_no_error(
    okta: FakeOkta, caplog: pytest.LogCaptureFixture, is_kept: bool
) -> None:
    """A program that runs a loop for each job is told nothing, as with other transports."""
    kept: list[AsyncOktaOIDC] = []

    async def introspect(client: AsyncOktaOIDC) -> None:
        assert not (await client.introspect(TOKEN)).active

    client = AsyncOktaOIDC(okta.url, _AUTH, http_client=aiohttp_client())
    for _ in range(5):
        if is_kept:
            kept.append(client)
        else:
            client = AsyncOktaOIDC(okta.url, _AUTH, http_client=aiohttp_client())
        asyncio.run(introspect(client))
    del client
    kept.clear()
    gc.collect()
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


@pytest.mark.parametrize("closing", ["client", "aiohttp_client", "both", "both, turned round"])
def test_either_closes_all_there_is(
    okta: FakeOkta, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch, closing: str
) -> None:
    # None expires by itself.
    monkeypatch.setattr("okta_oidc._wire.aiohttp.KEEPALIVE_SECONDS", 3600.0)

    async def main() -> None:
        http = aiohttp_client()
        client = AsyncOktaOIDC(proxy.url(), _AUTH, http_client=http)
        if closing == "aiohttp_client":
            async with http:
                await client.introspect(TOKEN)
        elif closing == "client":
            async with client:
                await client.introspect(TOKEN)
        elif closing == "both":
            async with http, client:
                await client.introspect(TOKEN)
        else:
            async with client, http:
                await client.introspect(TOKEN)
        await asyncio.to_thread(proxy.wait_until_quiet)
        with pytest.raises(ConfigurationError, match="closed"):
            await client.introspect(TOKEN)

    asyncio.run(main())
    assert proxy.connections == 1


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.strike.strike.__name__)
def test_loop_is_told_of_no_fault(
    okta: FakeOkta, proxy: FaultProxy, caplog: pytest.LogCaptureFixture, case: Case
) -> None:
    """It would log it with its frames, which hold what was sent."""
    told: list[dict[str, Any]] = []

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
        async with AsyncOktaOIDC(
            proxy.url(), _AUTH, http_client=aiohttp_client(), timeout=0.3, retry=None
        ) as client:
            with pytest.raises(TransportError):
                await client.introspect(TOKEN)
        gc.collect()
        await asyncio.sleep(0)

    proxy.plan(case.strike)
    asyncio.run(main())
    gc.collect()
    assert told == []
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.strike.strike.__name__)
def test_no_frame_keeps_the_headers(okta: FakeOkta, proxy: FaultProxy, case: Case) -> None:
    """Those of aiohttp held them."""
    basic = b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()

    async def main() -> TransportError:
        async with AsyncOktaOIDC(
            proxy.url(), _AUTH, http_client=aiohttp_client(), timeout=0.3, retry=None
        ) as client:
            with pytest.raises(TransportError) as raised:
                await client.introspect(TOKEN)
            return raised.value

    proxy.plan(case.strike)
    pending: list[BaseException | None] = [asyncio.run(main())]
    while pending:
        error = pending.pop()
        if error is None:
            continue
        pending += [error.__cause__, error.__context__]
        frames = traceback.TracebackException.from_exception(error, capture_locals=True).stack
        assert not [frame for frame in frames if basic in str(frame.locals)]
