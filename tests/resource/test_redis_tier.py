"""Introspection answers shared through a real Redis, and through one that is cut or mute."""

from __future__ import annotations

import gc
import logging
import os
import signal
import socket
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, Final, Literal

import anyio
import pytest
import redis
import redis.asyncio
import valkey
import valkey.asyncio
from cryptography.fernet import Fernet
from okta_oidc import ConfigurationError, IntrospectionCache
from okta_oidc.redis import AsyncRedisIntrospectionTier, RedisIntrospectionTier

from tests.support.keeping import Asker, Clock, Script, active, wait_until
from tests.support.stores import RedisServer, held_port

from ._line import Line
from .conftest import PASSWORD

Kind = Literal["sync", "asyncio"]

TOKEN: Final = "planted-access-token-of-the-redis-tests"
TIMEOUT: Final = 0.1
# Its methods are typed in part.
REDIS: Final[Any] = redis.Redis
REDIS_ASYNC: Final[Any] = redis.asyncio.Redis
CLIENTS: Final[dict[tuple[str, Kind], Any]] = {
    ("redis", "sync"): REDIS,
    ("redis", "asyncio"): REDIS_ASYNC,
    ("valkey", "sync"): valkey.Valkey,
    ("valkey", "asyncio"): valkey.asyncio.Valkey,
}
# What a loaded machine may add to a time limit that is kept: one that is not has no end.
SLACK: Final = 10.0


@pytest.fixture(params=["sync", "asyncio"])
def kind(request: pytest.FixtureRequest) -> Kind:
    found: Kind = request.param
    return found


