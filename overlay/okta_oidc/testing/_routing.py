"""From a path to an authorization server and an endpoint."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast
from urllib.parse import unquote

if TYPE_CHECKING:
    from ._requests import Endpoint

_ENDPOINTS: frozenset[str] = frozenset({"token", "introspect", "revoke", "authorize"})


@dataclass(frozen=True, slots=True)
class Route:
    """``server_id`` is ``None`` for the org server."""

    server_id: str | None
    endpoint: Endpoint

    @property
    def bucket(self) -> tuple[bool, bool]:
        """The rate-limit bucket: all custom servers share theirs, and ``token`` is counted apart
        from the rest."""
        return (self.server_id is None, self.endpoint == "token")

    @property
    def methods(self) -> tuple[str, ...]:
        """The HTTP methods it takes."""
        return ("GET",) if self.endpoint == "authorize" else ("POST",)


def find_route(path: str) -> Route | None:
    """The route of a percent-encoded path; ``None`` if there is nothing."""
    # Splitting comes first: an encoded slash belongs to its segment.
    segments = [unquote(segment) for segment in path.split("/")]
    match segments:
        case ["", "oauth2", "v1", endpoint] if endpoint in _ENDPOINTS:
            return Route(None, cast("Endpoint", endpoint))
        case ["", "oauth2", server_id, "v1", endpoint] if endpoint in _ENDPOINTS:
            return Route(server_id, cast("Endpoint", endpoint))
        case _:
            return None
