"""The protocol by which one of all who hold tokens renews them. Pure: it sends and waits nowhere.

There is no lock. Before a process presents a refresh token, it writes a *claim* into the row, by
compare-and-set: "I am about to present this generation". The claim elects who sends, and proves
that the store can be written before the only copy of a token is spent. If its author dies, the
claim stays, and says that the token may be spent. Introspecting the token shows whether it is.
"""

from __future__ import annotations

import logging
import math
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final, cast

from .. import _operations as operations
from .._config import AuthServerId, checked_text
from .._errors import (
    APIError,
    ConfigurationError,
    InvalidGrantError,
    OktaError,
    RateLimitError,
    ServerError,
    SignInReason,
    SignInRequiredError,
    TokenStoreError,
    TransportError,
    TransportTimeoutError,
)
from .._flow import Flow
from .._http import instant
from .._operations import Operation
from .._otel import count_renewal
from .._refusals import not_sent
from .._results import Tokens, read_tokens
from .._retry import NEVER, is_number, seconds_used_up
from .._steps import Ask, Steps
from ._rows import Era, Held, HeldTokens, Row
from ._stores import Stored

_LOGGER: Final = logging.getLogger("okta_oidc")

# All in seconds. A claim holds for the time limit of one attempt, and this:
LEASE_MARGIN = 5.0
# Nothing is sent later after a claim than this: the process was stopped in between.
SEND_WITHIN = 3.0
# The next try after an early renewal that failed.
BACKOFF = 5.0
# Between renewals that an API's refusals ask for: one that refuses every token must not turn each
# of its requests into one at Okta.
FORCED_EVERY = 10.0

REFRESH: Final = object()
"""In place of a grant: the refresh token."""

_PAUSE: Final = 0.05
_LONGEST_PAUSE: Final = 1.0
# Between attempts of which nothing left this machine.
_PAUSES: Final = (0.05, 0.2, 0.8, None)
# Okta's longest grace period for a rotated refresh token. What is open for as long is asked about.
_MOST_GRACE: Final = 60.0
# Tokens whose lifetime is not known are good until an API refuses them.
_UNKNOWN: Final = 1e10
# Codes of refusals after which the token may be spent; None is a gateway's own page.
_UNCLEAR: Final = (None, "server_error", "temporarily_unavailable")
_new_version: Final = partial(secrets.token_urlsafe, 12)
_MESSAGES: Final[dict[SignInReason, str]] = {
    "absent": "no refresh token is held: the user has to sign in",
    "refused": "Okta refused the refresh token: the user has to sign in again",
    "lost": "a process died with the new refresh token: the user has to sign in again",
    "signed out": "the user has signed out",
}


class _TooLateError(TransportTimeoutError):
    """This process was stopped after its claim, or is slow: others may be at it by now."""


