"""Tokens that hold, and every way in which one may not."""

from __future__ import annotations

import hashlib
import hmac
import json
import pickle
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import ECKey
from okta_oidc import InvalidTokenError, OktaError

from ._jwts import (
    ACCESS_CLAIMS,
    ACCESS_TOKEN,
    AUDIENCE,
    CLIENT_ID,
    ID_CLAIMS,
    ISSUER,
    NONCE,
    NOW,
    Bench,
    access_token,
    encoded,
    id_token,
    published,
    reason_of,
    signed,
    signing_key,
)

KID: Final = {"alg": "RS256", "kid": "key-1"}


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


# What holds


def test_an_id_token_says_who_signed_in() -> None:
    claims = Bench().id_token(id_token())

    assert claims.sub == "00uid4BxXw6I6TV4m0g3"
    assert claims.iss == ISSUER
    assert claims.aud == (CLIENT_ID,)
    assert claims.expires_at == at(NOW + 3540)
    assert claims.issued_at == at(NOW - 60)
    assert claims.auth_time == at(NOW - 300)
    assert claims.nonce == NONCE
    assert claims.amr == ("pwd", "mfa")
    assert claims.groups == ("Everyone", "Orders")
    assert (claims.name, claims.email) == ("John Doe", "john.doe@example.com")
    assert claims.preferred_username == "john.doe@example.com"
    assert (claims.uid, claims.client_id, claims.not_before) == (None, None, None)
    assert claims.scopes == ()
    assert claims.raw["idp"] == "00o5rbt6b6IVNBHOxB4w"


def test_an_access_token_says_what_was_granted_to_whom() -> None:
    claims = Bench().access_token(access_token(nbf=int(NOW)), "orders:read", "openid")

    assert claims.sub == "john.doe@example.com"
    assert claims.uid == "00uid4BxXw6I6TV4m0g3"
    assert claims.client_id == CLIENT_ID
    assert claims.scopes == ("openid", "orders:read")
    assert claims.aud == (AUDIENCE,)
    assert claims.not_before == at(NOW)
    assert claims.nonce is None


def test_the_names_of_rfc_9068_are_read_too() -> None:
    token = signed(
        {
            **{k: v for k, v in ACCESS_CLAIMS.items() if k not in ("cid", "scp")},
            "client_id": "another",
            "scope": "orders:read  orders:write",
        },
        typ="at+jwt",
    )

    claims = Bench().access_token(token, "orders:write")

    assert claims.client_id == "another"
    assert claims.scopes == ("orders:read", "orders:write")


def test_claims_show_and_keep_nothing_secret() -> None:
    claims = Bench().id_token(id_token())

    assert NONCE not in repr(claims)
    assert "john" not in repr(claims).lower()
    assert NONCE not in repr(claims.raw)
    assert pickle.loads(pickle.dumps(claims)) == claims


def test_an_error_holds_no_token_and_survives_pickling() -> None:
    token = id_token(iss="https://evil.example")
    with pytest.raises(InvalidTokenError) as refused:
        Bench().id_token(token)

    again: InvalidTokenError = pickle.loads(pickle.dumps(refused.value))

    assert again.reason == "issuer"
    assert str(again) == str(refused.value)
    said: dict[str, Any] = vars(again)
    assert all(part not in str(again) + repr(said) for part in token.split("."))


# The header


@pytest.mark.parametrize(
    "header",
    [
        {"kid": "key-1"},
        {"alg": None, "kid": "key-1"},
        {"alg": ["RS256"], "kid": "key-1"},
        {"alg": {"RS256": 1}, "kid": "key-1"},
        {"alg": 256, "kid": "key-1"},
        {"alg": True, "kid": "key-1"},
        {"alg": "none", "kid": "key-1"},
        {"alg": "None", "kid": "key-1"},
        {"alg": "NONE", "kid": "key-1"},
        {"alg": "nOnE"},
        {"alg": "", "kid": "key-1"},
        {"alg": "rs256", "kid": "key-1"},
        {"alg": "RS384", "kid": "key-1"},
        {"alg": "RS512", "kid": "key-1"},
        {"alg": "PS256", "kid": "key-1"},
        {"alg": "ES256", "kid": "key-1"},
        {"alg": "HS256", "kid": "key-1"},
        {"alg": "EdDSA", "kid": "key-1"},
    ],
    ids=lambda header: str(header.get("alg", "missing")),
)
def test_no_other_algorithm_passes_and_none_costs_a_fetch(header: Mapping[str, Any]) -> None:
    bench = Bench()
    for token in (
        signed(ID_CLAIMS, header=header),
        signed(ID_CLAIMS, header=header).rpartition(".")[0] + ".",
    ):
        assert reason_of(partial(bench.id_token, token)) == "algorithm"
    assert bench.fetches == 0


