"""``okta-oidc introspect``."""

from __future__ import annotations

import re

import pytest
from okta_oidc import ORG, Tokens
from okta_oidc.testing import FakeOkta

from ._command import CALLBACK, run_here


def test_an_active_token(okta: FakeOkta, tokens: Tokens) -> None:
    outcome = run_here("introspect", stdin=tokens.access_token)
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.values["active"] == "true"
    assert outcome.values["sub"] == "ada@example.com"
    assert outcome.values["scope"].split() == list(tokens.scopes)
    assert outcome.values["token from"] == "standard input"
    assert outcome.values["request id"] == okta.requests[-1].request_id
    assert outcome.values["rate limit"].startswith("1199 of 1200 left until ")


def test_an_inactive_token_is_an_answer_of_its_own(okta: FakeOkta) -> None:
    outcome = run_here("introspect", stdin="no-such-token")
    assert (outcome.code, outcome.err) == (1, "")
    assert outcome.values["active"] == "false"
    assert "sub" not in outcome.values


def test_json_is_what_okta_said_and_the_http_side(okta: FakeOkta, tokens: Tokens) -> None:
    with okta.client() as client:
        raw = dict(client.introspect(tokens.access_token).raw)
    outcome = run_here("introspect", "--json", stdin=tokens.access_token)
    document = outcome.document
    http = document.pop("_http")
    assert document == raw
    assert (outcome.code, http["status"]) == (0, 200)
    assert http["request_id"] == okta.requests[-1].request_id
    assert http["rate_limit"]["limit"] == 1200
    assert http["rate_limit"]["reset"] > okta.clock.now()


def test_json_of_an_inactive_token(okta: FakeOkta) -> None:
    outcome = run_here("introspect", "--json", stdin="no-such-token")
    assert outcome.code == 1
    assert outcome.document["active"] is False
    assert outcome.document.keys() == {"active", "_http"}


def test_times_are_told_from_now(okta: FakeOkta, tokens: Tokens) -> None:
    expires = int(okta.clock.now()) + 3600
    future = run_here("introspect", stdin=tokens.access_token, now=expires - 600).values["exp"]
    past = run_here("introspect", stdin=tokens.access_token, now=expires + 86_400 * 3).values["exp"]
    assert future.startswith(f"{expires} (20")
    assert future.endswith(" UTC, in 10 min)")
    assert past.endswith(" UTC, 3 days ago)")


def test_only_a_hint_that_is_asked_for_is_sent(okta: FakeOkta, tokens: Tokens) -> None:
    run_here("introspect", stdin=tokens.access_token)
    run_here("introspect", "--hint", "access_token", stdin=tokens.access_token)
    sent = [request.parameter("token_type_hint") for request in okta.requests]
    assert sent == [None, "access_token"]


def test_the_org_server_is_called_org(okta: FakeOkta) -> None:
    with okta.client(auth_server_id=ORG) as client:
        code = okta.authorize(CALLBACK, auth_server_id=ORG)
        token = client.token_for_code(code, CALLBACK).access_token
    assert run_here("introspect", stdin=token).code == 1
    assert run_here("introspect", "--auth-server-id", "org", stdin=token).code == 0
    assert okta.requests[-1].path == "/oauth2/v1/introspect"


def test_an_issuer_url_names_the_server(
    okta: FakeOkta, tokens: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    okta.add_authorization_server("aus42")
    monkeypatch.setenv("OKTA_ORG_URL", f"{okta.url}/oauth2/aus42")
    assert run_here("introspect", stdin=tokens.access_token).code == 1
    assert okta.requests[-1].path == "/oauth2/aus42/v1/introspect"


@pytest.mark.parametrize("method", ["client_secret_post", "post", "POST"])
def test_the_authentication_method_is_chosen(
    okta: FakeOkta, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = okta.add_client(auth_method="client_secret_post")
    assert client.client_secret
    monkeypatch.setenv("OKTA_CLIENT_ID", client.client_id)
    monkeypatch.setenv("OKTA_CLIENT_SECRET", client.client_secret)
    assert run_here("introspect", stdin="nothing").code == 7
    monkeypatch.setenv("OKTA_AUTH_METHOD", method)
    assert run_here("introspect", stdin="nothing").code == 1
    assert okta.requests[-1].auth_method == "client_secret_post"


HOSTILE = "fine\x1b[31m\x1b]0;title\x07\x9b2J\u202egnp.exe\r\nactive: true\u2028"


@pytest.mark.parametrize("terminal", [True, False])
@pytest.mark.parametrize("options", [(), ("--json",)])
def test_what_a_claim_says_is_not_obeyed_by_a_terminal(
    okta: FakeOkta, terminal: bool, options: tuple[str, ...]
) -> None:
    okta.add_user("eve", claims={"note": HOSTILE, "na\x1b[2Jme": {"deep": [HOSTILE]}})
    with okta.client() as client:
        code = okta.authorize(CALLBACK, username="eve")
        token = client.token_for_code(code, CALLBACK).access_token
    outcome = run_here("introspect", *options, stdin=token, terminal=terminal)
    assert outcome.code == 0
    # Colours are ours; of the claim's own nothing but printable characters is left.
    text = re.sub(r"\x1b\[[0-9;]*m", "", outcome.out) if terminal else outcome.out
    assert all(char.isprintable() or char == "\n" for char in text)
    assert "gnp.exe" in text
    assert "\x1b[31m\x1b" not in outcome.out
    assert text.count("\nactive: true") == 0


def test_a_terminal_shows_a_table_in_colour(okta: FakeOkta, tokens: Tokens) -> None:
    outcome = run_here("introspect", stdin=tokens.access_token, terminal=True)
    assert "Introspection" in outcome.out
    assert "╭" in outcome.out
    assert "\x1b[1;32mtrue" in outcome.out


def test_a_narrow_terminal_folds_values_and_cuts_none(
    okta: FakeOkta, tokens: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    outcome = run_here("introspect", stdin=tokens.access_token, terminal=True)
    lines = re.sub(r"\x1b\[[0-9;]*m", "", outcome.out).splitlines()
    assert max(map(len, lines)) <= 40
    cells = [line.strip("│ ").split("│")[-1].strip() for line in lines]
    assert okta.requests[-1].request_id in "".join(cells)
    assert "…" not in outcome.out
