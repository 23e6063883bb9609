"""The fake behind a real socket on loopback: HTTP/1.1, keep-alive, a thread a connection."""

from __future__ import annotations

import socket
import ssl
import struct
import sys
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer, ThreadingMixIn
from typing import TYPE_CHECKING, Self, cast

from ._answers import Answer, RefusalError
from ._faults import Delivery, Disconnect, Drip, Raise, with_content_length
from ._requests import IncomingRequest

if TYPE_CHECKING:
    from types import TracebackType

MAX_BODY = 1 << 20
_MAX_LINE = 1 << 16
# How often the accept loop looks whether it should end; it bounds how long closing takes.
_POLL_SECONDS = 0.02
# How long a client whose request was refused unread may take to notice.
_DRAIN_SECONDS = 1.0

Handle = Callable[[IncomingRequest], Delivery]


class _UnreadableRequestError(Exception):
    pass


class StoppedError(Exception):
    """The server was stopped while an answer waited for its time."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    error_content_type = "text/plain"
    error_message_format = "%(code)d %(message)s"

    def handle_one_request(self) -> None:
        # The base class calls a do_X method and answers 501 where there is none; Okta's answer to a
        # wrong method is a 405 of its own, so every method goes the same way.
        self.close_connection = True
        self.raw_requestline = self.rfile.readline(_MAX_LINE + 1)
        if len(self.raw_requestline) > _MAX_LINE:
            self.requestline = self.request_version = self.command = ""
            self.send_error(HTTPStatus.REQUEST_URI_TOO_LONG)
            self._drain()
            return
        if not self.raw_requestline or not self.parse_request():
            return
        try:
            body = self._read_body()
        except (_UnreadableRequestError, ValueError):
            self.close_connection = True
            refusal = RefusalError(400, "E0000003", "The request cannot be read.", shape="okta")
            self._send(with_content_length(refusal.answer()))
            self._drain()
            return
        path, _, query = self.path.partition("?")
        request = IncomingRequest(
            method=self.command,
            path=path,
            query=query,
            headers=tuple(self.headers.items()),
            body=body,
        )
        try:
            delivery = self._fake_server.fake_handle(request)
        except StoppedError:
            self.close_connection = True
        else:
            self._deliver(delivery)

    @property
    def _fake_server(self) -> _LoopbackTCPServer:
        return cast("_LoopbackTCPServer", self.server)

    def _deliver(self, delivery: Delivery) -> None:
        manner = delivery.manner
        if isinstance(manner, (Disconnect, Raise)):
            self.close_connection = True
            if isinstance(manner, Disconnect) and manner.reset:
                # A linger time of zero makes the close a reset.
                no_linger = struct.pack("ii", 1, 0)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, no_linger)
            return
        if not isinstance(manner, Drip):
            self._send(delivery.answer)
            return
        head, body = self._serialize(delivery.answer)
        if manner.part == "headers":
            slow = head + body
        else:
            self.wfile.write(head)
            slow = body
        for index in range(len(slow)):
            if self._fake_server.stopping.wait(manner.interval):
                self.close_connection = True
                return
            self.wfile.write(slow[index : index + 1])

    def _send(self, answer: Answer) -> None:
        head, body = self._serialize(answer)
        # One write, or the body would wait for the acknowledgement of the head.
        self.wfile.write(head + body)

    def _serialize(self, answer: Answer) -> tuple[bytes, bytes]:
        try:
            phrase = HTTPStatus(answer.status).phrase
        except ValueError:
            phrase = ""
        lines = [f"HTTP/1.1 {answer.status} {phrase}"]
        lines += [f"{name}: {value}" for name, value in answer.headers]
        if self.close_connection:
            lines.append("Connection: close")
        head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
        return head, b"" if self.command == "HEAD" else answer.body

    def _read_body(self) -> bytes:
        encoding = self.headers.get("Transfer-Encoding")
        if encoding is not None:
            if encoding.strip().lower() != "chunked":
                raise _UnreadableRequestError
            return self._read_chunks()
        announced = self.headers.get("Content-Length", "0").strip()
        if not announced.isascii() or not announced.isdigit():
            raise _UnreadableRequestError
        return self._read_exactly(int(announced))

    def _read_chunks(self) -> bytes:
        body = bytearray()
        while True:
            size = int(self.rfile.readline(_MAX_LINE).partition(b";")[0], 16)
            if size < 0 or len(body) + size > MAX_BODY:
                raise _UnreadableRequestError
            if size == 0:
                break
            body += self._read_exactly(size)
            self._read_exactly(2)
        while self.rfile.readline(_MAX_LINE).strip():
            pass
        return bytes(body)

    def _read_exactly(self, size: int) -> bytes:
        if size > MAX_BODY:
            raise _UnreadableRequestError
        data = self.rfile.read(size)
        if len(data) < size:
            raise _UnreadableRequestError
        return data

    def _drain(self) -> None:
        # Closing over unread bytes resets the connection, and the reset can overtake the answer.
        self.connection.settimeout(_DRAIN_SECONDS)
        socket.socket.shutdown(self.connection, socket.SHUT_WR)
        for _ in range(MAX_BODY >> 16):
            if not self.connection.recv(1 << 16):
                break

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Silence: the fake keeps its own record."""


