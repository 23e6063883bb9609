"""``okta-oidc token``: what is shown, what is kept, what is said when it goes wrong."""

from __future__ import annotations

import json
import stat
from base64 import urlsafe_b64encode
from hashlib import sha256
from pathlib import Path

import pytest
from okta_oidc import Tokens
from okta_oidc.testing import FakeOkta

from ._command import CALLBACK, run_here

VERIFIER = "v" * 64


def refresh_token(tokens: Tokens) -> str:
    assert tokens.refresh_token
    return tokens.refresh_token


def test_tokens_are_not_shown_unasked(okta: FakeOkta, tokens: Tokens) -> None:
    outcome = run_here("token", "refresh", stdin=refresh_token(tokens))
    assert outcome.code == 0
    for name in ("access_token", "refresh_token", "id_token"):
        assert outcome.values[name].startswith("received, not shown (")
    assert outcome.values["access_token"].startswith("received, not shown (a JWT, ")
    assert outcome.values["expires_in"].startswith("3600 (60 min, until 20")
    assert "eyJ" not in outcome.all


def test_a_rotated_refresh_token_that_is_not_kept_is_warned_of(
    okta: FakeOkta, tokens: Tokens
) -> None:
    outcome = run_here("token", "refresh", stdin=refresh_token(tokens))
    assert "rotated" in outcome.err
    # What the warning advises works, within Okta's leeway.
    again = run_here("token", "refresh", "--show-tokens", stdin=refresh_token(tokens))
    assert (again.code, again.err) == (0, "")
    assert run_here("token", "refresh", stdin=again.values["refresh_token"]).code == 0


