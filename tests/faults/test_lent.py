"""A caller's own client: its code runs where the caller is, and fails as the caller's own."""

from __future__ import annotations

import contextvars
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from importlib import import_module
from importlib.util import find_spec
from itertools import product
from types import SimpleNamespace
from typing import Any

import anyio
import httpx
import pytest
from okta_oidc import (
    AsyncOktaOIDC,
    ClientSecretBasic,
    ConfigurationError,
    OktaOIDC,
    TransportError,
    TransportTimeoutError,
)
from okta_oidc._wire import exchanges

from tests.support.faces import CallName, Face, Kind
from tests.support.samples import CLIENT_ID, CLIENT_SECRET
from tests.support.servers import RawServer

KINDS: tuple[Kind, ...] = ("sync", "asyncio")
kinds = pytest.mark.parametrize("kind", KINDS)

_AUTH = ClientSecretBasic(CLIENT_ID, CLIENT_SECRET)
_BODY = b'{"active":true}'
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n" + _BODY


@pytest.fixture(params=[name for name in ("httpx", "httpx2") if find_spec(name)])
def library(request: pytest.FixtureRequest) -> Any:
    """What the client is of."""
    return import_module(request.param)


def lent(kind: Kind, url: str, library: Any = httpx, **options: Any) -> Face:
    """Either face over a client of ``library``."""
    settings = {"timeout": options.pop("timeout", 5.0), **options.pop("okta", {})}
    options.setdefault("trust_env", False)
    http = (library.Client if kind == "sync" else library.AsyncClient)(**options)
    return Face(kind, url, _AUTH, http_client=http, **settings)


@pytest.fixture
def server() -> Generator[RawServer]:
    with RawServer(_ANSWER) as running:
        yield running


# What their code raises


class TheirError(Exception):
    pass


def _nested(library: Any) -> Exception:
    """What a call of their own to somewhere else fails with."""
    error: Exception = library.ConnectError("audit store")
    error.request = library.Request("POST", "https://audit.example")  # type: ignore[attr-defined]
    return error


def _refusing(library: Any) -> Exception:
    request = library.Request("POST", "https://audit.example")
    error: Exception = library.HTTPStatusError(
        "500", request=request, response=library.Response(500, request=request)
    )
    return error


FAILURES: dict[str, Callable[[Any], Exception]] = {
    "StopIteration": lambda _: StopIteration("used up"),
    "OSError": lambda _: OSError(28, "No space left on device"),
    "ConnectionRefusedError": lambda _: ConnectionRefusedError(111, "audit store"),
    "TimeoutError": lambda _: TimeoutError("theirs"),
    "ValueError": lambda _: ValueError("a bug"),
    "LookupError": lambda _: KeyError("request_id"),
    "RuntimeError": lambda _: RuntimeError("theirs"),
    "their own": lambda _: TheirError("theirs"),
    "not read": lambda library: library.ResponseNotRead(),
    "invalid URL": lambda library: library.InvalidURL("theirs"),
    "a call of their own": _nested,
    "a refusal of their own": _refusing,
    "an error of no request": lambda library: library.ReadError("made by hand"),
    "another client of ours": lambda _: TransportError("not connected", request_sent=False),
    "its settings": lambda _: ConfigurationError("theirs"),
}
# What is the library's, out of a transport, is the connection's.
HOOKS_ONLY = ("a call of their own", "a refusal of their own", "an error of no request")


def _failing(kind: Kind, library: Any, place: str, error: Exception) -> dict[str, Any]:
    """The options of a client that fails in this place."""

    def fail(*_: object) -> Any:
        raise error

    async def fail_later(*_: object) -> Any:
        raise error

    failing = fail if kind == "sync" else fail_later
    if place in ("request", "response"):
        return {"event_hooks": {place: [failing]}}

    class Stream(library.SyncByteStream, library.AsyncByteStream):  # type: ignore[misc]
        def __iter__(self) -> Iterator[bytes]:
            return self

        def __next__(self) -> bytes:
            raise error

        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield b"{"
            raise error

    class Transport(library.BaseTransport, library.AsyncBaseTransport):  # type: ignore[misc]
        def handle_request(self, request: Any) -> Any:
            if place == "body":
                return library.Response(200, stream=Stream())
            raise error

        async def handle_async_request(self, request: Any) -> Any:
            return self.handle_request(request)

    return {"transport": Transport()}


