"""What a verified token says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, repr=False)
class Claims:
    """The claims of a token that was verified (RFC 7519 §4, OIDC Core §2 and §5.1).

    Times are aware UTC; ``aud`` is a tuple whether one audience came or a list; absent is ``None``
    or ``()``. ``client_id`` is Okta's ``cid``, else ``client_id``; ``scopes`` is Okta's ``scp``,
    else ``scope``; an ID token has neither. ``uid`` is the user's id in an access token, whose
    ``sub`` is the user's login. ``raw`` holds every claim as it came, custom ones included,
    read-only.
    """

    sub: str
    uid: str | None
    client_id: str | None
    iss: str
    jti: str | None
    scopes: tuple[str, ...]
    aud: tuple[str, ...]
    expires_at: datetime
    issued_at: datetime | None
    not_before: datetime | None
    nonce: str | None
    auth_time: datetime | None
    amr: tuple[str, ...]
    preferred_username: str | None
    email: str | None
    name: str | None
    groups: tuple[str, ...]
    raw: Mapping[str, Any] = field(compare=False)

    def __repr__(self) -> str:
        return (
            f"Claims(sub={self.sub!r}, client_id={self.client_id!r}, iss={self.iss!r}, "
            f"aud={self.aud!r}, scopes={self.scopes!r}, expires_at={self.expires_at.isoformat()})"
        )
