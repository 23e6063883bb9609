"""How much of Okta's own OpenAPI document ours covers: operations, and the items of each.

An item is the operation itself, a parameter, a member of the request, a status or a member of a
success. What Okta's document names is kept in ``okta_document.json``, names alone.

``python -m tasks.coverage`` prints the report and fails if anything is neither covered nor left
out for a reason below. ``python -m tasks.coverage OKTAS_DOCUMENT`` first notes the names anew.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from .document import Node, bodies, load, operations, parameters, resolved, responses
from .project import ROOT

_OURS: Final = ROOT / "openapi" / "okta-oauth.yaml"
_NAMES: Final = Path(__file__).with_name("okta_document.json")

# What is left out, by the end of its path and its method: nobody who holds this SDK calls it.
_LEFT_OUT: Final = {
    "for the browser, which it redirects": {
        *("get authorize", "post authorize", "get logout", "post logout"),
    },
    "for an administrator, with a token of Okta's management API": {
        *("get clients", "post clients", "get {clientId}", "put {clientId}", "delete {clientId}"),
        *("post newSecret", "post global-token-revocation"),
    },
    "for the browser, which asks before it calls from another origin": {
        *("options token", "options par"),
    },
    "deprecated, and the same as primary-authenticate": {"post oob-authenticate"},
}


class Operation(NamedTuple):
    """What a document names of one operation."""

    method: str
    path: str
    parameters: frozenset[str]
    request: frozenset[str]
    statuses: frozenset[str]
    response: frozenset[str]

    @property
    def items(self) -> int:
        """How many there are, the operation itself included."""
        return 1 + sum(map(len, self[2:]))


def named(document: Node) -> Iterator[Operation]:
    """What a document names, operation by operation."""
    for path, method, operation in operations(document):
        answers = responses(document, operation)
        yield Operation(
            method,
            path,
            frozenset(each["name"] for each in parameters(document, path, operation)),
            _members(document, operation.get("requestBody", {})),
            frozenset(answers),
            frozenset[str]().union(
                *(
                    _members(document, answer)
                    for status, answer in answers.items()
                    if status.startswith("2")
                )
            ),
        )


def _members(document: Node, message: Node) -> frozenset[str]:
    return frozenset(
        name
        for _, schema in bodies(document, message)
        for name in _properties(document, schema, frozenset())
    )


def _properties(document: Node, schema: Node, seen: frozenset[str]) -> Iterator[str]:
    """Names of the members, those of every alternative included."""
    if (reference := str(schema.get("$ref", ""))) in seen:
        return
    seen = seen | {reference} if reference else seen
    schema = resolved(document, schema)
    yield from schema.get("properties", ())
    others = [each for how in ("allOf", "oneOf", "anyOf") for each in schema.get(how, ())]
    mapping: Node = schema.get("discriminator", {}).get("mapping", {})
    for each in (*others, *({"$ref": target} for target in mapping.values())):
        yield from _properties(document, each, seen)


def missing(okta: Operation, ours: Operation) -> Iterator[str]:
    """Items of Okta's that ours lacks. Our default stands for every status that is no success."""
    described = ours.statuses | (
        {status for status in okta.statuses if not status.startswith("2")}
        if "default" in ours.statuses
        else set[str]()
    )
    yield from (f"parameter {name}" for name in sorted(okta.parameters - ours.parameters))
    yield from (f"request member {name}" for name in sorted(okta.request - ours.request))
    yield from (f"status {status}" for status in sorted(okta.statuses - described))
    yield from (f"member {name}" for name in sorted(okta.response - ours.response))


def report(okta: Iterable[Operation], ours: Iterable[Operation]) -> tuple[list[str], list[str]]:
    """The lines of the report; and what is lacking without a reason."""
    there = {(each.method, each.path): each for each in ours}
    lines: list[str] = []
    faults: list[str] = []
    left_out: dict[str, list[Operation]] = {reason: [] for reason in _LEFT_OUT}
    covered: list[tuple[Operation, int]] = []
    all_of_oktas: list[Operation] = []
    for each in okta:
        all_of_oktas.append(each)
        mine = there.pop((each.method, each.path), None)
        if mine is None:
            reason = _reason(each)
            if reason is None:
                faults.append(f"{each.method.upper()} {each.path} is not there")
            else:
                left_out[reason].append(each)
            continue
        lacks = list(missing(each, mine))
        faults += [f"{each.method.upper()} {each.path} lacks {item}" for item in lacks]
        covered.append((each, each.items - len(lacks)))
    lines.append(f"{'covered':68} items  of")
    lines += [
        f"  {each.method.upper():4} {each.path:60} {count:6} {each.items:3}"
        for each, count in covered
    ]
    for reason, operations_left in left_out.items():
        lines.append(f"left out: {reason}")
        lines += [
            f"  {each.method.upper():7} {each.path} ({each.items})" for each in operations_left
        ]
    lines.append("ours alone")
    lines += [f"  {method.upper():4} {path}" for method, path in there]
    count, total = sum(count for _, count in covered), sum(each.items for each, _ in covered)
    lines.append(
        f"operations: {len(covered)} of {len(all_of_oktas)}, and {len(there)} more; "
        f"items: {count} of {sum(each.items for each in all_of_oktas)}, "
        f"of the operations covered {count} of {total}"
    )
    return lines, faults


def _reason(okta: Operation) -> str | None:
    end = f"{okta.method} {okta.path.rpartition('/')[2]}"
    return next((reason for reason, ends in _LEFT_OUT.items() if end in ends), None)


def main(*okta: str) -> None:
    """Print the report; exit with what is lacking without a reason."""
    if okta:
        _note(load(Path(okta[0])))
    kept = json.loads(_NAMES.read_text("utf-8"))
    known = [
        Operation(method, path, *map(frozenset[str], names))
        for (method, path, *names) in kept["operations"]
    ]
    ours = list(named(load(_OURS)))
    lines, faults = report(known, ours)
    print(f"Okta's document, {kept['version']}")  # it is what was asked for
    print("\n".join(lines))
    # Controls: documents without an operation, or without its members, have to be found out.
    bare = [each._replace(request=frozenset(), response=frozenset()) for each in ours]
    if not report(known, ours[1:])[1] or not report(known, bare)[1]:
        faults.append("control failed: what went missing was not noticed")
    if faults:
        sys.exit("\n".join(faults))


def _note(document: Node) -> None:
    rows = [
        [each.method, each.path, *(sorted(names) for names in each[2:])] for each in named(document)
    ]
    text = ",\n".join(f"    {json.dumps(row)}" for row in rows)
    version = json.dumps(document["info"]["version"])
    _NAMES.write_text(f'{{\n  "version": {version},\n  "operations": [\n{text}\n  ]\n}}\n', "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
