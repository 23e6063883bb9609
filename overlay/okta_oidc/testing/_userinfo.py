"""The userinfo endpoint (OpenID Connect Core section 5.3): the caller's access token decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._answers import Answer, RefusalError, json_answer
from ._dpop import proven_key
from ._store import AccessToken, Grant

if TYPE_CHECKING:
    from ._state import Call


def userinfo(call: Call) -> Answer:
    """``GET …/v1/userinfo``. What is refused has an empty body: ``WWW-Authenticate`` says why."""
    headers = call.request.header_values("authorization")
    scheme, _, value = (headers[0] if len(headers) == 1 else "").partition(" ")
    scheme = {"bearer": "Bearer", "dpop": "DPoP"}.get(scheme.lower(), "")
    if not scheme or not value:
        return _refusal(call, 401, "Bearer", None, None)
    token = call.state.store.token(value)
    if (
        not isinstance(token, AccessToken)
        or token.server_id != call.server.id
        or not call.state.store.is_active(token, call.now)
    ):
        return _refusal(call, 401, scheme, "invalid_token", "The access token is invalid.")
    if (token.jkt is not None) != (scheme == "DPoP"):
        scheme = "Bearer" if token.jkt is None else "DPoP"
        return _refusal(call, 401, scheme, "invalid_token", "The access token is bound otherwise.")
    if token.jkt is not None:
        try:
            jkt = proven_key(call, access_token=value)
        except RefusalError as refusal:
            return _refusal(call, 401, scheme, refusal.code, refusal.description)
        if jkt != token.jkt:
            return _refusal(call, 401, scheme, "invalid_token", "Another key proves the token.")
    if token.grant is None or "openid" not in token.scopes:
        message = "The access token must provide access to at least one of these scopes: openid"
        return _refusal(call, 403, scheme, "insufficient_scope", message)
    return json_answer(200, _claims(token.grant, token.scopes))


def _claims(grant: Grant, scopes: frozenset[str]) -> dict[str, object]:
    user = grant.user
    claims: dict[str, object] = {**user.claims, "sub": user.user_id}
    if "profile" in scopes:
        claims["preferred_username"] = user.username
    if "email" in scopes:
        claims |= {"email": user.username, "email_verified": True}
    return claims


def _refusal(
    call: Call, status: int, scheme: str, error: str | None, description: str | None
) -> Answer:
    parameters = {
        "authorization_uri": call.server.endpoint(call.state.url, "authorize"),
        "realm": call.issuer,
        "scope": "openid",
    }
    if error is not None:
        parameters |= {"error": error, "error_description": description or ""}
    parameters["resource"] = call.request.path
    challenge = ", ".join(f'{name}="{value}"' for name, value in parameters.items())
    headers = [("WWW-Authenticate", f"{scheme} {challenge}")]
    if error == "use_dpop_nonce":
        headers.append(("dpop-nonce", call.state.nonces.current(call.now)))
    return Answer(status, tuple(headers))
