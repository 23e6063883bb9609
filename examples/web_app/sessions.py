"""Sessions that live on the server: the browser holds an id, never a token."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import anyio
from okta_oidc import Tokens

SESSION_SECONDS = 8 * 3600
SIGN_IN_SECONDS = 600
_MOST_SESSIONS = 10_000


@dataclass
class SignIn:
    """A sign-in on its way: what the callback has to be checked against."""

    state: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    # 32 random bytes are the 43 characters that RFC 7636 §4.1 asks for at least.
    code_verifier: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)


@dataclass
class Session:
    """One browser, signed in or on its way.

    The lock keeps two requests of it from refreshing at once: where refresh tokens rotate, the
    second would use a spent one, which is what a thief does.
    """

    sign_in: SignIn | None = None
    tokens: Tokens | None = None
    lock: anyio.Lock = field(default_factory=anyio.Lock, repr=False)


class Sessions:
    """Sessions by id. In a real service this would be a database or a cache server.

    ``clock`` gives seconds, from any origin.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._sessions: dict[str, tuple[float, Session]] = {}

    def start(self, session: Session, seconds: float) -> str:
        """Keep ``session`` for ``seconds`` and return its new id.

        The oldest are forgotten when there are too many, as anyone can begin to sign in.
        """
        for session_id, (ends_at, _) in list(self._sessions.items()):
            if ends_at <= self._clock() or len(self._sessions) >= _MOST_SESSIONS:
                del self._sessions[session_id]
        session_id = secrets.token_urlsafe(32)
        self._sessions[session_id] = (self._clock() + seconds, session)
        return session_id

    def find(self, session_id: str | None) -> Session | None:
        """The session, unless it has ended."""
        ends_at, session = self._sessions.get(session_id or "", (0.0, None))
        return session if session is not None and self._clock() < ends_at else None

    def end(self, session_id: str | None) -> None:
        """Forget the session."""
        self._sessions.pop(session_id or "", None)
