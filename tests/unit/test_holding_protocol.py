"""A fleet that holds one user's tokens, stopped, killed and cut off at every step of a renewal."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import pytest
from okta_oidc import (
    APIError,
    ConfigurationError,
    InvalidClientError,
    MalformedResponseError,
    OktaError,
    RateLimitError,
    ServerError,
    SignInRequiredError,
    TokenStoreError,
    TransportError,
    TransportTimeoutError,
)
from okta_oidc._holding._renewal import BACKOFF, SEND_WITHIN
from okta_oidc._holding._rows import Row
from okta_oidc._http import Headers, HttpInfo

from ._holding import (
    KEY,
    LEASE,
    LIFETIME,
    SHORTEST_LIFETIME,
    Process,
    World,
    broken,
    limited,
    never_sent,
    refused,
    unavailable,
)

# Into the time in which tokens are renewed although they are good, and past their end.
_EARLY: Final = LIFETIME - 200.0
_EXPIRED: Final = LIFETIME + 10.0


class StoreError(Exception):
    """The store's own."""


def _row(world: World) -> Row:
    return Row.decoded(world.stored().value)


def _reason(process: Process, rejected: str | None = None) -> str:
    with pytest.raises(SignInRequiredError) as caught:
        process.token(rejected)
    return caught.value.reason


def _claimed(world: World) -> Process:
    """A process that is about to present the refresh token."""
    process = world.process()
    process.start()
    process.until("request")
    return process


# One after the other


def test_nothing_is_held() -> None:
    assert _reason(World().process()) == "absent"


def test_a_fresh_token_costs_one_look_a_process() -> None:
    world = World()
    world.sign_in()
    process = world.process()
    assert process.token() == process.token() == "access-1"
    assert world.okta.presented == []


def test_a_renewal_is_three_round_trips_to_the_store() -> None:
    world = World()
    world.sign_in()
    world.clock.advance(_EXPIRED)
    process = world.process()
    process.start()
    points: list[str] = []
    while process.is_under_way:
        points.append(process.point)
        process.step()
    assert points == ["load", "replace", "request", "replace"]
    assert process.result.access_token == "access-2"


def test_what_one_has_renewed_the_others_find() -> None:
    world = World()
    world.sign_in()
    others = [world.process() for _ in range(3)]
    for process in others:
        process.token()
    world.clock.advance(_EXPIRED)
    assert {process.token() for process in others} == {"access-2"}
    assert world.okta.presented == ["family-1.1"]


def test_the_next_generation_is_presented_next() -> None:
    world = World()
    world.sign_in()
    for _ in range(3):
        world.clock.advance(_EXPIRED)
        world.process().token()
    assert world.okta.presented == ["family-1.1", "family-1.2", "family-1.3"]
    assert world.okta.killed == 0


def test_a_refresh_token_that_does_not_rotate_is_kept() -> None:
    world = World()
    world.sign_in()

    def same_again(token: str) -> Any:
        return world.okta.tokens(token)

    vars(world.okta)["refresh"] = same_again
    for number in (2, 3):
        world.clock.advance(_EXPIRED)
        assert world.process().token() == f"access-{number}"
    assert _row(world).refresh_token == "family-1.1"


def test_what_is_not_sent_again_is_as_it_was() -> None:
    world = World()
    tokens = replace(world.okta.sign_in(), id_token="id", scopes=("openid", "email"))
    process = world.process()
    process.finish(process.renewal.save(tokens))

    def bare(token: str) -> Any:
        return replace(world.okta.tokens("family-1.2"), scopes=())

    vars(world.okta)["refresh"] = bare
    world.clock.advance(_EXPIRED)
    process.token()
    assert process.result.id_token == "id"
    assert process.result.scopes == ("openid", "email")


def test_tokens_without_a_refresh_token_are_held_to_their_end() -> None:
    world = World()
    process = world.process()
    process.finish(process.renewal.save(world.okta.tokens(None)))
    world.clock.advance(_EARLY)
    assert process.token() == "access-1"
    world.clock.advance(LIFETIME)
    assert _reason(process) == "absent"


def test_a_token_of_unknown_lifetime_is_good_until_it_is_rejected() -> None:
    world = World()
    world.okta.lifetime = None
    world.sign_in()
    process = world.process()
    world.clock.advance(1e6)
    assert process.token() == "access-1"
    assert process.token(rejected="access-1") == "access-2"
    assert process.result.expires_at is None


def test_saved_late_a_token_ends_no_later() -> None:
    world = World()
    tokens = world.okta.sign_in()
    world.clock.advance(_EXPIRED)
    process = world.process()
    process.finish(process.renewal.save(tokens))
    assert process.token() == "access-2"


# When


def test_a_short_lived_token_is_not_renewed_all_the_time() -> None:
    world = World()
    world.okta.lifetime = SHORTEST_LIFETIME
    world.sign_in()
    process = world.process()
    renewed_at: list[int] = []
    for second in range(SHORTEST_LIFETIME):
        before = len(world.okta.presented)
        process.token()
        if len(world.okta.presented) > before:
            renewed_at.append(second)
        world.clock.advance(1.0)
    assert len(renewed_at) == 1
    assert 240 <= renewed_at[0] <= 252


