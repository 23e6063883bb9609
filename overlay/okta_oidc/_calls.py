"""One call, before it becomes a request: where it goes, what it says, how its answer is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, Generic, Literal, TypeAlias, TypeVar

import httpx

from ._forms import Pairs, encoded, pairs_of
from ._version import __version__

if TYPE_CHECKING:
    from ._config import AuthServerId, Server
    from ._http import Reply

T = TypeVar("T")

HEADERS: Final = {
    "Accept": "application/json",
    # A compressed answer lets its length tell of the secrets in it, and these are short anyway.
    "Accept-Encoding": "identity",
    "Cache-Control": "no-cache",
    "User-Agent": f"okta-oidc/{__version__} python-httpx/{httpx.__version__}",
}

Endpoint: TypeAlias = Literal["token", "introspect", "revoke"]


class Call(Generic[T]):
    """A call of ``endpoint`` at one authorization server.

    Raises:
        ConfigurationError: a member cannot be sent, a ``required`` one is missing or empty, or the
            authorization server's id is none.
    """

    __slots__ = ("endpoint", "form", "grant_type", "idempotent", "pairs", "path", "read", "server")

    def __init__(
        self,
        endpoint: Endpoint,
        server: Server,
        auth_server_id: AuthServerId | None,
        members: Mapping[str, object],
        *,
        required: tuple[str, ...],
        lenient: bool = False,
        read: Callable[[Reply, Call[T]], T],
    ) -> None:
        self.endpoint: Final = endpoint
        self.server: Final = server.default if auth_server_id is None else auth_server_id
        self.path: Final = server.path(endpoint, auth_server_id)
        self.pairs: Final[Pairs] = pairs_of(members, required, lenient=lenient)
        self.form: Final = encoded(self.pairs)
        self.read: Final = read
        self.grant_type: Final = self.value("grant_type")
        # Nothing is used up by these, so a second delivery changes nothing.
        self.idempotent: Final = endpoint != "token" or self.grant_type == "client_credentials"

    def value(self, name: str) -> str | None:
        """The parameter ``name`` as it is sent."""
        return next((value for key, value in self.pairs if key == name), None)
