"""Holds every exchange against the document, and every request against what a form post may hold.

The verdict on requests and answers is openapi-core's: it reads OpenAPI 3.1, form bodies included,
resolves operation, path parameter, media type, response headers and discriminator by itself, and
takes no HTTP library's side. What a schema cannot say about a request is checked beside it.
"""

from __future__ import annotations

import functools
from collections.abc import AsyncIterable, Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast
from urllib.parse import parse_qsl

import httpx
import pytest
from jsonschema.exceptions import ValidationError
from openapi_core import OpenAPI
from openapi_core.datatypes import RequestParameters
from openapi_core.exceptions import OpenAPIError
from openapi_core.templating.media_types.exceptions import MediaTypeFinderError
from openapi_core.templating.paths.exceptions import PathError
from openapi_core.templating.responses.exceptions import ResponseFinderError
from openapi_core.validation.schemas.exceptions import InvalidSchemaValue
from werkzeug.datastructures import Headers

DOCUMENT = Path(__file__).parents[2] / "openapi" / "okta-oauth.yaml"
FORM = "application/x-www-form-urlencoded"

# The statuses that the default responses say they stand for, which no schema can say; and those of
# what is made in front of Okta.
REFUSALS = {400, 401, 403, 404, 405, 429, 500, 503}
IN_FRONT = {502, 503, 504}


class DisagreementError(AssertionError):
    """An exchange is not what the document says."""


@functools.cache
def document() -> OpenAPI:
    """The document, with its validators."""
    return OpenAPI.from_file_path(str(DOCUMENT))


@dataclass(frozen=True)
class Exchange:
    """One request and its answer, bodies as they crossed the wire (the answer's decompressed)."""

    method: str
    url: httpx.URL
    request_headers: httpx.Headers = field(repr=False)
    request_body: bytes = field(repr=False)
    status: int
    headers: httpx.Headers = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def form(self) -> list[tuple[str, str]]:
        """The parameters in the order sent, empty ones included."""
        return parse_qsl(self.request_body.decode("ascii"), keep_blank_values=True)

    @property
    def media_type(self) -> str:
        """That of the answer, in lower case; empty if there was none."""
        return _media_type(self.headers)

    def __str__(self) -> str:
        names = ", ".join(name for name, _ in self.form)
        return f"{self.method} {self.url.path} ({names}) -> {self.status} {self.media_type}"


def _media_type(headers: httpx.Headers) -> str:
    return str(headers.get("content-type", "")).partition(";")[0].strip().lower()


class _Request:
    """An exchange's request in the terms of openapi-core."""

    # Whatever the host, the document describes one server, an Okta org.
    host_url = "https://dev-000000.okta.com"

    def __init__(self, exchange: Exchange) -> None:
        self.path = exchange.url.path
        self.method = exchange.method.lower()
        self.body: bytes | None = exchange.request_body
        self.content_type = _media_type(exchange.request_headers)
        self.parameters = RequestParameters(header=Headers(dict(exchange.request_headers)))


class _Response:
    """An exchange's answer in the terms of openapi-core."""

    def __init__(self, exchange: Exchange) -> None:
        self.status_code = exchange.status
        self.data: bytes | None = exchange.body
        self.content_type = exchange.media_type
        self.headers = Headers(dict(exchange.headers))


def request_complaint(exchange: Exchange) -> str | None:
    """What the document has against the request."""
    return _complaint(lambda: document().validate_request(_Request(exchange)))


def response_complaint(exchange: Exchange) -> str | None:
    """What the document has against the answer."""
    complaint = _complaint(
        lambda: document().validate_response(_Request(exchange), _Response(exchange))
    )
    if complaint is None and exchange.url.path.endswith("/revoke") and exchange.status == 200:
        # A response without content says nothing to the validator about a body that comes anyway.
        return "a body where none is described" if exchange.body else None
    allowed = IN_FRONT if exchange.media_type == "text/html" else REFUSALS
    if complaint is None and exchange.status >= 300 and exchange.status not in allowed:
        return f"{exchange.status} {exchange.media_type} is not described"
    return complaint


def _complaint(validate: Callable[[], None]) -> str | None:
    try:
        validate()
    except OpenAPIError as error:
        return f"{type(error).__name__} {_without_values(error)}".rstrip()
    return None


