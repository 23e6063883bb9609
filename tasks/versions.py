"""Other versions than the lock's: ``python -m tasks.versions lowest`` or ``latest``.

Brings this environment to the lowest, or the newest, versions that ``pyproject.toml`` allows of
what the distribution and its extras require, and sees to it that they are installed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from importlib.metadata import version

from packaging.requirements import Requirement
from packaging.version import Version

from .project import extras, group, must, python, runtime


def lowest_of(requirements: Iterable[str]) -> dict[str, Version]:
    """The lowest version that each requirement allows.

    Raises:
        ValueError: one has no lowest version, or several.
    """
    found: dict[str, Version] = {}
    for line in requirements:
        requirement = Requirement(line)
        bounds = [bound.version for bound in requirement.specifier if bound.operator == ">="]
        if len(bounds) != 1:
            raise ValueError(f"{line} has no lowest version")
        found[requirement.name] = Version(bounds[0])
    return found


def lowest() -> None:
    """Bring what may be old to its lowest version. Not by the lock: it has the newer ones alone."""
    bounds = lowest_of(runtime(*extras()))
    must(*python("pip", "install", "-q", *(f"{name}=={bound}" for name, bound in bounds.items())))
    must(*python("pip", "check"))
    for name, bound in bounds.items():
        if Version(version(name)) != bound:
            sys.exit(f"{name} {version(name)} is installed, not {bound}")
        print(f"{name} {bound}")


def latest() -> None:
    """Bring everything to its newest version."""
    options = ("--upgrade", "--upgrade-strategy", "eager")
    everything = f".[{','.join(extras())}]"
    must(*python("pip", "install", "-q", *options, everything, *group("test")))
    for name in lowest_of(runtime(*extras())):
        print(f"{name} {version(name)}")


if __name__ == "__main__":
    {"lowest": lowest, "latest": latest}[sys.argv[1]]()
