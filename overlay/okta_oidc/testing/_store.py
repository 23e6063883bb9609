"""Everything the fake has issued and what became of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ._registry import FakeClient, FakeUser

SpentAnswer = Literal["leeway", "active", "inactive"]


@dataclass(slots=True, eq=False)
class Grant:
    """One sign-in: the family of all tokens that descend from it.

    ``jkt`` is the key that its tokens are bound to; ``session`` the device session it belongs to,
    which a device secret stands for.
    """

    server_id: str | None
    client: FakeClient
    user: FakeUser
    scopes: frozenset[str]
    auth_time: int
    nonce: str | None = field(default=None, repr=False)
    amr: tuple[str, ...] = ("pwd",)
    jkt: str | None = None
    session: DeviceSession | None = field(default=None, repr=False)
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
class DeviceSession:
    """What a device secret stands for: the sign-ins of one user on one device."""

    sid: str
    user: FakeUser
    server_id: str | None
    client: FakeClient
    expires_at: float | None
    grants: list[Grant] = field(default_factory=list[Grant], repr=False)
    revoked: bool = False


@dataclass(slots=True, eq=False)
class Code:
    """An authorization code and what it is bound to."""

    value: str = field(repr=False)
    grant: Grant
    redirect_uri: str
    code_challenge: str | None = field(repr=False)
    expires_at: float
    dpop_jkt: str | None = None
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
    jkt: str | None = None
    revoked: bool = False


@dataclass(slots=True, eq=False)
class IDToken:
    """An ID token; nothing but time ends it."""

    value: str = field(repr=False)
    grant: Grant
    claims: Mapping[str, object] = field(repr=False)
    expires_at: int


@dataclass(slots=True, eq=False)
class DeviceSecret:
    """The secret that stands for a device session."""

    value: str = field(repr=False)
    session: DeviceSession


@dataclass(slots=True, eq=False)
class IdentityAssertion:
    """An ID-JAG: a user's identity, asserted by the org to one server, for one client."""

    audience: str
    client_id: str
    user: FakeUser
    scope: str | None
    expires_at: int
    spent: bool = False


Token = AccessToken | RefreshToken | IDToken | DeviceSecret


class Store:
    """Codes and tokens by value.

    ``families_ended`` counts the sign-ins that the reuse of a refresh token has ended.
    """

    def __init__(self) -> None:
        self._codes: dict[str, Code] = {}
        self._tokens: dict[str, Token] = {}
        self._assertions: dict[str, IdentityAssertion] = {}
        self._suspended: set[str] = set()
        self.families_ended = 0

    def add_code(self, code: Code) -> None:
        self._codes[code.value] = code

    def code(self, value: str) -> Code | None:
        return self._codes.get(value)

    def add_token(self, token: Token) -> None:
        self._tokens[token.value] = token

    def token(self, value: str) -> Token | None:
        return self._tokens.get(value)

    def add_assertion(self, value: str, assertion: IdentityAssertion) -> None:
        self._assertions[value] = assertion

    def assertion(self, value: str) -> IdentityAssertion | None:
        return self._assertions.get(value)

    def suspend(self, username: str) -> None:
        self._suspended.add(username)

    def is_suspended(self, user: FakeUser) -> bool:
        return user.username in self._suspended

    def end_family(self, grant: Grant) -> None:
        """End a sign-in because a refresh token of it was used again."""
        grant.revoked = True
        self.families_ended += 1

    @staticmethod
    def end_session(session: DeviceSession) -> None:
        """End a device session and every sign-in of it, whichever app's."""
        session.revoked = True
        for grant in session.grants:
            grant.revoked = True

    def is_active(self, token: Token, now: float, *, spent: SpentAnswer = "leeway") -> bool:
        """Whether introspection calls it active; ``spent`` is what it says of a rotated one."""
        if isinstance(token, DeviceSecret):
            session = token.session
            ended = session.expires_at is not None and now >= session.expires_at
            return not (session.revoked or ended or self.is_suspended(session.user))
        grant = token.grant
        if grant is not None and self.is_suspended(grant.user):
            return False
        if isinstance(token, RefreshToken):
            if token.grant.revoked:
                return False
            if token.superseded_at is not None and spent != "leeway":
                return spent == "active" and not self.has_expired(token, now)
            return self.refresh_refusal(token, now) is None
        if now >= token.expires_at:
            return False
        if isinstance(token, IDToken):
            return True
        return not token.revoked and not (grant is not None and grant.revoked)

    def has_expired(self, token: RefreshToken, now: float) -> bool:
        """Whether its family's time is over."""
        deadline = token.grant.refresh_deadline()
        return deadline is not None and now >= deadline

    def refresh_refusal(self, token: RefreshToken, now: float) -> str | None:
        """Why a refresh token no longer works apart from revocation: ``"expired"``, ``"reused"``
        (rotated away as long ago as the leeway, or longer) or ``None``."""
        if self.has_expired(token, now):
            return "expired"
        if token.superseded_at is not None and now >= (
            token.superseded_at + token.grant.client.leeway
        ):
            return "reused"
        return None
