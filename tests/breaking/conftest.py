"""Plants: a copy of what is promised, with a change in it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tasks import generate

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


def generated(folder: Path, *plants: Plant) -> Snapshot:
    """Plant changes in what the document says; the package that is generated from that, alone."""
    snapshot = Snapshot("the plant", folder)
    said: dict[str, Any] = yaml.safe_load(today().document.read_text("utf-8"))
    for plant in plants:
        plant(said)
    snapshot.document.parent.mkdir(parents=True)
    snapshot.document.write_text(yaml.safe_dump(said, sort_keys=False), "utf-8")
    # How it is formatted is nobody's concern here, and takes as long as the rest.
    config = folder / "config.yaml"
    settings = yaml.safe_load(generate.CONFIG.read_text("utf-8"))
    config.write_text(yaml.safe_dump({**settings, "post_hooks": []}), "utf-8")
    generate.generated(folder, document=snapshot.document, config=config)
    return snapshot
