"""Lines of code, without docstrings and comments: ``python -m tasks.size`` counts and judges."""

from __future__ import annotations

import ast
import io
import sys
import tokenize
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .project import ROOT

OVERLAY: Final = ROOT / "overlay" / "okta_oidc"
CORE_LIMIT: Final = 2200
ROOM_LIMIT: Final = 500
# Parts that are over: they may become smaller, and this with them, but no larger.
STANDING: Final = {
    "root and _wire": 4191,
}
# What stands between this package and another one, each loaded by whoever has that one.
ADAPTERS: Final = frozenset(
    {"_otel.py", "django.py", "fastapi.py", "flask.py", "redis.py", "starlette.py"}
)
_NO_CODE: Final = frozenset(
    {tokenize.COMMENT, tokenize.DEDENT, tokenize.ENCODING, tokenize.ENDMARKER}
    | {tokenize.INDENT, tokenize.NEWLINE, tokenize.NL}
)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the overlay, its modules' lines of code, and how many there may be."""

    name: str
    modules: dict[str, int]
    limit: int | None = None

    @property
    def lines(self) -> int:
        return sum(self.modules.values())


def lines_of_code(text: str) -> int:
    """How many lines of a module hold code: no blank line, comment or docstring."""
    documented = {
        line
        for node in ast.walk(ast.parse(text))
        # A string that stands for itself: a docstring, or words on the attribute above it.
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if isinstance(node.value.value, str)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    coded: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in _NO_CODE:
            coded.update(range(token.start[0], token.end[0] + 1))
    return len(coded - documented)


def parts(overlay: Path = OVERLAY, standing: Mapping[str, int] = STANDING) -> list[Part]:
    """The core, each room, and what counts apart."""
    core: dict[str, int] = {}
    adapters: dict[str, int] = {}
    folders: dict[str, dict[str, int]] = {}
    for path in sorted(overlay.rglob("*.py")):
        name = path.relative_to(overlay)
        counted = lines_of_code(path.read_text("utf-8"))
        if len(name.parts) > 1 and name.parts[0] != "_wire":
            folders.setdefault(name.parts[0], {})[name.as_posix()] = counted
        elif name.name in ADAPTERS and len(name.parts) == 1:
            adapters[name.as_posix()] = counted
        else:
            core[name.as_posix()] = counted
    return [
        Part("root and _wire", core, standing.get("root and _wire", CORE_LIMIT)),
        *(
            Part(name, modules, standing.get(name, ROOM_LIMIT) if name.startswith("_") else None)
            for name, modules in folders.items()
        ),
        Part("adapters", adapters),
    ]


def faults(found: list[Part]) -> list[str]:
    """Which parts are too large."""
    return [
        f"{part.name}: {part.lines} lines of code, and {part.limit} are allowed"
        for part in found
        if part.limit is not None and part.lines > part.limit
    ]


def main() -> None:
    found = parts()
    for part in found:
        limit = f" (at most {part.limit:,})" if part.limit else ""
        print(f"{part.lines:6,}  {part.name}{limit}")
        if "-v" in sys.argv:
            for name, lines in part.modules.items():
                print(f"{lines:14,}  {name}")
    if wrong := faults(found):
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main()
