"""What the holders need of a client: four calls, its time limit, its clocks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from .. import _operations as operations
from .._config import AuthServerId, checked_server_id
from .._flow import Flow
from .._operations import Operation
from .._results import Introspection, Tokens, read_tokens
from .._retry import NEVER
from .._runtime import Runtime
from .._steps import Steps


class Engine:
    """A client, as the holders see it.

    ``run`` drives steps: it returns their result, or an awaitable of it. ``dpop`` is the
    :class:`DPoP` that the client's tokens are bound to, ``None`` if they are not.
    """

    def __init__(self, flow: Flow, run: Callable[[Steps[Any]], Any], dpop: Any = None) -> None:
        self._flow: Final = flow
        self.run: Final = run
        self.dpop: Final = dpop

    @property
    def timeout(self) -> float:
        """Seconds that one attempt may take."""
        return self._flow.timeout

    @property
    def runtime(self) -> Runtime:
        """The clocks, and chance."""
        return self._flow.runtime

    def server(self, auth_server_id: AuthServerId | None) -> AuthServerId:
        """The authorization server that is meant."""
        if auth_server_id is None:
            return self._flow.server.default
        return checked_server_id(auth_server_id)

    # One attempt: what is repeated inside a claim is the holders' to judge. Who signs requests by
    # an assertion signs these for `lifetime` seconds alone, so that one which was held up on its
    # way is refused when the claim is over.

    def refresh(
        self, server: AuthServerId, refresh_token: str, scope: str | None, lifetime: float
    ) -> Steps[Tokens]:
        operation = operations.refresh(server, refresh_token, None, scope)
        operation.request.lifetime = lifetime
        return (yield from self._flow.steps(operation, retry=NEVER))

    def grant(self, server: AuthServerId, request: object, lifetime: float) -> Steps[Tokens]:
        operation = Operation(operations.token(server, request).request, read_tokens)
        operation.request.lifetime = lifetime
        return (yield from self._flow.steps(operation, retry=NEVER))

    def introspect(self, server: AuthServerId, refresh_token: str) -> Steps[Introspection]:
        operation = operations.introspect(server, refresh_token, "refresh_token")
        return (yield from self._flow.steps(operation))

    def revoke(self, server: AuthServerId, token: str) -> Steps[None]:
        yield from self._flow.steps(operations.revoke(server, token, None))
