"""A proxy of the kind that environments name: it answers CONNECT, and passes on what follows."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
from collections.abc import Callable, Generator
from typing import Final


class TunnelProxy:
    """Every tunnel ends at ``upstream``, whatever host was asked for.

    ``status`` is what CONNECT is answered with; ``heads`` are the requests for tunnels, whole.
    """

    def __init__(self, upstream: tuple[str, int], status: bytes = b"200 OK") -> None:
        self.heads: Final[list[bytes]] = []
        self._upstream: Final = upstream
        self._status: Final = status
        self._server: Final = _Server(("127.0.0.1", 0), self._connect)

    @property
    def address(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    @contextlib.contextmanager
    def running(self) -> Generator[TunnelProxy]:
        """Listen for the length of the block."""
        thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()

    def _connect(self, client: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            chunk = client.recv(65536)
            if not chunk:
                return
            head += chunk
        self.heads.append(head)
        client.sendall(b"HTTP/1.1 " + self._status + b"\r\nContent-Length: 0\r\n\r\n")
        if not self._status.startswith(b"2"):
            return
        with socket.create_connection(self._upstream, timeout=10) as upstream:
            back = threading.Thread(target=_pump, args=(upstream, client), daemon=True)
            back.start()
            _pump(client, upstream)
            back.join()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], connect: Callable[[socket.socket], None]) -> None:
        super().__init__(address, socketserver.BaseRequestHandler)
        self._connect: Final = connect

    def finish_request(self, request: socket.socket, client_address: object) -> None:  # type: ignore[override]
        self._connect(request)


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while chunk := source.recv(65536):
            target.sendall(chunk)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
