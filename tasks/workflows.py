"""What runs elsewhere: ``python -m tasks.workflows`` lints ``.github/``, and proves it can fail."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .project import ROOT, must, python

FOLDER: Final = ROOT / ".github"
Command = tuple[str | Path, ...]


def permissions(folder: Path) -> Command:
    """Judge what a workflow may do, and whose code it runs."""
    # The hashes of actions are looked at, not looked up.
    zizmor = Path(sys.executable).with_name("zizmor")
    return (zizmor, "--offline", "--persona=pedantic", "--no-progress", folder)


def workflow_schema(folder: Path) -> Command:
    """Hold the workflows against GitHub's schema."""
    files = sorted((folder / "workflows").iterdir())
    return python("check_jsonschema", "--builtin-schema=vendor.github-workflows", *files)


def renovate_schema(folder: Path) -> Command:
    """Hold Renovate's settings against its schema."""
    file = folder / "renovate.json"
    return python("check_jsonschema", "--builtin-schema=vendor.renovate", file)


CHECKS: Final = (permissions, workflow_schema, renovate_schema)


@dataclass(frozen=True, slots=True)
class Control:
    """What is spoilt in which file, who must complain, and a word of the complaint."""

    check: Callable[[Path], Command]
    file: str
    old: str
    new: str
    complaint: str


CONTROLS: Final = {
    "an action without its hash": Control(
        permissions, "workflows/ci.yml", "@[0-9a-f]{40} # v", "@v", "unpinned-uses"
    ),
    "a job without a machine": Control(
        workflow_schema, "workflows/ci.yml", "    runs-on: .*\n", "", "runs-on"
    ),
    "a setting that Renovate has not": Control(
        renovate_schema, "renovate.json", '"labels": .*,', '"labels": 7,', "labels"
    ),
}


def notices(control: Control) -> bool:
    """Whether the check complains of a copy that is spoilt so."""
    with tempfile.TemporaryDirectory() as scratch:
        spoilt = Path(scratch, FOLDER.name)
        shutil.copytree(FOLDER, spoilt)
        text = (spoilt / control.file).read_text("utf-8")
        if not re.search(control.old, text):
            sys.exit(f"control failed: {control.file} no longer holds {control.old!r}")
        (spoilt / control.file).write_text(re.sub(control.old, control.new, text, count=1), "utf-8")
        said = subprocess.run(control.check(spoilt), capture_output=True, text=True, check=False)
    return bool(said.returncode) and control.complaint in said.stdout + said.stderr


def main() -> None:
    for check in CHECKS:
        must(*check(FOLDER))
    for name, control in CONTROLS.items():
        if not notices(control):
            sys.exit(f"control failed: {name} went unnoticed")
    print(f"noticed as they should be: {', '.join(CONTROLS)}")


if __name__ == "__main__":
    main()
