"""An asynchronous transport over aiohttp, several times as fast as httpx's when calls are many."""

from __future__ import annotations

import asyncio
import functools
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator
from typing import Any, Final, cast

import aiohttp
import httpx
from aiohttp.client_proto import ResponseHandler
from aiohttp.http import HttpProcessingError, RawResponseMessage
from httpcore._utils import is_socket_readable
from multidict import CIMultiDict
from yarl import URL

from .bodies import SentBody
from .connections import KEEPALIVE_SECONDS, MAX_CONNECTIONS, WITHOUT_CONTENT
from .environment import Unusable, proxy_address, tls
from .lent import DirectClient
from .loops import PerLoop, is_trio

_LONGEST_HEADER: Final = 64 * 1024
# Interim responses (1xx) included, whose number has no limit.
_LONGEST_HEAD: Final = 128 * 1024


class AiohttpClient(DirectClient):
    """See :func:`okta_oidc.aiohttp_client`."""

    def __init__(self) -> None:
        self._own: Final = AiohttpTransport(None)
        super().__init__(transport=self._own)

    def route(self, origin: httpx.URL) -> httpx.AsyncBaseTransport:
        proxy = proxy_address(origin)
        if proxy is not None and proxy.url.scheme.startswith("socks"):
            raise Unusable("the environment names a SOCKS proxy, and aiohttp has none")
        route = AiohttpTransport(proxy)
        self._own.others.append(route)
        return route


class AiohttpTransport(httpx.AsyncBaseTransport):
    """Connections by way of a ``ClientSession`` for each event loop, for asyncio."""

    def __init__(self, proxy: httpx.Proxy | None) -> None:
        self._sessions: Final = PerLoop(functools.partial(_new_session, tls()))
        # Those that are closed with this one.
        self.others: Final[list[AiohttpTransport]] = []
        self._is_closed = False
        self._options: Final[dict[str, Any]] = {"allow_redirects": False}
        if proxy is not None:
            self._options["proxy"] = URL(str(proxy.url))
            if proxy.raw_auth is not None:
                # aiohttp's own parameter for it is deprecated.
                credentials = b64encode(b":".join(proxy.raw_auth)).decode("ascii")
                self._options["proxy_headers"] = {"Proxy-Authorization": f"Basic {credentials}"}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self._is_closed:
            raise Unusable("the http_client is closed")
        stream = request.stream
        options: dict[str, Any] = self._options
        if not isinstance(stream, SentBody):
            # The caller uses the client directly, with httpx's time limits.
            stream = SentBody(await request.aread())
            limits = request.extensions.get("timeout", {})
            timeout = aiohttp.ClientTimeout(
                connect=limits.get("pool"),
                sock_connect=limits.get("connect"),
                sock_read=limits.get("read"),
            )
            options = {**options, "timeout": timeout}
        try:
            response = await self._sessions.get().request(
                request.method,
                URL(str(request.url), encoded=True),
                # In no variable, which a traceback would hold.
                headers=CIMultiDict(
                    (name.decode("latin-1"), value.decode("latin-1"))
                    for name, value in request.headers.raw
                ),
                data=stream if stream.content else None,
                **options,
            )
        except aiohttp.ClientError as error:
            raise _translated(error)  # noqa: B904  # it has its cause
        return httpx.Response(
            response.status, headers=response.raw_headers, stream=_Stream(response)
        )

    async def aclose(self) -> None:
        self._is_closed = True
        for other in self.others:
            await other.aclose()
        session = self._sessions.pop()
        if session is not None:
            await session.close()


