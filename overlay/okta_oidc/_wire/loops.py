"""What belongs to one process and one event loop, kept apart from what belongs to another."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar

from sniffio import thread_local

T = TypeVar("T")


class PerProcess(Generic[T]):
    """A value for each process, made when it is first asked for there.

    It has no lock, which a forked child could find taken: a dictionary's own operations are atomic.
    """

    __slots__ = ("_make", "_values")

    def __init__(self, make: Callable[[], T]) -> None:
        self._make: Final = make
        self._values: Final[dict[tuple[int, Any], T]] = {}

    def get(self) -> T:
        """The value of this process, and of the running loop if there is one for each."""
        # A forked child must not use its parent's connections: both would read the same responses.
        process, loop = key = os.getpid(), self._loop()
        value = self._values.get(key)
        if value is None:
            # Loops that have ended never come back: a program may run one for each job.
            for other in list(self._values):
                if other[0] != process or (loop is not None and _has_ended(other[1])):
                    self._values.pop(other, None)
            # Another thread may make one at the same time.
            value = self._values.setdefault(key, self._make())
        return value

    def pop(self) -> T | None:
        """Remove the value and return it. Those of other loops, or of a parent, stay."""
        return self._values.pop((os.getpid(), self._loop()), None)

    def _loop(self) -> Any:
        return None


class PerLoop(PerProcess[T]):
    """A value for each event loop of each process."""

    __slots__ = ()

    def _loop(self) -> Any:
        return current_loop()


def current_loop() -> Any:
    """The running loop of asyncio, or what trio has in its place."""
    if is_trio():
        import trio

        return trio.lowlevel.current_trio_token()
    # Imported here: a synchronous client does not need it.
    import asyncio

    return asyncio.get_running_loop()


def is_trio() -> bool:
    """Whether this runs under trio."""
    return thread_local.name == "trio"


def _has_ended(loop: Any) -> bool:
    if hasattr(loop, "is_closed"):
        return bool(loop.is_closed())
    try:
        # Trio has no other test: scheduling a call fails once the run has ended.
        loop.run_sync_soon(int, idempotent=True)
    except RuntimeError:
        return True
    return False
