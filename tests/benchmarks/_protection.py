"""What a protected API costs: cached introspection and the guard, beside fastmcp's verifier.

Everyone answers for the same token out of what it has kept, in one process on one core. A library
that is not installed is left out. With a Redis, a fleet of four processes tells how many calls to
Okta it shares: ``python -m tests.benchmarks._protection URL TTL SECONDS AT`` is one of them.
"""

from __future__ import annotations

import asyncio
import gc
import json
import random
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from inspect import iscoroutinefunction
from typing import Any, Final, TypeAlias

import httpx
from okta_oidc import (
    AsyncBearerGuard,
    AsyncOktaOIDC,
    BearerGuard,
    ClientSecretBasic,
    IntrospectionCache,
    OktaOIDC,
)
from okta_oidc.redis import RedisIntrospectionTier

from ._goals import Goal
from ._results import Spread

ORG_URL: Final = "https://dev-000000.okta.com"
AUDIENCE: Final = "api://orders"
# About as long as Okta's are, and as the figures of others were taken with.
TOKEN: Final = "e" * 459
HEADER: Final = f"Bearer {TOKEN}"

INTROSPECT: Final = "`introspect()`"
INTROSPECT_ASYNC: Final = "`await introspect()`"
GUARD: Final = "`BearerGuard.check()`"
GUARD_ASYNC: Final = "`await AsyncBearerGuard.check()`"
REDIS_AWAY: Final = "`introspect()`, its Redis away"
FASTMCP: Final = "fastmcp's `IntrospectionTokenVerifier`"
# Microseconds of CPU a hit: the bound, and what would be better still.
BOUNDS: Final[dict[str, tuple[float, float | None]]] = {
    INTROSPECT: (2.0, 1.0),
    INTROSPECT_ASYNC: (10 / 3, None),
    GUARD: (4.0, 2.0),
    GUARD_ASYNC: (4.0, 2.0),
}

_COUNT: Final = 20_000
_FEW: Final = 1_000
_ENTRIES: Final = 2_000
_TOKENS: Final = 500
_PROCESSES: Final = 4

Hit: TypeAlias = Callable[[], Any]


@dataclass(frozen=True, slots=True)
class HitFigure:
    """Microseconds of CPU an answer that is kept."""

    name: str
    cpu_us: Spread


@dataclass(frozen=True, slots=True)
class FleetFigure:
    """What a fleet did: calls to Okta, and the least that could have been."""

    answers: int
    calls: int
    least: int


def answer(request: httpx.Request) -> httpx.Response:
    """What Okta says of an access token."""
    members = {
        "active": True,
        "token_type": "Bearer",
        "scope": "orders:read orders:write openid profile",
        "client_id": "0oa1f9kq2xNbcAAAA0h8",
        "username": "ada.lovelace@example.com",
        "exp": int(time.time()) + 3600,
        "iat": int(time.time()),
        "sub": "ada.lovelace@example.com",
        "aud": AUDIENCE,
        "iss": f"{ORG_URL}/oauth2/default",
        "jti": "AT.0mP4JKAZX1iACIT4vbEDF7LpvDVjxypPMf0D7uX39RE.oar" + request.read().decode()[-12:],
        "uid": "00uid4BxXw6I6TV4m0g3",
        "groups": ["orders", "Everyone"],
    }
    headers = {"x-okta-request-id": "a" * 32, "x-rate-limit-limit": "1200", "cache-control": "no"}
    return httpx.Response(200, json=members, headers=headers)


def _client(cache: IntrospectionCache) -> OktaOIDC:
    http = httpx.Client(transport=httpx.MockTransport(answer))
    auth = ClientSecretBasic("0oa1api", "secret")
    return OktaOIDC(ORG_URL, auth, http_client=http, introspection_cache=cache)


def _async_client(cache: IntrospectionCache) -> AsyncOktaOIDC:
    http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    auth = ClientSecretBasic("0oa1api", "secret")
    return AsyncOktaOIDC(ORG_URL, auth, http_client=http, introspection_cache=cache)


def hits() -> dict[str, Hit]:
    """Everyone who is installed, by name. What is awaited is a coroutine function."""
    return dict(_hits())


def _hits() -> Iterator[tuple[str, Hit]]:
    # Longer than a run: nothing is asked anew.
    okta = _client(IntrospectionCache(ttl=3600))
    okta_async = _async_client(IntrospectionCache(ttl=3600))
    guard = BearerGuard(okta, audience=AUDIENCE)
    guard_async = AsyncBearerGuard(okta_async, audience=AUDIENCE)

    async def introspect() -> object:
        return await okta_async.introspect(TOKEN)

    async def check() -> object:
        return await guard_async.check(HEADER, "orders:read")

    yield INTROSPECT, lambda: okta.introspect(TOKEN)
    yield INTROSPECT_ASYNC, introspect
    yield GUARD, lambda: guard.check(HEADER, "orders:read")
    yield GUARD_ASYNC, check
    if find_spec("redis"):
        redis: Any = import_module("redis")
        away = RedisIntrospectionTier(redis.Redis(port=1), local_ttl=3600)
        without = _client(IntrospectionCache(ttl=3600, shared=away))
        yield REDIS_AWAY, lambda: without.introspect(TOKEN)
    if find_spec("fastmcp"):
        yield FASTMCP, _fastmcp()


