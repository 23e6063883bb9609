"""From a response to a result, or to the error that it means. Pure: no I/O, no clock."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, cast

from ._errors import (
    APIError,
    InvalidClientError,
    InvalidGrantError,
    MalformedResponseError,
    RateLimitError,
    ServerError,
)
from ._http import Members, Reply, instant, retry_after
from ._messages import is_page, malformed_message, refusal_message
from ._results import Introspection, Tokens
from ._retry import is_harmless

if TYPE_CHECKING:
    from okta_oidc_api.models.token_response import TokenResponse

    from ._auth import ClientSecret
    from ._calls import Call

_CLASSES: Final[dict[str, type[APIError]]] = {
    "invalid_client": InvalidClientError,
    "invalid_grant": InvalidGrantError,
}
_STATUSES: Final = frozenset(status.value for status in HTTPStatus)
_KNOWN_MEMBERS: Final = frozenset(
    {
        "error",
        "error_description",
        "errorCode",
        "errorSummary",
        "errorLink",
        "errorId",
        "errorCauses",
    }
)


def read_tokens(reply: Reply, call: Call[Tokens]) -> Tokens:
    """The answer to a code or a refresh token. One that Okta does not replace stays in force."""
    fields = _Fields(reply)
    expires_in = fields.seconds("expires_in")
    return Tokens(
        access_token=fields.required("access_token"),
        token_type=fields.required("token_type"),
        expires_in=expires_in,
        expires_at=None if expires_in is None else instant(expires_in, reply.arrived_at),
        scopes=fields.words("scope"),
        refresh_token=fields.text("refresh_token") or call.value("refresh_token"),
        id_token=fields.text("id_token"),
        raw=Members(fields.members),
        http=reply.http,
    )


def read_token_response(reply: Reply, call: Call[TokenResponse]) -> TokenResponse:
    """The answer to any grant: some carry no access token at all."""
    return token_response(reply)


def token_response(reply: Reply) -> TokenResponse:
    """What the token endpoint answered, as generated."""
    import attrs
    from okta_oidc_api.models.token_response import TokenResponse

    fields = _Fields(reply)
    fields.required("token_type")
    members = dict(fields.members)
    for name in ("access_token", "refresh_token", "id_token", "device_secret", "issued_token_type"):
        fields.text(name)
    # The generated model takes whatever it is given: these are made what its types promise.
    expires_in, scopes = fields.seconds("expires_in"), fields.words("scope")
    if not isinstance(members.get("expires_in"), int):
        members["expires_in"] = expires_in
    if not isinstance(members.get("scope"), str):
        members["scope"] = " ".join(scopes) or None
    # Of the members that the document knows, access_token alone is ever null.
    for name in attrs.fields_dict(TokenResponse).keys() - {"access_token"}:
        if members.get(name, ...) is None:
            del members[name]
    try:
        return TokenResponse.from_dict(members)
    except (TypeError, ValueError, AttributeError, KeyError):
        raise malformed(reply, "a member is not of its type") from None


def read_introspection(reply: Reply, call: Call[Introspection]) -> Introspection:
    """The answer about a token. Its ``active`` is the only member that is always there."""
    return introspection(reply)


def introspection(reply: Reply) -> Introspection:
    """What the introspection endpoint answered."""
    fields = _Fields(reply)
    active = fields.members.get("active")
    if not isinstance(active, bool):
        raise malformed(reply, "its member active is not true or false")
    return Introspection(
        active=active,
        scopes=fields.words("scope"),
        aud=fields.list("aud"),
        sub=fields.text("sub"),
        username=fields.text("username"),
        client_id=fields.text("client_id"),
        uid=fields.text("uid"),
        iss=fields.text("iss"),
        jti=fields.text("jti"),
        token_type=fields.text("token_type"),
        expires_at=fields.time("exp"),
        issued_at=fields.time("iat"),
        not_before=fields.time("nbf"),
        raw=Members(fields.members),
        http=reply.http,
    )


def read_nothing(reply: Reply, call: Call[None]) -> None:
    """The answer to a revocation, which is its status (RFC 7009 §2.2): Okta's body is empty."""
    _check_plain(reply)
    members = reply.members() or {}
    if is_page(reply) or "error" in members or "errorCode" in members:
        raise malformed(reply, "the body is not that of a revocation")


def check_parsable(reply: Reply, path: str, auth: ClientSecret) -> None:
    """Refuse what the parser of a generated function would fail on, while the answer is at hand.

    Raises:
        MalformedResponseError: a 2xx without the members that its endpoint promises.
        APIError: anything else that is in neither of the two shapes of an error.
    """
    from okta_oidc_api.models.introspection_response import IntrospectionResponse
    from okta_oidc_api.models.oauth_error import OAuthError
    from okta_oidc_api.models.okta_error import OktaError
    from okta_oidc_api.models.token_response import TokenResponse

    if not reply.is_success:
        members = reply.members()
        if (
            reply.status not in _STATUSES
            or members is None
            or not isinstance(members.get("error", members.get("errorCode")), str)
            or not (_is_readable(OAuthError, members) or _is_readable(OktaError, members))
        ):
            raise refusal(reply, auth)
        return
    _check_plain(reply)
    if reply.status not in _STATUSES:
        raise malformed(reply, "the status is not one of HTTP's")
    for endpoint, read, model in (
        ("token", token_response, TokenResponse),
        ("introspect", introspection, IntrospectionResponse),
    ):
        if path.endswith(f"/{endpoint}"):
            read(reply)
            if not _is_readable(model, reply.members() or {}):
                raise malformed(reply, "a member is not of its type")


