"""The last release is a tag before the commit, or the baseline."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from ._snapshots import NoReleaseError, last_release


def _run(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
    command = ["git", *identity, *arguments]
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout


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


def test_without_a_tag(repository: Path, tmp_path: Path) -> None:
    baseline = _run(repository, "rev-parse", "v0.1.0^{commit}").strip()
    _run(repository, "tag", "--delete", "v0.1.0", "v0.2.0")
    found = last_release(tmp_path, root=repository, baseline=baseline)
    assert (found.name, found.tag) == (f"the baseline {baseline[:12]}", "")
    assert found.version == "0.1.0"
    assert [file.name for file in found.typing] == ["api.py"]


def test_this_repository_has_one(tmp_path: Path) -> None:
    assert "api.py" in [file.name for file in last_release(tmp_path).typing]


def test_a_shallow_clone(repository: Path, tmp_path: Path) -> None:
    baseline = _run(repository, "rev-parse", "v0.1.0^{commit}").strip()
    clone = tmp_path / "clone"
    _run(tmp_path, "clone", "--depth=1", "--no-tags", repository.as_uri(), str(clone))
    with pytest.raises(NoReleaseError, match=r"shallow: `git fetch --unshallow`"):
        last_release(tmp_path, root=clone, baseline=baseline)
    _run(clone, "fetch", "--unshallow", "--no-tags")
    assert last_release(tmp_path, root=clone, baseline=baseline).version == "0.1.0"


def test_a_baseline_that_nobody_has(repository: Path, tmp_path: Path) -> None:
    _run(repository, "tag", "--delete", "v0.1.0", "v0.2.0")
    with pytest.raises(NoReleaseError, match="fetch it, or name another"):
        last_release(tmp_path, root=repository, baseline="0" * 40)


def test_without_a_repository(tmp_path: Path) -> None:
    with pytest.raises(NoReleaseError, match="no git repository"):
        last_release(tmp_path, root=tmp_path)
