"""The judge has to be able to object, or its silence says nothing."""

from __future__ import annotations

from traceback import format_exception
from typing import Any

import httpx
import pytest

from ._judge import (
    FORM,
    DisagreementError,
    Exchange,
    Judge,
    request_complaint,
    response_complaint,
    wire_complaint,
)

TOKEN = "/oauth2/default/v1/token"
INTROSPECT = "/oauth2/v1/introspect"
REVOKE = "/oauth2/aus1/v1/revoke"
FORMS = {
    TOKEN: b"grant_type=refresh_token&refresh_token=r",
    INTROSPECT: b"token=t&token_type_hint=access_token",
    REVOKE: b"token=t",
}
HEADERS = {"Accept": "application/json", "Content-Type": FORM, "Authorization": "Basic YTpi"}


def exchange(
    path: str = TOKEN,
    body: bytes | None = None,
    answer: bytes = b'{"error": "invalid_grant"}',
    *,
    method: str = "POST",
    status: int = 400,
    media_type: str = "application/json",
    sent: dict[str, str] | None = None,
    received: dict[str, str] | None = None,
) -> Exchange:
    body = FORMS[path.partition("?")[0]] if body is None else body
    headers = HEADERS | {"Content-Length": str(len(body))} | (sent or {})
    return Exchange(
        method=method,
        url=httpx.URL(f"https://example.okta.com{path}"),
        request_headers=httpx.Headers({name: value for name, value in headers.items() if value}),
        request_body=body,
        status=status,
        headers=httpx.Headers({"Content-Type": media_type} | (received or {})),
        body=answer,
    )


GRANTS = {
    "code": b"grant_type=authorization_code&code=c&redirect_uri=https%3A%2F%2Fa.example%2Fcb",
    "pkce": (
        b"grant_type=authorization_code&code=c&redirect_uri=com.example%3A%2Fcb&code_verifier="
        + b"v" * 43
    ),
    "refresh": FORMS[TOKEN],
    "numeric": b"grant_type=refresh_token&refresh_token=12345",
    "service": b"grant_type=client_credentials&scope=a+b",
    "post": b"grant_type=client_credentials&client_id=a&client_secret=b%26c",
}


@pytest.mark.parametrize("body", GRANTS.values(), ids=GRANTS)
def test_a_sound_grant_passes(body: bytes) -> None:
    assert request_complaint(exchange(body=body)) is None


@pytest.mark.parametrize("path", FORMS)
def test_a_sound_request_passes(path: str) -> None:
    assert request_complaint(exchange(path)) is None
    assert wire_complaint(exchange(path)) is None


WRONG_REQUESTS: dict[str, dict[str, Any]] = {
    "unknown grant": {"body": b"grant_type=nothing"},
    "no grant": {"body": b"refresh_token=r"},
    "missing redirect_uri": {"body": b"grant_type=authorization_code&code=c"},
    "short verifier": {"body": GRANTS["pkce"][:-1]},
    "empty member": {"body": b"grant_type=refresh_token&refresh_token="},
    "grant of custom servers only": {
        "path": "/oauth2/v1/token",
        "body": b"grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=a",
    },
    "hint of another endpoint": {"path": REVOKE, "body": b"token=t&token_type_hint=id_token"},
    "no token": {"path": INTROSPECT, "body": b"tokens=t"},
    "JSON": {"sent": {"Content-Type": "application/json"}},
    "wrong method": {"method": "GET"},
    "unknown path": {"path": "/oauth2/default/v1/tokens", "body": b""},
    "server id": {"path": "/oauth2/a.b/v1/token", "body": FORMS[TOKEN]},
}


@pytest.mark.parametrize("wrong", WRONG_REQUESTS.values(), ids=WRONG_REQUESTS)
def test_a_wrong_request_is_objected_to(wrong: dict[str, Any]) -> None:
    assert request_complaint(exchange(**wrong))


SOUND_ANSWERS: dict[str, dict[str, Any]] = {
    "OAuth error": {},
    "Okta error": {"answer": b'{"errorCode": "E0000003", "errorCauses": []}'},
    "charset": {"media_type": "application/json;charset=UTF-8"},
    "tokens": {"status": 200, "answer": b'{"token_type": "Bearer", "access_token": null}'},
    "inactive": {"path": INTROSPECT, "status": 200, "answer": b'{"active": false}'},
    "audiences": {
        "path": INTROSPECT,
        "status": 200,
        "answer": b'{"active": true, "aud": ["a", "b"], "groups": [1]}',
        "received": {"X-Rate-Limit-Limit": "10"},
    },
    "from in front": {"status": 503, "media_type": "text/html", "answer": b"<html>"},
    "revoked": {"path": REVOKE, "status": 200, "answer": b"", "media_type": ""},
}
WRONG_ANSWERS: dict[str, dict[str, Any]] = {
    "neither shape": {"answer": b'{"errorcode": "E0000003"}'},
    "a list": {"answer": b'["error"]'},
    "half of it": {"answer": b'{"error": "inva'},
    "HTML": {"media_type": "text/html", "answer": b"<html>"},
    "JSON from in front": {"status": 504},
    "unknown status": {"status": 418},
    "no token_type": {"status": 200, "answer": b'{"access_token": "a"}'},
    "quoted number": {
        "status": 200,
        "answer": b'{"token_type": "Bearer", "expires_in": "3600"}',
    },
    "quoted boolean": {"path": INTROSPECT, "status": 200, "answer": b'{"active": "true"}'},
    "numeric audience": {
        "path": INTROSPECT,
        "status": 200,
        "answer": b'{"active": true, "aud": [1]}',
    },
    "header": {"received": {"X-Rate-Limit-Reset": "soon"}},
    "revoked with a body": {"path": REVOKE, "status": 200, "answer": b"{}"},
}


