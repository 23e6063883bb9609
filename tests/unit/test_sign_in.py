"""A user's sign-in, from the request to the claims, and what a callback may try."""

from __future__ import annotations

import dataclasses
import json
import math
import pickle
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from hashlib import sha256
from typing import Any, Final, Protocol, cast
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import httpx
import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from okta_oidc import (
    ORG,
    APIError,
    AuthorizationError,
    AuthorizationRequest,
    CallbackMismatchError,
    ClientSecretPost,
    ConfigurationError,
    DPoP,
    InvalidGrantError,
    InvalidTokenError,
    MalformedResponseError,
    OktaError,
    SignIn,
    TransportError,
)

from tests.support.faces import Face, Kind
from tests.support.samples import BASIC, CLIENT_SECRET, ORG_URL

from ._jwts import (
    ACCESS_CLAIMS,
    ACCESS_TOKEN,
    AUDIENCE,
    CLIENT_ID,
    ID_CLAIMS,
    NOW,
    access_token,
    key_set,
    published,
    signed,
)


class Several(dict[str, str]):
    """Django's and Werkzeug's way: the mapping shows the last of several values."""

    def __init__(self, query: str) -> None:
        self._pairs: Final = parse_qsl(query, keep_blank_values=True)
        super().__init__(self._pairs)

    def getlist(self, name: str) -> list[str]:
        return [value for key, value in self._pairs if key == name]


REDIRECT: Final = "https://app.example.com/callback"
CODE: Final = "planted-code-5Zx"


class Server:
    """A small Okta: answers of its own, and what it was asked."""

    def __init__(self) -> None:
        self.requests: Final[list[httpx.Request]] = []
        self.nonce = ""
        self.id_claims: dict[str, Any] = {}
        self.answers: Final[dict[str, Callable[[httpx.Request], httpx.Response]]] = {
            "keys": lambda _: self.json(json.loads(key_set(published("key-1")))),
            "token": self.token,
            "par": lambda _: self.json({"request_uri": "urn:okta:cUd", "expires_in": 3600}, 201),
        }

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        path = request.url.path
        for name, answer in self.answers.items():
            if path.endswith(f"/{name}"):
                return answer(request)
        return httpx.Response(404, json={"errorCode": "E0000007", "errorSummary": "Not found"})

    @staticmethod
    def json(members: object, status: int = 200) -> httpx.Response:
        return httpx.Response(status, json=members, headers={"cache-control": "max-age=3600"})

    def token(self, request: httpx.Request) -> httpx.Response:
        claims = {**ID_CLAIMS, "nonce": self.nonce, **self.id_claims}
        return self.json(
            {
                "token_type": "Bearer",
                "expires_in": 3600,
                "access_token": ACCESS_TOKEN,
                "scope": "openid",
                "id_token": signed({k: v for k, v in claims.items() if v is not ...}),
            }
        )

    def paths(self) -> list[str]:
        return [request.url.path for request in self.requests]

    def forms(self, name: str) -> list[dict[str, str]]:
        return [
            dict(parse_qsl(request.content.decode()))
            for request in self.requests
            if request.url.path.endswith(f"/{name}")
        ]


class User:
    """A client that signs somebody in, of either face, at a clock that stands still."""

    def __init__(self, face: Face, server: Server) -> None:
        self.face: Final = face
        self.server: Final = server
        self.client: Final[Any] = face.client
        face.runtime.now = lambda: NOW
        face.runtime.monotonic = lambda: 0.0

    def begin(self, *args: Any, **options: Any) -> AuthorizationRequest:
        request: AuthorizationRequest = self.face.run(
            self.client.authorization_request, *(args or (REDIRECT,)), **options
        )
        self.server.nonce = request.nonce
        return request

    def finish(self, request: AuthorizationRequest, callback: Any = None) -> SignIn:
        done: SignIn = self.face.run(
            self.client.finish_sign_in,
            request,
            callback_of(request) if callback is None else callback,
        )
        return done

    def run(self, method: str, *args: Any, **options: Any) -> Any:
        return self.face.run(getattr(self.client, method), *args, **options)


class OpenUser(Protocol):
    def __call__(self, *args: Any, **options: Any) -> User: ...


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def open_user(kind: Kind, server: Server) -> Iterator[OpenUser]:
    with ExitStack() as stack:

        def make(*args: Any, **options: Any) -> User:
            face = Face(kind, *args, handler=server, **options)
            return User(stack.enter_context(face), server)

        yield make


@pytest.fixture
def user(open_user: OpenUser) -> User:
    return open_user()


def answered(answer: httpx.Response, request: httpx.Request) -> httpx.Response:
    return answer


