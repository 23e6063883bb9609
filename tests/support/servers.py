"""Two ends of a wire that write down what they are sent: a raw server, and an httpx handler."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Self, TypeAlias
from urllib.parse import parse_qsl

import httpx


@dataclass(frozen=True)
class RawRequest:
    """One request, as it came off the socket."""

    raw: bytes

    @property
    def lines(self) -> list[str]:
        """The request line, and the headers behind it."""
        return self.raw.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")

    @property
    def request_line(self) -> str:
        return self.lines[0]

    @property
    def headers(self) -> Sequence[tuple[str, str]]:
        pairs = (line.partition(": ") for line in self.lines[1:])
        return [(name, value) for name, _, value in pairs]

    @property
    def body(self) -> bytes:
        return self.raw.partition(b"\r\n\r\n")[2]

    def header(self, name: str) -> list[str]:
        """Every value of the header, so that a test sees one that was sent twice."""
        return [value for key, value in self.headers if key.lower() == name]

    @property
    def form(self) -> list[tuple[str, str]]:
        return parse_qsl(self.body.decode("ascii"), keep_blank_values=True, strict_parsing=True)


@dataclass
class Answer:
    """The bytes of one answer; ``close`` ends the connection behind them."""

    wire: bytes
    close: bool = False


Reaction: TypeAlias = bytes | Answer | Callable[["socket.socket"], None]


def http_bytes(
    status_line: str = "200 OK",
    body: bytes = b"",
    headers: Iterable[tuple[str, str]] = (("Content-Type", "application/json"),),
) -> bytes:
    """A response as bytes, with its length."""
    lines = [f"HTTP/1.1 {status_line}", *(f"{name}: {value}" for name, value in headers)]
    lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


class RawServer:
    """A loopback server that writes exactly the bytes it is told to, right or wrong.

    A thread serves each connection. The reactions are used up in turn, the last one again and
    again. One that is a function gets the connection, which is closed after it. ``respond`` makes
    a reaction of a request instead. ``requests`` are those that arrived whole; ``connections``
    counts what was accepted.
    """

    def __init__(
        self,
        *reactions: Reaction,
        respond: Callable[[RawRequest], Reaction] | None = None,
    ) -> None:
        self._respond: Final = respond
        self.requests: Final[list[RawRequest]] = []
        self.connections = 0
        self._reactions: Final = list(reactions) or [http_bytes()]
        self._lock: Final = threading.Lock()
        self._open: Final[set[socket.socket]] = set()
        self._threads: Final[list[threading.Thread]] = []
        self._listener: Final = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port: Final[int] = self._listener.getsockname()[1]
        self.url: Final = f"http://127.0.0.1:{self.port}"
        self._start(self._accept)

    def close(self) -> None:
        with self._lock:
            self._open.add(self._listener)
            for each in self._open:
                # A thread that waits on a socket wakes up when it is shut down, not when closed.
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)
        self._listener.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

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
        with connection, contextlib.suppress(OSError):
            while request := _read(connection):
                reaction = self._reaction(request)
                if isinstance(reaction, bytes):
                    reaction = Answer(reaction)
                if not isinstance(reaction, Answer):
                    reaction(connection)
                    break
                connection.sendall(reaction.wire)
                if reaction.close:
                    # Whoever closes over unread bytes resets, which may overtake the answer.
                    connection.shutdown(socket.SHUT_WR)
                    connection.recv(1)
                    break
        with self._lock:
            self._open.discard(connection)

    def _reaction(self, request: RawRequest) -> Reaction:
        with self._lock:
            self.requests.append(request)
            if self._respond is None:
                return self._reactions.pop(0) if len(self._reactions) > 1 else self._reactions[0]
        return self._respond(request)


def _read(connection: socket.socket) -> RawRequest | None:
    """The next whole request, by its ``Content-Length``; nothing if the connection ends first."""
    received = bytearray()
    size: int | None = None
    while size is None or len(received) < size:
        chunk = connection.recv(65536)
        if not chunk:
            return None
        received += chunk
        if size is None and b"\r\n\r\n" in received:
            head_size = received.index(b"\r\n\r\n") + 4
            size = head_size + content_length(bytes(received[:head_size]))
    return RawRequest(bytes(received))


def content_length(head: bytes) -> int:
    """What a request's head says of the length of its body."""
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return int(value)
    return 0


class Recorder:
    """An httpx handler that keeps the requests, and answers with the responses in turn.

    An exception in place of a response is raised. The last one is used again and again.
    """

    def __init__(
        self, *responses: httpx.Response | Exception | Callable[[], httpx.Response]
    ) -> None:
        self.requests: Final[list[httpx.Request]] = []
        self._responses: Final = list(responses)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        pending = self._responses
        response = pending.pop(0) if len(pending) > 1 else pending[0]
        if isinstance(response, Exception):
            raise response
        if not isinstance(response, httpx.Response):
            return response()
        # A response is consumed by being read, so each request gets one of its own.
        return httpx.Response(
            response.status_code, headers=response.headers, content=response.content
        )

    @property
    def last(self) -> httpx.Request:
        return self.requests[-1]

    @property
    def form(self) -> list[tuple[str, str]]:
        """The last form, in its order."""
        return parse_qsl(
            self.last.content.decode("ascii"), keep_blank_values=True, strict_parsing=True
        )


def never(request: httpx.Request) -> httpx.Response:
    """An httpx handler for what must not be sent."""
    raise AssertionError(f"{request.method} {request.url} was sent")
