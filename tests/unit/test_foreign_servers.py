"""What other authorization servers send where Okta would send something else.

Each answer here was seen from a real server, or is one that HTTP or the RFCs allow. They come raw
from a socket, so that nothing between the test and the client tidies them up.
"""

from __future__ import annotations

import gzip
import json
import socket
import threading
import zlib
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any, Literal, cast

import pytest
from anyio import to_thread
from okta_oidc import (
    APIError,
    AsyncOktaOIDC,
    ClientSecretBasic,
    Introspection,
    InvalidClientError,
    InvalidGrantError,
    MalformedResponseError,
    OktaOIDC,
    ServerError,
    Tokens,
)

pytestmark = pytest.mark.anyio

Call = Literal["code", "refresh", "introspect", "revoke"]
CODE = "the-code-of-one-sign-in"
TOKENS = {"access_token": "at", "token_type": "Bearer", "expires_in": 3600, "scope": "a b"}


class RawServer:
    """Answers each request, on as many connections as come, with the next of its byte strings.

    An answer is sent whole; the connection is then closed if it says so or is of HTTP/1.0 or has no
    length, as HTTP asks.
    """

    def __init__(self, *answers: bytes) -> None:
        self._answers = list(answers)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.connections = 0
        self.requests: list[bytes] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        # A closed listener does not wake a thread that is accepting; a connection does.
        self._answers.clear()
        socket.create_connection(("127.0.0.1", self.port)).close()
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        while self._answers:
            connection, _ = self._listener.accept()
            with connection:
                self.connections += bool(self._answers)
                while self._answers and (request := _read(connection)):
                    self.requests.append(request)
                    answer = self._answers.pop(0)
                    connection.sendall(answer)
                    if _ends_connection(answer):
                        break


