"""Nothing secret in the frames of a traceback.

Error trackers keep the local variables of every frame. Ours, and those of the libraries below,
hold codes, tokens, forms and headers. So each public method hands on what is raised without them.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from types import TracebackType
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
        "selectors",
        "socket",
        "ssl",
        "trio",
        "urllib",
        "uvloop",
    }
)


def silent(method: Callable[P, T]) -> Callable[P, T]:
    """Let ``method``, synchronous or asynchronous, raise without the frames below it."""
    if inspect.iscoroutinefunction(method):
        return cast("Callable[P, T]", _silent_async(method))

    @functools.wraps(method)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return method(*args, **kwargs)
        except BaseException as error:  # noqa: BLE001  # raised again below
            failure = quieted(error)
        # A frame that is raised through keeps its locals.
        del args, kwargs
        try:
            raise failure
        finally:
            del failure

    return call


def _silent_async(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    async def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return await method(*args, **kwargs)
        except BaseException as error:  # noqa: BLE001  # raised again below
            failure = quieted(error)
        del args, kwargs
        try:
            raise failure
        finally:
            del failure

    return call


def quieted(error: BaseException) -> BaseException:
    """``error`` itself, its causes and contexts without frames that may hold secrets."""
    seen: set[int] = set()
    waiting: list[BaseException] = [error]
    while waiting:
        each = waiting.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        each.__traceback__ = _of_callers(each.__traceback__)
        if each.__suppress_context__:
            each.__context__ = each.__cause__
        waiting += [other for other in (each.__cause__, each.__context__) if other is not None]
        if isinstance(each, BaseExceptionGroup):
            waiting += cast("BaseExceptionGroup[BaseException]", each).exceptions
    return error


def _of_callers(traceback: TracebackType | None) -> TracebackType | None:
    kept: list[TracebackType] = []
    while traceback is not None:
        name = str(traceback.tb_frame.f_globals.get("__name__", ""))
        if name.partition(".")[0] not in _OURS:
            kept.append(traceback)
        traceback = traceback.tb_next
    chain: TracebackType | None = None
    for each in reversed(kept):
        chain = TracebackType(chain, each.tb_frame, each.tb_lasti, each.tb_lineno)
    return chain
