"""The two auth objects on httpx clients that are not ours: bare ones, and the generated one's."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl

import anyio
import httpx
import pytest
from okta_oidc import ClientSecretBasic, ConfigurationError
from okta_oidc_api import Client
from okta_oidc_api.api.introspection import custom_introspect
from okta_oidc_api.api.token import custom_token
from okta_oidc_api.models import IntrospectionResponse, IntrospectRequest, RefreshTokenGrant

from tests.support.faces import AUTHS, AuthClass, Handler
from tests.support.samples import BASIC, CLIENT_ID, CLIENT_SECRET, POST, answer
from tests.support.servers import RawRequest, RawServer, Recorder, http_bytes, never

URL = "https://org.okta.com/oauth2/default/v1/introspect"
FORM = "application/x-www-form-urlencoded"
CREDENTIALS = [("client_id", CLIENT_ID), ("client_secret", CLIENT_SECRET)]

Send = Callable[..., httpx.Response]


def send_sync(handler: Handler, **options: Any) -> httpx.Response:
    client = {key: options.pop(key) for key in ("auth", "timeout") if key in options}
    with httpx.Client(transport=httpx.MockTransport(handler), **client) as http:
        return http.request("POST", options.pop("url", URL), **options)


def send_async(handler: Handler, **options: Any) -> httpx.Response:
    client = {key: options.pop(key) for key in ("auth", "timeout") if key in options}
    url = options.pop("url", URL)

    async def send() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.MockTransport(handler), **client) as http:
            return await http.request("POST", url, **options)

    return anyio.run(send)


@pytest.fixture(params=[send_sync, send_async], ids=["sync", "async"])
def send(request: pytest.FixtureRequest) -> Send:
    found: Send = request.param
    return found


def signed_form(request: httpx.Request, auth: AuthClass) -> list[tuple[str, str]]:
    """The form without its credentials, once it is clear that there is one method, and which."""
    form = parse_qsl(request.content.decode("ascii"), keep_blank_values=True)
    assert request.headers.get_list("content-length") == [str(len(request.content))]
    assert "transfer-encoding" not in request.headers
    assert not request.url.query
    if auth is ClientSecretBasic:
        (header,) = request.headers.get_list("authorization")
        assert b64decode(header.removeprefix("Basic ")).decode() == f"{CLIENT_ID}:{CLIENT_SECRET}"
        assert not {name for name, _ in form} & {"client_id", "client_secret"}
        return form
    assert "authorization" not in request.headers
    assert form[-2:] == CREDENTIALS
    assert not {name for name, _ in form[:-2]} & {"client_id", "client_secret"}
    return form[:-2]


@pytest.mark.parametrize("auth", AUTHS)
def test_on_a_bare_client(send: Send, auth: AuthClass) -> None:
    handler = Recorder(answer())
    send(handler, data={"token": "t&=", "x": ["1", "2", "1"]}, auth=auth(CLIENT_ID, CLIENT_SECRET))

    assert signed_form(handler.last, auth) == [
        ("token", "t&="),
        ("x", "1"),
        ("x", "2"),
        ("x", "1"),
    ]
    assert str(handler.last.url) == URL
    assert handler.last.headers["content-type"] == FORM


@pytest.mark.parametrize("auth", AUTHS)
def test_time_limits_and_other_extensions_survive(send: Send, auth: AuthClass) -> None:
    handler = Recorder(answer())
    marker = object()
    send(
        handler,
        data={"token": "t"},
        auth=auth(CLIENT_ID, CLIENT_SECRET),
        timeout=httpx.Timeout(1.5, connect=2.5),
        extensions={"marker": marker},
    )
    assert handler.last.extensions["marker"] is marker

    handler = Recorder(answer())
    send(handler, data={"token": "t"}, auth=auth(CLIENT_ID, CLIENT_SECRET), timeout=1.5)
    assert handler.last.extensions["timeout"] == dict.fromkeys(
        ("connect", "read", "write", "pool"), 1.5
    )


@pytest.mark.parametrize("auth", AUTHS)
def test_own_headers_survive(send: Send, auth: AuthClass) -> None:
    handler = Recorder(answer())
    headers = [("X-Trace", "1"), ("X-Trace", "2"), ("DPoP", "proof")]
    send(handler, data={"token": "t"}, auth=auth(CLIENT_ID, CLIENT_SECRET), headers=headers)

    assert handler.last.headers.get_list("x-trace") == ["1", "2"]
    assert handler.last.headers["dpop"] == "proof"
    signed_form(handler.last, auth)


@pytest.mark.parametrize("auth", AUTHS)
@pytest.mark.parametrize(
    "content_type",
    [f"{FORM};charset=UTF-8", FORM.upper(), f"{FORM} ; charset=utf-8"],
)
def test_a_content_type_with_parameters_is_a_form_too(
    send: Send, auth: AuthClass, content_type: str
) -> None:
    handler = Recorder(answer())
    send(
        handler,
        content=b"token=t",
        headers={"content-type": content_type},
        auth=auth(CLIENT_ID, CLIENT_SECRET),
    )
    assert signed_form(handler.last, auth) == [("token", "t")]
    assert handler.last.headers["content-type"] == content_type


@pytest.mark.parametrize("auth", AUTHS)
def test_an_empty_form(send: Send, auth: AuthClass) -> None:
    handler = Recorder(answer())
    send(
        handler,
        content=b"",
        headers={"content-type": FORM},
        auth=auth(CLIENT_ID, CLIENT_SECRET),
    )
    assert signed_form(handler.last, auth) == []


@pytest.mark.parametrize("auth", AUTHS)
def test_a_form_that_is_streamed_is_framed_once(auth: AuthClass) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"token="
        yield b"streamed"

    handler = Recorder(answer())
    signer = auth(CLIENT_ID, CLIENT_SECRET)
    send_sync(handler, content=pieces(), headers={"content-type": FORM}, auth=signer)
    headers = handler.last.headers
    if "content-length" in headers:
        assert signed_form(handler.last, auth) == [("token", "streamed")]
    else:
        assert headers["transfer-encoding"] == "chunked"
        assert handler.last.content.startswith(b"token=streamed")
    assert ("authorization" in headers) != (b"client_secret" in handler.last.content)


@pytest.mark.parametrize("auth", AUTHS)
def test_what_is_no_form_is_refused(send: Send, auth: AuthClass) -> None:
    signer = auth(CLIENT_ID, CLIENT_SECRET)
    options: list[dict[str, Any]] = [
        {"json": {"token": "t"}},
        {"content": b"token=t"},
        {"content": b"token=t", "headers": {"content-type": "text/plain"}},
        {"content": b"token=t", "headers": {"content-type": f"x{FORM}"}},
        {"files": {"token": b"t"}},
        {},
    ]
    for option in options:
        with pytest.raises(ConfigurationError, match="form") as caught:
            send(never, auth=signer, **option)
        assert CLIENT_SECRET not in f"{caught.value!r}"


@pytest.mark.parametrize("auth", AUTHS)
def test_never_two_methods(send: Send, auth: AuthClass) -> None:
    signer = auth(CLIENT_ID, CLIENT_SECRET)
    options: list[dict[str, Any]] = [
        {"data": {"token": "t"}, "headers": {"Authorization": "Basic eDp5"}},
        {"data": {"token": "t"}, "headers": {"authorization": "Bearer x"}},
        {"data": {"token": "t"}, "headers": {"Authorization": ""}},
        {"data": {"token": "t", "client_id": "x"}},
        {"data": {"client_id": "x", "token": "t"}},
        {"data": {"token": "t", "client_secret": "x"}},
        {"data": {"token": "t", "client_assertion": "x"}},
        {"data": {"client_assertion_type": "x", "token": "t"}},
        {"content": b"client_id=&token=t", "headers": {"content-type": FORM}},
        {"content": b"token=t&client%5Fid=x", "headers": {"content-type": FORM}},
        {"content": b"token=t&client_%73ecret=x", "headers": {"content-type": FORM}},
    ]
    for option in options:
        with pytest.raises(ConfigurationError, match="already"):
            send(never, auth=signer, **option)


@pytest.mark.parametrize("auth", AUTHS)
def test_members_whose_names_only_look_like_credentials(send: Send, auth: AuthClass) -> None:
    handler = Recorder(answer())
    members = {"x_client_id": "1", "client_idx": "2", "token": "client_id=3&client_secret=4"}
    send(handler, data=members, auth=auth(CLIENT_ID, CLIENT_SECRET))
    assert dict(signed_form(handler.last, auth)) == members


@pytest.mark.parametrize("auth", AUTHS)
def test_a_signature_is_for_one_request(send: Send, auth: AuthClass) -> None:
    signer = auth(CLIENT_ID, CLIENT_SECRET)
    handler = Recorder(answer())
    for number in range(3):
        send(handler, data={"token": f"t{number}"}, auth=signer)
        assert signed_form(handler.last, auth) == [("token", f"t{number}")]


@pytest.mark.parametrize("auth", AUTHS)
def test_signing_leaves_the_callers_request_alone(auth: AuthClass) -> None:
    request = httpx.Request("POST", URL, data={"token": "t"})
    signed = next(auth(CLIENT_ID, CLIENT_SECRET).auth_flow(request))
    assert request.content == b"token=t"
    assert signed.url == request.url


@pytest.mark.parametrize("auth", AUTHS)
def test_on_a_bare_generated_client(auth: AuthClass) -> None:
    handler = Recorder(answer(body={"active": True}))
    client = Client(
        base_url="https://org.okta.com",
        timeout=httpx.Timeout(3.5),
        httpx_args={
            "auth": auth(CLIENT_ID, CLIENT_SECRET),
            "transport": httpx.MockTransport(handler),
        },
    )

    info = custom_introspect.sync("aus1", client=client, body=IntrospectRequest(token="t"))
    assert isinstance(info, IntrospectionResponse)
    assert signed_form(handler.last, auth) == [("token", "t")]
    assert handler.last.extensions["timeout"]["read"] == 3.5

    async def ask() -> object:
        async with client:
            return await custom_introspect.asyncio(
                "aus1", client=client, body=IntrospectRequest(token="t")
            )

    assert isinstance(anyio.run(ask), IntrospectionResponse)
    assert signed_form(handler.last, auth) == [("token", "t")]
    assert len(handler.requests) == 2


@pytest.mark.parametrize("auth", AUTHS)
def test_repeated_members_of_a_generated_model_survive(auth: AuthClass) -> None:
    handler = Recorder(answer(body={"token_type": "Bearer"}))
    client = Client(
        base_url="https://org.okta.com",
        httpx_args={
            "auth": auth(CLIENT_ID, CLIENT_SECRET),
            "transport": httpx.MockTransport(handler),
        },
    )
    grant = RefreshTokenGrant(refresh_token="r", resource=["urn:b", "urn:a", "urn:b"])
    custom_token.sync(client=client, body=grant)

    form = signed_form(handler.last, auth)
    assert [value for name, value in form if name == "resource"] == ["urn:b", "urn:a", "urn:b"]


def test_a_generated_body_with_credentials_is_refused_beside_an_auth_object() -> None:
    client = Client(
        base_url="https://org.okta.com",
        httpx_args={"auth": BASIC, "transport": httpx.MockTransport(never)},
    )
    body = IntrospectRequest(token="t", client_id="x", client_secret="y")
    with pytest.raises(ConfigurationError, match="already"):
        custom_introspect.sync(client=client, body=body)


def test_on_the_wire_of_a_bare_client() -> None:
    with RawServer(http_bytes()) as server, httpx.Client() as http:
        for auth in (BASIC, POST):
            http.post(server.url, data={"token": "t"}, auth=auth)
    first, second = server.requests
    assert isinstance(first, RawRequest)
    assert len(first.header("authorization")) == 1
    assert first.body == b"token=t"
    assert second.header("authorization") == []
    assert second.header("content-length") == [str(len(second.body))]
    assert second.form == [("token", "t"), *CREDENTIALS]


@pytest.mark.parametrize("auth", AUTHS)
def test_an_auth_object_shows_its_id_and_nothing_else(auth: AuthClass) -> None:
    signer = auth(CLIENT_ID, CLIENT_SECRET)
    for shown in (repr(signer), str(signer), f"{signer}", f"{signer!r}", f"{[signer]}"):
        assert CLIENT_SECRET not in shown
        assert CLIENT_ID in shown
        assert auth.__name__ in shown
    with pytest.raises(KeyError):
        _ = vars(signer)["client_secret"]
