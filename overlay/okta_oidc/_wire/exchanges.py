"""One request, and the answer to it: within a time limit, up to a size, or how that failed."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Any, Final, cast

import httpx

from .bodies import ReceivedBody, SentBody
from .environment import Origin
from .lent import AsyncLentTransport, DirectClient, LentTransport, Lost

# Errors are told apart by name: the same ones are in each of these.
_LIBRARIES: Final = frozenset({"httpx", "httpcore", "httpx2", "httpcore2", "h11"})
_NEVER_SENT: Final = frozenset(
    {"ConnectError", "ConnectTimeout", "PoolTimeout", "ProxyError", "UnsupportedProtocol"}
)
_LOCAL: Final = frozenset({"LocalProtocolError", "InvalidURL"})


@dataclass(slots=True, repr=False)
class Answer:
    """A response, read to its end.

    ``is_complete`` is false where the size limit cut it short, ``is_plain`` where ``body`` is still
    compressed, in a way that is not undone: see :meth:`.bodies.ReceivedBody.content`.
    """

    status: int
    headers: httpx.Headers
    body: bytes
    is_complete: bool
    is_plain: bool


class Broken(Exception):  # noqa: N818  # nobody outside sees it
    """There is no complete response.

    ``error`` is what the transport raised. Its text may be shown if ``is_quotable``: that of a
    protocol error quotes what the peer sent. ``never_sent`` is true if the server cannot have
    processed the request. ``answer`` is what there is of a response.
    """

    def __init__(
        self, error: Exception, *, never_sent: bool = False, answer: Answer | None = None
    ) -> None:
        super().__init__(type(error).__name__)
        kinds = _kinds(error)
        self.error: Final = error
        self.never_sent: Final = never_sent
        self.answer: Final = answer
        self.is_timeout: Final = "TimeoutException" in kinds or isinstance(error, TimeoutError)
        self.is_quotable: Final = "ProtocolError" not in kinds


class Wire:
    """The synchronous way to a server, shared by all threads, by way of a transport of httpx's."""

    def __init__(self, transport: httpx.BaseTransport) -> None:
        self._transport: Final = transport

    @classmethod
    def to(cls, origin: Origin) -> Wire:
        """Over connections of its own.

        Raises:
            Unusable: the environment's certificates, or its proxy.
        """
        from .lanes import OriginTransport

        return cls(OriginTransport(origin))

    @classmethod
    def through(cls, client: Any) -> Wire:
        """Through a caller's client: see :func:`.lent.is_client`."""
        return cls(LentTransport(client))

    def exchange(self, request: httpx.Request, limit: float | None) -> Answer:
        """Send ``request``, and read the answer within ``limit`` seconds.

        Raises:
            Broken: there is no complete response.
            Unusable: the caller's client is closed. Nothing has been sent.
            Exception: whatever the hooks or the transport of a caller's client raise.
        """
        if not isinstance(request.stream, SentBody):
            request.stream = SentBody(request.read())
        body = request.stream
        request.extensions["timeout"] = _limits(limit)
        deadline = math.inf if limit is None else time.monotonic() + limit
        received = ReceivedBody()
        response = None
        try:
            response = self._transport.handle_request(request)
            stream = cast("httpx.SyncByteStream", response.stream)
            try:
                for chunk in stream:
                    if not received.add(chunk):
                        break
                    if time.monotonic() > deadline:
                        raise Lost(TimeoutError("timed out"))
            finally:
                stream.close()
        except Exception as error:
            failure = _failure(error, self._transport)
            if failure is None:
                raise
            raise _broken(failure, body, response, received) from failure
        return _answer(response, received)

    def close(self) -> None:
        """Close the connections. A caller's client stays open."""
        self._transport.close()


class AsyncWire:
    """:class:`Wire` for the tasks of any event loops."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport: Final = transport

    @classmethod
    def to(cls, origin: Origin) -> AsyncWire:
        """Over connections of its own: see :meth:`Wire.to`."""
        from .async_lanes import AsyncOriginTransport

        return cls(AsyncOriginTransport(origin))

    @classmethod
    def through(cls, client: Any, origin: Origin) -> AsyncWire:
        """Through a caller's client: see :func:`.lent.is_async_client`.

        Raises:
            Unusable: as :meth:`Wire.to`, for a client of this package's own making.
        """
        if isinstance(client, DirectClient):
            return cls(client.route(origin))
        return cls(AsyncLentTransport(client))

    async def exchange(self, request: httpx.Request, limit: float | None) -> Answer:
        """Send ``request``, and read the answer within ``limit`` seconds: see :class:`Wire`."""
        from anyio import CancelScope, move_on_after

        if not isinstance(request.stream, SentBody):
            request.stream = SentBody(await request.aread())
        body = request.stream
        request.extensions["timeout"] = _limits(limit)
        received = ReceivedBody()
        response = None
        try:
            with move_on_after(limit) as scope:
                response = await self._transport.handle_async_request(request)
                stream = cast("httpx.AsyncByteStream", response.stream)
                try:
                    async for chunk in stream:
                        if not received.add(chunk):
                            break
                except BaseException:
                    # A cancelled task could not wait for the connection to be put away.
                    with CancelScope(shield=True):
                        await stream.aclose()
                    raise
                await stream.aclose()
        except Exception as error:
            failure = _failure(error, self._transport)
            if failure is None:
                raise
            raise _broken(failure, body, response, received) from failure
        if response is None or scope.cancelled_caught:
            raise _broken(TimeoutError("timed out"), body, response, received)
        return _answer(response, received)

    async def aclose(self) -> None:
        """Close the connections of the running loop. A caller's client stays open."""
        await self._transport.aclose()


def _limits(limit: float | None) -> dict[str, float | None]:
    return {"connect": limit, "read": limit, "write": limit, "pool": limit}


def _failure(
    error: Exception, transport: httpx.BaseTransport | httpx.AsyncBaseTransport
) -> Exception | None:
    """What the connection failed with; ``None`` if it is not the connection that failed."""
    if isinstance(error, Lost):
        return error.error
    if isinstance(transport, (LentTransport, AsyncLentTransport)):
        return None
    # TLS failures come as bare OSError at times.
    return error if isinstance(error, OSError) or _kinds(error) else None


def _broken(
    error: Exception, body: SentBody, response: httpx.Response | None, received: ReceivedBody
) -> Broken:
    return Broken(
        error,
        # Some transports call each failure one to connect: what was answered was sent.
        never_sent=response is None and _is_never_sent(error, started=body.started),
        answer=None if response is None else _answer(response, received),
    )


def _is_never_sent(error: Exception, *, started: bool) -> bool:
    kinds = _kinds(error)
    if not kinds & _NEVER_SENT:
        # Raised by this side, so whether anything was sent is what the body can tell.
        return not started and (bool(kinds & _LOCAL) or isinstance(error, TimeoutError))
    # Test transports read the body before they raise, and name no cause. A foreign transport that
    # was asked for the body, and names one, may well have lost a connection that it once had.
    cause = error.__cause__
    is_foreign = cause is not None and not _kinds(cause) & _NEVER_SENT
    return not (started and is_foreign and "HTTPError" in kinds)


def _kinds(error: BaseException) -> set[str]:
    """The names of an error's classes, as far as they are of a library of HTTP."""
    return {
        kind.__name__
        for kind in type(error).__mro__
        if kind.__module__.partition(".")[0] in _LIBRARIES
    }


def _answer(response: httpx.Response, received: ReceivedBody) -> Answer:
    return Answer(response.status_code, response.headers, *received.content(response.headers))
