"""The last release is a tag before the commit, or the stored baseline."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from . import _snapshots
from ._snapshots import NoReleaseError, last_release


def _run(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """One with the releases 0.1.0 and 0.2.0, another tag, and a commit after them."""
    folder = tmp_path / "repository"
    (folder / "overlay" / "okta_oidc").mkdir(parents=True)
    _run(tmp_path, "init", "-q", str(folder))
    for file in ("openapi/okta-oauth.yaml", "generated/a.py", "tests/typing/api.py"):
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text("\n", "utf-8")
    for version, tag in (("0.1.0", "v0.1.0"), ("0.2.0", "v0.2.0"), ("0.2.0", "nightly")):
        module = folder / "overlay" / "okta_oidc" / "_version.py"
        module.write_text(f'__version__ = "{version}"\n', "utf-8")
        _run(folder, "add", ".")
        _run(folder, "commit", "-q", "--allow-empty", "-m", tag)
        _run(folder, "tag", "--no-sign", tag)
    return folder


def test_the_last_tag_of_a_version(repository: Path, tmp_path: Path) -> None:
    found = last_release(tmp_path, root=repository)
    assert (found.name, found.tag, found.version) == ("v0.2.0", "v0.2.0", "0.2.0")


def test_a_release_is_not_compared_with_itself(repository: Path, tmp_path: Path) -> None:
    assert last_release(tmp_path, but="v0.2.0", root=repository).version == "0.1.0"


def test_without_a_tag(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, repository: Path) -> None:
    baseline = tmp_path / "baseline.zip"
    _run(repository, "archive", "--format=zip", f"--output={baseline}", "v0.1.0")
    monkeypatch.setattr(_snapshots, "BASELINE", baseline)
    found = last_release(tmp_path, root=tmp_path)
    assert (found.name, found.tag, found.version) == ("the stored baseline", "", "0.1.0")


def test_without_anything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_snapshots, "BASELINE", tmp_path / "none.zip")
    with pytest.raises(NoReleaseError, match="git fetch --tags"):
        last_release(tmp_path, root=tmp_path)