def callback_of(request: AuthorizationRequest, **changes: str | None) -> str:
    members = {"code": CODE, "state": request.state, **changes}
    return f"{REDIRECT}?{urlencode({k: v for k, v in members.items() if v is not None})}"


def query_of(request: AuthorizationRequest) -> dict[str, list[str]]:
    return parse_qs(urlsplit(request.url).query, keep_blank_values=True, strict_parsing=True)


# The request


def test_a_browser_is_sent_to_okta_with_a_challenge(user: User) -> None:
    request = user.begin()

    assert request.url.startswith(f"{ORG_URL}/oauth2/default/v1/authorize?")
    challenge = urlsafe_b64encode(sha256(request.code_verifier.encode()).digest()).decode()
    assert query_of(request) == {
        "client_id": [CLIENT_ID],
        "response_type": ["code"],
        "redirect_uri": [REDIRECT],
        "scope": ["openid"],
        "state": [request.state],
        "nonce": [request.nonce],
        "code_challenge": [challenge.rstrip("=")],
        "code_challenge_method": ["S256"],
    }
    assert 43 <= len(request.code_verifier) <= 128
    assert user.server.requests == []


def test_what_is_asked_for_goes_along(user: User) -> None:
    request = user.begin(
        REDIRECT,
        "openid offline_access",
        max_age=0,
        prompt="login",
        login_hint="john doe+x@example.com",
        acr_values="urn:okta:loa:2fa:any",
        idp="0oa9",
        sessionToken="st",
        auth_server_id=ORG,
    )

    assert request.url.startswith(f"{ORG_URL}/oauth2/v1/authorize?")
    query = query_of(request)
    assert query["scope"] == ["openid offline_access"]
    assert query["max_age"] == ["0"]
    assert query["prompt"] == ["login"]
    assert query["login_hint"] == ["john doe+x@example.com"]
    assert query["acr_values"] == ["urn:okta:loa:2fa:any"]
    assert (query["idp"], query["sessionToken"]) == (["0oa9"], ["st"])
    assert request.auth_server_id is ORG


def test_two_requests_share_nothing(user: User) -> None:
    requests = [user.begin() for _ in range(50)]

    for name in ("state", "nonce", "code_verifier"):
        assert len({getattr(request, name) for request in requests}) == 50
    values = {value for r in requests for value in (r.state, r.nonce, r.code_verifier)}
    assert len(values) == 150


@pytest.mark.parametrize(
    "name",
    [
        "client_assertion",
        "client_assertion_type",
        "client_id",
        "client_secret",
        "code_challenge",
        "code_challenge_method",
        "code_verifier",
        "nonce",
        "request",
        "request_uri",
        "response_type",
        "state",
    ],
)
@pytest.mark.parametrize("push", [False, True])
def test_what_ties_the_answer_is_not_the_callers(user: User, name: str, push: bool) -> None:
    with pytest.raises(ConfigurationError, match=name):
        user.begin(**{name: "plain", "push": push})
    assert user.server.requests == []


@pytest.mark.parametrize(
    ("args", "options"),
    [
        (("",), {}),
        ((" ",), {}),
        ((None,), {}),
        ((REDIRECT, ""), {}),
        ((REDIRECT, "profile"), {}),
        ((REDIRECT, "openidx"), {}),
        ((REDIRECT, ["openid"]), {}),
        ((REDIRECT,), {"max_age": -1}),
        ((REDIRECT,), {"max_age": 1.5}),
        ((REDIRECT,), {"max_age": True}),
        ((REDIRECT,), {"max_age": "60"}),
        ((REDIRECT,), {"prompt": ""}),
        ((REDIRECT,), {"login_hint": 5}),
        ((REDIRECT,), {"idp": ""}),
        ((REDIRECT,), {"idp": None}),
        ((REDIRECT,), {"auth_server_id": "../x"}),
        (("https://\udcff",), {}),
    ],
)
def test_what_cannot_be_right_is_not_sent(
    user: User, args: tuple[Any, ...], options: dict[str, Any]
) -> None:
    with pytest.raises(ConfigurationError):
        user.begin(*args, **options)


def test_a_request_shows_nothing_of_what_it_keeps(user: User) -> None:
    request = user.begin()

    shown = repr(request) + str(request)
    for secret in (request.state, request.nonce, request.code_verifier, request.url):
        assert secret not in shown


def test_a_request_goes_through_any_session(user: User) -> None:
    for request in (user.begin(max_age=60), user.begin(auth_server_id=ORG)):
        data = json.loads(json.dumps(request.to_dict()))
        assert AuthorizationRequest.from_dict(data) == request
        assert AuthorizationRequest.from_dict({**data, "newer": 1}) == request
        assert pickle.loads(pickle.dumps(request)) == request


