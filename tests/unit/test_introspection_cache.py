"""What introspection answered, kept: for how long, of how many, by whose leave."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import pickle
import signal
import sys
import threading
from collections.abc import Iterator
from typing import Any

import anyio
import anyio.lowlevel
import httpx
import pytest
from okta_oidc import (
    ORG,
    AsyncOktaOIDC,
    ClientSecretBasic,
    ConfigurationError,
    Introspection,
    IntrospectionCache,
    OktaOIDC,
    RateLimitError,
    ServerError,
    TransportError,
)

from tests.support.faces import Kind
from tests.support.keeping import (
    START,
    Asker,
    AwaitedTier,
    Clock,
    MemoryTier,
    Script,
    active,
    entries,
    on_clock,
    wait_until,
)
from tests.support.samples import BASIC, ORG_URL, label

from .conftest import on_every_loop

TOKEN = "planted-access-token-of-the-cache-tests"


@pytest.fixture
def script() -> Script:
    script = Script()
    script.says[TOKEN] = active()
    return script


@pytest.fixture
def cache() -> IntrospectionCache:
    return IntrospectionCache(ttl=30, negative_ttl=10)


@pytest.fixture
def asker(kind: Kind, script: Script, cache: IntrospectionCache) -> Iterator[Asker]:
    with Asker(kind, script, cache) as asker:
        yield asker


# How long


def test_an_answer_is_used_for_its_ttl(asker: Asker, script: Script) -> None:
    first = asker.introspect(TOKEN)
    asker.clock.advance(29.9)
    assert asker.introspect(TOKEN) == first
    assert script.calls == 1
    asker.clock.advance(0.1)
    assert asker.introspect(TOKEN) == first
    assert script.calls == 2


def test_without_a_cache_each_call_asks(kind: Kind, script: Script) -> None:
    with Asker(kind, script, None) as asker:
        asker.introspect(TOKEN)
        asker.introspect(TOKEN)
    assert script.calls == 2


def test_a_use_does_not_make_it_last(asker: Asker, script: Script) -> None:
    for _ in range(40):
        asker.introspect(TOKEN)
        asker.clock.advance(1)
    assert script.calls == 2


def test_never_past_exp(asker: Asker, script: Script) -> None:
    script.says[TOKEN] = active(exp=int(START) + 12)
    asker.introspect(TOKEN)
    asker.clock.advance(11.9)
    asker.introspect(TOKEN)
    assert script.calls == 1
    asker.clock.advance(0.1)
    asker.introspect(TOKEN)
    assert script.calls == 2


def test_a_token_without_an_end_is_kept_for_the_ttl(asker: Asker, script: Script) -> None:
    script.says[TOKEN] = active(exp=None)
    asker.introspect(TOKEN)
    asker.clock.advance(29)
    asker.introspect(TOKEN)
    asker.clock.advance(1)
    asker.introspect(TOKEN)
    assert script.calls == 2


def test_one_that_has_ended_by_this_clock_is_not_kept(asker: Asker, script: Script) -> None:
    """Okta's clock decides what it says; ours, what may be said again."""
    script.says[TOKEN] = active(exp=int(START) - 1)
    assert asker.introspect(TOKEN).active
    assert asker.introspect(TOKEN).active
    assert script.calls == 2


def test_wall_clock_set_forward_ends_what_it_should(asker: Asker, script: Script) -> None:
    script.says[TOKEN] = active(exp=int(START) + 12)
    asker.introspect(TOKEN)
    asker.clock.wall += 7200
    asker.introspect(TOKEN)
    assert script.calls == 2


@pytest.mark.parametrize("jump", [-7200.0, 1800.0])
def test_wall_clock_jumps_change_no_ttl(asker: Asker, script: Script, jump: float) -> None:
    asker.introspect(TOKEN)
    asker.clock.wall += jump
    asker.clock.monotonic += 29
    asker.introspect(TOKEN)
    assert script.calls == 1
    asker.clock.monotonic += 1
    asker.introspect(TOKEN)
    assert script.calls == 2


def test_wall_clock_set_back_keeps_no_answer_past_the_end(asker: Asker, script: Script) -> None:
    script.says[TOKEN] = active(exp=int(START) + 12)
    asker.introspect(TOKEN)
    asker.clock.wall -= 7200
    asker.clock.monotonic += 12
    asker.introspect(TOKEN)
    assert script.calls == 2


def test_inactive_ones_are_kept_for_a_time_of_their_own(asker: Asker, script: Script) -> None:
    assert not asker.introspect("made-up")
    asker.clock.advance(9.9)
    assert not asker.introspect("made-up")
    assert script.calls == 1
    asker.clock.advance(0.1)
    script.says["made-up"] = active()
    assert asker.introspect("made-up")
    assert script.calls == 2


