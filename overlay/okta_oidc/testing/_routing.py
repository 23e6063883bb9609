"""From a path to an authorization server and an endpoint."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast
from urllib.parse import unquote

if TYPE_CHECKING:
    from ._requests import Endpoint

_UNDER_V1: Final = frozenset(
    {
        "token",
        "introspect",
        "revoke",
        "authorize",
        "userinfo",
        "logout",
        "keys",
        "par",
        "device/authorize",
        "bc/authorize",
        "primary-authenticate",
        "challenge",
    }
)
_WELL_KNOWN: Final = frozenset({"openid-configuration", "oauth-authorization-server"})
_BY_GET: Final = _WELL_KNOWN | {"authorize", "userinfo", "logout", "keys"}
# Rate limits do not count these.
_UNMETERED: Final = _WELL_KNOWN | {"keys"}


@dataclass(frozen=True, slots=True)
class Route:
    """``server_id`` is ``None`` for the org server."""

    server_id: str | None
    endpoint: Endpoint

    @property
    def bucket(self) -> tuple[bool, bool] | None:
        """The rate-limit bucket: all custom servers share theirs, and ``token`` is counted apart
        from the rest; ``None``: unmetered."""
        if self.endpoint in _UNMETERED:
            return None
        return (self.server_id is None, self.endpoint == "token")

    @property
    def methods(self) -> tuple[str, ...]:
        """The HTTP methods it takes."""
        return ("GET",) if self.endpoint in _BY_GET else ("POST",)


def find_route(path: str) -> Route | None:
    """The route of a percent-encoded path; ``None`` if there is nothing."""
    # Splitting comes first: an encoded slash belongs to its segment.
    match [unquote(segment) for segment in path.split("/")]:
        case ["", ".well-known", name]:
            return _route(None, name, _WELL_KNOWN)
        # The form of RFC 8414 section 3.1, where the server's path comes last.
        case ["", ".well-known", "oauth-authorization-server" as name, "oauth2", server_id]:
            return _route(server_id, name, _WELL_KNOWN)
        case ["", "oauth2", server_id, ".well-known", name]:
            return _route(server_id, name, _WELL_KNOWN)
        case ["", "oauth2", "v1", *rest] if _name(rest) in _UNDER_V1:
            return _route(None, _name(rest), _UNDER_V1)
        case ["", "oauth2", server_id, "v1", *rest]:
            return _route(server_id, _name(rest), _UNDER_V1)
        case _:
            return None


def _name(segments: list[str]) -> str:
    return "" if any("/" in segment for segment in segments) else "/".join(segments)


def _route(server_id: str | None, name: str, known: frozenset[str]) -> Route | None:
    return Route(server_id, cast("Endpoint", name)) if name in known else None
