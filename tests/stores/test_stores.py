"""Token stores on real servers: Redis, Valkey, PostgreSQL and SQLite."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest
import redis
import redis.asyncio
import redis.asyncio.cluster
import redis.cluster
import sqlalchemy
import valkey
import valkey.asyncio
from cryptography.fernet import Fernet, MultiFernet
from okta_oidc import (
    ClientSecretBasic,
    ConfigurationError,
    OktaOIDC,
    SignInRequiredError,
    Tokens,
    TokenStoreError,
)
from okta_oidc.redis import AsyncRedisTokenStore, RedisTokenStore
from okta_oidc.testing import FakeOkta, check_async_token_store, check_token_store

from examples.sql_token_store import METADATA, SqlTokenStore
from tests.support.stores import PostgresServer, RedisServer, redis_client, redis_server
from tests.unit._secrets import frames_of

_CALLBACK: Final = "https://localhost/callback"
Kind = Any


@pytest.fixture(params=["redis", "valkey"])
def server(request: pytest.FixtureRequest) -> RedisServer:
    found: RedisServer = request.getfixturevalue(f"{request.param}_")
    return found


@pytest.fixture(params=[redis.Redis, valkey.Valkey], ids=["redis-py", "valkey-py"])
def client(request: pytest.FixtureRequest, server: RedisServer) -> Iterator[Any]:
    """Each client on each server, with nothing in it."""
    found = request.param.from_url(server.url)
    found.flushall()
    yield found
    found.close()


class Backwards:
    """A cipher that is none, for tests: its output is no text."""

    def encrypt(self, data: bytes, /) -> bytes:
        return b"\xff" + data[::-1]

    def decrypt(self, data: bytes, /) -> bytes:
        if data[:1] != b"\xff":
            raise ValueError("of another cipher")
        return data[:0:-1]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"prefix": ""},
        {"ttl": 60},
        {"cipher": Fernet(Fernet.generate_key())},
        {"cipher": Backwards()},
    ],
)
def test_redis_and_valkey_pass(client: Any, options: dict[str, Any]) -> None:
    check_token_store(RedisTokenStore(client, **options))


@pytest.mark.parametrize("kind", [redis.asyncio.Redis, valkey.asyncio.Valkey])
def test_asynchronous_clients_pass(server: RedisServer, kind: Any) -> None:
    async def main() -> None:
        async with kind.from_url(server.url) as client:
            await check_async_token_store(AsyncRedisTokenStore(client))
            cipher = Fernet(Fernet.generate_key())
            await check_async_token_store(AsyncRedisTokenStore(client, cipher=cipher, ttl=60.5))

    asyncio.run(main())


def test_a_client_that_decodes_responses_passes(server: RedisServer) -> None:
    kind: Kind = redis.Redis
    with kind.from_url(server.url, decode_responses=True) as client:
        check_token_store(RedisTokenStore(client))
        check_token_store(RedisTokenStore(client, cipher=Backwards()))


def test_the_clients_of_a_cluster_pass() -> None:
    """One node that has all slots: who asks it finds out where each key is."""
    with redis_server(is_cluster=True) as server:
        with redis_client(server.url) as node:
            node.execute_command("CLUSTER ADDSLOTSRANGE", 0, 16383)
            # Such a node waits for two seconds before it answers.
            deadline = time.monotonic() + 30.0
            while node.execute_command("CLUSTER INFO")["cluster_state"] != "ok":
                assert time.monotonic() < deadline
                time.sleep(0.01)
        cluster: Any = redis.cluster.RedisCluster
        client = cluster.from_url(server.url)
        check_token_store(RedisTokenStore(client))
        check_token_store(RedisTokenStore(client, prefix="{okta}:"))
        client.close()

        async def check() -> None:
            cluster: Any = redis.asyncio.cluster.RedisCluster
            client = cluster.from_url(server.url)
            await check_async_token_store(AsyncRedisTokenStore(client))
            await client.aclose()

        asyncio.run(check())


def test_a_restarted_server_knows_no_scripts(redis_: RedisServer) -> None:
    with redis_client(redis_.url) as client:
        store = RedisTokenStore(client)
        assert store.replace("key", b"one", expected=None, version="v1")
        redis_.stop()
        with pytest.raises(redis.ConnectionError):
            store.load("key")
        redis_.start()
        assert store.load("key") is None
        assert store.replace("key", b"two", expected=None, version="v2")


def test_one_hash_a_key(client: Any) -> None:
    store = RedisTokenStore(client, prefix="held:")
    assert store.replace("user:ada", b"value", expected=None, version="v1")
    assert client.keys() == [b"held:user:ada"]
    assert client.type("held:user:ada") == b"hash"
    assert client.ttl("held:user:ada") == -1


def test_a_ttl_counts_from_the_last_write(client: Any) -> None:
    store = RedisTokenStore(client, ttl=1000)
    assert store.replace("ada", b"value", expected=None, version="v1")
    client.expire("okta:tokens:ada", 5)
    assert store.replace("ada", b"value", expected="v1", version="v2")
    assert 900 < client.ttl("okta:tokens:ada") <= 1000
    # Without a ttl, what is written stays.
    assert RedisTokenStore(client).replace("ada", b"value", expected="v2", version="v3")
    assert client.ttl("okta:tokens:ada") == -1


def test_an_age_is_by_the_server_s_clock(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    store = RedisTokenStore(client)
    assert store.replace("ada", b"value", expected=None, version="v1")
    monkeypatch.setattr(time, "time", lambda: 0.0)
    held = store.load("ada")
    assert held is not None
    assert 0 <= held.age < 10
    # As if it had been written an hour ago.
    at = int(client.hget("okta:tokens:ada", "written_at"))
    client.hset("okta:tokens:ada", "written_at", at - 3_600_000)
    held = store.load("ada")
    assert held is not None
    assert 3600 <= held.age < 3610
    # A server whose clock was set back makes no row of the future.
    client.hset("okta:tokens:ada", "written_at", at + 3_600_000)
    held = store.load("ada")
    assert held is not None
    assert held.age == 0


def test_a_cipher_hides_what_is_kept(client: Any) -> None:
    store = RedisTokenStore(client, cipher=Fernet(Fernet.generate_key()))
    assert store.replace("ada", b"the refresh token", expected=None, version="v1")
    kept = client.hgetall("okta:tokens:ada")
    assert not any(b"refresh" in value for value in kept.values())
    held = store.load("ada")
    assert held is not None
    assert held.value == b"the refresh token"


def test_a_wrong_key_leaves_the_row_as_it_is(client: Any) -> None:
    store = RedisTokenStore(client, cipher=Fernet(Fernet.generate_key()))
    assert store.replace("ada", b"hush-hush", expected=None, version="v1")
    before = client.hgetall("okta:tokens:ada")
    fake = FakeOkta()
    okta = fake.client()
    tokens = okta.token_for_code(fake.authorize(_CALLBACK), _CALLBACK)
    for cipher in (Fernet(Fernet.generate_key()), Backwards(), None):
        users = okta.user_tokens("ada", RedisTokenStore(client, cipher=cipher))
        calls: list[Callable[[], object]] = [users.token, users.sign_out]
        calls.append(partial(users.save, tokens))
        for call in calls:
            with pytest.raises(TokenStoreError) as caught:
                call()
            assert "hush" not in str(caught.value)
        assert client.hgetall("okta:tokens:ada") == before


def test_a_cipher_s_key_can_be_changed(client: Any) -> None:
    old, new = Fernet(Fernet.generate_key()), Fernet(Fernet.generate_key())
    assert RedisTokenStore(client, cipher=old).replace("a", b"1", expected=None, version="v1")
    both = RedisTokenStore(client, cipher=MultiFernet([new, old]))
    held = both.load("a")
    assert held is not None
    assert both.replace("a", held.value, expected="v1", version="v2")
    assert RedisTokenStore(client, cipher=new).load("a") is not None


def test_an_encrypted_row_is_no_other_user_s(client: Any) -> None:
    """Whoever can write to Redis cannot hand one user's tokens to another."""
    store = RedisTokenStore(client, cipher=Fernet(Fernet.generate_key()))
    assert store.replace("ada", b"value", expected=None, version="v1")
    client.copy("okta:tokens:ada", "okta:tokens:bob")
    with pytest.raises(TokenStoreError):
        store.load("bob")


