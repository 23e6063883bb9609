"""What a JWT says of itself (RFC 7519), read without a key and so without proof."""

from __future__ import annotations

import binascii
import json
from base64 import urlsafe_b64decode
from dataclasses import dataclass
from typing import Any, cast

_SIGNED = 3
_ENCRYPTED = 5


class NotAJWTError(ValueError):
    """It cannot be read; the message says why, and quotes nothing of it."""


@dataclass(frozen=True, slots=True)
class JWT:
    """Header and claims of a signed JWT, as whoever made it wrote them."""

    header: dict[str, Any]
    claims: dict[str, Any]


def read_jwt(token: str) -> JWT:
    """Read a JWT in the compact form (RFC 7515 §7.1). Its signature is not looked at.

    Raises:
        NotAJWTError: it is opaque, encrypted, or damaged.
    """
    parts = token.split(".")
    if len(parts) == _ENCRYPTED:
        raise NotAJWTError("the token is encrypted (JWE): only its audience can read it")
    if len(parts) != _SIGNED:
        raise NotAJWTError(
            "the token is no JWT but an opaque string, as refresh tokens are: introspect it instead"
        )
    return JWT(_object(parts[0], "header"), _object(parts[1], "claims"))


def _object(part: str, name: str) -> dict[str, Any]:
    damaged = f"the token looks like a JWT, but its {name} cannot be read: was it cut or changed?"
    try:
        # urlsafe_b64decode() drops characters that are not of its alphabet without a word.
        if not part.isascii() or not part.replace("-", "").replace("_", "").isalnum():
            raise NotAJWTError(damaged)
        text = urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode("utf-8")
        document = json.loads(text)
    except (binascii.Error, ValueError, RecursionError):
        raise NotAJWTError(damaged) from None
    if not isinstance(document, dict):
        raise NotAJWTError(damaged)
    return cast("dict[str, Any]", document)
