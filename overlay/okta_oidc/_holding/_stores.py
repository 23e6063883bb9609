"""Where tokens are kept: one compare-and-set register for each key, and no lock."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from time import monotonic
from typing import Final, Protocol

from .._auth import Unpicklable


@dataclass(frozen=True, slots=True)
class Stored:
    """What a store holds under a key.

    ``value`` is what was written, and secret. ``version`` is the writer's name for this very write.
    ``age`` is the seconds since then, by the store's own clock: machines' clocks differ.
    """

    value: bytes = field(repr=False)
    version: str
    age: float


class TokenStore(Protocol):
    """One compare-and-set register for each key, shared by all who use the key.

    A class of your own proves itself by ``okta_oidc.testing.check_token_store(store)``. What its
    methods raise reaches the caller as it is.
    """

    def load(self, key: str, /) -> Stored | None:
        """What is held under ``key``; ``None`` if nothing is.

        Raises:
            TokenStoreError: what is held cannot be read.
        """
        ...

    def replace(self, key: str, value: bytes, /, *, expected: str | None, version: str) -> bool:
        """Write ``value`` as ``version``, if the version held is ``expected``.

        ``expected=None``: only if nothing is held. ``True`` if it was written, and also if this
        very ``version`` is held already: the answer to a first try may have been lost. The test
        and the write are one step, which no other writer comes between.
        """
        ...


class AsyncTokenStore(Protocol):
    """:class:`TokenStore` for asyncio and trio."""

    async def load(self, key: str, /) -> Stored | None:
        """See :meth:`TokenStore.load`."""
        ...

    async def replace(
        self, key: str, value: bytes, /, *, expected: str | None, version: str
    ) -> bool:
        """See :meth:`TokenStore.replace`."""
        ...


class MemoryTokenStore(Unpicklable):
    """A store in memory: for one process, and for tests.

    A forked child has a copy of its own, and would present the same refresh token as its parent:
    processes share a store that is outside of them.

    Args:
        clock: seconds that never go back; ``FakeOkta.clock.now`` in tests.
    """

    def __init__(self, *, clock: Callable[[], float] = monotonic) -> None:
        self._clock: Final = clock
        self._entries: Final[dict[str, tuple[bytes, str, float]]] = {}
        # By process: a fork may leave the parent's locked.
        self._locks: Final[dict[int, Lock]] = {}

    def load(self, key: str, /) -> Stored | None:
        """See :meth:`TokenStore.load`."""
        if key not in self._entries:
            return None
        value, version, written_at = self._entries[key]
        return Stored(value, version, max(0.0, self._clock() - written_at))

    def replace(self, key: str, value: bytes, /, *, expected: str | None, version: str) -> bool:
        """See :meth:`TokenStore.replace`."""
        with self._locks.setdefault(os.getpid(), Lock()):
            _, held, _ = self._entries.get(key, (b"", None, 0.0))
            if held == expected and held != version:
                self._entries[key] = (value, version, self._clock())
                held = version
            return held == version


class AsyncMemoryTokenStore(Unpicklable):
    """:class:`MemoryTokenStore` for asyncio and trio."""

    def __init__(self, *, clock: Callable[[], float] = monotonic) -> None:
        self._store: Final = MemoryTokenStore(clock=clock)

    async def load(self, key: str, /) -> Stored | None:
        """See :meth:`TokenStore.load`."""
        return self._store.load(key)

    async def replace(
        self, key: str, value: bytes, /, *, expected: str | None, version: str
    ) -> bool:
        """See :meth:`TokenStore.replace`."""
        return self._store.replace(key, value, expected=expected, version=version)