def hmac_signed(secret: bytes) -> str:
    message = f"{encoded({'alg': 'HS256', 'kid': 'key-1'})}.{encoded(dict(ID_CLAIMS))}"
    return f"{message}.{encoded(hmac.new(secret, message.encode(), hashlib.sha256).digest())}"


def test_the_public_key_is_no_hmac_secret() -> None:
    bench = Bench()
    key = signing_key("key-1")
    secrets = (
        key.as_pem(private=False),
        key.as_pem(private=False).strip(),
        json.dumps(published("key-1")).encode(),
        str(published("key-1")["n"]).encode(),
        b"",
    )
    for secret in secrets:
        assert reason_of(partial(bench.id_token, hmac_signed(secret))) == "algorithm"
    assert bench.fetches == 0


def test_an_elliptic_curve_signature_does_not_pass_by_calling_itself_rs256() -> None:
    key = ECKey.generate_key("P-256")
    message = f"{encoded(KID)}.{encoded(dict(ID_CLAIMS))}"
    signature = jws.JWSRegistry.algorithms["ES256"].sign(message.encode(), key)

    assert reason_of(lambda: Bench().id_token(f"{message}.{encoded(signature)}")) == "signature"


@pytest.mark.parametrize(
    "crit", [[], ["exp"], ["b64"], ["absent"], ["kid"], "exp", None, {}, [1], 5, True]
)
@pytest.mark.parametrize("extra", [{}, {"exp": 1}, {"b64": False}, {"b64": True}])
def test_an_extension_that_is_critical_is_not_known(crit: object, extra: dict[str, Any]) -> None:
    bench = Bench()
    token = signed(ID_CLAIMS, crit=crit, **extra)

    assert reason_of(lambda: bench.id_token(token)) == "malformed"
    assert bench.fetches == 0


def test_an_unencoded_payload_is_refused() -> None:
    assert reason_of(lambda: Bench().id_token(signed(ID_CLAIMS, b64=False))) == "malformed"


def test_names_that_are_not_known_are_ignored() -> None:
    chain = ["MIIC" + "A" * 3000] * 3
    extras: tuple[dict[str, Any], ...] = (
        {"x": 1, "https://example.com/": {"a": [None]}},
        {"jwk": signing_key("evil").as_dict(private=False)},
        {"jku": "https://evil.example/keys", "x5u": "https://evil.example/chain"},
        {"x5c": chain, "x5t": "abc", "x5t#S256": "abc", "cty": "JWT"},
        {"b64": True},
    )
    for extra in extras:
        assert Bench().id_token(signed(ID_CLAIMS, **extra)).iss == ISSUER


def test_a_key_that_the_token_brings_is_not_used() -> None:
    for extra in (
        {"jwk": signing_key("evil").as_dict(private=False)},
        {"jku": "https://evil.example/keys", "x5u": "https://evil.example/chain"},
    ):
        bench = Bench()
        token = signed(ID_CLAIMS, key="evil", header={**KID, **extra})
        assert reason_of(partial(bench.id_token, token)) == "signature"


