"""Clients that prove themselves by an assertion: what it says, and that nothing else says it."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
import threading
import traceback
from collections import Counter
from collections.abc import Callable
from types import FrameType
from typing import Any
from urllib.parse import parse_qs, parse_qsl

import anyio
import httpx
import pydantic
import pytest
from okta_oidc import (
    ORG,
    AsyncOktaOIDC,
    ClientAuth,
    ClientSecretBasic,
    ClientSecretJwt,
    ClientSecretPost,
    ConfigurationError,
    InvalidClientError,
    OktaOIDC,
    PrivateKeyJwt,
    PublicClient,
    RateLimitError,
    Retry,
)
from okta_oidc._runtime import RUNTIME
from okta_oidc_api import Client
from okta_oidc_api.api.introspection import custom_introspect, org_introspect
from okta_oidc_api.models import IntrospectionResponse, IntrospectRequest

from tests.support.faces import CALLS, Face, Kind
from tests.support.keys import (
    CURVES,
    Vault,
    claims_of,
    ec_key,
    jwk,
    pem,
    private_numbers,
    rsa_key,
    unverified,
)
from tests.support.samples import CALLBACK, CLIENT_ID, ORG_URL, TOKENS, answer, oauth_error
from tests.support.servers import Recorder, http_bytes, never

from ._secrets import frames_of, texts_of_chain
from .conftest import OpenOkta, ServeRaw, on_every_loop
from .test_auth import Send, send_async, send_sync
from .test_redaction import everything_said

SECRET = "planted-client-secret-of-40-characters-x"
KID = "the-key-id"
TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
TOKEN_URL = f"{ORG_URL}/oauth2/default/v1/token"
FORM_HEADERS = {"content-type": "application/x-www-form-urlencoded"}
ALGS = ("HS256", "HS384", "HS512", "RS256", "RS384", "RS512", *CURVES)


class Secret:
    """Starlette's wrapper, by its name; :func:`test_starlettes_own_wrapper` knows the real one."""

    __module__ = "starlette.datastructures"

    def __init__(self, value: str) -> None:
        self._value = value

    def __repr__(self) -> str:
        return "Secret('**********')"

    def __str__(self) -> str:
        return self._value


def key_for(alg: str) -> Any:
    if alg.startswith("HS"):
        return SECRET
    return ec_key(alg) if alg in CURVES else rsa_key()


def auth_for(alg: str, client_id: str = CLIENT_ID) -> ClientSecretJwt | PrivateKeyJwt:
    if alg.startswith("HS"):
        return ClientSecretJwt(client_id, SECRET, alg=alg)
    return PrivateKeyJwt(client_id, key_for(alg), kid=KID, alg=alg)


def foreign(vault: Vault) -> PrivateKeyJwt:
    return PrivateKeyJwt(CLIENT_ID, vault.ec())


