"""What an introspection cache asks of a tier that many processes share."""

from __future__ import annotations

from typing import Any, Protocol


class IntrospectionTier(Protocol):
    """Answers shared by processes: :mod:`okta_oidc.redis`. Its methods answer, or are awaited.

    Whatever befalls a tier, it raises nothing: it knows nothing then. ``local_ttl`` is how many
    seconds a process uses its own copy of an active answer. A key is a digest.
    """

    local_ttl: float

    def load(self, key: bytes, /) -> Any:
        """Members and the seconds they have left, no members of a revoked token, or ``None``."""
        ...

    def store(self, key: bytes, members: dict[str, Any], seconds: float, replace: bool, /) -> Any:
        """Keep ``members`` for ``seconds``: only if nothing is there, unless ``replace``."""
        ...

    def bar(self, keys: list[bytes], seconds: float, /) -> Any:
        """Forget these, and take no members for them for ``seconds``, unless they replace."""
        ...
