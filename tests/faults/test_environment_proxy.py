"""The proxy that the environment names: a tunnel, in which it sees nothing of ours."""

from __future__ import annotations

import logging
import socket
import ssl
from base64 import b64encode
from collections.abc import Generator

import pytest
import trustme
from okta_oidc import Retry, TransportError
from okta_oidc.testing import FakeOkta

from tests.support.faces import KINDS, Face, Kind, Owner
from tests.support.proxy import FaultProxy

from ._outcomes import assert_works, raised_within, send
from ._tunnel import TunnelProxy
from .test_faults import AIOHTTP

_URL = "https://okta.example:8443"
_PASSWORD = "hush p@ss"
_WRITTEN = "hush%20p%40ss"
_LIMIT = 8.0

ways = pytest.mark.parametrize(
    ("face", "owner"), [*((face, "own") for face in KINDS), AIOHTTP], ids=lambda value: str(value)
)


@pytest.fixture
def server(okta: FakeOkta, authority: trustme.CA, own_tls: None) -> Generator[FaultProxy]:
    """The server behind the tunnel, with a certificate for its name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("okta.example").configure_cert(context)  # pyright: ignore[reportUnknownMemberType]
    port = int(okta.url.rpartition(":")[2])
    with FaultProxy(("127.0.0.1", port), context).running() as running:
        yield running


def _named(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    for name in ("NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy", "HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, address)


@ways
def test_tunnel(
    okta: FakeOkta,
    server: FaultProxy,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    face: Kind,
    owner: Owner,
) -> None:
    caplog.set_level(logging.DEBUG)
    with TunnelProxy(("127.0.0.1", server.port)).running() as proxy:
        _named(monkeypatch, f"http://user:{_WRITTEN}@{proxy.address}")
        with Face(face, _URL, owner=owner, timeout=_LIMIT) as caller:
            assert_works(caller, okta)
        server.wait_until_quiet()
    # Both calls went through one tunnel.
    (head,) = proxy.heads
    lines = head.decode("latin-1").split("\r\n")
    assert lines[0] == "CONNECT okta.example:8443 HTTP/1.1"
    headers = {
        name.lower(): value for name, value in (line.split(": ", 1) for line in lines[1:] if line)
    }
    written = b64encode(f"user:{_PASSWORD}".encode()).decode()
    assert headers["proxy-authorization"] == f"Basic {written}"
    assert "authorization" not in headers
    assert all(b"proxy-authorization" not in request.lower() for request in server.requests)
    ours = [record for record in caplog.records if record.name.startswith("okta_oidc")]
    assert ours
    assert not any(
        _PASSWORD in record.getMessage() or written in record.getMessage() for record in ours
    )


@ways
@pytest.mark.parametrize("status", [b"407 Proxy Authentication Required", b"502 Bad Gateway"])
def test_refused_by_the_proxy(
    okta: FakeOkta,
    server: FaultProxy,
    monkeypatch: pytest.MonkeyPatch,
    status: bytes,
    face: Kind,
    owner: Owner,
) -> None:
    """Nothing reached the server, so that even a code may be tried again."""
    with TunnelProxy(("127.0.0.1", server.port), status).running() as proxy:
        _named(monkeypatch, f"http://user:{_WRITTEN}@{proxy.address}")
        with (
            Face(face, _URL, owner=owner, timeout=_LIMIT, retry=Retry(attempts=2)) as caller,
            raised_within(_LIMIT) as caught,
        ):
            send(caller, okta, "code")
    error = caught[0]
    assert type(error) is TransportError
    assert isinstance(error, TransportError)
    assert error.request_sent is False
    assert len(proxy.heads) == 2
    assert server.connections == 0
    assert status[:3].decode() in str(error)
    assert _PASSWORD not in str(error)
    assert _WRITTEN not in str(error)


@ways
def test_proxy_that_is_down(
    okta: FakeOkta, monkeypatch: pytest.MonkeyPatch, face: Kind, owner: Owner
) -> None:
    with socket.socket() as bound:
        # A port that is taken, and at which nobody listens.
        bound.bind(("127.0.0.1", 0))
        _named(monkeypatch, f"http://user:{_WRITTEN}@127.0.0.1:{bound.getsockname()[1]}")
        with (
            Face(face, _URL, owner=owner, timeout=_LIMIT, retry=None) as caller,
            raised_within(_LIMIT) as caught,
        ):
            send(caller, okta, "code")
    error = caught[0]
    assert isinstance(error, TransportError)
    assert error.request_sent is False
    assert _WRITTEN not in str(error)
