"""Logins that a person approves on another device: RFC 8628 and CIBA in poll mode."""

from __future__ import annotations

from secrets import choice
from typing import TYPE_CHECKING, Final

from ._answers import Answer, RefusalError, json_answer
from ._approvals import Approval, new_code
from ._issuing import first_response, sign_in
from ._scopes import user_scopes
from ._store import IDToken

if TYPE_CHECKING:
    from ._approvals import Kind
    from ._registry import FakeClient, FakeUser
    from ._state import Call

DEVICE_CODE: Final = "urn:ietf:params:oauth:grant-type:device_code"
CIBA: Final = "urn:openid:params:grant-type:ciba"

_LONGEST_EXPIRY: Final = 300
# No vowels and nothing that looks like something else.
_TYPEABLE: Final = "BCDFGHJKLMNPQRSTVWXZ"


def authorize_device(call: Call, client: FakeClient) -> Answer:
    """``POST …/v1/device/authorize`` (RFC 8628 section 3.1)."""
    _check_grant(client, DEVICE_CODE)
    settings = call.state.settings
    approval = Approval(
        kind="device",
        code=new_code(),
        client=client,
        server_id=call.server.id,
        scopes=user_scopes(call.server, client, call.parameter("scope")),
        expires_at=call.now + settings.device_code_lifetime,
        interval=settings.poll_interval,
        user_code="".join(choice(_TYPEABLE) for _ in range(8)),
    )
    call.state.approvals.add(approval)
    page = f"{call.state.url}/activate"
    return json_answer(
        200,
        {
            "device_code": approval.code,
            "user_code": approval.user_code,
            "verification_uri": page,
            "verification_uri_complete": f"{page}?user_code={approval.user_code}",
            "expires_in": settings.device_code_lifetime,
            "interval": settings.poll_interval,
        },
    )


def authorize_backchannel(call: Call, client: FakeClient) -> Answer:
    """``POST …/v1/bc/authorize`` (CIBA Core section 7)."""
    _check_grant(client, CIBA)
    if call.parameter("request") is not None:
        raise RefusalError(400, "invalid_request", "Signed request objects are not offered here.")
    call.required("scope")
    scopes = user_scopes(call.server, client, call.parameter("scope"))
    if "openid" not in scopes:
        raise RefusalError(400, "invalid_scope", "A backchannel request needs openid.")
    user = _hinted_user(call)
    expires_in = _expiry(call.parameter("request_expiry"))
    approval = Approval(
        kind="backchannel",
        code=new_code(),
        client=client,
        server_id=call.server.id,
        scopes=scopes,
        expires_at=call.now + expires_in,
        interval=call.state.settings.poll_interval,
        user=user,
    )
    call.state.approvals.add(approval)
    return json_answer(
        200,
        {
            "auth_req_id": approval.code,
            "expires_in": expires_in,
            "interval": call.state.settings.poll_interval,
        },
    )


def device_grant(call: Call, client: FakeClient) -> dict[str, object]:
    """The tokens of an approved device login."""
    return _tokens(call, client, "device", call.required("device_code"))


def backchannel_grant(call: Call, client: FakeClient) -> dict[str, object]:
    """The tokens of an approved backchannel login."""
    return _tokens(call, client, "backchannel", call.required("auth_req_id"))


def _tokens(call: Call, client: FakeClient, kind: Kind, code: str) -> dict[str, object]:
    approval = call.state.approvals.redeem(kind, code, client, call.server.id, call.now)
    user = approval.user
    if user is None or call.state.store.is_suspended(user):
        raise RefusalError(400, "access_denied", "The user cannot sign in.")
    grant = sign_in(
        call.state, call.server, now=call.now, client=client, user=user, scopes=approval.scopes
    )
    return first_response(call, grant)


def _check_grant(client: FakeClient, grant_type: str) -> None:
    if grant_type not in client.grant_types:
        raise RefusalError(400, "unauthorized_client", "The app is not registered for this grant.")


def _hinted_user(call: Call) -> FakeUser:
    hint, id_token = call.parameter("login_hint"), call.parameter("id_token_hint")
    if (hint is None) == (id_token is None):
        raise RefusalError(400, "invalid_request", "Exactly one hint of the user is needed.")
    if id_token is not None:
        found = call.state.store.token(id_token)
        if not isinstance(found, IDToken):
            raise RefusalError(400, "invalid_request", "The id_token_hint is not valid.")
        return found.grant.user
    user = call.state.users.get(hint or "")
    if user is None:
        raise RefusalError(400, "invalid_request", "The login_hint names nobody.")
    return user


def _expiry(asked: str | None) -> int:
    if asked is None:
        return _LONGEST_EXPIRY
    if not asked.isascii() or not asked.isdigit() or not 1 <= int(asked) <= _LONGEST_EXPIRY:
        raise RefusalError(400, "invalid_request", "request_expiry is 1 to 300 seconds.")
    return int(asked)
