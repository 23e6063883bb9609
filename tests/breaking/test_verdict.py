"""Versions: what a step makes of one, and which one is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from ._compare import step_of
from ._report import faults, report
from ._snapshots import Snapshot, today
from ._verdict import Finding, Step, next_version
from .conftest import Planter

_MAJOR = Finding("types", Step.MAJOR, "api.py:1", "is gone")
_MINOR = Finding("surface", Step.MINOR, "okta_oidc.new", "is new")


@pytest.mark.parametrize(
    ("released", "step", "expected"),
    [
        ("0.3.2", Step.NONE, "0.3.2"),
        ("0.3.2", Step.PATCH, "0.3.3"),
        ("0.3.2", Step.MINOR, "0.3.3"),
        ("0.3.2", Step.MAJOR, "0.4.0"),
        ("1.4.2", Step.PATCH, "1.4.3"),
        ("1.4.2", Step.MINOR, "1.5.0"),
        ("1.4.2", Step.MAJOR, "2.0.0"),
    ],
)
def test_next_version(released: str, step: Step, expected: str) -> None:
    assert next_version(released, step) == expected


def _released(folder: Path, version: str) -> Snapshot:
    module = folder / "overlay" / "okta_oidc" / "_version.py"
    module.parent.mkdir(parents=True)
    module.write_text(f'__version__ = "{version}"\n', "utf-8")
    return Snapshot(f"v{version}", folder, f"v{version}")


def _faults(tmp_path: Path, released: str, version: str, *found: Finding, tag: str = "") -> str:
    before = _released(tmp_path / "before", released)
    after = _released(tmp_path / "after", version)
    return "\n".join(faults(before, after, list(found), tag))


def test_a_version_that_has_not_moved_is_work_under_way(tmp_path: Path) -> None:
    assert _faults(tmp_path, "1.4.2", "1.4.2", _MAJOR) == ""


def test_too_small_a_step(tmp_path: Path) -> None:
    assert "too small a step from 1.4.2: 2.0.0" in _faults(tmp_path, "1.4.2", "1.5.0", _MAJOR)


def test_a_step_that_is_large_enough(tmp_path: Path) -> None:
    assert _faults(tmp_path, "1.4.2", "1.5.0", _MINOR) == ""


def test_release_of_a_version_that_has_not_moved(tmp_path: Path) -> None:
    found = _faults(tmp_path, "1.4.2", "1.4.2", _MINOR, tag="v1.4.2")
    assert "too small a step" in found


def test_release_under_another_tag(tmp_path: Path) -> None:
    found = _faults(tmp_path, "1.4.2", "1.5.0", _MINOR, tag="v1.6.0")
    assert "the tag is v1.6.0, and the version 1.5.0" in found
    assert "CHANGELOG.md has no section [1.5.0]" in found


def test_report_before_the_first_release(planted: Planter) -> None:
    before = today()
    after = planted("overlay/okta_oidc/_version.py", "__version__", "# A comment.\n__version__")
    assert step_of(before, before, []) is Step.NONE
    assert step_of(before, after, []) is Step.PATCH
    told = report(before, after, [_MAJOR, _MINOR])
    assert "MAJOR: breaks code that uses it\n  types: api.py:1: is gone" in told
    assert "MINOR: new or looser" in told
    assert told.endswith("may still be the first.")
