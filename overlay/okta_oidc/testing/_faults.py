"""Answers and failures on request."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

import httpx

from ._answers import Answer, Headers, RefusalError
from ._grants import user_rate_limited
from ._limits import Allowance
from ._requests import Endpoint

Part = Literal["headers", "body"]


@dataclass(frozen=True, slots=True)
class Whole:
    """The answer arrives as it is."""


@dataclass(frozen=True, slots=True)
class Drip:
    """The answer arrives byte by byte, from its first byte or from the first of its body."""

    interval: float
    part: Part


@dataclass(frozen=True, slots=True)
class Disconnect:
    """The connection ends without an answer: closed, or reset."""

    reset: bool


@dataclass(frozen=True, slots=True)
class Raise:
    """The in-memory transport raises; over a real connection it is dropped."""

    exception: type[httpx.TransportError]
    message: str


Manner = Whole | Drip | Disconnect | Raise


@dataclass(frozen=True, slots=True)
class Delivery:
    """An answer and the way it takes."""

    answer: Answer
    manner: Manner = Whole()


# Dresses an answer in Okta's headers, with the allowance given or the true one.
Dress = Callable[[Answer, Allowance | None], Answer]


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a fault may know about the moment it strikes: ``limit`` is the bucket's (requests a
    minute), ``genuine`` the answer to the request if it was processed."""

    now: float
    limit: int
    genuine: Answer | None
    dress: Dress


@dataclass(frozen=True, slots=True)
class Fault:
    """One planned failure; ``before`` and ``after`` are seconds around the work."""

    name: str
    endpoint: Endpoint | None
    processed: bool
    deliver: Callable[[Circumstances], Delivery] = field(repr=False)
    before: float = 0.0
    after: float = 0.0


