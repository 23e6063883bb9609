"""The keys that a fake's authorization servers sign with."""

from __future__ import annotations

import hmac
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from secrets import token_bytes, token_urlsafe
from typing import TYPE_CHECKING, Any, Final, Protocol

from ._jose import is_available
from ._tokens import base64url

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from joserfc.jwk import RSAKey

# Okta shows two or three.
_MOST_PUBLISHED: Final = 3
_POOL_SIZE: Final = 4


class _SigningKey(Protocol):
    @property
    def kid(self) -> str: ...

    @property
    def public(self) -> Mapping[str, Any] | None: ...

    def sign(self, claims: Mapping[str, object], header: Mapping[str, str]) -> str: ...


class _Pool:
    """Pairs of RSA keys, made once a process: one takes as long as a hundred signatures.

    Fakes get them in turn, so that two in a row never have the same one, under a ``kid`` of
    their own.
    """

    def __init__(self) -> None:
        self._lock: Final = threading.Lock()
        self._turns: Final = count()
        self._made: Final[list[RSAPrivateKey]] = []

    def draw(self, but: list[RSAPrivateKey]) -> RSAPrivateKey:
        """The next one that is none of ``but``."""
        with self._lock:
            for _ in range(_POOL_SIZE):
                turn = next(self._turns) % _POOL_SIZE
                while len(self._made) <= turn:
                    self._made.append(_new_pair())
                if self._made[turn] not in but:
                    return self._made[turn]
        return _new_pair()


_POOL: Final = _Pool()


class KeyRing:
    """One authorization server's keys: the newest signs, the ones before it are still published.

    With joserfc they are RSA keys of 2048 bits (``RS256``). Without it a secret that stays inside
    the fake takes their place (``HS256``): tokens can be decoded then, never verified.
    """

    def __init__(self) -> None:
        self._keys: list[_SigningKey] = []

    def jwt(self, claims: Mapping[str, object], *, typ: str | None = None) -> str:
        """``claims`` as a signed JWT."""
        key = self._current()
        header = {"kid": key.kid, "alg": "HS256" if key.public is None else "RS256"}
        return key.sign(claims, header if typ is None else {**header, "typ": typ})

    def jwks(self) -> list[Mapping[str, Any]]:
        """The public keys, newest first."""
        self._current()
        return [key.public for key in self._keys if key.public is not None]

    def rotate(self, *, retire: bool) -> str:
        """Sign with a new key from now on; ``retire`` takes the others off what is published."""
        self._current()
        used = [key.native for key in self._keys if isinstance(key, _RSAPair)]
        kept = [] if retire else self._keys[: _MOST_PUBLISHED - 1]
        self._keys = [_new_key(used), *kept]
        return self._keys[0].kid

    def _current(self) -> _SigningKey:
        if not self._keys:
            self._keys.append(_new_key([]))
        return self._keys[0]


@dataclass(frozen=True, slots=True)
class _RSAPair:
    kid: str
    public: Mapping[str, Any]
    native: RSAPrivateKey = field(repr=False)
    key: RSAKey = field(repr=False)

    def sign(self, claims: Mapping[str, object], header: Mapping[str, str]) -> str:
        from joserfc import jws

        registry = jws.JWSRegistry(algorithms=["RS256"], strict_check_header=False)
        return jws.serialize_compact(dict(header), _json(claims), self.key, registry=registry)


@dataclass(frozen=True, slots=True)
class _Secret:
    kid: str
    secret: bytes = field(repr=False)

    @property
    def public(self) -> None:
        return None

    def sign(self, claims: Mapping[str, object], header: Mapping[str, str]) -> str:
        signed = f"{base64url(_json(header))}.{base64url(_json(claims))}"
        return f"{signed}.{base64url(hmac.digest(self.secret, signed.encode(), 'sha256'))}"


def _new_key(used: list[RSAPrivateKey]) -> _SigningKey:
    kid = token_urlsafe(32)
    if not is_available():
        return _Secret(kid, token_bytes(32))
    from joserfc.jwk import RSAKey

    native = _POOL.draw(used)
    numbers = RSAKey(native.public_key(), None).as_dict(private=False)
    public = {**numbers, "alg": "RS256", "kid": kid, "use": "sig"}
    # With the public members beside it, joserfc needs no copy of the private numbers.
    return _RSAPair(kid, public, native, RSAKey(native, public))


def _new_pair() -> RSAPrivateKey:
    from cryptography.hazmat.primitives.asymmetric import rsa

    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _json(members: Mapping[str, object]) -> bytes:
    return json.dumps(members, separators=(",", ":")).encode()
