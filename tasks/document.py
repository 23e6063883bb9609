"""Reading an OpenAPI document, ours or another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Final, TypeAlias, cast

Node: TypeAlias = Mapping[str, Any]

METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


def load(path: Path) -> Node:
    """Read a document with the generator's own parser of YAML."""
    # Its annotations leave type parameters open.
    yaml: Any = import_module("ruamel.yaml")
    return cast("Node", yaml.YAML(typ="safe", pure=True).load(path))


def operations(document: Node) -> Iterator[tuple[str, str, Node]]:
    """Each operation with its path and method."""
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


def parameters(document: Node, path: str, operation: Node) -> list[Node]:
    """Those of the path and of the operation."""
    listed = (*document["paths"][path].get("parameters", ()), *operation.get("parameters", ()))
    return [resolved(document, each) for each in listed]


def responses(document: Node, operation: Node) -> dict[str, Node]:
    """Each response by its status."""
    return {
        status: resolved(document, response) for status, response in operation["responses"].items()
    }


def bodies(document: Node, message: Node) -> Iterator[tuple[str, Node]]:
    """Media types and schemas of a request body or response, which may be a reference."""
    for media_type, content in resolved(document, message).get("content", {}).items():
        yield media_type, content["schema"]


def resolved(document: Node, node: Node) -> Node:
    """Follow references. What stands beside one holds too (OpenAPI 3.1)."""
    while "$ref" in node:
        target: Any = document
        for step in str(node["$ref"]).removeprefix("#/").split("/"):
            target = target[step.replace("~1", "/").replace("~0", "~")]
        node = {**target, **{key: value for key, value in node.items() if key != "$ref"}}
    return node
