"""Whether a JWT holds: its shape, its header, its signature, its claims. joserfc does the JOSE.

Everything is refused that is not known to be right (RFC 8725). The algorithm is RS256, the only one
that Okta signs with, and the key is the issuer's own: nothing in a token chooses either.
"""

from __future__ import annotations

import json
import math
from base64 import urlsafe_b64encode
from collections.abc import Callable, Collection
from hashlib import sha256
from hmac import compare_digest
from typing import Any, Final, NoReturn, cast

from joserfc import jws
from joserfc.errors import JoseError, MissingAlgorithmError
from joserfc.jwk import RSAKey
from joserfc.util import urlsafe_b64decode

from .._errors import InvalidTokenError, InvalidTokenReason
from .._http import Members, instant
from .._runtime import Runtime
from .._steps import Ask, Steps
from ._claims import Claims
from ._key_cache import AsyncKeyCache, KeyCache

LARGEST: Final = 64 * 1024

_MALFORMED: Final = (JoseError, ValueError, TypeError, RecursionError)
_ID_TOKEN_TYPES: Final = frozenset({"jwt"})
_ACCESS_TOKEN_TYPES: Final = frozenset({"jwt", "at+jwt"})


class _Registry(jws.JWSRegistry):
    # A certificate chain in a header is ignored, as every name that is not known (RFC 7515 §4): it
    # is no reason to refuse.
    max_header_length = LARGEST


_REGISTRY: Final = _Registry(algorithms=("RS256",), strict_check_header=False)
_RS256: Final = _REGISTRY.get_alg("RS256")
# An issuer has a header for each of its keys and kinds of tokens.
_MOST_HEADERS: Final = 64


