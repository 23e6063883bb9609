"""The fake behind httpx, with no socket in between."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator

import httpx

from ._faults import Delivery, Disconnect, Drip, Raise
from ._requests import IncomingRequest


class _SingleBytes(httpx.SyncByteStream, httpx.AsyncByteStream):
    def __init__(self, body: bytes) -> None:
        self._body = body

    def __iter__(self) -> Iterator[bytes]:
        for index in range(len(self._body)):
            yield self._body[index : index + 1]

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for byte in self:
            yield byte


class FakeTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """One transport for ``httpx.Client`` and ``httpx.AsyncClient``.

    It leads to the fake's own origin only; any other host is an ``httpx.ConnectError``, as it
    would be for a name that does not resolve.
    """

    def __init__(
        self,
        handle: Callable[[IncomingRequest], Delivery],
        is_own_origin: Callable[[httpx.URL], bool],
    ) -> None:
        self._handle = handle
        self._is_own_origin = is_own_origin

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """For ``httpx.Client``."""
        request.read()
        return self._respond(request)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """For ``httpx.AsyncClient``."""
        await request.aread()
        return self._respond(request)

    def _respond(self, request: httpx.Request) -> httpx.Response:
        if not self._is_own_origin(request.url):
            raise httpx.ConnectError("the fake Okta has another origin", request=request)
        path, _, query = request.url.raw_path.decode("ascii").partition("?")
        delivery = self._handle(
            IncomingRequest(
                method=request.method,
                path=path,
                query=query,
                headers=tuple(
                    (name.decode("latin-1"), value.decode("latin-1"))
                    for name, value in request.headers.raw
                ),
                body=request.content,
            )
        )
        manner = delivery.manner
        if isinstance(manner, Raise):
            raise manner.exception(manner.message, request=request)
        if isinstance(manner, Disconnect):
            if manner.reset:
                raise httpx.ReadError("connection reset", request=request)
            raise httpx.RemoteProtocolError("no response before the end", request=request)
        answer = delivery.answer
        body = b"" if request.method == "HEAD" else answer.body
        return httpx.Response(
            answer.status,
            headers=[
                (name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers
            ],
            stream=_SingleBytes(body) if isinstance(manner, Drip) else httpx.ByteStream(body),
            request=request,
        )
