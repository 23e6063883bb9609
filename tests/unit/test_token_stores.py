"""What a token store must do, and that the check of it notices what one does not."""

from __future__ import annotations

import os
import threading
import time
from abc import abstractmethod
from collections.abc import Callable
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, Final

import anyio
import anyio.lowlevel
import pytest
from okta_oidc._holding import AsyncMemoryTokenStore, MemoryTokenStore, Stored, TokenStore
from okta_oidc.testing import check_async_token_store, check_token_store


def test_memory_stores_pass() -> None:
    check_token_store(MemoryTokenStore())


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_asynchronous_memory_stores_pass(backend: str) -> None:
    anyio.run(check_async_token_store, AsyncMemoryTokenStore(), backend=backend)


class Faulty:
    """A store that is right, but for one thing."""

    def __init__(self) -> None:
        self.inner: Final = MemoryTokenStore()

    def load(self, key: str, /) -> Stored | None:
        return self.inner.load(key)

    def replace(self, key: str, value: bytes, /, *, expected: str | None, version: str) -> bool:
        return self.inner.replace(key, value, expected=expected, version=version)


class WritesAlways(Faulty):
    def replace(self, key: str, value: bytes, /, *, expected: str | None, version: str) -> bool:
        held = self.load(key)
        expected = None if held is None else held.version
        return super().replace(key, value, expected=expected, version=version)


class WritesOverAnything(Faulty):
    """Where nothing is expected, as ``INSERT OR REPLACE`` does."""

    def replace(self, key: str, value: bytes, /, *, expected: str | None, version: str) -> bool:
        held = self.load(key)
        if expected is None and held is not None:
            expected = held.version
        return super().replace(key, value, expected=expected, version=version)


class ForgetsItsOwnVersion(Faulty):
    def replace(self, key: str, value: bytes, /, *, expected: str | None, version: str) -> bool:
        held = self.load(key)
        if held is not None and held.version == version:
            return False
        return super().replace(key, value, expected=expected, version=version)


class SaysNothing(Faulty):
    def replace(self, key: str, value: bytes, /, *, expected: str | None, version: str) -> bool:
        super().replace(key, value, expected=expected, version=version)
        nothing: Any = None
        return nothing  # type: ignore[no-any-return]


class TellsTheTime(Faulty):
    """An age that is when it was written."""

    def load(self, key: str, /) -> Stored | None:
        held = super().load(key)
        return None if held is None else Stored(held.value, held.version, 1.8e9)


class HasNoClock(Faulty):
    def load(self, key: str, /) -> Stored | None:
        held = super().load(key)
        return None if held is None else Stored(held.value, held.version, 0.0)


class HasOneKey(Faulty):
    def load(self, key: str, /) -> Stored | None:
        return super().load("key")

    def replace(self, key: str, value: bytes, /, *, expected: str | None, version: str) -> bool:
        return super().replace("key", value, expected=expected, version=version)


class KeepsText(Faulty):
    def replace(self, key: str, value: bytes, /, *, expected: str | None, version: str) -> bool:
        text = value.decode("utf-8", "replace").encode()
        return super().replace(key, text, expected=expected, version=version)


class CutsLongValues(Faulty):
    def replace(self, key: str, value: bytes, /, *, expected: str | None, version: str) -> bool:
        return super().replace(key, value[:2000], expected=expected, version=version)


class LoadsViews(Faulty):
    """As a driver of PostgreSQL does."""

    def load(self, key: str, /) -> Stored | None:
        held = super().load(key)
        view: Any = None if held is None else memoryview(held.value)
        return None if held is None else Stored(view, held.version, held.age)


class FoldsCase(Faulty):
    """As a column of MySQL does."""

    def load(self, key: str, /) -> Stored | None:
        return super().load(key.lower())

    def replace(self, key: str, value: bytes, /, *, expected: str | None, version: str) -> bool:
        return super().replace(key.lower(), value, expected=expected, version=version)


