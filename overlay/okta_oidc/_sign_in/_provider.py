"""A user's sign-in, from the request to the claims: what both faces do, sans I/O."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar, cast
from urllib.request import parse_http_list, parse_keqv_list

from .. import Claims
from .._config import ORG, AuthServerId, check_kind
from .._errors import APIError, ConfigurationError
from .._http import Reply
from .._models import models
from .._operations import Endpoint, Operation, Request, code
from .._refusals import malformed, shown
from .._results import Tokens, members_of, read_tokens, reader_of
from .._retry import NEVER
from .._steps import Ask, Steps
from ._callbacks import code_of
from ._requests import AuthorizationRequest, address, parameters

if TYPE_CHECKING:
    from .._flow import Flow

T = TypeVar("T")

PAR: Final = Endpoint("authorization", "org_push_authorization", "custom_push_authorization")
USERINFO: Final = Endpoint("userinfo", "org_userinfo", "custom_userinfo")
METADATA: Final = Endpoint("discovery", "org_openid_configuration", "custom_openid_configuration")

# How often one request is sent again for a nonce of the server's (RFC 9449 §9).
_MOST_REPEATS: Final = 2


class Verification(Protocol):
    """The checks of one server's tokens."""

    def ready(self) -> Steps[None]: ...

    def id_token(
        self,
        token: str,
        client_id: str,
        *,
        nonce: str | None,
        access_token: str | None = None,
        max_age: float | None = None,
    ) -> Steps[Claims]: ...

    def access_token(
        self, token: str, audience: str, scopes: Collection[str] = ()
    ) -> Steps[Claims]: ...


class Issuers(Protocol):
    """The servers' names, and the checks of their tokens."""

    def name(self, server: AuthServerId) -> str: ...

    def verification(self, server: AuthServerId) -> Verification: ...


@dataclass(frozen=True, slots=True)
class SignIn:
    """A user who has signed in: their ``tokens``, and the ``claims`` of the ID token, checked."""

    tokens: Tokens
    claims: Claims


