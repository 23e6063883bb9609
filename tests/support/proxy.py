"""A TCP proxy that breaks things, in front of a real server.

It runs in a thread and an event loop of its own. A fault is a coroutine function of an
:class:`Exchange`, which offers what can be done to one: read the request or a part of it, hand it
to the server behind, write an answer or a part of it, end the connection in one of several ways.
Each planned fault strikes one request (or one connection, for those that must not wait for a
request); what is not struck passes through unharmed. ``requests`` tells what arrived whole, struck
or not.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import ssl
import struct
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass, field
from typing import Any

from .servers import content_length

_UPSTREAM_SECONDS = 60.0
_CONNECTION = re.compile(rb"\r\nconnection:[^\r]*", re.IGNORECASE)


@dataclass
class Exchange:
    """One request on a connection, as far as it has come."""

    proxy: FaultProxy
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    connection: int
    request: bytearray = field(default_factory=bytearray)

    async def read_head(self) -> None:
        """Read on to the end of the request's head."""
        while b"\r\n\r\n" not in self.request:
            await self._read_more()

    async def read(self) -> None:
        """Read the request to its end, and record it."""
        await self.read_head()
        head, _, body = self.request.partition(b"\r\n\r\n")
        missing = content_length(bytes(head)) - len(body)
        while missing > 0:
            missing -= await self._read_more()
        self.proxy.requests.append(bytes(self.request))

    async def answer(self) -> bytes:
        """The real server's answer to the request, which is read first."""
        await self.read()
        reader, writer = await asyncio.open_connection(*self.proxy.upstream)
        with contextlib.closing(writer):
            # So that the end of the answer is the end of the connection, whatever it looks like.
            head, end, body = bytes(self.request).partition(b"\r\n\r\n")
            head = _CONNECTION.sub(b"", head) + b"\r\nConnection: close"
            writer.write(head + end + body)
            answer = await asyncio.wait_for(reader.read(), _UPSTREAM_SECONDS)
        head, end, body = answer.partition(b"\r\n\r\n")
        return _CONNECTION.sub(b"", head) + end + body

    async def send(self, data: bytes) -> None:
        """Write all of ``data`` now."""
        self.writer.write(data)
        await self.writer.drain()

    async def drip(self, data: bytes, interval: float) -> None:
        """Write ``data`` one byte every ``interval`` seconds."""
        for index in range(len(data)):
            await self.send(data[index : index + 1])
            await asyncio.sleep(interval)

    async def hang(self) -> None:
        """Do nothing more until the client has gone."""
        while await self.reader.read(65536):
            pass

    def half_close(self) -> None:
        """Say that nothing more will be written, and go on listening. Not over TLS."""
        self.writer.write_eof()

    async def close(self) -> None:
        """End the connection in good order."""
        self.writer.close()

    async def reset(self) -> None:
        """End the connection with a reset."""
        sock: socket.socket = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def _read_more(self) -> int:
        chunk = await self.reader.read(65536)
        if not chunk:
            raise ConnectionResetError
        self.request += chunk
        return len(chunk)


Strike = Callable[[Exchange], Awaitable[None]]


@dataclass(frozen=True)
class Fault:
    """What to do to one request; ``at_once``: to one connection, before it has said anything."""

    strike: Strike
    at_once: bool = False


async def _pass(exchange: Exchange) -> None:
    await exchange.send(await exchange.answer())


PASS = Fault(_pass)


class FaultProxy:
    """The proxy. ``tls`` is its own certificate; the server behind is reached in the clear.

    ``requests`` are those that arrived whole, ``connections`` counts those accepted (and, with
    ``tls``, through their handshake), ``open_connections`` those the client has not ended yet.
    """

    def __init__(self, upstream: tuple[str, int], tls: ssl.SSLContext | None = None) -> None:
        self.upstream = upstream
        self.requests: list[bytes] = []
        self.connections = 0
        self.failures: list[BaseException] = []
        self._tls = tls
        self._planned: deque[Fault] = deque()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.port = 0

    @property
    def open_connections(self) -> int:
        """How many connections have not ended."""
        return len(self._tasks)

    def url(self, scheme: str | None = None, host: str = "127.0.0.1") -> str:
        """Where the proxy listens."""
        return f"{scheme or ('https' if self._tls else 'http')}://{host}:{self.port}"

    def plan(self, *faults: Fault | Strike) -> None:
        """Let each of ``faults`` strike one request, in this order, after those already planned."""
        for fault in faults:
            self._planned.append(fault if isinstance(fault, Fault) else Fault(fault))

    def forget(self) -> None:
        """Let the faults that have not struck yet strike nobody."""
        self._planned.clear()

    def wait_until_quiet(self, seconds: float = 30.0) -> None:
        """Wait until every connection has ended. ``TimeoutError`` if one does not."""
        asyncio.run_coroutine_threadsafe(self._all_ended(seconds), self._loop).result()

    async def _all_ended(self, seconds: float) -> None:
        if self._tasks:
            done, pending = await asyncio.wait(set(self._tasks), timeout=seconds)
            del done
            if pending:
                raise TimeoutError(f"{len(pending)} connections are still open")

    async def _listen(self, host: str) -> asyncio.Server:
        server = await asyncio.start_server(self._accept, host, 0, ssl=self._tls)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._serve(reader, writer, self.connections)
        except (OSError, asyncio.CancelledError):
            pass  # the client has gone, or the proxy is to stop
        except Exception as error:  # noqa: BLE001  # raised when the proxy stops
            self.failures.append(error)
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: int
    ) -> None:
        while not (writer.is_closing() or reader.at_eof()):
            exchange = Exchange(self, reader, writer, connection)
            if not (self._planned and self._planned[0].at_once):
                # A fault for a request waits until there is one.
                exchange.request += await reader.read(1)
                if not exchange.request:
                    return
            fault = self._planned.popleft() if self._planned else PASS
            await fault.strike(exchange)

    async def _stop(self, server: asyncio.Server) -> None:
        server.close()
        for task in set(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        # Transports close in the loop's next turns.
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    @contextlib.contextmanager
    def running(self, host: str = "127.0.0.1") -> Generator[FaultProxy]:
        """Listen on ``host`` for the length of the block."""
        self._thread.start()
        server = asyncio.run_coroutine_threadsafe(self._listen(host), self._loop).result()
        try:
            yield self
        finally:
            asyncio.run_coroutine_threadsafe(self._stop(server), self._loop).result()
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()
        if self.failures:
            raise RuntimeError("the proxy itself failed") from self.failures[0]
