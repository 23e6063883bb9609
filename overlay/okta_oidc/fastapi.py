"""The guard as a dependency of FastAPI, which shows in the application's OpenAPI document.

FastAPI itself comes from your own requirements: 0.133 or newer. (0.115 works, its document shows no
scopes.)
"""

# Without `from __future__ import annotations`: FastAPI reads the annotations of a dependency, and
# answers 422 to everything where one is a text that it cannot resolve.
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar, overload

from fastapi import Security
from fastapi.openapi.models import HTTPBearer
from fastapi.requests import HTTPConnection
from fastapi.security.base import SecurityBase

from ._resource._guard import AsyncBearerGuard, BearerGuard, BearerRefusal, checked_scopes
from .starlette import as_exception

__all__ = ["requires"]

GrantedT = TypeVar("GrantedT")


class _Scheme(SecurityBase):
    """The security scheme in the OpenAPI document."""

    def __init__(self) -> None:
        self.model = HTTPBearer(bearerFormat="JWT", description="An access token of Okta's.")
        self.scheme_name = "okta"

    def __call__(self) -> None:
        """Do nothing: the dependency that has this one checks the token."""


_SCHEME: Final = _Scheme()


@overload
def requires(
    guard: AsyncBearerGuard[GrantedT], *scopes: str
) -> Callable[..., Awaitable[GrantedT]]: ...


@overload
def requires(guard: BearerGuard[GrantedT], *scopes: str) -> Callable[..., GrantedT]: ...


def requires(guard: AsyncBearerGuard[Any] | BearerGuard[Any], *scopes: str) -> Callable[..., Any]:
    """A dependency that gives what is known of the token: ``Depends(requires(guard, "a:read"))``.

    A synchronous guard is asked in a worker thread. A refusal is an ``HTTPException`` with the
    right status and headers; a WebSocket is closed with 1008.

    Raises:
        ConfigurationError: one of ``scopes`` is no scope.
    """
    checked_scopes(scopes)
    shown = Security(_SCHEME, scopes=list(scopes))

    if isinstance(guard, AsyncBearerGuard):

        async def required_async(connection: HTTPConnection, _: None = shown) -> Any:
            # The header is in no variable of ours: error trackers keep those.
            try:
                return await guard.check(connection.headers.getlist("authorization"), *scopes)
            except BearerRefusal as error:
                raise as_exception(error, connection) from error

        return required_async

    def required(connection: HTTPConnection, _: None = shown) -> Any:
        try:
            return guard.check(connection.headers.getlist("authorization"), *scopes)
        except BearerRefusal as error:
            raise as_exception(error, connection) from error

    return required