@pytest.mark.parametrize("name", [f.name for f in dataclasses.fields(AuthorizationRequest)])
@pytest.mark.parametrize("value", [..., 5, "", [], {}, "../x"])
def test_data_of_another_form_are_refused(user: User, name: str, value: object) -> None:
    data = user.begin().to_dict()
    if value is ...:
        del data[name]
    else:
        data[name] = value
    odd_but_fine = (name == "max_age" and value == 5) or (
        value == "../x" and name not in ("max_age", "auth_server_id")
    )
    if odd_but_fine:
        return
    with pytest.raises(ConfigurationError, match="to_dict"):
        AuthorizationRequest.from_dict(data)


# Pushed (RFC 9126)


@pytest.mark.parametrize("auth", [BASIC, ClientSecretPost(CLIENT_ID, CLIENT_SECRET)])
def test_a_pushed_request_shows_the_browser_nothing(open_user: OpenUser, auth: Any) -> None:
    user = open_user(ORG_URL, auth)
    request = user.begin(REDIRECT, "openid profile", push=True, max_age=600, idp="0oa9")

    assert query_of(request) == {"client_id": [CLIENT_ID], "request_uri": ["urn:okta:cUd"]}
    [form] = user.server.forms("par")
    assert form.pop("client_secret", CLIENT_SECRET) == CLIENT_SECRET
    assert form == {
        "client_id": CLIENT_ID,
        "response_type": "code",
        "redirect_uri": REDIRECT,
        "scope": "openid profile",
        "state": request.state,
        "nonce": request.nonce,
        "code_challenge": urlsafe_b64encode(sha256(request.code_verifier.encode()).digest())
        .decode()
        .rstrip("="),
        "code_challenge_method": "S256",
        "max_age": "600",
        "idp": "0oa9",
    }
    # Once, however the client authenticates.
    [pushed] = [r for r in user.server.requests if r.url.path.endswith("/par")]
    assert pushed.content.count(b"client_id=") == 1
    assert user.finish(request).claims.sub == ID_CLAIMS["sub"]


def test_a_pushed_request_that_is_refused_says_why(user: User) -> None:
    user.server.answers["par"] = lambda _: Server.json({"error": "invalid_request"}, 400)
    with pytest.raises(APIError) as refused:
        user.begin(push=True)
    assert refused.value.code == "invalid_request"

    user.server.answers["par"] = lambda _: Server.json({"expires_in": 60}, 201)
    with pytest.raises(MalformedResponseError, match="request_uri"):
        user.begin(push=True)


# The way back


def test_a_sign_in_is_finished(user: User) -> None:
    request = user.begin()
    done = user.finish(request)

    assert done.claims.sub == ID_CLAIMS["sub"]
    assert done.tokens.access_token == ACCESS_TOKEN
    [form] = user.server.forms("token")
    assert form == {
        "grant_type": "authorization_code",
        "code": CODE,
        "redirect_uri": REDIRECT,
        "code_verifier": request.code_verifier,
    }
    assert CODE not in repr(done)
    assert ACCESS_TOKEN not in repr(done)


def test_a_sign_in_is_finished_by_another_process(open_user: OpenUser) -> None:
    one, other = open_user(), open_user()
    request = AuthorizationRequest.from_dict(one.begin().to_dict())

    assert other.finish(request).claims.nonce == request.nonce


def test_keys_are_at_hand_before_the_code_is_spent(user: User) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadError("gone")

    good = user.server.answers["keys"]
    user.server.answers["keys"] = refuse
    request = user.begin()
    with pytest.raises(TransportError):
        user.finish(request)
    assert user.server.forms("token") == []

    user.server.answers["keys"] = good
    user.face.runtime.monotonic = lambda: 5.0
    assert user.finish(request).claims.sub
    assert user.server.paths()[-2:] == ["/oauth2/default/v1/keys", "/oauth2/default/v1/token"]
    again = user.begin()
    user.finish(again)
    assert user.server.paths()[-1] == "/oauth2/default/v1/token"


def test_no_code_is_spent_where_no_published_key_can_sign(user: User) -> None:
    good = user.server.answers["keys"]
    unfit = json.loads(key_set(published("key-1", use="enc")))
    user.server.answers["keys"] = lambda _: user.server.json(unfit)
    request = user.begin()
    for _ in range(2):
        with pytest.raises(InvalidTokenError) as caught:
            user.finish(request)
        assert caught.value.reason == "unknown_key"
    assert user.server.paths() == ["/oauth2/default/v1/keys"]

    user.server.answers["keys"] = good
    user.face.runtime.monotonic = lambda: 30.0
    assert user.finish(request).claims.sub


