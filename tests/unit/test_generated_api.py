"""``okta.api``: generated functions, authenticated and limited as the facade is."""

from __future__ import annotations

import contextlib
from types import ModuleType
from typing import Any

import anyio
import httpx
import pytest
from okta_oidc import (
    APIError,
    AsyncOktaOIDC,
    ConfigurationError,
    MalformedResponseError,
    OktaOIDC,
    RateLimitError,
    ServerError,
    TransportError,
    success,
)
from okta_oidc_api import Client
from okta_oidc_api.api.discovery import (
    custom_oauth_authorization_server_at_root,
    custom_openid_configuration,
)
from okta_oidc_api.api.introspection import custom_introspect, org_introspect
from okta_oidc_api.api.keys import org_keys
from okta_oidc_api.api.revocation import custom_revoke, org_revoke
from okta_oidc_api.api.token import custom_token, org_token
from okta_oidc_api.models import (
    AuthorizationCodeGrant,
    ClientCredentialsGrant,
    CustomRevokeRequest,
    IntrospectionResponse,
    IntrospectRequest,
    OAuthErrorBody,
    OktaErrorBody,
    OrgRevokeRequest,
    TokenResponse,
)
from okta_oidc_api.types import Unset

from tests.support.faces import Face, Kind
from tests.support.samples import (
    BASIC,
    CALLBACK,
    OKTA_NOW,
    ORG_URL,
    TOKENS,
    answer,
    oauth_error,
    okta_error,
)
from tests.support.servers import Recorder, never

from .conftest import OpenOkta, on_every_loop

CODE = AuthorizationCodeGrant(code="planted-code", redirect_uri=CALLBACK)
ENDPOINTS: dict[str, tuple[ModuleType, Any]] = {
    "custom token": (custom_token, CODE),
    "org token": (org_token, CODE),
    "custom introspect": (custom_introspect, IntrospectRequest(token="t")),
    "org introspect": (org_introspect, IntrospectRequest(token="t")),
    "custom revoke": (custom_revoke, CustomRevokeRequest(token="t")),
    "org revoke": (org_revoke, OrgRevokeRequest(token="t")),
}


def test_the_right_client(open_okta: OpenOkta) -> None:
    okta = open_okta(handler=never)
    assert isinstance(okta.client.api, Client)
    assert okta.client.api is okta.client.api


@on_every_loop
def test_answers_are_the_generated_types(open_okta: OpenOkta) -> None:
    okta = open_okta(handler=Recorder(answer(body={**TOKENS, "active": True})))

    token = okta.generated(custom_token, "aus1", body=CODE)
    assert isinstance(token.parsed, TokenResponse)
    assert token.parsed.access_token == "AT-one"
    assert token.status_code == 200
    assert token.headers["X-Okta-Request-Id"] == "reqABC-123"
    info = okta.generated(org_introspect, body=IntrospectRequest(token="t"))
    assert isinstance(info.parsed, IntrospectionResponse)
    assert info.parsed.active
    assert okta.generated(custom_revoke, body=CustomRevokeRequest(token="t")).parsed is None


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 429, 500, 503])
@pytest.mark.parametrize("body", [oauth_error("e", "d", x=1), okta_error("E0000001")])
def test_errors_are_those_of_the_methods(
    open_okta: OpenOkta, endpoint: str, status: int, body: dict[str, object]
) -> None:
    module, request = ENDPOINTS[endpoint]
    handler = Recorder(answer(status, body))
    with pytest.raises(APIError) as caught:
        open_okta(handler=handler, retry=None).generated(module, body=request)
    assert caught.value.status == status
    assert caught.value.code == body.get("error", body.get("errorCode"))
    assert caught.value.http.request_id == "reqABC-123"
    assert len(handler.requests) == 1


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@on_every_loop
def test_the_table_of_what_is_sent_again_holds(open_okta: OpenOkta, endpoint: str) -> None:
    module, request = ENDPOINTS[endpoint]
    good = answer(200, {**TOKENS, "active": True})
    soon = {"x-rate-limit-reset": str(OKTA_NOW + 2)}
    limited = answer(429, okta_error("E0000047"), replace=soon)
    # Refused before it was processed: any call.
    handler = Recorder(limited, limited, good)
    okta = open_okta(handler=handler)
    assert okta.generated(module, body=request).status_code == 200
    assert len(handler.requests) == 3
    assert len(okta.waits) == 2
    # It may have been processed: a call that uses nothing up.
    handler = Recorder(answer(502), httpx.ReadError("reset"), good)
    okta = open_okta(handler=handler)
    if "token" in endpoint:
        with pytest.raises(ServerError):
            okta.generated(module, body=request)
        assert len(handler.requests) == 1
    else:
        assert okta.generated(module, body=request).status_code == 200
        assert len(handler.requests) == 3


