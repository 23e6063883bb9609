"""Logins that are approved elsewhere: on another device, or by a push (RFC 8628, CIBA Core 1.0)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

from .._config import AuthServerId, check_kind, checked_server_id
from .._errors import (
    APIError,
    ApprovalExpiredError,
    ConfigurationError,
    RateLimitError,
    ServerError,
    TransportError,
    TransportTimeoutError,
)
from .._http import Reply, instant
from .._lazy import models
from .._operations import Endpoint, Operation, given, grant
from .._refusals import malformed
from .._results import Tokens, members_of
from .._retry import NEVER
from .._steps import Steps
from ._kept import Kept

if TYPE_CHECKING:
    from .._flow import Flow
    from .._operations import Request

DEVICE: Final = Endpoint("device", "org_device_authorize", "custom_device_authorize")
BACKCHANNEL: Final = Endpoint(
    "backchannel", "org_backchannel_authorize", "custom_backchannel_authorize"
)

_INTERVAL: Final = 5.0
_SLOWER: Final = 5.0


@dataclass(slots=True, repr=False)
class DeviceLogin(Kept):
    """A login to be approved on another device (RFC 8628 §3.2). The device code is not shown.

    Show the user ``user_code`` and ``verification_uri``, or a QR code of
    ``verification_uri_complete``. ``expires_at`` is aware UTC. ``interval`` is how many seconds are
    between two polls; it grows by 5 when Okta says ``slow_down``.
    """

    user_code: str
    verification_uri: str
    verification_uri_complete: str | None
    expires_at: datetime
    interval: float
    device_code: str
    auth_server_id: AuthServerId

    def __repr__(self) -> str:
        return (
            f"DeviceLogin(user_code={self.user_code!r}, "
            f"verification_uri={self.verification_uri!r}, "
            f"expires_at={self.expires_at.isoformat()}, interval={self.interval:g})"
        )


@dataclass(slots=True, repr=False)
class BackchannelLogin(Kept):
    """A login that the user is asked to approve by a push (CIBA Core §7.3). Its id is not shown.

    ``expires_at`` is aware UTC. ``interval`` is how many seconds are between two polls; it grows
    by 5 when Okta says ``slow_down``.
    """

    expires_at: datetime
    interval: float
    auth_req_id: str
    auth_server_id: AuthServerId

    def __repr__(self) -> str:
        return (
            f"BackchannelLogin(expires_at={self.expires_at.isoformat()}, "
            f"interval={self.interval:g})"
        )


Login: TypeAlias = DeviceLogin | BackchannelLogin


def device(server: AuthServerId, scope: str | None) -> Operation[DeviceLogin]:
    """The start of a login on another device."""

    def read(reply: Reply, request: Request) -> DeviceLogin:
        members = members_of(reply)
        return DeviceLogin(
            user_code=members.required("user_code"),
            verification_uri=members.required("verification_uri"),
            verification_uri_complete=members.text("verification_uri_complete"),
            device_code=members.required("device_code"),
            auth_server_id=server,
            **_times(reply, members),
        )

    return Operation(
        DEVICE.request(server, models.DeviceAuthorizeRequest(scope=given(scope))), read
    )


def backchannel(
    server: AuthServerId, scope: str, expires_in: int | None, /, **optional: str | None
) -> Operation[BackchannelLogin]:
    """The start of a login by a push.

    Raises:
        ConfigurationError: not exactly one hint; ``expires_in`` is no number of seconds.
    """
    for name, value in optional.items():
        check_kind(name, value, str, type(None))
    hints = [optional.get(name) or "" for name in ("login_hint", "id_token_hint")]
    if sum(bool(hint.strip()) for hint in hints) != 1:
        raise ConfigurationError("pass one of login_hint and id_token_hint")
    if expires_in is not None and (type(expires_in) is not int or expires_in < 1):
        raise ConfigurationError("expires_in must be a whole number of seconds, 1 or more")
    body = models.BackchannelAuthorizeRequest(scope, request_expiry=given(expires_in))
    for name, value in optional.items():
        setattr(body, name, given(value))

    def read(reply: Reply, request: Request) -> BackchannelLogin:
        members = members_of(reply)
        return BackchannelLogin(
            auth_req_id=members.required("auth_req_id"),
            auth_server_id=server,
            **_times(reply, members),
        )

    return Operation(BACKCHANNEL.request(server, body, lenient=True), read)


def poll(flow: Flow, login: Login, server: AuthServerId | None = None) -> Steps[Tokens | None]:
    """Ask once whether a login was approved; ``None`` if not yet.

    ``server`` is another than the login was begun at.

    Raises:
        ApprovalExpiredError: it was not, and its time is over.
        APIError: it was refused (``access_denied``), or Okta refused to answer.
    """
    at = _server(login, server)
    if flow.runtime.now() >= login.expires_at.timestamp():
        raise _expired()
    try:
        # No retries: the login's interval says when to ask again.
        return (yield from flow.steps(_redeem(login, at), retry=NEVER))
    except APIError as error:
        if error.code == "slow_down":
            login.interval += _SLOWER
        if error.code in ("authorization_pending", "slow_down"):
            return None
        if error.code != "expired_token":
            raise
    raise _expired()


def wait_for(flow: Flow, login: Login, server: AuthServerId | None = None) -> Steps[Tokens]:
    """Ask until a login was approved, first after ``interval`` seconds: see :func:`poll`.

    Raises:
        ApprovalExpiredError: it was not, and its time is over.
        APIError: it was refused (``access_denied``), or Okta refused to answer.
    """
    at = _server(login, server)
    pause = login.interval
    while True:
        if flow.runtime.now() + pause >= login.expires_at.timestamp():
            raise _expired()
        yield pause
        pause = 0.0
        try:
            tokens = yield from poll(flow, login, at)
        except (APIError, TransportError) as error:
            if not _will_pass(error):
                raise
            if isinstance(error, RateLimitError):
                pause = error.retry_after or 0.0
        else:
            if tokens is not None:
                return tokens
        pause = max(pause, login.interval)


def _server(login: Login, server: AuthServerId | None) -> AuthServerId:
    check_kind("login", login, DeviceLogin, BackchannelLogin)
    return login.auth_server_id if server is None else checked_server_id(server)


def _redeem(login: Login, at: AuthServerId) -> Operation[Tokens]:
    if isinstance(login, DeviceLogin):
        return grant(at, models.DeviceCodeGrant(login.device_code))
    return grant(at, models.CibaGrant(login.auth_req_id))


def _will_pass(error: APIError | TransportError) -> bool:
    if isinstance(error, TransportError):
        # An unknown host name and an untrusted certificate are not temporary.
        return isinstance(error, TransportTimeoutError) or error.request_sent is None
    return isinstance(error, RateLimitError | ServerError)


def _expired() -> ApprovalExpiredError:
    return ApprovalExpiredError("the login was not approved in time: start another")


def _times(reply: Reply, members: members_of) -> dict[str, Any]:
    seconds = members.seconds("expires_in")
    if seconds is None:
        raise malformed(reply, "it has no expires_in")
    interval = _interval(members.all.get("interval"))
    return {"expires_at": instant(seconds, reply.arrived_at), "interval": interval}


def _interval(value: object) -> float:
    """Seconds between two polls. What cannot be one is 5, as if it were absent (RFC 8628 §3.5)."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
        value = int(value)
    # 0 or less, and a day or more, count as absent, too.
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 86_400:
        return cast("float", value)
    return _INTERVAL
