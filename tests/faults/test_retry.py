"""Retries seen from the server: what it receives, how often, and when by its own clock."""

# pyright: reportPrivateUsage=false

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from okta_oidc import (
    ORG,
    InvalidGrantError,
    OktaError,
    RateLimitError,
    Retry,
    ServerError,
)
from okta_oidc._ratelimit import RateLimits
from okta_oidc.testing import FakeClock, FakeOkta, Faults

from tests.support.faces import EVERY_KIND, Face, Kind
from tests.support.runtimes import set_runtime
from tests.support.samples import CALLBACK, TOKEN

faces = pytest.mark.parametrize("face", EVERY_KIND)

# Nothing on this machine may tell the time but the server.
_THEN = 1_000_000_000.25


@contextmanager
def opened(face: Kind, fake: FakeOkta, **options: Any) -> Generator[tuple[Face, list[float]]]:
    """A client of ``fake``, and the waits it takes, which move the clock of ``fake``."""

    def sleep(seconds: float) -> None:
        caller.waits.append(seconds)
        fake.clock.advance(seconds)

    async def sleep_async(seconds: float) -> None:
        sleep(seconds)

    make: Any = fake.client if face.startswith("sync") else fake.async_client
    with Face(face, client=make(**options)) as caller:
        runtime = replace(
            caller.runtime, sleep=sleep, sleep_async=sleep_async, limits=RateLimits(fake.clock.now)
        )
        set_runtime(caller.client, runtime)
        yield caller, caller.waits


def _fake(**options: Any) -> FakeOkta:
    return FakeOkta(clock=FakeClock(_THEN), **options)


def _code(caller: Face, fake: FakeOkta, code: str | None = None) -> Any:
    code = code or fake.authorize(CALLBACK)
    return caller.token_for_code(code, CALLBACK)


@faces
@pytest.mark.parametrize("reset_in", [0, 1, 7, 28])
def test_429_is_waited_out(face: Kind, reset_in: int) -> None:
    fake = _fake()
    fake.faults.rate_limited(reset_in=reset_in)
    with opened(face, fake) as (caller, waits):
        assert _code(caller, fake).access_token
    (wait,) = waits
    # One second, as both times are rounded down; half of one, so that not all come back at once.
    assert reset_in + 1 <= wait <= reset_in + 1.5
    assert [request.status for request in fake.requests] == [429, 200]


@faces
@pytest.mark.parametrize("fraction", [0.0, 0.001, 0.5, 0.999])
def test_the_wait_is_long_enough_for_a_real_limit(face: Kind, fraction: float) -> None:
    """The server's window is over when the client is back, whatever the rounding did."""
    fake = FakeOkta(clock=FakeClock(_THEN // 1 + fraction), rate_limit=3)
    with opened(face, fake, retry=Retry(attempts=2, max_wait=90)) as (caller, waits):
        for _ in range(8):
            assert _code(caller, fake).access_token
    assert Counter(request.status for request in fake.requests) == {200: 8, 429: 2}
    assert len(waits) == 2


@faces
def test_429_of_one_user_is_waited_out(face: Kind) -> None:
    fake = _fake()
    fake.faults.user_rate_limited()
    with opened(face, fake, retry=Retry(max_wait=90)) as (caller, waits):
        assert _code(caller, fake).access_token
    assert len(waits) == 1


@faces
@pytest.mark.parametrize("reset_in", [30, 3600, 86_400 * 365 * 100])
def test_a_wait_past_the_limit_is_not_begun(face: Kind, reset_in: int) -> None:
    fake = _fake()
    fake.faults.rate_limited(reset_in=reset_in, times=5)
    with (
        opened(face, fake, retry=Retry(attempts=5, max_wait=30)) as (caller, waits),
        pytest.raises(RateLimitError) as raised,
    ):
        _code(caller, fake)
    assert raised.value.retry_after == reset_in
    assert raised.value.retries == 0
    assert waits == []
    assert len(fake.requests) == 1


@faces
def test_all_waits_together_stay_below_the_limit(face: Kind) -> None:
    fake = _fake()
    fake.faults.rate_limited(reset_in=12, times=9)
    with (
        opened(face, fake, retry=Retry(attempts=10, max_wait=30)) as (caller, waits),
        pytest.raises(RateLimitError) as raised,
    ):
        _code(caller, fake)
    assert len(waits) == raised.value.retries == 2
    assert sum(waits) <= 30
    assert len(fake.requests) == 3


DATE = "Sun, 09 Sep 2001 01:46:40 GMT"  # 1_000_000_000
LIMITS = {"X-Rate-Limit-Limit": "100", "X-Rate-Limit-Remaining": "0"}


@faces
@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([("Date", DATE), ("X-Rate-Limit-Reset", "1000000005")], 6.0),
        ([("date", DATE), ("x-rate-limit-reset", "1000000005")], 6.0),
        ([("Date", DATE), ("X-Rate-Limit-Reset", "999999000")], 1.0),
        (
            [
                ("Date", DATE),
                ("X-Rate-Limit-Reset", "1000000009"),
                ("X-Rate-Limit-Reset", "1000000005"),
            ],
            6.0,
        ),
        ([("Date", DATE), ("X-Rate-Limit-Reset", "1000000009, 1000000005")], 6.0),
        ([("X-Rate-Limit-Reset", "1000000005")], None),
        ([("Date", DATE)], None),
        ([("Date", "now"), ("X-Rate-Limit-Reset", "1000000005")], None),
        ([("Date", DATE), ("X-Rate-Limit-Reset", "in five seconds")], None),
        ([("Date", DATE), ("X-Rate-Limit-Reset", "")], None),
        ([("Date", DATE), ("X-Rate-Limit-Reset", "1e9")], None),
        ([("Date", DATE), ("X-Rate-Limit-Reset", "\u00b2")], None),
        ([("Retry-After", "1")], None),
        ([], None),
    ],
)
def test_headers_of_429(face: Kind, headers: list[tuple[str, str]], expected: float | None) -> None:
    """Where the wait cannot be told, it is not guessed."""
    fake = _fake()
    fake.faults.answer(429, headers=[*headers, *LIMITS.items()])
    with opened(face, fake) as (caller, waits):
        if expected is None:
            with pytest.raises(RateLimitError) as raised:
                _code(caller, fake)
            assert raised.value.retry_after is None
            assert waits == []
        else:
            assert _code(caller, fake).access_token
            assert expected <= waits[0] <= expected + 0.5


