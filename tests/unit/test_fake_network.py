"""``no_okta_network``: a test that opens a connection of this package's fails, and no other."""

from __future__ import annotations

import socket
import types
from importlib.metadata import entry_points

import pytest
from okta_oidc.testing import NetworkGuard

pytest_plugins = ("pytester",)

# A name that only a real resolver could be asked for, and an address that needs none.
UNKNOWN = "https://okta.invalid"
LOOPBACK = "http://127.0.0.1:9"

PRELUDE = """
import asyncio

import httpx
import okta_oidc
import pytest
from okta_oidc import AsyncOktaOIDC, ClientSecretBasic, OktaOIDC
from okta_oidc.testing import FakeOkta

AUTH = ClientSecretBasic("client-id", "client-secret")

async def in_async(http_client):
    async with AsyncOktaOIDC(URL, AUTH, retry=None, http_client=http_client) as okta:
        await okta.introspect("token")

def own_sync():
    OktaOIDC(URL, AUTH, retry=None).introspect("token")

def lent_sync():
    with httpx.Client() as http:
        OktaOIDC(URL, AUTH, retry=None, http_client=http).introspect("token")

def own_asyncio():
    asyncio.run(in_async(None))

def lent_asyncio():
    async def call():
        async with httpx.AsyncClient() as http:
            await in_async(http)
    asyncio.run(call())

def own_trio():
    pytest.importorskip("trio").run(in_async, None)

def aiohttp():
    pytest.importorskip("aiohttp")
    asyncio.run(in_async(okta_oidc.aiohttp_client()))
"""


def run(pytester: pytest.Pytester, body: str, *, url: str = LOOPBACK) -> pytest.RunResult:
    pytester.makepyfile(f"URL = {url!r}\n{PRELUDE}\n{body}")
    # From an installed package the fixtures have to come by themselves.
    installed = any(point.name == "okta_oidc" for point in entry_points(group="pytest11"))
    arguments = [] if installed else ["-p", "okta_oidc.testing._pytest"]
    return pytester.runpytest_inprocess("-q", *arguments)


@pytest.mark.parametrize("url", [UNKNOWN, LOOPBACK], ids=["name", "loopback"])
@pytest.mark.parametrize(
    "way", ["own_sync", "lent_sync", "own_asyncio", "lent_asyncio", "own_trio", "aiohttp"]
)
def test_a_connection_of_the_packages_fails_the_test(
    pytester: pytest.Pytester, way: str, url: str
) -> None:
    result = run(pytester, f"def test_it(no_okta_network):\n    {way}()", url=url)
    result.assert_outcomes(failed=1)
    host = url.partition("//")[2]
    result.stdout.fnmatch_lines([f"*okta-oidc opened a connection ({host}*no_okta_network*"])


@pytest.mark.parametrize("way", ["own_sync", "own_asyncio", "aiohttp"])
def test_without_the_fixture_the_same_call_only_meets_nobody(
    pytester: pytest.Pytester, way: str
) -> None:
    body = f"def test_it():\n    with pytest.raises(okta_oidc.TransportError):\n        {way}()"
    run(pytester, body).assert_outcomes(passed=1)


def test_a_failure_that_was_swallowed_still_fails_the_test(pytester: pytest.Pytester) -> None:
    body = """
def test_it(no_okta_network):
    try:
        own_sync()
    except BaseException:
        pass
    assert no_okta_network.attempts
"""
    run(pytester, body).assert_outcomes(passed=1, errors=1)


def test_fakes_and_other_connections_pass(pytester: pytest.Pytester) -> None:
    body = """
import socketserver, threading

def test_memory(no_okta_network, fake_okta):
    with fake_okta.client() as okta:
        assert not okta.introspect("token")

@pytest.mark.parametrize("name", ["fake_okta", "fake_okta_server"])
def test_port(no_okta_network, fake_okta_server, fake_okta, name):
    assert fake_okta is fake_okta_server
    with fake_okta.client() as okta:
        assert not okta.introspect("token")
    assert len(fake_okta_server.requests) == 1

def test_others(no_okta_network):
    fake = FakeOkta()
    with fake.serve() as server:
        assert httpx.get(server.url).status_code == 404
        async def ask():
            async with httpx.AsyncClient() as http:
                return await http.get(server.url)
        assert asyncio.run(ask()).status_code == 404

def test_allowed(no_okta_network):
    fake = FakeOkta()
    with fake.serve() as server:
        no_okta_network.allow(server.url)
        with fake.client() as okta:
            assert not okta.introspect("token")
        async def ask():
            async with fake.async_client() as okta:
                return await okta.introspect("token")
        assert not asyncio.run(ask())

def test_a_served_fake_is_a_connection_like_others(no_okta_network):
    with FakeOkta().serve() as server, pytest.raises(pytest.fail.Exception):
        OktaOIDC(server.url, AUTH).introspect("token")
    no_okta_network.attempts.clear()
"""
    run(pytester, body).assert_outcomes(passed=6)


def test_afterwards_everything_is_as_before(pytester: pytest.Pytester) -> None:
    import aiohttp
    import anyio

    def present() -> list[object]:
        create: object = vars(aiohttp.TCPConnector)["_create_connection"]
        connects = [socket.socket.connect, socket.socket.connect_ex]
        return [socket.getaddrinfo, *connects, anyio.connect_tcp, create]

    before = present()
    guard = NetworkGuard()
    with guard.watching():
        assert not any(one is two for one, two in zip(present(), before, strict=True))
    assert present() == before


@pytest.mark.parametrize(
    ("module", "stopped"),
    [
        ("okta_oidc._wire._sync", True),
        ("okta_oidc._sign_in._metadata", True),
        ("okta_oidc.cli._doctor", True),
        ("okta_oidc.redis", False),
        ("okta_oidc._holding._stores", False),
        ("okta_oidc_api.client", False),
        ("somebody.elses", False),
    ],
)
def test_it_is_the_innermost_module_of_the_package_that_counts(module: str, stopped: bool) -> None:
    # A module of that name that connects: rooms call stores, and those are not Okta.
    caller = types.ModuleType(module)
    exec("def connect(sock, address): sock.connect(address)", vars(caller))
    guard = NetworkGuard()
    with socket.socket() as sock, guard.watching():
        with pytest.raises(pytest.fail.Exception if stopped else OSError):
            vars(caller)["connect"](sock, ("127.0.0.1", 9))
        assert guard.attempts == (["127.0.0.1:9"] if stopped else [])
        if stopped:
            with pytest.raises(pytest.fail.Exception):
                guard.verify()
        else:
            guard.verify()


@pytest.mark.parametrize("url", ["", "okta.example", "redis://okta.example", "http://"])
def test_only_a_url_can_be_allowed(url: str) -> None:
    with pytest.raises(ValueError, match="URL"):
        NetworkGuard().allow(url)


def test_a_path_of_the_machines_own_is_no_connection_to_okta(tmp_path: object) -> None:
    caller = types.ModuleType("okta_oidc._wire._sync")
    exec("def connect(sock, address): sock.connect(address)", vars(caller))
    guard = NetworkGuard()
    with socket.socket(socket.AF_UNIX) as sock, guard.watching():
        with pytest.raises(FileNotFoundError):
            vars(caller)["connect"](sock, f"{tmp_path}/none")
        guard.verify()
