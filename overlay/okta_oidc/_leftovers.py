"""What comes after an answer answers nothing: it must not be taken for the next one."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Any, Final

# Only what begins like this is read as an answer. Elsewhere in one it costs a connection, no more.
_START: Final = b"HTTP/"
# asyncio may read more at a time than anyio hands out, and nothing tells of the rest: so much, and
# far more than these endpoints answer.
_LARGE: Final = 32 * 1024


class Leftovers:
    """Whether more than one answer may have begun on a connection since its last request.

    httpcore looks whether an idle connection's socket has something to read, but not into what it
    has read already. Asked the first, this answers for both.
    """

    __slots__ = ("_answers", "_size", "_tail")

    def __init__(self) -> None:
        self.asked()

    def asked(self) -> None:
        """A request goes out."""
        self._answers = 0
        self._size = 0
        self._tail = b""

    def received(self, data: bytes) -> bytes:
        """Take note of ``data``, and return it."""
        seen = self._tail + data
        self._answers += seen.count(_START)
        self._size += len(data)
        self._tail = seen[1 - len(_START) :]
        return data

    def info(self, find: Callable[[str], Any], name: str) -> Any:
        """The extra information ``name`` of a network stream; ``find`` is the stream's own."""
        value = find(name)
        if name != "is_readable" or value:
            return value
        if self._answers > 1 or self._size >= _LARGE:
            return True
        return _holds_more(find("ssl_object"))


def _holds_more(tls: object) -> bool:
    # A TLS connection in memory takes in all that has come, and hands out a record at a time.
    if not isinstance(tls, ssl.SSLObject):
        return False
    try:
        tls.read(1)
    except ssl.SSLWantReadError:
        return False
    except ssl.SSLError:
        return True
    return True
