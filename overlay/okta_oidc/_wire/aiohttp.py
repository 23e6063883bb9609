"""An asynchronous transport over aiohttp, several times as fast as httpx's when calls are many."""

from __future__ import annotations

import asyncio
import functools
import selectors
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator
from typing import Any, Final, cast

import aiohttp
import httpx
from aiohttp.abc import AbstractStreamWriter
from aiohttp.client_proto import ResponseHandler
from aiohttp.http import HttpProcessingError, RawResponseMessage
from multidict import CIMultiDict
from yarl import URL

from .bodies import SentBody
from .environment import Origin, Unusable, proxy_address, tls
from .lent import DirectClient
from .loops import PerLoop, is_trio
from .reuse import KEEPALIVE_SECONDS, MAX_CONNECTIONS, WITHOUT_CONTENT

_LONGEST_HEADER: Final = 64 * 1024
# Announcements included, which may go on and on.
_LONGEST_HEAD: Final = 128 * 1024
# Windows has no other. The default one would open a descriptor each time.
_SELECTOR: Final[type[selectors.BaseSelector]] = getattr(
    selectors, "PollSelector", selectors.SelectSelector
)


class AiohttpClient(DirectClient):
    """See :func:`okta_oidc.aiohttp_client`."""

    def __init__(self) -> None:
        super().__init__(transport=AiohttpTransport(None))
        self._routes: Final[list[_Route]] = []

    def route(self, origin: Origin) -> httpx.AsyncBaseTransport:
        proxy = proxy_address(origin)
        if proxy is not None and proxy.url.scheme.startswith("socks"):
            raise Unusable("the environment names a SOCKS proxy, and aiohttp has none")
        route = _Route(proxy, self)
        self._routes.append(route)
        return route

    async def aclose(self) -> None:
        await super().aclose()
        for route in self._routes:
            await route.aclose()

    async def __aexit__(self, *exception: Any) -> None:  # noqa: PYI036  # as httpx has it
        await self.aclose()
        await super().__aexit__(*exception)


class AiohttpTransport(httpx.AsyncBaseTransport):
    """Connections by way of a ``ClientSession`` for each event loop, for asyncio."""

    def __init__(self, proxy: httpx.Proxy | None) -> None:
        self._sessions: Final = PerLoop(functools.partial(_new_session, tls()))
        self._options: Final[dict[str, Any]] = {"allow_redirects": False}
        if proxy is not None:
            self._options["proxy"] = URL(str(proxy.url))
            self._options["proxy_headers"] = _proxy_headers(proxy)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        stream = request.stream
        options: dict[str, Any] = self._options
        if isinstance(stream, SentBody):
            data: _Body | bytes | None = _Body(stream) if stream.content else None
        else:
            # Somebody uses the client by itself, with httpx's own limits.
            data = await request.aread()
            options = {**options, "timeout": _limits(request)}
        try:
            response = await self._sessions.get().request(
                request.method,
                URL(str(request.url), encoded=True),
                # In no variable, which a traceback would hold.
                headers=CIMultiDict(
                    [
                        (name.decode("latin-1"), value.decode("latin-1"))
                        for name, value in request.headers.raw
                    ]
                ),
                data=data,
                **options,
            )
        except aiohttp.ClientError as error:
            raise _translated(error)  # noqa: B904  # it has its cause
        return httpx.Response(
            response.status, headers=response.raw_headers, stream=_Stream(response)
        )

    async def aclose(self) -> None:
        session = self._sessions.pop()
        if session is not None:
            await session.close()


class _Route(AiohttpTransport):
    """For one user of an :class:`AiohttpClient`: closed with the first of the two."""

    def __init__(self, proxy: httpx.Proxy | None, client: AiohttpClient) -> None:
        super().__init__(proxy)
        self._client: Final = client

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self._client.is_closed:
            raise Unusable("the http_client is closed")
        return await super().handle_async_request(request)


