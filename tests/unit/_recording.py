"""Two ends of a wire that write down what they are sent: a raw server, and an httpx handler."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self, TypeAlias
from urllib.parse import parse_qsl

import httpx

Reaction: TypeAlias = bytes | Callable[["socket.socket"], None]


@dataclass(frozen=True)
class RawRequest:
    """One request, as it came off the socket."""

    request_line: str
    headers: Sequence[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> list[str]:
        """Every value of the header, so that a test sees one that was sent twice."""
        return [value for key, value in self.headers if key.lower() == name]

    @property
    def form(self) -> list[tuple[str, str]]:
        return parse_qsl(self.body.decode("ascii"), keep_blank_values=True, strict_parsing=True)


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
    """A loopback server that parses as little as it can, and answers with the bytes it is given.

    The reactions are used up in turn, the last one again and again. One that is a function gets
    the connection, which is closed after it. ``respond`` makes an answer of a request instead.
    """

    def __init__(
        self, *reactions: Reaction, respond: Callable[[RawRequest], bytes] | None = None
    ) -> None:
        self._respond: Final = respond
        self.requests: Final[list[RawRequest]] = []
        self.connections = 0
        self._reactions: Final = list(reactions) or [http_bytes()]
        self._lock: Final = threading.Lock()
        self._open: Final[set[socket.socket]] = set()
        self._threads: Final[list[threading.Thread]] = []
        self._listener: Final = socket.create_server(("127.0.0.1", 0))
        self.port: Final[int] = self._listener.getsockname()[1]
        self.url: Final = f"http://127.0.0.1:{self.port}"
        self._spawn(self._accept)

    def close(self) -> None:
        with self._lock:
            for connection in (self._listener, *self._open):
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            self._listener.close()
        for thread in self._threads:
            thread.join(5)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _spawn(self, target: Callable[[], None]) -> None:
        thread = threading.Thread(target=target, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self.connections += 1
                self._open.add(connection)
            self._spawn(lambda connection=connection: self._serve(connection))  # type: ignore[misc]

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError), connection.makefile("rb") as reader:
            while True:
                request = _read(reader.readline, reader.read)
                if request is None:
                    break
                with self._lock:
                    self.requests.append(request)
                    reactions = self._reactions
                    reaction = reactions.pop(0) if len(reactions) > 1 else reactions[0]
                if self._respond is not None:
                    reaction = self._respond(request)
                if not isinstance(reaction, bytes):
                    reaction(connection)
                    break
                connection.sendall(reaction)
        with self._lock:
            self._open.discard(connection)


def _read(readline: Callable[[], bytes], read: Callable[[int], bytes]) -> RawRequest | None:
    first = readline()
    if not first:
        return None
    headers: list[tuple[str, str]] = []
    while (line := readline()) not in (b"\r\n", b""):
        name, _, value = line.decode("latin-1").rstrip("\r\n").partition(": ")
        headers.append((name, value))
    length = next((int(value) for name, value in headers if name.lower() == "content-length"), 0)
    return RawRequest(first.decode("latin-1").rstrip("\r\n"), headers, read(length))


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
