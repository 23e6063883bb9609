"""Tokens bound to a key: proofs of possession (RFC 9449)."""

from __future__ import annotations

import re
import secrets
from base64 import urlsafe_b64encode
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from contextlib import suppress
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

import httpx

from .._auth import SecretText, Unpicklable, address_of, checked_token, rebuilt
from .._config import need_joserfc
from .._runtime import RUNTIME
from .._silence import silent
from .._steps import Ask, Course, async_auth_flow, auth_flow

if TYPE_CHECKING:
    from ._private_keys import PrivateKey
else:
    # Imported with the first key: most programs that import this module make no proof.
    PrivateKey = Any

# How often one request is sent again for the server's nonce.
_MOST_REPEATS: Final = 2

_NEEDS_NONCE: Final = "use_dpop_nonce"
_MOST_ORIGINS: Final = 100
_JTI_BYTES: Final = 16
# Patterns are compiled when first used.
# RFC 9449 §8.1, and no longer than a header is.
_NONCE: Final = r"[\x21\x23-\x5b\x5d-\x7e]{1,4096}"
_CHALLENGE: Final = r'(?i)\bDPoP\b.*\berror\s*=\s*"?use_dpop_nonce\b'


class Proof:
    """A proof for one request. ``jwt`` goes into its ``DPoP`` header; ``nonce`` is in it."""

    __slots__ = ("jwt", "nonce")

    def __init__(self, jwt: str, nonce: str | None) -> None:
        self.jwt: Final = jwt
        self.nonce: Final = nonce

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class DPoP(Unpicklable):
    """A key that tokens are bound to, and the proofs that it is held (RFC 9449).

    Needs ``okta-oidc[jwt]``. Share one per client, and keep it for as long as its tokens: no other
    key can use them, or refresh them. Safe under threads and tasks.

    Args:
        key: as of :class:`PrivateKeyJwt`; ``None`` makes a P-256 key.
        alg: ``RS256`` (or ``RS384`` or ``RS512``) for RSA; each curve has its own: ``ES256``,
            ``ES384``, ``ES512``.

    Raises:
        ConfigurationError: the key is none that Okta takes, or too short, or public, or encrypted;
            ``alg`` is not the key's; joserfc is not installed.
    """

    @silent
    def __init__(self, key: PrivateKey | None = None, *, alg: str | None = None) -> None:
        from ._private_keys import new_key, private_key

        need_joserfc(type(self).__name__)
        self._key: Final = new_key(alg) if key is None else private_key(key, alg)
        self._header: Final[dict[str, Any]] = {
            "typ": "dpop+jwt",
            "alg": self._key.alg,
            "jwk": self._key.public_jwk,
        }
        self.thumbprint: Final = self._key.thumbprint
        """The key's (RFC 7638, SHA-256): ``cnf.jkt`` of the tokens that are bound to it."""
        # By origin, the newest last. No lock: each change is one operation, and a forked child must
        # not wait for its parent's.
        self._nonces: Final[OrderedDict[str, str]] = OrderedDict()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(thumbprint={self.thumbprint!r})"

    @silent
    def auth(self, access_token: str | SecretText) -> httpx.Auth:
        """What calls an API with ``access_token``: the ``auth`` of any httpx client or request.

        Each request carries ``Authorization: DPoP`` and a proof. One that the API refuses for want
        of its nonce is sent again, its body whole.

        Raises:
            ConfigurationError: the token is empty, or holds what no token does.
        """
        return DPoPAuth(self, checked_token(access_token))

    @property
    def signs_elsewhere(self) -> bool:
        """Whether ``proof`` may block: the key is another service's, or a device's."""
        return self._key.is_foreign

    @silent
    def proof(self, method: str, url: str, *, access_token: str | None = None) -> Proof:
        """A fresh proof for one request, with the newest nonce of its server.

        Args:
            url: where the request goes; a query and a fragment are left out.
            access_token: the token that goes along to an API; none to the token endpoint.
        """
        return self.proof_with(method, url, None if access_token is None else hashed(access_token))

    @silent
    def proof_with(self, method: str, url: str, ath: str | None) -> Proof:
        """:meth:`proof` with the hash of the access token."""
        htu = url.partition("#")[0].partition("?")[0]
        nonce = self._nonces.get(origin_of(htu))
        claims: dict[str, object] = {
            "jti": secrets.token_urlsafe(_JTI_BYTES),
            "htm": method,
            "htu": htu,
            "iat": int(RUNTIME.now()),
        }
        if ath is not None:
            claims["ath"] = ath
        if nonce is not None:
            claims["nonce"] = nonce
        return Proof(self._key.signed(self._header, claims), nonce)

    def saw(self, url: str, headers: Mapping[str, str]) -> None:
        """Keep the nonce of a response, of any status, from ``url``."""
        nonce = _nonce_in(headers)
        if nonce is None:
            return
        origin, nonces = origin_of(url), self._nonces
        nonces[origin] = nonce
        with suppress(KeyError):  # another thread made room
            nonces.move_to_end(origin)
        if len(nonces) > _MOST_ORIGINS:
            for oldest in list(nonces)[: len(nonces) - _MOST_ORIGINS]:
                nonces.pop(oldest, None)

    def wants_again(
        self,
        status: int,
        code: str | None,
        headers: Mapping[str, str],
        proof: Proof,
        repeats: int,
    ) -> bool:
        """Whether the response asks for ``proof`` with another nonce than it held (§8, §9).

        Nothing has been processed then: a code is unspent.

        Args:
            code: the OAuth ``error`` of the body, or of the challenge.
            repeats: how often the request has been sent again for that already.
        """
        if repeats >= _MOST_REPEATS or status not in (400, 401) or code != _NEEDS_NONCE:
            return False
        return _nonce_in(headers) not in (None, proof.nonce)


