"""Whose tokens are verified: the issuers of one org, each with keys of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .._config import ORG, AuthServerId, Server
from .._errors import ConfigurationError
from ._private_keys import need_joserfc

if TYPE_CHECKING:
    from .._senders import AsyncSender, Sender
    from ._verification import Verification

# A client that serves a tenant an id must not keep the keys of all it ever met.
_MOST: Final = 256


class Issuers:
    """The issuers at one base URL.

    ``issuer`` is what tokens carry where it is not the base URL's own: a custom domain whose
    servers keep the org URL (Okta: ``issuerMode``). It is compared, and nothing is sent to it.

    Raises:
        ConfigurationError: ``issuer`` cannot be one, or names another server than the client does.
    """

    def __init__(self, sender: Sender | AsyncSender, issuer: str | None) -> None:
        server = sender.flow.server
        self._sender: Final = sender
        self._origin: Final = server.origin if issuer is None else _origin(server, issuer)
        self._verifications: Final[dict[AuthServerId, Verification]] = {}

    def name(self, server: AuthServerId) -> str:
        """The ``iss`` of a server's tokens: the org server's is the bare URL."""
        return self._origin if server is ORG else f"{self._origin}/oauth2/{server}"

    def verification(self, server: AuthServerId) -> Verification:
        """The checks of a server's tokens.

        Raises:
            ConfigurationError: joserfc is not installed.
        """
        found = self._verifications.get(server)
        if found is None:
            need_joserfc("Checking tokens")
            from ._fetching import key_cache
            from ._verification import LEEWAY, Verification

            flow = self._sender.flow
            keys = key_cache(self._sender, server)
            new = Verification(self.name(server), keys, LEEWAY, lambda: flow.runtime)
            if len(self._verifications) >= _MOST:
                self._verifications.clear()
            found = self._verifications.setdefault(server, new)
        return found


def named_server(issuer: str) -> tuple[Server, bool]:
    """The server that an issuer URL names, and whether it is the org's.

    Raises:
        ConfigurationError: it cannot be an issuer.
    """
    try:
        server = Server(issuer, None)
    except ConfigurationError as error:
        raise ConfigurationError(str(error).replace("base_url", "issuer")) from None
    return server, issuer.strip().rstrip("/").count("/") == 2


def _origin(server: Server, issuer: str) -> str:
    named, is_org = named_server(issuer)
    if not is_org and named.default != server.default:
        raise ConfigurationError(
            f"issuer names authorization server {named.default!r}, "
            f"but the client is for {server.default!r}"
        )
    return named.origin
