"""The synchronous transport: connections to one origin, shared by all threads."""

from __future__ import annotations

import functools
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Final, cast
from weakref import ref

import httpcore
import httpx

from .core import core_request, core_url, pool_options
from .deadlines import DeadlineBackend
from .environment import Origin
from .reuse import KEEPALIVE_SECONDS, MAX_CONNECTIONS, is_reusable

# How long a thread waits for a connection before it looks for itself whether there is one.
_LOOK_AGAIN: Final = 0.1


class OriginTransport(httpx.BaseTransport):
    """Connections to one origin. Of a request's limits the one for reading is the limit in all.

    httpcore's pool does no more than make the connections. It has locks, which a forked child may
    find taken, and counts that an exception out of a signal handler leaves wrong.
    """

    def __init__(self, origin: Origin) -> None:
        pool = httpcore.ConnectionPool(network_backend=DeadlineBackend(), **pool_options(origin))
        connect = functools.partial(pool.create_connection, core_url(origin.url).origin)
        self._new_lanes: Final = functools.partial(_Lanes, connect)
        self._lanes = self._new_lanes()
        self._process = os.getpid()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if self._process != os.getpid():
            # A forked child shares its parent's connections: two would read one's answers.
            self._lanes = self._new_lanes()
            self._process = os.getpid()
        seconds = request.extensions.get("timeout", {}).get("read")
        deadline = None if seconds is None else time.monotonic() + seconds
        limits = {"connect": deadline, "read": deadline, "write": deadline}
        return self._lanes.handle(core_request(request, limits), deadline)

    def close(self) -> None:
        if self._process == os.getpid():
            self._lanes.close()


class _Lane:
    """One connection. It belongs to whoever refers to it, and is closed when nobody does.

    So an exception out of a signal handler, wherever it strikes, costs no more than the connection
    of the call that it ends.
    """

    __slots__ = ("__weakref__", "connection", "reference", "resting_since")

    def __init__(self, connection: httpcore.ConnectionInterface, known: set[ref[_Lane]]) -> None:
        self.connection: Final = connection
        self.resting_since = 0.0
        # In one go: one that is not in there yet could not be taken out.
        known.add(reference := ref(self, known.discard))
        self.reference: Final = reference

    def __del__(self) -> None:
        with suppress(Exception):  # the interpreter may be ending
            self.connection.close()


class _Lanes:
    """The connections of one process.

    There is no lock that an exception could leave taken: each step is one operation of a set or a
    deque, which is atomic.
    """

    __slots__ = ("_all", "_connect", "_free", "_waiting")

    def __init__(self, connect: Callable[[], httpcore.ConnectionInterface]) -> None:
        self._connect: Final = connect
        self._all: Final[set[ref[_Lane]]] = set()
        # In the order in which they came to rest.
        self._free: Final[deque[_Lane]] = deque()
        # A lock for each thread that waits, taken, to be released when there is room.
        self._waiting: Final[deque[threading.Lock]] = deque()

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

    def keep(self, lane: _Lane) -> None:
        """Let the next call have this connection."""
        lane.resting_since = time.monotonic()
        if lane.reference in self._all:  # else all were closed meanwhile
            self._free.append(lane)
        with suppress(IndexError):
            if lane.resting_since - self._free[0].resting_since > KEEPALIVE_SECONDS:
                self.give_up(self._free.popleft())
        self._call_one()

    def give_up(self, lane: _Lane) -> None:
        """Close this connection, and let the next call have its room."""
        self._all.discard(lane.reference)
        lane.connection.close()
        self._call_one()

    def close(self) -> None:
        self._free.clear()
        for reference in list(self._all):
            lane = reference()
            if lane is not None:
                self.give_up(lane)

    def _take(self, deadline: float | None) -> _Lane:
        lane = self._free_lane() or self._new_lane()
        while lane is None:
            waiter = threading.Lock()
            waiter.acquire()
            # In line before it looks again: nothing that becomes free meanwhile is missed.
            self._waiting.append(waiter)
            try:
                lane = self._free_lane() or self._new_lane()
                if lane is None:
                    left = _LOOK_AGAIN if deadline is None else deadline - time.monotonic()
                    if left <= 0:
                        raise httpcore.PoolTimeout("all connections are in use")
                    waiter.acquire(timeout=min(left, _LOOK_AGAIN))
                    # gevent can be told to leave locks alone: then the others get their turn here.
                    time.sleep(0)
            finally:
                with suppress(ValueError):
                    self._waiting.remove(waiter)
        return lane

    def _free_lane(self) -> _Lane | None:
        while True:
            try:
                # The last to be free: few calls at a time share few connections.
                lane = self._free.pop()
            except IndexError:
                return None
            if not lane.connection.has_expired():
                return lane
            self.give_up(lane)

    def _new_lane(self) -> _Lane | None:
        if len(self._all) >= MAX_CONNECTIONS:
            return None
        lane = _Lane(self._connect(), self._all)
        if len(self._all) > MAX_CONNECTIONS:  # another thread was at the same
            self._all.discard(lane.reference)
            return None
        return lane

    def _call_one(self) -> None:
        with suppress(IndexError):
            self._waiting.popleft().release()


class _Stream(httpx.SyncByteStream):
    def __init__(self, response: httpcore.Response, lanes: _Lanes, lane: _Lane) -> None:
        self._response: Final = response
        self._lanes: Final = lanes
        self._lane: _Lane | None = lane

    def __iter__(self) -> Iterator[bytes]:
        return iter(cast("httpx.SyncByteStream", self._response.stream))

    def close(self) -> None:
        lane, self._lane = self._lane, None
        if lane is None:
            return
        try:
            self._response.close()
            is_fit = lane.connection.is_idle() and is_reusable(self._response)
        except BaseException:
            self._lanes.give_up(lane)
            raise
        if is_fit:
            self._lanes.keep(lane)
        else:
            self._lanes.give_up(lane)
