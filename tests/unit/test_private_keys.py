"""Private keys, in every form that a caller may have one in, and in the forms that are refused."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any, cast

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa, x25519
from okta_oidc import ConfigurationError, DPoP, PrivateKeyJwt
from okta_oidc._credentials._private_keys import private_key

from tests.support.keys import (
    CURVES,
    Vault,
    claims_of,
    ec_key,
    jwk,
    pem,
    private_numbers,
    public_jwk,
    public_pem,
    rsa_key,
)

from ._secrets import frames_of, texts_of_chain

RSA_ALGS = ("RS256", "RS384", "RS512")
ALL_ALGS = (*RSA_ALGS, *CURVES, "PS256", "HS256", "EdDSA", "ES256K", "none", "")


def key_for(alg: str) -> Any:
    return ec_key(alg) if alg in CURVES else rsa_key()


def without_newlines(text: str) -> str:
    """A PEM as an environment file writes it."""
    return text.strip().replace("\n", "\\n")


def bare(key: Any) -> dict[str, Any]:
    """An RSA JWK of the members that RFC 7518 requires, without its primes."""
    return {name: jwk(key)[name] for name in ("kty", "n", "e", "d")}


FORMS: dict[str, Callable[[Any], Any]] = {
    "object": lambda key: key,
    "PKCS#8": pem,
    "PKCS#8 bytes": lambda key: pem(key).encode(),
    "PKCS#1 or SEC 1": lambda key: pem(key, "TraditionalOpenSSL"),
    "Windows": lambda key: pem(key).replace("\n", "\r\n"),
    "escaped": lambda key: without_newlines(pem(key)),
    "escaped, Windows": lambda key: without_newlines(pem(key)).replace("\\n", "\\r\\n"),
    "in white space": lambda key: f"\n  {pem(key)}\n\n",
    "after its public key": lambda key: f"{public_pem(key)}{pem(key)}",
    "after a comment": lambda key: f"Bag Attributes\n  name: ü\n{pem(key)}",
    "JWK": jwk,
    "JWK with more": lambda key: (
        jwk(key, kid="k1", use="sig", key_ops=["sign"], x="1", other={})
        if key is rsa_key()
        else jwk(key, use="sig", key_ops=["sign", "verify"], other={})
    ),
    "JWK as JSON": lambda key: json.dumps(jwk(key)),
    "JWK as bytes": lambda key: json.dumps(jwk(key)).encode(),
}


@pytest.mark.parametrize("alg", ["RS256", *CURVES])
@pytest.mark.parametrize("form", FORMS)
def test_every_form_signs_as_the_key_that_it_is(form: str, alg: str) -> None:
    key = key_for(alg)
    signing = private_key(FORMS[form](key), None)
    assert signing.alg == alg
    assert not signing.is_foreign
    header = {"alg": alg, "kid": "x"}
    assert claims_of(signing.signed(header, {"a": 1}), key, alg) == (header, {"a": 1})
    assert signing.public_jwk == public_jwk(key)


def test_a_jwk_of_three_numbers_is_a_whole_rsa_key() -> None:
    signing = private_key(bare(rsa_key()), None)
    assert claims_of(signing.signed({"alg": "RS256"}, {}), rsa_key(), "RS256")[1] == {}


def test_openssl_writes_the_parameters_of_a_curve_first() -> None:
    parameters = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
    signing = private_key(parameters + pem(ec_key(), "TraditionalOpenSSL"), None)
    assert signing.alg == "ES256"


@pytest.mark.parametrize("alg", ["RS256", *CURVES])
def test_a_key_of_somebody_elses_signs_and_is_told_apart(alg: str) -> None:
    vault = Vault()
    foreign: Any = vault.ec(alg) if alg in CURVES else vault.rsa()
    signing = private_key(foreign, None)
    assert signing.is_foreign
    assert vault.signed == 0
    assert claims_of(signing.signed({"alg": alg}, {"a": 1}), key_for(alg), alg)[1] == {"a": 1}
    assert vault.signed == 1
    assert signing.public_jwk == public_jwk(key_for(alg))
    assert signing.thumbprint == private_key(key_for(alg), None).thumbprint


@pytest.mark.parametrize("alg", RSA_ALGS)
def test_rsa_signs_by_what_is_asked(alg: str) -> None:
    for key in (rsa_key(), pem(rsa_key()), jwk(rsa_key()), Vault().rsa()):
        signing = private_key(key, alg)
        assert claims_of(signing.signed({"alg": alg}, {}), rsa_key(), alg)[1] == {}


def test_a_jwk_may_name_its_algorithm_and_its_id() -> None:
    signing = private_key(jwk(rsa_key(), alg="RS512", kid="its-id"), None)
    assert (signing.alg, signing.kid) == ("RS512", "its-id")
    assert private_key(jwk(rsa_key(), alg="RS512"), "RS512").alg == "RS512"
    assert private_key(jwk(rsa_key(), kid=""), None).kid is None
    assert private_key(pem(rsa_key()), None).kid is None


@pytest.mark.parametrize("alg", ALL_ALGS)
@pytest.mark.parametrize("of", ["RS256", *CURVES])
def test_no_pair_of_key_and_algorithm_but_oktas(of: str, alg: str) -> None:
    fits = alg in RSA_ALGS if of == "RS256" else alg == of
    key = key_for(of)
    for make in (
        lambda: PrivateKeyJwt("id", key, alg=alg),
        lambda: DPoP(key, alg=alg),
        lambda: PrivateKeyJwt("id", jwk(key, alg=alg)),
    ):
        if fits:
            make()
            continue
        with pytest.raises(ConfigurationError, match=r"alg must be (RS256 or|ES)"):
            make()


@pytest.mark.parametrize("alg", [256, ["RS256"], b"RS256", {}, "rs256"])
def test_an_algorithm_that_is_no_name(alg: Any) -> None:
    with pytest.raises(ConfigurationError, match="alg must be"):
        PrivateKeyJwt("id", rsa_key(), alg=alg)
    with pytest.raises(ConfigurationError, match="alg"):
        PrivateKeyJwt("id", jwk(rsa_key(), alg=alg))


def weak() -> rsa.RSAPrivateKey:
    return rsa_key(1024)


def spoilt(text: str) -> str:
    lines = text.splitlines()
    return "\n".join([*lines[:3], *lines[4:]])


def changed(key: Any, **members: Any) -> dict[str, Any]:
    return {name: value for name, value in {**jwk(key), **members}.items() if value is not None}


class NoKeyAtAll(Vault):
    """A KMS that says of itself what is no key of ``cryptography``."""

    def rsa(self) -> Any:
        key = super().rsa()
        vars(key)["public_key"] = lambda: "ssh-rsa AAAA"
        return key


# What is passed, and what the message must say of it.
REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "nothing": (lambda: None, "not NoneType"),
    "number": (lambda: 5, "not int"),
    "empty": (lambda: "", "neither a PEM nor a JWK"),
    "empty bytes": (lambda: b"", "neither a PEM nor a JWK"),
    "name of a file": (lambda: "/etc/keys/okta.pem", "neither a PEM nor a JWK"),
    "DER": (lambda: b"0\x82\x04\xbd\x02\x01\x00", "neither a PEM nor a JWK"),
    "public PEM": (lambda: public_pem(rsa_key()), "PUBLIC KEY, and the private"),
    "public EC PEM": (lambda: public_pem(ec_key()).encode(), "PUBLIC KEY, and the private"),
    "certificate": (
        lambda: "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
        "CERTIFICATE, and the private",
    ),
    "encrypted PKCS#8": (lambda: pem(rsa_key(), password=b"pass-phrase"), "encrypted"),
    "encrypted PKCS#1": (
        lambda: pem(rsa_key(), "TraditionalOpenSSL", password=b"pass-phrase"),
        "encrypted",
    ),
    "encrypted SEC 1": (
        lambda: pem(ec_key(), "TraditionalOpenSSL", password=b"pass-phrase"),
        "encrypted",
    ),
    "OpenSSH": (lambda: pem(ec_key(), "OpenSSH"), "OpenSSH"),
    "two keys": (lambda: pem(rsa_key()) + pem(ec_key()), "more than one"),
    "spoilt PEM": (lambda: spoilt(pem(rsa_key())), "cannot be read"),
    "half a PEM": (lambda: pem(rsa_key())[:400], "cannot be read"),
    "1024 bits": (weak, "1024 bits"),
    "1024 bits, PEM": (lambda: pem(weak()), "1024 bits"),
    "1024 bits, JWK": (lambda: jwk(weak()), "1024 bits"),
    "another curve": (lambda: ec.generate_private_key(ec.SECP256K1()), "not on secp256k1"),
    "another curve, PEM": (lambda: pem(ec.generate_private_key(ec.SECP192R1())), "not on"),
    "Ed25519": (ed25519.Ed25519PrivateKey.generate, "RSA or EC"),
    "Ed25519 PEM": (lambda: pem(ed25519.Ed25519PrivateKey.generate()), "RSA or EC"),
    "X25519": (x25519.X25519PrivateKey.generate, "RSA or EC"),
    "DSA": (lambda: pem(dsa.generate_private_key(1024)), "RSA or EC"),
    "public object": (lambda: rsa_key().public_key(), "public"),
    "public EC object": (lambda: ec_key().public_key(), "public"),
    "JSON of nothing": (lambda: "{", "not JSON"),
    "deep JSON": (lambda: '{"a":' * 100_000, "not JSON"),
    "empty JWK": (dict, "kty"),
    "key set": (lambda: {"keys": [jwk(rsa_key())]}, "set of keys"),
    "key set, JSON": (lambda: json.dumps({"keys": []}), "set of keys"),
    "public JWK": (lambda: public_jwk(rsa_key()), "public JWK"),
    "public EC JWK": (lambda: public_jwk(ec_key()), "public JWK"),
    "shared secret": (lambda: {"kty": "oct", "k": "c2VjcmV0"}, "ClientSecretJwt"),
    "OKP": (lambda: {"kty": "OKP", "crv": "Ed25519", "x": "", "d": ""}, "RSA or EC"),
    "kty of a list": (lambda: {"kty": ["RSA"]}, "RSA or EC"),
    "kty in lower case": (lambda: changed(rsa_key(), kty="rsa"), "RSA or EC"),
    "no n": (lambda: changed(rsa_key(), n=None), "cannot be read"),
    "no p": (lambda: changed(rsa_key(), p=None), "cannot be read"),
    "another n": (lambda: changed(rsa_key(), n=jwk(weak())["n"]), "cannot be read"),
    "n a number": (lambda: changed(rsa_key(), n=5), "cannot be read"),
    "n an object": (lambda: changed(rsa_key(), n={}), "cannot be read"),
    "n not base64": (lambda: changed(rsa_key(), n="=="), "cannot be read"),
    "n empty": (lambda: changed(rsa_key(), n=""), "cannot be read"),
    "more primes": (lambda: changed(rsa_key(), oth=[{}]), "cannot be read"),
    "no crv": (lambda: changed(ec_key(), crv=None), "cannot be read"),
    "unknown crv": (lambda: changed(ec_key(), crv="P-1"), "cannot be read"),
    "another crv": (lambda: changed(ec_key(), crv="P-384"), "cannot be read"),
    "secp256k1": (lambda: jwk(ec.generate_private_key(ec.SECP256K1())), "not on secp256k1"),
    "another point": (lambda: changed(ec_key(), x=jwk(ec_key("ES384"))["x"]), "cannot be read"),
    "d of another": (
        lambda: changed(ec_key(), d=jwk(ec.generate_private_key(ec.SECP256R1()))["d"]),
        "cannot be read",
    ),
    "for encryption": (lambda: jwk(rsa_key(), use="enc"), "not for signing"),
    "for verifying": (lambda: jwk(rsa_key(), key_ops=["verify"]), "not for signing"),
    "key_ops of text": (lambda: jwk(rsa_key(), key_ops="sign"), "not for signing"),
    "kid of a number": (lambda: jwk(rsa_key(), kid=5), "kid"),
    "public_key() of text": (lambda: NoKeyAtAll().rsa(), "public_key"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_key_to_sign_with_is_called_what_it_is(case: str) -> None:
    make, said = REFUSED[case]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # cryptography warns of what is weak as it is made
        key = make()
    with pytest.raises(ConfigurationError, match=said):
        PrivateKeyJwt("0oa1client", key)
    # Without a key, DPoP makes one.
    if key is not None:
        with pytest.raises(ConfigurationError, match=said):
            DPoP(key)


def planted(case: str) -> list[str]:
    """The lines and members of what is passed that no error may hold."""
    key = REFUSED[case][0]()
    if isinstance(key, bytes):
        key = key.decode("latin-1")
    if isinstance(key, str):
        return [line for line in key.splitlines() if len(line) > 40 and "BEGIN" not in line][1:]
    if isinstance(key, Mapping):
        members = cast("Mapping[str, object]", key)
        return [str(members[name]) for name in ("d", "p", "q") if len(str(members.get(name))) > 20]
    return []


@pytest.mark.parametrize("case", [case for case in REFUSED if case != "nothing"])
def test_the_error_holds_nothing_of_the_key(case: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        secrets = planted(case)
        key = REFUSED[case][0]()
    with pytest.raises(ConfigurationError) as caught:
        PrivateKeyJwt("0oa1client", key)
    said = "\n".join([*texts_of_chain(caught.value), *frames_of(caught.value)])
    for secret in secrets:
        assert secret not in said
    assert "pass-phrase" not in said


def test_a_key_shows_nothing_of_itself() -> None:
    for key in (rsa_key(), ec_key()):
        signing = private_key(key, None)
        shown = f"{signing!r} {signing} {signing.public_jwk}"
        for secret in private_numbers(key):
            assert secret not in shown


def test_private_numbers_stay_in_the_key_object() -> None:
    # Only what is private in the JWK's own sense: what a dictionary holds, a debugger shows.
    for key in (rsa_key(), ec_key(), pem(rsa_key()), jwk(ec_key())):
        signing = private_key(key, None)
        signing.signed({"alg": signing.alg}, {})
        assert not {"d", "p", "q", "dp", "dq", "qi"} & set(attrgetter("_key")(signing).dict_value)
