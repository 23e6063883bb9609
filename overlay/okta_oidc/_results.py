"""What the methods return: frozen, ``None`` for what is absent, secrets never in ``repr``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ._http import HttpInfo


@dataclass(frozen=True, slots=True, repr=False)
class Tokens:
    """A successful token response (RFC 6749 §5.1, OIDC Core §3.1.3.3).

    ``expires_in`` is seconds as sent; ``expires_at`` is when the response arrived plus that, aware
    UTC, by this machine's clock. ``scopes`` keeps the server's order and is ``()`` when the server
    named none. ``raw`` holds every member as received, read-only; ``http`` the HTTP side.
    """

    access_token: str
    token_type: str
    expires_in: int | None
    expires_at: datetime | None
    scopes: tuple[str, ...]
    refresh_token: str | None
    id_token: str | None
    raw: Mapping[str, Any] = field(compare=False)
    http: HttpInfo = field(compare=False)

    def __repr__(self) -> str:
        held = [
            name for name in ("access_token", "refresh_token", "id_token") if getattr(self, name)
        ]
        return (
            f"Tokens({', '.join(held)}: not shown; token_type={self.token_type!r}, "
            f"expires_at={_shown(self.expires_at)}, scopes={self.scopes!r})"
        )


@dataclass(frozen=True, slots=True, repr=False)
class Introspection:
    """What the server knows of a token (RFC 7662 §2.2). ``bool(info)`` is ``info.active``.

    An inactive token has ``active`` alone: no reason is given. Times are aware UTC; ``aud`` is a
    tuple whether one audience came or a list. ``sub`` of an access token is the user's login, and
    ``uid`` the user's id. ``raw`` holds every member as received, custom claims included.
    """

    active: bool
    scopes: tuple[str, ...]
    aud: tuple[str, ...]
    sub: str | None
    username: str | None
    client_id: str | None
    uid: str | None
    iss: str | None
    jti: str | None
    token_type: str | None
    expires_at: datetime | None
    issued_at: datetime | None
    not_before: datetime | None
    raw: Mapping[str, Any] = field(compare=False)
    http: HttpInfo = field(compare=False)

    def __bool__(self) -> bool:
        return self.active

    def __repr__(self) -> str:
        return (
            f"Introspection(active={self.active}, token_type={self.token_type!r}, "
            f"client_id={self.client_id!r}, sub={self.sub!r}, scopes={self.scopes!r}, "
            f"expires_at={_shown(self.expires_at)})"
        )


def _shown(at: datetime | None) -> str:
    return "None" if at is None else at.isoformat()