def test_client_credentials_may_be_sent_again(open_okta: OpenOkta) -> None:
    handler = Recorder(answer(503), answer(200, TOKENS))
    okta = open_okta(handler=handler)
    assert okta.generated(org_token, body=ClientCredentialsGrant(scope="s")).status_code == 200


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_a_known_limit_holds_back_methods_and_functions_alike(
    open_okta: OpenOkta, endpoint: str
) -> None:
    module, request = ENDPOINTS[endpoint]
    handler = Recorder(answer(429, okta_error("E0000047")))
    okta = open_okta(handler=handler, retry=None)
    for _ in range(2):
        with pytest.raises(RateLimitError):
            okta.generated(module, body=request)
    assert len(handler.requests) == 1


@pytest.mark.parametrize("status", [201, 202, 203, 206, 299])
def test_no_token_of_another_2xx_is_lost(open_okta: OpenOkta, status: int) -> None:
    okta = open_okta(handler=Recorder(answer(status, TOKENS)))
    answered = okta.generated(custom_token, body=CODE)
    assert isinstance(answered.parsed, TokenResponse)
    assert success(answered.parsed).access_token == "AT-one"


@pytest.mark.parametrize("status", [200, 201, 204])
def test_a_revocation_is_none_or_an_error(open_okta: OpenOkta, status: int) -> None:
    okta = open_okta(handler=Recorder(answer(status)))
    assert okta.generated(custom_revoke, body=CustomRevokeRequest(token="t")).parsed is None
    okta = open_okta(handler=Recorder(answer(status, oauth_error("invalid_client"))))
    with pytest.raises(MalformedResponseError):
        okta.generated(custom_revoke, body=CustomRevokeRequest(token="t"))


def test_members_are_of_their_types(open_okta: OpenOkta) -> None:
    body = {**TOKENS, "expires_in": "3600", "scope": ["a", "b"], "refresh_token": None, "x": None}
    okta = open_okta(handler=Recorder(answer(200, body)))
    parsed = okta.generated(custom_token, body=CODE).parsed
    assert isinstance(parsed, TokenResponse)
    assert (parsed.expires_in, parsed.scope) == (3600, "a b")
    assert isinstance(parsed.refresh_token, Unset)
    assert parsed.additional_properties == {"x": None}


@pytest.mark.parametrize(
    ("endpoint", "wrong"),
    [
        ("custom token", {"access_token": 5}),
        ("custom token", {"expires_in": "soon"}),
        ("custom token", {"vaulted_secret": [1]}),
        ("org introspect", {"exp": True}),
        ("org introspect", {"aud": {"a": "b"}}),
        ("org introspect", {"amr": "pwd"}),
        ("org introspect", {"cnf": "k"}),
        ("org introspect", {"active": "true"}),
    ],
)
def test_a_2xx_that_its_model_cannot_read_is_malformed(
    open_okta: OpenOkta, endpoint: str, wrong: dict[str, object]
) -> None:
    module, request = ENDPOINTS[endpoint]
    okta = open_okta(handler=Recorder(answer(200, {**TOKENS, "active": True, **wrong})))
    with pytest.raises(MalformedResponseError, match=next(iter(wrong))) as caught:
        okta.generated(module, body=request)
    assert next(iter(wrong)).encode() in caught.value.body