def assertion_in(form: bytes | list[tuple[str, str]]) -> str:
    pairs = (
        parse_qsl(form.decode("ascii"), strict_parsing=True) if isinstance(form, bytes) else form
    )
    (kind,) = [value for name, value in pairs if name == "client_assertion_type"]
    (assertion,) = [value for name, value in pairs if name == "client_assertion"]
    assert kind == TYPE
    assert not {"client_id", "client_secret"} & {name for name, _ in pairs}
    return assertion


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, in a list of one."""
    time = [1_767_607_200.75]
    monkeypatch.setattr(RUNTIME, "now", lambda: time[0])
    return time


@pytest.fixture(params=[send_sync, send_async], ids=["sync", "async"])
def send(request: pytest.FixtureRequest) -> Send:
    found: Send = request.param
    return found


@pytest.mark.parametrize("alg", ALGS)
def test_what_an_assertion_says(alg: str, clock: list[float]) -> None:
    authorization, form = auth_for(alg).sign(b"grant_type=x", TOKEN_URL)
    assert authorization is None
    assert form.startswith(b"grant_type=x&client_assertion_type=")
    header, claims = claims_of(assertion_in(form), key_for(alg), alg)
    assert header == ({"alg": alg} if alg.startswith("HS") else {"alg": alg, "kid": KID})
    jti = claims.pop("jti")
    assert claims == {
        "iss": CLIENT_ID,
        "sub": CLIENT_ID,
        "aud": TOKEN_URL,
        "exp": 1_767_607_500,
    }
    assert type(claims["exp"]) is int
    # 128 bits.
    assert len(jti) == 22


def test_the_key_id_is_sent_where_there_is_one() -> None:
    def header(**options: Any) -> dict[str, Any]:
        key = options.pop("key", rsa_key())
        form = PrivateKeyJwt(CLIENT_ID, key, **options).sign(b"", TOKEN_URL)[1]
        return claims_of(assertion_in(form), rsa_key(), "RS256")[0]

    assert header() == {"alg": "RS256"}
    assert header(kid="k") == {"alg": "RS256", "kid": "k"}
    assert header(key=jwk(rsa_key(), kid="its")) == {"alg": "RS256", "kid": "its"}
    assert header(key=jwk(rsa_key(), kid="its"), kid="k") == {"alg": "RS256", "kid": "k"}
    assert header(key=pem(rsa_key()), kid="k") == {"alg": "RS256", "kid": "k"}
    with pytest.raises(ConfigurationError, match="kid must be"):
        header(kid=5)


def test_an_assertion_may_end_earlier_and_never_later_than_asked(clock: list[float]) -> None:
    def end(auth: ClientAuth, *lifetime: float) -> int:
        exp = unverified(assertion_in(auth.sign(b"", TOKEN_URL, *lifetime)[1]))[1]["exp"]
        assert type(exp) is int
        return exp

    for auth in (auth_for("HS256"), auth_for("ES256")):
        assert end(auth) == 1_767_607_500
        assert end(auth, 15) == 1_767_607_215
        assert end(auth, 14.9) == 1_767_607_215
        assert end(auth, 14.2) == 1_767_607_214
        clock[0] += 100
        assert end(auth, 15) == 1_767_607_315
        clock[0] -= 100


def test_the_lifetime_means_nothing_to_a_method_without_one() -> None:
    for auth in (
        ClientSecretBasic(CLIENT_ID, SECRET),
        ClientSecretPost(CLIENT_ID, SECRET),
        PublicClient(CLIENT_ID),
    ):
        assert auth.sign(b"a=b", TOKEN_URL, 5) == auth.sign(b"a=b", TOKEN_URL)


def test_methods_have_the_names_of_iana() -> None:
    assert [
        auth.method
        for auth in (
            ClientSecretBasic(CLIENT_ID, SECRET),
            ClientSecretPost(CLIENT_ID, SECRET),
            auth_for("HS256"),
            auth_for("RS256"),
            PublicClient(CLIENT_ID),
        )
    ] == [
        "client_secret_basic",
        "client_secret_post",
        "client_secret_jwt",
        "private_key_jwt",
        "none",
    ]


@pytest.mark.parametrize("alg", ["HS256", "RS256", "ES256"])
@pytest.mark.parametrize("name", CALLS)
def test_every_operation_is_signed_for_its_own_address(
    open_okta: OpenOkta, name: str, alg: str
) -> None:
    body = {"active": True} if name == "introspect" else TOKENS
    handler = Recorder(answer(200, b"" if name == "revoke" else body))
    CALLS[name](open_okta(handler=handler, auth=auth_for(alg)))
    endpoint = name if name in ("introspect", "revoke") else "token"
    claims = claims_of(assertion_in(handler.form), key_for(alg), alg)[1]
    assert claims["aud"] == f"{ORG_URL}/oauth2/default/v1/{endpoint}" == str(handler.last.url)
    assert "authorization" not in handler.last.headers
    assert handler.last.headers.get_list("content-length") == [str(len(handler.last.content))]


ADDRESSES = [
    ("https://login.example.com", None, "https://login.example.com/oauth2/default/v1/introspect"),
    ("https://login.example.com", ORG, "https://login.example.com/oauth2/v1/introspect"),
    (
        "https://Login.Example.COM:443/",
        "aus1",
        "https://login.example.com/oauth2/aus1/v1/introspect",
    ),
    (
        "https://login.example.com:8443/oauth2/aus9",
        None,
        "https://login.example.com:8443/oauth2/aus9/v1/introspect",
    ),
    ("http://[::1]:8080", None, "http://[::1]:8080/oauth2/default/v1/introspect"),
    ("http://127.0.0.1:1", "a-b_c", "http://127.0.0.1:1/oauth2/a-b_c/v1/introspect"),
    ("https://bücher.example", None, "https://xn--bcher-kva.example/oauth2/default/v1/introspect"),
]


@pytest.mark.parametrize(("base_url", "server", "expected"), ADDRESSES)
def test_the_audience_is_the_address_that_is_called(
    open_okta: OpenOkta, base_url: str, server: Any, expected: str
) -> None:
    handler = Recorder(answer(body={"active": True}))
    okta = open_okta(base_url, handler=handler, auth=auth_for("ES256"), auth_server_id=server)
    okta.introspect("t")
    assert unverified(assertion_in(handler.form))[1]["aud"] == expected == str(handler.last.url)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (f"{TOKEN_URL}?a=b&c=d", TOKEN_URL),
        (f"{TOKEN_URL}?", TOKEN_URL),
        (f"{TOKEN_URL}#part", TOKEN_URL),
        ("https://user:password@org.okta.com:444/t?x", "https://org.okta.com:444/t"),
        ("http://[::1]:80/t?x#y", "http://[::1]/t"),
        ("http://[2001:db8::1]:8080/t", "http://[2001:db8::1]:8080/t"),
        ("https://org.okta.com", "https://org.okta.com/"),
        ("https://org.okta.com/a%2Fb/ü", "https://org.okta.com/a%2Fb/%C3%BC"),
    ],
)
def test_the_audience_on_a_bare_client(send: Send, url: str, expected: str) -> None:
    handler = Recorder(answer())
    send(handler, url=url, data={"token": "t&="}, auth=auth_for("ES256"))
    claims = claims_of(assertion_in(handler.form), ec_key(), "ES256")[1]
    assert claims["aud"] == expected
    assert handler.form[0] == ("token", "t&=")


def test_on_a_bare_generated_client() -> None:
    handler = Recorder(answer(body={"active": True}))
    client = Client(
        base_url=ORG_URL,
        timeout=httpx.Timeout(3.5),
        httpx_args={"auth": auth_for("RS256"), "transport": httpx.MockTransport(handler)},
    )
    body = IntrospectRequest(token="t")
    assert isinstance(
        custom_introspect.sync("aus1", client=client, body=body), IntrospectionResponse
    )

    async def ask() -> object:
        async with client:
            return await org_introspect.asyncio(client=client, body=body)

    assert isinstance(anyio.run(ask), IntrospectionResponse)
    claims = [
        claims_of(assertion_in(request.content), rsa_key(), "RS256")[1]
        for request in handler.requests
    ]
    assert [each["aud"] for each in claims] == [
        f"{ORG_URL}/oauth2/aus1/v1/introspect",
        f"{ORG_URL}/oauth2/v1/introspect",
    ]
    assert handler.last.extensions["timeout"]["read"] == 3.5


def test_through_the_clients_own_generated_client(open_okta: OpenOkta) -> None:
    handler = Recorder(answer(body={"active": True}))
    open_okta(handler=handler, auth=auth_for("ES256")).generated(
        custom_introspect, "aus7", body=IntrospectRequest(token="t")
    )
    claims = claims_of(assertion_in(handler.form), ec_key(), "ES256")[1]
    assert claims["aud"] == f"{ORG_URL}/oauth2/aus7/v1/introspect"


def jti_of(request: httpx.Request) -> str:
    jti: str = unverified(assertion_in(request.content))[1]["jti"]
    return jti


def in_turn(*responses: httpx.Response) -> Callable[[], httpx.Response]:
    """An answer after the other, and from the first again."""
    counted = Counter[str]()

    def respond() -> httpx.Response:
        response = responses[counted["next"] % len(responses)]
        counted["next"] += 1
        return httpx.Response(
            response.status_code, headers=response.headers, content=response.content
        )

    return respond


def test_no_assertion_is_sent_twice_in_a_thousand_calls(kind: Kind) -> None:
    # Two of three requests are refused in a way that is tried again.
    limited = answer(429, oauth_error("rate"), replace={"x-rate-limit-reset": "1767607200"})
    handler = Recorder(in_turn(answer(503), limited, answer(body={"active": True})))
    with Face(kind, handler=handler, auth=auth_for("ES256")) as okta:
        for _ in range(1000):
            assert okta.introspect("t").active
    assert len(handler.requests) == 3000
    jtis = Counter(map(jti_of, handler.requests))
    assert jtis.most_common(1)[0][1] == 1


def test_no_assertion_is_sent_twice_after_a_connection_that_broke(open_okta: OpenOkta) -> None:
    handler = Recorder(
        httpx.ConnectError("refused"), httpx.ReadError(""), answer(body={"active": True})
    )
    assert open_okta(handler=handler, auth=auth_for("HS256")).introspect("t").active
    assert len({jti_of(request) for request in handler.requests}) == 3


def test_threads_do_not_share_an_assertion() -> None:
    auth, found = auth_for("ES256"), list[str]()

    def sign() -> None:
        for _ in range(50):
            found.append(unverified(assertion_in(auth.sign(b"", TOKEN_URL)[1]))[1]["jti"])

    threads = [threading.Thread(target=sign) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 400


def test_chance_that_a_program_seeds_makes_no_assertion_guessable() -> None:
    import random

    auth = auth_for("HS256")
    found: set[str] = set()
    for _ in range(3):
        random.seed(1)
        found.add(unverified(assertion_in(auth.sign(b"", TOKEN_URL)[1]))[1]["jti"])
    assert len(found) == 3


@pytest.mark.parametrize("secret", ["x" * 31, "ü" * 15, " " * 32])
def test_a_secret_too_short_to_sign_with(secret: str) -> None:
    with pytest.raises(ConfigurationError, match="client_secret is"):
        ClientSecretJwt(CLIENT_ID, secret)


def test_a_secret_is_measured_in_bytes() -> None:
    for secret in ("x" * 32, "ü" * 16):
        form = ClientSecretJwt(CLIENT_ID, secret).sign(b"", TOKEN_URL)[1]
        assert claims_of(assertion_in(form), secret, "HS256")[1]["sub"] == CLIENT_ID


@pytest.mark.parametrize(
    "alg", ["RS256", "ES256", "none", "", "hs256", "HS1", None, 256, ["HS256"], b"HS256"]
)
def test_a_secret_signs_by_hmac_alone(alg: Any) -> None:
    with pytest.raises(ConfigurationError, match="alg must be HS256 or HS384 or HS512"):
        ClientSecretJwt(CLIENT_ID, SECRET, alg=alg)


def test_a_secret_is_no_key_and_a_key_no_secret() -> None:
    with pytest.raises(ConfigurationError, match="neither a PEM nor a JWK"):
        PrivateKeyJwt(CLIENT_ID, SECRET)
    with pytest.raises(ConfigurationError, match="client_secret"):
        ClientSecretJwt(CLIENT_ID, pem(rsa_key()))
    with pytest.raises(ConfigurationError, match="client_secret must be a string, not RSAPrivate"):
        ClientSecretJwt(CLIENT_ID, rsa_key())  # type: ignore[arg-type]


METHODS: dict[str, Callable[[Any, Any], ClientAuth]] = {
    "basic": ClientSecretBasic,
    "post": ClientSecretPost,
    "jwt": ClientSecretJwt,
    "key": lambda client_id, _: PrivateKeyJwt(client_id, ec_key()),
    "public": lambda client_id, _: PublicClient(client_id),
}


@pytest.mark.parametrize("method", METHODS)
def test_wrapped_secrets_are_taken_for_what_they_hold(method: str) -> None:
    make = METHODS[method]
    plain = make(CLIENT_ID, SECRET)
    for wrap in (pydantic.SecretStr, Secret):
        wrapped = make(wrap(CLIENT_ID), wrap(SECRET))
        assert wrapped.client_id == CLIENT_ID
        assert wrapped.secrets == plain.secrets
        with pytest.raises(ConfigurationError, match="client_id is missing"):
            make(wrap(""), SECRET)


def test_another_wrapper_is_not_read_by_its_text() -> None:
    class Derived(Secret):
        __module__ = "somewhere"

    class Stranger:
        __qualname__ = "Secret"

        def __str__(self) -> str:
            return SECRET

    derived: Any = Derived(SECRET)
    assert ClientSecretPost(CLIENT_ID, derived).secrets == (SECRET,)
    stranger: Any = Stranger()
    with pytest.raises(ConfigurationError, match="client_secret must be a string, not Stranger"):
        ClientSecretPost(CLIENT_ID, stranger)


def test_a_wrapped_private_key_is_a_key() -> None:
    for key in (
        pydantic.SecretStr(pem(ec_key())),
        pydantic.SecretBytes(pem(ec_key()).encode()),
        Secret(pem(ec_key())),
    ):
        form = PrivateKeyJwt(CLIENT_ID, key).sign(b"", TOKEN_URL)[1]  # type: ignore[arg-type]
        assert claims_of(assertion_in(form), ec_key(), "ES256")[1]["sub"] == CLIENT_ID


@pytest.mark.parametrize("method", ["basic", "post", "jwt"])
@pytest.mark.parametrize(
    "value",
    [
        SECRET.encode(),
        pydantic.SecretBytes(SECRET.encode()),
        pydantic.HttpUrl("https://planted.example"),
        5,
        [SECRET],
        object(),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_credential_of_another_type_is_called_by_its_type(method: str, value: Any) -> None:
    for pair, name in (((value, SECRET), "client_id"), ((CLIENT_ID, value), "client_secret")):
        with pytest.raises(ConfigurationError) as caught:
            METHODS[method](*pair)
        assert str(caught.value) == f"{name} must be a string, not {type(value).__name__}"


@pytest.mark.parametrize("method", ["basic", "post", "jwt", "key", "public"])
def test_no_client_id_and_no_placeholder(method: str) -> None:
    for value in (None, "", "  ", "{clientId}", "${CLIENT_ID}", "a\nb"):
        with pytest.raises(ConfigurationError, match="client_id"):
            METHODS[method](value, SECRET)


@on_every_loop
def test_a_key_of_somebody_elses_does_not_hold_the_loop_up(open_okta: OpenOkta, kind: Kind) -> None:
    threads: list[int] = []
    auth = foreign(Vault(lambda: threads.append(threading.get_ident())))
    assert auth.signs_elsewhere
    handler = Recorder(answer(503), answer(body={"active": True}))
    okta = open_okta(handler=handler, auth=auth)
    loop = okta.run(_ident) if kind != "sync" else threading.get_ident()
    assert okta.introspect("t").active
    assert len(threads) == len(handler.requests) == 2
    assert (loop in threads) == (kind == "sync")
    claims = [claims_of(assertion_in(each.content), ec_key(), "ES256") for each in handler.requests]
    assert claims[0] != claims[1]


async def _ident() -> int:
    return threading.get_ident()


@pytest.mark.parametrize("alg", ["HS256", "RS256", "ES256"])
def test_a_key_of_this_process_signs_where_it_is_asked(alg: str) -> None:
    assert not auth_for(alg).signs_elsewhere
    assert not ClientSecretBasic(CLIENT_ID, SECRET).signs_elsewhere


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_bare_asynchronous_client_signs_elsewhere_too(backend: str) -> None:
    threads: list[int] = []
    auth = foreign(Vault(lambda: threads.append(threading.get_ident())))
    handler = Recorder(answer())

    async def send() -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(handler), auth=auth) as http:
            await http.post(TOKEN_URL, data={"token": "t"})
            await http.get(TOKEN_URL)

    anyio.run(send, backend=backend)
    assert len(threads) == 1
    assert threading.get_ident() not in threads
    claims = claims_of(assertion_in(handler.requests[0].content), ec_key(), "ES256")[1]
    assert claims["aud"] == TOKEN_URL
    assert handler.last.content == b""


class KMSError(Exception):
    pass


def broken_vault() -> Vault:
    def fail() -> None:
        raise KMSError("the vault is shut")

    return Vault(fail)


@on_every_loop
def test_what_a_kms_raises_reaches_the_caller_as_it_is(open_okta: OpenOkta) -> None:
    vault = broken_vault()
    okta = open_okta(handler=never, auth=foreign(vault), retry=Retry(attempts=3))
    with pytest.raises(KMSError, match="the vault is shut"):
        okta.token_for_code("planted-code", CALLBACK)
    assert vault.signed == 1


@pytest.mark.parametrize("send_", [send_sync, send_async], ids=["sync", "async"])
def test_no_frame_of_ours_holds_the_form_when_a_kms_fails(send_: Send) -> None:
    with pytest.raises(KMSError) as caught:
        send_(never, data={"code": "planted-code"}, auth=foreign(broken_vault()))
    ours = _ours(caught.value)
    assert "planted-code" not in "\n".join(ours)
    auth = foreign(broken_vault())
    with pytest.raises(KMSError) as caught:
        auth.sign(b"code=planted-code", TOKEN_URL)
    assert "planted-code" not in "\n".join(frames_of(caught.value))
    # The vault's own frames are its owner's to look at.
    assert any(frame.f_code.co_name == "fail" for frame in _frames(caught.value))


def _frames(error: BaseException) -> list[FrameType]:
    return [frame for frame, _ in traceback.walk_tb(error.__traceback__)]


def _ours(error: BaseException) -> list[str]:
    """The locals of our own frames: httpx's, of a bare client, are its caller's affair."""
    return [
        repr(value)
        for frame in _frames(error)
        if str(frame.f_globals.get("__name__")).startswith("okta_oidc")
        for value in frame.f_locals.values()
    ]


def silent_objects() -> dict[str, tuple[ClientAuth, list[str]]]:
    return {
        "basic": (ClientSecretBasic(CLIENT_ID, SECRET), [SECRET]),
        "post": (ClientSecretPost(CLIENT_ID, SECRET), [SECRET]),
        "jwt": (auth_for("HS256"), [SECRET]),
        "rsa": (auth_for("RS256"), private_numbers(rsa_key())),
        "ec": (auth_for("ES256"), private_numbers(ec_key())),
    }


@pytest.mark.parametrize("name", ["basic", "post", "jwt", "rsa", "ec"])
def test_an_auth_object_shows_nothing_secret(name: str) -> None:
    auth, secrets = silent_objects()[name]
    shown = f"{auth!r} {auth} {[auth]}"
    assert CLIENT_ID in shown
    for secret in secrets:
        assert secret not in shown


@pytest.mark.parametrize("name", ["basic", "post", "jwt", "rsa", "ec"])
def test_an_auth_object_is_not_pickled_by_accident(name: str) -> None:
    auth, _ = silent_objects()[name]
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match=f"{type(auth).__name__} holds a secret"):
            pickle.dumps({"auth": auth}, protocol)
    # Settings are copied by the frameworks that they are handed to.
    assert copy.copy(auth) is copy.deepcopy(auth) is auth
    assert pickle.loads(pickle.dumps(PublicClient(CLIENT_ID))).client_id == CLIENT_ID


@pytest.mark.parametrize(
    "make",
    [
        lambda: ClientSecretBasic(CLIENT_ID, "planted-secret\n"),
        lambda: ClientSecretPost(CLIENT_ID, "planted-secret\ud800"),
        lambda: ClientSecretJwt(CLIENT_ID, "planted-secret"),
        lambda: ClientSecretJwt(CLIENT_ID, f"planted-secret{'x' * 32}", alg="RS256"),
        lambda: ClientSecretBasic("", "planted-secret"),
        lambda: PrivateKeyJwt(CLIENT_ID, "planted-secret"),
        lambda: PrivateKeyJwt("", {"kty": "RSA", "d": "planted-secret"}),
        lambda: PrivateKeyJwt(
            CLIENT_ID, {"kty": "RSA", "n": "AQ", "e": "AQ", "d": "planted-secret"}
        ),
    ],
)
def test_a_constructor_that_refuses_keeps_nothing(make: Callable[[], object]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        make()
    said = "\n".join([*texts_of_chain(caught.value), *frames_of(caught.value)])
    # The line of this file that a traceback quotes is this file's.
    assert "planted-secret" not in said.replace(_quoted(caught.value), "")


def _quoted(error: BaseException) -> str:
    import linecache

    frames = [frame for frame in _frames(error) if frame.f_code.co_filename == __file__]
    return linecache.getline(__file__, frames[-1].f_lineno).strip() or "-"


@pytest.mark.parametrize("alg", ["HS256", "RS256", "ES256"])
@on_every_loop
def test_no_log_record_holds_an_assertion(
    open_okta: OpenOkta, serve_raw: ServeRaw, alg: str
) -> None:
    server = serve_raw(http_bytes("503 Unavailable"), http_bytes(body=b'{"active":true}'))
    with everything_said() as said:
        okta = open_okta(server.url, auth=auth_for(alg))
        assert okta.introspect("t").active
        shown = [repr(okta.client), repr(okta.client.api)]
    assert len(server.requests) == 2
    whole = "\n".join([*said, *shown])
    assert "httpcore" in whole
    assert SECRET not in whole
    for request in server.requests:
        for part in assertion_in(request.form).split("."):
            assert part not in whole
    for secret in private_numbers(rsa_key()) + private_numbers(ec_key()):
        assert secret not in whole


@pytest.mark.parametrize("alg", ["HS256", "ES256"])
@pytest.mark.parametrize("status", [400, 401, 403, 429, 500, 503])
def test_no_error_shows_an_assertion_that_the_server_quotes(
    open_okta: OpenOkta, alg: str, status: int
) -> None:
    quoted: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        quoted.append(assertion_in(request.content))
        said = f"the assertion {quoted[-1]} has been used already"
        return answer(status, {"error": "invalid_client", "error_description": said})

    okta = open_okta(handler=handler, auth=auth_for(alg), retry=None)
    with everything_said() as said, pytest.raises(Exception) as caught:  # noqa: PT011
        okta.token({"grant_type": "client_credentials"})
    whole = "\n".join([*said, str(caught.value), repr(caught.value), repr(caught.value.args)])
    assert "has been used already" in whole
    for part in quoted[0].split("."):
        assert part not in whole


def test_a_refusal_is_the_error_of_its_kind(open_okta: OpenOkta) -> None:
    okta = open_okta(
        handler=Recorder(answer(401, oauth_error("invalid_client"))), auth=auth_for("ES256")
    )
    with pytest.raises(InvalidClientError):
        okta.introspect("t")
    okta = open_okta(handler=Recorder(answer(429, oauth_error("x"))), auth=auth_for("ES256"))
    with pytest.raises(RateLimitError):
        okta.introspect("t")


def test_a_form_that_names_the_client_is_not_made_to_name_it_twice() -> None:
    own = f"client_id={CLIENT_ID}&scope=openid".encode()
    for auth, expected in (
        (ClientSecretBasic(CLIENT_ID, SECRET), {"client_id", "scope"}),
        (ClientSecretPost(CLIENT_ID, SECRET), {"client_id", "scope", "client_secret"}),
        (PublicClient(CLIENT_ID), {"client_id", "scope"}),
        (
            auth_for("ES256"),
            {"client_id", "scope", "client_assertion", "client_assertion_type"},
        ),
    ):
        form = parse_qs(auth.sign(own, TOKEN_URL)[1].decode(), strict_parsing=True)
        assert set(form) == expected
        assert form["client_id"] == [CLIENT_ID]


def test_another_name_that_ends_in_client_id_is_no_client_id() -> None:
    form = f"x_client_id={CLIENT_ID}".encode()
    signed = PublicClient(CLIENT_ID).sign(form, TOKEN_URL)[1]
    assert parse_qsl(signed.decode()) == [("x_client_id", CLIENT_ID), ("client_id", CLIENT_ID)]


@pytest.mark.parametrize("method", METHODS)
def test_a_bare_client_may_name_itself_and_nobody_else(send: Send, method: str) -> None:
    auth = METHODS[method](CLIENT_ID, SECRET)
    handler = Recorder(answer())
    send(handler, data={"client_id": CLIENT_ID, "scope": "openid"}, auth=auth)
    assert [value for name, value in handler.form if name == "client_id"] == [CLIENT_ID]
    refused: list[Any] = [
        {"data": {"client_id": f"{CLIENT_ID}2"}},
        {"data": {"client_id": [CLIENT_ID, CLIENT_ID]}},
        {"data": {"client_id": [CLIENT_ID, "other"]}},
        {"data": {"client_id": CLIENT_ID, "client_secret": "x"}},
        {"data": {"client_assertion": "x"}},
        {"content": f"client%5Fid={CLIENT_ID}".encode(), "headers": FORM_HEADERS},
    ]
    for options in refused:
        with pytest.raises(ConfigurationError, match="already"):
            send(never, auth=auth, **options)


@pytest.mark.parametrize("method", METHODS)
def test_what_has_no_form_goes_out_as_it_is(method: str) -> None:
    handler = Recorder(answer())
    auth = METHODS[method](CLIENT_ID, SECRET)
    for verb in ("GET", "HEAD"):
        with httpx.Client(transport=httpx.MockTransport(handler), auth=auth) as http:
            http.request(verb, TOKEN_URL, headers={"authorization": "Bearer t"})
        assert handler.last.headers["authorization"] == "Bearer t"
        assert handler.last.content == b""
    for verb in ("POST", "PUT", "DELETE", "PATCH"):
        with (
            httpx.Client(transport=httpx.MockTransport(never), auth=auth) as http,
            pytest.raises(ConfigurationError, match="form"),
        ):
            http.request(verb, TOKEN_URL)


@pytest.mark.parametrize("name", ["ClientSecretJwt", "PrivateKeyJwt", "DPoP"])
def test_without_the_extra_the_error_says_what_to_install(name: str) -> None:
    arguments = {
        "ClientSecretJwt": "'0oa1client', 'x' * 32",
        "PrivateKeyJwt": "'0oa1client', 'PEM'",
        "DPoP": "",
    }[name]
    program = f"""
