"""Every chore of this project, one command each: ``nox --list`` is the table of contents.

Sessions alone: what they run are programs of ``tasks`` and suites of ``tests``. Environments are
kept below ``.nox``, and filled again when the lock, or what the wheel is built from, changes.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import nox

nox.needs_version = ">=2025.10.14"
nox.options.default_venv_backend = "venv"
nox.options.reuse_venv = "yes"
nox.options.sessions = ["tests", "drift", "spec", "types", "lint", "package"]

ROOT = Path(__file__).parent
DOCUMENT = ROOT / "openapi" / "okta-oauth.yaml"


# The package


@nox.session
def tests(session: nox.Session) -> None:
    """Run the unit tests against the built wheel."""
    _install(session, ".[*]", "test")
    _pytest(session, "tests/unit")


@nox.session(python=False)
def pythons(session: nox.Session) -> None:
    """Run the unit tests on each Python that is declared and here, or those named: ``-- 3.12``."""
    folder = session.cache_dir.parent / "pythons"
    session.run(sys.executable, "-m", "tasks.pythons", str(folder), *session.posargs)


@nox.session
def demo(session: nox.Session) -> None:
    """Follow a token through its whole life, against the embedded server."""
    _install(session, ".")
    session.run("python", "examples/token_life.py", *session.posargs)


@nox.session(python=False)
def cli(session: nox.Session) -> None:
    """Run the tests of the command line, through the script that the built wheel installs."""
    _pytest(session, "tests/cli")


@nox.session(python=False)
def contract(session: nox.Session) -> None:
    """Hold FakeOkta and a certified OpenID provider to one contract; fuzz the document."""
    _pytest(session, "tests/contract")


@nox.session(python=False)
def browser(session: nox.Session) -> None:
    """Sign in with a real browser, through the example web application."""
    _debian(session, "browser")
    _pytest(session, "tests/browser", workers="0")


@nox.session(python=False)
def tools(session: nox.Session) -> None:
    """Stand beside what teams run: recorders, frozen clocks, other event loops, telemetry."""
    _pytest(session, "tests/tools")


@nox.session(python=False)
def resource(session: nox.Session) -> None:
    """Protect APIs in the frameworks and behind the servers that they run on."""
    _debian(session, "redis")
    _pytest(session, "tests/resource")


@nox.session(python=False)
def stores(session: nox.Session) -> None:
    """Keep tokens in real stores, shared by many processes."""
    _debian(session, "redis", "postgres")
    _pytest(session, "tests/stores")


@nox.session(python=False)
def faults(session: nox.Session) -> None:
    """Break connections and answers in every way we know; fuzz for some seconds."""
    _pytest(session, "tests/faults")


@nox.session(python=False)
def fuzz(session: nox.Session) -> None:
    """Read a million generated answers; takes minutes."""
    _run(session, "python", "-m", "tests.faults.fuzz", *session.posargs)


@nox.session(python=False)
def soak(session: nox.Session) -> None:
    """Call 100,000 times from 32 threads, then from 500 tasks, with faults; takes minutes."""
    _run(session, "python", "-m", "tests.faults.soak", *session.posargs)


@nox.session(python=False)
def fleet(session: nox.Session) -> None:
    """Kill processes that share tokens, over and over; takes minutes."""
    _debian(session, "redis", "postgres")
    _run(session, "python", "-m", "tests.faults.fleet", *session.posargs)


@nox.session(python=False)
def load(session: nox.Session) -> None:
    """Serve an API that is protected, under load; takes minutes."""
    _run(session, "python", "-m", "tests.load", *session.posargs)


@nox.session(python=False)
def httpx2(session: nox.Session) -> None:
    """Say what stands between this package and httpx2."""
    _run(session, "python", "-m", "tasks.httpx2", *session.posargs)


# The document and what is generated from it


@nox.session
def generate(session: nox.Session) -> None:
    """Rewrite generated/ from the document and generator_config.yaml."""
    _install(session, "", "generate")
    session.run("python", "-m", "tasks.generate", "write")


@nox.session
def drift(session: nox.Session) -> None:
    """Fail if generated/ is not what the document gives; prove that this check can fail."""
    _install(session, "", "generate")
    session.run("python", "-m", "tasks.generate", "check")


@nox.session(reuse_venv=False)
def upgrade(session: nox.Session) -> None:
    """Try the newest generator, or the one named, elsewhere: what it would change, and break."""
    patch = session.cache_dir / "upgrade.diff"
    session.run("python", "-m", "tasks.generate", "upgrade", str(patch), *session.posargs)


@nox.session(python=False)
def coverage(session: nox.Session) -> None:
    """Print how much of Okta's own document ours covers, and what is left out and why."""
    _run(session, "python", "-m", "tasks.coverage", *session.posargs)