def _is_readable(model: type[Any], members: dict[str, Any]) -> bool:
    try:
        model.from_dict(members)
    except (TypeError, ValueError, AttributeError, KeyError):
        return False
    return True


def _check_plain(reply: Reply) -> None:
    if not reply.is_plain:
        raise malformed(reply, "the body is in a coding that was not asked for")


def malformed(reply: Reply, why: str) -> MalformedResponseError:
    """The error for a 2xx response that is not what its endpoint promises."""
    return MalformedResponseError(malformed_message(reply, why), http=reply.http, body=reply.body)


def refusal(reply: Reply, auth: ClientSecret, call: Call[Any] | None = None) -> APIError:
    """The error for a response that is no success, whatever it looks like.

    ``call`` is unknown where a generated function made the request.

    The status decides first: a rate limit for one user comes as 429 with ``invalid_grant``, and
    nothing is wrong with the grant then. A 401 without a code is a refusal of the credentials, as
    nothing else is authenticated here.
    """
    members = reply.members() or {}
    # Okta's own shape may hold an OAuth word: errorCode "invalid_client".
    code = _text(members.get("error")) or _text(members.get("errorCode"))
    description = _text(members.get("error_description")) or _text(members.get("errorSummary"))
    error = _class_of(reply.status, code)(
        refusal_message(reply, auth, call, code, description),
        http=reply.http,
        body=reply.body,
        code=code,
        description=description,
        error_id=_text(members.get("errorId")),
        causes=_summaries(members.get("errorCauses")),
        extra=Members({k: v for k, v in members.items() if k not in _KNOWN_MEMBERS}),
    )
    if isinstance(error, RateLimitError):
        error.retry_after = retry_after(reply.headers)
    error.retryable = is_harmless(error, idempotent=call is not None and call.idempotent)
    return error


def not_sent(reason: RateLimitError, seconds: float) -> RateLimitError:
    """The error for a call held back, as ``reason`` told that its limit is used up."""
    error = RateLimitError(
        f"not sent: the rate limit is used up for another {seconds:.0f} s",
        http=reason.http,
        body=reason.body,
        code=reason.code,
        description=reason.description,
        error_id=reason.error_id,
        causes=reason.causes,
        extra=reason.extra,
        retryable=True,
    )
    error.retry_after = seconds
    return error


def _class_of(status: int, code: str | None) -> type[APIError]:
    if status == 429:
        return RateLimitError
    if 500 <= status <= 599:
        return ServerError
    if code is None:
        return InvalidClientError if status == 401 else APIError
    return _CLASSES.get(code, APIError)


def _summaries(causes: object) -> tuple[str, ...]:
    if not isinstance(causes, list):
        return ()
    items = cast("list[object]", causes)
    found = (
        cast("dict[str, object]", item).get("errorSummary") if isinstance(item, dict) else item
        for item in items
    )
    return tuple(summary for summary in found if isinstance(summary, str))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


class _Fields:
    """The members of a 2xx body, each of the type that its reader expects, ``null`` as absent.

    Raises:
        MalformedResponseError: the body is no JSON object, or a member is of another type.
    """

    __slots__ = ("members", "reply")

    def __init__(self, reply: Reply) -> None:
        self.reply = reply
        if not reply.complete:
            raise malformed(reply, "the body is larger than any answer of this endpoint")
        _check_plain(reply)
        if not _may_be_json(reply.headers.get("content-type", "")):
            raise malformed(reply, "the body is not JSON by its content type")
        members = reply.members()
        if members is None:
            raise malformed(reply, "the body is not a JSON object")
        self.members: Final = members

    def text(self, name: str) -> str | None:
        value = self.members.get(name)
        if value is None or isinstance(value, str):
            return value or None
        raise malformed(self.reply, f"its member {name} is not a string")

    def required(self, name: str) -> str:
        value = self.text(name)
        if value is None:
            raise malformed(self.reply, f"it has no {name}")
        return value

    def words(self, name: str) -> tuple[str, ...]:
        value = self.members.get(name)
        # Space-delimited by RFC 6749 §3.3; some servers send the list.
        return tuple(value.split()) if isinstance(value, str) else self.list(name)

    def list(self, name: str) -> tuple[str, ...]:
        value = self.members.get(name)
        if value is None:
            return ()
        values = cast("list[object]", value) if isinstance(value, list) else [value]
        texts = tuple(item for item in values if isinstance(item, str))
        if len(texts) == len(values):
            return texts
        raise malformed(self.reply, f"its member {name} is not a string or a list of strings")

    def number(self, name: str) -> float | None:
        value = self.members.get(name)
        if value is None:
            return None
        # Some servers quote their numbers; a spent code's tokens are worth reading all the same.
        if isinstance(value, str) and value.isascii() and value.isdigit():
            value = float(value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return value
        raise malformed(self.reply, f"its member {name} is not a number")

    def seconds(self, name: str) -> int | None:
        value = self.number(name)
        try:
            return None if value is None else int(value)
        except OverflowError:
            raise malformed(self.reply, f"its member {name} is not a number of seconds") from None

    def time(self, name: str) -> datetime | None:
        value = self.number(name)
        return None if value is None else instant(value)


def _may_be_json(content_type: str) -> bool:
    media_type = content_type.partition(";")[0].strip().lower()
    return not media_type or media_type.endswith(("/json", "+json"))
