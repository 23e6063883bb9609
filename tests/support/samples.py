"""Values and answers that many tests share. None of it is a credential of anything that exists."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import httpx
from okta_oidc import ClientSecretBasic, ClientSecretPost

ORG_URL: Final = "https://dev-000000.okta.com"
CLIENT_ID: Final = "0oa1client"
# What is secret begins with "hush", so that a test can look for it in every text there is.
CLIENT_SECRET: Final = "hush-client-secret"
BASIC: Final = ClientSecretBasic(CLIENT_ID, CLIENT_SECRET)
POST: Final = ClientSecretPost(CLIENT_ID, CLIENT_SECRET)
CALLBACK: Final = "https://app.example/callback"
CODE: Final = "hush-code"
VERIFIER: Final = "hush-verifier-of-forty-three-characters-or-more"
REFRESH_TOKEN: Final = "hush-refresh-token"
TOKEN: Final = "hush-token"
PASSWORD: Final = "hush-password"

# What an Okta org answers: keys in its order, media type without a charset, headers in lower case.
TOKENS: Final[Mapping[str, Any]] = {
    "token_type": "Bearer",
    "expires_in": 3600,
    "access_token": "AT-one",
    "scope": "offline_access openid",
    "refresh_token": "RT-one",
    "id_token": "ID-one",
}
OKTA_HEADERS: Final[Sequence[tuple[str, str]]] = (
    ("date", "Mon, 05 Jan 2026 10:00:00 GMT"),
    ("content-type", "application/json"),
    ("x-okta-request-id", "reqABC-123"),
    ("x-rate-limit-limit", "300"),
    ("x-rate-limit-remaining", "299"),
    ("x-rate-limit-reset", "1767607260"),
    ("cache-control", "no-cache, no-store"),
)
# The Date above, in seconds since the epoch.
OKTA_NOW: Final = 1767607200


def answer(
    status: int = 200,
    body: object = None,
    headers: Sequence[tuple[str, str]] | None = None,
    *,
    replace: Mapping[str, str] | None = None,
) -> httpx.Response:
    """A response with Okta's usual headers; ``body`` is JSON unless it is ``bytes`` or ``None``."""
    if body is None:
        content = b""
    else:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = list(OKTA_HEADERS if headers is None else headers)
    if replace:
        named = [(name, value) for name, value in named if name not in replace]
        named += [(name, value) for name, value in replace.items() if value]
    return httpx.Response(status, headers=named, content=content)


def label(value: object) -> str:
    """A test id: one line, the same in every run, and no planted secret in it."""
    text = re.sub(r" at 0x[0-9a-f]+", "", ascii(value))
    return re.sub(r"planted[-.\w]*", "planted", text)[-60:]


def oauth_error(code: str, description: str | None = None, **extra: object) -> dict[str, object]:
    """An error of the OAuth shape (RFC 6749 §5.2)."""
    body: dict[str, object] = {"error": code}
    if description is not None:
        body["error_description"] = description
    return {**body, **extra}


def okta_error(code: str, summary: str = "Something is wrong.") -> dict[str, object]:
    """An error of Okta's own shape."""
    return {
        "errorCode": code,
        "errorSummary": summary,
        "errorLink": code,
        "errorId": "oaeXYZ",
        "errorCauses": [{"errorSummary": "first cause"}, {"errorSummary": "second cause"}],
    }