def test_no_inactive_one_is_kept_where_none_is_wanted(kind: Kind, script: Script) -> None:
    with Asker(kind, script, IntrospectionCache(negative_ttl=0)) as asker:
        asker.introspect("made-up")
        asker.introspect("made-up")
        asker.introspect(TOKEN)
        asker.introspect(TOKEN)
    assert script.calls == 3


def test_an_inactive_answer_replaces_an_active_one(kind: Kind, script: Script) -> None:
    """Not beside it: the active one would come back when the inactive one is over."""
    with Asker(kind, script, IntrospectionCache(ttl=30, negative_ttl=0)) as asker:
        asker.introspect(TOKEN)
        del script.says[TOKEN]
        assert not asker.introspect(TOKEN, fresh=True)
        assert not asker.introspect(TOKEN)
    assert script.calls == 3


def test_fresh_asks_and_is_kept(asker: Asker, script: Script) -> None:
    asker.introspect(TOKEN)
    script.says[TOKEN] = active(scope="orders:write")
    assert asker.introspect(TOKEN, fresh=True).scopes == ("orders:write",)
    assert asker.introspect(TOKEN).scopes == ("orders:write",)
    assert script.calls == 2


def test_an_older_answer_does_not_replace_a_fresh_one(asker: Asker, script: Script) -> None:
    script.hold()
    older = asker.begin(TOKEN)
    wait_until(lambda: script.calls == 1)
    del script.says[TOKEN]
    held, script.held = script.held, None
    assert held is not None
    # The newer question is answered first.
    assert not asker.introspect(TOKEN, fresh=True)
    held.set()
    assert older.wait()
    assert not asker.introspect(TOKEN)
    assert script.calls == 2


# How many


def test_made_up_tokens_evict_no_good_one(asker_of_forty: Asker, script: Script) -> None:
    for number in range(40):
        script.says[f"good-{number}"] = active()
        asker_of_forty.introspect(f"good-{number}")
    for number in range(1000):
        asker_of_forty.introspect(f"made-up-{number}")
    calls = script.calls
    for number in range(40):
        assert asker_of_forty.introspect(f"good-{number}")
    assert script.calls == calls
    assert entries(forty) == 50


forty = IntrospectionCache(max_entries=40)


@pytest.fixture
def asker_of_forty(kind: Kind, script: Script) -> Iterator[Asker]:
    forty.clear()
    with Asker(kind, script, forty) as asker:
        yield asker


def test_there_are_never_more_than_the_limit(asker_of_forty: Asker, script: Script) -> None:
    evicted = forty.stats.evictions
    for number in range(200):
        script.says[f"good-{number}"] = active()
        asker_of_forty.introspect(f"good-{number}")
        assert entries(forty) <= 40
    assert forty.stats.evictions - evicted == 160


def test_what_is_used_is_spared(asker_of_forty: Asker, script: Script) -> None:
    script.says.update({f"good-{number}": active() for number in range(400)})
    for number in range(400):
        asker_of_forty.introspect("good-0")
        asker_of_forty.introspect(f"good-{number}")
    assert [token for _, token in script.introspected].count("good-0") == 1


def test_what_is_over_goes_first(asker_of_forty: Asker, script: Script) -> None:
    script.says.update({f"good-{number}": active() for number in range(100)})
    asker_of_forty.introspect("good-0")
    asker_of_forty.introspect("good-0")
    asker_of_forty.clock.advance(30)
    for number in range(1, 41):
        asker_of_forty.introspect(f"good-{number}")
    calls = script.calls
    for number in range(1, 41):
        asker_of_forty.introspect(f"good-{number}")
    assert script.calls == calls


def test_one_entry_is_enough(kind: Kind, script: Script) -> None:
    cache = IntrospectionCache(max_entries=1)
    script.says["other"] = active()
    with Asker(kind, script, cache) as asker:
        for token in (TOKEN, "other", TOKEN, "made-up", "made-up-2"):
            asker.introspect(token)
            asker.introspect(token)
        assert entries(cache) == 2


def test_clear_forgets_all_and_what_is_on_its_way(
    asker: Asker, script: Script, cache: IntrospectionCache
) -> None:
    asker.introspect("other")
    script.hold()
    pending = asker.begin(TOKEN)
    wait_until(lambda: script.calls == 2)
    cache.clear()
    assert entries(cache) == 0
    script.release()
    assert pending.wait()
    asker.introspect(TOKEN)
    asker.introspect("other")
    assert script.calls == 4


# One call for all who want to know


@pytest.mark.parametrize("kind", ["sync"])
def test_eight_threads_ask_once(asker: Asker, script: Script, cache: IntrospectionCache) -> None:
    script.hold()
    pending = [asker.begin(TOKEN) for _ in range(8)]
    wait_until(lambda: cache.stats.misses == 8)
    script.release()
    assert all(each.wait() for each in pending)
    assert (script.calls, cache.stats.calls) == (1, 1)


