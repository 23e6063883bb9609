"""The fake's settings and memory, shared by its endpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define, field, frozen

from ._answers import RefusalError
from ._registry import AuthorizationServer, FakeClient, FakeUser
from ._store import Store
from ._tokens import Mint

if TYPE_CHECKING:
    from ._clock import FakeClock
    from ._forms import Pairs
    from ._limits import UserLimiter


@frozen
class Settings:
    """Lifetimes in seconds; ``None`` never ends."""

    code_lifetime: int
    access_token_lifetime: int
    id_token_lifetime: int
    refresh_token_lifetime: int | None
    refresh_token_idle: int | None
    introspect_other_clients: bool


@define
class State:
    """One Okta org."""

    url: str
    clock: FakeClock
    settings: Settings
    user_limiter: UserLimiter
    clients: dict[str, FakeClient] = field(factory=dict[str, FakeClient])
    users: dict[str, FakeUser] = field(factory=dict[str, FakeUser])
    servers: dict[str | None, AuthorizationServer] = field(
        factory=dict[str | None, AuthorizationServer]
    )
    store: Store = field(factory=Store)
    mint: Mint = field(factory=Mint)


@frozen
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
