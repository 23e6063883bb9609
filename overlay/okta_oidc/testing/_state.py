"""The fake's settings and memory, shared by its endpoints."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ._answers import RefusalError
from ._approvals import Approvals
from ._keys import KeyRing
from ._nonces import Nonces
from ._registry import AuthorizationServer, FakeClient, FakeResource, FakeUser
from ._store import Store

if TYPE_CHECKING:
    from ._clock import FakeClock
    from ._direct import SecondFactor
    from ._forms import Pairs
    from ._limits import UserLimiter
    from ._pushed import PushedRequest
    from ._requests import IncomingRequest
    from ._store import SpentAnswer


@dataclass(frozen=True, slots=True)
class Settings:
    """Lifetimes in seconds; ``None`` never ends."""

    code_lifetime: int
    access_token_lifetime: int
    id_token_lifetime: int
    refresh_token_lifetime: int | None
    refresh_token_idle: int | None
    device_code_lifetime: int
    poll_interval: int
    keys_max_age: int
    introspect_other_clients: bool
    introspect_spent: SpentAnswer
    require_dpop_nonce: bool
    callback_iss: bool


@dataclass(slots=True)
class State:
    """One Okta org. ``issuer_url`` is what issuers begin with, if that is not ``url``."""

    url: str
    issuer_url: str | None
    clock: FakeClock
    settings: Settings
    user_limiter: UserLimiter
    default_username: str = ""
    clients: dict[str, FakeClient] = field(default_factory=dict[str, FakeClient])
    users: dict[str, FakeUser] = field(default_factory=dict[str, FakeUser])
    servers: dict[str | None, AuthorizationServer] = field(
        default_factory=dict[str | None, AuthorizationServer]
    )
    resources: dict[str, FakeResource] = field(default_factory=dict[str, FakeResource])
    store: Store = field(default_factory=Store)
    approvals: Approvals = field(default_factory=Approvals)
    pushed: dict[str, PushedRequest] = field(default_factory=dict[str, "PushedRequest"], repr=False)
    second_factors: dict[str, SecondFactor] = field(
        default_factory=dict[str, "SecondFactor"], repr=False
    )
    nonces: Nonces = field(default_factory=Nonces)
    # What assertions and proofs called themselves, in requests that were refused, too.
    used_ids: set[str] = field(default_factory=set[str], repr=False)
    _rings: dict[str | None, KeyRing] = field(default_factory=dict[str | None, KeyRing])

    def issuer(self, server: AuthorizationServer) -> str:
        """The ``iss`` of ``server``."""
        return server.issuer(self.issuer_url or self.url)

    def ring(self, server_id: str | None) -> KeyRing:
        """The keys of one authorization server."""
        return self._rings.setdefault(server_id, KeyRing())

    def holds(self, is_right: Callable[[float], bool]) -> bool:
        """Whether a client's own times are right, by the fake's clock or by the machine's.

        A client lives on one or the other, and the first is moved by hand.
        """
        return is_right(self.clock.now()) or is_right(time.time())


@dataclass(frozen=True, slots=True)
class Call:
    """One request to an endpoint with its form (or query) read; each name occurs once,
    ``resource`` apart.

    ``jkt`` is the key that tokens issued now are bound to.
    """

    state: State
    server: AuthorizationServer
    now: float
    form: Pairs = field(repr=False)
    request: IncomingRequest
    jkt: str | None = None

    @property
    def issuer(self) -> str:
        """The ``iss`` of this server."""
        return self.state.issuer(self.server)

    @property
    def called_url(self) -> str:
        """The URL as the client sees it, without a query: with the host it has asked for."""
        own = urlsplit(self.state.url)
        host = self.request.header("host") or own.netloc
        return f"{own.scheme}://{host}{self.request.path}"

    def parameter(self, name: str) -> str | None:
        """The value, or ``None`` if it was not sent."""
        return next((value for key, value in self.form if key == name), None)

    def required(self, name: str) -> str:
        """The value; 400 ``invalid_request`` if it was not sent."""
        value = self.parameter(name)
        if value is None:
            raise RefusalError(400, "invalid_request", f"The request lacks its {name} parameter.")
        return value
