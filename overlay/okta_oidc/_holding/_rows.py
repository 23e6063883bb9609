"""What is held under a key, as a store keeps it and as a process does."""

from __future__ import annotations

import json
import math
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Final, Self

from .._errors import SignInReason, TokenStoreError

# Okta's longest grace period for a rotated refresh token, in seconds. What is open for as long is
# asked about.
MOST_GRACE: Final = 60.0

_FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class HeldTokens:
    """Tokens that are good now. Their refresh token stays with the store.

    ``expires_at`` is aware UTC by this machine's clock, ``None`` if the server named no lifetime;
    ``scopes`` are in the server's order.
    """

    access_token: str = field(repr=False)
    token_type: str
    expires_at: datetime | None
    scopes: tuple[str, ...]
    id_token: str | None = field(repr=False)


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

    def doubted(self) -> Row:
        """The same row, if it may have been presented: whoever presents it asks first."""
        return replace(self, is_claimed=True, lag=MOST_GRACE)

    def outranks(self, stored: Row) -> bool:
        """Whether the store has lost this row: it holds nothing, or an earlier generation."""
        is_earlier = stored.family == self.family and stored.generation < self.generation
        is_lost = stored == Row() or (is_earlier and stored.gone in (None, "lost"))
        return is_lost and self.refresh_token is not None

    def encoded(self) -> bytes:
        """The row as a store keeps it."""
        return json.dumps({"format": _FORMAT, **asdict(self)}).encode()

    @classmethod
    def decoded(cls, value: bytes) -> Self:
        """The row that ``encoded`` wrote.

        Raises:
            TokenStoreError: it is of another format, a newer version's for instance.
        """
        with suppress(ValueError, TypeError, KeyError, AttributeError, RecursionError):
            members = json.loads(value)
            if members.pop("format") == _FORMAT:
                members["scopes"] = tuple(members["scopes"])
                return cls(**members)
        raise TokenStoreError(
            "the store holds another program's value, or a newer okta-oidc's: it was left as it is"
        )


@dataclass(frozen=True, slots=True, repr=False)
class Held:
    """A row in this process's memory. Times are by its clock."""

    row: Row = Row()
    version: str | None = None
    """``None`` if nothing is stored."""
    age: float = 0.0
    """How old it was when it was loaded, by the store's clock."""
    since: float = 0.0
    """When it was written, at the earliest."""
    good_until: float = -math.inf
    look_at: float = -math.inf
    """Until then nobody needs to look at the store: its tokens are good."""
    tokens: HeldTokens | None = None
    """Those of the row, if it has an access token."""
    is_saved: bool = True

    def is_good(self, now: float, rejected: str | None) -> bool:
        """Whether its access token can be used: it is not over, and no API has refused it."""
        return now < self.good_until and self.row.access_token != rejected

    def unlooked(self, until: float) -> Held:
        """The same, if it is no use to look at the store before ``until``, unless to save it."""
        return replace(self, look_at=min(until, self.good_until)) if self.is_saved else self


@dataclass(slots=True, repr=False)
class Era:
    """What a process holds from one sign-in, or sign-out, to the next."""

    held: Held = Held()
