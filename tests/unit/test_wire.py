"""What leaves the machine, to the byte, in both faces."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable
from types import ModuleType
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, quote, unquote

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from okta_oidc import (
    OFFLINE_SCOPE,
    ORG,
    ClientSecretBasic,
    ClientSecretPost,
    ConfigurationError,
    OktaOIDC,
    __version__,
)
from okta_oidc_api import Client
from okta_oidc_api.api.introspection import custom_introspect, org_introspect
from okta_oidc_api.api.revocation import custom_revoke, org_revoke
from okta_oidc_api.api.token import custom_token, org_token
from okta_oidc_api.models import (
    AuthorizationCodeGrant,
    ClientCredentialsGrant,
    CustomRevokeRequest,
    IntrospectRequest,
    OrgRevokeRequest,
    PasswordGrant,
    RefreshTokenGrant,
    TokenExchangeGrant,
)

from tests.support.faces import AUTHS, AuthClass, Call, Face
from tests.support.samples import (
    BASIC,
    CALLBACK,
    CLIENT_ID,
    CLIENT_SECRET,
    ORG_URL,
    POST,
    TOKENS,
    answer,
    label,
)
from tests.support.servers import RawRequest, Recorder, http_bytes, never

from .conftest import OpenOkta, ServeRaw, on_every_loop

TOKENS_BYTES = http_bytes(
    body=b'{"token_type":"Bearer","access_token":"AT","expires_in":3600,"scope":"openid"}'
)
ACTIVE_BYTES = http_bytes(body=b'{"active":true}')
EMPTY_BYTES = http_bytes(headers=())

# A call, the answer it needs, the endpoint and the very bytes of its form.
WIRE: dict[str, tuple[Call, bytes, str, bytes]] = {
    "code": (
        lambda okta: okta.token_for_code("the-code", CALLBACK),
        TOKENS_BYTES,
        "token",
        b"grant_type=authorization_code&code=the-code"
        b"&redirect_uri=https%3A%2F%2Fapp.example%2Fcallback",
    ),
    "code with a verifier": (
        lambda okta: okta.token_for_code("c+/=", "my.app:/cb?x=1&y=2", code_verifier="v-._~"),
        TOKENS_BYTES,
        "token",
        b"grant_type=authorization_code&code=c%2B%2F%3D"
        b"&redirect_uri=my.app%3A%2Fcb%3Fx%3D1%26y%3D2&code_verifier=v-._~",
    ),
    "refresh": (
        lambda okta: okta.token_for_refresh_token("the-refresh"),
        TOKENS_BYTES,
        "token",
        b"grant_type=refresh_token&refresh_token=the-refresh",
    ),
    "refresh with all": (
        lambda okta: okta.token_for_refresh_token("r 1", CALLBACK, scope=OFFLINE_SCOPE),
        TOKENS_BYTES,
        "token",
        b"grant_type=refresh_token&refresh_token=r+1"
        b"&scope=offline_access+openid"
        b"&redirect_uri=https%3A%2F%2Fapp.example%2Fcallback",
    ),
    "grant model": (
        lambda okta: okta.token(ClientCredentialsGrant(scope="api:read api:write")),
        TOKENS_BYTES,
        "token",
        b"grant_type=client_credentials&scope=api%3Aread+api%3Awrite",
    ),
    "mapping": (
        lambda okta: okta.token({"grant_type": "urn:x:grant", "resource": ["urn:a", "urn:b"]}),
        TOKENS_BYTES,
        "token",
        b"grant_type=urn%3Ax%3Agrant&resource=urn%3Aa&resource=urn%3Ab",
    ),
    "introspect": (
        lambda okta: okta.introspect("tök en\u2028"),
        ACTIVE_BYTES,
        "introspect",
        b"token=t%C3%B6k+en%E2%80%A8",
    ),
    "introspect with a hint": (
        lambda okta: okta.introspect("t", token_type_hint="device_secret"),
        ACTIVE_BYTES,
        "introspect",
        b"token=t&token_type_hint=device_secret",
    ),
    "revoke": (lambda okta: okta.revoke("t"), EMPTY_BYTES, "revoke", b"token=t"),
    "revoke with a hint": (
        lambda okta: okta.revoke("t", token_type_hint="oauth_sts"),
        EMPTY_BYTES,
        "revoke",
        b"token=t&token_type_hint=oauth_sts",
    ),
}

AUTH_HEADER = "Basic " + b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
AUTH_FORM = f"&client_id={CLIENT_ID}&client_secret={CLIENT_SECRET}".encode()


def assert_sent_once(request: RawRequest, host: str, auth: AuthClass, form: bytes) -> None:
    """Every header there is, each once, with its one right value."""
    body = form + AUTH_FORM if auth is ClientSecretPost else form
    expected = {
        "host": host,
        "accept": "application/json",
        "accept-encoding": "identity",
        "cache-control": "no-cache",
        "user-agent": f"okta-oidc/{__version__} python-httpx/{httpx.__version__}",
        "content-type": "application/x-www-form-urlencoded",
        "content-length": str(len(body)),
    }
    if auth is ClientSecretBasic:
        expected["authorization"] = AUTH_HEADER
    assert request.body == body
    assert sorted((name.lower(), value) for name, value in request.headers) == sorted(
        expected.items()
    )


@pytest.mark.parametrize("auth", AUTHS)
@pytest.mark.parametrize("case", WIRE)
@on_every_loop
def test_bytes_on_a_socket(
    open_okta: OpenOkta, serve_raw: ServeRaw, auth: AuthClass, case: str
) -> None:
    call, reply, endpoint, form = WIRE[case]
    server = serve_raw(reply)

    call(open_okta(server.url, auth(CLIENT_ID, CLIENT_SECRET), auth_server_id="aus1"))

    (request,) = server.requests
    assert request.request_line == f"POST /oauth2/aus1/v1/{endpoint} HTTP/1.1"
    assert_sent_once(request, f"127.0.0.1:{server.port}", auth, form)


@pytest.mark.parametrize("auth", AUTHS)
@pytest.mark.parametrize("case", WIRE)
def test_a_borrowed_client_sends_the_same(open_okta: OpenOkta, auth: AuthClass, case: str) -> None:
    call, reply, endpoint, form = WIRE[case]
    handler = Recorder(answer(body=reply.partition(b"\r\n\r\n")[2]))

    call(open_okta(auth=auth(CLIENT_ID, CLIENT_SECRET), handler=handler))

    (request,) = handler.requests
    assert request.method == "POST"
    assert str(request.url) == f"{ORG_URL}/oauth2/default/v1/{endpoint}"
    # httpx adds this of its own accord; it says what HTTP/1.1 means anyway.
    sent = [pair for pair in request.headers.raw if pair[0].lower() != b"connection"]
    head = b"".join(b"\r\n%b: %b" % pair for pair in sent)
    raw = RawRequest(head + b"\r\n\r\n" + request.content)
    assert_sent_once(raw, "dev-000000.okta.com", auth, form)


@on_every_loop
def test_one_connection_for_calls_in_a_row(open_okta: OpenOkta, serve_raw: ServeRaw) -> None:
    server = serve_raw(ACTIVE_BYTES)
    okta = open_okta(server.url)

    for number in range(5):
        okta.introspect(f"token-{number}")

    assert [request.form for request in server.requests] == [
        [("token", f"token-{number}")] for number in range(5)
    ]
    assert server.connections == 1


@pytest.mark.parametrize(
    ("base_url", "options", "per_call", "path"),
    [
        (ORG_URL, {}, {}, "/oauth2/default/v1/"),
        (ORG_URL, {"auth_server_id": None}, {"auth_server_id": None}, "/oauth2/default/v1/"),
        (ORG_URL, {"auth_server_id": ORG}, {}, "/oauth2/v1/"),
        (ORG_URL, {"auth_server_id": "aus_1-A"}, {}, "/oauth2/aus_1-A/v1/"),
        (f"{ORG_URL}/oauth2/aus123", {}, {}, "/oauth2/aus123/v1/"),
        (f"{ORG_URL}/oauth2/aus123/", {"auth_server_id": "aus123"}, {}, "/oauth2/aus123/v1/"),
        (f"{ORG_URL}/oauth2/default", {}, {}, "/oauth2/default/v1/"),
        (ORG_URL, {"auth_server_id": "aus1"}, {"auth_server_id": "aus2"}, "/oauth2/aus2/v1/"),
        (ORG_URL, {"auth_server_id": "aus1"}, {"auth_server_id": ORG}, "/oauth2/v1/"),
        (ORG_URL, {"auth_server_id": ORG}, {"auth_server_id": "aus2"}, "/oauth2/aus2/v1/"),
        (f"{ORG_URL}/oauth2/aus1", {}, {"auth_server_id": "aus2"}, "/oauth2/aus2/v1/"),
        (f"{ORG_URL}/oauth2/aus1", {}, {"auth_server_id": ORG}, "/oauth2/v1/"),
    ],
)
def test_where_a_call_goes(
    open_okta: OpenOkta,
    base_url: str,
    options: dict[str, Any],
    per_call: dict[str, Any],
    path: str,
) -> None:
    handler = Recorder(answer(body={**TOKENS, "active": True}))
    okta = open_okta(base_url, handler=handler, **options)

    okta.token({"grant_type": "client_credentials"}, **per_call)
    okta.token_for_code("c", CALLBACK, **per_call)
    okta.token_for_refresh_token("r", **per_call)
    okta.introspect("t", **per_call)
    okta.revoke("t", **per_call)

    endpoints = ["token", "token", "token", "introspect", "revoke"]
    assert [str(request.url) for request in handler.requests] == [
        f"{ORG_URL}{path}{endpoint}" for endpoint in endpoints
    ]


def test_a_servers_id_for_one_call_is_forgotten_after_it(open_okta: OpenOkta) -> None:
    handler = Recorder(answer(body={"active": True}))
    okta = open_okta(handler=handler, auth_server_id="aus1")

    okta.introspect("t", auth_server_id="aus2")
    okta.introspect("t")

    assert [request.url.path for request in handler.requests] == [
        "/oauth2/aus2/v1/introspect",
        "/oauth2/aus1/v1/introspect",
    ]


def test_more_servers_than_are_remembered(open_okta: OpenOkta) -> None:
    handler = Recorder(answer(body={"active": True}))
    okta = open_okta(handler=handler)

    for number in [*range(300), 299, 0]:
        okta.introspect("t", auth_server_id=f"aus{number}")
        assert handler.last.url.path == f"/oauth2/aus{number}/v1/introspect"


ODD = {
    "space": "a b",
    "percent": "100%",
    "percent code": "a%20b",
    "plus": "a+b",
    "colon": "a:b",
    "form": "x&y=z",
    "url": "/?#",
    "quotes": "'\"`\\",
    "unicode": "pä€ß😀",
    "surrounding spaces": " a ",
    "long": "s" * 4096,
    "reserved": "!*'(),;@$[]{}|^~",
}


@pytest.mark.parametrize("name", ODD)
def test_odd_credentials_in_a_header(open_okta: OpenOkta, name: str) -> None:
    handler = Recorder(answer(body={"active": True}))
    client_id, secret = f"i{ODD[name]}", f"s{ODD[name]}"

    open_okta(auth=ClientSecretBasic(client_id, secret), handler=handler).introspect("t")

    scheme, _, token = handler.last.headers["authorization"].partition(" ")
    pair = b64decode(token, validate=True).decode("ascii")
    assert scheme == "Basic"
    assert pair == f"{quote(client_id, safe='')}:{quote(secret, safe='')}"
    assert pair.count(":") == 1
    assert "+" not in pair
    assert " " not in pair
    assert handler.form == [("token", "t")]


def test_the_header_of_rfc_6749() -> None:
    auth = ClientSecretBasic("s6BhdRkqt3", "7Fjfp0ZBr1KtDRbnfVdmIw")
    assert auth.sign(b"", ORG_URL)[0] == "Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3"
    # "a b" and "p%+w" form-encoded with %20, as every server that decodes takes it.
    assert ClientSecretBasic("a b", "p%+w").sign(b"", ORG_URL)[0] == "Basic YSUyMGI6cCUyNSUyQnc="


@pytest.mark.parametrize("name", ODD)
def test_odd_credentials_in_the_form(open_okta: OpenOkta, name: str) -> None:
    handler = Recorder(answer(body={"active": True}))
    client_id, secret = f"i{ODD[name]}", f"s{ODD[name]}"

    open_okta(auth=ClientSecretPost(client_id, secret), handler=handler).introspect("t")

    assert "authorization" not in handler.last.headers
    assert handler.form == [("token", "t"), ("client_id", client_id), ("client_secret", secret)]
    assert handler.last.content.isascii()


@pytest.mark.parametrize("auth", [BASIC, POST], ids=["basic", "post"])
@pytest.mark.parametrize("name", ODD)
def test_odd_members(open_okta: OpenOkta, name: str, auth: Any) -> None:
    handler = Recorder(answer(body={**TOKENS, "active": True}))
    okta = open_okta(auth=auth, handler=handler)
    value = ODD[name]
    credentials = parse_qsl(AUTH_FORM.decode()) if auth is POST else []

    okta.token_for_code(value, value, code_verifier=value)
    assert handler.form == [
        ("grant_type", "authorization_code"),
        ("code", value),
        ("redirect_uri", value),
        ("code_verifier", value),
        *credentials,
    ]
    okta.introspect(value)
    assert handler.form == [("token", value), *credentials]
    okta.token_for_refresh_token(value, scope=value)
    assert handler.form[:3] == [
        ("grant_type", "refresh_token"),
        ("refresh_token", value),
        ("scope", value),
    ]
    assert not handler.last.url.query


@pytest.mark.parametrize(
    "mangled",
    ["t\n", " t", "Bearer t", '"t"', "'t'", "t\x00", "t\x7f", "t\u2028", "tök"],
    ids=label,
)
def test_what_cannot_be_a_token_is_not_revoked(open_okta: OpenOkta, mangled: str) -> None:
    """Okta would answer 200, and the token that was meant would live on."""
    with pytest.raises(ConfigurationError, match="token is not one") as caught:
        open_okta(handler=never).revoke(mangled)
    assert mangled.strip() not in str(caught.value).split()
    # What an API is handed is not the API's fault, and Okta says that it is inactive.
    handler = Recorder(answer(body={"active": False}))
    assert not open_okta(handler=handler).introspect(mangled)
    assert dict(handler.form)["token"] == mangled


TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=60).filter(
    lambda text: bool(text.strip()) and not text.strip().startswith(("{", "$"))
)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(client_id=TEXT, secret=TEXT, token=TEXT)
def test_any_text_arrives_as_it_was(client_id: str, secret: str, token: str) -> None:
    handler = Recorder(answer(body={"active": True}))
    for auth in AUTHS:
        with Face("sync", auth=auth(client_id, secret), handler=handler) as okta:
            okta.introspect(token)
    basic, post = handler.requests
    pair = b64decode(basic.headers["authorization"].removeprefix("Basic ")).decode("ascii")
    assert [unquote(half) for half in pair.split(":")] == [client_id, secret]
    assert basic.content == post.content.partition(b"&client_id=")[0]
    assert parse_qsl(post.content.decode("ascii"), strict_parsing=True) == [
        ("token", token),
        ("client_id", client_id),
        ("client_secret", secret),
    ]


def test_nothing_absent_or_empty_is_sent(open_okta: OpenOkta) -> None:
    handler = Recorder(answer(body={**TOKENS, "active": True}))
    okta = open_okta(handler=handler)

    okta.token_for_code("c", CALLBACK, code_verifier=None)
    assert [name for name, _ in handler.form] == ["grant_type", "code", "redirect_uri"]
    okta.token_for_refresh_token("r", None, scope="")
    assert [name for name, _ in handler.form] == ["grant_type", "refresh_token"]
    okta.introspect("t", token_type_hint=None)
    assert handler.form == [("token", "t")]
    okta.revoke("t", token_type_hint="")
    assert handler.form == [("token", "t")]
    okta.token({"grant_type": "x", "scope": None, "audience": "", "resource": [None, "", "u"]})
    assert handler.form == [("grant_type", "x"), ("resource", "u")]


def test_a_refresh_asks_for_no_scope_of_its_own(open_okta: OpenOkta) -> None:
    handler = Recorder(answer(body=TOKENS))
    okta = open_okta(handler=handler)

    okta.token_for_refresh_token("r")
    assert "scope" not in dict(handler.form)
    okta.token_for_refresh_token("r", scope="openid profile")
    assert dict(handler.form)["scope"] == "openid profile"


def test_plain_values_of_a_mapping(open_okta: OpenOkta) -> None:
    handler = Recorder(answer(body=TOKENS))
    mapping = {"grant_type": "x", "n": 0, "yes": True, "no": False, "list": ("a", "b", "a")}

    open_okta(handler=handler).token(mapping)

    assert handler.form == [
        ("grant_type", "x"),
        ("n", "0"),
        ("yes", "true"),
        ("no", "false"),
        ("list", "a"),
        ("list", "b"),
        ("list", "a"),
    ]


# A call, at an authorization server of its own.
CallAt: TypeAlias = Callable[[Face, Any], object]


class Hint(str):
    """As ``class Hint(str, Enum)``, whose ``str()`` is not its value."""

    __slots__ = ()

    def __str__(self) -> str:
        return "Hint.NAME"


def test_a_str_subclass_is_sent_as_its_value(open_okta: OpenOkta) -> None:
    handler = Recorder(answer(body={"active": True}))

    open_okta(handler=handler).introspect("t", token_type_hint=Hint("access_token"))
    assert dict(handler.form)["token_type_hint"] == "access_token"
    for auth in AUTHS:
        with_odd = auth(Hint("client-id"), Hint("secret"))
        authorization, form = with_odd.sign(b"", ORG_URL)
        assert (authorization, form) == auth("client-id", "secret").sign(b"", ORG_URL)


GENERATED: dict[str, tuple[CallAt, ModuleType | None, ModuleType | None, Callable[[], Any]]] = {
    "code": (
        lambda okta, server: okta.token_for_code(
            "c/d", CALLBACK, code_verifier="v~", auth_server_id=server
        ),
        custom_token,
        org_token,
        lambda: AuthorizationCodeGrant(code="c/d", redirect_uri=CALLBACK, code_verifier="v~"),
    ),
    "refresh": (
        lambda okta, server: okta.token_for_refresh_token("r+", scope="a b", auth_server_id=server),
        custom_token,
        org_token,
        lambda: RefreshTokenGrant(refresh_token="r+", scope="a b"),
    ),
    "repeated resource": (
        lambda okta, server: okta.token(
            RefreshTokenGrant(refresh_token="r+", resource=["urn:a b", "urn:b"]),
            auth_server_id=server,
        ),
        custom_token,
        org_token,
        lambda: RefreshTokenGrant(refresh_token="r+", resource=["urn:a b", "urn:b"]),
    ),
    "password": (
        lambda okta, server: okta.token(
            PasswordGrant(username="ü@x", password="p&%", scope="openid"), auth_server_id=server
        ),
        custom_token,
        org_token,
        lambda: PasswordGrant(username="ü@x", password="p&%", scope="openid"),
    ),
    "exchange": (
        lambda okta, server: okta.token(
            TokenExchangeGrant(subject_token="s", subject_token_type="urn:x"),
            auth_server_id=server,
        ),
        custom_token,
        org_token,
        lambda: TokenExchangeGrant(subject_token="s", subject_token_type="urn:x"),
    ),
    "introspect": (
        lambda okta, server: okta.introspect(
            "t&", token_type_hint="id_token", auth_server_id=server
        ),
        custom_introspect,
        org_introspect,
        lambda: IntrospectRequest(token="t&", token_type_hint="id_token"),
    ),
    "revoke at a custom server": (
        lambda okta, server: okta.revoke(
            "t&", token_type_hint="access_token", auth_server_id=server
        ),
        custom_revoke,
        None,
        lambda: CustomRevokeRequest(token="t&", token_type_hint="access_token"),
    ),
    "revoke at the org server": (
        lambda okta, server: okta.revoke("t", token_type_hint="oauth_sts", auth_server_id=server),
        None,
        org_revoke,
        lambda: OrgRevokeRequest(token="t", token_type_hint="oauth_sts"),
    ),
}


def essence(request: httpx.Request) -> tuple[object, ...]:
    """A request without what each httpx client adds of its own."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    for name in ("accept", "accept-encoding", "cache-control", "connection", "user-agent"):
        headers.pop(name, None)
    # The order of the members means nothing, unless a name is repeated.
    form = sorted(parse_qsl(request.content.decode(), strict_parsing=True), key=lambda p: p[0])
    return request.method, str(request.url), headers, form