@pytest.mark.parametrize(
    "header",
    [
        {**KID, "jwk": "x"},
        {**KID, "x5c": "x"},
        {**KID, "typ": 5},
        {**KID, "typ": None},
        {**KID, "typ": ["JWT"]},
        {"alg": "RS256", "kid": 5},
        {"alg": "RS256", "kid": None},
        {"alg": "RS256", "kid": ["key-1"]},
        {"alg": "RS256", "kid": {"key-1": 1}},
        b'{"alg":"RS256","kid":"key-1","kid":"key-1"}',
        b'{"alg":"none","alg":"RS256","kid":"key-1"}',
        b'{"alg":"RS256","kid":"key-1","x":NaN}',
        b'{"alg":"RS256","kid":"key-1","x":1e999}',
        b'{"alg":"RS256","kid":"key-1"} ,',
        '{"alg":"RS256","kid":"key-1"}'.encode("utf-16"),
        b'["alg"]',
        b'"alg"',
        b"5",
        b"null",
        b"",
        b"\xff\xfe",
        b"[" * 20_000,
    ],
)
def test_a_header_of_another_form_is_refused(header: Any) -> None:
    bench = Bench()
    reason = reason_of(lambda: bench.id_token(signed(ID_CLAIMS, header=header)))

    assert reason in ("malformed", "algorithm")
    assert bench.fetches == 0


@pytest.mark.parametrize("typ", ["JWT", "jwt", "application/jwt", "Application/JWT"])
def test_both_kinds_may_be_called_jwt(typ: str) -> None:
    assert Bench().id_token(signed(ID_CLAIMS, typ=typ)).sub
    assert Bench().access_token(signed(ACCESS_CLAIMS, typ=typ)).sub


@pytest.mark.parametrize("typ", ["at+jwt", "application/at+jwt", "AT+JWT"])
def test_an_access_token_by_its_type_is_no_id_token(typ: str) -> None:
    assert Bench().access_token(signed(ACCESS_CLAIMS, typ=typ)).sub
    assert reason_of(lambda: Bench().id_token(signed(ID_CLAIMS, typ=typ))) == "claim"


@pytest.mark.parametrize(
    "typ", ["dpop+jwt", "logout+jwt", "oauth-id-jag+jwt", "okta-internal-at+jwt", "", "text/jwt"]
)
def test_no_other_type_passes(typ: str) -> None:
    assert reason_of(lambda: Bench().id_token(signed(ID_CLAIMS, typ=typ))) == "claim"
    assert reason_of(lambda: Bench().access_token(signed(ACCESS_CLAIMS, typ=typ))) == "claim"


def test_a_header_that_is_known_serves_no_other_kind_of_token() -> None:
    bench = Bench()
    assert bench.access_token(signed(ACCESS_CLAIMS, typ="at+jwt")).sub

    assert reason_of(lambda: bench.id_token(signed(ID_CLAIMS, typ="at+jwt"))) == "claim"


# Key ids


@pytest.mark.parametrize("kid", ["key-2", "../../../etc/passwd", "", "key-1\x00", "KEY-1", "𝕜"])
def test_a_key_that_is_not_published_is_unknown(kid: str) -> None:
    token = signed(ID_CLAIMS, header={"alg": "RS256", "kid": kid})

    assert reason_of(lambda: Bench().id_token(token)) == "unknown_key"


def test_without_a_key_id_the_only_key_there_is_is_meant() -> None:
    token = signed(ID_CLAIMS, header={"alg": "RS256"})

    assert Bench().id_token(token).sub
    two = Bench(published("key-1"), published("key-2"))
    assert reason_of(lambda: two.id_token(token)) == "unknown_key"


def test_two_keys_of_one_name_are_none() -> None:
    bench = Bench(published("key-1"), {**published("key-2"), "kid": "key-1"})

    assert reason_of(lambda: bench.id_token(id_token())) == "unknown_key"
    assert bench.fetches == 1


# The shape


