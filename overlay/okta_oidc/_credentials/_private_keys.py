"""Private keys that sign JWTs: from what a caller has, checked once, to a signature."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

from .._auth import revealed
from .._config import check_kind
from .._errors import ConfigurationError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from joserfc.jwk import ECKey, OctKey, RSAKey

    from .._auth import SecretText

    KeyObject: TypeAlias = RSAPrivateKey | EllipticCurvePrivateKey
    PrivateKey: TypeAlias = str | bytes | Mapping[str, Any] | KeyObject | SecretText
else:
    # The classes come with the extra; without it the names must still be there to be read.
    KeyObject = PrivateKey = Any

_RSA_ALGS: Final = ("RS256", "RS384", "RS512")
# By cryptography's name of the curve (RFC 7518 §3.4).
_EC_ALGS: Final = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}
_SHORTEST_RSA: Final = 2048  # bits (RFC 7518 §3.3)
_MEMBERS: Final = {
    "RSA": ("n", "e", "d", "p", "q", "dp", "dq", "qi"),
    "EC": ("crv", "x", "y", "d"),
}

_LABEL: Final = r"-----BEGIN ([A-Z0-9 ]+)-----"
_PRIVATE_BLOCK: Final = (
    r"(?s)-----BEGIN (?P<label>[A-Z ]*PRIVATE KEY)-----.*?-----END (?P=label)-----"
)
_compact: Final = json.JSONEncoder(separators=(",", ":")).encode


class SigningKey:
    """A key and the one algorithm it signs with.

    ``kid`` is the id that came with the key. ``is_foreign`` is true where the caller's code signs,
    which may block.
    """

    __slots__ = ("_key", "_registry", "alg", "is_foreign", "kid")

    def __init__(
        self, key: RSAKey | ECKey | OctKey, alg: str, kid: str | None, *, is_foreign: bool
    ) -> None:
        from joserfc.jws import JWSRegistry

        self.alg: Final = alg
        self.kid: Final = kid
        self.is_foreign: Final = is_foreign
        self._key: Final = key
        self._registry: Final = JWSRegistry(algorithms=(alg,))

    def signed(self, header: dict[str, Any], claims: Mapping[str, object]) -> str:
        """The compact JWS of ``claims`` (RFC 7515 §7.1). ``header`` names the algorithm."""
        from joserfc.jws import serialize_compact

        return serialize_compact(header, _compact(claims), self._key, registry=self._registry)

    @property
    def public_jwk(self) -> dict[str, Any]:
        """What a verifier needs (RFC 7517), and nothing that is private."""
        return {**self._key.as_dict(private=False)}

    @property
    def thumbprint(self) -> str:
        """RFC 7638, SHA-256."""
        return self._key.thumbprint()


def shared_secret(secret: str, alg: str) -> SigningKey:
    """A key for HMAC."""
    from joserfc.jwk import OctKey

    raw = secret.encode()
    return SigningKey(OctKey(raw, raw), alg, None, is_foreign=False)


def new_key(alg: str | None) -> SigningKey:
    """A new P-256 key."""
    from cryptography.hazmat.primitives.asymmetric import ec

    return _signing_key(ec.generate_private_key(ec.SECP256R1()), alg, None)


def private_key(key: PrivateKey, alg: str | None) -> SigningKey:
    """The key that a caller passed, in any of the forms it may have.

    Raises:
        ConfigurationError: it is no private key that Okta takes, or ``alg`` is not its own.
    """
    value = revealed(key)
    if isinstance(value, str | bytes):
        value = _of_text(value)
    if not isinstance(value, Mapping):
        return _signing_key(value, alg, None)
    jwk = cast("Mapping[str, object]", value)
    native = _of_jwk(jwk)
    kid = jwk.get("kid")
    if kid is not None and not isinstance(kid, str):
        raise ConfigurationError("the kid of the JWK must be a string")
    named = jwk.get("alg")
    if named is not None and not isinstance(named, str):
        raise ConfigurationError("the alg of the JWK must be a string")
    if alg is not None and named is not None and alg != named:
        raise ConfigurationError("alg is not the one that the JWK names")
    return _signing_key(native, named if alg is None else alg, kid or None)


def _signing_key(native: object, alg: str | None, kid: str | None) -> SigningKey:
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from joserfc.jwk import ECKey, RSAKey

    # The keys of cryptography itself sign in this process; any other class is a caller's.
    is_foreign = not type(native).__module__.startswith("cryptography.")
    key: RSAKey | ECKey
    algs: tuple[str, ...]
    if isinstance(native, rsa.RSAPrivateKey):
        rsa_public = native.public_key()
        check_kind("public_key() of the key", rsa_public, rsa.RSAPublicKey)
        if rsa_public.key_size < _SHORTEST_RSA:
            raise ConfigurationError(
                f"the RSA key has {rsa_public.key_size} bits, and {_SHORTEST_RSA} are the least"
            )
        algs = _RSA_ALGS
        # Joined to its public half by hand: by itself joserfc would export the private numbers.
        key = RSAKey(native, RSAKey.import_key(rsa_public).as_dict(private=False))
    elif isinstance(native, ec.EllipticCurvePrivateKey):
        ec_public = native.public_key()
        check_kind("public_key() of the key", ec_public, ec.EllipticCurvePublicKey)
        curve = ec_public.curve.name
        if curve not in _EC_ALGS:
            raise ConfigurationError(f"Okta takes keys on P-256, P-384 and P-521, not on {curve}")
        algs = (_EC_ALGS[curve],)
        key = ECKey(native, ECKey.import_key(ec_public).as_dict(private=False))
    else:
        raise ConfigurationError(_not_private(native))
    if alg is not None and alg not in algs:
        raise ConfigurationError(f"alg must be {' or '.join(algs)} for this key")
    return SigningKey(key, algs[0] if alg is None else alg, kid, is_foreign=is_foreign)


def _not_private(native: object) -> str:
    if hasattr(native, "public_bytes"):
        return "the key is a public one, and the private key is what signs"
    return (
        "key must be a PEM, a JWK or an RSA or EC private key of cryptography's, "
        f"not {type(native).__name__}"
    )


def _of_text(text: str | bytes) -> object:
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    text = text.strip()
    if text.startswith("{"):
        return _of_json(text)
    # Line breaks that an environment file wrote out.
    if "\\n" in text:
        text = text.replace("\\r", "").replace("\\n", "\n")
    labels = re.findall(_LABEL, text)
    if not labels:
        raise ConfigurationError(
            "key is neither a PEM nor a JWK (the name of a file? pass what the file holds)"
        )
    private = [label for label in labels if label.endswith("PRIVATE KEY")]
    if not private:
        raise ConfigurationError(
            f"key is a PEM of a {labels[0]}, and the private key is what signs"
        )
    if len(private) > 1:
        raise ConfigurationError("key is a PEM of more than one private key")
    if private[0].startswith("ENCRYPTED") or "Proc-Type: 4,ENCRYPTED" in text:
        raise ConfigurationError(
            "key is an encrypted PEM: load it by load_pem_private_key() of cryptography, "
            "with its password, and pass what that returns"
        )
    if private[0].startswith("OPENSSH"):
        raise ConfigurationError(
            "key is in the format of OpenSSH: `ssh-keygen -p -m PEM` makes a PEM of it"
        )
    block = re.search(_PRIVATE_BLOCK, text)
    native = None if block is None else _of_pem(block[0].encode("utf-8", "replace"))
    if native is None:
        raise ConfigurationError(
            f"key is a PEM of a {private[0]}, and cannot be read: is it whole?"
        )
    return native


# Errors of a parser are not chained: they, and their frames, hold the key.


def _of_pem(pem: bytes) -> object | None:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        return load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None


def _of_json(text: str) -> Mapping[str, object]:
    document: object = None
    with suppress(ValueError, RecursionError):
        document = json.loads(text)
    if not isinstance(document, dict):
        raise ConfigurationError("key begins like a JWK, but is not JSON")
    return cast("dict[str, object]", document)


def _of_jwk(jwk: Mapping[str, object]) -> object:
    kty = jwk.get("kty")
    if "keys" in jwk and kty is None:
        raise ConfigurationError("key is a set of keys: pass the one that is to sign")
    if kty == "oct":
        raise ConfigurationError("key is a JWK of a shared secret: that is for ClientSecretJwt")
    if not isinstance(kty, str) or kty not in _MEMBERS:
        raise ConfigurationError("the kty of the JWK must be RSA or EC: Okta takes no other")
    if jwk.get("d") is None:
        raise ConfigurationError("key is a public JWK: the private one has a member d")
    operations = jwk.get("key_ops", ("sign",))
    is_list = isinstance(operations, list | tuple)
    if jwk.get("use", "sig") != "sig" or not is_list or "sign" not in cast("list[str]", operations):
        raise ConfigurationError("the JWK is not for signing, by its use or its key_ops")
    # `oth` is left in, to be refused: without its other primes the key would sign something else.
    names = (*_MEMBERS[kty], "oth")
    native = _of_members(kty, {name: jwk[name] for name in names if name in jwk})
    if native is None:
        raise ConfigurationError("key is a JWK that cannot be read: a member is missing or wrong")
    return native


def _of_members(kty: str, members: dict[str, Any]) -> object | None:
    from joserfc.errors import JoseError
    from joserfc.jwk import ECKey, RSAKey

    binding = RSAKey.binding if kty == "RSA" else ECKey.binding
    try:
        return cast("object", binding.import_from_dict(members))
    except (JoseError, KeyError, ValueError, TypeError, AttributeError, OverflowError):
        return None