@pytest.mark.parametrize("sound", SOUND_ANSWERS.values(), ids=SOUND_ANSWERS)
def test_a_sound_answer_passes(sound: dict[str, Any]) -> None:
    assert response_complaint(exchange(**sound)) is None


@pytest.mark.parametrize("wrong", WRONG_ANSWERS.values(), ids=WRONG_ANSWERS)
def test_a_wrong_answer_is_objected_to(wrong: dict[str, Any]) -> None:
    assert response_complaint(exchange(**wrong))


POSTED = GRANTS["post"]
WRONG_ON_THE_WIRE: dict[str, dict[str, Any]] = {
    "method": {"method": "PUT"},
    "media type": {"sent": {"Content-Type": "text/plain"}},
    "charset": {"sent": {"Content-Type": f"{FORM}; charset=utf-8"}},
    "accept": {"sent": {"Accept": "*/*"}},
    "query": {"path": f"{TOKEN}?a=b"},
    "cookie": {"sent": {"Cookie": "sid=1"}},
    "origin": {"sent": {"Origin": "https://a.example"}},
    "no method": {"sent": {"Authorization": ""}},
    "two methods": {"body": POSTED},
    "id beside Basic": {"body": FORMS[TOKEN] + b"&client_id=a"},
    "empty": {"body": FORMS[TOKEN] + b"&scope="},
    "twice": {"body": FORMS[TOKEN] + b"&refresh_token=r"},
    "length": {"sent": {"Content-Length": "1"}},
}


@pytest.mark.parametrize("wrong", WRONG_ON_THE_WIRE.values(), ids=WRONG_ON_THE_WIRE)
def test_what_no_request_may_hold_is_objected_to(wrong: dict[str, Any]) -> None:
    assert wire_complaint(exchange(**wrong))


def test_post_is_sound_without_basic() -> None:
    assert wire_complaint(exchange(body=POSTED, sent={"Authorization": ""})) is None


class TestJudge:
    @pytest.mark.parametrize(
        "wrong",
        [{"body": b"grant_type=nothing"}, {"status": 418}, {"sent": {"Cookie": "a=b"}}],
        ids=["request", "answer", "wire"],
    )
    def test_objects_at_once(self, wrong: dict[str, Any]) -> None:
        with pytest.raises(DisagreementError, match="token"):
            Judge().weigh(exchange(**wrong))

    @pytest.mark.parametrize(
        "wrong",
        [
            {"body": b"grant_type=SECRET-1&refresh_token=SECRET-2"},
            {"body": b"grant_type=authorization_code&code=SECRET-1"},
            {"path": REVOKE, "body": b"token=SECRET-1&token_type_hint=SECRET-2"},
            {"status": 418, "body": b"grant_type=refresh_token&refresh_token=SECRET-1"},
            {"status": 200, "answer": b'{"access_token": "SECRET-1", "token_type": 1}'},
            {"status": 200, "answer": b'{"access_token": "SECRET-1"'},
            {"answer": b'"SECRET-1"'},
        ],
        ids=range(7),
    )
    def test_objection_shows_no_value(self, wrong: dict[str, Any]) -> None:
        with pytest.raises(DisagreementError) as caught:
            Judge().weigh(exchange(**wrong))
        assert "SECRET" not in "".join(format_exception(caught.value, chain=False))

    def test_objection_names_the_rule(self) -> None:
        with pytest.raises(DisagreementError, match=r"\$\.token_type: type"):
            Judge().weigh(exchange(status=200, answer=b'{"token_type": 1}'))
        with pytest.raises(DisagreementError, match="text/html"):
            Judge().weigh(exchange(media_type="text/html"))

    def test_lets_a_declared_answer_pass_and_no_other(self) -> None:
        judge = Judge([(404, "text/plain")])
        judge.weigh(exchange(status=404, media_type="text/plain; charset=utf-8", answer=b"No"))
        with pytest.raises(DisagreementError):
            judge.weigh(exchange(status=404, media_type="text/html", answer=b"No"))

    def test_outside_the_document_something_must_be_outside(self) -> None:
        judge = Judge()
        with judge.outside_the_document():
            judge.weigh(exchange(body=b"grant_type=nothing"))
        with pytest.raises(DisagreementError, match="forbidden"), judge.outside_the_document():
            judge.weigh(exchange())
        with pytest.raises(DisagreementError):
            judge.weigh(exchange(body=b"grant_type=nothing"))
