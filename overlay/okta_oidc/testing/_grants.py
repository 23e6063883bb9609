"""The token endpoint, grant by grant."""

from __future__ import annotations

from hmac import compare_digest
from typing import TYPE_CHECKING, Final

from ._answers import Answer, RefusalError, json_answer
from ._direct import mfa_oob_grant, mfa_otp_grant, oob_grant, otp_grant, second_factor_needed
from ._dpop import bound
from ._elsewhere import backchannel_grant, device_grant
from ._exchange import exchange, redeem_assertion
from ._issuing import (
    first_response,
    new_refresh_token,
    service_token_response,
    sign_in,
    token_response,
)
from ._scopes import service_scopes, split_scope, user_scopes
from ._store import Code, Grant, RefreshToken
from ._tokens import s256

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._registry import FakeClient
    from ._state import Call

_ON_EVERY_SERVER: Final = frozenset(
    {
        "authorization_code",
        "refresh_token",
        "client_credentials",
        "password",
        "interaction_code",
        "urn:ietf:params:oauth:grant-type:device_code",
        "urn:ietf:params:oauth:grant-type:token-exchange",
        "urn:ietf:params:oauth:grant-type:saml2-bearer",
        "urn:openid:params:grant-type:ciba",
        "urn:okta:params:oauth:grant-type:otp",
        "urn:okta:params:oauth:grant-type:oob",
        "http://auth0.com/oauth/grant-type/mfa-otp",
        "http://auth0.com/oauth/grant-type/mfa-oob",
    }
)
_ON_CUSTOM_SERVERS: Final = _ON_EVERY_SERVER | {"urn:ietf:params:oauth:grant-type:jwt-bearer"}


def token(call: Call, client: FakeClient) -> Answer:
    """``POST …/v1/token`` for an authenticated client (RFC 6749 section 5)."""
    grant_type = call.required("grant_type")
    known = _ON_EVERY_SERVER if call.server.id is None else _ON_CUSTOM_SERVERS
    if grant_type not in known:
        raise RefusalError(400, "unsupported_grant_type", "This server has no such grant.")
    if grant_type not in client.grant_types:
        raise RefusalError(400, "unauthorized_client", "The app is not registered for this grant.")
    grant = _GRANTS.get(grant_type)
    if grant is None:
        raise RefusalError(400, "unsupported_grant_type", "This fake does not offer the grant.")
    return json_answer(200, grant(bound(call, client), client))


def _authorization_code(call: Call, client: FakeClient) -> dict[str, object]:
    value = call.required("code")
    redirect_uri = call.required("redirect_uri")
    code = call.state.store.code(value)
    if code is None or code.grant.client.client_id != client.client_id:
        raise RefusalError(400, "invalid_grant", "The authorization code is not valid.")
    if code.grant.server_id != call.server.id:
        raise _wrong_server()
    if code.spent:
        # Two redemptions mean that somebody else has seen the code, and nobody can tell which of
        # the two was the thief (RFC 6749 section 4.1.2).
        code.grant.revoked = True
        raise RefusalError(400, "invalid_grant", "The authorization code was redeemed before.")
    if call.now >= code.expires_at:
        raise RefusalError(400, "invalid_grant", "The authorization code has expired.")
    if redirect_uri != code.redirect_uri:
        raise RefusalError(400, "invalid_grant", "The redirect URI is not the one authorized.")
    _check_pkce(code, call.parameter("code_verifier"))
    if "offline_access" in (call.parameter("scope") or "").split(" "):
        raise RefusalError(
            400, "invalid_scope", "offline_access is asked for at authorize, not here."
        )
    if code.dpop_jkt not in (None, call.jkt):
        raise _other_key()
    _check_user(call, code.grant)

    code.spent = True
    return first_response(call, code.grant)


def _check_pkce(code: Code, code_verifier: str | None) -> None:
    if code.code_challenge is None:
        if code_verifier is not None:
            raise RefusalError(
                400, "invalid_request", "A code_verifier came but no challenge before."
            )
    elif code_verifier is None:
        raise RefusalError(
            400, "invalid_request", "The code was challenged: code_verifier is missing."
        )
    elif not compare_digest(s256(code_verifier).encode(), code.code_challenge.encode()):
        raise RefusalError(400, "invalid_grant", "The code_verifier does not fit the challenge.")


