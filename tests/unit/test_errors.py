"""The tree, and which answer becomes which error: status first, then code, in both shapes."""

from __future__ import annotations

import copy
import inspect
import pickle
from typing import Any

import httpx
import okta_oidc
import pytest
from okta_oidc import (
    ORG,
    APIError,
    ApprovalExpiredError,
    AuthorizationError,
    BearerRefusal,
    CallbackMismatchError,
    ClientSecretBasic,
    ConfigurationError,
    HttpInfo,
    InvalidClientError,
    InvalidGrantError,
    InvalidTokenError,
    MalformedResponseError,
    OktaError,
    RateLimitError,
    ServerError,
    SignInRequiredError,
    TokenStoreError,
    TransportError,
    TransportTimeoutError,
)
from okta_oidc._http import Headers, Members, retry_after
from okta_oidc._ratelimit import RateLimits

from tests.support.faces import CALLS, Face, Kind, borrowed_client
from tests.support.samples import (
    BASIC,
    CALLBACK,
    OKTA_HEADERS,
    OKTA_NOW,
    POST,
    TOKENS,
    answer,
    label,
    oauth_error,
    okta_error,
)
from tests.support.servers import Recorder

from .conftest import OpenOkta, on_every_loop

TREE: dict[type[Exception], tuple[type[Exception], ...]] = {
    OktaError: (Exception,),
    ConfigurationError: (OktaError, ValueError),
    TransportError: (OktaError,),
    TransportTimeoutError: (TransportError,),
    MalformedResponseError: (OktaError,),
    APIError: (OktaError,),
    InvalidClientError: (APIError,),
    InvalidGrantError: (APIError,),
    RateLimitError: (APIError,),
    ServerError: (APIError,),
    InvalidTokenError: (OktaError,),
    BearerRefusal: (OktaError,),
    AuthorizationError: (OktaError,),
    CallbackMismatchError: (AuthorizationError,),
    ApprovalExpiredError: (OktaError,),
    SignInRequiredError: (OktaError,),
    TokenStoreError: (OktaError,),
}

HTML = b"<!DOCTYPE html><html><body>Bad gateway planted-page</body></html>"
PAGE = {"content-type": "text/html"}


def test_the_tree() -> None:
    found = {
        value
        for value in (getattr(okta_oidc, name) for name in okta_oidc.__all__)
        if inspect.isclass(value) and issubclass(value, BaseException)
    }
    assert found == set(TREE)
    for error, bases in TREE.items():
        assert error.__bases__ == bases
    for name in ("TimeoutError", "ConnectionError"):
        assert not issubclass(TransportError, vars(__import__("builtins"))[name])


