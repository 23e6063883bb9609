"""``okta-oidc doctor --store``: a real Redis or Valkey proved, and what is held there told."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from cryptography.fernet import Fernet
from okta_oidc import OktaOIDC, Stored, Tokens
from okta_oidc._holding._rows import Row
from okta_oidc.redis import RedisTokenStore
from okta_oidc.testing import FakeOkta

from tests.cli._command import Outcome, clean_environment, run_here, run_script
from tests.support.stores import RedisServer, redis_client

_CALLBACK = "https://localhost/callback"
_KEY = "user:00u1"


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    for name in os.environ.keys() - clean_environment({}).keys():
        monkeypatch.delenv(name)


@pytest.fixture(params=["redis_", "valkey_"])
def server(request: pytest.FixtureRequest) -> RedisServer:
    found: RedisServer = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def client(server: RedisServer) -> Iterator[Any]:
    """Of the server, with nothing in it and nothing set."""
    with redis_client(server.url) as found:
        found.flushall()
        yield found
        found.config_set("maxmemory-policy", "noeviction")
        found.config_set("requirepass", "")


def doctor(*options: str) -> dict[str, dict[str, str]]:
    outcome = run_here("doctor", "--json", *options)
    found = {check["check"]: check for check in outcome.document["checks"]}
    assert all(check["finding"] and check["next"] for check in found.values())
    failed = any(check["status"] == "failed" for check in found.values())
    assert (outcome.code, outcome.document["ok"]) == (int(failed), not failed)
    return found


def test_a_store_that_is_sound(server: RedisServer, client: Any) -> None:
    found = doctor("--store", server.url)
    assert list(found) == ["token store"]
    assert found["token store"]["status"] == "ok"
    assert f"127.0.0.1:{server.port}" in found["token store"]["finding"]
    # What the check leaves behind goes by itself.
    assert [client.ttl(name) > 0 for name in client.scan_iter()] == [True] * client.dbsize()


def test_the_script_proves_it_beside_the_rest(server: RedisServer) -> None:
    okta = FakeOkta()
    with okta.serve():
        environment = {
            "OKTA_ORG_URL": okta.url,
            "OKTA_CLIENT_ID": okta.client_id,
            "OKTA_CLIENT_SECRET": okta.client_secret,
            "OKTA_OIDC_STORE": server.url.replace("redis:", "valkey:"),
        }
        outcome = run_script("doctor", env=environment)
    assert (outcome.code, outcome.err) == (0, "")
    lines = [line[9:30].strip() for line in outcome.out.splitlines()]
    assert lines[0] == "org URL"
    assert lines[-1] == "token store"


def test_a_policy_that_drops_tokens(server: RedisServer, client: Any) -> None:
    client.config_set("maxmemory-policy", "allkeys-lru")
    found = doctor("--store", server.url)["token store"]
    assert found["status"] == "warning"
    assert "allkeys-lru" in found["finding"]
    assert "noeviction" in found["next"]


def test_a_password_comes_from_the_environment_alone(
    server: RedisServer, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.config_set("requirepass", "PLANTED-password")
    url = server.url.replace("://", "://:PLANTED-password@")
    outcome = run_here("doctor", "--store", url)
    assert (outcome.code, outcome.out) == (2, "")
    assert "OKTA_OIDC_STORE" in outcome.err
    assert "PLANTED" not in outcome.err
    monkeypatch.setenv("OKTA_OIDC_STORE", url)
    outcome = run_here("doctor")
    assert outcome.code == 0
    assert "PLANTED" not in outcome.all
    monkeypatch.setenv("OKTA_OIDC_STORE", url.replace("PLANTED-", "PLANTED-wrong-"))
    outcome = run_here("doctor")
    assert outcome.code == 1
    assert "PLANTED" not in outcome.all
    client.config_set("requirepass", "")


@pytest.mark.parametrize("what", ["writes nothing", "keeps no time"])
def test_a_store_that_is_not_sound(
    server: RedisServer, client: Any, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    # As behind a proxy that answers by itself, or with a clock that stands.
    found = RedisTokenStore.load
    age = None if what == "writes nothing" else 99.0

    def load(self: RedisTokenStore, key: str, /) -> Stored | None:
        stored = found(self, key)
        return None if stored is None or age is None else replace(stored, age=age)

    monkeypatch.setattr(RedisTokenStore, "load", load)
    checks = doctor("--store", server.url, "--store-key", _KEY)
    assert checks["token store"]["status"] == "failed"
    assert checks["held tokens"]["status"] == "skipped"


# What is held


@pytest.fixture
def okta() -> Iterator[tuple[FakeOkta, OktaOIDC]]:
    fake = FakeOkta()
    with fake.client() as client:
        yield fake, client


def signed_in(okta: tuple[FakeOkta, OktaOIDC]) -> Tokens:
    fake, client = okta
    code = fake.authorize(_CALLBACK, scope="openid offline_access")
    return client.token_for_code(code, _CALLBACK)


def state(server: RedisServer, *options: str) -> dict[str, str]:
    return doctor("--store", server.url, "--store-key", _KEY, *options)["held tokens"]


def test_nothing_is_held(server: RedisServer, client: Any) -> None:
    found = state(server)
    assert found["status"] == "warning"
    assert "nothing is held" in found["finding"]


def test_tokens_are_held_and_not_shown(
    server: RedisServer, client: Any, okta: tuple[FakeOkta, OktaOIDC]
) -> None:
    tokens = signed_in(okta)
    okta[1].user_tokens(_KEY, RedisTokenStore(client)).save(tokens)
    outcome = run_here("doctor", "--store", server.url, "--store-key", _KEY)
    assert outcome.code == 0
    assert "an access token good for 60 min, a refresh token, written " in outcome.out
    for secret in (tokens.access_token, tokens.refresh_token, tokens.id_token):
        assert secret
        assert secret not in outcome.all
    other = state(server, "--store-prefix", "mine:")
    assert "nothing is held" in other["finding"]
    okta[1].user_tokens(_KEY, RedisTokenStore(client, prefix="mine:")).save(tokens)
    assert state(server, "--store-prefix", "mine:")["status"] == "ok"


def test_a_user_who_signed_out(
    server: RedisServer, client: Any, okta: tuple[FakeOkta, OktaOIDC]
) -> None:
    held = okta[1].user_tokens(_KEY, RedisTokenStore(client))
    held.save(signed_in(okta))
    held.sign_out()
    found = state(server)
    assert found["status"] == "warning"
    assert "signed out" in found["finding"]
    assert "sign in" in found["next"]


@pytest.mark.parametrize(
    ("row", "status", "words"),
    [
        (Row(access_token="AT", ends_in=-400.0), "ok", "that is over since 7 min, no refresh"),
        (Row(refresh_token="RT"), "ok", "no access token, a refresh token"),
        (Row(access_token="AT"), "ok", "without an end"),
        (Row(refresh_token="RT", is_claimed=True, lag=4.0), "ok", "a renewal begun "),
        (Row(refresh_token="RT", is_claimed=True, lag=400.0), "warning", "begun 7 min ago"),
        (Row(refresh_token="RT", not_before=90.0), "ok", "held back by the rate limit for "),
        (Row(gone="lost"), "warning", "went with the process"),
        (Row(gone="refused"), "warning", "Okta refused"),
    ],
)
def test_each_state(redis_: RedisServer, row: Row, status: str, words: str) -> None:
    with redis_client(redis_.url) as client:
        client.flushall()
        store = RedisTokenStore(client)
        assert store.replace(_KEY, row.encoded(), expected=None, version="v")
    found = state(redis_)
    assert found["status"] == status
    assert words in found["finding"]


@pytest.mark.parametrize("what", ["encrypted", "newer", "another type", "bytes"])
def test_what_cannot_be_read_is_left_alone(redis_: RedisServer, what: str) -> None:
    with redis_client(redis_.url) as client:
        client.flushall()
        store = RedisTokenStore(client)
        if what == "encrypted":
            secret = RedisTokenStore(client, cipher=Fernet(Fernet.generate_key()))
            secret.replace(_KEY, b"PLANTED", expected=None, version="v")
        elif what == "newer":
            store.replace(_KEY, b'{"format": 99, "a": "PLANTED"}', expected=None, version="v")
        elif what == "bytes":
            store.replace(_KEY, b"\xffPLANTED", expected=None, version="v")
        else:
            client.set(f"okta:tokens:{_KEY}", "PLANTED")
        before = client.dump(f"okta:tokens:{_KEY}")
        outcome: Outcome = run_here("doctor", "--store", redis_.url, "--store-key", _KEY)
        assert outcome.code == 0
        assert "PLANTED" not in outcome.all
        assert client.dump(f"okta:tokens:{_KEY}") == before
