"""An asynchronous transport over aiohttp, several times as fast as httpx's when calls are many."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager
from typing import Final, cast

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from ._borrowed import DirectClient
from ._config import Server
from ._loops import PerLoop
from ._transports import KEEPALIVE_SECONDS, MAX_CONNECTIONS, proxy_address, shared_tls


class AiohttpClient(DirectClient):
    """See :func:`okta_oidc.aiohttp_client`."""

    def __init__(self) -> None:
        super().__init__(transport=AiohttpTransport(verify=shared_tls()))

    def route(self, server: Server) -> httpx.AsyncBaseTransport:
        return AiohttpRoute(server)


class AiohttpRoute(httpx.AsyncBaseTransport):
    """Connections to one server, for asyncio."""

    def __init__(self, server: Server) -> None:
        self._server: Final = server
        self._transports: Final = PerLoop(self._new_transport)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        with _true_errors():
            response = await self._transports.get().handle_async_request(request)
        response.stream = _Stream(cast("httpx.AsyncByteStream", response.stream))
        return response

    async def aclose(self) -> None:
        transport = self._transports.pop()
        if transport is not None:
            await transport.aclose()

    def _new_transport(self) -> AiohttpTransport:
        proxy = proxy_address(self._server)
        if proxy is not None and proxy.url.scheme.startswith("socks"):
            raise httpx.UnsupportedProtocol("aiohttp has no SOCKS proxies")
        return AiohttpTransport(verify=shared_tls(), proxy=proxy, client=self._new_session)

    def _new_session(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=MAX_CONNECTIONS,
                keepalive_timeout=KEEPALIVE_SECONDS,
                ssl=shared_tls() if self._server.secure else True,
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            # Its own limit of five minutes; ours cancels.
            timeout=aiohttp.ClientTimeout(),
        )


class _Stream(httpx.AsyncByteStream):
    def __init__(self, stream: httpx.AsyncByteStream) -> None:
        self._stream: Final = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _true_errors():
            async for chunk in self._stream:
                yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()


@contextmanager
def _true_errors() -> Generator[None, None, None]:
    # The transport calls all that befalls a connection a connect timeout, also when it broke after
    # the request: what may be sent again turns on which it was.
    try:
        yield
    except httpx.TransportError as error:
        cause = error.__cause__
        if isinstance(cause, aiohttp.ConnectionTimeoutError):
            raise httpx.ConnectTimeout(str(error)) from cause
        if isinstance(cause, aiohttp.ClientConnectorError):
            raise httpx.ConnectError(str(error)) from cause
        if isinstance(error, httpx.ConnectTimeout):
            raise httpx.ReadError(str(error)) from cause
        raise
    except aiohttp.ClientError as error:
        # Garbage in place of HTTP, which the error's text quotes.
        raise httpx.RemoteProtocolError(type(error).__name__) from None
