"""Transports that send through a caller's own client: its proxy, TLS, hooks and transport.

It may be httpx's or httpx2's. What would break our promises stays out: its redirects, its own
authentication, its cookies. An exception that is none of the library's comes from the caller's own
code, and reaches the caller as it is.
"""

from __future__ import annotations

import functools
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final, cast

import httpx

from .bodies import SentBody
from .environment import Origin, Unusable

# "Origin" makes a server treat a call as a browser's; the others authenticate, carry a session, or
# belong to a body of theirs.
_NOT_THEIRS: Final = frozenset(
    {"authorization", "cookie", "expect", "origin", "proxy-authorization", "transfer-encoding"}
)
# A limit of 0 would mean "do not wait", which fails in another way.
_LEAST: Final = 0.001


class Lost(Exception):  # noqa: N818  # nobody outside sees it
    """The connection failed, and not the caller's code: ``error`` is what the library raised."""

    def __init__(self, error: Exception) -> None:
        super().__init__(type(error).__name__)
        self.error: Final = error


class DirectClient(httpx.AsyncClient, ABC):
    """A client of this package's own making: calls take its route, not the way through it."""

    @abstractmethod
    def route(self, origin: Origin) -> httpx.AsyncBaseTransport:
        """A transport of its own to ``origin``, closed with the first of client and user."""


def is_client(value: object) -> bool:
    """Whether this is a ``Client`` of httpx or httpx2."""
    return _library_with(value, "Client") is not None


def is_async_client(value: object) -> bool:
    """Whether this is an ``AsyncClient`` of httpx or httpx2."""
    return _library_with(value, "AsyncClient") is not None


class LentTransport(httpx.BaseTransport):
    """Sends through a caller's client, in the caller's thread.

    The seconds that are left limit each connect, read and write: there is no way to the socket.
    """

    def __init__(self, client: Any) -> None:
        self._client: Final = client
        self._lender: Final = _Lender(client, "Client")

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        theirs = self._lender.request(request)
        try:
            response = self._client.send(theirs, stream=True, auth=None, follow_redirects=False)
        except self._lender.errors as error:
            response = self._lender.response_of(error, request, theirs)
        return self._lender.answer(response)


class AsyncLentTransport(httpx.AsyncBaseTransport):
    """Sends through a caller's asynchronous client."""

    def __init__(self, client: Any) -> None:
        self._client: Final = client
        self._lender: Final = _Lender(client, "AsyncClient")

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        theirs = self._lender.request(request)
        try:
            response = await self._client.send(
                theirs, stream=True, auth=None, follow_redirects=False
            )
        except self._lender.errors as error:
            response = self._lender.response_of(error, request, theirs)
        return self._lender.answer(response)


class _Lender:
    """A caller's client, and the library that it is of."""

    def __init__(self, client: Any, kind: str) -> None:
        self._client: Final = client
        self._library: Final[Any] = _library_with(client, kind)
        self.errors: Final = (self._library.RequestError, self._library.HTTPStatusError)

    def request(self, request: httpx.Request) -> Any:
        """The request in the library's terms, with the client's headers added."""
        if self._client.is_closed:
            raise Unusable("the http_client is closed")
        headers = request.headers.copy()
        for name, value in self._client.headers.items():
            if name not in headers and name not in _NOT_THEIRS:
                headers[name] = value
        limit = request.extensions["timeout"]["read"]
        request_class, body_class = _watched(self._library)
        body = body_class(request.stream)
        theirs = request_class(
            request.method,
            str(request.url),
            headers=headers.raw,
            stream=body,
            extensions={**request.extensions, "timeout": _SecondsLeft(limit)},
        )
        theirs.body = body
        return theirs

    def response_of(self, error: Any, request: httpx.Request, theirs: Any) -> Any:
        """The response that a hook raised over (``raise_for_status``), or the failure."""
        # A hook's own call to somewhere else, or an error that no transport raised.
        if _request_of(error) is not theirs:
            raise error
        if isinstance(error, self._library.HTTPStatusError):
            return error.response
        if theirs.stream is not theirs.body:
            # A hook put another in its place, which cannot tell.
            cast("SentBody", request.stream).started = True
        raise Lost(error) from error

    def answer(self, response: Any) -> httpx.Response:
        headers = httpx.Headers(response.headers.raw)
        if not response.is_stream_consumed and not response.is_closed:
            stream = _LentStream(response, self._library.RequestError)
            return httpx.Response(response.status_code, headers=headers, stream=stream)
        # A hook has read it, or raised over it.
        try:
            content = response.content
        except self._library.ResponseNotRead:
            content = b""
        for name in ("content-encoding", "content-length", "transfer-encoding"):
            headers.pop(name, None)
        return httpx.Response(response.status_code, headers=headers, content=content)


class _LentStream(httpx.SyncByteStream, httpx.AsyncByteStream):
    def __init__(self, response: Any, error_class: type[Exception]) -> None:
        self._response: Final = response
        self._error_class: Final = error_class
        self._chunks: AsyncIterator[bytes] | None = None

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._response.stream
        except self._error_class as error:
            raise Lost(error) from error

    def close(self) -> None:
        self._response.close()

    def __aiter__(self) -> AsyncIterator[bytes]:
        self._chunks = aiter(self._response.stream)
        return self

    async def __anext__(self) -> bytes:
        # No generator: one that is left half way troubles the event loop.
        assert self._chunks is not None
        try:
            return await anext(self._chunks)
        except self._error_class as error:
            raise Lost(error) from error

    async def aclose(self) -> None:
        await self._response.aclose()


class _SecondsLeft(dict[str, float | None]):
    """Limits as transports ask for them, each as what is left when it is asked for."""

    def __init__(self, limit: float | None) -> None:
        super().__init__(dict.fromkeys(("connect", "read", "write", "pool"), limit))
        self._deadline: Final = None if limit is None else time.monotonic() + limit

    def __getitem__(self, name: str) -> float | None:
        limit = super().__getitem__(name)
        if limit is None or self._deadline is None:
            return limit
        return max(_LEAST, self._deadline - time.monotonic())

    def get(self, name: str, default: Any = None) -> Any:
        return self[name] if name in self else default  # noqa: SIM401  # which it would call


def _library_with(client: object, kind: str) -> Any:
    """httpx or httpx2, whichever this client's class or its ancestor ``kind`` is of."""
    for name in ("httpx", "httpx2"):
        library = sys.modules.get(name)
        if library is not None and isinstance(client, getattr(library, kind)):
            return library
    return None


class _WatchedBody(SentBody):
    def __init__(self, body: SentBody) -> None:
        self._body: Final = body

    def take(self) -> bytes:
        return self._body.take()


class _WatchedRequest:
    """Hooks, mounts and transports may read what is sent. Whoever does may have sent it."""

    body: SentBody

    @property
    def content(self) -> bytes:
        return self.body.take()

    def read(self) -> bytes:
        return self.content

    async def aread(self) -> bytes:
        return self.content


@functools.cache
def _watched(library: Any) -> tuple[type[Any], type[Any]]:
    """The two as the library's own, which it checks for."""
    return (
        type("Request", (_WatchedRequest, library.Request), {}),
        type("SentBody", (_WatchedBody, library.ByteStream), {}),
    )


def _request_of(error: Any) -> Any:
    try:
        return error.request
    except RuntimeError:  # it has none
        return None
