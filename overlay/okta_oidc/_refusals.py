"""An answer that is no success becomes an error, with its text and a hint, and nothing secret."""

from __future__ import annotations

import re
from base64 import b64encode
from typing import TYPE_CHECKING, Final, cast
from urllib.parse import quote, quote_plus, unquote
from urllib.request import parse_http_list, parse_keqv_list

from ._auth import ClientSecretBasic
from ._config import ORG
from ._errors import (
    APIError,
    InvalidClientError,
    InvalidGrantError,
    MalformedResponseError,
    RateLimitError,
    ServerError,
)
from ._http import Headers, HttpInfo, Members, Reply, media_type, retry_after
from ._retry import is_harmless

if TYPE_CHECKING:
    from ._operations import Request

_CLASSES: Final[dict[str, type[APIError]]] = {
    "invalid_client": InvalidClientError,
    "invalid_grant": InvalidGrantError,
}
_KNOWN_MEMBERS: Final = frozenset(
    {
        "error",
        "error_description",
        "errorCode",
        "errorSummary",
        "errorLink",
        "errorId",
        "errorCauses",
    }
)
_LONGEST: Final = 300
# Patterns are compiled when first used: every program loads this module, and few are refused.
_UNPRINTABLE: Final = r"[^\x20-\x7e]+"
_MARKUP: Final = rb"(?i)\s*(?:<!doctype|<html|<\?xml|<head|<body)"
_REDACTED: Final = "[redacted]"
# Anything token-like; ``_NAME`` exempts snake_case parameter names.
_TOKEN_LIKE: Final = r"[A-Za-z0-9+/=_.%~-]{20,}"
_NAME: Final = r"[a-z]{2,15}(?:_[a-z]{2,15})+[.]?"
_REQUEST_ID: Final = r"[0-9a-f]{32}"
# Redacting shorter values would remove half a sentence, and they are too short to be secrets.
_SHORTEST_SECRET: Final = 4
# From here on a value is looked for inside of words, too, whatever stands between its characters.
_SHORTEST_HIDDEN: Final = 8
_ESCAPE: Final = r"(?a)&#?\w{1,8};|\\(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|[bfnrt])"
# As ``html.escape`` has it.
_HTML: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"})
# Words of error texts. A secret equal to one of them is not redacted: the gap in a sentence would
# only reveal it.
_WORDS: Final = frozenset(
    """
    access account active admin application authentication authorization authorized bearer
    been cannot client code credentials default denied device does error example expired
    failed from grant have header invalid issued login malformed match missing must none not
    null okta only parameter password refresh refused request requested required resource
    revoked scope scopes secret server service sign supported test that the this token type
    unauthorized unknown unsupported user username valid value wrong
    """.split()  # noqa: SIM905  # reads as the words that it holds
)


def refusal(reply: Reply, request: Request) -> APIError:
    """The error for a response that is no success, whatever it looks like.

    The status decides first: a rate limit for one user comes as 429 with ``invalid_grant``, and
    nothing is wrong with the grant then. A 401 without a code is a refusal of the credentials
    where the operation authenticates the client.
    """
    members = reply.members() or _challenge(reply)
    # Okta's own shape may hold an OAuth word: errorCode "invalid_client".
    code = _text(members.get("error")) or _text(members.get("errorCode"))
    description = _text(members.get("error_description")) or _text(members.get("errorSummary"))
    said = f"{shown(code, reply.secrets)} (HTTP {reply.status})" if code else f"HTTP {reply.status}"
    if description:
        said = f"{said}: {shown(description, reply.secrets)}"
    error = _class_of(reply.status, code, authenticated=request.operation.authenticated)(
        _joined(said, _hint(reply, request, code, description), reply),
        http=reply.http,
        body=reply.body,
        code=code,
        description=description,
        error_id=_text(members.get("errorId")),
        causes=_summaries(members.get("errorCauses")),
        extra=Members({k: v for k, v in members.items() if k not in _KNOWN_MEMBERS}),
    )
    if isinstance(error, RateLimitError):
        error.retry_after = retry_after(reply.headers)
    error.retryable = is_harmless(error, idempotent=request.repeatable)
    return error


def _challenge(reply: Reply) -> dict[str, str]:
    """What ``WWW-Authenticate`` says (RFC 6750 §3): at userinfo the body is empty."""
    _, _, parameters = reply.headers.get("www-authenticate", "").partition(" ")
    try:
        said = parse_keqv_list(parse_http_list(parameters))
    except (ValueError, IndexError):
        return {}
    return {name: said[name] for name in ("error", "error_description") if name in said}


def not_sent(seconds: float) -> RateLimitError:
    """The error for a call held back by a limit that is known to be used up.

    It holds nothing of the answer that said so, which was another caller's.
    """
    error = RateLimitError(
        f"not sent: the rate limit is used up for another {seconds:.0f} s",
        http=HttpInfo(429, Headers()),
        retryable=True,
    )
    error.retry_after = seconds
    return error


def malformed(reply: Reply, why: str) -> MalformedResponseError:
    """The error for a 2xx response that is not what its endpoint promises."""
    hint = ""
    if is_page(reply):
        hint = "Is base_url your Okta domain, and does no proxy or sign-in page stand before it?"
    message = _joined(f"HTTP {reply.status}, but {why}", hint, reply)
    return MalformedResponseError(message, http=reply.http, body=reply.body)