@nox.session(python=False)
def spec(session: nox.Session) -> None:
    """Validate the document, lint it with Redocly, check its examples."""
    _run(session, "openapi-spec-validator", str(DOCUMENT))
    # The overlay, which the other tests stand on, is not needed here.
    _run(session, "pytest", "--noconftest", "-q", "tests/unit/test_document.py")
    _redocly(session, "lint")


@nox.session(python=False)
def breaking(session: nox.Session) -> None:
    """Say what has changed since the last release, for whom, and which version that asks for."""
    _run(session, "python", "-m", "pytest", "-n", "auto", "tests/breaking")
    _run(session, "python", "-m", "tests.breaking", *session.posargs)


@nox.session(python=False)
def drill(session: nox.Session) -> None:
    """Do the changes of CONTRIBUTING in a scratch copy, and see what turns red; takes minutes."""
    _pytest(session, "tests/drill", workers="0")


# The code


@nox.session
def lint(session: nox.Session) -> None:
    """Lint and check the format of our own code."""
    _install(session, "", "lint")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check", "--diff")


@nox.session(name="format")
def format_(session: nox.Session) -> None:
    """Fix what the linter can fix, and format."""
    _install(session, "", "lint")
    session.run("ruff", "check", "--fix")
    session.run("ruff", "format")


@nox.session(python=False)
def types(session: nox.Session) -> None:
    """Check types with mypy and pyright, both strict: overlay, generated, tests, examples."""
    _run(session, "python", "-m", "tasks.typecheck")


@nox.session(python=False)
def size(session: nox.Session) -> None:
    """Count lines of code, and fail if a part is too large; ``-- -v`` shows each module."""
    session.run(sys.executable, "-m", "tasks.size", *session.posargs)


@nox.session(python=False)
def chores(session: nox.Session) -> None:
    """Test what this file runs."""
    _pytest(session, "tests/chores")


@nox.session(python=False)
def workflows(session: nox.Session) -> None:
    """Lint the workflows, and hold the sessions they name against this file."""
    _run(session, "python", "-m", "tasks.workflows")
    _run(session, "python", "-m", "pytest", "-q", "tests/workflows")


# How fast it is: not in the workshop, as what else is installed shows in what others import


@nox.session(python=False)
def bench(session: nox.Session) -> None:
    """Measure against httpx and others, and write docs/performance.md; takes minutes."""
    _bench(session, "tests.benchmarks", "run")


@nox.session(name="bench-check", python=False)
def bench_check(session: nox.Session) -> None:
    """Fail if a ratio misses its goal by more than the margin."""
    _bench(session, "tests.benchmarks", "check")


@nox.session(python=False)
def instructions(session: nox.Session) -> None:
    """Count a call's instructions under valgrind, and say what changed."""
    _debian(session, "valgrind")
    _bench(session, "tests.benchmarks", "instructions")


@nox.session(name="bench-tests", python=False)
def bench_tests(session: nox.Session) -> None:
    """Test the benchmark, and that docs/performance.md is of the results that are kept."""
    _bench(session, "pytest", "-n", "auto", *(session.posargs or ("tests/benchmarks",)))


