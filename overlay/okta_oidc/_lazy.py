"""Modules that load when something in them is first used, by annotations too."""

from __future__ import annotations

from importlib import import_module
from typing import Final


class Lazy:
    """Stands for a module: ``name`` as in an import statement of this package."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name: Final = name

    def __getattr__(self, name: str) -> object:
        return getattr(import_module(self._name, __package__), name)