def refuse_bearer(reply: Reply) -> None:
    """Refuse a token that is not bound to the key it was asked for with (RFC 9449 §5)."""
    if str((reply.members() or {}).get("token_type")).lower() == "bearer":
        raise malformed(
            reply,
            "the token is not bound to the DPoP key: the application does not ask for it in Okta",
        )


def broken_message(error: Exception, host: str, *, quotable: bool) -> str:
    """The message for an exchange that ended without a complete response."""
    detail = _line(str(error)) if quotable else ""
    kind = type(error).__name__
    return f"no complete response from {host}: {kind}" + (f" ({detail})" if detail else "")


def is_page(reply: Reply) -> bool:
    """Whether the body is a web page, as gateways, proxies and wrong hosts send."""
    if not reply.body.strip():
        return False
    is_typed = media_type(reply.headers) in ("text/html", "application/xhtml+xml")
    return is_typed or bool(re.match(_MARKUP, reply.body))


def _class_of(status: int, code: str | None, *, authenticated: bool) -> type[APIError]:
    if status == 429:
        return RateLimitError
    if 500 <= status <= 599:
        return ServerError
    if code is None:
        return InvalidClientError if status == 401 and authenticated else APIError
    return _CLASSES.get(code, APIError)


def _summaries(causes: object) -> tuple[str, ...]:
    items = cast("list[object]", causes) if isinstance(causes, list) else []
    found = (
        cast("dict[str, object]", item).get("errorSummary") if isinstance(item, dict) else item
        for item in items
    )
    return tuple(summary for summary in found if isinstance(summary, str))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _hint(reply: Reply, request: Request, code: str | None, description: str | None) -> str:
    if 300 <= reply.status <= 399:
        return "Redirects are not followed: they would hand the credentials to another address"
    if code is None and is_page(reply):
        return "The answer is a web page: it came from a gateway or a proxy, not from Okta's API"
    if code == "E0000015":
        return "A custom authorization server needs the API Access Management licence"
    about_server = "authorization server" in (description or "").lower()
    if code == "E0000007" or (code == "invalid_request" and about_server):
        if request.server in (ORG, None):
            return ""
        return (
            f"Is there an active authorization server with the id {request.server!r}? "
            "For the org's own, pass auth_server_id=okta_oidc.ORG"
        )
    auth = request.auth
    if code == "invalid_client" and isinstance(auth, ClientSecretBasic) and auth.is_encoded:
        return (
            "The credentials hold characters that HTTP Basic must percent-encode, and not every "
            "server decodes them: ClientSecretPost is not affected"
        )
    if code == "access_denied" and request.grant_type == "refresh_token":
        return (
            "A refresh may only ask for scopes granted at sign-in; leave scope out to keep them all"
        )
    return ""


def shown(text: str | None, secrets: tuple[str, ...]) -> str:
    """A server's text on one line, with token-like parts and quotes of ``secrets`` redacted."""
    if not text:
        return ""
    text = text[: 8 * _LONGEST]
    # A server may also quote one part of a JWT, or a secret in Base64 or hexadecimal.
    parts = {part for secret in secrets for part in (secret, *secret.split("."))}
    raw = [part.encode(errors="replace") for part in parts]
    parts |= {form for each in raw for form in (b64encode(each).decode().rstrip("="), each.hex())}
    for secret in sorted(parts, key=len, reverse=True):
        text = _without(secret, text)
    return _line(re.sub(_TOKEN_LIKE, _blot, text))


def _blot(match: re.Match[str]) -> str:
    return match[0] if re.fullmatch(_NAME, match[0]) else _REDACTED


def _without(secret: str, text: str) -> str:
    if len(secret) < _SHORTEST_SECRET or secret in _WORDS:
        return text
    spellings = (quote(secret, ""), quote_plus(secret), secret.translate(_HTML), secret)
    spelled = "|".join(map(re.escape, spellings))
    hidden = _letters(secret)
    if len(hidden) < _SHORTEST_HIDDEN:
        return re.sub(rf"(?<!\w)(?:{spelled})(?!\w)", _REDACTED, text)
    text = re.sub(spelled, _REDACTED, text)
    # Encoded once more, in another case, broken by white space: the letters stay in order.
    if hidden in _letters(text):
        text = " ".join(_REDACTED if hidden in _letters(word) else word for word in text.split(" "))
    return _REDACTED if hidden in _letters(text) else text


def _letters(text: str) -> str:
    """The letters and digits of ``text``, however often it is encoded, in lower case."""
    while (decoded := unquote(re.sub(_ESCAPE, _unescaped, text))) != text:
        text = decoded
    return "".join(filter(str.isalnum, text.casefold()))


def _unescaped(escape: re.Match[str]) -> str:
    if escape[0][0] == "&":
        # Its table is large, and few texts have one of these.
        import html

        return html.unescape(escape[0])
    # The others, as that of a line's end, stand for no letter.
    return chr(int(escape[1] or escape[2] or "20", 16))


def _line(text: str) -> str:
    line = re.sub(_UNPRINTABLE, " ", text).strip()
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"


def _joined(said: str, hint: str, reply: Reply) -> str:
    request_id = reply.headers.get("x-okta-request-id", "")
    # Okta's ids are 32 hexadecimal digits, which would be redacted as token-like.
    if not re.fullmatch(_REQUEST_ID, request_id) or request_id in reply.secrets:
        request_id = shown(request_id, reply.secrets)
    parts = [part for part in (said, hint, request_id and f"Request id: {request_id}") if part]
    return " ".join(part if part.endswith((".", "?")) else f"{part}." for part in parts)
