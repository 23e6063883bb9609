"""Where the time of a call goes, by package."""

from __future__ import annotations

import cProfile
import pstats
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias, cast

Function: TypeAlias = tuple[str, int, str]

_SYSTEM_CALLS = ("_socket.socket", "select.epoll", "select.poll", "_ssl._SSLSocket")
_SHOWN = frozenset({"asyncio", "email", "json", "http", "urllib", "threading", "ssl"})
_OWN = Path(__file__).parent.name


def shares(work: Callable[[], object]) -> dict[str, float]:
    """The part of the time of ``work`` spent in each package's own code, largest first.

    What is built in counts for the package that called it, system calls apart. A profiler slows
    small functions more than large ones, so the shares are rough.
    """
    # The time of the process: a wait for the server is nobody's work.
    profiler = cProfile.Profile(time.process_time)
    profiler.enable()
    try:
        work()
    finally:
        profiler.disable()
    table = cast("dict[Function, tuple[Any, ...]]", vars(pstats.Stats(profiler))["stats"])
    seconds: Counter[str] = Counter()
    for function, (_, _, own_time, _, callers) in table.items():
        if function[0] != "~":
            seconds[_package(function)] += own_time
        elif any(part in function[2] for part in _SYSTEM_CALLS):
            seconds["system calls"] += own_time
        else:
            for caller, (_, _, time_for_caller, _) in callers.items():
                seconds[_package(caller)] += time_for_caller
    del seconds["the benchmark"]
    whole = sum(seconds.values())
    return {name: spent / whole for name, spent in seconds.most_common() if spent >= whole / 200}


def _package(function: Function) -> str:
    path = Path(function[0])
    parts = path.parts
    if "site-packages" in parts:
        return parts[parts.index("site-packages") + 1].removesuffix(".py")
    if _OWN in parts:
        return "the benchmark"
    if function[0].startswith(("<attrs", "<string>")):
        return "attrs and dataclasses"
    if len(parts) > 1:
        name = path.stem if path.parent.name.startswith("python") else path.parent.name
        return name if name in _SHOWN and name in sys.stdlib_module_names else "standard library"
    return "standard library"
