"""An authorization server's keys, by the road of every other call."""

from __future__ import annotations

from typing import Final

from .._config import AuthServerId
from .._flow import Flow
from .._http import Reply
from .._operations import Endpoint, Request
from .._retry import NEVER
from .._senders import AsyncSender, Sender
from .._steps import Steps
from ._key_cache import AsyncKeyCache, KeyCache

KEYS: Final = Endpoint("keys", "org_keys", "custom_keys")


def key_cache(sender: Sender | AsyncSender, server: AuthServerId) -> KeyCache | AsyncKeyCache:
    """The keys of ``server``, fetched by ``sender``."""
    flow: Final = sender.flow
    if isinstance(sender, Sender):
        return KeyCache(lambda limit: sender.run(_fetch(flow, server, limit)), lambda: flow.runtime)
    return AsyncKeyCache(
        lambda limit: sender.run(_fetch(flow, server, limit)), lambda: flow.runtime
    )


def _fetch(flow: Flow, server: AuthServerId, limit: float | None) -> Steps[Reply]:
    asked = KEYS.request(server)
    request = Request(asked.operation, asked.target, asked.server, seconds=limit)
    # Who has a key at hand is not to wait for more than this one attempt.
    return flow.exchange(request, retry=None if limit is None else NEVER)
