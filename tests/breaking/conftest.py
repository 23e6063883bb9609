"""Plants: a copy of what is promised, with a change in it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from ._snapshots import PROMISED, ROOT, Snapshot, today

Plant = Callable[[dict[str, Any]], object]
Planter = Callable[..., Snapshot]


@pytest.fixture
def before() -> Snapshot:
    """What the plants are compared with."""
    return today()


@pytest.fixture
def planted(tmp_path: Path) -> Planter:
    """Make a copy in which ``old`` is ``new`` in the file ``path``."""

    def plant(path: str, old: str, new: str) -> Snapshot:
        folder = tmp_path / "planted"
        for promised in PROMISED:
            source, target = ROOT / promised, folder / promised
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, target)
        file = folder / path
        text = file.read_text("utf-8")
        assert old in text, f"{path} no longer holds what is to be changed"
        file.write_text(text.replace(old, new, 1), "utf-8")
        return Snapshot("the plant", folder)

    return plant


def _generated(document: dict[str, Any], folder: Path) -> Snapshot:
    """The package that the generator makes of a document, alone, and not formatted."""
    snapshot = Snapshot("the plant", folder)
    snapshot.document.parent.mkdir(parents=True)
    snapshot.document.write_text(yaml.safe_dump(document, sort_keys=False), "utf-8")
    config = yaml.safe_load((ROOT / "generator_config.yaml").read_text("utf-8"))
    file = folder / "config.yaml"
    file.write_text(yaml.safe_dump({**config, "post_hooks": []}), "utf-8")
    package = snapshot.packages[1] / "okta_oidc_api"
    package.parent.mkdir()
    options = (f"--path={snapshot.document}", f"--config={file}", f"--output-path={package}")
    command = [sys.executable, "-m", "openapi_python_client", "generate", "--meta=none", *options]
    subprocess.run([*command, "--fail-on-warning"], check=True, capture_output=True)
    return snapshot


@pytest.fixture(scope="session")
def before_document(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """What plants in the document are compared with: generated as they are."""
    document = yaml.safe_load(today().document.read_text("utf-8"))
    return _generated(document, tmp_path_factory.mktemp("document"))


@pytest.fixture
def planted_document(tmp_path: Path) -> Callable[[Plant], Snapshot]:
    """Change what the document says, and generate the package from it."""

    def plant(change: Plant) -> Snapshot:
        said = yaml.safe_load(today().document.read_text("utf-8"))
        change(said)
        return _generated(said, tmp_path / "planted")

    return plant
