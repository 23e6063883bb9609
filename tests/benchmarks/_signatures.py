"""Signatures: an ID token that is checked, and a client assertion that is made.

Beside them is the bare signature, by ``cryptography``, and what others do for the same: each as its
own documentation says, with keys that are at hand.
"""

from __future__ import annotations

import time
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from urllib.parse import parse_qs

from ._series import Party, Series, Timed

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    Key: TypeAlias = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

OURS: Final = "okta-oidc"
BARE_CHECK: Final = "bare verification"
BARE: Final = "bare signature"

CLIENT_ID: Final = "0oa1benchmark2client5d7"
ORG_URL: Final = "https://dev-000000.okta.com"
ISSUER: Final = f"{ORG_URL}/oauth2/default"
URL: Final = f"{ORG_URL}/oauth2/v1/token"  # Okta's SDK knows no other
KID: Final = "benchmark-kid"
NONCE: Final = "n" * 43
SUB: Final = "00u1benchmark2user5d7"
_LEEWAY: Final = 120
_SIGNED: Final = b"x" * 300  # about as long as an assertion's header and claims are


def new_key(alg: str = "RS256") -> Key:
    """A key for ``alg``, which no other program has."""
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    if alg == "ES256":
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


# An ID token that is checked


def id_token(key: Key, **claims: object) -> str:
    """One as Okta's are after a sign-in with ``openid profile email``, signed by ``key``."""
    from joserfc import jwt
    from joserfc.jwk import RSAKey

    now = int(time.time())
    okta: dict[str, Any] = {
        "sub": SUB,
        "name": "Ada Lovelace",
        "email": "ada.lovelace@example.com",
        "ver": 1,
        "iss": ISSUER,
        "aud": CLIENT_ID,
        "iat": now,
        "exp": now + 86_400,
        "jti": "ID.4eAWJOCMB3SX8XewDfVR0123456789012345678901234",
        "amr": ["pwd", "mfa", "otp"],
        "idp": "00o1benchmark2idp5d7",
        "nonce": NONCE,
        "preferred_username": "ada.lovelace@example.com",
        "auth_time": now,
        "at_hash": "h" * 22,
    }
    header = {"alg": "RS256", "kid": KID}
    return jwt.encode(header, okta | claims, RSAKey.import_key(_pem(key)))


def key_set(key: Key) -> dict[str, Any]:
    """What the issuer publishes: this key, and the one before it."""
    from joserfc.jwk import RSAKey

    return {
        "keys": [
            {**RSAKey.import_key(_pem(each)).as_dict(private=False), **named}
            for each, kid in ((new_key(), "the-one-before"), (key, KID))
            for named in [{"kid": kid, "use": "sig", "alg": "RS256"}]
        ]
    }


def _pem(key: Key) -> str:
    from cryptography.hazmat.primitives import serialization

    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


# Makes what checks this token with these keys, and returns its subject.
Checker: TypeAlias = "Callable[[str, dict[str, Any]], Callable[[], object]]"


def _checks(checkers: Mapping[str, Checker], base_url: str) -> dict[str, Timed]:
    del base_url
    key = new_key()
    token, keys = id_token(key), key_set(key)
    return {
        name: Timed(checker(token, keys), lambda found: found == SUB)
        for name, checker in checkers.items()
    }