# What an answer is, and what a caller gets: class, code, description.
ROWS: dict[str, tuple[httpx.Response, type[APIError], str | None, str | None]] = {
    "spent code": (
        answer(400, oauth_error("invalid_grant", "The code is spent.")),
        InvalidGrantError,
        "invalid_grant",
        "The code is spent.",
    ),
    "wrong secret": (
        answer(401, oauth_error("invalid_client", "No.")),
        InvalidClientError,
        "invalid_client",
        "No.",
    ),
    "unknown client, Okta's shape": (
        answer(401, okta_error("invalid_client", "Unknown client.")),
        InvalidClientError,
        "invalid_client",
        "Unknown client.",
    ),
    "wrong secret, before 2020": (
        answer(400, oauth_error("invalid_client")),
        InvalidClientError,
        "invalid_client",
        None,
    ),
    "invalid_grant in Okta's shape": (
        answer(400, okta_error("invalid_grant")),
        InvalidGrantError,
        "invalid_grant",
        "Something is wrong.",
    ),
    "invalid_grant with an odd status": (
        answer(403, oauth_error("invalid_grant")),
        InvalidGrantError,
        "invalid_grant",
        None,
    ),
    "one user's limit": (
        answer(429, oauth_error("invalid_grant", "Too many.")),
        RateLimitError,
        "invalid_grant",
        "Too many.",
    ),
    "a bucket's limit": (
        answer(429, okta_error("E0000047", "API call exceeded rate limit")),
        RateLimitError,
        "E0000047",
        "API call exceeded rate limit",
    ),
    "429 with invalid_client": (
        answer(429, oauth_error("invalid_client")),
        RateLimitError,
        "invalid_client",
        None,
    ),
    "429 page": (answer(429, HTML, replace=PAGE), RateLimitError, None, None),
    "429 empty": (answer(429), RateLimitError, None, None),
    "server_error": (
        answer(500, oauth_error("server_error")),
        ServerError,
        "server_error",
        None,
    ),
    "E0000009": (
        answer(500, okta_error("E0000009")),
        ServerError,
        "E0000009",
        "Something is wrong.",
    ),
    "500 with invalid_client": (
        answer(500, oauth_error("invalid_client")),
        ServerError,
        "invalid_client",
        None,
    ),
    "502 page": (answer(502, HTML, replace=PAGE), ServerError, None, None),
    "503 read-only": (
        answer(503, okta_error("E0000010")),
        ServerError,
        "E0000010",
        "Something is wrong.",
    ),
    "504 empty": (answer(504), ServerError, None, None),
    "520": (answer(520, HTML, replace=PAGE), ServerError, None, None),
    "520 with JSON": (answer(520, oauth_error("x")), ServerError, "x", None),
    "599": (answer(599), ServerError, None, None),
    "401 empty": (answer(401), InvalidClientError, None, None),
    "401 page": (answer(401, HTML, replace=PAGE), InvalidClientError, None, None),
    "401 truncated": (answer(401, b'{"error":"invalid_cl'), InvalidClientError, None, None),
    "401 E0000015": (
        answer(401, okta_error("E0000015", "No permission.")),
        APIError,
        "E0000015",
        "No permission.",
    ),
    "401 access_denied": (
        answer(401, oauth_error("access_denied")),
        APIError,
        "access_denied",
        None,
    ),
    "401 two methods": (
        answer(401, oauth_error("invalid_request")),
        APIError,
        "invalid_request",
        None,
    ),
    "403 empty": (answer(403), APIError, None, None),
    "403 page": (answer(403, HTML, replace=PAGE), APIError, None, None),
    "403 with invalid_client": (
        answer(403, oauth_error("invalid_client")),
        InvalidClientError,
        "invalid_client",
        None,
    ),
    "403 mfa": (answer(403, oauth_error("mfa_required")), APIError, "mfa_required", None),
    "404": (
        answer(404, okta_error("E0000007", "Not found: aus9 (AuthorizationServer)")),
        APIError,
        "E0000007",
        "Not found: aus9 (AuthorizationServer)",
    ),
    "404 page": (answer(404, HTML, replace=PAGE), APIError, None, None),
    "405": (answer(405, okta_error("E0000022")), APIError, "E0000022", "Something is wrong."),
    "400 unknown code": (answer(400, oauth_error("brand_new")), APIError, "brand_new", None),
    "400 busy": (
        answer(400, oauth_error("temporarily_unavailable")),
        APIError,
        "temporarily_unavailable",
        None,
    ),
    "400 array": (answer(400, [1]), APIError, None, None),
    "400 text": (answer(400, b"nope"), APIError, None, None),
    "400 bad UTF-8": (answer(400, b'{"error":"\xff"}'), APIError, None, None),
    "400 null code": (answer(400, {"error": None}), APIError, None, None),
    "400 object code": (answer(400, {"error": {"code": 1}}), APIError, None, None),
    "400 empty code": (answer(400, {"error": ""}), APIError, None, None),
    "400 description alone": (
        answer(400, {"error_description": "d"}),
        APIError,
        None,
        "d",
    ),
    "400 numeric description": (
        answer(400, {"error": "e", "error_description": 5}),
        APIError,
        "e",
        None,
    ),
    "400 both shapes": (
        answer(400, {**okta_error("E0000001"), **oauth_error("invalid_grant", "oauth")}),
        InvalidGrantError,
        "invalid_grant",
        "oauth",
    ),
    "400 by another media type": (
        answer(400, oauth_error("invalid_grant"), replace={"content-type": "text/plain"}),
        InvalidGrantError,
        "invalid_grant",
        None,
    ),
    "400 deep": (answer(400, b'{"error":' + b"[" * 60_000), APIError, None, None),
    "300": (answer(300), APIError, None, None),
    "304": (answer(304), APIError, None, None),
    "418": (answer(418, oauth_error("invalid_grant")), InvalidGrantError, "invalid_grant", None),
    "498": (answer(498), APIError, None, None),
    "600": (answer(600), APIError, None, None),
    "999": (answer(999), APIError, None, None),
}


