"""The asynchronous transport: connections to one origin. Its caller limits time, by cancelling."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator
from typing import Final

import httpcore
import httpx
from sniffio import current_async_library

from ._config import Server
from ._transports import KEEPALIVE_SECONDS, MAX_CONNECTIONS, core_request, proxy_for, shared_tls

# httpcore looks at every connection and request of a pool on each change: ten small pools cost a
# tenth of one large one.
_ASYNC_POOLS: Final = 10


class AsyncOriginTransport(httpx.AsyncBaseTransport):
    """Connections to one server, a set of them for each event loop: none can serve another."""

    def __init__(self, server: Server) -> None:
        self._new_pool: Final = functools.partial(
            httpcore.AsyncConnectionPool,
            ssl_context=shared_tls() if server.secure else None,
            proxy=proxy_for(server),
            max_connections=MAX_CONNECTIONS // _ASYNC_POOLS,
            max_keepalive_connections=MAX_CONNECTIONS // _ASYNC_POOLS,
            keepalive_expiry=KEEPALIVE_SECONDS,
        )
        self._pools: dict[object, _Pools] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        loop = _running_loop()
        pools = self._pools.get(loop)
        if pools is None:
            # Loops that have ended never come back: a program may run one for each job.
            alive = {key: held for key, held in self._pools.items() if not _has_ended(key)}
            pools = _Pools([self._new_pool() for _ in range(_ASYNC_POOLS)])
            self._pools = {**alive, loop: pools}
        return await pools.handle(core_request(request, {}))

    async def aclose(self) -> None:
        # The connections of another loop cannot be closed from this one; they go with it.
        pools = self._pools.pop(_running_loop(), None)
        if pools is not None:
            await pools.aclose()


class _Pools:
    """Several small pools in place of a large one."""

    __slots__ = ("_in_flight", "_pools")

    def __init__(self, pools: list[httpcore.AsyncConnectionPool]) -> None:
        self._pools: Final = pools
        self._in_flight: Final = [0] * len(pools)

    async def handle(self, request: httpcore.Request) -> httpx.Response:
        # The first of the least busy ones, so that calls one after another reuse one connection,
        # and no pool is full while another has room.
        index = self._in_flight.index(min(self._in_flight))
        self._in_flight[index] += 1
        try:
            response = await self._pools[index].handle_async_request(request)
        except BaseException:
            self._in_flight[index] -= 1
            raise
        return httpx.Response(
            response.status,
            headers=response.headers,
            stream=_AsyncStream(response, self._in_flight, index),
        )

    async def aclose(self) -> None:
        for pool in self._pools:
            await pool.aclose()


class _AsyncStream(httpx.AsyncByteStream):
    def __init__(self, response: httpcore.Response, in_flight: list[int], index: int) -> None:
        self._response: Final = response
        self._in_flight: Final = in_flight
        self._index: Final = index
        self._open = True

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._response.aiter_stream()

    async def aclose(self) -> None:
        if self._open:
            self._open = False
            try:
                await self._response.aclose()
            finally:
                self._in_flight[self._index] -= 1


def _running_loop() -> object:
    if current_async_library() == "trio":
        import trio

        return trio.lowlevel.current_trio_token()
    return asyncio.get_running_loop()


def _has_ended(loop: object) -> bool:
    # Trio does not tell; its runs do not overlap in one thread, and seldom in several.
    return not isinstance(loop, asyncio.AbstractEventLoop) or loop.is_closed()
