"""Which scopes a server grants (RFC 6749 section 3.3, OpenID Connect Core section 5.4)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ._answers import RefusalError

if TYPE_CHECKING:
    from ._registry import AuthorizationServer, FakeClient

OIDC_SCOPES = frozenset(
    {"openid", "profile", "email", "address", "phone", "offline_access", "device_sso"}
)
MAX_SCOPE_LENGTH = 4096

_SCOPE_TOKEN = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]+")


def split_scope(scope: str) -> tuple[str, ...]:
    """The scope tokens, without repeats; 400 ``invalid_scope`` for characters or a length out of
    bounds."""
    if len(scope) > MAX_SCOPE_LENGTH:
        raise RefusalError(
            400, "invalid_scope", f"Scope is longer than {MAX_SCOPE_LENGTH} characters."
        )
    tokens = tuple(dict.fromkeys(token for token in scope.split(" ") if token))
    if not tokens or not all(_SCOPE_TOKEN.fullmatch(token) for token in tokens):
        raise RefusalError(400, "invalid_scope", "Scope holds a character no scope may have.")
    return tokens


def join_scope(scopes: frozenset[str]) -> str:
    """Sorted, hence rarely in the order asked for: Okta does not keep that order either."""
    return " ".join(sorted(scopes))


def user_scopes(
    server: AuthorizationServer, client: FakeClient, scope: str | None
) -> frozenset[str]:
    """What a user's sign-in is granted; a ``RefusalError`` if any part is out of reach, since Okta
    grants all or nothing."""
    scopes = frozenset(_requested(server, scope))
    unknown = sorted(scope for scope in scopes if not _is_known(server, scope))
    if unknown:
        raise RefusalError(
            400, "invalid_scope", "This server has no such scope: " + " ".join(unknown)
        )
    if "openid" not in scopes and scopes & (OIDC_SCOPES - {"offline_access"}):
        raise RefusalError(400, "invalid_scope", "OpenID Connect scopes need openid beside them.")
    if "offline_access" in scopes and "refresh_token" not in client.grant_types:
        raise RefusalError(400, "access_denied", "This app may not have refresh tokens.")
    return scopes


def service_scopes(server: AuthorizationServer, scope: str | None) -> frozenset[str]:
    """What ``client_credentials`` is granted: no scope that speaks of a user."""
    scopes = frozenset(_requested(server, scope))
    refused = sorted(
        scope for scope in scopes if scope in OIDC_SCOPES or not _is_known(server, scope)
    )
    if refused:
        raise RefusalError(
            400, "invalid_scope", "Not for client_credentials here: " + " ".join(refused)
        )
    return scopes


def _requested(server: AuthorizationServer, scope: str | None) -> tuple[str, ...]:
    if scope is not None:
        return split_scope(scope)
    if not server.default_scopes:
        raise RefusalError(
            400, "invalid_scope", "No scope was asked for and the server has no default."
        )
    return server.default_scopes


def _is_known(server: AuthorizationServer, scope: str) -> bool:
    if scope in OIDC_SCOPES or scope in server.scopes:
        return True
    return server.id is None and (scope == "groups" or scope.startswith("okta."))
