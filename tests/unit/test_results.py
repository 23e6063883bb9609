"""``Tokens`` and ``Introspection``: every shape of a good answer, and what a result promises."""

from __future__ import annotations

import copy
import dataclasses
import json
import pickle
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from okta_oidc import HttpInfo, Introspection, MalformedResponseError, OktaOIDC, Tokens
from okta_oidc._http import Headers, Members
from okta_oidc._runtime import Runtime
from okta_oidc_api.models import TokenResponse
from okta_oidc_api.types import Unset

from tests.support.samples import BASIC, CALLBACK, OKTA_HEADERS, ORG_URL, TOKENS, answer, label
from tests.support.servers import Recorder

from .conftest import OpenOkta

ARRIVED = 1_767_607_205.5


@contextmanager
def okta_saying(body: Any) -> Generator[OktaOIDC, None, None]:
    """A client that gets this answer to all it asks, always at the same moment."""
    http = httpx.Client(transport=httpx.MockTransport(Recorder(answer(body=body))))
    with http, OktaOIDC(ORG_URL, BASIC, http_client=http) as okta:
        vars(okta)["_flow"].runtime = Runtime(now=lambda: ARRIVED)
        yield okta


def content_of(body: Any) -> bytes:
    return body if isinstance(body, bytes) else json.dumps(body).encode()


def tokens_of(body: Any) -> Tokens:
    with okta_saying(body) as okta:
        return okta.token_for_code("c", CALLBACK)


def info_of(body: Any) -> Introspection:
    with okta_saying(body) as okta:
        return okta.introspect("t")


def test_tokens_as_okta_sends_them(open_okta: OpenOkta) -> None:
    okta = open_okta(handler=Recorder(answer(body=TOKENS)))
    before = datetime.now(UTC)
    tokens = okta.token_for_code("c", CALLBACK)
    after = datetime.now(UTC)

    assert tokens.access_token == "AT-one"
    assert tokens.token_type == "Bearer"
    assert tokens.expires_in == 3600
    assert tokens.expires_at is not None
    assert tokens.expires_at.tzinfo is UTC
    # By this machine's clock: the Date of the answer is months away from it.
    assert before <= tokens.expires_at - timedelta(seconds=3600) <= after
    assert tokens.scopes == ("offline_access", "openid")
    assert (tokens.refresh_token, tokens.id_token) == ("RT-one", "ID-one")
    assert dict(tokens.raw) == dict(TOKENS)
    assert tokens.http.status == 200
    assert tokens.http.request_id == "reqABC-123"


@pytest.mark.parametrize(
    ("change", "field", "value"),
    [
        ({"scope": None}, "scopes", ()),
        ({"scope": ""}, "scopes", ()),
        ({"scope": "  b   a\tb "}, "scopes", ("b", "a", "b")),
        ({"scope": ["b", "a"]}, "scopes", ("b", "a")),
        ({"scope": []}, "scopes", ()),
        ({"scope": "a+b%20c"}, "scopes", ("a+b%20c",)),
        ({"expires_in": None}, "expires_in", None),
        ({"expires_in": None}, "expires_at", None),
        ({"expires_in": 0}, "expires_in", 0),
        ({"expires_in": 0}, "expires_at", datetime.fromtimestamp(ARRIVED, UTC)),
        ({"expires_in": 300}, "expires_at", datetime.fromtimestamp(ARRIVED + 300, UTC)),
        ({"expires_in": -5}, "expires_in", -5),
        ({"expires_in": -5}, "expires_at", datetime.fromtimestamp(ARRIVED - 5, UTC)),
        ({"expires_in": 3600.0}, "expires_in", 3600),
        ({"expires_in": 3599.9}, "expires_in", 3599),
        ({"expires_in": "3600"}, "expires_in", 3600),
        ({"expires_in": 10**30}, "expires_in", 10**30),
        ({"expires_in": 10**30}, "expires_at", datetime.max.replace(tzinfo=UTC)),
        ({"expires_in": 10**400}, "expires_at", datetime.max.replace(tzinfo=UTC)),
        ({"expires_in": -(10**30)}, "expires_at", datetime.min.replace(tzinfo=UTC)),
        ({"token_type": "bearer"}, "token_type", "bearer"),
        ({"token_type": "DPoP"}, "token_type", "DPoP"),
        ({"token_type": "N_A"}, "token_type", "N_A"),
        ({"refresh_token": None}, "refresh_token", None),
        ({"refresh_token": ""}, "refresh_token", None),
        ({"id_token": None}, "id_token", None),
        ({"access_token": "x" * 10_000}, "access_token", "x" * 10_000),
        ({"access_token": "ü \n"}, "access_token", "ü \n"),
    ],
    ids=label,
)
def test_tokens_of_every_shape(change: dict[str, object], field: str, value: object) -> None:
    assert getattr(tokens_of({**TOKENS, **change}), field) == value
    if next(iter(change.values())) is None:
        # Absent and null are the same.
        absent = {name: item for name, item in TOKENS.items() if name not in change}
        assert getattr(tokens_of(absent), field) == value


