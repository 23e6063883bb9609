"""From bytes to an answer: media types, encodings, sizes, what a revocation may come back with."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from types import ModuleType
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from okta_oidc import (
    APIError,
    MalformedResponseError,
    OktaError,
    OktaOIDC,
    TransportError,
    TransportTimeoutError,
)
from okta_oidc_api.api.introspection import custom_introspect
from okta_oidc_api.api.revocation import custom_revoke
from okta_oidc_api.api.token import custom_token
from okta_oidc_api.models import ClientCredentialsGrant, CustomRevokeRequest, IntrospectRequest

from tests.support.faces import CALLS
from tests.support.runtimes import runtime_of
from tests.support.samples import (
    BASIC,
    CALLBACK,
    OKTA_HEADERS,
    ORG_URL,
    TOKENS,
    answer,
    label,
    oauth_error,
)
from tests.support.servers import Recorder, http_bytes

from .conftest import OpenOkta, ServeRaw, on_every_loop

ACTIVE = b'{"active":true}'
PAGE = b"<html><body>Sign in planted-page</body></html>"


def typed(content_type: str) -> dict[str, str]:
    return {"content-type": content_type}


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/json;charset=UTF-8",
        "Application/JSON ; charset=utf-8",
        "application/hal+json",
        "application/token-introspection+json",
        "text/json",
        "",
    ],
)
def test_json_by_any_name(open_okta: OpenOkta, content_type: str) -> None:
    okta = open_okta(handler=Recorder(answer(body=ACTIVE, replace=typed(content_type))))
    assert okta.introspect("t").active


@pytest.mark.parametrize(
    "content_type", ["text/html", "text/plain", "application/jwt", "application/jsonx", "json"]
)
def test_another_media_type_is_not_what_was_promised(
    open_okta: OpenOkta, content_type: str
) -> None:
    response = answer(body={**TOKENS, "active": True}, replace=typed(content_type))
    okta = open_okta(handler=Recorder(response))
    for name in ("token", "token_for_code", "token_for_refresh_token", "introspect"):
        with pytest.raises(MalformedResponseError) as caught:
            CALLS[name](okta)
        # The tokens are there for whoever knows better.
        assert json.loads(caught.value.body)["access_token"] == "AT-one"
        assert "AT-one" not in f"{caught.value!r}"


@pytest.mark.parametrize("status", [200, 201, 202, 203, 204, 205, 206, 226, 299])
def test_any_success_is_read_alike(open_okta: OpenOkta, status: int) -> None:
    okta = open_okta(handler=Recorder(answer(status, {**TOKENS, "active": True})))
    assert okta.token_for_code("c", CALLBACK).http.status == status
    assert okta.introspect("t").http.status == status
    okta = open_okta(handler=Recorder(answer(status)))
    assert okta.revoke("t") is None
    for name in ("token", "token_for_code", "introspect"):
        with pytest.raises(MalformedResponseError) as caught:
            CALLS[name](okta)
        assert caught.value.http.status == status
        assert caught.value.http.request_id == "reqABC-123"
        assert str(status) in str(caught.value)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", ""),
        (b"", "application/json"),
        (b"", "text/html"),
        (b"  \r\n", "text/plain"),
        (b"{}", "application/json"),
        (b'{"revoked":true}', "application/json"),
        (b"{}", ""),
        # RFC 7009 §2.2: the status says it all, the body is to be ignored.
        (b"OK", "text/plain"),
        (b'"ok"', "application/json"),
        (b"null", "application/json"),
    ],
    ids=label,
)
def test_what_a_revocation_may_come_back_with(
    open_okta: OpenOkta, body: bytes, content_type: str
) -> None:
    okta = open_okta(handler=Recorder(answer(200, body, replace=typed(content_type))))
    assert okta.revoke("t") is None


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (PAGE, "text/html"),
        (PAGE, ""),
        (b"<!DOCTYPE html>", "text/plain"),
        (json.dumps(oauth_error("invalid_request")).encode(), "application/json"),
        (b'{"errorCode":"E0000001"}', "application/json"),
    ],
    ids=label,
)
def test_what_no_revocation_comes_back_with(
    open_okta: OpenOkta, body: bytes, content_type: str
) -> None:
    okta = open_okta(handler=Recorder(answer(200, body, replace=typed(content_type))))
    with pytest.raises(MalformedResponseError) as caught:
        okta.revoke("t")
    assert caught.value.body == body
    assert "planted-page" not in str(caught.value)


def packed(content_encoding: str, body: bytes) -> bytes:
    if content_encoding == "gzip":
        return gzip.compress(body)
    if content_encoding == "deflate":
        return zlib.compress(body)
    return body


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "identity"])
@on_every_loop
def test_a_server_that_compresses_unasked(
    open_okta: OpenOkta, serve_raw: ServeRaw, encoding: str
) -> None:
    headers = [("Content-Type", "application/json"), ("Content-Encoding", encoding)]
    server = serve_raw(http_bytes(body=packed(encoding, ACTIVE), headers=headers))
    okta = open_okta(server.url)
    assert okta.introspect("t").active
    assert server.requests[0].header("accept-encoding") == ["identity"]


def test_compression_that_is_none_is_kept_as_it_came(
    open_okta: OpenOkta, serve_raw: ServeRaw
) -> None:
    headers = [("Content-Type", "application/json"), ("Content-Encoding", "gzip")]
    server = serve_raw(http_bytes(body=b"no gzip at all", headers=headers))
    with pytest.raises(MalformedResponseError) as caught:
        open_okta(server.url).introspect("t")
    assert caught.value.body == b"no gzip at all"


MEGABYTE = 1024 * 1024


# On trio, httpcore's own generators warn when they are left half way.
@pytest.mark.parametrize("kind", ["sync", "asyncio"])
def test_a_body_over_the_cap(open_okta: OpenOkta, serve_raw: ServeRaw) -> None:
    for body in (ACTIVE + b" " * MEGABYTE, b"[" * (3 * MEGABYTE)):
        server = serve_raw(http_bytes(body=body))
        with pytest.raises(MalformedResponseError, match="larger") as caught:
            open_okta(server.url).introspect("t")
        assert len(caught.value.body) == MEGABYTE
        assert caught.value.body == body[:MEGABYTE]


def test_a_body_just_under_the_cap(open_okta: OpenOkta, serve_raw: ServeRaw) -> None:
    body = ACTIVE + b" " * (MEGABYTE - len(ACTIVE))
    okta = open_okta(serve_raw(http_bytes(body=body)).url)
    assert okta.introspect("t").active


def test_a_bomb_does_not_expand(open_okta: OpenOkta, serve_raw: ServeRaw) -> None:
    bomb = gzip.compress(b"\0" * (64 * MEGABYTE))
    headers = [("Content-Type", "application/json"), ("Content-Encoding", "gzip")]
    server = serve_raw(http_bytes(body=bomb, headers=headers))
    with pytest.raises(MalformedResponseError) as caught:
        open_okta(server.url).introspect("t")
    assert len(caught.value.body) <= MEGABYTE


# On trio, httpcore's own generators warn when they are left half way.
@pytest.mark.parametrize("kind", ["sync", "asyncio"])
def test_an_error_over_the_cap_is_still_the_error_that_its_status_says(
    open_okta: OpenOkta, serve_raw: ServeRaw
) -> None:
    body = json.dumps(oauth_error("invalid_grant")).encode() + b" " * (2 * MEGABYTE)
    server = serve_raw(http_bytes("400 Bad Request", body))
    with pytest.raises(APIError) as caught:
        open_okta(server.url).introspect("t")
    assert caught.value.status == 400
    assert len(caught.value.body) == MEGABYTE


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n" + ACTIVE,
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\n\r\n" + ACTIVE,
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
        b'7\r\n{"activ\r\n8\r\ne":true}\r\n0\r\n\r\n',
        b"HTTP/1.1 100 Continue\r\n\r\n" + http_bytes(body=ACTIVE),
        b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n" + http_bytes(body=ACTIVE),
        b"HTTP/1.1 200\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n" + ACTIVE,
    ],
    ids=["1.0", "close", "chunked", "100", "103", "no reason"],
)
@on_every_loop
def test_http_in_all_its_forms(open_okta: OpenOkta, serve_raw: ServeRaw, raw: bytes) -> None:
    def send_and_close(connection: Any) -> None:
        connection.sendall(raw)

    server = serve_raw(send_and_close)
    assert open_okta(server.url).introspect("t").active


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"H",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n" + ACTIVE,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n{",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        b"garbage planted-garbage\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"HTTP/1.1 99999 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nplanted-header\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n" * 3,
        b"A" * 200_000,
    ],
    ids=label,
)
@on_every_loop
def test_what_is_no_http_is_a_transport_error(
    open_okta: OpenOkta, serve_raw: ServeRaw, raw: bytes
) -> None:
    def send_and_close(connection: Any) -> None:
        connection.sendall(raw)

    server = serve_raw(send_and_close)
    with pytest.raises(TransportError) as caught:
        open_okta(server.url).token_for_code("planted-code", CALLBACK)
    assert caught.value.request_sent is None
    assert caught.value.retries == 0
    assert len(server.requests) == 1
    assert "planted" not in f"{caught.value!r} {caught.value}"


@on_every_loop
def test_what_came_before_the_connection_broke_is_kept(
    open_okta: OpenOkta, serve_raw: ServeRaw
) -> None:
    def half(connection: Any) -> None:
        connection.sendall(
            b"HTTP/1.1 200 OK\r\nX-Okta-Request-Id: r1\r\nContent-Length: 500\r\n\r\n"
            b'{"access_token":"AT-one","refresh'
        )

    with pytest.raises(TransportError) as caught:
        open_okta(serve_raw(half).url).token_for_code("c", CALLBACK)
    assert caught.value.http is not None
    assert caught.value.http.status == 200
    assert caught.value.http.request_id == "r1"
    assert caught.value.body == b'{"access_token":"AT-one","refresh'
    assert "AT-one" not in f"{caught.value!r}"


class Dripping(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body that takes its time, on a clock of the test's own."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __iter__(self) -> Iterator[bytes]:
        yield b'{"access_token":'
        raise self._error

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b'{"access_token":'
        raise self._error


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (httpx.ReadTimeout("x"), TransportTimeoutError),
        (httpx.ReadError("x"), TransportError),
        (httpx.RemoteProtocolError("planted"), TransportError),
    ],
    ids=lambda value: type(value).__name__,
)
@on_every_loop
def test_a_body_that_breaks_in_a_borrowed_client(
    open_okta: OpenOkta, raised: Exception, expected: type[TransportError]
) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers=OKTA_HEADERS, stream=Dripping(raised))

    with pytest.raises(TransportError) as caught:
        open_okta(handler=handler, retry=None).token_for_code("c", CALLBACK)
    assert type(caught.value) is expected
    assert caught.value.body == b'{"access_token":'
    assert caught.value.http is not None
    assert caught.value.http.request_id == "reqABC-123"
    assert "planted" not in str(caught.value)


def error_of(call: Callable[[], object]) -> OktaError | None:
    """What the call raised, as long as it is of this package."""
    try:
        call()
    except OktaError as error:
        return error
    return None


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [*TOKENS, "active", "aud", "exp", "sub", "error", "errorCode", "errorCauses", "x"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    status=st.integers(200, 599) | st.just(200),
    body=JSON.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=40),
    content_type=st.sampled_from(["application/json", "text/html", ""]),
)
def test_whatever_comes_only_our_errors_leave(status: int, body: bytes, content_type: str) -> None:
    handler = Recorder(answer(status, body, replace=typed(content_type)))
    http = httpx.Client(transport=httpx.MockTransport(handler))
    with http, OktaOIDC(ORG_URL, BASIC, retry=None, http_client=http) as okta:
        for call in (
            lambda: okta.token({"grant_type": "x"}),
            lambda: okta.token_for_code("c", CALLBACK),
            lambda: okta.introspect("t"),
            lambda: okta.revoke("t"),
        ):
            # A limit that one answer tells of would hold back the next call.
            runtime_of(okta).limits.forget()
            error = error_of(call)
            if error is None:
                assert status < 300
                continue
            assert isinstance(error, MalformedResponseError if status < 300 else APIError)
            assert error.body == body
            assert error.http.status == status


GENERATED: dict[str, tuple[ModuleType, Any]] = {
    "token": (custom_token, ClientCredentialsGrant()),
    "introspect": (custom_introspect, IntrospectRequest(token="t")),
    "revoke": (custom_revoke, CustomRevokeRequest(token="t")),
}


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    status=st.integers(200, 699),
    body=JSON.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=40),
    endpoint=st.sampled_from([*GENERATED]),
)
def test_what_a_generated_parser_is_given_it_can_read(
    status: int, body: bytes, endpoint: str
) -> None:
    module, request = GENERATED[endpoint]
    http = httpx.Client(transport=httpx.MockTransport(Recorder(answer(status, body))))
    with http, OktaOIDC(ORG_URL, BASIC, http_client=http) as okta:
        found: list[Any] = []
        runtime_of(okta).limits.forget()
        error = error_of(lambda: found.append(module.sync_detailed(client=okta.api, body=request)))
    if error is None:
        # A 2xx that the document does not declare is read as the one that it declares.
        assert 200 <= status <= 299
        assert found[0].status_code == 200
        assert found[0].content == body or json.loads(found[0].content)
    else:
        assert isinstance(error, MalformedResponseError if status < 300 else APIError)
        assert error.body == body
