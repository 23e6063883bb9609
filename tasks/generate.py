"""The generated package: made from the document, and compared with what is committed."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

if TYPE_CHECKING:
    import nox

ROOT: Final = Path(__file__).resolve().parents[1]
DOCUMENT: Final = ROOT / "openapi" / "okta-oauth.yaml"
CONFIG: Final = ROOT / "generator_config.yaml"
GENERATED: Final = ROOT / "generated"
GENERATOR: Final = "openapi-python-client"
PACKAGE: Final = "okta_oidc_api"
_BANNER: Final = (
    "# Generated from openapi/okta-oauth.yaml by `nox -s generate`: edit that document instead.\n"
)


# Runs a command to its end and raises if it fails, as `nox.Session.run` does.
Run: TypeAlias = Callable[..., Any]


def regenerate(run: Run, tools: Sequence[str]) -> None:
    """Rewrite ``generated/``. ``tools`` are the requirements that went into the environment."""
    with tempfile.TemporaryDirectory() as scratch:
        fresh = generated(run, tools, Path(scratch))
        shutil.rmtree(GENERATED, ignore_errors=True)
        shutil.copytree(fresh, GENERATED)


def drift(run: Run, tools: Sequence[str]) -> Iterator[str]:
    """What is wrong with ``generated/``; with the check itself, if a control went unnoticed."""
    with tempfile.TemporaryDirectory() as scratch:
        fresh = generated(run, tools, Path(scratch, "fresh"))
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
            other = generated(run, tools, Path(scratch, change.name), **sources)
            if change.expected not in differences(GENERATED, other):
                yield f"control failed: {change.name} went unnoticed"


def controls() -> list[str]:
    """The names of what ``drift`` has to notice."""
    return [*_SPOILERS, *(change.name for change in _CHANGES)]


def generated(
    run: Run,
    tools: Sequence[str],
    folder: Path,
    *,
    document: Path = DOCUMENT,
    config: Path = CONFIG,
) -> Path:
    """Generate into a new folder; return its ``generated``, complete."""
    target = folder / "generated"
    package = target / PACKAGE
    target.mkdir(parents=True)
    run(
        *(GENERATOR, "generate", f"--path={document}", f"--config={config}"),
        *("--meta=none", f"--output-path={package}", "--fail-on-warning"),
        silent=True,
    )
    operations = package / "operations.py"
    run("python", "-m", "tasks.operations", str(document), str(package), silent=True)
    # As the generator's own hook does: no settings of this repository, none of Ruff's defaults.
    how = ("--isolated", "--no-cache", "--line-length=100")
    run("ruff", "format", *how, str(operations), silent=True)
    for module in sorted(package.rglob("*.py")):
        module.write_text(_BANNER + module.read_text("utf-8"), "utf-8")
    # Without it, every type of this package is Any to whoever imports it.
    (package / "py.typed").touch()
    provenance = {
        "document": hashlib.sha256(document.read_bytes()).hexdigest(),
        "generator_config": hashlib.sha256(config.read_bytes()).hexdigest(),
        "tools": list(tools),
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


def _without_caches(source: Path, copy: Path) -> None:
    """Copy a folder, but for what tools leave behind, which begins with a dot or is compiled."""
    shutil.copytree(source, copy, ignore=shutil.ignore_patterns(".*", "__pycache__"))


def upgrade(session: nox.Session, tools: Sequence[str], judges: Sequence[str]) -> list[str]:
    """Try the newest generator, or the one named: log what it would change, return what breaks.

    ``judges`` are the requirements of the tests and type checkers.
    """
    pinned = [tool for tool in tools if not tool.startswith(GENERATOR)]
    session.install("--upgrade", *(session.posargs or [GENERATOR]), *pinned)
    session.run(GENERATOR, "--version")
    patch = Path(session.create_tmp()).resolve() / "upgrade.diff"
    with tempfile.TemporaryDirectory() as scratch:
        fresh = generated(session.run, tools, Path(scratch))
        # A copy, away from the attributes that keep generated code out of differences.
        _without_caches(GENERATED / PACKAGE, Path(scratch, "now"))
        shutil.copytree(fresh / PACKAGE, Path(scratch, "then"))
        compare = ("git", "--no-pager", "diff", "--no-index")
        with session.chdir(scratch):
            differs: dict[str, Any] = {"external": True, "success_codes": [0, 1]}
            session.run(*compare, "--stat", "now", "then", **differs)
            session.run(*compare, f"--output={patch}", "now", "then", **differs)
        broken = _broken_by(session, fresh, Path(scratch, "project"), judges)
    session.log(f"what would change: {patch}" if patch.stat().st_size else "nothing would change")
    return broken


def _broken_by(
    session: nox.Session, fresh: Path, project: Path, judges: Sequence[str]
) -> list[str]:
    """Judge a copy of the project that has ``fresh`` for its ``generated``."""
    _without_caches(ROOT, project)
    shutil.rmtree(project / "generated")
    shutil.copytree(fresh, project / "generated")
    session.install(f"{project}[aiohttp,cli]", *judges)
    commands = {
        "types": ("mypy", "overlay", "generated", "tests/typing"),
        "tests": ("pytest", "-n", "auto", "tests/unit"),
    }
    with session.chdir(project):
        return [what for what, command in commands.items() if not _succeeds(session.run, command)]


def _succeeds(run: Run, command: Sequence[str]) -> bool:
    # Imported here, since whoever only generates need not have nox.
    from nox.command import CommandFailed

    try:
        run(*command)
    except CommandFailed:
        return False
    return True


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
