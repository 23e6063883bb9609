"""Words for people: times, and text from elsewhere that a terminal may safely show."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import cast

_MINUTE = 60
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR


def printable(text: str) -> str:
    """``text`` with every character that a terminal might obey written as an escape.

    A server, or whoever made up a token's claims, could otherwise move the cursor, change colours
    or turn the direction of the text, and so make a line say what it does not.
    """
    return "".join(char if char.isprintable() else _escaped(char) for char in text)


def value_text(value: object) -> str:
    """A JSON value on one line: a string as it is, a list of strings with commas, else JSON."""
    if isinstance(value, str):
        return printable(value)
    texts = _texts(value)
    return ", ".join(map(printable, texts)) if texts else json_text(value)


def json_text(value: object, indent: int | None = None) -> str:
    """A JSON value in ASCII; one that is too deep to be indented stands on one line."""
    try:
        return json.dumps(value, indent=indent)
    except RecursionError:
        return json.dumps(value)


def duration(seconds: float) -> str:
    """About how long ``seconds`` are, in the largest unit that leaves at least two of them."""
    seconds = abs(seconds)
    for size, unit in ((_DAY, "days"), (_HOUR, "h"), (_MINUTE, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def moment(at: datetime) -> str:
    """A point in time, UTC, to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def epoch_text(value: object, now: float) -> str:
    """A claim that counts seconds since 1970, with the time it stands for and how far off it is."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value_text(value)
    try:
        at = datetime.fromtimestamp(value, UTC)
    except (OverflowError, ValueError, OSError):
        return value_text(value)
    off = duration(value - now)
    return f"{value_text(value)} ({moment(at)}, {f'in {off}' if value > now else f'{off} ago'})"


def _escaped(char: str) -> str:
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _texts(value: object) -> list[str]:
    """The strings that a list is made of; none if it is no such list."""
    items = cast("Sequence[object]", value) if isinstance(value, list | tuple) else ()
    texts = [item for item in items if isinstance(item, str)]
    return texts if len(texts) == len(items) else []