def test_a_static_refresh_token_is_not_warned_of(
    okta: FakeOkta, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = okta.add_client(rotation="STATIC")
    assert client.client_secret
    monkeypatch.setenv("OKTA_CLIENT_ID", client.client_id)
    monkeypatch.setenv("OKTA_CLIENT_SECRET", client.client_secret)
    code = okta.authorize(CALLBACK, client_id=client.client_id)
    first = run_here(
        "token", "code", "--json", "--show-tokens", "--redirect-uri", CALLBACK, stdin=code
    )
    outcome = run_here("token", "refresh", stdin=first.document["refresh_token"])
    assert (outcome.code, outcome.err) == (0, "")


def test_asked_for_tokens_are_shown_whole(okta: FakeOkta, tokens: Tokens) -> None:
    outcome = run_here("token", "refresh", "--show-tokens", "--json", stdin=refresh_token(tokens))
    assert "_hidden" not in outcome.document
    with okta.client() as client:
        assert client.introspect(outcome.document["access_token"])
        assert client.introspect(outcome.document["refresh_token"])


def test_a_refresh_token_that_is_not_replaced_is_shown_too(okta: FakeOkta, tokens: Tokens) -> None:
    # It is what was read, and what was read is kept off the screen otherwise.
    old = refresh_token(tokens)
    body = json.dumps({"token_type": "Bearer", "access_token": "AT-1234", "refresh_token": old})
    okta.faults.answer(200, headers=[("Content-Type", "application/json")], body=body)
    outcome = run_here("token", "refresh", "--show-tokens", stdin=old)
    assert outcome.values["refresh_token"] == old


def test_members_that_nobody_knows_are_hidden(okta: FakeOkta) -> None:
    body = json.dumps(
        {
            "token_type": "N_A",
            "expires_in": 300,
            "issued_token_type": "urn:x",
            "vaulted_secret": {"password": "PLANTED-1"},
            "device_secret": "PLANTED-2",
            "token_of_tomorrow": "PLANTED-3",
            "access_token": "PLANTED-4",
        }
    )
    headers = [("Content-Type", "application/json")]
    okta.faults.answer(200, headers=headers, body=body, times=2)
    document = run_here("token", "client-credentials", "--json").document
    assert document == {
        "token_type": "N_A",
        "expires_in": 300,
        "issued_token_type": "urn:x",
        "_hidden": ["access_token", "device_secret", "token_of_tomorrow", "vaulted_secret"],
    }
    assert "PLANTED" not in run_here("token", "client-credentials").all


def test_saved_tokens_are_for_their_owner_alone(
    okta: FakeOkta, tokens: Tokens, tmp_path: Path
) -> None:
    file = tmp_path / "tokens.json"
    file.write_text("old")
    file.chmod(0o644)
    outcome = run_here("token", "refresh", "--save", str(file), stdin=refresh_token(tokens))
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.values["saved in"] == str(file)
    assert "eyJ" not in outcome.out
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    saved = json.loads(file.read_text())
    with okta.client() as client:
        assert client.introspect(saved["access_token"])
        assert client.introspect(saved["refresh_token"])
    assert [path.name for path in tmp_path.iterdir()] == ["tokens.json"]


@pytest.mark.parametrize("place", ["missing/tokens.json", "."])
def test_a_file_that_cannot_be_written_is_noticed_before_a_code_is_spent(
    okta: FakeOkta, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.chdir(tmp_path)
    code = okta.authorize(CALLBACK)
    outcome = run_here("token", "code", "--redirect-uri", CALLBACK, "--save", place, stdin=code)
    assert (outcome.code, outcome.out) == (2, "")
    assert okta.requests == []
    assert list(tmp_path.iterdir()) == []


def test_a_refusal_leaves_the_old_file_and_no_other(okta: FakeOkta, tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    file.write_text("old")
    outcome = run_here("token", "refresh", "--save", str(file), stdin="no-such-token")
    assert outcome.code == 8
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("fault", ["malformed", "unfinished"])
def test_an_answer_that_cannot_be_read_is_saved_as_received(
    okta: FakeOkta, tmp_path: Path, fault: str
) -> None:
    body = b'{"access_token": "PLANTED", "token_type": 7}'
    length = len(body) if fault == "malformed" else len(body) + 9
    headers = [("Content-Type", "application/json"), ("Content-Length", str(length))]
    okta.faults.answer(200, headers=headers, body=body)
    file = tmp_path / "tokens.json"
    outcome = run_here(
        "token",
        "code",
        "--redirect-uri",
        CALLBACK,
        "--save",
        str(file),
        "--timeout",
        "1.0",
        stdin=okta.authorize(CALLBACK),
    )
    assert outcome.code == (5 if fault == "malformed" else 4)
    assert file.read_bytes() == body
    assert str(file) in outcome.err
    assert "PLANTED" not in outcome.all


def test_a_code_is_exchanged_with_its_verifier(
    okta: FakeOkta, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    challenge = urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
    code = okta.authorize(CALLBACK, code_challenge=challenge)
    without = run_here("token", "code", "--redirect-uri", CALLBACK, stdin=code)
    assert without.code == 6
    file = tmp_path / "verifier"
    file.write_text(VERIFIER + "\n")
    monkeypatch.setenv("OKTA_REDIRECT_URI", CALLBACK)
    outcome = run_here("token", "code", "--code-verifier-file", str(file), stdin=code)
    assert outcome.code == 0
    assert okta.requests[-1].parameter("code_verifier") == VERIFIER
    assert VERIFIER not in outcome.all


def test_a_code_is_good_once(okta: FakeOkta) -> None:
    code = okta.authorize(CALLBACK)
    arguments = ("token", "code", "--redirect-uri", CALLBACK)
    assert run_here(*arguments, stdin=code).code == 0
    again = run_here(*arguments, stdin=code)
    assert (again.code, again.out) == (8, "")
    assert "start a new sign-in" in again.err


def test_a_code_needs_its_redirect_uri(okta: FakeOkta) -> None:
    outcome = run_here("token", "code", stdin=okta.authorize(CALLBACK))
    assert outcome.code == 2
    assert "--redirect-uri (OKTA_REDIRECT_URI) is missing" in outcome.err
    assert okta.requests == []


def test_fewer_scopes_on_request_and_none_unasked(okta: FakeOkta, tokens: Tokens) -> None:
    first = run_here("token", "refresh", "--json", "--show-tokens", stdin=refresh_token(tokens))
    assert okta.requests[-1].parameter("scope") is None
    outcome = run_here(
        "token", "refresh", "--scope", "openid", "--json", stdin=first.document["refresh_token"]
    )
    assert outcome.document["scope"] == "openid"


def test_client_credentials(okta: FakeOkta) -> None:
    outcome = run_here("token", "client-credentials", "--scope", "api:read", "--json")
    assert outcome.code == 0
    assert outcome.document["scope"] == "api:read"
    assert outcome.document["_hidden"] == ["access_token"]
    refused = run_here("token", "client-credentials", "--scope", "nobody:knows")
    assert refused.code == 6
    assert "ask for scopes" in refused.err


def test_saved_client_credentials(okta: FakeOkta, tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    arguments = ("token", "client-credentials", "--scope", "api:read", "--save", str(file))
    outcome = run_here(*arguments, "--json")
    assert outcome.document["_saved"] == str(file)
    with okta.client() as client:
        assert client.introspect(json.loads(file.read_text())["access_token"])


@pytest.mark.parametrize("seconds", [0, 10**300, -5])
def test_lifetimes_that_end_at_no_time(okta: FakeOkta, seconds: int) -> None:
    body = json.dumps({"token_type": "Bearer", "access_token": "AT", "expires_in": seconds})
    okta.faults.answer(200, headers=[("Content-Type", "application/json")], body=body)
    outcome = run_here("token", "client-credentials")
    assert outcome.code == 0
    assert outcome.values["expires_in"].startswith(str(seconds))


def test_a_gateway_that_fails_leaves_the_code_in_doubt_and_it_is_sent_once(
    okta: FakeOkta,
) -> None:
    okta.faults.html(502)
    code = okta.authorize(CALLBACK)
    outcome = run_here("token", "code", "--redirect-uri", CALLBACK, stdin=code)
    assert outcome.code == 10
    assert "the code may have been used up" in outcome.err
    assert len(okta.requests) == 1


def test_a_lost_answer_leaves_the_refresh_token_in_doubt(okta: FakeOkta, tokens: Tokens) -> None:
    okta.faults.disconnect(processed=True)
    outcome = run_here("token", "refresh", stdin=refresh_token(tokens))
    assert outcome.code == 3
    assert "the refresh token may have been used up" in outcome.err
    assert len(okta.requests) == 1
