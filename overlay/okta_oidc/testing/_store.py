"""Everything the fake has issued and what became of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ._registry import FakeClient, FakeUser


@dataclass(slots=True, eq=False)
class Grant:
    """One sign-in: the family of all tokens that descend from it."""

    server_id: str | None
    client: FakeClient
    user: FakeUser
    scopes: frozenset[str]
    auth_time: int
    nonce: str | None = field(default=None, repr=False)
    refresh_expires_at: float | None = None
    refresh_idle: float | None = None
    last_used: float = 0.0
    revoked: bool = False
    current_refresh_token: RefreshToken | None = field(default=None, repr=False)

    def refresh_deadline(self) -> float | None:
        """Epoch seconds at which its refresh token ends if nobody uses it before; ``None``:
        never."""
        ends = [
            end
            for end in (
                self.refresh_expires_at,
                None if self.refresh_idle is None else self.last_used + self.refresh_idle,
            )
            if end is not None
        ]
        return min(ends, default=None)


@dataclass(slots=True, eq=False)
class Code:
    """An authorization code and what it is bound to."""

    value: str = field(repr=False)
    grant: Grant
    redirect_uri: str
    code_challenge: str | None = field(repr=False)
    expires_at: float
    spent: bool = False


@dataclass(slots=True, eq=False)
class RefreshToken:
    """One generation of a family's refresh token."""

    value: str = field(repr=False)
    grant: Grant
    superseded_at: float | None = None


@dataclass(slots=True, eq=False)
class AccessToken:
    """A user's access token, or a service's (``grant`` is ``None``)."""

    value: str = field(repr=False)
    server_id: str | None
    client_id: str
    grant: Grant | None
    claims: Mapping[str, object] = field(repr=False)
    scopes: frozenset[str]
    expires_at: int
    revoked: bool = False


@dataclass(slots=True, eq=False)
class IDToken:
    """An ID token; nothing but time ends it."""

    value: str = field(repr=False)
    grant: Grant
    claims: Mapping[str, object] = field(repr=False)
    expires_at: int


Token = AccessToken | RefreshToken | IDToken


class Store:
    """Codes and tokens by value."""

    def __init__(self) -> None:
        self._codes: dict[str, Code] = {}
        self._tokens: dict[str, Token] = {}
        self._suspended: set[str] = set()

    def add_code(self, code: Code) -> None:
        self._codes[code.value] = code

    def code(self, value: str) -> Code | None:
        return self._codes.get(value)

    def add_token(self, token: Token) -> None:
        self._tokens[token.value] = token

    def token(self, value: str) -> Token | None:
        return self._tokens.get(value)

    def suspend(self, username: str) -> None:
        self._suspended.add(username)

    def is_suspended(self, user: FakeUser) -> bool:
        return user.username in self._suspended

    def is_active(self, token: Token, now: float) -> bool:
        """Whether introspection calls it active."""
        grant = token.grant
        if grant is not None and self.is_suspended(grant.user):
            return False
        if isinstance(token, RefreshToken):
            return not token.grant.revoked and self.refresh_refusal(token, now) is None
        if now >= token.expires_at:
            return False
        if isinstance(token, IDToken):
            return True
        return not token.revoked and not (grant is not None and grant.revoked)

    def refresh_refusal(self, token: RefreshToken, now: float) -> str | None:
        """Why a refresh token no longer works apart from revocation: ``"expired"``, ``"reused"``
        (rotated away as long ago as the leeway, or longer) or ``None``."""
        deadline = token.grant.refresh_deadline()
        if deadline is not None and now >= deadline:
            return "expired"
        if token.superseded_at is not None and now >= (
            token.superseded_at + token.grant.client.leeway
        ):
            return "reused"
        return None