def _refresh_token(call: Call, client: FakeClient) -> dict[str, object]:
    value = call.required("refresh_token")
    presented = call.state.store.token(value)
    if (
        not isinstance(presented, RefreshToken)
        or presented.grant.client.client_id != client.client_id
    ):
        raise RefusalError(400, "invalid_grant", "The refresh token is not valid.")
    grant = presented.grant
    if grant.server_id != call.server.id:
        raise _wrong_server()
    if grant.revoked:
        raise RefusalError(400, "invalid_grant", "The refresh token was revoked.")
    reason = call.state.store.refresh_refusal(presented, call.now)
    if reason is not None:
        # A token that comes back after its successor has settled in is a stolen one, or its
        # successor is: the family ends.
        if reason == "reused":
            call.state.store.end_family(grant)
        raise RefusalError(400, "invalid_grant", f"The refresh token is {reason}.")
    if grant.jkt != call.jkt:
        raise _other_key()
    _check_user(call, grant)
    _limit_user(call, grant.user.username)

    scopes = grant.scopes
    scope = call.parameter("scope")
    if scope is not None:
        scopes = frozenset(split_scope(scope))
        if not scopes <= grant.scopes:
            raise RefusalError(400, "access_denied", "The scope goes beyond the one first granted.")

    grant.last_used = call.now
    handed_out: RefreshToken | None = None
    if "offline_access" in scopes:
        handed_out = _next_refresh_token(call, grant, presented)
    return token_response(call, grant, scopes, handed_out)


def _next_refresh_token(call: Call, grant: Grant, presented: RefreshToken) -> RefreshToken:
    if grant.client.rotation == "STATIC":
        return presented
    if presented.superseded_at is None:
        presented.superseded_at = call.now
        return new_refresh_token(call, grant)
    # Within the leeway the answer of the first rotation may have been lost: its successor is given
    # once more, so that parallel callers end up with the same token.
    return grant.current_refresh_token or new_refresh_token(call, grant)


def _client_credentials(call: Call, client: FakeClient) -> dict[str, object]:
    if call.server.id is None and client.auth_method != "private_key_jwt":
        raise RefusalError(
            401, "invalid_client", "The org server takes client_credentials with JWTs only."
        )
    scopes = service_scopes(call.server, call.parameter("scope"))
    return service_token_response(call, client, scopes)


def _password(call: Call, client: FakeClient) -> dict[str, object]:
    username, password = call.required("username"), call.required("password")
    _limit_user(call, username)
    user = call.state.users.get(username)
    if (
        user is None
        or call.state.store.is_suspended(user)
        or not compare_digest(user.password.encode(), password.encode())
    ):
        raise RefusalError(400, "invalid_grant", "Username or password is wrong.")
    if user.password_expired:
        raise RefusalError(400, "invalid_grant", "The password has expired.")
    scopes = user_scopes(call.server, client, call.parameter("scope"))
    if user.mfa_required:
        raise second_factor_needed(call, client, user, scopes)
    grant = sign_in(call.state, call.server, now=call.now, client=client, user=user, scopes=scopes)
    return first_response(call, grant)


def _check_user(call: Call, grant: Grant) -> None:
    if call.state.store.is_suspended(grant.user):
        raise RefusalError(400, "invalid_grant", "The user is suspended.")


def _limit_user(call: Call, username: str) -> None:
    if not call.state.user_limiter.take(username, call.now):
        raise user_rate_limited()


def user_rate_limited() -> RefusalError:
    """The per-username limit, which alone among the 429s comes in the OAuth shape."""
    return RefusalError(429, "invalid_grant", "Too many sign-ins for this user in one second.")


def _other_key() -> RefusalError:
    return RefusalError(400, "invalid_dpop_proof", "The tokens are bound to another key.")


def _wrong_server() -> RefusalError:
    return RefusalError(400, "invalid_request", "Another authorization server issued this.")


_GRANTS: Final[dict[str, Callable[[Call, FakeClient], dict[str, object]]]] = {
    "authorization_code": _authorization_code,
    "refresh_token": _refresh_token,
    "client_credentials": _client_credentials,
    "password": _password,
    "urn:ietf:params:oauth:grant-type:device_code": device_grant,
    "urn:openid:params:grant-type:ciba": backchannel_grant,
    "urn:ietf:params:oauth:grant-type:token-exchange": exchange,
    "urn:ietf:params:oauth:grant-type:jwt-bearer": redeem_assertion,
    "urn:okta:params:oauth:grant-type:otp": otp_grant,
    "urn:okta:params:oauth:grant-type:oob": oob_grant,
    "http://auth0.com/oauth/grant-type/mfa-otp": mfa_otp_grant,
    "http://auth0.com/oauth/grant-type/mfa-oob": mfa_oob_grant,
}
