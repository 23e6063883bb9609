"""A run: everyone in turn, round after round, so that what slows the machine slows them all."""

from __future__ import annotations

import os
import random
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import certifi
import trustme

from tests.support.stores import redis_server

from . import _held, _machine, _programs, _protection, _series
from ._contenders import CONTENDERS, Contender
from ._processes import APART, Server, Timer, Worker, fresh
from ._results import (
    CallFigure,
    ConstructionFigure,
    CountFigure,
    CrowdFigure,
    FreshFigure,
    Place,
    ProfileFigure,
    Results,
    Scenario,
    SoakFigure,
    Spread,
    TimedFigure,
    middle,
)

# Enough that a clock tick is nothing, few enough that a round is over before the machine changes.
_COUNTS: Final = {"memory": 400, "socket": 250}
_COUNT_MANY: Final = 1000
THREADS: Final = 8
WIDTHS: Final = (1, 10, 50, 200, 1000)
_FOR_ALL: Final = (1, 50, 200)
_WIDE: Final = 200
CROWDS: Final = (1, 100, 1000)
# What is counted.
ENTRY: Final = "a kept answer"
FLEET: Final = "four processes that share 500 answers by Redis"
RENEWAL: Final = "a renewal of tokens in Redis"


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of it; without ``peers``, no more than what the goals need.

    Processes are started afresh ``starts`` times: where a process lies in memory, and how its
    hashes fall, makes it a little faster or slower for all of its life.
    """

    starts: int
    rounds: int
    timed_rounds: int
    fresh_rounds: int
    soak_calls: int
    peers: bool = True


FULL: Final = Plan(starts=3, rounds=2, timed_rounds=5, fresh_rounds=9, soak_calls=100_000)
QUICK: Final = Plan(
    starts=2, rounds=2, timed_rounds=7, fresh_rounds=5, soak_calls=20_000, peers=False
)


def run(plan: Plan) -> Results:
    """Measure everything."""
    results = Results(
        taken=datetime.now(UTC).date().isoformat(),
        rounds=plan.starts * plan.rounds,
        pinned=_machine.can_pin(),
        machine=_machine.description(),
        versions=_machine.versions(),
    )
    order = random.Random(0)
    with Server() as server:
        results.calls = _calls(plan, server, order)
        for key in _series.KEYS:
            results.timed += _timed(key, plan, server, order, results.versions)
        results.constructions = _constructions(server)
        if plan.peers:
            results.crowds = _crowds(server)
            results.profiles = _profiles(server)
    results.counted = _counted()
    results.imports = _fresh_figures("imports", plan, _imports(plan), order)
    with _secure_server() as (secure, variables):
        programs = {
            name: _programs.first_token(name).replace("sys.argv[1]", repr(secure.base_url))
            for name in _programs.FIRST_TOKENS
            if plan.peers or name.startswith(("httpx", "okta-oidc"))
        }
        results.first_tokens = _fresh_figures("first tokens", plan, programs, order, **variables)
    _tell(f"{plan.soak_calls} calls")
    with ThreadPoolExecutor() as executor:
        # At once: time is not what they are asked about.
        soaks = [
            executor.submit(_soak, key, width, plan.soak_calls)
            for key, width in (
                ("sync:okta-oidc", THREADS),
                ("async:okta-oidc", 50),
                ("async:okta-oidc[aiohttp]", 50),
            )
        ]
        results.soaks = [soak.result() for soak in soaks]
    return results


def scenarios() -> list[tuple[Scenario, int]]:
    """Every kind of call, with how many calls a round makes."""
    found: list[tuple[Scenario, int]] = []
    for style in ("sync", "async"):
        for place in ("memory", "socket"):
            count = _COUNTS[place]
            found += [
                (Scenario(style, place, "okta", operation), count)
                for operation in ("refresh", "code", "grant", "introspect", "revoke")
                if style == "sync" or operation not in ("code", "grant")
            ]
            found.append((Scenario(style, place, "lean", "refresh"), count))
    found.append((Scenario("sync", "socket", "okta", "refresh", THREADS), _COUNT_MANY))
    found += [
        (Scenario("async", "socket", "okta", "refresh", width), _COUNT_MANY)
        for width in WIDTHS
        if width > 1
    ]
    found.append((Scenario("async", "socket", "lean", "refresh", 50), _COUNT_MANY))
    return found


def takes_part(contender: Contender, scenario: Scenario, peers: bool) -> bool:
    """Whether this contender is measured in this scenario."""
    able = (
        contender.style == scenario.style
        and scenario.operation in contender.operations
        and (scenario.place == "socket" or contender.in_memory)
    )
    if contender.alone:
        return able and scenario.width == 1 and scenario.headers == "okta"
    if contender.role in ("ours", "baseline"):
        return able
    # What others do on many tasks is told by three widths, and by one set of headers.
    told = scenario.headers == "okta" and scenario.width in (*_FOR_ALL, THREADS)
    return able and told and (peers or contender.role == "floor")


def _calls(plan: Plan, server: Server, order: random.Random) -> list[CallFigure]:
    answers: defaultdict[tuple[Scenario, str], list[dict[str, float]]] = defaultdict(list)
    for start in range(plan.starts):
        with ExitStack() as stack:
            workers = {
                key: stack.enter_context(Worker(key, server))
                for key, contender in CONTENDERS.items()
                if plan.peers or contender.role in ("ours", "baseline")
            }
            for scenario, count in scenarios():
                present = [
                    key for key in workers if takes_part(CONTENDERS[key], scenario, plan.peers)
                ]
                _tell(f"calls {start + 1}/{plan.starts}: {scenario}")
                # A round of so many at a time takes a quarter of a minute.
                for _ in range(plan.rounds if scenario.width < _WIDE else 1):
                    for key in order.sample(present, len(present)):
                        answer = workers[key].do(
                            "calls",
                            operation=scenario.operation,
                            headers=scenario.headers,
                            in_memory=scenario.place == "memory",
                            width=scenario.width,
                            count=count,
                        )
                        answers[scenario, key].append(answer)
    return [
        _call_figure(scenario, key, found, answers[scenario, f"{scenario.style}:httpx"])
        for (scenario, key), found in answers.items()
    ]


def _call_figure(
    scenario: Scenario,
    key: str,
    found: Sequence[dict[str, float]],
    baseline: Sequence[dict[str, float]],
) -> CallFigure:
    cpu, wall = (
        Spread.of_ratios([answer[name] for answer in found], [answer[name] for answer in baseline])
        for name in ("cpu", "wall")
    )
    return CallFigure(
        scenario,
        CONTENDERS[key].name,
        1e6 * middle(found, "cpu"),
        1e6 * middle(found, "wall"),
        cpu,
        wall,
    )


def _timed(
    key: str, plan: Plan, server: Server, order: random.Random, versions: dict[str, str]
) -> list[TimedFigure]:
    found: defaultdict[str, list[float]] = defaultdict(list)
    series = _series.series(key)
    for start in range(plan.starts):
        _tell(f"{key} {start + 1}/{plan.starts}")
        with ExitStack() as stack:
            timers: dict[str, Timer] = {}
            for number, party in enumerate(series.parties):
                python = os.environ.get(APART) if party.apart else sys.executable
                if python and (plan.peers or "peer" not in party.roles.values()):
                    timer = stack.enter_context(Timer(key, number, server, python=python))
                    timers |= dict.fromkeys(party.roles, timer)
            for timer in set(timers.values()):
                versions |= timer.do("ready")
            for _ in range(plan.timed_rounds):
                for name in order.sample(list(timers), len(timers)):
                    found[name].append(1e6 * timers[name].do("time", name=name))
    return [
        TimedFigure(
            key,
            name,
            Spread.of(found[name]),
            Spread.of_ratios(found[name], found[series.baseline]),
        )
        for name in series.roles
        if name in found
    ]


def _counted() -> list[CountFigure]:
    _tell("a kept answer, a fleet")
    with redis_server() as redis:
        return [
            CountFigure(ENTRY, {"bytes": round(_protection.entry_bytes())}),
            CountFigure(FLEET, _protection.fleet(redis.url)),
            CountFigure(RENEWAL, {"round trips": _held.round_trips(redis.url)}),
        ]


def _crowds(server: Server) -> list[CrowdFigure]:
    figures: list[CrowdFigure] = []
    for clients in CROWDS:
        for key in ("sync:httpx", "sync:okta-oidc"):
            _tell(f"{clients} clients: {key}")
            found: list[dict[str, float]] = []
            # A thousand of httpx take half a minute to make.
            for _ in range(1 if clients == max(CROWDS) else 2):
                with Worker(key, server) as worker:
                    found.append(worker.do("crowd", clients=clients, count=_COUNT_MANY))
            figures.append(
                CrowdFigure(
                    CONTENDERS[key].name,
                    clients,
                    1e6 * middle(found, "cpu"),
                    1e3 * middle(found, "construction"),
                    middle(found, "resident_kib"),
                )
            )
    return figures


def _constructions(server: Server) -> list[ConstructionFigure]:
    figures: list[ConstructionFigure] = []
    for key in ("sync:httpx", "sync:okta-oidc", "async:httpx", "async:okta-oidc"):
        _tell(f"construction: {key}")
        with Worker(key, server) as worker:
            answer = worker.do("construct", count=100)
        contender = CONTENDERS[key]
        name = contender.name + (", asyncio" if contender.style == "async" else "")
        figures.append(ConstructionFigure(name, 1e3 * answer["cpu"], int(answer["store_reads"])))
    return figures


def _profiles(server: Server) -> list[ProfileFigure]:
    figures: list[ProfileFigure] = []
    kinds: tuple[tuple[str, Place, int], ...] = (
        ("sync:okta-oidc", "memory", 1),
        ("sync:okta-oidc", "socket", 1),
        ("async:okta-oidc", "socket", 1),
        ("async:okta-oidc", "socket", 50),
        ("async:okta-oidc[aiohttp]", "socket", 50),
    )
    for key, place, width in kinds:
        _tell(f"profile: {key}, {place}, {width} at a time")
        with Worker(key, server) as worker:
            shares = worker.do("profile", in_memory=place == "memory", width=width, seconds=3.0)
        style = CONTENDERS[key].style
        name = f"{CONTENDERS[key].name}, {style}"
        figures.append(ProfileFigure(name, place, width, shares))
    return figures


def _imports(plan: Plan) -> dict[str, str]:
    return {
        name: program
        for name, program in _programs.IMPORTS.items()
        if plan.peers or name == "httpx" or name.startswith("okta_oidc")
    }


def _fresh_figures(
    what: str, plan: Plan, programs: dict[str, str], order: random.Random, **variables: str
) -> list[FreshFigure]:
    answers: defaultdict[str, list[dict[str, float]]] = defaultdict(list)
    for program in programs.values():
        # The first import of a file reads it from the disk, and may have to compile it.
        fresh(program, **variables)
    for number in range(plan.fresh_rounds):
        _tell(f"{what}: round {number + 1}")
        for name in order.sample(list(programs), len(programs)):
            answers[name].append(fresh(programs[name], **variables))
    figures: list[FreshFigure] = []
    for name in programs:
        found = answers[name]
        cpu, wall, memory = (
            Spread.of_ratios(
                [answer[member] for answer in found],
                [answer[member] for answer in answers[_baseline(name)]],
            )
            for member in ("cpu", "wall", "resident_kib")
        )
        figures.append(
            FreshFigure(
                name,
                1e3 * middle(found, "cpu"),
                1e3 * middle(found, "wall"),
                middle(found, "resident_kib"),
                cpu,
                wall,
                memory,
            )
        )
    return figures


def _baseline(program: str) -> str:
    return "httpx, asyncio" if program.endswith(", asyncio") else "httpx"


@contextmanager
def _secure_server() -> Generator[tuple[Server, dict[str, str]]]:
    """A server that speaks TLS, and the variables that make everyone trust it."""
    authority = trustme.CA()
    with tempfile.TemporaryDirectory() as folder:
        certificate = Path(folder, "server.pem")
        authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(certificate)
        store = Path(folder, "store.pem")
        # As large as the one that a client reads in earnest.
        store.write_bytes(Path(certifi.where()).read_bytes() + authority.cert_pem.bytes())
        with Server(certificate) as server:
            yield server, {"SSL_CERT_FILE": str(store), "REQUESTS_CA_BUNDLE": str(store)}


def _soak(key: str, width: int, count: int) -> SoakFigure:
    # A server of its own counts no connections but these.
    with Server() as server, Worker(key, server, pinned=False) as worker:
        samples = worker.do("soak", width=width, count=count, samples=20)
        counts = server.counts()
    return SoakFigure(
        CONTENDERS[key].name,
        width,
        [int(sample["calls"]) for sample in samples],
        [int(sample["resident_kib"]) for sample in samples],
        [int(sample["descriptors"]) for sample in samples],
        counts["peak"],
    )


_BEGAN: Final = time.monotonic()


def _tell(what: str) -> None:
    print(f"{time.monotonic() - _BEGAN:4.0f} s: {what}", file=sys.stderr, flush=True)
