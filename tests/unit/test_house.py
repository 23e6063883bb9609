"""The house: who may know what, and that nothing the document says is said a second time."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Final, get_args

import okta_oidc
import okta_oidc_api
import pytest
from okta_oidc._operations import grants
from okta_oidc_api.models import (
    CustomRevokeTokenTypeHint,
    IntrospectTokenTypeHint,
    OrgRevokeTokenTypeHint,
)
from okta_oidc_api.operations import OPERATIONS, TokenType

OVERLAY: Final = Path(str(okta_oidc.__file__)).parent
GENERATED: Final = Path(str(okta_oidc_api.__file__)).parent
ROOMS: Final = ("_credentials", "_verifying", "_sign_in", "_holding", "_resource")
# A judge has to know what is right by itself, and the command line says it to people.
APART: Final = ("testing", "cli")


def modules(*folders: str) -> list[Path]:
    found: list[Path] = []
    for path in sorted(OVERLAY.rglob("*.py")):
        room = path.relative_to(OVERLAY).parts[0]
        if room in folders or (not folders and room not in APART):
            found.append(path)
    return found


def imports_of(path: Path) -> Iterator[str]:
    """The absolute names of what a module imports, wherever in it it does."""
    package = ("okta_oidc", *path.relative_to(OVERLAY).parent.parts)
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            name = ".".join(part for part in (*base, node.module or "") if part)
            yield name
            yield from (f"{name}.{alias.name}" for alias in node.names)


def texts_of(path: Path) -> Iterator[str]:
    """The strings of a module that are code, not documentation."""
    tree = ast.parse(path.read_text("utf-8"))
    documentation = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    constants = (node for node in ast.walk(tree) if isinstance(node, ast.Constant))
    values = (node.value for node in constants if id(node) not in documentation)
    yield from (value for value in values if isinstance(value, str))


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.relative_to(OVERLAY).as_posix())
def test_nothing_of_the_document_is_written_a_second_time(path: Path) -> None:
    """Paths, hints and grants come from the generated package."""
    texts = set(texts_of(path))
    ends = {
        operation.path.rpartition("/v1")[2] for operation in OPERATIONS if "/v1/" in operation.path
    }
    written = {text for text in texts for end in ends if text.endswith(f"v1{end}")}
    assert not written
    urns = {value for name, value in vars(TokenType).items() if name.isupper()}
    assert not texts & urns
    assert not {text for text in texts if text in grants() and ":" in text}
    # A result names the members that it gives a meaning to; all of an endpoint's hints are a list.
    for hints in (IntrospectTokenTypeHint, OrgRevokeTokenTypeHint, CustomRevokeTokenTypeHint):
        assert not set(get_args(hints)) <= texts


def test_the_generated_package_knows_nothing_of_the_overlay() -> None:
    for path in GENERATED.rglob("*.py"):
        assert not any(
            name.partition(".")[0] == "okta_oidc" for name in imports_of_generated(path)
        ), path


def imports_of_generated(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield str(node.module)


@pytest.mark.parametrize("path", modules("_wire"), ids=lambda path: path.stem)
def test_the_wire_knows_nothing_but_http(path: Path) -> None:
    ours = {name for name in imports_of(path) if name.partition(".")[0] == "okta_oidc"}
    assert all(name.startswith("okta_oidc._wire") for name in ours), ours
    assert "okta_oidc_api" not in {name.partition(".")[0] for name in imports_of(path)}


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_know_each_other_by_public_names_alone(room: str) -> None:
    for path in modules(room):
        for name in imports_of(path):
            parts = name.split(".")
            if parts[0] != "okta_oidc" or len(parts) < 2 or parts[1] == room:
                continue
            assert parts[1] not in ROOMS, f"{path.name} imports {name}"


def test_the_root_knows_no_framework_and_no_extra() -> None:
    """They load when they are used."""
    extras = {"joserfc", "cryptography", "redis", "opentelemetry", "aiohttp", "pydantic"}
    for path in OVERLAY.glob("_*.py"):
        module = ast.parse(path.read_text("utf-8"))
        for node in module.body:
            names: set[str] = set()
            if isinstance(node, ast.Import):
                names = {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names = {str(node.module).partition(".")[0]}
            assert not names & extras, path


def test_every_operation_of_the_table_is_there() -> None:
    for operation in OPERATIONS:
        module = import_module(f"okta_oidc_api.{operation.module}")
        assert callable(module.sync_detailed)
        assert callable(module.asyncio_detailed)