def _is_theirs(kind: Kind, place: str, failure: str) -> bool:
    if failure == "StopIteration":  # else Python itself makes something else of it
        return kind == "sync" and place != "body"
    return place in ("request", "response") or failure not in HOOKS_ONLY


@pytest.mark.parametrize(
    ("kind", "place", "failure"),
    [
        case
        for case in product(KINDS, ("request", "response", "transport", "body"), FAILURES)
        if _is_theirs(*case)
    ],
)
def test_what_their_own_code_raises(
    server: RawServer, kind: Kind, library: Any, place: str, failure: str
) -> None:
    """It reaches the caller as it is: nothing is sent again for it, and Okta is not blamed."""
    error = FAILURES[failure](library)
    with lent(kind, server.url, library, **_failing(kind, library, place, error)) as client:
        calls: tuple[CallName, ...] = ("introspect", "code")
        for call in calls:
            with pytest.raises(type(error)) as raised:
                client.call(call)
            assert raised.value is error
    assert len(server.requests) == (2 if place == "response" else 0)


@kinds
@pytest.mark.parametrize(
    ("name", "sent", "outcome"),
    [
        ("ConnectError", False, TransportError),
        ("ConnectTimeout", False, TransportTimeoutError),
        ("PoolTimeout", False, TransportTimeoutError),
        ("ProxyError", False, TransportError),
        ("ReadError", None, TransportError),
        ("ReadTimeout", None, TransportTimeoutError),
        ("RemoteProtocolError", None, TransportError),
        ("TooManyRedirects", None, TransportError),
    ],
)
def test_what_their_transport_says_of_the_connection(
    kind: Kind, library: Any, name: str, sent: bool | None, outcome: type[Exception]
) -> None:
    def handler(_: Any) -> Any:
        raise getattr(library, name)("hush-token")

    options = {"transport": library.MockTransport(handler), "okta": {"retry": None}}
    with (
        lent(kind, "https://okta.example", library, **options) as client,
        pytest.raises(TransportError) as raised,
    ):
        client.call("code")
    assert type(raised.value) is outcome
    assert raised.value.request_sent is sent
    assert name in str(raised.value)
    assert ("hush" in str(raised.value)) is (name != "RemoteProtocolError")


@kinds
@pytest.mark.parametrize("name", ["ConnectError", "ConnectTimeout", "PoolTimeout", "ProxyError"])
def test_what_was_answered_was_sent(kind: Kind, library: Any, name: str) -> None:
    """Some transports call each failure one to connect: no code may go out again for it."""
    error = getattr(library, name)("lost")
    options = _failing(kind, library, "body", error)
    transport = options["transport"]
    handle: Callable[[Any], Any] = transport.handle_request
    sent: list[Any] = []

    def counted(request: Any) -> Any:
        sent.append(request)
        return handle(request)

    transport.handle_request = counted
    with lent(kind, "https://okta.example", library, **options) as client:
        with pytest.raises(TransportError) as raised:
            client.call("code")
        assert raised.value.request_sent is None
        assert len(sent) == 1


@kinds
@pytest.mark.parametrize("reading", ["content", "read", "stream", "nothing"])
def test_foreign_transport_that_has_read_the_body(kind: Kind, library: Any, reading: str) -> None:
    """Whoever has it may have sent it, whatever became of the connection."""

    class Foreign(library.BaseTransport, library.AsyncBaseTransport):  # type: ignore[misc]
        def handle_request(self, request: Any) -> Any:
            if reading == "content":
                assert b"hush" in request.content
            elif reading == "read":
                assert b"hush" in request.read()
            elif reading == "stream":
                assert b"hush" in b"".join(request.stream)
            raise library.ConnectError("lost") from ConnectionResetError("theirs")

        async def handle_async_request(self, request: Any) -> Any:
            return self.handle_request(request)

    options = {"transport": Foreign(), "okta": {"retry": None}}
    with (
        lent(kind, "https://okta.example", library, **options) as client,
        pytest.raises(TransportError) as raised,
    ):
        client.call("code")
    assert raised.value.request_sent is (False if reading == "nothing" else None)


# What their code sees


