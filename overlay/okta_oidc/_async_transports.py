"""The asynchronous transport: connections to one origin. Its caller limits time, by cancelling."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator
from typing import Final

import httpcore
import httpx

from ._config import Server
from ._loops import PerLoop
from ._transports import KEEPALIVE_SECONDS, MAX_CONNECTIONS, core_request, proxy_for, shared_tls

# httpcore looks at every connection and request of a pool on each change: ten small pools cost a
# tenth of one large one.
_ASYNC_POOLS: Final = 10


class AsyncOriginTransport(httpx.AsyncBaseTransport):
    """Connections to one server, a set of them for each event loop: none can serve another."""

    def __init__(self, server: Server) -> None:
        new_pool = functools.partial(
            httpcore.AsyncConnectionPool,
            ssl_context=shared_tls() if server.secure else None,
            proxy=proxy_for(server),
            max_connections=MAX_CONNECTIONS // _ASYNC_POOLS,
            max_keepalive_connections=MAX_CONNECTIONS // _ASYNC_POOLS,
            keepalive_expiry=KEEPALIVE_SECONDS,
        )
        self._pools: Final = PerLoop(lambda: _Pools([new_pool() for _ in range(_ASYNC_POOLS)]))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._pools.get().handle(core_request(request, {}))

    async def aclose(self) -> None:
        pools = self._pools.pop()
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
