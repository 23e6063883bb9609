"""What an authorization request has to be, whether it comes through the browser or is pushed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from ._answers import RefusalError

if TYPE_CHECKING:
    from ._registry import FakeClient
    from ._state import Call

_NOT_IN_A_URI: Final = re.compile(r"[^\x21-\x7E]")
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")


def check_redirect_uri(client: FakeClient, redirect_uri: str) -> None:
    """400 ``invalid_request`` unless registered character by character; nobody is redirected to an
    address that fails here."""
    if not is_address(redirect_uri, client.redirect_uris):
        raise RefusalError(400, "invalid_request", "The redirect URI is not one of the app's.")


def is_address(uri: str, registered: tuple[str, ...] | None) -> bool:
    """Whether ``uri`` is absolute, has no fragment, and is registered; ``None``: any is."""
    try:
        parts = urlsplit(uri)
        sound = bool(parts.scheme) and bool(parts.netloc or parts.path) and "#" not in uri
    except ValueError:
        sound = False
    # It becomes a header: a line break in it would start another one.
    sound = sound and not _NOT_IN_A_URI.search(uri)
    return sound and (registered is None or uri in registered)


def check_challenge(client: FakeClient, challenge: str | None, method: str | None) -> None:
    """A ``RefusalError`` unless the client may have codes and the PKCE challenge is sound."""
    if "authorization_code" not in client.grant_types:
        raise RefusalError(400, "unauthorized_client", "The app is not registered for this grant.")
    if challenge is None:
        if method is not None:
            raise RefusalError(
                400, "invalid_request", "A challenge method came without a challenge."
            )
        if client.pkce_required:
            raise RefusalError(400, "invalid_request", "The app has to use PKCE.")
    elif method != "S256":
        raise RefusalError(400, "invalid_request", "S256 is the only challenge method.")
    elif not _CHALLENGE.fullmatch(challenge):
        raise RefusalError(400, "invalid_request", "The code_challenge is no SHA-256 in base64url.")


def check_response(call: Call) -> None:
    """A ``RefusalError`` unless the request asks for a code in the query."""
    if call.required("response_type") != "code":
        raise RefusalError(400, "unsupported_response_type", "Only the code flow is offered here.")
    if call.parameter("response_mode") not in (None, "query"):
        raise RefusalError(400, "invalid_request", "Only response_mode=query is offered here.")
    if call.parameter("request") is not None:
        raise RefusalError(400, "invalid_request", "Signed request objects are not offered here.")
