"""What is sent again, and when: the course of a call, driven without any I/O or clock."""

from __future__ import annotations

import json
import logging
import pickle
import ssl
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from okta_oidc import (
    ORG,
    APIError,
    ConfigurationError,
    InvalidGrantError,
    MalformedResponseError,
    OktaError,
    RateLimitError,
    Retry,
    ServerError,
    TransportError,
    TransportTimeoutError,
)
from okta_oidc._http import Reply
from okta_oidc._operations import Operation

from tests.support.faces import CALLS
from tests.support.flows import HandDrivenFlow
from tests.support.samples import (
    BASIC,
    CALLBACK,
    OKTA_HEADERS,
    OKTA_NOW,
    ORG_URL,
    POST,
    TOKENS,
    answer,
    oauth_error,
    okta_error,
)
from tests.support.servers import Recorder

from .conftest import OpenOkta, on_every_loop

Outcome = Reply | TransportError


def reply(status: int, body: object = None, *, reset: int | str | None = None) -> Reply:
    headers = [(name, value) for name, value in OKTA_HEADERS if name != "x-rate-limit-reset"]
    if reset is not None:
        headers.append(("x-rate-limit-reset", str(reset)))
    content = b"" if body is None else json.dumps(body).encode()
    return Reply(status, httpx.Headers(headers), content, arrived_at=0.0)


def limited(seconds: int | None, body: object = None) -> Reply:
    """A 429 whose limit resets in so many seconds by the server's clock."""
    return reply(429, body, reset=None if seconds is None else OKTA_NOW + seconds)


def good() -> Reply:
    return reply(200, {**TOKENS, "active": True})


def lost() -> TransportError:
    return TransportError("reset", request_sent=None)


def unsent() -> TransportError:
    return TransportError("refused", request_sent=False)


