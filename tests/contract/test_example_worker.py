"""The worker: a day of its life, and what it does when something is wrong for good."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from okta_oidc.testing import FakeClock, FakeOkta

from examples.worker import day, worker
from examples.worker.day import SCOPE, Day
from tasks.size import lines_of_code

NOON = 12 * 60


def failed(lived: list[str]) -> list[int]:
    assert len(lived) == 24 * 60
    return [minute for minute, said in enumerate(lived) if said != "reports"]


@pytest.mark.parametrize("start", [NOON, NOON + 25, NOON + 54])
def test_a_short_outage_is_not_noticed(start: int) -> None:
    """Whenever it begins: what is left of a token when it is renewed is longer."""
    today = Day(range(start, start + 3))
    assert failed(today.lived()) == []
    # One an hour, less the time before its end; and some that were asked for in vain.
    assert 24 <= today.tokens <= 36


def test_a_long_one_costs_what_it_lasts() -> None:
    outage = range(NOON, NOON + 120)
    today = Day(outage)
    lost = failed(today.lived())
    # A token that was good when it began is good to its end.
    assert 60 <= len(lost) <= 120
    assert lost == list(range(lost[0], lost[-1] + 1))
    assert lost[0] in outage
    # Back in the minute after, whatever was waited for.
    assert lost[-1] <= outage.stop


def test_a_day_without_one() -> None:
    today = Day(range(0))
    assert failed(today.lived()) == []
    assert 24 <= today.tokens <= 28


def test_a_revoked_token_costs_one_more_request() -> None:
    fake = FakeOkta(clock=FakeClock(0.0), scopes=(SCOPE,))
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        token = request.headers["authorization"].removeprefix("Bearer ")
        seen.append(token)
        with fake.client() as okta:
            if okta.introspect(token):
                return httpx.Response(200, text="reports")
        return httpx.Response(401, headers={"WWW-Authenticate": "Bearer"})

    def rounds() -> Iterator[None]:
        yield
        with fake.client() as okta:
            okta.revoke(seen[-1])
        yield

    with (
        fake.client() as okta,
        httpx.Client(base_url="https://api.example", transport=httpx.MockTransport(answer)) as api,
    ):
        assert list(worker.work(okta, api, SCOPE, rounds())) == ["reports", "reports"]
    assert len(seen) == 3
    assert len(set(seen)) == 2


def test_says_what_is_wrong_and_goes_on() -> None:
    fake = FakeOkta()
    with fake.client() as okta, httpx.Client(base_url="https://api.example") as api:
        said = list(worker.work(okta, api, "never:heard-of", range(2)))
    assert len(said) == 2
    assert all(each.startswith("not this time: ") for each in said)


def test_tells_of_its_days(capsys: pytest.CaptureFixture[str]) -> None:
    day.main()
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("Okta is away for 3 minutes: of 1440 calls 0 fail,")
    assert told[-1].startswith("not this time: ")


def test_is_as_short_as_it_says() -> None:
    assert lines_of_code(Path(worker.__file__).read_text("utf-8")) < 25
