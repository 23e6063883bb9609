"""FakeOkta: client authentication and what is refused before it."""

from __future__ import annotations

from urllib.parse import quote, quote_plus

import pytest
from okta_oidc.testing import FakeOkta

from .fake_wire import Wire, assert_oauth_error, assert_okta_error, basic, members

ENDPOINTS = ("token", "introspect", "revoke")
SERVICE = {"grant_type": "client_credentials", "scope": "api:read"}
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def test_each_method_is_accepted_for_the_app_registered_with_it() -> None:
    fake = FakeOkta()
    for client in (
        fake.add_client(auth_method="client_secret_basic"),
        fake.add_client(auth_method="client_secret_post"),
    ):
        assert Wire(fake, client).post("token", SERVICE).status_code == 200
        assert fake.requests[-1].auth_method == client.auth_method
        assert fake.requests[-1].client_id == client.client_id
    public = fake.add_client(auth_method="none")
    assert Wire(fake, public).revoke("unknown").status_code == 200
    assert fake.requests[-1].auth_method == "none"


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize("server", ["default", None], ids=["custom", "org"])
def test_the_method_of_another_registration_is_invalid_client(
    endpoint: str, server: str | None
) -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    posted = fake.add_client(auth_method="client_secret_post")
    public = fake.add_client(auth_method="none")

    body = {"client_id": fake.client_id, "client_secret": fake.client_secret}
    assert_oauth_error(wire.form(endpoint, body, server=server), 401, "invalid_client")
    header = {"Authorization": basic(posted.client_id, posted.client_secret or "")}
    assert_oauth_error(
        wire.form(endpoint, {"token": "t"}, server=server, headers=header), 401, "invalid_client"
    )
    header = {"Authorization": basic(public.client_id, "")}
    assert_oauth_error(
        wire.form(endpoint, {"token": "t"}, server=server, headers=header), 401, "invalid_client"
    )
    body = {"client_id": fake.client_id}
    assert_oauth_error(wire.form(endpoint, body, server=server), 401, "invalid_client")


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_unknown_client_and_wrong_secret_come_in_different_shapes(endpoint: str) -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    posted = fake.add_client(auth_method="client_secret_post")

    unknown = wire.form(
        endpoint, {"token": "t"}, headers={"Authorization": basic("0oaNobody", "x" * 64)}
    )
    assert_okta_error(unknown, 401, "invalid_client")
    assert unknown.headers["www-authenticate"].startswith("Basic ")
    unknown = wire.form(endpoint, {"client_id": "0oaNobody", "client_secret": "x" * 64})
    assert_okta_error(unknown, 401, "invalid_client")
    assert_okta_error(wire.form(endpoint, {"token": "t"}), 401, "invalid_client")

    wrong = wire.form(
        endpoint, {"token": "t"}, headers={"Authorization": basic(fake.client_id, "x" * 64)}
    )
    assert_oauth_error(wrong, 401, "invalid_client")
    assert wrong.headers["www-authenticate"].startswith("Basic ")
    wrong = wire.form(endpoint, {"client_id": posted.client_id, "client_secret": "x" * 64})
    assert_oauth_error(wrong, 401, "invalid_client")


@pytest.mark.parametrize("wrong", ["prefix", "empty", "longer", "case"])
def test_only_the_whole_secret_will_do(wrong: str) -> None:
    fake = FakeOkta()
    client = fake.add_client(client_secret="Abcdefghijklmnop")
    presented = {
        "prefix": "Abcdefghijklmno",
        "empty": "",
        "longer": "Abcdefghijklmnopq",
        "case": "abcdefghijklmnop",
    }[wrong]
    header = {"Authorization": basic(client.client_id, presented)}
    assert_oauth_error(Wire(fake).form("token", SERVICE, headers=header), 401, "invalid_client")


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_two_methods_in_one_request_are_401_invalid_request(endpoint: str) -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    header = {"Authorization": basic(fake.client_id, fake.client_secret)}
    for extra in (
        {"client_id": fake.client_id},
        {"client_id": fake.client_id, "client_secret": fake.client_secret},
        {"client_secret": fake.client_secret},
        {"client_assertion_type": ASSERTION_TYPE, "client_assertion": "a.b.c"},
    ):
        response = wire.form(endpoint, {"token": "t", **extra}, headers=header)
        assert_oauth_error(response, 401, "invalid_request")
        assert fake.requests[-1].auth_method == "multiple"
    both_in_body = {
        "client_id": fake.client_id,
        "client_secret": fake.client_secret,
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": "a.b.c",
    }
    assert_oauth_error(wire.form(endpoint, both_in_body), 401, "invalid_request")


