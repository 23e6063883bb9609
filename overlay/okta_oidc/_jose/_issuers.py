"""Whose tokens are verified: the issuers of one org, each with keys of its own."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Final

from .._config import ORG, AuthServerId, Server, check_kind
from .._errors import ConfigurationError
from .._http import Reply
from .._operations import Endpoint, Operation, Request
from .._retry import NEVER, is_number
from .._steps import Steps
from ._claims import Claims
from ._private_keys import need_joserfc

if TYPE_CHECKING:
    from .._senders import AsyncSender, Sender
    from ._key_cache import AsyncKeyCache, KeyCache
    from ._verification import Verification

KEYS: Final = Endpoint("keys", "org_keys", "custom_keys")
LEEWAY: Final = 120.0

# A client that serves a tenant an id must not keep the keys of all it ever met.
_MOST: Final = 256


class Issuers:
    """The issuers at one base URL.

    ``issuer`` is what tokens carry where it is not the base URL's own: a custom domain whose
    servers keep the org URL (Okta: ``issuerMode``). It is compared, and nothing is sent to it.
    ``leeway`` is how many seconds Okta's clock and this one may differ.

    Raises:
        ConfigurationError: ``issuer`` cannot be one, or names another server than the client does.
    """

    def __init__(
        self, sender: Sender | AsyncSender, issuer: str | None, leeway: float = LEEWAY
    ) -> None:
        self._sender: Final = sender
        self._leeway: Final = leeway
        server = sender.flow.server
        self._origin: Final = server.origin if issuer is None else _origin(server, issuer)
        self._verifications: Final[dict[AuthServerId, Verification]] = {}

    def name(self, server: AuthServerId) -> str:
        """The ``iss`` of a server's tokens: the org server's is the bare URL."""
        return self._origin if server is ORG else f"{self._origin}/oauth2/{server}"

    def keys_at_hand(self, server: AuthServerId) -> Steps[None]:
        """Have keys before something is spent on a token that could not be checked without."""
        return self._checks(server).ready()

    def verify_id_token(
        self,
        server: AuthServerId,
        id_token: str,
        *,
        nonce: str | None,
        access_token: str | None,
        max_age: float | None,
    ) -> Steps[Claims]:
        """Check an ID token of this client's."""
        check_kind("id_token", id_token, str)
        check_kind("nonce", nonce, str, type(None))
        check_kind("access_token", access_token, str, type(None))
        if max_age is not None and (not is_number(max_age) or max_age < 0):
            raise ConfigurationError("max_age must be a number of seconds, 0 or more")
        if nonce == "":
            raise ConfigurationError("nonce is empty: None says that none was sent")
        client_id = self._sender.flow.auth.client_id
        return self._checks(server).id_token(
            id_token, client_id, nonce=nonce, access_token=access_token, max_age=max_age
        )

    def verify_access_token(
        self, server: AuthServerId, token: str, audience: str, scopes: Collection[str]
    ) -> Steps[Claims]:
        """Check an access token, as a bearer token."""
        check_kind("token", token, str)
        if isinstance(scopes, str):
            raise ConfigurationError("scopes must be a collection of strings, not one string")
        if server is ORG:
            raise ConfigurationError(
                "the org authorization server's access tokens are Okta's own, and nobody else can "
                "check them: introspect them, or use a custom server, https://{org}/oauth2/{id}"
            )
        return self._checks(server).access_token(token, checked_audience(audience), scopes)

    def _checks(self, server: AuthServerId) -> Verification:
        found = self._verifications.get(server)
        if found is None:
            need_joserfc("Checking tokens")
            from ._verification import Verification

            flow = self._sender.flow
            keys = self._keys(server)
            new = Verification(self.name(server), keys, self._leeway, lambda: flow.runtime)
            if len(self._verifications) >= _MOST:
                self._verifications.clear()
            found = self._verifications.setdefault(server, new)
        return found

    def _keys(self, server: AuthServerId) -> KeyCache | AsyncKeyCache:
        from .._senders import Sender
        from ._key_cache import AsyncKeyCache, KeyCache

        sender = self._sender
        flow = sender.flow

        def fetch(limit: float | None) -> Steps[Reply]:
            asked = KEYS.request(server)
            request = Request(asked.operation, asked.target, server, seconds=limit)
            # Who has a key at hand is not to wait for more than this one attempt.
            retry = None if limit is None else NEVER
            return flow.steps(Operation(request, lambda reply, _: reply), retry=retry)

        if isinstance(sender, Sender):
            return KeyCache(lambda limit: sender.run(fetch(limit)), lambda: flow.runtime)
        return AsyncKeyCache(lambda limit: sender.run(fetch(limit)), lambda: flow.runtime)


def named_server(issuer: str) -> Server:
    """The server that an issuer URL names.

    Raises:
        ConfigurationError: it cannot be an issuer.
    """
    try:
        is_org = str(issuer).strip().rstrip("/").count("/") == 2
        return Server(issuer, ORG if is_org else None)
    except ConfigurationError as error:
        raise ConfigurationError(str(error).replace("base_url", "issuer")) from None


def checked_audience(audience: str) -> str:
    check_kind("audience", audience, str)
    if not audience.strip():
        raise ConfigurationError("audience is empty")
    return audience


def _origin(server: Server, issuer: str) -> str:
    named = named_server(issuer)
    if named.default not in (ORG, server.default):
        raise ConfigurationError(
            f"issuer names authorization server {named.default!r}, "
            f"but the client is for {server.default!r}"
        )
    return named.origin