@dataclass(eq=False, repr=False)
class Renewal:
    """One key of one store, and the client that renews what is held there.

    The driver calls the functions of ``store``, and awaits what is awaitable.
    ``revoke`` is the client's own, so that its introspection cache forgets what has ended.
    ``grant`` is a service's, presented again without harm; without one a user's refresh token is
    presented, which spends it. ``grace`` is how long Okta takes a spent one all the same.

    Raises:
        ConfigurationError: a setting cannot be right.
    """

    flow: Flow
    revoke: Callable[..., Steps[None]]
    store: Any
    key: str
    server: AuthServerId
    early: float
    leeway: float
    grant: object = REFRESH
    scope: str | None = None
    grace: float = 0.0
    max_wait: float = 20.0
    is_shared: bool = True
    """Whether the store is anybody else's, too."""
    era: Era = field(default_factory=Era, init=False)
    _forced_at: float = field(default=float("-inf"), init=False)
    _ahead: float = field(default=float("-inf"), init=False)
    _unrevoked: tuple[str, ...] = field(default=(), init=False)

    def __post_init__(self) -> None:
        checked_text("key", self.key)
        if not all(callable(getattr(self.store, name, None)) for name in ("load", "replace")):
            raise ConfigurationError(f"{type(self.store).__name__} has no load and replace")
        for seconds in (self.early, self.leeway, self.max_wait, self.grace):
            if not is_number(seconds) or seconds < 0:
                raise ConfigurationError("early, leeway and the like are seconds, 0 or more")
        if self.grace > _MOST_GRACE:
            raise ConfigurationError("rotation_grace is the application's setting: 60 at most")

    @property
    def lease(self) -> float:
        """Seconds that a claim holds: longer than whoever made it can be at it."""
        return self.flow.timeout + LEASE_MARGIN

    def now(self) -> float:
        """Epoch seconds that never go back, and go on while the machine sleeps.

        The monotonic clock may stop while it sleeps, and the wall clock may be set.
        """
        monotonic = self.flow.runtime.monotonic()
        ahead = self.flow.runtime.now() - monotonic
        if ahead > self._ahead:
            self._ahead = ahead
        return monotonic + self._ahead

    def good(self, rejected: str | None, era: Era | None = None) -> Held | None:
        """What this process holds, if it can be handed out, though it may be time to look."""
        held = (era or self.era).held
        return held if held is not None and held.is_good(self.now(), rejected) else None

    def just_forced(self) -> bool:
        """Whether an API's refusal has been answered by a renewal, and no other is due yet."""
        return self.now() < self._forced_at + FORCED_EVERY

    def current(self, era: Era, rejected: str | None) -> Steps[HeldTokens]:
        """Good tokens: those of the store, or new ones.

        Args:
            era: gets to know them.
            rejected: the access token that an API refused.

        Raises:
            SignInRequiredError: there are none, and none can be had.
            Exception: they could not be renewed, and the old ones are good no more.
        """
        held, now = era.held, self.now()
        # Another caller may have looked meanwhile.
        if held is not None and held.is_good(now, None):
            if not held.is_good(now, rejected) and not self.just_forced():
                self._forced_at = now
            elif rejected is not None or now < held.look_at:
                return cast("HeldTokens", held.tokens)
        try:
            held = yield from self._current(era, rejected)
        except Exception as error:
            held = self.good(rejected, era)
            if held is None:
                raise
            _LOGGER.warning(
                "tokens could not be renewed (%s): the old ones are used on", type(error).__name__
            )
            if held.is_saved:
                held = held.unlooked(self.now() + BACKOFF)
        era.held = held
        return cast("HeldTokens", held.tokens)

    def save(self, tokens: Tokens) -> Steps[None]:
        """Hold the tokens of a new sign-in, whatever was held."""
        lifetime = tokens.expires_in
        while True:
            seen = yield from self._load()
            row = _successor(Row(_new_version(), seen.row.generation), tokens)
            if tokens.expires_at is not None and lifetime is not None:
                left = tokens.expires_at.timestamp() - self.flow.runtime.now()
                row = replace(row, ends_in=min(left, lifetime))
            now, version = self.now(), _new_version()
            if (yield from self._write(row, seen.version, version)):
                self.era = Era(self._held(row, version, now))
                return

    def sign_out(self) -> Steps[None]:
        """Hold nothing any more, and revoke what was held."""
        while True:
            seen, known = (yield from self._look(self.era.held)), self.era.held
            row = seen.row if seen.version is not None or known is None else known.row
            gone = Row(row.family, row.generation, gone="signed out")
            if (yield from self._write(gone, seen.version, _new_version())):
                break
        # Replaced whole: a renewal that is under way does not bring back what has ended.
        self.era = Era()
        tokens = tuple(filter(None, (row.refresh_token, row.access_token)))
        self._unrevoked = tokens or self._unrevoked
        if self._unrevoked:
            yield from self._revoked(*self._unrevoked)
            self._unrevoked = ()

    def close(self) -> Steps[None]:
        """Store what could not be stored.

        Raises:
            TokenStoreError: it still cannot be.
        """
        held = self.era.held
        try:
            if held is not None and not held.is_saved:
                self.era.held = yield from self._look(held)
        except Exception as error:
            raise TokenStoreError("a rotated refresh token could not be stored") from error

    def _current(self, era: Era, rejected: str | None) -> Steps[Held]:
        deadline, pause = self.now() + self.max_wait, _PAUSE
        while True:
            seen = yield from self._look(era.held)
            row, now = seen.row, self.now()
            # A service's token is as good as ever, if the store has lost it, or has another.
            if self.grant is REFRESH or seen.is_good(now, rejected):
                era.held = seen
            good = self.good(rejected, era)
            if good is not None and now < good.look_at:
                return good
            if self.grant is REFRESH and row.refresh_token is None:
                raise _required(row.gone or "absent")

            wait, lag, is_open = self._question(seen, now)
            if wait > 0:
                if good is not None:
                    return good.unlooked(now + min(wait, _LONGEST_PAUSE))
                if row.is_claimed:
                    _check(now, deadline)
                    wait = pause * self.flow.runtime.uniform(0.5, 1.0)
                    pause = min(2 * pause, _LONGEST_PAUSE)
                elif now + wait > deadline:
                    raise not_sent(wait)
                yield wait
                continue

            grant = (yield Ask(self.grant)) if callable(self.grant) else self.grant
            at, mine = self.now(), _new_version()
            # What is presented again has to arrive within the grace.
            limit = at + self.grace - lag if lag and not is_open else math.inf
            lag = lag + SEND_WITHIN if lag else 0.0
            claim = replace(row.aged(at - seen.since), is_claimed=True, lag=lag, not_before=0.0)
            claim = replace(claim, claimed_at=at)
            if not (yield from self._write(claim, seen.version, mine)):
                continue
            if is_open and (yield from self._is_spent(claim)):
                yield from self._write(claim.ended("lost"), mine, _new_version())
                continue
            renewed = yield from self._renewed(claim, mine, grant, at, limit)
            if renewed is not None:
                return renewed
            _check(self.now(), deadline)

    def _question(self, seen: Held, now: float) -> tuple[float, float, bool]:
        """What is open about a row.

        Returns the seconds to wait before anything can be done about it; how long its first
        unresolved claim has been there, at most; and whether Okta has to be asked if the refresh
        token is spent.
        """
        row, age = seen.row, seen.age
        # A claim in a store of its own is this process's, or was its parent's before a fork.
        if not row.is_claimed or not self.is_shared:
            return row.not_before - age, 0.0, False
        lag = row.lag + now - seen.since
        if row.lag:
            # The lag was right when the row was made. A hung store or a stopped process may have
            # written the row much later, which only the wall clocks of two machines show. If these
            # differ, too large a lag only means that Okta is asked; one that is 3 seconds too small
            # is allowed for.
            lag = max(lag, row.lag + now - row.claimed_at)
        if age < self.lease:
            return self.lease - age, lag, False
        # It can be sent in time, and there is time for it to arrive.
        if self.grant is not REFRESH or lag + 2 * SEND_WITHIN <= self.grace:
            return 0.0, lag, False
        # Within the grace a spent token is called active, too, and it may have been spent late.
        return self.lease + self.grace - age, lag, True

    def _is_spent(self, claim: Row) -> Steps[bool]:
        asked = operations.introspect(self.server, claim.refresh_token or "", "refresh_token")
        return not (yield from self.flow.steps(asked)).active

    def _renewed(
        self, claim: Row, version: str, grant: object, at: float, limit: float
    ) -> Steps[Held | None]:
        """Present what is claimed since ``at``; ``None`` if the row has moved meanwhile."""
        try:
            sent_at, tokens = yield from self._presented(claim, grant, at, limit)
        except Exception as error:
            count_renewal(error)
            if self.grant is REFRESH and isinstance(error, InvalidGrantError):
                if (yield from self._wrote(claim.ended("refused"), version)):
                    raise _required("refused") from error
                return None
            if self.grant is not REFRESH or (not claim.lag and _is_unspent(error)):
                back = replace(claim.aged(self.now() - at), is_claimed=False, lag=0.0)
                if isinstance(error, RateLimitError):
                    back = replace(back, not_before=seconds_used_up(error) or BACKOFF)
                yield from self._wrote(back, version)
            if isinstance(error, _TooLateError):
                return None
            raise
        count_renewal()
        return (yield from self._stored(claim, version, sent_at, tokens, at))

    def _presented(
        self, claim: Row, grant: object, at: float, limit: float
    ) -> Steps[tuple[float, Tokens]]:
        """One attempt, which ends by ``limit``, and others only while nothing has been sent."""
        for pause in _PAUSES:
            if self.grant is REFRESH:
                token = cast("str", claim.refresh_token)
                operation = operations.refresh(self.server, token, None, self.scope)
            else:
                operation = Operation(operations.token(self.server, grant).request, read_tokens)
            sent_at = self.now()
            # Where an assertion proves who sends this, it ends with the claim: a request that was
            # held up on its way is refused then.
            operation.request.lifetime = at + self.lease - sent_at
            if limit - sent_at < self.flow.timeout:
                operation.request.seconds = limit - sent_at
            operation.request.check = partial(self._check_in_time, at)
            try:
                return sent_at, (yield from self.flow.steps(operation, retry=NEVER))
            except TransportError as error:
                if error.request_sent is None or pause is None or isinstance(error, _TooLateError):
                    raise
            yield pause
        raise AssertionError  # the last round returns or raises

    def _check_in_time(self, at: float) -> None:
        if self.now() - at > SEND_WITHIN:
            raise _TooLateError("not sent: it took too long until then", request_sent=False)

    def _stored(
        self, claim: Row, expected: str | None, sent_at: float, tokens: Tokens, at: float
    ) -> Steps[Held | None]:
        """Store the new tokens before anybody sees them; ``None`` if others have moved the row."""
        row, version = _successor(claim, tokens), _new_version()
        pause = _PAUSE
        while True:
            try:
                if (yield from self._write(row.aged(self.now() - sent_at), expected, version)):
                    return self._held(row, version, sent_at)
                seen = yield from self._load()
            except Exception as error:  # noqa: BLE001  # a store's own
                if self.now() - at > self.lease:
                    _LOGGER.error(  # noqa: TRY400  # its traceback may hold the row
                        "unsaved: a token store failed (%s); new tokens are in this process alone",
                        type(error).__name__,
                    )
                    held = self._held(row, version, sent_at)
                    return replace(held, look_at=sent_at, is_saved=False)
                # It may have been written, seen and lost again: whoever presents it asks.
                row = replace(row, is_claimed=True, lag=_MOST_GRACE)
                yield pause
                pause = min(2 * pause, _LONGEST_PAUSE)
                continue
            if not row.outranks(seen.row):
                try:
                    if seen.row.gone == "signed out" and row.refresh_token is not None:
                        yield from self._revoked(row.refresh_token)
                except OktaError as error:
                    _LOGGER.warning("not revoked after sign-out (%s)", type(error).__name__)
                return None
            expected = seen.version

    def _look(self, held: Held | None) -> Steps[Held]:
        """What is stored, once the store has back what it lost and this process holds."""
        while True:
            seen = yield from self._load(held)
            if held is None or not held.row.outranks(seen.row):
                return seen
            now = self.now()
            # What came later may be lost, too, a claim or a newer row: whoever presents it asks.
            row = replace(held.row.aged(now - held.since), is_claimed=True, lag=_MOST_GRACE)
            version = _new_version() if held.is_saved else cast("str", held.version)
            if (yield from self._write(row, seen.version, version)):
                _LOGGER.warning("the token store had lost the newest tokens: it has them again")
                return self._held(row, version, now)

    def _load(self, held: Held | None = None) -> Steps[Held]:
        asked = self.now()
        stored: Stored | None = yield Ask(self.store.load, self.key)
        if stored is None:
            return self._held(Row(), None, asked)
        since = asked - stored.age
        if held is not None and held.version == stored.version:
            # By this clock it may be older than the store knows.
            since = min(since, held.since)
        return self._held(Row.decoded(stored.value), stored.version, since, stored.age)

    def _write(self, row: Row, expected: str | None, version: str) -> Steps[bool]:
        write = partial(self.store.replace, self.key, row.encoded())
        is_written: bool = yield Ask(partial(write, expected=expected, version=version))
        return is_written

    def _wrote(self, row: Row, expected: str) -> Steps[bool]:
        """Whether nobody else has moved the row: it is written, or the store has failed."""
        try:
            return (yield from self._write(row, expected, _new_version()))
        except Exception as error:  # noqa: BLE001  # a store's own; what happened before counts
            _LOGGER.warning("a token store failed (%s)", type(error).__name__)
            return True

    def _revoked(self, token: str, *ended: str) -> Steps[None]:
        return self.revoke(token, None, self.server, *ended)

    def _held(self, row: Row, version: str | None, since: float, age: float = 0.0) -> Held:
        # Lifetimes that are too short for `early` and `leeway` give them shares of themselves. Each
        # process draws a moment of its own: fifty do not look at the store in one second.
        lifetime = _UNKNOWN if row.lifetime is None else row.lifetime
        early = min(self.early, lifetime / 5) * self.flow.runtime.uniform(0.8, 1.0)
        ends = since + (_UNKNOWN if row.ends_in is None else row.ends_in)
        wall = self.flow.runtime.now() - self.now()
        at = None if row.ends_in is None else instant(ends + wall)
        tokens = None
        if row.access_token is not None:
            tokens = HeldTokens(row.access_token, row.token_type, at, row.scopes, row.id_token)
        good_until = ends - min(self.leeway, lifetime / 10)
        return Held(row, version, age, since, good_until, ends - early, tokens)


def _successor(row: Row, tokens: Tokens) -> Row:
    return Row(
        row.family,
        row.generation + 1,
        refresh_token=tokens.refresh_token,
        access_token=tokens.access_token,
        token_type=tokens.token_type,
        # What is not sent again is as it was (RFC 6749 §5.1, OIDC Core §12.2).
        id_token=tokens.id_token or row.id_token,
        scopes=tokens.scopes or row.scopes,
        lifetime=tokens.expires_in,
        ends_in=tokens.expires_in,
    )


def _is_unspent(error: Exception) -> bool:
    """Whether what was presented is as good as before."""
    if isinstance(error, APIError) and not isinstance(error, ServerError):
        return isinstance(error, RateLimitError) or error.code not in _UNCLEAR
    return isinstance(error, ConfigurationError) or (
        isinstance(error, TransportError) and error.request_sent is False
    )


def _required(reason: SignInReason) -> SignInRequiredError:
    return SignInRequiredError(_MESSAGES[reason], reason=reason)


def _check(now: float, deadline: float) -> None:
    if now >= deadline:
        raise TransportTimeoutError("tokens are renewed elsewhere, too slowly", request_sent=False)
