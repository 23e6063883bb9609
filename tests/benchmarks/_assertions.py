"""What a client assertion costs beside the bare signature in it: ours, and what others make.

Each makes one assertion a call, for the same client and address, from the same private key, as its
own documentation says to keep one. A library that is not installed is left out.
"""

from __future__ import annotations

import random
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qs

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from okta_oidc import PrivateKeyJwt

from ._goals import Goal
from ._results import Spread

CLIENT_ID: Final = "0oa1client"
ORG_URL: Final = "https://dev-000000.okta.com"
URL: Final = f"{ORG_URL}/oauth2/v1/token"
BARE: Final = "bare signature"
OURS: Final = "okta-oidc"
# By algorithm: the bound and what would be better still (ratio to the bare signature's CPU).
BOUNDS: Final[Mapping[str, tuple[float, float | None]]] = {
    "RS256": (1.25, None),
    "ES256": (3.0, 2.2),
}
# A round of a slow one is to take no longer than a round of ours.
_COUNTS: Final = {BARE: 200, OURS: 200}
_FEW: Final = 3
_SIGNED: Final = b"x" * 300  # about as long as header and claims are

Key: TypeAlias = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
# What makes an assertion, or the signature alone.
Maker: TypeAlias = Callable[[], str | bytes]


@dataclass(frozen=True, slots=True)
class AssertionFigure:
    """Microseconds of CPU an assertion, and the ratio to the bare signature."""

    alg: str
    name: str
    cpu_us: float
    ratio: Spread


def new_key(alg: str) -> Key:
    """A key for ``alg``, which no other program has."""
    if alg == "ES256":
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def makers(alg: str, key: Key) -> dict[str, Maker]:
    """Everyone who is installed and knows ``alg``, by name."""
    return dict(_makers(alg, key))


def _makers(alg: str, key: Key) -> Iterator[tuple[str, Maker]]:
    yield BARE, _bare(key)
    yield OURS, _okta_oidc(key)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
    if find_spec("authlib"):
        yield "Authlib", _authlib(alg, pem)
    if find_spec("msal"):
        yield "MSAL", _msal(alg, pem)
    # It signs by RS256 alone.
    if alg == "RS256" and find_spec("okta"):
        yield "okta", _okta(pem)


def _bare(key: Key) -> Maker:
    if isinstance(key, rsa.RSAPrivateKey):
        pkcs1, sha256 = padding.PKCS1v15(), hashes.SHA256()
        return lambda: key.sign(_SIGNED, pkcs1, sha256)
    ecdsa = ec.ECDSA(hashes.SHA256())
    return lambda: key.sign(_SIGNED, ecdsa)


def _okta_oidc(key: Key) -> Maker:
    auth = PrivateKeyJwt(CLIENT_ID, key, kid="kid")
    return lambda: auth.sign(b"grant_type=client_credentials", URL)[1]


def _authlib(alg: str, pem: str) -> Maker:
    sign: Any = import_module("authlib.oauth2.rfc7523").private_key_jwt_sign
    return lambda: sign(pem, CLIENT_ID, URL, alg=alg, header={"alg": alg, "kid": "kid"})


def _msal(alg: str, pem: str) -> Maker:
    creator: Any = import_module("msal.oauth2cli").JwtAssertionCreator(
        pem, alg, headers={"kid": "kid"}
    )
    return lambda: creator.create_normal_assertion(audience=URL, issuer=CLIENT_ID)


def _okta(pem: str) -> Maker:
    jwt: Any = import_module("okta.jwt").JWT
    return lambda: jwt.create_token(ORG_URL, CLIENT_ID, pem, "kid")


def assertion_of(made: str | bytes) -> str:
    """The JWT itself: ours comes in the form that it is sent in."""
    text = made.decode() if isinstance(made, bytes) else made
    return parse_qs(text)["client_assertion"][0] if "client_assertion=" in text else text


def measure(rounds: int) -> list[AssertionFigure]:
    """Everyone in turn, round after round."""
    return [figure for alg in BOUNDS for figure in _measured(alg, rounds)]


def _measured(alg: str, rounds: int) -> Iterator[AssertionFigure]:
    everyone = makers(alg, new_key(alg))
    found: dict[str, list[float]] = {name: [] for name in everyone}
    order = random.Random(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what a peer thinks of its own libraries
        for make in everyone.values():
            make()
        for _ in range(rounds):
            for name in order.sample(list(everyone), len(everyone)):
                found[name].append(_cpu(everyone[name], _COUNTS.get(name, _FEW)))
    for name, seconds in found.items():
        yield AssertionFigure(
            alg,
            name,
            1e6 * Spread.of(seconds).mid,
            Spread.of_ratios(seconds, found[BARE]),
        )


def _cpu(make: Maker, count: int) -> float:
    start = time.process_time()
    for _ in range(count):
        make()
    return (time.process_time() - start) / count


def assertion_goals(figures: list[AssertionFigure]) -> Iterator[Goal]:
    """What ours may cost, and that nobody else's costs less."""
    for alg, (bound, stretch) in BOUNDS.items():
        ours = next(each for each in figures if (each.alg, each.name) == (alg, OURS))
        what = f"`private_key_jwt` assertion by {alg}, over the bare signature, CPU"
        yield Goal(what, bound, ours.ratio, stretch)
        for each in figures:
            if each.alg == alg and each.name not in (BARE, OURS):
                yield Goal(f"{what}, ours over {each.name}'s", 1.0, _over(ours, each))


def _over(ours: AssertionFigure, other: AssertionFigure) -> Spread:
    return Spread.of([ours.cpu_us / other.cpu_us])


def table(figures: list[AssertionFigure]) -> str:
    """The figures as Markdown."""
    rows = [
        f"| {each.alg} | {each.name} | {each.cpu_us:,.0f} | {each.ratio.mid:,.2f} |"
        for each in figures
    ]
    head = [
        "| algorithm | | µs an assertion, CPU | over the bare signature |",
        "| --- | --- | --- | --- |",
    ]
    return "\n".join([*head, *rows])
