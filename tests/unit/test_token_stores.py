"""What a token store must do, and that the check of it notices what one does not."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any, Final

import anyio
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


class LooksAndThenWrites(Faulty):
    """Two steps, which another writer comes between."""

    def __init__(self) -> None:
        super().__init__()
        self.looked: Final = threading.Barrier(8)

    def replace(self, key: str, value: bytes, /, *, expected: str | None, version: str) -> bool:
        held = self.load(key)
        is_expected = (None if held is None else held.version) == expected
        if expected == "last":
            self.looked.wait(10)
            now = self.load(key)
            expected = None if now is None else now.version
            if is_expected:
                while not super().replace(key, value, expected=expected, version=version):
                    now = self.load(key)
                    expected = None if now is None else now.version
                return True
        return super().replace(key, value, expected=expected, version=version)


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
        (LooksAndThenWrites, "not one"),
    ],
)
def test_a_faulty_store_is_noticed(
    store: Callable[[], TokenStore], complaint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("okta_oidc.testing._stores._PATIENCE", 0.2)
    with pytest.raises(AssertionError, match=complaint):
        check_token_store(store())


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
