"""Request and response bodies on their way."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Iterator
from itertools import chain
from typing import Final, Self

import httpx

LARGEST: Final = 1024 * 1024
# Window bits: for gzip and zlib, which have headers, and for raw deflate, which some servers send
# for zlib.
_FORMS: Final = (zlib.MAX_WBITS | 32, -zlib.MAX_WBITS)


class SentBody(httpx.ByteStream):
    """A body, and whether it was asked for.

    Transports ask for the body after the request's head is out. A server cannot process a request
    whose body never left, so an error before that point is one that a retry cannot make worse.
    """

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.content: Final = content
        # Nothing shows when an empty body is sent, so it counts as sent.
        self.started = not content

    def __iter__(self) -> Iterator[bytes]:
        self.started = True
        yield self.content

    def __aiter__(self) -> AsyncIterator[bytes]:
        return _Pieces(iter(self))


class _Pieces:
    # Not a generator: the event loop's finalizer would close an abandoned one later.

    __slots__ = ("_pieces",)

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces: Final = pieces

    def __aiter__(self) -> _Pieces:
        return self

    async def __anext__(self) -> bytes:
        for piece in self._pieces:
            return piece
        raise StopAsyncIteration


class Answer:
    """A response, and its body as it arrives, up to 1 MiB: these endpoints send far less.

    ``size`` is how many bytes have arrived. ``is_complete`` is false where that limit cut it
    short, ``is_plain`` where ``body`` is still compressed, in a way that is not undone.
    """

    __slots__ = ("_chunks", "body", "headers", "is_complete", "is_plain", "size", "status")

    def __init__(self, response: httpx.Response) -> None:
        self.status: Final = response.status_code
        self.headers: Final = response.headers
        # httpx would find the same by decoding each name and each value.
        if b"".join(chain.from_iterable(self.headers.raw)).isascii():
            self.headers.encoding = "ascii"
        self.body = b""
        self.is_complete = self.is_plain = True
        self._chunks: Final[list[bytes]] = []
        self.size = 0

    def add(self, chunk: bytes) -> bool:
        """Add ``chunk``; return whether more may be read."""
        self._chunks.append(chunk)
        self.size += len(chunk)
        return self.size <= LARGEST

    def finished(self) -> Self:
        """This, with the received bytes as ``body``, decompressed if the server compressed them.

        A body that is compressed twice, or not by gzip or deflate, stays compressed: a few bytes
        of it could expand to gigabytes.
        """
        raw = content = b"".join(self._chunks)
        if raw and "content-encoding" in self.headers:
            names = [name.strip() for name in self.headers["content-encoding"].lower().split(",")]
            codings = [name for name in names if name not in ("", "identity")]
            self.is_plain = len(codings) < 2 and set(codings) <= {"gzip", "deflate"}
            if codings and self.is_plain:
                content = _inflated(raw)
        self.is_complete = len(raw) <= LARGEST >= len(content)
        self.body = content[:LARGEST]
        return self


def _inflated(raw: bytes) -> bytes:
    for form in _FORMS:
        inflater = zlib.decompressobj(form)
        try:
            content = inflater.decompress(raw, LARGEST + 1)
        except zlib.error:
            continue
        # Raw deflate has no header, so other data can look like the start of it.
        if form > 0 or inflater.eof or len(content) > LARGEST:
            return content
    # It cannot be decompressed: keep the bytes as received.
    return raw
