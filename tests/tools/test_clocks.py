"""Frozen clocks: what a test says the time is, ``expires_at`` goes by."""

from __future__ import annotations

import datetime
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final

import pytest
import time_machine
from freezegun import freeze_time
from okta_oidc import RateLimitError
from okta_oidc.testing import FakeOkta

from tests.support.faces import Face, Kind, Owner
from tests.support.samples import CALLBACK, CLIENT_ID

THEN: Final = datetime.datetime(2030, 1, 1, tzinfo=datetime.UTC)
HOUR: Final = datetime.timedelta(hours=1)

WAYS: Final[list[tuple[Kind, Owner]]] = [
    ("sync", "own"),
    ("sync", "borrowed"),
    ("asyncio", "own"),
    ("asyncio", "aiohttp"),
    ("trio", "own"),
]


@contextmanager
def frozen(tool: str, at: datetime.datetime = THEN) -> Generator[None]:
    travelled = time_machine.travel(at, tick=False)
    clock: AbstractContextManager[Any] = freeze_time(at) if tool == "freezegun" else travelled
    with clock:
        yield


tools = pytest.mark.parametrize("tool", ["freezegun", "time-machine"])


@tools
@pytest.mark.parametrize("made", ["before", "inside"])
@pytest.mark.parametrize(("face", "owner"), WAYS)
def test_expires_at_follows_the_frozen_clock(
    okta: FakeOkta, face: Kind, owner: Owner, tool: str, made: str
) -> None:
    code = okta.authorize(CALLBACK, client_id=CLIENT_ID)

    def end(caller: Any) -> datetime.datetime:
        found: datetime.datetime = caller.token_for_code(code, CALLBACK).expires_at
        return found

    if made == "before":
        with Face(face, okta.url, owner=owner) as caller, frozen(tool):
            assert end(caller) == THEN + HOUR
    else:
        with frozen(tool), Face(face, okta.url, owner=owner) as caller:
            assert end(caller) == THEN + HOUR


@tools
def test_a_limit_that_is_used_up_lasts_in_real_time(okta: FakeOkta, tool: str) -> None:
    """A clock that jumps forth and back would hold calls back for years."""
    with Face("sync", okta.url, retry=None) as caller:
        okta.faults.rate_limited(reset_in=30)
        for at in (THEN, THEN + HOUR):
            with frozen(tool, at), pytest.raises(RateLimitError) as caught:
                caller.call("introspect")
        assert len(okta.requests) == 1
        assert caught.value.retry_after is not None
        assert caught.value.retry_after < 60


@tools
def test_a_fake_lives_on_its_own_clock_in_a_frozen_test(fake_okta: FakeOkta, tool: str) -> None:
    with frozen(tool), fake_okta.client() as okta:
        tokens = okta.token_for_code(fake_okta.authorize("http://localhost/"), "http://localhost/")
        assert okta.introspect(tokens.access_token)
        fake_okta.clock.advance(3600)
        assert not okta.introspect(tokens.access_token)