@pytest.mark.parametrize("row", ROWS)
def test_every_refusal_at_every_endpoint(open_okta: OpenOkta, row: str) -> None:
    response, expected, code, description = ROWS[row]
    okta = open_okta(handler=Recorder(response), retry=None)
    for name, call in CALLS.items():
        okta.runtime.limits = RateLimits()
        with pytest.raises(APIError) as caught:
            call(okta)
        error = caught.value
        assert type(error) is expected, name
        assert error.status == response.status_code == error.http.status
        assert (error.code, error.description) == (code, description)
        assert error.body == response.content
        assert error.http.request_id == "reqABC-123"
        assert error.retries == 0
        message = str(error)
        assert str(response.status_code) in message
        assert "reqABC-123" in message
        assert code is None or code in message
        assert "planted-page" not in message
        assert message.isprintable()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("theirs", [False, True], ids=["own", "following"])
@on_every_loop
def test_redirects_are_never_followed(kind: Kind, status: int, theirs: bool) -> None:
    handler = Recorder(answer(status, replace={"location": "https://evil.example/steal"}))
    client = borrowed_client(kind, handler, follow_redirects=theirs)
    with Face(kind, http_client=client) as okta:
        for number, call in enumerate(CALLS.values(), 1):
            with pytest.raises(APIError, match=f"{status}.*[Rr]edirect") as caught:
                call(okta)
            assert caught.value.http.headers["location"] == "https://evil.example/steal"
            assert not caught.value.retryable
            assert len(handler.requests) == number
    assert {request.url.host for request in handler.requests} == {"dev-000000.okta.com"}


def test_the_members_of_an_error(open_okta: OpenOkta) -> None:
    body = {
        **okta_error("E0000006", "No."),
        "mfa_token": "planted-mfa",
        "interaction_uri": "https://x/planted",
        "list": [1, {"a": None}],
    }
    okta = open_okta(handler=Recorder(answer(403, body)))
    with pytest.raises(APIError) as caught:
        okta.token_for_code("c", CALLBACK)
    error = caught.value
    assert error.error_id == "oaeXYZ"
    assert error.causes == ("first cause", "second cause")
    assert dict(error.extra) == {
        "mfa_token": "planted-mfa",
        "interaction_uri": "https://x/planted",
        "list": [1, {"a": None}],
    }
    assert error.extra["mfa_token"] == "planted-mfa"
    extra: Any = error.extra
    with pytest.raises(TypeError):
        extra["x"] = 1
    assert "planted" not in f"{error.extra!r} {error!r} {error}"
    assert "mfa_token" in repr(error.extra)


@pytest.mark.parametrize(
    ("causes", "expected"),
    [
        (None, ()),
        ([], ()),
        ("text", ()),
        ({"errorSummary": "x"}, ()),
        ([{"errorSummary": "a"}, {"other": 1}, {"errorSummary": 5}, None], ("a",)),
        (["plain", 5], ("plain",)),
    ],
    ids=label,
)
def test_causes_of_every_shape(
    open_okta: OpenOkta, causes: object, expected: tuple[str, ...]
) -> None:
    body = {**okta_error("E0000001"), "errorCauses": causes}
    okta = open_okta(handler=Recorder(answer(400, body)))
    with pytest.raises(APIError) as caught:
        okta.introspect("t")
    assert caught.value.causes == expected