def broken_shapes() -> dict[str, str]:
    good = id_token()
    head, body, tail = good.split(".")
    return {
        "empty": "",
        "dots": "..",
        "no dot": "a",
        "one dot": f"{head}.{body}",
        "four parts": f"{good}.{tail}",
        "six parts": f"{good}.a.b.c",
        "padding": f"{head}.{body}==.{tail}",
        "padded header": f"{head}=.{body}.{tail}",
        "padded signature": f"{good}==",
        "space in front": f" {good}",
        "space behind": f"{good} ",
        "line break": f"{good}\n",
        "line break inside": f"{head}.{body[:20]}\n{body[20:]}.{tail}",
        "the other alphabet": f"{head}.{body}+/.{tail}",
        "empty header": f".{body}.{tail}",
        "empty body": f"{head}..{tail}",
        "not ASCII": f"{head}.{body}é.{tail}",
        "a lone surrogate": f"{head}.{body}\udcff.{tail}",
        "no signature": f"{head}.{body}.",
        "cut signature": good[:-10],
        "longer signature": good + "AAAA",
        "bytes of it": str(good.encode()),
        "Bearer": f"Bearer {good}",
        "null": "null",
        "JSON": '{"payload":"","signatures":[]}',
        "too large": good + "A" * 70_000,
    }


@pytest.mark.parametrize("name", list(broken_shapes()))
@pytest.mark.parametrize("warm", [False, True])
def test_what_is_no_compact_jws_is_refused(name: str, warm: bool) -> None:
    bench = Bench()
    if warm:
        bench.id_token(id_token())

    reason = reason_of(lambda: bench.id_token(broken_shapes()[name]))

    assert reason in ("malformed", "signature", "algorithm")


@pytest.mark.parametrize("warm", [False, True])
def test_a_signature_that_is_no_base64url_is_no_signature(warm: bool) -> None:
    bench = Bench()
    token = id_token()
    if warm:
        bench.id_token(token)

    for odd in (
        token + "==",
        token + " ",
        token + "\n",
        token + "\0",
        token[:-1],
        token[:-9] + "+/",
    ):
        assert reason_of(partial(bench.id_token, odd)) == "malformed"


def test_an_encrypted_token_is_called_so() -> None:
    bench = Bench()
    assert reason_of(lambda: bench.id_token(".".join([encoded(KID)] * 5))) == "encrypted"
    assert reason_of(lambda: bench.id_token("....")) == "encrypted"
    assert bench.fetches == 0


def test_64_kibibytes_are_enough() -> None:
    bench = Bench()
    empty = len(id_token(padding=""))
    token = id_token(padding="x" * ((64 * 1024 - empty) * 3 // 4 - 4))
    assert 65_000 < len(token) <= 64 * 1024

    assert bench.id_token(token).sub
    larger = id_token(padding="x" * 60_000)
    assert reason_of(lambda: bench.id_token(larger)) == "malformed"


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"null",
        b"[]",
        b'"sub"',
        b"5",
        b"{",
        b"{}x",
        b'{"sub":"a","sub":"b"}',
        b'{"sub":"a","act":{"sub":"a","sub":"b"}}',
        b'{"exp":NaN}',
        b'{"exp":Infinity}',
        b'{"exp":-Infinity}',
        b'{"exp":1e999}',
        b'{"exp":-1e999}',
        b'{"x":[1e400]}',
        b'{"exp":' + b"9" * 5_000 + b"}",
        b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
        b"[" * 40_000,
        '{"sub":"a"}'.encode("utf-16"),
        b'\xef\xbb\xbf{"sub":"a"}',
        b'{"sub":"\xff"}',
    ],
)
def test_a_payload_that_is_no_json_object_is_refused(payload: bytes) -> None:
    bench = Bench()
    bench.id_token(id_token())

    assert reason_of(lambda: bench.id_token(signed(payload))) == "malformed"


def test_a_signature_is_checked_before_a_claim_is_read() -> None:
    bench = Bench()
    head, _, tail = id_token().split(".")
    for payload in (b"not JSON", b'{"iss":"https://evil.example"}'):
        token = f"{head}.{encoded(payload)}.{tail}"
        assert reason_of(partial(bench.id_token, token)) == "signature"


# The claims of both


Check = Callable[[Bench, Mapping[str, Any]], object]
BOTH: Final[dict[str, tuple[Mapping[str, Any], Check]]] = {
    "id": (ID_CLAIMS, lambda bench, claims: bench.id_token(signed(claims))),
    "access": (ACCESS_CLAIMS, lambda bench, claims: bench.access_token(signed(claims))),
}
both = pytest.mark.parametrize("which", list(BOTH))


