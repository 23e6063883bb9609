"""The fake's settings and memory, shared by its endpoints."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ._answers import RefusalError
from ._registry import AuthorizationServer, FakeClient, FakeUser
from ._store import Store
from ._tokens import Mint

if TYPE_CHECKING:
    from ._clock import FakeClock
    from ._forms import Pairs
    from ._limits import UserLimiter


@dataclass(frozen=True, slots=True)
class Settings:
    """Lifetimes in seconds; ``None`` never ends."""

    code_lifetime: int
    access_token_lifetime: int
    id_token_lifetime: int
    refresh_token_lifetime: int | None
    refresh_token_idle: int | None
    introspect_other_clients: bool


@dataclass(slots=True)
class State:
    """One Okta org."""

    url: str
    clock: FakeClock
    settings: Settings
    user_limiter: UserLimiter
    clients: dict[str, FakeClient] = field(default_factory=dict[str, FakeClient])
    users: dict[str, FakeUser] = field(default_factory=dict[str, FakeUser])
    servers: dict[str | None, AuthorizationServer] = field(
        default_factory=dict[str | None, AuthorizationServer]
    )
    store: Store = field(default_factory=Store)
    mint: Mint = field(default_factory=Mint)


@dataclass(frozen=True, slots=True)
class Call:
    """One request to an endpoint with its form read; each name occurs once, ``resource`` apart."""

    state: State
    server: AuthorizationServer
    now: float
    form: Pairs = field(repr=False)

    def parameter(self, name: str) -> str | None:
        """The value, or ``None`` if it was not sent."""
        return next((value for key, value in self.form if key == name), None)

    def required(self, name: str) -> str:
        """The value; 400 ``invalid_request`` if it was not sent."""
        value = self.parameter(name)
        if value is None:
            raise RefusalError(400, "invalid_request", f"The request lacks its {name} parameter.")
        return value