# Which call may be sent again by whoever catches the error.
@pytest.mark.parametrize(
    ("response", "idempotent", "other"),
    [
        (answer(429), True, True),
        (answer(429, oauth_error("invalid_grant")), True, True),
        (answer(502), True, False),
        (answer(503), True, False),
        (answer(504), True, False),
        (answer(400, oauth_error("temporarily_unavailable")), True, False),
        (answer(500), False, False),
        (answer(501), False, False),
        (answer(520), False, False),
        (answer(400, oauth_error("invalid_grant")), False, False),
        (answer(401), False, False),
        (answer(404), False, False),
        (answer(302), False, False),
    ],
    ids=label,
)
def test_retryable(
    open_okta: OpenOkta, response: httpx.Response, idempotent: bool, other: bool
) -> None:
    okta = open_okta(handler=Recorder(response), retry=None)
    calls: list[tuple[Any, bool]] = [
        (lambda: okta.introspect("t"), idempotent),
        (lambda: okta.revoke("t"), idempotent),
        (lambda: okta.token({"grant_type": "client_credentials"}), idempotent),
        (
            lambda: okta.token(
                {"grant_type": "password", "username": "u", "password": "p", "scope": "s"}
            ),
            other,
        ),
        (lambda: okta.token_for_code("c", CALLBACK), other),
        (lambda: okta.token_for_refresh_token("r"), other),
    ]
    for call, expected in calls:
        with pytest.raises(APIError) as caught:
            call()
        assert caught.value.retryable is expected
    assert okta.waits == []


DATE = "Mon, 05 Jan 2026 10:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([("Date", DATE), ("X-Rate-Limit-Reset", str(OKTA_NOW + 30))], 30.0),
        ([("date", DATE), ("x-rate-limit-reset", str(OKTA_NOW))], 0.0),
        ([("Date", DATE), ("X-Rate-Limit-Reset", str(OKTA_NOW - 30))], 0.0),
        ([("Date", DATE), ("X-Rate-Limit-Reset", f"{OKTA_NOW + 30}, {OKTA_NOW + 20}")], 20.0),
        (
            [
                ("Date", DATE),
                ("X-Rate-Limit-Reset", str(OKTA_NOW + 30)),
                ("X-Rate-Limit-Reset", str(OKTA_NOW + 40)),
            ],
            30.0,
        ),
        ([("Date", DATE), ("X-Rate-Limit-Reset", "30")], 0.0),
        (
            [
                ("Date", "Mon, 05 Jan 2026 12:00:00 +0200"),
                ("X-Rate-Limit-Reset", str(OKTA_NOW + 1)),
            ],
            1.0,
        ),
        (
            [
                ("Date", "Mon, 05 Jan 2026 10:00:00 -0000"),
                ("X-Rate-Limit-Reset", str(OKTA_NOW + 1)),
            ],
            1.0,
        ),
        ([("Date", DATE)], None),
        ([("X-Rate-Limit-Reset", str(OKTA_NOW))], None),
        ([], None),
        ([("Date", "yesterday"), ("X-Rate-Limit-Reset", str(OKTA_NOW))], None),
        ([("Date", ""), ("X-Rate-Limit-Reset", str(OKTA_NOW))], None),
        ([("Date", "0"), ("X-Rate-Limit-Reset", str(OKTA_NOW))], None),
        ([("Date", "Mon, 05 Jan 99999 10:00:00 GMT"), ("X-Rate-Limit-Reset", "1")], None),
        ([("Date", "Mon, 99 Jan 2026 10:00:00 GMT"), ("X-Rate-Limit-Reset", "1")], None),
        ([("Date", "Mon, 05 Jan 2026 10:00:00 +9999"), ("X-Rate-Limit-Reset", "1")], None),
        ([("Date", DATE), ("X-Rate-Limit-Reset", "soon")], None),
        ([("Date", DATE), ("X-Rate-Limit-Reset", "")], None),
        ([("Date", DATE), ("X-Rate-Limit-Reset", f"{OKTA_NOW},x")], None),
        ([("Date", DATE), ("X-Rate-Limit-Reset", f"{OKTA_NOW}.5")], None),
        ([("Date", DATE), ("X-Rate-Limit-Reset", f"+{OKTA_NOW}")], None),
        ([("Date", DATE), ("Retry-After", "5")], None),
    ],
    ids=label,
)
def test_retry_after_is_by_the_servers_clock(
    open_okta: OpenOkta, headers: list[tuple[str, str]], expected: float | None
) -> None:
    okta = open_okta(handler=Recorder(answer(429, headers=headers)), retry=None)
    with pytest.raises(RateLimitError) as caught:
        okta.introspect("t")
    assert caught.value.retry_after == expected
    assert caught.value.retryable