@pytest.mark.parametrize("kind", ["asyncio", "trio"])
def test_a_thousand_tasks_ask_once(asker: Asker, script: Script, cache: IntrospectionCache) -> None:
    answers: list[Introspection] = []

    async def ask() -> None:
        answers.append(await asker.client.introspect(TOKEN))  # type: ignore[misc]

    async def ask_all() -> None:
        async with anyio.create_task_group() as group:
            for _ in range(1000):
                group.start_soon(ask)
            while cache.stats.misses < 1000:
                await anyio.lowlevel.checkpoint()
            script.release()

    script.hold()
    asker.run(ask_all)
    assert len(answers) == 1000
    assert all(answers)
    assert script.calls == 1


@pytest.mark.parametrize("kind", ["asyncio", "trio"])
def test_the_call_of_a_cancelled_leader_goes_on(
    asker: Asker, script: Script, cache: IntrospectionCache
) -> None:
    script.hold()
    leader = asker.begin(TOKEN)
    wait_until(lambda: script.calls == 1)
    follower = asker.begin(TOKEN)
    wait_until(lambda: cache.stats.misses == 2)
    leader.cancel()
    assert leader.wait() is None
    script.release()
    assert follower.wait()
    assert script.calls == 1


@pytest.mark.parametrize("kind", ["asyncio", "trio"])
def test_all_are_cancelled_and_the_answer_is_kept(
    asker: Asker, script: Script, cache: IntrospectionCache
) -> None:
    script.hold()
    pending = [asker.begin(TOKEN) for _ in range(3)]
    wait_until(lambda: cache.stats.misses == 3)
    for each in pending:
        each.cancel()
        assert each.wait() is None
    script.release()
    wait_until(lambda: entries(cache) == 1)
    assert asker.introspect(TOKEN)
    assert script.calls == 1


@pytest.mark.parametrize("kind", ["sync"])
def test_a_leader_torn_away_hands_over(
    asker: Asker, script: Script, cache: IntrospectionCache
) -> None:
    script.hold()
    script.says[TOKEN] = KeyboardInterrupt()  # type: ignore[assignment]
    answer_of = script.answer

    def torn(request: httpx.Request, said: Any) -> httpx.Response:
        if isinstance(said, BaseException):
            raise said
        return answer_of(request, said)

    script.answer = torn  # type: ignore[method-assign]
    leader = asker.begin(TOKEN)
    wait_until(lambda: script.calls == 1)
    followers = [asker.begin(TOKEN) for _ in range(3)]
    wait_until(lambda: cache.stats.misses == 4)
    script.says[TOKEN] = active()
    script.release()
    assert leader.wait() is None
    assert isinstance(leader.failure, KeyboardInterrupt)
    assert all(each.wait() for each in followers)
    assert script.calls == 2


@on_every_loop
def test_a_failure_reaches_all_each_its_own_and_is_not_kept(
    asker: Asker, script: Script, cache: IntrospectionCache
) -> None:
    script.hold()
    script.says[TOKEN] = httpx.Response(503, content=b"away")
    pending = [asker.begin(TOKEN) for _ in range(5)]
    wait_until(lambda: cache.stats.misses == 5)
    script.release()
    assert [each.wait() for each in pending] == [None] * 5
    failures = [each.failure for each in pending]
    assert all(type(failure) is ServerError for failure in failures)
    assert len({id(failure) for failure in failures}) == 5
    assert len({str(failure) for failure in failures}) == 1
    assert script.calls == 1
    script.says[TOKEN] = active()
    assert asker.introspect(TOKEN)


class TheirError(Exception):
    """An exception of a caller's hook, which cannot be copied."""

    def __init__(self, needed: str, *, also_needed: str) -> None:
        super().__init__(needed, also_needed)


@on_every_loop
def test_a_failure_of_the_callers_own_reaches_all(
    asker: Asker, script: Script, cache: IntrospectionCache
) -> None:
    """One that cannot be copied, too: as it is."""
    script.hold()
    script.says[TOKEN] = lambda: TheirError("of a hook", also_needed="x")
    pending = [asker.begin(TOKEN) for _ in range(3)]
    wait_until(lambda: cache.stats.misses == 3)
    script.release()
    assert [each.wait() for each in pending] == [None] * 3
    assert all(type(each.failure) is TheirError for each in pending)
    script.says[TOKEN] = active()
    assert asker.introspect(TOKEN)


def test_one_who_came_late_finds_what_was_kept(asker: Asker, script: Script) -> None:
    """It missed, and asked when the leader had already kept the answer and was gone."""
    view: Any = vars(asker.client)["_cached"]
    kept = view._find

    def missed(key: bytes, runtime: object) -> None:
        return None

    view._find = missed
    asker.introspect(TOKEN)
    asker.introspect(TOKEN)
    view._find = kept
    assert script.calls == 1


