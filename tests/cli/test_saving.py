"""Tokens that were issued are somewhere, whatever the disk and the reader of the output do."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from okta_oidc import OktaOIDC, Tokens
from okta_oidc.testing import FakeOkta

from ._command import (
    CALLBACK,
    PATIENCE,
    Outcome,
    clean_environment,
    run_here,
    run_script,
    script,
)

posix = pytest.mark.skipif(os.name == "nt", reason="limits, modes and pipes of POSIX")

ARGUMENTS = ("token", "code", "--redirect-uri", CALLBACK)


@pytest.fixture(autouse=True)
def refuge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory for temporary files, of this process and of those that it starts."""
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    monkeypatch.setenv("TMPDIR", str(place))
    return place


def held(okta: FakeOkta, file: Path) -> bool:
    """Whether a file holds a token that is good, and is its owner's alone."""
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with okta.client() as client:
        return client.introspect(json.loads(file.read_text())["access_token"]).active


def named(outcome: Outcome) -> Path:
    """The file that the hint names."""
    found = re.search(r"the tokens are in (\S+), which only you can read", outcome.err)
    assert found, outcome.err
    return Path(found[1])


# Before the code is spent


@posix
@pytest.mark.parametrize("most", [0, 4096], ids=["no room", "room for part of it"])
def test_a_disk_without_room_is_noticed_before_a_code_is_spent(
    okta: FakeOkta, environment: dict[str, str], tmp_path: Path, most: int
) -> None:
    import resource

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

    folder = tmp_path / "folder"
    folder.mkdir()
    code = okta.authorize(CALLBACK)
    done = subprocess.run(
        [*script(), *ARGUMENTS, "--save", str(folder / "tokens.json")],
        input=code,
        capture_output=True,
        text=True,
        env=clean_environment(environment),
        preexec_fn=limit,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "cannot write the file that --save names" in done.stderr
    assert okta.requests == []
    assert list(folder.iterdir()) == []
    again = run_here(*ARGUMENTS, "--save", str(folder / "tokens.json"), stdin=code)
    assert again.code == 0


def test_room_is_reserved_where_the_file_system_cannot_set_it_aside(
    okta: FakeOkta, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "posix_fallocate", raising=False)
    file = tmp_path / "tokens.json"
    outcome = run_here(*ARGUMENTS, "--save", str(file), stdin=okta.authorize(CALLBACK))
    assert outcome.code == 0
    assert held(okta, file)
    assert file.stat().st_size < 1 << 16


# After it


def _after_the_call(monkeypatch: pytest.MonkeyPatch, what: Callable[[], object]) -> None:
    exchange = OktaOIDC.token_for_code

    def token_for_code(self: OktaOIDC, *args: Any, **options: Any) -> Tokens:
        tokens = exchange(self, *args, **options)
        what()
        return tokens

    monkeypatch.setattr(OktaOIDC, "token_for_code", token_for_code)


@posix
@pytest.mark.parametrize("trouble", ["its folder goes", "a folder takes its place", "disk full"])
def test_tokens_that_cannot_be_written_where_they_belong_are_elsewhere(
    okta: FakeOkta, tmp_path: Path, refuge: Path, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    file = folder / "tokens.json"
    fsync = os.fsync

    def full(descriptor: int) -> None:
        monkeypatch.setattr(os, "fsync", fsync)
        raise OSError(28, "No space left on device")

    troubles: dict[str, Callable[[], object]] = {
        "its folder goes": lambda: shutil.rmtree(folder),
        "a folder takes its place": file.mkdir,
        "disk full": lambda: monkeypatch.setattr(os, "fsync", full),
    }
    _after_the_call(monkeypatch, troubles[trouble])
    outcome = run_here(*ARGUMENTS, "--save", str(file), stdin=okta.authorize(CALLBACK))
    assert (outcome.code, outcome.out) == (74, "")
    kept = named(outcome)
    assert kept.parent == (refuge if trouble == "its folder goes" else folder)
    assert held(okta, kept)
    assert "eyJ" not in outcome.all
    left = {path for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {kept}


def test_without_any_refuge_it_says_how_to_see_them(
    okta: FakeOkta, tmp_path: Path, refuge: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "none"))

    def gone() -> None:
        shutil.rmtree(folder)
        refuge.rmdir()

    _after_the_call(monkeypatch, gone)
    arguments = (*ARGUMENTS, "--save", str(folder / "tokens.json"))
    outcome = run_here(*arguments, "--json", stdin=okta.authorize(CALLBACK))
    assert (outcome.code, outcome.out) == (74, "")
    assert outcome.error["exit_code"] == 74
    assert "--show-tokens" in outcome.error["hint"]


@posix
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("to", [">/dev/full", ">&-", "| true"], ids=["full", "shut", "no reader"])
@pytest.mark.parametrize("saved", [True, False])
def test_tokens_that_cannot_be_shown_are_in_a_file(
    okta: FakeOkta, environment: dict[str, str], tmp_path: Path, refuge: Path, to: str, saved: bool
) -> None:
    file = tmp_path / "tokens.json"
    options = ["--show-tokens", *(["--save", str(file)] if saved else [])]
    shell = f'"$@" {to}; exit ${{PIPESTATUS[0]}}'
    # A reader that has gone already: `true` reads nothing, and ends while Python starts.
    outcome = run_script(
        stdin=okta.authorize(CALLBACK).encode(),
        env={**environment, "TMPDIR": str(refuge)},
        command=["bash", "-c", shell, "bash", *script(), *ARGUMENTS, *options],
    )
    assert outcome.code == (141 if to == "| true" else 74)
    kept = named(outcome)
    assert held(okta, kept)
    assert (kept == file) is saved
    assert (list(refuge.iterdir()) == []) is saved
    assert "eyJ" not in outcome.err


def test_tokens_that_are_not_asked_for_are_in_no_file(
    okta: FakeOkta, environment: dict[str, str], refuge: Path
) -> None:
    outcome = run_script(
        stdin=okta.authorize(CALLBACK).encode(),
        env={**environment, "TMPDIR": str(refuge)},
        command=["sh", "-c", '"$@" >&-', "sh", *script(), *ARGUMENTS],
    )
    assert outcome.code == 74
    assert list(refuge.iterdir()) == []


@pytest.mark.parametrize("depth", [300, 600, 900])
def test_an_answer_nested_deeply_is_saved_and_shown(
    okta: FakeOkta, tmp_path: Path, depth: int
) -> None:
    deep = "[" * depth + "]" * depth
    body = f'{{"token_type": "Bearer", "access_token": "AT", "deep": {deep}}}'
    okta.faults.answer(200, headers=[("Content-Type", "application/json")], body=body, times=2)
    file = tmp_path / "tokens.json"
    arguments = ("token", "client-credentials", "--save", str(file), "--show-tokens")
    for options in ((), ("--json",)):
        outcome = run_here(*arguments, *options, terminal=bool(options))
        assert (outcome.code, outcome.err) == (0, "")
        assert outcome.out.count("[") == file.read_text().count("[") == depth
