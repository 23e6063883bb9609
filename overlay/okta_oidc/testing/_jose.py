"""Signatures of others, checked by joserfc: assertions and proofs of possession.

joserfc comes with the extra ``okta-oidc[jwt]`` and is loaded when it is needed first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    from joserfc.jwk import ECKey, OctKey, RSAKey

RSA_AND_EC: Final = ("RS256", "RS384", "RS512", "ES256", "ES384", "ES512")
HMACS: Final = ("HS256", "HS384", "HS512")

_LONGEST_HEADER: Final = 8192

# What has them is no public key.
_PRIVATE_MEMBERS: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


class NotSoundError(Exception):
    """A JWT or key that cannot be read, or whose signature does not fit."""


@dataclass(frozen=True, slots=True)
class Read:
    """A JWT as it claims to be; nothing has been checked."""

    header: Mapping[str, Any] = field(repr=False)
    claims: Mapping[str, Any] = field(repr=False)

    def text(self, claim: str) -> str | None:
        """The claim, if it is text and not empty."""
        value = self.claims.get(claim)
        return value if isinstance(value, str) and value else None

    def seconds(self, claim: str) -> int | None:
        """The claim, if it is a whole number."""
        value = self.claims.get(claim)
        return value if isinstance(value, int) and not isinstance(value, bool) else None


@dataclass(frozen=True, slots=True)
class ClientKey:
    """A key that a client proves itself by; ``kid`` is ``None`` if it has no name."""

    kid: str | None
    key: RSAKey | ECKey = field(repr=False)

    def fits(self, alg: str) -> bool:
        """Whether signatures of ``alg`` can be this key's."""
        return alg.startswith("RS" if self.key.key_type == "RSA" else "ES")


def is_available() -> bool:
    """Whether joserfc is installed."""
    return find_spec("joserfc") is not None


def require(feature: str) -> None:
    """``ConfigurationError`` that says what to install for ``feature``."""
    if not is_available():
        from okta_oidc import ConfigurationError

        raise ConfigurationError(f"{feature} needs joserfc: install okta-oidc[jwt]")


def read(token: str) -> Read | None:
    """The JWT's header and claims, unchecked; ``None`` if it is none."""
    if not is_available():
        return None
    import json

    from joserfc import jws
    from joserfc.errors import JoseError

    try:
        parts = jws.extract_compact(token.encode(), registry=_registry(RSA_AND_EC + HMACS))
        claims: object = json.loads(parts.payload)
    except (JoseError, ValueError, RecursionError):
        return None
    if not isinstance(claims, dict):
        return None
    return Read(parts.headers(), cast("dict[str, Any]", claims))


def verify(token: str, key: RSAKey | ECKey | OctKey, algorithms: Sequence[str]) -> None:
    """:class:`NotSoundError` unless ``key`` made the signature, by one of ``algorithms``."""
    from joserfc import jws
    from joserfc.errors import JoseError

    registry = _registry(algorithms)
    try:
        parts = jws.extract_compact(token.encode(), registry=registry)
        sound = jws.validate_compact(parts, key, registry=registry)
    except (JoseError, ValueError) as error:
        raise NotSoundError("the signature cannot be checked") from error
    if not sound:
        raise NotSoundError("the signature is not the key's")


def secret_key(secret: str) -> OctKey:
    """A client secret as a key."""
    from joserfc.jwk import OctKey

    return OctKey.import_key(secret)


def proof_key(jwk: object) -> RSAKey | ECKey:
    """The public key that a proof carries; :class:`NotSoundError` if it is none."""
    if not isinstance(jwk, Mapping) or _PRIVATE_MEMBERS & set(cast("Mapping[str, Any]", jwk)):
        raise NotSoundError("no public key")
    return _from_jwk(cast("Mapping[str, Any]", jwk))


def thumbprint(key: RSAKey | ECKey) -> str:
    """RFC 7638, SHA-256: what ``cnf.jkt`` says."""
    return key.thumbprint()


