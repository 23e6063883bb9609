"""The console script as a process: what the shell sees of it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import okta_oidc
import pytest
from okta_oidc import Tokens
from okta_oidc.testing import FakeOkta

from ._command import (
    CALLBACK,
    PATIENCE,
    clean_environment,
    heed_interrupts,
    run_here,
    run_script,
    script,
)

posix = pytest.mark.skipif(os.name == "nt", reason="signals and pipes of POSIX")


def test_the_script_works(tokens: Tokens, environment: dict[str, str]) -> None:
    outcome = run_script("introspect", stdin=tokens.access_token.encode(), env=environment)
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.values["active"] == "true"


def test_the_module_works_too(environment: dict[str, str]) -> None:
    outcome = run_script(
        "introspect",
        "--json",
        stdin=b"t",
        env=environment,
        command=[sys.executable, "-m", "okta_oidc.cli"],
    )
    assert (outcome.code, outcome.document["active"]) == (1, False)


def test_its_version() -> None:
    outcome = run_script("--version")
    assert outcome.code == 0
    assert okta_oidc.__version__ in outcome.out


@pytest.mark.parametrize(
    "command",
    [
        (),
        ("introspect",),
        ("revoke",),
        ("token",),
        ("token", "refresh"),
        ("token", "code"),
        ("token", "client-credentials"),
        ("login",),
        ("decode",),
        ("metadata",),
        ("keys",),
        ("doctor",),
        ("completion",),
    ],
    ids=" ".join,
)
def test_everything_has_help(command: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    for option in ("--help", "-h"):
        assert run_here(*command, option).code == 0
        shown = capsys.readouterr()
        assert shown.err == ""
        assert shown.out.startswith("Usage: okta-oidc")


def test_a_command_is_needed() -> None:
    outcome = run_script()
    assert (outcome.code, outcome.out) == (2, "")
    assert "a command is missing" in outcome.err


@pytest.mark.parametrize("missing", ["click", "rich"])
def test_without_the_extra_it_says_what_to_install(missing: str, tmp_path: Path) -> None:
    package = tmp_path / missing
    package.mkdir()
    (package / "__init__.py").write_text(
        f"raise ModuleNotFoundError('No module named {missing}', name='{missing}')\n"
    )
    path = os.pathsep.join([str(tmp_path), *filter(None, sys.path)])
    outcome = run_script("decode", env={"PYTHONPATH": path}, stdin=b"x")
    assert (outcome.code, outcome.out) == (69, "")
    assert "pip install 'okta-oidc[cli]'" in outcome.err
    assert "Traceback" not in outcome.err


def test_another_import_that_fails_is_not_blamed_on_the_extra(tmp_path: Path) -> None:
    package = tmp_path / "click"
    package.mkdir()
    (package / "__init__.py").write_text("import no_such_module_of_clicks_own\n")
    path = os.pathsep.join([str(tmp_path), *filter(None, sys.path)])
    outcome = run_script("decode", env={"PYTHONPATH": path}, stdin=b"x")
    assert "no_such_module_of_clicks_own" in outcome.err
    assert "pip install" not in outcome.err


def test_the_package_is_imported_without_its_command_line() -> None:
    # httpx loads click and rich itself, for a command of its own, where they are installed.
    code = (
        "import sys, okta_oidc\n"
        "found = {'click', 'rich', 'httpx'} & set(sys.modules)\n"
        "from okta_oidc import ClientSecretBasic, OktaOIDC\n"
        "found |= {'okta_oidc.cli'} & set(sys.modules)\n"
        "sys.exit(f'imported: {found}' if found else 0)"
    )
    assert run_script(command=[sys.executable, "-c", code]).err == ""


def test_completing_and_decoding_leave_httpx_alone() -> None:
    code = (
        "import sys\n"
        "from okta_oidc.cli import _running\n"
        "sys.exit(str({'httpx', 'rich', 'okta_oidc_api'} & set(sys.modules) or ''))"
    )
    assert run_script(command=[sys.executable, "-c", code]).err.strip() == ""


# Completion


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(shell: str) -> None:
    outcome = run_script("completion", shell)
    assert outcome.code == 0
    assert "_OKTA_OIDC_COMPLETE" in outcome.out
    path = shutil.which(shell)
    if path is not None:
        checked = subprocess.run(
            [path, "-n"], input=outcome.out.encode(), capture_output=True, check=False
        )
        assert (checked.returncode, checked.stderr) == (0, b"")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("okta-oidc ", {"introspect", "revoke", "token", "decode", "doctor", "completion"}),
        ("okta-oidc tok", {"token"}),
        ("okta-oidc token ", {"refresh", "code", "client-credentials"}),
        ("okta-oidc revoke --hint o", {"oauth_sts"}),
        ("okta-oidc decode --t", {"--token-file"}),
        ("okta-oidc unknown ", set[str]()),
    ],
)
def test_completion(words: str, expected: set[str]) -> None:
    parts = words.split(" ")
    outcome = run_script(
        env={
            "_OKTA_OIDC_COMPLETE": "bash_complete",
            "COMP_WORDS": "\n".join(parts),
            "COMP_CWORD": str(len(parts) - 1),
        }
    )
    completions = {line.partition(",")[2] for line in outcome.out.splitlines()}
    assert completions & expected == expected
    if words.endswith("unknown "):
        assert "Traceback" not in outcome.err


# Ends that are not its own


@posix
def test_a_reader_that_stops_reading(environment: dict[str, str]) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [*script(), "introspect"],
        input=b"t",
        stdout=write,
        stderr=subprocess.PIPE,
        env=clean_environment(environment),
        timeout=PATIENCE,
        check=False,
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (141, b"")


@posix
def test_a_reader_of_a_table_that_stops_reading(environment: dict[str, str]) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [*script(), "introspect"],
        input=b"t",
        stdout=write,
        stderr=subprocess.PIPE,
        env=clean_environment({**environment, "FORCE_COLOR": "1"}),
        timeout=PATIENCE,
        check=False,
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("colour", ["", "1"], ids=["lines", "table"])
def test_a_full_disk(environment: dict[str, str], colour: str) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*script(), "introspect"],
            input=b"t",
            stdout=full,
            stderr=subprocess.PIPE,
            env=clean_environment({**environment, "FORCE_COLOR": colour}),
            timeout=PATIENCE,
            check=False,
        )
    assert done.returncode == 74
    assert b"cannot write the output: No space left on device" in done.stderr
    assert b"Traceback" not in done.stderr


@posix
@pytest.mark.parametrize(
    ("closed", "code"), [(">&-", 74), ("2>&-", 1), ("<&-", 2), (">&- 2>&-", 74)]
)
def test_streams_that_are_shut(environment: dict[str, str], closed: str, code: int) -> None:
    outcome = run_script(
        stdin=b"t",
        env=environment,
        command=["sh", "-c", f'exec "$@" {closed}', "sh", *script(), "introspect"],
    )
    assert outcome.code == code
    assert "Traceback" not in outcome.all


@posix
@pytest.mark.parametrize(
    ("command", "doubt"),
    [(("token", "code", "--redirect-uri", CALLBACK), True), (("revoke",), False)],
)
def test_ctrl_c_while_a_call_is_under_way(
    environment: dict[str, str], command: tuple[str, ...], doubt: bool
) -> None:
    # A server that takes the request and says nothing.
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(PATIENCE)
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        process = subprocess.Popen(
            [*script(), *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=clean_environment({**environment, "OKTA_ORG_URL": url}),
            preexec_fn=heed_interrupts,
        )
        assert process.stdin is not None
        process.stdin.write(b"PLANTED")
        process.stdin.close()
        process.stdin = None
        connection, _ = server.accept()
        with connection:
            connection.settimeout(PATIENCE)
            assert connection.recv(1 << 16)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out) == (130, b"")
    assert err.startswith(b"okta-oidc: interrupted\n")
    assert (b"the code may have been used up" in err) is doubt
    assert b"PLANTED" not in err
    assert b"Traceback" not in err


@posix
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT"])
def test_no_draft_is_left_behind_by_a_login_that_is_ended(
    okta: FakeOkta, environment: dict[str, str], tmp_path: Path, name: str
) -> None:
    process = subprocess.Popen(
        [*script(), "login", "--save", str(tmp_path / "tokens.json")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=clean_environment(environment),
        preexec_fn=heed_interrupts,
    )
    assert process.stderr is not None
    while b"Waiting for" not in process.stderr.readline():
        assert process.poll() is None
    assert len(list(tmp_path.iterdir())) == 1
    process.send_signal(getattr(signal, name))
    _, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (130, b"okta-oidc: interrupted\n")
    assert list(tmp_path.iterdir()) == []


def test_a_locale_without_the_characters(okta: FakeOkta, environment: dict[str, str]) -> None:
    okta.add_user("zoë@example.com")
    with okta.client() as client:
        code = okta.authorize(CALLBACK, username="zoë@example.com")
        token = client.token_for_code(code, CALLBACK).access_token
    outcome = run_script(
        "introspect",
        stdin=token.encode(),
        env={**environment, "PYTHONIOENCODING": "ascii", "FORCE_COLOR": "1"},
    )
    assert outcome.code == 0
    assert "zo\\xeb@example.com" in outcome.out
