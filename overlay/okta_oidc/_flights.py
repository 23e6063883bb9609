"""One call for all who wait for its result: threads, tasks, and the tasks of several event loops.

No lock is held: ``dict.setdefault`` decides who makes the call. So a forked child finds no lock
taken. Flights are kept by process id, so a child never waits for a call of its parent's.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from contextvars import copy_context
from copy import copy
from functools import partial
from typing import Any, Final, Generic, TypeVar

from ._wire.loops import current_loop, is_trio

T = TypeVar("T")
E = TypeVar("E", bound=BaseException)

# Seconds. An event loop may stop without finishing its call, so a waiter makes the call itself
# after this long. A call that is only slow is made twice, which is safe for all uses here.
_PATIENCE: Final = 30.0


class _Flight(Future[T]):
    """A call in progress. It lands once: with a value, with an error, or abandoned (cancelled)."""

    loop: asyncio.AbstractEventLoop | None = None

    @property
    def is_lost(self) -> bool:
        return self.loop is not None and self.loop.is_closed()

    def landed(self) -> T:
        """The value, once there is one or an error."""
        error = self.exception()
        if error is not None:
            # A copy: one instance raised in many places would collect all of their tracebacks.
            raise copied(error)
        return self.result()


class _Board(Generic[T]):
    """The flight of this process, if there is one."""

    __slots__ = ("_flights",)

    def __init__(self) -> None:
        self._flights: Final[dict[int, _Flight[T]]] = {}

    def board(self) -> tuple[_Flight[T], bool]:
        """The flight in progress; or a new one and ``True``: the caller has to make the call."""
        new: _Flight[T] = _Flight()
        flight = self._flights.setdefault(os.getpid(), new)
        if flight is not new and flight.is_lost:
            self.land(flight, flight.cancel)
            flight = self._flights.setdefault(os.getpid(), new)
        return flight, flight is new

    def land(self, flight: _Flight[T], how: Callable[[], object]) -> None:
        # Removed before it lands, so that later callers start a new call.
        if self._flights.get(os.getpid()) is flight:
            self._flights.pop(os.getpid(), None)
        with suppress(Exception):  # already set: a waiter timed out and abandoned this flight
            how()


class Flights(_Board[T]):
    """Threads: the first makes the call, the others wait for it."""

    __slots__ = ()

    def join(self, work: Callable[[], T]) -> T:
        """The result of ``work``, or of the same work in progress in another thread.

        Raises:
            Exception: what the work raised; each waiter gets a copy of its own.
        """
        while True:
            flight, mine = self.board()
            if mine:
                return self._fly(flight, work)
            try:
                flight.exception(_PATIENCE)
            except (TimeoutError, CancelledError):
                self.land(flight, flight.cancel)
            else:
                return flight.landed()

    def start(self, work: Callable[[], T]) -> None:
        """Do ``work`` in this thread, unless another one is doing it. Never waits."""
        flight, mine = self.board()
        if mine:
            self._fly(flight, work)

    def _fly(self, flight: _Flight[T], work: Callable[[], T]) -> T:
        landing: Callable[[], object] = flight.cancel
        try:
            value = work()
            landing = partial(flight.set_result, value)
        except Exception as error:
            # A copy: the raised instance keeps a traceback whose frames hold the request's secrets.
            landing = partial(flight.set_exception, copied(error))
            raise
        finally:
            self.land(flight, landing)
        return value


class AsyncFlights(_Board[T]):
    """Tasks: a separate task makes the call, so that cancelling a waiter does not cancel it."""

    __slots__ = ("_tasks",)

    def __init__(self) -> None:
        super().__init__()
        self._tasks: Final[set[asyncio.Task[None]]] = set()

    async def join(self, work: Callable[[], Awaitable[T]]) -> T:
        """The result of ``work``, or of the same work in progress in another task.

        Raises:
            Exception: a copy of what the work raised.
        """
        while True:
            flight = self.start(work)
            await _wait_for(flight)
            if not flight.done():
                self.land(flight, flight.cancel)
            if not flight.cancelled():
                return flight.landed()

    def start(self, work: Callable[[], Awaitable[T]]) -> _Flight[T]:
        """Start ``work``, unless it is in progress. Does not wait for it."""
        flight, mine = self.board()
        if not mine:
            return flight
        try:
            if is_trio():
                import trio

                trio.lowlevel.spawn_system_task(self._fly, flight, work, context=copy_context())
            else:
                flight.loop = loop = current_loop()
                task = loop.create_task(self._fly(flight, work))
                # The loop itself holds its tasks weakly.
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        except BaseException:
            self.land(flight, flight.cancel)
            raise
        return flight

    async def _fly(self, flight: _Flight[T], work: Callable[[], Awaitable[T]]) -> None:
        landing: Callable[[], object] = flight.cancel
        try:
            landing = partial(flight.set_result, await work())
        except Exception as error:  # noqa: BLE001  # raised where it is waited for
            landing = partial(flight.set_exception, error)
        finally:
            self.land(flight, landing)


async def _wait_for(flight: Future[Any]) -> None:
    """Wait until the flight lands, whichever loop it is on, but not for ever."""
    from anyio import Event, move_on_after

    landed, loop = Event(), current_loop()
    soon = loop.run_sync_soon if is_trio() else loop.call_soon_threadsafe

    def wake(_: object) -> None:
        with suppress(RuntimeError):  # the loop has ended
            soon(landed.set)

    flight.add_done_callback(wake)
    with move_on_after(_PATIENCE):
        await landed.wait()


def copied(error: E) -> E:
    """A copy without the traceback, whose frames may hold secrets."""
    # An exception of a caller's hook may be of a class that cannot be copied.
    with suppress(Exception):
        return copy(error)
    return error