def client_keys(keys: object) -> tuple[ClientKey, ...]:
    """Public halves of what is given: PEM, JWK, JWKS, a key object, or several of those.

    ``ValueError`` for anything else.
    """
    found = tuple(
        ClientKey(kid if isinstance(kid, str) else None, _public(key))
        for key, kid in ((key, key.get("kid")) for key in _all_keys(keys))
    )
    if not found:
        raise ValueError("there is no key among the client's keys")
    return found


def is_private(key: object) -> bool:
    """Whether a client can sign with it: one private key in any of those forms."""
    if isinstance(key, Mapping):
        return "d" in key
    if isinstance(key, (str, bytes)):
        return "PRIVATE KEY" in (key if isinstance(key, str) else key.decode("ascii", "replace"))
    return hasattr(key, "private_numbers") or bool(getattr(key, "is_private", False))


def new_client_key() -> dict[str, Any]:
    """A private P-256 key as a JWK with a ``kid``."""
    from joserfc.jwk import ECKey

    key = ECKey.generate_key("P-256")
    return {**key.as_dict(private=True), "kid": key.thumbprint()}


def _all_keys(keys: object) -> Iterable[RSAKey | ECKey]:
    alone = keys
    if isinstance(keys, Mapping) and "keys" in keys:
        yield from _all_keys(cast("Mapping[str, object]", keys)["keys"])
    elif isinstance(keys, Iterable) and not isinstance(keys, (str, bytes, Mapping)):
        for key in cast("Iterable[object]", keys):
            yield from _all_keys(key)
    else:
        yield _key(alone)


def _key(key: object) -> RSAKey | ECKey:
    from joserfc.jwk import ECKey, RSAKey

    if isinstance(key, (RSAKey, ECKey)):
        return key
    if isinstance(key, Mapping):
        try:
            return _from_jwk(cast("Mapping[str, Any]", key))
        except NotSoundError:
            raise ValueError("a client's JWK is an RSA or EC key") from None
    return _from_native(_loaded(key) if isinstance(key, (str, bytes)) else key)


def _loaded(pem: str | bytes) -> object:
    from cryptography.hazmat.primitives.serialization import (
        load_pem_private_key,
        load_pem_public_key,
    )

    data = pem.encode() if isinstance(pem, str) else pem
    try:
        if b"PRIVATE KEY" in data:
            return load_pem_private_key(data, None)
        return load_pem_public_key(data)
    except ValueError:
        raise ValueError("a client's key is PEM, a JWK, or a key object") from None


def _from_native(native: object) -> RSAKey | ECKey:
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from joserfc.jwk import ECKey, RSAKey

    if isinstance(native, (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey)):
        native = native.public_key()
    if isinstance(native, rsa.RSAPublicKey):
        return RSAKey(native, None)
    if isinstance(native, ec.EllipticCurvePublicKey):
        return ECKey(native, None)
    raise ValueError("a client's key is PEM, a JWK, or an RSA or EC key object")


def _from_jwk(jwk: Mapping[str, Any]) -> RSAKey | ECKey:
    from joserfc.errors import JoseError
    from joserfc.jwk import ECKey, RSAKey

    kinds: dict[object, type[RSAKey | ECKey]] = {"RSA": RSAKey, "EC": ECKey}
    kind = kinds.get(jwk.get("kty"))
    if kind is None:
        raise NotSoundError("neither RSA nor EC")
    try:
        return kind.import_key(dict(jwk))
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise NotSoundError("no key") from error


def _public(key: RSAKey | ECKey) -> RSAKey | ECKey:
    return type(key).import_key(key.as_dict(private=False))


def _registry(algorithms: Sequence[str]) -> Any:
    from joserfc.jws import JWSRegistry

    registry = JWSRegistry(algorithms=list(algorithms), strict_check_header=False)
    # The header of a proof holds a whole RSA key: joserfc's own limit is 512 bytes.
    registry.max_header_length = _LONGEST_HEADER
    return registry