class Clock:
    """Seconds, moved by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Course:
    """What became of a call."""

    sent: list[httpx.Request] = field(default_factory=list[httpx.Request])
    waits: list[float] = field(default_factory=list[float])
    result: object = None
    error: OktaError | None = None


def flow_with(
    retry: Retry | None = Retry(),  # noqa: B008
    clock: Clock | None = None,
    seed: int = 1,
) -> HandDrivenFlow:
    return HandDrivenFlow(ORG_URL, POST, retry, clock=clock or Clock(), seed=seed)


def course_of(flow: HandDrivenFlow, call: Operation[Any], *outcomes: Outcome) -> Course:
    """Drive a call; the last outcome is met again and again."""
    course = Course()
    pending = list(outcomes)
    steps = flow.steps(call)
    try:
        step = next(steps)
        while True:
            if not isinstance(step, httpx.Request):
                assert isinstance(step, float)
                course.waits.append(step)
                step = next(steps)
                continue
            course.sent.append(step)
            outcome = pending.pop(0) if len(pending) > 1 else pending[0]
            step = steps.throw(outcome) if isinstance(outcome, OktaError) else steps.send(outcome)
    except StopIteration as done:
        course.result = done.value
    except OktaError as error:
        course.error = error
    return course


def calls_of(flow: HandDrivenFlow) -> dict[str, Operation[Any]]:
    """Each kind of call, and in its name whether a second delivery changes nothing."""
    return {
        "introspect idempotent": flow.introspect("t"),
        "revoke idempotent": flow.revoke("t"),
        "client_credentials idempotent": flow.token({"grant_type": "client_credentials"}),
        "code": flow.code("c", CALLBACK),
        "refresh": flow.refresh("r"),
        "password": flow.token(
            {"grant_type": "password", "username": "u", "password": "p", "scope": "s"}
        ),
        "exchange": flow.token(
            {
                "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
                "subject_token": "s",
                "subject_token_type": "t",
            }
        ),
        "jwt bearer": flow.token(
            {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": "a"}
        ),
        "unknown": flow.token({"grant_type": "urn:x:new"}),
        "client_credentials in another case": flow.token({"grant_type": "Client_Credentials"}),
    }


NAMES = list(calls_of(flow_with()))

# A failure, and whether an idempotent call, or any other, is sent again after it.
TABLE: dict[str, tuple[Any, bool, bool]] = {
    "never sent": (unsent, True, True),
    "never sent, too slow": (lambda: TransportTimeoutError("x", request_sent=False), True, True),
    "lost": (lost, True, False),
    "lost, too slow": (lambda: TransportTimeoutError("x"), True, False),
    "429": (lambda: limited(1), True, True),
    "429 invalid_grant": (lambda: limited(1, oauth_error("invalid_grant")), True, True),
    "429 page": (lambda: limited(0), True, True),
    "429 without a reset": (lambda: limited(None), False, False),
    "502": (lambda: reply(502), True, False),
    "503": (lambda: reply(503), True, False),
    "503 read-only": (lambda: reply(503, okta_error("E0000010")), True, False),
    "504": (lambda: reply(504), True, False),
    "busy": (lambda: reply(400, oauth_error("temporarily_unavailable")), True, False),
    "500": (lambda: reply(500), False, False),
    "501": (lambda: reply(501), False, False),
    "505": (lambda: reply(505), False, False),
    "520": (lambda: reply(520), False, False),
    "400": (lambda: reply(400, oauth_error("invalid_request")), False, False),
    "invalid_grant": (lambda: reply(400, oauth_error("invalid_grant")), False, False),
    "slow_down": (lambda: reply(400, oauth_error("slow_down")), False, False),
    "pending": (lambda: reply(400, oauth_error("authorization_pending")), False, False),
    "401": (lambda: reply(401), False, False),
    "403": (lambda: reply(403), False, False),
    "404": (lambda: reply(404), False, False),
    "302": (lambda: reply(302), False, False),
    "408": (lambda: reply(408), False, False),
    "425": (lambda: reply(425), False, False),
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("failure", TABLE)
def test_what_is_sent_again(failure: str, name: str) -> None:
    make, idempotent, other = TABLE[failure]
    again = idempotent if name.endswith("idempotent") else other
    flow = flow_with()

    course = course_of(flow, calls_of(flow)[name], make(), good())

    assert len(course.sent) == (2 if again else 1)
    assert len(course.waits) == len(course.sent) - 1
    if again:
        assert course.error is None
    else:
        assert course.error is not None
        assert course.error.retries == 0
    # Each attempt is a request of its own, with the same bytes.
    assert len({id(request) for request in course.sent}) == len(course.sent)
    bodies = {request.read() for request in course.sent}
    assert len(bodies) == 1
    urls = {str(request.url) for request in course.sent}
    assert len(urls) == 1


@pytest.mark.parametrize("name", NAMES)
def test_a_malformed_success_is_never_asked_for_again(name: str) -> None:
    flow = flow_with()
    course = course_of(flow, calls_of(flow)[name], reply(200, [1]), good())
    if name != "revoke idempotent":
        assert isinstance(course.error, MalformedResponseError)
    assert len(course.sent) == 1
    assert course.waits == []


def test_a_refused_certificate_would_be_refused_again() -> None:
    error = unsent()
    error.__cause__ = httpx.ConnectError("x")
    error.__cause__.__cause__ = ssl.SSLCertVerificationError("expired")
    flow = flow_with()
    course = course_of(flow, flow.introspect("t"), error, good())
    assert course.error is error
    assert len(course.sent) == 1


@pytest.mark.parametrize("attempts", [1, 2, 3, 7])
def test_attempts(attempts: int) -> None:
    flow = flow_with(Retry(attempts=attempts, max_wait=1000))
    course = course_of(flow, flow.introspect("t"), reply(503))
    assert len(course.sent) == attempts
    assert len(course.waits) == attempts - 1
    assert isinstance(course.error, ServerError)
    assert course.error.retries == attempts - 1


def test_no_retry_sends_once() -> None:
    for name in NAMES:
        for failure, _, _ in TABLE.values():
            flow = flow_with(None)
            course = course_of(flow, calls_of(flow)[name], failure(), good())
            assert len(course.sent) == 1
            assert course.waits == []
            assert course.error is not None


def test_the_last_failure_is_the_one_that_is_raised() -> None:
    flow = flow_with()
    call = flow.introspect("t")
    course = course_of(flow, call, lost(), reply(503), reply(400, oauth_error("invalid_grant")))
    assert isinstance(course.error, InvalidGrantError)
    assert course.error.retries == 2
    assert len(course.sent) == 3


def test_pauses_grow_and_stay_short() -> None:
    for seed in range(50):
        flow = flow_with(Retry(attempts=12, max_wait=1000), seed=seed)
        waits = course_of(flow, flow.introspect("t"), lost()).waits
        assert len(waits) == 11
        assert all(0.1 <= wait <= 2.0 for wait in waits)
        assert waits[-1] > waits[0] / 2
    # Not all who failed at one moment come back in one moment.
    firsts = set[float]()
    for seed in range(20):
        flow = flow_with(seed=seed)
        firsts.add(course_of(flow, flow.introspect("t"), lost()).waits[0])
    assert len(firsts) == 20


@pytest.mark.parametrize("seconds", [0, 1, 5, 20])
def test_a_429_is_waited_out_by_the_servers_clock(seconds: int) -> None:
    for name in NAMES:
        flow = flow_with()
        course = course_of(flow, calls_of(flow)[name], limited(seconds), good())
        (wait,) = course.waits
        # A second more, as both times are rounded down, and a fraction: not all come at once.
        assert seconds + 1 <= wait <= seconds + 2
        assert course.error is None


def test_a_reset_in_the_past_is_no_negative_wait() -> None:
    flow = flow_with()
    (wait,) = course_of(flow, flow.introspect("t"), limited(-500), good()).waits
    assert 1 <= wait <= 2


def test_a_concurrency_limit_is_not_waited_out() -> None:
    headers = [
        ("date", OKTA_HEADERS[0][1]),
        ("x-rate-limit-limit", "0"),
        ("x-rate-limit-remaining", "0"),
        ("x-rate-limit-reset", str(OKTA_NOW + 55)),
    ]
    refused = Reply(429, httpx.Headers(headers), b"")
    flow = flow_with()
    course = course_of(flow, flow.introspect("t"), refused, good())
    assert course.error is None
    assert 0 < course.waits[0] < 5


@pytest.mark.parametrize("max_wait", [0, 0.5, 10, 30.9])
def test_a_wait_that_would_be_too_long_is_not_begun(max_wait: float) -> None:
    flow = flow_with(Retry(max_wait=max_wait))
    course = course_of(flow, flow.introspect("t"), limited(30), good())
    assert isinstance(course.error, RateLimitError)
    assert course.error.retry_after == 30
    assert course.waits == []
    assert len(course.sent) == 1


def test_all_waits_together_are_limited() -> None:
    flow = flow_with(Retry(attempts=100, max_wait=25))
    course = course_of(flow, flow.introspect("t"), limited(5), limited(5))
    assert sum(course.waits) <= 25
    assert 3 <= len(course.waits) <= 4
    assert isinstance(course.error, RateLimitError)


STRATEGY = st.lists(
    st.sampled_from(
        [
            (unsent, False),
            (lambda: TransportTimeoutError("x", request_sent=False), False),
            (lambda: limited(0), False),
            (lambda: limited(2, oauth_error("invalid_grant")), False),
            (lambda: limited(1, okta_error("E0000047")), False),
            (lost, True),
            (lambda: TransportTimeoutError("x"), True),
            (lambda: reply(500), True),
            (lambda: reply(502), True),
            (lambda: reply(503), True),
            (lambda: reply(504), True),
            (lambda: reply(400, oauth_error("temporarily_unavailable")), True),
            (lambda: reply(400, oauth_error("invalid_grant")), True),
            (lambda: reply(200, [1]), True),
            (lambda: reply(302), True),
        ]
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(
    faults=STRATEGY,
    name=st.sampled_from([name for name in NAMES if not name.endswith("idempotent")]),
    attempts=st.integers(1, 12),
    max_wait=st.floats(0, 1000),
)
def test_nothing_that_may_have_been_processed_is_sent_again(
    faults: list[tuple[Any, bool]], name: str, attempts: int, max_wait: float
) -> None:
    flow = flow_with(Retry(attempts, max_wait))
    course = course_of(flow, calls_of(flow)[name], *(make() for make, _ in faults), good())

    processed = [may_be for _, may_be in faults][: len(course.sent)]
    assert True not in processed[: len(course.sent) - 1]
    assert len(course.sent) <= attempts
    assert sum(course.waits) <= max_wait
    assert all(wait >= 0 for wait in course.waits)
    if course.error is not None:
        assert course.error.retries in (0, len(course.sent) - 1)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(faults=STRATEGY, attempts=st.integers(1, 12))
def test_an_idempotent_call_ends_too(faults: list[tuple[Any, bool]], attempts: int) -> None:
    flow = flow_with(Retry(attempts, 1000))
    call = flow.introspect("t")
    course = course_of(flow, call, *(make() for make, _ in faults))
    assert 1 <= len(course.sent) <= attempts
    assert course.error is not None


def test_a_known_empty_bucket_is_waited_for_before_sending() -> None:
    clock = Clock()
    flow = flow_with(clock=clock)
    introspect = flow.introspect("t")

    assert course_of(flow, introspect, limited(10), limited(10), limited(30)).error is not None
    clock.now += 5
    course = course_of(flow, flow.revoke("t"), good())
    assert len(course.sent) == 1
    (wait,) = course.waits
    assert 0 < wait <= 30
    clock.now += 100
    assert course_of(flow, introspect, good()).waits == []


def test_a_bucket_that_stays_empty_too_long_is_not_asked() -> None:
    clock = Clock()
    flow = flow_with(Retry(max_wait=5), clock)
    introspect = flow.introspect("t")
    refused = course_of(flow, introspect, limited(50, okta_error("E0000047")))
    assert len(refused.sent) == 1

    clock.now += 10
    course = course_of(flow, introspect, good())
    assert course.sent == []
    assert isinstance(course.error, RateLimitError)
    assert course.error is not refused.error
    assert course.error.retry_after is not None
    assert 40 <= course.error.retry_after <= 42
    assert course.error.retryable
    assert "not sent" in str(course.error)
    assert isinstance(pickle.loads(pickle.dumps(course.error)), RateLimitError)
    # Whoever asks for one attempt may not wait, and is told at once.
    once = flow_with(None)
    once.runtime = flow.runtime
    held = course_of(once, introspect, good())
    assert (held.sent, held.waits) == ([], [])
    assert isinstance(held.error, RateLimitError)


def test_what_is_held_back_learns_nothing_of_another_callers_answer() -> None:
    flow = flow_with(Retry(max_wait=5))
    body = okta_error("E0000047", "planted-summary")
    assert course_of(flow, flow.introspect("t"), limited(50, body)).error is not None
    held = course_of(flow, flow.introspect("other"), good()).error
    assert isinstance(held, RateLimitError)
    assert (held.code, held.description, held.body, held.error_id) == (None, None, b"", None)
    assert (dict(held.extra), dict(held.http.headers), held.causes) == ({}, {}, ())
    assert held.http.request_id is None
    assert held.status == 429
    assert "planted" not in f"{held} {held!r} {vars(held)}"


def test_buckets_are_apart() -> None:
    clock = Clock()
    flow = flow_with(Retry(max_wait=5), clock)
    assert course_of(flow, flow.introspect("t"), limited(50)).error is not None

    def sent(other: HandDrivenFlow, call: Operation[Any]) -> int:
        return len(course_of(other, call, good()).sent)

    assert sent(flow, flow.revoke("t")) == 0
    assert sent(flow, flow.introspect("t", "aus2")) == 0
    assert sent(flow, flow.introspect("t", ORG)) == 1
    assert sent(flow, flow.code("c", CALLBACK)) == 1
    for url, auth in ((ORG_URL.replace("dev", "qa"), POST), (ORG_URL, type(BASIC)("id2", "s"))):
        other = HandDrivenFlow(url, auth, Retry(max_wait=5))
        other.runtime = flow.runtime
        assert sent(other, other.introspect("t")) == 1


def test_one_users_limit_holds_back_nobody_else() -> None:
    flow = flow_with(Retry(max_wait=5))
    call = flow.code("c", CALLBACK)
    refused = course_of(flow, call, limited(50, oauth_error("invalid_grant")))
    assert isinstance(refused.error, RateLimitError)
    assert len(course_of(flow, call, good()).sent) == 1


@pytest.mark.parametrize("reset", [OKTA_NOW * 1000, 10**15, 10**18, OKTA_NOW + 86_400 * 365])
def test_an_absurd_reset_does_not_silence_the_process(reset: int) -> None:
    # Okta's windows are a minute: milliseconds from some gateway must not shut the door for good.
    clock = Clock()
    flow = flow_with(clock=clock)
    call = flow.introspect("t")
    course = course_of(flow, call, reply(429, reset=reset))
    assert isinstance(course.error, RateLimitError)
    clock.now += 600
    assert len(course_of(flow, call, good()).sent) == 1


def test_retries_are_logged_once_each(caplog: pytest.LogCaptureFixture) -> None:
    flow = flow_with()
    with caplog.at_level(logging.INFO, "okta_oidc"):
        course_of(flow, flow.introspect("planted-token"), lost(), limited(1), good())
    messages = [record.getMessage() for record in caplog.records]
    assert len(messages) == 2
    assert "attempt 1 of 3" in messages[0]
    assert "TransportError" in messages[0]
    assert "attempt 2 of 3" in messages[1]
    assert "RateLimitError" in messages[1]
    assert "planted" not in "".join(messages)


@pytest.mark.parametrize("name", CALLS)
@on_every_loop
def test_both_faces_follow_the_course(open_okta: OpenOkta, name: str) -> None:
    handler = Recorder(
        httpx.ConnectError("refused"), answer(429), answer(body={**TOKENS, "active": True})
    )
    okta = open_okta(handler=handler, retry=Retry(max_wait=100))
    CALLS[name](okta)
    assert len(handler.requests) == 3
    backoff, until_reset = okta.waits
    assert 0 < backoff < 2
    assert 61 <= until_reset <= 62

    handler = Recorder(httpx.ReadError("reset"), answer(body={**TOKENS, "active": True}))
    okta = open_okta(handler=handler)
    if name in ("introspect", "revoke"):
        CALLS[name](okta)
        assert len(handler.requests) == 2
    else:
        with pytest.raises(TransportError) as caught:
            CALLS[name](okta)
        assert caught.value.request_sent is None
        assert len(handler.requests) == 1
        assert okta.waits == []


def test_retry_is_a_value() -> None:
    assert Retry() == Retry(3, 30) == Retry(attempts=3, max_wait=30.0)
    assert Retry(2) != Retry(3)
    assert Retry(max_wait=1) != Retry(max_wait=2)
    other: object = (3, 30.0)
    assert Retry() != other
    assert len({Retry(), Retry(3), Retry(2)}) == 2
    assert repr(Retry(5, 1.5)) == "Retry(attempts=5, max_wait=1.5)"
    retry: Any = Retry(attempts=3)
    assert retry.attempts == 3
    with pytest.raises(AttributeError):
        retry.new = 1
    assert pickle.loads(pickle.dumps(Retry(4, 2))) == Retry(4, 2)


@pytest.mark.parametrize(
    "attempts", [0, -1, 1.5, None, "3", True, float("nan"), float("inf"), 10**400]
)
def test_bad_attempts(attempts: Any) -> None:
    with pytest.raises(ConfigurationError, match="attempts"):
        Retry(attempts)


@pytest.mark.parametrize(
    "max_wait", [-1, -0.1, None, "3", True, float("nan"), float("inf"), 10**400]
)
def test_bad_max_wait(max_wait: Any) -> None:
    with pytest.raises(ConfigurationError, match="max_wait"):
        Retry(max_wait=max_wait)


def test_an_api_error_is_not_made_for_what_was_no_refusal() -> None:
    flow = flow_with()
    course = course_of(flow, flow.revoke("t"), reply(204))
    assert course.error is None
    assert course.result is None
    assert isinstance(course_of(flow, flow.revoke("t"), reply(304)).error, APIError)
