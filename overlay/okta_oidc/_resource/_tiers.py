"""What an introspection cache shares with other processes, and in which form."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Protocol

import httpx

from .._errors import MalformedResponseError
from .._http import Reply
from .._results import introspection_of

if TYPE_CHECKING:
    from .._results import Introspection

_VERSION: Final = 1


class IntrospectionTier(Protocol):
    """Answers shared by processes. Whatever befalls it, it raises nothing: it knows nothing then.

    ``local_ttl`` is how many seconds a process uses its own copy of an active answer. A key is a
    digest, a document has no token in it.
    """

    local_ttl: float

    def load(self, key: bytes, /) -> tuple[bytes, float] | None:
        """A document and the seconds it has left; an empty one where the token was revoked."""
        ...

    def store(self, key: bytes, document: bytes, seconds: float, replace: bool, /) -> None:
        """Keep ``document`` for ``seconds``: only if nothing is there, unless ``replace``."""
        ...

    def bar(self, keys: Sequence[bytes], seconds: float, /) -> None:
        """Forget these, and take no document for them for ``seconds``, unless it replaces."""
        ...


class AsyncIntrospectionTier(Protocol):
    """:class:`IntrospectionTier`, awaited."""

    local_ttl: float

    async def load(self, key: bytes, /) -> tuple[bytes, float] | None:
        """See :meth:`IntrospectionTier.load`."""
        ...

    async def store(self, key: bytes, document: bytes, seconds: float, replace: bool, /) -> None:
        """See :meth:`IntrospectionTier.store`."""
        ...

    async def bar(self, keys: Sequence[bytes], seconds: float, /) -> None:
        """See :meth:`IntrospectionTier.bar`."""
        ...


def written(key: bytes, token: str, info: Introspection) -> bytes | None:
    """The document of an answer; ``None`` for one that quotes the token."""
    text = json.dumps(
        {
            "v": _VERSION,
            # A document that somebody moved to another key is none.
            "key": key.hex(),
            "request_id": info.http.request_id,
            "members": dict(info.raw),
        },
        separators=(",", ":"),
    )
    return None if token in text else text.encode()


def read(key: bytes, document: bytes) -> Introspection | None:
    """The answer in a document; ``None`` if it is of another key, form or version."""
    try:
        outer = json.loads(document)
        if (outer["v"], outer["key"]) != (_VERSION, key.hex()):
            return None
        headers = {"x-okta-request-id": outer["request_id"]} if outer["request_id"] else {}
        body = json.dumps(outer["members"]).encode()
        return introspection_of(Reply(200, httpx.Headers(headers), body))
    except (ValueError, TypeError, KeyError, RecursionError, MalformedResponseError):
        return None