FORMS: Final[Mapping[str, Callable[[str], Any]]] = {
    "a URL": lambda url: url,
    "a URL with a fragment": lambda url: f"{url}#_=_",
    "its path and query": lambda url: f"/callback?{url.partition('?')[2]}",
    "a relative path and query": lambda url: f"callback?{url.partition('?')[2]}",
    "its query": lambda url: url.partition("?")[2],
    "its query with the mark": lambda url: f"?{url.partition('?')[2]}",
    "a query with a mark in it": lambda url: f"{url.partition('?')[2]}&x=a?b",
    "a mapping": lambda url: dict(parse_qsl(url.partition("?")[2], keep_blank_values=True)),
    "a mapping of lists": lambda url: parse_qs(url.partition("?")[2], keep_blank_values=True),
    "httpx's": lambda url: httpx.QueryParams(url.partition("?")[2]),
    "httpx's URL": httpx.URL,
    "Django's": lambda url: Several(url.partition("?")[2]),
}


@pytest.mark.parametrize("push", [False, True])
def test_addresses_may_be_url_objects(user: User, push: bool) -> None:
    request = user.begin(cast("Any", httpx.URL(REDIRECT)), push=push)
    assert request.redirect_uri == REDIRECT
    assert json.loads(json.dumps(request.to_dict()))["redirect_uri"] == REDIRECT
    home = cast("Any", httpx.URL("https://app.example.com/"))
    page = user.client.logout_url("a-token", post_logout_redirect_uri=home)
    assert "post_logout_redirect_uri=https%3A%2F%2Fapp.example.com%2F" in page
    for wrong in (b"https://app.example.com/", 5):
        with pytest.raises(ConfigurationError, match="redirect_uri must be"):
            user.begin(cast("Any", wrong))


@pytest.mark.parametrize("form", list(FORMS))
def test_a_callback_may_have_any_form(user: User, form: str) -> None:
    request = user.begin()

    assert user.finish(request, FORMS[form](callback_of(request))).claims.sub


@pytest.mark.parametrize("form", list(FORMS))
@pytest.mark.parametrize(
    "changes",
    [
        {"state": "other"},
        {"state": ""},
        {"state": None},
        {"state": "é"},
        {"state": "other", "error": "access_denied", "code": None},
        {"state": None, "error": "access_denied", "code": None},
        {"code": None},
        {"code": ""},
        {"iss": "https://evil.example/oauth2/default"},
        {"iss": f"{ORG_URL}/oauth2/default/"},
        {"iss": ORG_URL},
        {"iss": ""},
        {"iss": "https://evil.example", "error": "access_denied"},
    ],
    ids=str,
)
def test_a_callback_of_another_request_is_refused(
    user: User, form: str, changes: dict[str, str | None]
) -> None:
    request = user.begin()
    callback = FORMS[form](callback_of(request, **changes))

    with pytest.raises(CallbackMismatchError) as refused:
        user.finish(request, callback)

    assert user.server.requests == []
    assert request.state not in str(refused.value)
    assert CODE not in str(refused.value)


@pytest.mark.parametrize("name", ["state", "code", "iss", "error"])
@pytest.mark.parametrize("first", [True, False])
def test_nothing_is_there_twice(user: User, name: str, first: bool) -> None:
    request = user.begin()
    good = callback_of(request, iss=f"{ORG_URL}/oauth2/default").partition("?")[2]
    own = dict(parse_qsl(good)).get(name, "x")
    for other in (own, "other", ""):
        pairs = [(name, other), *parse_qsl(good)] if first else [*parse_qsl(good), (name, other)]
        if name == "error":
            pairs.append(("error", "access_denied"))
        query = urlencode(pairs)
        for callback in (
            query,
            f"{REDIRECT}?{query}",
            Several(query),
            httpx.QueryParams(query),
            parse_qs(query, keep_blank_values=True),
        ):
            with pytest.raises(CallbackMismatchError, match=f"more than one {name}"):
                user.finish(request, callback)
    assert user.server.requests == []


def test_the_issuer_may_say_who_it_is(user: User) -> None:
    request = user.begin()
    callback = callback_of(request, iss=f"{ORG_URL}/oauth2/default")
    assert user.finish(request, callback).claims.sub


def test_an_issuer_that_promised_to_say_who_it_is_has_to(user: User) -> None:
    user.server.answers["openid-configuration"] = lambda _: Server.json(
        {
            "issuer": f"{ORG_URL}/oauth2/default",
            "authorization_response_iss_parameter_supported": True,
        }
    )
    request = user.begin()
    assert user.finish(request).claims.sub

    user.run("metadata")
    again = user.begin()
    with pytest.raises(CallbackMismatchError, match="does not say"):
        user.finish(again)
    callback = callback_of(again, iss=f"{ORG_URL}/oauth2/default")
    assert user.finish(again, callback).claims.sub


