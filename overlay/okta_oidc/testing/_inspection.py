"""The introspection (RFC 7662) and revocation (RFC 7009) endpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._answers import Answer, json_answer
from ._exchange import DEVICE_SECRET
from ._scopes import join_scope
from ._store import AccessToken, DeviceSecret, IDToken, RefreshToken, Token

if TYPE_CHECKING:
    from ._registry import FakeClient
    from ._state import Call

_INACTIVE: dict[str, object] = {"active": False}


def introspect(call: Call, client: FakeClient) -> Answer:
    """``POST …/v1/introspect``. The hint is only a hint: a wrong one does not hide a token."""
    found = call.state.store.token(call.required("token"))
    spent = call.state.settings.introspect_spent
    if found is None or not call.state.store.is_active(found, call.now, spent=spent):
        return json_answer(200, _INACTIVE)
    server_id, client_id = _origin(found)
    if server_id != call.server.id:
        return json_answer(200, _INACTIVE)
    if client_id != client.client_id and not (
        isinstance(found, AccessToken) and call.state.settings.introspect_other_clients
    ):
        return json_answer(200, _INACTIVE)
    # Custom claims may have any name, this one too; the server's own word stands.
    return json_answer(200, {"active": True, **_members(found) | {"active": True}})


def revoke(call: Call, client: FakeClient) -> Answer:
    """``POST …/v1/revoke``: 200 with an empty body, whatever the token was.

    A refresh token of any generation takes its family along; an access token goes alone; a device
    secret takes all of its session; an ID token, another client's token and an unknown one are left
    as they are.
    """
    found = call.state.store.token(call.required("token"))
    if found is not None and _origin(found) == (call.server.id, client.client_id):
        if isinstance(found, RefreshToken):
            found.grant.revoked = True
        elif isinstance(found, AccessToken):
            found.revoked = True
        elif isinstance(found, DeviceSecret):
            call.state.store.end_session(found.session)
    return Answer(200)


def _origin(token: Token) -> tuple[str | None, str]:
    if isinstance(token, AccessToken):
        return token.server_id, token.client_id
    if isinstance(token, DeviceSecret):
        return token.session.server_id, token.session.client.client_id
    return token.grant.server_id, token.grant.client.client_id


def _members(token: Token) -> dict[str, object]:
    if isinstance(token, IDToken):
        return dict(token.claims)
    if isinstance(token, DeviceSecret):
        members: dict[str, object] = {"token_type": DEVICE_SECRET, "sid": token.session.sid}
        if token.session.expires_at is not None:
            members["exp"] = int(token.session.expires_at)
        return members
    if isinstance(token, RefreshToken):
        members = {
            "token_type": "Bearer" if token.grant.jkt is None else "DPoP",
            "scope": join_scope(token.grant.scopes),
            "client_id": token.grant.client.client_id,
            "username": token.grant.user.username,
            "sub": token.grant.user.username,
        }
        deadline = token.grant.refresh_deadline()
        if deadline is not None:
            members["exp"] = int(deadline)
        return members
    # Introspection renames what the JWT calls cid and scp.
    claims = {
        name: value
        for name, value in token.claims.items()
        if name not in {"ver", "cid", "scp", "auth_time"}
    }
    if token.grant is not None:
        claims["username"] = token.grant.user.username
    return {
        **claims,
        "token_type": "Bearer" if token.jkt is None else "DPoP",
        "scope": join_scope(token.scopes),
        "client_id": token.client_id,
    }
