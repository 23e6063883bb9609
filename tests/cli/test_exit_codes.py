"""The exit code of every kind of error, the words that go with it, and that the page agrees."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from okta_oidc import Tokens
from okta_oidc.cli import _inspection
from okta_oidc.cli._exits import Exit
from okta_oidc.testing import FakeOkta, Faults

from ._command import VARIABLES, run_here

PAGE = Path(__file__).parents[2] / "docs" / "cli.md"
JSON = [("Content-Type", "application/json")]

CASES: dict[str, tuple[Callable[[Faults], object], Exit, str]] = {
    "ConfigurationError": (lambda faults: None, Exit.USAGE, "see --help"),
    "TransportError": (
        lambda faults: faults.disconnect(),
        Exit.TRANSPORT,
        "the same call may be repeated",
    ),
    "TransportTimeoutError": (
        lambda faults: faults.drip(0.2),
        Exit.TIMEOUT,
        "the same call may be repeated",
    ),
    "MalformedResponseError": (
        lambda faults: faults.answer(200, headers=JSON, body="[]"),
        Exit.MALFORMED,
        "does the org URL lead to Okta?",
    ),
    "APIError": (
        lambda faults: faults.okta_error(403, "E0000006"),
        Exit.REFUSED,
        "System Log",
    ),
    "InvalidClientError": (
        lambda faults: faults.oauth_error(401, "invalid_client"),
        Exit.INVALID_CLIENT,
        "okta-oidc doctor",
    ),
    "InvalidGrantError": (
        lambda faults: faults.oauth_error(400, "invalid_grant"),
        Exit.INVALID_GRANT,
        "start a new sign-in",
    ),
    "RateLimitError": (
        lambda faults: faults.rate_limited(reset_in=45),
        Exit.RATE_LIMIT,
        "wait 4",
    ),
    "ServerError": (lambda faults: faults.html(500), Exit.SERVER, "try again"),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("as_json", [False, True], ids=["lines", "json"])
def test_each_error_has_a_code_a_line_and_a_hint(okta: FakeOkta, name: str, as_json: bool) -> None:
    plan, code, hint = CASES[name]
    plan(okta.faults)
    # Dots are in no id of Okta's.
    options = ["--auth-server-id", "a.b"] if name == "ConfigurationError" else []
    options += ["--timeout", "0.4", "--attempts", "1"] if name == "TransportTimeoutError" else []
    options += ["--attempts", "1"]
    outcome = run_here("introspect", *options, *(["--json"] if as_json else []), stdin="t")
    assert (outcome.code, outcome.out) == (code, "")
    if as_json:
        assert outcome.error["class"] == name
        assert outcome.error["exit_code"] == code
        assert hint in outcome.error["hint"]
    else:
        message, advice = outcome.err.splitlines()
        assert message.startswith("okta-oidc: ")
        assert advice.startswith("  hint: ")
        assert hint in advice


def test_json_errors_hold_what_support_asks_for(okta: FakeOkta) -> None:
    okta.faults.rate_limited(reset_in=45)
    error = run_here("introspect", "--json", "--attempts", "1", stdin="t").error
    assert error["request_id"] == okta.requests[-1].request_id
    assert (error["status"], error["code"], error["retryable"]) == (429, "E0000047", True)
    assert 40 <= error["retry_after"] <= 45


@pytest.mark.parametrize(
    ("code", "hint"),
    [("access_denied", "access policies"), ("unauthorized_client", "allow this grant type")],
)
def test_some_refusals_have_advice_of_their_own(okta: FakeOkta, code: str, hint: str) -> None:
    okta.faults.oauth_error(400, code)
    outcome = run_here("token", "client-credentials")
    assert outcome.code == Exit.REFUSED
    assert hint in outcome.err


def test_a_limit_without_an_end_has_advice_too(okta: FakeOkta) -> None:
    okta.faults.answer(429, headers=JSON, body="{}")
    outcome = run_here("introspect", "--json", stdin="t")
    assert outcome.code == Exit.RATE_LIMIT
    assert outcome.error["retry_after"] is None
    assert "wait a minute" in outcome.error["hint"]


def test_an_option_without_its_value(okta: FakeOkta) -> None:
    outcome = run_here("introspect", "--timeout", stdin="t")
    assert outcome.code == Exit.USAGE
    assert "--timeout" in outcome.err


def test_a_call_that_is_safe_to_repeat_is_repeated(okta: FakeOkta) -> None:
    okta.faults.html(503)
    assert run_here("introspect", stdin="t").code == Exit.NO
    assert len(okta.requests) == 2


def test_a_limit_that_lasts_is_told_at_once(okta: FakeOkta) -> None:
    okta.faults.rate_limited(reset_in=45)
    assert run_here("introspect", stdin="t").code == Exit.RATE_LIMIT
    assert len(okta.requests) == 1


def test_nothing_listening_is_told_as_such(okta: FakeOkta, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OKTA_ORG_URL", "http://127.0.0.1:1")
    outcome = run_here("introspect", "--attempts", "1", stdin="t")
    assert outcome.code == Exit.TRANSPORT
    assert "nothing reached the server" in outcome.err


def test_names_of_the_package_are_those_of_options(okta: FakeOkta) -> None:
    outcome = run_here("introspect", "--auth-server-id", "aus-none", stdin="t")
    assert outcome.code == Exit.REFUSED
    assert "--auth-server-id org" in outcome.err
    assert "okta_oidc" not in outcome.err


@pytest.mark.parametrize("as_json", [False, True], ids=["lines", "json"])
def test_a_fault_of_its_own_shows_neither_a_traceback_nor_a_secret(
    okta: FakeOkta, tokens: Tokens, monkeypatch: pytest.MonkeyPatch, as_json: bool
) -> None:
    def fail(*_: object) -> None:
        raise KeyError("PLANTED")

    monkeypatch.setattr(_inspection, "http_rows", fail)
    options = ["--json"] if as_json else []
    outcome = run_here("introspect", *options, stdin=tokens.access_token)
    assert (outcome.code, outcome.out) == (70, "")
    assert "KeyError at test_exit_codes.py:" in outcome.err
    assert "PLANTED" not in outcome.err
    assert "Traceback" not in outcome.err


def test_the_page_lists_every_exit_code_and_no_other() -> None:
    listed = re.findall(r"^\| (\d+) \|", PAGE.read_text("utf-8"), re.MULTILINE)
    assert sorted(map(int, listed)) == sorted(int(code) for code in Exit)


def test_the_page_names_every_variable() -> None:
    page = PAGE.read_text("utf-8")
    assert [name for name in VARIABLES if f"`{name}`" not in page] == []
