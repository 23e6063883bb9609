"""Where the project is, what its ``pyproject.toml`` says, and how a chore runs a program."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
LOCK: Final = ROOT / "locks" / "dev.txt"


@cache
def pyproject() -> dict[str, Any]:
    """What ``pyproject.toml`` holds."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def groups() -> list[str]:
    """The names of the dependency groups."""
    return sorted(pyproject()["dependency-groups"])


def group(*names: str) -> list[str]:
    """The requirements of these dependency groups."""
    return [line for name in names for line in pyproject()["dependency-groups"][name]]


def extras() -> list[str]:
    """The names of the distribution's extras."""
    return sorted(pyproject()["project"]["optional-dependencies"])


def runtime(*extras: str) -> list[str]:
    """What the distribution requires, with these extras."""
    project = pyproject()["project"]
    optional = project["optional-dependencies"]
    return [*project["dependencies"], *(line for extra in extras for line in optional[extra])]


def pythons() -> list[str]:
    """The versions of Python that are declared, the lowest first."""
    classifiers = "\n".join(pyproject()["project"]["classifiers"])
    return re.findall(r"^Programming Language :: Python :: (3\.\d+)$", classifiers, re.MULTILINE)


def python(module: str, *arguments: str | Path) -> tuple[str | Path, ...]:
    """The command of a Python module that this environment has."""
    return (sys.executable, "-m", module, *arguments)


def run(
    *command: str | Path,
    cwd: Path = ROOT,
    env: Mapping[str, str] | None = None,
    quiet: bool = False,
) -> int:
    """Run a program, and show it and its output; return its exit code.

    ``quiet`` keeps both back unless the program fails. ``env`` is its whole environment.
    """
    shown = f"$ {shlex.join(map(str, command))}"
    if not quiet:
        print(shown, flush=True)
    done = subprocess.run(
        command,
        cwd=cwd,
        env=env,
        check=False,
        text=True,
        stdout=subprocess.PIPE if quiet else None,
        stderr=subprocess.STDOUT if quiet else None,
    )
    if quiet and done.returncode:
        print(shown, done.stdout, sep="\n", end="", flush=True)
    return done.returncode


def must(*command: str | Path, cwd: Path = ROOT, env: Mapping[str, str] | None = None) -> None:
    """Run a program; end this chore if it fails, with what it said."""
    if code := run(*command, cwd=cwd, env=env, quiet=True):
        sys.exit(f"{Path(command[0]).name} ended with {code}")
