"""The nonces that Okta asks proofs of possession for (RFC 9449 section 8)."""

from __future__ import annotations

from ._tokens import opaque

_DAY = 86_400


class Nonces:
    """A new one every day; each is taken for three."""

    def __init__(self) -> None:
        self._issued: list[tuple[str, float]] = []

    def current(self, now: float) -> str:
        """The one to hand out."""
        if not self._issued or now >= self._issued[-1][1] + _DAY:
            self._issued.append((opaque(16), now))
        return self._issued[-1][0]

    def is_taken(self, nonce: str, now: float) -> bool:
        """Whether a proof may still hold it."""
        return any(nonce == value and now < issued + 3 * _DAY for value, issued in self._issued)

    def renew(self) -> None:
        """Take none of those before any more."""
        self._issued.clear()
