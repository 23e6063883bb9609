"""Form bodies: from what a caller passes to the pairs that are sent."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, cast
from urllib.parse import parse_qsl, quote_plus

from okta_oidc_api.operations import CREDENTIALS, SECRETS

from ._errors import ConfigurationError

Pairs = list[tuple[str, str]]

_PLAIN: Final = re.compile(r"[A-Za-z0-9_.~-]*")
# Of ASCII text, what quote_plus() makes of it, in half the time.
_QUOTED: Final = {code: quote_plus(chr(code)) for code in range(128)}


def pairs_of(
    members: Mapping[str, object], required: Iterable[str], *, lenient: bool = False
) -> Pairs:
    """The pairs to send: nothing absent, nothing empty.

    ``lenient`` writes numbers out, and lets a list repeat its parameter. An optional secret cannot
    have been left empty on purpose: what it guards would fail.

    Raises:
        ConfigurationError: a member cannot be sent; a ``required`` one is missing, empty or there
            twice.
    """
    required = frozenset(required)
    pairs: Pairs = []
    seen: set[str] = set()
    for name, value in flattened(members) if lenient else members.items():
        if name in CREDENTIALS:
            raise ConfigurationError(
                f"{name} is for the client's auth object to send: "
                "Okta refuses a request that authenticates twice"
            )
        if value is None:
            continue
        if not isinstance(value, str):
            raise ConfigurationError(f"{name} must be a string, not {type(value).__name__}")
        if value and not value.isspace():
            if name in required and name in seen:
                raise ConfigurationError(f"{name} is given more than once")
            seen.add(name)
            # What a subclass, an enumeration say, shows as its text is not what it holds.
            pairs.append((name, str.__str__(value)))
        elif name in required or name in SECRETS:
            raise ConfigurationError(f"{name} is empty")
    for name in sorted(required - seen):
        raise ConfigurationError(f"{name} is missing")
    return pairs


def flattened(members: Mapping[Any, object]) -> Iterator[tuple[str, object]]:
    """The members, an item of a list at a time, numbers as text."""
    for name, value in members.items():
        if not isinstance(name, str) or not name:
            raise ConfigurationError("form parameters are named by non-empty strings")
        if name == "grant_type":
            yield name, value
            continue
        values = cast("Sequence[object]", value) if isinstance(value, list | tuple) else (value,)
        for item in values:
            if isinstance(item, bool):
                yield name, "true" if item else "false"
            else:
                yield name, str(item) if isinstance(item, int | float) else item


def encoded(pairs: Pairs) -> bytes:
    """The pairs as ``application/x-www-form-urlencoded`` bytes."""
    try:
        return "&".join([f"{_quoted(name)}={_quoted(value)}" for name, value in pairs]).encode()
    except UnicodeEncodeError:
        raise ConfigurationError("a parameter is not valid Unicode text") from None


def _quoted(text: str) -> str:
    # Most names and values need no quoting, which quote_plus() takes ten times longer to find.
    if _PLAIN.fullmatch(text):
        return text
    return text.translate(_QUOTED) if text.isascii() else quote_plus(text)


def decoded(form: bytes) -> Pairs:
    """The pairs of a form, however they are encoded."""
    return parse_qsl(form.decode("latin-1"), keep_blank_values=True)


def credentials_in(form: bytes) -> frozenset[str]:
    """Members that authenticate the client: each of them is a method of its own."""
    return CREDENTIALS & {name for name, _ in decoded(form)}