PAGE = b"<html>gateway</html>"


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize(
    "response",
    [
        answer(400, PAGE),
        answer(400),
        answer(400, [1]),
        answer(400, {"x": 1}),
        answer(401),
        answer(403, PAGE),
        answer(429, PAGE),
        answer(429, b'{"error":'),
        answer(500, b"\xff"),
        answer(502, PAGE),
        answer(503),
        answer(520, oauth_error("e")),
        answer(599, PAGE),
        answer(302, replace={"location": "https://evil.example"}),
        answer(307, oauth_error("e"), replace={"location": "https://evil.example"}),
    ],
    ids=lambda response: f"{response.status_code}-{response.content[:12]!r}",
)
def test_what_the_parser_would_lose_is_kept(
    open_okta: OpenOkta, endpoint: str, response: httpx.Response
) -> None:
    module, body = ENDPOINTS[endpoint]
    handler = Recorder(response)
    okta = open_okta(handler=handler, retry=None)
    status = response.status_code
    with pytest.raises(APIError) as caught:
        okta.generated(module, body=body)
    assert caught.value.http.status == status
    assert caught.value.http.request_id == "reqABC-123"
    assert caught.value.body == response.content
    assert "planted" not in str(caught.value)


@pytest.mark.parametrize("endpoint", [name for name in ENDPOINTS if "revoke" not in name])
@pytest.mark.parametrize(
    "body", [b"", PAGE, b"{}", b"[]", b"null", b'{"active":', b'{"token_type":NaN}', b"\xff\xfe{"]
)
@pytest.mark.parametrize("status", [200, 204])
def test_a_success_that_is_none_is_kept(
    open_okta: OpenOkta, endpoint: str, body: bytes, status: int
) -> None:
    module, request = ENDPOINTS[endpoint]
    okta = open_okta(handler=Recorder(answer(status, body)))
    with pytest.raises(MalformedResponseError) as caught:
        okta.generated(module, body=request)
    assert caught.value.body == body
    assert caught.value.http.status == status


def test_a_broken_connection_is_our_error(open_okta: OpenOkta) -> None:
    okta = open_okta(handler=Recorder(httpx.ReadError("reset")))
    with pytest.raises(TransportError) as caught:
        okta.generated(custom_token, body=CODE)
    assert caught.value.request_sent is None


def test_the_time_limit_is_the_clients(open_okta: OpenOkta) -> None:
    handler = Recorder(answer(body=TOKENS))
    open_okta(handler=handler, timeout=4.5).generated(custom_token, body=CODE)
    assert set(handler.last.extensions["timeout"].values()) == {4.5}


def test_the_other_face_is_refused() -> None:
    body = IntrospectRequest(token="t")
    http = httpx.Client(transport=httpx.MockTransport(never))
    with (
        http,
        OktaOIDC(ORG_URL, BASIC, http_client=http) as okta,
        pytest.raises(ConfigurationError, match="AsyncOktaOIDC"),
    ):
        anyio.run(lambda: custom_introspect.asyncio(client=okta.api, body=body))

    async def use() -> None:
        async_http = httpx.AsyncClient(transport=httpx.MockTransport(never))
        async with async_http, AsyncOktaOIDC(ORG_URL, BASIC, http_client=async_http) as client:
            with pytest.raises(ConfigurationError, match="asyncio"):
                custom_introspect.sync(client=client.api, body=body)

    anyio.run(use)


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/oauth2/default/v1/token",
        "https://dev-000000.okta.com.evil.example/oauth2/default/v1/token",
        "http://dev-000000.okta.com/oauth2/default/v1/token",
        "https://dev-000000.okta.com:8443/oauth2/default/v1/token",
        "https://evil.example#@dev-000000.okta.com/",
        "https://dev-000000.okta.com@evil.example/",
    ],
)
def test_credentials_go_to_no_other_host(kind: Kind, url: str) -> None:
    with Face(kind, handler=never) as okta:
        api = okta.client.api
        post = api.get_httpx_client().post if kind == "sync" else api.get_async_httpx_client().post
        with pytest.raises(ConfigurationError, match="another host"):
            okta.run(post, url, data={"token": "t"})


def client_of(okta: Face) -> Any:
    api = okta.client.api
    return api.get_httpx_client() if okta.kind == "sync" else api.get_async_httpx_client()