@pytest.mark.parametrize(
    "command",
    [
        "HSET okta:tokens:ada version v value ? written_at 0",
        "HSET okta:tokens:ada version v value ? written_at noon",
        "HSET okta:tokens:ada cart 3",
        "SET okta:tokens:ada ?",
        "RPUSH okta:tokens:ada ?",
    ],
)
def test_what_somebody_else_wrote_is_no_row(client: Any, command: str) -> None:
    client.execute_command(*command.split())
    before = client.dump("okta:tokens:ada")
    fake = FakeOkta()
    okta = fake.client()
    users = okta.user_tokens("ada", RedisTokenStore(client))
    tokens = okta.token_for_code(fake.authorize(_CALLBACK), _CALLBACK)
    calls: list[Callable[[], object]] = [users.token, users.sign_out, partial(users.save, tokens)]
    for call in calls:
        with pytest.raises(TokenStoreError):
            call()
    assert client.dump("okta:tokens:ada") == before


def test_a_user_s_tokens_through_redis(client: Any) -> None:
    fake = FakeOkta(leeway=0, ticking=True)
    okta = fake.client()
    store = RedisTokenStore(client)
    tokens = okta.token_for_code(fake.authorize(_CALLBACK), _CALLBACK)
    okta.user_tokens("ada", store).save(tokens)
    assert okta.user_tokens("ada", store).token() == tokens.access_token
    users = okta.user_tokens("ada", store)
    renewed = users.token(rejected=tokens.access_token)
    assert renewed != tokens.access_token
    assert okta.user_tokens("ada", store).token() == renewed
    users.sign_out()
    with pytest.raises(SignInRequiredError) as caught:
        okta.user_tokens("ada", store).token()
    assert caught.value.reason == "signed out"
    assert fake.families_ended == 0


