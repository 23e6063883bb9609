"""One request, and the answer to it: within a time limit, up to a size, or how that failed."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Any, Final, cast

import httpx

from .bodies import ReceivedBody, SentBody
from .environment import Origin
from .lent import DirectClient, LentTransport, Lost

# Errors are told apart by name: the same ones are in each of these.
_LIBRARIES: Final = frozenset({"httpx", "httpcore", "httpx2", "httpcore2", "h11"})
_NEVER_SENT: Final = frozenset(
    {"ConnectError", "ConnectTimeout", "PoolTimeout", "ProxyError", "UnsupportedProtocol"}
)
_LOCAL: Final = frozenset({"LocalProtocolError", "InvalidURL"})
# A limit of 0 would mean "do not wait", which fails in another way.
_LEAST: Final = 0.001


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
        self,
        error: Exception,
        request: httpx.Request,
        response: httpx.Response | None,
        received: ReceivedBody,
    ) -> None:
        super().__init__(type(error).__name__)
        kinds = _kinds(error)
        is_started = cast("SentBody", request.stream).started
        self.error: Final = error
        self.never_sent: Final = _is_never_sent(error, kinds, is_started=is_started)
        self.answer: Final = None if response is None else _answer(response, received)
        self.is_timeout: Final = "TimeoutException" in kinds or isinstance(error, TimeoutError)
        self.is_quotable: Final = "ProtocolError" not in kinds


class TimeLeft(dict[str, float | None]):
    """Limits as transports ask for them, each as what is left when it is asked for."""

    def __init__(self, seconds: float | None) -> None:
        super().__init__(dict.fromkeys(("connect", "read", "write", "pool"), seconds))
        self.deadline: Final = math.inf if seconds is None else time.monotonic() + seconds

    def __getitem__(self, name: str) -> float | None:
        limit = super().__getitem__(name)
        return None if limit is None else max(_LEAST, self.deadline - time.monotonic())

    def get(self, name: str, default: Any = None) -> Any:
        return self[name] if name in self else default  # noqa: SIM401  # which it would call


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

        The request's stream is a :class:`.bodies.SentBody`.

        Raises:
            Broken: there is no complete response.
            Unusable: the caller's client is closed. Nothing has been sent.
            Exception: whatever the hooks or the transport of a caller's client raise.
        """
        request.extensions["timeout"] = limits = TimeLeft(limit)
        received = ReceivedBody()
        response = None
        try:
            response = self._transport.handle_request(request)
            stream = cast("httpx.SyncByteStream", response.stream)
            try:
                for chunk in stream:
                    if not received.add(chunk):
                        break
                    if time.monotonic() > limits.deadline:
                        raise Lost(TimeoutError("timed out"))
            finally:
                stream.close()
        except Exception as error:
            failure = _failure(error, self._transport, response)
            if failure is None:
                raise
            raise Broken(failure, request, response, received) from failure
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
        return cls(
            client.route(origin) if isinstance(client, DirectClient) else LentTransport(client)
        )

    async def exchange(self, request: httpx.Request, limit: float | None) -> Answer:
        """Send ``request``, and read the answer within ``limit`` seconds: see :class:`Wire`."""
        from anyio import CancelScope, move_on_after

        request.extensions["timeout"] = TimeLeft(limit)
        received = ReceivedBody()
        response = None
        try:
            with move_on_after(limit) as scope:
                response = await self._transport.handle_async_request(request)
                stream = cast("httpx.AsyncByteStream", response.stream)
                try:
                    chunks = aiter(stream)
                    async for chunk in chunks:
                        if not received.add(chunk):
                            # trio warns of a generator that is left half way, as httpx has one.
                            await getattr(chunks, "aclose", stream.aclose)()
                            break
                except BaseException:
                    # A cancelled task could not wait for the connection to be put away.
                    with CancelScope(shield=True):
                        await stream.aclose()
                    raise
                await stream.aclose()
        except Exception as error:
            failure = _failure(error, self._transport, response)
            if failure is None:
                raise
            raise Broken(failure, request, response, received) from failure
        if response is None or scope.cancelled_caught:
            raise Broken(TimeoutError("timed out"), request, response, received)
        return _answer(response, received)

    async def aclose(self) -> None:
        """Close the connections of the running loop. A caller's client stays open."""
        await self._transport.aclose()


def _failure(error: Exception, transport: object, response: object) -> Exception | None:
    """What the connection failed with; ``None`` if it is not the connection that failed."""
    if isinstance(error, Lost):
        return error.error
    kinds = _kinds(error)
    if isinstance(transport, LentTransport):
        # The body comes from their transport alone: no hook has a part in it.
        is_lost = response is not None and "RequestError" in kinds
    else:
        # TLS failures come as bare OSError at times.
        is_lost = bool(kinds) or isinstance(error, OSError)
    return error if is_lost else None


def _is_never_sent(error: Exception, kinds: set[str], *, is_started: bool) -> bool:
    if not kinds & _NEVER_SENT:
        # Raised by this side, so whether anything was sent is what the body can tell.
        return not is_started and (bool(kinds & _LOCAL) or isinstance(error, TimeoutError))
    # Test transports read the body before they raise, and name no cause. A foreign transport that
    # was asked for the body, and names one, may well have lost a connection that it once had.
    cause = error.__cause__
    is_foreign = cause is not None and not _kinds(cause) & _NEVER_SENT
    return not (is_started and is_foreign and "HTTPError" in kinds)


def _kinds(error: BaseException) -> set[str]:
    """The names of an error's classes, as far as they are of a library of HTTP."""
    return {
        kind.__name__
        for kind in type(error).__mro__
        if kind.__module__.partition(".")[0] in _LIBRARIES
    }


def _answer(response: httpx.Response, received: ReceivedBody) -> Answer:
    return Answer(response.status_code, response.headers, *received.content(response.headers))
