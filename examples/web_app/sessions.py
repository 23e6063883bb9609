"""Sessions that live on the server: the browser holds an id, never a token."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

# Two cookies, so that a link of an attacker's to /login ends nobody's session.
SESSION: Final = "session"
SIGN_IN: Final = "sign_in"
SECONDS: Final = {SESSION: 8 * 3600, SIGN_IN: 600}
_MOST: Final = 10_000


class Sessions:
    """Sessions by cookie. In a real service this would be a database or a cache server.

    ``secure`` says whether browsers come over TLS; ``clock`` gives seconds, from any origin.
    """

    def __init__(
        self, *, secure: bool, clock: Callable[[], float] = time.monotonic, most: int = _MOST
    ) -> None:
        self._secure: Final = secure
        self._clock: Final = clock
        self._most: Final = most
        self._kept: Final[dict[str, tuple[float, str, Mapping[str, Any]]]] = {}

    def begin(self, response: Response, name: str, data: Mapping[str, Any]) -> Response:
        """Keep ``data`` under a new id, which ``response`` gives the browser as a cookie.

        The oldest are forgotten when there are too many, as anyone can begin to sign in.
        """
        for each, (ends_at, _, _) in list(self._kept.items()):
            if ends_at <= self._clock() or len(self._kept) >= self._most:
                del self._kept[each]
        session_id, seconds = secrets.token_urlsafe(32), SECONDS[name]
        self._kept[session_id] = (self._clock() + seconds, name, data)
        # "lax": the cookie comes along when Okta sends the browser back, which is a GET, and stays
        # at home when another site posts to /logout.
        response.set_cookie(
            name,
            session_id,
            max_age=seconds,
            httponly=True,
            samesite="lax",
            secure=self._secure,
        )
        return response

    def find(self, request: Request, name: str) -> Mapping[str, Any] | None:
        """What is kept for this browser."""
        ends_at, kept_as, data = self._kept.get(request.cookies.get(name, ""), (0.0, "", None))
        return data if kept_as == name and self._clock() < ends_at else None

    def end(self, request: Request, name: str) -> Mapping[str, Any] | None:
        """Forget it, and return it once more."""
        found = self.find(request, name)
        self._kept.pop(request.cookies.get(name, ""), None)
        return found
