"""Whether a JWT holds: its shape, its header, its signature, its claims. joserfc does the JOSE.

Everything is refused that is not known to be right (RFC 8725). The algorithm is RS256, the only one
that Okta signs with, and the key is the issuer's own: nothing in a token chooses either.
"""

from __future__ import annotations

import json
import math
from base64 import urlsafe_b64encode
from collections.abc import Callable, Collection
from datetime import datetime
from hashlib import sha256
from types import NoneType
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.util import urlsafe_b64decode

from .._config import AuthServerId, check_kind, checked_text
from .._errors import ConfigurationError, InvalidTokenError, InvalidTokenReason
from .._http import Members, instant, refuse_constant
from .._retry import checked_seconds
from .._steps import Steps
from ._claims import Claims
from ._issuers import refuse_org
from ._keys import Keys

if TYPE_CHECKING:
    from .._senders import AsyncSender, Sender

_Object: TypeAlias = dict[str, Any]

LARGEST: Final = 64 * 1024

_ID_TOKEN_TYPES: Final = frozenset({"jwt"})
_ACCESS_TOKEN_TYPES: Final = frozenset({"jwt", "at+jwt"})
_REGISTRY: Final = jws.JWSRegistry(algorithms=("RS256",), strict_check_header=False)
_RS256: Final = _REGISTRY.get_alg("RS256")
# An issuer has a header for each of its keys and kinds of tokens.
_MOST_HEADERS: Final = 64
# The reason for a claim that is not of its type, where it is not just ``claim``.
_REASONS: Final[dict[str, InvalidTokenReason]] = {
    "aud": "audience",
    "auth_time": "auth_time",
    "nonce": "nonce",
}


class Checks:
    """The checks of the tokens of ``server``.

    ``leeway`` is how many seconds Okta's clock and this one may differ.
    """

    def __init__(self, sender: Sender | AsyncSender, server: AuthServerId, leeway: float) -> None:
        self._flow: Final = sender.flow
        self._server: Final = server
        self._issuer: Final = sender.flow.server.issuer(server)
        self._leeway: Final = leeway
        self._keys: Final = Keys(sender, server)
        # The headers of tokens that held: key id and type.
        self._headers: Final[dict[bytes, tuple[str | None, str]]] = {}

    def ready(self) -> Steps[None]:
        """Fetch keys before a code is spent: without them its ID token could not be checked.

        Raises:
            InvalidTokenError: the issuer publishes none that tokens can be signed with.
            OktaError: they cannot be asked for.
        """
        yield from self._keys.key(None)
        if not self._keys.are_there:
            raise _refused("unknown_key", "its issuer publishes no key that can have signed it")

    def id_token(
        self,
        id_token: str,
        *,
        nonce: str | None,
        access_token: str | None = None,
        max_age: float | None = None,
    ) -> Steps[Claims]:
        """Check an ID token of this client's (OIDC Core §3.1.3.7, §3.3.2.11).

        Raises:
            InvalidTokenError: it does not hold.
            OktaError: its key is not known, and cannot be asked for.
        """
        check_kind("id_token", id_token, str)
        check_kind("nonce", nonce, str, NoneType)
        check_kind("access_token", access_token, str, NoneType)
        if max_age is not None:
            checked_seconds("max_age", max_age)
        if nonce == "":
            raise ConfigurationError("nonce is empty: None says that none was sent")
        client_id = self._flow.auth.client_id
        claims = yield from self._signed(id_token, _ID_TOKEN_TYPES)
        if "cid" in claims or "scp" in claims:
            raise _refused("claim", "it is an access token")
        checked = self._checked(claims, client_id)
        if checked.issued_at is None:
            raise _refused("claim", "it has no iat")
        party = claims.get("azp", None if len(checked.aud) > 1 else client_id)
        if party != client_id:
            raise _refused("authorized_party", "it was issued to another client")
        if nonce is None and "nonce" in claims:
            raise _refused("nonce", "it has a nonce, and none was sent")
        if checked.nonce != nonce:
            raise _refused("nonce", "its nonce is not the one that was sent")
        if access_token is not None and "at_hash" in claims:
            half = sha256(access_token.encode(errors="replace")).digest()[:16]
            if claims["at_hash"] != urlsafe_b64encode(half).rstrip(b"=").decode():
                raise _refused("hash", "it belongs to another access token")
        if max_age is not None:
            self._check_age(claims, max_age)
        return checked

    def access_token(
        self, token: str, audience: str, scopes: Collection[str] = ()
    ) -> Steps[Claims]:
        """Check an access token, as a bearer token, with all of ``scopes`` (RFC 9068 §4).

        Raises:
            InvalidTokenError: it does not hold.
            OktaError: its key is not known, and cannot be asked for.
        """
        check_kind("token", token, str)
        if isinstance(scopes, str):
            raise ConfigurationError("scopes must be a collection of strings, not one string")
        refuse_org(self._server)
        checked_text("audience", audience)
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

    def _signed(self, token: str, types: Collection[str]) -> Steps[_Object]:
        """What the issuer signed.

        A token that cannot be right is refused before its key is fetched, so it causes no request.
        """
        if len(token) > LARGEST:
            raise _refused("malformed", "it is larger than any token")
        try:
            message, _, tail = token.encode("ascii").rpartition(b".")
            head, body = message.split(b".")
            payload, signature = urlsafe_b64decode(body), urlsafe_b64decode(tail)
        except ValueError:
            if token.count(".") == 4:
                raise _refused("encrypted", "it is encrypted") from None
            raise _refused("malformed", "it is no compact JWS") from None
        found = self._headers.get(head)
        kid, kind = found or _checked_header(head)
        if kind not in types:
            raise _refused("claim", "it is another kind of token by its typ")
        key = yield from self._keys.key(kid)
        if key is None:
            raise _refused("unknown_key", "its issuer publishes no key that it names")
        if not _RS256.verify(message, signature, key):
            raise _refused("signature", "its issuer did not sign it")
        if found is None and len(self._headers) < _MOST_HEADERS:
            # Signed by the issuer, so nobody else decides what is kept.
            self._headers[head] = kid, kind
        return _json_object(payload)

    def _checked(self, claims: _Object, audience: str) -> Claims:
        """What both kinds of tokens have in common."""
        if claims.get("iss") != self._issuer:
            raise _refused("issuer", f"its issuer is {_shown(claims.get('iss'))}")
        audiences = _texts(claims, "aud")
        if audience not in audiences:
            raise _refused("audience", f"it is for {_shown(', '.join(audiences))}")
        now = self._flow.runtime.now()
        expires, issued, begins = (_number(claims, name) for name in ("exp", "iat", "nbf"))
        if expires is None:
            raise _refused("claim", "it has no exp")
        # Claims are compared, not added to: a sum could overflow a float.
        if now - self._leeway >= expires:
            raise _refused("expired", "its time is over")
        ahead = now + self._leeway
        if (issued is not None and issued > ahead) or (begins is not None and begins > ahead):
            raise _refused("not_yet_valid", "its time has not come")
        sub = _text(claims, "sub")
        if not sub:
            raise _refused("claim", "it has no sub")
        scope = (_text(claims, "scope") or "").split()
        return Claims(
            sub=sub,
            uid=_text(claims, "uid"),
            client_id=_text(claims, "cid") or _text(claims, "client_id"),
            iss=self._issuer,
            jti=_text(claims, "jti"),
            scopes=_texts(claims, "scp") if "scp" in claims else tuple(scope),
            aud=audiences,
            expires_at=instant(expires),
            issued_at=_instant(issued),
            not_before=_instant(begins),
            nonce=_text(claims, "nonce"),
            auth_time=_instant(_number(claims, "auth_time")),
            # A claim that an org may define as it likes is no reason to refuse a sign-in; ``raw``
            # has it.
            amr=_texts_in(claims.get("amr")),
            preferred_username=_text_in(claims.get("preferred_username")),
            email=_text_in(claims.get("email")),
            name=_text_in(claims.get("name")),
            groups=_texts_in(claims.get("groups")),
            raw=Members(claims),
        )

    def _check_age(self, claims: _Object, max_age: float) -> None:
        now, signed_in = self._flow.runtime.now(), _number(claims, "auth_time")
        if signed_in is None:
            raise _refused("auth_time", "it does not tell when its user signed in")
        if now - max_age - self._leeway > signed_in:
            raise _refused("auth_time", "its user signed in too long ago")
        if signed_in > now + self._leeway:
            raise _refused("auth_time", "its user has yet to sign in")


