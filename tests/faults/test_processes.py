"""One client, and more than one thread, event loop or process; and a client that is closed."""

# pyright: reportPrivateUsage=false

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import gc
import json
import os
import random
import subprocess
import sys
import threading
import warnings
from collections.abc import Generator
from typing import Any, cast

import anyio
import httpx
import pytest
from okta_oidc import (
    AsyncOktaOIDC,
    ClientSecretBasic,
    ConfigurationError,
    OktaOIDC,
)
from okta_oidc._wire import async_lanes, lanes
from okta_oidc._wire.loops import PerLoop

from tests.support.faces import EVERY_KIND, Face, Kind, Owner
from tests.support.samples import CLIENT_ID, CLIENT_SECRET
from tests.support.servers import Answer, RawRequest, RawServer, http_bytes

_AMPLE = 10.0


@pytest.fixture
def abandoned() -> Generator[None]:
    """Whoever ends a loop without closing the client leaves the rest to the garbage collector."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "unclosed", ResourceWarning)
        yield
        gc.collect()


def _echo(request: RawRequest) -> bytes:
    """Tell the caller which token it asked about."""
    ((_, token),) = request.form
    return http_bytes(body=json.dumps({"active": True, "jti": token}).encode())


def _auth() -> ClientSecretBasic:
    return ClientSecretBasic(CLIENT_ID, CLIENT_SECRET)


def test_threads_get_their_own_answers() -> None:
    with (
        RawServer(respond=_echo) as server,
        OktaOIDC(server.url, _auth(), timeout=_AMPLE) as client,
    ):

        def ask(index: int) -> bool:
            return client.introspect(f"token-{index}").jti == f"token-{index}"

        with concurrent.futures.ThreadPoolExecutor(32) as threads:
            assert all(threads.map(ask, range(1000)))
        assert server.connections <= 32


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_tasks_get_their_own_answers(backend: str) -> None:
    right: list[bool] = []

    async def main(url: str) -> None:
        async with AsyncOktaOIDC(url, _auth(), timeout=_AMPLE) as client:

            async def ask(index: int) -> None:
                info = await client.introspect(f"token-{index}")
                right.append(info.jti == f"token-{index}")

            async with anyio.create_task_group() as tasks:
                for index in range(500):
                    tasks.start_soon(ask, index)

    with RawServer(respond=_echo) as server:
        anyio.run(main, server.url, backend=backend)
        assert server.connections <= 100
    assert right == [True] * 500


@pytest.mark.usefixtures("abandoned")
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_one_event_loop_after_another(backend: str) -> None:
    """The connections of the first are of no use to the second, and must not be tried."""
    with RawServer(respond=_echo) as server:
        client = AsyncOktaOIDC(server.url, _auth(), timeout=_AMPLE, retry=None)

        async def ask(token: str) -> None:
            for _ in range(3):
                assert (await client.introspect(token)).jti == token

        for index in range(4):
            anyio.run(ask, f"token-{index}", backend=backend)
        anyio.run(client.aclose, backend=backend)
        assert len(server.requests) == 12


@pytest.mark.usefixtures("abandoned")
def test_several_event_loops_at_once() -> None:
    with RawServer(respond=_echo) as server:
        client = AsyncOktaOIDC(server.url, _auth(), timeout=_AMPLE, retry=None)

        async def ask(index: int) -> bool:
            tokens = [f"token-{index}-{turn}" for turn in range(20)]
            answers = await asyncio.gather(*(client.introspect(token) for token in tokens))
            return [answer.jti for answer in answers] == tokens

        with concurrent.futures.ThreadPoolExecutor(8) as threads:
            assert all(threads.map(asyncio.run, map(ask, range(24))))


@pytest.mark.usefixtures("abandoned")
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_event_loops_that_begin_together_keep_their_connections(backend: str) -> None:
    """None forgets another's, which would be open for nobody to use or to close."""
    loops = 16
    begin = threading.Barrier(loops)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with RawServer(respond=_echo) as server:
            for turn in range(5):
                client = AsyncOktaOIDC(server.url, _auth(), timeout=_AMPLE, retry=None)

                async def ask(client: AsyncOktaOIDC) -> None:
                    begin.wait()
                    for _ in range(3):
                        await client.introspect("token")

                def run(client: AsyncOktaOIDC) -> None:
                    anyio.run(ask, client, backend=backend)

                with concurrent.futures.ThreadPoolExecutor(loops) as threads:
                    runs = [threads.submit(run, client) for _ in range(loops)]
                for done in runs:
                    done.result()
                assert server.connections == (turn + 1) * loops
    finally:
        sys.setswitchinterval(interval)


@pytest.mark.usefixtures("abandoned")
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_what_belongs_to_a_loop_that_has_ended_is_forgotten(backend: str) -> None:
    """A program may run one for each job; those that run are kept."""
    values = PerLoop(object)

    async def forget() -> None:
        values.get()

    async def main() -> None:
        kept = values.get()
        for _ in range(5):
            await anyio.to_thread.run_sync(lambda: anyio.run(forget, backend=backend))
            assert values.get() is kept
        # Its own, and the last of the others.
        assert len(values._values) == 2
        assert values.pop() is kept
        assert values.pop() is None

    anyio.run(main, backend=backend)


