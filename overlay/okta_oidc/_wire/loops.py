"""What belongs to one event loop, kept apart from what belongs to another."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar

from sniffio import thread_local

T = TypeVar("T")


class PerLoop(Generic[T]):
    """A value for each running event loop, made when it is first asked for there.

    It has no lock, which a forked child could find taken: a dictionary's own operations are atomic.
    """

    __slots__ = ("_make", "_process", "_values")

    def __init__(self, make: Callable[[], T]) -> None:
        self._make: Final = make
        self._process = os.getpid()
        self._values: dict[Any, T] = {}

    def get(self) -> T:
        """The value of the running loop."""
        loop = _running_loop()
        if self._process != os.getpid():
            # A forked child shares its parent's connections: two would read one's answers.
            self._process, self._values = os.getpid(), {}
        value = self._values.get(loop)
        if value is None:
            # Loops that have ended never come back: a program may run one for each job.
            for other in list(self._values):
                if _has_ended(other):
                    self._values.pop(other, None)
            value = self._values[loop] = self._make()
        return value

    def pop(self) -> T | None:
        """The value of the running loop, given up. Another loop's cannot be closed from here."""
        return self._values.pop(_running_loop(), None)


def is_trio() -> bool:
    """Whether this runs under trio, which says so."""
    return thread_local.name == "trio"


def _running_loop() -> Any:
    if is_trio():
        import trio

        return trio.lowlevel.current_trio_token()
    return asyncio.get_running_loop()


def _has_ended(loop: Any) -> bool:
    if isinstance(loop, asyncio.AbstractEventLoop):
        return loop.is_closed()
    import trio

    try:
        # Trio tells by refusing what it is asked to do later.
        loop.run_sync_soon(int, idempotent=True)
    except trio.RunFinishedError:
        return True
    return False
