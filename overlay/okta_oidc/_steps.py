"""What a pure core asks of whoever drives it: both faces run the same generators.

A core never sends, waits or blocks. It yields a step and is handed the outcome, or has the failure
thrown in.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")


class Ask:
    """Call ``function``, and await what it returns where that is awaitable.

    The synchronous face hands in functions that answer, the asynchronous one functions that are
    awaited. ``blocking`` marks one that would hold an event loop up: it runs in a worker thread
    there.
    """

    __slots__ = ("args", "blocking", "function")

    def __init__(
        self,
        function: Callable[..., Awaitable[Any] | Any],
        *args: object,
        blocking: bool = False,
    ) -> None:
        self.function: Final = function
        self.args: Final = args
        self.blocking: Final = blocking

    def __repr__(self) -> str:
        # The arguments may be secret.
        return f"Ask({getattr(self.function, '__qualname__', type(self.function).__name__)})"


# A request is answered by its ``Reply``, or by a ``TransportError``; a number of seconds by
# nothing, once they have passed; an ``Ask`` by its function's result, or its exception.
Step: TypeAlias = "httpx.Request | float | Ask"
Steps: TypeAlias = Generator[Step, Any, T]
# The course of one request through an ``httpx.Auth``, which is handed responses.
Course: TypeAlias = Generator["httpx.Request | Ask", Any, T]


async def answered(step: Ask) -> Any:
    """What ``step`` asks for, on an event loop."""
    if step.blocking:
        from anyio.to_thread import run_sync

        # A closure: arguments would stay in a frame of the worker thread that goes on running, and
        # so cannot be cleared.
        return await run_sync(lambda: step.function(*step.args))
    outcome = step.function(*step.args)
    return await outcome if inspect.isawaitable(outcome) else outcome


def auth_flow(course: Course[object]) -> Generator[httpx.Request, httpx.Response, None]:
    """``course`` as ``httpx.Client`` drives it."""
    outcome: Any = None
    while True:
        try:
            step = course.send(outcome)
        except StopIteration:
            return
        outcome = step.function(*step.args) if isinstance(step, Ask) else (yield step)


async def async_auth_flow(course: Course[object]) -> AsyncGenerator[httpx.Request, httpx.Response]:
    """``course`` as ``httpx.AsyncClient`` drives it."""
    outcome: Any = None
    while True:
        try:
            step = course.send(outcome)
        except StopIteration:
            return
        outcome = (await answered(step)) if isinstance(step, Ask) else (yield step)
