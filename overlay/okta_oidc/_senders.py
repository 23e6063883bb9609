"""httpx clients for one Okta: signed, limited in time and size, no cookies, no redirects.

The facade hands its requests to ``exchange``, signed. Generated functions come through ``send``,
which signs theirs, and refuses an answer that their parser would lose. Both meet the server in the
same way.
"""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterable, Callable, Iterable
from typing import Any, Final, cast

import httpcore
import httpx

from ._auth import ClientAuth
from ._bodies import ReceivedBody, SentBody
from ._borrowed import AsyncBorrowedTransport, BorrowedTransport, DirectClient, within
from ._calls import HEADERS
from ._config import Server
from ._errors import ConfigurationError, TransportError, TransportTimeoutError
from ._forms import secrets_in
from ._http import Headers, HttpInfo, Reply
from ._messages import broken_message
from ._responses import check_parsable
from ._transports import OriginTransport

_LOGGER: Final = logging.getLogger("okta_oidc")

# Everything that ends an exchange without a response. TLS failures come as bare OSError at times.
_BROKEN: Final = (
    httpx.RequestError,
    httpx.StreamError,
    httpx.InvalidURL,
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
    OSError,
)
_NEVER_SENT: Final = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpcore.ConnectError,
    httpcore.ConnectTimeout,
    httpcore.PoolTimeout,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
)
# Raised by this side, so whether anything was sent is what the body can tell.
_LOCAL: Final = (
    httpx.LocalProtocolError,
    httpcore.LocalProtocolError,
    httpx.InvalidURL,
    TimeoutError,
)
_PROTOCOL: Final = (httpx.ProtocolError, httpcore.ProtocolError)
_TIMED_OUT: Final = (httpx.TimeoutException, httpcore.TimeoutException, TimeoutError)


class Sender(httpx.Client):
    """The synchronous way to the server, shared by all threads."""

    def __init__(
        self, server: Server, auth: ClientAuth, timeout: float, borrowed: httpx.Client | None
    ) -> None:
        self.now: Callable[[], float] = time.time
        self._server: Final = server
        self._signer: Final = auth
        self._borrowed: Final = borrowed is not None
        self._route: Final = BorrowedTransport(borrowed) if borrowed else OriginTransport(server)
        super().__init__(
            base_url=server.origin, headers=HEADERS, timeout=timeout, transport=self._route
        )

    def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        """Sign and send; whatever the options say, the answer is read whole and not followed."""
        signed = _signed(request, self._signer, self._server)
        return _readable(self.exchange(signed), signed, self._signer)

    def exchange(self, request: httpx.Request) -> Reply:
        """Send a signed request, whose stream is a ``SentBody``, and read the answer.

        Raises:
            TransportError: there was no complete response.
        """
        _check_open(self.is_closed)
        limit = request.extensions["timeout"]["read"]
        received = ReceivedBody()
        if not self._borrowed or limit is None:
            return self._exchange(request, received, [])
        arrived: list[httpx.Response] = []
        try:
            return within(limit, lambda: self._exchange(request, received, arrived))
        except TimeoutError as error:
            response = arrived[0] if arrived else None
            raise _broken(error, request, response, received) from None

    def _exchange(
        self, request: httpx.Request, received: ReceivedBody, arrived: list[httpx.Response]
    ) -> Reply:
        response = None
        try:
            response = self._route.handle_request(request)
            arrived.append(response)
            try:
                for chunk in cast("Iterable[bytes]", response.stream):
                    if not received.add(chunk):
                        break
            finally:
                response.close()
        except _BROKEN as error:
            raise _broken(error, request, response, received) from _quotable(error)
        return _reply(request, response, received, self.now())