class _Connection(ResponseHandler):
    """An aiohttp connection that is closed once it receives more than one response.

    aiohttp would parse the rest as the response to the next request: a gateway's 408 on an idle
    connection, or a second response, which may be another user's.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self._params: dict[str, Any] = {}
        # Bytes received until the head of the final response is complete.
        self._received = bytearray()
        self._final: aiohttp.StreamReader | None = None
        # The parser failed: no more of the final response can be read.
        self.is_broken = False

    @property
    def _is_idle(self) -> bool:
        return self._final is not None and self._final.is_eof()

    def is_connected(self) -> bool:
        # Called before an idle connection is reused. The loop may not have read all data yet.
        socket: Any = self.transport and self.transport.get_extra_info("socket")
        return super().is_connected() and not (self._is_idle and is_socket_readable(socket))

    def set_response_params(self, **params: Any) -> None:
        self._params = params
        self._final = None
        super().set_response_params(**params)

    def feed_data(
        self, data: tuple[RawResponseMessage, aiohttp.StreamReader], size: int = 0
    ) -> None:
        message, body = data
        if self._final is not None:
            self.close()
            return
        if not 100 <= message.code <= 199:  # interim responses
            self._final = body
            self._received.clear()
            if message.code in WITHOUT_CONTENT:
                self.force_close()
        super().feed_data(data, size)

    def data_received(self, data: bytes) -> None:
        # aiohttp calls this without data to continue with what it has received.
        if data and self._is_idle:
            self.close()
            return
        if self._final is None:
            self._received += data
        super().data_received(data)
        if len(self._received) > _LONGEST_HEAD:
            self.close()
            self.set_exception(aiohttp.ClientPayloadError("no end of the head"))

    def set_exception(self, exc: BaseException, *cause: Any, **options: Any) -> None:
        if isinstance(exc, HttpProcessingError) and not self.is_broken:
            self.is_broken = True
            if self._final is None:
                # The parser drops a response that arrives together with bytes it cannot parse, such
                # as one byte beyond Content-Length, and with it the tokens of a spent code.
                data = bytes(self._received[:_LONGEST_HEADER])
                super().set_response_params(**self._params)
                for index in range(len(data)):
                    super().data_received(data[index : index + 1])
                    if self._is_idle or self.exception() is not None:
                        break
            elif not self._is_idle:
                # aiohttp would leave the reader of the body waiting.
                self._final.set_exception(aiohttp.ClientPayloadError(type(exc).__name__))
            if self._is_idle:
                self.is_broken = False
                return
        super().set_exception(exc, *cause, **options)

    def connection_lost(self, exc: BaseException | None) -> None:
        super().connection_lost(exc)
        # Break the reference cycle with its reader.
        self._final = None


class _Connector(aiohttp.TCPConnector):
    def __init__(self, context: ssl.SSLContext) -> None:
        super().__init__(  # pyright: ignore[reportUnknownMemberType]
            limit=MAX_CONNECTIONS, keepalive_timeout=KEEPALIVE_SECONDS, ssl=context
        )
        self._factory = cast(
            "functools.partial[ResponseHandler]", functools.partial(_Connection, loop=self._loop)
        )

    @property
    def closed(self) -> bool:
        # Connections of a closed loop are gone, so "Unclosed connector" is not reported.
        return super().closed or self._loop.is_closed()

    def __del__(self, *_: object) -> None:
        if not self.closed:
            super().__del__()


def _new_session(context: ssl.SSLContext) -> aiohttp.ClientSession:
    if is_trio():
        raise Unusable("aiohttp_client() is for asyncio alone")
    session = aiohttp.ClientSession(
        connector=_Connector(context),
        cookie_jar=aiohttp.DummyCookieJar(),
        # Its own limit is five minutes; ours cancels.
        timeout=aiohttp.ClientTimeout(),
        auto_decompress=False,
        # A policy for browsers can be longer than aiohttp's own limit of 8 KiB.
        max_line_size=_LONGEST_HEADER,
        max_field_size=_LONGEST_HEADER,
    )
    # Otherwise aiohttp repeats a GET, with the same DPoP proof, when its connection is lost. The
    # flow decides what is sent again. aiohttp's own test client sets this, too.
    session._retry_connection = False  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    return session


class _Stream(httpx.AsyncByteStream):
    # Not a generator: the event loop's finalizer would close an abandoned one later.

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response: Final = response
        # None where the answer is whole already.
        self._connection: Final = getattr(response.connection, "protocol", None)
        self._read = 0

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        content = self._response.content
        if getattr(self._connection, "is_broken", False) and self._read == content.total_bytes:
            raise httpx.RemoteProtocolError("the transfer coding is broken")
        try:
            chunk = await content.readany()
        except aiohttp.ClientError as error:
            raise _translated(error)  # noqa: B904  # it has its cause
        if not chunk:
            raise StopAsyncIteration
        self._read += len(chunk)
        return chunk

    async def aclose(self) -> None:
        # Closes the connection, unless it was released at the end of the response.
        self._response.close()


def _translated(error: aiohttp.ClientError) -> httpx.TransportError:
    """The error in httpx's terms.

    aiohttp's errors, but for connection errors, hold headers, and are not kept.
    """
    # Retries depend on whether there was a connection.
    for kind, known in (
        (aiohttp.ConnectionTimeoutError, httpx.ConnectTimeout),
        (aiohttp.ServerTimeoutError, httpx.ReadTimeout),
        (aiohttp.ClientConnectorError, httpx.ConnectError),
        (aiohttp.ClientOSError, httpx.ReadError),
    ):
        if isinstance(error, kind):
            translated: httpx.TransportError = known(str(error))
            translated.__cause__ = error
            return translated
    if isinstance(error, aiohttp.ClientHttpProxyError):
        # Its text holds the whole address.
        translated = httpx.ProxyError(f"the proxy answered {error.status}")
    else:
        # The others quote what the peer sent.
        translated = httpx.RemoteProtocolError(type(error).__name__)
    translated.__suppress_context__ = True
    return translated
