"""The authorization endpoint: the user signs in at once and agrees to everything."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from ._answers import Answer, RefusalError
from ._issuing import sign_in
from ._parameters import check_challenge, check_redirect_uri, check_response
from ._pushed import pushed_parameters
from ._scopes import user_scopes
from ._store import Code
from ._tokens import opaque

if TYPE_CHECKING:
    from ._registry import AuthorizationServer, FakeClient, FakeUser
    from ._state import Call, State


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """What an authorization code gets bound to.

    ``auth_time`` is when the user signed in (epoch seconds), ``None``: just now.
    """

    client: FakeClient
    user: FakeUser
    redirect_uri: str
    scope: str | None
    code_challenge: str | None = field(default=None, repr=False)
    code_challenge_method: str | None = None
    nonce: str | None = field(default=None, repr=False)
    dpop_jkt: str | None = None
    auth_time: float | None = None


def issue_code(
    state: State, server: AuthorizationServer, request: AuthorizationRequest, now: float
) -> str:
    """A fresh authorization code, or a ``RefusalError``."""
    check_challenge(request.client, request.code_challenge, request.code_challenge_method)
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
        auth_time=request.auth_time,
    )
    code = Code(
        value=opaque(),
        grant=grant,
        redirect_uri=request.redirect_uri,
        code_challenge=request.code_challenge,
        expires_at=now + state.settings.code_lifetime,
        dpop_jkt=request.dpop_jkt,
    )
    state.store.add_code(code)
    return code.value


def authorize(call: Call) -> Answer:
    """``GET …/v1/authorize`` (RFC 6749 section 4.1.1): 302 with ``code`` or ``error``, and
    ``state``. ``login_hint`` chooses the user, unless it is known who sits at the browser."""
    client = call.state.clients.get(call.required("client_id"))
    if client is None:
        raise RefusalError(
            400, "invalid_client", "There is no app with this client id.", shape="okta"
        )
    if call.parameter("request_uri") is not None:
        call = replace(call, form=pushed_parameters(call, client))
    redirect_uri = call.required("redirect_uri")
    check_redirect_uri(client, redirect_uri)
    try:
        parameters = {"code": _code_for(call, client, redirect_uri)}
    except RefusalError as refusal:
        parameters = {"error": refusal.code, "error_description": refusal.description}
    state = call.parameter("state")
    if state is not None:
        parameters["state"] = state
    if call.state.settings.callback_iss:
        parameters["iss"] = call.issuer
    return Answer(302, (("Location", with_query(redirect_uri, parameters)),))


def with_query(uri: str, parameters: dict[str, str]) -> str:
    """``uri`` with parameters added. Taking it apart and together again would rewrite custom
    schemes such as ``app:///callback``."""
    return uri + ("&" if "?" in uri else "?") + urlencode(parameters) if parameters else uri


def _code_for(call: Call, client: FakeClient, redirect_uri: str) -> str:
    check_response(call)
    hint = call.request.visitor or call.parameter("login_hint")
    user = call.state.users.get(call.state.default_username if hint is None else hint)
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
        dpop_jkt=call.parameter("dpop_jkt"),
    )
    return issue_code(call.state, call.server, request, call.now)
