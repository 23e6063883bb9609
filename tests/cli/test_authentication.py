"""How the command proves which application it is: by options and environment."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from okta_oidc import _from_env
from okta_oidc.cli import _connections
from okta_oidc.testing import FakeClient, FakeOkta

from ._command import CALLBACK, run_here, run_script, script
from .conftest import environment_of


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


KEY = ec.generate_private_key(ec.SECP256R1())


@pytest.fixture
def service(okta: FakeOkta, monkeypatch: pytest.MonkeyPatch) -> FakeClient:
    """A service that has a key and no secret; the environment names it, and not its key."""
    client = okta.add_client(auth_method="private_key_jwt", keys=KEY)
    monkeypatch.setenv("OKTA_CLIENT_ID", client.client_id)
    monkeypatch.delenv("OKTA_CLIENT_SECRET")
    return client


def method(okta: FakeOkta) -> str | None:
    return okta.requests[-1].auth_method


def test_the_methods_are_the_packages() -> None:
    assert tuple(_from_env.METHODS) == _connections.METHODS


# A key


@pytest.mark.usefixtures("service")
@pytest.mark.parametrize("options", [(), ("--auth-method", "private_key_jwt")])
def test_a_key_from_a_file(okta: FakeOkta, tmp_path: Path, options: tuple[str, ...]) -> None:
    file = tmp_path / "key.pem"
    file.write_text(pem(KEY))
    outcome = run_here("introspect", "--key-file", str(file), *options, stdin="t")
    assert (outcome.code, outcome.err) == (1, "")
    assert method(okta) == "private_key_jwt"


@pytest.mark.usefixtures("service")
def test_a_key_from_standard_input(okta: FakeOkta, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OKTA_OIDC_TOKEN", "t")
    assert run_here("introspect", "--key-file", "-", stdin=pem(KEY)).code == 1
    assert method(okta) == "private_key_jwt"


@pytest.mark.usefixtures("service")
@pytest.mark.parametrize("form", ["PEM", "one line", "JWK", "file"])
def test_a_key_from_the_environment(
    okta: FakeOkta, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, form: str
) -> None:
    from joserfc.jwk import ECKey

    if form == "file":
        (tmp_path / "key").write_text(pem(KEY))
        monkeypatch.setenv("OKTA_PRIVATE_KEY_FILE", str(tmp_path / "key"))
    else:
        jwk = json.dumps(ECKey.import_key(KEY).as_dict(private=True))
        forms = {"PEM": pem(KEY), "one line": pem(KEY).replace("\n", "\\n"), "JWK": jwk}
        monkeypatch.setenv("OKTA_PRIVATE_KEY", forms[form])
    assert run_here("introspect", stdin="t").code == 1
    assert method(okta) == "private_key_jwt"


def test_the_id_of_a_key(
    okta: FakeOkta, service: FakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    keys = [
        {**_jwk(KEY), "kid": "first"},
        {**_jwk(ec.generate_private_key(ec.SECP256R1())), "kid": "second"},
    ]
    client = okta.add_client(auth_method="private_key_jwt", keys={"keys": keys})
    monkeypatch.setenv("OKTA_CLIENT_ID", client.client_id)
    monkeypatch.setenv("OKTA_PRIVATE_KEY", pem(KEY))
    assert run_here("introspect", stdin="t").code == 7
    assert run_here("introspect", "--key-id", "first", stdin="t").code == 1
    assert run_here("introspect", "--key-id", "second", stdin="t").code == 7
    monkeypatch.setenv("OKTA_KEY_ID", "first")
    assert run_here("introspect", stdin="t").code == 1
    assert run_here("introspect", "--key-id", "second", stdin="t").code == 7
    monkeypatch.setenv("OKTA_PRIVATE_KEY", pem(other))
    assert run_here("introspect", stdin="t").code == 7
    assert service.client_id


def _jwk(key: ec.EllipticCurvePrivateKey) -> dict[str, object]:
    from joserfc.jwk import ECKey

    return {**ECKey.import_key(key).as_dict(private=False)}


@pytest.mark.usefixtures("service")
@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("PLANTED", "neither a PEM nor a JWK"),
        (pem(KEY)[:90], "cannot be read"),
        ('{"kty": "oct", "k": "PLANTED"}', "shared secret"),
        ("", "is empty"),
    ],
    ids=["words", "cut", "secret", "nothing"],
)
def test_what_is_no_key(okta: FakeOkta, tmp_path: Path, content: str, words: str) -> None:
    file = tmp_path / "key"
    file.write_text(content)
    outcome = run_here("introspect", "--key-file", str(file), stdin="t")
    assert (outcome.code, outcome.out) == (2, "")
    assert words in outcome.err
    assert "PLANTED" not in outcome.err
    assert content[28:60] not in outcome.err or not content[28:60]
    assert okta.requests == []


@pytest.mark.parametrize("option", ["--key-file", "--dpop-key-file"])
def test_a_key_file_that_is_not_there_is_not_named(okta: FakeOkta, option: str) -> None:
    outcome = run_here("token", "client-credentials", option, "PLANTED")
    assert outcome.code == 2
    assert option in outcome.err
    assert "PLANTED" not in outcome.err


# Which one counts


def test_two_kinds_in_the_environment_contradict_each_other(
    okta: FakeOkta, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OKTA_PRIVATE_KEY", pem(KEY))
    outcome = run_here("introspect", stdin="t")
    assert outcome.code == 2
    assert "OKTA_CLIENT_SECRET and OKTA_PRIVATE_KEY are both set" in outcome.err
    assert okta.client_secret not in outcome.err


def test_an_option_leaves_the_environments_other_credentials_aside(
    okta: FakeOkta, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    by_key = okta.add_client(auth_method="private_key_jwt", keys=KEY)
    by_none = okta.add_client(auth_method="none")
    (tmp_path / "key").write_text(pem(KEY))
    (tmp_path / "secret").write_text(okta.client_secret)
    monkeypatch.setenv("OKTA_AUTH_METHOD", "client_secret_basic")
    key, secret = str(tmp_path / "key"), str(tmp_path / "secret")

    outcome = run_here("introspect", "--client-id", by_key.client_id, "--key-file", key, stdin="t")
    assert (outcome.code, method(okta)) == (1, "private_key_jwt")
    options = ("--client-id", by_none.client_id, "--auth-method", "none")
    assert run_here("introspect", *options, stdin="t").code == 1
    assert method(okta) == "none"

    monkeypatch.delenv("OKTA_CLIENT_SECRET")
    monkeypatch.setenv("OKTA_AUTH_METHOD", "private_key_jwt")
    monkeypatch.setenv("OKTA_PRIVATE_KEY", pem(KEY))
    monkeypatch.setenv("OKTA_KEY_ID", "k")
    assert run_here("introspect", "--client-secret-file", secret, stdin="t").code == 1
    assert method(okta) == "client_secret_basic"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("client_secret_jwt", "is not set"),
        ("private_key_jwt", "neither OKTA_PRIVATE_KEY nor OKTA_PRIVATE_KEY_FILE is set"),
    ],
)
def test_a_method_without_its_credentials(
    okta: FakeOkta, monkeypatch: pytest.MonkeyPatch, name: str, words: str
) -> None:
    monkeypatch.delenv("OKTA_CLIENT_SECRET")
    outcome = run_here("introspect", "--auth-method", name, stdin="t")
    assert outcome.code == 2
    assert words in outcome.err or "set OKTA_CLIENT_SECRET" in outcome.err
    assert okta.requests == []


# The other methods


@pytest.mark.parametrize(
    "name", ["client_secret_basic", "client_secret_post", "client_secret_jwt", "none"]
)
@pytest.mark.parametrize("source", ["option", "environment"])
def test_each_method(
    okta: FakeOkta, monkeypatch: pytest.MonkeyPatch, name: str, source: str
) -> None:
    client = okta.add_client(auth_method=name)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    monkeypatch.setenv("OKTA_CLIENT_ID", client.client_id)
    monkeypatch.setenv("OKTA_CLIENT_SECRET", client.client_secret or "")
    if source == "environment":
        monkeypatch.setenv("OKTA_AUTH_METHOD", name)
    options = ("--auth-method", name) if source == "option" else ()
    outcome = run_here("introspect", *options, stdin="t")
    assert (outcome.code, outcome.err) == (1, "")
    assert method(okta) == name


@pytest.mark.parametrize("kid", ["one", "none"])
def test_the_script_reads_a_key_that_a_shell_hands_over(okta: FakeOkta, kid: str) -> None:
    client = okta.add_client(auth_method="private_key_jwt", keys={**_jwk(KEY), "kid": "one"})
    environment = {**environment_of(okta), "OKTA_CLIENT_ID": client.client_id, "SECRET": pem(KEY)}
    del environment["OKTA_CLIENT_SECRET"]
    # Such a file can be read once, and the doctor tries more than one thing.
    shell = f'exec "$@" doctor --key-id {kid} --key-file <(printf %s "$SECRET")'
    command = ["bash", "-c", shell, "bash", *script()]
    outcome = run_script(env=environment, command=command, stdin=b"")
    assert outcome.code == (0 if kid == "one" else 1)
    accepted = f"accepted for {client.client_id}, by private_key_jwt"
    assert (accepted if kid == "one" else "its kid is not") in outcome.out


# Tokens bound to a key


@pytest.fixture
def bound(okta: FakeOkta, monkeypatch: pytest.MonkeyPatch) -> FakeClient:
    """An application whose tokens are bound to a key, which the environment names."""
    client = okta.add_client(dpop_bound_access_tokens=True)
    monkeypatch.setenv("OKTA_CLIENT_ID", client.client_id)
    monkeypatch.setenv("OKTA_CLIENT_SECRET", client.client_secret or "")
    return client


@pytest.mark.usefixtures("bound")
def test_a_fresh_key_is_said_to_end(okta: FakeOkta) -> None:
    outcome = run_here("token", "client-credentials", "--scope", "api:read", "--dpop", "--json")
    assert (outcome.code, outcome.document["token_type"]) == (0, "DPoP")
    assert "--dpop-key-file" in outcome.err


@pytest.mark.usefixtures("bound")
@pytest.mark.parametrize("source", ["file", "environment"])
def test_a_key_that_stays(
    okta: FakeOkta, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    if source == "file":
        (tmp_path / "key").write_text(pem(KEY))
        options = ["--dpop-key-file", str(tmp_path / "key")]
    else:
        monkeypatch.setenv("OKTA_OIDC_DPOP_KEY", pem(KEY))
        options = ["--dpop"]
    code = okta.authorize(
        CALLBACK, scope="openid offline_access", client_id=os.environ["OKTA_CLIENT_ID"]
    )
    arguments = ("token", "code", "--redirect-uri", CALLBACK, "--json", "--show-tokens")
    first = run_here(*arguments, *options, stdin=code)
    assert (first.code, first.err) == (0, "")
    refresh = ("token", "refresh", "--json", "--show-tokens")
    again = run_here(*refresh, *options, stdin=first.document["refresh_token"])
    assert (again.code, again.err) == (0, "")
    monkeypatch.delenv("OKTA_OIDC_DPOP_KEY", raising=False)
    other = run_here(*refresh, "--dpop", stdin=again.document["refresh_token"])
    assert other.code in (6, 8)
    assert other.out == ""


@pytest.mark.usefixtures("bound")
def test_an_application_that_wants_a_key_is_told_from_others(okta: FakeOkta) -> None:
    outcome = run_here("token", "client-credentials", "--scope", "api:read")
    assert outcome.code == 6
    assert "pass --dpop" in outcome.err


def test_tokens_that_are_bound_to_nothing_are_refused(okta: FakeOkta) -> None:
    outcome = run_here("token", "client-credentials", "--scope", "api:read", "--dpop")
    assert (outcome.code, outcome.out) == (5, "")
