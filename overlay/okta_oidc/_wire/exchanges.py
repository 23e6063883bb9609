"""One request, and the answer to it: within a time limit, up to a size, or how that failed."""

from __future__ import annotations

import time
from contextlib import closing
from typing import Any, Final, cast

import httpx

from .bodies import Answer, SentBody
from .lent import DirectClient, LentTransport, Lost

# Errors are recognised by name: each of these has classes of its own, and they are named alike.
_LIBRARIES: Final = frozenset({"httpx", "httpcore", "httpx2", "httpcore2", "h11"})
_NEVER_SENT: Final = frozenset(
    {"ConnectError", "ConnectTimeout", "PoolTimeout", "ProxyError", "UnsupportedProtocol"}
)
_LOCAL: Final = frozenset({"LocalProtocolError", "InvalidURL"})
# A limit of 0 would mean "do not wait", which fails in another way.
_LEAST: Final = 0.001


class Broken(Exception):  # noqa: N818  # nobody outside sees it
    """There is no complete response.

    ``error`` is what the transport raised. Its text may be shown if ``is_quotable``: that of a
    protocol error quotes what the peer sent. ``never_sent`` is true if the server cannot have
    processed the request. ``answer`` is what there is of a response.
    """

    def __init__(self, error: Exception, request: httpx.Request, answer: Answer | None) -> None:
        super().__init__(type(error).__name__)
        kinds = _kinds(error)
        body = cast("SentBody", request.stream)
        self.error: Final = error
        # Some transports report any failure as a connect error; with a response, it was sent.
        self.never_sent: Final = answer is None and _is_never_sent(error, kinds, body)
        self.answer: Final = answer and answer.finished()
        self.is_timeout: Final = "TimeoutException" in kinds or isinstance(error, TimeoutError)
        self.is_quotable: Final = "ProtocolError" not in kinds


class TimeLeft(dict[str, float | None]):
    """Time limits as transports read them: each is the time left at the moment it is read."""

    def __init__(self, seconds: float | None) -> None:
        super().__init__(dict.fromkeys(("connect", "read", "write", "pool"), seconds))
        self.deadline: Final = None if seconds is None else time.monotonic() + seconds

    def __getitem__(self, name: str) -> float | None:
        limit = super().__getitem__(name)
        return limit if self.deadline is None else max(_LEAST, self.deadline - time.monotonic())

    def get(self, name: str, default: Any = None) -> Any:
        return self[name] if name in self else default  # noqa: SIM401  # which it would call


class Wire:
    """The synchronous way to a server, shared by all threads, by way of a transport of httpx's."""

    def __init__(self, origin: httpx.URL, client: Any = None) -> None:
        """Over connections of its own, or through a caller's client: see :func:`.lent.library_of`.

        Raises:
            Unusable: the environment's certificates, or its proxy.
        """
        if client is None:
            from .lanes import OriginTransport

            self._transport: httpx.BaseTransport = OriginTransport(origin)
        else:
            self._transport = LentTransport(client)

    def exchange(self, request: httpx.Request, limit: float | None) -> Answer:
        """Send ``request``, and read the answer within ``limit`` seconds.

        The request's stream is a :class:`.bodies.SentBody`.

        Raises:
            Broken: there is no complete response.
            Unusable: the caller's client is closed. Nothing has been sent.
            Exception: whatever the hooks or the transport of a caller's client raise.
        """
        request.extensions["timeout"] = limits = TimeLeft(limit)
        answer = None
        try:
            response = self._transport.handle_request(request)
            answer = Answer(response)
            # Ours never waits past the deadline, and nobody for what a hook has read.
            waits = not isinstance(response.stream, httpx.ByteStream)
            end = limits.deadline if waits and isinstance(self._transport, LentTransport) else None
            with closing(cast("httpx.SyncByteStream", response.stream)) as stream:
                for chunk in stream:
                    if not answer.add(chunk):
                        break
                    is_late = end is not None and time.monotonic() > end
                    # An answer that is whole is kept.
                    if is_late and answer.headers.get("content-length") != str(answer.size):
                        raise Lost(TimeoutError("timed out"))  # noqa: TRY301  # as theirs is
        except Exception as error:
            if (failure := _failure(error, self._transport, answer)) is None:
                raise
            raise Broken(failure, request, answer) from failure
        return answer.finished()

    def close(self) -> None:
        """Close the connections. A caller's client stays open."""
        self._transport.close()


class AsyncWire:
    """:class:`Wire` for the tasks of any event loops."""

    def __init__(self, origin: httpx.URL, client: Any = None) -> None:
        """As of :class:`Wire`, and to the transport of a :class:`.lent.DirectClient`."""
        if client is None:
            from .async_lanes import AsyncOriginTransport

            self._transport: httpx.AsyncBaseTransport = AsyncOriginTransport(origin)
        elif isinstance(client, DirectClient):
            self._transport = client.route(origin)
        else:
            self._transport = LentTransport(client)

    async def exchange(self, request: httpx.Request, limit: float | None) -> Answer:
        """Send ``request``, and read the answer within ``limit`` seconds: see :class:`Wire`."""
        from anyio import CancelScope, move_on_after

        request.extensions["timeout"] = TimeLeft(limit)
        answer = None
        try:
            with move_on_after(limit) as scope:
                response = await self._transport.handle_async_request(request)
                answer = Answer(response)
                stream = cast("httpx.AsyncByteStream", response.stream)
                try:
                    async for chunk in stream:
                        if not answer.add(chunk):
                            break
                except BaseException:
                    # Shielded, as a cancelled task could not wait for the stream to close.
                    with CancelScope(shield=True):
                        await stream.aclose()
                    raise
                await stream.aclose()
        except Exception as error:
            if (failure := _failure(error, self._transport, answer)) is None:
                raise
            raise Broken(failure, request, answer) from failure
        if answer is None or scope.cancelled_caught:
            raise Broken(TimeoutError("timed out"), request, answer)
        return answer.finished()

    async def aclose(self) -> None:
        """Close the connections of the running loop. A caller's client stays open."""
        await self._transport.aclose()


def _failure(error: Exception, transport: object, answer: object) -> Exception | None:
    """What the connection failed with; ``None`` if it is not the connection that failed."""
    if isinstance(error, Lost):
        return error.error
    kinds = _kinds(error)
    if isinstance(transport, LentTransport):
        # The body comes from their transport alone: no hook has a part in it.
        is_lost = answer is not None and "RequestError" in kinds
    else:
        # TLS failures come as bare OSError at times.
        is_lost = bool(kinds) or isinstance(error, OSError)
    return error if is_lost else None


def _is_never_sent(error: Exception, kinds: set[str], body: SentBody) -> bool:
    if not kinds & _NEVER_SENT:
        # Raised on this side: it was sent if the transport has read the body.
        return not body.started and (bool(kinds & _LOCAL) or isinstance(error, TimeoutError))
    # httpx.MockTransport reads the body before its handler raises, and sets no __cause__. Another
    # transport that read it and sets one may have lost an established connection.
    cause = error.__cause__
    is_foreign = cause is not None and not _kinds(cause) & _NEVER_SENT
    return not (body.started and is_foreign and "HTTPError" in kinds)


def _kinds(error: BaseException) -> set[str]:
    """The names of an error's classes, as far as they are of a library of HTTP."""
    return {
        kind.__name__
        for kind in type(error).__mro__
        if kind.__module__.partition(".")[0] in _LIBRARIES
    }