def _checked_header(head: bytes) -> tuple[str | None, str]:
    """The key id, and the type in lower case (RFC 7515 §4, RFC 8725 §3.11)."""
    try:
        header = _json_object(urlsafe_b64decode(head))
    except ValueError:
        raise _refused("malformed", "it is no compact JWS") from None
    if header.get("alg") != "RS256":
        raise _refused("algorithm", "it is not signed by RS256")
    if "crit" in header or header.get("b64") is False:
        raise _refused("malformed", "its header demands an extension")
    try:
        _REGISTRY.check_header(header)
    except (JoseError, ValueError, TypeError):
        raise _refused("malformed", "a member of its header is not of its type") from None
    kind: str = header.get("typ", "jwt")
    return header.get("kid"), kind.lower().removeprefix("application/")


def _json_object(text: bytes) -> _Object:
    try:
        value = _JSON.decode(text.decode())
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise _refused("malformed", "it holds no JSON object")
    return cast("_Object", value)


def _number(claims: _Object, name: str) -> float | None:
    value = claims.get(name)
    if type(value) is int or type(value) is float:
        return value
    if name in claims:
        raise _unlike(name, "a number")
    return None


def _text(claims: _Object, name: str) -> str | None:
    value = claims.get(name)
    if value is None or isinstance(value, str):
        return value
    raise _unlike(name, "a string")


def _texts(claims: _Object, name: str) -> tuple[str, ...]:
    value = claims.get(name)
    texts = _texts_in(value)
    if value is None or isinstance(value, str) or list(texts) == value:
        return texts
    raise _unlike(name, "a string or a list of strings")


def _text_in(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _texts_in(value: object) -> tuple[str, ...]:
    values = cast("list[object]", value) if isinstance(value, list) else [value]
    return tuple([item for item in values if isinstance(item, str)])


def _instant(seconds: float | None) -> datetime | None:
    return None if seconds is None else instant(seconds)


def _shown(value: object) -> str:
    # The issuer's own text, as the signature was checked. A nested value could be too long.
    return ascii(value)[:200] if isinstance(value, str) else f"a {type(value).__name__}"


def _unlike(name: str, kind: str) -> InvalidTokenError:
    return _refused(_REASONS.get(name, "claim"), f"its {name} is not {kind}")


def _refused(reason: InvalidTokenReason, why: str) -> InvalidTokenError:
    return InvalidTokenError(f"the token does not hold: {why}", reason=reason)


def _unique(pairs: list[tuple[str, Any]]) -> _Object:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name is there twice")
    return members


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("no number of JSON")
    return number


_decoder: Callable[..., json.JSONDecoder] = json.JSONDecoder
# The json module takes the last of two members of one name, NaN, and 1e999 for infinity.
_JSON: Final = _decoder(
    object_pairs_hook=_unique, parse_float=_finite, parse_constant=refuse_constant
)