def test_one_who_came_late_for_an_inactive_one(asker: Asker, script: Script) -> None:
    view: Any = vars(asker.client)["_cached"]
    kept = view._find

    def missed(key: bytes, runtime: object) -> None:
        return None

    view._find = missed
    asker.introspect("made-up")
    asker.introspect("made-up")
    view._find = kept
    assert script.calls == 1


def test_loops_share_a_call_and_threads_another(script: Script) -> None:
    cache = IntrospectionCache()
    clock = Clock()
    script.hold()
    with (
        Asker("asyncio", script, cache, clock) as one,
        Asker("trio", script, cache, clock) as other,
        Asker("sync", script, cache, clock) as third,
    ):
        pending = [asker.begin(TOKEN) for asker in (one, other, third) for _ in range(2)]
        wait_until(lambda: cache.stats.misses == 6 and script.calls == 2)
        script.release()
        assert all(each.wait() for each in pending)
        for asker in (one, other, third):
            asker.introspect(TOKEN)
    assert script.calls == 2


def test_a_loop_that_ended_in_mid_flight_leaves_nobody_waiting(script: Script) -> None:
    cache = IntrospectionCache()
    script.hold()
    with Asker("asyncio", script, cache) as asker:
        asker.begin(TOKEN).cancel()
        wait_until(lambda: script.calls == 1)
    script.release()
    with Asker("asyncio", script, cache) as asker:
        assert asker.introspect(TOKEN)
    assert script.calls == 2


@pytest.mark.parametrize("kind", ["asyncio"])
def test_whoever_is_left_asks_again_where_the_task_that_asked_was_cancelled(
    asker: Asker, script: Script
) -> None:
    """As programs do that end a loop in good order."""
    script.hold()

    async def main() -> Any:
        client: Any = asker.client
        waiting: asyncio.Task[Any] = asyncio.ensure_future(client.introspect(TOKEN))
        while not script.calls:  # noqa: ASYNC110  # nobody tells
            await asyncio.sleep(0)
        for task in asyncio.all_tasks():
            if "_fly" in repr(task):
                task.cancel()
        script.release()
        return await waiting

    assert asker.run(main)
    assert script.calls == 2


# Revocation


@on_every_loop
def test_revoke_evicts(asker: Asker, script: Script) -> None:
    asker.introspect(TOKEN)
    del script.says[TOKEN]
    asker.revoke(TOKEN, token_type_hint="access_token")
    assert not asker.introspect(TOKEN)


@pytest.mark.parametrize("hint", ["access_token", "oauth_sts", "of_tomorrow"])
def test_revoke_evicts_an_answer_to_a_question_with_any_hint(
    asker: Asker, script: Script, hint: Any
) -> None:
    asker.introspect(TOKEN, token_type_hint=hint)
    del script.says[TOKEN]
    asker.revoke(TOKEN)
    assert not asker.introspect(TOKEN, token_type_hint=hint)


@on_every_loop
def test_an_answer_on_its_way_while_the_token_is_revoked_is_not_kept(
    asker: Asker, script: Script
) -> None:
    script.hold()
    pending = asker.begin(TOKEN)
    wait_until(lambda: script.calls == 1)
    del script.says[TOKEN]
    asker.revoke(TOKEN)
    script.release()
    assert pending.wait()
    assert not asker.introspect(TOKEN)
    assert script.calls == 2


@on_every_loop
def test_nothing_is_kept_across_a_revocation_on_its_way(asker: Asker, script: Script) -> None:
    """Whoever is cancelled in it may not come back to say so, and Okta may process it late."""
    asker.introspect(TOKEN)
    script.hold("/revoke")
    pending = asker.begin_to_revoke(TOKEN)
    wait_until(lambda: bool(script.revoked))
    assert asker.introspect(TOKEN)
    assert script.calls == 2, "what was kept before is gone"
    del script.says[TOKEN]
    script.release()
    pending.wait()
    assert pending.failure is None
    assert not asker.introspect(TOKEN)


@on_every_loop
def test_nobody_joins_a_question_that_a_revocation_overtook(asker: Asker, script: Script) -> None:
    script.hold()
    pending = asker.begin(TOKEN)
    wait_until(lambda: script.calls == 1)
    del script.says[TOKEN]
    asker.revoke(TOKEN)
    later = asker.begin(TOKEN)
    wait_until(lambda: script.calls == 2)
    script.release()
    assert pending.wait()
    assert later.wait() is not None
    assert not asker.introspect(TOKEN)


@pytest.mark.parametrize(
    "failure", [httpx.ReadError("cut"), httpx.Response(503), TheirError("hook", also_needed="x")]
)
def test_a_revocation_that_failed_may_have_been_processed(
    asker: Asker, script: Script, failure: Any
) -> None:
    asker.introspect(TOKEN)
    del script.says[TOKEN]
    script.revocation = failure
    with pytest.raises((TransportError, ServerError, TheirError)):
        asker.revoke(TOKEN)
    assert not asker.introspect(TOKEN)