class _LoopbackTCPServer(ThreadingMixIn, TCPServer):
    # Threads are joined when the server closes, so none outlives it.
    daemon_threads = False
    block_on_close = True
    request_queue_size = 256

    def __init__(self, port: int, handle: Handle, ssl_context: ssl.SSLContext | None) -> None:
        self.fake_handle = handle
        self.stopping = threading.Event()
        self.crashes: list[BaseException] = []
        self._ssl_context = ssl_context
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), _Handler)

    def finish_request(self, request: object, client_address: object) -> None:
        connection = cast("socket.socket", request)
        if self._ssl_context is not None:
            # The handshake happens here, in the connection's own thread: a client that never says
            # a word must not keep the others waiting.
            connection = self._ssl_context.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
        if not self._track(connection):
            return
        try:
            if isinstance(connection, ssl.SSLSocket):
                connection.do_handshake()
            _Handler(connection, client_address, self)
        except OSError:
            # The client went away, or TLS failed; it knows.
            pass
        finally:
            with self._lock:
                self._open.discard(connection)
            connection.close()

    def shutdown_request(self, request: object) -> None:
        # Shutting down before closing, as the base class does, would soften a reset into an end.
        cast("socket.socket", request).close()

    def handle_error(self, request: object, client_address: object) -> None:
        crash = sys.exc_info()[1]
        if crash is not None:
            self.crashes.append(crash)

    def stop(self) -> None:
        self.stopping.set()
        self.shutdown()
        with self._lock:
            for connection in self._open:
                try:
                    # Past the TLS layer, which another thread is using at this moment.
                    socket.socket.shutdown(connection, socket.SHUT_RDWR)
                except OSError:
                    continue
        self.server_close()

    def _track(self, connection: socket.socket) -> bool:
        with self._lock:
            if self.stopping.is_set():
                connection.close()
                return False
            self._open.add(connection)
            return True


class LoopbackServer:
    """A running server; ``url`` is where it is, without a trailing slash."""

    def __init__(
        self,
        handle: Handle,
        *,
        hostname: str = "127.0.0.1",
        port: int = 0,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._server = _LoopbackTCPServer(port, handle, ssl_context)
        self.port: int = self._server.server_address[1]
        self.url = f"{'http' if ssl_context is None else 'https'}://{hostname}:{self.port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": _POLL_SECONDS},
            name=f"fake-okta-{self.port}",
            daemon=True,
        )
        self._thread.start()

    def wait(self, seconds: float) -> None:
        """Hold an answer back; :class:`StoppedError` if the server ends before the time is up."""
        if self._server.stopping.wait(seconds):
            raise StoppedError

    def close(self) -> None:
        """End every connection and thread; further calls do nothing.

        Raises ``RuntimeError`` if the fake itself failed while it answered a request.
        """
        if not self._thread.is_alive():
            return
        self._server.stop()
        self._thread.join()
        if self._server.crashes:
            raise RuntimeError("the fake failed while answering") from self._server.crashes[0]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"LoopbackServer({self.url!r})"