@faces
def test_too_many_at_once_is_not_waited_out(face: Kind) -> None:
    """Limit and remaining 0: a slot is free as soon as another call is done."""
    fake = _fake()
    fake.faults.concurrency_limited(reset_in=3600, times=2)
    with opened(face, fake) as (caller, waits):
        assert _code(caller, fake).access_token
    assert len(waits) == 2
    assert all(1 <= wait <= 3 for wait in waits)


@faces
def test_each_retry_is_logged_once_and_counted(
    face: Kind, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "okta_oidc")
    fake = _fake()
    fake.faults.html(503, times=4)
    with (
        opened(face, fake, retry=Retry(attempts=4)) as (caller, waits),
        pytest.raises(ServerError) as raised,
    ):
        caller.introspect(TOKEN)
    assert raised.value.retries == len(waits) == 3
    records = [record for record in caplog.records if record.name == "okta_oidc"]
    assert len(records) == 3
    for record in records:
        assert record.levelno == logging.INFO
        text = record.getMessage()
        assert "ServerError" in text
        assert TOKEN not in text
        assert fake.client_secret not in text


@faces
def test_pauses_are_short_and_differ(face: Kind) -> None:
    fake = _fake()
    seen: set[float] = set()
    with opened(face, fake, retry=Retry(attempts=6)) as (caller, waits):
        for _ in range(4):
            fake.faults.html(502, times=6)
            with pytest.raises(ServerError):
                caller.revoke(TOKEN)
            assert len(waits) == 5
            assert all(0 < wait <= 2.0 for wait in waits)
            seen.update(waits)
            waits.clear()
    assert len(seen) == 20


# The process-wide gate


@faces
def test_a_bucket_known_to_be_empty_is_left_alone(face: Kind) -> None:
    fake = _fake()
    fake.faults.rate_limited(reset_in=60, endpoint="token")
    with opened(face, fake, retry=Retry(max_wait=10)) as (caller, waits):
        with pytest.raises(RateLimitError):
            _code(caller, fake)
        for passed in (0, 20, 20):
            fake.clock.advance(passed)
            with pytest.raises(RateLimitError) as raised:
                _code(caller, fake)
            assert raised.value.status == 429
            assert raised.value.retryable
        assert len(fake.requests) == 1
        # Other buckets have limits of their own.
        caller.introspect(TOKEN)
        code = fake.authorize(CALLBACK, auth_server_id=ORG)
        caller.token_for_code(code, CALLBACK, auth_server_id=ORG)
        assert len(fake.requests) == 3
        # Soon enough to be waited for.
        fake.clock.advance(15)
        assert _code(caller, fake).access_token
        assert len(waits) == 1
        assert len(fake.requests) == 4


def test_one_client_tells_the_others() -> None:
    """A service that makes a client for each job asks an empty bucket once, not once a job."""
    fake = _fake()
    fake.faults.rate_limited(reset_in=45, times=100)
    limits = RateLimits(fake.clock.now)
    for _ in range(5):
        client = fake.client()
        client._flow.runtime = replace(client._flow.runtime, limits=limits)
        with pytest.raises(RateLimitError) as raised:
            client.introspect(TOKEN)
        assert raised.value.retry_after == pytest.approx(45, abs=2)
    assert len(fake.requests) == 1
    another = fake.add_client()
    client = fake.client(client_id=another.client_id)
    client._flow.runtime = replace(client._flow.runtime, limits=limits)
    with pytest.raises(RateLimitError):
        client.introspect(TOKEN)
    assert len(fake.requests) == 2


