"""What the server of the benchmark answers, and what a contender must make of it."""

from __future__ import annotations

import json
from typing import Final, Literal, TypeAlias

Operation: TypeAlias = Literal["refresh", "code", "grant", "introspect", "revoke"]
HeaderSet: TypeAlias = Literal["okta", "lean"]

CLIENT_ID: Final = "0oa1benchmark2client5d7"
CLIENT_SECRET: Final = "s3cret-of-a-benchmark-client-0123456789"
REFRESH_TOKEN: Final = "r" * 43
CODE: Final = "c" * 43
REDIRECT_URI: Final = "https://localhost:8080/implicit/callback"
# About as long as a signed JWT with a dozen claims.
ACCESS_TOKEN: Final = "a" * 860
ID_TOKEN: Final = "i" * 940
SCOPE: Final = "openid offline_access profile"

# The server tells them apart by path: an authorization server for each set of headers.
SERVER_IDS: Final[dict[HeaderSet, str]] = {"okta": "default", "lean": "lean"}
ENDPOINTS: Final[dict[Operation, str]] = {
    "refresh": "token",
    "code": "token",
    "grant": "token",
    "introspect": "introspect",
    "revoke": "revoke",
}
EXPECTED: Final[dict[Operation, object]] = {
    "refresh": ACCESS_TOKEN,
    "code": ACCESS_TOKEN,
    "grant": ACCESS_TOKEN,
    "introspect": True,
    "revoke": None,
}
FORMS: Final[dict[Operation, dict[str, str]]] = {
    "refresh": {"grant_type": "refresh_token", "refresh_token": REFRESH_TOKEN},
    "code": {"grant_type": "authorization_code", "code": CODE, "redirect_uri": REDIRECT_URI},
    "grant": {"grant_type": "client_credentials", "scope": "orders.read"},
    "introspect": {"token": ACCESS_TOKEN, "token_type_hint": "access_token"},
    "revoke": {"token": ACCESS_TOKEN, "token_type_hint": "access_token"},
}

_BODIES: Final[dict[str, bytes]] = {
    "token": json.dumps(
        {
            "token_type": "Bearer",
            "expires_in": 3600,
            "access_token": ACCESS_TOKEN,
            "scope": SCOPE,
            "refresh_token": REFRESH_TOKEN,
            "id_token": ID_TOKEN,
        }
    ).encode(),
    "introspect": json.dumps(
        {
            "active": True,
            "scope": SCOPE,
            "username": "jane.doe@example.com",
            "exp": 1_900_003_600,
            "iat": 1_900_000_000,
            "sub": "jane.doe@example.com",
            "aud": "api://default",
            "iss": "https://dev-000000.okta.com/oauth2/default",
            "jti": "AT.benchmark0123456789012345678901234567890123",
            "token_type": "Bearer",
            "client_id": CLIENT_ID,
            "uid": "00u1benchmark2user5d7",
        }
    ).encode(),
    "revoke": b"",
}
_OKTA: Final = (
    ("Date", "Thu, 01 Jan 2026 00:00:00 GMT"),
    ("Server", "nginx"),
    ("Cache-Control", "no-cache, no-store"),
    ("Pragma", "no-cache"),
    ("Expires", "0"),
    ("Vary", "Origin"),
    ("X-Okta-Request-Id", "0123456789abcdef0123456789abcdef"),
    ("X-XSS-Protection", "0"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Rate-Limit-Limit", "1200"),
    ("X-Rate-Limit-Remaining", "1199"),
    ("X-Rate-Limit-Reset", "1900000060"),
    ("Strict-Transport-Security", "max-age=315360000; includeSubDomains"),
    ("Referrer-Policy", "strict-origin-when-cross-origin"),
    ("Set-Cookie", 'sid=""; Expires=Thu, 01-Jan-1970 00:00:00 GMT; Path=/'),
    ("Set-Cookie", 'autolaunch_triggered=""; Expires=Thu, 01-Jan-1970 00:00:00 GMT; Path=/'),
    ("Set-Cookie", "JSESSIONID=0123456789ABCDEF0123456789ABCDEF; Path=/; Secure; HttpOnly"),
)


def path(operation: Operation, headers: HeaderSet) -> str:
    """Where the request of this operation goes."""
    return f"/oauth2/{SERVER_IDS[headers]}/v1/{ENDPOINTS[operation]}"


def body(endpoint: str) -> bytes:
    """The body of this endpoint's answer."""
    return _BODIES[endpoint]


def head(endpoint: str, headers: HeaderSet) -> list[tuple[bytes, bytes]]:
    """The headers of this endpoint's answer, as a transport hands them on."""
    content = _BODIES[endpoint]
    own = [("Content-Length", str(len(content)))]
    if content:
        own.append(("Content-Type", "application/json"))
    named = [*own, *(_OKTA if headers == "okta" else ())]
    return [(name.encode(), value.encode()) for name, value in named]


def wire() -> dict[bytes, bytes]:
    """The bytes of each answer, by the path of its request."""
    answers: dict[bytes, bytes] = {}
    for headers, server_id in SERVER_IDS.items():
        for endpoint, content in _BODIES.items():
            lines = [name + b": " + value for name, value in head(endpoint, headers)]
            answers[f"/oauth2/{server_id}/v1/{endpoint}".encode()] = b"\r\n".join(
                [b"HTTP/1.1 200 OK", *lines, b"", content]
            )
    return answers