@pytest.mark.parametrize("date", [f"{DATE}, {DATE}", f"{DATE},{DATE}"])
def test_a_date_that_came_twice_is_a_date_or_none(date: str) -> None:
    found = retry_after({"date": date, "x-rate-limit-reset": str(OKTA_NOW + 5)})
    assert found in (5.0, None)


def message_of(okta: Any, call: str = "introspect", **options: Any) -> str:
    calls: dict[str, Any] = {
        "introspect": lambda: okta.introspect("t", **options),
        "refresh": lambda: okta.token_for_refresh_token("r", **options),
        "code": lambda: okta.token_for_code("c", CALLBACK, **options),
    }
    with pytest.raises(APIError) as caught:
        calls[call]()
    return str(caught.value)


def test_a_hint_for_an_unknown_server(open_okta: OpenOkta) -> None:
    for body in (
        okta_error("E0000007", "Not found: Resource not found: aus9 (AuthorizationServer)"),
        oauth_error("invalid_request", "Invalid authorization server id."),
    ):
        okta = open_okta(handler=Recorder(answer(404, body)), auth_server_id="aus9")
        assert "'aus9'" in message_of(okta)
        assert "okta_oidc.ORG" in message_of(okta)
        # Of the server that this very call asked for.
        assert "'aus7'" in message_of(okta, auth_server_id="aus7")
        assert "aus7" not in message_of(okta)
        assert "okta_oidc.ORG" not in message_of(okta, auth_server_id=ORG)


def test_a_hint_for_credentials_that_basic_must_encode(open_okta: OpenOkta) -> None:
    refused = answer(401, oauth_error("invalid_client"))
    odd = open_okta(auth=ClientSecretBasic("id", "p%w planted"), handler=Recorder(refused))
    assert "ClientSecretPost" in message_of(odd)
    assert "planted" not in message_of(odd)
    plain = open_okta(auth=BASIC, handler=Recorder(refused))
    assert "ClientSecretPost" not in message_of(plain)
    post = open_okta(auth=POST, handler=Recorder(refused))
    assert "ClientSecretPost" not in message_of(post)


def test_a_hint_for_a_refresh_that_asks_for_too_much(open_okta: OpenOkta) -> None:
    denied = answer(400, oauth_error("access_denied"))
    okta = open_okta(handler=Recorder(denied))
    assert "scope" in message_of(okta, "refresh", scope="a")
    assert "scope" not in message_of(okta, "code")


def test_a_hint_for_a_missing_licence(open_okta: OpenOkta) -> None:
    okta = open_okta(handler=Recorder(answer(401, okta_error("E0000015", "No."))))
    assert "API Access Management" in message_of(okta)


@pytest.mark.parametrize("status", [200, 401, 429, 500, 503])
def test_a_hint_for_a_web_page(open_okta: OpenOkta, status: int) -> None:
    okta = open_okta(handler=Recorder(answer(status, HTML, replace=PAGE)), retry=None)
    for call in CALLS.values():
        okta.runtime.limits = RateLimits()
        with pytest.raises(OktaError, match="page") as caught:
            call(okta)
        assert isinstance(caught.value, MalformedResponseError if status == 200 else APIError)


def test_how_a_message_begins(open_okta: OpenOkta) -> None:
    for body, said in (
        (HTML, "HTTP 503. The answer is a web page: it came"),
        ({"error": "server_error"}, "server_error (HTTP 503). "),
        (oauth_error("server_error", "No."), "server_error (HTTP 503): No. "),
        ({"error_description": "No."}, "HTTP 503: No. "),
        ({}, "HTTP 503. "),
    ):
        okta = open_okta(handler=Recorder(answer(503, body)), retry=None)
        assert message_of(okta).startswith(said)


