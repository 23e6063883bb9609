"""Clients as objects: what is borrowed stays its owner's, cookies stay out, threads may share."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from okta_oidc import (
    APIError,
    AsyncOktaOIDC,
    ClientSecretBasic,
    ConfigurationError,
    InvalidClientError,
    InvalidGrantError,
    MalformedResponseError,
    OktaOIDC,
    RateLimitError,
    ServerError,
    TransportError,
    TransportTimeoutError,
)
from okta_oidc_api.api.introspection import custom_introspect
from okta_oidc_api.models import IntrospectRequest

from tests.support.faces import AUTHS, CALLS, AuthClass, Face, Handler, Kind, borrowed_client
from tests.support.samples import (
    BASIC,
    CALLBACK,
    CLIENT_ID,
    CLIENT_SECRET,
    OKTA_HEADERS,
    ORG_URL,
    POST,
    TOKENS,
    answer,
    label,
    oauth_error,
)
from tests.support.servers import RawRequest, RawServer, Recorder, http_bytes, never
from tests.support.stores import held_port

from .conftest import OpenOkta, ServeRaw, on_every_loop

ACTIVE = answer(body={**TOKENS, "active": True})


def test_a_borrowed_client_stays_its_owners(kind: Kind) -> None:
    client = borrowed_client(kind, Recorder(ACTIVE))
    for _ in range(2):
        with Face(kind, http_client=client) as okta:
            assert okta.introspect("t")
            okta.http_client = None  # not closed by its owner yet
        assert not client.is_closed
    if isinstance(client, httpx.Client):
        assert client.post("https://elsewhere.example").status_code == 200
        client.close()


@on_every_loop
def test_an_own_client_is_closed_with_its_connections(kind: Kind, serve_raw: ServeRaw) -> None:
    closed = threading.Event()

    def respond(request: RawRequest) -> bytes:
        return http_bytes(body=b'{"active":true}')

    with RawServer(respond=respond) as server:
        with Face(kind, server.url) as okta:
            assert okta.introspect("t")
            assert okta.introspect("t")
            assert server.connections == 1
        closed.set()
        with Face(kind, server.url) as okta:
            assert okta.introspect("t")
        assert server.connections == 2


def test_closing_twice_and_leaving_the_block_after_closing() -> None:
    with OktaOIDC(ORG_URL, BASIC) as okta:
        assert isinstance(okta, OktaOIDC)
        okta.close()
        okta.close()
    okta.close()


def test_an_error_in_the_block_is_not_swallowed() -> None:
    with pytest.raises(ZeroDivisionError), OktaOIDC(ORG_URL, BASIC) as okta:
        raise ZeroDivisionError
    with pytest.raises(ConfigurationError, match="closed"):
        okta.introspect("t")


def test_the_asynchronous_block(open_okta: OpenOkta) -> None:
    import anyio

    async def use() -> AsyncOktaOIDC:
        http = httpx.AsyncClient(transport=httpx.MockTransport(Recorder(ACTIVE)))
        async with http, AsyncOktaOIDC(ORG_URL, BASIC, http_client=http) as okta:
            assert isinstance(okta, AsyncOktaOIDC)
            assert await okta.introspect("t")
            await okta.aclose()
            await okta.aclose()
        with pytest.raises(ConfigurationError, match="closed"):
            await okta.introspect("t")
        return okta

    anyio.run(use)


@pytest.mark.parametrize("call", CALLS)
def test_a_borrowed_client_that_is_closed(kind: Kind, call: str) -> None:
    client = borrowed_client(kind, never)
    with Face(kind, http_client=client) as okta:
        okta.run(client.close if isinstance(client, httpx.Client) else client.aclose)
        with pytest.raises(ConfigurationError, match="http_client is closed"):
            CALLS[call](okta)


class TheirAuth(httpx.Auth):
    def auth_flow(self, request: httpx.Request) -> Any:
        request.headers["Authorization"] = "Bearer theirs"
        yield request


@pytest.mark.parametrize("auth", AUTHS)
@pytest.mark.parametrize(
    "options",
    [
        {"auth": ("their-id", "their-secret")},
        {"auth": TheirAuth()},
        {"headers": {"Authorization": "Basic theirs"}},
        {"headers": {"authorization": "Bearer theirs", "Proxy-Authorization": "Basic theirs"}},
        {"cookies": {"sid": "theirs"}},
        {"headers": {"Cookie": "sid=theirs", "Origin": "https://theirs.example"}},
        {"params": {"client_id": "theirs"}},
        {"base_url": "https://theirs.example/base"},
        {"headers": {"Content-Type": "text/theirs", "Accept": "text/theirs", "Host": "theirs"}},
        {"headers": {"Content-Length": "4000", "Accept-Encoding": "theirs"}},
        {"headers": {"Transfer-Encoding": "chunked", "X-Other": "theirs-but-welcome"}},
        {"timeout": None, "follow_redirects": True, "max_redirects": 5},
    ],
    ids=label,
)
def test_what_is_theirs_does_not_get_in_the_way(
    kind: Kind, auth: AuthClass, options: dict[str, Any]
) -> None:
    handler = Recorder(ACTIVE)
    client = borrowed_client(kind, handler, **options)
    with Face(kind, auth=auth(CLIENT_ID, CLIENT_SECRET), http_client=client, timeout=7) as okta:
        for call in CALLS.values():
            call(okta)
            request = handler.last
            headers = {name.lower(): value for name, value in request.headers.items()}
            assert request.url.host == "dev-000000.okta.com"
            assert not request.url.query
            assert headers["host"] == "dev-000000.okta.com"
            assert headers["accept"] == "application/json"
            assert headers["content-type"] == "application/x-www-form-urlencoded"
            assert headers["content-length"] == str(len(request.content))
            assert headers.get("x-other", "theirs-but-welcome") == "theirs-but-welcome"
            for name in ("cookie", "origin", "proxy-authorization", "transfer-encoding"):
                assert name not in headers
            assert headers.get("authorization", "Basic ").startswith("Basic ")
            assert ("authorization" in headers) is (auth is ClientSecretBasic)
            assert "theirs" not in str({**headers, "x-other": ""})
            assert set(request.extensions["timeout"].values()) == {7.0}


def test_their_other_headers_are_sent_along(kind: Kind) -> None:
    handler = Recorder(ACTIVE)
    client = borrowed_client(kind, handler, headers={"X-Trace": "1", "Traceparent": "00-a-b-01"})
    with Face(kind, http_client=client) as okta:
        okta.introspect("t")
        assert handler.last.headers["x-trace"] == "1"
        # What they change later counts too, as it does for their own requests.
        client.headers["X-Trace"] = "2"
        okta.introspect("t")
        assert handler.last.headers["x-trace"] == "2"


def hooked(
    kind: Kind,
    handler: Handler,
    *,
    request: Sequence[Callable[[Any], Any]] = (),
    response: Sequence[Callable[[Any], Any]] = (),
) -> Any:
    """A borrowed client with event hooks, as its kind wants them."""

    def made(hook: Callable[[Any], Any]) -> Callable[[Any], Any]:
        if kind == "sync":
            return hook

        async def asynchronous(message: Any) -> None:
            outcome = hook(message)
            if hasattr(outcome, "__await__"):
                await outcome

        return asynchronous

    hooks = {"request": [*map(made, request)], "response": [*map(made, response)]}
    return borrowed_client(kind, handler, event_hooks=hooks)


def read(kind: Kind) -> Callable[[Any], Any]:
    return lambda response: response.read() if kind == "sync" else response.aread()


def raise_for_status(response: httpx.Response) -> None:
    response.raise_for_status()


@on_every_loop
def test_their_hooks_see_each_request_once(kind: Kind) -> None:
    seen: list[str] = []
    client = hooked(
        kind,
        Recorder(answer(503), ACTIVE),
        request=[
            lambda request: seen.append(request.method),
            lambda request: request.headers.update({"X-Span": "s"}),
        ],
        response=[lambda response: seen.append(str(response.status_code))],
    )
    with Face(kind, http_client=client) as okta:
        assert okta.introspect("t")
    assert seen == ["POST", "503", "POST", "200"]


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, oauth_error("invalid_grant", "spent"), InvalidGrantError),
        (401, oauth_error("invalid_client"), InvalidClientError),
        (429, oauth_error("invalid_grant"), RateLimitError),
        (503, oauth_error("x"), ServerError),
        (302, None, APIError),
        (418, None, APIError),
    ],
)
def test_a_hook_that_raises_for_status_after_reading(
    kind: Kind, status: int, body: object, expected: type[APIError]
) -> None:
    handler = Recorder(answer(status, body))
    client = hooked(kind, handler, response=[read(kind), raise_for_status])
    with Face(kind, http_client=client, retry=None) as okta:
        for call in CALLS.values():
            with pytest.raises(APIError) as caught:
                call(okta)
            assert type(caught.value) is expected
            assert caught.value.status == status
            assert caught.value.body == answer(status, body).content
            assert caught.value.http.request_id == "reqABC-123"


@pytest.mark.parametrize(
    ("status", "expected"),
    [(401, InvalidClientError), (429, RateLimitError), (503, ServerError), (302, APIError)],
)
def test_a_hook_that_raises_for_status_unread(
    kind: Kind, status: int, expected: type[APIError]
) -> None:
    client = hooked(kind, Recorder(answer(status, {"x": 1})), response=[raise_for_status])
    with Face(kind, http_client=client, retry=None) as okta, pytest.raises(APIError) as caught:
        okta.introspect("t")
    assert type(caught.value) is expected
    assert caught.value.status == status
    assert caught.value.http.request_id == "reqABC-123"


@on_every_loop
def test_a_hook_that_raises_unread_over_a_socket(kind: Kind) -> None:
    # httpx closes the response before it lets go of it: status and headers are all there is.
    reply = http_bytes("401 Unauthorized", b"{}", [("X-Okta-Request-Id", "r1")])
    with RawServer(reply) as server:
        client: Any = (httpx.Client if kind == "sync" else httpx.AsyncClient)()

        async def raise_later(response: httpx.Response) -> None:
            response.raise_for_status()

        client.event_hooks = {"response": [raise_for_status if kind == "sync" else raise_later]}
        with Face(kind, server.url, http_client=client) as okta:
            for _ in range(2):
                with pytest.raises(InvalidClientError) as caught:
                    okta.token_for_code("c", CALLBACK)
                assert caught.value.http.request_id == "r1"


def test_a_hook_that_reads_every_body(kind: Kind) -> None:
    bodies: list[bytes] = []

    def keep(response: httpx.Response) -> None:
        bodies.append(response.content)

    client = hooked(kind, Recorder(ACTIVE), response=[read(kind), keep])
    with Face(kind, http_client=client) as okta:
        assert okta.token_for_code("c", CALLBACK).access_token == "AT-one"
        assert okta.introspect("t")
        okta.revoke("t")
    assert bodies == [ACTIVE.content] * 3


@on_every_loop
def test_a_hook_that_reads_over_a_socket(kind: Kind) -> None:
    with RawServer(http_bytes(body=b'{"active":true}')) as server:
        client: Any = (httpx.Client if kind == "sync" else httpx.AsyncClient)()

        async def read_later(response: httpx.Response) -> None:
            await response.aread()

        client.event_hooks = {"response": [read(kind) if kind == "sync" else read_later]}
        with Face(kind, server.url, http_client=client) as okta:
            assert okta.introspect("t")
            assert okta.introspect("t")
        assert len(server.requests) == 2


def test_an_error_of_their_hook_is_theirs(kind: Kind) -> None:
    def refuse(message: object) -> None:
        raise LookupError("theirs")

    for client in (
        hooked(kind, Recorder(ACTIVE), request=[refuse]),
        hooked(kind, Recorder(ACTIVE), response=[refuse]),
    ):
        with (
            Face(kind, http_client=client) as okta,
            pytest.raises(LookupError, match="theirs"),
        ):
            okta.introspect("t")


def test_a_status_error_of_another_exchange_is_not_taken_for_oktas(kind: Kind) -> None:
    other = httpx.Response(401, request=httpx.Request("POST", "https://audit.example"))

    def audit(response: httpx.Response) -> None:
        other.raise_for_status()

    client = hooked(kind, Recorder(ACTIVE), response=[audit])
    with (
        Face(kind, http_client=client) as okta,
        pytest.raises(httpx.HTTPStatusError, match=r"audit\.example"),
    ):
        okta.introspect("t")


COOKIES = [
    *OKTA_HEADERS,
    ("set-cookie", "JSESSIONID=planted; Path=/"),
    ("set-cookie", "sid=planted; Path=/; Domain=dev-000000.okta.com"),
    ("set-cookie", "t=planted"),
]


def test_a_cookie_is_never_sent_back(kind: Kind) -> None:
    handler = Recorder(answer(body={**TOKENS, "active": True}, headers=COOKIES))
    client = borrowed_client(kind, handler)
    with Face(kind, http_client=client) as okta:
        for _ in range(2):
            for call in CALLS.values():
                call(okta)
            okta.generated(custom_introspect, body=IntrospectRequest(token="t"))
    assert len(handler.requests) == 12
    assert all("cookie" not in request.headers for request in handler.requests)


@on_every_loop
def test_a_cookie_is_never_sent_back_over_a_socket(kind: Kind) -> None:
    reply = http_bytes(
        body=b'{"active":true}',
        headers=[
            ("Content-Type", "application/json"),
            ("Set-Cookie", "JSESSIONID=planted; Path=/"),
            ("Set-Cookie", "sid=planted; Path=/; HttpOnly"),
        ],
    )
    with RawServer(reply) as server, Face(kind, server.url) as okta:
        for _ in range(3):
            okta.introspect("t")
            okta.generated(custom_introspect, body=IntrospectRequest(token="t"))
        sender: Any = (
            okta.client.api.get_httpx_client()
            if kind == "sync"
            else okta.client.api.get_async_httpx_client()
        )
        assert len(sender.cookies) == 0
    assert len(server.requests) == 6
    assert all(request.header("cookie") == [] for request in server.requests)


def test_thirty_two_threads_share_one_client() -> None:
    def respond(request: RawRequest) -> bytes:
        form = dict(request.form)
        return http_bytes(body=json.dumps({"active": True, "jti": form["token"]}).encode())

    start = threading.Barrier(32)

    with RawServer(respond=respond) as server, OktaOIDC(server.url, POST) as okta:

        def ask(number: int) -> list[str | None]:
            start.wait(10)
            return [okta.introspect(f"token-{number}-{i}").jti for i in range(5)]

        with ThreadPoolExecutor(32) as pool:
            answers = list(pool.map(ask, range(32)))
        connections = server.connections

    assert answers == [[f"token-{n}-{i}" for i in range(5)] for n in range(32)]
    assert connections <= 32
    tokens = sorted(dict(request.form)["token"] for request in server.requests)
    assert len(tokens) == len(set(tokens)) == 160


def test_api_is_made_once_however_many_ask() -> None:
    start = threading.Barrier(32)
    with OktaOIDC(ORG_URL, BASIC, http_client=httpx.Client()) as okta:

        def ask(_: int) -> tuple[int, int]:
            start.wait(10)
            return id(okta.api), id(okta.api.get_httpx_client())

        with ThreadPoolExecutor(32) as pool:
            assert len(set(pool.map(ask, range(32)))) == 1


@pytest.mark.parametrize("generated", [False, True], ids=["facade", "generated"])
@on_every_loop
def test_a_silent_server_is_left_in_time(kind: Kind, generated: bool) -> None:
    def say_nothing(connection: Any) -> None:
        connection.recv(1)  # until the client gives up

    with (
        RawServer(http_bytes(body=b'{"active":true}'), say_nothing) as server,
        Face(kind, server.url, timeout=0.5, retry=None) as okta,
    ):
        # What is loaded and opened by the first call is not timed.
        assert okta.introspect("t")

        def ask() -> object:
            if generated:
                return okta.generated(custom_introspect, body=IntrospectRequest(token="t"))
            return okta.introspect("t")

        with pytest.raises(TransportTimeoutError) as caught:
            ask()
    assert caught.value.request_sent is None
    assert len(server.requests) == 2


@on_every_loop
def test_the_next_call_after_a_timeout_is_sound(kind: Kind) -> None:
    def say_nothing(connection: Any) -> None:
        connection.recv(1)

    answer = http_bytes(body=b'{"active":true}')
    with (
        RawServer(answer, say_nothing, answer) as server,
        Face(kind, server.url, timeout=0.5, retry=None) as okta,
    ):
        assert okta.introspect("first")
        with pytest.raises(TransportTimeoutError):
            okta.introspect("second")
        assert okta.introspect("third")
    tokens = [dict(request.form)["token"] for request in server.requests]
    assert tokens == ["first", "second", "third"]


@on_every_loop
def test_nobody_listening_is_never_sent(kind: Kind) -> None:
    with (
        held_port() as port,
        Face(kind, f"http://127.0.0.1:{port}") as okta,
        pytest.raises(TransportError) as caught,
    ):
        okta.token_for_code("c", CALLBACK)
    assert caught.value.request_sent is False
    # Never sent, so even a code may be tried again.
    assert caught.value.retries == 2
    assert len(okta.waits) == 2


def test_a_client_shows_where_it_leads_and_no_secret() -> None:
    with OktaOIDC(f"{ORG_URL}/oauth2/aus1", BASIC) as okta:
        for shown in (repr(okta), str(okta), f"{okta}", repr([okta])):
            assert ORG_URL in shown
            assert "aus1" in shown
            assert CLIENT_SECRET not in shown
        assert CLIENT_SECRET not in repr(okta.api)
    assert CLIENT_SECRET not in repr(AsyncOktaOIDC(ORG_URL, POST))


def test_a_malformed_answer_is_lost_for_nobody(kind: Kind) -> None:
    handler = Recorder(answer(body=b'{"access_token":"AT-one"}'))
    with Face(kind, handler=handler) as okta, pytest.raises(MalformedResponseError) as caught:
        okta.token_for_code("c", CALLBACK)
    assert caught.value.body == b'{"access_token":"AT-one"}'
    assert len(handler.requests) == 1
