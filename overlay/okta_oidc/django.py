"""The guard in front of Django's views, synchronous and asynchronous.

Django itself comes from your own requirements: 5.2 or newer.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from asgiref.sync import async_to_sync, iscoroutinefunction, sync_to_async
from django.http import HttpRequest, JsonResponse

from ._resource._guard import AsyncBearerGuard, BearerGuard, BearerRefusal, checked_scopes

__all__ = ["requires"]

GrantedT = TypeVar("GrantedT")
P = ParamSpec("P")


def requires(
    guard: AsyncBearerGuard[GrantedT] | BearerGuard[GrantedT], *scopes: str
) -> Callable[
    [Callable[Concatenate[HttpRequest, GrantedT, P], Any]],
    Callable[Concatenate[HttpRequest, P], Any],
]:
    """Decorate a view, plain or ``async``, which is handed what is known of the token second.

    ::

        @requires(guard, "orders:read")
        def order(request: HttpRequest, info: Introspection, number: int) -> HttpResponse: ...

    Each kind of view may have either kind of guard; its own kind is the faster. The view is exempt
    from CSRF checks, which guard cookies: no browser adds a bearer token by itself.

    Raises:
        ConfigurationError: one of ``scopes`` is no scope.
    """
    checked_scopes(scopes)

    # Takes the request: a header would stay in asgiref's frames, which error trackers keep.
    def check(request: HttpRequest) -> Any:
        return guard.check(request.META.get("HTTP_AUTHORIZATION"), *scopes)

    async def check_async(request: HttpRequest) -> Any:
        return await check(request)

    def decorate(
        view: Callable[Concatenate[HttpRequest, GrantedT, P], Any],
    ) -> Callable[Concatenate[HttpRequest, P], Any]:
        guarded: Any
        # What Django itself asks: it knows the class-based ones, too, before Python 3.12.
        if iscoroutinefunction(view):  # pyright: ignore[reportDeprecated]
            ask = check_async if isinstance(guard, AsyncBearerGuard) else sync_to_async(check)

            @wraps(view)
            async def guarded_async(
                request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs
            ) -> Any:
                try:
                    granted = await ask(request)
                except BearerRefusal as refusal:
                    return _response_of(refusal)
                return await view(request, granted, *args, **kwargs)

            guarded = guarded_async
        else:
            ask_now = async_to_sync(check_async) if isinstance(guard, AsyncBearerGuard) else check

            @wraps(view)
            def guarded_now(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> Any:
                try:
                    granted = ask_now(request)
                except BearerRefusal as refusal:
                    return _response_of(refusal)
                return view(request, granted, *args, **kwargs)

            guarded = guarded_now
        guarded.csrf_exempt = True
        return cast("Callable[Concatenate[HttpRequest, P], Any]", guarded)

    return decorate


def _response_of(refusal: BearerRefusal) -> JsonResponse:
    return JsonResponse(refusal.body, status=refusal.status, headers=dict(refusal.headers))