def reason_with(which: str, *without: str, **claims: Any) -> str:
    good, check = BOTH[which]
    changed = {k: v for k, v in {**good, **claims}.items() if k not in without}
    return reason_of(lambda: check(Bench(), changed))


@both
@pytest.mark.parametrize(
    "iss",
    [
        f"{ISSUER}/",
        "https://dev-000000.okta.com/oauth2/other",
        "https://dev-000000.okta.com",
        "https://dev-000000.okta.com/oauth2/Default",
        ISSUER.upper(),
        [ISSUER],
        {ISSUER: 1},
        5,
        None,
        "",
    ],
    ids=str,
)
def test_the_issuer_is_compared_exactly(which: str, iss: object) -> None:
    assert reason_with(which, iss=iss) == "issuer"


@both
def test_a_missing_issuer_is_another(which: str) -> None:
    assert reason_with(which, "iss") == "issuer"


@both
@pytest.mark.parametrize(
    "aud",
    ["api://other", "", [], {}, {AUDIENCE: 1, CLIENT_ID: 1}, 5, None, True, ["x"], [[AUDIENCE]]],
    ids=str,
)
def test_another_audience_is_refused(which: str, aud: object) -> None:
    assert reason_with(which, aud=aud) == "audience"


@both
def test_an_audience_with_a_number_in_it_is_refused(which: str) -> None:
    for own in (CLIENT_ID, AUDIENCE):
        assert reason_with(which, aud=[own, 5], azp=CLIENT_ID) == "audience"
    assert reason_with(which, "aud") == "audience"


@both
@pytest.mark.parametrize("name", ["exp", "iat", "nbf"])
@pytest.mark.parametrize("value", ["1800000000", "", True, False, None, [], {}, [1800000000]])
def test_a_time_is_a_number(which: str, name: str, value: object) -> None:
    assert reason_with(which, **{name: value}) == "claim"


@both
def test_a_token_without_an_end_is_refused(which: str) -> None:
    assert reason_with(which, "exp") == "claim"


@both
@pytest.mark.parametrize("kind", [int, float])
def test_a_token_ends_with_the_leeway(which: str, kind: Callable[[float], float]) -> None:
    good, check = BOTH[which]
    bench = Bench()
    assert check(bench, {**good, "exp": kind(NOW - 119)})
    assert check(bench, {**good, "exp": NOW - 119.999})
    assert reason_with(which, exp=kind(NOW - 120)) == "expired"
    assert reason_with(which, exp=0) == "expired"
    assert reason_with(which, exp=-1e308) == "expired"


@both
@pytest.mark.parametrize("name", ["iat", "nbf"])
def test_a_token_begins_with_the_leeway(which: str, name: str) -> None:
    good, check = BOTH[which]
    assert check(Bench(), {**good, name: int(NOW) + 120})
    assert reason_with(which, **{name: NOW + 120.001}) == "not_yet_valid"
    assert reason_with(which, **{name: 10**300}) == "not_yet_valid"


@both
def test_a_leeway_may_be_none(which: str) -> None:
    good, check = BOTH[which]
    bench = Bench(leeway=0.0)
    assert check(bench, {**good, "exp": NOW + 0.001, "iat": NOW})
    assert reason_of(lambda: check(bench, {**good, "exp": NOW})) == "expired"


@both
def test_an_end_that_no_calendar_has_is_the_last_it_has(which: str) -> None:
    good, check = BOTH[which]
    claims: Any = check(Bench(), {**good, "exp": 10**400})
    assert claims.expires_at - at(NOW) > timedelta(days=1_000_000)


@both
@pytest.mark.parametrize("sub", [None, "", 5, True, ["a"], {}])
def test_a_subject_is_text(which: str, sub: object) -> None:
    assert reason_with(which, sub=sub) == "claim"
    assert reason_with(which, "sub") == "claim"


@both
@pytest.mark.parametrize("name", ["jti", "uid", "auth_time", "nonce"])
def test_a_registered_claim_of_another_type_is_refused(which: str, name: str) -> None:
    assert reason_with(which, **{name: {"a": 1}}) in ("claim", "nonce", "auth_time")


