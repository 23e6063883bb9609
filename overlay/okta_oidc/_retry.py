"""What may be sent again, and when."""

from __future__ import annotations

import math
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from ._errors import APIError, ConfigurationError, RateLimitError, TransportError

# A gateway could not reach the server, or not in time. Okta's read-only mode is a 503, too.
_GATEWAY: Final = frozenset({502, 503, 504})

_FIRST_PAUSE: Final = 0.25
_LONGEST_PAUSE: Final = 2.0
# X-Rate-Limit-Reset and Date are whole seconds, each rounded down.
_RESET_MARGIN: Final = 1.0
_WINDOW: Final = 60.0
# Seconds. A limit or a reset beyond it is a mistake, milliseconds for example.
DAY: Final = 86_400.0

Failure: TypeAlias = TransportError | APIError
Uniform: TypeAlias = Callable[[float, float], float]


def is_number(value: object) -> bool:
    """Whether ``value`` is a finite number, and no ``bool``."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # an int that no float can hold
        return False


def checked_seconds(name: str, value: float, most: float = math.inf, *, zero: bool = True) -> float:
    """``value`` as a ``float``. ``zero`` says whether it may be 0.

    Raises:
        ConfigurationError: it is no number of seconds from 0 to ``most``.
    """
    if not is_number(value) or not 0 <= value <= most or not (value or zero):
        least = "0 or more" if zero else "above 0"
        limits = least if most == math.inf else f"{least}, at most {most:g}"
        raise ConfigurationError(f"{name} must be a number of seconds, {limits}")
    return float(value)


@dataclass(frozen=True)
class Retry:
    """How often, and for how long, a call may go on trying.

    ``attempts`` is how many times a request is sent at most, the first included; ``max_wait`` how
    many seconds one call may spend waiting between attempts, in all. A wait that would exceed it
    is not begun: the error is raised at once. What may be sent again is not a setting; it is the
    table in :func:`is_harmless`.

    Raises:
        ConfigurationError: ``attempts`` is below 1, or ``max_wait`` below 0, or one is no number.
    """

    attempts: int = 3
    max_wait: float = 30.0

    def __post_init__(self) -> None:
        if not is_number(self.attempts) or self.attempts != int(self.attempts) or self.attempts < 1:
            raise ConfigurationError("attempts must be a whole number of at least 1")
        checked_seconds("max_wait", self.max_wait)


NEVER: Final = Retry(attempts=1, max_wait=0.0)


def is_harmless(failure: Failure, *, idempotent: bool) -> bool:
    """Whether the request that met ``failure`` may be sent again without doing harm.

    =============================================  ===========  ==================================
    failure                                        idempotent   any other call (a code, a refresh
                                                   call         token, a password, an assertion)
    =============================================  ===========  ==================================
    never sent: connect, TLS handshake, pool       yes          yes
    429                                            yes          yes: refused before processing
    502, 503, 504, ``temporarily_unavailable``     yes          no: may have been processed
    connection broken or timed out after sending   yes          no: may have been processed
    anything else                                  no           no
    =============================================  ===========  ==================================

    Idempotent are introspection, revocation and the client_credentials grant.
    """
    if isinstance(failure, TransportError):
        if failure.request_sent is None:
            return idempotent
        return not _is_certificate_refused(failure)
    if isinstance(failure, RateLimitError):
        return True
    return idempotent and (failure.status in _GATEWAY or failure.code == "temporarily_unavailable")


def pause(failure: Failure, attempt: int, uniform: Uniform, *, idempotent: bool) -> float | None:
    """Seconds to wait before attempt ``attempt`` + 1; ``None`` where it must not be, or is unknown.

    A 429 is waited out by the server's clock. Without a ``Date`` and a reset there is nothing to
    go by, and a guess would spend the attempts on a limit that has not been lifted.
    """
    if not is_harmless(failure, idempotent=idempotent):
        return None
    doubled = _FIRST_PAUSE * 2.0 ** min(attempt, 16)
    backoff = uniform(0.5, 1.0) * min(_LONGEST_PAUSE, doubled)
    if not isinstance(failure, RateLimitError):
        return backoff
    # A reset further off is no wait but a mistake, in milliseconds for example.
    if failure.retry_after is None or failure.retry_after > DAY:
        return None
    until_reset = failure.retry_after + _RESET_MARGIN
    if _is_concurrency(failure):
        return min(until_reset, _RESET_MARGIN + backoff)
    return until_reset + spread(uniform)


def seconds_used_up(failure: RateLimitError) -> float | None:
    """For how long every further request of the same kind would be refused; ``None`` if unknown."""
    if failure.retry_after is None or _is_concurrency(failure) or failure.code == "invalid_grant":
        return None
    # Okta counts per minute. A later reset is a mistake, and must not block the process for long.
    return min(failure.retry_after, _WINDOW) + _RESET_MARGIN


def spread(uniform: Uniform) -> float:
    """Up to 0.5 s, random, so that callers waiting for one reset do not all send at once."""
    return uniform(0.0, 0.5)


def _is_concurrency(failure: RateLimitError) -> bool:
    # Too many requests at once, not too many a minute: a slot frees long before the reset, which
    # is a mere estimate then.
    limit = failure.http.rate_limit
    return limit is not None and limit.limit == 0


def _is_certificate_refused(failure: TransportError) -> bool:
    # The same certificate would be refused again. The TLS library's error is under httpx's.
    cause: BaseException | None = failure
    while cause is not None and not isinstance(cause, ssl.SSLCertVerificationError):
        cause = cause.__cause__ or cause.__context__
    return cause is not None
