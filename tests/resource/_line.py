"""A line to a server that speaks any protocol, which can be cut and go silent."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Literal

from tests.support.proxy import Exchange, FaultProxy

Mode = Literal["through", "mute", "refusing"]


class Line(FaultProxy):
    """Passes bytes on, both ways, while it is ``through``.

    ``mute`` accepts and passes nothing on; ``refusing`` resets each connection. A change strikes
    connections that are open, too: those that were through are mute, or cut.
    """

    mode: Mode = "through"

    def become(self, mode: Mode) -> None:
        """Change, for new connections and for those that are open."""
        self.mode = mode
        if mode != "mute":
            asyncio.run_coroutine_threadsafe(self._cut(), self._loop).result()

    async def _cut(self) -> None:
        for task in set(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: int
    ) -> None:
        exchange = Exchange(self, reader, writer, connection)
        if self.mode == "refusing":
            await exchange.reset()
        elif self.mode == "mute":
            await exchange.hang()
        else:
            back, forth = await asyncio.open_connection(*self.upstream)
            with contextlib.closing(forth):
                await asyncio.gather(self._pump(reader, forth), self._pump(back, writer))

    async def _pump(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            if self.mode == "through":
                target.write(data)
                await target.drain()
        target.close()