def test_the_least_that_is_a_token_response() -> None:
    tokens = tokens_of({"token_type": "Bearer", "access_token": "AT"})
    assert dataclasses.astuple(tokens)[:7] == ("AT", "Bearer", None, None, (), None, None)


@pytest.mark.parametrize(
    "body",
    [
        {"token_type": "Bearer"},
        {"token_type": "Bearer", "access_token": None},
        {"token_type": "Bearer", "access_token": ""},
        {"token_type": "Bearer", "access_token": 5},
        {"access_token": "AT"},
        {**TOKENS, "token_type": None},
        {**TOKENS, "token_type": ["Bearer"]},
        {**TOKENS, "refresh_token": 5},
        {**TOKENS, "refresh_token": {"value": "RT"}},
        {**TOKENS, "id_token": False},
        {**TOKENS, "expires_in": "soon"},
        {**TOKENS, "expires_in": "3600.5"},
        {**TOKENS, "expires_in": ""},
        {**TOKENS, "expires_in": "٣٦٠٠"},
        {**TOKENS, "expires_in": True},
        {**TOKENS, "expires_in": [3600]},
        {**TOKENS, "scope": 5},
        {**TOKENS, "scope": ["a", 5]},
        {**TOKENS, "scope": {"a": "b"}},
        b'{"token_type":"Bearer","access_token":"AT","expires_in":1e999}',
        b'{"token_type":"Bearer","access_token":"AT","expires_in":-1e999}',
        b'{"token_type":"Bearer","access_token":"AT","expires_in":NaN}',
        b'{"token_type":"Bearer","access_token":"AT","expires_in":Infinity}',
        b'{"token_type":"Bearer","access_token":"AT","expires_in":' + b"9" * 5000 + b"}",
        {**TOKENS, "expires_in": "9" * 400},
    ],
    ids=label,
)
def test_what_is_no_token_response_is_kept_for_whoever_needs_it(body: Any) -> None:
    with pytest.raises(MalformedResponseError) as caught:
        tokens_of(body)
    assert caught.value.body == content_of(body)
    assert caught.value.http.request_id == "reqABC-123"
    assert "AT-one" not in f"{caught.value!r} {caught.value}"


def test_a_refresh_keeps_the_old_refresh_token_where_none_came(open_okta: OpenOkta) -> None:
    without = {name: value for name, value in TOKENS.items() if name != "refresh_token"}
    for body in (without, {**TOKENS, "refresh_token": None}, {**TOKENS, "refresh_token": ""}):
        okta = open_okta(handler=Recorder(answer(body=body)))
        tokens = okta.token_for_refresh_token("the-old-one")
        assert tokens.refresh_token == "the-old-one"
        assert tokens.raw.get("refresh_token") == body.get("refresh_token")
        assert okta.token_for_code("c", CALLBACK).refresh_token is None
    okta = open_okta(handler=Recorder(answer(body=TOKENS)))
    assert okta.token_for_refresh_token("the-old-one").refresh_token == "RT-one"


