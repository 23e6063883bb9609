"""Ways to run the command: in this process, with streams of our own, or as its script."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any, Final

from okta_oidc._runtime import RUNTIME
from okta_oidc.cli._running import run

VARIABLES: Final = (
    "OKTA_ORG_URL",
    "OKTA_AUTH_SERVER_ID",
    "OKTA_CLIENT_ID",
    "OKTA_CLIENT_SECRET",
    "OKTA_PRIVATE_KEY",
    "OKTA_PRIVATE_KEY_FILE",
    "OKTA_KEY_ID",
    "OKTA_AUTH_METHOD",
    "OKTA_REDIRECT_URI",
    "OKTA_OIDC_TOKEN",
    "OKTA_OIDC_REFRESH_TOKEN",
    "OKTA_OIDC_CODE",
    "OKTA_OIDC_CODE_VERIFIER",
    "OKTA_OIDC_DPOP_KEY",
    "OKTA_OIDC_STORE",
)
# What else a developer's environment may hold that changes the output or the way to the server.
OTHER_VARIABLES: Final = (
    "FORCE_COLOR",
    "NO_COLOR",
    "COLUMNS",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
)
# Seconds. To wait for so long is to fail.
PATIENCE: Final = 120.0
CALLBACK: Final = "http://localhost:8080/callback"


@dataclass(frozen=True)
class Outcome:
    """What a run of the command left behind."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """Standard output as JSON."""
        found: dict[str, Any] = json.loads(self.out)
        return found

    @property
    def error(self) -> dict[str, Any]:
        """The error on standard error, as JSON."""
        assert self.err.count("\n") == 1
        found: dict[str, Any] = json.loads(self.err)["error"]
        return found

    @property
    def all(self) -> str:
        return self.out + self.err

    @property
    def values(self) -> dict[str, str]:
        """The ``name: value`` lines."""
        return dict(line.split(": ", 1) for line in self.out.splitlines())


class TerminalText(io.StringIO):
    """Text that says it is on a terminal."""

    def isatty(self) -> bool:
        return True


def run_here(
    *args: str, stdin: bytes | str = b"", now: float | None = None, terminal: bool = False
) -> Outcome:
    """Run the command in this process, standard output being a terminal or not."""
    out, err = (TerminalText(), TerminalText()) if terminal else (io.StringIO(), io.StringIO())
    content = stdin.encode() if isinstance(stdin, str) else stdin
    clock = {} if now is None else {"now": lambda: now}
    # As in a process that has just begun.
    RUNTIME.limits.forget()
    code = run(args, stdin=io.TextIOWrapper(io.BytesIO(content)), out=out, err=err, **clock)
    return Outcome(code, out.getvalue(), err.getvalue())


def script() -> list[str]:
    """The console script of the installed package; without one, what it would run."""
    try:
        entries = distribution("okta-oidc").entry_points
    except PackageNotFoundError:
        return [
            sys.executable,
            "-c",
            "import sys; from okta_oidc.cli import main; sys.exit(main())",
        ]
    assert [entry.value for entry in entries if entry.name == "okta-oidc"] == ["okta_oidc.cli:main"]
    path = Path(sys.executable).with_name("okta-oidc")
    assert path.is_file(), "the wheel is installed without its script"
    return [str(path)]


def clean_environment(extra: Mapping[str, str]) -> dict[str, str]:
    """This process's environment, without what changes the command's ways, and with ``extra``."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in VARIABLES and name not in OTHER_VARIABLES
    }
    # What is importable here is importable there, installed or not.
    return {**kept, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **extra}


def heed_interrupts() -> None:
    """For a process to come: a background job ignores Ctrl-C, one under nohup a hang-up."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def run_script(
    *args: str,
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
    command: Sequence[str] | None = None,
) -> Outcome:
    """Run the console script as a process of its own."""
    done = subprocess.run(
        [*(command or script()), *args],
        input=stdin,
        capture_output=True,
        env=clean_environment(env or {}),
        timeout=PATIENCE,
        check=False,
    )
    return Outcome(done.returncode, done.stdout.decode(), done.stderr.decode())