class Verification:
    """The checks of one issuer's tokens.

    ``issuer`` is the ``iss`` that they carry; ``leeway`` is how many seconds two clocks may differ.
    """

    def __init__(
        self,
        issuer: str,
        keys: KeyCache | AsyncKeyCache,
        leeway: float,
        runtime: Callable[[], Runtime],
    ) -> None:
        self.issuer: Final = issuer
        self._keys: Final = keys
        self._leeway: Final = leeway
        self._runtime: Final = runtime
        # The headers of tokens that held: key id and type.
        self._headers: Final[dict[str, tuple[str | None, str]]] = {}

    def ready(self) -> Steps[None]:
        """Have keys at hand: before a code is spent on a token that could not be checked then."""
        if self._keys.known(None) is None:
            yield Ask(self._keys.key, None)

    def id_token(
        self,
        token: str,
        client_id: str,
        *,
        nonce: str | None,
        access_token: str | None = None,
        max_age: float | None = None,
    ) -> Steps[Claims]:
        """Check an ID token (OIDC Core §3.1.3.7, §3.3.2.11).

        Raises:
            InvalidTokenError: it does not hold.
            OktaError: its key is not known, and cannot be asked for.
        """
        claims = yield from self._signed(token, _ID_TOKEN_TYPES)
        if "cid" in claims or "scp" in claims:
            raise _refused("claim", "it is an access token")
        checked = self._checked(claims, client_id)
        if checked.issued_at is None:
            raise _refused("claim", "it has no iat")
        party = claims.get("azp", None if len(checked.aud) > 1 else client_id)
        if party != client_id:
            raise _refused("authorized_party", "it was issued to another client")
        if nonce is None:
            if "nonce" in claims:
                raise _refused("nonce", "it has a nonce, and none was sent")
        elif not _is_same(claims.get("nonce"), nonce):
            raise _refused("nonce", "its nonce is not the one that was sent")
        if access_token is not None and "at_hash" in claims:
            half = sha256(access_token.encode(errors="replace")).digest()[:16]
            if not _is_same(claims["at_hash"], urlsafe_b64encode(half).rstrip(b"=").decode()):
                raise _refused("hash", "it belongs to another access token")
        if max_age is not None:
            self._check_age(_number(claims, "auth_time", "auth_time"), max_age)
        return checked

    def access_token(
        self, token: str, audience: str, scopes: Collection[str] = ()
    ) -> Steps[Claims]:
        """Check an access token, as a bearer token, with all of ``scopes`` (RFC 9068 §4).

        Raises:
            InvalidTokenError: it does not hold.
            OktaError: its key is not known, and cannot be asked for.
        """
        claims = yield from self._signed(token, _ACCESS_TOKEN_TYPES)
        if "nonce" in claims or "at_hash" in claims or "c_hash" in claims:
            raise _refused("claim", "it is an ID token")
        checked = self._checked(claims, audience)
        if checked.client_id is None:
            raise _refused("client", "it names no client: it may be an ID token")
        if "cnf" in claims:
            raise _refused("bound", "it is bound to a key, and came as a bearer token")
        for scope in scopes:
            if scope not in checked.scopes:
                raise _refused("scope", f"it was not granted {scope!a}")
        return checked

    def _signed(self, token: str, types: Collection[str]) -> Steps[dict[str, Any]]:
        header, _, _ = token.partition(".")
        found = self._headers.get(header)
        kid, kind = _checked_header(token) if found is None else found
        if kind not in types:
            raise _refused("claim", "it is another kind of token by its typ")
        key: RSAKey | None = self._keys.known(kid)
        if key is None:
            key = yield Ask(self._keys.key, kid)
        if key is None:
            raise _refused("unknown_key", "its issuer publishes no key that it names")
        payload = _verified(token, key)
        if found is None and len(self._headers) < _MOST_HEADERS:
            # Signed by the issuer, so nobody else decides what is kept.
            self._headers[header] = kid, kind
        return _json_object(payload)

    def _checked(self, claims: dict[str, Any], audience: str) -> Claims:
        """What both kinds of tokens have in common."""
        if claims.get("iss") != self.issuer:
            raise _refused("issuer", f"its issuer is {_shown(claims.get('iss'))}")
        aud = claims.get("aud")
        if aud == audience:
            audiences: tuple[str, ...] = (audience,)
        else:
            audiences = _texts(claims, "aud", "audience")
            if audience not in audiences:
                raise _refused("audience", f"it is for {_shown(', '.join(audiences))}")
        now = self._runtime().now()
        expires, issued = _number(claims, "exp"), _number(claims, "iat")
        begins, signed_in = _number(claims, "nbf"), _number(claims, "auth_time", "auth_time")
        if expires is None:
            raise _refused("claim", "it has no exp")
        # Sums of theirs could be more than a float holds; comparisons are exact.
        if now - self._leeway >= expires:
            raise _refused("expired", "its time is over")
        ahead = now + self._leeway
        if (issued is not None and issued > ahead) or (begins is not None and begins > ahead):
            raise _refused("not_yet_valid", "its time has not come")
        sub = _text(claims, "sub")
        if not sub:
            raise _refused("claim", "it has no sub")
        return Claims(
            sub=sub,
            uid=_text(claims, "uid"),
            client_id=_text(claims, "cid") or _text(claims, "client_id"),
            iss=self.issuer,
            jti=_text(claims, "jti"),
            scopes=_scopes(claims),
            aud=audiences,
            expires_at=instant(expires),
            issued_at=None if issued is None else instant(issued),
            not_before=None if begins is None else instant(begins),
            nonce=_text(claims, "nonce", "nonce"),
            auth_time=None if signed_in is None else instant(signed_in),
            amr=_names(claims, "amr"),
            preferred_username=_profile(claims, "preferred_username"),
            email=_profile(claims, "email"),
            name=_profile(claims, "name"),
            groups=_names(claims, "groups"),
            raw=Members(claims),
        )

    def _check_age(self, signed_in: float | None, max_age: float) -> None:
        now = self._runtime().now()
        if signed_in is None:
            raise _refused("auth_time", "it does not tell when its user signed in")
        if now - max_age - self._leeway > signed_in:
            raise _refused("auth_time", "its user signed in too long ago")
        if signed_in > now + self._leeway:
            raise _refused("auth_time", "its user has yet to sign in")


