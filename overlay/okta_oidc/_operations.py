"""Each method as a generated model, the generated request, and a reader of the answer.

Paths, members, which of them are required or secret, and what an answer holds come from the
generated package. Nothing here names them a second time.
"""

# Modules of this package, named without their underscore.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol, TypeVar, cast
from urllib.parse import parse_qsl, unquote

import attrs
from okta_oidc_api.operations import OPERATIONS, PUBLIC, REPEATABLE_GRANTS
from okta_oidc_api.operations import Operation as Described
from okta_oidc_api.types import UNSET, Unset

from ._auth import ASSERTION_LIFETIME, checked_token
from ._config import ORG, AuthServerId, check_kind, checked_server_id, checked_text, text_of
from ._errors import ConfigurationError
from ._forms import Pairs, encoded, pairs_of
from ._lazy import introspection, load_singly, loading, models
from ._models import fields_of, generated_models
from ._results import Tokens, read_nothing, read_tokens, reader_of

if TYPE_CHECKING:
    from ._auth import ClientAuth
    from ._http import Reply


T = TypeVar("T")

_SERVER: Final = "{authorizationServerId}"

# A program uses few of the models. Loading all of them is a tenth of the cost of a first token.
load_singly("okta_oidc_api.models")


@dataclass(slots=True, eq=False, repr=False)
class Request:
    """A request before it is signed: an operation of the document at one server.

    ``target`` is the path, percent-encoded, with the query if there is one; ``server`` the
    authorization server, ``None`` where the path names none. A form has ``pairs``, and is sent as
    ``body`` if that is given, too. ``seconds`` limits one attempt: ``None`` is the client's limit,
    infinity none. ``access_token`` is a user's, where that is what the request is authorized by.
    ``lifetime`` is how many seconds an assertion of the client is valid. ``auth``, set by the flow,
    is used for redaction and hints. ``check`` is called before each delivery: if it raises, nothing
    is sent.
    """

    operation: Described
    target: str
    server: AuthServerId | None
    pairs: Pairs | None = None
    body: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = ()
    seconds: float | None = None
    access_token: str | None = None
    lifetime: float = ASSERTION_LIFETIME
    auth: ClientAuth | None = None
    check: Callable[[], None] | None = None
    grant_type: str | None = field(default=None, init=False)
    repeatable: bool = field(default=False, init=False)
    """Whether a second delivery does no harm: the request uses nothing up."""

    def __post_init__(self) -> None:
        if self.pairs and not self.body:
            self.body = encoded(self.pairs)
        if self.operation.limit == "token":
            self.grant_type = self.value("grant_type")
        self.repeatable = self.operation.repeatable or self.grant_type in REPEATABLE_GRANTS

    @property
    def is_signed(self) -> bool:
        """Whether it authenticates the client: with a form, or by what stands beside a body."""
        has_place = self.pairs is not None or bool(self.operation.module and self.body)
        return self.operation.authenticated and has_place

    def value(self, name: str) -> str | None:
        """The parameter ``name`` of the form as it is sent."""
        return next((value for key, value in self.pairs or () if key == name), None)

    def secrets(self) -> tuple[str, ...]:
        """The values of this request that no message may show."""
        path, _, query = self.target.partition("?")
        segments = zip(self.operation.path.split("/"), path.split("/"), strict=False)
        asked = parse_qsl(query) + [
            (name.strip("{}"), unquote(value))
            for name, value in segments
            if name not in (value, _SERVER)
        ]
        body = [] if self.pairs is not None else list(_texts(self.body))
        return (
            *(value for name, value in (*(self.pairs or ()), *asked, *body) if name not in PUBLIC),
            *(value.decode("latin-1") for _, value in self.headers),
            *(() if self.auth is None else self.auth.secrets),
            *(() if self.access_token is None else (self.access_token,)),
        )


def shown_path(operation: Described, server: AuthServerId | None) -> str:
    """The path of a request as logs may show it: only a server's id is filled in.

    Any other parameter may be secret or name a user, as may a path that the document does not
    have, which is left out.
    """
    return operation.path.replace(_SERVER, str(server)) if operation.module else ""


