"""Form bodies: from what a caller passes to the pairs that are sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, cast
from urllib.parse import urlencode

from ._auth import CREDENTIALS
from ._errors import ConfigurationError

Pairs = list[tuple[str, str]]

# Optional members that cannot have been left empty on purpose: what they guard would fail.
_NEVER_EMPTY: Final = frozenset({"code_verifier", "grant_type", "redirect_uri"})
# Members whose values are no secret; every other value is kept out of messages.
_PUBLIC: Final = frozenset(
    {
        "audience",
        "grant_type",
        "redirect_uri",
        "requested_token_type",
        "resource",
        "scope",
        "subject_token_type",
        "token_type_hint",
    }
)


def pairs_of(members: Mapping[str, object], required: Iterable[str]) -> Pairs:
    """The pairs to send: nothing absent, nothing empty, a list as a repeated parameter.

    Raises:
        ConfigurationError: a member cannot be sent, or a ``required`` one is missing or empty.
    """
    required = frozenset(required)
    pairs: Pairs = []
    for name, value in members.items():
        if not _is_name(name):
            raise ConfigurationError("form parameters are named by non-empty strings")
        if name in CREDENTIALS:
            raise ConfigurationError(
                f"{name} is for the client's auth object to send: "
                "Okta refuses a request that authenticates twice"
            )
        values = cast("Sequence[object]", value) if isinstance(value, list | tuple) else (value,)
        for item in values:
            if item is None:
                continue
            text = _text(name, item)
            if text:
                pairs.append((name, text))
            elif name in required or name in _NEVER_EMPTY:
                raise ConfigurationError(f"{name} is empty")
    missing = sorted(required.difference(name for name, _ in pairs))
    if missing:
        raise ConfigurationError(f"{missing[0]} is missing")
    return pairs


def encoded(pairs: Pairs) -> bytes:
    """The pairs as ``application/x-www-form-urlencoded`` bytes."""
    try:
        return urlencode(pairs).encode("ascii")
    except UnicodeEncodeError:
        raise ConfigurationError("a parameter is not valid Unicode text") from None


def secrets_of(pairs: Pairs) -> tuple[str, ...]:
    """The values among ``pairs`` that no message may show."""
    return tuple(value for name, value in pairs if name not in _PUBLIC)


def _is_name(name: object) -> bool:
    return isinstance(name, str) and bool(name)


def _text(name: str, value: object) -> str:
    if isinstance(value, str):
        return "" if value.isspace() else value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    raise ConfigurationError(f"{name} must be a string, not {type(value).__name__}")