def _checked_header(token: str) -> tuple[str | None, str]:
    """The key id, and the type in lower case (RFC 7515 §4, RFC 8725 §3.11).

    No key has been asked for yet: what cannot be right costs nobody anything.
    """
    if len(token) > LARGEST:
        raise _refused("malformed", "it is larger than any token")
    if token.count(".") == 4:
        raise _refused("encrypted", "it is encrypted")
    try:
        jws.extract_compact(token.encode("ascii"), registry=_REGISTRY)
        # Again, as the json module would have taken the last of two members of one name.
        header = _json_object(urlsafe_b64decode(token.partition(".")[0].encode()))
    except MissingAlgorithmError:
        raise _refused("algorithm", "it names no algorithm") from None
    except _MALFORMED:
        raise _refused("malformed", "it is no compact JWS") from None
    if header.get("alg") != "RS256":
        raise _refused("algorithm", "it is not signed by RS256")
    if "crit" in header:
        raise _refused("malformed", "its header demands an extension (crit)")
    try:
        _REGISTRY.check_header(header)
    except _MALFORMED:
        raise _refused("malformed", "a member of its header is not of its type") from None
    kind: str = header.get("typ", "jwt")
    return header.get("kid"), kind.lower().removeprefix("application/")


def _verified(token: str, key: RSAKey) -> bytes:
    """The payload, if the signature is that of ``key``."""
    if len(token) > LARGEST or token.count(".") != 2:
        raise _refused("malformed", "it is no compact JWS")
    try:
        message, _, tail = token.encode("ascii").rpartition(b".")
        payload = urlsafe_b64decode(message.partition(b".")[2])
        signature = urlsafe_b64decode(tail)
    except ValueError:
        raise _refused("malformed", "it is no compact JWS") from None
    if not _RS256.verify(message, signature, key):
        raise _refused("signature", "its issuer did not sign it")
    return payload


def _json_object(text: bytes) -> dict[str, Any]:
    try:
        value = _JSON.decode(text.decode())
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise _refused("malformed", "it holds no JSON object")
    return cast("dict[str, Any]", value)


def _number(
    claims: dict[str, Any], name: str, reason: InvalidTokenReason = "claim"
) -> float | None:
    value = claims.get(name)
    if type(value) is int or type(value) is float:
        return value
    if name in claims:
        raise _refused(reason, f"its {name} is not a number")
    return None


def _text(claims: dict[str, Any], name: str, reason: InvalidTokenReason = "claim") -> str | None:
    value = claims.get(name)
    if value is None or isinstance(value, str):
        return value
    raise _refused(reason, f"its {name} is not a string")


def _texts(
    claims: dict[str, Any], name: str, reason: InvalidTokenReason = "claim"
) -> tuple[str, ...]:
    value = claims.get(name)
    if value is None:
        return ()
    values = cast("list[object]", value) if isinstance(value, list) else [value]
    texts = tuple(item for item in values if isinstance(item, str))
    if len(texts) != len(values):
        raise _refused(reason, f"its {name} is not a string or a list of strings")
    return texts


def _scopes(claims: dict[str, Any]) -> tuple[str, ...]:
    if "scp" in claims:
        return _texts(claims, "scp")
    return tuple((_text(claims, "scope") or "").split())


# A claim that an org may define as it likes is no reason to refuse a sign-in; ``raw`` has it.


def _profile(claims: dict[str, Any], name: str) -> str | None:
    value = claims.get(name)
    return value if isinstance(value, str) else None


def _names(claims: dict[str, Any], name: str) -> tuple[str, ...]:
    value = claims.get(name)
    values = cast("list[object]", value) if isinstance(value, list) else [value]
    return tuple(item for item in values if isinstance(item, str))


def _is_same(value: object, expected: str) -> bool:
    return isinstance(value, str) and compare_digest(
        value.encode(errors="replace"), expected.encode(errors="replace")
    )


def _shown(value: object) -> str:
    # Of the issuer's own making, as its signature was checked; a nested value could be endless.
    return ascii(value)[:200] if isinstance(value, str) else f"a {type(value).__name__}"


def _refused(reason: InvalidTokenReason, why: str) -> InvalidTokenError:
    return InvalidTokenError(f"the token does not hold: {why}", reason=reason)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name is there twice")
    return members


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("no number of JSON")
    return number


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


_decoder: Callable[..., json.JSONDecoder] = json.JSONDecoder
# The json module takes the last of two members of one name, NaN, and 1e999 for infinity.
_JSON: Final = _decoder(object_pairs_hook=_unique, parse_float=_finite, parse_constant=_no_constant)