def test_revocation_at_one_server_leaves_another_servers_answer(
    asker: Asker, script: Script
) -> None:
    asker.introspect(TOKEN)
    asker.revoke(TOKEN, auth_server_id="other")
    asker.introspect(TOKEN)
    assert script.calls == 1


# Keys


def test_other_clients_and_servers_are_asked_for_themselves(
    kind: Kind, script: Script, cache: IntrospectionCache
) -> None:
    with (
        Asker(kind, script, cache) as one,
        Asker(kind, script, cache, auth=ClientSecretBasic("0oa2", "s")) as other,
        Asker(kind, script, cache, url="https://other.okta.com") as elsewhere,
    ):
        for _ in range(2):
            one.introspect(TOKEN)
            other.introspect(TOKEN)
            elsewhere.introspect(TOKEN)
            one.introspect(TOKEN, auth_server_id="other")
            one.introspect(TOKEN, auth_server_id=ORG)
    assert script.calls == 5


def test_a_hint_changes_no_answer_and_asks_no_second_time(asker: Asker, script: Script) -> None:
    hinted = asker.introspect(TOKEN, token_type_hint="access_token")
    assert asker.introspect(TOKEN) == hinted
    assert asker.introspect(TOKEN, token_type_hint="id_token") == hinted
    assert script.calls == 1


def test_the_default_server_by_name_is_the_same(asker: Asker, script: Script) -> None:
    asker.introspect(TOKEN)
    asker.introspect(TOKEN, auth_server_id="default")
    assert script.calls == 1


def reachable(*roots: object) -> Iterator[object]:
    seen: set[int] = set()
    waiting = list(roots)
    while waiting:
        each = waiting.pop()
        if id(each) in seen or isinstance(each, type | type(sys)):
            continue
        seen.add(id(each))
        yield each
        waiting += gc.get_referents(each)


def test_nothing_that_is_kept_holds_the_token(kind: Kind, script: Script) -> None:
    cache = IntrospectionCache()
    with Asker(kind, script, cache) as asker:
        asker.introspect(TOKEN)
        asker.introspect(TOKEN + "-made-up")
    rows = [vars(cache)["_active"], vars(cache)["_inactive"]]
    texts = [each for each in reachable(*rows) if isinstance(each, str | bytes)]
    assert any("ada@example.com" in text for text in texts if isinstance(text, str))
    assert not [text for text in texts if TOKEN in (text if isinstance(text, str) else repr(text))]
    assert TOKEN not in repr(cache)


def test_clients_serve_more_servers_than_there_is_room_for(asker: Asker, script: Script) -> None:
    for number in range(300):
        asker.introspect(TOKEN, auth_server_id=f"aus{number}")
    assert len(vars(asker.client)["_cached"]._states) <= 256
    asker.introspect(TOKEN, auth_server_id="aus299")
    assert script.calls == 300


@pytest.mark.parametrize("token", [None, "", 7, b"bytes", "lone surrogate \ud800"])
def test_what_is_no_token_is_refused_as_without_a_cache(
    asker: Asker, script: Script, token: Any
) -> None:
    asker.introspect(TOKEN)
    with pytest.raises(ConfigurationError):
        asker.introspect(token)
    with pytest.raises(ConfigurationError):
        asker.introspect(token, fresh=True)
    assert script.calls == 1


# What is handed out


def test_a_kept_answer_is_the_answer(asker: Asker, script: Script) -> None:
    script.says[TOKEN] = active(groups=["a", {"deep": True}], aud=[*"xy"], username=None)
    script.headers = {"x-okta-request-id": "req-1", "set-cookie": "sid=1"}
    first = asker.introspect(TOKEN)
    second = asker.introspect(TOKEN)
    assert second == first
    assert second.raw == first.raw
    assert list(second.raw) == list(first.raw)
    # Headers would be half of what is kept, and say nothing of now.
    assert (second.http.status, list(second.http.headers)) == (200, [])
    assert first.http.request_id == "req-1"
    assert "planted" not in repr(second)


def test_statistics(asker: Asker, script: Script, cache: IntrospectionCache) -> None:
    asker.introspect(TOKEN)
    asker.introspect(TOKEN)
    asker.introspect(TOKEN)
    asker.introspect("made-up")
    asker.introspect(TOKEN, fresh=True)
    stats = cache.stats
    assert (stats.hits, stats.misses, stats.calls, stats.shared_hits) == (2, 2, 3, 0)
    assert (stats.evictions, stats.stale) == (0, 0)
    asker.introspect(TOKEN)
    assert stats.hits == 2, "a snapshot"


# Okta is away


AWAY = [
    httpx.Response(503),
    httpx.Response(500),
    httpx.Response(200, content=b"<html>"),
    httpx.Response(429),
    httpx.ConnectError("refused"),
    httpx.ReadTimeout("mute"),
]


