"""``okta-oidc decode``."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from okta_oidc import Tokens
from okta_oidc.testing import FakeOkta

from ._command import run_here

NOW = 1_767_607_200


def part(value: Any) -> str:
    content = value if isinstance(value, bytes) else json.dumps(value).encode()
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def jwt(claims: Any, header: Any = None, signature: str = "c2lnbmF0dXJl") -> str:
    return f"{part({'alg': 'RS256'} if header is None else header)}.{part(claims)}.{signature}"


def test_claims_are_shown_and_said_to_be_unverified() -> None:
    token = jwt(
        {
            "sub": "ada@example.com",
            "scp": ["openid", "api:read"],
            "exp": NOW + 3600,
            "nested": {"a": [1, None]},
        }
    )
    outcome = run_here("decode", stdin=token, now=NOW)
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.values == {
        "verified": "no: the signature was not checked, do not rely on it",
        "header alg": "RS256",
        "sub": "ada@example.com",
        "scp": "openid, api:read",
        "exp": f"{NOW + 3600} (2026-01-05 11:00:00 UTC, in 60 min)",
        "nested": '{"a": [1, null]}',
        "token from": "standard input",
    }


def test_json_says_it_too() -> None:
    outcome = run_here("decode", "--json", stdin=jwt({"sub": "ada", "verified": True}))
    assert outcome.document == {
        "verified": False,
        "header": {"alg": "RS256"},
        "claims": {"sub": "ada", "verified": True},
    }


def test_a_terminal_says_it_in_the_title() -> None:
    outcome = run_here("decode", stdin=jwt({"sub": "ada"}), terminal=True)
    assert "Claims, UNVERIFIED" in outcome.out


def test_a_token_of_the_fake(okta: FakeOkta, tokens: Tokens) -> None:
    outcome = run_here("decode", stdin=tokens.access_token)
    assert outcome.values["sub"] == "ada@example.com"
    assert okta.requests == []


def test_the_signature_and_the_token_are_not_shown() -> None:
    token = jwt({"sub": "ada"}, signature="PLANTED-SIGNATURE")
    for options in ((), ("--json",)):
        outcome = run_here("decode", *options, stdin=token)
        assert "PLANTED" not in outcome.all
        assert part({"sub": "ada"}) not in outcome.all


def test_it_needs_no_connection() -> None:
    assert run_here("decode", "--json", stdin=jwt({})).document["claims"] == {}


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        ("RT-opaque-as-they-are", "no JWT but an opaque string"),
        ("a.b", "no JWT but an opaque string"),
        ("a.b.c.d.e", "encrypted (JWE)"),
        (jwt({"sub": "ada"})[:20] + "." + part({}) + ".x", "its header cannot be read"),
        (f"{part({})}.{part({'sub': 1})[:-3]}.x", "its claims cannot be read"),
        (f"{part({})}.e30=.x", "its claims cannot be read"),
        (f"{part({})}.e3?0.x", "its claims cannot be read"),
        (jwt([1, 2]), "its claims cannot be read"),
        (jwt(b"\xff\xfe"), "its claims cannot be read"),
        (jwt(b"[" * 100_000), "its claims cannot be read"),
        (jwt(b'{"n": ' + b"9" * 5000 + b"}"), "its claims cannot be read"),
        (jwt({}, header="text"), "its header cannot be read"),
        ("..", "its header cannot be read"),
    ],
    ids=[
        "opaque",
        "two parts",
        "encrypted",
        "header cut",
        "claims cut",
        "padded",
        "alphabet",
        "a list",
        "not UTF-8",
        "deep",
        "a long number",
        "header text",
        "empty",
    ],
)
def test_what_is_no_jwt_is_told_by_kind(token: str, reason: str) -> None:
    outcome = run_here("decode", stdin=token)
    assert (outcome.code, outcome.out) == (2, "")
    assert reason in outcome.err
    assert len(token) < 8 or token not in outcome.err


@pytest.mark.parametrize(
    "exp", [True, None, "soon", [1], 1e300, -1e300, 10**30, NOW + 0.5], ids=str
)
def test_times_that_are_none_are_shown_as_they_are(exp: Any) -> None:
    outcome = run_here("decode", stdin=jwt({"exp": exp}), now=NOW)
    assert outcome.code == 0
    shown = exp if isinstance(exp, str) else json.dumps(["x"] and exp)
    if isinstance(exp, list):
        shown = "[1]"
    assert outcome.values["exp"].startswith(shown)


@settings(max_examples=200, deadline=None)
@given(text=st.text(max_size=200) | st.binary(max_size=200).map(lambda b: b.decode("latin-1")))
@example(text="e30.e30.")
@example(text="\x00.\x00.\x00")
@example(text="e30.eyJhIjpOYU59.x")
def test_nothing_that_is_read_breaks_it(text: str) -> None:
    outcome = run_here("decode", stdin=text.encode("utf-8", "surrogatepass"))
    assert outcome.code in (0, 2)
    assert (outcome.code == 0) == (outcome.err == "")


@settings(max_examples=100, deadline=None)
@given(
    claims=st.dictionaries(
        st.text(max_size=20),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.text(max_size=5), inner, max_size=3)
            ),
            max_leaves=6,
        ),
        max_size=5,
    ),
    terminal=st.booleans(),
)
def test_any_claims_are_shown_in_printable_characters(
    claims: dict[str, Any], terminal: bool
) -> None:
    outcome = run_here("decode", stdin=jwt(claims), now=NOW, terminal=terminal)
    assert (outcome.code, outcome.err) == (0, "")
    if not terminal:
        assert all(char.isprintable() or char == "\n" for char in outcome.out)
        assert len(outcome.out.splitlines()) == len(claims) + 3