@pytest.mark.parametrize("kind", [RedisTokenStore, AsyncRedisTokenStore])
@pytest.mark.parametrize(
    "options", [{"ttl": 0}, {"ttl": "x"}, {"prefix": b""}, {"cipher": object()}, {"client": 7}]
)
def test_settings_that_cannot_be_right(kind: Any, options: dict[str, Any]) -> None:
    unused: Kind = redis.Redis
    options = {"client": unused()} | options
    with pytest.raises(ConfigurationError):
        kind(options.pop("client"), **options)


@pytest.mark.parametrize("library", [redis, valkey])
def test_a_client_of_the_other_kind(library: Any) -> None:
    for kind, client in (
        (RedisTokenStore, library.asyncio),
        (AsyncRedisTokenStore, library),
    ):
        with pytest.raises(ConfigurationError, match="client must be"):
            kind(getattr(client, library.__name__.capitalize())())


def test_nothing_is_shown() -> None:
    unused: Kind = redis.Redis
    client = unused.from_url("redis://:hush@127.0.0.1:1/0")
    assert repr(RedisTokenStore(client)) == "RedisTokenStore(prefix='okta:tokens:')"


# SQL


@pytest.fixture(params=["postgres", "sqlite"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sqlalchemy.Engine]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'tokens.db'}"
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        url = server.url
    made = sqlalchemy.create_engine(url)
    METADATA.drop_all(made)
    METADATA.create_all(made)
    yield made
    made.dispose()


def test_the_sql_recipe_passes(engine: sqlalchemy.Engine) -> None:
    check_token_store(SqlTokenStore(engine))


def test_two_who_insert_at_once(engine: sqlalchemy.Engine) -> None:
    store = SqlTokenStore(engine)
    written: list[bool] = []
    go = threading.Barrier(8)

    def write(version: str) -> None:
        go.wait(10)
        written.append(store.replace("key", b"", expected=None, version=version))

    threads = [threading.Thread(target=write, args=(str(number),)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(written) == [False] * 7 + [True]


def test_a_user_s_tokens_through_sql(engine: sqlalchemy.Engine) -> None:
    fake = FakeOkta(leeway=0, ticking=True)
    okta = fake.client()
    store = SqlTokenStore(engine)
    tokens = okta.token_for_code(fake.authorize(_CALLBACK), _CALLBACK)
    okta.user_tokens("ada", store).save(tokens)
    renewed = okta.user_tokens("ada", store).token(rejected=tokens.access_token)
    assert okta.user_tokens("ada", store).token() == renewed
    assert fake.families_ended == 0


def test_no_frame_of_the_client_below_holds_what_could_not_be_written(client: Any) -> None:
    """An error tracker keeps its locals, and they hold tokens: in Base64, which hides nothing."""
    okta = OktaOIDC("https://dev-000000.okta.com", ClientSecretBasic("id", "secret"))
    users = okta.user_tokens("user:ada", RedisTokenStore(client))
    secret = "planted-" * 6
    data = {"access_token": secret, "token_type": "Bearer", "expires_in": 60, "expires_at": None}
    more: dict[str, Any] = {"scopes": [], "refresh_token": secret, "id_token": None, "raw": {}}
    client.config_set("maxmemory", 1)
    try:
        with pytest.raises(Exception, match="maxmemory") as caught:  # either client's
            users.save(Tokens.from_dict({**data, **more}))
    finally:
        client.config_set("maxmemory", 0)
    assert json.dumps(secret)[1:-1] not in "".join(frames_of(caught.value))
    pieces = {b64encode(b"x" * shift + secret.encode())[8:32].decode() for shift in range(3)}
    assert not any(piece in frame for frame in frames_of(caught.value) for piece in pieces)