CLAIMS = {
    "active": True,
    "token_type": "Bearer",
    "scope": "openid email",
    "client_id": "0oa1",
    "username": "ada@example.com",
    "exp": 1767610800,
    "iat": 1767607200,
    "nbf": 1767607100,
    "sub": "ada@example.com",
    "aud": "api://default",
    "iss": "https://org.okta.com/oauth2/default",
    "jti": "AT.1",
    "uid": "00u1",
}


def test_introspection_as_okta_sends_it(open_okta: OpenOkta) -> None:
    custom = {
        "class": "keyword",
        "None": None,
        "groups": ["a", "b"],
        "cnf": {"jkt": "x"},
        "": "no name",
        "raw": "not the attribute",
        "http": 5,
        "number": 1.5,
        "__class__": "x",
    }
    info = open_okta(handler=Recorder(answer(body={**CLAIMS, **custom}))).introspect("t")

    assert info.active is True
    assert bool(info) is True
    assert info.token_type == "Bearer"
    assert info.scopes == ("openid", "email")
    assert info.aud == ("api://default",)
    assert info.client_id == "0oa1"
    assert info.username == info.sub == "ada@example.com"
    assert (info.iss, info.jti, info.uid) == (CLAIMS["iss"], "AT.1", "00u1")
    assert info.expires_at == datetime(2026, 1, 5, 11, tzinfo=UTC)
    assert info.issued_at == datetime(2026, 1, 5, 10, tzinfo=UTC)
    assert info.not_before == datetime(2026, 1, 5, 9, 58, 20, tzinfo=UTC)
    assert dict(info.raw) == {**CLAIMS, **custom}
    assert info.http.status == 200


def test_inactive_is_an_answer(open_okta: OpenOkta) -> None:
    info = open_okta(handler=Recorder(answer(body={"active": False}))).introspect("t")
    assert info.active is False
    assert not info
    assert info == Introspection(
        False, (), (), None, None, None, None, None, None, None, None, None, None, {}, info.http
    )


@pytest.mark.parametrize(
    ("claims", "field", "value"),
    [
        ({"aud": "a"}, "aud", ("a",)),
        ({"aud": ["b", "a", "b"]}, "aud", ("b", "a", "b")),
        ({"aud": []}, "aud", ()),
        ({"aud": None}, "aud", ()),
        ({"aud": "a b"}, "aud", ("a b",)),
        ({"scope": ["a", "b"]}, "scopes", ("a", "b")),
        ({"sub": None}, "sub", None),
        ({"uid": ""}, "uid", None),
        ({"exp": None}, "expires_at", None),
        ({"exp": 0}, "expires_at", datetime(1970, 1, 1, tzinfo=UTC)),
        ({"exp": "1767610800"}, "expires_at", datetime(2026, 1, 5, 11, tzinfo=UTC)),
        ({"exp": 1767610800.25}, "expires_at", datetime(2026, 1, 5, 11, 0, 0, 250000, UTC)),
        ({"iat": -1}, "issued_at", datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ({"exp": 10**20}, "expires_at", datetime.max.replace(tzinfo=UTC)),
        ({"nbf": -(10**20)}, "not_before", datetime.min.replace(tzinfo=UTC)),
        ({"token_type": "urn:x-oath:params:oauth:token-type:device-secret"}, "active", True),
    ],
    ids=label,
)
def test_introspections_of_every_shape(
    claims: dict[str, object], field: str, value: object
) -> None:
    assert getattr(info_of({"active": True, **claims}), field) == value


@pytest.mark.parametrize("number", [b"1e999", b"-1e999", b"1e308", b"9" * 4000])
def test_times_that_no_calendar_has(number: bytes) -> None:
    info = info_of(b'{"active":true,"exp":' + number + b"}")
    assert info.expires_at is not None
    assert info.expires_at.tzinfo is UTC
    assert info.expires_at.year in (1, 9999)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"active": None},
        {"active": "true"},
        {"active": 1},
        {"active": 0},
        {"active": []},
        {"Active": True},
        {"active": True, "sub": 5},
        {"active": True, "username": ["a"]},
        {"active": True, "aud": 5},
        {"active": True, "aud": ["a", None]},
        {"active": True, "aud": {"a": "b"}},
        {"active": True, "exp": "tomorrow"},
        {"active": True, "exp": True},
        {"active": True, "iat": [1]},
        {"active": True, "scope": 5},
        b'{"active":true,"exp":NaN}',
        b"[true]",
        b'"active"',
        b"true",
        b"null",
        b"",
        b"{",
        b'{"active":true',
        b'{"active":true}}',
        b'{"active":true}garbage',
        b"{'active':true}",
        b'\xff\xfe{"active":true}',
        '{"active":true}'.encode("utf-16"),
        b'{"active":true,"x":"\xff"}',
        b"[" * 100_000,
        b'{"active":true,"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
    ids=label,
)
def test_what_is_no_introspection_is_kept_for_whoever_needs_it(body: Any) -> None:
    with pytest.raises(MalformedResponseError) as caught:
        info_of(body)
    assert caught.value.body == content_of(body)
    assert caught.value.http.status == 200