@on_every_loop
def test_a_hand_made_request_works(kind: Kind) -> None:
    """Any method, with a query, JSON, other content or none; without a time limit of its own."""
    handler = Recorder(answer(200, {"keys": []}))
    with Face(kind, handler=handler) as okta:
        client = client_of(okta)
        url = f"{ORG_URL}/oauth2/default/v1/x"
        for request in (
            httpx.Request("GET", url, params={"client_id": "c", "q": "a b"}),
            httpx.Request("POST", url, json={"a": 1}),
            httpx.Request("PUT", url, content=b"x", headers={"Content-Type": "text/plain"}),
            httpx.Request("DELETE", url),
        ):
            answered = okta.run(client.send, request)
            assert answered.json() == {"keys": []}
            sent = handler.last
            assert (sent.method, sent.url, sent.content) == (
                request.method,
                request.url,
                request.content,
            )
            assert "authorization" not in sent.headers
            assert sent.headers.get("content-type") == request.headers.get("content-type")
            assert sent.extensions["timeout"]["read"] == pytest.approx(10.0, abs=0.5)
            assert sent.headers["user-agent"].startswith("okta-oidc/")
        okta.run(client.get, "/oauth2/default/v1/x", params={"a": ["1", "2"]})
        assert handler.last.url.query == b"a=1&a=2"
        okta.run(client.post, "/oauth2/default/v1/x", data={"token": "t"})
        assert handler.last.headers["authorization"] == BASIC.sign(b"", ORG_URL)[0]
        assert handler.form == [("token", "t")]


def test_a_callers_own_form_stays_as_it_is(kind: Kind) -> None:
    handler = Recorder(answer(201, {"request_uri": "urn:r"}))
    form = {"client_id": "another", "scope": "openid"}
    with Face(kind, handler=handler) as okta, pytest.raises(MalformedResponseError):
        okta.run(client_of(okta).request, "POST", "/oauth2/v1/par", data=form)
    assert form == {"client_id": "another", "scope": "openid"}
    assert handler.form == [("scope", "openid"), ("client_id", BASIC.client_id)]


@pytest.mark.parametrize(
    ("method", "url", "options"),
    [
        ("GET", "/oauth2/default/v1/keys", {"params": {"client_id": "c"}}),
        ("GET", f"{ORG_URL}/api/v1/users", {}),
        ("POST", "/oauth2/default/v1/revoke", {"data": {"token": "t"}}),
    ],
)
def test_the_answer_to_a_hand_made_request_knows_it(
    kind: Kind, method: str, url: str, options: dict[str, Any]
) -> None:
    with Face(kind, handler=Recorder(answer(200, {"keys": []}))) as okta:
        answered = okta.run(client_of(okta).request, method, url, **options)
    assert answered.raise_for_status() is answered
    assert answered.request.method == method
    assert str(answered.url).startswith(f"{ORG_URL}/")
    assert answered.url.path == httpx.URL(url).path
    assert not answered.cookies
    assert "authorization" not in answered.request.headers


@pytest.mark.parametrize("value", ["a\r\nX-Other: b", "a\0", "\u20ac"])
def test_a_header_that_cannot_be_sent(open_okta: OpenOkta, value: str) -> None:
    okta = open_okta(handler=never)
    with pytest.raises(ConfigurationError, match="header") as caught:
        okta.generated(custom_token, body=CODE, dpop=value)
    assert caught.value.__context__ is None


def test_white_space_around_a_header_is_not_sent(open_okta: OpenOkta) -> None:
    handler = Recorder(answer(body=TOKENS))
    open_okta(handler=handler).generated(custom_token, body=CODE, dpop=" the-proof\t")
    assert handler.last.headers["dpop"] == "the-proof"


@pytest.mark.parametrize("path", ["/", "/api/v1/users/", "/api/v1/users"])
def test_a_path_of_the_callers_may_end_as_it_likes(kind: Kind, path: str) -> None:
    handler = Recorder(answer(200, {}))
    with Face(kind, handler=handler) as okta:
        okta.run(client_of(okta).get, path)
    assert handler.last.url.path == path


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"[" + b" " * (1 << 20) + b"]", {}),
        (b"\x0b\x02\x80[]\x03", {"content-encoding": "br"}),
    ],
    ids=["too large", "compressed"],
)
def test_what_is_not_whole_is_not_returned(
    kind: Kind, body: bytes, headers: dict[str, str]
) -> None:
    """Nor is it for an operation that the document does not have."""

    def undecoded() -> httpx.Response:
        return httpx.Response(200, headers=headers, stream=httpx.ByteStream(body))

    with (
        Face(kind, handler=Recorder(undecoded)) as okta,
        pytest.raises(MalformedResponseError) as caught,
    ):
        okta.run(client_of(okta).get, "/api/v1/users")
    assert caught.value.body == body[: 1 << 20]


