"""A client out of the environment: what a set of variables makes, and what is said of a bad one."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import pytest
from okta_oidc import (
    ORG,
    AsyncOktaOIDC,
    ClientAuth,
    ClientSecretBasic,
    ClientSecretJwt,
    ClientSecretPost,
    ConfigurationError,
    DPoP,
    OktaOIDC,
    PrivateKeyJwt,
    PublicClient,
)
from okta_oidc._from_env import options_from_env

from tests.support.keys import ec_key, jwk, pem, rsa_key, unverified
from tests.support.samples import CLIENT_ID, ORG_URL

from ._secrets import frames_of, texts_of_chain

SECRET = "planted-client-secret-of-40-characters-x"
BASE = {"OKTA_ORG_URL": ORG_URL, "OKTA_CLIENT_ID": CLIENT_ID}


def auth_of(**variables: str) -> Any:
    named = {f"OKTA_{name}": value for name, value in variables.items()}
    return options_from_env({**BASE, **named}, "OKTA_")[1]


def refusal(environ: dict[str, str], prefix: Any = "OKTA_") -> str:
    with pytest.raises(ConfigurationError) as caught:
        options_from_env(environ, prefix)
    said = "\n".join([*texts_of_chain(caught.value), *frames_of(caught.value)])
    for name, value in environ.items():
        if "planted" in value or (name.endswith("_FILE") and len(value) > 1):
            assert value not in said
    return str(caught.value)


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        (None, ClientSecretBasic),
        ("", ClientSecretBasic),
        ("client_secret_basic", ClientSecretBasic),
        ("basic", ClientSecretBasic),
        (" Client_Secret_POST ", ClientSecretPost),
        ("client_secret_post", ClientSecretPost),
        ("post", ClientSecretPost),
        ("client_secret_jwt", ClientSecretJwt),
    ],
)
def test_a_secret(method: str | None, expected: type[ClientAuth]) -> None:
    named = {} if method is None else {"AUTH_METHOD": method}
    auth = auth_of(CLIENT_SECRET=SECRET, **named)
    assert type(auth) is expected
    assert auth.client_id == CLIENT_ID
    assert auth.secrets[0] == SECRET


@pytest.mark.parametrize("method", [{}, {"AUTH_METHOD": "private_key_jwt"}])
@pytest.mark.parametrize("kid", [{}, {"KEY_ID": "the-kid"}])
def test_a_key(tmp_path: Path, method: dict[str, str], kid: dict[str, str]) -> None:
    path = tmp_path / "key.pem"
    path.write_text(pem(ec_key()))
    for variables in (
        {"PRIVATE_KEY": pem(ec_key())},
        {"PRIVATE_KEY": pem(ec_key()).replace("\n", "\\n")},
        {"PRIVATE_KEY": json.dumps(jwk(ec_key()))},
        {"PRIVATE_KEY_FILE": str(path)},
    ):
        auth = auth_of(**variables, **method, **kid)
        assert type(auth) is PrivateKeyJwt
        header = unverified(auth.sign(b"", ORG_URL)[1].decode().rpartition("=")[2])[0]
        assert header == {"alg": "ES256", **({"kid": "the-kid"} if kid else {})}


def test_neither_is_a_public_client() -> None:
    for variables in ({}, {"AUTH_METHOD": "none"}, {"CLIENT_SECRET": "", "PRIVATE_KEY": " "}):
        auth = auth_of(**variables)
        assert type(auth) is PublicClient
        assert auth.client_id == CLIENT_ID


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, None), ("", None), ("org", ORG), ("default", "default"), ("aus1", "aus1")],
)
def test_the_authorization_server(value: str | None, expected: object) -> None:
    named = {} if value is None else {"OKTA_AUTH_SERVER_ID": value}
    base_url, _, server = options_from_env({**BASE, **named}, "OKTA_")
    assert base_url == ORG_URL
    assert server == expected


def test_another_prefix_and_none() -> None:
    for prefix in ("OKTA_B_", ""):
        environ = {f"{prefix}ORG_URL": "https://b.example", f"{prefix}CLIENT_ID": "b"}
        base_url, auth, _ = options_from_env({**environ, "OKTA_CLIENT_SECRET": SECRET}, prefix)
        assert base_url == "https://b.example"
        assert type(auth) is PublicClient
        assert auth.client_id == "b"
    assert refusal({"X_CLIENT_ID": "b"}, "X_") == "X_ORG_URL is not set"
    assert "prefix must be str" in refusal({}, None)


@pytest.mark.parametrize("missing", ["OKTA_ORG_URL", "OKTA_CLIENT_ID"])
def test_what_every_client_needs(missing: str) -> None:
    for value in ({}, {missing: ""}, {missing: "  "}):
        environ = {name: value for name, value in BASE.items() if name != missing}
        assert refusal({**environ, **value}) == f"{missing} is not set"


KINDS = {"CLIENT_SECRET": SECRET, "PRIVATE_KEY": "planted-pem", "PRIVATE_KEY_FILE": "planted-path"}


@pytest.mark.parametrize(
    "pair",
    [
        ("CLIENT_SECRET", "PRIVATE_KEY"),
        ("CLIENT_SECRET", "PRIVATE_KEY_FILE"),
        ("PRIVATE_KEY", "PRIVATE_KEY_FILE"),
    ],
)
@pytest.mark.parametrize("method", ["", "private_key_jwt", "client_secret_basic", "none"])
def test_two_kinds_of_credentials(pair: tuple[str, str], method: str) -> None:
    environ = {f"OKTA_{name}": KINDS[name] for name in pair}
    said = refusal({**BASE, **environ, "OKTA_AUTH_METHOD": method})
    assert said.startswith(f"OKTA_{pair[0]} and OKTA_{pair[1]} are both set")


@pytest.mark.parametrize(
    ("method", "given", "named"),
    [
        ("client_secret_basic", None, ["CLIENT_SECRET"]),
        ("client_secret_post", "PRIVATE_KEY", ["CLIENT_SECRET"]),
        ("client_secret_jwt", "PRIVATE_KEY_FILE", ["CLIENT_SECRET"]),
        ("private_key_jwt", None, ["PRIVATE_KEY", "PRIVATE_KEY_FILE"]),
        ("private_key_jwt", "CLIENT_SECRET", ["PRIVATE_KEY", "PRIVATE_KEY_FILE"]),
        ("none", "CLIENT_SECRET", ["CLIENT_SECRET"]),
        ("none", "PRIVATE_KEY", ["PRIVATE_KEY"]),
        ("none", "PRIVATE_KEY_FILE", ["PRIVATE_KEY_FILE"]),
    ],
)
def test_the_method_that_is_named_and_the_credentials_that_are_there(
    method: str, given: str | None, named: list[str]
) -> None:
    environ = {**BASE, "OKTA_AUTH_METHOD": method}
    if given is not None:
        environ[f"OKTA_{given}"] = KINDS[given]
    said = refusal(environ)
    assert said.startswith(f"OKTA_AUTH_METHOD is {method}")
    for name in named:
        assert f"OKTA_{name}" in said


def test_a_method_that_is_none() -> None:
    said = refusal({**BASE, "OKTA_AUTH_METHOD": "planted-secret-in-the-wrong-place"})
    assert said.startswith("OKTA_AUTH_METHOD must be one of client_secret_basic, ")


def test_an_id_of_a_key_that_is_not_there() -> None:
    for more in ({}, {"OKTA_CLIENT_SECRET": SECRET}, {"OKTA_AUTH_METHOD": "none"}):
        said = refusal({**BASE, **more, "OKTA_KEY_ID": "k"})
        assert said.startswith("OKTA_KEY_ID is the id of a private key, and neither")


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"CLIENT_SECRET": "planted-secret\n"}, "OKTA_CLIENT_SECRET: client_secret holds"),
        ({"CLIENT_SECRET": "${planted_secret}"}, "OKTA_CLIENT_SECRET: client_secret is still"),
        (
            {"CLIENT_SECRET": "planted", "AUTH_METHOD": "client_secret_jwt"},
            "OKTA_CLIENT_SECRET: client_secret is under 32 bytes",
        ),
        ({"PRIVATE_KEY": "planted"}, "OKTA_PRIVATE_KEY: key is neither"),
        ({"PRIVATE_KEY": '{"kty":"RSA","n":"planted"}'}, "OKTA_PRIVATE_KEY: key is a public JWK"),
        ({"CLIENT_ID": "{planted}"}, "OKTA_CLIENT_ID: client_id is still"),
    ],
)
def test_a_value_that_cannot_be_right_is_called_by_its_variable(
    variables: dict[str, str], named: str
) -> None:
    said = refusal({**BASE, **{f"OKTA_{name}": value for name, value in variables.items()}})
    assert named in said


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"ORG_URL": "http://planted.example"}, "OKTA_ORG_URL: base_url must be https"),
        ({"ORG_URL": "planted"}, "OKTA_ORG_URL: base_url must be of the form"),
        ({"AUTH_SERVER_ID": "../planted"}, "OKTA_ORG_URL, OKTA_AUTH_SERVER_ID: not an auth"),
        (
            {"ORG_URL": f"{ORG_URL}/oauth2/aus7", "AUTH_SERVER_ID": "org"},
            "OKTA_ORG_URL, OKTA_AUTH_SERVER_ID: the issuer URL names",
        ),
    ],
)
def test_a_server_that_cannot_be_right_is_called_by_its_variables(
    variables: dict[str, str], named: str
) -> None:
    said = refusal({**BASE, **{f"OKTA_{name}": value for name, value in variables.items()}})
    assert said.startswith(named)


def test_a_server_of_the_callers_own_comes_before_the_variable() -> None:
    environ = {**BASE, "OKTA_ORG_URL": f"{ORG_URL}/oauth2/aus7", "OKTA_AUTH_SERVER_ID": "aus8"}
    assert options_from_env(environ, "OKTA_", "aus7")[2] == "aus7"


@pytest.mark.parametrize(
    "value", ["/planted/no/such/file", "planted\0", "planted" * 1000, "/", pem(rsa_key())]
)
def test_a_file_that_cannot_be_read(value: str) -> None:
    said = refusal({**BASE, "OKTA_PRIVATE_KEY_FILE": value})
    assert said.startswith("the file that OKTA_PRIVATE_KEY_FILE names cannot be read: ")
    assert len(said) < 150


def test_a_file_of_something_else(tmp_path: Path) -> None:
    path = tmp_path / "planted.pem"
    path.write_bytes(b"\xff\xfe planted")
    said = refusal({**BASE, "OKTA_PRIVATE_KEY_FILE": str(path)})
    assert "OKTA_PRIVATE_KEY_FILE: key is neither a PEM nor a JWK" in said


@pytest.mark.parametrize("cls", [OktaOIDC, AsyncOktaOIDC])
def test_both_faces(cls: type[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ORG_URL", "CLIENT_ID", "CLIENT_SECRET", "AUTH_SERVER_ID"):
        monkeypatch.delenv(f"OKTA_{name}", raising=False)
    with pytest.raises(ConfigurationError, match="OKTA_ORG_URL is not set"):
        cls.from_env()
    monkeypatch.setenv("OKTA_ORG_URL", f"{ORG_URL}/oauth2/aus7")
    monkeypatch.setenv("OKTA_CLIENT_ID", CLIENT_ID)
    monkeypatch.setenv("OKTA_CLIENT_SECRET", SECRET)
    assert repr(cls.from_env()) == f"{cls.__name__}('{ORG_URL}', auth_server_id='aus7')"
    # Of another server than the URL's, as by hand.
    monkeypatch.setenv("OKTA_AUTH_SERVER_ID", "org")
    with pytest.raises(ConfigurationError, match="OKTA_AUTH_SERVER_ID: the issuer URL"):
        cls.from_env()
    monkeypatch.setenv("OKTA_ORG_URL", ORG_URL)
    assert "auth_server_id=ORG" in repr(cls.from_env())
    assert "auth_server_id='aus8'" in repr(cls.from_env(auth_server_id="aus8"))
    with pytest.raises(ConfigurationError, match="timeout"):
        cls.from_env(timeout=-1)
    assert cls.from_env("OKTA_", dpop=DPoP(), retry=None)
    with pytest.raises(TypeError):
        cls.from_env(planted=1)
    monkeypatch.setenv("B_ORG_URL", "https://b.example")
    monkeypatch.setenv("B_CLIENT_ID", CLIENT_ID)
    assert "https://b.example" in repr(cls.from_env("B_"))

    mine: Any = type("Mine", (cls,), {})
    assert type(mine.from_env()) is mine


def test_both_faces_take_the_same() -> None:
    assert inspect.signature(OktaOIDC.from_env) == inspect.signature(AsyncOktaOIDC.from_env)