def test_what_okta_refused_is_said(user: User) -> None:
    request = user.begin()
    callback = callback_of(
        request,
        code=None,
        error="access_denied",
        error_description="The resource owner denied it\n\x1b[31m.",
    )
    with pytest.raises(AuthorizationError) as refused:
        user.finish(request, callback)

    error = pickle.loads(pickle.dumps(refused.value))
    assert type(error) is AuthorizationError
    assert error.code == "access_denied"
    assert error.description == "The resource owner denied it\n\x1b[31m."
    assert "access_denied" in str(error)
    assert str(error).isprintable()
    assert user.server.requests == []


def test_an_error_beside_a_code_is_an_error(user: User) -> None:
    request = user.begin()
    with pytest.raises(AuthorizationError):
        user.finish(request, callback_of(request, error="server_error"))
    with pytest.raises(AuthorizationError) as refused:
        user.finish(request, callback_of(request, error=""))
    assert refused.value.code is None


@pytest.mark.parametrize("callback", [None, 5, b"code=x", ["code"], {"state": 5}, {"code": [5]}])
def test_a_callback_is_a_url_a_query_or_a_mapping(user: User, callback: Any) -> None:
    request = user.begin()
    with pytest.raises(ConfigurationError):
        user.face.run(user.client.finish_sign_in, request, callback)


def test_a_request_is_one_that_was_begun(user: User) -> None:
    request = user.begin()
    with pytest.raises(ConfigurationError):
        user.face.run(user.client.finish_sign_in, request.to_dict(), callback_of(request))


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"nonce": "other"}, "nonce"),
        ({"nonce": ...}, "nonce"),
        ({"aud": "other"}, "audience"),
        ({"iss": ORG_URL}, "issuer"),
        ({"exp": NOW - 200}, "expired"),
        ({"at_hash": "other"}, "hash"),
        ({"auth_time": ...}, "auth_time"),
        ({"auth_time": NOW - 500}, "auth_time"),
    ],
)
def test_an_id_token_that_does_not_hold_ends_the_sign_in(
    user: User, claims: dict[str, Any], reason: str
) -> None:
    request = user.begin(max_age=60)
    user.server.id_claims = claims
    with pytest.raises(InvalidTokenError) as refused:
        user.finish(request)
    assert refused.value.reason == reason


def test_a_sign_in_without_an_id_token_loses_no_token(user: User) -> None:
    user.server.answers["token"] = lambda _: Server.json(
        {"token_type": "Bearer", "access_token": ACCESS_TOKEN}
    )
    with pytest.raises(MalformedResponseError) as refused:
        user.finish(user.begin())
    assert ACCESS_TOKEN.encode() in refused.value.body
    assert ACCESS_TOKEN not in str(refused.value)


def test_a_spent_code_is_refused(user: User) -> None:
    user.server.answers["token"] = lambda _: Server.json({"error": "invalid_grant"}, 400)
    with pytest.raises(InvalidGrantError):
        user.finish(user.begin())


def test_the_server_of_the_request_finishes_it(user: User) -> None:
    request = user.begin(auth_server_id=ORG)
    user.server.id_claims = {"iss": ORG_URL}

    assert user.finish(request).claims.iss == ORG_URL
    assert user.server.paths() == ["/oauth2/v1/keys", "/oauth2/v1/token"]


def test_a_custom_domain_may_have_the_orgs_issuer(open_user: OpenUser) -> None:
    domain = "https://login.example.com"
    for issuer in (f"{ORG_URL}/oauth2/default", f"{ORG_URL}/", ORG_URL):
        user = open_user(domain, BASIC, issuer=issuer)
        request = user.begin()
        assert request.url.startswith(f"{domain}/oauth2/default/v1/authorize?")
        done = user.finish(request, callback_of(request, iss=f"{ORG_URL}/oauth2/default"))
        assert done.claims.iss == f"{ORG_URL}/oauth2/default"
        again = user.begin()
        with pytest.raises(CallbackMismatchError):
            user.finish(again, callback_of(again, iss=f"{domain}/oauth2/default"))
    # Nothing went anywhere else.
    assert {request.url.host for request in user.server.requests} == {"login.example.com"}


@pytest.mark.parametrize(
    "issuer",
    [
        "",
        "dev-000000.okta.com",
        "http://dev-000000.okta.com",
        f"{ORG_URL}/oauth2/other",
        f"{ORG_URL}/oauth2/default/v1",
        f"{ORG_URL}/oauth2/v1",
        f"{ORG_URL}?x",
        "https://{yourOktaDomain}",
        5,
    ],
)
def test_an_issuer_that_cannot_be_one_is_refused(open_user: OpenUser, issuer: Any) -> None:
    with pytest.raises(ConfigurationError, match="issuer"):
        open_user(ORG_URL, BASIC, issuer=issuer)


