"""A server that never stops talking: the memory that it takes has a bound, and the time."""

from __future__ import annotations

import socket
import tracemalloc

import pytest
from okta_oidc import OktaError, TransportError

from tests.support.faces import EVERY_KIND, Face, Kind, Owner
from tests.support.servers import RawServer

from ._outcomes import raised_within
from .test_faults import AIOHTTP

_LIMIT = 1.0
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
_CHUNKED = _HEAD + b"Transfer-Encoding: chunked\r\n\r\n"

# How an answer begins, and what comes for ever after.
FLOODS: dict[str, tuple[bytes, bytes]] = {
    "announcements": (b"", b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" * 500),
    "continuations": (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 500),
    "headers": (_HEAD, b"X-Header: value\r\n" * 1000),
    "a header": (_HEAD + b"X-Header: ", b"value" * 4000),
    "a status line": (b"HTTP/1.1 200 ", b"OK" * 8000),
    "empty lines": (b"", b"\r\n" * 8000),
    "a body": (_HEAD + b"\r\n", b" " * 16_000),
    "chunks": (_CHUNKED, b"1\r\n \r\n" * 2000),
    "extensions of a chunk": (_CHUNKED + b"1;", b"name=value;" * 1500),
    "the size of a chunk": (_CHUNKED, b"0" * 16_000),
    "trailers": (_CHUNKED + b"2\r\n{}\r\n0\r\n", b"X-Trailer: value\r\n" * 1000),
}


def flooding(begin: bytes, more: bytes) -> RawServer:
    """A server whose answers have no end."""

    def flood(connection: socket.socket) -> None:
        connection.sendall(begin)
        while True:
            connection.sendall(more)

    return RawServer(flood)


# The server's thread and the tracing of memory slow the client down many times.
@pytest.mark.parametrize(
    ("face", "owner"),
    [*((face, "own") for face in EVERY_KIND), ("asyncio", "borrowed"), AIOHTTP],
    ids=str,
)
@pytest.mark.parametrize("flood", FLOODS)
def test_flood(flood: str, face: Kind, owner: Owner) -> None:
    with (
        flooding(*FLOODS[flood]) as server,
        Face(face, server.url, owner=owner, timeout=_LIMIT, retry=None) as caller,
    ):
        tracemalloc.start()
        try:
            with raised_within(6 * _LIMIT) as caught:
                caller.call("introspect")
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert isinstance(caught[0], OktaError)
        if owner == "aiohttp" and flood in ("announcements", "continuations"):
            # It would parse all that has come before it could be stopped.
            assert type(caught[0]) is TransportError
        # A megabyte of body, what was read ahead of it, and copies of both.
        assert peak < 12 * 1024 * 1024