@pytest.mark.parametrize("auth", AUTHS)
@pytest.mark.parametrize(
    ("server", "case"),
    [("aus1", case) for case, parts in GENERATED.items() if parts[1] is not None]
    + [(ORG, case) for case, parts in GENERATED.items() if parts[2] is not None],
)
def test_facade_and_generated_functions_send_the_same(
    open_okta: OpenOkta, auth: AuthClass, server: Any, case: str
) -> None:
    call, custom, org, request_body = GENERATED[case]
    module = org if server is ORG else custom
    assert module is not None
    handler = Recorder(answer(body={**TOKENS, "active": True}))
    okta = open_okta(auth=auth(CLIENT_ID, CLIENT_SECRET), handler=handler)
    place = () if server is ORG else (server,)

    call(okta, server)
    okta.generated(module, *place, body=request_body())
    with httpx.Client(
        base_url=ORG_URL,
        auth=auth(CLIENT_ID, CLIENT_SECRET),
        transport=httpx.MockTransport(handler),
    ) as bare:
        module.sync_detailed(
            *place,
            client=Client(base_url=ORG_URL).set_httpx_client(bare),
            body=request_body(),
        )

    facade, generated, stock = handler.requests
    assert essence(facade) == essence(generated) == essence(stock)
    # Of the two clients that are ours, all headers agree too.
    ours = [{k: v for k, v in r.headers.items() if k != "connection"} for r in (facade, generated)]
    assert ours[0] == ours[1]


@on_every_loop
def test_the_first_request_after_a_failed_one_is_whole(
    open_okta: OpenOkta, serve_raw: ServeRaw
) -> None:
    server = serve_raw(lambda _: None, ACTIVE_BYTES)
    okta = open_okta(server.url)

    assert okta.introspect("again").active

    assert [request.body for request in server.requests] == [b"token=again"] * 2
    assert len(okta.waits) == 1


def test_both_constructors_say_the_same_about_themselves() -> None:
    with OktaOIDC(f"{ORG_URL}/oauth2/aus1", BASIC) as okta:
        assert repr(okta) == f"OktaOIDC('{ORG_URL}', auth_server_id='aus1')"
    with OktaOIDC(ORG_URL, BASIC, auth_server_id=ORG) as okta:
        assert "ORG" in repr(okta)
