"""What is held under a key, as a store keeps it and as a process does."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Final, Self

from .._errors import SignInReason, TokenStoreError

_FORMAT: Final = 1


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

    family: str = ""
    """Of all generations that descend from one sign-in."""
    generation: int = 0
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
    """Seconds since the first unresolved claim, when a further one was written; else 0."""
    claimed_at: float = 0.0
    """Epoch seconds by its author's clock."""
    not_before: float = 0.0
    """Until then Okta refuses every request (429)."""
    gone: SignInReason | None = None
    """Why this cannot be renewed."""

    def aged(self, seconds: float) -> Row:
        """The same row, as it is to be written ``seconds`` later."""
        ends_in = None if self.ends_in is None else self.ends_in - seconds
        return replace(self, ends_in=ends_in, lag=self.lag + seconds if self.is_claimed else 0.0)

    def ended(self, reason: SignInReason) -> Row:
        """The same row, when there is nothing more to renew."""
        return replace(self, refresh_token=None, is_claimed=False, gone=reason)

    def outranks(self, stored: Row) -> bool:
        """Whether the store has lost this row: it holds nothing, or an earlier generation."""
        if self.refresh_token is None or stored == Row():
            return self.refresh_token is not None
        if stored.family != self.family or stored.gone not in (None, "lost"):
            return False
        return stored.generation < self.generation

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
            members = json.loads(value)
            if members.pop("format") == _FORMAT:
                members["scopes"] = tuple(members["scopes"])
                return cls(**members)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            pass
        raise TokenStoreError(
            "the store holds what this version cannot read: another program's value, or a row "
            "that a newer version of okta-oidc wrote. It was left as it is"
        )


@dataclass(frozen=True, slots=True, repr=False)
class Held:
    """A row in this process's memory. Times are by its clock."""

    row: Row
    version: str | None
    """``None`` if nothing is stored."""
    age: float
    """How old it was when it was loaded, by the store's clock."""
    since: float
    """When it was written, at the earliest."""
    good_until: float
    look_at: float
    """Until then nobody needs to look at the store."""
    tokens: HeldTokens | None
    is_saved: bool = True

    def is_good(self, now: float, rejected: str | None) -> bool:
        """Whether its access token can be used: it is not over, and no API has refused it."""
        return (
            self.tokens is not None
            and self.tokens.access_token != rejected
            and now < self.good_until
        )

    def unlooked(self, until: float) -> Held:
        """The same, if it is no use to look at the store before ``until``."""
        return replace(self, look_at=min(until, self.good_until))


@dataclass(slots=True, repr=False)
class Era:
    """What a process holds from one sign-in, or sign-out, to the next."""

    held: Held | None = None
