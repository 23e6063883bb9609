"""A fleet whose processes are killed: ``python -m tests.faults.fleet`` (a thousand disturbances).

Processes, with threads or tasks in each, hold the tokens of a few users in Redis or PostgreSQL.
Whoever presents a refresh token is killed or stopped at the worst moments; any process is at any
moment; the store is restarted, emptied, cut off and made silent. FakeOkta answers on a real port
by a clock that ticks, and ends a family whose refresh token is used twice. None may be.

Tokens live for 2 seconds here, a claim for 1.6, so that a minute sees what a month does not.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from okta_oidc import ClientSecretBasic, OktaOIDC
from okta_oidc._holding._rows import Row
from okta_oidc.testing import FakeOkta
from okta_oidc.testing._answers import Answer
from okta_oidc.testing._faults import Delivery, Disconnect
from okta_oidc.testing._requests import IncomingRequest

from tests.resource._line import Line
from tests.support.stores import (
    PostgresServer,
    RedisServer,
    postgres_server,
    redis_client,
    redis_server,
)

from ._fleet_worker import Settings

_CALLBACK: Final = "https://localhost/callback"
LIFETIME: Final = 2
_PROCESSES: Final = 4
_WORKERS: Final = 4
USERS: Final = 4
_PATIENCE: Final = 120.0
# What a run sees at least, however slow the machine.
_CALLS: Final = 20
_RENEWALS: Final = 2
# How long an answer takes, before it is processed and after, at most.
_LATENCY: Final = 0.03

StoreKind = Literal["redis", "postgres"]
Moment = Literal["before", "after"]


@dataclass(frozen=True)
class Scenario:
    """One fleet, and what happens to it."""

    store: StoreKind
    face: Literal["sync", "async"]
    grace: int
    kinds: tuple[str, ...]
    is_apart: bool = False
    """Nobody is struck before the last one's claim is resolved: else it is who resolves it."""
    timeout: float = 1.0

    def __str__(self) -> str:
        apart = ", one at a time" if self.is_apart else ""
        return f"{self.face} on {self.store}, grace {self.grace} s{apart}"


# The worst moments, and any moment.
KILLS: Final = ("kill before", "kill after", "kill any")
STOPS: Final = ("stop before", "stop after", "stop any")
STORE: Final = ("restart", "flush", "cut", "mute")

SCENARIOS: Final = (
    Scenario("redis", "sync", 0, KILLS),
    Scenario("redis", "sync", 5, KILLS),
    Scenario("redis", "sync", 5, KILLS, is_apart=True),
    Scenario("redis", "async", 0, (*KILLS, *STOPS)),
    Scenario("redis", "async", 5, (*KILLS, *STOPS, *STORE)),
    Scenario("redis", "sync", 0, (*KILLS, *STOPS, *STORE)),
    Scenario("redis", "sync", 5, (*KILLS, *STOPS, *STORE)),
    Scenario("postgres", "sync", 0, (*KILLS, *STOPS, "restart", "cut", "mute")),
    Scenario("postgres", "sync", 5, (*KILLS, *STOPS, "restart", "cut", "mute")),
)


class TrappedOkta(FakeOkta):
    """Strikes the process that presents a refresh token: when its request has come, or is done."""

    def __init__(self, grace: int) -> None:
        super().__init__(
            leeway=grace,
            access_token_lifetime=LIFETIME,
            rate_limit=None,
            record_requests=False,
            ticking=True,
        )
        self.trap: tuple[Moment, Callable[[int], bool]] | None = None
        self.sprung: Final = threading.Event()
        self.renewals = 0
        self._trap_lock: Final = threading.Lock()

    def set_trap(self, moment: Moment, strike: Callable[[int], bool]) -> None:
        """The next who presents is struck: ``strike`` says whether its request goes on."""
        self.sprung.clear()
        self.trap = moment, strike

    def handle(self, request: IncomingRequest) -> Delivery:
        worker = request.header("x-worker")
        if worker is None or b"grant_type=refresh_token" not in request.body:
            return super().handle(request)
        time.sleep(random.uniform(0.0, _LATENCY))
        if not self._strike("before", int(worker)):
            return Delivery(Answer(503), Disconnect(reset=True))
        delivery = super().handle(request)
        self.renewals += delivery.answer.status == 200
        time.sleep(random.uniform(0.0, _LATENCY))
        if not self._strike("after", int(worker)):
            return Delivery(Answer(503), Disconnect(reset=True))
        return delivery

    def _strike(self, moment: Moment, worker: int) -> bool:
        with self._trap_lock:
            if self.trap is None or self.trap[0] != moment:
                return True
            strike, self.trap = self.trap[1], None
        goes_on = strike(worker)
        self.sprung.set()
        return goes_on


