"""Faults before the request is out: nothing was sent, so even a code may be tried again."""

from __future__ import annotations

import contextlib
import datetime
import gc
import json
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator
from types import SimpleNamespace
from typing import Any

import pytest
import trustme
from okta_oidc import Retry, TransportError, TransportTimeoutError
from okta_oidc._wire import deadlines, exchanges
from okta_oidc.testing import FakeOkta

from tests.support.certificates import server_context
from tests.support.faces import EVERY_KIND, KINDS, CallName, Face, Kind, Owner
from tests.support.proxy import Exchange, FaultProxy, Strike
from tests.support.servers import RawServer, http_bytes

from ._outcomes import assert_works, raised_within, send
from .test_faults import (
    WAYS,
    close_within_the_body,
    drip_the_body,
    drip_the_headers,
    reset_after_the_request,
    stop_within_the_headers,
    swallow_the_answer,
)

_LIMIT = 0.4
_AMPLE = 8.0
_ATTEMPTS = 2
_RETRY = Retry(attempts=_ATTEMPTS)

ways = pytest.mark.parametrize(("face", "owner"), WAYS, ids=lambda value: str(value))
faces = pytest.mark.parametrize("face", EVERY_KIND)


def _never_sent(error: Exception, outcome: type[TransportError] = TransportError) -> None:
    assert type(error) is outcome
    assert isinstance(error, TransportError)
    assert error.request_sent is False
    assert error.http is None
    assert error.body == b""


# In the handshake


async def close_the_handshake(exchange: Exchange) -> None:
    await exchange.close()


async def reset_the_handshake(exchange: Exchange) -> None:
    await exchange.reset()


async def answer_the_handshake_in_http(exchange: Exchange) -> None:
    await exchange.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    await exchange.hang()


async def alert(exchange: Exchange) -> None:
    handshake_failure = bytes.fromhex("15030300020228")
    await exchange.send(handshake_failure)
    await exchange.close()


async def hang_the_handshake(exchange: Exchange) -> None:
    await exchange.hang()


async def drip_the_handshake(exchange: Exchange) -> None:
    server_hello = bytes.fromhex("160303007a020000760303") + b"0" * 116
    await exchange.drip(server_hello, _LIMIT / 8)


HANDSHAKES: list[tuple[Strike, type[TransportError]]] = [
    (close_the_handshake, TransportError),
    (reset_the_handshake, TransportError),
    (answer_the_handshake_in_http, TransportError),
    (alert, TransportError),
    (hang_the_handshake, TransportTimeoutError),
    (drip_the_handshake, TransportTimeoutError),
]


# A borrowed client leaves to the garbage collector what was cut short in its handshake.
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
@ways
@pytest.mark.parametrize("call", ["code", "introspect"])
@pytest.mark.parametrize(("strike", "outcome"), HANDSHAKES, ids=lambda value: value.__name__)
def test_handshake_fault(
    okta: FakeOkta,
    proxy: FaultProxy,
    strike: Strike,
    outcome: type[TransportError],
    call: CallName,
    face: Kind,
    owner: Owner,
) -> None:
    limit = _LIMIT if outcome is TransportTimeoutError else _AMPLE
    proxy.plan(*[strike] * _ATTEMPTS)
    with (
        Face(face, proxy.url("https"), owner=owner, timeout=limit, retry=_RETRY) as caller,
        raised_within(_ATTEMPTS * limit) as caught,
    ):
        send(caller, okta, call)
    _never_sent(caught[0], outcome)
    assert caught[0].retries == _ATTEMPTS - 1
    assert proxy.connections == _ATTEMPTS
    assert proxy.requests == []
    if owner == "own":
        proxy.wait_until_quiet()
    caught.clear()
    gc.collect()


# Certificates


def _self_signed(directory: Any) -> ssl.SSLContext:
    authority = trustme.CA()
    files = [str(directory / name) for name in ("certificate.pem", "key.pem")]
    authority.cert_pem.write_to_path(files[0])
    authority.private_key_pem.write_to_path(files[1])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)
    return context


