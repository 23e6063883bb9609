"""What is held under a key, as it is stored and as it is kept in memory."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from typing import Any, Final, Self, cast

from .._errors import SignInReason, TokenStoreError
from .._http import instant

_FORMAT: Final = 1
# Tokens of a lifetime that nobody told are good until an API refuses them.
_UNTOLD: Final = 1e10


@dataclass(frozen=True, slots=True, repr=False)
class HeldTokens:
    """Tokens that are good now. Their refresh token stays with the store.

    ``expires_at`` is aware UTC by this machine's clock, ``None`` if the server named no lifetime;
    ``scopes`` are in the server's order.
    """

    access_token: str
    token_type: str
    expires_at: datetime | None
    scopes: tuple[str, ...]
    id_token: str | None

    def __repr__(self) -> str:
        at = None if self.expires_at is None else self.expires_at.isoformat()
        return (
            f"HeldTokens(access_token: not shown; token_type={self.token_type!r}, "
            f"expires_at={at}, scopes={self.scopes!r})"
        )


@dataclass(frozen=True, slots=True, repr=False)
class Row:
    """One version of what is stored under a key.

    All times are seconds from when this version was written, so that no two clocks are ever
    compared: the store tells how long ago that was.
    """

    family: str
    """Of all generations that descend from one sign-in."""
    generation: int
    """Counts the renewals, and the sign-ins, of this key."""
    refresh_token: str | None = None
    access_token: str | None = None
    token_type: str = ""
    id_token: str | None = None
    scopes: tuple[str, ...] = ()
    lifetime: float | None = None
    """Seconds that the access token was granted for."""
    ends_in: float | None = None
    is_claimed: bool = False
    """Somebody is about to present this generation, or was."""
    lag: float = 0.0
    """How long the first claim that is still unresolved was there already."""
    not_before: float = 0.0
    """Until then Okta refuses every request (429)."""
    gone: SignInReason | None = None
    """Why this cannot be renewed."""

    def aged(self, seconds: float) -> Row:
        """The same row, as it is to be written ``seconds`` later."""
        return replace(
            self,
            ends_in=None if self.ends_in is None else self.ends_in - seconds,
            lag=self.lag + seconds if self.is_claimed else 0.0,
            not_before=max(0.0, self.not_before - seconds),
        )

    def ended(self, reason: SignInReason) -> Row:
        """The same row when there is nothing more to renew."""
        return replace(
            self, refresh_token=None, is_claimed=False, lag=0.0, not_before=0.0, gone=reason
        )

    def encoded(self) -> bytes:
        """The row as a store keeps it."""
        return json.dumps({"format": _FORMAT, **asdict(self)}).encode()

    @classmethod
    def decoded(cls, value: bytes) -> Self:
        """The row that ``encoded`` wrote.

        Raises:
            TokenStoreError: it is of another format, a newer version's for instance.
        """
        try:
            members = cast("dict[str, Any]", json.loads(value))
            if members.pop("format") == _FORMAT:
                members["scopes"] = tuple(members["scopes"])
                row = cls(**members)
                if all(isinstance(getattr(row, name), kinds) for name, kinds in _KINDS.items()):
                    return row
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            pass
        raise TokenStoreError(
            "the store holds what this version cannot read: another program's value, or a row "
            "that a newer version of okta-oidc wrote. It was left as it is"
        )


_TEXT: Final = (str, type(None))
_NUMBER: Final = (int, float)
_KINDS: Final[dict[str, tuple[type, ...]]] = {
    "family": (str,),
    "generation": (int,),
    "refresh_token": _TEXT,
    "access_token": _TEXT,
    "token_type": (str,),
    "id_token": _TEXT,
    "scopes": (tuple,),
    "lifetime": (*_NUMBER, type(None)),
    "ends_in": (*_NUMBER, type(None)),
    "is_claimed": (bool,),
    "lag": _NUMBER,
    "not_before": _NUMBER,
    "gone": _TEXT,
}
assert _KINDS.keys() == {field.name for field in fields(Row)}


@dataclass(frozen=True, slots=True)
class Moment:
    """Now, by two clocks: one that nobody sets, and one that goes on while the machine sleeps."""

    monotonic: float
    wall: float

    def plus(self, seconds: float) -> Moment:
        """That much later; earlier if negative."""
        return Moment(self.monotonic + seconds, self.wall + seconds)

    def has_come(self, now: Moment) -> bool:
        """Whether it is over by either clock: a wall clock that is set back delays nothing."""
        return now.monotonic >= self.monotonic or now.wall >= self.wall

    def since(self, start: Moment) -> float:
        """Seconds from ``start`` until now, at most."""
        return max(self.monotonic - start.monotonic, self.wall - start.wall)

    def earliest(self, other: Moment) -> Moment:
        """The earlier by each clock."""
        return Moment(min(self.monotonic, other.monotonic), min(self.wall, other.wall))


@dataclass(frozen=True, slots=True, repr=False)
class Held:
    """A row in this process's memory."""

    row: Row
    version: str
    since: Moment
    """When it was written, at the earliest."""
    tokens: HeldTokens | None
    good_until: Moment
    look_at: Moment
    """Until then nobody needs to look at the store."""
    is_saved: bool = True

    @classmethod
    def of(
        cls, row: Row, version: str, since: Moment, *, early: float, share: float, leeway: float
    ) -> Self:
        """``row``, good until ``leeway`` seconds before its end, to be renewed ``early`` before.

        A lifetime that is too short for them gets shares of itself. ``share`` of ``early`` is what
        this process draws, so that fifty do not look at the store in one second.
        """
        lifetime = _UNTOLD if row.lifetime is None else row.lifetime
        ends = since.plus(_UNTOLD if row.ends_in is None else row.ends_in)
        return cls(
            row,
            version,
            since,
            _tokens(row, ends),
            good_until=ends.plus(-min(leeway, lifetime / 10)),
            look_at=ends.plus(-min(early, lifetime / 5) * share),
        )

    def is_good(self, now: Moment, rejected: str | None) -> bool:
        """Whether its access token can be used: it is not over, and no API has refused it."""
        return (
            self.tokens is not None
            and self.tokens.access_token != rejected
            and not self.good_until.has_come(now)
        )

    def unlooked(self, until: Moment) -> Held:
        """The same, if it is no use to look at the store before ``until``."""
        return replace(self, look_at=until.earliest(self.good_until))


class Era:
    """What a process holds from one sign-in, or sign-out, to the next."""

    __slots__ = ("held",)

    def __init__(self, held: Held | None = None) -> None:
        self.held = held


def _tokens(row: Row, ends: Moment) -> HeldTokens | None:
    if row.access_token is None:
        return None
    expires_at = None if row.ends_in is None else instant(ends.wall)
    return HeldTokens(row.access_token, row.token_type, expires_at, row.scopes, row.id_token)
