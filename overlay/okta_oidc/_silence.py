"""Public methods raise without the frames behind them, whose locals hold tokens and secrets."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any, ParamSpec, TypeVar, cast

P = ParamSpec("P")
T = TypeVar("T")


def silent(function: Callable[P, T]) -> Callable[P, T]:
    """Let ``function``, a coroutine function or a plain one, raise without its frames."""
    if iscoroutinefunction(function):

        @wraps(function)
        async def awaited(*args: Any, **kwargs: Any) -> Any:
            try:
                return await function(*args, **kwargs)
            except BaseException as error:  # noqa: BLE001  # raised below
                failure = error.with_traceback(None)
            del args, kwargs
            try:
                raise failure
            finally:
                del failure

        return cast("Callable[P, T]", awaited)

    @wraps(function)
    def called(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)
        except BaseException as error:  # noqa: BLE001  # raised below
            failure = error.with_traceback(None)
        del args, kwargs
        try:
            raise failure
        finally:
            del failure

    return called