@kinds
def test_hooks_read_what_is_sent(server: RawServer, kind: Kind, library: Any) -> None:
    seen: list[bytes] = []

    def look(request: Any) -> None:
        seen.append(request.content)
        assert request.read() == request.content
        assert b"".join(request.stream) == request.content

    async def look_later(request: Any) -> None:
        look(request)
        assert await request.aread() == request.content
        assert b"".join([part async for part in request.stream]) == request.content

    stock: Any = library.HTTPTransport if kind == "sync" else library.AsyncHTTPTransport

    class Mounted(stock):  # type: ignore[misc]
        def handle_request(self, request: Any) -> Any:
            look(request)
            return stock.handle_request(self, request)

        async def handle_async_request(self, request: Any) -> Any:
            await look_later(request)
            return await stock.handle_async_request(self, request)

    hook = look if kind == "sync" else look_later
    options = {"event_hooks": {"request": [hook]}, "mounts": {"http://": Mounted()}}
    with lent(kind, server.url, library, **options) as client:
        assert client.call("introspect").active
    (request,) = server.requests
    body = request.body
    assert body == b"token=hush-token"
    assert seen == [body, body]


def test_hooks_run_in_the_callers_thread(server: RawServer) -> None:
    """Where a ``threading.local`` and a database connection of theirs are, and in its context."""
    threads: list[threading.Thread] = []
    variable: contextvars.ContextVar[int] = contextvars.ContextVar("variable", default=0)

    def look(_: object) -> None:
        threads.append(threading.current_thread())
        variable.set(variable.get() + 1)

    hooks = {"request": [look], "response": [look]}
    with lent("sync", server.url, event_hooks=hooks) as client:
        assert client.call("introspect").active
    assert threads == [threading.current_thread()] * 2
    assert variable.get() == 2


@pytest.mark.parametrize("owner", ["own", "lent"])
def test_no_thread_is_started(
    server: RawServer, monkeypatch: pytest.MonkeyPatch, owner: str
) -> None:
    """As where the limit of the container is reached, or the interpreter ends."""
    http = httpx.Client(trust_env=False)
    client = OktaOIDC(server.url, _AUTH, http_client=http if owner == "lent" else None)
    # The server's own are there from here on.
    assert client.introspect("a").active

    with RawServer(_ANSWER) as other:
        fresh = OktaOIDC(other.url, _AUTH)
        start = threading.Thread.start

        def start_or_not(thread: threading.Thread) -> None:
            if "_serve" not in repr(vars(thread)):
                raise RuntimeError("can't start new thread")
            start(thread)

        monkeypatch.setattr(threading.Thread, "start", start_or_not)
        assert client.introspect("b").active
        assert fresh.introspect("c").active
        monkeypatch.undo()
        fresh.close()
    client.close()
    http.close()


