"""Request and response bodies on their way."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Final

import httpx

_LARGEST: Final = 1024 * 1024
# A kilobyte of deflate expands to a megabyte at most, so feeding no more at a time bounds the bomb.
_PIECE: Final = 1024


class SentBody(httpx.ByteStream):
    """A form, and whether it was asked for.

    Transports ask for the body after the request's head is out. A server cannot process a request
    whose body never left, so an error before that point is one that a retry cannot make worse.
    """

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.content: Final = content
        self.started = False

    def __iter__(self) -> Iterator[bytes]:
        self.started = True
        yield self.content

    def __aiter__(self) -> AsyncIterator[bytes]:
        return _Once(self)


class _Once:
    # No generator: one that is left half way, as a broken connection does, troubles the event loop.

    __slots__ = ("_body",)

    def __init__(self, body: SentBody) -> None:
        self._body: SentBody | None = body

    def __aiter__(self) -> _Once:
        return self

    async def __anext__(self) -> bytes:
        body, self._body = self._body, None
        if body is None:
            raise StopAsyncIteration
        body.started = True
        return body.content


class ReceivedBody:
    """A response body as it comes in, up to a megabyte: no answer of these endpoints is near it."""

    __slots__ = ("_chunks", "_size", "complete")

    def __init__(self) -> None:
        self._chunks: Final[list[bytes]] = []
        self._size = 0
        self.complete = True

    def add(self, chunk: bytes) -> bool:
        """Take ``chunk`` in; whether more is wanted."""
        self._chunks.append(chunk)
        self._size += len(chunk)
        if self._size > _LARGEST:
            self.complete = False
        return self.complete

    def content(self, headers: httpx.Headers) -> bytes:
        """The bytes, decompressed if the server compressed them unasked."""
        raw = b"".join(tuple(self._chunks))[:_LARGEST]
        if "content-encoding" not in headers or not raw:
            return raw
        response = httpx.Response(200, headers=headers, stream=_Pieces(raw))
        decoded = ReceivedBody()
        try:
            for chunk in response.iter_bytes():
                if not decoded.add(chunk):
                    break
        except httpx.DecodingError:
            # What came is all there is, and better kept as it is than lost.
            return raw
        self.complete = self.complete and decoded.complete
        return b"".join(decoded._chunks)[:_LARGEST]


class _Pieces(httpx.SyncByteStream):
    def __init__(self, content: bytes) -> None:
        self._content: Final = content

    def __iter__(self) -> Iterator[bytes]:
        for start in range(0, len(self._content), _PIECE):
            yield self._content[start : start + _PIECE]
