"""What comes after an answer answers nothing: it must not be taken for the next one."""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable
from typing import Any, Final

# Only what begins like this is read as an answer. Elsewhere in one it costs a connection, no more.
_START: Final = b"HTTP/"
_LENGTH: Final = re.compile(
    rb"^content-length:[ \t]*(\d{1,18})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE
)
_NO_CONTENT: Final = re.compile(rb"HTTP/\d\.\d 204")
_END_OF_CHUNKS: Final = b"0\r\n\r\n"
# asyncio may read more at a time than anyio hands out, and nothing tells of the rest: so much, and
# far more than these endpoints answer.
_LARGE: Final = 32 * 1024


class Leftovers:
    """Whether a connection has brought one answer since its last request, and nothing more.

    httpcore looks whether an idle connection's socket has something to read, but not into what it
    has read already. Asked the first, this answers for both. Where it cannot tell, as of an answer
    that needs no length, the connection is taken for one that is not fit to be used again.
    """

    __slots__ = ("_answers", "_end", "_head", "_size", "_whole")

    def __init__(self) -> None:
        self.asked()

    def asked(self) -> None:
        """A request goes out."""
        self._answers = 0
        self._size = 0
        self._head = b""
        self._end = b""
        # How many bytes the answer has in all, once its head is there; None where chunks tell.
        self._whole: int | None = -1

    def received(self, data: bytes) -> bytes:
        """Take note of ``data``, and return it."""
        self._answers += (self._end[1:] + data).count(_START)
        self._end = (self._end + data)[-len(_END_OF_CHUNKS) :]
        self._size += len(data)
        if self._whole == -1:
            self._look_at(self._head + data)
        return data

    def info(self, find: Callable[[str], Any], name: str) -> Any:
        """The extra information ``name`` of a network stream; ``find`` is the stream's own."""
        value = find(name)
        if name != "is_readable" or value:
            return value
        return not self._is_one_answer() or _holds_more(find("ssl_object"))

    def _look_at(self, received: bytes) -> None:
        head, end, _ = received.partition(b"\r\n\r\n")
        if not end:
            self._head = received
            return
        length = _LENGTH.search(head)
        if length is not None:
            self._whole = len(head) + len(end) + int(length[1])
        else:
            self._whole = len(head) + len(end) if _NO_CONTENT.match(head) else None

    def _is_one_answer(self) -> bool:
        if self._answers != 1 or self._size >= _LARGE:
            return False
        return self._end == _END_OF_CHUNKS if self._whole is None else self._size == self._whole


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