def test_a_callers_own_authorization_goes_where_the_client_has_none(kind: Kind) -> None:
    handler = Recorder(answer(200, {}))
    theirs = {"Authorization": "Bearer theirs"}
    with Face(kind, handler=handler) as okta:
        for path in ("/api/v1/sessions/me", "/oauth2/v1/userinfo"):
            with contextlib.suppress(MalformedResponseError):
                okta.run(client_of(okta).get, path, headers=theirs)
            assert handler.last.headers.get_list("authorization") == ["Bearer theirs"]
        asked = len(handler.requests)
        with pytest.raises(ConfigurationError, match="already"):
            okta.run(client_of(okta).post, "/api/v1/x", data={"a": "b"}, headers=theirs)
        assert len(handler.requests) == asked


def test_the_limit_of_another_api_holds_nothing_back(kind: Kind) -> None:
    handler = Recorder(answer(429, okta_error("E0000047")), answer(200, {"active": True}))
    with Face(kind, handler=handler, retry=None) as okta:
        with pytest.raises(RateLimitError):
            okta.run(client_of(okta).get, "/api/v1/users")
        assert okta.introspect("token").active
    assert len(handler.requests) == 2


@pytest.mark.parametrize(
    "options",
    [
        {"json": {"answers": [{"pin": "84h5Xq"}]}},
        {"json": {"answers": {"scope": "84h5Xq"}}},
        {"params": {"pin": "84h5Xq"}},
        {"data": {"pin": "84h5Xq"}},
    ],
    ids=["json", "json under a public name", "query", "form"],
)
def test_what_was_sent_is_in_no_message(kind: Kind, options: dict[str, Any]) -> None:
    handler = Recorder(answer(400, oauth_error("invalid_request", "the pin 84h5Xq is wrong")))
    with Face(kind, handler=handler) as okta, pytest.raises(APIError) as caught:
        okta.run(client_of(okta).request, "POST", "/idp/answer", **options)
    assert "the pin [redacted] is wrong" in str(caught.value)
    assert caught.value.description == "the pin 84h5Xq is wrong"


def test_no_log_names_a_path_of_the_callers(kind: Kind, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "okta_oidc")
    with Face(kind, handler=Recorder(answer(200, {}))) as okta:
        okta.run(client_of(okta).get, "/api/v1/users/planted@example.com")
    assert [record.getMessage() for record in caplog.records] == ["GET /…: HTTP 200"]


@pytest.mark.parametrize("status", [302, 400, 502])
def test_a_hand_made_request_raises_as_the_methods_do(kind: Kind, status: int) -> None:
    with (
        Face(kind, handler=Recorder(answer(status)), retry=None) as okta,
        pytest.raises(APIError),
    ):
        okta.run(client_of(okta).get, "/oauth2/default/v1/x")


@pytest.mark.parametrize("member", ["client_id", "client_secret", "client_assertion"])
def test_a_second_method_is_refused(open_okta: OpenOkta, member: str) -> None:
    body = IntrospectRequest(token="t")
    setattr(body, member, "planted")
    with pytest.raises(ConfigurationError, match="authenticates twice"):
        open_okta(handler=never).generated(custom_introspect, body=body)


def test_options_of_httpx_do_not_undo_the_promises(kind: Kind) -> None:
    handler = Recorder(answer(307, replace={"location": "https://evil.example"}))
    with Face(kind, handler=handler) as okta:
        api = okta.client.api
        client: Any = api.get_httpx_client() if kind == "sync" else api.get_async_httpx_client()
        with pytest.raises(APIError):
            okta.run(
                client.post,
                "/oauth2/default/v1/token",
                data={"token": "t"},
                follow_redirects=True,
                auth=("their-id", "their-secret"),
            )
    assert len(handler.requests) == 1
    assert handler.last.headers["authorization"] == BASIC.sign(b"", ORG_URL)[0]


def test_a_proof_of_possession_is_sent_along(open_okta: OpenOkta) -> None:
    handler = Recorder(answer(body=TOKENS))
    open_okta(handler=handler).generated(custom_token, body=CODE, dpop="the-proof")
    assert handler.last.headers.get_list("dpop") == ["the-proof"]
    assert len(handler.last.headers.get_list("authorization")) == 1


