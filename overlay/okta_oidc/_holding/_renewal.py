"""The protocol by which tokens are renewed, by one of all who hold them. Pure: no I/O, no clock.

There is no lock. Whoever is to present a refresh token writes a *claim* into its row first, by
compare-and-set: "I am about to present this generation". That elects who sends, proves that the
store can be written before the only copy of a token is spent, and leaves a question behind, not a
free lock, if its author dies. The answer is the introspection of the refresh token.
"""

from __future__ import annotations

import logging
import secrets
from abc import ABC, abstractmethod
from dataclasses import replace
from functools import partial
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast

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
from .._http import Headers, HttpInfo
from .._steps import Ask, Steps
from ._rows import Era, Held, Moment, Row
from ._stores import Stored

if TYPE_CHECKING:
    from .._config import AuthServerId
    from .._results import Tokens
    from ._engine import Engine
    from ._stores import AsyncTokenStore, TokenStore

_LOGGER: Final = logging.getLogger("okta_oidc")

# Seconds that a claim holds beyond the time limit of one attempt.
LEASE_MARGIN = 5.0
# Nothing is sent later after a claim than this: the process was stopped in between.
SEND_WITHIN = 3.0
# The next try after an early renewal that failed.
BACKOFF = 5.0

_SHORTEST_PAUSE: Final = 0.05
_LONGEST_PAUSE: Final = 1.0
# Between sendings of what never left this machine.
_PAUSES: Final = (0.2, 0.8)
_MESSAGES: Final[dict[SignInReason, str]] = {
    "absent": "no tokens are held that could be renewed: the user has to sign in",
    "refused": "Okta refused the refresh token: the user has to sign in again",
    "lost": "the refresh token is spent, and its successor was lost with the process that fetched "
    "it: the user has to sign in again",
    "signed out": "the user has signed out",
}


