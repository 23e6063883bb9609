"""From a request to what is delivered: faults, limits, waits and records around the endpoints."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from secrets import token_hex
from typing import TYPE_CHECKING, Final, Literal

from ._answers import Answer, RefusalError, with_okta_headers
from ._endpoints import answer
from ._faults import Circumstances, Delivery, Disconnect, Raise, rate_limit_refusal
from ._forms import decode_pairs
from ._jose import read
from ._requests import Endpoint, IncomingRequest, RecordedRequest, record
from ._routing import Route, find_route
from ._state import Call, State

if TYPE_CHECKING:
    from ._faults import Fault, Faults
    from ._limits import Allowance, BucketLimiter

Latency = Callable[[Endpoint | None, Literal["before", "after"]], float]

# What a forced 429 reports where nothing is counted.
_NOMINAL_LIMIT: Final = 1200


class Handling:
    """One fake's way to handle requests, from any number of threads.

    ``keep`` is given the record of each request; ``wait`` holds an answer back.
    """

    def __init__(
        self,
        state: State,
        lock: threading.RLock,
        *,
        faults: Faults,
        limiter: BucketLimiter,
        refuse_cookies: bool,
        latency: Latency | None,
        wait: Callable[[float], None],
        keep: Callable[[RecordedRequest], None] | None,
    ) -> None:
        self._state = state
        self._lock = lock
        self._faults = faults
        self._limiter = limiter
        self._refuse_cookies = refuse_cookies
        self._latency = latency
        self._wait = wait
        self._keep = keep

    def handle(self, request: IncomingRequest) -> Delivery:
        """Answer one request: what a fault makes of it, waits included."""
        route = find_route(request.path)
        endpoint = None if route is None else route.endpoint
        fault = self._faults.take(endpoint)
        # Nothing is locked while an answer waits, so that others are served meanwhile.
        self._hold(endpoint, "before", fault)
        with self._lock:
            delivery = self._deliver(request, route, fault)
        self._hold(endpoint, "after", fault)
        return delivery

    def _hold(
        self, endpoint: Endpoint | None, moment: Literal["before", "after"], fault: Fault | None
    ) -> None:
        seconds = 0.0 if self._latency is None else self._latency(endpoint, moment)
        if fault is not None:
            seconds += fault.before if moment == "before" else fault.after
        if seconds > 0:
            self._wait(seconds)

    def _deliver(
        self, request: IncomingRequest, route: Route | None, fault: Fault | None
    ) -> Delivery:
        now = self._state.clock.now()
        request_id = token_hex(16)
        endpoint = None if route is None else route.endpoint
        genuine: Answer | None = None
        if fault is None or fault.processed:
            genuine = self._answer(request, route, now, request_id)
        if fault is None:
            delivery = Delivery(genuine or Answer(500))
        else:
            delivery = fault.deliver(
                Circumstances(
                    now=now,
                    limit=_NOMINAL_LIMIT if self._limiter.limit is None else self._limiter.limit,
                    genuine=genuine,
                    dress=lambda answer, allowance: self._dress(
                        answer,
                        now,
                        request_id,
                        allowance or self._limiter.peek(_bucket(route), now),
                    ),
                )
            )
        lost = isinstance(delivery.manner, (Disconnect, Raise))
        if genuine is not None or not lost:
            # Okta remembers them of requests that it refuses as well, for whatever reason.
            self._state.used_ids |= _identifiers(request)
        if self._keep is not None:
            self._keep(
                record(
                    request,
                    endpoint=endpoint,
                    auth_server_id=None if route is None else route.server_id,
                    status=None if lost else delivery.answer.status,
                    request_id=request_id,
                    fault=None if fault is None else fault.name,
                )
            )
        return delivery

    def _answer(
        self, request: IncomingRequest, route: Route | None, now: float, request_id: str
    ) -> Answer:
        allowance = None if _is_unmetered(route) else self._limiter.take(_bucket(route), now)
        try:
            if allowance is not None and allowance.exceeded:
                raise rate_limit_refusal()
            found = self._route(request, route, now)
        except RefusalError as refusal:
            found = refusal.answer()
        return self._dress(found, now, request_id, allowance)

    def _route(self, request: IncomingRequest, route: Route | None, now: float) -> Answer:
        if route is None:
            raise RefusalError(404, "E0000008", "There is nothing at this path.", shape="okta")
        server = self._state.servers.get(route.server_id)
        if server is None:
            raise RefusalError(
                404,
                "E0000007",
                f"Not found: Resource not found: {route.server_id} (AuthorizationServer)",
                shape="okta",
            )
        call = Call(self._state, server, now, (), request)
        return answer(call, route, refuse_cookies=self._refuse_cookies)

    def _dress(
        self, answer: Answer, now: float, request_id: str, allowance: Allowance | None
    ) -> Answer:
        return with_okta_headers(
            answer,
            now=now,
            request_id=request_id,
            allowance=allowance,
            secure=self._state.url.startswith("https:"),
        )


def _bucket(route: Route | None) -> tuple[bool, bool] | None:
    return None if route is None else route.bucket


def _is_unmetered(route: Route | None) -> bool:
    return route is not None and route.bucket is None


def _identifiers(request: IncomingRequest) -> set[str]:
    tokens = list(request.header_values("dpop"))
    if request.is_form:
        with suppress(ValueError):
            tokens += [v for name, v in decode_pairs(request.body) if name == "client_assertion"]
    found = (read(token) for token in tokens)
    return {jti for jti in (parts.text("jti") for parts in found if parts is not None) if jti}
