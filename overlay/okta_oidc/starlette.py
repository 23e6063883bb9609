"""The guard in front of Starlette's endpoints, or of a whole ASGI application.

Starlette itself comes from your own requirements: 1.0 or newer.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any, Final, Protocol, TypeAlias, TypeVar, cast, overload

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException, WebSocketException
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from ._resource._guard import AsyncBearerGuard, BearerGuard, BearerRefusal, checked_scopes

__all__ = ["BearerMiddleware", "requires"]

GrantedT = TypeVar("GrantedT")
GrantedT_co = TypeVar("GrantedT_co", covariant=True)
OwnerT = TypeVar("OwnerT")
Answer: TypeAlias = Awaitable[Response] | Response

_POLICY_VIOLATION: Final = 1008  # RFC 6455 §7.4.1


class _Decorator(Protocol[GrantedT_co]):
    """For a function, or a method of an ``HTTPEndpoint``."""

    @overload
    def __call__(
        self, endpoint: Callable[[Request, GrantedT_co], Answer], /
    ) -> Callable[[Request], Awaitable[Response]]: ...

    @overload
    def __call__(
        self, endpoint: Callable[[OwnerT, Request, GrantedT_co], Answer], /
    ) -> Callable[[OwnerT, Request], Awaitable[Response]]: ...


def requires(
    guard: AsyncBearerGuard[GrantedT] | BearerGuard[GrantedT], *scopes: str
) -> _Decorator[GrantedT]:
    """Decorate an endpoint, which is handed what is known of the token after the request.

    It is a function, or a method of an ``HTTPEndpoint``. A refusal is a
    ``starlette.exceptions.HTTPException`` with the right status and headers.

    Raises:
        ConfigurationError: one of ``scopes`` is no scope.
    """
    checked_scopes(scopes)

    def decorate(endpoint: Callable[..., Any]) -> Callable[..., Awaitable[Response]]:
        @wraps(endpoint)
        async def guarded(*args: Any) -> Response:
            # The last argument is the request; a method has ``self`` before it.
            granted = await _checked(guard, args[-1], scopes)
            if iscoroutinefunction(endpoint):
                return await cast("Awaitable[Response]", endpoint(*args, granted))
            return cast("Response", await run_in_threadpool(endpoint, *args, granted))

        return guarded

    return cast("_Decorator[GrantedT]", decorate)


class BearerMiddleware:
    """Lets only requests and WebSockets with a valid token through to an application.

    Handlers find what is known of it in ``request.state.bearer``.

    Args:
        app: the application.
        guard: an asynchronous guard, or a synchronous one, which is asked in a worker thread.
        scopes: what every token needs.
        exempt: paths that need no token, health checks say, compared as they are.

    Raises:
        ConfigurationError: one of ``scopes`` is no scope.
    """

    def __init__(
        self,
        app: ASGIApp,
        guard: AsyncBearerGuard[Any] | BearerGuard[Any],
        *,
        scopes: Iterable[str] = (),
        exempt: Collection[str] = (),
    ) -> None:
        self._app: Final = app
        self._guard: Final = guard
        self._scopes: Final = checked_scopes(tuple(scopes))
        self._exempt: Final = frozenset(exempt)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, one WebSocket, or the application's lifespan."""
        if scope["type"] in ("http", "websocket") and scope["path"] not in self._exempt:
            connection = HTTPConnection(scope)
            try:
                connection.state.bearer = await _check(self._guard, connection, self._scopes)
            except BearerRefusal as refusal:
                answer = _denied if scope["type"] == "websocket" else response_of(refusal)
                await answer(scope, receive, send)
                return
        await self._app(scope, receive, send)


def response_of(refusal: BearerRefusal) -> Response:
    """The answer to a request that is refused."""
    return JSONResponse(refusal.body, refusal.status, headers=dict(refusal.headers))


async def _denied(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "websocket.close", "code": _POLICY_VIOLATION})


async def _check(
    guard: AsyncBearerGuard[GrantedT] | BearerGuard[GrantedT],
    connection: HTTPConnection,
    scopes: tuple[str, ...],
) -> GrantedT:
    # The header is in no variable of ours, nor of a worker thread's: error trackers keep those.
    if isinstance(guard, AsyncBearerGuard):
        return await guard.check(connection.headers.getlist("authorization"), *scopes)
    return await run_in_threadpool(
        lambda: guard.check(connection.headers.getlist("authorization"), *scopes)
    )


async def _checked(
    guard: AsyncBearerGuard[GrantedT] | BearerGuard[GrantedT],
    connection: HTTPConnection,
    scopes: tuple[str, ...],
) -> GrantedT:
    try:
        return await _check(guard, connection, scopes)
    except BearerRefusal as error:
        raise as_exception(error, connection) from error


def as_exception(refusal: BearerRefusal, connection: HTTPConnection) -> Exception:
    """The refusal of a request, or of a WebSocket, as Starlette answers it."""
    if connection.scope["type"] == "websocket":
        return WebSocketException(_POLICY_VIOLATION, str(refusal))
    return HTTPException(refusal.status, str(refusal), dict(refusal.headers))