def _fastmcp() -> Hit:
    httpx2: Any = import_module("httpx2")
    made = answer(httpx.Request("POST", ORG_URL, content=b""))

    def respond(request: object) -> object:
        return httpx2.Response(200, content=made.content)

    transport = httpx2.MockTransport(respond)
    verifier: Any = import_module(
        "fastmcp.server.auth.providers.introspection"
    ).IntrospectionTokenVerifier(
        introspection_url=f"{ORG_URL}/oauth2/default/v1/introspect",
        client_id="0oa1api",
        client_secret="secret",
        audience=AUDIENCE,
        required_scopes=["orders:read"],
        cache_ttl_seconds=3600,
        http_client=httpx2.AsyncClient(transport=transport),
    )

    async def verify() -> object:
        return await verifier.verify_token(TOKEN)

    return verify


def measure(rounds: int) -> list[HitFigure]:
    """Everyone in turn, round after round, each on a loop of its own where it needs one."""
    everyone = hits()
    found: dict[str, list[float]] = {name: [] for name in everyone}
    order = random.Random(0)
    with ExitStack() as stack:
        runner = stack.enter_context(asyncio.Runner())
        for hit in everyone.values():
            _cpu(runner, hit, 1)
        for _ in range(rounds):
            for name in order.sample(list(everyone), len(everyone)):
                count = _FEW if name == FASTMCP else _COUNT
                found[name].append(1e6 * _cpu(runner, everyone[name], count))
    return [HitFigure(name, Spread.of(cpu)) for name, cpu in found.items()]


def _cpu(runner: asyncio.Runner, hit: Hit, count: int) -> float:
    if iscoroutinefunction(hit):
        return runner.run(_awaited(hit, count))
    start = time.process_time()
    for _ in range(count):
        hit()
    return (time.process_time() - start) / count


async def _awaited(hit: Callable[[], Awaitable[object]], count: int) -> float:
    start = time.process_time()
    for _ in range(count):
        await hit()
    return (time.process_time() - start) / count


def entry_bytes() -> float:
    """How much memory a kept answer takes."""
    okta = _client(IntrospectionCache(max_entries=_ENTRIES))
    okta.introspect("warm")
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for number in range(_ENTRIES - 1):
            okta.introspect(f"{TOKEN}{number:09d}")
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return (after - before) / (_ENTRIES - 1)


def fleet(url: str, ttl: float = 2.0, seconds: float = 8.0) -> FleetFigure:
    """Four processes that ask about the same tokens, and share answers through the Redis at
    ``url``."""
    at = time.time() + 3.0
    command = [sys.executable, "-m", "tests.benchmarks._protection"]
    told = [
        subprocess.Popen(
            [*command, url, str(ttl), str(seconds), str(at)], stdout=subprocess.PIPE, text=True
        )
        for _ in range(_PROCESSES)
    ]
    done = [json.loads(process.communicate()[0]) for process in told]
    least = round(_TOKENS * seconds / ttl)
    return FleetFigure(sum(d["answers"] for d in done), sum(d["calls"] for d in done), least)


def one_of_a_fleet(url: str, ttl: float, seconds: float, at: float) -> dict[str, int]:
    """Ask until the time is over; each call to Okta takes half a millisecond."""

    def slow(request: httpx.Request) -> httpx.Response:
        time.sleep(0.0005)
        return answer(request)

    redis: Any = import_module("redis")
    tier = RedisIntrospectionTier(redis.Redis.from_url(url), local_ttl=ttl / 2, timeout=1.0)
    cache = IntrospectionCache(ttl=ttl, shared=tier)
    http = httpx.Client(transport=httpx.MockTransport(slow))
    auth = ClientSecretBasic("0oa1api", "secret")
    okta = OktaOIDC(ORG_URL, auth, http_client=http, introspection_cache=cache)
    rng = random.Random()
    answers = 0
    time.sleep(max(0.0, at - time.time()))
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        okta.introspect(f"{TOKEN}{rng.randrange(_TOKENS)}")
        answers += 1
    return {"answers": answers, "calls": cache.stats.calls}


def protection_goals(
    figures: list[HitFigure], entry: float, shared: FleetFigure | None
) -> Iterator[Goal]:
    """What ours may cost, and that nobody else's costs less."""
    by_name = {figure.name: figure.cpu_us for figure in figures}
    for name, (bound, stretch) in BOUNDS.items():
        yield Goal(f"{name}, kept, CPU", bound, by_name[name], stretch, unit="µs")
    yield Goal("memory of a kept answer", 2500, Spread.of([entry]), unit="bytes")
    if REDIS_AWAY in by_name:
        ratio = by_name[REDIS_AWAY].mid / by_name[INTROSPECT].mid
        yield Goal("a hit with Redis away, over one without a tier", 1 / 0.9, Spread.of([ratio]))
    if FASTMCP in by_name:
        ratio = by_name[GUARD_ASYNC].mid / by_name[FASTMCP].mid
        yield Goal(f"{GUARD_ASYNC} over {FASTMCP}", 1.0, Spread.of([ratio]))
    if shared is not None:
        ratio = shared.calls / shared.least
        what = "calls to Okta of four processes with a Redis, over the least possible"
        yield Goal(what, 1.15, Spread.of([ratio]), 1.05)


def table(figures: list[HitFigure]) -> str:
    """The figures as Markdown."""
    rows = [
        f"| {figure.name} | {figure.cpu_us.mid:,.2f} | {1e6 / figure.cpu_us.mid:,.0f} |"
        for figure in figures
    ]
    head = ["| kept answer | µs, CPU | a second, one core |", "| --- | --- | --- |"]
    return "\n".join([*head, *rows])


if __name__ == "__main__":
    where, *numbers = sys.argv[1:]
    print(json.dumps(one_of_a_fleet(where, *map(float, numbers))))
