"""The generated package: made from the document, and compared with what is committed.

``python -m tasks.generate write`` rewrites ``generated/``, ``check`` fails if it is not what the
document gives, and ``upgrade PATCH [REQUIREMENT]`` tries another generator. In the environment of
the generator, which finds its formatter on the path.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from .project import ROOT, extras, group, must, python, run

DOCUMENT: Final = ROOT / "openapi" / "okta-oauth.yaml"
CONFIG: Final = ROOT / "generator_config.yaml"
GENERATED: Final = ROOT / "generated"
GENERATOR: Final = "openapi-python-client"
PACKAGE: Final = "okta_oidc_api"
_BANNER: Final = (
    "# Generated from openapi/okta-oauth.yaml by `nox -s generate`: edit that document instead.\n"
)


def write() -> None:
    """Rewrite ``generated/``."""
    with tempfile.TemporaryDirectory() as scratch:
        fresh = generated(Path(scratch))
        shutil.rmtree(GENERATED, ignore_errors=True)
        shutil.copytree(fresh, GENERATED)


def drift() -> Iterator[str]:
    """What is wrong with ``generated/``; with the check itself, if a control went unnoticed."""
    with tempfile.TemporaryDirectory() as scratch:
        fresh = generated(Path(scratch, "fresh"))
        if found := differences(GENERATED, fresh):
            yield "generated/ has drifted; run `nox -s generate`:\n" + "\n".join(found)
            return
        for name, (spoil, expected) in _SPOILERS.items():
            spoilt = Path(scratch, name, "generated")
            shutil.copytree(GENERATED, spoilt, ignore=shutil.ignore_patterns("__pycache__"))
            spoil(spoilt / PACKAGE)
            if expected not in differences(spoilt, fresh):
                yield f"control failed: {name} went unnoticed"
        for change in _CHANGES:
            text = change.source.read_text("utf-8")
            if change.old not in text:
                yield f"control failed: {change.source.name} no longer holds {change.old!r}"
                continue
            changed = Path(scratch, f"{change.name}-source", change.source.name)
            changed.parent.mkdir()
            changed.write_text(text.replace(change.old, change.new, 1), "utf-8")
            sources = {"document" if change.source == DOCUMENT else "config": changed}
            other = generated(Path(scratch, change.name), **sources)
            if change.expected not in differences(GENERATED, other):
                yield f"control failed: {change.name} went unnoticed"


def generated(folder: Path, *, document: Path = DOCUMENT, config: Path = CONFIG) -> Path:
    """Generate into a new folder; return its ``generated``, complete."""
    target = folder / "generated"
    package = target / PACKAGE
    target.mkdir(parents=True)
    options = (f"--path={document}", f"--config={config}", f"--output-path={package}")
    command = python("openapi_python_client", "generate", "--meta=none", *options)
    must(*command, "--fail-on-warning")
    operations = package / "operations.py"
    must(*python("tasks.operations", document, package))
    # As the generator's own hook does: no settings of this repository, none of Ruff's defaults.
    how = ("--isolated", "--no-cache", "--line-length=100")
    must(*python("ruff", "format", *how, operations))
    for module in sorted(package.rglob("*.py")):
        module.write_text(_BANNER + module.read_text("utf-8"), "utf-8")
    # Without it, every type of this package is Any to whoever imports it.
    (package / "py.typed").touch()
    provenance = {
        "document": hashlib.sha256(document.read_bytes()).hexdigest(),
        "generator_config": hashlib.sha256(config.read_bytes()).hexdigest(),
        "tools": group("generate"),
    }
    text = json.dumps(provenance, indent=2, sort_keys=True) + "\n"
    (target / "provenance.json").write_text(text, "utf-8")
    shutil.rmtree(package / ".ruff_cache", ignore_errors=True)
    return target


def differences(committed: Path, fresh: Path) -> list[str]:
    """A line for each file that is not the same in both."""
    have, want = _files(committed), _files(fresh)
    return [
        *(f"  left over: {name}" for name in sorted(have.keys() - want.keys())),
        *(f"  missing: {name}" for name in sorted(want.keys() - have.keys())),
        *(
            f"  differs: {name}"
            for name in sorted(have.keys() & want.keys())
            if have[name] != want[name]
        ),
    ]


def _files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def without_caches(source: Path, copy: Path) -> None:
    """Copy a folder, but for what tools leave behind, which begins with a dot or is compiled."""
    shutil.copytree(source, copy, ignore=shutil.ignore_patterns(".*", "__pycache__"))


def upgrade(patch: Path, *requirements: str) -> list[str]:
    """Try the newest generator, or the one named: write what it would change, return what breaks.

    It is installed into this environment, and so is what judges a copy of the project.
    """
    pip = python("pip", "install", "--quiet", "--upgrade")
    others = [tool for tool in group("generate") if not tool.startswith(GENERATOR)]
    must(*pip, *(requirements or (GENERATOR,)), *others)
    run(*python("openapi_python_client", "--version"))
    with tempfile.TemporaryDirectory() as scratch:
        fresh, folder = generated(Path(scratch)), Path(scratch)
        # A copy, away from the attributes that keep generated code out of differences.
        without_caches(GENERATED / PACKAGE, folder / "now")
        shutil.copytree(fresh / PACKAGE, folder / "then")
        compare = ("git", "--no-pager", "diff", "--no-index")
        run(*compare, "--stat", "now", "then", cwd=folder)
        patch.parent.mkdir(parents=True, exist_ok=True)
        run(*compare, f"--output={patch}", "now", "then", cwd=folder)
        project = folder / "project"
        without_caches(ROOT, project)
        shutil.rmtree(project / "generated")
        shutil.copytree(fresh, project / "generated")
        must(*pip, f"{project}[{','.join(extras())}]", *group("test", "types"))
        judges = {
            "types": python("mypy", "overlay", "generated", "tests/typing"),
            "tests": python("pytest", "-n", "auto", "tests/unit"),
        }
        return [what for what, command in judges.items() if run(*command, cwd=project)]


def _append_to(name: str) -> Callable[[Path], object]:
    def spoil(package: Path) -> None:
        module = package / name
        module.write_text(module.read_text("utf-8") + "\n", "utf-8")

    return spoil


# Controls of `drift`: what may happen to generated/ behind the document's back…
_SPOILERS: Final[dict[str, tuple[Callable[[Path], object], str]]] = {
    "hand-edit": (_append_to("client.py"), f"  differs: {PACKAGE}/client.py"),
    "hand-edited-table": (_append_to("operations.py"), f"  differs: {PACKAGE}/operations.py"),
    "left-over-file": (
        lambda package: (package / "models" / "old.py").touch(),
        f"  left over: {PACKAGE}/models/old.py",
    ),
    "missing-file": (
        lambda package: (package / "py.typed").unlink(),
        f"  missing: {PACKAGE}/py.typed",
    ),
}


class _Change(NamedTuple):
    name: str
    source: Path
    old: str
    new: str
    expected: str


# …and to its sources without a `generate`. What differs is named: the provenance always does.
_CHANGES: Final = (
    _Change(
        "changed-document",
        DOCUMENT,
        "Seconds the access token lives",
        "Spoilt",
        f"  differs: {PACKAGE}/models/token_response.py",
    ),
    _Change(
        "changed-extension",
        DOCUMENT,
        "      x-repeatable: true\n",
        "",
        f"  differs: {PACKAGE}/operations.py",
    ),
    _Change(
        "changed-config",
        CONFIG,
        "literal_enums: true",
        "literal_enums: false",
        f"  differs: {PACKAGE}/models/introspect_token_type_hint.py",
    ),
)


def main() -> None:
    command, *rest = sys.argv[1:]
    match command:
        case "write":
            write()
        case "check":
            if faults := list(drift()):
                sys.exit("\n".join(faults))
            controls = ", ".join([*_SPOILERS, *(change.name for change in _CHANGES)])
            print(f"generated/ is what the document gives; noticed: {controls}")
        case _:
            patch = Path(rest[0]).resolve()
            broken = upgrade(patch, *rest[1:])
            size = patch.stat().st_size
            print(f"what would change: {patch}" if size else "nothing would change")
            if broken:
                sys.exit(f"it breaks {' and '.join(broken)}")


if __name__ == "__main__":
    main()
