"""A copy of the project to be changed, and the change as CONTRIBUTING has it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from tests.breaking._snapshots import today

ROOT: Final = Path(__file__).resolve().parents[2]
DOCUMENT: Final = "openapi/okta-oauth.yaml"
_BLOCK: Final = re.compile(
    r'^```yaml title="(?P<place>[^"]+)"\n(?P<text>.*?)^```$', re.DOTALL | re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command ended, and what it said."""

    is_green: bool
    output: str


def blocks_of(heading: str) -> list[tuple[str, str]]:
    """The YAML below a heading of CONTRIBUTING, each with the place that it belongs to."""
    page = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    _, found, rest = page.partition(f"\n### {heading}\n")
    assert found, f"CONTRIBUTING has no heading {heading!r}"
    section = re.split(r"^#{2,3} ", rest, maxsplit=1, flags=re.MULTILINE)[0]
    return [(match["place"], match["text"]) for match in _BLOCK.finditer(section)]


class Scratch:
    """The working tree, as a release of itself, in another folder. Sessions share environments."""

    def __init__(self, folder: Path, environments: Path) -> None:
        self.folder: Final = folder
        self._environments: Final = environments
        subprocess.run(["git", "clone", "-q", str(ROOT), str(folder)], check=True)
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        )
        for name in filter(None, listed.stdout.split("\0")):
            source, target = ROOT / name, folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.exists():
                shutil.copy2(source, target)
            else:
                target.unlink(missing_ok=True)
        # The drill's changes are the only ones since its last release, whatever else is under way.
        identity = ("-c", "user.name=drill", "-c", "user.email=drill@example.com")
        for arguments in (
            ("add", "--all"),
            ("commit", "--quiet", "--allow-empty", "--no-verify", "--message=As it is"),
            ("tag", "--force", f"v{today(folder).version}"),
        ):
            subprocess.run(["git", *identity, *arguments], cwd=folder, check=True)

    def add(self, place: str, text: str) -> None:
        """Add YAML to the document, first in the mapping or list at ``place``."""
        file = self.folder / DOCUMENT
        lines = file.read_text("utf-8").splitlines(keepends=True)
        node = yaml.compose("".join(lines))
        for name in place.split("."):
            assert isinstance(node, yaml.MappingNode)
            node = next(value for key, value in node.value if key.value == name)
        assert isinstance(node, yaml.MappingNode | yaml.SequenceNode)
        mark = node.start_mark
        lines.insert(mark.line, textwrap.indent(text, " " * mark.column))
        file.write_text("".join(lines), "utf-8")

    def replace(self, path: str, old: str, new: str) -> None:
        file = self.folder / path
        text = file.read_text("utf-8")
        assert old in text, f"{path} no longer holds what is to be changed"
        file.write_text(text.replace(old, new, 1), "utf-8")

    def nox(self, session: str) -> Outcome:
        """Run one session."""
        return self._run(
            *("nox", f"--noxfile={self.folder / 'noxfile.py'}", "--reuse-existing-virtualenvs"),
            *(f"--envdir={self._environments}", f"--session={session}"),
        )

    def breaking(self) -> Outcome:
        """What ``nox -s breaking`` reports, without the tests of the report itself."""
        return self._run("tests.breaking")

    def check(self, program: str) -> Outcome:
        """What a user's type checkers say of a program, mypy and pyright, both strict."""
        folder = self.folder.with_name("program")
        folder.mkdir(exist_ok=True)
        file = folder / "program.py"
        file.write_text(program, "utf-8")
        # Away from this project's own settings, as a user is.
        settings = {"typeCheckingMode": "strict", "extraPaths": list(map(str, self._packages))}
        folder.joinpath("pyrightconfig.json").write_text(json.dumps(settings), "utf-8")
        said = [
            self._run("mypy", "--strict", "--config-file=", "--follow-imports=silent", str(file)),
            self._run("pyright", f"--project={folder}", f"--pythonpath={sys.executable}"),
        ]
        return Outcome(all(it.is_green for it in said), "\n".join(it.output for it in said))

    def use(self, program: str) -> Outcome:
        """Run a program of a user's."""
        return self._run("-c", program)

    @property
    def _packages(self) -> tuple[Path, Path]:
        return self.folder / "overlay", self.folder / "generated"

    def _run(self, *arguments: str) -> Outcome:
        how = () if arguments[0] == "-c" else ("-m",)
        packages = os.pathsep.join(map(str, self._packages))
        done = subprocess.run(
            [sys.executable, *how, *arguments],
            cwd=self.folder,
            # A session that this runs in must not be taken for the one that it starts.
            env={
                **{k: v for k, v in os.environ.items() if not k.startswith("NOX")},
                "PYTHONPATH": packages,
                "MYPYPATH": packages,
                "CI": "",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return Outcome(done.returncode == 0, done.stdout)