def test_two_authorization_headers_are_401_invalid_request() -> None:
    fake = FakeOkta()
    header = basic(fake.client_id, fake.client_secret)
    response = Wire(fake).raw(
        "POST",
        Wire(fake).url("token"),
        content=b"grant_type=client_credentials&scope=api%3Aread",
        headers=[
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("Authorization", header),
            ("Authorization", header),
        ],
    )
    assert_oauth_error(response, 401, "invalid_request")


@pytest.mark.parametrize(
    "header",
    ["Bearer abc", "Basic", "Basic !!!!", "Basic bm9jb2xvbg==", "Basic: YTpi", "Basic Jzo=%%"],
)
def test_an_authorization_header_that_is_not_sound_basic_is_invalid_client(header: str) -> None:
    response = Wire(FakeOkta()).form("token", SERVICE, headers={"Authorization": header})
    assert_oauth_error(response, 401, "invalid_client")


def test_the_scheme_name_has_no_case() -> None:
    fake = FakeOkta()
    header = basic(fake.client_id, fake.client_secret).replace("Basic", "bAsIc")
    response = Wire(fake).form("token", SERVICE, headers={"Authorization": header})
    assert response.status_code == 200


def test_basic_halves_are_form_decoded() -> None:
    fake = FakeOkta()
    client = fake.add_client("$we-ird_.+!*'(),", "sécret %41+ : & =/")
    wire = Wire(fake)
    pair = (client.client_id, client.client_secret or "")
    for encoded in ([quote(half, safe="") for half in pair], [quote_plus(half) for half in pair]):
        header = basic(*encoded)
        response = wire.form("token", SERVICE, headers={"Authorization": header})
        assert response.status_code == 200
        assert fake.requests[-1].client_id == client.client_id
    raw = basic(*pair)
    response = wire.form("token", SERVICE, headers={"Authorization": raw})
    assert response.status_code == 401


def test_assertions_are_refused_because_no_app_is_registered_for_them() -> None:
    wire = Wire(FakeOkta())
    response = wire.form(
        "token", {**SERVICE, "client_assertion_type": ASSERTION_TYPE, "client_assertion": "a.b.c"}
    )
    assert_oauth_error(response, 401, "invalid_client")
    response = wire.form(
        "token", {**SERVICE, "client_assertion_type": "jwt", "client_assertion": "a.b.c"}
    )
    assert_oauth_error(response, 400, "invalid_request")


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_credentials_in_the_query_are_refused(endpoint: str) -> None:
    fake = FakeOkta()
    client = fake.add_client(auth_method="client_secret_post")
    wire = Wire(fake)
    for query in (f"client_id={client.client_id}&client_secret=x", "client_assertion=a.b.c"):
        response = wire.raw(
            "POST",
            f"{wire.url(endpoint)}?{query}",
            content=b"token=t",
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )
        assert_oauth_error(response, 400, "invalid_request")


def test_a_token_in_the_query_is_not_seen() -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    token = wire.sign_in()["access_token"]
    response = wire.raw(
        "POST",
        f"{wire.url('revoke')}?token={token}",
        content=b"",
        headers={
            "Content-Type": "application/x-www-form-urlencoded",
            "Authorization": basic(fake.client_id, fake.client_secret),
        },
    )
    assert_oauth_error(response, 400, "invalid_request")
    assert wire.is_active(token)


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_repeated_and_empty_parameters_are_invalid_request(endpoint: str) -> None:
    wire = Wire(FakeOkta())
    for pairs in (
        [("token", "t"), ("token", "t")],
        [("x", "1"), ("x", "2")],
        [("token", "t"), ("token_type_hint", "")],
        [("token", "")],
        [("grant_type", "client_credentials"), ("scope", "")],
    ):
        assert_oauth_error(wire.post(endpoint, pairs), 400, "invalid_request")


