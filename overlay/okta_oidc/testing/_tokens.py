"""Tokens and codes as strings."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from secrets import token_urlsafe


def base64url(data: bytes) -> str:
    """Unpadded base64url (RFC 7515 section 2)."""
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def s256(text: str) -> str:
    """SHA-256 in base64url: a verifier's challenge (RFC 7636 section 4.2), a proof's ``ath``
    (RFC 9449 section 4.2)."""
    return base64url(hashlib.sha256(text.encode()).digest())


def half_hash(token: str) -> str:
    """The ID token's ``at_hash`` (OpenID Connect Core section 3.1.3.6) and ``ds_hash``."""
    return base64url(hashlib.sha256(token.encode()).digest()[:16])


def opaque(entropy: int = 32) -> str:
    """A value that means nothing to its holder."""
    return token_urlsafe(entropy)
