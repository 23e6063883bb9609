"""Form bodies: from what a caller passes to the pairs that are sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, cast
from urllib.parse import parse_qsl, urlencode

from ._auth import CREDENTIALS
from ._errors import ConfigurationError

Pairs = list[tuple[str, str]]

# Optional members that cannot have been left empty on purpose: what they guard would fail.
_NEVER_EMPTY: Final = frozenset({"code_verifier", "grant_type", "redirect_uri"})
# Members whose values are no secret; every other value is kept out of messages.
_PUBLIC: Final = frozenset(
    {
        "audience",
        "client_assertion_type",
        "client_id",
        "grant_type",
        "redirect_uri",
        "requested_token_type",
        "resource",
        "scope",
        "subject_token_type",
        "token_type_hint",
    }
)


def pairs_of(
    members: Mapping[str, object], required: Iterable[str], *, lenient: bool = False
) -> Pairs:
    """The pairs to send: nothing absent, nothing empty.

    ``lenient`` writes numbers out, and lets a list repeat its parameter.

    Raises:
        ConfigurationError: a member cannot be sent; a ``required`` one is missing, empty or there
            twice.
    """
    required = frozenset(required)
    pairs: Pairs = []
    seen: set[str] = set()
    for name, value in _flattened(members) if lenient else members.items():
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
        elif name in required or name in _NEVER_EMPTY:
            raise ConfigurationError(f"{name} is empty")
    for name in sorted(required - seen):
        raise ConfigurationError(f"{name} is missing")
    return pairs


def _flattened(members: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    for name, value in members.items():
        if not _is_name(name):
            raise ConfigurationError("form parameters are named by non-empty strings")
        if name == "grant_type":
            yield name, value
            continue
        values = cast("Sequence[object]", value) if isinstance(value, list | tuple) else (value,)
        for item in values:
            if isinstance(item, bool):
                yield name, "true" if item else "false"
            else:
                yield name, str(item) if isinstance(item, int) else item


def encoded(pairs: Pairs) -> bytes:
    """The pairs as ``application/x-www-form-urlencoded`` bytes."""
    try:
        return urlencode(pairs).encode("ascii")
    except UnicodeEncodeError:
        raise ConfigurationError("a parameter is not valid Unicode text") from None


def secrets_of(pairs: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """The values among ``pairs`` that no message may show."""
    return tuple(value for name, value in pairs if name not in _PUBLIC)


def secrets_in(form: bytes) -> tuple[str, ...]:
    """The same, of an encoded form."""
    return secrets_of(parse_qsl(form.decode("latin-1")))


def _is_name(name: object) -> bool:
    return isinstance(name, str) and bool(name)
