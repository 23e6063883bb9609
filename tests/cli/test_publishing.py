"""``okta-oidc metadata``, ``keys`` and ``decode --verify``."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from okta_oidc import Tokens
from okta_oidc.testing import FakeClock, FakeOkta

from ._command import CALLBACK, run_here
from .test_decode import jwt

JSON = [("Content-Type", "application/json")]
AUDIENCE = "api://default"


@pytest.fixture(autouse=True)
def _nobody(okta: FakeOkta, monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    # None of these needs the secret.
    monkeypatch.delenv("OKTA_CLIENT_SECRET")


# What is published


@pytest.mark.parametrize("server", ["default", "org"])
def test_metadata(okta: FakeOkta, server: str) -> None:
    arguments = ("metadata", "--auth-server-id", server)
    outcome = run_here(*arguments)
    issuer = okta.url if server == "org" else f"{okta.url}/oauth2/{server}"
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.values["issuer"] == issuer
    assert "RS256" in outcome.values["id_token_signing_alg_values_supported"]
    document = run_here(*arguments, "--json").document
    assert document["issuer"] == issuer
    assert document["token_endpoint"].startswith(okta.url)
    assert okta.requests[-1].auth_method is None


def test_metadata_of_another_issuer(monkeypatch: pytest.MonkeyPatch) -> None:
    okta = FakeOkta(issuer_url="https://dev-1.okta.com")
    with okta.serve():
        monkeypatch.setenv("OKTA_ORG_URL", okta.url)
        outcome = run_here("metadata")
        assert (outcome.code, outcome.out) == (5, "")
        assert "pass --issuer" in outcome.err
        outcome = run_here("metadata", "--issuer", "https://dev-1.okta.com")
        assert outcome.values["issuer"] == "https://dev-1.okta.com/oauth2/default"


@pytest.mark.parametrize("server", ["default", "org"])
def test_keys(okta: FakeOkta, server: str) -> None:
    okta.rotate_keys("default")
    outcome = run_here("keys", "--auth-server-id", server)
    assert (outcome.code, outcome.err) == (0, "")
    kept = outcome.values.pop("may be kept for")
    assert kept.endswith(("days", "h", "min"))
    document = run_here("keys", "--auth-server-id", server, "--json").document
    kids = [key["kid"] for key in document["keys"]]
    assert len(kids) == (2 if server == "default" else 1)
    assert [outcome.values[kid] for kid in kids] == ["RSA, RS256, sig"] * len(kids)
    assert okta.requests[-1].auth_method is None


@pytest.mark.parametrize("command", ["metadata", "keys"])
@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (404, json.dumps({"errorCode": "E0000007", "errorSummary": "\x1b[31mnone"}), 6),
        (200, "<html>", 5),
        (503, "", 10),
        (302, "", 6),
    ],
)
def test_what_is_not_published(
    okta: FakeOkta, command: str, status: int, body: str, code: int
) -> None:
    okta.faults.answer(status, headers=JSON, body=body, times=3)
    outcome = run_here(command, "--attempts", "1")
    assert (outcome.code, outcome.out) == (code, "")
    assert all(char.isprintable() or char == "\n" for char in outcome.err)


@pytest.mark.parametrize("command", ["metadata", "keys"])
def test_an_org_url_is_needed(monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    monkeypatch.delenv("OKTA_ORG_URL")
    outcome = run_here(command)
    assert outcome.code == 2
    assert "OKTA_ORG_URL" in outcome.err


def test_odd_keys_are_shown_as_they_are(okta: FakeOkta) -> None:
    keys = [{"kty": "\x1b[31m", "kid": "\x9b"}, {"kty": "EC", "crv": "P-256", "kid": "k"}]
    okta.faults.answer(200, headers=JSON, body=json.dumps({"keys": keys}))
    outcome = run_here("keys")
    assert outcome.values["k"] == "EC, P-256"
    assert all(char.isprintable() or char == "\n" for char in outcome.all)


# Tokens by their keys


@pytest.fixture
def signed(okta: FakeOkta) -> dict[str, str]:
    """An access token and an ID token."""
    with okta.client() as client:
        code = okta.authorize(CALLBACK, scope="openid api:read", nonce="n-1")
        tokens = client.token_for_code(code, CALLBACK)
    return {"access": tokens.access_token, "id": tokens.id_token or ""}


def verify(token: str, *options: str, **more: Any) -> dict[str, Any]:
    outcome = run_here("decode", "--verify", "--json", *options, stdin=token, **more)
    assert outcome.err == ""
    document = outcome.document
    assert outcome.code == (0 if document["verified"] else 1)
    return document


def test_an_id_token(okta: FakeOkta, signed: dict[str, str]) -> None:
    document = verify(signed["id"])
    assert document["verified"] is True
    assert document["claims"]["aud"] == okta.client_id
    assert "reason" not in document
    lines = run_here("decode", "--verify", stdin=signed["id"]).values
    assert lines["verified"].startswith(f"yes: an ID token of {okta.url}/oauth2/default")
    assert "nonce" in lines["verified"]


def test_an_access_token(okta: FakeOkta, signed: dict[str, str]) -> None:
    assert verify(signed["access"], "--audience", AUDIENCE)["verified"] is True
    assert verify(signed["access"], "--audience", "api://other")["reason"] == "audience"


def test_an_access_token_has_to_be_for_somebody(okta: FakeOkta, signed: dict[str, str]) -> None:
    outcome = run_here("decode", "--verify", stdin=signed["access"])
    assert (outcome.code, outcome.out) == (2, "")
    assert "--audience" in outcome.err


def test_an_id_token_has_to_be_for_a_client(
    okta: FakeOkta, signed: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OKTA_CLIENT_ID")
    outcome = run_here("decode", "--verify", stdin=signed["id"])
    assert (outcome.code, outcome.out) == (2, "")
    assert "OKTA_CLIENT_ID" in outcome.err
    assert verify(signed["id"], "--client-id", "another")["reason"] == "audience"


def test_the_org_servers_access_tokens_are_oktas_own(
    okta: FakeOkta, signed: dict[str, str]
) -> None:
    options = ("--auth-server-id", "org", "--audience", okta.url)
    outcome = run_here("decode", "--verify", *options, stdin=signed["access"])
    assert outcome.code == 2
    assert "introspect" in outcome.err


BROKEN: dict[str, Callable[[str], str]] = {
    "signature": lambda token: token[:-8] + "AAAAAAAA",
    "algorithm": lambda token: jwt({"sub": "ada"}, {"alg": "none"}),
    "unknown_key": lambda token: jwt({"sub": "ada"}, {"alg": "RS256", "kid": "planted"}),
}


@pytest.mark.parametrize("reason", BROKEN)
def test_a_token_that_does_not_hold_is_shown_and_said_not_to(
    okta: FakeOkta, signed: dict[str, str], reason: str
) -> None:
    token = BROKEN[reason](signed["id"])
    document = verify(token)
    assert (document["verified"], document["reason"]) == (False, reason)
    assert document["claims"]["sub"]
    outcome = run_here("decode", "--verify", stdin=token)
    assert outcome.values["verified"].startswith(f"no, {reason}: ")
    outcome = run_here("decode", "--verify", stdin=token, terminal=True)
    assert "Claims, UNVERIFIED" in outcome.out


def test_a_token_whose_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    okta = FakeOkta(id_token_lifetime=60, clock=FakeClock(1_767_607_200))
    with okta.serve(), okta.client() as client:
        monkeypatch.setenv("OKTA_ORG_URL", okta.url)
        monkeypatch.setenv("OKTA_CLIENT_ID", okta.client_id)
        token = client.token_for_code(okta.authorize(CALLBACK, scope="openid"), CALLBACK).id_token
        assert verify(token or "")["reason"] == "expired"


def test_no_key_no_verdict(okta: FakeOkta, tokens: Tokens) -> None:
    okta.faults.html(502, times=3)
    outcome = run_here("decode", "--verify", "--attempts", "1", stdin=tokens.id_token or "")
    assert (outcome.code, outcome.out) == (10, "")


def test_a_token_of_another_issuer(
    okta: FakeOkta, signed: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = FakeOkta(issuer_url="https://id.example.com")
    with other.serve(), other.client() as client:
        monkeypatch.setenv("OKTA_ORG_URL", other.url)
        monkeypatch.setenv("OKTA_CLIENT_ID", other.client_id)
        code = other.authorize(CALLBACK, scope="openid")
        token = client.token_for_code(code, CALLBACK).id_token or ""
        assert verify(token)["reason"] == "issuer"
        assert verify(token, "--issuer", "https://id.example.com")["verified"] is True
        assert verify(signed["id"])["reason"] in ("unknown_key", "issuer")
