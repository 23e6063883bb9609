"""Where secrets may come from, and that they go nowhere."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from okta_oidc import Tokens
from okta_oidc._runtime import RUNTIME
from okta_oidc.testing import FakeOkta, Faults

from ._command import CALLBACK, run_here

TOKEN = "PLANTED-token-7f3c"
COMMANDS = (
    ("introspect",),
    ("revoke",),
    ("token", "refresh"),
    ("token", "code", "--redirect-uri", CALLBACK),
    ("token", "client-credentials"),
    ("login",),
    ("decode",),
    ("decode", "--verify"),
    ("metadata",),
    ("keys",),
    ("doctor",),
)
IDS = [" ".join(command[:2]) for command in COMMANDS]
# What a server could not say back, as it is not sent.
UNSENT: dict[tuple[str, ...], set[str]] = {
    ("token", "client-credentials"): {"what was read"},
    ("login",): {"what was read"},
    ("decode", "--verify"): {"client secret", "basic"},
    ("metadata",): {"client secret", "basic", "what was read"},
    ("keys",): {"client secret", "basic", "what was read"},
}
every_command = pytest.mark.parametrize("command", COMMANDS, ids=IDS)


def sent_token(okta: FakeOkta) -> str | None:
    return okta.requests[-1].parameter("token")


# Sources


def test_a_token_from_a_file(okta: FakeOkta, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_bytes(b"\xef\xbb\xbf" + TOKEN.encode() + b"\r\n")
    outcome = run_here("introspect", "--token-file", str(file), stdin="another")
    assert sent_token(okta) == TOKEN
    assert outcome.values["token from"] == "--token-file"


def test_a_token_from_the_environment(okta: FakeOkta, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OKTA_OIDC_TOKEN", TOKEN)
    outcome = run_here("introspect", stdin="another")
    assert sent_token(okta) == TOKEN
    assert outcome.values["token from"] == "OKTA_OIDC_TOKEN"


def test_a_file_goes_before_the_environment(
    okta: FakeOkta, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OKTA_OIDC_TOKEN", "another")
    run_here("introspect", "--token-file", "-", stdin=TOKEN)
    assert sent_token(okta) == TOKEN


def test_an_empty_variable_is_none(okta: FakeOkta, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OKTA_OIDC_TOKEN", "")
    run_here("introspect", stdin=TOKEN)
    assert sent_token(okta) == TOKEN


def test_a_client_secret_from_a_file(
    okta: FakeOkta, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OKTA_CLIENT_SECRET", "wrong-and-not-used")
    file = tmp_path / "secret"
    file.write_text(okta.client_secret + "\n")
    assert run_here("introspect", "--client-secret-file", str(file), stdin=TOKEN).code == 1


def test_a_client_secret_from_standard_input(
    okta: FakeOkta, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OKTA_CLIENT_SECRET")
    monkeypatch.setenv("OKTA_OIDC_TOKEN", TOKEN)
    outcome = run_here("introspect", "--client-secret-file", "-", stdin=okta.client_secret)
    assert outcome.code == 1


def test_a_client_secret_may_hold_spaces(okta: FakeOkta, monkeypatch: pytest.MonkeyPatch) -> None:
    client = okta.add_client("spaced", " two  words ")
    monkeypatch.setenv("OKTA_CLIENT_ID", client.client_id)
    monkeypatch.delenv("OKTA_CLIENT_SECRET")
    monkeypatch.setenv("OKTA_OIDC_TOKEN", TOKEN)
    outcome = run_here("introspect", "--client-secret-file", "-", stdin=" two  words \n")
    assert outcome.code == 1


def test_standard_input_holds_one_secret(okta: FakeOkta, monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = run_here("introspect", "--client-secret-file", "-", stdin=okta.client_secret)
    assert outcome.code == 2
    assert "standard input holds the client secret" in outcome.err
    assert okta.requests == []


def test_a_missing_secret_is_told_with_its_sources(
    okta: FakeOkta, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OKTA_CLIENT_SECRET")
    outcome = run_here("introspect", stdin=TOKEN)
    assert outcome.code == 2
    assert "OKTA_CLIENT_SECRET" in outcome.err
    assert "--client-secret-file" in outcome.err


@pytest.mark.parametrize("missing", ["OKTA_ORG_URL", "OKTA_CLIENT_ID"])
def test_a_missing_setting_is_told_by_name(
    okta: FakeOkta, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    monkeypatch.delenv(missing)
    outcome = run_here("revoke", stdin=TOKEN)
    assert outcome.code == 2
    assert missing in outcome.err
    assert okta.requests == []


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (b"PLANTED one two", "holds white space"),
        (b"Bearer PLANTED", "holds white space"),
        (b"PLANTED\nwrapped", "holds white space"),
        (b"PLANTED\xff", "is not UTF-8"),
        ("PLANTED".encode("utf-16"), "is not UTF-8"),
        (b"PLANTED" * 200_000, "too long"),
    ],
    ids=["nothing", "blank", "words", "a header", "wrapped", "bytes", "UTF-16", "huge"],
)
@pytest.mark.parametrize("source", ["stdin", "file"])
def test_what_cannot_be_a_token_is_not_sent(
    okta: FakeOkta, tmp_path: Path, content: bytes, reason: str, source: str
) -> None:
    if source == "file":
        file = tmp_path / "token"
        file.write_bytes(content)
        outcome = run_here("introspect", "--token-file", str(file))
    else:
        outcome = run_here("introspect", stdin=content)
    assert outcome.code == 2
    assert reason in outcome.err
    assert "PLANTED" not in outcome.all
    assert okta.requests == []


@pytest.mark.parametrize("path", ["PLANTED", "."])
def test_a_file_that_cannot_be_read_is_not_named(okta: FakeOkta, path: str) -> None:
    # What stands there may be the token itself.
    outcome = run_here("introspect", "--token-file", path)
    assert outcome.code == 2
    assert "--token-file" in outcome.err
    assert "PLANTED" not in outcome.all
    assert okta.requests == []


# Arguments


@every_command
@pytest.mark.parametrize(
    "arguments",
    [
        (TOKEN,),
        ("--", f"-{TOKEN}"),
        ("--token", TOKEN),
        (f"--token={TOKEN}",),
        ("--client-secret", TOKEN),
        (f"--access-token={TOKEN}",),
        (f"-{TOKEN}",),
        (f"--{TOKEN}",),
        ("--auth-method", TOKEN),
        ("--timeout", TOKEN),
        ("--attempts", TOKEN),
        ("--hint", TOKEN),
        ("--json", TOKEN),
    ],
    ids=lambda arguments: " ".join(arguments).replace(TOKEN, "…"),
)
def test_secrets_in_arguments_are_refused_and_not_repeated(
    okta: FakeOkta, command: tuple[str, ...], arguments: tuple[str, ...]
) -> None:
    outcome = run_here(*command, *arguments, stdin="x")
    assert (outcome.code, outcome.out) == (2, "")
    assert "PLANTED" not in outcome.err
    assert outcome.err
    assert okta.requests == []


@pytest.mark.parametrize("command", [(TOKEN,), ("token", TOKEN), ("completion", TOKEN)])
def test_what_is_no_command_is_not_repeated(command: tuple[str, ...]) -> None:
    outcome = run_here(*command)
    assert (outcome.code, outcome.out) == (2, "")
    assert "PLANTED" not in outcome.err


def test_a_slip_of_the_finger_is_helped() -> None:
    assert "did you mean introspect?" in run_here("introspct").err
    assert "no such option --jsn" in run_here("decode", "--jsn").err


def test_a_secret_in_an_argument_is_said_to_be_exposed() -> None:
    outcome = run_here("introspect", TOKEN)
    assert "history" in outcome.err
    assert "have it replaced" in outcome.err


# Nothing secret comes out, whatever goes wrong

Plan = Callable[[Faults, str], object]


def _json(body: object) -> str:
    return json.dumps(body)


JSON = [("Content-Type", "application/json")]
PLANS: dict[str, Plan] = {
    "nothing": lambda faults, echo: None,
    "refused": lambda faults, echo: faults.oauth_error(
        400, "invalid_request", f"You said {echo}", extra={"echo": echo}
    ),
    "a code that echoes": lambda faults, echo: faults.oauth_error(400, echo[:90], "no"),
    "credentials": lambda faults, echo: faults.oauth_error(401, "invalid_client", echo),
    "grant": lambda faults, echo: faults.oauth_error(400, "invalid_grant", echo),
    "okta shape": lambda faults, echo: faults.okta_error(403, "E0000006", echo, causes=[echo]),
    "limit": lambda faults, echo: faults.rate_limited(reset_in=600),
    "page": lambda faults, echo: faults.answer(
        502, headers=[("Content-Type", "text/html")], body=f"<html>{echo}</html>", times=3
    ),
    "success page": lambda faults, echo: faults.answer(
        200, headers=[("Content-Type", "text/html")], body=f"<html>{echo}</html>"
    ),
    "echo in members": lambda faults, echo: faults.answer(
        200,
        headers=JSON,
        body=_json(
            {
                "active": True,
                "sub": echo,
                "list": [echo],
                "deep": {echo: {"it": echo}},
                "token_type": "Bearer",
                "access_token": echo,
                "scope": echo,
            }
        ),
    ),
    "members of other types": lambda faults, echo: faults.answer(
        200, headers=JSON, body=_json({"active": echo, "access_token": [echo], "token_type": echo})
    ),
    "echo in headers": lambda faults, echo: faults.answer(
        400, headers=[*JSON, ("X-Okta-Request-Id", echo), ("Location", echo)], body="{}"
    ),
    "redirect": lambda faults, echo: faults.answer(
        302, headers=[("Location", f"https://elsewhere.test/?token={echo}")]
    ),
    "cut": lambda faults, echo: faults.disconnect(times=3),
}


@every_command
@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("form", ["lines", "json", "terminal"])
def test_no_output_holds_a_secret(
    okta: FakeOkta,
    tokens: Tokens,
    monkeypatch: pytest.MonkeyPatch,
    command: tuple[str, ...],
    plan: str,
    form: str,
) -> None:
    def approve_instead_of_waiting(seconds: float) -> None:
        okta.clock.advance(seconds)
        with suppress(LookupError):
            okta.approve()

    monkeypatch.setattr(RUNTIME, "sleep", approve_instead_of_waiting)
    code = okta.authorize(CALLBACK)
    read = {
        "refresh": tokens.refresh_token or "",
        "code": code,
        "--verify": tokens.id_token or "",
    }.get(command[-1] if command[-1] != CALLBACK else "code", tokens.access_token)
    secrets = {
        "client secret": okta.client_secret,
        "basic": b64encode(f"{okta.client_id}:{okta.client_secret}".encode()).decode(),
        "what was read": read,
    }
    for name, secret in secrets.items():
        okta.faults.clear()
        # A server may say back what it was sent.
        if name in UNSENT.get(command, set()):
            secret = "harmless"
        if command == ("doctor",):
            okta.faults.empty(404)  # the discovery document's turn
        PLANS[plan](okta.faults, secret)
        options = ("--json",) if form == "json" else ()
        if command != ("decode",):
            options = (*options, "--attempts", "1")
        outcome = run_here(*command, *options, stdin=read, terminal=form == "terminal")
        for what, value in {**secrets, "access token": tokens.access_token}.items():
            flat = "".join(outcome.all.split())
            assert value not in outcome.all, what
            assert value not in flat, what
        assert "Traceback" not in outcome.all
        assert outcome.code != 70
    assert okta.faults.waiting == () or command == ("decode",) or plan in ("page", "cut")