class DPoPAuth(Unpicklable, httpx.Auth):
    """Made by :meth:`DPoP.auth`."""

    requires_request_body = True

    def __init__(self, dpop: DPoP, access_token: str) -> None:
        self._dpop: Final = dpop
        self._authorization: Final = f"DPoP {access_token}"
        self._ath: Final = hashed(access_token)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._dpop!r})"

    def sync_auth_flow(
        self, request: httpx.Request
    ) -> Generator[httpx.Request, httpx.Response, None]:
        """Prove each request, and repeat it for the API's nonce."""
        return auth_flow(self.course(request, request.read))

    def async_auth_flow(
        self, request: httpx.Request
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """:meth:`sync_auth_flow`; a key that is elsewhere signs in a worker thread."""
        return async_auth_flow(self.course(request, request.aread))

    def course(self, request: httpx.Request, read: Callable[[], object]) -> Course[httpx.Response]:
        """Send ``request`` with a proof, and with others for the API's nonce: the last answer.

        ``read`` makes its body bytes in memory, so that it can be sent again.
        """
        yield Ask(read)
        repeats = 0
        while True:
            asked = Ask(self._proved, request, blocking=self._dpop.signs_elsewhere)
            proved, proof = yield asked
            response: httpx.Response = yield proved
            if not self._repeats(response, proved, proof, repeats):
                return response
            repeats += 1

    def _proved(self, request: httpx.Request) -> tuple[httpx.Request, Proof]:
        proof = self._dpop.proof_with(request.method, address_of(request.url), self._ath)
        headers = {"Authorization": self._authorization, "DPoP": proof.jwt}
        return rebuilt(request, headers), proof

    def _repeats(
        self, response: httpx.Response, request: httpx.Request, proof: Proof, repeats: int
    ) -> bool:
        # A client that follows redirects may have been answered by somebody else.
        asked, answered = address_of(request.url), address_of(response.url)
        self._dpop.saw(answered, response.headers)
        challenge = response.headers.get("www-authenticate", "")
        code = _NEEDS_NONCE if re.search(_CHALLENGE, challenge) else None
        return (
            response.status_code == 401
            and origin_of(asked) == origin_of(answered)
            and self._dpop.wants_again(401, code, response.headers, proof, repeats)
        )


def hashed(access_token: str) -> str:
    """``ath`` of an access token (RFC 9449 §4.2)."""
    digest = sha256(access_token.encode("utf-8", "replace")).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def origin_of(url: str) -> str:
    return "/".join(url.split("/", 3)[:3])


def _nonce_in(headers: Mapping[str, str]) -> str | None:
    nonce = headers.get("dpop-nonce")
    return nonce if nonce is not None and re.fullmatch(_NONCE, nonce) else None
