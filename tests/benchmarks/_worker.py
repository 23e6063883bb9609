"""One contender in a process of its own: a JSON command a line in, a JSON answer a line out.

Run as ``python -m tests.benchmarks._worker CONTENDER BASE_URL [unpinned]``.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import ssl
import sys
from collections.abc import Awaitable, Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Final, cast
from unittest import mock

from . import _machine, _profile
from ._answers import EXPECTED, HeaderSet, Operation
from ._contenders import CONTENDERS, AsyncCalls, SyncCalls
from ._targets import Target


class Worker:
    """Carries out the commands of :mod:`._processes`."""

    def __init__(self, contender: str, base_url: str) -> None:
        self._contender: Final = CONTENDERS[contender]
        self._base_url: Final = base_url
        self._loop: Final = asyncio.new_event_loop()
        self._made: Final[dict[Target, SyncCalls | AsyncCalls]] = {}
        self._executor: Final = ThreadPoolExecutor(1024)

    def close(self) -> None:
        self._executor.shutdown()
        self._loop.close()

    def calls(
        self, operation: Operation, headers: HeaderSet, in_memory: bool, width: int, count: int
    ) -> dict[str, float]:
        """Seconds of CPU and of wall time that a call takes, ``width`` at a time."""
        batch = self._batch(self._calls(Target(self._base_url, headers, in_memory)), operation)
        # Connects whatever the measurement needs.
        batch(width, max(width, 10))
        with _machine.measured(count) as found:
            batch(width, count)
        return found

    def crowd(self, clients: int, count: int) -> dict[str, float]:
        """The same for calls that go round ``clients`` clients, with the memory of one client."""
        one_call = self._batch(self._make(Target(self._base_url)), "refresh")
        one_call(1, 1)
        before = _machine.resident_kib()
        with _machine.measured(clients) as construction:
            crowd = [self._make(Target(self._base_url)) for _ in range(clients)]
        batches = [self._batch(calls, "refresh") for calls in crowd]
        for batch in batches:
            batch(1, 1)
        after = _machine.resident_kib()
        with _machine.measured(count) as found:
            for index in range(count):
                batches[index % clients](1, 1)
        return {
            **found,
            "construction": construction["cpu"],
            "resident_kib": (after - before) / clients,
        }

    def construct(self, count: int) -> dict[str, float]:
        """Seconds for a further client, and how often all of them read a certificate store."""
        target = Target("https://dev-000000.okta.com")
        first = self._make(target)
        with _counted_store_reads() as reads, _machine.measured(count) as found:
            made = [self._make(target) for _ in range(count)]
        assert first is not made[-1]
        return {**found, "store_reads": float(len(reads))}

    def soak(self, width: int, count: int, samples: int) -> list[dict[str, float]]:
        """Memory and descriptors, on the way through ``count`` calls on one client."""
        batch = self._batch(self._calls(Target(self._base_url)), "refresh")
        found: list[dict[str, float]] = []
        for sample in range(1, samples + 1):
            batch(width, count // samples)
            gc.collect()
            found.append(
                {
                    "calls": count // samples * sample,
                    "resident_kib": _machine.resident_kib(),
                    "descriptors": _machine.descriptors(),
                }
            )
        return found

    def profile(self, in_memory: bool, width: int, seconds: float) -> dict[str, float]:
        """The share of time that each package takes in a call."""
        batch = self._batch(self._calls(Target(self._base_url, "okta", in_memory)), "refresh")
        batch(width, max(width, 50))
        return _profile.shares(lambda: batch(width, width * 10), seconds)

    def _calls(self, target: Target) -> SyncCalls | AsyncCalls:
        if target not in self._made:
            self._made[target] = self._make(target)
        return self._made[target]

    def _make(self, target: Target) -> SyncCalls | AsyncCalls:
        async def within_loop() -> SyncCalls | AsyncCalls:
            return self._contender.make(target)

        if self._contender.style == "sync":
            return self._contender.make(target)
        return self._loop.run_until_complete(within_loop())

    def _batch(
        self, calls: SyncCalls | AsyncCalls, operation: Operation
    ) -> Callable[[int, int], None]:
        """What makes so many calls, so many at a time. Its first call is checked."""
        expected = EXPECTED[operation]
        call: Any = calls[operation]
        if self._contender.style == "sync":
            _check(self._contender.key, call(), expected)
            return lambda width, count: self._sync_batch(call, width, count)
        _check(self._contender.key, self._loop.run_until_complete(call()), expected)
        return lambda width, count: self._loop.run_until_complete(_async_batch(call, width, count))

    def _sync_batch(self, call: Callable[[], object], width: int, count: int) -> None:
        if width == 1:
            _repeat(call, count)
            return
        threads = [self._executor.submit(_repeat, call, count // width) for _ in range(width)]
        for thread in threads:
            thread.result()


def _repeat(call: Callable[[], object], count: int) -> None:
    for _ in range(count):
        call()


async def _async_batch(call: Callable[[], Awaitable[object]], width: int, count: int) -> None:
    async def repeat() -> None:
        for _ in range(count // width):
            await call()

    if width == 1:
        await repeat()
    else:
        await asyncio.gather(*(repeat() for _ in range(width)))


def _check(contender: str, result: object, expected: object) -> None:
    if result != expected:
        raise AssertionError(f"{contender} made something else of the answer")


@contextmanager
def _counted_store_reads() -> Generator[list[object]]:
    reads: list[object] = []

    def spied(name: str) -> Callable[..., object]:
        own = getattr(ssl.SSLContext, name)

        def read(*args: object, **kwargs: object) -> object:
            reads.append(name)
            return own(*args, **kwargs)

        return read

    with (
        mock.patch.object(ssl.SSLContext, "load_verify_locations", spied("load_verify_locations")),
        mock.patch.object(
            ssl.SSLContext, "set_default_verify_paths", spied("set_default_verify_paths")
        ),
    ):
        yield reads


def main(arguments: Sequence[str]) -> None:
    contender, base_url, *unpinned = arguments
    if not unpinned:
        _machine.pin("contender")
    _machine.allow_descriptors()
    worker = Worker(contender, base_url)
    for line in sys.stdin:
        command = cast("dict[str, Any]", json.loads(line))
        print(json.dumps(getattr(worker, command.pop("do"))(**command)), flush=True)
    # Connections that are still open would complain of it.
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