@pytest.fixture
def script() -> Script:
    script = Script()
    script.says[TOKEN] = active()
    return script


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clients' and the tier's clock. Redis has its own."""
    clock = Clock()
    monkeypatch.setattr("okta_oidc._runtime.RUNTIME.monotonic", lambda: clock.monotonic)
    return clock


class Process:
    """What one process has: a client of Redis, a tier, a cache and a client of Okta."""

    def __init__(
        self,
        stack: ExitStack,
        kind: Kind,
        script: Script,
        clock: Clock,
        url: str,
        library: str = "redis",
        cache: dict[str, Any] | None = None,
        **options: Any,
    ) -> None:
        # A machine that is busy must not look like a Redis that is away.
        options = {"timeout": 5.0, **options}
        self.tier: Any
        if kind == "sync":
            client = CLIENTS[library, kind].from_url(url)
            stack.callback(client.close)
            self.tier = RedisIntrospectionTier(client, **options)
            stack.callback(self.tier.close)
        else:
            client = CLIENTS[library, kind].from_url(url)
            self.tier = AsyncRedisIntrospectionTier(client, **options)
        self.redis: Any = client
        self.cache = IntrospectionCache(shared=self.tier, **(cache or {}))
        self.asker = stack.enter_context(Asker(kind, script, self.cache, clock))
        if kind == "asyncio":
            assert self.asker.portal is not None
            stack.callback(self.asker.portal.call, client.aclose)
            stack.callback(self.asker.portal.call, self.tier.aclose)
        self.introspect = self.asker.introspect
        self.revoke = self.asker.revoke


Open = Callable[..., Process]


@pytest.fixture
def open_process(
    kind: Kind, script: Script, clock: Clock, empty_redis: RedisServer
) -> Iterator[Open]:
    with ExitStack() as stack:

        def make(url: str = empty_redis.url, **options: Any) -> Process:
            return Process(stack, kind, script, clock, url, **options)

        yield make


def rows(server: RedisServer) -> dict[bytes, bytes]:
    with REDIS.from_url(server.url) as client:
        keys: Any = client.keys()
        return {key: client.get(key) for key in keys}


# A Redis that is there


@pytest.mark.parametrize("library", ["redis", "valkey"])
def test_one_process_asks_for_all(open_process: Open, script: Script, library: str) -> None:
    one, other = open_process(library=library), open_process(library=library)
    first = one.introspect(TOKEN)
    second = other.introspect(TOKEN)
    assert second == first
    assert second.raw == first.raw
    assert script.calls == 1
    assert other.cache.stats.shared_hits == 1
    assert not one.introspect("made-up")
    assert not other.introspect("made-up")
    assert script.calls == 2


def test_nothing_in_redis_holds_a_token_and_all_of_it_ends(
    open_process: Open, empty_redis: RedisServer
) -> None:
    process = open_process(prefix="orders:")
    began = time.monotonic()
    process.introspect(TOKEN)
    process.introspect("planted-made-up")
    process.revoke("planted-revoked")
    kept = rows(empty_redis)
    assert len(kept) == 3
    assert all(key.startswith(b"orders:") for key in kept)
    assert "planted" not in repr(kept)
    with REDIS.from_url(empty_redis.url) as client:
        left = sorted(client.pttl(key) for key in kept)
    passed = 1000 * (time.monotonic() - began) + 1
    # The last one was revoked: for as long as an answer may be on its way besides.
    for found, whole in zip(left, (10_000, 30_000, 90_000), strict=True):
        assert whole - passed <= found <= whole


def test_a_local_copy_ends_before_what_is_shared(
    open_process: Open, script: Script, clock: Clock
) -> None:
    one, other = open_process(), open_process(local_ttl=2.0)
    one.introspect(TOKEN)
    other.introspect(TOKEN)
    clock.advance(1.9)
    other.introspect(TOKEN)
    assert other.cache.stats.shared_hits == 1
    clock.advance(0.1)
    other.introspect(TOKEN)
    assert other.cache.stats.shared_hits == 2
    assert script.calls == 1


def test_no_local_copy_at_all(open_process: Open, script: Script) -> None:
    process = open_process(local_ttl=0)
    for _ in range(3):
        process.introspect(TOKEN)
    assert (process.cache.stats.hits, process.cache.stats.shared_hits, script.calls) == (0, 2, 1)


def test_revocation_reaches_the_other_process(
    open_process: Open, script: Script, clock: Clock
) -> None:
    one, other = open_process(), open_process()
    one.introspect(TOKEN)
    other.introspect(TOKEN)
    del script.says[TOKEN]
    one.revoke(TOKEN)
    assert other.introspect(TOKEN), "its own copy, for the local TTL"
    clock.advance(5)
    assert not other.introspect(TOKEN)
    assert not one.introspect(TOKEN)


def test_no_active_answer_is_shared_once_the_token_was_revoked(
    open_process: Open, script: Script, clock: Clock
) -> None:
    """The other process had asked before, and is answered after."""
    one, other = open_process(), open_process()
    one.revoke(TOKEN)
    assert other.introspect(TOKEN), "Okta says so still"
    del script.says[TOKEN]
    clock.advance(5)
    assert not other.introspect(TOKEN)
    assert not one.introspect(TOKEN)


def test_an_answer_on_its_way_is_not_shared_over_a_revocation(
    open_process: Open, script: Script, empty_redis: RedisServer
) -> None:
    one, other = open_process(), open_process()
    script.hold()
    pending = other.asker.begin(TOKEN)
    wait_until(lambda: script.calls == 1)
    one.revoke(TOKEN)
    script.release()
    assert pending.wait()
    assert set(rows(empty_redis).values()) == {b"revoked"}


def test_an_inactive_answer_replaces_an_active_one(open_process: Open, script: Script) -> None:
    one, other = open_process(), open_process()
    one.introspect(TOKEN)
    del script.says[TOKEN]
    assert not one.introspect(TOKEN, fresh=True)
    assert not other.introspect(TOKEN)


def test_cipher(open_process: Open, script: Script, empty_redis: RedisServer) -> None:
    cipher = Fernet(Fernet.generate_key())
    one, other = open_process(cipher=cipher), open_process(cipher=cipher)
    assert one.introspect(TOKEN)
    assert "ada@example.com" not in repr(rows(empty_redis))
    assert other.introspect(TOKEN)
    assert script.calls == 1


def test_cipher_of_another_key(
    open_process: Open, script: Script, caplog: pytest.LogCaptureFixture
) -> None:
    """What cannot be read is not there; Redis is, and is asked the next time, too."""
    one, other = (open_process(cipher=Fernet(Fernet.generate_key())) for _ in range(2))
    one.introspect(TOKEN)
    with caplog.at_level(logging.WARNING, "okta_oidc"):
        assert other.introspect(TOKEN)
    assert script.calls == 2
    assert caplog.messages == [
        "introspection: cannot read what is in Redis (InvalidToken), Okta is asked"
    ]
    del script.says[TOKEN]
    one.revoke(TOKEN)
    assert other.introspect("made-up") is not None
    assert not other.introspect(TOKEN, fresh=True)


class Broken:
    """A cipher that cannot encrypt."""

    def encrypt(self, data: bytes, /) -> bytes:
        raise RuntimeError("no key")

    def decrypt(self, data: bytes, /) -> bytes:
        raise RuntimeError("no key")


def test_broken_cipher(open_process: Open, script: Script, empty_redis: RedisServer) -> None:
    process = open_process(cipher=Broken())
    assert process.introspect(TOKEN)
    assert rows(empty_redis) == {}


def test_a_key_that_somebody_made_to_last_is_not_believed(
    open_process: Open, script: Script, empty_redis: RedisServer
) -> None:
    one, other = open_process(), open_process()
    one.introspect(TOKEN)
    with REDIS.from_url(empty_redis.url) as client:
        for key in rows(empty_redis):
            client.persist(key)
    other.introspect(TOKEN)
    assert script.calls == 2


@pytest.mark.parametrize(
    "value",
    [b"not json", b"[]", b"{}", b'{"v":2,"key":"00","members":{"active":true}}', b"\xff", b""],
    ids=range(6),
)
def test_what_cannot_be_read_is_not_there(
    open_process: Open, script: Script, empty_redis: RedisServer, value: bytes
) -> None:
    one, other = open_process(), open_process()
    one.introspect(TOKEN)
    with REDIS.from_url(empty_redis.url) as client:
        for key in rows(empty_redis):
            client.set(key, value, keepttl=True)
    assert other.introspect(TOKEN)
    assert script.calls == 2


def test_a_document_moved_to_another_key_is_none(
    open_process: Open, script: Script, empty_redis: RedisServer
) -> None:
    """Whoever can write there, and has no key of the cipher's, cannot make a bad token good."""
    one, other = open_process(), open_process()
    one.introspect(TOKEN)
    ((good, document),) = rows(empty_redis).items()
    assert not one.introspect("made-up")
    with REDIS.from_url(empty_redis.url) as client:
        for key in rows(empty_redis).keys() - {good}:
            client.set(key, document, keepttl=True)
    assert not other.introspect("made-up")
    assert script.calls == 3