class Renewal(ABC):
    """One key of one store, and the client that renews what is held there.

    The functions of ``store`` are called by whoever drives, and awaited where they are to be.
    """

    rotates: ClassVar[bool]
    """Whether what is presented is spent by it, and its reuse detected."""

    def __init__(
        self,
        engine: Engine,
        store: TokenStore | AsyncTokenStore,
        key: str,
        server: AuthServerId,
        early: float,
        leeway: float,
        max_wait: float = 20.0,
        grace: float = 0.0,
    ) -> None:
        self.engine: Final = engine
        self.server: Final = server
        self._store: Final[Any] = store
        self._key: Final = key
        self._early: Final = early
        self._leeway: Final = leeway
        self._max_wait: Final = max_wait
        self._grace: Final = grace
        self.is_presenting = False

    @abstractmethod
    def prepared(self) -> Steps[Any]:
        """What :meth:`sent` needs that may take its time."""

    @abstractmethod
    def sent(self, row: Row, prepared: Any, lifetime: float) -> Steps[Tokens]:
        """One attempt, whose proof of the client's identity lives ``lifetime`` seconds."""

    @property
    def lease(self) -> float:
        """Seconds that a claim holds: longer than whoever made it can be at it."""
        return self.engine.timeout + LEASE_MARGIN

    def now(self) -> Moment:
        """The present moment."""
        runtime = self.engine.runtime
        return Moment(runtime.monotonic(), runtime.now())

    def current(self, held: Held | None, rejected: str | None) -> Steps[Held]:
        """Good tokens: those of the store, or new ones.

        Args:
            held: what this process knows.
            rejected: the access token that an API refused.

        Raises:
            SignInRequiredError: there are none, and none can be had.
            Exception: they could not be renewed, and the old ones are good no more.
        """
        known = Era(held)
        try:
            return (yield from self._current(known, rejected))
        except Exception as error:
            old, now = known.held, self.now()
            if old is None or not old.is_good(now, rejected):
                raise
            _LOGGER.warning(
                "tokens could not be renewed (%s): the old ones are used on", type(error).__name__
            )
            return old.unlooked(now.plus(BACKOFF)) if old.is_saved else old

    def _current(self, known: Era, rejected: str | None) -> Steps[Held]:
        held = known.held
        settled: str | None = None
        pause = _SHORTEST_PAUSE
        deadline = self.now().monotonic + self._max_wait
        while True:
            asked, stored, seen = yield from self._look(held)
            now = self.now()
            known.held = old = seen if seen is not None or self.rotates else held
            is_good = old is not None and old.is_good(now, rejected)
            if seen is None and self.rotates:
                raise _required("absent")
            if seen is not None and is_good and not seen.look_at.has_come(now):
                return seen
            row = Row("", 0) if seen is None else seen.row
            if row.gone is not None or (self.rotates and row.refresh_token is None):
                raise _required(row.gone or "absent")

            version, age = (None, 0.0) if stored is None else (stored.version, stored.age)
            passed = age + now.monotonic - asked.monotonic
            wait, lag, is_open = self._question(row, age, passed, version == settled)
            if wait > 0:
                if old is not None and is_good:
                    return old.unlooked(now.plus(min(wait, _LONGEST_PAUSE)))
                left = deadline - now.monotonic
                if left <= 0 or (not row.is_claimed and wait > left):
                    raise _late(row, wait)
                if row.is_claimed:
                    wait = min(wait, left, pause * self.engine.runtime.uniform(0.5, 1.0))
                    pause = min(2 * pause, _LONGEST_PAUSE)
                yield wait
                continue

            prepared = yield from self.prepared()
            now = self.now()
            claim = row if seen is None else row.aged(now.since(seen.since))
            claim = replace(claim, is_claimed=True, lag=lag, not_before=0.0)
            mine = _new_version()
            self.is_presenting = True
            try:
                if not (yield from self._claimed(claim, version, mine)):
                    continue
                if is_open:
                    settled = yield from self._settled(claim, mine)
                    continue
                passed = self.now().monotonic - now.monotonic
                if passed <= SEND_WITHIN:
                    renewed = yield from self._renewed(claim, mine, prepared, now)
                    if renewed is not None:
                        return renewed
                    continue
                # This process was stopped, or the store is slow: others may be at it.
                settled = None if lag else mine
            finally:
                self.is_presenting = False
            if self.now().monotonic > deadline:
                raise _late(claim, 0.0)

    def _question(
        self, row: Row, age: float, passed: float, is_settled: bool
    ) -> tuple[float, float, bool]:
        """What is open about ``row``, which is ``age`` old, or a little older.

        Returns the seconds to wait before anything can be done about it; how old its first
        unresolved claim is, at most; and whether Okta has to be asked if it was spent.
        """
        if not row.is_claimed or is_settled:
            return row.not_before - age, 0.0, False
        lag = row.lag + passed
        if age < self.lease:
            return self.lease - age, lag, False
        # Presented again, it arrives within the grace even if it takes all the time there is.
        if not self.rotates or lag + self.engine.timeout <= self._grace:
            return 0.0, lag, False
        # Within the grace a spent token is called active, too. It may have been spent late.
        return self.lease + self._grace - age, lag, True

    def _look(self, held: Held | None) -> Steps[tuple[Moment, Stored | None, Held | None]]:
        """What is stored; what this process holds, if the store has lost that."""
        while True:
            asked = self.now()
            stored = yield from self._load()
            seen = None if stored is None else self._seen(asked, stored, held)
            if held is None or not _outranks(held.row, None if seen is None else seen.row):
                return asked, stored, seen
            version = _new_version() if held.is_saved else held.version
            row = held.row.aged(self.now().since(held.since))
            if (yield from self._write(row, None if stored is None else stored.version, version)):
                _LOGGER.warning("the store had lost the newest tokens: they are back in it")
                return asked, Stored(b"", version, 0.0), self._held(held.row, version, held.since)

    def _load(self) -> Steps[Stored | None]:
        stored: Stored | None = yield Ask(self._store.load, self._key)
        if isawaitable(stored):
            cast("Any", stored).close()
            raise ConfigurationError("an asynchronous store is for AsyncOktaOIDC")
        return stored

    def _write(self, row: Row, expected: str | None, version: str) -> Steps[bool]:
        replacing = partial(
            self._store.replace, self._key, row.encoded(), expected=expected, version=version
        )
        is_written: bool = yield Ask(replacing)
        return is_written

    def _claimed(self, claim: Row, expected: str | None, version: str) -> Steps[bool]:
        try:
            return (yield from self._write(claim, expected, version))
        except Exception:  # noqa: BLE001  # a store's own
            # It may have been written: then the same again says so.
            yield _SHORTEST_PAUSE
            return (yield from self._write(claim, expected, version))

    def _settled(self, claim: Row, version: str) -> Steps[str | None]:
        """Ask whether what is claimed was spent: ``version``, if nothing is open any more."""
        assert claim.refresh_token is not None
        info = yield from self.engine.introspect(self.server, claim.refresh_token)
        if info.active:
            return version
        yield from self._write(claim.ended("lost"), version, _new_version())
        return None

    def _renewed(
        self, claim: Row, version: str, prepared: object, claimed_at: Moment
    ) -> Steps[Held | None]:
        """Present what ``claim`` claims; ``None`` if the row has moved meanwhile."""
        try:
            sent_at, tokens = yield from self._presented(claim, prepared, claimed_at)
        except Exception as error:
            if self.rotates and isinstance(error, InvalidGrantError):
                if (yield from self._wrote(claim.ended("refused"), version)):
                    raise _required("refused") from error
                return None
            if not self.rotates or (not claim.lag and _is_unspent(error)):
                back = replace(claim.aged(self.now().since(claimed_at)), is_claimed=False, lag=0.0)
                if isinstance(error, RateLimitError):
                    back = replace(back, not_before=error.retry_after or BACKOFF)
                yield from self._wrote(back, version)
            raise
        return (yield from self._committed(claim, version, sent_at, tokens, claimed_at))

    def _presented(
        self, claim: Row, prepared: object, claimed_at: Moment
    ) -> Steps[tuple[Moment, Tokens]]:
        for pause in (*_PAUSES, None):
            now = self.now()
            passed = now.monotonic - claimed_at.monotonic
            try:
                return now, (yield from self.sent(claim, prepared, self.lease - passed))
            except TransportError as error:
                # What never left this machine was not presented.
                if error.request_sent is None or pause is None or passed + pause > SEND_WITHIN:
                    raise
            yield pause
        raise AssertionError  # the last one returns or raises

    def _committed(
        self, claim: Row, expected: str | None, sent_at: Moment, tokens: Tokens, claimed_at: Moment
    ) -> Steps[Held | None]:
        """Store the new tokens before anybody sees them; ``None`` if others have moved the row."""
        row, version = _successor(claim, tokens), _new_version()
        pause = _SHORTEST_PAUSE
        while True:
            try:
                if (yield from self._write(row.aged(self.now().since(sent_at)), expected, version)):
                    return self._held(row, version, sent_at)
                stored = yield from self._load()
                other = None if stored is None else Row.decoded(stored.value)
            except Exception as error:  # noqa: BLE001  # a store's own
                if self.now().monotonic - claimed_at.monotonic > self.lease:
                    _LOGGER.error(  # noqa: TRY400  # its traceback may hold the row
                        "unsaved: the store failed (%s), and new tokens are in this process alone",
                        type(error).__name__,
                    )
                    held = self._held(row, version, sent_at)
                    return replace(held, look_at=sent_at, is_saved=False)
                yield pause
                pause = min(2 * pause, _LONGEST_PAUSE)
                continue
            if not _outranks(row, other):
                if other is not None and other.gone == "signed out":
                    yield from self._withdrawn(row)
                return None
            expected = None if stored is None else stored.version

    def _wrote(self, row: Row, expected: str) -> Steps[bool]:
        """Whether the row is still as it was: written, or kept from it by the store's failure."""
        try:
            return (yield from self._write(row, expected, _new_version()))
        except Exception as error:  # noqa: BLE001  # a store's own; what happened before counts
            _LOGGER.warning("a token store failed (%s)", type(error).__name__)
            return True

    def _withdrawn(self, row: Row) -> Steps[None]:
        if row.refresh_token is None:
            return
        try:
            yield from self.engine.revoke(self.server, row.refresh_token)
        except OktaError as error:
            _LOGGER.warning(
                "tokens that came after the sign-out could not be revoked (%s)",
                type(error).__name__,
            )

    def _seen(self, asked: Moment, stored: Stored, held: Held | None) -> Held:
        since = asked.plus(-stored.age)
        if held is not None and held.version == stored.version:
            since = since.earliest(held.since)
        return self._held(Row.decoded(stored.value), stored.version, since)

    def _held(self, row: Row, version: str, since: Moment) -> Held:
        share = self.engine.runtime.uniform(0.8, 1.0)
        return Held.of(row, version, since, early=self._early, share=share, leeway=self._leeway)


