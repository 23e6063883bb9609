"""What belongs to one event loop, kept apart from what belongs to another."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from sniffio import current_async_library

T = TypeVar("T")


class PerLoop(Generic[T]):
    """A value for each running event loop, made when it is first asked for there."""

    __slots__ = ("_lock", "_make", "_values")

    def __init__(self, make: Callable[[], T]) -> None:
        self._make: Final = make
        self._lock: Final = threading.Lock()
        self._values: dict[object, T] = {}

    def get(self) -> T:
        """The value of the running loop."""
        loop = _running_loop()
        value = self._values.get(loop)
        if value is None:
            value = self._make()
            with self._lock:
                # Loops that have ended never come back: a program may run one for each job.
                alive = {key: held for key, held in self._values.items() if not _has_ended(key)}
                self._values = {**alive, loop: value}
        return value

    def pop(self) -> T | None:
        """The value of the running loop, given up. Another loop's cannot be closed from here."""
        with self._lock:
            return self._values.pop(_running_loop(), None)


def _running_loop() -> object:
    if current_async_library() == "trio":
        import trio

        return trio.lowlevel.current_trio_token()
    return asyncio.get_running_loop()


def _has_ended(loop: object) -> bool:
    # Trio does not tell; its runs do not overlap in one thread, and seldom in several.
    return not isinstance(loop, asyncio.AbstractEventLoop) or loop.is_closed()