@pytest.mark.parametrize("away", AWAY, ids=lambda away: type(away).__name__)
def test_stale_if_error(kind: Kind, script: Script, away: Any) -> None:
    cache = IntrospectionCache(ttl=30, stale_if_error=60)
    with Asker(kind, script, cache) as asker:
        first = asker.introspect(TOKEN)
        script.says[TOKEN] = away
        asker.clock.advance(31)
        assert asker.introspect(TOKEN) == first
        assert (script.calls, cache.stats.stale) == (2, 1)
        asker.introspect(TOKEN)
        assert script.calls == 2, "for a second, nobody else waits for a time-out"
        asker.clock.advance(1)
        assert asker.introspect(TOKEN) == first
        assert (script.calls, cache.stats.stale) == (3, 2)
        asker.clock.advance(58)
        with pytest.raises(Exception, match=r".+"):
            asker.introspect(TOKEN)
        script.says[TOKEN] = active(scope="back")
        assert asker.introspect(TOKEN).scopes == ("back",)


def test_the_pause_after_a_stale_answer_ends_with_it(kind: Kind, script: Script) -> None:
    with Asker(kind, script, IntrospectionCache(ttl=30, stale_if_error=60)) as asker:
        asker.introspect(TOKEN)
        script.says[TOKEN] = httpx.Response(503)
        asker.clock.advance(89.5)
        assert asker.introspect(TOKEN)
        asker.clock.advance(0.5)
        with pytest.raises(ServerError):
            asker.introspect(TOKEN)


def test_no_stale_answer_unless_asked_for(asker: Asker, script: Script) -> None:
    asker.introspect(TOKEN)
    script.says[TOKEN] = httpx.Response(503)
    asker.clock.advance(30)
    with pytest.raises(ServerError):
        asker.introspect(TOKEN)


def test_no_local_copy_stands_in_unless_asked_for(kind: Kind, script: Script) -> None:
    """It is older than a process may be about revocations, though younger than ``ttl``."""
    clock = Clock()
    tier = MemoryTier(clock)
    with Asker(kind, script, IntrospectionCache(shared=tier), clock) as asker:
        assert asker.introspect(TOKEN)
        tier.rows.clear()
        clock.advance(tier.local_ttl + 1)
        script.says[TOKEN] = httpx.Response(503)
        with pytest.raises(ServerError):
            asker.introspect(TOKEN)


def test_no_stale_answer_past_exp_nor_for_fresh_nor_of_an_inactive_one(
    kind: Kind, script: Script
) -> None:
    script.says[TOKEN] = active(exp=int(START) + 40)
    with Asker(kind, script, IntrospectionCache(ttl=30, stale_if_error=600)) as asker:
        asker.introspect(TOKEN)
        asker.introspect("made-up")
        script.says[TOKEN] = script.says["made-up"] = httpx.Response(503)
        asker.clock.advance(35)
        with pytest.raises(ServerError):
            asker.introspect(TOKEN, fresh=True)
        assert asker.introspect(TOKEN)
        with pytest.raises(ServerError):
            asker.introspect("made-up")
        asker.clock.advance(5)
        with pytest.raises(ServerError):
            asker.introspect(TOKEN)


def test_no_stale_answer_where_okta_refuses_the_question(kind: Kind, script: Script) -> None:
    with Asker(kind, script, IntrospectionCache(ttl=30, stale_if_error=600)) as asker:
        asker.introspect(TOKEN)
        script.says[TOKEN] = httpx.Response(401, json={"error": "invalid_client"})
        asker.clock.advance(31)
        with pytest.raises(Exception, match="invalid_client"):
            asker.introspect(TOKEN)


def test_a_revoked_token_leaves_no_stale_answer(kind: Kind, script: Script) -> None:
    with Asker(kind, script, IntrospectionCache(ttl=30, stale_if_error=600)) as asker:
        asker.introspect(TOKEN)
        asker.revoke(TOKEN)
        script.says[TOKEN] = httpx.Response(503)
        with pytest.raises(ServerError):
            asker.introspect(TOKEN)


# A rate limit that is nearly used up


def limit(remaining: int, of: int = 600) -> dict[str, str]:
    return {
        "x-rate-limit-limit": str(of),
        "x-rate-limit-remaining": str(remaining),
        "x-rate-limit-reset": str(int(START) + 60),
    }


@pytest.mark.parametrize(
    ("remaining", "ttl", "lasts"),
    [(60, 30, 30), (59, 30, 60), (0, 30, 60), (59, 100, 120), (59, 200, 200)],
)
def test_budget(
    kind: Kind,
    script: Script,
    caplog: pytest.LogCaptureFixture,
    remaining: int,
    ttl: float,
    lasts: float,
) -> None:
    script.headers = limit(remaining)
    with Asker(kind, script, IntrospectionCache(ttl=ttl)) as asker:
        with caplog.at_level(logging.WARNING, "okta_oidc"):
            asker.introspect(TOKEN)
        assert bool(caplog.records) is (remaining < 60)
        asker.clock.advance(lasts - 0.1)
        asker.introspect(TOKEN)
        assert script.calls == 1
        asker.clock.advance(0.1)
        asker.introspect(TOKEN)
        assert script.calls == 2


