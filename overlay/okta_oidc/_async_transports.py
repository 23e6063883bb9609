"""The asynchronous transport: connections to one origin. Its caller limits time, by cancelling."""

from __future__ import annotations

import functools
import ssl
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from typing import Any, Final, cast

import httpcore
import httpx
from anyio import CancelScope

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
            network_backend=_ClosingBackend(),
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


class _ClosingBackend(httpcore.AsyncNetworkBackend):
    """A backend whose connections are closed when a TLS handshake is cancelled."""

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
        return _ClosingStream(
            await self._backend.connect_tcp(host, port, timeout, local_address, socket_options)
        )


class _ClosingStream(httpcore.AsyncNetworkStream):
    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream: Final = stream

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return await self._stream.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await self._stream.write(buffer, timeout)

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            return await self._stream.start_tls(ssl_context, server_hostname, timeout)
        except BaseException:
            # httpcore closes it after errors, but not after a cancellation.
            with CancelScope(shield=True):
                await self._stream.aclose()
            raise

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

    async def aclose(self) -> None:
        await self._stream.aclose()


class _AsyncStream(httpx.AsyncByteStream):
    def __init__(self, response: httpcore.Response, in_flight: list[int], index: int) -> None:
        self._response: Final = response
        self._in_flight: Final = in_flight
        self._index: Final = index
        self._chunks: AsyncIterator[bytes] | None = None
        self._open = True

    def __aiter__(self) -> AsyncIterator[bytes]:
        self._chunks = self._response.aiter_stream()
        return self._chunks

    async def aclose(self) -> None:
        if self._open:
            self._open = False
            try:
                await self._response.aclose()
                if self._chunks is not None:
                    # httpcore's generators, left half way, would trouble the event loop. What they
                    # have left is in memory, and after it a closed connection.
                    with suppress(httpcore.NetworkError, httpcore.ProtocolError):
                        async for _ in self._chunks:
                            pass
            finally:
                self._in_flight[self._index] -= 1