# Tokens that came another way


def test_an_id_token_is_verified(user: User) -> None:
    token = signed(ID_CLAIMS)
    claims = user.run(
        "verify_id_token", token, nonce=ID_CLAIMS["nonce"], access_token=ACCESS_TOKEN, max_age=600
    )

    assert claims.sub == ID_CLAIMS["sub"]
    with pytest.raises(InvalidTokenError):
        user.run("verify_id_token", token, nonce=None)
    assert user.server.paths() == ["/oauth2/default/v1/keys"]


def test_an_access_token_is_verified(user: User) -> None:
    claims = user.run(
        "verify_access_token", access_token(), audience=AUDIENCE, scopes=("orders:read",)
    )

    assert claims.client_id == ACCESS_CLAIMS["cid"]
    with pytest.raises(InvalidTokenError) as refused:
        user.run("verify_access_token", access_token(), audience=AUDIENCE, scopes=["x"])
    assert refused.value.reason == "scope"


@pytest.mark.parametrize(
    ("method", "args", "options"),
    [
        ("verify_access_token", ("a.b.c",), {"audience": AUDIENCE, "auth_server_id": ORG}),
        ("verify_access_token", ("a.b.c",), {"audience": ""}),
        ("verify_access_token", ("a.b.c",), {"audience": None}),
        ("verify_access_token", ("a.b.c",), {"audience": AUDIENCE, "scopes": "openid"}),
        ("verify_access_token", (None,), {"audience": AUDIENCE}),
        ("verify_id_token", (None,), {"nonce": None}),
        ("verify_id_token", (b"a.b.c",), {"nonce": None}),
        ("verify_id_token", ("a.b.c",), {"nonce": ""}),
        ("verify_id_token", ("a.b.c",), {"nonce": 5}),
        ("verify_id_token", ("a.b.c",), {"nonce": None, "max_age": "60"}),
        ("verify_id_token", ("a.b.c",), {"nonce": None, "max_age": -1}),
        ("verify_id_token", ("a.b.c",), {"nonce": None, "max_age": True}),
        ("verify_id_token", ("a.b.c",), {"nonce": None, "max_age": math.nan}),
        ("verify_id_token", ("a.b.c",), {"nonce": None, "max_age": 10**400}),
        ("verify_id_token", ("a.b.c",), {"nonce": None, "auth_server_id": "../x"}),
        ("userinfo", ("",), {}),
        ("userinfo", (None,), {}),
        ("userinfo", ("a b",), {}),
        ("userinfo", ("a\r\nX: y",), {}),
        ("userinfo", ("é",), {}),
        ("logout_url", ("",), {}),
        ("logout_url", (None,), {}),
        ("logout_url", ("t",), {"state": ""}),
        ("logout_url", ("t",), {"post_logout_redirect_uri": 5}),
    ],
)
def test_an_argument_that_cannot_be_right_is_not_sent(
    user: User, method: str, args: tuple[Any, ...], options: dict[str, Any]
) -> None:
    with pytest.raises(ConfigurationError):
        user.run(method, *args, **options)
    assert user.server.requests == []


# Metadata


METADATA: Final = {
    "issuer": f"{ORG_URL}/oauth2/default",
    "authorization_endpoint": f"{ORG_URL}/oauth2/default/v1/authorize",
    "token_endpoint": f"{ORG_URL}/oauth2/default/v1/token",
    "jwks_uri": f"{ORG_URL}/oauth2/default/v1/keys",
    "scopes_supported": ["openid"],
}


def test_metadata_are_read_and_change_nothing(user: User) -> None:
    evil = {
        name: "https://evil.example/x" for name in METADATA if name.endswith(("endpoint", "uri"))
    }
    user.server.answers["openid-configuration"] = lambda _: Server.json({**METADATA, **evil})
    found = user.run("metadata")
    assert found.issuer == METADATA["issuer"]
    assert found.jwks_uri == "https://evil.example/x"

    request = user.begin()
    assert request.url.startswith(ORG_URL)
    user.finish(request)
    assert {r.url.host for r in user.server.requests} == {"dev-000000.okta.com"}