def test_budget_leaves_inactive_ones_and_exp_alone(kind: Kind, script: Script) -> None:
    script.headers = limit(1)
    script.says[TOKEN] = active(exp=int(START) + 40)
    with Asker(kind, script, IntrospectionCache(ttl=30, negative_ttl=10)) as asker:
        asker.introspect("made-up")
        asker.introspect(TOKEN)
        asker.clock.advance(10)
        asker.introspect("made-up")
        asker.clock.advance(30)
        asker.introspect(TOKEN)
    assert script.calls == 4


def test_budget_is_logged_once_a_minute(
    kind: Kind, script: Script, caplog: pytest.LogCaptureFixture
) -> None:
    script.headers = limit(5)
    with Asker(kind, script, IntrospectionCache()) as asker:
        with caplog.at_level(logging.WARNING, "okta_oidc"):
            for _ in range(3):
                asker.introspect(TOKEN, fresh=True)
                asker.clock.advance(25)
        assert len(caplog.records) == 1
        assert "5 of 600" in caplog.messages[0]
        assert TOKEN not in caplog.text
        asker.introspect(TOKEN, fresh=True)
    assert len(caplog.records) == 2


def test_a_concurrency_limit_is_no_budget(kind: Kind, script: Script) -> None:
    script.headers = limit(0, of=0)
    with Asker(kind, script, IntrospectionCache()) as asker:
        asker.introspect(TOKEN)
        asker.clock.advance(30)
        asker.introspect(TOKEN)
    assert script.calls == 2


# The shared tier


@pytest.fixture
def fleet(kind: Kind, script: Script) -> Iterator[tuple[list[Asker], MemoryTier]]:
    """Two processes, as far as the cache can tell: two caches, one tier."""
    clock = Clock()
    tier = MemoryTier(clock)
    shared = tier if kind == "sync" else AwaitedTier(tier)
    with contextlib.ExitStack() as stack:
        askers = [
            stack.enter_context(Asker(kind, script, IntrospectionCache(shared=shared), clock))
            for _ in range(2)
        ]
        yield askers, tier


Fleet = tuple[list[Asker], MemoryTier]


def cache_of(asker: Asker) -> IntrospectionCache:
    cache: IntrospectionCache = vars(asker.client)["_cached"]._cache
    return cache


def test_one_process_asks_for_the_fleet(fleet: Fleet, script: Script) -> None:
    (one, other), tier = fleet
    script.headers = {"x-okta-request-id": "req-1"}
    first = one.introspect(TOKEN)
    second = other.introspect(TOKEN)
    assert second == first
    assert second.raw == first.raw
    assert script.calls == 1
    assert cache_of(other).stats.shared_hits == 1
    loads = tier.loads
    other.introspect(TOKEN)
    assert tier.loads == loads, "a local copy needs no tier"


def test_local_copies_are_short_and_none_outlives_the_ttl(fleet: Fleet, script: Script) -> None:
    (one, other), tier = fleet
    one.introspect(TOKEN)
    tier.clock.advance(28)
    other.introspect(TOKEN)
    tier.clock.advance(1.9)
    other.introspect(TOKEN)
    assert script.calls == 1
    tier.clock.advance(0.1)
    other.introspect(TOKEN)
    assert script.calls == 2


def test_revocation_reaches_the_fleet_within_the_local_ttl(fleet: Fleet, script: Script) -> None:
    (one, other), tier = fleet
    one.introspect(TOKEN)
    other.introspect(TOKEN)
    del script.says[TOKEN]
    one.revoke(TOKEN)
    tier.clock.advance(5)
    assert not other.introspect(TOKEN)
    assert not one.introspect(TOKEN)


def test_an_answer_on_its_way_elsewhere_is_not_shared_after_a_revocation(
    fleet: Fleet, script: Script
) -> None:
    (one, other), tier = fleet
    script.hold()
    pending = other.begin(TOKEN)
    wait_until(lambda: script.calls == 1)
    del script.says[TOKEN]
    one.revoke(TOKEN)
    script.release()
    assert pending.wait()
    assert not one.introspect(TOKEN)
    tier.clock.advance(5)
    assert not other.introspect(TOKEN)


def test_an_inactive_answer_replaces_what_is_shared(fleet: Fleet, script: Script) -> None:
    (one, other), _ = fleet
    one.introspect(TOKEN)
    del script.says[TOKEN]
    assert not one.introspect(TOKEN, fresh=True)
    assert not other.introspect(TOKEN)
    assert script.calls == 2