def test_a_byte_order_mark_does_no_harm() -> None:
    assert info_of(b'\xef\xbb\xbf{"active":true}').active


def test_of_two_members_of_one_name_nothing_breaks() -> None:
    assert info_of(b'{"active":false,"active":true}').active in (True, False)


RESULTS: dict[str, Any] = {
    "tokens": lambda: tokens_of(TOKENS),
    "introspection": lambda: info_of({**CLAIMS, "groups": ["g"]}),
}


@pytest.mark.parametrize("name", RESULTS)
def test_results_are_frozen(name: str) -> None:
    result = RESULTS[name]()
    for field in dataclasses.fields(result):
        with pytest.raises((dataclasses.FrozenInstanceError, AttributeError)):
            setattr(result, field.name, None)
        with pytest.raises((dataclasses.FrozenInstanceError, AttributeError)):
            delattr(result, field.name)
    with pytest.raises((AttributeError, TypeError)):
        result.new = 1
    with pytest.raises((dataclasses.FrozenInstanceError, AttributeError)):
        result.http.status = 500


@pytest.mark.parametrize("name", RESULTS)
def test_results_are_equal_by_what_they_say(name: str) -> None:
    first, second = RESULTS[name](), RESULTS[name]()
    assert first == second
    assert hash(first) == hash(second)
    assert len({first, second}) == 1
    assert first != dataclasses.replace(first, token_type="other")
    # Another request id is no other answer.
    other = dataclasses.replace(first, http=HttpInfo(200, Headers(httpx.Headers())))
    assert first == other
    assert first != object()


@pytest.mark.parametrize("name", RESULTS)
def test_results_survive_pickling_and_copying(name: str) -> None:
    result = RESULTS[name]()
    copies = [copy.copy(result), copy.deepcopy(result)]
    copies += [
        pickle.loads(pickle.dumps(result, protocol))
        for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1)
    ]
    for again in copies:
        assert again == result
        assert type(again) is type(result)
        assert dict(again.raw) == dict(result.raw)
        assert again.http.headers["X-OKTA-REQUEST-ID"] == "reqABC-123"
        assert again.http.rate_limit == result.http.rate_limit
        assert repr(again) == repr(result)
        with pytest.raises(TypeError):
            again.raw["x"] = 1