@pytest.mark.parametrize(
    "members",
    [
        {"issuer": f"{ORG_URL}/oauth2/default/"},
        {"issuer": ORG_URL},
        {"issuer": "https://evil.example"},
        {"issuer": None},
        {"issuer": [METADATA["issuer"]]},
        {"token_endpoint": "http://dev-000000.okta.com/token"},
        {"jwks_uri": "http://dev-000000.okta.com/keys"},
        {"jwks_uri": "keys"},
        {"another_endpoint": "http://dev-000000.okta.com/x"},
        {"another_uri": 5},
    ],
    ids=str,
)
def test_metadata_of_another_issuer_are_refused(user: User, members: dict[str, Any]) -> None:
    user.server.answers["openid-configuration"] = lambda _: Server.json({**METADATA, **members})
    with pytest.raises(MalformedResponseError):
        user.run("metadata")


@pytest.mark.parametrize("kind_of_url", [httpx.URL, pydantic.HttpUrl])
def test_urls_of_other_packages(user: User, kind_of_url: Callable[[str], Any]) -> None:
    """A web framework hands over the callback's address as an object of its own."""
    request = user.begin(kind_of_url(REDIRECT))
    assert request.redirect_uri == REDIRECT
    back = callback_of(request)
    assert user.finish(request, kind_of_url(back)).tokens.id_token is not None
    at = user.run("logout_url", "id-token", post_logout_redirect_uri=kind_of_url(REDIRECT))
    assert urlencode({"post_logout_redirect_uri": REDIRECT}) in at
    with pytest.raises(ConfigurationError, match="bytes"):
        user.finish(request, back.encode())


def test_metadata_without_an_address_say_so_as_they_like(user: User) -> None:
    absent = {"device_authorization_endpoint": None, "another_uri": None}
    user.server.answers["openid-configuration"] = lambda _: Server.json({**METADATA, **absent})
    assert user.run("metadata").issuer == METADATA["issuer"]


def test_a_member_of_the_metadata_is_shown_as_any_text_of_a_server(user: User) -> None:
    name = f"{'planted' * 9}\nCRITICAL: {'x' * 100_000}_endpoint"
    user.server.answers["openid-configuration"] = lambda _: Server.json({**METADATA, name: "x"})
    with pytest.raises(MalformedResponseError, match="no https URL") as caught:
        user.run("metadata")
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 600
    assert "planted" not in str(caught.value)


def test_metadata_that_are_none_are_refused(user: User) -> None:
    answers = {
        MalformedResponseError: httpx.Response(200, text="<!doctype html>"),
        APIError: httpx.Response(404, json={"errorCode": "E0000007", "errorSummary": "x"}),
    }
    for kind, answer in answers.items():
        user.server.answers["openid-configuration"] = partial(answered, answer)
        with pytest.raises(kind):
            user.run("metadata")
    assert user.server.requests[0].headers.get("authorization") is None


def test_metadata_of_the_org_server(user: User) -> None:
    user.server.answers["openid-configuration"] = lambda _: Server.json({"issuer": ORG_URL})
    assert user.run("metadata", auth_server_id=ORG).issuer == ORG_URL
    assert user.server.paths() == ["/.well-known/openid-configuration"]


# Userinfo


def test_userinfo_is_asked_for_with_the_users_token(user: User) -> None:
    user.server.answers["userinfo"] = lambda _: Server.json({"sub": "00u1", "custom": [1]})
    info = user.run("userinfo", ACCESS_TOKEN)

    assert info.sub == "00u1"
    assert info.additional_properties == {"custom": [1]}
    [request] = user.server.requests
    assert request.method == "GET"
    assert request.headers["authorization"] == f"Bearer {ACCESS_TOKEN}"
    assert request.content == b""


def test_userinfo_says_what_the_challenge_says(user: User) -> None:
    challenge = (
        'Bearer authorization_uri="https://x/authorize", realm="x", scope="openid", '
        'error="invalid_token", error_description="The token has expired, or so", resource="/x"'
    )
    user.server.answers["userinfo"] = lambda _: httpx.Response(
        401, headers={"www-authenticate": challenge}
    )
    with pytest.raises(APIError) as refused:
        user.run("userinfo", ACCESS_TOKEN)

    assert type(refused.value) is APIError
    assert refused.value.code == "invalid_token"
    assert refused.value.description == "The token has expired, or so"
    assert "invalid_token" in str(refused.value)