# The documentation


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation site, run every code block, open every page in a browser."""
    _debian(session, "browser")
    # Not in the workshop: Authlib, which pages compare with, takes httpx2 where there is one.
    stack = ("frameworks", "stores", "tools")
    _install(session, ".[*]", "test", "types", "node", "browser", "lint", "docs", *stack)
    folder = session.cache_dir.resolve() / "docs"
    shutil.rmtree(folder, ignore_errors=True)
    page = folder / "http.html"
    template = ROOT / "docs" / "_site" / "http.hbs"
    options = (f"--template={template}", "--inlineBundle", "--openapi.disableTelemetry")
    _redocly(session, "build-docs", "okta-oauth.yaml", f"--output={page}", *options)
    _run(session, "python", "docs/_site/build.py", str(folder / "pages"), str(page))
    site = folder / "pages" / "site"
    _pytest(session, "tests/docs", OKTA_OIDC_SITE=str(site))
    session.log(f"the site is in {site}")


# The distribution and what it depends on


@nox.session(python=False)
def package(session: nox.Session) -> None:
    """Build wheel and sdist, check what they hold, use the wheel as a consumer would."""
    folder = session.cache_dir.resolve() / "package"
    _run(session, "python", "-m", "tasks.distributions", str(folder))
    _run(session, "python", "-m", "tasks.consumers", str(folder))


@nox.session(python=False)
def build(session: nox.Session) -> None:
    """Write wheel, sdist and their bill of materials into dist/."""
    _run(session, "python", "-m", "tasks.distributions", "dist")
    _run(session, "python", "-m", "tasks.bill", "dist")


@nox.session
def lock(session: nox.Session) -> None:
    """Rewrite locks/dev.txt from pyproject.toml; with ``-- --upgrade``, to the newest versions."""
    # Not from the lock, which may not have this one yet.
    pyproject = nox.project.load_toml("pyproject.toml")
    session.install(*nox.project.dependency_groups(pyproject, "lock"))
    session.run("python", "-m", "tasks.locks", "write", *session.posargs)


@nox.session(python=False)
def locked(session: nox.Session) -> None:
    """Fail if locks/dev.txt is not what pyproject.toml gives; prove that this check can fail."""
    _run(session, "python", "-m", "tasks.locks", "check")


@nox.session(reuse_venv=False)
def lowest(session: nox.Session) -> None:
    """Test with the lowest versions that pyproject.toml allows, those of the extras too."""
    _other_versions(session, "lowest")


@nox.session(reuse_venv=False)
def latest(session: nox.Session) -> None:
    """Test with the newest versions that pyproject.toml allows, those of the extras too."""
    _other_versions(session, "latest")


@nox.session(python=False)
def audit(session: nox.Session) -> None:
    """Ask whether anything in the lock has a known vulnerability."""
    _run(session, "python", "-m", "tasks.audit")


# What they are made of


def _install(session: nox.Session, project: str, *groups: str) -> None:
    """Fill this session's own environment: the lock's pins for these groups, and the project.

    ``.`` is the built wheel, ``.[*]`` with every extra.
    """
    _fill(session, session.virtualenv.location, f"--project={project}", *groups)


def _bench(session: nox.Session, module: str, *arguments: str) -> None:
    """Run a module in the benchmark's own environment.

    Packages that would change what it measures are in a second one.
    """
    _debian(session, "redis")
    home = session.cache_dir.parent.resolve()
    _fill(session, str(home / "bench"), "--project=.[aiohttp,jwt,redis]", "test", "bench")
    _fill(session, str(home / "bench-apart"), "bench-apart")
    python, apart = (str(_programs(home / name) / "python") for name in ("bench", "bench-apart"))
    session.run(python, "-m", module, *arguments, env={"OKTA_OIDC_BENCH_APART": apart})


def _run(session: nox.Session, program: str, *arguments: str, **env: str) -> None:
    """Run a program in this session's environment: its own, or the workshop that most share.

    The workshop holds the built wheel and everything in the lock, so that it is filled once.
    """
    if session.venv_backend == "none":
        folder = session.cache_dir.parent.resolve() / "workshop"
        _fill(session, str(folder), "--all")
        programs = _programs(folder)
        session.env["VIRTUAL_ENV"] = str(folder)
        session.env["PATH"] = os.pathsep.join([str(programs), os.environ["PATH"]])
        program = str(programs / program)
    session.run(program, *arguments, env=env)


def _programs(folder: Path) -> Path:
    return folder / ("Scripts" if os.name == "nt" else "bin")


def _pytest(session: nox.Session, *suites: str, workers: str = "auto", **env: str) -> None:
    chosen = session.posargs or suites
    _run(session, "python", "-m", "pytest", "-n", workers, *chosen, **env)


def _other_versions(session: nox.Session, which: str) -> None:
    _install(session, ".[*]", "test")
    session.run("python", "-m", "tasks.versions", which)
    # All that ships; and connections, as aiohttp's are watched from within.
    connections = ("tests/faults/test_aiohttp.py", "tests/faults/test_pool.py")
    _pytest(session, "tests/unit", "tests/cli", *connections)


def _redocly(session: nox.Session, *arguments: str) -> None:
    folder = session.cache_dir.resolve() / "redocly"
    _run(session, "python", "-m", "tasks.node", str(folder), "@redocly/cli/bin/cli.js", *arguments)


def _debian(session: nox.Session, *kinds: str) -> None:
    """Look for programs that PyPI does not have, before anything else is done."""
    session.run(sys.executable, "-m", "tasks.debian", *kinds)


def _fill(session: nox.Session, folder: str, *what: str) -> None:
    command = (sys.executable, "-m", "tasks.environments", folder, *what)
    session.run_install(*command, external=True, silent=False)