@pytest.mark.parametrize("name", RESULTS)
def test_raw_is_read_only_and_shows_names_alone(name: str) -> None:
    raw: Any = RESULTS[name]().raw
    with pytest.raises(TypeError):
        raw["x"] = 1
    with pytest.raises(TypeError):
        del raw["token_type"]
    for mutator in ("update", "pop", "popitem", "clear", "setdefault", "__setitem__"):
        assert not hasattr(raw, mutator)
    assert issubclass(type(raw), Mapping)
    assert set(raw) == set(raw.keys())
    assert len(raw) == len(list(raw))
    for name_ in raw:
        assert name_ in repr(raw)
    for value in raw.values():
        if isinstance(value, str):
            assert repr(value) not in repr(raw)
    assert "token_type" in raw
    assert raw.get("nothing") is None


@pytest.mark.parametrize(
    "form", [repr, str, "{}".format, "{!r}".format, "%s".__mod__, "%r".__mod__]
)
def test_tokens_show_no_token(form: Any) -> None:
    tokens = tokens_of({**TOKENS, "device_secret": "DS-one", "custom": "CC-one"})
    for value in (tokens, tokens.raw, tokens.http, [tokens], {"t": tokens}, tokens.http.headers):
        shown = form((value,)) if "__mod__" in getattr(form, "__name__", "") else form(value)
        for secret in ("AT-one", "RT-one", "ID-one", "DS-one", "CC-one"):
            assert secret not in shown
    shown = repr(tokens)
    for visible in ("access_token", "refresh_token", "id_token", "Bearer", "offline_access"):
        assert visible in shown
    assert "refresh_token" not in repr(tokens_of({"token_type": "x", "access_token": "AT-one"}))


def test_introspection_shows_no_custom_claim() -> None:
    info = info_of({**CLAIMS, "secret_claim": "planted-claim"})
    assert "planted-claim" not in repr(info)
    assert "planted-claim" not in repr(info.raw)
    assert "active=True" in repr(info)


def test_http_info(open_okta: OpenOkta) -> None:
    headers = [*OKTA_HEADERS, ("set-cookie", "sid=planted-1"), ("Set-Cookie", "t=planted-2")]
    tokens = open_okta(handler=Recorder(answer(body=TOKENS, headers=headers))).token_for_code(
        "c", CALLBACK
    )
    http = tokens.http
    assert http.status == 200
    assert http.headers["CONTENT-TYPE"] == http.headers["content-type"] == "application/json"
    assert "X-Okta-Request-Id" in http.headers
    assert "nothing" not in http.headers
    assert http.headers.get("nothing") is None
    assert len(http.headers) == len(list(http.headers))
    assert "planted" not in repr(http.headers)
    assert "planted" not in repr(http)
    assert http.rate_limit is not None
    assert (http.rate_limit.limit, http.rate_limit.remaining) == (300, 299)
    assert http.rate_limit.reset_at == datetime(2026, 1, 5, 10, 1, tzinfo=UTC)
    with pytest.raises(TypeError):
        http.headers["x"] = "y"  # type: ignore[index]  # pyright: ignore[reportIndexIssue]
    with pytest.raises(KeyError):
        _ = http.headers["nothing"]


