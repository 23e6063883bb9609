"""One party of a series, in a process: a JSON command a line in, a JSON answer a line out.

Run as ``python -m tests.benchmarks._timer SERIES NUMBER BASE_URL``.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import warnings
from collections.abc import Sequence
from inspect import iscoroutinefunction
from typing import Any, Final, cast

from . import _machine, _series
from ._series import Timed

# Enough for the clock, and little enough that a round is over before the machine changes.
_BATCH_SECONDS: Final = 0.03
_FIRST_SECONDS: Final = 0.002


class Timer:
    """Carries out the commands of :class:`tests.benchmarks._processes.Timer`."""

    def __init__(self, series: str, number: int, base_url: str) -> None:
        self._loop: Final = asyncio.new_event_loop()
        party = _series.series(series).parties[number]
        self._calls: Final = self._loop.run_until_complete(self._made(party, base_url))
        assert self._calls.keys() == party.roles.keys()
        self._counts: Final[dict[str, int]] = {}

    def close(self) -> None:
        self._loop.close()

    def ready(self) -> dict[str, str]:
        """Check each call, and see how long it takes; the versions of what is installed here."""
        self._counts.update({name: self._count(name) for name in self._calls})
        return _machine.versions()

    def time(self, name: str) -> float:
        """Seconds of CPU that a call takes."""
        return self._cpu(self._calls[name], self._counts[name])

    @staticmethod
    async def _made(party: _series.Party, base_url: str) -> dict[str, Timed]:
        return dict(party.make(base_url))

    def _count(self, name: str) -> int:
        """How many calls make a batch. The first one is checked."""
        timed = self._calls[name]
        if timed.prepare is not None:
            timed.prepare()
        if not timed.holds(self._result(timed)):
            raise AssertionError(f"{name} comes to something else")
        count = 1
        while (seconds := self._cpu(timed, count)) * count < _FIRST_SECONDS:
            count *= 4
        return max(1, round(_BATCH_SECONDS / seconds))

    def _result(self, timed: Timed) -> object:
        if iscoroutinefunction(timed.call):
            return self._loop.run_until_complete(timed.call())
        return timed.call()

    def _cpu(self, timed: Timed, count: int) -> float:
        if timed.prepare is not None:
            timed.prepare()
        call = timed.call
        if iscoroutinefunction(call):
            with _machine.measured(count) as found:
                self._loop.run_until_complete(_repeated(call, count))
        else:
            with _machine.measured(count) as found:
                for _ in range(count):
                    call()
        return found["cpu"]


async def _repeated(call: Any, count: int) -> None:
    for _ in range(count):
        await call()


def main(arguments: Sequence[str]) -> None:
    series, number, base_url = arguments
    # What a peer thinks of its own libraries.
    warnings.simplefilter("ignore")
    timer = Timer(series, int(number), base_url)
    _machine.pin("contender")
    for line in sys.stdin:
        command = cast("dict[str, Any]", json.loads(line))
        print(json.dumps(getattr(timer, command.pop("do"))(**command)), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
