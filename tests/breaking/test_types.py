"""The level of types notices what names and signatures do not tell."""

from __future__ import annotations

from pathlib import Path

import pytest

from . import _types
from ._snapshots import Snapshot
from ._verdict import Step
from .conftest import Planter

_CLIENT = "overlay/okta_oidc/_client.py"

BREAKS = {
    "a result may be missing": (
        (_CLIENT, "    ) -> Tokens:", "    ) -> Tokens | None:"),
        "Tokens | None",
    ),
    "a member of a result is of another type": (
        (
            "overlay/okta_oidc/_results.py",
            "    expires_in: int | None",
            "    expires_in: str | None",
        ),
        'Expression is of type "str | None"',
    ),
    "an argument takes less": (
        (_CLIENT, "code_verifier: str | None = None,", "code_verifier: str,"),
        "code_verifier",
    ),
    "an error leaves its family": (
        (
            "overlay/okta_oidc/_errors.py",
            "class ServerError(APIError)",
            "class ServerError(OktaError)",
        ),
        "ServerError",
    ),
    "a generated field is of another type": (
        (
            "generated/okta_oidc_api/models/token_response.py",
            "    expires_in: int | Unset = UNSET",
            "    expires_in: str | Unset = UNSET",
        ),
        "str | Unset",
    ),
    "a generated class is exported no more": (
        ("generated/okta_oidc_api/models/__init__.py", "from .ciba_grant import CibaGrant\n", ""),
        "CibaGrant",
    ),
}


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Only what differs is checked again."""
    return tmp_path_factory.mktemp("mypy")


@pytest.mark.parametrize("name", BREAKS)
def test_break(before: Snapshot, planted: Planter, cache: Path, name: str) -> None:
    plant, expected = BREAKS[name]
    found = list(_types.compare(before, planted(*plant), cache))
    assert {finding.step for finding in found} == {Step.MAJOR}
    assert any(expected in str(finding) for finding in found), list(map(str, found))
    files = {file.name for file in before.typing}
    assert {finding.where.partition(":")[0] for finding in found} <= files


def test_no_break(before: Snapshot, cache: Path) -> None:
    assert list(_types.compare(before, before, cache)) == []


def test_a_checker_that_fails_is_no_success(before: Snapshot, tmp_path: Path, cache: Path) -> None:
    broken = Snapshot("broken", tmp_path)
    file = tmp_path / "tests" / "typing" / "api.py"
    file.parent.mkdir(parents=True)
    file.write_text("def\n", "utf-8")
    with pytest.raises(_types.CheckerError):
        list(_types.compare(broken, before, cache))
    file.unlink()
    with pytest.raises(_types.CheckerError):
        list(_types.compare(broken, before, cache))