class _Connection(ResponseHandler):
    """aiohttp's side of a connection, which takes whatever has come for the next answer.

    A gateway that says why it closes an idle connection would say it to the next call, and a
    second answer would be somebody else's.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self._params: dict[str, Any] = {}
        # What has come before the head of the final answer was whole, and how much that is.
        self._received: list[bytes] = []
        self._size = 0
        self._final: aiohttp.StreamReader | None = None
        # No more will come of the final answer than is there.
        self.is_broken = False

    @property
    def _is_idle(self) -> bool:
        return self._final is not None and self._final.is_eof()

    def is_connected(self) -> bool:
        # Asked before an idle connection is used again. The loop may not have read yet what came.
        if not super().is_connected():
            return False
        return not self._is_idle or not _is_readable(self.transport)

    def set_response_params(self, **params: Any) -> None:
        self._params = params
        self._received, self._size = [], 0
        self._final = None
        super().set_response_params(**params)

    def feed_data(
        self, data: tuple[RawResponseMessage, aiohttp.StreamReader], size: int = 0
    ) -> None:
        message, body = data
        if self._final is not None:
            self.close()
            return
        if not 100 <= message.code <= 199:  # those announce another
            self._final = body
            self._received = []
            if message.code in WITHOUT_CONTENT:
                self.force_close()
        super().feed_data(data, size)

    def data_received(self, data: bytes) -> None:
        # With no data, it is aiohttp itself, reading on in what it has.
        if data and self._is_idle:
            self.close()
            return
        if self._final is None:
            self._size += len(data)
            self._received = [*self._received, data] if self._size <= _LONGEST_HEADER else []
        super().data_received(data)
        # Not before: the head may have come in one go with much of the body.
        if self._final is None and self._size > _LONGEST_HEAD:
            self.close()
            self.set_exception(aiohttp.ClientPayloadError("no end of the head"))

    def set_exception(self, exc: BaseException, exc_cause: BaseException | None = None) -> None:
        if isinstance(exc, HttpProcessingError) and not self.is_broken:
            if self._has_answer_before_what_is_wrong():
                return
            if self._final is not None and not self.is_broken:
                # aiohttp would leave its reader waiting.
                self.is_broken = True
                self._final.set_exception(aiohttp.ClientPayloadError(type(exc).__name__))
        # Its default for the cause is a mark of its own.
        super().set_exception(exc, *(() if exc_cause is None else (exc_cause,)))

    def _has_answer_before_what_is_wrong(self) -> bool:
        # The parser drops an answer that came in one go with what it cannot read, such as a byte
        # more than the answer's length says: with it, a spent code's tokens.
        data, self._received = b"".join(self._received), []
        if not data:
            return False
        self.is_broken = True
        super().set_response_params(**self._params)
        for index in range(len(data)):
            super().data_received(data[index : index + 1])
            if self._is_idle:
                self.is_broken = False
                return True
            if self.exception() is not None:
                break
        return False

    def connection_lost(self, exc: BaseException | None) -> None:
        super().connection_lost(exc)
        # Its reader refers back to this.
        self._final = None


def _is_readable(transport: asyncio.BaseTransport | None) -> bool:
    socket = None if transport is None else transport.get_extra_info("socket")
    if socket is None:
        return True
    with _SELECTOR() as selector:
        selector.register(socket, selectors.EVENT_READ)
        return bool(selector.select(0))


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
        # A loop that has ended took them along: there is nothing to report as an error.
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
    # Or it sends each GET twice, the proof of its key included: what is sent again is not its
    # to say. Its own test client does the same.
    session._retry_connection = False  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    return session


def _limits(request: httpx.Request) -> aiohttp.ClientTimeout:
    limits = request.extensions.get("timeout", {})
    return aiohttp.ClientTimeout(
        connect=limits.get("pool"),
        sock_connect=limits.get("connect"),
        sock_read=limits.get("read"),
    )


class _Body(aiohttp.BytesPayload):
    """A body that aiohttp writes when it has a connection, and that tells when it did."""

    def __init__(self, body: SentBody) -> None:
        super().__init__(body.content)
        self._body: Final = body

    async def write(self, writer: AbstractStreamWriter) -> None:
        self._body.started = True
        await super().write(writer)

    async def write_with_length(
        self, writer: AbstractStreamWriter, content_length: int | None
    ) -> None:
        self._body.started = True
        await super().write_with_length(writer, content_length)


class _Stream(httpx.AsyncByteStream):
    # No generator: one that is left half way troubles the event loop.

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response: Final = response
        # None where the answer is whole already.
        connection = response.connection
        self._connection: Final = None if connection is None else connection.protocol
        self._read = 0
        self._is_whole = False

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
            self._is_whole = True
            raise StopAsyncIteration
        self._read += len(chunk)
        return chunk

    async def aclose(self) -> None:
        if self._is_whole:
            self._response.release()
        else:
            self._response.close()


def _translated(error: aiohttp.ClientError) -> httpx.TransportError:
    """The error in httpx's terms.

    Of aiohttp's own neither frames nor, but for their text, errors are kept: they hold the headers.
    """
    cause: BaseException | None = error
    while cause is not None:
        cause = cause.with_traceback(None)
        cause = cause.__cause__ or cause.__context__
    # What may be sent again turns on whether there was a connection.
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


def _proxy_headers(proxy: httpx.Proxy) -> dict[str, str]:
    headers = dict(proxy.headers)
    if proxy.raw_auth is not None:
        credentials = b64encode(b":".join(proxy.raw_auth)).decode("ascii")
        headers["Proxy-Authorization"] = f"Basic {credentials}"
    return headers
