"""The synchronous transport: connections to one origin, shared by all threads."""

from __future__ import annotations

import functools
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Final, cast
from weakref import ref

import httpcore
import httpx

from .connections import KEEPALIVE_SECONDS, MAX_CONNECTIONS, connector, core_request, is_reusable
from .deadlines import DeadlineBackend
from .loops import PerProcess

# Seconds after which a waiting thread checks for a connection without being woken.
_LOOK_AGAIN: Final = 0.1


class OriginTransport(httpx.BaseTransport):
    """Connections to one origin. A request's deadline is its only time limit.

    httpcore's pool only creates the connections. It has locks, which a forked child may find taken,
    and counts that an exception raised by a signal handler leaves wrong.
    """

    def __init__(self, origin: httpx.URL) -> None:
        connect = connector(httpcore.ConnectionPool, origin, DeadlineBackend())
        self._lanes: Final = PerProcess(functools.partial(_Lanes, connect))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        deadline = request.extensions["timeout"].deadline
        return self._lanes.get().handle(core_request(request, deadline), deadline)

    def close(self) -> None:
        lanes = self._lanes.pop()
        if lanes is not None:
            lanes.close()


class _Lane:
    """One connection, closed when nothing refers to it any more.

    So an exception raised by a signal handler, at any point, loses only the connection of the call
    that it ends.
    """

    __slots__ = ("__weakref__", "connection")

    def __init__(self, connection: httpcore.ConnectionInterface, known: set[ref[_Lane]]) -> None:
        self.connection: Final = connection
        # One expression: the callback can only discard a reference that has been added.
        known.add(ref(self, known.discard))

    def __del__(self) -> None:
        with suppress(Exception):  # the interpreter may be ending
            self.connection.close()


class _Lanes:
    """The connections of one process.

    There is no lock that an exception could leave taken: each step is one operation of a set, a
    deque or a bare lock, which is atomic.
    """

    __slots__ = ("_all", "_connect", "_free", "_room")

    def __init__(self, connect: Callable[[], httpcore.ConnectionInterface]) -> None:
        self._connect: Final = connect
        self._all: Final[set[ref[_Lane]]] = set()
        # Idle connections, the longest idle first, and since when they are idle.
        self._free: Final[deque[tuple[_Lane, float]]] = deque()
        # Released when there may be room. A waiting thread acquires it.
        self._room: Final = threading.Lock()

    def handle(self, request: httpcore.Request, deadline: float | None) -> httpx.Response:
        lane = self._take(deadline)
        try:
            response = lane.connection.handle_request(request)
        except BaseException:
            self.give_up(lane)
            raise
        return httpx.Response(
            response.status, headers=response.headers, stream=_Stream(response, self, lane)
        )

    def put_back(self, lane: _Lane, *, is_fit: bool) -> None:
        """Let the next call have this connection, if it is fit for one."""
        if not is_fit:
            self.give_up(lane)
            return
        now = time.monotonic()
        self._free.append((lane, now))
        with suppress(IndexError):
            if now - self._free[0][1] > KEEPALIVE_SECONDS:
                self.give_up(self._free.popleft()[0])
        self._call_one()

    def give_up(self, lane: _Lane) -> None:
        """Close this connection, and let the next call have its room."""
        self._all.discard(ref(lane))
        lane.connection.close()
        self._call_one()

    def close(self) -> None:
        """Close the idle connections now, and those in use after their responses."""
        with suppress(IndexError):
            while True:
                self.give_up(self._free.pop()[0])

    def _take(self, deadline: float | None) -> _Lane:
        lane = self._free_lane() or self._new_lane()
        while lane is None:
            left = _LOOK_AGAIN if deadline is None else deadline - time.monotonic()
            if left <= 0:
                raise httpcore.PoolTimeout("all connections are in use")
            if not self._room.acquire(timeout=min(left, _LOOK_AGAIN)):
                # gevent may leave locks unpatched: while one greenlet sleeps, others run. With
                # ``sleep(0)`` the loop would look at no socket, as long as two of them wait here.
                time.sleep(0.001)
            lane = self._free_lane() or self._new_lane()
            if lane is not None:
                # Several releases count as one: wake the next waiting thread.
                self._call_one()
        return lane

    def _free_lane(self) -> _Lane | None:
        with suppress(IndexError):
            while True:
                # The one used last: few calls at a time share few connections.
                lane, _ = self._free.pop()
                if not lane.connection.has_expired():
                    return lane
                self.give_up(lane)
        return None

    def _new_lane(self) -> _Lane | None:
        if len(self._all) < MAX_CONNECTIONS:
            lane = _Lane(self._connect(), self._all)
            if len(self._all) <= MAX_CONNECTIONS:
                return lane
            # Another thread opened one at the same time.
            self.give_up(lane)
        return None

    def _call_one(self) -> None:
        with suppress(RuntimeError):  # released already
            self._room.release()


class _Stream(httpx.SyncByteStream):
    def __init__(self, response: httpcore.Response, lanes: _Lanes, lane: _Lane) -> None:
        self._response: Final = response
        self._lanes: Final = lanes
        self._lane: Final = lane

    def __iter__(self) -> Iterator[bytes]:
        return iter(cast("httpx.SyncByteStream", self._response.stream))

    def close(self) -> None:
        is_fit = False
        try:
            self._response.close()
            is_fit = is_reusable(self._lane.connection, self._response)
        finally:
            self._lanes.put_back(self._lane, is_fit=is_fit)
