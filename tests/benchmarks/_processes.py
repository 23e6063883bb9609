"""Starting, commanding and ending the processes of the benchmark."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, cast

# Where a Python is whose packages the others must not meet; nobody apart is measured without one.
APART: Final = "OKTA_OIDC_BENCH_APART"
ROOT: Final = Path(__file__).resolve().parents[2]
# A contender that hangs must not hang the benchmark.
_LONGEST_COMMAND: Final = 300.0


def environment(**more: str) -> dict[str, str]:
    """The environment of every process: no proxies, no certificates but those told."""
    kept = ("HOME", "LANG", "PATH", "SYSTEMROOT", "TEMP", "TMPDIR", "VIRTUAL_ENV")
    return {name: os.environ[name] for name in kept if name in os.environ} | more


class Process:
    """A module of this package, running, spoken with by lines."""

    def __init__(self, module: str, *arguments: str, python: str = sys.executable) -> None:
        # Kept for the case of a failure: some libraries warn of what is no business of ours.
        self._complaints: Final = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115
        self._process: Final = subprocess.Popen(
            [python, "-m", f"tests.benchmarks.{module}", *arguments],
            cwd=ROOT,
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            text=True,
        )
        self._name: Final = " ".join((module, *arguments))

    def read(self) -> str:
        """The next line it prints."""
        assert self._process.stdout is not None
        watchdog = threading.Timer(_LONGEST_COMMAND, self._process.kill)
        watchdog.start()
        try:
            line = self._process.stdout.readline()
        finally:
            watchdog.cancel()
        if not line:
            status = self._process.wait()
            self._complaints.seek(0)
            raise RuntimeError(f"{self._name} ended with {status}: {self._complaints.read()}")
        return line

    def write(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.communicate()
        self._complaints.close()


class Server(Process):
    """The server of the benchmark."""

    def __init__(self, certificate: Path | None = None) -> None:
        options = () if certificate is None else ("--certificate", str(certificate))
        super().__init__("_server", *options)
        scheme = "http" if certificate is None else "https"
        self.base_url: Final = f"{scheme}://127.0.0.1:{int(self.read())}"

    def counts(self) -> dict[str, int]:
        """The connections it saw: ``accepted``, ``open``, ``peak``."""
        with urllib.request.urlopen(f"{self.base_url}/counts", timeout=10) as response:
            return cast("dict[str, int]", json.load(response))


class Commanded(Process):
    """A process that carries out commands, one after another."""

    def do(self, command: str, **arguments: object) -> Any:
        """Have its object carry out one of its methods."""
        self.write(json.dumps({"do": command, **arguments}))
        return json.loads(self.read())


class Worker(Commanded):
    """A contender: ``_worker.Worker``."""

    def __init__(self, contender: str, server: Server, *, pinned: bool = True) -> None:
        super().__init__("_worker", contender, server.base_url, *(() if pinned else ("unpinned",)))


class Timer(Commanded):
    """A party of a series: ``_timer.Timer``."""

    def __init__(self, series: str, number: int, server: Server, *, python: str) -> None:
        super().__init__("_timer", series, str(number), server.base_url, python=python)


_FRESH: Final = """\
import os, time
if hasattr(os, "sched_setaffinity"):
    try:
        os.sched_setaffinity(0, {{max(os.sched_getaffinity(0))}})
    except OSError:
        pass
def resident():
    try:
        with open("/proc/self/smaps_rollup", "rb") as file:
            for line in file:
                if line.startswith(b"Rss:"):
                    return int(line.split()[1])
    except OSError:
        import resource
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
memory, wall, cpu = resident(), time.perf_counter(), time.process_time()
{program}
cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
print(cpu, wall, resident() - memory)
"""


def fresh(program: str, **variables: str) -> dict[str, float]:
    """Seconds and KiB that ``program`` takes in an interpreter of its own, started for it.

    The interpreter's own start does not count: it would make any two programs look alike.
    """
    with tempfile.TemporaryDirectory() as elsewhere:
        done = subprocess.run(
            # Isolated: neither the working directory nor the user's packages are looked at.
            [sys.executable, "-I", "-c", _FRESH.format(program=program)],
            cwd=elsewhere,
            env=environment(**variables),
            check=True,
            capture_output=True,
            text=True,
            timeout=_LONGEST_COMMAND,
        )
    cpu, wall, memory = done.stdout.split()
    return {"cpu": float(cpu), "wall": float(wall), "resident_kib": float(memory)}
