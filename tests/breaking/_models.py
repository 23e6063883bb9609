"""What the document promises of requests and answers, as the code that is generated from it says.

griffe compares names and signatures, not types. Here are the types of the generated package: those
of what is sent may take more, and those of what is received may promise more; nothing else.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

import griffe

from ._snapshots import Snapshot
from ._verdict import Finding, Step

PACKAGE = "okta_oidc_api"
Types = frozenset[str]


@dataclass(frozen=True, slots=True)
class Member:
    """A field of a model, or a parameter of a function: what it may be, and whether it must be."""

    types: Types
    is_required: bool = False


@dataclass(slots=True)
class Promises:
    """The types of the generated package by public name, and the models that go which way."""

    members: dict[str, dict[str, Member]] = field(default_factory=dict[str, dict[str, Member]])
    sent: set[str] = field(default_factory=set[str])
    received: set[str] = field(default_factory=set[str])


def compare(before: Snapshot, after: Snapshot) -> Iterator[Finding]:
    """What takes less or promises less than before, then what takes or promises more."""
    old, new = promises(before), promises(after)
    for name in sorted(old.members.keys() & new.members.keys()):
        is_sent, is_received = name in old.sent, name in old.received
        was, now = old.members[name], new.members[name]
        for key in sorted(now.keys() - was.keys()):
            if is_sent and now[key].is_required:
                yield Finding("models", Step.MAJOR, f"{name}.{key}", "is new, and must be given")
        for key in sorted(was.keys() & now.keys()):
            where = f"{name}.{key}".removesuffix(".")
            gone, added = was[key].types - now[key].types, now[key].types - was[key].types
            if gone:
                step = Step.MAJOR if is_sent else Step.MINOR
                yield Finding("models", step, where, f"is {_told(gone)} no more")
            if added:
                step = Step.MAJOR if is_received else Step.MINOR
                yield Finding("models", step, where, f"may be {_told(added)}")


def promises(snapshot: Snapshot) -> Promises:
    """What this state of the generated package takes and gives."""
    package = griffe.load(PACKAGE, search_paths=[str(snapshot.packages[1])], allow_inspection=False)
    models, found = package["models"], Promises()
    defined = [item for module in models.modules.values() for item in module.members.values()]
    closed = {
        item.name: str(item.value)
        for item in defined
        if isinstance(item, griffe.Attribute) and str(item.value).startswith("Literal[")
    }
    classes = {item.name: item for item in defined if isinstance(item, griffe.Class)}
    names = {name: f"{PACKAGE}.models.{name}" for name in classes}
    uses: dict[str, set[str]] = {}
    for name, model in classes.items():
        fields = {
            key: each
            for key, each in model.attributes.items()
            if each.annotation and "property" not in each.labels
        }
        found.members[names[name]] = {
            key: Member(_alternatives(str(each.annotation), closed), each.value is None)
            for key, each in fields.items()
        }
        uses[name] = {each for item in fields.values() for each in _names(str(item.annotation))}
    sent, received = set[str](), set[str]()
    for function in _operations(package["api"]):
        # The function's other forms take the same, and return this or what is in it.
        name = function.path.removesuffix(f".{function.name}")
        answer = str(function.returns).removeprefix("Response[").removesuffix("]")
        taken = {each.name: each for each in function.parameters if each.annotation}
        found.members[name] = {
            key: Member(_alternatives(str(each.annotation), closed), each.required)
            for key, each in taken.items()
        }
        found.members[f"{name} (answer)"] = {"": Member(_alternatives(answer, closed))}
        found.sent.add(name)
        found.received.add(f"{name} (answer)")
        sent |= {each for item in taken.values() for each in _names(str(item.annotation))}
        received |= _names(answer)
    found.sent |= {names[name] for name in _reached(sent, uses) if name in names}
    found.received |= {names[name] for name in _reached(received, uses) if name in names}
    return found


def _operations(module: griffe.Object | griffe.Alias) -> Iterator[griffe.Function]:
    for inner in module.modules.values():
        yield from (each for each in inner.functions.values() if each.name == "sync_detailed")
        yield from _operations(inner)


def _reached(names: set[str], uses: dict[str, set[str]]) -> set[str]:
    """These, and what they are made of."""
    reached: set[str] = set()
    while new := names - reached:
        reached |= new
        names = {each for name in new for each in uses.get(name, ())}
    return reached


def _names(annotation: str) -> set[str]:
    return {node.id for node in ast.walk(ast.parse(annotation)) if isinstance(node, ast.Name)}


def _alternatives(annotation: str, closed: dict[str, str]) -> Types:
    """The members of a union; each value of a closed set of strings is one."""

    def of(node: ast.expr) -> set[str]:
        match node:
            case ast.BinOp(left=left, op=ast.BitOr(), right=right):
                return of(left) | of(right)
            case ast.Subscript(value=ast.Name("Literal"), slice=ast.Tuple(elts=values)):
                return set(map(ast.unparse, values))
            case ast.Subscript(value=ast.Name("Literal"), slice=value):
                return {ast.unparse(value)}
            case ast.Name(name) if name in closed:
                return of(ast.parse(closed[name], mode="eval").body)
            case _:
                return {ast.unparse(node)}

    return frozenset(of(ast.parse(annotation, mode="eval").body))


def _told(types: Types) -> str:
    return " | ".join(sorted(types)).replace("Unset", "missing")
