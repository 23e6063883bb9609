"""What a server may try with a terminal, and with whoever reads the command's JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest
from okta_oidc.cli import _inspection
from okta_oidc.testing import FakeOkta

from ._command import run_here

# Colours, a title, a line of its own, text that runs backwards, the same in C1, a link, a zero
# width space.
ESCAPES = "\x1b[31m\x1b]0;title\x07\nfake: line\r\u202egnp.exe\x9b31m\x1b]8;;http://x\x1b\\\u200b"
COMMANDS = (
    ("introspect",),
    ("token", "refresh", "--show-tokens"),
    ("token", "client-credentials"),
    ("doctor",),
)
JSON = [("Content-Type", "application/json"), ("X-Okta-Request-Id", "a\x9b31mb")]
ANSWERS: dict[str, tuple[int, Any]] = {
    "active": (200, {"active": True, "sub": ESCAPES, ESCAPES: {ESCAPES: [ESCAPES]}, "exp": 1e300}),
    "list": (200, {"active": True, "aud": [ESCAPES, ESCAPES]}),
    "tokens": (
        200,
        {
            "access_token": f"AT{ESCAPES}",
            "token_type": f"Bearer{ESCAPES}",
            "expires_in": 5,
            "scope": ESCAPES,
            ESCAPES: ESCAPES,
        },
    ),
    "OAuth error": (400, {"error": f"invalid{ESCAPES}", "error_description": ESCAPES}),
    "Okta error": (
        403,
        {
            "errorCode": f"E0{ESCAPES}",
            "errorSummary": ESCAPES,
            "errorId": ESCAPES,
            "errorCauses": [{"errorSummary": ESCAPES}],
        },
    ),
    "page": (502, ESCAPES),
}


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("form", ["lines", "json"])
def test_no_escape_of_a_servers_reaches_the_terminal(
    okta: FakeOkta, command: tuple[str, ...], answer: str, form: str
) -> None:
    status, body = ANSWERS[answer]
    okta.faults.answer(status, headers=JSON, body=json.dumps(body, ensure_ascii=False), times=9)
    options = ["--attempts", "1", *(["--json"] if form == "json" else [])]
    outcome = run_here(*command, *options, stdin="t")
    assert all(char.isprintable() or char == "\n" for char in outcome.all)
    assert "\nfake" not in outcome.all
    assert outcome.code in range(11)


@pytest.mark.parametrize("answer", ["active", "tokens", "OAuth error"])
def test_on_a_terminal_the_only_escapes_are_the_commands_own(okta: FakeOkta, answer: str) -> None:
    status, body = ANSWERS[answer]
    okta.faults.answer(status, headers=JSON, body=json.dumps(body, ensure_ascii=False), times=9)
    command = COMMANDS[answer == "tokens"]
    outcome = run_here(*command, "--attempts", "1", stdin="t", terminal=True)
    # In messages the package leaves spaces in their place.
    assert answer == "OAuth error" or "\\x1b[31m" in outcome.all
    for sign in ("\x1b[31m\x1b]", "\x1b]", "\x07", "\x9b", "\u202e", "\u200b", "\r"):
        assert sign not in outcome.all


@pytest.mark.parametrize("depth", [200, 600, 900, 5000])
@pytest.mark.parametrize("form", ["lines", "json", "json on a terminal", "table"])
def test_json_nested_deeply_is_shown_or_refused(okta: FakeOkta, depth: int, form: str) -> None:
    body = f'{{"active": true, "deep": {"[" * depth}{"]" * depth}}}'
    okta.faults.answer(200, headers=JSON[:1], body=body)
    options = ["--json"] if form.startswith("json") else []
    outcome = run_here("introspect", *options, stdin="t", terminal="t" in form.split()[-1][:1])
    assert outcome.code in (0, 5)
    if outcome.code == 0:
        assert outcome.out.count("[") >= depth
    else:
        assert depth == 5000
        assert "hint" in outcome.err


def test_json_for_programs_stays_json_whatever_the_secret_is(
    okta: FakeOkta, monkeypatch: pytest.MonkeyPatch
) -> None:
    # These are in the text between the strings, too.
    for token in ("null", "true", "1767", '": "', "acti\\u"):
        monkeypatch.setenv("OKTA_OIDC_TOKEN", token.replace(" ", ""))
        body = json.dumps({"active": True, "none": None, "exp": 1767607200, "sub": f"x{token}"})
        okta.faults.answer(200, headers=JSON[:1], body=body)
        document = run_here("introspect", "--json").document
        assert (document["active"], document["none"], document["exp"]) == (True, None, 1767607200)


def test_what_is_too_deep_for_its_writer_is_refused(
    okta: FakeOkta, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(*_: object) -> str:
        raise RecursionError

    monkeypatch.setattr(_inspection, "claim_row", write)
    okta.faults.answer(200, headers=JSON[:1], body='{"active": true, "deep": []}')
    outcome = run_here("introspect", stdin="t")
    assert (outcome.code, outcome.out) == (5, "")
    assert "too deeply" in outcome.err