def test_many_at_once_need_few_connections(
    open_process: Open, kind: Kind, script: Script, empty_redis: RedisServer
) -> None:
    process = open_process()
    script.says.update({f"token-{number}": active() for number in range(200)})

    async def ask_all() -> None:
        async with anyio.create_task_group() as group:
            for number in range(200):
                group.start_soon(process.asker.client.introspect, f"token-{number}")  # type: ignore[arg-type]

    if kind == "asyncio":
        process.asker.run(ask_all)
    else:
        for pending in [process.asker.begin(f"token-{number}") for number in range(200)]:
            assert pending.wait()
    assert len(rows(empty_redis)) == 200
    with REDIS.from_url(empty_redis.url) as client:
        assert len(client.client_list()) <= 34


def test_the_callers_client_is_left_alone(open_process: Open, kind: Kind) -> None:
    process = open_process()
    before = dict(process.redis.connection_pool.connection_kwargs)
    process.introspect(TOKEN)
    assert process.redis.connection_pool.connection_kwargs == before
    run = process.asker.run
    run(process.tier.close if kind == "sync" else process.tier.aclose)
    assert run(process.redis.ping)
    assert process.introspect("made-up") is not None, "and the tier connects again"


def test_a_client_that_decodes(
    kind: Kind, script: Script, clock: Clock, empty_redis: RedisServer
) -> None:
    with ExitStack() as stack:
        url = f"{empty_redis.url}?decode_responses=True"
        one, other = (Process(stack, kind, script, clock, url) for _ in range(2))
        one.introspect(TOKEN)
        other.introspect(TOKEN)
    assert script.calls == 1


