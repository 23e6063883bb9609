"""A user's sign-in, from the request to the claims: what both faces do, sans I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from .. import Claims
from .._auth import checked_token
from .._config import ORG, AuthServerId, check_kind, checked_text, text_of
from .._http import Reply
from .._lazy import models
from .._operations import Endpoint, Operation, Request, code
from .._refusals import malformed, shown
from .._results import Tokens, members_of, read_tokens, reader_of
from .._steps import Steps
from ._callbacks import code_of
from ._requests import AuthorizationRequest, address, parameters

if TYPE_CHECKING:
    from .._flow import Flow

PAR: Final = Endpoint("authorization", "org_push_authorization", "custom_push_authorization")
USERINFO: Final = Endpoint("userinfo", "org_userinfo", "custom_userinfo")
METADATA: Final = Endpoint("discovery", "org_openid_configuration", "custom_openid_configuration")


@dataclass(frozen=True, slots=True)
class SignIn:
    """A user who has signed in: their ``tokens``, and the ``claims`` of the ID token, checked."""

    tokens: Tokens
    claims: Claims


class Checks(Protocol):
    """The checks of one server's tokens."""

    def ready(self) -> Steps[None]: ...

    def id_token(
        self,
        id_token: str,
        *,
        nonce: str | None,
        access_token: str | None = None,
        max_age: float | None = None,
    ) -> Steps[Claims]: ...


class Provider:
    """The OpenID Provider that a client signs its users in by."""

    def __init__(self, flow: Flow, checks: Callable[[AuthServerId], Checks]) -> None:
        self._flow: Final = flow
        self._checks: Final = checks
        # The servers whose metadata promises ``iss`` in callbacks (RFC 9207).
        self._name_themselves: Final[set[AuthServerId]] = set()

    def authorization_request(
        self, server: AuthServerId, redirect_uri: str, scope: str, push: bool, **options: Any
    ) -> Steps[AuthorizationRequest]:
        redirect_uri = cast("str", text_of("redirect_uri", redirect_uri))
        request, verifier = parameters(redirect_uri, scope, **options)
        members = request.to_dict()
        kept = {name: members[name] for name in ("state", "nonce")}
        if push:
            read = reader_of(models.PushedAuthorization)
            pushed = yield from self._flow.steps(Operation(PAR.request(server, request), read))
            members = {"request_uri": pushed.request_uri}
        members["client_id"] = self._flow.auth.client_id
        return AuthorizationRequest(
            url=address(self._page("authorize", server), members),
            redirect_uri=redirect_uri,
            scope=scope,
            code_verifier=verifier,
            max_age=options["max_age"],
            auth_server_id=server,
            **kept,
        )

    def finish_sign_in(
        self, request: AuthorizationRequest, callback: str | Mapping[str, Any]
    ) -> Steps[SignIn]:
        check_kind("request", request, AuthorizationRequest)
        server = request.auth_server_id
        named = server in self._name_themselves
        issuer = self._flow.server.issuer(server)
        found = code_of(callback, request, issuer, names_issuer=named)
        # Keys first: a code is good for one delivery, and its ID token has to be checked.
        checks = self._checks(server)
        yield from checks.ready()
        asked = code(server, found, request.redirect_uri, request.code_verifier)
        tokens = yield from self._flow.steps(Operation(asked.request, _read_with_id_token))
        claims = yield from checks.id_token(
            cast("str", tokens.id_token),
            nonce=request.nonce,
            access_token=tokens.access_token,
            max_age=request.max_age,
        )
        return SignIn(tokens, claims)

    def metadata(self, server: AuthServerId) -> Steps[models.ServerMetadata]:
        schemes = ("https://", f"{self._flow.server.url.scheme}://")

        def read(reply: Reply, request: Request) -> models.ServerMetadata:
            metadata = reader_of(models.ServerMetadata)(reply, request)
            if metadata.issuer != self._flow.server.issuer(server):
                raise malformed(reply, "its issuer is another (a custom domain's? pass issuer)")
            for name, value in members_of(reply).all.items():
                is_address = name.endswith(("_endpoint", "_uri")) and value is not None
                if is_address and not str(value).startswith(schemes):
                    raise malformed(reply, f"its {shown(name, ())} is no https URL")
            return metadata

        metadata = yield from self._flow.steps(Operation(METADATA.request(server), read))
        if metadata.authorization_response_iss_parameter_supported is True:
            self._name_themselves.add(server)
        return metadata

    def userinfo(self, server: AuthServerId, access_token: str) -> Steps[models.UserInfo]:
        request = USERINFO.request(server)
        request.access_token = checked_token(access_token)
        return self._flow.steps(Operation(request, reader_of(models.UserInfo)))

    def logout_url(self, server: AuthServerId, id_token: str, **optional: str | None) -> str:
        members = {"id_token_hint": checked_text("id_token", id_token)}
        for name, value in optional.items():
            if value is not None:
                members[name] = checked_text(name, cast("str", text_of(name, value)))
        return address(self._page("logout", server), members)

    def _page(self, name: str, server: AuthServerId) -> str:
        # A browser's pages are no operations of the document.
        at = "" if server is ORG else f"/{server}"
        return f"{self._flow.server.origin}/oauth2{at}/v1/{name}"


def _read_with_id_token(reply: Reply, request: Request) -> Tokens:
    tokens = read_tokens(reply, request)
    if tokens.id_token is None:
        raise malformed(reply, "it has no id_token")
    return tokens
