"""Which step of the version the changes take, by ``docs/semver.md``."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

from packaging.version import Version

Level = Literal["surface", "models", "types"]


class Step(IntEnum):
    """A step of a version, the larger the more it asks of users."""

    NONE = 0
    PATCH = 1
    MINOR = 2
    MAJOR = 3


MEANINGS = {
    Step.MAJOR: "breaks code that uses it",
    Step.MINOR: "new or looser: code that works goes on working",
    Step.PATCH: "words and inner workings: nothing to do",
    Step.NONE: "nothing has changed",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One change: where it is, and what it is."""

    level: Level
    step: Step
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.level}: {self.where}: {self.what}"


def next_version(released: str, step: Step) -> str:
    """The lowest version that this step allows. Before 1.0.0 a major step is one of the minor."""
    version = Version(released)
    major, minor, patch = version.release
    if step is Step.NONE:
        return released
    if major == 0:
        return f"0.{minor + 1}.0" if step is Step.MAJOR else f"0.{minor}.{patch + 1}"
    match step:
        case Step.MAJOR:
            return f"{major + 1}.0.0"
        case Step.MINOR:
            return f"{major}.{minor + 1}.0"
        case _:
            return f"{major}.{minor}.{patch + 1}"


def is_enough(declared: str, lowest: str) -> bool:
    """Whether a version goes at least as far as the changes ask."""
    return Version(declared) >= Version(lowest)
