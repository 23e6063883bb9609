"""Keys of tests, made once a run, and what reads the JWTs that they sign."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from functools import cache
from typing import Any, Final, cast

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import HashAlgorithm
from joserfc import jws
from joserfc.jwk import ECKey, OctKey, RSAKey

CURVES: Final[dict[str, tuple[type[ec.EllipticCurve], str]]] = {
    "ES256": (ec.SECP256R1, "P-256"),
    "ES384": (ec.SECP384R1, "P-384"),
    "ES512": (ec.SECP521R1, "P-521"),
}


def rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    return _rsa_key(bits)


def ec_key(alg: str = "ES256") -> ec.EllipticCurvePrivateKey:
    return _ec_key(alg)


# A cache tells a default from the same value written out.


@cache
def _rsa_key(bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


@cache
def _ec_key(alg: str) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(CURVES[alg][0]())


def pem(key: Any, form: str = "PKCS8", *, password: bytes | None = None) -> str:
    """A private key as PEM, in a format of ``cryptography``'s."""
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if password is not None:
        encryption = serialization.BestAvailableEncryption(password)
    found: bytes = key.private_bytes(
        serialization.Encoding.PEM,
        getattr(serialization.PrivateFormat, form),
        encryption,
    )
    return found.decode()


def public_pem(key: Any) -> str:
    found: bytes = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return found.decode()


def jwk(key: Any, **members: Any) -> dict[str, Any]:
    """A private key as a JWK."""
    kind: Any = RSAKey if isinstance(key, rsa.RSAPrivateKey) else ECKey
    return {**kind.import_key(key).as_dict(private=True), **members}


def public_jwk(key: Any, **members: Any) -> dict[str, Any]:
    kind: Any = RSAKey if isinstance(key, rsa.RSAPrivateKey) else ECKey
    return {**kind.import_key(key).as_dict(private=False), **members}


def private_numbers(key: Any) -> list[str]:
    """What no output may show of a key: its private members, in the shapes they may take."""
    members = jwk(key)
    found: list[str] = []
    for name in ("d", "p", "q", "dp", "dq", "qi"):
        if name in members:
            text = members[name]
            number = int.from_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), "big")
            found += [text, str(number), f"{number:x}"]
    lines = pem(key).splitlines()[1:-1]
    return [*found, *(line for line in lines[1:] if len(line) > 30)]


def claims_of(jwt: str, key: Any, alg: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of a JWT whose signature is right, under this algorithm alone."""
    verifier: OctKey | RSAKey | ECKey
    if isinstance(key, str):
        verifier = OctKey.import_key(key)
    elif isinstance(key, dict):
        members = cast("dict[str, str | list[str]]", key)
        verifier = (RSAKey if members["kty"] == "RSA" else ECKey).import_key(members)
    else:
        kind: Any = RSAKey if isinstance(key, rsa.RSAPrivateKey) else ECKey
        verifier = kind.import_key(key.public_key())
    registry = jws.JWSRegistry(algorithms=[alg])
    registry.max_header_length = 2048  # the public key of a proof is in it
    read = jws.deserialize_compact(jwt, verifier, registry=registry)
    claims: dict[str, Any] = json.loads(read.payload)
    return dict(read.headers()), claims


def unverified(jwt: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims, whoever signed."""
    parts = jwt.split(".")
    assert len(parts) == 3
    header, claims = (
        json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))) for part in parts[:2]
    )
    return header, claims


class Vault:
    """What stands for a KMS: it signs, and gives nothing away. ``on_sign`` may raise, or wait."""

    def __init__(self, on_sign: Callable[[], object] = lambda: None) -> None:
        self.signed = 0
        self._on_sign = on_sign

    def rsa(self) -> VaultRSAKey:
        return VaultRSAKey(self, rsa_key())

    def ec(self, alg: str = "ES256") -> VaultECKey:
        return VaultECKey(self, ec_key(alg))

    def sign(self) -> None:
        self.signed += 1
        self._on_sign()


class _Sealed:
    """The parts of a private key's interface that a KMS has no answer to."""

    def private_numbers(self) -> Any:
        raise AssertionError("a KMS gives no private numbers")

    def private_bytes(self, encoding: Any, format: Any, encryption_algorithm: Any) -> Any:  # noqa: A002
        raise AssertionError("a KMS gives no private bytes")

    def __copy__(self) -> Any:
        raise AssertionError("a KMS's key is not copied")

    def __deepcopy__(self, memo: Any) -> Any:
        raise AssertionError("a KMS's key is not copied")


class VaultRSAKey(_Sealed, rsa.RSAPrivateKey):
    def __init__(self, vault: Vault, key: rsa.RSAPrivateKey) -> None:
        self.vault = vault
        self._key = key

    @property
    def key_size(self) -> int:
        return self._key.key_size

    def public_key(self) -> rsa.RSAPublicKey:
        return self._key.public_key()

    def decrypt(self, ciphertext: Any, padding: padding.AsymmetricPadding) -> bytes:
        raise AssertionError("nothing is decrypted")

    def sign(
        self,
        data: Any,
        padding: padding.AsymmetricPadding,
        algorithm: Prehashed | HashAlgorithm | Any,
    ) -> bytes:
        self.vault.sign()
        return self._key.sign(data, padding, algorithm)


class VaultECKey(_Sealed, ec.EllipticCurvePrivateKey):
    def __init__(self, vault: Vault, key: ec.EllipticCurvePrivateKey) -> None:
        self.vault = vault
        self._key = key

    @property
    def curve(self) -> ec.EllipticCurve:
        return self._key.curve

    @property
    def key_size(self) -> int:
        return self._key.key_size

    def public_key(self) -> ec.EllipticCurvePublicKey:
        return self._key.public_key()

    def exchange(self, algorithm: ec.ECDH, peer_public_key: ec.EllipticCurvePublicKey) -> bytes:
        raise AssertionError("no secret is shared")

    def sign(self, data: Any, signature_algorithm: ec.EllipticCurveSignatureAlgorithm) -> bytes:
        self.vault.sign()
        return self._key.sign(data, signature_algorithm)
