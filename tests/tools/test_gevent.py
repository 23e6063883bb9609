"""gevent, patching all or a part of the standard library: each program in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Final

import pytest
from okta_oidc.testing import FakeOkta

from tests.support.samples import CLIENT_ID, CLIENT_SECRET

HEAD: Final = """
from gevent import monkey
monkey.patch_all({options})
import sys, threading, time
import gevent
import httpx
from okta_oidc import (
    AsyncOktaOIDC, ClientSecretBasic, OktaOIDC, TransportError, TransportTimeoutError,
)
url, client_id, secret = sys.argv[1:]
auth = ClientSecretBasic(client_id, secret)
"""
PATCHES: Final = (
    "",
    "thread=False",
    "queue=False",
    "socket=False",
    "ssl=False",
    "dns=False",
    "time=False",
    "select=False",
    "thread=False, queue=False",
)


def run(okta: FakeOkta, program: str, patch: str = "") -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-W", "ignore", "-c", HEAD.format(options=patch) + program),
            *(okta.url, CLIENT_ID, CLIENT_SECRET),
        ],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("patch", PATCHES)
def test_calls_work_and_start_no_thread(okta: FakeOkta, patch: str) -> None:
    """The kind: gevent and the standard queue. Own connections and a lent client alike."""
    program = """
started = []
stock = threading.Thread.start
threading.Thread.start = lambda self: (started.append(self), stock(self))
for http in (None, httpx.Client(trust_env=False)):
    with OktaOIDC(url, auth, timeout=20, http_client=http) as okta:
        for _ in range(3):
            assert not okta.introspect("token").active
        if http is not None and not AT_ONCE:
            continue
        jobs = [gevent.spawn(okta.introspect, "token") for _ in range(20)]
        gevent.joinall(jobs, raise_error=True)
        assert not any(job.value.active for job in jobs)
assert not started, started
"""
    # httpx's own pool waits for a lock that only another greenlet could release.
    at_once = "thread=False" not in patch
    run(okta, f"AT_ONCE = {at_once}{program}", patch)
    assert len(okta.requests) >= (46 if at_once else 26)


@pytest.mark.parametrize("patch", ["", "thread=False"])
def test_more_greenlets_than_connections(okta: FakeOkta, patch: str) -> None:
    """Those that wait for a connection do not keep the others from giving one back."""
    program = """
with OktaOIDC(url, auth, timeout=100, retry=None) as okta:
    jobs = [gevent.spawn(okta.introspect, "token") for _ in range(103)]
    gevent.joinall(jobs, raise_error=True)
"""
    run(okta, program, patch)
    assert len(okta.requests) == 103


@pytest.mark.parametrize("patch", ["", "thread=False", "queue=False", "dns=False"])
def test_greenlets_wait_side_by_side(okta: FakeOkta, patch: str) -> None:
    """One that waits for its answer holds up none of the others."""
    okta.faults.drip(0.05, times=10)
    program = """
ticks = []
def tick():
    while True:
        ticks.append(time.monotonic())
        gevent.sleep(0.01)
with OktaOIDC(url, auth, timeout=30) as okta:
    beside = gevent.spawn(tick)
    began = time.monotonic()
    jobs = [gevent.spawn(okta.introspect, "token") for _ in range(10)]
    gevent.joinall(jobs, raise_error=True)
    took = time.monotonic() - began
    beside.kill()
assert len(ticks) > 20, len(ticks)
# Ten answers, byte by byte, would take ten times as long one after another.
assert took < 30, took
"""
    run(okta, program, patch)


def test_a_time_limit_of_gevents_costs_one_call(okta: FakeOkta) -> None:
    """``gevent.Timeout`` is no ``Exception``. What it interrupts leaves nothing taken."""
    okta.faults.drip(0.5, times=30)
    program = """
with OktaOIDC(url, auth, timeout=30, retry=None) as okta:
    def impatient():
        try:
            with gevent.Timeout(0.2):
                okta.introspect("token")
        except gevent.Timeout:
            return "interrupted"
        return "answered"
    jobs = [gevent.spawn(impatient) for _ in range(30)]
    gevent.joinall(jobs, raise_error=True)
    assert {job.value for job in jobs} == {"interrupted"}
    for _ in range(60):
        assert not okta.introspect("token").active
"""
    run(okta, program)


def test_the_limit_of_an_attempt_holds(okta: FakeOkta) -> None:
    okta.faults.drip(0.2, times=2)
    program = """
for http in (None, httpx.Client(trust_env=False)):
    with OktaOIDC(url, auth, timeout=0.5, retry=None, http_client=http) as okta:
        began = time.monotonic()
        try:
            okta.introspect("token")
        except TransportTimeoutError:
            pass
        else:
            raise SystemExit("no time-out")
        assert time.monotonic() - began < 10
"""
    run(okta, program)


def test_an_asyncio_loop_works_too(okta: FakeOkta) -> None:
    program = """
import asyncio
async def main():
    async with AsyncOktaOIDC(url, auth, timeout=20) as okta:
        answers = await asyncio.gather(*(okta.introspect("token") for _ in range(10)))
    assert not any(answers)
asyncio.run(main())
"""
    run(okta, program)