def test_a_long_or_hostile_description_is_one_line(open_okta: OpenOkta) -> None:
    for description in ("x" * 100_000, "a\nb\r\nTraceback:\x1b[31m\x00", "\u202eevil\u2028ü"):
        okta = open_okta(handler=Recorder(answer(400, oauth_error("e", description))))
        with pytest.raises(APIError) as caught:
            okta.introspect("t")
        assert caught.value.description == description
        assert len(str(caught.value)) < 600
        assert str(caught.value).isprintable()
        assert "\n" not in str(caught.value)


def test_a_hostile_code_is_one_line(open_okta: OpenOkta) -> None:
    for code in ("x" * 100_000, "a\nb"):
        okta = open_okta(handler=Recorder(answer(400, oauth_error(code))))
        with pytest.raises(APIError) as caught:
            okta.introspect("t")
        assert caught.value.code == code
        assert len(str(caught.value)) < 600
        assert str(caught.value).isprintable()


def http_info() -> HttpInfo:
    return HttpInfo(418, Headers(httpx.Headers([*OKTA_HEADERS])))


def samples() -> list[OktaError]:
    api: dict[str, Any] = {
        "http": http_info(),
        "body": b'{"error":"e"}',
        "code": "e",
        "description": "d",
        "error_id": "oae",
        "causes": ("a", "b"),
        "extra": Members({"mfa_token": "planted"}),
        "retryable": True,
    }
    limited = RateLimitError("m", **api)
    limited.retry_after = 12.5
    return [
        OktaError("m"),
        OktaError(),
        ConfigurationError("m"),
        TransportError("m", request_sent=False),
        TransportTimeoutError("m", http=http_info(), body=b"half"),
        MalformedResponseError("m", http=http_info(), body=b"\xff"),
        APIError("m", **api),
        InvalidClientError("m", **api),
        InvalidGrantError("m", **api),
        limited,
        ServerError("m", http=http_info()),
        InvalidTokenError("m", reason="expired"),
        BearerRefusal(401, {"WWW-Authenticate": "Bearer"}, None, "m"),
        AuthorizationError("m", code="access_denied", description="d"),
        CallbackMismatchError("m"),
        ApprovalExpiredError("m"),
        SignInRequiredError("m", reason="lost"),
        TokenStoreError("m"),
    ]


def fields_of(error: OktaError) -> dict[str, Any]:
    fields = {name: value for name, value in vars(error).items() if name not in ("http", "extra")}
    for name in ("http", "extra"):
        if hasattr(error, name):
            fields[name] = repr(getattr(error, name))
    return fields


@pytest.mark.parametrize("error", samples(), ids=lambda error: type(error).__name__)
def test_errors_survive_pickling_and_copying(error: OktaError) -> None:
    error.retries = 2
    error.add_note("a note")
    copies = [copy.copy(error), copy.deepcopy(error)]
    copies += [
        pickle.loads(pickle.dumps(error, protocol))
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
    ]
    for again in copies:
        assert type(again) is type(error)
        assert str(again) == str(error)
        assert again.args == error.args
        assert again.retries == 2
        assert again.__notes__ == ["a note"]
        assert fields_of(again) == fields_of(error)
        if isinstance(error, APIError):
            assert isinstance(again, APIError)
            assert again.status == 418
            assert dict(again.extra) == dict(error.extra)
            assert again.http.headers["X-Okta-Request-Id"] == "reqABC-123"
        with pytest.raises(type(error)):
            raise again


def test_all_classes_are_among_the_samples() -> None:
    assert {type(error) for error in samples()} == set(TREE)


class TheirError(InvalidGrantError):
    def __init__(self, needed: str, *, also_needed: str) -> None:
        super().__init__(needed, http=http_info())
        self.also_needed = also_needed


def test_a_subclass_with_a_signature_of_its_own_survives_too() -> None:
    again = pickle.loads(pickle.dumps(TheirError("n", also_needed="a")))
    assert isinstance(again, TheirError)
    assert (str(again), again.also_needed, again.status) == ("n", "a", 418)


