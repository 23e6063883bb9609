"""Tokens and codes as strings.

Access and ID tokens are well-formed JWTs with true claims, signed with a key that stays inside the
fake (``HS256``): they can be decoded, never verified.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from secrets import token_bytes, token_urlsafe
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def base64url(data: bytes) -> str:
    """Unpadded base64url (RFC 7515 section 2)."""
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def s256(code_verifier: str) -> str:
    """The PKCE challenge of a verifier (RFC 7636 section 4.2)."""
    return base64url(hashlib.sha256(code_verifier.encode()).digest())


def at_hash(access_token: str) -> str:
    """The ID token's ``at_hash`` (OpenID Connect Core section 3.1.3.6)."""
    return base64url(hashlib.sha256(access_token.encode()).digest()[:16])


def opaque(entropy: int = 32) -> str:
    """A value that means nothing to its holder."""
    return token_urlsafe(entropy)


class Mint:
    """Makes JWTs with one key of its own."""

    def __init__(self) -> None:
        self._key = token_bytes(32)
        header = {"kid": token_urlsafe(32), "alg": "HS256"}
        self._header = base64url(json.dumps(header, separators=(",", ":")).encode())

    def jwt(self, claims: Mapping[str, object]) -> str:
        """``claims`` as a JWT."""
        payload = base64url(json.dumps(claims, separators=(",", ":")).encode())
        signed = f"{self._header}.{payload}"
        signature = hmac.digest(self._key, signed.encode(), "sha256")
        return f"{signed}.{base64url(signature)}"