class AsyncSender(httpx.AsyncClient):
    """The asynchronous way to the server, shared by the tasks of one event loop."""

    def __init__(
        self,
        server: Server,
        auth: ClientAuth,
        timeout: float,
        borrowed: httpx.AsyncClient | None,
    ) -> None:
        self.now: Callable[[], float] = time.time
        self._server: Final = server
        self._signer: Final = auth
        self._route: Final = _async_route(server, borrowed)
        super().__init__(
            base_url=server.origin, headers=HEADERS, timeout=timeout, transport=self._route
        )

    async def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        """Sign and send; whatever the options say, the answer is read whole and not followed."""
        signed = _signed(request, self._signer, self._server)
        return _readable(await self.exchange(signed), signed, self._signer)

    async def exchange(self, request: httpx.Request) -> Reply:
        """Send a signed request, whose stream is a ``SentBody``, and read the answer.

        Raises:
            TransportError: there was no complete response.
        """
        from anyio import CancelScope, fail_after

        _check_open(self.is_closed)
        received = ReceivedBody()
        response = None
        try:
            with fail_after(request.extensions["timeout"]["read"]):
                response = await self._route.handle_async_request(request)
                try:
                    async for chunk in cast("AsyncIterable[bytes]", response.stream):
                        if not received.add(chunk):
                            break
                except BaseException:
                    # A cancelled task could not wait for the connection to be put away.
                    with CancelScope(shield=True):
                        await response.aclose()
                    raise
                await response.aclose()
        except _BROKEN as error:
            raise _broken(error, request, response, received) from _quotable(error)
        return _reply(request, response, received, self.now())


def _async_route(server: Server, borrowed: httpx.AsyncClient | None) -> httpx.AsyncBaseTransport:
    if isinstance(borrowed, DirectClient):
        return borrowed.route(server)
    if borrowed is not None:
        return AsyncBorrowedTransport(borrowed)
    from ._async_transports import AsyncOriginTransport

    return AsyncOriginTransport(server)


def _check_open(is_closed: bool) -> None:
    if is_closed:
        raise ConfigurationError("the client is closed")


def _signed(request: httpx.Request, auth: ClientAuth, server: Server) -> httpx.Request:
    url = request.url
    if f"{url.scheme}://{url.netloc.decode()}" != server.origin:
        raise ConfigurationError("the request is for another host: the credentials stay here")
    request.read()
    request = next(auth.auth_flow(request))
    request.stream = SentBody(request.content)
    return request


def _readable(reply: Reply, request: httpx.Request, auth: ClientAuth) -> httpx.Response:
    """The answer for a generated parser, unless that parser would lose it."""
    reply.secrets = (*secrets_in(request.content), *auth.secrets)
    check_parsable(reply, request.url.path, auth)
    headers = reply.headers.copy()
    for name in ("content-encoding", "content-length", "transfer-encoding"):
        headers.pop(name, None)
    return httpx.Response(reply.status, headers=headers, content=reply.body, request=request)


def _reply(
    request: httpx.Request, response: httpx.Response, received: ReceivedBody, arrived_at: float
) -> Reply:
    reply = Reply(
        response.status_code,
        response.headers,
        received.content(response.headers),
        complete=received.complete,
        arrived_at=arrived_at,
    )
    if _LOGGER.isEnabledFor(logging.DEBUG):
        _LOGGER.debug("POST %s: HTTP %d", request.url.path, reply.status)
    return reply


def _broken(
    error: Exception,
    request: httpx.Request,
    response: httpx.Response | None,
    received: ReceivedBody,
) -> TransportError:
    """The error for an exchange that ended without a complete response."""
    started = cast("SentBody", request.stream).started
    kind = TransportTimeoutError if isinstance(error, _TIMED_OUT) else TransportError
    return kind(
        broken_message(error, request.url.host, quotable=_quotable(error) is not None),
        request_sent=False if _is_never_sent(error, started=started) else None,
        http=None
        if response is None
        else HttpInfo(response.status_code, Headers(response.headers)),
        body=b"" if response is None else received.content(response.headers),
    )


def _is_never_sent(error: Exception, *, started: bool) -> bool:
    if not isinstance(error, _NEVER_SENT):
        return isinstance(error, _LOCAL) and not started
    # Test transports read the body before they raise, for no cause. A foreign transport that was
    # asked for the body, and names a cause, may well have lost a connection that it once had.
    foreign = error.__cause__ is not None and not isinstance(error.__cause__, _NEVER_SENT)
    return not (started and foreign and isinstance(error, httpx.HTTPError))


def _quotable(error: Exception) -> Exception | None:
    # The text of a protocol error quotes what the peer sent, which may well be a token.
    return None if isinstance(error, _PROTOCOL) else error
