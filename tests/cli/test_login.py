"""``okta-oidc login``: what is shown, who approves, what becomes of the tokens."""

from __future__ import annotations

import io
import json
import os
import re
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
import segno
from okta_oidc._runtime import RUNTIME
from okta_oidc.testing import FakeClient, FakeOkta

from ._command import Outcome, run_here

SCOPE = "openid offline_access"


@pytest.fixture
def app(okta: FakeOkta, monkeypatch: pytest.MonkeyPatch) -> FakeClient:
    """A native app, which the environment names: it has no secret."""
    client = okta.add_client(auth_method="none")
    monkeypatch.setenv("OKTA_CLIENT_ID", client.client_id)
    monkeypatch.delenv("OKTA_CLIENT_SECRET")
    return client


Person = Callable[[Callable[[], object]], list[float]]


@pytest.fixture
def person(okta: FakeOkta, monkeypatch: pytest.MonkeyPatch) -> Person:
    """Lets somebody do something while the command waits for the third time; tells the waits."""

    def doing(what: Callable[[], object]) -> list[float]:
        waits: list[float] = []

        def sleep(seconds: float) -> None:
            waits.append(seconds)
            okta.clock.advance(seconds)
            if len(waits) == 3:
                what()

        monkeypatch.setattr(RUNTIME, "sleep", sleep)
        return waits

    return doing


def sign_in(*options: str, terminal: bool = False) -> Outcome:
    return run_here("login", "--scope", SCOPE, *options, terminal=terminal)


@pytest.mark.usefixtures("app")
def test_a_user_signs_in_on_another_device(okta: FakeOkta, person: Person, tmp_path: Path) -> None:
    waits = person(okta.approve)
    file = tmp_path / "tokens.json"
    outcome = sign_in("--save", str(file))
    assert (outcome.code, len(waits)) == (0, 3)
    assert outcome.values["saved in"] == str(file)
    assert outcome.values["access_token"].startswith("received, not shown")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600 or os.name == "nt"
    saved = json.loads(file.read_text())
    with okta.client(client_id=okta.requests[-1].parameter("client_id")) as client:
        assert client.introspect(saved["refresh_token"])


@pytest.mark.usefixtures("app")
def test_address_and_code_are_on_standard_error(okta: FakeOkta, person: Person) -> None:
    person(okta.approve)
    outcome = sign_in("--show-tokens")
    where = re.search(r"open (\S+)\nand type the code (\S+)\nor open (\S+)\n", outcome.err)
    assert where
    assert where[3] == f"{where[1]}?user_code={where[2]}"
    assert "Waiting for 10 min at most" in outcome.err
    assert outcome.values["access_token"].startswith("eyJ")
    # Neither is a picture drawn, nor a colour used, where no terminal is.
    assert all(char.isprintable() or char == "\n" for char in outcome.err)
    assert "█" not in outcome.err


@pytest.mark.usefixtures("app")
def test_programs_get_both_as_json(okta: FakeOkta, person: Person) -> None:
    person(okta.approve)
    outcome = sign_in("--json", "--show-tokens")
    told = json.loads(outcome.err)["login"]
    assert told["verification_uri_complete"].startswith(told["verification_uri"])
    assert told["user_code"] in told["verification_uri_complete"]
    assert told["expires_at"] > okta.clock.now()
    assert sorted(outcome.document["scope"].split()) == sorted(SCOPE.split())


@pytest.mark.usefixtures("app")
def test_a_terminal_gets_a_picture(okta: FakeOkta, person: Person) -> None:
    person(okta.approve)
    outcome = sign_in("--show-tokens", terminal=True)
    address = re.search(r"or open (\S+)\n", outcome.err)
    assert address
    lines = io.StringIO()
    segno.make(address[1], error="l", micro=False).terminal(lines, border=2, compact=True)
    # White on black, whatever the terminal's own colours are: readers do not all take the reverse.
    picture = [f"\x1b[97m\x1b[40m{line}\x1b[0m" for line in lines.getvalue().splitlines()]
    assert "\n".join(picture) in outcome.err


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize("uri", ["x" * 4000, "https://example.com/" + "y" * 2000])
def test_an_address_too_long_for_a_picture_is_text_alone(
    okta: FakeOkta, monkeypatch: pytest.MonkeyPatch, uri: str
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    members = {"device_code": "PLANTED", "user_code": "\x1b[31mAB", "expires_in": 1, "interval": 9}
    body = json.dumps({**members, "verification_uri": "u\x07", "verification_uri_complete": uri})
    okta.faults.answer(200, headers=[("Content-Type", "application/json")], body=body)
    outcome = sign_in("--show-tokens", terminal=True)
    assert outcome.code == 1
    assert "█" not in outcome.err
    assert uri in outcome.err
    assert "\\x1b[31mAB" in outcome.err
    assert "u\\x07" in outcome.err
    assert "PLANTED" not in outcome.all


@pytest.mark.usefixtures("app")
def test_one_who_refuses(okta: FakeOkta, person: Person) -> None:
    person(okta.deny)
    outcome = sign_in("--show-tokens")
    assert (outcome.code, outcome.out) == (6, "")
    assert "access_denied" in outcome.err


@pytest.mark.usefixtures("app")
def test_nobody_approves(okta: FakeOkta, person: Person, tmp_path: Path) -> None:
    person(lambda: okta.clock.advance(600))
    outcome = sign_in("--save", str(tmp_path / "tokens.json"))
    assert (outcome.code, outcome.out) == (1, "")
    assert "not approved in time" in outcome.err
    assert "run the command again" in outcome.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("app")
def test_tokens_that_would_be_lost_are_warned_of_before(okta: FakeOkta, person: Person) -> None:
    person(okta.approve)
    outcome = sign_in()
    assert outcome.code == 0
    assert outcome.err.startswith("okta-oidc: warning: the tokens will be lost")
    assert "eyJ" not in outcome.all


def test_an_application_with_a_secret(okta: FakeOkta, person: Person) -> None:
    person(okta.approve)
    assert sign_in("--show-tokens").code == 0
    assert okta.requests[-1].auth_method == "client_secret_basic"


@pytest.mark.usefixtures("app")
def test_a_method_needs_its_credentials(okta: FakeOkta) -> None:
    outcome = sign_in("--auth-method", "client_secret_post")
    assert outcome.code == 2
    assert "OKTA_CLIENT_SECRET is not set" in outcome.err
    assert okta.requests == []