def _texts(body: bytes) -> Iterator[tuple[str, str]]:
    """The strings in a JSON body, each with the name of its member."""
    try:
        waiting: list[tuple[str, object]] = [("", json.loads(body))]
    except (ValueError, RecursionError):
        return
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, dict):
            # Whatever a secret member holds is secret, by whatever name.
            is_secret = name != "" and name not in PUBLIC
            members = cast("dict[str, object]", value).items()
            waiting += [(name if is_secret else inner, item) for inner, item in members]
        elif isinstance(value, list):
            waiting += [(name, item) for item in cast("list[object]", value)]
        elif isinstance(value, str):
            yield name, value


@dataclass(slots=True, eq=False, repr=False)
class Operation(Generic[T]):
    """A request, and how its answer is read."""

    request: Request
    read: Callable[[Reply, Request], T]


class Body(Protocol):
    """A generated request model."""

    def to_dict(self) -> dict[str, Any]: ...


@dataclass(slots=True, eq=False, repr=False)
class Endpoint:
    """One operation of the document at both kinds of server, loaded when first used."""

    tag: str
    org: str
    custom: str

    def request(
        self, server: AuthServerId, body: Body | None = None, *, lenient: bool = False
    ) -> Request:
        """The generated request. Nothing else calls a generated ``_get_kwargs``."""
        parameters = {} if body is None else {"body": body}
        name, *place = (self.org,) if checked_server_id(server) is ORG else (self.custom, server)
        operation, kwargs_of = _generated(self.tag, name)
        kwargs = kwargs_of(*place, **parameters)
        if body is None:
            return Request(operation, kwargs["url"], server)
        members, required = kwargs["data"], _required(body)
        if operation.needs_client_id:
            # The flow adds it, as it knows how the client authenticates.
            members.pop("client_id", None)
            required -= {"client_id"}
        pairs = pairs_of(members, required, lenient=lenient)
        return Request(operation, kwargs["url"], server, pairs=pairs)


@functools.cache
def _generated(tag: str, name: str) -> tuple[Described, Callable[..., dict[str, Any]]]:
    module = f"api.{tag}.{name}"
    operation = next(each for each in OPERATIONS if each.module == module)
    # The generator writes it for every operation, and nothing else returns the request.
    with loading():
        return operation, import_module(f"okta_oidc_api.{module}")._get_kwargs  # noqa: SLF001


def load(server: AuthServerId) -> None:
    """Load what requests for tokens need: a client is not to find later that it cannot."""
    _generated(TOKEN.tag, TOKEN.org if server is ORG else TOKEN.custom)


TOKEN: Final = Endpoint("token", "org_token", "custom_token")
INTROSPECT: Final = Endpoint("introspection", "org_introspect", "custom_introspect")
REVOKE: Final = Endpoint("revocation", "org_revoke", "custom_revoke")


def token(server: AuthServerId, request: object) -> Operation[models.TokenResponse]:
    """Any grant: a generated model, or a mapping of form parameters."""
    return Operation(
        TOKEN.request(server, _grant(request), lenient=True), reader_of(models.TokenResponse)
    )


def grant(server: AuthServerId, request: Body) -> Operation[Tokens]:
    """A grant whose answer is tokens."""
    return Operation(TOKEN.request(server, request), read_tokens)


def code(
    server: AuthServerId, code: str, redirect_uri: object, code_verifier: str | None
) -> Operation[Tokens]:
    """An authorization code."""
    # A missing redirect_uri is refused as a required member.
    at = cast("str", text_of("redirect_uri", redirect_uri))
    verifier = given(code_verifier)
    return grant(server, models.AuthorizationCodeGrant(code, at, code_verifier=verifier))


def refresh(
    server: AuthServerId, refresh_token: str, redirect_uri: object, scope: str | None
) -> Operation[Tokens]:
    """A refresh token."""
    at = text_of("redirect_uri", redirect_uri)
    if at is not None:
        checked_text("redirect_uri", at)
    request = models.RefreshTokenGrant(refresh_token, scope=given(scope), redirect_uri=given(at))
    return grant(server, request)


