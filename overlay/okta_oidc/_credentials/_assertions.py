"""Clients that prove who they are by a signed assertion (RFC 7523 §2.2)."""

from __future__ import annotations

import secrets
from types import NoneType
from typing import Any, Final
from urllib.parse import urlencode

from .._auth import ASSERTION_LIFETIME, ClientAuth, ClientSecret, SecretText, Unpicklable, joined
from .._config import check_kind, need_joserfc
from .._errors import ConfigurationError
from .._runtime import RUNTIME
from .._silence import silent
from ._private_keys import PrivateKey, SigningKey, private_key, shared_secret

_TYPE: Final = urlencode(
    {"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}
)
_JTI_BYTES: Final = 16
_HMAC_ALGS: Final = ("HS256", "HS384", "HS512")
_SHORTEST_SECRET: Final = 32  # bytes


class ClientSecretJwt(ClientSecret):
    """``client_secret_jwt``: an assertion under the client secret, which is never sent.

    Needs ``okta-oidc[jwt]``. Every HTTP request carries an assertion of its own, good for 300
    seconds at that URL alone.

    Args:
        alg: ``HS256``, ``HS384`` or ``HS512``, as the application is registered.

    Raises:
        ConfigurationError: a credential is empty, a placeholder or holds a control character; the
            secret is under 32 bytes; ``alg`` is another; joserfc is not installed.
    """

    method = "client_secret_jwt"

    @silent
    def __init__(
        self, client_id: str, client_secret: str | SecretText, *, alg: str = "HS256"
    ) -> None:
        need_joserfc(type(self).__name__)
        super().__init__(client_id, client_secret)
        if len(self._client_secret.encode()) < _SHORTEST_SECRET:
            raise ConfigurationError(
                f"client_secret is under {_SHORTEST_SECRET} bytes, too short to sign with"
            )
        if alg not in _HMAC_ALGS:
            raise ConfigurationError(f"alg must be {' or '.join(_HMAC_ALGS)}")
        self._assertions: Final = _Assertions(
            self.client_id, shared_secret(self._client_secret, alg), None
        )

    @silent
    def sign(
        self, form: bytes, url: str, lifetime: float = ASSERTION_LIFETIME
    ) -> tuple[str | None, bytes]:
        return None, joined(form, self._assertions.members(url, lifetime))


class PrivateKeyJwt(Unpicklable, ClientAuth):
    """``private_key_jwt``: an assertion under a private key, whose public half Okta knows.

    Needs ``okta-oidc[jwt]``. Every HTTP request carries an assertion of its own, good for 300
    seconds at that URL alone. The key is read once.

    Args:
        key: a PEM (PKCS#8, PKCS#1 or SEC 1, not encrypted), a JWK, or a private key object of
            ``cryptography``. A subclass of your own of its ``RSAPrivateKey`` or
            ``EllipticCurvePrivateKey`` keeps the key in a KMS or HSM: ``public_key()`` is called
            once, here, and ``sign()`` for each request, by an :class:`AsyncOktaOIDC` in a worker
            thread. What ``sign()`` raises reaches the caller as it is.
        kid: the key's id at Okta, needed where the application has several keys; the JWK's own
            unless given.
        alg: ``RS256`` (or ``RS384`` or ``RS512``) for RSA; each curve has its own: ``ES256``,
            ``ES384``, ``ES512``.

    Raises:
        ConfigurationError: the client id is empty, a placeholder or holds a control character; the
            key is none that Okta takes, or too short, or public, or encrypted; ``alg`` is not the
            key's; joserfc is not installed.
    """

    method = "private_key_jwt"

    @silent
    def __init__(
        self, client_id: str, key: PrivateKey, *, kid: str | None = None, alg: str | None = None
    ) -> None:
        need_joserfc(type(self).__name__)
        super().__init__(client_id)
        check_kind("kid", kid, str, NoneType)
        self._key: Final = private_key(key, alg)
        self._assertions: Final = _Assertions(self.client_id, self._key, kid or self._key.kid)

    @silent
    def sign(
        self, form: bytes, url: str, lifetime: float = ASSERTION_LIFETIME
    ) -> tuple[str | None, bytes]:
        return None, joined(form, self._assertions.members(url, lifetime))

    @property
    def secrets(self) -> tuple[str, ...]:
        return ()

    @property
    def signs_elsewhere(self) -> bool:
        return self._key.is_foreign


class _Assertions:
    """Makes assertions of one client, under one key."""

    __slots__ = ("_client_id", "_header", "_key")

    def __init__(self, client_id: str, key: SigningKey, kid: str | None) -> None:
        self._client_id: Final = client_id
        self._key: Final = key
        self._header: Final[dict[str, Any]] = {"alg": key.alg}
        if kid is not None:
            self._header["kid"] = kid

    def members(self, url: str, lifetime: float) -> bytes:
        """A fresh assertion for one request to ``url``, encoded as form members."""
        # Without iat and nbf: a clock that is a second ahead would have the client refused.
        claims = {
            "iss": self._client_id,
            "sub": self._client_id,
            "aud": url,
            "exp": int(RUNTIME.now() + lifetime),
            "jti": secrets.token_urlsafe(_JTI_BYTES),
        }
        return f"{_TYPE}&client_assertion={self._key.signed(self._header, claims)}".encode("ascii")
