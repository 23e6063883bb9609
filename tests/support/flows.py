"""A flow and its operations, to be driven by hand: no I/O, no clock, no chance."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from okta_oidc import Introspection, Retry, Tokens
from okta_oidc import _operations as operations
from okta_oidc._auth import ClientAuth
from okta_oidc._config import AuthServerId, Server
from okta_oidc._flow import Flow
from okta_oidc._operations import Operation
from okta_oidc._ratelimit import RateLimits
from okta_oidc._runtime import Runtime
from okta_oidc_api.models import TokenResponse


class HandDrivenFlow(Flow):
    """A flow that makes the operations of the methods, and knows of no limits but its own."""

    def __init__(
        self,
        base_url: str,
        auth: ClientAuth,
        retry: Retry | None = None,
        *,
        clock: Callable[[], float] = lambda: 1000.0,
        seed: int = 1,
    ) -> None:
        super().__init__(Server(base_url, None), auth, 10.0, retry)
        self.runtime = Runtime(
            now=clock,
            monotonic=clock,
            uniform=random.Random(seed).uniform,
            limits=RateLimits(clock),
        )

    def _at(self, server: AuthServerId | None) -> AuthServerId:
        return self.server.default if server is None else server

    def token(self, request: Any) -> Operation[TokenResponse]:
        return operations.token(self._at(None), request)

    def code(
        self, code: str, redirect_uri: str, code_verifier: str | None = None
    ) -> Operation[Tokens]:
        return operations.code(self._at(None), code, redirect_uri, code_verifier)

    def refresh(self, refresh_token: str) -> Operation[Tokens]:
        return operations.refresh(self._at(None), refresh_token, None, None)

    def introspect(
        self, token: str, server: AuthServerId | None = None
    ) -> Operation[Introspection]:
        return operations.introspect(self._at(server), token, None)

    def revoke(self, token: str) -> Operation[None]:
        return operations.revoke(self._at(None), token, None)
