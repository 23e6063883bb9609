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
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final, cast

from .. import _operations as operations
from .._config import AuthServerId, check_kind, checked_text
from .._errors import (
    APIError,
    ConfigurationError,
    InvalidGrantError,
    OktaError,
    RateLimitError,
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
from .._retry import Retry, is_number, seconds_used_up
from .._steps import Ask, Steps
from ._rows import MOST_GRACE, Era, Held, HeldTokens, Row

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

_LONGEST_PAUSE: Final = 1.0
# For what never left this machine. No pause of it goes beyond ``SEND_WITHIN``.
_RETRY: Final = Retry(attempts=3, max_wait=2.0)
# Codes of refusals after which the token may be spent; None is a gateway's own page.
_UNCLEAR: Final = (None, "server_error", "temporarily_unavailable")
_new_version: Final = partial(secrets.token_urlsafe, 12)
_MESSAGES: Final[dict[SignInReason, str]] = {
    "absent": "no refresh token is held: the user has to sign in",
    "refused": "Okta refused the refresh token: the user has to sign in again",
    "lost": "a process died with the new refresh token: the user has to sign in again",
    "signed out": "the user has signed out",
}


class _MovedError(Exception):
    """Others may have changed the row since this process looked at it: it has to look again."""


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
    lease: float = field(init=False)
    """Seconds that a claim holds: longer than whoever made it can be at it."""
    era: Era = field(default_factory=Era, init=False)
    _forced_at: float = field(default=-math.inf, init=False)
    _ahead: float = field(default=-math.inf, init=False)
    _unrevoked: list[str] = field(default_factory=list[str], init=False)

    def __post_init__(self) -> None:
        checked_text("key", self.key)
        if not all(callable(getattr(self.store, name, None)) for name in ("load", "replace")):
            raise ConfigurationError(f"{type(self.store).__name__} has no load and replace")
        for seconds in (self.early, self.leeway, self.max_wait, self.grace):
            if not is_number(seconds) or seconds < 0:
                raise ConfigurationError("early, leeway and the like are seconds, 0 or more")
        if self.grace > MOST_GRACE:
            raise ConfigurationError("rotation_grace is the application's setting: 60 at most")
        self.lease = self.flow.timeout + LEASE_MARGIN

    def now(self) -> float:
        """Epoch seconds that never go back, and go on while the machine sleeps.

        The monotonic clock may stop while it sleeps, and the wall clock may be set.
        """
        monotonic = self.flow.runtime.monotonic()
        ahead = self.flow.runtime.now() - monotonic
        if ahead > self._ahead:
            self._ahead = ahead
        return monotonic + self._ahead

    def good(self, rejected: str | None) -> Held | None:
        """What this process holds, if it can be handed out, though it may be time to look.

        That an API has ``rejected`` it counts no more for a while, once it was to be renewed for
        that reason.
        """
        held, now = self.era.held, self.now()
        is_answered = now < self._forced_at + FORCED_EVERY
        return held if held.is_good(now, None if is_answered else rejected) else None

    def current(self, rejected: str | None) -> Steps[HeldTokens]:
        """Good tokens: those of the store, or new ones. The era gets to know them.

        Args:
            rejected: the access token that an API refused.

        Raises:
            SignInRequiredError: there are none, and none can be had.
            Exception: they could not be renewed, and the old ones are good no more.
        """
        era = self.era
        # It is as good as ever, but for what the API says.
        is_forced = self.good(None) is not self.good(rejected)
        try:
            era.held = yield from self._current(era, rejected)
        except Exception as error:
            if not era.held.is_good(self.now(), rejected):
                raise
            _warn("tokens could not be renewed (%s): the old ones are used on", error)
            era.held = era.held.unlooked(self.now() + BACKOFF)
        finally:
            if is_forced:
                self._forced_at = self.now()
        return cast("HeldTokens", era.held.tokens)

    def save(self, tokens: Tokens) -> Steps[None]:
        """Hold the tokens of a new sign-in, whatever was held."""
        check_kind("tokens", tokens, Tokens)
        row = _successor(Row(_new_version()), tokens)
        if tokens.expires_at is not None and row.lifetime is not None:
            left = tokens.expires_at.timestamp() - self.flow.runtime.now()
            row = replace(row, ends_in=min(left, row.lifetime))
        yield from self._begin(lambda last: replace(row, generation=last.generation + 1))

    def sign_out(self) -> Steps[None]:
        """Hold nothing any more, and revoke what was held."""
        row = yield from self._begin(lambda row: Row(row.family, row.generation, gone="signed out"))
        tokens = [token for token in (row.refresh_token, row.access_token) if token is not None]
        self._unrevoked = tokens or self._unrevoked
        if self._unrevoked:
            token, *ended = self._unrevoked
            yield from self.revoke(token, None, self.server, *ended)
            self._unrevoked = []

    def _begin(self, successor: Callable[[Row], Row]) -> Steps[Row]:
        """Begin an era, whatever is stored; the row that was the last one."""
        while True:
            seen = yield from self._look(self.era.held)
            last = self.era.held.row if seen.version is None else seen.row
            with suppress(_MovedError):
                # Replaced whole: a renewal under way does not bring back what has ended.
                self.era = Era((yield from self._write(successor(last), self.now(), seen)))
                return last

    def close(self) -> Steps[None]:
        """Store what could not be stored.

        Raises:
            TokenStoreError: it still cannot be.
        """
        try:
            if not self.era.held.is_saved:
                self.era.held = yield from self._look(self.era.held)
        except Exception as error:
            raise TokenStoreError("a rotated refresh token could not be stored") from error

    def _current(self, era: Era, rejected: str | None) -> Steps[Held]:
        began = self.now()
        while True:
            seen = yield from self._look(era.held)
            now = self.now()
            # A service's token is as good as ever, if the store has lost it, or has another.
            if self.grant is REFRESH or seen.is_good(now, rejected):
                era.held = seen
            is_good = era.held.is_good(now, rejected)
            if is_good and now < era.held.look_at:
                return era.held
            if self.grant is REFRESH and seen.row.refresh_token is None:
                raise _required(seen.row.gone or "absent")

            wait, lag, left = self._question(seen, now)
            if wait <= 0:
                with suppress(_MovedError):
                    return (yield from self._renewed(seen, lag, left))
            elif is_good:
                return era.held.unlooked(now + min(wait, _LONGEST_PAUSE))
            elif not seen.row.is_claimed and now + wait > began + self.max_wait:
                raise not_sent(wait)
            if self.now() >= began + self.max_wait:
                raise TransportTimeoutError("a renewal elsewhere is too slow", request_sent=False)
            if wait > 0:
                yield min(wait, _pause(now - began) * self.flow.runtime.uniform(0.5, 1.0))

    def _question(self, seen: Held, now: float) -> tuple[float, float, float]:
        """What is open about a row.

        Returns the seconds to wait before anything can be done about it; how long its first
        unresolved claim has been there, at most; and how much of the grace is left for what is
        presented again: 0 if Okta has to be asked whether the refresh token is spent.
        """
        row, age = seen.row, seen.age
        # A claim in a store of its own is this process's, or was its parent's before a fork.
        if not row.is_claimed or not self.is_shared:
            return row.not_before - age, 0.0, math.inf
        lag = row.lag + now - seen.since
        if row.lag:
            # The lag was right when the row was made. A hung store or a stopped process may have
            # written the row much later, which only the wall clocks of two machines show. If these
            # differ, too large a lag only means that Okta is asked; one that is 3 seconds too small
            # is allowed for.
            lag = max(lag, row.lag + now - row.claimed_at)
        if age < self.lease or self.grant is not REFRESH:
            return self.lease - age, lag, math.inf
        # It can be sent in time, and there is time for it to arrive.
        if lag + 2 * SEND_WITHIN <= self.grace:
            return 0.0, lag, self.grace - lag
        # Within the grace a spent token is called active, too, and it may have been spent late.
        return self.lease + self.grace - age, lag, 0.0

    def _renewed(self, seen: Held, lag: float, left: float) -> Steps[Held]:
        """Claim what is stored, and present it."""
        operation = yield from self._operation(seen.row)
        at = self.now()
        row = replace(seen.row.aged(at - seen.since), is_claimed=True, not_before=0.0)
        row = replace(row, lag=lag + SEND_WITHIN if lag else 0.0, claimed_at=at)
        claim = yield from self._write(row, at, seen)
        if left <= 0:
            asked = operations.introspect(self.server, row.refresh_token or "", "refresh_token")
            if not (yield from self.flow.steps(asked)).active:
                raise (yield from self._ended(claim, "lost"))
        try:
            tokens = yield from self._presented(claim, operation, left)
        except Exception as error:
            count_renewal(error)
            if self.grant is REFRESH and isinstance(error, InvalidGrantError):
                raise (yield from self._ended(claim, "refused")) from error
            if self.grant is not REFRESH or (not row.lag and _is_unspent(error)):
                back = replace(row, is_claimed=False)
                if isinstance(error, RateLimitError):
                    back = replace(back, not_before=seconds_used_up(error) or BACKOFF)
                yield from self._write(back, at, claim)
            raise
        count_renewal()
        return (yield from self._stored(claim, tokens))

    def _operation(self, row: Row) -> Steps[Operation[Tokens]]:
        """What is to be sent."""
        if self.grant is REFRESH:
            return operations.refresh(self.server, row.refresh_token or "", None, self.scope)
        grant = (yield Ask(self.grant)) if callable(self.grant) else self.grant
        return Operation(operations.token(self.server, grant).request, read_tokens)

    def _ended(self, claim: Held, reason: SignInReason) -> Steps[SignInRequiredError]:
        """Erase the refresh token; the error that tells why."""
        row = replace(claim.row, refresh_token=None, is_claimed=False, gone=reason)
        yield from self._write(row, claim.since, claim)
        return _required(reason)

    def _presented(self, claim: Held, operation: Operation[Tokens], left: float) -> Steps[Tokens]:
        """One attempt, and others only while nothing has been sent."""
        request = operation.request
        request.repeatable = False
        request.check = partial(self._check_in_time, claim.since)
        # However late it is sent: its proof of who sends it ends with the claim, so that one that
        # is held up on its way is refused, and it arrives within the grace.
        request.lifetime = self.lease - SEND_WITHIN
        if 0 < left < self.flow.timeout + SEND_WITHIN:
            request.seconds = left - SEND_WITHIN
        return (yield from self.flow.steps(operation, retry=_RETRY))

    def _check_in_time(self, at: float) -> None:
        if self.now() - at > SEND_WITHIN:
            # It was stopped in between, or is slow.
            raise _MovedError

    def _stored(self, claim: Held, tokens: Tokens) -> Steps[Held]:
        """Store the new tokens before anybody sees them."""
        new = self._held(_successor(claim.row, tokens), _new_version(), claim.since)
        new = replace(new, look_at=claim.since, is_saved=False)
        while True:
            try:
                with suppress(_MovedError):
                    return (yield from self._write(new.row, new.since, claim, new.version))
                seen = yield from self._look(new)
                break
            except Exception as error:  # noqa: BLE001  # a store's own
                if self.now() - claim.since > self.lease:
                    _warn("unsaved: new tokens are held here alone (%s)", error, logging.ERROR)
                    return new
                # It may have been written, seen and lost again.
                new = replace(new, row=new.row.doubted())
                yield _pause(self.now() - claim.since)
        if seen.row.access_token == new.row.access_token:
            return seen
        if seen.row.gone == "signed out" and new.row.refresh_token is not None:
            try:
                yield from self.revoke(new.row.refresh_token, None, self.server)
            except OktaError as error:
                _warn("not revoked after sign-out (%s)", error)
        raise _MovedError

    def _look(self, held: Held) -> Steps[Held]:
        """What is stored, once the store has all that this process holds."""
        while True:
            seen = yield from self._load(held)
            if not held.row.outranks(seen.row):
                return seen
            _LOGGER.warning("the token store has not the newest tokens: it gets them")
            with suppress(_MovedError):
                # What came later may be lost, too, a claim or a newer row.
                return (yield from self._write(held.row.doubted(), held.since, seen))

    def _load(self, held: Held) -> Steps[Held]:
        asked = self.now()
        stored = yield Ask(self.store.load, self.key)
        if stored is None:
            return Held()
        since = asked - stored.age
        if held.version == stored.version:
            # By this clock it may be older than the store knows.
            since = min(since, held.since)
        return self._held(Row.decoded(stored.value), stored.version, since, stored.age)

    def _write(self, row: Row, since: float, seen: Held, version: str | None = None) -> Steps[Held]:
        """Store what was so at ``since``, in place of what was ``seen``."""
        now = self.now()
        held = self._held(row.aged(now - since), version or _new_version(), now)
        write = partial(self.store.replace, self.key, held.row.encoded())
        if not (yield Ask(partial(write, expected=seen.version, version=held.version))):
            raise _MovedError
        return held

    def _held(self, row: Row, version: str, since: float, age: float = 0.0) -> Held:
        if row.access_token is None:
            return Held(row, version, age, since)
        ends, at = math.inf, None
        if row.ends_in is not None:
            ends = since + row.ends_in
            at = instant(ends + self.flow.runtime.now() - self.now())
        tokens = HeldTokens(row.access_token, row.token_type, at, row.scopes, row.id_token)
        # Lifetimes that are too short for `early` and `leeway` give them shares of themselves. Each
        # process draws a moment of its own: fifty do not look at the store in one second.
        lifetime = math.inf if row.lifetime is None else row.lifetime
        early = min(self.early, lifetime / 5) * self.flow.runtime.uniform(0.8, 1.0)
        good_until = ends - min(self.leeway, lifetime / 10)
        return Held(row, version, age, since, good_until, min(ends - early, good_until), tokens)


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
    if isinstance(error, TransportError):
        return error.request_sent is False
    if isinstance(error, RateLimitError | ConfigurationError | _MovedError):
        return True
    return isinstance(error, APIError) and error.status < 500 and error.code not in _UNCLEAR


def _required(reason: SignInReason) -> SignInRequiredError:
    return SignInRequiredError(_MESSAGES[reason], reason=reason)


def _pause(seconds: float) -> float:
    """The time until the next try, where it has been so long since the first: 0.05 at least."""
    return min(max(0.05, seconds / 2), _LONGEST_PAUSE)


def _warn(text: str, error: Exception, level: int = logging.WARNING) -> None:
    """Log a failure by its kind: its text and its traceback may hold tokens."""
    _LOGGER.log(level, text, type(error).__name__)
