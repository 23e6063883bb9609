"""``okta.api``: generated functions, authenticated and limited as the facade is."""

from __future__ import annotations

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
    TransportError,
)
from okta_oidc_api import Client
from okta_oidc_api.api.introspection import custom_introspect, org_introspect
from okta_oidc_api.api.revocation import custom_revoke, org_revoke
from okta_oidc_api.api.token import custom_token, org_token
from okta_oidc_api.models import (
    AuthorizationCodeGrant,
    CustomRevokeRequest,
    IntrospectionResponse,
    IntrospectRequest,
    OAuthErrorBody,
    OktaErrorBody,
    OrgRevokeRequest,
    TokenResponse,
)

from ._faces import Face, Kind
from ._recording import Recorder, never
from ._samples import BASIC, CALLBACK, ORG_URL, TOKENS, answer, oauth_error, okta_error
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
@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 429, 500, 503])
def test_described_errors_are_the_generated_types(
    open_okta: OpenOkta, endpoint: str, status: int
) -> None:
    module, body = ENDPOINTS[endpoint]
    handler = Recorder(answer(status, oauth_error("e", "d", x=1)))
    response = open_okta(handler=handler).generated(module, body=body)
    assert response.status_code == status
    assert isinstance(response.parsed, OAuthErrorBody)
    assert (response.parsed.error, response.parsed.error_description) == ("e", "d")

    handler = Recorder(answer(status, okta_error("E0000001")))
    response = open_okta(handler=handler).generated(module, body=body)
    assert isinstance(response.parsed, OktaErrorBody)
    # A generated function asks once, whatever the answer.
    assert len(handler.requests) == 1


def test_an_error_of_any_other_status_is_the_generated_type(open_okta: OpenOkta) -> None:
    okta = open_okta(handler=Recorder(answer(502, oauth_error("e"))))
    response = okta.generated(custom_token, body=CODE)
    assert isinstance(response.parsed, OAuthErrorBody)
    assert response.status_code == 502
    assert b'"error"' in response.content


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
        answer(299, {"token_type": "x", "active": True}),
    ],
    ids=lambda response: f"{response.status_code}-{response.content[:12]!r}",
)
def test_what_the_parser_would_lose_is_kept(
    open_okta: OpenOkta, endpoint: str, response: httpx.Response
) -> None:
    module, body = ENDPOINTS[endpoint]
    handler = Recorder(response)
    okta = open_okta(handler=handler)
    status = response.status_code
    error: APIError | MalformedResponseError | None = None
    try:
        parsed = okta.generated(module, body=body)
    except (APIError, MalformedResponseError) as raised:
        error = raised
    else:
        # Nothing was lost: an answer in a shape that is described, of a status that Python knows.
        assert parsed.status_code == status
        assert parsed.content == response.content
        assert status not in (299, 520, 599)
    if error is not None:
        assert isinstance(error, MalformedResponseError if status < 300 else APIError)
        assert error.http.status == status
        assert error.http.request_id == "reqABC-123"
        assert error.body == response.content
        assert "planted" not in str(error)
    assert len(handler.requests) == 1


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


def test_what_is_no_form_is_not_sent(kind: Kind) -> None:
    with Face(kind, handler=never) as okta:
        api = okta.client.api
        client: Any = api.get_httpx_client() if kind == "sync" else api.get_async_httpx_client()
        for options in ({"json": {"token": "t"}}, {"content": b"x"}, {}):
            with pytest.raises(ConfigurationError):
                okta.run(client.post, "/oauth2/default/v1/token", **options)
        with pytest.raises(ConfigurationError):
            okta.run(client.get, "/oauth2/default/v1/keys")


@pytest.mark.parametrize("member", ["client_id", "client_secret", "client_assertion"])
def test_a_second_method_is_refused(open_okta: OpenOkta, member: str) -> None:
    body = IntrospectRequest(token="t")
    setattr(body, member, "planted")
    with pytest.raises(ConfigurationError, match="already"):
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
    assert handler.last.headers["authorization"] == BASIC.sign(b"")[0]


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
    okta.generated(custom_introspect, "a/../../b?c#d", body=IntrospectRequest(token="t"))
    assert handler.last.url.raw_path == b"/oauth2/a%2F..%2F..%2Fb%3Fc%23d/v1/introspect"
