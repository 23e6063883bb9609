"""What an ID token says (OpenID Connect Core §2, §3.1.3.7)."""

from __future__ import annotations

import base64
import json
import time
from typing import Any


class IDTokenError(Exception):
    """The ID token is not for this sign-in."""


def claims_of(
    id_token: str, *, issuer: str, client_id: str, nonce: str, leeway: float = 60
) -> dict[str, Any]:
    """The claims, once they have been checked. ``leeway`` is in seconds.

    The signature is not verified, which is right for this one use only: the token came straight
    from the token endpoint over TLS, which vouches for its issuer (OpenID Connect Core §3.1.3.7,
    item 6). An ID token from anywhere else needs a JWT library and the issuer's keys.

    Raises IDTokenError if the token cannot be read or was issued for something else.
    """
    try:
        payload = id_token.split(".")[1]
        claims: Any = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        audience = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
        sound = {
            "iss": claims["iss"] == issuer,
            "aud": client_id in audience and claims.get("azp", client_id) == client_id,
            "exp": claims["exp"] > time.time() - leeway,
            "nonce": claims["nonce"] == nonce,
        }
    except (IndexError, KeyError, TypeError, ValueError):
        raise IDTokenError("the ID token cannot be read") from None
    wrong = [name for name, is_sound in sound.items() if not is_sound]
    if wrong:
        raise IDTokenError(f"the ID token is for something else: {', '.join(wrong)}")
    return dict(claims)
