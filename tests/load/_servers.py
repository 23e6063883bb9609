"""The processes of a run: Okta, and a server with the API."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from typing import Any, Final, Literal

from tests.support.stores import held_port

Server = Literal["uvicorn", "gunicorn"]
SERVERS: Final[tuple[Server, ...]] = ("uvicorn", "gunicorn")

_START_SECONDS: Final = 30.0


class Okta:
    """The process of :mod:`._okta`."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process: Final = process
        said = self._read()
        self.tokens: Final[list[str]] = said.pop("tokens")
        self.environment: Final[Mapping[str, str]] = said

    def revoke(self, number: int) -> None:
        """Revoke the next ``number`` tokens, in the order of ``tokens``."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{number}\n")
        self._process.stdin.flush()
        self._read()

    def pause(self) -> None:
        """Go mute: connections are accepted, and nothing is answered."""
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Answer again."""
        self._process.send_signal(signal.SIGCONT)

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        said: dict[str, Any] = json.loads(self._process.stdout.readline())
        return said


@contextlib.contextmanager
def okta(tokens: int) -> Generator[Okta]:
    """An Okta with ``tokens`` tokens, for the length of the block."""
    command = [sys.executable, "-m", "tests.load._okta", str(tokens)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Okta(process)
        finally:
            process.send_signal(signal.SIGCONT)
            process.terminate()
            process.wait(10)


@contextlib.contextmanager
def api(server: Server, workers: int, environment: Mapping[str, str]) -> Generator[int]:
    """The API on a loopback port, for the length of the block."""
    with (
        held_port() as port,
        subprocess.Popen(
            _command(server, str(workers), port), env={**os.environ, **environment}
        ) as process,
    ):
        try:
            _wait_for(port, process)
            yield port
        finally:
            process.terminate()
            process.wait(15)


def _command(server: Server, workers: str, port: int) -> list[str]:
    options = {
        "uvicorn": [
            *("uvicorn", "--factory", "tests.load._apps:asgi", "--workers", workers),
            *("--host", "127.0.0.1", "--port", str(port), "--log-level", "warning"),
            "--no-access-log",
        ],
        "gunicorn": [
            *("gunicorn", "tests.load._apps:wsgi()", "--workers", workers, "--threads", "16"),
            *("--bind", f"127.0.0.1:{port}", "--log-level", "warning", "--keep-alive", "30"),
        ],
    }
    return [sys.executable, "-m", *options[server]]


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        if process.poll() is not None:
            raise RuntimeError("the server has ended")
        time.sleep(0.05)
    raise TimeoutError("the server does not listen")
