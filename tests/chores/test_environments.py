"""An environment holds what the lock pins, and is filled again when that or the project changes."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from tasks import environments
from tasks.environments import LockError, fill, pinned, requirements
from tasks.project import LOCK, group, groups, runtime

LOCKED = """\
# A comment.
a==1 \\
    --hash=sha256:aa
    # via
    #   okta-oidc (pyproject.toml)
    #   c
b==1 ; python_full_version < '3.12' \\
    --hash=sha256:b1
    # via a
b==2 ; python_full_version >= '3.12' \\
    --hash=sha256:b2
    # via a
c==1 \\
    --hash=sha256:cc
    # via b
d==1 \\
    --hash=sha256:dd
    # via okta-oidc (pyproject.toml)
"""


def test_pins_are_what_is_needed_down_to_the_last() -> None:
    found = [line for line in pinned(["A>=0.5"], LOCKED).splitlines() if "==" in line]
    assert found == [line for line in LOCKED.splitlines() if "==" in line and line[0] in "abc"]
    assert pinned(["d"], LOCKED).startswith("d==1")
    assert pinned([], LOCKED) == ""


def test_what_the_lock_lacks_is_named() -> None:
    with pytest.raises(LockError, match=r"lacks e, f; run `nox -s lock`"):
        pinned(["e[extra]>=1", "f", "a"], LOCKED)


def test_the_lock_has_everything() -> None:
    lock = LOCK.read_text("utf-8")
    everything = [*group(*groups()), *runtime("aiohttp", "cli", "jwt", "otel", "redis")]
    assert pinned(everything, lock).count("--hash=") == lock.count("--hash=")


def test_requirements_are_those_of_the_groups_and_of_the_project() -> None:
    assert requirements("", "lint") == group("lint")
    plain, extra = requirements(".", "lint"), requirements("-e .[cli,redis]", "lint")
    assert set(plain) == {*group("lint", "backend"), *runtime()}
    assert set(extra) - set(plain) == set(runtime("cli", "redis")) - set(runtime())


class Installer:
    """Stands for pip and venv: remembers what it was told, and makes what they would leave."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.fails = False

    def make(self, folder: Path, python: str | Path) -> Path:
        self.told.append(f"make with {python}")
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "lib/python3/site-packages/pip-1.dist-info").mkdir(parents=True)
        (folder / "pyvenv.cfg").write_text("executable = /the/base\n", "utf-8")
        return folder

    def remove(self, python: Path, names: set[str]) -> None:
        if names:
            self.told.append(f"remove {' '.join(sorted(names))}")

    def install(self, python: Path, pins: str, *project: str) -> None:
        if self.fails:
            raise KeyboardInterrupt
        self.told.append(" ".join(project) or f"{pins.count('--hash=')} hashes")


@pytest.fixture
def installer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Installer:
    def named(project: str, *names: str) -> list[str]:
        return [*names]

    made = Installer()
    monkeypatch.setattr(environments, "make", made.make)
    monkeypatch.setattr(environments, "install", made.install)
    monkeypatch.setattr(environments, "remove", made.remove)
    monkeypatch.setattr(environments, "LOCK", tmp_path / "lock.txt")
    monkeypatch.setattr(environments, "requirements", named)
    monkeypatch.setattr(environments, "sources", lambda: {"a.py": b"1"})
    (tmp_path / "lock.txt").write_text(LOCKED, "utf-8")
    return made


def test_an_environment_is_filled_once(installer: Installer, tmp_path: Path) -> None:
    for _ in range(2):
        fill(tmp_path / "venv", ".[x]", "a")
    assert installer.told == [f"make with {sys.executable}", "4 hashes", ".[x]"]


def test_an_environment_that_is_new_is_not_made_again(installer: Installer, tmp_path: Path) -> None:
    installer.make(tmp_path / "venv", "nox")
    fill(tmp_path / "venv", "", "d")
    assert installer.told == ["make with nox", "1 hashes"]


def test_other_pins_are_installed_and_what_is_left_over_is_not_kept(
    installer: Installer, tmp_path: Path
) -> None:
    fill(tmp_path / "venv", "", "a")
    for name in ("a", "d", "okta_oidc"):
        (tmp_path / f"venv/lib/python3/site-packages/{name}-1.dist-info").mkdir()
    del installer.told[:]
    (tmp_path / "lock.txt").write_text(LOCKED.replace("a==1", "a==3"), "utf-8")
    fill(tmp_path / "venv", "", "a")
    assert installer.told == ["remove d", "4 hashes"]


@pytest.mark.parametrize(("old", "new"), [("d==1", "d==3"), ("# via a", "# via\n    #   a")])
def test_what_is_pinned_for_others_and_why_is_no_reason(
    installer: Installer, tmp_path: Path, old: str, new: str
) -> None:
    fill(tmp_path / "venv", "", "a")
    del installer.told[:]
    (tmp_path / "lock.txt").write_text(LOCKED.replace(old, new), "utf-8")
    fill(tmp_path / "venv", "", "a")
    assert installer.told == []


def test_other_sources_install_the_project_again(
    installer: Installer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder, project in (("with", "."), ("without", "")):
        fill(tmp_path / folder, project, "d")
    del installer.told[:]
    monkeypatch.setattr(environments, "sources", lambda: {"a.py": b"2"})
    for folder, project in (("with", "."), ("without", "")):
        fill(tmp_path / folder, project, "d")
    assert installer.told == ["."]


def test_what_was_interrupted_is_begun_anew(installer: Installer, tmp_path: Path) -> None:
    fill(tmp_path / "venv", ".", "d")
    (tmp_path / "venv/lib/python3/site-packages/d-1.dist-info").mkdir()
    del installer.told[:]
    installer.fails = True
    with pytest.raises(KeyboardInterrupt):
        fill(tmp_path / "venv", ".[x]", "d")
    installer.fails = False
    fill(tmp_path / "venv", ".", "d")
    # With the interpreter that it had, not with the one that runs this.
    assert installer.told == ["make with /the/base", "1 hashes", "."]


def test_sources_are_what_the_wheel_is_built_from() -> None:
    found = environments.sources()
    assert {"pyproject.toml", "README.md", "overlay/okta_oidc/py.typed"} <= found.keys()
    assert not any(name.startswith(("tests/", "docs/")) or "pycache" in name for name in found)