def _without_values(error: BaseException) -> str:
    """Which rule was broken and where: the library's own words quote tokens and secrets."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, InvalidSchemaValue):
            broken = cast("Iterable[ValidationError]", cause.schema_errors)
            return "; ".join(f"{found.json_path}: {found.validator}" for found in broken)
        if isinstance(cause, (MediaTypeFinderError, PathError, ResponseFinderError)):
            return str(cause)
        cause = cause.__cause__
    return ""


def wire_complaint(exchange: Exchange) -> str | None:
    """What no request may hold, whether or not this server minds."""
    headers, names = exchange.request_headers, [name for name, _ in exchange.form]
    methods = ("authorization" in headers) + ("client_secret" in names)
    unwanted = [name for name in ("cookie", "origin", "referer") if name in headers]
    findings = {
        "not a POST": exchange.method != "POST",
        "not a form": headers.get("content-type") != FORM,
        "does not ask for JSON": headers.get("accept") != "application/json",
        "a query string": bool(exchange.url.query),
        f"sends {unwanted}": bool(unwanted),
        f"authenticates {methods} times": methods != 1,
        "names its client beside Basic": "authorization" in headers and "client_id" in names,
        "an empty parameter": any(not value for _, value in exchange.form),
        "a parameter sent twice": len(names) != len(set(names)),
        "a wrong length": headers.get("content-length") != str(len(exchange.request_body)),
    }
    return next((finding for finding, found in findings.items() if found), None)


class Judge:
    """Sees every exchange of one test, and objects at once.

    ``undescribed`` are the answers, by status and media type, that the server is known to give
    and the document is right not to describe.
    """

    def __init__(self, undescribed: Iterable[tuple[int, str]] = ()) -> None:
        self.exchanges: list[Exchange] = []
        self._undescribed = frozenset(undescribed)
        self._tolerated: list[str] | None = None

    def weigh(self, exchange: Exchange) -> None:
        """Raise DisagreementError unless request and answer are in order."""
        self.exchanges.append(exchange)
        self._object(exchange, wire_complaint(exchange))
        complaint = request_complaint(exchange)
        if complaint is not None and self._tolerated is not None:
            self._tolerated.append(complaint)
        else:
            self._object(exchange, complaint)
        if (exchange.status, exchange.media_type) not in self._undescribed:
            self._object(exchange, response_complaint(exchange))

    @contextmanager
    def outside_the_document(self) -> Generator[None]:
        """For requests the document forbids; it has to forbid at least one, or that is wrong."""
        self._tolerated = []
        try:
            yield
            if not self._tolerated:
                raise DisagreementError("the document describes what the test took for forbidden")
        finally:
            self._tolerated = None

    def see(self, request: httpx.Request, response: httpx.Response) -> None:
        """Weigh an exchange whose answer has been read."""
        self.weigh(
            Exchange(
                method=request.method,
                url=request.url,
                request_headers=request.headers,
                request_body=b"".join(cast("Iterable[bytes]", request.stream)),
                status=response.status_code,
                headers=response.headers,
                body=response.content,
            )
        )

    def on_response(self, response: httpx.Response) -> None:
        """Event hook of an ``httpx.Client``."""
        response.read()
        self.see(response.request, response)

    async def on_async_response(self, response: httpx.Response) -> None:
        """Event hook of an ``httpx.AsyncClient``."""
        await response.aread()
        self.see(response.request, response)

    @staticmethod
    def _object(exchange: Exchange, complaint: str | None) -> None:
        if complaint is not None:
            raise DisagreementError(f"{exchange}: {complaint}")


def _copy(response: httpx.Response, content: bytes) -> httpx.Response:
    return httpx.Response(
        response.status_code, headers=response.headers, stream=httpx.ByteStream(content)
    )


class JudgedTransport(httpx.BaseTransport):
    """Shows a judge what passes through another transport."""

    def __init__(self, judge: Judge, inner: httpx.BaseTransport) -> None:
        self._judge = judge
        self._inner = inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = self._inner.handle_request(request)
        content = b"".join(self._chunks(response))
        seen = _copy(response, content)
        seen.read()
        self._judge.see(request, seen)
        return _copy(response, content)

    @staticmethod
    def _chunks(response: httpx.Response) -> Iterator[bytes]:
        try:
            yield from cast("Iterable[bytes]", response.stream)
        finally:
            response.close()

    def close(self) -> None:
        self._inner.close()


class AsyncJudgedTransport(httpx.AsyncBaseTransport):
    """Shows a judge what passes through another transport."""

    def __init__(self, judge: Judge, inner: httpx.AsyncBaseTransport) -> None:
        self._judge = judge
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._inner.handle_async_request(request)
        try:
            stream = cast("AsyncIterable[bytes]", response.stream)
            content = b"".join([chunk async for chunk in stream])
        finally:
            await response.aclose()
        seen = _copy(response, content)
        await seen.aread()
        self._judge.see(request, seen)
        return _copy(response, content)

    async def aclose(self) -> None:
        await self._inner.aclose()


def watch(judge: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    """Show ``judge`` what the package's clients send when they are left to themselves."""
    from okta_oidc._wire.async_lanes import AsyncOriginTransport
    from okta_oidc._wire.lanes import OriginTransport

    stock = OriginTransport.handle_request

    def handle_request(self: OriginTransport, request: httpx.Request) -> httpx.Response:
        inner = httpx.MockTransport(functools.partial(stock, self))
        return JudgedTransport(judge, inner).handle_request(request)

    monkeypatch.setattr(OriginTransport, "handle_request", handle_request)
    _watch_async(judge, monkeypatch, AsyncOriginTransport)


def watch_aiohttp(judge: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    """As :func:`watch`, for ``okta_oidc.aiohttp_client``."""
    from okta_oidc._wire.aiohttp import AiohttpTransport

    _watch_async(judge, monkeypatch, AiohttpTransport)


def _watch_async(
    judge: Judge, monkeypatch: pytest.MonkeyPatch, transport: type[httpx.AsyncBaseTransport]
) -> None:
    stock = transport.handle_async_request

    async def handle_async_request(
        self: httpx.AsyncBaseTransport, request: httpx.Request
    ) -> httpx.Response:
        inner = httpx.MockTransport(functools.partial(stock, self))
        return await AsyncJudgedTransport(judge, inner).handle_async_request(request)

    monkeypatch.setattr(transport, "handle_async_request", handle_async_request)