@pytest.mark.parametrize("library", ["redis", "valkey"])
def test_a_client_made_of_arguments(
    kind: Kind, script: Script, clock: Clock, empty_redis: RedisServer, library: str
) -> None:
    """It has settings that a URL leaves out, retries among them."""
    made = CLIENTS[library, kind](
        host="127.0.0.1", port=empty_redis.port, password=PASSWORD, socket_timeout=7, db=0
    )
    tier: Any = (RedisIntrospectionTier if kind == "sync" else AsyncRedisIntrospectionTier)(made)
    with Asker(kind, script, IntrospectionCache(shared=tier), clock) as asker:
        asker.introspect(TOKEN)
        asker.run(tier.close if kind == "sync" else tier.aclose)
        asker.run(made.close if kind == "sync" else made.aclose)
    assert len(rows(empty_redis)) == 1


def test_a_client_on_a_unix_socket(
    kind: Kind, script: Script, clock: Clock, empty_redis: RedisServer
) -> None:
    with ExitStack() as stack:
        url = f"unix://:{PASSWORD}@{empty_redis.path}?db=3"
        one, other = (Process(stack, kind, script, clock, url) for _ in range(2))
        one.introspect(TOKEN)
        other.introspect(TOKEN)
    assert script.calls == 1
    with REDIS.from_url(empty_redis.url.removesuffix("0") + "3") as client:
        assert client.dbsize() == 1


def test_each_loop_has_connections_of_its_own(script: Script, empty_redis: RedisServer) -> None:
    client = REDIS_ASYNC.from_url(empty_redis.url)
    tier = AsyncRedisIntrospectionTier(client, timeout=5.0)
    cache = IntrospectionCache(shared=tier)
    for number in range(3):
        with Asker("asyncio", script, cache) as asker:
            assert not asker.introspect(f"made-up-{number}")
            assert asker.portal is not None
            asker.portal.call(tier.aclose)
            asker.portal.call(tier.aclose)
    assert len(rows(empty_redis)) == 3


def test_under_trio_okta_is_asked(script: Script, empty_redis: RedisServer) -> None:
    """redis-py knows asyncio alone: that is not the API's fault, nor its callers'."""
    with warnings.catch_warnings():
        # A coroutine of redis-py's that could not begin.
        warnings.simplefilter("ignore")
        client = REDIS_ASYNC.from_url(empty_redis.url)
        cache = IntrospectionCache(shared=AsyncRedisIntrospectionTier(client))
        with Asker("trio", script, cache) as asker:
            assert asker.introspect(TOKEN)
        del asker, cache, client
        gc.collect()
    assert script.calls == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")
def test_fork(script: Script, clock: Clock, empty_redis: RedisServer) -> None:
    with ExitStack() as stack:
        process = Process(stack, "sync", script, clock, empty_redis.url)
        process.introspect(TOKEN)
        child = os.fork()
        if child == 0:  # pragma: no cover  # in the child
            signal.alarm(10)
            process.introspect("made-up")
            clock.advance(6)
            process.introspect(TOKEN)
            os._exit(0 if process.cache.stats.shared_hits == 1 else 1)
        _, status = os.waitpid(child, 0)
        clock.advance(6)
        process.introspect(TOKEN)
        assert process.cache.stats.shared_hits == 1
    assert os.waitstatus_to_exitcode(status) == 0


# A Redis that is not


def url_of(line: Line) -> str:
    return f"redis://:{PASSWORD}@127.0.0.1:{line.port}/0"


def test_refused_costs_nothing_but_calls(
    open_process: Open, script: Script, line: Line, clock: Clock
) -> None:
    line.become("refusing")
    process = open_process(url_of(line), timeout=TIMEOUT)
    for number in range(50):
        assert not process.introspect(f"made-up-{number}")
    assert (script.calls, line.connections) == (50, 1)
    for second in range(1, 4):
        clock.advance(1)
        process.introspect(f"again-{second}")
        process.introspect(f"and-again-{second}")
        assert line.connections == 1 + second


