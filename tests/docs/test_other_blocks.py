"""Blocks that are not Python: each in a language that is known here, and held to it."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest
import tree_sitter
import tree_sitter_elixir
import yaml

from ._blocks import Block, blocks_of, name_of, pages
from ._shell import complaints_about, unknown_sessions

OTHERS = [
    block
    for page in pages()
    for block in blocks_of(page)
    if block.language not in ("python", "py", "text", "")
]


@pytest.mark.parametrize("block", OTHERS, ids=lambda block: block.place)
def test_is_what_it_says_it_is(block: Block) -> None:
    assert block.language in CHECKS, f"{block.place}: nothing here knows {block.language!r}"
    complaints = CHECKS[block.language](block.text)
    assert not complaints, f"{block.place}: {'; '.join(complaints)}"


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_names_no_session_that_does_not_exist(page: Path) -> None:
    commands = re.findall(r"`nox ([^`\n]+)`", page.read_text("utf-8"))
    complaints = [found for command in commands for found in unknown_sessions(command.split())]
    assert not complaints


def check_elixir(text: str) -> list[str]:
    # The package that it is written for cannot be had here, so it is parsed, not run.
    # It says that this is an int, which it has not been for years.
    grammar = cast("object", tree_sitter_elixir.language())
    parser = tree_sitter.Parser(tree_sitter.Language(grammar))
    root = parser.parse(text.encode()).root_node
    return [f"no Elixir: {root}"] if root.has_error else []


def loads_with(load: Callable[[str], object]) -> Callable[[str], list[str]]:
    def check(text: str) -> list[str]:
        try:
            load(text)
        except (ValueError, yaml.YAMLError) as error:
            return [str(error)]
        return []

    return check


CHECKS: dict[str, Callable[[str], list[str]]] = {
    "console": complaints_about,
    "elixir": check_elixir,
    "json": loads_with(json.loads),
    "sh": complaints_about,
    "shell": complaints_about,
    "toml": loads_with(tomllib.loads),
    "yaml": loads_with(lambda text: list(yaml.safe_load_all(text))),
}
