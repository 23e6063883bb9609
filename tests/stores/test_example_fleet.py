"""The fleet of the examples: its rehearsal, its pods, and what is said of how to run it."""

from __future__ import annotations

import runpy
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import redis
import yaml
from cryptography.fernet import Fernet
from okta_oidc import MemoryTokenStore, TokenStoreError, UserTokens
from okta_oidc.testing import FakeOkta

from examples.fleet import __main__ as fleet
from examples.fleet import pod

FOLDER = Path(pod.__file__).parent
URL = "https://fake.okta.test/oauth2/default/v1/userinfo"


def test_killed_at_the_worst_moment() -> None:
    """Nobody has to sign in again, and no call fails but those that were killed."""
    found, fake, said = fleet.rehearse(renewals=3)
    assert found.renewals >= 3
    assert found.killed == 2 * fleet.PODS
    assert fake.families_ended == 0
    assert said
    assert {line for line in said if line != f"called for {fake.user.user_id}"} == set()
    # One of all renews, whenever.
    assert len(used_tokens(fake)) == found.renewals
    # The one at which all were killed was presented once more, and no other.
    assert len(set(used_tokens(fake))) == found.renewals - 1


def used_tokens(fake: FakeOkta) -> list[str]:
    used = [request.parameter("refresh_token") for request in fake.requests]
    return [token for token in used if token is not None]


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeOkta:
    fake = FakeOkta()
    transport = fake.transport
    monkeypatch.setattr("httpx.HTTPTransport.handle_request", transport.handle_request)
    return fake


def signed_in(fake: FakeOkta) -> UserTokens:
    okta = fake.client()
    user = okta.user_tokens("user:ada", MemoryTokenStore(clock=fake.clock.now))
    code = fake.authorize(fleet.CALLBACK, scope="openid offline_access")
    user.save(okta.token_for_code(code, fleet.CALLBACK))
    return user


def test_a_pod_calls_for_its_user(fake: FakeOkta) -> None:
    user = signed_in(fake)

    def hours() -> Iterator[None]:
        for _ in range(3):
            yield
            fake.clock.advance(3600)

    said = list(pod.work(user, URL, hours()))
    assert said == [f"called for {fake.user.user_id}"] * 3
    assert len(used_tokens(fake)) == 2


def test_a_pod_waits_for_a_sign_in(fake: FakeOkta) -> None:
    user = signed_in(fake)

    def rounds() -> Iterator[None]:
        yield
        user.sign_out()
        yield
        user.save(fake.client().token_for_code(fake.authorize(fleet.CALLBACK), fleet.CALLBACK))
        yield

    first, second, third = pod.work(user, URL, rounds())
    assert first == third == f"called for {fake.user.user_id}"
    assert second.startswith("SignInRequiredError: ")


def test_a_pod_outlives_its_redis(fake: FakeOkta) -> None:
    class Away(MemoryTokenStore):
        def load(self, key: str, /) -> Any:
            raise redis.ConnectionError("away")

    user = fake.client().user_tokens("user:ada", Away())
    assert list(pod.work(user, URL, range(2))) == ["ConnectionError: away"] * 2


def test_what_is_kept_is_for_the_fleet_alone(fake: FakeOkta) -> None:
    with fleet.redis_server() as url, fake.client() as okta:
        environ = {"REDIS_URL": url, "TOKENS_KEY": Fernet.generate_key().decode()}
        code = fake.authorize(fleet.CALLBACK, scope="openid offline_access")
        tokens = okta.token_for_code(code, fleet.CALLBACK)
        pod.user_tokens(okta, environ).save(tokens)
        assert pod.user_tokens(okta, environ).token() == tokens.access_token
        kind: Any = redis.Redis  # partly untyped
        client = kind.from_url(url)
        kept = b"".join(
            name + b"".join(b"%s%s" % pair for pair in client.hgetall(name).items())
            for name in client.scan_iter()
        )
        client.close()
        assert kept
        for secret in (tokens.access_token, tokens.refresh_token, tokens.id_token):
            assert secret is not None
            assert secret.encode() not in kept
        with pytest.raises(TokenStoreError):
            pod.user_tokens(okta, environ | {"TOKENS_KEY": Fernet.generate_key().decode()}).token()


def test_a_user_signs_in_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeOkta()
    for name in ("now", "monotonic"):
        monkeypatch.setattr(f"okta_oidc._runtime.RUNTIME.{name}", fake.clock.now)

    def wait(seconds: float) -> None:
        fake.clock.advance(seconds)
        fake.approve()

    monkeypatch.setattr("okta_oidc._runtime.RUNTIME.sleep", wait)
    with fleet.redis_server() as url, fake.serve(), fake.client() as okta:
        environ = {
            "OKTA_ORG_URL": fake.issuer(),
            "OKTA_CLIENT_ID": fake.client_id,
            "OKTA_CLIENT_SECRET": fake.client_secret,
            "REDIS_URL": url,
            "TOKENS_KEY": Fernet.generate_key().decode(),
        }
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        runpy.run_module("examples.fleet.sign_in", run_name="__main__")
        held = pod.user_tokens(okta, environ).tokens()
    assert held.access_token
    assert set(held.scopes) == {"openid", "offline_access"}


def test_compose_file() -> None:
    """By its schema; and what it runs and mounts is there."""
    file = FOLDER / "compose.yaml"
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run([*command, str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    service = yaml.safe_load(file.read_text("utf-8"))["services"]["pod"]
    (mounted,) = service["volumes"]
    source, target, mode = mounted.split(":")
    assert (FOLDER / source / "pyproject.toml").is_file()
    assert (service["working_dir"], mode) == (target, "ro")
    module = service["command"][-1].rpartition(" -m ")[2]
    assert find_spec(module) is not None
    # All that a pod reads, of what has no default.
    read = {"OKTA_ORG_URL", "OKTA_CLIENT_ID", "OKTA_CLIENT_SECRET", "REDIS_URL", "TOKENS_KEY"}
    assert set(service["environment"]) == read
