"""Arguments that cannot be right are refused before anything is sent; odd ones may be right."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import httpx
import pytest
from okta_oidc import (
    ORG,
    AsyncOktaOIDC,
    ClientSecretBasic,
    ConfigurationError,
    OktaError,
    OktaOIDC,
    Retry,
)

from tests.support.faces import AUTHS, CALLS, AuthClass, Face, Kind, borrowed_client
from tests.support.samples import BASIC, CALLBACK, ORG_URL, TOKENS, answer, label
from tests.support.servers import Recorder, http_bytes, never

from .conftest import OpenOkta

GOOD_URLS = {
    "https://dev-000000.okta.com": "https://dev-000000.okta.com",
    "https://dev-000000.okta.com/": "https://dev-000000.okta.com",
    "https://dev-000000.okta.com///": "https://dev-000000.okta.com",
    "  https://dev-000000.okta.com \n": "https://dev-000000.okta.com",
    "HTTPS://DEV-000000.OKTA.COM": "https://dev-000000.okta.com",
    "https://dev-000000.okta.com:443": "https://dev-000000.okta.com",
    "https://dev-000000.okta.com:": "https://dev-000000.okta.com",
    "https://org.oktapreview.com": "https://org.oktapreview.com",
    "https://org.okta-emea.com": "https://org.okta-emea.com",
    "https://login.example.com": "https://login.example.com",
    "https://login.example.com:8443": "https://login.example.com:8443",
    "https://login.example.com:80": "https://login.example.com:80",
    # An Admin Console is at Okta's own domains alone.
    "https://login-admin.example.com": "https://login-admin.example.com",
    "https://my-admin.okta.com.example.org": "https://my-admin.okta.com.example.org",
    "https://okta.com.community": "https://okta.com.community",
    "https://a_b.example.com": "https://a_b.example.com",
    "https://müller.example": "https://xn--mller-kva.example",
    "https://xn--mller-kva.example": "https://xn--mller-kva.example",
    "https://[2001:DB8::1]:8443": "https://[2001:db8::1]:8443",
    "https://192.0.2.7": "https://192.0.2.7",
    "http://localhost": "http://localhost",
    "http://LOCALHOST:8080/": "http://localhost:8080",
    "http://localhost:80": "http://localhost",
    "http://localhost:443": "http://localhost:443",
    "http://okta.localhost:8080": "http://okta.localhost:8080",
    "http://127.0.0.1:9": "http://127.0.0.1:9",
    "http://127.8.9.10": "http://127.8.9.10",
    "http://[::1]:8080": "http://[::1]:8080",
}


@pytest.mark.parametrize("base_url", GOOD_URLS)
def test_good_base_urls(base_url: str) -> None:
    origin = GOOD_URLS[base_url]
    for kind in ("sync", "asyncio"):
        handler = Recorder(answer(body={"active": True}))
        with Face(kind, base_url, handler=handler) as okta:
            okta.introspect("t")
            api = okta.client.api
            client = api.get_httpx_client() if kind == "sync" else api.get_async_httpx_client()
            assert client.base_url == origin
        assert str(handler.last.url) == f"{origin}/oauth2/default/v1/introspect"
        assert handler.last.headers["host"] == origin.partition("://")[2]
        assert handler.last.headers.get_list("host") == [origin.partition("://")[2]]


@pytest.mark.parametrize(
    ("base_url", "server"),
    [
        ("https://org.okta.com/oauth2/default", "default"),
        ("https://org.okta.com/oauth2/aus123", "aus123"),
        ("https://org.okta.com/oauth2/aus123/", "aus123"),
        ("https://org.okta.com:443/oauth2/aus_1-Z//", "aus_1-Z"),
        ("HTTPS://ORG.OKTA.COM/oauth2/AUS", "AUS"),
    ],
)
def test_issuer_urls_name_their_server(kind: Kind, base_url: str, server: str) -> None:
    handler = Recorder(answer(body={"active": True}))
    for explicit in (None, server):
        with Face(kind, base_url, handler=handler, auth_server_id=explicit) as okta:
            okta.introspect("t")
        assert str(handler.last.url) == f"https://org.okta.com/oauth2/{server}/v1/introspect"


@pytest.mark.parametrize("other", ["default", "AUS123", "aus1234", ORG])
def test_an_issuer_url_and_another_server_contradict_each_other(other: Any) -> None:
    for cls in (OktaOIDC, AsyncOktaOIDC):
        with pytest.raises(ConfigurationError, match="aus123") as caught:
            cls(f"{ORG_URL}/oauth2/aus123", BASIC, auth_server_id=other)
        assert isinstance(caught.value, ValueError)
        assert isinstance(caught.value, OktaError)


BAD_URLS: list[Any] = [
    None,
    "",
    " ",
    "\n",
    0,
    b"https://org.okta.com",
    ["https://org.okta.com"],
    # no URL, or of another scheme
    "org.okta.com",
    "//org.okta.com",
    "https:org.okta.com",
    "https:/org.okta.com",
    "https://",
    "https:///oauth2/default",
    "https://:8443",
    "ftp://org.okta.com",
    "ws://org.okta.com",
    "javascript:alert(1)",
    "file:///etc/passwd",
    "https+unix://org.okta.com",
    # in the clear
    "http://org.okta.com",
    "HTTP://ORG.OKTA.COM",
    "http://10.0.0.1",
    "http://0.0.0.0",
    "http://128.0.0.1",
    "http://[::]",
    "http://[2001:db8::1]",
    "http://localhost.example.com",
    "http://127.0.0.1.example.com",
    "http://notlocalhost",
    "http://localhost@org.okta.com",
    "http://127.1",
    "http://2130706433",
    "http://0x7f000001",
    # placeholders
    "https://{yourOktaDomain}",
    "https://{yourOktaDomain}/oauth2/default",
    "https://%7ByourOktaDomain%7D",
    "https://${OKTA_DOMAIN}",
    "https://{{org}}.okta.com",
    "https://<your-domain>.okta.com",
    "https://YOUROKTADOMAIN.okta.com",
    "https://org.okta.com/oauth2/{authorizationServerId}",
    # where no token endpoint is
    "https://org-admin.okta.com",
    "https://ORG-ADMIN.OKTA.COM/",
    "https://org-admin.okta.com.",
    "https://org-admin.oktapreview.com",
    "https://org-admin.okta-emea.com",
    "https://org-admin.okta-gov.com",
    "https://org-admin.okta.mil",
    "https://org-admin.okta-miltest.com",
    "https://org-admin.trex-gov.com",
    "https://org-admin.trex-govcloud.com",
    "https://org-admin.okta.com/oauth2/default",
    "https://org.okta.com.com",
    "https://org.okta.com.com/",
    "https://org.okta.com.com.",
    # too much
    "https://https://org.okta.com",
    "https://org.okta.com://x",
    "https://user@org.okta.com",
    "https://user:planted-password@org.okta.com",
    "https://@org.okta.com",
    "https://org.okta.com?",
    "https://org.okta.com#",
    "https://org.okta.com/?x=planted-password",
    "https://org.okta.com/#fragment",
    "https://org.okta.com/oauth2/default?x=1",
    # paths that are no issuer's
    "https://org.okta.com/oauth2",
    "https://org.okta.com/oauth2/",
    "https://org.okta.com/oauth2/v1",
    "https://org.okta.com/oauth2/v1/token",
    "https://org.okta.com/oauth2/default/v1",
    "https://org.okta.com/oauth2/default/v1/token",
    "https://org.okta.com/oauth2/default/.well-known/openid-configuration",
    "https://org.okta.com/.well-known/openid-configuration",
    "https://org.okta.com/OAUTH2/default",
    "https://org.okta.com/oauth2/..",
    "https://org.okta.com/oauth2/%2e%2e",
    "https://org.okta.com/oauth2/a%2Fb",
    "https://org.okta.com/oauth2//default",
    "https://org.okta.com//oauth2/default",
    "https://org.okta.com/oauth2/aus1;x",
    "https://org.okta.com/oauth2/ä",
    "https://org.okta.com/app/UserHome",
    "https://org.okta.com/..",
    # no host, or no port
    "https://org..okta.com",
    "https://.okta.com",
    "https://-org.okta.com",
    "https://org-.okta.com",
    "https://org okta.com",
    "https://org.okta.com\\@evil.example",
    "https://org\\.okta.com",
    "https://org.ok\nta.com",
    "https://org.ok\tta.com",
    "https://org.okta.com\x00",
    "https://org\u2028.okta.com",
    "https://org\u200b.okta.com",
    "https://org,okta.com",
    "https://org%2eokta.com",
    "https://org!okta.com",
    "https://org／okta.com",
    "https://dev-admin．okta．com",
    "https://\ud800.okta.com",
    "https://256.1.1.1",
    "https://[::1",
    "https://::1",
    "https://[]",
    "https://[org.okta.com]",
    "https://[::g]",
    "https://[1.2.3.4]",
    "https://org.okta.com:x",
    "https://org.okta.com:-1",
    "https://org.okta.com:65536",
    "https://org.okta.com:8 0",
    "https://org.okta.com:80:80",
    f"https://{'a' * 64}.okta.com",
    f"https://{'ü' * 63}.okta.com",
    "https://" + "a." * 130 + "com",
]


@pytest.mark.parametrize("base_url", BAD_URLS, ids=label)
def test_bad_base_urls(base_url: Any) -> None:
    faces: list[tuple[Any, Kind]] = [(OktaOIDC, "sync"), (AsyncOktaOIDC, "asyncio")]
    for cls, kind in faces:
        client = borrowed_client(kind, never)
        with pytest.raises(ConfigurationError) as caught:
            cls(base_url, BASIC, http_client=client)
        assert isinstance(caught.value, ValueError)
        assert str(caught.value)
        assert "planted-password" not in f"{caught.value!r} {caught.value}"


def test_a_host_with_the_dns_roots_dot_is_the_same_host() -> None:
    # No certificate holds the dot, and Okta tells its orgs apart by the Host header.
    handler = Recorder(answer(body={"active": True}))
    with Face("sync", "https://org.okta.com.", handler=handler) as okta:
        okta.introspect("t")
    assert handler.last.headers["host"] == "org.okta.com"


BAD_IDS: list[Any] = [
    "",
    " ",
    ".",
    "..",
    "a.b",
    "a/b",
    "/",
    "a b",
    " default",
    "default\n",
    "a%2Fb",
    "a?x",
    "a#x",
    "a;x",
    "a:b",
    "ä",
    "\u0661",
    "\x00",
    "\ud800",
    "{authorizationServerId}",
    b"default",
    5,
    True,
    False,
    ["default"],
    object(),
]


@pytest.mark.parametrize("server", BAD_IDS, ids=label)
def test_bad_server_ids(server: Any) -> None:
    for cls in (OktaOIDC, AsyncOktaOIDC):
        with pytest.raises(ConfigurationError, match="authorization server"):
            cls(ORG_URL, BASIC, auth_server_id=server)
    for kind in ("sync", "asyncio"):
        with Face(kind, handler=never) as okta:
            calls: list[Callable[[Face], object]] = [
                lambda okta: okta.token({"grant_type": "x"}, auth_server_id=server),
                lambda okta: okta.token_for_code("c", CALLBACK, auth_server_id=server),
                lambda okta: okta.token_for_refresh_token("r", auth_server_id=server),
                lambda okta: okta.introspect("t", auth_server_id=server),
                lambda okta: okta.revoke("t", auth_server_id=server),
            ]
            for call in calls:
                with pytest.raises(ConfigurationError, match="authorization server"):
                    call(okta)


def test_a_secret_in_the_place_of_a_server_id_is_not_shown() -> None:
    with Face("sync", handler=never) as okta, pytest.raises(ConfigurationError) as caught:
        okta.introspect("t", auth_server_id="planted.token.value")
    assert "planted" not in f"{caught.value!r}"


BAD_CREDENTIALS: list[Any] = [
    None,
    "",
    " ",
    "\t\n",
    5,
    b"bytes",
    ["list"],
    "{clientId}",
    "{clientSecret}",
    " {clientId} ",
    "${CLIENT_SECRET}",
    "{{ client_id }}",
    "{}",
    "planted-value\n",
    "\rplanted-value",
    "planted\x00value",
    "planted\x7fvalue",
    "planted\tvalue",
    "planted-\ud800",
    "planted-\udfff-value",
]


@pytest.mark.parametrize("auth", AUTHS)
@pytest.mark.parametrize("value", BAD_CREDENTIALS, ids=label)
def test_bad_credentials(auth: AuthClass, value: Any) -> None:
    for pair in ((value, "secret"), ("client-id", value)):
        with pytest.raises(ConfigurationError) as caught:
            auth(*pair)
        assert isinstance(caught.value, ValueError)
        assert "planted" not in f"{caught.value!r} {caught.value}"
        assert ("client_id" if pair[0] is value else "client_secret") in str(caught.value)


@pytest.mark.parametrize("value", ["{", "a{b}c", "$", "}{", "a", "0", "💥"])
def test_odd_credentials_that_may_be_real(value: str) -> None:
    for auth in AUTHS:
        assert auth(value, value).client_id == value


@pytest.mark.parametrize(
    "auth",
    [
        None,
        ("id", "secret"),
        "secret",
        httpx.BasicAuth("id", "secret"),
        object(),
        ClientSecretBasic,
    ],
    ids=lambda value: type(value).__name__,
)
def test_bad_auth(auth: Any) -> None:
    for cls in (OktaOIDC, AsyncOktaOIDC):
        with pytest.raises(ConfigurationError, match="auth must be"):
            cls(ORG_URL, auth)


@pytest.mark.parametrize(
    "timeout",
    [
        None,
        0,
        -1,
        0.0,
        -0.0,
        float("nan"),
        float("inf"),
        -float("inf"),
        True,
        "10",
        httpx.Timeout(5),
        10**400,
    ],
    ids=label,
)
def test_bad_timeouts(timeout: Any) -> None:
    for cls in (OktaOIDC, AsyncOktaOIDC):
        with pytest.raises(ConfigurationError, match="timeout"):
            cls(ORG_URL, BASIC, timeout=timeout)


def test_a_refusal_of_seconds_says_what_they_may_be() -> None:
    with pytest.raises(ConfigurationError) as caught:
        OktaOIDC(ORG_URL, BASIC, timeout=0)
    assert str(caught.value) == "timeout must be a number of seconds, above 0, at most 86400"
    with pytest.raises(ConfigurationError) as caught:
        Retry(max_wait=-0.5)
    assert str(caught.value) == "max_wait must be a number of seconds, 0 or more"


@pytest.mark.parametrize("timeout", [1, 0.001, 10.0, 86_400, 1e9, 1e12, 1e18, 1e300])
def test_good_timeouts_end_in_an_answer_or_are_refused(
    open_okta: OpenOkta, serve_raw: Any, timeout: float
) -> None:
    # What no clock or lock of the platform can count to must not surface as OverflowError.
    server = serve_raw(http_bytes(body=b'{"active":true}'))
    try:
        okta = open_okta(server.url, timeout=max(timeout, 1))
    except ConfigurationError:
        assert timeout > 86_400
    else:
        assert okta.introspect("t").active


@pytest.mark.parametrize("retry", [True, False, 0, 3, "3", object(), Retry], ids=label)
def test_bad_retry(retry: Any) -> None:
    for cls in (OktaOIDC, AsyncOktaOIDC):
        with pytest.raises(ConfigurationError, match="retry must be"):
            cls(ORG_URL, BASIC, retry=retry)


def test_an_http_client_of_the_other_kind_is_refused() -> None:
    wrong_for_sync: Any = httpx.AsyncClient()
    wrong_for_async: Any = httpx.Client()
    with pytest.raises(ConfigurationError, match="http_client must be Client or None"):
        OktaOIDC(ORG_URL, BASIC, http_client=wrong_for_sync)
    with pytest.raises(ConfigurationError, match="http_client must be AsyncClient or None"):
        AsyncOktaOIDC(ORG_URL, BASIC, http_client=wrong_for_async)
    nonsense: Any = httpx.MockTransport(never)
    for cls in (OktaOIDC, AsyncOktaOIDC):
        with pytest.raises(ConfigurationError, match="http_client"):
            cls(ORG_URL, BASIC, http_client=nonsense)
    wrong_for_async.close()


EMPTY: list[Any] = [None, "", " ", "\t\r\n", "\u3000"]
WRONG: list[Any] = [5, 1.5, True, b"bytes", ["a", "b"], ("a",), {"a": "b"}, object(), "\ud800"]
MEMBERS: dict[str, Callable[[Face, Any], object]] = {
    "code": lambda okta, value: okta.token_for_code(value, CALLBACK),
    "redirect_uri": lambda okta, value: okta.token_for_code("c", value),
    "refresh_token": lambda okta, value: okta.token_for_refresh_token(value),
    "introspected token": lambda okta, value: okta.introspect(value),
    "revoked token": lambda okta, value: okta.revoke(value),
}
OPTIONAL: dict[str, Callable[[Face, Any], object]] = {
    "code_verifier": lambda okta, value: okta.token_for_code("c", CALLBACK, code_verifier=value),
    "refresh redirect_uri": lambda okta, value: okta.token_for_refresh_token("r", value),
    "scope": lambda okta, value: okta.token_for_refresh_token("r", scope=value),
    "introspect hint": lambda okta, value: okta.introspect("t", token_type_hint=value),
    "revoke hint": lambda okta, value: okta.revoke("t", token_type_hint=value),
}


@pytest.mark.parametrize("member", MEMBERS)
@pytest.mark.parametrize("value", [*EMPTY, *WRONG], ids=label)
def test_nothing_is_sent_without_a_usable_member(kind: Kind, member: str, value: Any) -> None:
    with Face(kind, handler=never) as okta, pytest.raises(ConfigurationError) as caught:
        MEMBERS[member](okta, value)
    assert isinstance(caught.value, ValueError)
    assert "bytes'" not in str(caught.value)


@pytest.mark.parametrize("member", OPTIONAL)
@pytest.mark.parametrize("value", WRONG, ids=label)
def test_nothing_is_sent_with_an_optional_member_of_a_wrong_type(member: str, value: Any) -> None:
    # A list would be sent as a repeated parameter, which Okta refuses.
    for kind in ("sync", "asyncio"):
        with Face(kind, handler=never) as okta, pytest.raises(ConfigurationError):
            OPTIONAL[member](okta, value)


@pytest.mark.parametrize("value", ["", "  "])
def test_an_empty_redirect_uri_or_verifier_is_no_way_to_leave_it_out(value: str) -> None:
    with Face("sync", handler=never) as okta:
        with pytest.raises(ConfigurationError, match="redirect_uri is empty"):
            okta.token_for_refresh_token("r", value)
        with pytest.raises(ConfigurationError, match="code_verifier is empty"):
            okta.token_for_code("c", CALLBACK, code_verifier=value)


@pytest.mark.parametrize("call", CALLS)
def test_a_closed_client_says_so(kind: Kind, call: str) -> None:
    with Face(kind, handler=never) as okta:
        okta.run(okta.client.close if isinstance(okta.client, OktaOIDC) else okta.client.aclose)
        with pytest.raises(ConfigurationError, match="closed"):
            CALLS[call](okta)


def test_nothing_touches_the_network_before_the_first_call(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **options: object) -> NoReturn:
        raise AssertionError("the network was touched")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    with OktaOIDC(ORG_URL, BASIC) as okta:
        assert okta.api is okta.api
        with pytest.raises(ConfigurationError):
            okta.token_for_code("", CALLBACK)
    AsyncOktaOIDC(ORG_URL, BASIC)


def test_per_call_servers_do_not_weaken_the_check_of_the_rest() -> None:
    handler = Recorder(answer(body=TOKENS))
    with Face("sync", handler=handler) as okta:
        okta.token_for_code("c", CALLBACK, auth_server_id="aus9")
        with pytest.raises(ConfigurationError):
            okta.token_for_code("c", "", auth_server_id="aus9")
    assert len(handler.requests) == 1


def test_a_certificate_store_that_is_not_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "missing.pem"))
    for cls in (OktaOIDC, AsyncOktaOIDC):
        with pytest.raises(ConfigurationError, match="SSL_CERT_FILE"):
            cls(ORG_URL, BASIC)