_DAY = datetime.timedelta(days=1)
_TODAY = datetime.datetime.now(datetime.UTC)
CERTIFICATES: dict[str, Callable[[trustme.CA, Any], ssl.SSLContext]] = {
    "another host": lambda authority, _: server_context(authority, "other.example"),
    "another address": lambda authority, _: server_context(authority, "127.0.0.2", "localhost"),
    "expired": lambda authority, _: server_context(
        authority, "127.0.0.1", not_before=_TODAY - 2 * _DAY, not_after=_TODAY - _DAY
    ),
    "not yet valid": lambda authority, _: server_context(
        authority, "127.0.0.1", not_before=_TODAY + _DAY, not_after=_TODAY + 2 * _DAY
    ),
    "self-signed": lambda _, directory: _self_signed(directory),
    "unknown authority": lambda _, __: server_context(trustme.CA(), "127.0.0.1"),
}


@pytest.mark.usefixtures("own_tls")
@ways
@pytest.mark.parametrize("certificate", CERTIFICATES)
def test_certificate_that_cannot_be_trusted(
    okta: FakeOkta,
    authority: trustme.CA,
    trusting: ssl.SSLContext,
    tmp_path: Any,
    certificate: str,
    face: Kind,
    owner: Owner,
) -> None:
    """It will not be better the next time, so there is none."""
    tls = CERTIFICATES[certificate](authority, tmp_path)
    port = int(okta.url.rpartition(":")[2])
    with FaultProxy(("127.0.0.1", port), tls).running() as proxy:
        with Face(face, proxy.url(), owner=owner, verify=trusting, timeout=_AMPLE) as caller:
            waits = caller.waits
            with raised_within(_AMPLE) as caught:
                send(caller, okta, "code")
        _never_sent(caught[0])
        assert "certificate" in str(caught[0])
        assert caught[0].retries == 0
        assert waits == []
        assert proxy.requests == []


@pytest.fixture
def secure_proxy(okta: FakeOkta, certified: ssl.SSLContext) -> Generator[FaultProxy]:
    port = int(okta.url.rpartition(":")[2])
    with FaultProxy(("127.0.0.1", port), certified).running() as running:
        yield running


@pytest.mark.usefixtures("own_tls")
@ways
@pytest.mark.parametrize(
    ("strike", "outcome"),
    [
        (reset_after_the_request, TransportError),
        (close_within_the_body, TransportError),
        (swallow_the_answer, TransportTimeoutError),
        (stop_within_the_headers, TransportTimeoutError),
        (drip_the_headers, TransportTimeoutError),
        (drip_the_body, TransportTimeoutError),
    ],
    ids=lambda value: value.__name__,
)
def test_fault_over_tls(
    okta: FakeOkta,
    secure_proxy: FaultProxy,
    trusting: ssl.SSLContext,
    strike: Strike,
    outcome: type[TransportError],
    face: Kind,
    owner: Owner,
) -> None:
    if (face, owner) == ("sync", "borrowed") and strike is drip_the_headers:
        pytest.skip("httpx limits each read of a head, and there is no thread to limit it in all")
    # A handshake takes longer than what follows.
    limit = 2 * _LIMIT if outcome is TransportTimeoutError else _AMPLE
    with Face(face, secure_proxy.url(), owner=owner, verify=trusting, timeout=limit) as caller:
        secure_proxy.plan(strike)
        with raised_within(limit) as caught:
            send(caller, okta, "code")
        error = caught[0]
        assert type(error) is outcome
        assert isinstance(error, TransportError)
        assert error.request_sent is None
        assert len(secure_proxy.requests) == 1
        assert_works(caller, okta)
    secure_proxy.wait_until_quiet()


@faces
def test_http_to_a_server_that_speaks_tls(
    okta: FakeOkta, secure_proxy: FaultProxy, face: Kind
) -> None:
    """The server may make of it what it likes, for all we know."""
    with (
        Face(face, secure_proxy.url("http"), timeout=_AMPLE) as caller,
        raised_within(_AMPLE) as caught,
    ):
        send(caller, okta, "code")
    assert type(caught[0]) is TransportError
    assert caught[0].request_sent is None
    assert secure_proxy.requests == []


# Without a connection


@ways
@pytest.mark.parametrize("call", ["code", "introspect"])
def test_connection_refused(okta: FakeOkta, call: CallName, face: Kind, owner: Owner) -> None:
    with socket.socket() as bound:
        # A port that is taken, and at which nobody listens.
        bound.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        with Face(face, url, owner=owner, timeout=_AMPLE, retry=_RETRY) as caller:
            waits = caller.waits
            with raised_within(_AMPLE) as caught:
                send(caller, okta, call)
    _never_sent(caught[0])
    assert caught[0].retries == len(waits) == _ATTEMPTS - 1