@dataclass
class Figures:
    """What a run has shown."""

    disturbances: Counter[str] = field(default_factory=Counter[str])
    sign_ins: Counter[str] = field(default_factory=Counter[str])
    errors: Counter[str] = field(default_factory=Counter[str])
    calls: int = 0
    renewals: int = 0
    slowest: float = 0.0
    families_ended: int = 0
    seconds: float = 0.0

    def __str__(self) -> str:
        told = {
            "disturbances": sum(self.disturbances.values()),
            "calls": self.calls,
            "renewals": self.renewals,
            "families ended by reuse": self.families_ended,
            "signed in again": dict(self.sign_ins) or 0,
            "slowest call": f"{self.slowest:.1f} s",
            "errors": dict(self.errors) or 0,
        }
        return "\n".join(f"  {name:24} {value}" for name, value in told.items())


class Fleet:
    """The processes, and whoever strikes them."""

    def __init__(self, scenario: Scenario, seed: int) -> None:
        self.scenario: Final = scenario
        self.figures: Final = Figures()
        self.keys: Final = tuple(f"user-{number}" for number in range(USERS))
        self.pids: Final[list[int]] = []
        self._random: Final = random.Random(seed)
        self._lock: Final = threading.Lock()
        self._signed_in_at: Final[dict[str, float]] = {}
        self._wake: Final[list[threading.Timer]] = []

    @contextlib.contextmanager
    def running(self) -> Generator[Fleet]:
        """Everything started, and stopped in the end."""
        with ExitStack() as stack:
            self.server = stack.enter_context(_server(self.scenario.store))
            self.line = Line(("127.0.0.1", self.server.port))
            stack.enter_context(self.line.running())
            self.fake = TrappedOkta(self.scenario.grace)
            stack.enter_context(self.fake.serve())
            settings = Settings(
                okta_url=self.fake.url,
                client_id=self.fake.client_id,
                client_secret=self.fake.client_secret,
                store_url=self.server.url,
                keys=self.keys,
                face=self.scenario.face,
                workers=_WORKERS,
                grace=float(self.scenario.grace),
                timeout=self.scenario.timeout,
            )
            self._prepare(settings, stack)
            for key in self.keys:
                self._sign_in(key, "at first")
            through = settings.store_url.replace(str(self.server.port), str(self.line.port))
            self._zygote = stack.enter_context(
                subprocess.Popen(
                    [
                        sys.executable,
                        "-m",
                        "tests.faults._fleet_worker",
                        replace(settings, store_url=through).to_json(),
                    ],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                    env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
                )
            )
            reader = threading.Thread(target=self._read, daemon=True)
            reader.start()
            try:
                for _ in range(_PROCESSES):
                    self._spawn()
                self._until(lambda: len(self.pids) == _PROCESSES)
                yield self
            finally:
                self._end()
                reader.join(_PATIENCE)

    def watch(self, seconds: float) -> None:
        """Strike nobody for so long, or until each user's tokens could be renewed."""
        renewals = self.fake.renewals
        began = time.monotonic()
        time.sleep(seconds)
        self._until(lambda: self.fake.renewals - renewals >= USERS)
        self.figures.renewals = self.fake.renewals - renewals
        self.figures.seconds = time.monotonic() - began
        self.figures.families_ended = self.fake.families_ended

    def disturb(self, times: int) -> None:
        """Strike so many times."""
        began = time.monotonic()
        kinds = self.scenario.kinds
        for number in range(times):
            kind = kinds[number % len(kinds)]
            strike: Callable[[], None] = getattr(self, "_" + kind.replace(" ", "_"))
            strike()
            self.figures.disturbances[kind] += 1
            time.sleep(self._random.uniform(0.05, 0.4))
            if self.scenario.is_apart:
                self._until(lambda: not any(map(self._is_open, self.keys)))
        for timer in self._wake:
            timer.join()
        # What is still open now is closed by those who are alive.
        time.sleep(3.0)
        # It was a fleet, and not only a machine that was busy starting one.
        self._until(lambda: self.figures.calls >= _CALLS and self.fake.renewals >= _RENEWALS)
        self.figures.seconds = time.monotonic() - began
        self.figures.families_ended = self.fake.families_ended
        self.figures.renewals = self.fake.renewals

    # Whoever presents

    def _kill_before(self) -> None:
        self._trap("before", self._killed)

    def _kill_after(self) -> None:
        self._trap("after", self._killed)

    def _stop_before(self) -> None:
        """It is stopped, and its request is processed."""
        self._trap("before", self._stopped)

    def _stop_after(self) -> None:
        self._trap("after", self._stopped)

    def _trap(self, moment: Moment, strike: Callable[[int], bool]) -> None:
        self.fake.set_trap(moment, strike)
        if not self.fake.sprung.wait(_PATIENCE):
            raise TimeoutError("nobody has renewed anything for too long")

    def _killed(self, pid: int) -> bool:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        with self._lock:
            if pid in self.pids:
                self.pids.remove(pid)
        self._spawn()
        return False

    def _stopped(self, pid: int) -> bool:
        """For longer than its claim holds, or than anybody remembers it."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)

            def wake() -> None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

            self._later(self._random.choice([0.5, 1.5, 2.5]), wake)
        return True

    # Whoever

    def _kill_any(self) -> None:
        self._killed(self._any())

    def _stop_any(self) -> None:
        self._stopped(self._any())

    def _any(self) -> int:
        self._until(lambda: bool(self.pids))
        with self._lock:
            return self._random.choice(self.pids)

    # The store

    def _restart(self) -> None:
        self.server.stop()
        time.sleep(self._random.uniform(0.0, 0.5))
        self.server.start()

    def _flush(self) -> None:
        with redis_client(self.server.url) as client:
            client.flushall()

    def _cut(self) -> None:
        self._lines("refusing")

    def _mute(self) -> None:
        self._lines("mute")

    def _lines(self, mode: Literal["refusing", "mute"]) -> None:
        self.line.become(mode)
        time.sleep(self._random.uniform(0.1, 1.0))
        self.line.become("through")

    def _is_open(self, key: str) -> bool:
        held = self.store.load(key)
        return held is not None and Row.decoded(held.value).is_claimed

    # What it takes

    def _prepare(self, settings: Settings, stack: ExitStack) -> None:
        settings.apply()
        if self.scenario.store == "postgres":
            import sqlalchemy

            from examples.sql_token_store import METADATA

            engine = sqlalchemy.create_engine(settings.store_url, poolclass=sqlalchemy.NullPool)
            METADATA.create_all(engine)
        # Past the line, which may be cut.
        self.store: Any = replace(settings, face="sync").store()
        auth = ClientSecretBasic(self.fake.client_id, self.fake.client_secret)
        self.okta = stack.enter_context(OktaOIDC(self.fake.url, auth))

    def _sign_in(self, key: str, reason: str) -> None:
        with self._lock:
            if time.monotonic() - self._signed_in_at.get(key, -10.0) < 1.0:
                return
            self._signed_in_at[key] = time.monotonic()
        tokens = self.okta.token_for_code(self.fake.authorize(_CALLBACK), _CALLBACK)
        with contextlib.suppress(Exception):  # the store is being restarted: it is asked again
            self.okta.user_tokens(key, self.store).save(tokens)
            if reason != "at first":
                self.figures.sign_ins[reason] += 1

    def _spawn(self) -> None:
        assert self._zygote.stdin is not None
        with self._lock:
            self._zygote.stdin.write("\n")
            self._zygote.stdin.flush()

    def _read(self) -> None:
        assert self._zygote.stdout is not None
        for line in self._zygote.stdout:
            match line.split():
                case ["started", pid]:
                    with self._lock:
                        self.pids.append(int(pid))
                case ["signin", key, reason]:
                    self._sign_in(key, reason)
                case ["did", calls, slowest, errors]:
                    self._count(calls, slowest, errors)
                case _:
                    self.figures.errors[line.strip()[:80]] += 1

    def _count(self, calls: str, slowest: str, errors: str) -> None:
        figures = self.figures
        figures.calls += int(calls)
        figures.slowest = max(figures.slowest, float(slowest))
        for each in errors.split(",") if errors != "-" else ():
            name, _, count = each.partition("=")
            figures.errors[name] += int(count)

    def _later(self, seconds: float, act: Callable[[], None]) -> None:
        timer = threading.Timer(seconds, act)
        timer.start()
        self._wake.append(timer)

    def _until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _PATIENCE
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError("the fleet does not get on")
            time.sleep(0.01)

    def _end(self) -> None:
        assert self._zygote.stdin is not None
        for timer in self._wake:
            timer.cancel()
        for pid in self.pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._zygote.stdin.close()
        self._zygote.wait(_PATIENCE)


@contextlib.contextmanager
def _server(kind: StoreKind) -> Generator[RedisServer | PostgresServer]:
    with redis_server() if kind == "redis" else postgres_server() as server:
        yield server


def run(scenario: Scenario, disturbances: int, seed: int = 1) -> Figures:
    """One fleet, struck so many times."""
    fleet = Fleet(scenario, seed)
    with fleet.running():
        fleet.disturb(disturbances)
    return fleet.figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--disturbances", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 30))
    options = parser.parse_args()
    each = -(-options.disturbances // len(SCENARIOS))
    print(f"seed {options.seed}: {each} disturbances in each of {len(SCENARIOS)} runs")
    total = Figures()
    for scenario in SCENARIOS:
        figures = run(scenario, each, options.seed)
        print(f"{scenario}, {figures.seconds:.0f} s\n{figures}", flush=True)
        total.disturbances += figures.disturbances
        total.renewals += figures.renewals
        total.families_ended += figures.families_ended
    print(
        f"{sum(total.disturbances.values())} disturbances {dict(total.disturbances)}, "
        f"{total.renewals} renewals: {total.families_ended} families ended by reuse"
    )
    if total.families_ended:
        sys.exit(1)


if __name__ == "__main__":
    main()