class Provider:
    """The OpenID Provider that a client signs its users in by."""

    def __init__(self, flow: Flow, issuers: Issuers) -> None:
        self._flow: Final = flow
        self._issuers: Final = issuers
        # The servers whose metadata promised that callbacks say who sends them (RFC 9207).
        self._name_themselves: Final[set[AuthServerId]] = set()

    def authorization_request(
        self,
        server: AuthServerId,
        redirect_uri: str,
        scope: str,
        *,
        push: bool = False,
        extra: Mapping[str, str],
        max_age: int | None = None,
        prompt: str | None = None,
        login_hint: str | None = None,
        acr_values: str | None = None,
    ) -> Steps[AuthorizationRequest]:
        request, verifier = parameters(
            redirect_uri,
            scope,
            max_age=max_age,
            prompt=prompt,
            login_hint=login_hint,
            acr_values=acr_values,
            extra=extra,
        )
        members = request.to_dict()
        state, nonce = members["state"], members["nonce"]
        client_id = self._flow.auth.client_id
        if push:
            pushed = yield from self._flow.steps(
                Operation(PAR.request(server, request), _reader(models.PushedAuthorization))
            )
            members = {"request_uri": pushed.request_uri}
        return AuthorizationRequest(
            url=address(self._page("authorize", server), {**members, "client_id": client_id}),
            redirect_uri=redirect_uri,
            scope=scope,
            state=state,
            nonce=nonce,
            code_verifier=verifier,
            max_age=max_age,
            auth_server_id=server,
        )

    def finish_sign_in(
        self, request: AuthorizationRequest, callback: str | Mapping[str, Any]
    ) -> Steps[SignIn]:
        check_kind("request", request, AuthorizationRequest)
        server = request.auth_server_id
        found = code_of(
            callback,
            request,
            self._issuers.name(server),
            names_issuer=server in self._name_themselves,
        )
        verification = self._issuers.verification(server)
        # A code is good for one delivery: without keys its tokens would be had, and not checked.
        yield from verification.ready()
        asked = code(server, found, request.redirect_uri, request.code_verifier)
        tokens = yield from self._flow.steps(Operation(asked.request, _read_with_id_token))
        assert tokens.id_token is not None
        claims = yield from verification.id_token(
            tokens.id_token,
            self._flow.auth.client_id,
            nonce=request.nonce,
            access_token=tokens.access_token,
            max_age=request.max_age,
        )
        return SignIn(tokens, claims)

    def verify_id_token(
        self,
        server: AuthServerId,
        id_token: str,
        *,
        nonce: str | None,
        access_token: str | None,
        max_age: float | None,
    ) -> Steps[Claims]:
        check_kind("id_token", id_token, str)
        check_kind("nonce", nonce, str, type(None))
        check_kind("access_token", access_token, str, type(None))
        check_kind("max_age", max_age, int, float, type(None))
        if nonce is not None and not nonce:
            raise ConfigurationError("nonce is empty: None says that none was sent")
        return self._issuers.verification(server).id_token(
            id_token,
            self._flow.auth.client_id,
            nonce=nonce,
            access_token=access_token,
            max_age=max_age,
        )

    def verify_access_token(
        self, server: AuthServerId, token: str, *, audience: str, scopes: Collection[str]
    ) -> Steps[Claims]:
        check_kind("token", token, str)
        check_kind("audience", audience, str)
        if isinstance(scopes, str):
            raise ConfigurationError("scopes must be a collection of strings, not one string")
        if not audience.strip():
            raise ConfigurationError("audience is empty")
        if server is ORG:
            raise ConfigurationError(
                "the org authorization server's access tokens are Okta's own and not to be "
                "checked by others: introspect them"
            )
        return self._issuers.verification(server).access_token(token, audience, scopes)

    def metadata(self, server: AuthServerId) -> Steps[models.ServerMetadata]:
        issuer = self._issuers.name(server)
        secure = self._flow.server.secure

        def read(reply: Reply, request: Request) -> models.ServerMetadata:
            metadata = _reader(models.ServerMetadata)(reply, request)
            members = members_of(reply).all
            if metadata.issuer != issuer:
                raise malformed(reply, "its issuer is another: is there an issuer to be given?")
            for name, value in members.items():
                if name.endswith(("_endpoint", "_uri")) and not _is_safe(value, secure=secure):
                    raise malformed(reply, f"its {name} is no https URL")
            return metadata

        metadata = yield from self._flow.steps(Operation(METADATA.request(server), read))
        if metadata.authorization_response_iss_parameter_supported is True:
            self._name_themselves.add(server)
        return metadata

    def userinfo(self, server: AuthServerId, access_token: str) -> Steps[models.UserInfo]:
        check_kind("access_token", access_token, str)
        if not access_token.isascii() or not access_token.isprintable() or " " in access_token:
            raise ConfigurationError("access_token holds what no token does")
        if not access_token:
            raise ConfigurationError("access_token is empty")
        dpop, repeats = self._flow.dpop, 0
        while True:
            request, proof = yield from self._presented(USERINFO.request(server), access_token)
            try:
                return (
                    yield from self._flow.steps(
                        Operation(request, _reader(models.UserInfo)),
                        # A proof is for one delivery (RFC 9449 §11.1).
                        retry=None if proof is None else NEVER,
                    )
                )
            except APIError as error:
                _read_challenge(error, access_token)
                if (
                    dpop is None
                    or proof is None
                    or repeats >= _MOST_REPEATS
                    or not dpop.wants_again(error.status, error.code, error.http.headers, proof)
                ):
                    raise
                repeats += 1

    def _presented(self, asked: Request, access_token: str) -> Steps[tuple[Request, Any]]:
        """A request with the caller's token, and a proof of its key if the client has one."""
        dpop = self._flow.dpop
        proof: Any = None
        headers: tuple[tuple[bytes, bytes], ...]
        headers = ((b"Authorization", f"Bearer {access_token}".encode()),)
        if dpop is not None:
            url = self._flow.server.origin + asked.target
            make = functools.partial(
                dpop.proof, asked.operation.method, url, access_token=access_token
            )
            proof = yield Ask(make, blocking=dpop.signs_elsewhere)
            headers = (
                (b"Authorization", f"DPoP {access_token}".encode()),
                (b"DPoP", proof.jwt.encode()),
            )
        request = Request(asked.operation, asked.target, asked.server, headers=headers)
        return request, proof

    def logout_url(
        self,
        server: AuthServerId,
        id_token: str,
        *,
        post_logout_redirect_uri: str | None,
        state: str | None,
    ) -> str:
        members = {
            "id_token_hint": id_token,
            "post_logout_redirect_uri": post_logout_redirect_uri,
            "state": state,
        }
        for name, value in members.items():
            if value is not None:
                check_kind(name, value, str)
                if not value.strip():
                    raise ConfigurationError(f"{name} is empty")
        check_kind("id_token", id_token, str)
        given = {name: value for name, value in members.items() if value is not None}
        return address(self._page("logout", server), given)

    def _page(self, name: str, server: AuthServerId) -> str:
        # A browser's pages are no operations of the document.
        at = "" if server is ORG else f"/{server}"
        return f"{self._flow.server.origin}/oauth2{at}/v1/{name}"


def _reader(model: type[T]) -> Callable[[Reply, Request], T]:
    # What functools.cache returns has forgotten the type.
    return cast("Callable[[Reply, Request], T]", cast("Any", reader_of)(model))


def _read_with_id_token(reply: Reply, request: Request) -> Tokens:
    tokens = read_tokens(reply, request)
    if tokens.id_token is None:
        raise malformed(reply, "it has no id_token")
    return tokens


def _is_safe(url: object, *, secure: bool) -> bool:
    return isinstance(url, str) and url.startswith(
        "https://" if secure else ("https://", "http://")
    )


def _read_challenge(error: APIError, access_token: str) -> None:
    """Say what ``WWW-Authenticate`` says (RFC 6750 §3): the body is empty."""
    if error.code is not None:
        return
    _, _, parameters = error.http.headers.get("www-authenticate", "").partition(" ")
    try:
        said = parse_keqv_list(parse_http_list(parameters))
    except (ValueError, IndexError):
        return
    error.code = said.get("error") or None
    error.description = said.get("error_description") or None
    if error.code is not None:
        what = ": ".join(
            shown(text, (access_token,)) for text in (error.code, error.description) if text
        )
        error.args = (f"{what} (HTTP {error.status}).",)