def test_a_real_error_survives_the_way_between_processes(open_okta: OpenOkta) -> None:
    okta = open_okta(handler=Recorder(answer(429, oauth_error("invalid_grant", x="y"))), retry=None)
    with pytest.raises(RateLimitError) as caught:
        okta.token_for_code("c", CALLBACK)
    again = pickle.loads(pickle.dumps(caught.value))
    assert again.retry_after == caught.value.retry_after == 60.0
    assert again.http.rate_limit == caught.value.http.rate_limit
    assert dict(again.extra) == {"x": "y"}


@pytest.mark.parametrize(
    ("raised", "expected", "sent"),
    [
        (httpx.ConnectError("refused"), TransportError, False),
        (httpx.ConnectTimeout("slow"), TransportTimeoutError, False),
        (httpx.PoolTimeout("full"), TransportTimeoutError, False),
        (httpx.ProxyError("407"), TransportError, False),
        (httpx.UnsupportedProtocol("x"), TransportError, False),
        (httpx.ReadError("reset"), TransportError, None),
        (httpx.ReadTimeout("slow"), TransportTimeoutError, None),
        (httpx.WriteError("reset"), TransportError, None),
        (httpx.WriteTimeout("slow"), TransportTimeoutError, None),
        (httpx.CloseError("x"), TransportError, None),
        (httpx.RemoteProtocolError("half"), TransportError, None),
        (httpx.DecodingError("gzip"), TransportError, None),
        (httpx.TooManyRedirects("x"), TransportError, None),
    ],
    ids=lambda value: type(value).__name__,
)
@on_every_loop
def test_what_breaks_on_the_way(
    open_okta: OpenOkta, raised: Exception, expected: type[TransportError], sent: bool | None
) -> None:
    okta = open_okta(handler=Recorder(raised), retry=None)
    for call in CALLS.values():
        with pytest.raises(TransportError, match=r"dev-000000\.okta\.com") as caught:
            call(okta)
        assert type(caught.value) is expected
        assert caught.value.request_sent is sent
        assert caught.value.http is None
        assert caught.value.body == b""
        assert type(raised).__name__ in str(caught.value)


@pytest.mark.parametrize(
    "raised",
    [
        ConnectionResetError("audit store"),
        OSError(28, "no space left"),
        TimeoutError("theirs"),
        ValueError("a bug"),
        KeyError("a bug"),
        RuntimeError("a bug"),
    ],
    ids=lambda value: type(value).__name__,
)
@on_every_loop
def test_what_a_callers_own_transport_raises_is_the_callers(
    open_okta: OpenOkta, raised: Exception
) -> None:
    """A failure of a hook or transport that is none of httpx's: not retried, not Okta's."""
    handler = Recorder(raised)
    okta = open_okta(handler=handler)
    for count, call in enumerate(CALLS.values(), 1):
        with pytest.raises(type(raised)) as caught:
            call(okta)
        assert caught.value is raised
        assert len(handler.requests) == count
    assert okta.waits == []


def test_even_where_it_ends_an_iteration() -> None:
    """``StopIteration`` cannot leave a coroutine: Python makes a ``RuntimeError`` of it there."""
    with (
        Face("sync", handler=Recorder(StopIteration())) as okta,
        pytest.raises(StopIteration),
    ):
        okta.revoke("t")


def test_a_timeout_before_the_body_was_asked_for_is_not_sent(kind: Kind) -> None:
    class Unread(httpx.BaseTransport, httpx.AsyncBaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            raise httpx.LocalProtocolError("never began")

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            raise httpx.LocalProtocolError("never began")

    client = (
        httpx.Client(transport=Unread())
        if kind == "sync"
        else httpx.AsyncClient(transport=Unread())
    )
    with (
        Face(kind, http_client=client, retry=None) as okta,
        pytest.raises(TransportError) as caught,
    ):
        okta.token_for_code("c", CALLBACK)
    assert caught.value.request_sent is False


def test_what_is_not_of_the_network_is_not_dressed_up(open_okta: OpenOkta) -> None:
    okta = open_okta(handler=Recorder(ZeroDivisionError("a bug in their transport")))
    with pytest.raises(ZeroDivisionError):
        okta.introspect("t")
    okta = open_okta(handler=Recorder(answer(body={**TOKENS, "active": True})))
    assert okta.introspect("t")