def test_a_closed_client_is_closed_for_generated_functions_too(kind: Kind) -> None:
    okta = Face(kind, handler=never)
    with okta:
        api = okta.client.api
        assert api is not None
        okta.run(okta.client.close if isinstance(okta.client, OktaOIDC) else okta.client.aclose)
        with pytest.raises(ConfigurationError, match="closed"):
            okta.generated(custom_introspect, body=IntrospectRequest(token="t"))


def test_a_server_id_cannot_climb_out_of_its_place(open_okta: OpenOkta) -> None:
    handler = Recorder(answer(body={"active": True}))
    okta = open_okta(handler=handler)
    okta.generated(custom_introspect, "a/../../b?c#d\n", body=IntrospectRequest(token="t"))
    assert handler.last.url.raw_path == b"/oauth2/a%2F..%2F..%2Fb%3Fc%23d%0A/v1/introspect"
    for server in ("", ".", ".."):
        with pytest.raises(ConfigurationError, match="path"):
            okta.generated(custom_introspect, server, body=IntrospectRequest(token="t"))
        # httpx would resolve it, as it builds what has a query.
        for options in ({}, {"client_id": "c"}):
            with pytest.raises(ConfigurationError, match="path"):
                okta.generated(custom_openid_configuration, server, **options)
    assert len(handler.requests) == 1


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/.well-known/oauth-authorization-server/oauth2/..#x", "climbs"),
        ("/.well-known/oauth-authorization-server/oauth2/#x", "empty"),
        ("/oauth2/planted\x01/v1/keys", "URL"),
        ("/oauth2/planted\ud800/v1/keys", "URL"),
    ],
    ids=["climbing before a fragment", "empty before a fragment", "control", "unicode"],
)
def test_a_path_of_a_callers_own_is_judged_too(kind: Kind, path: str, said: str) -> None:
    with Face(kind, handler=never) as okta, pytest.raises(ConfigurationError, match=said) as caught:
        okta.run(client_of(okta).request, "GET", path)
    assert "planted" not in f"{caught.value!r} {caught.value.__context__!r}"


def test_a_parameter_at_the_end_of_a_path_is_not_empty(open_okta: OpenOkta) -> None:
    """It would be another path: that of a collection, where it is one of an item."""
    okta = open_okta(handler=never)
    with pytest.raises(ConfigurationError, match="empty"):
        okta.generated(custom_oauth_authorization_server_at_root, "")


