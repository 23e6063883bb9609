"""One call for all who wait for its result: threads, tasks, and the tasks of several event loops.

No lock is held: who may make the call is decided by ``dict.setdefault``. So a fork finds nothing
locked, and since a flight belongs to one process, nothing that another will ever finish.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from contextlib import suppress
from contextvars import copy_context
from copy import copy
from typing import Any, Final, Generic, TypeAlias, TypeVar

from ._wire.loops import is_trio

T = TypeVar("T")
# The value, or the error.
Outcome: TypeAlias = tuple[T | None, Exception | None]

# Seconds. A loop may have stopped in mid-flight without a word: whoever has waited for this long
# makes the call anew. One that merely takes longer is made twice, which harms none of ours.
_PATIENCE: Final = 30.0


class _Flight(Generic[T]):
    """A call under way. It lands once: with a value, an error, or abandoned (neither)."""

    __slots__ = ("landing", "loop")

    def __init__(self) -> None:
        self.landing: Final[Future[Outcome[T] | None]] = Future()
        self.loop: asyncio.AbstractEventLoop | None = None

    @property
    def is_lost(self) -> bool:
        return self.loop is not None and self.loop.is_closed()


class _Board(Generic[T]):
    """The flight of this process, if there is one."""

    __slots__ = ("_flights",)

    def __init__(self) -> None:
        self._flights: Final[dict[int, _Flight[T]]] = {}

    def board(self) -> tuple[_Flight[T], bool]:
        """The flight under way, or a new one and ``True``: it is the caller's to fly."""
        new: _Flight[T] = _Flight()
        flight = self._flights.setdefault(os.getpid(), new)
        if flight is not new and flight.is_lost:
            self.land(flight, None)
            flight = self._flights.setdefault(os.getpid(), new)
        return flight, flight is new

    def land(self, flight: _Flight[T], outcome: Outcome[T] | None) -> None:
        # Off the board first: who comes now asks anew.
        if self._flights.get(os.getpid()) is flight:
            self._flights.pop(os.getpid(), None)
        with suppress(Exception):  # given up by those who waited, and back after all
            flight.landing.set_result(outcome)


class Flights(_Board[T]):
    """Threads: the first makes the call, the others wait for it."""

    __slots__ = ()

    def join(self, work: Callable[[], T]) -> T:
        """The result of ``work``, or of the same work that another thread is at.

        Raises:
            Exception: what the work raised; each who waited gets a copy of it.
        """
        while True:
            flight, mine = self.board()
            if mine:
                return self._fly(flight, work)
            try:
                outcome = flight.landing.result(_PATIENCE)
            except TimeoutError:
                self.land(flight, None)
                continue
            if outcome is not None:
                return _result(outcome)

    def start(self, work: Callable[[], T]) -> None:
        """Do ``work`` here and now, unless another thread is at it: wait for nobody."""
        flight, mine = self.board()
        if mine:
            self._fly(flight, work)

    def _fly(self, flight: _Flight[T], work: Callable[[], T]) -> T:
        outcome: Outcome[T] | None = None
        try:
            value = work()
            outcome = (value, None)
        except Exception as error:
            # A copy: the one that is raised keeps a traceback, and so the frames it passed through.
            outcome = (None, copied(error))
            raise
        finally:
            self.land(flight, outcome)
        return value


class AsyncFlights(_Board[T]):
    """Tasks: a task of its own makes the call, so that none of those who wait can spoil it."""

    __slots__ = ("_tasks",)

    def __init__(self) -> None:
        super().__init__()
        self._tasks: Final[set[asyncio.Task[None]]] = set()

    async def join(self, work: Callable[[], Awaitable[T]]) -> T:
        """The result of ``work``, or of the same work that another task is at.

        Raises:
            Exception: a copy of what the work raised.
        """
        while True:
            flight = self.start(work)
            outcome = await _landed(flight)
            if outcome is not None:
                return _result(outcome)
            if not flight.landing.done():
                self.land(flight, None)

    def start(self, work: Callable[[], Awaitable[T]]) -> _Flight[T]:
        """Have ``work`` done, unless it is being done, and wait for nothing."""
        flight, mine = self.board()
        if not mine:
            return flight
        try:
            if is_trio():
                import trio

                trio.lowlevel.spawn_system_task(self._fly, flight, work, context=copy_context())
            else:
                flight.loop = asyncio.get_running_loop()
                task = flight.loop.create_task(self._fly(flight, work))
                # The loop itself holds its tasks weakly.
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        except BaseException:
            self.land(flight, None)
            raise
        return flight

    async def _fly(self, flight: _Flight[T], work: Callable[[], Awaitable[T]]) -> None:
        outcome: Outcome[T] | None = None
        try:
            outcome = (await work(), None)
        except Exception as error:  # noqa: BLE001  # raised where it is waited for
            outcome = (None, error)
        finally:
            self.land(flight, outcome)


async def _landed(flight: _Flight[T]) -> Outcome[T] | None:
    """How the flight ended, whichever loop it is on; ``None`` if it was abandoned or is late."""
    from anyio import Event, move_on_after

    landed = Event()
    wake = _waker(landed.set)
    flight.landing.add_done_callback(lambda _: wake())
    with move_on_after(_PATIENCE):
        await landed.wait()
    return flight.landing.result() if flight.landing.done() else None


def _waker(call: Callable[[], object]) -> Callable[[], None]:
    """``call``, to be made in the running loop from any thread."""
    later: Callable[[Callable[[], object]], Any]
    if is_trio():
        import trio

        later = trio.lowlevel.current_trio_token().run_sync_soon
        ended: type[Exception] = trio.RunFinishedError
    else:
        later, ended = asyncio.get_running_loop().call_soon_threadsafe, RuntimeError

    def wake() -> None:
        with suppress(ended):
            later(call)

    return wake


def _result(outcome: Outcome[T]) -> T:
    value, error = outcome
    if error is not None:
        # One object raised in many places would gather the tracebacks of them all.
        raise copied(error)
    return value  # type: ignore[return-value]  # there is one, as there is no error


def copied(error: Exception) -> Exception:
    """One like it, without its traceback: what raised it may hold secrets in its frames."""
    # A hook's own may be of a class that does not know how to be copied.
    with suppress(Exception):
        return copy(error)
    return error
