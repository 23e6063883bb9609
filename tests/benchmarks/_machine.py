"""This machine: what it is, which core runs what, what a process holds and takes."""

from __future__ import annotations

import gc
import os
import platform
import resource
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

PACKAGES = (
    "okta-oidc",
    "httpx",
    "httpcore",
    "h11",
    "anyio",
    "sniffio",
    "attrs",
    "aiohttp",
    "Authlib",
    "requests",
    "requests-oauthlib",
    "httpx-oauth",
    "joserfc",
    "cryptography",
    "redis",
    "opentelemetry-sdk",
    "PyJWT",
    "msal",
    "okta",
    "okta-jwt-verifier",
    "google-auth",
    "fastmcp",
)


def pin(role: Literal["server", "contender"]) -> None:
    """Keep this process on one core, the server's or the contenders', where there are two."""
    if sys.platform == "linux" and can_pin():
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[0] if role == "server" else cores[-1]})


def can_pin() -> bool:
    """Whether server and contenders get a core each."""
    if sys.platform != "linux":
        return False
    cores = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, cores)
    except OSError:
        return False
    return len(cores) > 1


@contextmanager
def measured(count: int) -> Generator[dict[str, float]]:
    """Seconds of CPU and of wall time that each of ``count`` calls takes; known when it is over."""
    found: dict[str, float] = {}
    gc.collect()
    wall = time.perf_counter()
    cpu = time.process_time()
    yield found
    found["cpu"] = (time.process_time() - cpu) / count
    found["wall"] = (time.perf_counter() - wall) / count


def resident_kib() -> int:
    """Memory that this process occupies, in KiB; its peak, on systems that tell no more."""
    try:
        # /proc/self/statm is off by up to 64 pages for each core.
        for line in Path("/proc/self/smaps_rollup").read_text("ascii").splitlines():
            if line.startswith("Rss:"):
                return int(line.split()[1])
    except OSError:
        pass
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // 1024 if sys.platform == "darwin" else peak


def descriptors() -> int:
    """How many file descriptors this process has open."""
    for folder in ("/proc/self/fd", "/dev/fd"):
        if Path(folder).is_dir():
            return len(os.listdir(folder))  # noqa: PTH208  # its own descriptor counts each time
    raise OSError("this system does not tell a process its descriptors")


def allow_descriptors() -> None:
    """Raise the limit of open files as far as it goes: a thousand clients hold as many sockets."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def description() -> dict[str, str]:
    """The machine, for the reader of a table."""
    return {
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "system": f"{platform.system()} {platform.release()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
    }


def versions() -> dict[str, str]:
    """The installed version of everything that was measured."""
    found: dict[str, str] = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
            if line.startswith("model name"):
                return " ".join(line.partition(":")[2].split())
    except OSError:
        pass
    return platform.processor() or platform.machine()
