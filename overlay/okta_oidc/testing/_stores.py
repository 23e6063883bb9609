"""What a token store must do, proved on the store itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from secrets import token_hex
from threading import Barrier
from typing import Any

from okta_oidc._holding._stores import AsyncTokenStore, Stored, TokenStore

_PATIENCE = 5.0
# Seconds that the machine may be busy elsewhere between two calls.
_OLDEST = 60.0
# Seconds in which an age that is in another unit, or begins anew, shows.
_MOMENT = 0.05
# An age may be whole seconds, and the answer slow.
_ROUNDING = 1.5
_WRITERS = 8
_ROUNDS = 12


class _AtOnce(list[Callable[[], Any]]):
    """Calls to be made at the same time, to be answered by what each of them returned."""


def check_token_store(store: TokenStore, *, key: str | None = None) -> None:
    """Prove that ``store`` is a compare-and-set register for each key, as tokens need one.

    ``AssertionError`` says what it is not. It takes up to three seconds, and leaves two rows of
    made-up bytes, under ``key`` or one that nobody uses, and beside it. Eight threads call it at
    once in the end.
    """
    steps = _steps(store, key or f"check-{token_hex(8)}")
    outcome: Any = None
    start = Barrier(_WRITERS)

    def write(call: Callable[[], Any]) -> Any:
        start.wait()
        return call()

    with ThreadPoolExecutor(_WRITERS) as threads, suppress(StopIteration):
        while True:
            outcome = steps.send(outcome)
            if isinstance(outcome, _AtOnce):
                try:
                    outcome = list(threads.map(write, outcome))
                except BaseException:
                    # Those that wait for one that could not start would wait for ever.
                    start.abort()
                    raise


async def check_async_token_store(store: AsyncTokenStore, *, key: str | None = None) -> None:
    """:func:`check_token_store` for a store whose calls are awaited: eight tasks in the end."""
    from anyio import create_task_group

    steps = _steps(store, key or f"check-{token_hex(8)}")
    outcome: Any = None

    async def write(written: dict[int, Any], place: int, call: Callable[[], Any]) -> None:
        written[place] = await call()

    with suppress(StopIteration):
        while True:
            outcome = steps.send(outcome)
            if isinstance(outcome, _AtOnce):
                written: dict[int, Any] = {}
                async with create_task_group() as tasks:
                    for place, call in enumerate(outcome):
                        tasks.start_soon(write, written, place, call)
                outcome = [written[place] for place in range(len(written))]
            else:
                outcome = await outcome


def _steps(store: Any, key: str) -> Generator[Any, Any, None]:
    """Calls of ``store``, each to be answered by what it returned."""
    first, second, third, last = (token_hex(8) for _ in range(4))
    others = {f"{key}-other", f"{key} ", key.swapcase()} - {key}
    # As long as a row with two tokens may be.
    value = bytes(range(256)) * 64
    assert (yield store.load(key)) is None, "a key that nobody has written holds something"
    assert not (yield store.replace(key, b"", expected=first, version=second)), (
        "a version was expected where nothing is held, and it wrote"
    )
    assert (yield store.load(key)) is None, "a write that was refused is held"
    assert (yield store.replace(key, value, expected=None, version=first)) is True, (
        "nothing is held, as expected, and it did not write"
    )
    for other in others:
        assert (yield store.load(other)) is None, "keys are not kept apart"
    aged = yield from _aging(store, key, first, value)

    # What changes nothing
    assert not (yield store.replace(key, b"", expected=None, version=second)), (
        "something is held, nothing was expected, and it wrote"
    )
    assert not (yield store.replace(key, b"", expected=third, version=second)), (
        "another version is held than was expected, and it wrote"
    )
    assert (yield store.replace(key, b"", expected=third, version=first)) is True, (
        "this very version is held, and it says that it is not"
    )
    held = yield from _held(store, key, first, value)
    assert held.age >= aged.age, "the age began anew, but nothing was written"

    began = time.monotonic()
    assert (yield store.replace(key, b"next", expected=first, version=second)) is True, (
        "the version held was expected, and it did not write"
    )
    following = yield from _held(store, key, second, b"next")
    assert following.age <= time.monotonic() - began + aged.age / 2, (
        "the age is not that of the last write"
    )
    assert not (yield store.replace(key, b"", expected=first, version=first)), (
        "a version that was held once is held no more, and it says that it is"
    )
    assert (yield store.replace(key, b"", expected=second, version=last)) is True, (
        "a row cannot be replaced twice"
    )
    yield from _races(store, key, last)


def _held(store: Any, key: str, version: str, value: bytes) -> Generator[Any, Any, Stored]:
    held: Any = yield store.load(key)
    assert held is not None, "what was written is not held"
    assert type(held.value) is bytes, "what it loads is not bytes"
    assert (held.value, held.version) == (value, version), "what it loads is not what was written"
    assert isinstance(held.age, float | int), "the age is no number of seconds"
    assert 0 <= held.age < _OLDEST, "the age is not the seconds since the write"
    stored: Stored = held
    return stored


def _aging(store: Any, key: str, version: str, value: bytes) -> Generator[Any, Any, Stored]:
    """What is held, when it is old enough to tell a second from anything else.

    Its age has grown twice by then: half of it is no less than what it may be rounded by.
    """
    began = time.monotonic()
    aged = held = yield from _held(store, key, version, value)
    asked = time.monotonic()
    steps = 0
    while True:
        before, least = aged.age, time.monotonic() - asked
        aged = yield from _held(store, key, version, value)
        passed = time.monotonic() - began
        grown = aged.age - held.age
        steps += aged.age > before
        if steps > 1 and least >= _MOMENT:
            assert least / 2 <= grown <= passed + _ROUNDING, (
                "the age is not the seconds since the write"
            )
            return aged
        assert passed - grown < _PATIENCE, "the age does not grow"


def _races(store: Any, key: str, version: str) -> Generator[Any, Any, None]:
    """Eight at once: where nothing is held, and where one version is."""
    yield from _race(store, f"{key}-other", None)
    for _ in range(_ROUNDS):
        version = yield from _race(store, key, version)


def _race(store: Any, key: str, expected: str | None) -> Generator[Any, Any, str]:
    versions = [token_hex(8) for _ in range(_WRITERS)]
    write = partial(store.replace, key, b"", expected=expected)
    written: list[bool] = yield _AtOnce(partial(write, version=each) for each in versions)
    assert sum(written) == 1, (
        f"{sum(written)} of {_WRITERS} at once replaced one version: test and write are not one"
    )
    winner = versions[written.index(True)]
    yield from _held(store, key, winner, b"")
    return winner
