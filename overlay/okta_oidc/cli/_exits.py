"""What the exit code of the command says. ``docs/cli.md`` has the same table for people."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes: below 64 what became of the call, from there on what became of the command."""

    OK = 0
    NO = 1
    """The answer is no: the token is not active, or a check of ``doctor`` failed."""
    USAGE = 2
    """Options, environment or input are wrong (``ConfigurationError``); nothing was sent."""
    TRANSPORT = 3
    """``TransportError``."""
    TIMEOUT = 4
    """``TransportTimeoutError``."""
    MALFORMED = 5
    """``MalformedResponseError``."""
    REFUSED = 6
    """``APIError``, where none of its subclasses fits."""
    INVALID_CLIENT = 7
    """``InvalidClientError``."""
    INVALID_GRANT = 8
    """``InvalidGrantError``."""
    RATE_LIMIT = 9
    """``RateLimitError``."""
    SERVER = 10
    """``ServerError``."""
    NOT_INSTALLED = 69
    """The extra ``cli`` is not installed."""
    INTERNAL = 70
    """A fault of the command's own."""
    OUTPUT = 74
    """The output could not be written, to a full disk for example."""
    INTERRUPTED = 130
    """Ctrl-C."""
    BROKEN_PIPE = 141
    """Whoever read the output stopped reading."""


class InputError(Exception):
    """What was given cannot be used. Nothing was sent; the message quotes nothing of it."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class MissingSecretError(InputError):
    """No source has the secret."""
