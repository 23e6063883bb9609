"""What the other chores decide, without the programs that they run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tasks import debian, node, pythons, workflows
from tasks.bill import finish
from tasks.debian import Program, missing
from tasks.project import ROOT, run


def test_a_program_is_found_by_any_of_its_names() -> None:
    assert Program(("no-such-program", Path(sys.executable).name), ("x",)).is_here()
    assert Program(("no-such-program",), ("x",), "etc/host?").is_here()
    assert not Program(("no-such-program",), ("x",), "no/such/*").is_here()


def test_only_what_is_missing_is_installed() -> None:
    def only_chromium_is_here(program: Program) -> bool:
        return "chromium" in program.names

    assert missing(["browser", "redis"], only_chromium_is_here) == [
        "chromium-driver",
        "redis-server",
    ]
    assert missing(["browser"], lambda program: True) == []


def test_what_is_to_be_installed_is_said_first(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def redis(kinds: object) -> list[str]:
        return ["redis-server"]

    def found(name: str) -> str:
        return f"/usr/bin/{name}"

    def must(*command: str, env: dict[str, str]) -> None:
        assert "redis-server" in capsys.readouterr().out or command[1] != "update"
        commands.append(command[1])

    commands: list[str] = []
    monkeypatch.setattr(debian, "missing", redis)
    monkeypatch.setattr(debian, "must", must)
    monkeypatch.setattr(shutil, "which", found)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    debian.main()
    assert commands == ["update", "install"]
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(SystemExit, match=r"on Debian: apt-get install .* redis-server$"):
        debian.main()
    assert len(commands) == 2


@pytest.fixture
def npm(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Where ``npm ci`` was run; it begins by deleting what is there."""
    ran: list[Path] = []

    def must(*command: str, cwd: Path, env: dict[str, str]) -> None:
        ran.append(cwd)
        (cwd / "node_modules").mkdir(exist_ok=True)
        (cwd / "node_modules" / "installed-from.json").unlink(missing_ok=True)

    monkeypatch.setattr(node, "must", must)
    return ran


def test_npm_packages_are_brought_when_their_lock_changes(tmp_path: Path, npm: list[Path]) -> None:
    source, folder = tmp_path / "source", tmp_path / "folder"
    source.mkdir()
    (source / "package-lock.json").write_text("{}", "utf-8")
    for text in ("a", "b"):
        (source / "document.yaml").write_text(text, "utf-8")
        node.bring(source, folder)
        assert (folder / "document.yaml").read_text("utf-8") == text
    assert npm == [folder]
    (source / "package-lock.json").write_text("{ }", "utf-8")
    node.bring(source, folder)
    node.bring(source, folder)
    assert npm == [folder, folder]


def test_npm_packages_whose_installation_failed_are_brought_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "package-lock.json").write_text("{}", "utf-8")

    def fails(*command: str, cwd: Path, env: dict[str, str]) -> None:
        raise SystemExit

    monkeypatch.setattr(node, "must", fails)
    for _ in range(2):
        with pytest.raises(SystemExit):
            node.bring(tmp_path, tmp_path / "folder")


def test_this_python_is_found() -> None:
    found = pythons.find(".".join(map(str, sys.version_info[:2])))
    assert found is not None
    assert pythons.find("3.0") is None


def test_a_python_that_is_named_must_be_here(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def nowhere(version: str) -> None:
        return None

    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr(pythons, "find", nowhere)
    for arguments, code in (([], 0), (["3.12"], 1)):
        monkeypatch.setattr(sys, "argv", ["pythons", "folder", *arguments])
        assert pythons.main() == code
        assert "Python 3.12 is not on this machine." in capsys.readouterr().out
    monkeypatch.setenv("CI", "1")
    monkeypatch.setattr(sys, "argv", ["pythons", "folder"])
    assert pythons.main() == 1


def test_a_bill_names_its_wheel() -> None:
    component: dict[str, Any] = {"name": "okta-oidc"}
    tool = {"name": "t", "externalReferences": [1]}
    finish({"metadata": {"component": component, "tools": {"components": [tool]}}}, "1.2", "ab")
    assert component["purl"] == "pkg:pypi/okta-oidc@1.2"
    assert component["hashes"] == [{"alg": "SHA-256", "content": "ab"}]
    assert tool == {"name": "t"}


@pytest.mark.parametrize(
    ("said", "code", "noticed"),
    [("it is runs-on", 1, True), ("it is runs-on", 0, False), ("a crash", 1, False)],
)
def test_a_control_needs_the_right_complaint(said: str, code: int, *, noticed: bool) -> None:
    def check(folder: Path) -> workflows.Command:
        assert "spoilt" in (folder / "workflows" / "ci.yml").read_text("utf-8")
        return (sys.executable, "-c", f"import sys; print({said!r}); sys.exit({code})")

    control = workflows.Control(check, "workflows/ci.yml", "runs-on:", "spoilt:", "runs-on")
    assert workflows.notices(control) is noticed


def test_output_is_kept_back_unless_a_program_fails(capfd: pytest.CaptureFixture[str]) -> None:
    def program(code: int) -> tuple[str, ...]:
        return (sys.executable, "-c", f"import sys; print('it' + ' said'); sys.exit({code})")

    assert run(*program(0), quiet=True) == 0
    assert "it said" not in capfd.readouterr().out
    assert run(*program(3), quiet=True) == 3
    assert "it said" in capfd.readouterr().out
    assert run(*program(0)) == 0
    assert "it said" in capfd.readouterr().out


def test_the_noxfile_imports_without_running_anything() -> None:
    """Whatever is on the machine: not even ``pyproject.toml`` is read."""
    script = (
        "import builtins, subprocess, runpy, pathlib\n"
        "def no(*a, **k): raise AssertionError(a)\n"
        "subprocess.Popen = builtins.print = pathlib.Path.read_text = no\n"
        "runpy.run_path('noxfile.py')\n"
    )
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True)
