"""A transport that sends through a caller's own client: its proxy, TLS, hooks and transport.

It may be httpx's or httpx2's. Its redirects, authentication and cookies are not used. An exception
that is not the library's comes from the caller's own code, and reaches the caller as it is.
"""

from __future__ import annotations

import functools
import sys
from abc import abstractmethod
from typing import Any, Final, cast

import httpx

from .bodies import SentBody
from .environment import Unusable

# "Origin" makes a server treat a call as a browser's; the others authenticate, carry a session, or
# belong to a body of theirs.
_NOT_THEIRS: Final = frozenset(
    {"authorization", "cookie", "expect", "origin", "proxy-authorization", "transfer-encoding"}
)
_AS_IT_IS: Final[dict[str, Any]] = {"stream": True, "auth": None, "follow_redirects": False}


class Lost(Exception):  # noqa: N818  # nobody outside sees it
    """The connection failed, and not the caller's code: ``error`` is what the library raised."""

    def __init__(self, error: Exception) -> None:
        super().__init__(type(error).__name__)
        self.error: Final = error


class DirectClient(httpx.AsyncClient):
    """A client created by this package: its transport is used directly, bypassing ``send()``."""

    @abstractmethod
    def route(self, origin: httpx.URL) -> httpx.AsyncBaseTransport:
        """A new transport to ``origin``, closed with the client or its user, whichever is first."""


def library_of(client: object, *kinds: str) -> Any:
    """httpx or httpx2, whichever has ``client`` as one of its ``kinds``; ``None`` for neither."""
    for library in filter(None, map(sys.modules.get, ("httpx", "httpx2"))):
        if isinstance(client, tuple(getattr(library, kind) for kind in kinds)):
            return library
    return None


class LentTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Sends through a caller's client, in the caller's thread or task."""

    def __init__(self, client: Any) -> None:
        self._client: Final = client
        self._library: Final = library_of(client, "Client", "AsyncClient")
        self._errors: Final = (self._library.RequestError, self._library.HTTPStatusError)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        theirs = self._request(request)
        try:
            response = self._client.send(theirs, **_AS_IT_IS)
        except self._errors as error:
            response = self._response_of(error, theirs, request)
        return self._answer(response)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        theirs = self._request(request)
        try:
            response = await self._client.send(theirs, **_AS_IT_IS)
        except self._errors as error:
            response = self._response_of(error, theirs, request)
        return self._answer(response)

    def _request(self, request: httpx.Request) -> Any:
        """The request in the library's terms, with the client's headers added."""
        if self._client.is_closed:
            raise Unusable("the http_client is closed")
        headers = request.headers.copy()
        for name, value in self._client.headers.items():
            if name not in headers and name not in _NOT_THEIRS:
                headers[name] = value
        request_class, body_class = _watched(self._library)
        request.stream = body_class(cast("SentBody", request.stream).content)
        return request_class(
            request.method,
            str(request.url),
            headers=headers.raw,
            stream=request.stream,
            extensions=request.extensions,
        )

    def _response_of(self, error: Any, theirs: Any, request: httpx.Request) -> Any:
        """The response that a hook raised over (``raise_for_status``), or the failure."""
        try:
            is_of_this = error.request is theirs
        except RuntimeError:  # it is of no request
            is_of_this = False
        if not is_of_this:
            # A hook's own call to somewhere else, or an error that no transport raised.
            raise error
        if isinstance(error, self._library.HTTPStatusError):
            return error.response
        if theirs.stream is not request.stream:
            # A hook has replaced the body by one that does not record being read.
            cast("SentBody", request.stream).started = True
        raise Lost(error) from error

    def _answer(self, response: Any) -> httpx.Response:
        headers = httpx.Headers(response.headers.raw)
        stream = response.stream
        if response.is_stream_consumed or response.is_closed:
            # A hook has read it, or raised over it.
            headers.pop("content-encoding", None)
            try:
                stream = httpx.ByteStream(response.content)
            except self._library.ResponseNotRead:
                stream = httpx.ByteStream(b"")
        return httpx.Response(response.status_code, headers=headers, stream=stream)


@functools.cache
def _watched(library: Any) -> tuple[type[Any], type[Any]]:
    """A request, and a body that notes when it is read, of the library's own classes."""
    # To look at the content counts as sending it: a hook, mount or transport may have done so.
    members = {"content": property(library.Request.read)}
    return (
        type("Request", (library.Request,), members),
        type("SentBody", (SentBody, library.ByteStream), {}),
    )