@pytest.fixture
def sleep(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Waits, by the clock that time limits are measured by: nothing else moves it."""
    now = 1000.0

    def pass_by(seconds: float) -> None:
        nonlocal now
        now += seconds

    monkeypatch.setattr(exchanges, "time", SimpleNamespace(monotonic=lambda: now))
    return pass_by


def test_each_wait_has_what_is_left(library: Any, sleep: Callable[[float], None]) -> None:
    """A caller's transport asks for its limits as it goes, and is given the rest."""
    found: list[float] = []

    class Slow(library.BaseTransport):  # type: ignore[misc]
        def handle_request(self, request: Any) -> Any:
            limits = request.extensions["timeout"]
            for name in ("pool", "connect", "write", "read"):
                found.append(limits.get(name))
                assert limits[name] == found[-1]
                sleep(0.0625)
            assert limits.get("else", 3) == 3
            sleep(1)
            assert 0 < limits["read"] < 0.01, "no limit of 0, which would be none"
            raise library.ReadTimeout("too late")

    options = {"transport": Slow(), "timeout": 0.25, "okta": {"retry": None}}
    with (
        lent("sync", "https://okta.example", library, **options) as client,
        pytest.raises(TransportTimeoutError),
    ):
        client.call("introspect")
    assert found == [0.25, 0.1875, 0.125, 0.0625]


def test_body_that_comes_too_late_in_pieces(sleep: Callable[[float], None]) -> None:
    """Each wait is within the limit; their sum is not."""

    class Dripping(httpx.SyncByteStream):
        closed = False

        def __iter__(self) -> Iterator[bytes]:
            for piece in range(len(_BODY)):
                sleep(0.03)
                yield _BODY[piece : piece + 1]

        def close(self) -> None:
            self.closed = True

    stream = Dripping()
    handler = httpx.MockTransport(lambda _: httpx.Response(200, stream=stream))
    with (
        lent("sync", "https://okta.example", transport=handler, timeout=0.1) as client,
        pytest.raises(TransportTimeoutError) as raised,
    ):
        client.call("code")
    assert stream.closed
    assert raised.value.request_sent is None
    assert raised.value.http is not None
    assert raised.value.body == _BODY[:4]


@pytest.mark.parametrize("how", ["announced", "read by a hook"])
def test_answer_that_is_whole_is_kept_however_late(
    sleep: Callable[[float], None], how: str
) -> None:
    """As by a process that was stopped meanwhile: its tokens are not to be had again."""

    class Stopped(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            yield _BODY[:4]
            sleep(3600)
            yield _BODY[4:]

    headers = {"Content-Length": str(len(_BODY))} if how == "announced" else {}
    hooks: dict[str, list[Callable[[Any], Any]]] = {}
    if how != "announced":
        hooks["response"] = [httpx.Response.read]
    options: dict[str, Any] = {
        "transport": httpx.MockTransport(
            lambda _: httpx.Response(200, headers=headers, stream=Stopped())
        ),
        "event_hooks": hooks,
        "timeout": 0.1,
    }
    with lent("sync", "https://okta.example", **options) as client:
        assert client.call("introspect").active


@pytest.mark.parametrize("headers", [{}, {"Content-Length": "16"}], ids=["no length", "length"])
def test_nobody_waits_for_more_of_what_is_late(
    sleep: Callable[[float], None], headers: dict[str, str]
) -> None:
    """A transport reads its limit once a body: it would wait as long again for the next piece."""

    class Silent(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            sleep(0.2)
            yield _BODY
            pytest.fail("it is asked for more")

    handler = httpx.MockTransport(lambda _: httpx.Response(200, headers=headers, stream=Silent()))
    options: dict[str, Any] = {"transport": handler, "timeout": 0.1, "okta": {"retry": None}}
    with (
        lent("sync", "https://okta.example", **options) as client,
        pytest.raises(TransportTimeoutError) as raised,
    ):
        client.call("introspect")
    assert raised.value.body == _BODY


# Whose client it is


@kinds
def test_client_that_its_owner_closed(server: RawServer, kind: Kind, library: Any) -> None:
    with lent(kind, server.url, library) as client:
        assert client.call("introspect").active
        http = client.http_client
        client.run(http.close if kind == "sync" else http.aclose)
        with pytest.raises(ConfigurationError, match="http_client is closed"):
            client.call("introspect")
    assert len(server.requests) == 1


def test_client_of_the_other_kind(library: Any) -> None:
    wrong = library.AsyncClient()
    with pytest.raises(ConfigurationError, match="http_client"):
        OktaOIDC("https://okta.example", _AUTH, http_client=wrong)
    with library.Client() as other, pytest.raises(ConfigurationError, match="http_client"):
        AsyncOktaOIDC("https://okta.example", _AUTH, http_client=other)
    anyio.run(wrong.aclose)


@kinds
def test_redirect_and_cookies_stay_out(kind: Kind, library: Any) -> None:
    answer = (
        b"HTTP/1.1 302 Found\r\nLocation: https://elsewhere.example\r\n"
        b"Set-Cookie: sid=1\r\nContent-Length: 0\r\n\r\n"
    )
    with RawServer(answer) as server:
        options = {"follow_redirects": True, "auth": ("theirs", "theirs")}
        with lent(kind, server.url, library, **options) as client:
            for _ in range(2):
                with pytest.raises(Exception, match="Redirects are not followed"):
                    client.call("introspect")
        assert len(server.requests) == 2
        assert not any(request.header("cookie") for request in server.requests)
        assert all(len(request.header("authorization")) == 1 for request in server.requests)


_WITHOUT = """
import sys
from okta_oidc import OktaOIDC, ClientSecretBasic
import httpx
OktaOIDC("https://okta.example", ClientSecretBasic("a", "b"), http_client=httpx.Client())
OktaOIDC("https://okta.example", ClientSecretBasic("a", "b"))
print("httpx2" in sys.modules, "aiohttp" in sys.modules)
"""


def test_what_is_not_used_is_not_imported() -> None:
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = {sys.path!r}\n{_WITHOUT}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "False False\n"
