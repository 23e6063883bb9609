"""FakeOkta: answers that are late, before and after the work is done."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, Literal

import httpx
import pytest
from okta_oidc.testing import FakeOkta

from .fake_wire import CALLBACK, Wire, members

Moment = Literal["before", "after"]


class Gate:
    """A ``wait`` that takes no time and lasts until the test lets it end."""

    def __init__(self) -> None:
        self.waits: list[float] = []
        self.reached: SimpleQueue[None] = SimpleQueue()
        self.open = threading.Event()

    def __call__(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.reached.put(None)
        assert self.open.wait(10)


def _in_thread(call: Callable[[], Any]) -> Callable[[], Any]:
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(call()))
    thread.start()

    def result() -> Any:
        thread.join(10)
        assert not thread.is_alive()
        return results[0]

    return result


def test_in_memory_a_delay_moves_the_clock_and_takes_no_time() -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    before = fake.clock.now()
    fake.faults.delay(before=20, after=5)
    token = wire.sign_in()["access_token"]
    assert fake.clock.now() == before + 25
    # The work is done between the two.
    assert wire.introspect(token)["iat"] == int(before + 20)
    assert fake.faults.waiting == ()
    assert fake.requests[0].fault == "delay"
    assert fake.clock.now() == before + 25


def test_in_memory_a_loop_is_not_held_up() -> None:
    fake = FakeOkta()
    fake.faults.delay(before=3600)

    async def ask() -> int:
        async with httpx.AsyncClient(transport=fake.transport) as http:
            return (await http.get(f"{fake.url}/oauth2/v1/keys")).status_code

    assert asyncio.run(ask()) == 200


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("served", [True, False], ids=["port", "memory"])
def test_others_are_served_while_one_waits(moment: Moment, served: bool) -> None:
    gate = Gate()
    fake = FakeOkta(leeway=0, wait=gate)
    wire = Wire(fake)
    token = wire.sign_in()["refresh_token"]

    def check() -> None:
        with httpx.Client() as http:
            late = Wire(fake, http=http) if served else Wire(fake)
            before, after = (0.25, 0.0) if moment == "before" else (0.0, 0.25)
            fake.faults.delay(before=before, after=after, endpoint="token")
            answer = _in_thread(lambda: late.refresh(token))
            gate.reached.get(timeout=10)
            # Rotated already, or not yet.
            assert wire.is_active(token) is (moment == "before")
            assert members(wire.post("introspect", {"token": "t"})) == {"active": False}
            gate.open.set()
            assert answer().status_code == 200
        assert gate.waits == [0.25]
        assert not wire.is_active(token)

    if served:
        with fake.serve():
            check()
    else:
        check()


def test_delays_wait_for_their_endpoint_and_come_so_many_times() -> None:
    waits: list[float] = []
    fake = FakeOkta(wait=waits.append)
    wire = Wire(fake)
    fake.faults.delay(before=1, times=2, endpoint="introspect")
    wire.revoke("t")
    assert waits == []
    for _ in range(3):
        wire.introspect("t")
    assert waits == [1, 1]
    with pytest.raises(ValueError, match="delay"):
        fake.faults.delay(before=-1)
    with pytest.raises(ValueError, match="times"):
        fake.faults.delay(before=1, times=0)


def test_stopping_the_server_ends_a_delay_without_an_answer() -> None:
    started = threading.Event()

    def latency(endpoint: str | None, moment: Moment) -> float:
        started.set()
        return 3600 if moment == "after" else 0

    fake = FakeOkta(latency=latency)
    with httpx.Client() as http:
        with fake.serve() as server:
            failure = _in_thread(lambda: _failure(http, server.url))
            assert started.wait(10)
        assert isinstance(failure(), httpx.RemoteProtocolError)


def _failure(http: httpx.Client, url: str) -> Exception | None:
    try:
        http.get(f"{url}/oauth2/v1/keys", timeout=30)
    except httpx.HTTPError as error:
        return error
    return None


def test_latency_is_asked_around_every_request() -> None:
    asked: list[tuple[str | None, Moment]] = []

    def latency(endpoint: str | None, moment: Moment) -> float:
        asked.append((endpoint, moment))
        return 2.0 if endpoint == "token" else 0.0

    fake = FakeOkta(latency=latency)
    wire = Wire(fake)
    start = fake.clock.now()
    wire.redeem(fake.authorize(CALLBACK))
    wire.raw("GET", f"{fake.url}/nothing")
    assert asked == [("token", "before"), ("token", "after"), (None, "before"), (None, "after")]
    assert fake.clock.now() == start + 4
    fake.faults.delay(after=1)
    wire.redeem(fake.authorize(CALLBACK))
    assert fake.clock.now() == start + 9


def test_a_harness_may_hold_a_request_between_the_work_and_the_answer() -> None:
    # What a kill harness does: the caller is gone by the time of the answer, the token rotated.
    rotated, go_on = threading.Event(), threading.Event()

    def latency(endpoint: str | None, moment: Moment) -> float:
        if (endpoint, moment) == ("token", "after") and held:
            rotated.set()
            assert go_on.wait(10)
        return 0

    held: list[bool] = []
    fake = FakeOkta(leeway=0, latency=latency)
    wire = Wire(fake)
    token = wire.sign_in()["refresh_token"]
    held.append(True)
    with fake.serve(), httpx.Client() as http:
        answer = _in_thread(lambda: Wire(fake, http=http).refresh(token))
        assert rotated.wait(10)
        held.clear()
        assert not wire.is_active(token)
        assert wire.refresh(token).status_code == 400
        assert fake.families_ended == 1
        go_on.set()
        assert answer().status_code == 200