def _read(connection: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received:
        chunk = connection.recv(65536)
        if not chunk:
            return b""
        received += chunk
    head, _, body = received.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def _ends_connection(answer: bytes) -> bool:
    head, _, rest = answer.lower().partition(b"\r\n\r\n")
    while head.startswith(b"http/1.1 1"):  # an interim answer says nothing of the connection
        head, _, rest = rest.partition(b"\r\n\r\n")
    has_end = b"content-length:" in head or b"transfer-encoding:" in head or b" 204 " in head
    return not has_end or b"connection: close" in head or head.startswith(b"http/1.0")


def answer(
    status: int = 200,
    body: bytes | str | dict[str, Any] = b"",
    *headers: str,
    media_type: str | None = "application/json",
    version: str = "1.1",
    length: bool = True,
) -> bytes:
    if isinstance(body, dict):
        body = json.dumps(body)
    content = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/{version} {status} Whatever"]
    if media_type is not None:
        lines.append(f"Content-Type: {media_type}")
    if length:
        lines.append(f"Content-Length: {len(content)}")
    return "\r\n".join([*lines, *headers, "", ""]).encode() + content


def chunked(*parts: bytes, trailer: str = "") -> bytes:
    framed = b"".join(b"%x;ext=1\r\n%s\r\n" % (len(part), part) for part in parts)
    return framed + f"0\r\n{trailer}\r\n".encode()


@dataclass
class Caller:
    """One face, calling what a test names."""

    name: str
    opened: list[RawServer] = field(default_factory=list[RawServer])

    def server(self, *answers: bytes) -> RawServer:
        self.opened.append(RawServer(*answers))
        return self.opened[-1]

    async def __call__(self, call: Call, *answers: bytes, times: int = 1) -> Any:
        """The last of ``times`` results, through one client with no retries."""
        server = self.server(*answers)
        auth = ClientSecretBasic("id", "secret")
        result = None
        if self.name == "sync":
            with OktaOIDC(server.url, auth, retry=None, timeout=5) as okta:
                for _ in range(times):
                    result = await to_thread.run_sync(_calls(okta)[call])
        else:
            async with AsyncOktaOIDC(server.url, auth, retry=None, timeout=5) as async_okta:
                for _ in range(times):
                    result = await cast("Awaitable[object]", _calls(async_okta)[call]())
        return result

    async def tokens(self, *answers: bytes, times: int = 1) -> Tokens:
        result = await self("code", *answers, times=times)
        assert isinstance(result, Tokens)
        return result

    async def introspection(self, *answers: bytes, times: int = 1) -> Introspection:
        result = await self("introspect", *answers, times=times)
        assert isinstance(result, Introspection)
        return result

    async def refusal(self, call: Call, *answers: bytes) -> APIError:
        with pytest.raises(APIError) as caught:
            await self(call, *answers)
        assert CODE not in str(caught.value)
        return caught.value


def _calls(okta: OktaOIDC | AsyncOktaOIDC) -> dict[Call, Callable[[], object]]:
    return {
        "code": partial(okta.token_for_code, CODE, "http://127.0.0.1/cb"),
        "refresh": partial(okta.token_for_refresh_token, "old"),
        "introspect": partial(okta.introspect, "t"),
        "revoke": partial(okta.revoke, "t"),
    }


@pytest.fixture(params=["sync", "asyncio", "trio"])
def face(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def anyio_backend(face: str) -> str:
    return "trio" if face == "trio" else "asyncio"


@pytest.fixture
def call(face: str) -> Iterator[Caller]:
    caller = Caller(face)
    yield caller
    for server in caller.opened:
        server.close()


class TestTokenMembers:
    @pytest.mark.parametrize("token_type", ["bearer", "BEARER", "dpop", "N_A"])
    async def test_token_type_is_kept_as_it_came(self, call: Caller, token_type: str) -> None:
        tokens = await call.tokens(answer(body={**TOKENS, "token_type": token_type}))
        assert tokens.token_type == token_type

    async def test_missing_scope(self, call: Caller) -> None:
        body = {name: value for name, value in TOKENS.items() if name != "scope"}
        assert (await call.tokens(answer(body=body))).scopes == ()

    @pytest.mark.parametrize(
        ("scope", "scopes"),
        [("", ()), ("b  a", ("b", "a")), (["b", "a"], ("b", "a")), (None, ())],
        ids=["empty", "odd spaces", "list", "null"],
    )
    async def test_odd_scope(self, call: Caller, scope: object, scopes: tuple[str, ...]) -> None:
        assert (await call.tokens(answer(body={**TOKENS, "scope": scope}))).scopes == scopes

    async def test_missing_expires_in(self, call: Caller) -> None:
        body = {name: value for name, value in TOKENS.items() if name != "expires_in"}
        tokens = await call.tokens(answer(body=body))
        assert (tokens.expires_in, tokens.expires_at) == (None, None)

    @pytest.mark.parametrize("expires_in", ["3600", 3600.0], ids=["quoted", "float"])
    async def test_odd_expires_in(self, call: Caller, expires_in: object) -> None:
        tokens = await call.tokens(answer(body={**TOKENS, "expires_in": expires_in}))
        assert tokens.expires_in == 3600
        assert tokens.expires_at
        assert 0 < (tokens.expires_at - datetime.now(UTC)).total_seconds() <= 3600

    async def test_refresh_token_that_is_not_replaced(self, call: Caller) -> None:
        tokens = await call("refresh", answer(body=TOKENS))
        assert tokens.refresh_token == "old"

    @pytest.mark.parametrize(
        "media_type",
        ["application/json;charset=UTF-8", "Application/JSON", "application/vnd.x+json", None],
    )
    async def test_media_type(self, call: Caller, media_type: str | None) -> None:
        tokens = await call.tokens(answer(body=TOKENS, media_type=media_type))
        assert tokens.access_token == "at"

    async def test_byte_order_mark(self, call: Caller) -> None:
        body = b"\xef\xbb\xbf" + json.dumps(TOKENS).encode()
        assert (await call.tokens(answer(body=body))).access_token == "at"

    @pytest.mark.parametrize("status", [200, 201, 203])
    async def test_any_success_is_one(self, call: Caller, status: int) -> None:
        assert (await call.tokens(answer(status, TOKENS))).http.status == status

    async def test_page_in_place_of_tokens(self, call: Caller) -> None:
        with pytest.raises(MalformedResponseError) as caught:
            await call("code", answer(body="<html>Sign in</html>", media_type="text/html"))
        assert caught.value.body == b"<html>Sign in</html>"


class TestRefusals:
    @pytest.mark.parametrize("how", ["code", "introspect", "revoke"])
    @pytest.mark.parametrize(
        ("body", "media_type"),
        [
            (b"", None),
            (b"", "text/html"),
            (b"<html><body>401 Unauthorized</body></html>", "text/html;charset=utf-8"),
            (b"Unauthorized", "text/plain"),
            (b"{}", "application/json"),
            (b"null", "application/json"),
        ],
        ids=["nothing", "empty html", "html", "text", "no members", "null"],
    )
    async def test_401_without_a_code(
        self, call: Caller, how: Call, body: bytes, media_type: str | None
    ) -> None:
        error = await call.refusal(
            how, answer(401, body, "WWW-Authenticate: Bearer", media_type=media_type)
        )
        assert isinstance(error, InvalidClientError)
        assert (error.status, error.code, error.description) == (401, None, None)
        assert error.body == body
        assert error.http.headers["www-authenticate"] == "Bearer"
        assert not error.retryable

    @pytest.mark.parametrize("how", ["code", "introspect", "revoke"])
    async def test_bad_credentials_as_403(self, call: Caller, how: Call) -> None:
        page = await call.refusal(how, answer(403, "<h1>Forbidden</h1>", media_type="text/html"))
        assert type(page) is APIError
        assert (page.status, page.code) == (403, None)
        named = await call.refusal(how, answer(403, {"error": "invalid_client"}))
        assert isinstance(named, InvalidClientError)
        assert (named.status, named.code, named.description) == (403, "invalid_client", None)

    async def test_bad_credentials_as_400(self, call: Caller) -> None:
        error = await call.refusal("code", answer(400, {"error": "invalid_client"}))
        assert isinstance(error, InvalidClientError)

    async def test_missing_error_description(self, call: Caller) -> None:
        error = await call.refusal("code", answer(400, {"error": "invalid_grant"}))
        assert isinstance(error, InvalidGrantError)
        assert (error.code, error.description) == ("invalid_grant", None)
        assert "invalid_grant" in str(error)

    async def test_members_of_other_types(self, call: Caller) -> None:
        body: dict[str, Any] = {
            "error": "invalid_grant",
            "error_description": {"en": "no"},
            "errorCauses": "none",
            "hint": ["x"],
        }
        error = await call.refusal("refresh", answer(401, body))
        assert isinstance(error, InvalidGrantError)
        assert (error.description, error.causes) == (None, ())
        assert dict(error.extra) == {"hint": ["x"]}

    async def test_media_type_does_not_hide_the_code(self, call: Caller) -> None:
        body = json.dumps({"error": "invalid_grant"})
        error = await call.refusal("code", answer(400, body, media_type="text/html"))
        assert error.code == "invalid_grant"

    @pytest.mark.parametrize("status", [500, 502, 503, 504, 520])
    async def test_page_of_a_gateway(self, call: Caller, status: int) -> None:
        page = "<html><title>Bad Gateway</title></html>"
        error = await call.refusal("code", answer(status, page, media_type="text/html"))
        assert isinstance(error, ServerError)
        assert (error.status, error.code, error.body) == (status, None, page.encode())
        assert not error.retryable


class TestIntrospection:
    async def test_least_answer(self, call: Caller) -> None:
        info = await call.introspection(answer(body={"active": True}))
        assert info
        assert (info.scopes, info.aud, info.sub, info.token_type) == ((), (), None, None)

    async def test_inactive_with_members(self, call: Caller) -> None:
        body = {"active": False, "sub": "ada", "exp": 1}
        assert not await call.introspection(answer(body=body))

    @pytest.mark.parametrize(
        ("aud", "expected"), [("a", ("a",)), (["a", "b"], ("a", "b")), ([], ()), (None, ())]
    )
    async def test_audience(self, call: Caller, aud: object, expected: tuple[str, ...]) -> None:
        info = await call.introspection(answer(body={"active": True, "aud": aud}))
        assert info.aud == expected

    @pytest.mark.parametrize("exp", [1893456000, 1893456000.0, "1893456000"], ids=type)
    async def test_time(self, call: Caller, exp: object) -> None:
        info = await call.introspection(answer(body={"active": True, "exp": exp}))
        assert info.expires_at == datetime(2030, 1, 1, tzinfo=UTC)

    @pytest.mark.parametrize("active", ["true", 1, None], ids=repr)
    async def test_active_that_is_no_boolean(self, call: Caller, active: object) -> None:
        with pytest.raises(MalformedResponseError):
            await call("introspect", answer(body={"active": active}))


class TestRevocation:
    @pytest.mark.parametrize(
        ("status", "body", "media_type"),
        [
            (200, b"", None),
            (200, b"", "application/json"),
            (200, b"{}", "application/json"),
            (200, b"\r\n", "text/html"),
            (204, b"", None),
        ],
        ids=["nothing", "empty json", "object", "blank", "204"],
    )
    async def test_success(
        self, call: Caller, status: int, body: bytes, media_type: str | None
    ) -> None:
        reply = answer(status, body, media_type=media_type, length=status != 204)
        assert await call("revoke", reply) is None

    async def test_error_with_200(self, call: Caller) -> None:
        with pytest.raises(MalformedResponseError):
            await call("revoke", answer(200, {"error": "unsupported_token_type"}))

    async def test_page_in_place_of_a_revocation(self, call: Caller) -> None:
        with pytest.raises(MalformedResponseError):
            await call("revoke", answer(200, "<html>hello</html>", media_type="text/html"))


BODY = json.dumps(TOKENS).encode()
ZIPPED = gzip.compress(BODY, mtime=0)
FRAMINGS = {
    "length": answer(body=BODY),
    "chunked": answer(
        200, chunked(BODY[:1], BODY[1:9], BODY[9:]), "Transfer-Encoding: chunked", length=False
    ),
    "chunked, with a trailer": answer(
        200,
        chunked(BODY, trailer="X-Checksum: 1\r\n"),
        "Transfer-Encoding: chunked",
        length=False,
    ),
    "gzip": answer(200, ZIPPED, "Content-Encoding: gzip"),
    "deflate": answer(200, zlib.compress(BODY), "Content-Encoding: deflate"),
    "gzip and chunked": answer(
        200,
        chunked(ZIPPED[:7], ZIPPED[7:]),
        "Content-Encoding: gzip",
        "Transfer-Encoding: chunked",
        length=False,
    ),
    "closing": answer(200, BODY, "Connection: close"),
    "closing without a length": answer(body=BODY, length=False),
    "HTTP/1.0": answer(body=BODY, version="1.0"),
    "HTTP/1.0 without a length": answer(body=BODY, version="1.0", length=False),
    "an interim answer": b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + answer(body=BODY),
}


class TestFraming:
    @pytest.mark.parametrize("framing", FRAMINGS)
    async def test_answer_is_read(self, call: Caller, framing: str) -> None:
        tokens = await call.tokens(FRAMINGS[framing])
        assert tokens.access_token == "at"
        assert dict(tokens.raw) == TOKENS

    @pytest.mark.parametrize("framing", FRAMINGS)
    async def test_next_call_finds_a_way(self, call: Caller, framing: str) -> None:
        """Whatever became of the connection, it hurts no later call."""
        await call("introspect", *[answer(body={"active": True})] * 2, times=2)
        tokens = await call.tokens(*[FRAMINGS[framing]] * 3, times=3)
        assert tokens.access_token == "at"

    @pytest.mark.parametrize(
        ("framing", "connections"), [("length", 1), ("chunked", 1), ("closing", 3), ("HTTP/1.0", 3)]
    )
    async def test_connections(self, call: Caller, framing: str, connections: int) -> None:
        await call.tokens(*[FRAMINGS[framing]] * 3, times=3)
        assert call.opened[0].connections == connections

    async def test_no_compression_is_asked_for(self, call: Caller) -> None:
        await call.tokens(answer(body=BODY))
        head = call.opened[0].requests[0].partition(b"\r\n\r\n")[0].lower()
        assert b"\r\naccept-encoding: identity" in head

    async def test_error_in_gzip(self, call: Caller) -> None:
        body = gzip.compress(b'{"error": "invalid_grant"}')
        error = await call.refusal("code", answer(400, body, "Content-Encoding: gzip"))
        assert error.code == "invalid_grant"


def test_raw_server_ends() -> None:
    with closing(RawServer(answer())) as server:
        pass
    assert server.connections == 0
