"""Direct authentication: the application asks for the factors itself, without a browser."""

from __future__ import annotations

from dataclasses import dataclass, field
from hmac import compare_digest
from secrets import token_urlsafe
from typing import TYPE_CHECKING, Final, Literal

from ._answers import Answer, RefusalError, json_answer
from ._approvals import Approval, new_code
from ._issuing import first_response, sign_in
from ._scopes import user_scopes

if TYPE_CHECKING:
    from ._registry import FakeClient, FakeUser
    from ._state import Call

OTP: Final = "urn:okta:params:oauth:grant-type:otp"
OOB: Final = "urn:okta:params:oauth:grant-type:oob"
MFA_OTP: Final = "http://auth0.com/oauth/grant-type/mfa-otp"
MFA_OOB: Final = "http://auth0.com/oauth/grant-type/mfa-oob"

_SECONDS: Final = 300
Channel = Literal["push", "sms", "voice"]
_CHANNELS: Final[tuple[Channel, ...]] = ("push", "sms", "voice")


@dataclass(slots=True, eq=False)
class SecondFactor:
    """What an ``mfa_token`` stands for: a sign-in that one factor is missing from."""

    user: FakeUser
    client: FakeClient
    server_id: str | None
    scopes: frozenset[str]
    expires_at: float
    value: str = field(default_factory=lambda: token_urlsafe(24), repr=False)


def second_factor_needed(
    call: Call, client: FakeClient, user: FakeUser, scopes: frozenset[str]
) -> RefusalError:
    """403 ``mfa_required``, with the ``mfa_token`` that goes on from here."""
    waiting = SecondFactor(user, client, call.server.id, scopes, call.now + _SECONDS)
    call.state.second_factors[waiting.value] = waiting
    return RefusalError(
        403, "mfa_required", "A second factor is needed.", extra={"mfa_token": waiting.value}
    )


def primary_authenticate(call: Call, client: FakeClient) -> Answer:
    """``POST …/v1/primary-authenticate``: a first factor that is out of band."""
    _check_grant(client, OOB)
    name, channel = call.required("login_hint"), _channel(call.required("channel_hint"))
    if call.required("challenge_hint") != OOB:
        raise RefusalError(400, "invalid_request", "Only an out-of-band challenge is offered.")
    user = call.state.users.get(name)
    if user is None or call.state.store.is_suspended(user):
        raise RefusalError(403, "access_denied", "The user cannot sign in.")
    return json_answer(200, _challenge(call, client, user, channel, frozenset()))


def challenge(call: Call, client: FakeClient) -> Answer:
    """``POST …/v1/challenge``: a second factor for an ``mfa_token``."""
    waiting = _waiting(call, client)
    kinds = (call.parameter("challenge_types_supported") or MFA_OOB).split(" ")
    if MFA_OOB in kinds:
        channel = _channel(call.parameter("channel_hint") or "push")
        members = _challenge(call, client, waiting.user, channel, waiting.scopes)
        return json_answer(200, {"challenge_type": MFA_OOB, **members})
    if MFA_OTP in kinds:
        return json_answer(200, {"challenge_type": MFA_OTP})
    raise RefusalError(400, "invalid_request", "None of these challenges is offered.")


def otp_grant(call: Call, client: FakeClient) -> dict[str, object]:
    """A one-time password as the first factor."""
    name, otp = call.required("login_hint"), call.required("otp")
    user = call.state.users.get(name)
    if user is None or not _is_right(user.otp, otp):
        raise RefusalError(400, "invalid_grant", "The one-time password is wrong.")
    scopes = user_scopes(call.server, client, call.parameter("scope"))
    return _first_factor(call, client, user, scopes, ("otp",))


def oob_grant(call: Call, client: FakeClient) -> dict[str, object]:
    """An out-of-band first factor, once it has been approved."""
    scopes = user_scopes(call.server, client, call.parameter("scope"))
    user = _approved(call, client)
    return _first_factor(call, client, user, scopes, ("swk",))


