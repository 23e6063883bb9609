"""The text of an error: what was answered, what it usually means here, and nothing secret."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, quote_plus

from ._auth import ClientAuth, ClientSecretBasic
from ._config import ORG

if TYPE_CHECKING:
    from ._calls import Call
    from ._http import Reply

_LONGEST: Final = 300
_UNPRINTABLE: Final = re.compile(r"[^\x20-\x7e]+")
_MARKUP: Final = re.compile(rb"\s*(?:<!doctype|<html|<\?xml|<head|<body)", re.IGNORECASE)
# Short values ("0", "a") would blot out half a sentence and are no secret worth the name.
_SHORTEST_SECRET: Final = 4


def refusal_message(
    reply: Reply,
    auth: ClientAuth,
    call: Call[Any] | None,
    code: str | None,
    description: str | None,
) -> str:
    """The message for a response that is no success."""
    said = " ".join(filter(None, (_shown(code, reply), f"(HTTP {reply.status})")))
    if description:
        said = f"{said}: {_shown(description, reply)}"
    return _joined(said, _refusal_hint(reply, call, auth, code, description), reply)


def malformed_message(reply: Reply, why: str) -> str:
    """The message for a 2xx response that is not what the endpoint promises."""
    hint = ""
    if is_page(reply):
        hint = "Is base_url your Okta domain, and does no proxy or sign-in page stand before it?"
    return _joined(f"HTTP {reply.status}, but {why}", hint, reply)


def broken_message(error: Exception, host: str, *, quotable: bool) -> str:
    """The message for an exchange that ended without a complete response."""
    detail = _line(str(error)) if quotable else ""
    kind = type(error).__name__
    return f"no complete response from {host}: {kind}" + (f" ({detail})" if detail else "")


def is_page(reply: Reply) -> bool:
    """Whether the body is a web page, as gateways, proxies and wrong hosts send."""
    if not reply.body.strip():
        return False
    media_type = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
    return media_type in ("text/html", "application/xhtml+xml") or bool(_MARKUP.match(reply.body))


def _refusal_hint(
    reply: Reply,
    call: Call[Any] | None,
    auth: ClientAuth,
    code: str | None,
    description: str | None,
) -> str:
    if 300 <= reply.status <= 399:
        return "Redirects are not followed: they would hand the credentials to another address"
    if code is None and is_page(reply):
        return "The answer is a web page: it came from a gateway or a proxy, not from Okta's API"
    if code == "E0000015":
        return "A custom authorization server needs the API Access Management licence"
    if call is not None and _is_unknown_server(code, description):
        if call.server is ORG:
            return ""
        return (
            f"Is there an active authorization server with the id {call.server!r}? "
            "For the org's own, pass auth_server_id=okta_oidc.ORG"
        )
    if code == "invalid_client" and isinstance(auth, ClientSecretBasic) and auth.is_encoded:
        return (
            "The credentials hold characters that HTTP Basic must percent-encode, and not every "
            "server decodes them: ClientSecretPost is not affected"
        )
    if code == "access_denied" and call is not None and call.grant_type == "refresh_token":
        return (
            "A refresh may only ask for scopes granted at sign-in; leave scope out to keep them all"
        )
    return ""


def _is_unknown_server(code: str | None, description: str | None) -> bool:
    return code == "E0000007" or (
        code == "invalid_request" and "authorization server" in (description or "").lower()
    )


def _shown(text: str | None, reply: Reply) -> str:
    """What a server said, on a line, without the secrets it may be quoting."""
    if not text:
        return ""
    # As they are, and as they went over the wire.
    secrets = {
        form for secret in reply.secrets for form in (secret, quote_plus(secret), quote(secret, ""))
    }
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, "[redacted]")
    return _line(text)


def _line(text: str) -> str:
    line = _UNPRINTABLE.sub(" ", text).strip()
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"


def _joined(said: str, hint: str, reply: Reply) -> str:
    request_id = _shown(reply.headers.get("x-okta-request-id"), reply)
    parts = [part for part in (said, hint, request_id and f"Request id: {request_id}") if part]
    return " ".join(part if part.endswith((".", "?")) else f"{part}." for part in parts)
