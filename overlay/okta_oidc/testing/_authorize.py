"""The authorization endpoint: the user signs in at once and agrees to everything."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from ._answers import Answer, RefusalError
from ._issuing import sign_in
from ._scopes import user_scopes
from ._store import Code
from ._tokens import opaque

if TYPE_CHECKING:
    from ._registry import AuthorizationServer, FakeClient, FakeUser
    from ._state import Call, State

_NOT_IN_A_URI = re.compile(r"[^\x21-\x7E]")
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """What an authorization code gets bound to."""

    client: FakeClient
    user: FakeUser
    redirect_uri: str
    scope: str | None
    code_challenge: str | None = field(default=None, repr=False)
    code_challenge_method: str | None = None
    nonce: str | None = field(default=None, repr=False)


def check_redirect_uri(client: FakeClient, redirect_uri: str) -> None:
    """400 ``invalid_request`` unless registered character by character; nobody is redirected to an
    address that fails here."""
    try:
        parts = urlsplit(redirect_uri)
        sound = bool(parts.scheme) and bool(parts.netloc or parts.path) and "#" not in redirect_uri
    except ValueError:
        sound = False
    # It becomes a header: a line break in it would start another one.
    sound = sound and not _NOT_IN_A_URI.search(redirect_uri)
    registered = client.redirect_uris is None or redirect_uri in client.redirect_uris
    if not sound or not registered:
        raise RefusalError(400, "invalid_request", "The redirect URI is not one of the app's.")


def issue_code(
    state: State, server: AuthorizationServer, request: AuthorizationRequest, now: float
) -> str:
    """A fresh authorization code, or a ``RefusalError``."""
    if "authorization_code" not in request.client.grant_types:
        raise RefusalError(400, "unauthorized_client", "The app is not registered for this grant.")
    if request.code_challenge is None:
        if request.code_challenge_method is not None:
            raise RefusalError(
                400, "invalid_request", "A challenge method came without a challenge."
            )
        if request.client.pkce_required:
            raise RefusalError(400, "invalid_request", "The app has to use PKCE.")
    elif request.code_challenge_method != "S256":
        raise RefusalError(400, "invalid_request", "S256 is the only challenge method.")
    elif not _CHALLENGE.fullmatch(request.code_challenge):
        raise RefusalError(400, "invalid_request", "The code_challenge is no SHA-256 in base64url.")
    scopes = user_scopes(server, request.client, request.scope)
    if state.store.is_suspended(request.user):
        raise RefusalError(400, "access_denied", "The user is suspended.")
    grant = sign_in(
        state,
        server,
        now=now,
        client=request.client,
        user=request.user,
        scopes=scopes,
        nonce=request.nonce,
    )
    code = Code(
        value=opaque(),
        grant=grant,
        redirect_uri=request.redirect_uri,
        code_challenge=request.code_challenge,
        expires_at=now + state.settings.code_lifetime,
    )
    state.store.add_code(code)
    return code.value


def authorize(call: Call, default_user: FakeUser) -> Answer:
    """``GET …/v1/authorize`` (RFC 6749 section 4.1.1): 302 with ``code`` or ``error``, and
    ``state``. ``login_hint`` chooses the user."""
    client = call.state.clients.get(call.required("client_id"))
    if client is None:
        raise RefusalError(
            400, "invalid_client", "There is no app with this client id.", shape="okta"
        )
    redirect_uri = call.required("redirect_uri")
    check_redirect_uri(client, redirect_uri)
    try:
        parameters = {"code": _code_for(call, client, redirect_uri, default_user)}
    except RefusalError as refusal:
        parameters = {"error": refusal.code, "error_description": refusal.description}
    state = call.parameter("state")
    if state is not None:
        parameters["state"] = state
    return Answer(302, (("Location", _with_query(redirect_uri, parameters)),))


def _code_for(call: Call, client: FakeClient, redirect_uri: str, default_user: FakeUser) -> str:
    if call.required("response_type") != "code":
        raise RefusalError(400, "unsupported_response_type", "Only the code flow is offered here.")
    if call.parameter("response_mode") not in (None, "query"):
        raise RefusalError(400, "invalid_request", "Only response_mode=query is offered here.")
    hint = call.parameter("login_hint")
    user = default_user if hint is None else call.state.users.get(hint)
    if user is None:
        raise RefusalError(400, "access_denied", "The user is not assigned to the app.")
    request = AuthorizationRequest(
        client=client,
        user=user,
        redirect_uri=redirect_uri,
        scope=call.parameter("scope"),
        code_challenge=call.parameter("code_challenge"),
        code_challenge_method=call.parameter("code_challenge_method"),
        nonce=call.parameter("nonce"),
    )
    return issue_code(call.state, call.server, request, call.now)


def _with_query(redirect_uri: str, parameters: dict[str, str]) -> str:
    # Taking the URI apart and together again would rewrite custom schemes such as app:///callback.
    return redirect_uri + ("&" if "?" in redirect_uri else "?") + urlencode(parameters)