import sys, typing
sys.modules["joserfc"] = sys.modules["joserfc.jws"] = sys.modules["cryptography"] = None
from okta_oidc import {name}, ConfigurationError, OktaOIDC, ClientSecretBasic
typing.get_type_hints({name}.__init__)
OktaOIDC("https://org.okta.com", ClientSecretBasic("id", "secret")).close()
try:
    {name}({arguments})
except ConfigurationError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stdout.strip() == f"{name} needs joserfc: install okta-oidc[jwt]", done.stderr


@pytest.mark.parametrize("cls", [OktaOIDC, AsyncOktaOIDC])
def test_a_method_of_ones_own_is_taken(cls: type[OktaOIDC | AsyncOktaOIDC]) -> None:
    class Mine(ClientAuth):
        method = "x_mine"

        def sign(self, form: bytes, url: str, lifetime: float = 0.0) -> tuple[str | None, bytes]:
            return f"Mine {url}", form

        @property
        def secrets(self) -> tuple[str, ...]:
            return ()

    handler = Recorder(answer(body={"active": True}))
    kind: Kind = "sync" if cls is OktaOIDC else "asyncio"
    with Face(kind, handler=handler, auth=Mine(CLIENT_ID)) as okta:
        okta.introspect("t")
    assert handler.last.headers["authorization"] == f"Mine {handler.last.url}"
