"""Who is measured. Each makes the same calls, and hands back what the caller wanted."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from . import _async_contenders as asynchronous
from . import _sync_contenders as synchronous
from ._answers import Operation
from ._series import Role
from ._targets import Target

SyncCalls: TypeAlias = Mapping[Operation, Callable[[], object]]
AsyncCalls: TypeAlias = Mapping[Operation, Callable[[], Awaitable[object]]]
Style: TypeAlias = Literal["sync", "async"]


@dataclass(frozen=True, slots=True)
class Contender:
    """One library, in one style.

    ``ours`` and the ``baseline`` are what the goals are about; a ``peer`` does the same job, and
    should be slower; a ``floor`` does less (no types, no errors, no limits), and need not be.
    One that is ``alone`` is measured call by call only, with Okta's headers.
    """

    name: str
    style: Style
    role: Role
    make: Callable[[Target], SyncCalls | AsyncCalls]
    operations: tuple[Operation, ...] = ("refresh", "introspect", "revoke")
    in_memory: bool = False
    alone: bool = False

    @property
    def key(self) -> str:
        return f"{self.style}:{self.name}"


# Generated functions, sent by ours.
OKTA_API: Final = "okta-oidc: okta.api"
_ALL: Final[tuple[Operation, ...]] = ("refresh", "code", "grant", "introspect", "revoke")

CONTENDERS: Final = {
    contender.key: contender
    for contender in (
        Contender("httpx", "sync", "baseline", synchronous.httpx_client, _ALL, in_memory=True),
        Contender("okta-oidc", "sync", "ours", synchronous.okta_oidc, _ALL, in_memory=True),
        Contender(OKTA_API, "sync", "ours", synchronous.okta_api, in_memory=True, alone=True),
        Contender("generated", "sync", "peer", synchronous.generated, in_memory=True),
        Contender("Authlib (httpx)", "sync", "peer", synchronous.authlib_httpx, in_memory=True),
        Contender("Authlib (requests)", "sync", "peer", synchronous.authlib_requests),
        Contender("requests-oauthlib", "sync", "peer", synchronous.requests_oauthlib, ("refresh",)),
        Contender("http.client", "sync", "floor", synchronous.http_client),
        Contender("httpx", "async", "baseline", asynchronous.httpx_client, in_memory=True),
        Contender("okta-oidc", "async", "ours", asynchronous.okta_oidc, in_memory=True),
        Contender("okta-oidc[aiohttp]", "async", "ours", asynchronous.okta_oidc_aiohttp),
        Contender(OKTA_API, "async", "ours", asynchronous.okta_api, in_memory=True, alone=True),
        Contender("generated", "async", "peer", asynchronous.generated, in_memory=True),
        Contender("Authlib (httpx)", "async", "peer", asynchronous.authlib_httpx, in_memory=True),
        Contender(
            "httpx-oauth",
            "async",
            "peer",
            asynchronous.httpx_oauth,
            ("refresh", "revoke"),
            in_memory=True,
        ),
        Contender("aiohttp", "async", "floor", asynchronous.aiohttp_session),
    )
}