class GrantRenewal(Renewal):
    """By a grant that rotates nothing: presented again, it does no harm."""

    rotates = False

    def __init__(
        self,
        engine: Engine,
        store: TokenStore | AsyncTokenStore,
        key: str,
        server: AuthServerId,
        early: float,
        leeway: float,
        grant: object,
    ) -> None:
        super().__init__(engine, store, key, server, early, leeway)
        self._grant: Final = grant

    def prepared(self) -> Steps[Any]:
        return (yield Ask(self._grant)) if callable(self._grant) else self._grant

    def sent(self, row: Row, prepared: Any, lifetime: float) -> Steps[Tokens]:
        return self.engine.grant(self.server, prepared, lifetime)


class RefreshRenewal(Renewal):
    """By a refresh token."""

    rotates = True

    def __init__(
        self,
        engine: Engine,
        store: TokenStore | AsyncTokenStore,
        key: str,
        server: AuthServerId,
        early: float,
        leeway: float,
        max_wait: float,
        grace: float,
        scope: str | None,
    ) -> None:
        super().__init__(engine, store, key, server, early, leeway, max_wait, grace)
        self._scope: Final = scope

    def prepared(self) -> Steps[Any]:
        return
        yield

    def sent(self, row: Row, prepared: Any, lifetime: float) -> Steps[Tokens]:
        assert row.refresh_token is not None
        return self.engine.refresh(self.server, row.refresh_token, self._scope, lifetime)

    def flush(self, held: Held) -> Steps[None]:
        """Store what could not be stored.

        Raises:
            TokenStoreError: it still cannot be.
        """
        try:
            yield from self._look(held)
        except Exception as error:
            raise TokenStoreError("a rotated refresh token could not be stored") from error

    def save(self, tokens: Tokens) -> Steps[Held]:
        """Hold the tokens of a new sign-in, whatever was held."""
        now = self.now()
        lifetime = tokens.expires_in
        ends_in = None if tokens.expires_at is None else tokens.expires_at.timestamp() - now.wall
        while True:
            stored = yield from self._load()
            old = None if stored is None else Row.decoded(stored.value)
            row = _successor(Row(_new_version(), 0 if old is None else old.generation), tokens)
            if ends_in is not None and lifetime is not None:
                row = replace(row, ends_in=min(ends_in, lifetime))
            version, expected = _new_version(), None if stored is None else stored.version
            if (yield from self._write(row, expected, version)):
                return self._held(row, version, now)

    def sign_out(self, held: Held | None) -> Steps[str | None]:
        """Hold nothing any more; the token whose revocation at Okta ends all the others."""
        while True:
            stored = yield from self._load()
            known = None if held is None else held.row
            row = known if stored is None else Row.decoded(stored.value)
            expected = None if stored is None else stored.version
            gone = Row("", 0, gone="signed out") if row is None else row.ended("signed out")
            gone = replace(gone, access_token=None, id_token=None, scopes=())
            if (yield from self._write(gone, expected, _new_version())):
                return None if row is None else row.refresh_token or row.access_token

    def revoked(self, token: str) -> Steps[None]:
        """End at Okta what :meth:`sign_out` returned."""
        return self.engine.revoke(self.server, token)