def test_a_revocation_elsewhere_ends_the_stale_answer_too(kind: Kind, script: Script) -> None:
    clock = Clock()
    tier = MemoryTier(clock)
    shared = tier if kind == "sync" else AwaitedTier(tier)
    caches = [IntrospectionCache(stale_if_error=600, shared=shared) for _ in range(2)]
    with (
        Asker(kind, script, caches[0], clock) as one,
        Asker(kind, script, caches[1], clock) as other,
    ):
        one.introspect(TOKEN)
        other.introspect(TOKEN)
        one.revoke(TOKEN)
        clock.advance(6)
        script.says[TOKEN] = httpx.Response(503)
        with pytest.raises(ServerError):
            other.introspect(TOKEN)


def test_no_shared_document_holds_the_token(fleet: Fleet, script: Script) -> None:
    (one, _), tier = fleet
    one.introspect(TOKEN)
    one.introspect("made-up-planted")
    assert len(tier.rows) == 2
    assert TOKEN not in repr(tier.rows)
    assert "planted" not in repr(tier.rows)
    script.says["quoted-planted"] = active(echo=["see quoted-planted"])
    one.introspect("quoted-planted")
    assert len(tier.rows) == 2


@pytest.mark.parametrize("members", [{"active": "yes"}, {"active": True, "exp": "soon"}, {"x": 1}])
def test_what_cannot_be_read_is_not_there(
    fleet: Fleet, script: Script, members: dict[str, Any]
) -> None:
    (one, other), tier = fleet
    one.introspect(TOKEN)
    tier.rows = {key: (members, until) for key, (_, until) in tier.rows.items()}
    assert other.introspect(TOKEN)
    assert script.calls == 2


@pytest.mark.parametrize("kind", ["asyncio", "trio"])
def test_a_synchronous_tier_does_not_hold_up_a_loop(kind: Kind, script: Script) -> None:
    clock = Clock()
    tier = MemoryTier(clock)
    with Asker(kind, script, IntrospectionCache(shared=tier), clock) as asker:
        asker.introspect(TOKEN)
        loop_thread = asker.run(current_thread)
    assert tier.threads
    assert loop_thread not in tier.threads


async def current_thread() -> int:
    return threading.get_ident()


def test_a_synchronous_client_refuses_an_awaited_tier() -> None:
    cache = IntrospectionCache(shared=AwaitedTier(MemoryTier(Clock())))
    with pytest.raises(ConfigurationError, match="RedisIntrospectionTier"):
        OktaOIDC(ORG_URL, BASIC, introspection_cache=cache)


# Processes


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_fork_while_the_lock_is_held_and_a_question_is_under_way(script: Script) -> None:
    """The child waits for nothing of the parent's, and keeps what the parent had kept."""
    cache = IntrospectionCache()
    with Asker("sync", script, cache) as asker:
        asker.introspect(TOKEN)
        script.says["other"] = active()
        script.hold()
        pending = asker.begin("other")
        wait_until(lambda: script.calls == 2)
        with vars(cache)["_lock"]:
            child = os.fork()
            if child == 0:  # pragma: no cover  # in the child
                signal.alarm(10)
                script.release()
                asker.introspect(TOKEN)
                asker.introspect("other")
                os._exit(0 if script.calls == 3 else 1)
        _, status = os.waitpid(child, 0)
        script.release()
        assert pending.wait()
    assert os.waitstatus_to_exitcode(status) == 0


def test_a_cache_is_not_pickled() -> None:
    with pytest.raises(TypeError):
        pickle.dumps(IntrospectionCache())


# Arguments


@pytest.mark.parametrize(
    "options",
    [
        {"ttl": 0},
        {"ttl": -1},
        {"ttl": float("nan")},
        {"ttl": float("inf")},
        {"ttl": "30"},
        {"ttl": True},
        {"ttl": 86_401},
        {"negative_ttl": -1},
        {"stale_if_error": None},
        {"max_entries": 0},
        {"max_entries": 1.5},
        {"max_entries": None},
        {"max_entries": True},
        {"shared": object()},
        {"shared": "redis://localhost"},
    ],
    ids=label,
)
def test_arguments_that_cannot_be_right(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        IntrospectionCache(**options)


@pytest.mark.parametrize("client", [OktaOIDC, AsyncOktaOIDC])
def test_a_client_takes_a_cache_and_nothing_else(client: Any) -> None:
    with pytest.raises(ConfigurationError, match="introspection_cache"):
        client(ORG_URL, BASIC, introspection_cache=30)


def test_a_limit_that_is_used_up_is_told_to_all(asker: Asker, script: Script) -> None:
    script.says[TOKEN] = httpx.Response(429, headers={**limit(0), "date": DATE})
    with pytest.raises(RateLimitError) as caught:
        asker.introspect(TOKEN)
    assert caught.value.retry_after == 60
    on_clock(asker.client, asker.clock)
    assert entries(cache_of(asker)) == 0


DATE = "Mon, 05 Jan 2026 10:00:00 GMT"
