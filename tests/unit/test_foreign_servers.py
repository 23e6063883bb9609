"""What other authorization servers send where Okta would send something else.

Each answer here was seen from a real server, or is one that HTTP or the RFCs allow. They come raw
from a socket, so that nothing between the test and the client tidies them up.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from okta_oidc import (
    APIError,
    Introspection,
    InvalidClientError,
    InvalidGrantError,
    MalformedResponseError,
    ServerError,
    Tokens,
)

from tests.support.faces import CALLS, KINDS, Face, Kind
from tests.support.servers import Answer, RawServer

TOKENS = {"access_token": "at", "token_type": "Bearer", "expires_in": 3600, "scope": "a b"}


def answer(
    status: int = 200,
    body: bytes | str | dict[str, Any] = b"",
    *headers: str,
    media_type: str | None = "application/json",
    version: str = "1.1",
    length: bool = True,
) -> Answer:
    """An answer; the connection ends behind it where it says so, or nothing else ends it."""
    if isinstance(body, dict):
        body = json.dumps(body)
    content = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/{version} {status} Whatever"]
    if media_type is not None:
        lines.append(f"Content-Type: {media_type}")
    if length:
        lines.append(f"Content-Length: {len(content)}")
    head = "\r\n".join([*lines, *headers, "", ""])
    ends = length or status == 204 or "Transfer-Encoding: chunked" in headers
    close = not ends or version == "1.0" or "Connection: close" in headers
    return Answer(head.encode() + content, close)


def chunked(*parts: bytes, trailer: str = "") -> bytes:
    framed = b"".join(b"%x;ext=1\r\n%s\r\n" % (len(part), part) for part in parts)
    return framed + f"0\r\n{trailer}\r\n".encode()


class Caller:
    """One face, calling what a test names."""

    def __init__(self, face: Kind, stack: ExitStack) -> None:
        self._face: Final = face
        self._stack = stack

    def server(self, *answers: Answer) -> RawServer:
        self.opened = self._stack.enter_context(RawServer(*answers))
        return self.opened

    def __call__(self, call: str, *answers: Answer, times: int = 1) -> Any:
        """The last of ``times`` results, through one client with no retries."""
        url = self.server(*answers).url
        result = None
        with Face(self._face, url, retry=None, timeout=5) as okta:
            for _ in range(times):
                result = CALLS[call](okta)
        return result

    def tokens(self, *answers: Answer, times: int = 1) -> Tokens:
        result = self("token_for_code", *answers, times=times)
        assert isinstance(result, Tokens)
        return result

    def introspection(self, *answers: Answer) -> Introspection:
        result = self("introspect", *answers)
        assert isinstance(result, Introspection)
        return result

    def refusal(self, call: str, *answers: Answer) -> APIError:
        with pytest.raises(APIError) as caught:
            self(call, *answers)
        assert "the-code" not in str(caught.value)
        return caught.value


@pytest.fixture(params=KINDS)
def call(request: pytest.FixtureRequest) -> Iterator[Caller]:
    with ExitStack() as stack:
        yield Caller(request.param, stack)


class TestTokenMembers:
    @pytest.mark.parametrize("token_type", ["bearer", "BEARER", "dpop", "N_A"])
    def test_token_type_is_kept_as_it_came(self, call: Caller, token_type: str) -> None:
        tokens = call.tokens(answer(body={**TOKENS, "token_type": token_type}))
        assert tokens.token_type == token_type

    def test_missing_scope(self, call: Caller) -> None:
        body = {name: value for name, value in TOKENS.items() if name != "scope"}
        assert (call.tokens(answer(body=body))).scopes == ()

    @pytest.mark.parametrize(
        ("scope", "scopes"),
        [("", ()), ("b  a", ("b", "a")), (["b", "a"], ("b", "a")), (None, ())],
        ids=["empty", "odd spaces", "list", "null"],
    )
    def test_odd_scope(self, call: Caller, scope: object, scopes: tuple[str, ...]) -> None:
        assert (call.tokens(answer(body={**TOKENS, "scope": scope}))).scopes == scopes

    def test_missing_expires_in(self, call: Caller) -> None:
        body = {name: value for name, value in TOKENS.items() if name != "expires_in"}
        tokens = call.tokens(answer(body=body))
        assert (tokens.expires_in, tokens.expires_at) == (None, None)

    @pytest.mark.parametrize("expires_in", ["3600", 3600.0], ids=["quoted", "float"])
    def test_odd_expires_in(self, call: Caller, expires_in: object) -> None:
        tokens = call.tokens(answer(body={**TOKENS, "expires_in": expires_in}))
        assert tokens.expires_in == 3600
        assert tokens.expires_at
        assert 0 < (tokens.expires_at - datetime.now(UTC)).total_seconds() <= 3600

    def test_refresh_token_that_is_not_replaced(self, call: Caller) -> None:
        tokens = call("token_for_refresh_token", answer(body=TOKENS))
        assert tokens.refresh_token == "the-refresh-token"

    @pytest.mark.parametrize(
        "media_type",
        ["application/json;charset=UTF-8", "Application/JSON", "application/vnd.x+json", None],
    )
    def test_media_type(self, call: Caller, media_type: str | None) -> None:
        tokens = call.tokens(answer(body=TOKENS, media_type=media_type))
        assert tokens.access_token == "at"

    def test_byte_order_mark(self, call: Caller) -> None:
        body = b"\xef\xbb\xbf" + json.dumps(TOKENS).encode()
        assert (call.tokens(answer(body=body))).access_token == "at"

    @pytest.mark.parametrize("status", [200, 201, 203])
    def test_any_success_is_one(self, call: Caller, status: int) -> None:
        assert (call.tokens(answer(status, TOKENS))).http.status == status

    def test_page_in_place_of_tokens(self, call: Caller) -> None:
        with pytest.raises(MalformedResponseError) as caught:
            call("token_for_code", answer(body="<html>Sign in</html>", media_type="text/html"))
        assert caught.value.body == b"<html>Sign in</html>"


class TestRefusals:
    @pytest.mark.parametrize("how", ["token_for_code", "introspect", "revoke"])
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
    def test_401_without_a_code(
        self, call: Caller, how: str, body: bytes, media_type: str | None
    ) -> None:
        error = call.refusal(
            how, answer(401, body, "WWW-Authenticate: Bearer", media_type=media_type)
        )
        assert isinstance(error, InvalidClientError)
        assert (error.status, error.code, error.description) == (401, None, None)
        assert error.body == body
        assert error.http.headers["www-authenticate"] == "Bearer"
        assert not error.retryable

    @pytest.mark.parametrize("how", ["token_for_code", "introspect", "revoke"])
    def test_bad_credentials_as_403(self, call: Caller, how: str) -> None:
        page = call.refusal(how, answer(403, "<h1>Forbidden</h1>", media_type="text/html"))
        assert type(page) is APIError
        assert (page.status, page.code) == (403, None)
        named = call.refusal(how, answer(403, {"error": "invalid_client"}))
        assert isinstance(named, InvalidClientError)
        assert (named.status, named.code, named.description) == (403, "invalid_client", None)

    def test_bad_credentials_as_400(self, call: Caller) -> None:
        error = call.refusal("token_for_code", answer(400, {"error": "invalid_client"}))
        assert isinstance(error, InvalidClientError)

    def test_missing_error_description(self, call: Caller) -> None:
        error = call.refusal("token_for_code", answer(400, {"error": "invalid_grant"}))
        assert isinstance(error, InvalidGrantError)
        assert (error.code, error.description) == ("invalid_grant", None)
        assert "invalid_grant" in str(error)

    def test_members_of_other_types(self, call: Caller) -> None:
        body: dict[str, Any] = {
            "error": "invalid_grant",
            "error_description": {"en": "no"},
            "errorCauses": "none",
            "hint": ["x"],
        }
        error = call.refusal("token_for_refresh_token", answer(401, body))
        assert isinstance(error, InvalidGrantError)
        assert (error.description, error.causes) == (None, ())
        assert dict(error.extra) == {"hint": ["x"]}

    def test_media_type_does_not_hide_the_code(self, call: Caller) -> None:
        body = json.dumps({"error": "invalid_grant"})
        error = call.refusal("token_for_code", answer(400, body, media_type="text/html"))
        assert error.code == "invalid_grant"

    @pytest.mark.parametrize("status", [500, 502, 503, 504, 520])
    def test_page_of_a_gateway(self, call: Caller, status: int) -> None:
        page = "<html><title>Bad Gateway</title></html>"
        error = call.refusal("token_for_code", answer(status, page, media_type="text/html"))
        assert isinstance(error, ServerError)
        assert (error.status, error.code, error.body) == (status, None, page.encode())
        assert not error.retryable


class TestIntrospection:
    def test_least_answer(self, call: Caller) -> None:
        info = call.introspection(answer(body={"active": True}))
        assert info
        assert (info.scopes, info.aud, info.sub, info.token_type) == ((), (), None, None)

    def test_inactive_with_members(self, call: Caller) -> None:
        body = {"active": False, "sub": "ada", "exp": 1}
        assert not call.introspection(answer(body=body))

    @pytest.mark.parametrize(
        ("aud", "expected"), [("a", ("a",)), (["a", "b"], ("a", "b")), ([], ()), (None, ())]
    )
    def test_audience(self, call: Caller, aud: object, expected: tuple[str, ...]) -> None:
        info = call.introspection(answer(body={"active": True, "aud": aud}))
        assert info.aud == expected

    @pytest.mark.parametrize("exp", [1893456000, 1893456000.0, "1893456000"], ids=type)
    def test_time(self, call: Caller, exp: object) -> None:
        info = call.introspection(answer(body={"active": True, "exp": exp}))
        assert info.expires_at == datetime(2030, 1, 1, tzinfo=UTC)

    @pytest.mark.parametrize("active", ["true", 1, None], ids=repr)
    def test_active_that_is_no_boolean(self, call: Caller, active: object) -> None:
        with pytest.raises(MalformedResponseError):
            call("introspect", answer(body={"active": active}))


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
    def test_success(self, call: Caller, status: int, body: bytes, media_type: str | None) -> None:
        reply = answer(status, body, media_type=media_type, length=status != 204)
        assert call("revoke", reply) is None

    def test_error_with_200(self, call: Caller) -> None:
        with pytest.raises(MalformedResponseError):
            call("revoke", answer(200, {"error": "unsupported_token_type"}))

    def test_page_in_place_of_a_revocation(self, call: Caller) -> None:
        with pytest.raises(MalformedResponseError):
            call("revoke", answer(200, "<html>hello</html>", media_type="text/html"))


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
    "an interim answer": Answer(
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + answer(body=BODY).wire
    ),
}


class TestFraming:
    @pytest.mark.parametrize("framing", FRAMINGS)
    def test_answer_is_read(self, call: Caller, framing: str) -> None:
        tokens = call.tokens(FRAMINGS[framing])
        assert tokens.access_token == "at"
        assert dict(tokens.raw) == TOKENS

    @pytest.mark.parametrize("framing", FRAMINGS)
    def test_next_call_finds_a_way(self, call: Caller, framing: str) -> None:
        """Whatever became of the connection, it hurts no later call."""
        call("introspect", *[answer(body={"active": True})] * 2, times=2)
        tokens = call.tokens(*[FRAMINGS[framing]] * 3, times=3)
        assert tokens.access_token == "at"

    @pytest.mark.parametrize(
        ("framing", "connections"), [("length", 1), ("chunked", 1), ("closing", 3), ("HTTP/1.0", 3)]
    )
    def test_connections(self, call: Caller, framing: str, connections: int) -> None:
        call.tokens(*[FRAMINGS[framing]] * 3, times=3)
        assert call.opened.connections == connections

    def test_no_compression_is_asked_for(self, call: Caller) -> None:
        call.tokens(answer(body=BODY))
        assert call.opened.requests[0].header("accept-encoding") == ["identity"]

    def test_error_in_gzip(self, call: Caller) -> None:
        body = gzip.compress(b'{"error": "invalid_grant"}')
        error = call.refusal("token_for_code", answer(400, body, "Content-Encoding: gzip"))
        assert error.code == "invalid_grant"
