"""The asynchronous transport: connections to one origin. Its caller limits time, by cancelling."""

from __future__ import annotations

import functools
import ssl
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import suppress
from typing import Any, Final, cast

import httpcore
import httpx
from anyio import CancelScope, Semaphore

from ._config import Server
from ._leftovers import Leftovers
from ._loops import PerLoop
from ._transports import KEEPALIVE_SECONDS, MAX_CONNECTIONS, core_request, proxy_for, shared_tls


class AsyncOriginTransport(httpx.AsyncBaseTransport):
    """Connections to one server, a set of them for each event loop: none can serve another."""

    def __init__(self, server: Server) -> None:
        new_lane = functools.partial(
            httpcore.AsyncConnectionPool,
            ssl_context=shared_tls() if server.secure else None,
            proxy=proxy_for(server),
            max_connections=1,
            max_keepalive_connections=1,
            keepalive_expiry=KEEPALIVE_SECONDS,
            network_backend=_WatchingBackend(),
        )
        self._lanes: Final = PerLoop(lambda: _Lanes(new_lane))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._lanes.get().handle(core_request(request, {}))

    async def aclose(self) -> None:
        lanes = self._lanes.pop()
        if lanes is not None:
            await lanes.aclose()


class _Lanes:
    """Many pools of one connection in place of one pool of many.

    httpcore looks at every connection and request of a pool on each change of either, so a call
    would cost the more the more of them there are. And a task that is cancelled at the wrong moment
    leaves a connection in its pool that is neither in use nor free: here its lane is given up.
    """

    __slots__ = ("_free", "_lanes", "_new", "_room")

    def __init__(self, new: Callable[[], httpcore.AsyncConnectionPool]) -> None:
        self._new: Final = new
        self._lanes: Final[set[httpcore.AsyncConnectionPool]] = set()
        # In the order in which they came to rest, and since when.
        self._free: Final[deque[tuple[httpcore.AsyncConnectionPool, float]]] = deque()
        self._room: Final = Semaphore(MAX_CONNECTIONS, fast_acquire=True)

    async def handle(self, request: httpcore.Request) -> httpx.Response:
        await self._room.acquire()
        # The last to be free: few calls at a time share few connections, and the others expire.
        lane = self._free.pop()[0] if self._free else self._new_lane()
        try:
            if self._free and time.monotonic() - self._free[0][1] > KEEPALIVE_SECONDS:
                await self._close(self._free.popleft()[0])
            response = await lane.handle_async_request(request)
        except BaseException:
            await self._give_up(lane)
            raise
        stream = _AsyncStream(
            response,
            keep=functools.partial(self._keep, lane),
            give_up=functools.partial(self._give_up, lane),
        )
        return httpx.Response(response.status, headers=response.headers, stream=stream)

    async def aclose(self) -> None:
        for lane in list(self._lanes):
            await self._close(lane)
        self._free.clear()

    def _new_lane(self) -> httpcore.AsyncConnectionPool:
        lane = self._new()
        self._lanes.add(lane)
        return lane

    def _keep(self, lane: httpcore.AsyncConnectionPool) -> None:
        if lane in self._lanes:
            self._free.append((lane, time.monotonic()))
        self._room.release()

    async def _give_up(self, lane: httpcore.AsyncConnectionPool) -> None:
        try:
            await self._close(lane)
        finally:
            self._room.release()

    async def _close(self, lane: httpcore.AsyncConnectionPool) -> None:
        self._lanes.discard(lane)
        with CancelScope(shield=True):
            await lane.aclose()


class _WatchingBackend(httpcore.AsyncNetworkBackend):
    """A backend whose connections are watched, and closed when a TLS handshake is cancelled."""

    def __init__(self) -> None:
        self._backend: Final = cast("httpcore.AsyncNetworkBackend", httpcore.AnyIOBackend())

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        return _WatchedStream(
            await self._backend.connect_tcp(host, port, timeout, local_address, socket_options)
        )


class _WatchedStream(httpcore.AsyncNetworkStream):
    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream: Final = stream
        self._leftovers: Final = Leftovers()

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._leftovers.received(await self._stream.read(max_bytes, timeout))

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._leftovers.asked()
        await self._stream.write(buffer, timeout)

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            return _WatchedStream(
                await self._stream.start_tls(ssl_context, server_hostname, timeout)
            )
        except BaseException:
            # httpcore closes it after errors, but not after a cancellation.
            with CancelScope(shield=True):
                await self._stream.aclose()
            raise

    def get_extra_info(self, info: str) -> Any:
        return self._leftovers.info(self._stream.get_extra_info, info)

    async def aclose(self) -> None:
        await self._stream.aclose()


class _AsyncStream(httpx.AsyncByteStream):
    def __init__(
        self,
        response: httpcore.Response,
        keep: Callable[[], None],
        give_up: Callable[[], Awaitable[None]],
    ) -> None:
        self._response: Final = response
        self._keep: Final = keep
        self._give_up: Final = give_up
        self._chunks: AsyncIterator[bytes] | None = None
        self._open = True

    def __aiter__(self) -> AsyncIterator[bytes]:
        self._chunks = self._response.aiter_stream()
        return self._chunks

    async def aclose(self) -> None:
        if not self._open:
            return
        self._open = False
        try:
            await self._response.aclose()
            if self._chunks is not None:
                # httpcore's generators, left half way, would trouble the event loop. What they
                # have left is in memory, and after it a closed connection.
                with suppress(httpcore.NetworkError, httpcore.ProtocolError):
                    async for _ in self._chunks:
                        pass
        except BaseException:
            await self._give_up()
            raise
        self._keep()
