"""Programs that PyPI does not have: ``python -m tasks.debian KIND…`` sees to it that they are here.

On Debian as root, what is missing is installed, after saying so; elsewhere it is only named.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .project import must


@dataclass(frozen=True, slots=True)
class Program:
    """A program: any of these names will do, and these packages bring it."""

    names: tuple[str, ...]
    packages: tuple[str, ...]
    # Debian keeps some out of the path.
    pattern: str = ""

    def is_here(self) -> bool:
        """Whether it can be run."""
        root = Path("/")
        return any(map(shutil.which, self.names)) or bool(
            self.pattern and any(root.glob(self.pattern))
        )


KINDS: Final = {
    "browser": (
        Program(
            ("chromium", "chromium-browser", "google-chrome"), ("chromium", "fonts-dejavu-core")
        ),
        Program(("chromedriver",), ("chromium-driver",)),
    ),
    "postgres": (Program(("postgres",), ("postgresql",), "usr/lib/postgresql/*/bin/postgres"),),
    "redis": (Program(("redis-server", "valkey-server"), ("redis-server",)),),
    "valgrind": (Program(("valgrind",), ("valgrind",)),),
}


def missing(
    kinds: Iterable[str], is_here: Callable[[Program], bool] = Program.is_here
) -> list[str]:
    """The packages to be installed for these kinds of programs."""
    wanted = (program for kind in kinds for program in KINDS[kind])
    return sorted({name for program in wanted if not is_here(program) for name in program.packages})


def main() -> None:
    packages = missing(sys.argv[1:])
    if not packages:
        return
    command = f"apt-get install --no-install-recommends {' '.join(packages)}"
    if not shutil.which("apt-get") or os.name != "posix" or os.geteuid() != 0:
        sys.exit(f"Programs are missing that this chore needs; on Debian: {command}")
    print(f"This chore needs Debian's {', '.join(packages)}, and installs them now.", flush=True)
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    must("apt-get", "update", "-qq", env=env)
    must("apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages, env=env)


if __name__ == "__main__":
    main()
