"""Where the CPU time of a call goes, by package."""

from __future__ import annotations

import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FrameType
from typing import Final

# The functions around a system call: a signal that comes during one is handled as it returns.
_SYSTEM_CALLS: Final = {
    "selectors.py": {"select"},
    "selector_events.py": {"_read_ready__data_received", "_read_ready__get_buffer", "write"},
    "sync.py": {"read", "write"},
}
_SHOWN: Final = frozenset({"asyncio", "email", "json", "http", "urllib", "threading", "ssl"})
_OWN: Final = Path(__file__).parent.name
_INTERVAL: Final = 0.001


def shares(work: Callable[[], object], seconds: float) -> dict[str, float]:
    """The part of the CPU time of ``work`` spent in each package's own code, largest first.

    ``work`` is repeated for that many seconds of CPU, and sampled by a timer that runs with them: a
    tracing profiler would make small functions look larger than they are. What is built in counts
    for who called it. Waiting for the server takes no CPU, so it does not count.
    """
    samples: Counter[str] = Counter()

    def sample(number: int, frame: FrameType | None) -> None:
        if frame is not None:
            samples[_package(frame.f_code)] += 1

    before = signal.signal(signal.SIGPROF, sample)
    end = time.process_time() + seconds
    signal.setitimer(signal.ITIMER_PROF, _INTERVAL, _INTERVAL)
    try:
        while time.process_time() < end:
            work()
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
    del samples["the benchmark"]
    whole = sum(samples.values())
    return {name: count / whole for name, count in samples.most_common() if count >= whole / 200}


def _package(code: CodeType) -> str:
    path = Path(code.co_filename)
    parts = path.parts
    if code.co_name in _SYSTEM_CALLS.get(path.name, ()):
        return "system calls"
    if "site-packages" in parts:
        return parts[parts.index("site-packages") + 1].removesuffix(".py")
    if _OWN in parts:
        return "the benchmark"
    if len(parts) > 1:
        name = path.stem if path.parent.name.startswith("python") else path.parent.name
        return name if name in _SHOWN and name in sys.stdlib_module_names else "standard library"
    return "standard library"
