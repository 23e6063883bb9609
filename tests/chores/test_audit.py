"""The audit asks about everything, and takes neither silence nor a finding for success."""

from __future__ import annotations

from typing import Any

from tasks.audit import fault, rounds

LOCKED = """\
a==1 ; python_full_version < '3.12' \\
    --hash=sha256:a1
    # via b
a==2 ; python_full_version >= '3.12' \\
    --hash=sha256:a2
    # via b
b==1 \\
    --hash=sha256:bb
    # via okta-oidc (pyproject.toml)
"""


def test_each_version_is_asked_about_whatever_it_is_for() -> None:
    found = rounds(LOCKED)
    assert [
        {name: text.split("\\")[0].rstrip() for name, text in each.items()} for each in found
    ] == [
        {"a": "a==1", "b": "b==1"},
        {"a": "a==2"},
    ]


def _package(**reported: object) -> dict[str, Any]:
    return {"name": "a", "version": "1", "vulns": [], **reported}


def test_good() -> None:
    assert fault([_package(), _package(version="2")], 2) == ""


def test_a_vulnerability() -> None:
    bad = _package(vulns=[{"id": "CVE-1"}, {"id": "CVE-2"}])
    assert fault([_package(), bad], 2) == "known vulnerabilities:\n  a 1: CVE-1, CVE-2"


def test_silence_is_no_success() -> None:
    assert "reported nothing about 1 of 1" in fault([_package(skip_reason="offline")], 1)
    assert "1 packages, and 2 are in the lock" in fault([_package()], 2)
