"""The API's callers: connections that ask again and again, at a steady rate."""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

_LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_READ_SECONDS: Final = 15.0


@dataclass(slots=True)
class Seen:
    """One answer: which token, when it was asked for and answered (monotonic), its status."""

    token: int
    asked: float
    answered: float
    status: int


@dataclass
class Callers:
    """``connections`` that share a ``rate``, in requests a second, until ``until``.

    A token's number is its place in ``tokens``; one in ``made_up`` requests brings a token that
    was never issued, number −1.
    """

    port: int
    tokens: list[str]
    rate: float
    connections: int
    until: float
    made_up: int = 50
    seen: list[Seen] = field(default_factory=list[Seen])
    broken: list[str] = field(default_factory=list[str])
    _next: float = 0.0

    async def run(self, at: list[tuple[float, Callable[[], None]]]) -> None:
        """Call until it is time to stop; run each of ``at`` in a thread when its time has come."""
        self._next = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for number in range(self.connections):
                group.create_task(self._call(random.Random(number)))
            for moment, action in at:
                group.create_task(_later(moment, action))

    async def _call(self, rng: random.Random) -> None:
        while time.monotonic() < self.until:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError as error:
                self.broken.append(f"connecting: {type(error).__name__}")
                await asyncio.sleep(0.1)
                continue
            try:
                while (now := time.monotonic()) < self.until:
                    # Each takes the next moment of a common beat; one that is late does not wait.
                    self._next = max(self._next + 1 / self.rate, now - 0.05)
                    if self._next > now:
                        await asyncio.sleep(self._next - now)
                    await self._ask(rng, reader, writer)
            except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
                self.broken.append(type(error).__name__)
            finally:
                writer.close()

    async def _ask(
        self, rng: random.Random, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        number = -1 if rng.randrange(self.made_up) == 0 else rng.randrange(len(self.tokens))
        token = self.tokens[number] if number >= 0 else f"made-up-{rng.randrange(1000)}"
        asked = time.monotonic()
        writer.write(
            b"GET /orders HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\n\r\n"
            % token.encode()
        )
        async with asyncio.timeout(_READ_SECONDS):
            head = await reader.readuntil(b"\r\n\r\n")
            length = _LENGTH.search(head)
            await reader.readexactly(int(length[1]) if length else 0)
        self.seen.append(Seen(number, asked, time.monotonic(), int(head[9:12])))


async def _later(moment: float, action: Callable[[], None]) -> None:
    await asyncio.sleep(max(0.0, moment - time.monotonic()))
    await asyncio.to_thread(action)
