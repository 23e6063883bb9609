"""Series: everyone is timed for what it is there for, in a process that it has for itself."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from functools import partial
from typing import Any

import pytest

from tests.support.stores import RedisServer, redis_server

from . import _held, _protection, _series, _timer, _tracing
from ._processes import APART, ROOT, Server, Timer
from ._series import Party, Series, Timed

PARTIES = [
    (key, number) for key in _series.KEYS for number in range(len(_series.series(key).parties))
]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server() as found:
        yield found


@pytest.fixture(scope="module")
def redis_() -> Iterator[RedisServer]:
    with redis_server() as found:
        yield found


@pytest.mark.parametrize(("key", "number"), PARTIES)
def test_everyone_holds_and_is_timed(key: str, number: int, server: Server) -> None:
    party = _series.series(key).parties[number]
    python = os.environ.get(APART) if party.apart else sys.executable
    if python is None:
        pytest.skip(f"it is apart, and {APART} is not set: see noxfile.py")
    with Timer(key, number, server, python=python) as timer:
        assert timer.do("ready")
        for name in party.roles:
            assert 0 < timer.do("time", name=name) < 1


@pytest.mark.parametrize("key", _series.KEYS)
def test_every_series_has_its_baseline_and_ours(key: str) -> None:
    series = _series.series(key)
    named = [name for party in series.parties for name in party.roles]
    assert len(named) == len(set(named))
    assert series.roles[series.ours] == "ours"
    assert series.roles[series.baseline] in ("baseline", "ours")
    # A short run leaves out parties with a peer, and needs those of the goals.
    for party in series.parties:
        assert "peer" not in party.roles.values() or set(party.roles.values()) == {"peer"}


def printed(program: str) -> str:
    """By a process of its own: what it imports, and changes, is of no concern to the others."""
    command = [sys.executable, "-c", program]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_a_party_has_no_package_that_it_does_not_ask_for() -> None:
    told = printed(
        "import sys; from tests.benchmarks import _series, _timer\n"
        "for key in _series.KEYS: _series.series(key)\n"
        "print(*{'httpx', 'okta_oidc', 'redis', 'joserfc', 'cryptography'} & sys.modules.keys())"
    )
    assert told == "\n"


def made(monkeypatch: pytest.MonkeyPatch, **calls: Timed) -> _timer.Timer:
    def make(base_url: str) -> Mapping[str, Timed]:
        assert base_url == "here"
        return calls

    series = Series("one", "one", (Party(dict.fromkeys(calls, "ours"), make),))
    monkeypatch.setattr(_series, "series", {"it": series}.__getitem__)
    return _timer.Timer("it", 0, "here")


def test_a_call_that_comes_to_something_else_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        closing(made(monkeypatch, one=Timed(lambda: 1, lambda found: found == 2))) as timer,
        pytest.raises(AssertionError, match="one comes to something else"),
    ):
        timer.ready()


def test_what_prepares_a_batch_is_not_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    async def awaited() -> None:
        done.append("awaited")

    prepared = Timed(partial(done.append, "call"), lambda _: True, partial(done.append, "prepare"))
    with closing(made(monkeypatch, one=prepared, two=Timed(awaited, lambda _: True))) as timer:
        timer.ready()
        done.clear()
        taken = timer.time("one")
        assert done[0] == "prepare"
        assert set(done[1:]) == {"call"}
        # A batch takes about as long as it should, whatever a call takes.
        assert 0.003 < taken * (len(done) - 1) < 0.3
        done.clear()
        assert timer.time("two") > 0
        assert set(done) == {"awaited"}


def test_only_what_is_recorded_is_recorded() -> None:
    told = printed(
        "from okta_oidc import _otel\n"
        "from tests.benchmarks import _tracing\n"
        "calls = _tracing.MEMORY.parties[0].make('https://dev-000000.okta.com')\n"
        "recorded = calls[_tracing.RECORDED]\n"
        "for name in _tracing.CALLS:\n"
        "    recorded.prepare()\n"
        "    calls[name].prepare()\n"
        "    is_recorded = recorded.holds(calls[name].call())\n"
        "    is_imported = _otel._providers is not None\n"
        "    print(name, is_imported, _otel._instruments() is not None, is_recorded, sep='|')"
    )
    assert [line.split("|") for line in told.splitlines()] == [
        [_tracing.OFF, "False", "False", "False"],
        [_tracing.IDLE, "True", "False", "False"],
        [_tracing.STUBS, "True", "True", "False"],
        [_tracing.SAMPLED_OUT, "True", "True", "False"],
        [_tracing.RECORDED, "True", "True", "True"],
    ]


def test_a_renewal_waits_for_the_store_three_times(
    redis_: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from okta_oidc.redis import RedisTokenStore

    assert _held.round_trips(redis_.url) == 3
    load = RedisTokenStore.load

    def twice(store: RedisTokenStore, key: str, /) -> Any:
        load(store, key)
        return load(store, key)

    monkeypatch.setattr(RedisTokenStore, "load", twice)
    assert _held.round_trips(redis_.url) == 4


def test_a_fleet_shares_its_answers(redis_: RedisServer) -> None:
    found = _protection.fleet(redis_.url, ttl=60.0, seconds=2.0, tokens=15)
    assert found["least"] == 15
    # Alone, each of four would have asked for each token.
    assert 15 <= found["calls"] < 30 < found["answers"]


def test_the_least_calls_serve_everyone_who_asks_in_time() -> None:
    one, other = [[0.0, 1.0, 2.5], [7.0]], [[1.9, 2.0, 4.4], []]
    assert _protection.least_calls([one, other], ttl=2.0) == 2 + 1 + 1
    assert _protection.least_calls([one, [[], []]], ttl=2.0) == 2 + 1


def test_a_kept_answer_has_its_weight() -> None:
    assert 500 < _protection.entry_bytes() < 10_000


def test_the_kept_answers_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[object] = []
    answer = _protection.answer

    def counted(request: Any, seconds: float = 0.0) -> Any:
        calls.append(request)
        return answer(request, seconds)

    monkeypatch.setattr(_protection, "answer", counted)

    async def everyone() -> None:
        for timed in _protection.KEPT.parties[0].make("").values():
            calls.clear()
            for _ in range(3):
                found = timed.call()
                assert timed.holds(await found if asyncio.iscoroutine(found) else found)
            assert len(calls) <= 1

    asyncio.run(everyone())