def _new_version() -> str:
    return secrets.token_urlsafe(12)


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


def _outranks(mine: Row, stored: Row | None) -> bool:
    """Whether the store has lost ``mine``: it holds nothing, or an earlier generation."""
    if mine.gone is not None or mine.refresh_token is None:
        return False
    if stored is None:
        return True
    return (
        stored.family == mine.family
        and stored.generation < mine.generation
        and stored.gone in (None, "lost")
    )


def _is_unspent(error: Exception) -> bool:
    """Whether what was presented is as good as before."""
    if isinstance(error, APIError):
        # By name: a page of a gateway says nothing about what is behind it.
        return isinstance(error, RateLimitError) or (
            not isinstance(error, ServerError) and error.code not in _UNCLEAR
        )
    return isinstance(error, ConfigurationError) or (
        isinstance(error, TransportError) and error.request_sent is False
    )


_UNCLEAR: Final = (None, "server_error", "temporarily_unavailable")


def _required(reason: SignInReason) -> SignInRequiredError:
    return SignInRequiredError(_MESSAGES[reason], reason=reason)


def _late(row: Row, wait: float) -> TransportTimeoutError | RateLimitError:
    if row.is_claimed:
        return TransportTimeoutError(
            "the tokens are being renewed elsewhere, and that takes too long", request_sent=False
        )
    error = RateLimitError(
        "not sent: the rate limit of the token endpoint is used up", http=HttpInfo(429, Headers())
    )
    error.retry_after = wait
    return error
