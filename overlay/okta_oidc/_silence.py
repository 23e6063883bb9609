"""Nothing secret in the frames of a traceback.

Error trackers keep the local variables of every frame. Ours, and those of the libraries below,
hold codes, tokens, forms and headers. So each public method clears them from what it raises.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from contextlib import suppress
from traceback import walk_tb
from typing import Any, Final, ParamSpec, TypeVar, cast

P = ParamSpec("P")
T = TypeVar("T")

# The packages a request passes through. Frames of others are a caller's own: a hook, a transport.
_OURS: Final = frozenset(
    {
        "aiohttp",
        "anyio",
        "asyncio",
        "attr",
        "concurrent",
        "contextlib",
        "cryptography",
        "encodings",
        "h11",
        "httpcore",
        "httpcore2",
        "httpx",
        "httpx2",
        "joserfc",
        "json",
        "okta_oidc",
        "okta_oidc_api",
        "redis",
        "selectors",
        "socket",
        "ssl",
        "trio",
        "urllib",
        "uvloop",
        "valkey",
    }
)


def silent(method: Callable[P, T]) -> Callable[P, T]:
    """Let ``method``, synchronous or not, raise without the locals of the frames below it."""
    if inspect.iscoroutinefunction(method):
        return cast("Callable[P, T]", _silent_async(method))

    @functools.wraps(method)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return method(*args, **kwargs)
        except BaseException as error:
            quiet(error)
            # This frame stays in the traceback, and keeps its locals.
            del args, kwargs
            raise

    return call


def _silent_async(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    async def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return await method(*args, **kwargs)
        except BaseException as error:
            quiet(error)
            del args, kwargs
            raise

    return call


def silent_methods(cls: type[T]) -> type[T]:
    """Make every public method of a class :func:`silent`."""
    for name, member in list(vars(cls).items()):
        if inspect.isfunction(member) and not name.startswith("_"):
            setattr(cls, name, silent(member))
    return cls


def quiet(error: BaseException) -> None:
    """Clear the locals of our frames, in the causes and contexts of ``error`` too."""
    seen: set[int] = set()
    waiting: list[BaseException] = [error]
    while waiting:
        each = waiting.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        if each.__traceback__ is None:
            _raise(each)
        if each.__suppress_context__:
            each.__context__ = each.__cause__
        waiting += [other for other in (each.__cause__, each.__context__) if other is not None]
        if isinstance(each, BaseExceptionGroup):
            waiting += cast("BaseExceptionGroup[BaseException]", each).exceptions
        for frame, _ in walk_tb(each.__traceback__):
            if str(frame.f_globals.get("__name__", "")).partition(".")[0] in _OURS:
                # A running frame cannot be cleared: a caller's, or the wrapper's own.
                with suppress(RuntimeError):
                    frame.clear()


def _raise(error: BaseException) -> None:
    """Give a cause that was never raised a traceback: trackers look for one in each of a chain."""
    context = error.__context__
    try:
        raise error  # noqa: TRY301  # for its traceback alone
    except BaseException:  # noqa: BLE001
        error.__context__ = context