class AgesOtherwise(Faulty):
    def load(self, key: str, /) -> Stored | None:
        held = super().load(key)
        return None if held is None else Stored(held.value, held.version, self.age(held.age))

    @abstractmethod
    def age(self, seconds: float) -> Any: ...


class AgesInMilliseconds(AgesOtherwise):
    def age(self, seconds: float) -> Any:
        return 1000 * seconds


class AgesInMinutes(AgesOtherwise):
    def age(self, seconds: float) -> Any:
        return seconds / 60


class AgesInDecimals(AgesOtherwise):
    """As a driver gives what PostgreSQL extracts from an interval."""

    def age(self, seconds: float) -> Any:
        return Decimal(seconds)


class AgesFromTheFirstWrite(Faulty):
    def __init__(self) -> None:
        super().__init__()
        self.made_at: Final[dict[str, float]] = {}

    def load(self, key: str, /) -> Stored | None:
        held = super().load(key)
        if held is None:
            return None
        made_at = self.made_at.setdefault(key, time.monotonic())
        return Stored(held.value, held.version, time.monotonic() - made_at)


class AgesFromTheLastTry(Faulty):
    def replace(self, key: str, value: bytes, /, *, expected: str | None, version: str) -> bool:
        done = super().replace(key, value, expected=expected, version=version)
        held = vars(self.inner)["_entries"].get(key)
        if held is not None:
            vars(self.inner)["_entries"][key] = (*held[:2], time.monotonic())
        return done


class RemembersEveryVersion(Faulty):
    def __init__(self) -> None:
        super().__init__()
        self.versions: Final[set[str]] = set()

    def replace(self, key: str, value: bytes, /, *, expected: str | None, version: str) -> bool:
        if version not in self.versions:
            if not super().replace(key, value, expected=expected, version=version):
                return False
            self.versions.add(version)
        return True


class InsertsInTwoSteps(Faulty):
    """It looks, and then writes: another writer comes between."""

    def __init__(self) -> None:
        super().__init__()
        self.looked: Final = threading.Barrier(8)

    def is_slow(self, expected: str | None) -> bool:
        return expected is None

    def replace(self, key: str, value: bytes, /, *, expected: str | None, version: str) -> bool:
        alone = threading.current_thread() is threading.main_thread()
        if alone or not self.is_slow(expected):
            return super().replace(key, value, expected=expected, version=version)
        held = self.load(key)
        self.looked.wait(10)
        vars(self.inner)["_entries"][key] = (value, version, time.monotonic())
        return (None if held is None else held.version) == expected


class ReplacesInTwoSteps(InsertsInTwoSteps):
    def is_slow(self, expected: str | None) -> bool:
        return expected is not None


