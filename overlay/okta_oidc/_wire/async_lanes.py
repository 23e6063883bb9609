"""The asynchronous transport: connections to one origin. Its caller limits time, by cancelling."""

from __future__ import annotations

import functools
import ssl
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import suppress
from typing import Any, Final, TypeAlias, cast

import httpcore
import httpx
from anyio import CancelScope, Semaphore

from .core import core_request, core_url, pool_options
from .environment import Origin
from .loops import PerLoop
from .reuse import KEEPALIVE_SECONDS, MAX_CONNECTIONS, is_reusable, network_stream

# asyncio may read more at a time than anyio hands out, and nothing tells of the rest: so much, and
# far more than these endpoints answer.
_READ_AHEAD: Final = 32 * 1024

_Lane: TypeAlias = httpcore.AsyncConnectionInterface


class AsyncOriginTransport(httpx.AsyncBaseTransport):
    """Connections to one origin, a set of them for each event loop: none can serve another."""

    def __init__(self, origin: Origin) -> None:
        # It makes the connections, and no more.
        pool = httpcore.AsyncConnectionPool(
            network_backend=_CountingBackend(), **pool_options(origin)
        )
        connect = functools.partial(pool.create_connection, core_url(origin.url).origin)
        self._lanes: Final = PerLoop(functools.partial(_Lanes, connect))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._lanes.get().handle(core_request(request, {}))

    async def aclose(self) -> None:
        lanes = self._lanes.pop()
        if lanes is not None:
            await lanes.aclose()


class _Lanes:
    """The connections of one event loop.

    httpcore's pool looks at every connection and request on each change of either, so a call would
    cost the more the more of them there are. And a task that is cancelled at the wrong moment
    leaves a connection in it that is neither in use nor free: here that is given up.
    """

    __slots__ = ("_all", "_connect", "_free", "_room")

    def __init__(self, connect: Callable[[], _Lane]) -> None:
        self._connect: Final = connect
        self._all: Final[set[_Lane]] = set()
        # In the order in which they came to rest, and since when.
        self._free: Final[deque[tuple[_Lane, float]]] = deque()
        self._room: Final = Semaphore(MAX_CONNECTIONS, fast_acquire=True)

    async def handle(self, request: httpcore.Request) -> httpx.Response:
        await self._room.acquire()
        # The last to be free: few calls at a time share few connections, and the others expire.
        lane = self._free.pop()[0] if self._free else self._new_lane()
        try:
            if lane.has_expired():
                await self._close(lane)
                lane = self._new_lane()
            if self._free and time.monotonic() - self._free[0][1] > KEEPALIVE_SECONDS:
                await self._close(self._free.popleft()[0])
            response = await lane.handle_async_request(request)
        except BaseException:
            await self.give_up(lane)
            raise
        return httpx.Response(
            response.status, headers=response.headers, stream=_Stream(response, self, lane)
        )

    def keep(self, lane: _Lane) -> None:
        """Let the next call have this connection."""
        if lane in self._all:  # else all were closed meanwhile
            self._free.append((lane, time.monotonic()))
        self._room.release()

    async def give_up(self, lane: _Lane) -> None:
        """Close this connection, and let the next call have its room."""
        try:
            await self._close(lane)
        finally:
            self._room.release()

    async def aclose(self) -> None:
        self._free.clear()
        for lane in list(self._all):
            await self._close(lane)

    def _new_lane(self) -> _Lane:
        lane = self._connect()
        self._all.add(lane)
        return lane

    async def _close(self, lane: _Lane) -> None:
        self._all.discard(lane)
        with CancelScope(shield=True):
            await lane.aclose()


class _Stream(httpx.AsyncByteStream):
    def __init__(self, response: httpcore.Response, lanes: _Lanes, lane: _Lane) -> None:
        self._response: Final = response
        self._lanes: Final = lanes
        self._lane: _Lane | None = lane
        self._chunks: AsyncIterator[bytes] | None = None

    def __aiter__(self) -> AsyncIterator[bytes]:
        self._chunks = aiter(cast("httpx.AsyncByteStream", self._response.stream))
        return self._chunks

    async def aclose(self) -> None:
        lane, self._lane = self._lane, None
        if lane is None:
            return
        try:
            await self._response.aclose()
            if self._chunks is not None:
                # httpcore's generators, left half way, would trouble the event loop. What they
                # have left is in memory, and after it a closed connection.
                with suppress(httpcore.NetworkError, httpcore.ProtocolError):
                    async for _ in self._chunks:
                        pass
            is_fit = (
                lane.is_idle()
                and is_reusable(self._response)
                and cast("_CountingStream", network_stream(self._response)).received < _READ_AHEAD
            )
        except BaseException:
            await self._lanes.give_up(lane)
            raise
        if is_fit:
            self._lanes.keep(lane)
        else:
            await self._lanes.give_up(lane)


class _CountingBackend(httpcore.AsyncNetworkBackend):
    """A backend whose connections count, and are closed when a TLS handshake is cancelled."""

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
        return _CountingStream(
            await self._backend.connect_tcp(host, port, timeout, local_address, socket_options)
        )


class _CountingStream(httpcore.AsyncNetworkStream):
    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream: Final = stream
        # Bytes, since the last request.
        self.received = 0

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        data = await self._stream.read(max_bytes, timeout)
        self.received += len(data)
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.received = 0
        await self._stream.write(buffer, timeout)

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            return _CountingStream(
                await self._stream.start_tls(ssl_context, server_hostname, timeout)
            )
        except BaseException:
            # httpcore closes it after errors, but not after a cancellation.
            with CancelScope(shield=True):
                await self._stream.aclose()
            raise

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

    async def aclose(self) -> None:
        await self._stream.aclose()
