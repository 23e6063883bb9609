"""What an HTTP response said besides its body."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final, NoReturn, Self, TypeVar, cast

if TYPE_CHECKING:
    import httpx

V = TypeVar("V", covariant=True)

_NUMBERS: Final = re.compile(r"\s*\d{1,19}\s*(,\s*\d{1,19}\s*)*", re.ASCII)


class _ReadOnly(Mapping[str, V]):
    """A mapping that nobody changes. ``repr`` shows names alone: values may be secret."""

    __slots__ = ("_held",)

    def __init__(self, held: Mapping[str, V] | None = None) -> None:
        self._held: Final[Mapping[str, V]] = {} if held is None else held

    def __getitem__(self, name: str) -> V:
        return self._held[name]

    def __contains__(self, name: object) -> bool:
        # The inherited way raises and catches a KeyError for each name that is not there.
        return name in self._held

    def __iter__(self) -> Iterator[str]:
        return iter(self._held)

    def __len__(self) -> int:
        # ``httpx.Headers`` counts one that came twice for two.
        return len(self._held.keys())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(ascii, self))})"

    def __reduce__(self) -> tuple[type[Self], tuple[Mapping[str, V]]]:
        return type(self), (self._held,)


class Headers(_ReadOnly[str]):
    """Response headers: read-only, case-insensitive, in the server's order.

    A header that came several times is one value, joined by ``", "`` (RFC 9110 §5.3). ``repr``
    shows names alone: values may contain cookies, nonces or challenges.
    """

    # Over an ``httpx.Headers``, which is what makes it case-insensitive.
    __slots__ = ()


class Members(_ReadOnly[Any]):
    """The members of a JSON object, read-only. ``repr`` shows names: values may be secret."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class RateLimit:
    """The rate limit that the request counted against (Okta: "Rate limits overview").

    ``limit`` and ``remaining`` are requests a window; ``reset_at`` is when the window ends, aware
    UTC, by Okta's clock. A concurrency limit has 0 for both, and ``reset_at`` is an estimate then.
    """

    limit: int
    remaining: int
    reset_at: datetime


@dataclass(frozen=True, slots=True, repr=False)
class HttpInfo:
    """The HTTP side of an answer: ``status`` code and ``headers``."""

    status: int
    headers: Mapping[str, str]

    @property
    def request_id(self) -> str | None:
        """Okta's ``X-Okta-Request-Id``: what Okta's support asks for."""
        return self.headers.get("x-okta-request-id")

    @property
    def rate_limit(self) -> RateLimit | None:
        """The rate limit, or ``None`` unless all three headers are there and are numbers."""
        limit = least(self.headers.get("x-rate-limit-limit"))
        remaining = least(self.headers.get("x-rate-limit-remaining"))
        reset = least(self.headers.get("x-rate-limit-reset"))
        if limit is None or remaining is None or reset is None:
            return None
        return RateLimit(limit, remaining, instant(reset))

    def __repr__(self) -> str:
        return (
            f"HttpInfo(status={self.status}, request_id={self.request_id!r}, "
            f"rate_limit={self.rate_limit!r})"
        )


def media_type(headers: Mapping[str, str]) -> str:
    """The type in ``Content-Type``, without its parameters (RFC 9110 §8.3.1)."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds until the rate limit resets, by the server's clock; ``None`` if unknown.

    ``X-Rate-Limit-Reset`` is a point in time, so only the ``Date`` of the same response makes a
    wait of it: the clock of this machine may be off by more than the whole window.
    """
    reset = least(headers.get("x-rate-limit-reset"))
    try:
        date = parsedate_to_datetime(headers["date"])
    except (KeyError, ValueError, TypeError, OverflowError):
        return None
    if reset is None:
        return None
    if date.tzinfo is None:  # "-0000": the time is UTC, the sender's zone unknown (RFC 5322 §3.3)
        date = date.replace(tzinfo=UTC)
    return max(0.0, reset - date.timestamp())


def instant(seconds: float, since: float = 0.0) -> datetime:
    """The aware UTC time ``seconds`` after the epoch time ``since``.

    A time that ``datetime`` cannot hold becomes its latest, or its earliest, value.
    """
    try:
        return datetime.fromtimestamp(since + seconds, UTC)
    except (OverflowError, ValueError, OSError):
        if seconds > 0:
            return datetime.max.replace(tzinfo=UTC)
        return datetime.min.replace(tzinfo=UTC)


def least(value: str | None) -> int | None:
    """The number in a header of the rate limit; ``None`` if there is none.

    The org's limit and the application's may both be sent: the lower is the one that binds.
    """
    if value is None or _NUMBERS.fullmatch(value) is None:
        return None
    return min(map(int, value.split(",")))


@dataclass(slots=True, eq=False, repr=False)
class Reply:
    """A response as it came off the wire.

    ``complete`` is false where the size limit cut it short, ``is_plain`` where the body is
    compressed in a way that is not undone.
    ``secrets_of`` returns the request's secrets: a server may quote them, and no message may.
    """

    status: int
    headers: httpx.Headers
    body: bytes
    complete: bool = True
    is_plain: bool = True
    arrived_at: float = 0.0
    secrets_of: Callable[[], tuple[str, ...]] = tuple

    @property
    def secrets(self) -> tuple[str, ...]:
        return self.secrets_of()

    @property
    def http(self) -> HttpInfo:
        return HttpInfo(self.status, Headers(self.headers))

    @property
    def is_success(self) -> bool:
        return 200 <= self.status <= 299

    def members(self) -> dict[str, Any] | None:
        """The body as a JSON object; ``None`` if it is anything else."""
        document = self.json()
        return cast("dict[str, Any]", document) if isinstance(document, dict) else None

    def json(self) -> object:
        """The body as JSON (RFC 8259); ``None`` if it is none, or ``null``."""
        if not self.complete or not self.is_plain:
            return None
        try:
            return _JSON.decode(self.body.removeprefix(codecs.BOM_UTF8).decode())
        except (ValueError, RecursionError):
            return None


def refuse_constant(name: str) -> NoReturn:
    # The json module reads NaN and Infinity, which RFC 8259 has not.
    raise ValueError(name)


_JSON: Final = json.JSONDecoder(parse_constant=refuse_constant)