def bare_check(token: str, keys: dict[str, Any]) -> Callable[[], object]:
    """The signature alone."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding
    from joserfc.jwk import RSAKey

    public = RSAKey.import_key(keys["keys"][-1]).public_key
    message, _, signature = token.encode().rpartition(b".")
    raw = urlsafe_b64decode(signature + b"==")
    pkcs1, sha256 = padding.PKCS1v15(), hashes.SHA256()

    def check() -> object:
        public.verify(raw, message, pkcs1, sha256)
        return SUB

    return check


def okta_oidc_check(token: str, keys: dict[str, Any]) -> Callable[[], object]:
    import httpx
    from okta_oidc import ClientSecretBasic, OktaOIDC

    http = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200, json=keys)))
    okta = OktaOIDC(ORG_URL, ClientSecretBasic(CLIENT_ID, "secret"), http_client=http)
    return lambda: okta.verify_id_token(token, nonce=NONCE).sub


def pyjwt_check(token: str, keys: dict[str, Any]) -> Callable[[], object]:
    """Its key client keeps the keys. The nonce is for its caller to compare."""
    jwt: Any = import_module("jwt")
    client = jwt.PyJWKClient(f"{ISSUER}/v1/keys")
    client.fetch_data = lambda: keys

    def check() -> object:
        key = client.get_signing_key_from_jwt(token)
        claims = jwt.decode(
            token, key, algorithms=["RS256"], audience=CLIENT_ID, issuer=ISSUER, leeway=_LEEWAY
        )
        if claims["nonce"] != NONCE:
            raise ValueError("the nonce is another one")
        return claims["sub"]

    return check


def authlib_check(token: str, keys: dict[str, Any]) -> Callable[[], object]:
    """As its integrations do at the end of a sign-in, the keys in the metadata that they keep."""
    base: Any = import_module("authlib.integrations.base_client")

    class App(base.OAuth2Mixin, base.OpenIDMixin, base.BaseApp):  # type: ignore[misc]
        pass

    algorithms = {"id_token_signing_alg_values_supported": ["RS256"]}
    app: Any = App(None, client_id=CLIENT_ID, issuer=ISSUER, jwks=keys, **algorithms)
    return lambda: app.parse_id_token({"id_token": token}, NONCE)["sub"]


def okta_jwt_verifier_check(token: str, keys: dict[str, Any]) -> Callable[[], object]:
    """It returns no claims."""
    executor: Any = import_module("okta_jwt_verifier.request_executor").RequestExecutor

    class Executor(executor):  # type: ignore[misc]
        def fire_request_sync(self, uri: str, **params: object) -> object:
            del uri, params
            return keys

    verifier: Any = import_module("okta_jwt_verifier").IDTokenVerifier(
        issuer=ISSUER, client_id=CLIENT_ID, audience=CLIENT_ID, request_executor=Executor
    )

    def check() -> object:
        verifier.verify_sync(token, nonce=NONCE)
        return SUB

    return check


def _peer(name: str, checker: Checker) -> Party:
    return Party({name: "peer"}, partial(_checks, {name: checker}))


_CHECKERS: Final[dict[str, Checker]] = {BARE_CHECK: bare_check, OURS: okta_oidc_check}
ID_TOKENS: Final = Series(
    BARE_CHECK,
    OURS,
    (
        Party({BARE_CHECK: "baseline", OURS: "ours"}, partial(_checks, _CHECKERS)),
        _peer("PyJWT", pyjwt_check),
        _peer("Authlib", authlib_check),
        _peer("okta-jwt-verifier", okta_jwt_verifier_check),
    ),
)


# A client assertion that is made

# Makes what makes an assertion, or the signature alone.
Maker: TypeAlias = "Callable[[str, Key], Callable[[], str | bytes]]"


def _makes(makers: Mapping[str, Maker], alg: str, base_url: str) -> dict[str, Timed]:
    del base_url
    key = new_key(alg)
    made: dict[str, Timed] = {}
    for name, maker in makers.items():
        call = maker(alg, key)
        made[name] = Timed(call, bool if name == BARE else partial(is_assertion, alg, key))
    return made


def is_assertion(alg: str, key: Key, made: str | bytes) -> bool:
    """Whether this is signed by ``key``, of this client, and for this address."""
    from joserfc import jwt
    from joserfc.jwk import ECKey, RSAKey

    kind = ECKey if alg == "ES256" else RSAKey
    claims = jwt.decode(assertion_of(made), kind.import_key(_pem(key)), algorithms=[alg]).claims
    return (claims["iss"], claims["sub"], claims["aud"]) == (CLIENT_ID, CLIENT_ID, URL)


def assertion_of(made: str | bytes) -> str:
    """The JWT itself: ours comes in the form that it is sent in."""
    text = made.decode() if isinstance(made, bytes) else made
    return parse_qs(text)["client_assertion"][0] if "client_assertion=" in text else text


def bare_signature(alg: str, key: Key) -> Callable[[], bytes]:
    """The signature alone, of as many bytes."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

    del alg
    if isinstance(key, rsa.RSAPrivateKey):
        pkcs1, sha256 = padding.PKCS1v15(), hashes.SHA256()
        return lambda: key.sign(_SIGNED, pkcs1, sha256)
    ecdsa = ec.ECDSA(hashes.SHA256())
    return lambda: key.sign(_SIGNED, ecdsa)


def okta_oidc_assertion(alg: str, key: Key) -> Callable[[], bytes]:
    from okta_oidc import PrivateKeyJwt

    auth = PrivateKeyJwt(CLIENT_ID, key, kid=KID, alg=alg)
    return lambda: auth.sign(b"grant_type=client_credentials", URL)[1]


def authlib_assertion(alg: str, key: Key) -> Callable[[], str]:
    sign: Any = import_module("authlib.oauth2.rfc7523").private_key_jwt_sign
    pem = _pem(key)
    return lambda: sign(pem, CLIENT_ID, URL, alg=alg, header={"alg": alg, "kid": KID})


def msal_assertion(alg: str, key: Key) -> Callable[[], str | bytes]:
    module: Any = import_module("msal.oauth2cli")
    creator = module.JwtAssertionCreator(_pem(key), alg, headers={"kid": KID})
    return lambda: creator.create_normal_assertion(audience=URL, issuer=CLIENT_ID)


def okta_assertion(alg: str, key: Key) -> Callable[[], str]:
    """Okta's management SDK. It signs by RS256 alone, for the org server."""
    del alg
    jwt: Any = import_module("okta.jwt").JWT
    pem = _pem(key)
    return lambda: jwt.create_token(ORG_URL, CLIENT_ID, pem, KID)


def _assertions(alg: str, **peers: Maker) -> Series:
    ours: dict[str, Maker] = {BARE: bare_signature, OURS: okta_oidc_assertion}
    return Series(
        BARE,
        OURS,
        (
            Party({BARE: "baseline", OURS: "ours"}, partial(_makes, ours, alg)),
            *(
                Party({name: "peer"}, partial(_makes, {name: maker}, alg))
                for name, maker in peers.items()
            ),
        ),
    )


RS256: Final = _assertions(
    "RS256", Authlib=authlib_assertion, MSAL=msal_assertion, okta=okta_assertion
)
ES256: Final = _assertions("ES256", Authlib=authlib_assertion, MSAL=msal_assertion)
