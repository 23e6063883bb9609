"""pytest-socket: what it forbids is not done, and its own error says so."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import httpx
import pytest
from okta_oidc import AsyncOktaOIDC, ClientSecretBasic, OktaOIDC, Retry, aiohttp_client
from okta_oidc.testing import FakeOkta
from pytest_socket import (
    SocketBlockedError,
    SocketConnectBlockedError,
    disable_socket,
    enable_socket,
    socket_allow_hosts,
)

# The tool warns before it raises, and warnings are errors here.
pytestmark = pytest.mark.filterwarnings("ignore:A test tried to use:UserWarning")

AUTH = ClientSecretBasic("client-id", "client-secret-of-some-length")
URL = "http://127.0.0.1:9"


@pytest.fixture
def no_sockets() -> Iterator[None]:
    """As ``--disable-socket --allow-unix-socket``, which event loops need."""
    disable_socket(allow_unix_socket=True)
    yield
    enable_socket()


@pytest.mark.usefixtures("no_sockets")
@pytest.mark.parametrize("owner", ["own", "lent"])
def test_a_call_fails_with_the_tools_own_error(owner: str) -> None:
    http = httpx.Client(trust_env=False) if owner == "lent" else None
    okta = OktaOIDC(URL, AUTH, retry=Retry(), http_client=http)
    with okta, pytest.raises(SocketBlockedError):
        okta.introspect("token")
    if http is not None:
        http.close()


@pytest.mark.usefixtures("no_sockets")
@pytest.mark.parametrize("owner", ["own", "lent", "aiohttp"])
def test_an_asynchronous_call_does_so_too(owner: str) -> None:
    """In a group of one, where anyio connects, as with a client of httpx's own."""

    async def main() -> None:
        http: httpx.AsyncClient | None = None
        if owner == "lent":
            http = httpx.AsyncClient(trust_env=False)
        elif owner == "aiohttp":
            http = aiohttp_client()
        async with AsyncOktaOIDC(URL, AUTH, http_client=http) as okta:
            await okta.introspect("token")

    with pytest.raises((SocketBlockedError, ExceptionGroup)) as caught:
        asyncio.run(main())
    if isinstance(caught.value, ExceptionGroup):
        (error,) = caught.value.exceptions
        assert isinstance(error, SocketBlockedError)


@pytest.mark.usefixtures("no_sockets")
def test_a_fake_in_memory_needs_no_socket(fake_okta: FakeOkta) -> None:
    with fake_okta.client() as okta:
        assert not okta.introspect("token").active

    async def main() -> None:
        async with fake_okta.async_client() as okta:
            assert not (await okta.introspect("token")).active

    asyncio.run(main())


def test_only_named_hosts_are_called(fake_okta_server: FakeOkta) -> None:
    auth = ClientSecretBasic(fake_okta_server.client_id, fake_okta_server.client_secret)
    socket_allow_hosts(["127.0.0.1"])
    try:
        with OktaOIDC(fake_okta_server.url, auth) as okta:
            assert not okta.introspect("token").active
        socket_allow_hosts(["192.0.2.1"])
        with OktaOIDC(fake_okta_server.url, auth) as okta, pytest.raises(SocketConnectBlockedError):
            okta.introspect("token")
    finally:
        enable_socket()
        socket_allow_hosts(None)
