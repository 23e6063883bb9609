"""What a token store must do, proved on the store itself."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from okta_oidc._holding._stores import AsyncTokenStore, TokenStore

if TYPE_CHECKING:
    from collections.abc import Generator

_PATIENCE = 5.0
_WRITERS = 8
_LAST = "last"


def check_token_store(store: TokenStore, *, key: str | None = None) -> None:
    """Prove that ``store`` is a compare-and-set register for each key, as tokens need one.

    ``AssertionError`` says what it is not. It takes a second at most, and leaves a row or two of
    made-up bytes, under ``key`` or one that nobody uses. Eight threads call it at once in the end.
    """
    key = key or f"check-{token_hex(8)}"
    steps = _steps(store, key)
    outcome = None
    with suppress(StopIteration):
        while True:
            outcome = steps.send(outcome)

    def write(version: str) -> bool:
        return store.replace(key, b"", expected=_LAST, version=version)

    with ThreadPoolExecutor(_WRITERS) as threads:
        _check_writers(list(threads.map(write, map(str, range(_WRITERS)))))


async def check_async_token_store(store: AsyncTokenStore, *, key: str | None = None) -> None:
    """:func:`check_token_store` for a store whose calls are awaited: eight tasks in the end."""
    from anyio import create_task_group

    key = key or f"check-{token_hex(8)}"
    steps = _steps(store, key)
    outcome = None
    with suppress(StopIteration):
        while True:
            outcome = await steps.send(outcome)
    written: list[bool] = []

    async def write(version: str) -> None:
        written.append(await store.replace(key, b"", expected=_LAST, version=version))

    async with create_task_group() as tasks:
        for version in map(str, range(_WRITERS)):
            tasks.start_soon(write, version)
    _check_writers(written)


def _check_writers(written: list[bool]) -> None:
    assert sum(written) == 1, (
        f"{sum(written)} of {_WRITERS} at once replaced one version: test and write are not one"
    )


def _steps(store: Any, key: str) -> Generator[Any, Any, None]:
    """Calls of ``store``, each to be answered by what it returned."""
    first, second, third = (token_hex(8) for _ in range(3))
    value = bytes(range(256))
    assert (yield store.load(key)) is None, "a key that nobody has written holds something"
    assert not (yield store.replace(key, b"", expected=first, version=second)), (
        "a version was expected where nothing is held, and it wrote"
    )
    assert (yield store.replace(key, value, expected=None, version=first)) is True, (
        "nothing is held, as expected, and it did not write"
    )
    held = yield store.load(key)
    assert held is not None, "what was written is not held"
    assert (held.value, held.version) == (value, first), "what it loads is not what was written"
    assert 0 <= held.age < _PATIENCE, "the age is not the seconds since the write"
    assert not (yield store.replace(key, b"", expected=None, version=second)), (
        "something is held, nothing was expected, and it wrote"
    )
    assert not (yield store.replace(key, b"", expected=third, version=second)), (
        "another version is held than was expected, and it wrote"
    )
    assert (yield store.replace(key, b"", expected=third, version=first)) is True, (
        "this very version is held, and it says that it is not"
    )
    assert (yield store.load(key)).value == value, "a version was written twice"
    deadline = time.monotonic() + _PATIENCE
    while (yield store.load(key)).age <= held.age:
        assert time.monotonic() < deadline, "the age does not grow"
    assert (yield store.replace(key, b"next", expected=first, version=second)) is True, (
        "the version held was expected, and it did not write"
    )
    following = yield store.load(key)
    assert (following.value, following.version) == (b"next", second), "it holds what was replaced"
    assert (yield store.load(key + "-other")) is None, "keys are not kept apart"
    assert (yield store.replace(key, b"", expected=second, version=_LAST)) is True, (
        "a row cannot be replaced twice"
    )
