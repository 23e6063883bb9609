"""Whose tokens are verified: the issuers of one org, each with keys of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from .._config import ORG, AuthServerId, Server, checked_server_id
from .._errors import ConfigurationError
from ._key_cache import AsyncKeyCache, KeyCache
from ._verification import LEEWAY, Verification

NewCache: TypeAlias = Callable[[AuthServerId], KeyCache | AsyncKeyCache]

# A client that serves a tenant an id must not keep the keys of all it ever met.
_MOST: Final = 256


class Issuers:
    """The issuers at one base URL.

    ``issuer`` is what tokens carry where it is not the base URL's own: a custom domain whose
    servers keep the org URL (Okta: ``issuerMode``). It is compared, and nothing is sent to it.

    Raises:
        ConfigurationError: ``issuer`` cannot be one, or names another server than the client does.
    """

    def __init__(self, server: Server, issuer: str | None, new_cache: NewCache) -> None:
        self._server: Final = server
        self._origin: Final = server.origin if issuer is None else _origin(server, issuer)
        self._new_cache: Final = new_cache
        self._verifications: Final[dict[AuthServerId, Verification]] = {}

    def name(self, auth_server_id: AuthServerId | None) -> str:
        """The ``iss`` of a server's tokens: the org server's is the bare URL."""
        server = self._checked(auth_server_id)
        return self._origin if server is ORG else f"{self._origin}/oauth2/{server}"

    def verification(self, auth_server_id: AuthServerId | None) -> Verification:
        server = self._checked(auth_server_id)
        found = self._verifications.get(server)
        if found is None:
            if len(self._verifications) >= _MOST:
                self._verifications.clear()
            new = Verification(self.name(server), self._new_cache(server), LEEWAY)
            found = self._verifications.setdefault(server, new)
        return found

    def _checked(self, auth_server_id: AuthServerId | None) -> AuthServerId:
        return self._server.default if auth_server_id is None else checked_server_id(auth_server_id)


def _origin(server: Server, issuer: str) -> str:
    try:
        named = Server(issuer, None)
    except ConfigurationError as error:
        raise ConfigurationError(str(error).replace("base_url", "issuer")) from None
    is_org = issuer.strip().rstrip("/").count("/") == 2
    if not is_org and named.default != server.default:
        raise ConfigurationError(
            f"issuer names authorization server {named.default!r}, "
            f"but the client is for {server.default!r}"
        )
    return named.origin
