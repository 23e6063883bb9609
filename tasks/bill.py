"""The bill of materials: ``python -m tasks.bill FOLDER`` writes it beside the wheel in a folder.

It is CycloneDX, and lists what the wheel needs in the versions of the lock.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from .distributions import built_in
from .environments import pinned, python_of
from .project import LOCK, ROOT, must, python, runtime


def write(wheel: Path) -> Path:
    """Write the bill; return where."""
    version = wheel.name.split("-")[1]
    bill = wheel.with_name(f"okta_oidc-{version}.cdx.json")
    with tempfile.TemporaryDirectory() as scratch:
        made = {_made(wheel, version, Path(scratch, name)) for name in ("one", "another")}
    if len(made) != 1:
        sys.exit("the bill of materials depends on where it is made")
    content = json.loads(made.pop())
    finish(content, version, hashlib.sha256(wheel.read_bytes()).hexdigest())
    bill.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", "utf-8")
    return bill


def finish(content: dict[str, Any], version: str, digest: str) -> None:
    """Name the wheel by its address and hash, and take out what is not the wheel's."""
    root = content["metadata"]["component"]
    root["purl"] = f"pkg:pypi/{root['name']}@{version}"
    root["hashes"] = [{"alg": "SHA-256", "content": digest}]
    # Drop the tools' external references: they are not reproducible.
    for tool in content["metadata"]["tools"]["components"]:
        tool.pop("externalReferences", None)


def _made(wheel: Path, version: str, folder: Path) -> str:
    folder.mkdir()
    # The version is the backend's to find, and the tool does not ask it.
    metadata = folder / "pyproject.toml"
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    metadata.write_text(text.replace('dynamic = ["version"]', f'version = "{version}"'), "utf-8")
    venv, pins = folder / "venv", folder / "pins.txt"
    pins.write_text(pinned(runtime(), LOCK.read_text("utf-8")), "utf-8")
    must(*python("venv", "--without-pip", venv))
    pip = python("pip", f"--python={python_of(venv)}", "install", "--quiet")
    must(*pip, "--requirement", pins)
    must(*pip, "--no-index", wheel)
    options = ("--pyproject", metadata, "--mc-type=library", "--output-reproducible")
    tool = python("cyclonedx_py", "environment", *options, python_of(venv))
    return subprocess.run(tool, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    _wheel, _ = built_in(Path(sys.argv[1]).resolve())
    must(sys.executable, "tests/packaging/check_sbom.py", write(_wheel), _wheel)