def limits(**values: str) -> list[tuple[str, str]]:
    return [(f"X-Rate-Limit-{name}", value) for name, value in values.items()]


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (limits(Limit="300", Remaining="0", Reset="60"), (300, 0, 60)),
        (limits(Limit="0", Remaining="0", Reset="60"), (0, 0, 60)),
        (limits(Limit="300, 150", Remaining="20,10", Reset="60 , 61"), (150, 10, 60)),
        (
            limits(Limit="300", Remaining="20", Reset="60") + limits(Limit="150", Reset="50"),
            (150, 20, 50),
        ),
        (limits(Limit=" 300 ", Remaining="1", Reset="60"), (300, 1, 60)),
        ([], None),
        (limits(Limit="300", Remaining="1"), None),
        (limits(Remaining="1", Reset="60"), None),
        (limits(Limit="x", Remaining="1", Reset="60"), None),
        (limits(Limit="", Remaining="1", Reset="60"), None),
        (limits(Limit="300,", Remaining="1", Reset="60"), None),
        (limits(Limit="-1", Remaining="1", Reset="60"), None),
        (limits(Limit="1.5", Remaining="1", Reset="60"), None),
        (limits(Limit="1e3", Remaining="1", Reset="60"), None),
        (limits(Limit="٣", Remaining="1", Reset="60"), None),
        (limits(Limit="300", Remaining="1", Reset="9" * 5000), None),
    ],
    ids=label,
)
def test_rate_limits(headers: list[tuple[str, str]], expected: tuple[int, ...] | None) -> None:
    raw = [(name.encode(), value.encode()) for name, value in headers]
    found = HttpInfo(200, Headers(httpx.Headers(raw))).rate_limit
    if expected is None:
        assert found is None
    else:
        assert found is not None
        assert (found.limit, found.remaining, found.reset_at.timestamp()) == expected


def test_a_reset_that_no_calendar_has() -> None:
    headers = limits(Limit="1", Remaining="1", Reset="9" * 19)
    found = HttpInfo(200, Headers(httpx.Headers(headers))).rate_limit
    assert found is not None
    assert found.reset_at.year == 9999


def test_members_with_odd_names_do_not_break_out_of_the_repr() -> None:
    assert repr(Members({"a\n\x1b[31m": 1, "ü": 2})).isprintable()


def test_token_is_exactly_what_okta_said(open_okta: OpenOkta) -> None:
    body = {**TOKENS, "issued_token_type": "urn:x", "new_member": {"a": [1]}}
    response = open_okta(handler=Recorder(answer(body=body))).token({"grant_type": "x"})
    assert isinstance(response, TokenResponse)
    assert response.to_dict() == body
    assert response["new_member"] == {"a": [1]}


@pytest.mark.parametrize(
    "body",
    [
        {"token_type": "N_A", "expires_in": 300, "issued_token_type": "urn:x"},
        {"token_type": "Bearer", "expires_in": 0, "access_token": None, "id_token": "x"},
        {
            "token_type": "N_A",
            "expires_in": 300,
            "service_account": {"username": "u", "password": "p"},
        },
        {"token_type": "N_A", "expires_in": 300, "vaulted_secret": {"a": "b"}},
        {"token_type": "DPoP", "access_token": "x"},
    ],
    ids=label,
)
def test_token_responses_without_an_access_token(
    open_okta: OpenOkta, body: dict[str, object]
) -> None:
    response = open_okta(handler=Recorder(answer(body=body))).token({"grant_type": "x"})
    assert response.to_dict() == body


def test_token_holds_what_its_types_say(open_okta: OpenOkta) -> None:
    body = {"token_type": "Bearer", "expires_in": "3600", "scope": ["a", "b"], "id_token": None}
    response = open_okta(handler=Recorder(answer(body=body))).token({"grant_type": "x"})
    assert response.expires_in == 3600
    assert response.scope == "a b"
    assert isinstance(response.id_token, str | Unset)
    # What was null is no string, whatever the model's field says.
    assert isinstance(response.refresh_token, Unset)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"access_token": "AT-one"},
        {"token_type": 5},
        {**TOKENS, "expires_in": "x"},
        {**TOKENS, "access_token": 5},
        {**TOKENS, "scope": 5},
        {**TOKENS, "issued_token_type": []},
        {**TOKENS, "service_account": "x"},
        {**TOKENS, "vaulted_secret": 5},
        {**TOKENS, "vaulted_secret": ["x"]},
    ],
    ids=label,
)
def test_no_token_response_at_all(open_okta: OpenOkta, body: dict[str, object]) -> None:
    okta = open_okta(handler=Recorder(answer(body=body)))
    with pytest.raises(MalformedResponseError) as caught:
        okta.token({"grant_type": "x"})
    assert json.loads(caught.value.body) == body
    assert "AT-one" not in str(caught.value)
