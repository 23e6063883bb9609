"""The asynchronous transport: connections to one origin. Its caller limits time, by cancelling."""

from __future__ import annotations

import functools
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any, Final, TypeAlias, cast

import httpcore
import httpx
from anyio import CancelScope, Semaphore

from .connections import KEEPALIVE_SECONDS, MAX_CONNECTIONS, connector, core_request, is_reusable
from .loops import PerLoop

_Lane: TypeAlias = httpcore.AsyncConnectionInterface


class AsyncOriginTransport(httpx.AsyncBaseTransport):
    """Connections to one origin, a set of them for each event loop: none can serve another."""

    def __init__(self, origin: httpx.URL) -> None:
        # The pool only creates the connections.
        connect = connector(httpcore.AsyncConnectionPool, origin, _CountingBackend())
        self._lanes: Final = PerLoop(functools.partial(_Lanes, connect))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._lanes.get().handle(core_request(request))

    async def aclose(self) -> None:
        lanes = self._lanes.pop()
        if lanes is not None:
            await lanes.aclose()


class _Lanes:
    """The connections of one event loop.

    httpcore's pool scans every connection and request on each change, so the cost of a call grows
    with their number. And a task that is cancelled at the wrong moment leaves a connection in that
    pool that is neither in use nor free: here it is closed.
    """

    __slots__ = ("_connect", "_free", "_is_closed", "_room")

    def __init__(self, connect: Callable[[], _Lane]) -> None:
        self._connect: Final = connect
        self._is_closed = False
        # Idle connections, the longest idle first, and since when they are idle.
        self._free: Final[deque[tuple[_Lane, float]]] = deque()
        self._room: Final = Semaphore(MAX_CONNECTIONS, fast_acquire=True)

    async def handle(self, request: httpcore.Request) -> httpx.Response:
        await self._room.acquire()
        # The one used last: few calls at a time share few connections, and the others expire.
        lane = self._free.pop()[0] if self._free else self._connect()
        try:
            if lane.has_expired():
                await _close(lane)
                lane = self._connect()
            if self._free and time.monotonic() - self._free[0][1] > KEEPALIVE_SECONDS:
                await _close(self._free.popleft()[0])
            response = await lane.handle_async_request(request)
        except BaseException:
            await self.put_back(lane, is_fit=False)
            raise
        return httpx.Response(
            response.status, headers=response.headers, stream=_Stream(response, self, lane)
        )

    async def put_back(self, lane: _Lane, *, is_fit: bool) -> None:
        """Make room for the next call, and keep the connection for it if it is fit for one."""
        try:
            if is_fit and not self._is_closed:
                self._free.append((lane, time.monotonic()))
            else:
                await _close(lane)
        finally:
            self._room.release()

    async def aclose(self) -> None:
        """Close the idle connections now, and those in use after their responses."""
        self._is_closed = True
        while self._free:
            await _close(self._free.pop()[0])


async def _close(closing: _Lane | httpcore.AsyncNetworkStream) -> None:
    # Shielded, as a cancelled task could not wait for it.
    with CancelScope(shield=True):
        await closing.aclose()


class _Stream(httpx.AsyncByteStream):
    def __init__(self, response: httpcore.Response, lanes: _Lanes, lane: _Lane) -> None:
        self._response: Final = response
        self._lanes: Final = lanes
        self._lane: Final = lane
        self._chunks: Final = aiter(cast("httpx.AsyncByteStream", response.stream))

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._chunks

    async def aclose(self) -> None:
        is_fit = False
        try:
            await self._response.aclose()
            # Read to the end: an abandoned async generator is closed later by the event loop's
            # finalizer. The rest is in memory, and after it the connection is closed.
            with suppress(httpcore.NetworkError, httpcore.ProtocolError):
                async for _ in self._chunks:
                    pass
            is_fit = is_reusable(self._lane, self._response)
        finally:
            await self._lanes.put_back(self._lane, is_fit=is_fit)


class _CountingBackend(httpcore.AsyncNetworkBackend):
    """Its connections count received bytes, and close when a TLS handshake is cancelled."""

    def __init__(self) -> None:
        self._backend: Final = cast("httpcore.AsyncNetworkBackend", httpcore.AnyIOBackend())

    async def connect_tcp(self, *args: Any, **options: Any) -> httpcore.AsyncNetworkStream:
        return _CountingStream(await self._backend.connect_tcp(*args, **options))


class _CountingStream(httpcore.AsyncNetworkStream):
    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream: Final = stream
        # Bytes since the last request.
        self.received = 0

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        data = await self._stream.read(max_bytes, timeout)
        self.received += len(data)
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.received = 0
        await self._stream.write(buffer, timeout)

    async def start_tls(self, *args: Any, **options: Any) -> httpcore.AsyncNetworkStream:
        try:
            return _CountingStream(await self._stream.start_tls(*args, **options))
        except BaseException:
            # httpcore closes it after errors, but not after a cancellation.
            await _close(self._stream)
            raise

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

    async def aclose(self) -> None:
        await self._stream.aclose()