def test_userinfo_proves_the_key_that_a_token_is_bound_to(open_user: OpenUser) -> None:
    dpop = DPoP()
    user = open_user(ORG_URL, BASIC, dpop=dpop)
    nonces = iter(["nonce-1", "nonce-2"])

    def answer(request: httpx.Request) -> httpx.Response:
        nonce = next(nonces, None)
        if nonce is None:
            # A claim of this name is not what the token endpoint says of a token.
            return Server.json({"sub": "00u1", "token_type": "Bearer"})
        challenge = 'DPoP error="use_dpop_nonce", error_description="nonce", algs="RS256 ES256"'
        return httpx.Response(401, headers={"www-authenticate": challenge, "dpop-nonce": nonce})

    user.server.answers["userinfo"] = answer
    assert user.run("userinfo", ACCESS_TOKEN).sub == "00u1"

    first, second, third = user.server.requests
    for request, nonce in ((first, None), (second, "nonce-1"), (third, "nonce-2")):
        assert request.headers["authorization"] == f"DPoP {ACCESS_TOKEN}"
        claims = proof_of(request)
        assert (claims["htm"], claims["htu"]) == ("GET", f"{ORG_URL}/oauth2/default/v1/userinfo")
        ath = urlsafe_b64encode(sha256(ACCESS_TOKEN.encode()).digest()).decode().rstrip("=")
        assert claims["ath"] == ath
        assert claims.get("nonce") == nonce
    assert len({proof_of(request)["jti"] for request in user.server.requests}) == 3


@pytest.mark.parametrize("nonces", [["a", "b", "c", "d", "e"], ["a", "a", "a"], [None]])
def test_a_nonce_is_not_asked_for_without_end(
    open_user: OpenUser, nonces: list[str | None]
) -> None:
    user = open_user(ORG_URL, BASIC, dpop=DPoP())
    left = iter(nonces)

    def answer(request: httpx.Request) -> httpx.Response:
        headers = {"www-authenticate": 'DPoP error="use_dpop_nonce"'}
        nonce = next(left, None)
        if nonce is not None:
            headers["dpop-nonce"] = nonce
        return httpx.Response(401, headers=headers)

    user.server.answers["userinfo"] = answer
    with pytest.raises(APIError) as refused:
        user.run("userinfo", ACCESS_TOKEN)
    assert refused.value.code == "use_dpop_nonce"
    assert len(user.server.requests) <= 3


def proof_of(request: httpx.Request) -> dict[str, Any]:
    """The claims of the request's proof. Its signature is another test's."""
    payload = request.headers["dpop"].split(".")[1]
    claims: dict[str, Any] = json.loads(urlsafe_b64decode(payload + "=="))
    return claims


@pytest.mark.parametrize(
    "challenge", ["", "Bearer", "Bearer ,", 'Bearer "', "Bearer a, b=", f"Bearer x={ACCESS_TOKEN}"]
)
def test_a_challenge_that_cannot_be_read_says_nothing(user: User, challenge: str) -> None:
    user.server.answers["userinfo"] = lambda _: httpx.Response(
        403, headers={"www-authenticate": challenge}
    )
    with pytest.raises(APIError) as refused:
        user.run("userinfo", ACCESS_TOKEN)
    assert refused.value.code is None
    assert ACCESS_TOKEN not in str(refused.value)


# The way out


def test_a_session_ends_at_its_page(user: User) -> None:
    url: str = user.client.logout_url("the.id.token")
    assert url == f"{ORG_URL}/oauth2/default/v1/logout?id_token_hint=the.id.token"

    url = user.client.logout_url(
        "t", post_logout_redirect_uri="https://app/?a=b&c", state="s", auth_server_id=ORG
    )
    assert url.startswith(f"{ORG_URL}/oauth2/v1/logout?")
    assert parse_qs(urlsplit(url).query) == {
        "id_token_hint": ["t"],
        "post_logout_redirect_uri": ["https://app/?a=b&c"],
        "state": ["s"],
    }


# Whatever comes


REQUEST: Final = AuthorizationRequest(
    url="https://x",
    redirect_uri=REDIRECT,
    scope="openid",
    state="the-state",
    nonce="the-nonce",
    code_verifier="v" * 43,
    max_age=None,
    auth_server_id="default",
)
PAIRS: Final = st.lists(
    st.tuples(
        st.sampled_from(["state", "code", "iss", "error", "error_description", "x", ""]),
        st.text(max_size=10) | st.just("the-state"),
    ),
    max_size=6,
)


@settings(deadline=None, max_examples=200)
@given(
    st.text()
    | PAIRS.map(lambda pairs: urlencode([(k, v.encode(errors="replace")) for k, v in pairs]))
    | PAIRS.map(dict)
    | PAIRS.map(lambda pairs: httpx.QueryParams(urlencode(pairs)))
    | st.dictionaries(
        st.sampled_from(["state", "code", "iss", "error"]),
        st.none() | st.integers() | st.text() | st.lists(st.text() | st.none(), max_size=2),
    )
)
def test_no_callback_brings_another_error(callback: Any) -> None:
    from okta_oidc._sign_in._callbacks import code_of

    try:
        code = code_of(callback, REQUEST, "https://issuer", names_issuer=False)
    except OktaError as error:
        assert "the-nonce" not in str(error)  # noqa: PT017
    else:
        assert code