@pytest.mark.parametrize(
    ("store", "complaint"),
    [
        (WritesAlways, "was expected where nothing is held"),
        (WritesOverAnything, "nothing was expected"),
        (ForgetsItsOwnVersion, "this very version"),
        (SaysNothing, "did not write"),
        (TellsTheTime, "age is not"),
        (HasNoClock, "age does not grow"),
        (HasOneKey, "kept apart"),
        (KeepsText, "not what was written"),
        (CutsLongValues, "not what was written"),
        (LoadsViews, "not bytes"),
        (FoldsCase, "kept apart"),
        (AgesInMilliseconds, "not the seconds"),
        (AgesInMinutes, "not the seconds"),
        (AgesInDecimals, "no number"),
        (AgesFromTheFirstWrite, "of the last write"),
        (AgesFromTheLastTry, "began anew"),
        (RemembersEveryVersion, "held once"),
        (InsertsInTwoSteps, "not one"),
        (ReplacesInTwoSteps, "not one"),
    ],
)
def test_a_faulty_store_is_noticed(
    store: Callable[[], TokenStore], complaint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("okta_oidc.testing._stores._PATIENCE", 1.0)
    with pytest.raises(AssertionError, match=complaint):
        check_token_store(store())


class Waits(Faulty):
    """For two seconds before it loads what replaced something, on a clock of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        vars(self.inner)["_clock"] = lambda: self.now

    def load(self, key: str, /) -> Stored | None:
        held = super().load(key)
        self.now += 2.0 if held is not None and held.value == b"next" else 0.01
        return super().load(key)


def test_a_busy_machine_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    store = Waits()
    clock = SimpleNamespace(monotonic=lambda: store.now)
    monkeypatch.setattr("okta_oidc.testing._stores.time", clock)
    check_token_store(store)


class AgesInWholeSeconds(Faulty):
    """As of times that are kept in whole seconds, by a server that takes ``seconds`` to answer."""

    def __init__(self, began: float, seconds: float) -> None:
        super().__init__()
        self.now = began
        self.seconds: Final = seconds
        vars(self.inner)["_clock"] = lambda: int(self.now)

    def load(self, key: str, /) -> Stored | None:
        self.now += self.seconds
        return super().load(key)

    def replace(self, key: str, value: bytes, /, *, expected: str | None, version: str) -> bool:
        self.now += self.seconds
        return super().replace(key, value, expected=expected, version=version)


@pytest.mark.parametrize("seconds", [0.02, 0.12, 0.15, 0.17, 0.4, 1.1])
def test_ages_in_whole_seconds_are_no_fault(
    monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    """However slow the server is, and wherever a second ends."""
    for twentieths in range(20):
        store = AgesInWholeSeconds(twentieths / 20, seconds)
        clock = SimpleNamespace(monotonic=lambda: store.now)  # noqa: B023  # of this turn
        monkeypatch.setattr("okta_oidc.testing._stores.time", clock)
        check_token_store(store)


def test_a_process_without_room_for_threads_is_not_left_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    start, started = threading.Thread.start, 0

    def start_two(thread: threading.Thread) -> None:
        nonlocal started
        started += 1
        if started > 2:
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_two)
    with pytest.raises(RuntimeError, match="new thread"):
        check_token_store(MemoryTokenStore())


class AwaitsInBetween:
    """Two steps, and the loop has other tasks run between them."""

    def __init__(self) -> None:
        self.inner: Final = MemoryTokenStore()

    async def load(self, key: str, /) -> Stored | None:
        return self.inner.load(key)

    async def replace(
        self, key: str, value: bytes, /, *, expected: str | None, version: str
    ) -> bool:
        held = self.inner.load(key)
        if (None if held is None else held.version) not in (expected, version):
            return False
        await anyio.lowlevel.checkpoint()
        now = self.inner.load(key)
        held_now = None if now is None else now.version
        return self.inner.replace(key, value, expected=held_now, version=version)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_faulty_asynchronous_store_is_noticed(backend: str) -> None:
    with pytest.raises(AssertionError, match="not one"):
        anyio.run(check_async_token_store, AwaitsInBetween(), backend=backend)


def test_the_key_is_the_callers() -> None:
    store = MemoryTokenStore()
    check_token_store(store, key="mine")
    assert store.load("mine") is not None


def test_a_fork_leaves_no_store_locked() -> None:
    """Another thread is in the middle of a write."""
    inside, go_on = threading.Event(), threading.Event()

    def clock() -> float:
        inside.set()
        assert go_on.wait(10)
        return 0.0

    store = MemoryTokenStore(clock=clock)
    thread = threading.Thread(
        target=store.replace, args=("key", b""), kwargs={"expected": None, "version": "v"}
    )
    thread.start()
    assert inside.wait(10)
    child = os.fork()
    if not child:
        go_on.set()
        status = 1
        try:
            status = 0 if store.replace("key", b"", expected=None, version="w") else 2
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    go_on.set()
    thread.join(10)
    assert status == 0