@both
def test_a_claim_that_an_org_may_define_stops_nobody(which: str) -> None:
    good, check = BOTH[which]
    odd: dict[str, Any] = {
        "email": {"a": 1},
        "name": 5,
        "preferred_username": [],
        "groups": {"a": 1},
    }
    claims: Any = check(Bench(), {**good, **odd})

    assert (claims.email, claims.name, claims.preferred_username) == (None, None, None)
    assert claims.groups == ()
    assert claims.raw["groups"] == {"a": 1}


# ID tokens


def test_several_audiences_need_a_party() -> None:
    several = [CLIENT_ID, "api://other"]
    assert Bench().id_token(id_token(aud=several, azp=CLIENT_ID)).aud == tuple(several)
    assert reason_with("id", aud=several) == "authorized_party"


@pytest.mark.parametrize("azp", ["0oaother", "", None, 5, [CLIENT_ID], {}])
def test_the_party_is_nobody_else(azp: object) -> None:
    assert reason_with("id", azp=azp) == "authorized_party"
    assert Bench().id_token(id_token(azp=CLIENT_ID)).sub


def test_an_id_token_says_when_it_was_issued() -> None:
    assert reason_with("id", "iat") == "claim"


@pytest.mark.parametrize("nonce", ["other", "", None, [NONCE], {NONCE: 1}, 5, True, "é"])
def test_another_nonce_is_refused(nonce: object) -> None:
    assert reason_with("id", nonce=nonce) == "nonce"


def test_a_missing_nonce_is_refused_and_so_is_one_that_was_not_sent() -> None:
    bench = Bench()
    assert reason_with("id", "nonce") == "nonce"
    assert reason_of(lambda: bench.id_token(id_token(), nonce=None)) == "nonce"
    assert reason_of(lambda: bench.id_token(id_token(nonce=None), nonce=None)) == "nonce"
    assert bench.id_token(id_token("nonce"), nonce=None).nonce is None


@pytest.mark.parametrize("at_hash", ["other", "", None, 5, [], True, ID_CLAIMS["at_hash"] + "=="])
def test_a_hash_of_another_access_token_is_refused(at_hash: object) -> None:
    assert reason_with("id", at_hash=at_hash) == "hash"


def test_a_hash_is_checked_where_there_is_something_to_check() -> None:
    bench = Bench()
    other = reason_of(lambda: bench.id_token(id_token(), access_token=ACCESS_TOKEN + "x"))
    assert other == "hash"
    assert reason_of(lambda: bench.id_token(id_token(), access_token="é\udcff")) == "hash"
    assert bench.id_token(id_token("at_hash")).sub
    assert bench.id_token(id_token(), access_token=None).sub


def test_a_sign_in_is_young_enough() -> None:
    bench = Bench()
    assert bench.id_token(id_token(auth_time=NOW - 420), max_age=300).sub
    assert bench.id_token(id_token(auth_time=NOW - 120), max_age=0).sub
    assert bench.id_token(id_token(auth_time=NOW + 120), max_age=0).sub
    for claims in ({"auth_time": NOW - 420.1}, {"auth_time": 0}, {"auth_time": NOW + 120.1}):
        token = id_token(**claims)
        refused = reason_of(partial(bench.id_token, token, max_age=300))
        assert refused == "auth_time"
    token = id_token("auth_time")
    assert reason_of(lambda: bench.id_token(token, max_age=300)) == "auth_time"
    for value in (None, "1800000000", True):
        token = id_token(auth_time=value)
        assert reason_of(partial(bench.id_token, token, max_age=300)) == "auth_time"


@pytest.mark.parametrize("claims", [{"scp": ["openid"]}, {"cid": CLIENT_ID}, {"scp": None}])
def test_an_access_token_is_no_id_token(claims: dict[str, Any]) -> None:
    assert reason_with("id", **claims) == "claim"
    # With everything else right: its audience is the client's own id.
    token = access_token(aud=CLIENT_ID, nonce=NONCE)
    assert reason_of(lambda: Bench().id_token(token)) == "claim"


# Access tokens


