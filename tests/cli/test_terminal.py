"""The command on a real (pseudo-)terminal: prompts, colours, Ctrl-C."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest
from okta_oidc import Tokens
from okta_oidc.testing import FakeOkta

if sys.platform == "win32":
    pytest.skip("needs a pseudo-terminal", allow_module_level=True)

from ._command import CALLBACK
from ._terminals import Terminal


def without_colours(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def test_secrets_are_asked_for_and_do_not_show(
    okta: FakeOkta, tokens: Tokens, environment: dict[str, str]
) -> None:
    secret = environment.pop("OKTA_CLIENT_SECRET")
    with Terminal("introspect", env=environment) as terminal:
        terminal.wait_for("Client secret (not shown): ")
        terminal.type(secret.encode() + b"\n")
        terminal.wait_for("Token (not shown): ")
        terminal.type(tokens.access_token.encode() + b"\r")
        assert terminal.finish() == 0
        assert secret not in terminal.shown
        assert tokens.access_token not in terminal.shown
        assert "ada@example.com" in terminal.shown
        assert terminal.echoes


def test_a_token_longer_than_a_line_of_the_terminal_arrives_whole(
    okta: FakeOkta, environment: dict[str, str]
) -> None:
    token = "".join(f"{number:06d}." for number in range(3000))
    with Terminal("introspect", env=environment) as terminal:
        terminal.wait_for("Token (not shown): ")
        terminal.type(token.encode() + b"\n")
        assert terminal.finish() == 1
    assert okta.requests[-1].parameter("token") == token


def test_typing_can_be_corrected(okta: FakeOkta, environment: dict[str, str]) -> None:
    with Terminal("introspect", env=environment) as terminal:
        terminal.wait_for("Token (not shown): ")
        terminal.type(b"wrong\x15tokenx\x7f\xc3\xa4\n")
        assert terminal.finish() == 1
    assert okta.requests[-1].parameter("token") == "tokenä"


def test_ctrl_c_at_a_prompt(okta: FakeOkta, environment: dict[str, str]) -> None:
    with Terminal("introspect", env=environment) as terminal:
        terminal.wait_for("Token (not shown): ")
        terminal.type(b"half\x03")
        assert terminal.finish() == 130
        assert "interrupted" in terminal.shown
        assert "Traceback" not in terminal.shown
        assert terminal.echoes
    assert okta.requests == []


@pytest.mark.parametrize("keys", [b"\x04", b"\n", b"   \n"], ids=["Ctrl-D", "nothing", "blank"])
def test_no_answer_at_a_prompt(okta: FakeOkta, environment: dict[str, str], keys: bytes) -> None:
    with Terminal("introspect", env=environment) as terminal:
        terminal.wait_for("Token (not shown): ")
        terminal.type(keys)
        assert terminal.finish() == 2
        assert "the token from the prompt is empty" in terminal.shown
        assert terminal.echoes
    assert okta.requests == []


def test_a_dash_asks_for_what_is_not_asked_for_otherwise(
    okta: FakeOkta, environment: dict[str, str]
) -> None:
    environment["OKTA_OIDC_CODE"] = okta.authorize(CALLBACK)
    with Terminal(
        "token", "code", "--redirect-uri", CALLBACK, "--code-verifier-file", "-", env=environment
    ) as terminal:
        terminal.wait_for("Code verifier (not shown): ")
        terminal.type(b"PLANTED-verifier\n")
        # The fake made no challenge, so a verifier is too much.
        assert terminal.finish() == 6
        assert "PLANTED" not in terminal.shown
    assert okta.requests[-1].parameter("code_verifier") == "PLANTED-verifier"


def test_a_table_in_colour_and_as_wide_as_the_terminal(
    okta: FakeOkta, tokens: Tokens, environment: dict[str, str]
) -> None:
    environment["OKTA_OIDC_TOKEN"] = tokens.access_token
    with Terminal("introspect", env=environment, columns=48) as terminal:
        assert terminal.finish() == 0
        assert "\x1b[1;32mtrue" in terminal.shown
        lines = without_colours(terminal.shown).splitlines()
        assert max(map(len, lines)) <= 48
        assert any(line.startswith("╭") for line in lines)


def test_no_colour_where_none_is_wanted(
    okta: FakeOkta, tokens: Tokens, environment: dict[str, str]
) -> None:
    environment |= {"OKTA_OIDC_TOKEN": tokens.access_token, "NO_COLOR": "1"}
    with Terminal("introspect", env=environment) as terminal:
        assert terminal.finish() == 0
        assert not re.search(r"\x1b\[(?:\d+;)*3\d", terminal.shown)


def test_lines_where_standard_output_is_a_file(
    okta: FakeOkta, tokens: Tokens, environment: dict[str, str], tmp_path: Path
) -> None:
    environment["OKTA_OIDC_TOKEN"] = tokens.access_token
    with (
        (tmp_path / "out").open("wb") as file,
        Terminal("introspect", env=environment, stdout=file.fileno()) as terminal,
    ):
        assert terminal.finish() == 0
        assert terminal.shown == ""
    content = (tmp_path / "out").read_text()
    assert content.startswith("active: true" + os.linesep)
    assert "\x1b" not in content


def test_the_prompt_appears_where_standard_output_is_a_file(
    okta: FakeOkta, environment: dict[str, str], tmp_path: Path
) -> None:
    with (
        (tmp_path / "out").open("wb") as file,
        Terminal("introspect", "--json", env=environment, stdout=file.fileno()) as terminal,
    ):
        terminal.wait_for("Token (not shown): ")
        terminal.type(b"no-such-token\n")
        assert terminal.finish() == 1
    assert (tmp_path / "out").read_text().startswith('{"active": false')


def test_the_doctor_asks_for_the_secret_too(okta: FakeOkta, environment: dict[str, str]) -> None:
    secret = environment.pop("OKTA_CLIENT_SECRET")
    with Terminal("doctor", env=environment) as terminal:
        terminal.wait_for("Client secret (not shown): ")
        terminal.type(secret.encode() + b"\n")
        assert terminal.finish() == 0
        assert "accepted for" in terminal.shown
        assert secret not in terminal.shown


def test_a_login_shows_where_to_go_and_waits(environment: dict[str, str]) -> None:
    okta = FakeOkta(poll_interval=1, ticking=True)
    with okta.serve():
        client = okta.add_client(auth_method="none")
        environment |= {
            "OKTA_ORG_URL": okta.url,
            "OKTA_CLIENT_ID": client.client_id,
            "OKTA_AUTH_METHOD": "none",
        }
        del environment["OKTA_CLIENT_SECRET"]
        with Terminal("login", "--show-tokens", env=environment) as terminal:
            terminal.wait_for("Waiting for")
            assert "\u2580" in terminal.shown
            okta.approve()
            assert terminal.finish() == 0
            assert "eyJ" in terminal.shown


def test_ctrl_c_while_a_login_waits(
    okta: FakeOkta, environment: dict[str, str], tmp_path: Path
) -> None:
    environment["OKTA_CLIENT_ID"] = okta.add_client(auth_method="none").client_id
    environment["OKTA_AUTH_METHOD"] = "none"
    del environment["OKTA_CLIENT_SECRET"]
    with Terminal("login", "--save", str(tmp_path / "tokens.json"), env=environment) as terminal:
        terminal.wait_for("Waiting for")
        terminal.type(b"\x03")
        assert terminal.finish() == 130
        assert "interrupted" in terminal.shown
        assert "Traceback" not in terminal.shown
    assert list(tmp_path.iterdir()) == []


def test_a_key_is_not_asked_for(okta: FakeOkta, environment: dict[str, str]) -> None:
    # What is pasted after its first line would go to the shell.
    with Terminal("introspect", "--key-file", "-", env=environment) as terminal:
        assert terminal.finish() == 2
        assert "the private key is not asked for" in terminal.shown
    assert okta.requests == []
