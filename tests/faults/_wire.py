"""A loopback server that writes exactly the bytes it is told to, right or wrong."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

Respond = Callable[[bytes], "Response"]


class Response:
    """The bytes of one answer; ``close`` ends the connection behind them."""

    __slots__ = ("close", "wire")

    def __init__(self, wire: bytes, *, close: bool = False) -> None:
        self.wire = wire
        self.close = close


class WireServer:
    """Answers each request with ``respond(request)``; a thread a connection.

    ``requests`` are those that arrived whole, in bytes, with head and body; ``connections`` counts
    what was accepted.
    """

    def __init__(self, respond: Respond) -> None:
        self._respond = respond
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self.requests: list[bytes] = []
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._start(self._accept)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._lock:
            self._open.add(self._listener)
            for sock in self._open:
                # A thread that waits on a socket wakes up when it is shut down, not when closed.
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _start(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                if self._listener in self._open:
                    connection.close()
                    return
                self._open.add(connection)
                self.connections += 1
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            while request := read_request(connection):
                self.requests.append(request)
                response = self._respond(request)
                connection.sendall(response.wire)
                if response.close:
                    # Whoever closes over unread bytes resets, which may overtake the answer.
                    connection.shutdown(socket.SHUT_WR)
                    connection.recv(1)
                    break
        with self._lock:
            self._open.discard(connection)


def read_request(connection: socket.socket) -> bytes:
    """The next whole request, by its ``Content-Length``; nothing if the connection ends first."""
    received = bytearray()
    while b"\r\n\r\n" not in received:
        chunk = connection.recv(65536)
        if not chunk:
            return b""
        received += chunk
    head_size = received.index(b"\r\n\r\n") + 4
    size = head_size + content_length(bytes(received[:head_size]))
    while len(received) < size:
        chunk = connection.recv(65536)
        if not chunk:
            return b""
        received += chunk
    return bytes(received)


def content_length(head: bytes) -> int:
    """What a request's head says of the length of its body."""
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return int(value)
    return 0