def test_closed_port_costs_no_retries(
    kind: Kind, script: Script, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """redis-py's own would take seconds."""
    tried: list[object] = []
    connect: Any = socket.socket.connect

    def try_to_connect(this: socket.socket, address: object) -> None:
        tried.append(address)
        connect(this, address)

    with ExitStack() as stack, held_port() as port:
        process = Process(stack, kind, script, clock, f"redis://127.0.0.1:{port}/0")
        monkeypatch.setattr(socket.socket, "connect", try_to_connect)
        assert process.introspect(TOKEN)
        process.revoke(TOKEN)
        assert tried == [("127.0.0.1", port)]


def test_mute_costs_its_time_limit_once_a_second(
    open_process: Open, script: Script, line: Line, clock: Clock
) -> None:
    def accepted(number: int) -> None:
        wait_until(lambda: line.connections >= number)
        assert line.connections == number

    line.become("mute")
    process = open_process(url_of(line), timeout=TIMEOUT)
    for expected in (1, 2):
        began = time.monotonic()
        assert process.introspect(f"made-up-{expected}") is not None
        assert TIMEOUT * 0.9 < time.monotonic() - began < TIMEOUT + SLACK
        for number in range(20):
            process.introspect(f"made-up-{expected}-{number}")
        accepted(expected)
        clock.advance(1)


def test_cut_silent_and_back(
    open_process: Open, script: Script, line: Line, clock: Clock, empty_redis: RedisServer
) -> None:
    # Redis, where it is there, must answer in this time.
    process, witness = open_process(url_of(line), timeout=1.5), open_process()
    for number, mode in enumerate(("mute", "refusing", "mute")):
        assert process.introspect(f"before-{number}") is not None
        assert witness.introspect(f"before-{number}") is not None
        assert script.calls == 2 * number + 1
        line.become(mode)  # type: ignore[arg-type]
        process.introspect(f"while-{number}")
        assert script.calls == 2 * number + 2
        line.become("through")
        clock.advance(1)
    assert process.cache.stats.calls == 6


def test_a_server_that_refuses_to_write(
    open_process: Open, script: Script, empty_redis: RedisServer
) -> None:
    with REDIS.from_url(empty_redis.url) as client:
        client.config_set("maxmemory", "1mb")
        client.config_set("maxmemory-policy", "noeviction")
        try:
            process = open_process()
            assert process.introspect(TOKEN)
            process.revoke(TOKEN)
        finally:
            client.config_set("maxmemory", "0")
    assert script.calls == 1


def test_wrong_password(
    kind: Kind,
    script: Script,
    clock: Clock,
    empty_redis: RedisServer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    url = f"redis://:planted-wrong@127.0.0.1:{empty_redis.port}/0"
    with ExitStack() as stack, caplog.at_level(logging.WARNING, "okta_oidc"):
        process = Process(stack, kind, script, clock, url)
        for _ in range(3):
            assert process.introspect("made-up") is not None
            clock.advance(20)
        assert len(caplog.records) == 1
        assert "planted" not in caplog.text
        assert "planted" not in repr(process.tier)
        process.introspect("made-up")
        assert len(caplog.records) == 2


# What a tier may be made of


@pytest.mark.parametrize("tier", [RedisIntrospectionTier, AsyncRedisIntrospectionTier])
def test_clients_whose_limits_are_not_known(tier: Any) -> None:
    sentinels: Any = redis.Sentinel
    sentinel = sentinels([("127.0.0.1", 1)]).master_for("orders")
    for client in (object(), None, "redis://127.0.0.1", sentinel):
        with pytest.raises(ConfigurationError, match="client"):
            tier(client)


@pytest.mark.parametrize(
    "options",
    [
        {"prefix": None},
        {"local_ttl": -1},
        {"local_ttl": "5"},
        {"timeout": 0},
        {"timeout": 6},
        {"timeout": None},
        {"cipher": "no cipher"},
    ],
    ids=str,
)
def test_arguments_that_cannot_be_right(options: dict[str, Any]) -> None:
    with redis.Redis() as client, pytest.raises(ConfigurationError):
        RedisIntrospectionTier(client, **options)


def test_a_client_of_the_other_kind() -> None:
    """An awaited one cannot be called, nor a plain one awaited."""
    with redis.Redis() as plain, pytest.raises(ConfigurationError, match="asyncio"):
        AsyncRedisIntrospectionTier(plain)
    with pytest.raises(ConfigurationError, match="asyncio"):
        RedisIntrospectionTier(redis.asyncio.Redis())