@pytest.mark.parametrize("face", EVERY_KIND)
@pytest.mark.parametrize("owner", ["own", "borrowed"])
def test_closed_client(face: Kind, owner: Owner) -> None:
    with RawServer(respond=_echo) as server:
        with Face(face, server.url, owner=owner, timeout=_AMPLE) as caller:
            assert caller.call("introspect").active
            close = getattr(caller.client, "close" if caller.is_sync else "aclose")
            caller.run(close)
            for name in ("code", "refresh", "token", "introspect", "revoke"):
                with pytest.raises(ConfigurationError, match="closed"):
                    caller.call(name)
            caller.run(close)
        assert len(server.requests) == 1


def test_borrowed_client_that_its_owner_closed() -> None:
    with RawServer(respond=_echo) as server:
        with httpx.Client(trust_env=False) as borrowed:
            client = OktaOIDC(server.url, _auth(), http_client=borrowed)
            assert client.introspect("a").active
        with pytest.raises(ConfigurationError, match="http_client"):
            client.introspect("a")


_FORK = """
import json, os, sys, threading
sys.path[:0] = json.loads(sys.argv[2])
from okta_oidc import *
auth = ClientSecretBasic("0oa1client", "hush-client-secret")

def check(client, name, calls=50):
    for index in range(calls):
        assert client.introspect(f"{name}-{index}").jti == f"{name}-{index}"

def children(work):
    pids = []
    for child in range(3):
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                work(f"child-{child}")
                status = 0
            except BaseException as error:
                print(repr(error), file=sys.stderr)
            os._exit(status)
        pids.append(pid)
    return pids

def wait(pids):
    assert [os.waitpid(pid, 0)[1] for pid in pids] == [0] * len(pids)

client = OktaOIDC(sys.argv[1], auth, timeout=10.0, retry=None)
check(client, "before")
pids = children(lambda name: check(client, name))
check(client, "parent")
wait(pids)
# While other threads are in the middle of theirs.
busy = [threading.Thread(target=check, args=(client, f"t{n}", 200)) for n in range(4)]
for thread in busy:
    thread.start()
pids = children(lambda name: check(client, name))
for thread in busy:
    thread.join()
wait(pids)
check(client, "after")
client.close()
print("lived")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_forked_children() -> None:
    """Each opens connections of its own; its parent's stay its parent's."""
    with RawServer(respond=_echo) as server:
        assert _lived(_FORK, server.url)


def _lived(script: str, url: str) -> bool:
    done = subprocess.run(
        [sys.executable, "-c", script, url, json.dumps(sys.path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONPATH": ""},
    )
    assert done.stdout == "lived\n", done.stderr
    return True


_FORK_WITH_LOCKS = """
import gc, json, os, sys, threading, time
sys.path[:0] = json.loads(sys.argv[2])
import anyio
from okta_oidc import *
auth = ClientSecretBasic("0oa1client", "hush-client-secret")
client = OktaOIDC(sys.argv[1], auth, timeout=10.0, retry=None)
aclient = AsyncOktaOIDC(sys.argv[1], auth, timeout=10.0, retry=None)
assert client.introspect("before").jti == "before"

async def ask(name):
    assert (await aclient.introspect(name)).jti == name
    await aclient.aclose()

def work():
    for name in ("a", "b"):
        assert client.introspect(name).jti == name
    client.close()
    anyio.run(ask, "c")

def close():
    client.close()

# As if the fork had come while other threads were in the middle of something.
known = [threading.Lock(), threading.RLock()]
held = [
    found for found in gc.get_objects()
    if type(found).__module__.startswith(("okta_oidc", "httpcore", "httpx"))
]
locks = {id(lock): lock for owner in held for lock in gc.get_referents(owner)
         if isinstance(lock, tuple(map(type, known)))}
assert locks
for lock in locks.values():
    assert lock.acquire(timeout=5)
for child in (work, close):
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            child()
            status = 0
        except BaseException as error:
            print(repr(error), file=sys.stderr)
        os._exit(status)
    for _ in range(1000):
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            break
        time.sleep(0.01)
    else:
        os.kill(pid, 9)
        raise SystemExit(f"{child.__name__} waits for its parent's lock")
    assert status == 0, child
for lock in locks.values():
    lock.release()
work_again = client.introspect("after").jti
assert work_again == "after"
print("lived")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_forked_child_of_a_process_that_held_every_lock() -> None:
    """It calls and closes in bounded time: nothing of its parent's is waited for."""
    with RawServer(respond=_echo) as server:
        assert _lived(_FORK_WITH_LOCKS, server.url)