def test_each_process_renews_at_a_moment_of_its_own() -> None:
    world = World()
    world.sign_in()
    moments: set[int] = set()
    for _ in range(20):
        process = world.process()
        process.token()
        held = process.renewal.era.held
        assert held is not None
        moments.add(round(held.look_at - held.since))
        assert LIFETIME - 300 <= held.look_at - held.since <= LIFETIME - 240
    assert len(moments) > 10


def test_a_wall_clock_that_is_set_back_changes_nothing() -> None:
    world = World()
    world.sign_in()
    process = world.process()
    process.token()
    world.clock.now -= 3600
    for _ in range(10):
        world.clock.advance(60)
        assert process.token() == "access-1"
    assert world.okta.presented == []
    world.clock.advance(_EXPIRED)
    assert process.token() == "access-2"
    # What it tells of the end is by the clock as it is.
    assert abs(process.result.expires_at.timestamp() - world.clock.now - LIFETIME) < 1


def test_a_wall_clock_that_runs_ahead_costs_one_refresh() -> None:
    world = World()
    world.sign_in()
    process = world.process()
    process.token()
    world.clock.now += 7200
    for _ in range(10):
        world.clock.advance(1)
        assert process.token() == "access-2"
    assert world.okta.presented == ["family-1.1"]


def test_an_early_renewal_that_fails_is_tried_again_after_a_while(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = World()
    world.sign_in()
    world.clock.advance(_EARLY)
    process = world.process()
    failures: list[Exception] = [unavailable(), broken(), never_sent()]
    for failure in failures:
        world.okta.failures = [failure] * 9
        assert process.token() == "access-1"
        asked = len(world.okta.failures)
        for _ in range(4):
            world.clock.advance(1)
            assert process.token() == "access-1"
        assert len(world.okta.failures) == asked
        world.clock.advance(LEASE + 10)
    world.okta.failures = []
    assert process.token() == "access-2"
    assert all("access-1" not in record.getMessage() for record in caplog.records)


def test_what_never_left_is_tried_again_after_a_while() -> None:
    """Though nothing is open, and it could be sent at once."""
    world = World()
    world.sign_in()
    world.clock.advance(_EARLY)
    process = world.process()
    world.okta.failures = [never_sent()] * 6
    assert process.token() == "access-1"
    assert len(world.okta.failures) == 3
    world.clock.advance(BACKOFF - 1)
    assert process.token() == "access-1"
    assert len(world.okta.failures) == 3
    world.clock.advance(1)
    assert process.token() == "access-1"
    assert world.okta.failures == []


def test_the_old_token_is_served_until_shortly_before_its_end() -> None:
    world = World()
    world.sign_in()
    world.clock.advance(LIFETIME - 15)
    process = world.process()
    world.okta.failures = [never_sent()] * 20
    assert process.token() == "access-1"
    world.clock.advance(5)
    with pytest.raises(TransportError):
        process.token()


def test_an_early_renewal_does_not_need_the_store() -> None:
    world = World()
    world.sign_in()
    process = world.process()
    process.token()
    world.clock.advance(_EARLY)
    process.start()
    process.fail(StoreError())
    assert process.result.access_token == "access-1"


# Two at once


def test_nobody_waits_for_another_while_the_old_token_is_good() -> None:
    world = World()
    world.sign_in()
    world.clock.advance(_EARLY)
    holder = _claimed(world)
    other = world.process()
    other.start()
    other.step()
    assert other.result.access_token == "access-1"
    holder.step()
    holder.step()
    world.clock.advance(1.0)
    assert other.token() == "access-2"


def test_without_a_token_others_wait_for_the_one_who_renews() -> None:
    world = World()
    world.sign_in()
    world.clock.advance(_EXPIRED)
    holder = _claimed(world)
    other = world.process()
    other.start()
    other.until("wait", 3)
    holder.step()
    holder.step()
    other.until("load")
    other.step()
    assert other.result.access_token == holder.result.access_token == "access-2"
    assert world.okta.presented == ["family-1.1"]


def test_nobody_waits_for_ever() -> None:
    world = World()
    world.sign_in()
    world.clock.advance(_EXPIRED)
    process = world.process(max_wait=3.0)
    _claimed(world)
    began = world.clock.monotonic
    with pytest.raises(TransportTimeoutError) as caught:
        process.token()
    assert caught.value.request_sent is False
    assert 3.0 <= world.clock.monotonic - began <= 4.5


def test_one_of_two_wins_the_claim() -> None:
    world = World()
    world.sign_in()
    world.clock.advance(_EXPIRED)
    first, second = world.process(), world.process()
    for process in (first, second):
        process.start()
        process.until("replace")
    first.step()
    second.step()
    assert (first.point, second.point) == ("request", "load")


# Died


def test_dead_before_sending_the_next_asks_and_goes_on() -> None:
    world = World()
    world.sign_in()
    world.clock.advance(_EXPIRED)
    _claimed(world).kill()
    world.clock.advance(LEASE)
    assert world.process().token() == "access-2"
    assert world.okta.introspected == ["family-1.1"]
    assert world.okta.presented == ["family-1.1"]


def test_dead_after_okta_rotated_it_is_lost_and_nothing_is_sent() -> None:
    world = World()
    world.sign_in()
    world.clock.advance(_EXPIRED)
    holder = _claimed(world)
    holder.perform()
    holder.kill()
    world.clock.advance(LEASE)
    assert [_reason(world.process()) for _ in range(3)] == ["lost"] * 3
    assert world.okta.presented == ["family-1.1"]
    assert world.okta.introspected == ["family-1.1"]
    assert world.okta.killed == 0
    assert b"family-1.1" not in world.stored().value


def test_the_access_token_of_a_lost_family_is_used_to_its_end() -> None:
    world = World()
    world.sign_in()
    world.clock.advance(_EARLY)
    holder = _claimed(world)
    holder.perform()
    holder.kill()
    world.clock.advance(LEASE)
    process = world.process()
    assert process.token() == "access-1"
    assert _row(world).gone == "lost"
    world.clock.advance(200)
    assert _reason(process) == "lost"


def test_within_the_grace_it_is_presented_again() -> None:
    world = World(leeway=30)
    world.sign_in()
    world.clock.advance(_EXPIRED)
    holder = _claimed(world)
    holder.perform()
    holder.kill()
    began = world.clock.monotonic
    process = world.process()
    assert process.token() == "access-3"
    assert world.okta.introspected == []
    assert world.okta.presented == ["family-1.1"] * 2
    assert LEASE <= world.clock.monotonic - began <= LEASE + 1.5
    world.clock.advance(_EXPIRED)
    process.token()
    assert world.okta.presented[2:] == ["family-1.2"]
    assert world.okta.killed == 0


def test_at_the_end_of_the_grace_nobody_trusts_to_luck() -> None:
    """A spent token that is presented too late ends the family; one that is asked about does not.

    A claim may take 3 seconds until it is written, and its request 3 more until it arrives.
    """
    world = World(leeway=30)
    world.sign_in()
    world.clock.advance(_EXPIRED)
    holder = _claimed(world)
    holder.perform()
    holder.kill()
    world.clock.advance(24.5)
    process = world.process()
    with pytest.raises(TransportTimeoutError):
        process.token()
    assert len(world.okta.presented) == 1
    assert world.okta.introspected == []
    # Once it is sure that what is called active is not merely within the grace, it is asked.
    world.clock.advance(LEASE)
    assert _reason(process) == "lost"
    assert world.okta.introspected == ["family-1.1"]


def test_what_is_presented_again_ends_within_the_grace() -> None:
    """However long it may take otherwise."""
    world = World(leeway=30)
    world.sign_in()
    world.clock.advance(_EXPIRED)
    holder = _claimed(world)
    assert holder.pending.asked.seconds is None
    holder.perform()
    holder.kill()
    world.clock.advance(23.0)
    process = world.process()
    process.start()
    process.until("replace")
    deliver = process.perform()
    world.clock.advance(2.0)
    deliver()
    # Of the 7 that were left at the claim, it may be sent 3 later, as it is sent again.
    assert process.pending.asked.seconds == pytest.approx(4.0)
    assert process.go_on().access_token == "access-3"
    assert world.okta.killed == 0


def test_the_age_of_the_first_claim_counts() -> None:
    """However many die one after the other, the grace is not begun anew."""
    world = World(leeway=55)
    world.sign_in()
    world.clock.advance(_EXPIRED)
    holder = _claimed(world)
    holder.perform()
    holder.kill()
    for _ in range(2):
        # Each finds the claim of the one before, and dies in its turn without a word.
        world.clock.advance(LEASE)
        process = world.process()
        process.start()
        while process.is_under_way and process.point != "request":
            process.step()
        process.kill()
    # At most: 3 seconds may have passed each time until the claim was written.
    assert _row(world).lag == pytest.approx(2 * (LEASE + 3), abs=0.5)
    # One that counted from the last claim would present it again.
    world.clock.advance(LEASE)
    with pytest.raises(TransportTimeoutError):
        world.process().token()
    assert world.okta.presented == ["family-1.1"]
    world.clock.advance(60)
    assert _reason(world.process()) == "lost"
    assert world.okta.killed == 0


@pytest.mark.parametrize("is_told", [True, False])
def test_a_claim_that_is_written_late_hides_no_time(is_told: bool) -> None:
    """The store hangs, and writes it when nobody waits for it any more."""
    world = World(leeway=60)
    world.sign_in()
    world.clock.advance(_EXPIRED)
    holder = _claimed(world)
    holder.perform()
    holder.kill()
    world.clock.advance(LEASE)
    process = world.process(max_wait=60.0)
    process.start()
    process.until("replace")
    world.clock.advance(30)
    process.perform()
    with pytest.raises(StoreError):
        process.fail(StoreError())
    world.clock.advance(LEASE)
    if not is_told:
        # Another machine's clock is behind: the three seconds are all there is to go by.
        world.clock.now -= 2.0
    # 60 seconds after the first claim, though it is 33 by the store and by what the claim says.
    with pytest.raises(TransportTimeoutError):
        world.process().token()
    assert world.okta.presented == ["family-1.1"]


def test_a_recoverer_that_dies_after_presenting_again() -> None:
    world = World(leeway=60)
    world.sign_in()
    world.clock.advance(_EXPIRED)
    for _ in range(2):
        holder = world.process()
        holder.start()
        holder.until("request")
        holder.perform()
        holder.kill()
        world.clock.advance(LEASE)
    assert world.process().token() == "access-4"
    assert world.okta.presented == ["family-1.1"] * 3
    assert world.okta.killed == 0


# Stopped


def test_a_recoverer_that_sends_nothing_leaves_the_question() -> None:
    """Its own try spent nothing, but the one before it may have."""
    world = World(leeway=30)
    world.sign_in()
    world.clock.advance(_EXPIRED)
    holder = _claimed(world)
    holder.perform()
    holder.kill()
    world.clock.advance(LEASE)
    world.okta.failures = [never_sent()] * 3
    with pytest.raises(TransportError):
        world.process().token()
    assert world.okta.failures == []
    world.clock.advance(100)
    assert _reason(world.process()) == "lost"
    assert world.okta.presented == ["family-1.1"]
    assert world.okta.killed == 0


def test_stopped_before_sending_it_does_not_send_when_it_wakes() -> None:
    world = World()
    world.sign_in()
    world.clock.advance(_EXPIRED)
    process = world.process()
    process.start()
    process.until("replace")
    deliver = process.perform()
    world.clock.advance(LEASE + 1)
    other = world.process()
    assert other.token() == "access-2"
    deliver()
    assert process.point != "request"
    process.go_on()
    assert process.result.access_token == "access-2"
    assert world.okta.presented == ["family-1.1"]


def test_stopped_for_a_moment_it_claims_anew_at_once() -> None:
    world = World()
    world.sign_in()
    world.clock.advance(_EXPIRED)
    process = world.process()
    process.start()
    process.until("replace")
    deliver = process.perform()
    world.clock.advance(3.5)
    deliver()
    began = world.clock.monotonic
    while process.is_under_way:
        assert process.point != "wait"
        process.step()
    assert process.result.access_token == "access-2"
    assert world.clock.monotonic == began
    assert world.okta.introspected == []


def test_a_slow_signature_does_not_send_late() -> None:
    """A key in a KMS signs after the claim: the look at the clock comes after that."""
    world = World()
    world.sign_in()
    world.clock.advance(_EXPIRED)
    process = world.process()
    steps_of = process.flow.steps
    slow = [5.0]

    def signed_slowly(operation: Any, **options: Any) -> Any:
        if slow:
            yield slow.pop()
        return (yield from steps_of(operation, **options))

    vars(process.flow)["steps"] = signed_slowly
    assert process.token() == "access-2"
    assert world.okta.presented == ["family-1.1"]
    # The first claim was put back, and another made.
    assert world.clock.monotonic >= 500 + _EXPIRED + 5


def test_stopped_after_sending_its_successor_replaces_what_was_called_lost() -> None:
    world = World()
    world.sign_in()
    world.clock.advance(_EXPIRED)
    holder = _claimed(world)
    deliver = holder.perform()
    world.clock.advance(LEASE)
    other = world.process()
    assert _reason(other) == "lost"
    deliver()
    holder.go_on()
    assert holder.result.access_token == "access-2"
    assert other.token() == "access-2"
    assert world.okta.killed == 0


def test_stopped_after_sending_it_yields_to_a_newer_sign_in() -> None:
    world = World()
    world.sign_in()
    world.clock.advance(_EXPIRED)
    holder = _claimed(world)
    deliver = holder.perform()
    world.clock.advance(LEASE)
    assert _reason(world.process()) == "lost"
    world.sign_in()
    deliver()
    holder.go_on()
    assert holder.result.access_token == "access-3"
    assert _row(world).refresh_token == "family-2.1"
    assert world.okta.revoked == []


def test_stopped_after_sending_it_yields_to_who_presented_again() -> None:
    world = World(leeway=30)
    world.sign_in()
    world.clock.advance(_EXPIRED)
    holder = _claimed(world)
    deliver = holder.perform()
    world.clock.advance(LEASE)
    other = world.process()
    other.token()
    deliver()
    holder.go_on()
    assert holder.result.access_token == other.token() == "access-3"
    world.clock.advance(_EXPIRED)
    holder.token()
    assert world.okta.killed == 0


# Refused, failed


def test_refused_nobody_asks_again() -> None:
    world = World()
    world.sign_in()
    world.okta.families["family-1"].is_revoked = True
    world.clock.advance(_EXPIRED)
    assert _reason(world.process()) == "refused"
    assert [_reason(world.process()) for _ in range(3)] == ["refused"] * 3
    assert world.okta.presented == ["family-1.1"]
    assert b"family-1.1" not in world.stored().value


def test_refused_early_the_old_token_is_used_to_its_end() -> None:
    world = World()
    world.sign_in()
    world.okta.families["family-1"].is_revoked = True
    world.clock.advance(_EARLY)
    process = world.process()
    assert process.token() == "access-1"
    assert world.process().token() == "access-1"
    world.clock.advance(200)
    assert _reason(process) == "refused"
    assert world.okta.presented == ["family-1.1"]


def test_refused_while_another_has_written_a_newer_generation() -> None:
    world = World()
    world.sign_in()
    world.clock.advance(_EXPIRED)
    holder = _claimed(world)
    newer = replace(
        _row(world), generation=2, refresh_token="family-1.2", access_token="newer", ends_in=900.0
    )
    assert world.store.replace(
        KEY,
        replace(newer, is_claimed=False).encoded(),
        expected=world.stored().version,
        version="of another program",
    )
    holder.fail(refused())
    holder.go_on()
    assert holder.result.access_token == "newer"
    assert _row(world).gone is None


def test_a_new_sign_in_revives_every_process() -> None:
    world = World()
    world.sign_in()
    world.okta.families["family-1"].is_revoked = True
    world.clock.advance(_EXPIRED)
    processes = [world.process() for _ in range(3)]
    for process in processes:
        assert _reason(process) == "refused"
    world.sign_in()
    assert {process.token() for process in processes} == {"access-2"}


def test_what_may_have_been_processed_is_not_sent_again() -> None:
    for failure in (broken, unavailable, _malformed, _page):
        world = World()
        world.sign_in()
        world.clock.advance(_EXPIRED)
        holder = _claimed(world)
        holder.perform()
        with pytest.raises(OktaError):
            holder.fail(failure())
        assert _row(world).is_claimed
        world.clock.advance(LEASE)
        assert _reason(world.process()) == "lost"
        assert world.okta.presented == ["family-1.1"]


def _malformed() -> OktaError:
    return MalformedResponseError("malformed", http=HttpInfo(200, Headers()), body=b"")


def _page() -> OktaError:
    """A gateway's: it says nothing about what is behind."""
    return APIError("page", http=HttpInfo(403, Headers()))


def _client_refused() -> OktaError:
    return InvalidClientError("client", http=HttpInfo(401, Headers()), code="invalid_client")


@pytest.mark.parametrize(
    "failure", [never_sent, _client_refused, lambda: ConfigurationError("wrong")]
)
def test_what_was_not_processed_leaves_no_question(failure: Callable[[], OktaError]) -> None:
    world = World()
    world.sign_in()
    world.clock.advance(_EXPIRED)
    process = world.process()
    world.okta.failures = [failure() for _ in range(4)]
    with pytest.raises(OktaError):
        process.token()
    assert not _row(world).is_claimed
    world.okta.failures = []
    assert world.process().token() == "access-2"
    assert world.okta.introspected == []
    assert world.okta.presented == ["family-1.1"]


def test_what_never_left_is_sent_again_under_the_same_claim() -> None:
    world = World()
    world.sign_in()
    world.clock.advance(_EXPIRED)
    world.okta.failures = [never_sent(), never_sent()]
    assert world.process().token() == "access-2"
    assert world.okta.presented == ["family-1.1"]


def test_never_sent_is_not_sent_late_either() -> None:
    """Stopped between two attempts of which the first never left."""
    world = World()
    world.sign_in()
    world.clock.advance(_EXPIRED)
    process = world.process()
    process.start()
    process.until("request")
    process.fail(never_sent())
    world.clock.advance(LEASE)
    assert world.process().token() == "access-2"
    while process.is_under_way:
        assert process.point != "request"
        process.step()
    assert process.result.access_token == "access-2"


def test_the_fleet_waits_out_a_rate_limit() -> None:
    world = World()
    world.sign_in()
    world.clock.advance(_EXPIRED)
    world.okta.failures = [limited(10.0)]
    with pytest.raises(RateLimitError) as caught:
        world.process().token()
    assert caught.value.retry_after == 10.0
    began = world.clock.monotonic
    processes = [world.process() for _ in range(5)]
    for process in processes:
        process.start()
        process.until("wait")
    for process in processes:
        process.go_on()
    assert world.clock.monotonic - began >= 10
    assert world.okta.presented == ["family-1.1"]


def test_a_rate_limit_that_lasts_too_long_is_told_at_once() -> None:
    world = World()
    world.sign_in()
    world.clock.advance(_EXPIRED)
    world.okta.failures = [limited(50.0)]
    with pytest.raises(RateLimitError):
        world.process().token()
    began = world.clock.monotonic
    with pytest.raises(RateLimitError) as caught:
        world.process().token()
    assert world.clock.monotonic == began
    assert caught.value.retry_after == pytest.approx(51.0)
    assert world.okta.presented == []


def test_limited_early_the_old_token_is_used() -> None:
    world = World()
    world.sign_in()
    world.clock.advance(_EARLY)
    world.okta.failures = [limited(30.0)]
    process = world.process()
    assert process.token() == world.process().token() == "access-1"
    world.clock.advance(32)
    assert process.token() == "access-2"


# Rejected by an API


def test_a_rejected_token_is_renewed() -> None:
    world = World()
    world.sign_in()
    process = world.process()
    process.token()
    assert process.token(rejected="access-1") == "access-2"
    assert process.token() == "access-2"


def test_a_rejected_token_that_was_renewed_meanwhile() -> None:
    world = World()
    world.sign_in()
    process, other = world.process(), world.process()
    process.token()
    assert other.token(rejected="access-1") == "access-2"
    assert process.token(rejected="access-1") == "access-2"
    assert world.okta.presented == ["family-1.1"]


def test_an_api_that_refuses_everything_causes_one_refresh_in_ten_seconds() -> None:
    world = World()
    world.sign_in()
    process = world.process()
    token = process.token()
    for _ in range(50):
        token = process.token(rejected=token)
    assert world.okta.presented == ["family-1.1"]
    world.clock.advance(10)
    process.token(rejected=token)
    assert len(world.okta.presented) == 2


# Signed out


def test_after_the_sign_out_nobody_has_a_token() -> None:
    world = World()
    world.sign_in()
    process, other = world.process(), world.process()
    process.token()
    process.finish(process.renewal.sign_out())
    assert world.okta.revoked == ["family-1.1"]
    assert _reason(process) == _reason(other) == "signed out"
    assert world.okta.presented == []
    assert b"access-1" not in world.stored().value


def test_a_sign_out_overtakes_a_refresh() -> None:
    world = World()
    world.sign_in()
    world.clock.advance(_EXPIRED)
    holder = _claimed(world)
    deliver = holder.perform()
    other = world.process()
    other.finish(other.renewal.sign_out())
    deliver()
    with pytest.raises(SignInRequiredError) as caught:
        holder.go_on()
    assert caught.value.reason == "signed out"
    assert _row(world).gone == "signed out"
    assert world.okta.revoked == ["family-1.1", "family-1.2"]


def test_a_sign_out_ends_a_refresh_of_the_same_process() -> None:
    """What it brings is not held, although it was written before the sign-out."""
    world = World()
    world.sign_in()
    world.clock.advance(_EXPIRED)
    holder = _claimed(world)
    holder.step()
    deliver = holder.perform()
    leaving = world.process()
    leaving.renewal.era = holder.renewal.era
    leaving.finish(holder.renewal.sign_out())
    deliver()
    assert holder.result.access_token == "access-2"
    assert _reason(holder) == "signed out"
    assert world.okta.revoked == ["family-1.2"]


def test_a_successor_that_cannot_be_revoked_is_no_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = World()
    world.sign_in()
    world.clock.advance(_EXPIRED)
    holder = _claimed(world)
    deliver = holder.perform()
    other = world.process()
    other.finish(other.renewal.sign_out())
    deliver()
    world.okta.failures = [unavailable()]
    with pytest.raises(SignInRequiredError):
        holder.go_on()
    assert "not revoked" in caplog.text


def test_what_could_not_be_revoked_is_revoked_the_next_time() -> None:
    world = World()
    world.sign_in()
    process = world.process()
    world.okta.failures = [unavailable()]
    with pytest.raises(ServerError):
        process.finish(process.renewal.sign_out())
    assert _reason(process) == "signed out"
    process.finish(process.renewal.sign_out())
    assert world.okta.revoked == ["family-1.1"]


def test_a_sign_out_where_nothing_is_held() -> None:
    world = World()
    process = world.process()
    process.finish(process.renewal.sign_out())
    process.finish(process.renewal.sign_out())
    assert world.okta.revoked == []
    assert _reason(process) == "signed out"
    world.sign_in()
    assert process.token() == "access-1"


def test_a_sign_out_of_what_the_store_has_lost() -> None:
    """The process that signs out knows the tokens, and no other may bring them back."""
    world = World()
    world.sign_in()
    process, other = world.process(), world.process()
    process.token()
    other.token()
    _flush(world)
    process.finish(process.renewal.sign_out())
    assert world.okta.revoked == ["family-1.1"]
    world.clock.advance(_EARLY)
    assert _reason(other) == "signed out"


def test_a_sign_out_ends_the_newest_tokens() -> None:
    """This process alone has them, and to revoke the spent one in the store may not do."""
    world = World()
    world.sign_in()
    world.clock.advance(_EXPIRED)
    process = _unsaved(world)
    process.finish(process.renewal.sign_out())
    assert world.okta.revoked == ["family-1.2"]
    assert _reason(process) == _reason(world.process()) == "signed out"


# The store


def _flush(world: World) -> None:
    vars(world.store)["_entries"].clear()


def test_what_cannot_be_claimed_is_not_sent() -> None:
    world = World()
    world.sign_in()
    world.clock.advance(_EXPIRED)
    process = world.process()
    process.start()
    process.until("replace")
    with pytest.raises(StoreError):
        process.fail(StoreError())
    assert world.okta.presented == []


def test_a_claim_whose_answer_was_lost_is_resolved_like_any_other() -> None:
    world = World()
    world.sign_in()
    world.clock.advance(_EXPIRED)
    process = world.process()
    process.start()
    process.until("replace")
    process.perform()
    with pytest.raises(StoreError):
        process.fail(StoreError())
    assert process.token() == "access-2"
    assert world.okta.introspected == world.okta.presented == ["family-1.1"]


def test_new_tokens_are_stored_before_anybody_sees_them() -> None:
    world = World()
    world.sign_in()
    world.clock.advance(_EXPIRED)
    process = world.process()
    process.start()
    process.until("replace", 2)
    for _ in range(3):
        process.fail(StoreError())
        process.until("replace")
    assert process.is_under_way
    process.step()
    assert process.result.access_token == "access-2"
    assert _row(world).refresh_token == "family-1.2"
    assert world.okta.presented == ["family-1.1"]


def test_written_although_the_answer_was_lost() -> None:
    world = World()
    world.sign_in()
    world.clock.advance(_EXPIRED)
    process = world.process()
    process.start()
    process.until("replace", 2)
    process.perform()
    version = world.stored().version
    process.fail(StoreError())
    process.until("replace")
    process.step()
    assert process.result.access_token == "access-2"
    assert world.stored().version == version


def _unsaved(world: World) -> Process:
    """A process that has renewed the tokens, and could not store them."""
    process = world.process()
    process.start()
    process.until("replace", 2)
    while process.is_under_way:
        if process.point == "wait":
            process.step()
        else:
            process.fail(StoreError())
    return process


def test_what_was_stored_and_used_and_lost_is_asked_about() -> None:
    """The answer to the write was lost, another renewed, and the store fell back to the claim."""
    world = World()
    world.sign_in()
    world.clock.advance(_EXPIRED)
    process = world.process()
    process.start()
    process.until("replace", 2)
    claim = world.stored()
    process.perform()
    process.fail(StoreError())
    assert world.process().token(rejected="access-2") == "access-3"
    vars(world.store)["_entries"][KEY] = (claim.value, claim.version, world.clock.monotonic)
    assert process.go_on().access_token == "access-2"
    world.clock.advance(_EXPIRED)
    assert _reason(world.process()) == "lost"
    assert world.okta.presented == ["family-1.1", "family-1.2"]
    assert world.okta.killed == 0


def test_what_cannot_be_stored_is_served_and_tried_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = World()
    world.sign_in()
    world.clock.advance(_EXPIRED)
    process = _unsaved(world)
    assert process.result.access_token == "access-2"
    (error,) = (record for record in caplog.records if record.levelno == logging.ERROR)
    assert error.getMessage().startswith("unsaved")
    # The next call tries, and fails, and serves.
    process.start()
    process.fail(StoreError())
    assert process.result.access_token == "access-2"
    # The one after that succeeds.
    assert process.token() == "access-2"
    assert _row(world).refresh_token == "family-1.2"
    calls: list[str] = []
    vars(world.store)["load"] = calls.append
    assert process.token() == "access-2"
    assert calls == []


def test_unsaved_tokens_are_stored_when_it_closes() -> None:
    world = World()
    world.sign_in()
    world.clock.advance(_EXPIRED)
    process = _unsaved(world)
    process.finish(process.renewal.close())
    assert _row(world).refresh_token == "family-1.2"
    process.finish(process.renewal.close())


def test_closing_with_unsaved_tokens_tells() -> None:
    world = World()
    world.sign_in()
    world.clock.advance(_EXPIRED)
    process = _unsaved(world)
    renewal = process.renewal

    def fails(key: str) -> None:
        raise StoreError

    vars(world.store)["load"] = fails
    with pytest.raises(TokenStoreError) as caught:
        process.finish(renewal.close())
    assert isinstance(caught.value.__cause__, StoreError)


def test_closing_with_nothing_unsaved_does_nothing() -> None:
    world = World()
    process = world.process()
    assert process.finish(process.renewal.close()) is None


def test_an_emptied_store_is_filled_again() -> None:
    world = World()
    world.sign_in()
    process = world.process()
    process.token()
    _flush(world)
    world.clock.advance(_EARLY)
    assert process.token() == "access-1"
    assert _row(world).refresh_token == "family-1.1"
    # Whether somebody was at it when the store was emptied, Okta can tell.
    world.clock.advance(LEASE + 1)
    assert process.token() == "access-2"
    assert world.okta.introspected == ["family-1.1"]


def test_an_emptied_store_hides_no_renewal() -> None:
    """Another process is at it, and the claim that tells is gone."""
    world = World()
    world.sign_in()
    world.clock.advance(_EXPIRED)
    other = world.process()
    other.start()
    other.step()
    holder = _claimed(world)
    deliver = holder.perform()
    _flush(world)
    while other.point != "wait":
        other.step()
    deliver()
    holder.go_on()
    other.go_on()
    assert other.result.access_token == holder.result.access_token == "access-2"
    assert world.okta.presented == ["family-1.1"]


def test_an_emptied_store_hides_no_renewal_from_one_that_was_stopped() -> None:
    """It has tokens to store that others had, too, and have presented since."""
    world = World(leeway=30)
    world.sign_in()
    world.clock.advance(_EXPIRED)
    holder = _claimed(world)
    deliver = holder.perform()
    world.clock.advance(LEASE)
    other = world.process()
    other.start(rejected=other.token())
    other.until("request")
    other.perform()
    other.kill()
    _flush(world)
    world.clock.advance(60)
    deliver()
    assert holder.go_on().access_token == "access-2"
    world.clock.advance(_EXPIRED)
    assert _reason(world.process()) == "lost"
    assert world.okta.killed == 0


def test_a_store_that_fell_back_a_generation_is_brought_up_to_date() -> None:
    world = World()
    world.sign_in()
    before = world.stored()
    world.clock.advance(_EXPIRED)
    process = world.process()
    process.token()
    vars(world.store)["_entries"][KEY] = (before.value, before.version, world.clock.monotonic)
    world.clock.advance(_EXPIRED)
    assert process.token() == "access-3"
    assert world.okta.presented == ["family-1.1", "family-1.2"]
    assert world.okta.killed == 0


def test_a_store_that_fell_back_to_a_claim_and_nobody_knows_more() -> None:
    world = World()
    world.sign_in()
    world.clock.advance(_EXPIRED)
    holder = _claimed(world)
    claim = world.stored()
    holder.step()
    holder.step()
    holder.kill()
    vars(world.store)["_entries"][KEY] = (claim.value, claim.version, world.clock.monotonic)
    world.clock.advance(LEASE)
    assert _reason(world.process()) == "lost"
    assert world.okta.presented == ["family-1.1"]


def test_a_service_s_token_is_as_good_as_before_in_an_emptied_store() -> None:
    world = World()
    process = world.process(grant={"grant_type": "client_credentials"})
    assert process.token() == "access-1"
    world.clock.advance(_EARLY)
    for _ in range(3):
        _flush(world)
        world.okta.failures = [unavailable()]
        assert process.token() == "access-1"
        assert world.okta.failures == []
        # What was put back there has no token.
        world.clock.advance(BACKOFF)
        world.okta.failures = [unavailable()]
        assert process.token() == "access-1"
        assert world.okta.failures == []
        world.clock.advance(BACKOFF)
    assert process.token() == "access-2"


def test_a_service_has_the_time_of_any_request_after_one_that_died() -> None:
    """No grace is running out: its grant can be presented again whenever it is."""
    world = World()
    grant = {"grant_type": "client_credentials"}
    holder = world.process(grant=grant)
    holder.start()
    holder.until("request")
    holder.kill()
    world.clock.advance(LEASE)
    process = world.process(grant=grant)
    process.start()
    process.until("request")
    assert process.pending.asked.seconds is None
    assert process.go_on().access_token == "access-1"


def test_an_evicted_row_is_absent() -> None:
    world = World()
    world.sign_in()
    _flush(world)
    assert _reason(world.process()) == "absent"


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b"7",
        b'{"format": 2}',
        json.dumps({"format": 1, "scopes": [], "a_member_of_tomorrow": 1}).encode(),
        b"[" * 100_000,
    ],
)
def test_what_cannot_be_read_stays_as_it_is(value: bytes) -> None:
    world = World()
    assert world.store.replace(KEY, value, expected=None, version="v")
    process = world.process()
    calls: list[Callable[[], object]] = [
        process.token,
        lambda: process.finish(process.renewal.save(world.okta.sign_in())),
        lambda: process.finish(process.renewal.sign_out()),
    ]
    for call in calls:
        with pytest.raises(TokenStoreError):
            call()
    assert world.stored().value == value


def test_a_row_survives_being_stored() -> None:
    world = World()
    world.sign_in()
    row = _row(world)
    assert Row.decoded(row.encoded()) == row
    assert row.scopes == ("openid",)


# What is proved of a client, and settings


def test_a_proof_of_identity_ends_with_the_claim() -> None:
    world = World()
    world.sign_in()
    world.clock.advance(_EXPIRED)
    process = world.process()
    process.start()
    process.until("replace")
    deliver = process.perform()
    world.clock.advance(2.0)
    deliver()
    # What never left may be sent once more until 3 seconds after the claim.
    assert process.flow.lifetimes == [LEASE - SEND_WITHIN]


@pytest.mark.parametrize(
    "settings",
    [
        {"early": -1.0},
        {"leeway": -1.0},
        {"max_wait": -1.0},
        {"grace": -1.0},
        {"grace": 61.0},
        {"early": float("nan")},
        {"leeway": "10"},
        {"max_wait": None},
        {"store": object()},
        {"key": ""},
        {"key": None},
        {"key": b"user"},
    ],
)
def test_settings_that_cannot_be_right(settings: dict[str, Any]) -> None:
    process = World().process()
    with pytest.raises(ConfigurationError):
        replace(process.renewal, **settings)
