"""What a grant turns into: access, ID and refresh tokens with their claims."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._registry import AuthorizationServer, FakeClient, FakeUser, okta_id
from ._scopes import join_scope
from ._store import AccessToken, DeviceSecret, DeviceSession, Grant, IDToken, RefreshToken
from ._tokens import base64url, half_hash, opaque

if TYPE_CHECKING:
    from ._state import Call, State


def sign_in(
    state: State,
    server: AuthorizationServer,
    *,
    now: float,
    client: FakeClient,
    user: FakeUser,
    scopes: frozenset[str],
    nonce: str | None = None,
    auth_time: float | None = None,
    amr: tuple[str, ...] = ("pwd",),
) -> Grant:
    """A new family; its refresh token's end is fixed here and no rotation moves it.

    ``auth_time`` is when the user proved who they are, if that was before ``now``.
    """
    lifetime = state.settings.refresh_token_lifetime
    return Grant(
        server_id=server.id,
        client=client,
        user=user,
        scopes=scopes,
        auth_time=int(now if auth_time is None else auth_time),
        nonce=nonce,
        amr=amr,
        refresh_expires_at=None if lifetime is None else now + lifetime,
        # The org server has no idle limit.
        refresh_idle=None if server.id is None else state.settings.refresh_token_idle,
        last_used=now,
    )


def first_response(call: Call, grant: Grant) -> dict[str, object]:
    """The members of the response that a sign-in ends with."""
    grant.last_used = call.now
    grant.jkt = call.jkt
    refresh_token = new_refresh_token(call, grant) if "offline_access" in grant.scopes else None
    if "device_sso" in grant.scopes and grant.session is None:
        grant.session = _new_session(grant)
        secret = DeviceSecret(opaque(), grant.session)
        call.state.store.add_token(secret)
        members = token_response(call, grant, grant.scopes, refresh_token, secret)
        return {**members, "device_secret": secret.value}
    return token_response(call, grant, grant.scopes, refresh_token)


def token_response(
    call: Call,
    grant: Grant,
    scopes: frozenset[str],
    refresh_token: RefreshToken | None,
    device_secret: DeviceSecret | None = None,
) -> dict[str, object]:
    """The members of a user's token response, fresh access and ID tokens included."""
    access = _user_access_token(call, grant, scopes)
    members = _members(call, access)
    if refresh_token is not None:
        members["refresh_token"] = refresh_token.value
    if "openid" in scopes:
        members["id_token"] = _id_token(call, grant, scopes, access, device_secret).value
    return members


def service_token_response(
    call: Call, client: FakeClient, scopes: frozenset[str]
) -> dict[str, object]:
    """The members of a ``client_credentials`` response: an access token and nothing else."""
    claims = {
        **_access_claims(call, client, scopes, jti="AT." + opaque()),
        "sub": client.client_id,
    }
    access = AccessToken(
        value=call.state.ring(call.server.id).jwt(claims),
        server_id=call.server.id,
        client_id=client.client_id,
        grant=None,
        claims=claims,
        scopes=scopes,
        expires_at=int(call.now) + call.state.settings.access_token_lifetime,
        jkt=call.jkt,
    )
    call.state.store.add_token(access)
    return _members(call, access)


def new_refresh_token(call: Call, grant: Grant) -> RefreshToken:
    """The family's next refresh token, which becomes its current one."""
    token = RefreshToken(opaque(), grant)
    grant.current_refresh_token = token
    call.state.store.add_token(token)
    return token


def _new_session(grant: Grant) -> DeviceSession:
    return DeviceSession(
        sid=okta_id("idx"),
        user=grant.user,
        server_id=grant.server_id,
        client=grant.client,
        expires_at=grant.refresh_expires_at,
        grants=[grant],
    )


def _members(call: Call, access: AccessToken) -> dict[str, object]:
    return {
        "token_type": "Bearer" if call.jkt is None else "DPoP",
        "expires_in": call.state.settings.access_token_lifetime,
        "access_token": access.value,
        "scope": join_scope(access.scopes),
    }


def _access_claims(
    call: Call, client: FakeClient, scopes: frozenset[str], *, jti: str
) -> dict[str, object]:
    claims: dict[str, object] = {
        "ver": 1,
        "jti": jti,
        "iss": call.issuer,
        "aud": call.server.audience or call.issuer,
        "iat": int(call.now),
        "exp": int(call.now) + call.state.settings.access_token_lifetime,
        "cid": client.client_id,
        "scp": sorted(scopes),
    }
    if call.jkt is not None:
        claims["cnf"] = {"jkt": call.jkt}
    return claims


def _user_access_token(call: Call, grant: Grant, scopes: frozenset[str]) -> AccessToken:
    jti = "AT." + opaque()
    if grant.current_refresh_token is not None:
        jti += "." + okta_id("oar")
    # Custom claims reach access tokens on custom servers only, and never displace Okta's own.
    custom = {} if call.server.id is None else dict(grant.user.claims)
    claims = {
        **custom,
        **_access_claims(call, grant.client, scopes, jti=jti),
        "uid": grant.user.user_id,
        "sub": grant.user.username,
        "auth_time": grant.auth_time,
    }
    token = AccessToken(
        value=call.state.ring(call.server.id).jwt(claims),
        server_id=call.server.id,
        client_id=grant.client.client_id,
        grant=grant,
        claims=claims,
        scopes=scopes,
        expires_at=int(call.now) + call.state.settings.access_token_lifetime,
        jkt=call.jkt,
    )
    call.state.store.add_token(token)
    return token


def _id_token(
    call: Call,
    grant: Grant,
    scopes: frozenset[str],
    access_token: AccessToken,
    device_secret: DeviceSecret | None,
) -> IDToken:
    user = grant.user
    expires_at = int(call.now) + call.state.settings.id_token_lifetime
    claims: dict[str, object] = {
        **user.claims,
        "sub": user.user_id,
        "ver": 1,
        "iss": call.issuer,
        "aud": grant.client.client_id,
        "iat": int(call.now),
        "exp": expires_at,
        "jti": "ID." + opaque(),
        "amr": list(grant.amr),
        "idp": "00o" + base64url(call.issuer.encode())[-17:],
        "auth_time": grant.auth_time,
        "at_hash": half_hash(access_token.value),
        "preferred_username": user.username,
    }
    if grant.nonce is not None:
        claims["nonce"] = grant.nonce
    if "email" in scopes:
        claims["email"] = user.username
    if grant.session is not None:
        claims["sid"] = grant.session.sid
    if device_secret is not None:
        claims["ds_hash"] = half_hash(device_secret.value)
    value = call.state.ring(call.server.id).jwt(claims)
    token = IDToken(value, grant, claims, expires_at)
    call.state.store.add_token(token)
    return token
