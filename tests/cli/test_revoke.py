"""``okta-oidc revoke``."""

from __future__ import annotations

from okta_oidc import Tokens
from okta_oidc.testing import FakeOkta

from ._command import run_here


def test_a_revoked_token_is_useless(okta: FakeOkta, tokens: Tokens) -> None:
    outcome = run_here("revoke", "--hint", "access_token", stdin=tokens.access_token)
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.values["revocation"].startswith("accepted")
    assert okta.requests[-1].parameter("token_type_hint") == "access_token"
    assert run_here("introspect", stdin=tokens.access_token).code == 1


def test_a_refresh_token_takes_its_access_tokens_along(okta: FakeOkta, tokens: Tokens) -> None:
    assert tokens.refresh_token
    assert run_here("revoke", stdin=tokens.refresh_token).code == 0
    assert run_here("introspect", stdin=tokens.access_token).code == 1


def test_an_unknown_token_is_accepted_and_success_not_claimed(okta: FakeOkta) -> None:
    outcome = run_here("revoke", stdin="no-such-token")
    assert outcome.code == 0
    assert "Okta does not say" in outcome.values["revocation"]


def test_verify_says_that_it_is_gone(okta: FakeOkta, tokens: Tokens) -> None:
    outcome = run_here("revoke", "--verify", "--json", stdin=tokens.access_token)
    assert outcome.code == 0
    assert outcome.document == {"accepted": True, "active": False}
    assert [request.endpoint for request in okta.requests] == ["revoke", "introspect"]


def test_verify_catches_a_token_of_another_application(okta: FakeOkta) -> None:
    other = okta.add_client()
    with okta.client(client_id=other.client_id) as client:
        answer = client.token({"grant_type": "client_credentials", "scope": "api:read"})
    assert isinstance(answer.access_token, str)
    outcome = run_here("revoke", "--verify", stdin=answer.access_token)
    assert outcome.code == 1
    assert "still active" in outcome.values["revocation"]


def test_json_without_verify(okta: FakeOkta, tokens: Tokens) -> None:
    outcome = run_here("revoke", "--json", stdin=tokens.access_token)
    assert outcome.document == {"accepted": True}
