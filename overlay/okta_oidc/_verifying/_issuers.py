"""Whose tokens are checked: the servers of one org, each with keys of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .._config import ORG, AuthServerId, need_joserfc
from .._errors import ConfigurationError

if TYPE_CHECKING:
    from .._senders import AsyncSender, Sender
    from ._checks import Checks

LEEWAY: Final = 120.0  # seconds

# Bounded: a client may serve many tenants, each with a server id of its own.
_MOST: Final = 256


class Issuers:
    """The servers that ``sender`` asks for their keys, each at its first token.

    ``leeway`` is how many seconds Okta's clock and this one may differ.
    """

    def __init__(self, sender: Sender | AsyncSender, leeway: float = LEEWAY) -> None:
        self._sender: Final = sender
        self._leeway: Final = leeway
        self._checks: Final[dict[AuthServerId, Checks]] = {}

    def at(self, server: AuthServerId) -> Checks:
        """The checks of this server's tokens."""
        found = self._checks.get(server)
        if found is None:
            need_joserfc("Checking tokens")
            from ._checks import Checks

            new = Checks(self._sender, server, self._leeway)
            if len(self._checks) >= _MOST:
                self._checks.clear()
            found = self._checks.setdefault(server, new)
        return found


def refuse_org(server: AuthServerId) -> None:
    """Refuse the org server: only Okta can check its access tokens."""
    if server is ORG:
        raise ConfigurationError(
            "the org authorization server's access tokens are Okta's own, and nobody else can "
            "check them: introspect them, or use a custom server, https://{org}/oauth2/{id}"
        )
