"""The figures of signatures are only worth what each contender really checks, and really makes."""

from __future__ import annotations

import json
import warnings
from base64 import urlsafe_b64decode
from collections.abc import Iterator

import pytest

from . import _signatures
from ._signatures import BARE, BARE_CHECK, OURS, SUB, URL, Checker, Maker

CHECKERS: dict[str, Checker] = {
    OURS: _signatures.okta_oidc_check,
    "PyJWT": _signatures.pyjwt_check,
    "Authlib": _signatures.authlib_check,
    "okta-jwt-verifier": _signatures.okta_jwt_verifier_check,
}
MAKERS: dict[str, Maker] = {
    OURS: _signatures.okta_oidc_assertion,
    "Authlib": _signatures.authlib_assertion,
    "MSAL": _signatures.msal_assertion,
    "okta": _signatures.okta_assertion,
}
KEY = _signatures.new_key()
KEYS = _signatures.key_set(KEY)


@pytest.fixture(autouse=True)
def _silence() -> Iterator[None]:  # pyright: ignore[reportUnusedFunction]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what a peer thinks of its own libraries
        yield


def test_everyone_of_the_series_is_here() -> None:
    assert _signatures.ID_TOKENS.roles.keys() == {BARE_CHECK, *CHECKERS}
    assert _signatures.RS256.roles.keys() == {BARE, *MAKERS}
    assert _signatures.ES256.roles.keys() == {BARE, *MAKERS} - {"okta"}


@pytest.mark.parametrize("name", CHECKERS)
def test_everyone_takes_a_token_that_holds(name: str) -> None:
    assert CHECKERS[name](_signatures.id_token(KEY), KEYS)() == SUB


@pytest.mark.parametrize("name", CHECKERS)
@pytest.mark.parametrize(
    "claims",
    [{"nonce": "another"}, {"iss": "https://other.okta.com"}, {"exp": 1_000_000_000}],
    ids=["nonce", "issuer", "expired"],
)
def test_everyone_refuses_a_claim_that_is_wrong(name: str, claims: dict[str, object]) -> None:
    check = CHECKERS[name](_signatures.id_token(KEY, **claims), KEYS)
    with pytest.raises(Exception):  # noqa: B017, PT011  # each has its own
        check()


@pytest.mark.parametrize("name", [*CHECKERS, BARE_CHECK])
def test_everyone_refuses_a_signature_that_is_not_the_issuers(name: str) -> None:
    checker = {**CHECKERS, BARE_CHECK: _signatures.bare_check}[name]
    check = checker(_signatures.id_token(_signatures.new_key()), KEYS)
    with pytest.raises(Exception):  # noqa: B017, PT011
        check()


@pytest.mark.parametrize(
    ("name", "alg"),
    # One of them signs by RS256 alone.
    [(n, a) for n in MAKERS for a in ("RS256", "ES256") if n in getattr(_signatures, a).roles],
)
def test_everyone_makes_an_assertion_that_holds(name: str, alg: str) -> None:
    key = _signatures.new_key(alg)
    make = MAKERS[name](alg, key)
    made = [make() for _ in range(2)]
    assert all(_signatures.is_assertion(alg, key, each) for each in made)
    parts = [_signatures.assertion_of(each).split(".") for each in made]
    headers, claims = (
        [json.loads(urlsafe_b64decode(each[index] + "==")) for each in parts] for index in (0, 1)
    )
    assert [header["kid"] for header in headers] == [_signatures.KID] * 2
    assert len({claim["jti"] for claim in claims}) == 2


def test_an_assertion_of_another_client_is_none() -> None:
    key = _signatures.new_key("ES256")
    made = _signatures.authlib_assertion("ES256", key)()
    assert _signatures.is_assertion("ES256", key, made)
    with pytest.raises(Exception):  # noqa: B017, PT011
        _signatures.is_assertion("ES256", _signatures.new_key("ES256"), made)


@pytest.mark.parametrize(("name", "value"), [("CLIENT_ID", "other"), ("URL", f"{URL}/other")])
def test_an_assertion_for_somebody_else_is_none(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = _signatures.new_key("ES256")
    made = _signatures.okta_oidc_assertion("ES256", key)()
    monkeypatch.setattr(_signatures, name, value)
    assert not _signatures.is_assertion("ES256", key, made)