def test_resource_alone_may_be_repeated() -> None:
    pairs = [*SERVICE.items(), ("resource", "https://a"), ("resource", "https://b")]
    assert Wire(FakeOkta()).post("token", pairs).status_code == 200


@pytest.mark.parametrize(
    "content_type", ["application/json", "multipart/form-data; boundary=x", "text/plain", None]
)
@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_another_media_type_is_e0000021(endpoint: str, content_type: str | None) -> None:
    wire = Wire(FakeOkta())
    headers = {} if content_type is None else {"Content-Type": content_type}
    response = wire.raw("POST", wire.url(endpoint), content=b'{"token":"t"}', headers=headers)
    assert_okta_error(response, 400, "E0000021")


def test_media_type_parameters_and_case_do_not_matter() -> None:
    fake = FakeOkta()
    response = Wire(fake).raw(
        "POST",
        Wire(fake).url("introspect"),
        content=b"token=t",
        headers={
            "Content-Type": "Application/X-WWW-form-urlencoded; charset=UTF-8",
            "Authorization": basic(fake.client_id, fake.client_secret),
        },
    )
    assert members(response) == {"active": False}


@pytest.mark.parametrize("body", [b"token=%zz", b"token=%ff", b"token=%C3", b"token=\xff", b"%=1"])
def test_a_body_that_cannot_be_decoded_is_e0000003(body: bytes) -> None:
    wire = Wire(FakeOkta())
    response = wire.raw(
        "POST",
        wire.url("introspect"),
        content=body,
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert_okta_error(response, 400, "E0000003")


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW"])
def test_another_http_method_is_405_e0000022(endpoint: str, method: str) -> None:
    wire = Wire(FakeOkta())
    response = wire.raw(method, wire.url(endpoint))
    assert_okta_error(response, 405, "E0000022")
    assert response.headers["allow"] == "POST"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/oauth2",
        "/oauth2/v1",
        "/oauth2/v1/token/",
        "/oauth2/v1/tokens",
        "/oauth2/default/token",
        "/oauth2//default/v1/token",
        "/oauth2/default/v1/v1/token",
        "/OAuth2/v1/token",
        "/v1/token",
    ],
)
def test_an_unknown_path_is_404_e0000008(path: str) -> None:
    fake = FakeOkta()
    assert_okta_error(Wire(fake).raw("POST", fake.url + path), 404, "E0000008")


@pytest.mark.parametrize("server", ["ausNobody", "Default", "default%2F..", "%2e%2e", "v1"])
@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_an_unknown_authorization_server_is_404_e0000007(endpoint: str, server: str) -> None:
    response = Wire(FakeOkta()).post(endpoint, {"token": "t"}, server=server)
    assert_okta_error(response, 404, "E0000007")


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize("server", ["default", None], ids=["custom", "org"])
def test_a_missing_main_parameter_is_invalid_request(endpoint: str, server: str | None) -> None:
    response = Wire(FakeOkta()).post(endpoint, {"other": "x"}, server=server)
    assert_oauth_error(response, 400, "invalid_request")


@pytest.mark.parametrize("refuse", [False, True])
def test_a_client_that_returns_a_cookie_is_caught_where_a_test_wants_it(refuse: bool) -> None:
    fake = FakeOkta(refuse_cookies=refuse)
    wire = Wire(fake)
    assert wire.post("token", SERVICE).status_code == 200
    assert not fake.requests[-1].sent_cookies
    header = {
        "Authorization": basic(fake.client_id, fake.client_secret),
        "Cookie": "JSESSIONID=0",
    }
    response = wire.form("token", SERVICE, headers=header)
    assert fake.requests[-1].sent_cookies
    if refuse:
        assert_oauth_error(response, 400, "invalid_request")
    else:
        assert response.status_code == 200