def introspect(
    server: AuthServerId, token: str, hint: models.IntrospectTokenTypeHint | None
) -> Operation[introspection.Introspection]:
    """The introspection of a token."""
    body = models.IntrospectRequest(token, token_type_hint=given(hint))
    return Operation(INTROSPECT.request(server, body), introspection.read_introspection)


def revoke(
    server: AuthServerId, token: str, hint: models.OrgRevokeTokenTypeHint | None
) -> Operation[None]:
    """The revocation of a token."""
    model: Any = models.OrgRevokeRequest if server is ORG else models.CustomRevokeRequest
    request = REVOKE.request(server, model(token, token_type_hint=given(hint)))
    # Okta answers 200 to any string, and the real token would stay valid.
    checked_token(token, "token")
    return Operation(request, read_nothing)


def given(value: T | None) -> T | Unset:
    """An argument that is left out is left out of the form."""
    return UNSET if value is None else value


@dataclass(slots=True, eq=False, repr=False)
class _Parameters:
    """Form parameters in place of a generated model."""

    members: Mapping[str, object]

    def to_dict(self) -> dict[str, Any]:
        return dict(self.members)


def _grant(request: object) -> Body:
    if isinstance(request, tuple(grants().values())):
        return cast("Body", request)
    if not isinstance(request, Mapping):
        check_kind("request", request, *grants().values(), Mapping)
    return _Parameters(cast("Mapping[str, object]", request))


@functools.cache
def grants() -> Mapping[str, type[attrs.AttrsInstance]]:
    """The generated grant models by their ``grant_type``."""
    return {
        str(attrs.fields_dict(model)["grant_type"].default): model
        for model in generated_models()
        if "grant_type" in attrs.fields_dict(model)
    }


def _required(body: Body) -> frozenset[str]:
    """What the document requires of this request; a grant that it does not know may be anything."""
    if not isinstance(body, _Parameters):
        return _required_of(type(body))
    grant_type = body.members.get("grant_type")
    known = grants().get(grant_type) if isinstance(grant_type, str) else None
    return frozenset({"grant_type"}) if known is None else _required_of(known)


@functools.cache
def _required_of(model: type[Any]) -> frozenset[str]:
    return frozenset(
        name
        for name, field in fields_of(model).items()
        if field.default is attrs.NOTHING or name == "grant_type"
    )


_UNKNOWN: Final = Described(
    method="",
    path="",
    module="",
    statuses=(200,),
    with_content=(),
    authenticated=True,
    dpop=False,
    needs_client_id=False,
    repeatable=False,
    limit=None,
)


def described(method: str, path: str) -> tuple[Described, AuthServerId | None]:
    """The operation of the document that ``method`` and ``path`` (percent-encoded) are of.

    One that the document does not have is taken for one that authenticates the client, promises
    nothing, and has limits of its own, of which nothing is known.
    """
    for operation, pattern in _patterns():
        match = pattern.fullmatch(path) if operation.method == method else None
        if match is not None:
            if path.endswith("/") and operation.path.endswith("}"):
                raise ConfigurationError("the last parameter of the path is empty")
            found = match.groupdict().get("server")
            return operation, found or (ORG if path.startswith("/oauth2/") else None)
    repeatable = method in ("GET", "HEAD", "OPTIONS")
    return _UNKNOWN._replace(method=method, repeatable=repeatable), None


@functools.cache
def _patterns() -> tuple[tuple[Described, re.Pattern[str]], ...]:
    server, parameter = re.escape(_SERVER), re.compile(r"\\\{.+?\\\}")
    # A path that is written out comes before one that would take the end of it for an id.
    ordered = sorted(OPERATIONS, key=lambda each: each.path.count("{"))
    found = ((each, re.escape(each.path).replace(server, "(?P<server>[^/]*)")) for each in ordered)
    return tuple((each, re.compile(parameter.sub("[^/]*", path))) for each, path in found)