def mfa_otp_grant(call: Call, client: FakeClient) -> dict[str, object]:
    """A one-time password as the second factor."""
    waiting = _waiting(call, client)
    if not _is_right(waiting.user.otp, call.required("otp")):
        raise RefusalError(400, "invalid_grant", "The one-time password is wrong.")
    return _complete(call, client, waiting, "otp")


def mfa_oob_grant(call: Call, client: FakeClient) -> dict[str, object]:
    """An out-of-band second factor, once it has been approved."""
    waiting = _waiting(call, client)
    user = _approved(call, client)
    if user.username != waiting.user.username:
        raise RefusalError(400, "invalid_grant", "The oob_code is another user's.")
    return _complete(call, client, waiting, "swk")


def _first_factor(
    call: Call,
    client: FakeClient,
    user: FakeUser,
    scopes: frozenset[str],
    amr: tuple[str, ...],
) -> dict[str, object]:
    if call.state.store.is_suspended(user):
        raise RefusalError(403, "access_denied", "The user cannot sign in.")
    if user.mfa_required:
        raise second_factor_needed(call, client, user, scopes)
    return _signed_in(call, client, user, scopes, amr)


def _complete(
    call: Call, client: FakeClient, waiting: SecondFactor, factor: str
) -> dict[str, object]:
    scope = call.parameter("scope")
    if scope is not None and user_scopes(call.server, client, scope) != waiting.scopes:
        raise RefusalError(400, "invalid_scope", "The scope is not that of the first factor.")
    if call.state.store.is_suspended(waiting.user):
        raise RefusalError(403, "access_denied", "The user cannot sign in.")
    del call.state.second_factors[waiting.value]
    return _signed_in(call, client, waiting.user, waiting.scopes, ("pwd", "mfa", factor))


def _signed_in(
    call: Call,
    client: FakeClient,
    user: FakeUser,
    scopes: frozenset[str],
    amr: tuple[str, ...],
) -> dict[str, object]:
    grant = sign_in(
        call.state, call.server, now=call.now, client=client, user=user, scopes=scopes, amr=amr
    )
    return first_response(call, grant)


def _challenge(
    call: Call, client: FakeClient, user: FakeUser, channel: Channel, scopes: frozenset[str]
) -> dict[str, object]:
    approval = Approval(
        kind="oob",
        code=new_code(),
        client=client,
        server_id=call.server.id,
        scopes=scopes,
        expires_at=call.now + _SECONDS,
        interval=call.state.settings.poll_interval,
        user=user,
        binding_code=None if channel == "push" else user.otp,
        # What is typed in was sent to the user already.
        decision=None if channel == "push" else "approved",
    )
    call.state.approvals.add(approval)
    members: dict[str, object] = {
        "oob_code": approval.code,
        "channel": channel,
        "binding_method": "none" if channel == "push" else "prompt",
        "expires_in": _SECONDS,
    }
    return {**members, "interval": approval.interval} if channel == "push" else members


def _approved(call: Call, client: FakeClient) -> FakeUser:
    code = call.required("oob_code")
    expected = call.state.approvals.binding_code(code)
    if expected is not None and not _is_right(expected, call.required("binding_code")):
        raise RefusalError(400, "invalid_grant", "The binding_code is wrong.")
    approval = call.state.approvals.redeem("oob", code, client, call.server.id, call.now)
    assert approval.user is not None
    return approval.user


def _waiting(call: Call, client: FakeClient) -> SecondFactor:
    found = call.state.second_factors.get(call.required("mfa_token"))
    if (
        found is None
        or found.client.client_id != client.client_id
        or found.server_id != call.server.id
        or call.now >= found.expires_at
    ):
        raise RefusalError(400, "invalid_grant", "The mfa_token is not valid.")
    return found


def _channel(hint: str) -> Channel:
    for channel in _CHANNELS:
        if hint == channel:
            return channel
    raise RefusalError(400, "invalid_request", "The channel is push, sms or voice.")


def _check_grant(client: FakeClient, grant_type: str) -> None:
    if grant_type not in client.grant_types:
        raise RefusalError(400, "unauthorized_client", "The app is not registered for this grant.")


def _is_right(expected: str, given: str) -> bool:
    return compare_digest(expected.encode(), given.encode())
