"""The guard in front of Flask's views.

Flask itself comes from your own requirements: 3.0 or newer, with ``flask[async]`` for ``async``
views.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, Final, ParamSpec, Protocol, TypeVar, cast, overload

from flask import current_app, request
from flask.views import View
from werkzeug.exceptions import HTTPException, default_exceptions

from ._config import check_kind
from ._resource._guard import BearerGuard, BearerRefusal, checked_scopes

__all__ = ["requires"]

GrantedT = TypeVar("GrantedT")
GrantedT_co = TypeVar("GrantedT_co", covariant=True)
ViewT = TypeVar("ViewT", bound=View)
P = ParamSpec("P")


class _Decorator(Protocol[GrantedT_co]):
    """For a function, or a method of a class-based view."""

    @overload
    def __call__(self, view: Callable[Concatenate[GrantedT_co, P], Any], /) -> Callable[P, Any]: ...

    @overload
    def __call__(
        self, view: Callable[Concatenate[ViewT, GrantedT_co, P], Any], /
    ) -> Callable[Concatenate[ViewT, P], Any]: ...


def requires(guard: BearerGuard[GrantedT], *scopes: str) -> _Decorator[GrantedT]:
    """Decorate a view, plain or ``async``, which is handed what is known of the token first.

    ::

        @app.get("/orders/<int:number>")
        @requires(guard, "orders:read")
        def order(info: Introspection, number: int) -> str: ...

    A method of a ``MethodView`` is handed it after ``self``.

    A refusal is the ``HTTPException`` of its status, so ``app.errorhandler(401)`` finds it. The
    guard is a synchronous one: Flask runs each ``async`` view in an event loop of its own.

    Raises:
        ConfigurationError: one of ``scopes`` is no scope, or the guard is asynchronous.
    """
    check_kind("guard", guard, BearerGuard)
    checked_scopes(scopes)

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            try:
                granted = guard.check(request.headers.getlist("authorization"), *scopes)
            except BearerRefusal as error:
                raise _KINDS[error.status](error) from error
            owner = 1 if args and isinstance(args[0], View) else 0
            return current_app.ensure_sync(view)(*args[:owner], granted, *args[owner:], **kwargs)

        return guarded

    return cast("_Decorator[GrantedT]", decorate)


class _Refused(HTTPException):
    """Adds the headers of a refusal to an exception of werkzeug's."""

    def __init__(self, refusal: BearerRefusal) -> None:
        super().__init__(str(refusal))
        self._headers: Final = dict(refusal.headers)

    def get_headers(self, *args: Any, **kwargs: Any) -> list[tuple[str, str]]:
        """The headers of the answer."""
        return [*super().get_headers(*args, **kwargs), *self._headers.items()]


# Flask finds an error handler by the exception's class.
_KINDS: Final = {
    status: cast(
        "type[_Refused]", type("Refused", (_Refused, default_exceptions[status]), {"code": status})
    )
    for status in (400, 401, 403, 500, 503)
}
