"""``application/x-www-form-urlencoded`` as strictly as a test wants it read."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

Pairs = tuple[tuple[str, str], ...]

_BAD_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")


def decode_component(encoded: bytes) -> str:
    """One encoded name or value; ``ValueError`` for a broken escape or bytes that are not UTF-8."""
    if _BAD_ESCAPE.search(encoded):
        raise ValueError("broken percent escape")
    return unquote_to_bytes(encoded.replace(b"+", b" ")).decode("utf-8")


def decode_pairs(encoded: bytes) -> Pairs:
    """All pairs in the order sent, repeated names kept; ``ValueError`` if malformed."""
    pairs: list[tuple[str, str]] = []
    for piece in encoded.split(b"&"):
        if piece:
            name, _, value = piece.partition(b"=")
            pairs.append((decode_component(name), decode_component(value)))
    return tuple(pairs)
