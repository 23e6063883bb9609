"""What a grant turns into: access, ID and refresh tokens with their claims."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._registry import AuthorizationServer, FakeClient, FakeUser, okta_id
from ._scopes import join_scope
from ._store import AccessToken, Grant, IDToken, RefreshToken
from ._tokens import at_hash, base64url, opaque

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
) -> Grant:
    """A new family; its refresh token's end is fixed here and no rotation moves it."""
    lifetime = state.settings.refresh_token_lifetime
    return Grant(
        server_id=server.id,
        client=client,
        user=user,
        scopes=scopes,
        auth_time=int(now),
        nonce=nonce,
        refresh_expires_at=None if lifetime is None else now + lifetime,
        # The org server has no idle limit.
        refresh_idle=None if server.id is None else state.settings.refresh_token_idle,
        last_used=now,
    )


def token_response(
    call: Call, grant: Grant, scopes: frozenset[str], refresh_token: RefreshToken | None
) -> dict[str, object]:
    """The members of a user's token response, fresh access and ID tokens included."""
    access = _user_access_token(call, grant, scopes)
    members: dict[str, object] = {
        "token_type": "Bearer",
        "expires_in": call.state.settings.access_token_lifetime,
        "access_token": access.value,
        "scope": join_scope(scopes),
    }
    if refresh_token is not None:
        members["refresh_token"] = refresh_token.value
    if "openid" in scopes:
        members["id_token"] = _id_token(call, grant, scopes, access).value
    return members


def service_token_response(
    call: Call, client: FakeClient, scopes: frozenset[str]
) -> dict[str, object]:
    """The members of a ``client_credentials`` response: an access token and nothing else."""
    lifetime = call.state.settings.access_token_lifetime
    claims = {
        **_access_claims(call, client, scopes, jti="AT." + opaque()),
        "sub": client.client_id,
    }
    access = AccessToken(
        value=call.state.mint.jwt(claims),
        server_id=call.server.id,
        client_id=client.client_id,
        grant=None,
        claims=claims,
        scopes=scopes,
        expires_at=int(call.now) + lifetime,
    )
    call.state.store.add_token(access)
    return {
        "token_type": "Bearer",
        "expires_in": lifetime,
        "access_token": access.value,
        "scope": join_scope(scopes),
    }


def new_refresh_token(call: Call, grant: Grant) -> RefreshToken:
    """The family's next refresh token, which becomes its current one."""
    token = RefreshToken(opaque(), grant)
    grant.current_refresh_token = token
    call.state.store.add_token(token)
    return token


def _access_claims(
    call: Call, client: FakeClient, scopes: frozenset[str], *, jti: str
) -> dict[str, object]:
    issuer = call.server.issuer(call.state.url)
    return {
        "ver": 1,
        "jti": jti,
        "iss": issuer,
        "aud": call.server.audience or issuer,
        "iat": int(call.now),
        "exp": int(call.now) + call.state.settings.access_token_lifetime,
        "cid": client.client_id,
        "scp": sorted(scopes),
    }


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
        value=call.state.mint.jwt(claims),
        server_id=call.server.id,
        client_id=grant.client.client_id,
        grant=grant,
        claims=claims,
        scopes=scopes,
        expires_at=int(call.now) + call.state.settings.access_token_lifetime,
    )
    call.state.store.add_token(token)
    return token


def _id_token(
    call: Call, grant: Grant, scopes: frozenset[str], access_token: AccessToken
) -> IDToken:
    user = grant.user
    expires_at = int(call.now) + call.state.settings.id_token_lifetime
    claims: dict[str, object] = {
        **user.claims,
        "sub": user.user_id,
        "ver": 1,
        "iss": call.server.issuer(call.state.url),
        "aud": grant.client.client_id,
        "iat": int(call.now),
        "exp": expires_at,
        "jti": "ID." + opaque(),
        "amr": ["pwd"],
        "idp": "00o" + base64url(call.server.issuer(call.state.url).encode())[-17:],
        "auth_time": grant.auth_time,
        "at_hash": at_hash(access_token.value),
        "preferred_username": user.username,
    }
    if grant.nonce is not None:
        claims["nonce"] = grant.nonce
    if "email" in scopes:
        claims["email"] = user.username
    token = IDToken(call.state.mint.jwt(claims), grant, claims, expires_at)
    call.state.store.add_token(token)
    return token