class Faults:
    """Failures that wait for their requests.

    Each method plans ``times`` failures; each strikes one request (to ``endpoint`` if given) and is
    then gone, in the order planned. With ``processed=True`` the request first does its work, so
    that a code is spent or a token rotated although the caller never learns it; otherwise it
    leaves no trace but its record.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Fault] = []

    @property
    def waiting(self) -> tuple[str, ...]:
        """Names of the failures that have not struck yet."""
        with self._lock:
            return tuple(fault.name for fault in self._waiting)

    def clear(self) -> None:
        """Forget the failures that have not struck yet."""
        with self._lock:
            self._waiting.clear()

    def take(self, endpoint: Endpoint | None) -> Fault | None:
        """The failure that strikes a request to ``endpoint``, removed from those waiting."""
        with self._lock:
            for index, fault in enumerate(self._waiting):
                if fault.endpoint is None or fault.endpoint == endpoint:
                    return self._waiting.pop(index)
        return None

    def rate_limited(
        self, *, reset_in: int = 30, times: int = 1, endpoint: Endpoint | None = None
    ) -> None:
        """429 ``E0000047``; ``X-Rate-Limit-Reset`` lies ``reset_in`` seconds ahead.

        A client that retries waits that long in its own time, whatever the fake's clock does.
        """

        def deliver(at: Circumstances) -> Delivery:
            allowance = Allowance(at.limit, 0, int(at.now) + reset_in)
            return Delivery(at.dress(rate_limit_refusal().answer(), allowance))

        self._plan("rate_limited", deliver, times, endpoint)

    def concurrency_limited(
        self, *, reset_in: int = 30, times: int = 1, endpoint: Endpoint | None = None
    ) -> None:
        """429 ``E0000047`` for too many requests at once: limit and remaining are both 0."""

        def deliver(at: Circumstances) -> Delivery:
            allowance = Allowance(0, 0, int(at.now) + reset_in)
            return Delivery(at.dress(rate_limit_refusal().answer(), allowance))

        self._plan("concurrency_limited", deliver, times, endpoint)

    def user_rate_limited(self, *, times: int = 1, endpoint: Endpoint | None = "token") -> None:
        """429 in the OAuth shape, ``invalid_grant``: the limit for one username."""
        self._plan_refusal("user_rate_limited", user_rate_limited(), times, endpoint, False)

    def oauth_error(
        self,
        status: int,
        error: str,
        description: str = "A planned failure.",
        *,
        extra: Mapping[str, object] | None = None,
        times: int = 1,
        endpoint: Endpoint | None = None,
        processed: bool = False,
    ) -> None:
        """Any status with ``error``, ``error_description`` and the ``extra`` members."""
        refusal = RefusalError(status, error, description, extra=extra)
        self._plan_refusal("oauth_error", refusal, times, endpoint, processed)

    def okta_error(
        self,
        status: int,
        error_code: str,
        summary: str = "A planned failure.",
        *,
        causes: Iterable[str] = (),
        times: int = 1,
        endpoint: Endpoint | None = None,
        processed: bool = False,
    ) -> None:
        """Any status with ``errorCode``, ``errorSummary`` and ``errorCauses``."""
        extra = {"errorCauses": [{"errorSummary": cause} for cause in causes]}
        refusal = RefusalError(status, error_code, summary, shape="okta", extra=extra)
        self._plan_refusal("okta_error", refusal, times, endpoint, processed)

    def html(
        self,
        status: int = 502,
        *,
        times: int = 1,
        endpoint: Endpoint | None = None,
        processed: bool = False,
    ) -> None:
        """A gateway's page: no JSON and none of Okta's headers."""
        page = f"<html><head><title>{status}</title></head><body><h1>{status}</h1></body></html>"
        self.answer(
            status,
            headers=(("Content-Type", "text/html"),),
            body=page,
            times=times,
            endpoint=endpoint,
            processed=processed,
            name="html",
        )

    def empty(
        self,
        status: int = 200,
        *,
        times: int = 1,
        endpoint: Endpoint | None = None,
        processed: bool = False,
    ) -> None:
        """Okta's headers and no body."""

        def deliver(at: Circumstances) -> Delivery:
            return Delivery(at.dress(Answer(status), None))

        self._plan("empty", deliver, times, endpoint, processed)

    def truncated_json(self, *, times: int = 1, endpoint: Endpoint | None = None) -> None:
        """The genuine answer, its status and half of its JSON; the request is processed."""

        def deliver(at: Circumstances) -> Delivery:
            genuine = at.genuine or Answer(200)
            replaced = {"Content-Type", "Content-Length"}
            kept = tuple(header for header in genuine.headers if header[0] not in replaced)
            body = genuine.body[: len(genuine.body) // 2] or b'{"act'
            cut = Answer(genuine.status, (("Content-Type", "application/json"), *kept), body)
            return Delivery(with_content_length(cut))

        self._plan("truncated_json", deliver, times, endpoint, processed=True)

    def answer(
        self,
        status: int,
        *,
        headers: Iterable[tuple[str, str]] = (),
        body: bytes | str = b"",
        times: int = 1,
        endpoint: Endpoint | None = None,
        processed: bool = False,
        name: str = "answer",
    ) -> None:
        """Exactly this status, these headers and this body; only ``Content-Length`` is added.

        ``headers`` are name and value pairs, so that one can be repeated.
        """
        pairs: Headers = tuple(headers)
        content = body.encode() if isinstance(body, str) else body
        delivery = Delivery(with_content_length(Answer(status, pairs, content)))
        self._plan(name, lambda _: delivery, times, endpoint, processed)

    def exception(
        self,
        exception: type[httpx.TransportError],
        message: str = "A planned failure.",
        *,
        times: int = 1,
        endpoint: Endpoint | None = None,
        processed: bool = False,
    ) -> None:
        """``httpx.ConnectError`` and its kin, raised by the in-memory transport. A real server
        cannot make its client raise a particular exception: there the connection is closed."""

        def deliver(at: Circumstances) -> Delivery:
            return Delivery(at.genuine or Answer(200), Raise(exception, message))

        self._plan("exception", deliver, times, endpoint, processed)

    def disconnect(
        self,
        *,
        reset: bool = False,
        times: int = 1,
        endpoint: Endpoint | None = None,
        processed: bool = False,
    ) -> None:
        """No answer: the connection is closed, or ``reset``."""

        def deliver(at: Circumstances) -> Delivery:
            return Delivery(at.genuine or Answer(200), Disconnect(reset))

        self._plan("disconnect", deliver, times, endpoint, processed)

    def drip(
        self,
        interval: float = 0.3,
        *,
        part: Part = "body",
        times: int = 1,
        endpoint: Endpoint | None = None,
    ) -> None:
        """The genuine answer, one byte every ``interval`` seconds; the request is processed.

        ``part="headers"`` drips from the first byte on. The in-memory transport yields single
        bytes of the body without waiting, for there is no time to pass in it. Stopping the server
        ends the drip.
        """

        def deliver(at: Circumstances) -> Delivery:
            return Delivery(at.genuine or Answer(200), Drip(interval, part))

        self._plan("drip", deliver, times, endpoint, processed=True)

    def delay(
        self,
        *,
        before: float = 0.0,
        after: float = 0.0,
        times: int = 1,
        endpoint: Endpoint | None = None,
    ) -> None:
        """The genuine answer, late: ``before`` seconds until the request is processed, ``after``
        until what it did is answered. Other requests are served meanwhile.

        While the fake is being served they are real seconds, otherwise the clock moves on by them;
        a ``wait`` of the fake's takes the place of both. Stopping the server ends the delay,
        without an answer.
        """
        if before < 0 or after < 0:
            raise ValueError("a delay is no less than 0 seconds")

        def deliver(at: Circumstances) -> Delivery:
            return Delivery(at.genuine or Answer(200))

        delayed = Fault("delay", endpoint, True, deliver, before, after)
        self._add(delayed, times)

    def _plan_refusal(
        self,
        name: str,
        refusal: RefusalError,
        times: int,
        endpoint: Endpoint | None,
        processed: bool,
    ) -> None:
        def deliver(at: Circumstances) -> Delivery:
            return Delivery(at.dress(refusal.answer(), None))

        self._plan(name, deliver, times, endpoint, processed)

    def _plan(
        self,
        name: str,
        deliver: Callable[[Circumstances], Delivery],
        times: int,
        endpoint: Endpoint | None,
        processed: bool = False,
    ) -> None:
        self._add(Fault(name, endpoint, processed, deliver), times)

    def _add(self, fault: Fault, times: int) -> None:
        if times < 1:
            raise ValueError("times counts from 1")
        if fault.endpoint not in (None, *get_args(Endpoint)):
            raise ValueError(f"endpoint is one of {', '.join(get_args(Endpoint))}")
        with self._lock:
            self._waiting += [fault] * times


def rate_limit_refusal() -> RefusalError:
    """The bucket limit's 429, in the Okta shape."""
    return RefusalError(429, "E0000047", "API call exceeded its rate limit.", shape="okta")


def with_content_length(answer: Answer) -> Answer:
    """``answer`` with a ``Content-Length`` unless its headers or its status already settle where
    the body ends (RFC 9112 section 6.3)."""
    names = {name.lower() for name, _ in answer.headers}
    if names & {"content-length", "transfer-encoding"} or answer.status in (204, 304):
        return answer
    if answer.status < 200:
        return answer
    length = ("Content-Length", str(len(answer.body)))
    return replace(answer, headers=(*answer.headers, length))