def test_clients_share_what_is_known_of_limits() -> None:
    fake = FakeOkta()
    fake.faults.rate_limited(reset_in=3600, times=2)
    for _ in range(2):
        with pytest.raises(RateLimitError):
            fake.client().introspect(TOKEN)
    assert len(fake.requests) == 1


def test_a_crowd_of_threads_at_an_empty_bucket() -> None:
    """Each thread learns of the limit from the first, or was under way already."""
    fake = _fake(rate_limit=10)
    client = fake.client(retry=Retry(max_wait=5))
    client._flow.runtime.limits = RateLimits(fake.clock.now)
    begin = threading.Barrier(16)

    def ask(_: int) -> list[bool]:
        begin.wait()
        answers: list[bool] = []
        for _ in range(20):
            try:
                client.introspect(TOKEN)
            except RateLimitError:
                answers.append(False)
            else:
                answers.append(True)
        return answers

    with ThreadPoolExecutor(16) as threads:
        answers = [answer for found in threads.map(ask, range(16)) for answer in found]
    assert answers.count(True) == 10
    assert 11 <= len(fake.requests) <= 10 + 16


def test_without_retry_a_known_limit_is_told_at_once() -> None:
    fake = _fake()
    fake.faults.rate_limited(reset_in=30, times=3)
    client = fake.client(retry=None)
    client._flow.runtime.limits = RateLimits(fake.clock.now)
    for _ in range(3):
        with pytest.raises(RateLimitError):
            client.introspect(TOKEN)
    assert len(fake.requests) == 1
    fake.clock.advance(32)
    with pytest.raises(RateLimitError):
        client.introspect(TOKEN)
    assert len(fake.requests) == 2


# Nothing that may be spent is sent again

FAULTS: dict[str, Callable[[Faults], None] | None] = {
    "pass": None,
    "429": lambda faults: faults.rate_limited(reset_in=1),
    "429 of a user": lambda faults: faults.user_rate_limited(),
    "at once": lambda faults: faults.concurrency_limited(),
    "503 before": lambda faults: faults.html(503),
    "503 after": lambda faults: faults.html(503, processed=True),
    "lost before": lambda faults: faults.disconnect(),
    "lost after": lambda faults: faults.disconnect(processed=True),
    "unreachable": lambda faults: faults.exception(httpx.ConnectError),
    "no connection": lambda faults: faults.exception(httpx.PoolTimeout),
    "slow before": lambda faults: faults.exception(httpx.ReadTimeout),
    "slow after": lambda faults: faults.exception(httpx.ReadTimeout, processed=True),
    "unavailable": lambda faults: faults.oauth_error(400, "temporarily_unavailable"),
    "500 after": lambda faults: faults.okta_error(500, "E0000009", processed=True),
    "truncated": lambda faults: faults.truncated_json(),
    "empty": lambda faults: faults.empty(200, processed=True),
}
# What cannot have been processed, by what the client is able to know.
HARMLESS = {"429", "429 of a user", "at once", "unreachable", "no connection"}

sequences = st.lists(st.sampled_from(sorted(FAULTS)), max_size=6)


def _plan(fake: FakeOkta, names: list[str]) -> None:
    for name in names:
        plan = FAULTS[name]
        if plan is not None:
            plan(fake.faults)


@pytest.mark.parametrize("face", ["sync", "sync generated"])
@settings(max_examples=400, deadline=None, derandomize=True)
@given(sequences, st.integers(1, 6), st.sampled_from(["code", "refresh"]))
def test_nothing_that_may_be_spent_is_sent_again(
    face: Kind, names: list[str], attempts: int, grant: str
) -> None:
    # No grace: a refresh token that comes twice kills the whole family.
    fake = _fake(leeway=0, rate_limit=100_000)
    names = [name for name in names if name != "pass"]
    with opened(face, fake, retry=Retry(attempts=attempts, max_wait=1000)) as (caller, _):
        first = _code(caller, fake)
        assert first.refresh_token
        code = fake.authorize(CALLBACK)
        fake.requests.clear()
        _plan(fake, names)
        error: OktaError | None = None
        try:
            if grant == "code":
                _code(caller, fake, code)
            else:
                caller.token_for_refresh_token(first.refresh_token)
        except OktaError as raised:
            error = raised
        sent = [request.fault or "pass" for request in fake.requests]
        # The last one sent is the first that may have been processed.
        harmful = [not _is_harmless(name) for name in names[: len(sent)]]
        assert not any(harmful[: len(sent) - 1])
        assert len(sent) <= attempts
        # And nothing was given up that could have gone on.
        if error is not None and len(sent) < attempts:
            assert harmful[-1]
        if error is None:
            assert all(map(_is_harmless, names[: len(sent) - 1]))
        assert not isinstance(error, InvalidGrantError)


def _is_harmless(name: str) -> bool:
    return name in HARMLESS