@pytest.mark.parametrize(
    ("module", "arguments", "options"),
    [
        (custom_introspect, ("a" * 70_000,), {"body": IntrospectRequest(token="t")}),
        (org_keys, (), {"client_id": "a" * 70_000}),
        (org_keys, (), {"client_id": "planted\ud800"}),
    ],
    ids=["path", "query", "unicode"],
)
def test_a_parameter_that_cannot_be_sent(
    open_okta: OpenOkta, module: ModuleType, arguments: tuple[str, ...], options: dict[str, Any]
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        open_okta(handler=never).generated(module, *arguments, **options)
    assert "planted" not in repr(caught.value.__context__)


@pytest.mark.parametrize(
    "options",
    [
        {"json": {"pin": "planted\ud800"}},
        {"json": {"pin": float("nan")}},
        {"json": {"pin": object()}},
        {"data": {"pin": "planted\ud800"}},
        {"params": {"a": "b"}, "headers": {"X-Pin": "planted\u20ac"}},
    ],
    ids=["unicode", "no number", "no JSON", "form", "header"],
)
def test_a_request_that_cannot_be_written(kind: Kind, options: dict[str, Any]) -> None:
    """httpx's error holds the whole body."""
    with Face(kind, handler=never) as okta, pytest.raises(ConfigurationError) as caught:
        okta.run(client_of(okta).request, "POST", "/idp/answer", **options)
    assert caught.value.__context__ is None


class TestCopies:
    """``with_headers``, ``with_cookies`` and ``with_timeout``."""

    def test_the_original_stays_as_it_is(self, kind: Kind) -> None:
        handler = Recorder(answer(body={"active": True}, replace={"set-cookie": "s=1; Path=/"}))
        with Face(kind, handler=handler) as okta:
            original = okta.client.api
            copies = {
                "headers": original.with_headers({"X-Tenant": "blue"}),
                "cookies": original.with_cookies({"sid": "abc"}),
                "timeout": original.with_timeout(httpx.Timeout(2.5)),
            }
            assert okta.client.api is original

            def ask(client: Client) -> httpx.Request:
                module: Any = custom_introspect
                name = "sync" if kind == "sync" else "asyncio"
                okta.run(getattr(module, name), client=client, body=IntrospectRequest(token="t"))
                return handler.last

            for name, copy in copies.items():
                for _ in range(2):
                    sent = ask(copy)
                    assert sent.headers.get("x-tenant") == ("blue" if name == "headers" else None)
                    # What the caller set is sent, and nothing that the server did.
                    assert sent.headers.get("cookie") == ("sid=abc" if name == "cookies" else None)
                    limit = 2.5 if name == "timeout" else 10
                    assert sent.extensions["timeout"]["read"] == pytest.approx(limit, abs=0.5)
                    assert sent.headers["authorization"] == BASIC.sign(b"", ORG_URL)[0]
                sent = ask(original)
                assert "x-tenant" not in sent.headers
                assert "cookie" not in sent.headers
                assert sent.extensions["timeout"]["read"] == pytest.approx(10, abs=0.5)

    def test_copies_of_copies_add_up(self, kind: Kind) -> None:
        handler = Recorder(answer(body={"active": True}))
        with Face(kind, handler=handler) as okta:
            api = okta.client.api.with_headers({"A": "1"}).with_cookies({"c": "d", "e": "f"})
            api = api.with_timeout(httpx.Timeout(None)).with_headers({"B": "2"})
            name = "sync" if kind == "sync" else "asyncio"
            module: Any = custom_introspect
            okta.run(getattr(module, name), client=api, body=IntrospectRequest(token="t"))
        sent = handler.last
        assert (sent.headers["a"], sent.headers["b"]) == ("1", "2")
        assert sent.headers["cookie"] == "c=d; e=f"
        assert sent.extensions["timeout"]["read"] is None

    def test_they_are_limited_and_judged_like_the_original(self, kind: Kind) -> None:
        handler = Recorder(answer(429, okta_error("E0000047")))
        with Face(kind, handler=handler, retry=None) as okta:
            name = "sync" if kind == "sync" else "asyncio"
            module: Any = custom_introspect
            for api in (okta.client.api.with_headers({"A": "1"}), okta.client.api):
                with pytest.raises(RateLimitError):
                    okta.run(getattr(module, name), client=api, body=IntrospectRequest(token="t"))
        assert len(handler.requests) == 1

    def test_what_no_header_can_hold(self, kind: Kind) -> None:
        with Face(kind, handler=never) as okta:
            api: Any = okta.client.api
            for copied, values in (
                (api.with_headers, {"a": "planted\u20ac"}),
                (api.with_headers, {"a": 5}),
                (api.with_cookies, {"a": "planted\u20ac"}),
            ):
                with pytest.raises(ConfigurationError) as caught:
                    copied(values)
                assert caught.value.__context__ is None

    def test_a_with_block_closes_nothing(self, kind: Kind) -> None:
        with Face(kind, handler=Recorder(answer(body={"active": True}))) as okta:
            api = okta.client.api
            if kind == "sync":
                with api, api:
                    pass
            else:

                async def enter() -> None:
                    async with api, api:
                        pass

                okta.run(enter)
            assert okta.introspect("t")
            assert okta.generated(custom_introspect, body=IntrospectRequest(token="t")).parsed


def test_the_request_that_the_generator_writes_has_the_shape_that_operations_take() -> None:
    """``_get_kwargs`` is the generator's own. A change of its form is to be seen here first."""
    assert vars(custom_token)["_get_kwargs"]("aus1", body=ClientCredentialsGrant(scope="a b")) == {
        "method": "post",
        "url": "/oauth2/aus1/v1/token",
        "data": {"grant_type": "client_credentials", "scope": "a b"},
        "headers": {"Content-Type": "application/x-www-form-urlencoded"},
    }
    assert vars(org_introspect)["_get_kwargs"](body=IntrospectRequest("t")) == {
        "method": "post",
        "url": "/oauth2/v1/introspect",
        "data": {"token": "t"},
        "headers": {"Content-Type": "application/x-www-form-urlencoded"},
    }


def test_success_narrows_to_the_answer() -> None:
    tokens = TokenResponse(token_type="Bearer")
    assert success(tokens) is tokens
    assert success(None) is None
    for body in (OAuthErrorBody(error="e"), OktaErrorBody(error_code="e", error_summary="s")):
        with pytest.raises(TypeError):
            success(body)