@contextlib.contextmanager
def _hole(port: int = 0) -> Generator[tuple[str, int]]:
    """An address that answers no attempt to connect: its queue is full."""
    with socket.socket() as listener, socket.socket() as first:
        listener.bind(("127.0.0.2", port))
        listener.listen(0)
        first.connect(listener.getsockname())
        yield listener.getsockname()


@ways
def test_connection_never_answered(okta: FakeOkta, face: Kind, owner: Owner) -> None:
    with (
        _hole() as (address, port),
        Face(face, f"http://{address}:{port}", owner=owner, timeout=_LIMIT, retry=_RETRY) as caller,
        raised_within(_ATTEMPTS * _LIMIT) as caught,
    ):
        send(caller, okta, "code")
    _never_sent(caught[0], TransportTimeoutError)
    assert caught[0].retries == _ATTEMPTS - 1


# Names


class Names:
    """A resolver that knows ``localhost`` only, by the addresses it is given."""

    def __init__(self, *addresses: str) -> None:
        self._addresses = addresses
        self._real = socket.getaddrinfo
        self.asked = 0

    def __call__(self, host: Any, port: Any, *args: Any, **options: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name != "localhost":
            return self._real(host, port, *args, **options)
        self.asked += 1
        if not self._addresses:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [
            found
            for address in self._addresses
            for found in self._real(address, port, type=socket.SOCK_STREAM)
        ]


@ways
def test_unresolvable_host(
    okta: FakeOkta, monkeypatch: pytest.MonkeyPatch, face: Kind, owner: Owner
) -> None:
    names = Names()
    with Face(
        face,
        "http://localhost:9",
        owner=owner,
        timeout=_AMPLE,
        retry=_RETRY,
    ) as caller:
        waits = caller.waits
        monkeypatch.setattr(socket, "getaddrinfo", names)
        with raised_within(_AMPLE) as caught:
            send(caller, okta, "code")
    _never_sent(caught[0])
    assert names.asked >= _ATTEMPTS
    assert len(waits) == _ATTEMPTS - 1


@pytest.mark.parametrize("face", ["asyncio", "trio"])
def test_resolver_that_does_not_answer(
    okta: FakeOkta, monkeypatch: pytest.MonkeyPatch, face: Kind
) -> None:
    """The time limit holds from the very beginning."""
    over = threading.Event()

    def never(*arguments: int, flags: int = 0, **_: Any) -> Any:
        # Whether the name is an address is answered without asking anyone.
        if (flags or sum(arguments[5:])) & socket.AI_NUMERICHOST:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        over.wait(10)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    with (
        Face(face, "http://localhost:9", timeout=_LIMIT, retry=None) as caller,
        monkeypatch.context() as patched,
    ):
        patched.setattr(socket, "getaddrinfo", never)
        try:
            with raised_within(_LIMIT) as caught:
                send(caller, okta, "code")
        finally:
            over.set()
    _never_sent(caught[0], TransportTimeoutError)


@pytest.fixture
def proxy_on_ipv6(okta: FakeOkta) -> Generator[FaultProxy]:
    port = int(okta.url.rpartition(":")[2])
    with FaultProxy(("127.0.0.1", port)).running("::1") as running:
        yield running


@ways
def test_ipv6_address(okta: FakeOkta, proxy_on_ipv6: FaultProxy, face: Kind, owner: Owner) -> None:
    url = proxy_on_ipv6.url(host="[::1]")
    with Face(face, url, owner=owner, timeout=_AMPLE) as caller:
        assert_works(caller, okta)
    host = f"\r\nhost: [::1]:{proxy_on_ipv6.port}\r\n".encode()
    assert host in proxy_on_ipv6.requests[0].lower()


@faces
def test_name_that_is_ipv6_only(
    okta: FakeOkta, proxy_on_ipv6: FaultProxy, monkeypatch: pytest.MonkeyPatch, face: Kind
) -> None:
    with Face(face, proxy_on_ipv6.url(host="localhost"), timeout=_AMPLE) as caller:
        monkeypatch.setattr(socket, "getaddrinfo", Names("::1"))
        assert_works(caller, okta)


@faces
def test_name_whose_first_address_refuses(
    okta: FakeOkta, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch, face: Kind
) -> None:
    with Face(face, proxy.url(host="localhost"), timeout=_AMPLE, retry=None) as caller:
        monkeypatch.setattr(socket, "getaddrinfo", Names("::1", "127.0.0.1"))
        assert_works(caller, okta)
    assert proxy.connections == 1


@faces
def test_name_whose_first_address_does_not_answer(
    okta: FakeOkta, monkeypatch: pytest.MonkeyPatch, face: Kind
) -> None:
    """An address that swallows everything leaves time for one that does not."""
    with (
        RawServer(http_bytes(body=b'{"active":false}')) as server,
        # In this order: connections from 127.0.0.1 have taken many of its ports.
        _hole(server.port) as (address, port),
        Face(face, f"http://localhost:{port}", timeout=4.0, retry=None) as caller,
    ):
        monkeypatch.setattr(socket, "getaddrinfo", Names(address, "127.0.0.1"))
        assert not send(caller, okta, "introspect").active


def test_resolver_in_the_callers_thread(okta: FakeOkta, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes the time it takes, which counts: what is late is never sent."""
    threads: list[threading.Thread] = []
    real = socket.getaddrinfo
    passed = 0.0

    def late(*arguments: Any, **options: Any) -> Any:
        nonlocal passed
        threads.append(threading.current_thread())
        passed = _AMPLE
        return real(*arguments, **options)

    with Face("sync", okta.url, timeout=_AMPLE, retry=None) as caller:
        for module in (deadlines, exchanges):
            clock = SimpleNamespace(monotonic=lambda: time.monotonic() + passed)
            monkeypatch.setattr(module, "time", clock)
        monkeypatch.setattr(socket, "getaddrinfo", late)
        before = len(okta.requests)
        with raised_within(_AMPLE) as caught:
            send(caller, okta, "code")
    _never_sent(caught[0], TransportTimeoutError)
    assert threads == [threading.current_thread()]
    assert len(okta.requests) == before


# Without descriptors

_EXHAUSTED = """
import json, os, resource, sys
sys.path[:0] = json.loads(sys.argv[3])
from anyio.from_thread import start_blocking_portal
from okta_oidc import *
from okta_oidc._runtime import Runtime
face, url = sys.argv[1:3]
auth = ClientSecretBasic("0oa1client", "hush-client-secret")

def exhausted(work):
    held = []
    try:
        while True:
            held.append(os.open(os.devnull, os.O_RDONLY))
    except OSError:
        pass
    try:
        return work()
    finally:
        for descriptor in held:
            os.close(descriptor)

def lives(call, make):
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    first, second = make(), make()
    assert call(lambda: first.introspect("warm")).active is False
    for _ in range(3):
        try:
            exhausted(lambda: call(lambda: second.token_for_code("c", "https://app.example/")))
        except TransportError as error:
            assert type(error) is TransportError, error
            assert error.request_sent is False, error
            assert error.retries == 2, error.retries
        else:
            raise SystemExit("no error")
    # The first one has its connection, and needs no descriptor.
    assert exhausted(lambda: call(lambda: first.introspect("held"))).active is False
    try:
        exhausted(lambda: call(lambda: first.token_for_code("c", "https://app.example/")))
    except InvalidGrantError as error:
        assert error.code == "invalid_grant", error
    else:
        raise SystemExit("not refused")
    assert call(lambda: second.introspect("free")).active is False

async def now(seconds): pass

def client(cls, sleep):
    made = cls(url, auth, timeout=8.0)
    made._flow.runtime = Runtime(sleep=sleep, sleep_async=sleep)
    return made

if face == "sync":
    lives(lambda work: work(), lambda: client(OktaOIDC, lambda seconds: None))
else:
    with start_blocking_portal(backend=face) as portal:
        def call(work):
            async def run():
                return await work()
            return portal.call(run)
        async def made():
            return client(AsyncOktaOIDC, now)
        lives(call, lambda: portal.call(made))
print("lived")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no RLIMIT_NOFILE")
@pytest.mark.parametrize("face", KINDS)
def test_no_descriptors_left(okta: FakeOkta, face: Kind) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _EXHAUSTED, face, okta.url, json.dumps(sys.path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONPATH": ""},
    )
    assert done.stdout == "lived\n", done.stderr
