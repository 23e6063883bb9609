"""Plants: a copy of what is promised, with a change in it."""

from __future__ import annotations

import shutil
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


@pytest.fixture
def planted_document(tmp_path: Path) -> Callable[[Plant], Snapshot]:
    """Make a copy of the document alone, changed by a function of what it says."""

    def plant(change: Plant) -> Snapshot:
        said = yaml.safe_load(today().document.read_text("utf-8"))
        change(said)
        snapshot = Snapshot("the plant", tmp_path)
        snapshot.document.parent.mkdir()
        snapshot.document.write_text(yaml.safe_dump(said, sort_keys=False), "utf-8")
        return snapshot

    return plant