def test_an_id_token_is_no_access_token() -> None:
    bench = Bench()
    for token in (
        id_token(),
        id_token("nonce"),
        id_token("nonce", "at_hash"),
        id_token("nonce", "at_hash", c_hash="x"),
    ):
        refused = reason_of(partial(bench.access_token, token, audience=CLIENT_ID))
        assert refused in ("claim", "client")
    token = id_token("nonce", "at_hash")
    assert reason_of(lambda: bench.access_token(token, audience=CLIENT_ID)) == "client"


@pytest.mark.parametrize("cid", [None, "", 5, ["a"]])
def test_an_access_token_names_its_client(cid: object) -> None:
    assert reason_with("access", cid=cid) in ("client", "claim")
    assert reason_with("access", "cid") == "client"


@pytest.mark.parametrize("cnf", [{"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}, {}, None])
def test_a_token_bound_to_a_key_is_no_bearer_token(cnf: object) -> None:
    assert reason_with("access", cnf=cnf) == "bound"


def test_every_scope_that_is_needed_must_be_granted() -> None:
    bench = Bench()
    token = access_token()
    assert bench.access_token(token, "orders:read").sub
    for scopes in (("orders:write",), ("orders:read", "orders:write"), ("orders",), ("",)):
        refused = reason_of(partial(bench.access_token, token, *scopes))
        assert refused == "scope"
    none = access_token("scp")
    assert reason_of(lambda: bench.access_token(none, "openid")) == "scope"
    assert bench.access_token(none).scopes == ()


@pytest.mark.parametrize("scp", [5, {"openid": 1}, ["openid", 5], [["openid"]]])
def test_scopes_of_another_type_are_refused(scp: object) -> None:
    assert reason_with("access", scp=scp) == "claim"


# Whatever comes


JSON: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
NAMES: Final = st.sampled_from(
    sorted({*ID_CLAIMS, *ACCESS_CLAIMS, "azp", "cnf", "nbf", "c_hash", "client_id", "scope"})
)


def only_invalid(check: Callable[[], object]) -> None:
    try:
        check()
    except InvalidTokenError as refused:
        assert refused.reason  # noqa: PT017  # most inputs are refused, some are not


# One that takes long took it from others.
@settings(deadline=None)
@given(st.text() | st.from_regex(r"[A-Za-z0-9_-]*(\.[A-Za-z0-9_-]*){1,5}"))
def test_no_text_brings_another_error(text: str) -> None:
    bench = Bench()
    only_invalid(lambda: bench.id_token(text))
    only_invalid(lambda: bench.access_token(text))


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["alg", "kid", "typ", "crit", "jwk", "x"]), JSON), JSON)
def test_no_header_brings_another_error(header: dict[str, Any], payload: object) -> None:
    bench = Bench()
    for head in (header, {**header, "alg": "RS256"}, {**header, **KID}):
        token = f"{encoded(head)}.{encoded(payload)}.{encoded(b'signature')}"
        only_invalid(partial(bench.id_token, token))


@settings(deadline=None)
@given(st.dictionaries(NAMES, JSON, max_size=4), st.booleans())
def test_no_claim_that_the_issuer_signed_brings_another_error(
    odd: dict[str, Any], with_age: bool
) -> None:
    bench = Bench()
    for good in (ID_CLAIMS, ACCESS_CLAIMS):
        token = signed({**good, **odd})
        only_invalid(partial(bench.id_token, token, max_age=300 if with_age else None))
        only_invalid(partial(bench.access_token, token, "openid"))


@settings(deadline=None)
@given(st.binary(max_size=60))
def test_no_bytes_that_the_issuer_signed_bring_another_error(payload: bytes) -> None:
    bench = Bench()
    only_invalid(lambda: bench.id_token(signed(payload)))


@settings(deadline=None)
@given(st.integers(0, 600), st.integers(0, 255))
def test_a_token_that_one_byte_was_changed_in_does_not_pass(place: int, value: int) -> None:
    bench = Bench()
    good = id_token()
    place %= len(good)
    changed = good[:place] + chr(value) + good[place + 1 :]
    if changed != good:
        with pytest.raises(OktaError):
            bench.id_token(changed)
