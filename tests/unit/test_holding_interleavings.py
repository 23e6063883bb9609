"""Any order of events, any of them cut short: no family of refresh tokens is ever ended by reuse.

Processes are started, stopped, killed and replaced; the store fails, loses answers and is emptied;
requests break before and after they are processed. What happens is drawn by number, so that each
course can be run again.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable
from typing import Final

import pytest
from okta_oidc import InvalidGrantError, OktaError, SignInRequiredError

from ._holding import (
    SHORTEST_LIFETIME,
    TIMEOUT,
    Process,
    World,
    broken,
    never_sent,
    unavailable,
)

_PROCESSES: Final = 3
_EVENTS: Final = 400
_COURSES: Final = 60


class StoreError(Exception):
    """The store's own."""


class Course:
    """What happens to some processes, drawn by ``seed``."""

    def __init__(self, world: World, seed: int, *, trouble: float, may_flush: bool) -> None:
        self.world: Final = world
        self.random: Final = random.Random(seed)
        self.trouble: Final = trouble
        self.may_flush: Final = may_flush
        self.processes: Final = [world.process() for _ in range(_PROCESSES)]
        # When a process goes on, and how. Before that it sleeps, is stopped, or waits for Okta.
        self.busy: Final[dict[Process, tuple[float, Callable[[], None]]]] = {}
        # Requests that are on their way: they arrive in time, whatever else happens.
        self.arriving: Final[list[tuple[float, Process, Callable[[], None]]]] = []
        self.tokens: Final[set[str]] = set()
        self.reasons: Final[Counter[str]] = Counter()
        world.okta.lifetime = SHORTEST_LIFETIME
        world.sign_in()

    def run(self) -> None:
        for _ in range(_EVENTS):
            self._pass_time()
            process = self.processes[self.random.randrange(_PROCESSES)]
            until, go_on = self.busy.get(process, (0.0, None))
            if until <= self.world.clock.monotonic:
                self.busy.pop(process, None)
                self._act(process, go_on)

    def _pass_time(self) -> None:
        seconds = self.random.choice([0.0, 0.0, 0.01, 0.1, 0.3, 1.0, 3.0])
        if self.random.random() < 0.03:
            seconds = 40.0
        elif self.random.random() < 0.02:
            seconds = self.random.choice([240.0, 300.0, 3600.0])
        clock = self.world.clock
        until = clock.monotonic + seconds
        while self.arriving and self.arriving[0][0] <= until:
            at, _, arrive = self.arriving.pop(0)
            clock.advance(at - clock.monotonic)
            arrive()
        clock.advance(max(0.0, until - clock.monotonic))
        if self.may_flush and self.random.random() < self.trouble / 20:
            vars(self.world.store)["_entries"].clear()

    def _act(self, process: Process, go_on: Callable[[], None] | None) -> None:
        if go_on is not None:
            self._guarded(process, go_on)
        elif not process.is_under_way:
            self._guarded(process, process.start)
        elif self.random.random() >= self.trouble:
            self._guarded(process, process.step)
        else:
            self._strike(process)
        if process.is_under_way and process not in self.busy:
            if process.point == "wait":
                self._later(process, process.pending, lambda: process.resume(None))
            elif process.point == "request":
                self._send(process)

    def _send(self, process: Process) -> None:
        """It arrives within the time limit, or never; and the process learns of it, or does not."""
        draw, now = self.random.random(), self.world.clock.monotonic
        limit = min(TIMEOUT, process.pending.asked.seconds or TIMEOUT)
        delay = self.random.choice([0.0, 0.0, self.random.uniform(0.0, limit)])
        if draw < self.trouble / 3:
            error = self.random.choice([never_sent(), broken(), unavailable()])
            self._later(process, delay, lambda: process.fail(error))
            return

        def arrive() -> None:
            outcome = process.perform()
            if draw < self.trouble:
                outcome = self.random.choice(
                    [
                        outcome,
                        lambda: process.fail(broken()),
                        lambda: process.fail(unavailable()),
                    ]
                )
            self._later(process, self.random.choice([0.0, 0.0, 3.0, 20.0, 100.0]), outcome)

        self.busy[process] = math.inf, lambda: None
        self.arriving.append((now + delay, process, arrive))
        self.arriving.sort(key=lambda each: each[0])

    def _strike(self, process: Process) -> None:
        draw = self.random.random()
        if draw < 0.3:
            if self.random.random() < 0.5:
                process.perform()
            self._kill(process)
        elif draw < 0.6:
            # Stopped, before or after.
            act = process.step if self.random.random() < 0.5 else process.perform()
            self._later(process, self.random.choice([0.5, 2.0, 5.0, 20.0, 100.0]), act)
        else:
            if self.random.random() < 0.5:
                process.perform()
            self._guarded(process, lambda: process.fail(StoreError()))

    def _kill(self, process: Process) -> None:
        process.kill()
        self.busy.pop(process, None)
        self.processes[self.processes.index(process)] = self.world.process()

    def _later(self, process: Process, seconds: float, act: Callable[[], None]) -> None:
        self.busy[process] = self.world.clock.monotonic + seconds, act

    def _guarded(self, process: Process, act: Callable[[], None]) -> None:
        try:
            act()
        except SignInRequiredError as error:
            self.reasons[error.reason] += 1
            self.world.sign_in()
        except (OktaError, StoreError) as error:
            self.reasons[type(error).__name__] += 1
        else:
            if not process.is_under_way and process.result is not None:
                self.tokens.add(process.result.access_token)


@pytest.mark.parametrize("may_flush", [False, True], ids=["kept", "emptied"])
@pytest.mark.parametrize("leeway", [0.0, 5.0, 30.0])
def test_no_family_is_ended_by_reuse(leeway: float, may_flush: bool) -> None:
    granted, reasons = 0, Counter[str]()
    for seed in range(_COURSES):
        world = World(leeway=leeway, seed=seed)
        course = Course(world, seed, trouble=0.05 + 0.15 * (seed % 2), may_flush=may_flush)
        course.run()
        assert world.okta.killed == 0, f"seed {seed}"
        granted += world.okta.granted
        reasons += course.reasons
        _assert_recovers(world)
    # Much has happened, and was survived.
    assert granted > 4 * _COURSES
    assert {"StoreError", "TransportError", "ServerError", "TransportTimeoutError"} <= set(reasons)
    if leeway == 0:
        assert reasons["lost"]


def test_the_model_notices_reuse() -> None:
    """What these courses would show, if refresh tokens were presented twice."""
    world = World()
    token = world.sign_in().refresh_token
    assert token is not None
    world.okta.refresh(token)
    with pytest.raises(InvalidGrantError):
        world.okta.refresh(token)
    assert world.okta.killed == 1


def _assert_recovers(world: World) -> None:
    """Once the trouble is over, whoever comes has a token, or is told to sign in."""
    world.clock.advance(3 * 60)
    process = world.process()
    try:
        process.token()
    except SignInRequiredError:
        world.sign_in()
        process.token()
    assert world.okta.killed == 0
