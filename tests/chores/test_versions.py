"""The lowest versions are those that pyproject.toml allows."""

from __future__ import annotations

import pytest
from packaging.version import Version

from tasks.project import extras, runtime
from tasks.versions import lowest_of


def test_lowest() -> None:
    assert lowest_of(["a>=1.2,<2", "b[x]>=3"]) == {"a": Version("1.2"), "b": Version("3")}


@pytest.mark.parametrize("line", ["a", "a<2", "a>=1,>=2", "a==1"])
def test_one_without_a_lowest_version(line: str) -> None:
    with pytest.raises(ValueError, match="has no lowest version"):
        lowest_of([line])


def test_everything_that_is_required_has_one() -> None:
    assert {"httpx", "attrs"} <= lowest_of(runtime(*extras())).keys()