_FORK_OF_A_LOOP = """
import asyncio, json, os, sys
sys.path[:0] = json.loads(sys.argv[2])
from okta_oidc import *
auth = ClientSecretBasic("0oa1client", "hush-client-secret")
client = AsyncOktaOIDC(sys.argv[1], auth, timeout=10.0, retry=None)

async def check(name):
    names = [f"{name}-{index}" for index in range(20)]
    answers = await asyncio.gather(*map(client.introspect, names))
    assert [answer.jti for answer in answers] == names

async def parent():
    await check("before")
    pid = os.fork()
    if pid == 0:
        return 0
    await check("parent")
    assert await asyncio.to_thread(os.waitpid, pid, 0) == (pid, 0)
    await check("after")
    await client.aclose()
    return pid

loop = asyncio.new_event_loop()
pid = loop.run_until_complete(parent())
if pid == 0:
    # The child is done with its parent's loop, and runs its own.
    asyncio.run(check("child"))
    os._exit(0)
loop.close()
print("lived")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_forked_child_of_an_event_loop() -> None:
    with RawServer(respond=_echo) as server:
        assert _lived(_FORK_OF_A_LOOP, server.url)


@pytest.mark.parametrize("closes", [False, True], ids=["kept", "closed"])
def test_threads_wait_for_one_of_few_connections(
    monkeypatch: pytest.MonkeyPatch, closes: bool
) -> None:
    """Whoever waits is called as soon as there is room, and nobody is forgotten."""
    monkeypatch.setattr(lanes, "MAX_CONNECTIONS", 2)
    # To look without being called would take too long.
    monkeypatch.setattr(lanes, "_LOOK_AGAIN", _AMPLE)

    def respond(request: RawRequest) -> Answer:
        wire = _echo(request)
        if closes:
            wire = wire.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
        return Answer(wire, closes)

    with (
        RawServer(respond=respond) as server,
        OktaOIDC(server.url, _auth(), timeout=_AMPLE, retry=None) as client,
    ):

        def ask(index: int) -> bool:
            return client.introspect(f"token-{index}").jti == f"token-{index}"

        with concurrent.futures.ThreadPoolExecutor(16) as threads:
            assert all(threads.map(ask, range(400)))
        assert server.connections == (400 if closes else 2)


class _Connection:
    """One that is never used."""

    def has_expired(self) -> bool:
        return False

    def close(self) -> None:
        pass


class _Watched:
    """A lock that is taken, and tells who waits for it."""

    def __init__(self) -> None:
        self.asked = threading.Semaphore(0)
        self._lock = threading.Lock()
        self._lock.acquire()

    def acquire(self, timeout: float) -> bool:
        self.asked.release()
        return self._lock.acquire(timeout=timeout)

    def release(self) -> None:
        self._lock.release()


def test_threads_that_are_called_in_one_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two connections become free before the first of those who wait has woken up."""
    monkeypatch.setattr(lanes, "MAX_CONNECTIONS", 2)
    monkeypatch.setattr(lanes, "_LOOK_AGAIN", _AMPLE)
    few = lanes._Lanes(cast("Any", _Connection))
    taken = [few._take(None) for _ in range(2)]
    room = _Watched()
    setattr(few, "_room", room)  # noqa: B010  # it is final for all others
    interval = sys.getswitchinterval()
    with concurrent.futures.ThreadPoolExecutor(2) as threads:
        waiting = [threads.submit(few._take, None) for _ in range(2)]
        assert all(room.asked.acquire(timeout=_AMPLE) for _ in range(2))
        sys.setswitchinterval(5)
        try:
            for lane in taken:
                few.put_back(lane, is_fit=True)
        finally:
            sys.setswitchinterval(interval)
        assert {done.result(_AMPLE / 2) for done in waiting} == set(taken)


def test_threads_that_open_the_last_connection_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever was too many calls the next, who may find that there is room after all."""
    monkeypatch.setattr(lanes, "MAX_CONNECTIONS", 1)
    inner: list[object] = []

    def connect() -> Any:
        if not inner:
            inner.append(None)
            inner.append(few._new_lane())
        return _Connection()

    few = lanes._Lanes(connect)
    few._room.acquire()
    assert few._new_lane() is None
    assert inner[1] is not None
    assert not few._room.locked()


def test_tasks_cancelled_at_any_moment_cost_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """However a task is cancelled, its place among the connections is free for the next."""
    monkeypatch.setattr(async_lanes, "MAX_CONNECTIONS", 4)
    chance = random.Random(3)

    async def storm(url: str) -> int:
        async def one() -> None:
            task = asyncio.ensure_future(client.introspect("token"))
            for _ in range(chance.randrange(60)):
                await asyncio.sleep(0)
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

        async with AsyncOktaOIDC(url, _auth(), timeout=_AMPLE, retry=None) as client:
            for _ in range(40):
                await asyncio.gather(*(one() for _ in range(12)))
            return sum([bool(await client.introspect("token")) for _ in range(12)])

    with RawServer(respond=_echo) as server:
        assert asyncio.run(storm(server.url)) == 12
