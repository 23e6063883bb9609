"""Spans and metrics, where a program has set OpenTelemetry up (extra ``otel``).

Names follow OpenTelemetry's semantic conventions for HTTP client spans and metrics, and
``okta.oidc.*`` where those have none. Attributes hold a closed set of values: the class of an
exception, a URL without its query and without what a path names besides a server, a grant type that
is in the document.
"""

from __future__ import annotations

import functools
import logging
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import httpx

from ._config import ORG, AuthServerId
from ._errors import TransportError
from ._http import Reply, least
from ._lazy import operations
from ._version import __version__

if TYPE_CHECKING:
    from contextvars import Token

    from okta_oidc_api.operations import Operation
    from opentelemetry.context import Context
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import Span, TracerProvider

    from ._flow import Flow
    from ._operations import Request
    from ._steps import Step, Steps

T = TypeVar("T")

_LOGGER: Final = logging.getLogger("okta_oidc")

# The conventions' name for a value outside of the set that an attribute is of.
_OTHER: Final = "_OTHER"
_SCHEMA: Final = "https://opentelemetry.io/schemas/1.23.1"
# The conventions' own, in seconds: an SDK's default is meant for milliseconds.
_BOUNDARIES: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
# Request ids of Okta's match this. No e-mail address and no JWT does.
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9@_-]{1,64}")
# A value of one or two characters is in many an id, and is no secret.
_SHORTEST_SECRET: Final = 4


def observed(steps: Steps[T], request: Request, flow: Flow) -> Steps[T]:
    """``steps`` with a span for the call, one for each attempt in it, and their metrics.

    ``steps`` themselves unless the program has set up where spans or metrics go.
    """
    instruments = _instruments()
    return steps if instruments is None else _watched(instruments, steps, request, flow)


def count_lookup(*, hit: bool, times: int = 1) -> None:
    """Count looks into the introspection cache; a hit needed no call to Okta."""
    instruments = _instruments()
    if instruments is not None and times:
        _count(instruments.hits if hit else instruments.misses, times)


def count_renewal(failure: BaseException | None = None) -> None:
    """Count one renewal of held tokens, and whether it failed."""
    instruments = _instruments()
    if instruments is not None:
        _count(instruments.renewals, 1, failure)


def _count(counter: Any, times: int, failure: BaseException | None = None) -> None:
    try:
        counter.add(times, None if failure is None else {"error.type": _kind(failure)})
    except Exception as error:  # noqa: BLE001
        _pass_over(error)


def _pass_over(error: Exception) -> None:
    """Log an exporter's or processor's exception: raised, it would lose a spent code's tokens."""
    _LOGGER.debug("tracing failed: %s", type(error).__name__)


class _Instruments:
    """What one pair of providers makes."""

    def __init__(self, tracers: TracerProvider, meters: MeterProvider) -> None:
        from opentelemetry import context, trace

        self.current: Final = context.get_current
        self.context: Final = context.Context
        # The key of a span in a context.
        self.span: Final = next(iter(trace.set_span_in_context(trace.INVALID_SPAN, self.context())))
        self.attach: Final = context.attach
        self.detach: Final = context.detach
        # Where the caller's httpx or aiohttp is instrumented too, an attempt has one span all the
        # same. The key is the API's, but its name is not public.
        self.suppressed: Final[str] = vars(context)["_SUPPRESS_HTTP_INSTRUMENTATION_KEY"]
        self.client: Final = trace.SpanKind.CLIENT
        self.internal: Final = trace.SpanKind.INTERNAL
        self.failed: Final = trace.Status(trace.StatusCode.ERROR)
        tracer = tracers.get_tracer("okta_oidc", __version__, schema_url=_SCHEMA)
        self.start_span: Final = tracer.start_span
        meter: Any = meters.get_meter("okta_oidc", __version__, schema_url=_SCHEMA)
        histogram = ("http.client.request.duration", "s", "Duration of HTTP client requests.")
        try:
            duration = meter.create_histogram(
                *histogram, explicit_bucket_boundaries_advisory=_BOUNDARIES
            )
        except TypeError:  # an API before 1.30
            duration = meter.create_histogram(*histogram)
        self.duration: Final = duration
        self.remaining: Final = meter.create_gauge(
            "okta.oidc.rate_limit.remaining", "{request}", "Requests left in the window."
        )
        self.hits: Final = meter.create_counter(
            "okta.oidc.introspection_cache.hits",
            "{lookup}",
            "Introspections that the cache answered.",
        )
        self.misses: Final = meter.create_counter(
            "okta.oidc.introspection_cache.misses", "{lookup}", "Introspections that asked Okta."
        )
        self.renewals: Final = meter.create_counter(
            "okta.oidc.token.renewals", "{renewal}", "Renewals of held tokens."
        )


# Functions that return the program's providers; ``None`` until it has imported OpenTelemetry.
_providers: tuple[Callable[[], TracerProvider], Callable[[], MeterProvider]] | None = None
# Those that were found last, and what they made. Programs change them, as tests do.
_known: tuple[object, object, _Instruments | None] = (None, None, None)


def _instruments() -> _Instruments | None:
    """What to observe with; ``None`` where nobody would see it."""
    global _providers, _known
    if _providers is None:
        # What has not been imported is not set up, and importing it would cost more than a call.
        if sys.modules.get("opentelemetry.trace") is None:
            return None
        try:
            from opentelemetry import metrics, trace
        except ImportError:
            return None
        _providers = trace.get_tracer_provider, metrics.get_meter_provider
    tracers, meters = _providers[0](), _providers[1]()
    if _known[0] is not tracers or _known[1] is not meters:
        _known = (tracers, meters, _made(tracers, meters))
    return _known[2]


def _made(tracers: TracerProvider, meters: MeterProvider) -> _Instruments | None:
    if _is_idle(tracers) and _is_idle(meters):
        return None
    try:
        return _Instruments(tracers, meters)
    except Exception as error:  # noqa: BLE001  # an API that is too old, a provider that is broken
        _LOGGER.warning("no tracing: %s", type(error).__name__)
        return None


def _is_idle(provider: object) -> bool:
    """Whether this is a provider of the API's own: they record nothing."""
    return type(provider).__module__.startswith(("opentelemetry.trace", "opentelemetry.metrics"))


def _watched(on: _Instruments, steps: Steps[T], request: Request, flow: Flow) -> Steps[T]:
    call = _Call(on, request, flow)
    outcome: Any = None
    failure: Exception | None = None
    try:
        while True:
            try:
                step = steps.send(outcome) if failure is None else steps.throw(failure)
            except StopIteration as done:
                call.ends(None)
                return cast("T", done.value)
            outcome = failure = None
            # The span is current only while the driver works on this step.
            token = call.enters(step)
            try:
                outcome = yield step
            except Exception as error:  # noqa: BLE001  # the core's to judge
                failure = error
            finally:
                if token is not None:
                    on.detach(token)
            call.comes_to(outcome, failure)
    except BaseException as error:
        failure = None
        # GeneratorExit: the driver has failed, and its error is the context.
        call.ends((error.__context__ or error) if isinstance(error, GeneratorExit) else error)
        steps.close()
        raise


class _Call:
    """The span of one call, and of the attempt that is under way."""

    def __init__(self, on: _Instruments, request: Request, flow: Flow) -> None:
        grant_type = request.grant_type
        if grant_type is not None and grant_type not in operations.grants():
            grant_type = _OTHER
        shown = _shown(flow.server.origin, request.operation, request.server, grant_type)
        self._on: Final = on
        self._request: Final = request
        self._monotonic: Final = flow.runtime.monotonic
        self._shown: Final = shown
        self._span: Span | None = None
        self._context: Context = on.current()
        self._attempt: Span | None = None
        self._began = 0.0
        self._sent = 0
        self._reply: Reply | None = None
        try:
            self._span = on.start_span(shown.name, self._context, on.internal, shown.call)
            self._context = on.context({**self._context, on.span: self._span})
        except Exception as error:  # noqa: BLE001
            _pass_over(error)

    def enters(self, step: Step) -> Token[Context] | None:
        on, context = self._on, self._context
        try:
            if isinstance(step, httpx.Request):
                attributes = self._shown.attempt
                if self._sent:
                    attributes = {**attributes, "http.request.resend_count": self._sent}
                self._sent += 1
                self._began = self._monotonic()
                span = on.start_span(step.method, context, on.client, attributes)
                self._attempt = span
                context = on.context({**context, on.span: span, on.suppressed: True})
            return on.attach(context)
        except Exception as error:  # noqa: BLE001
            _pass_over(error)
            return None

    def comes_to(self, outcome: object, failure: BaseException | None) -> None:
        span, self._attempt = self._attempt, None
        if span is None:
            return
        try:
            attributes, kind, status = {**self._shown.place}, None, None
            if isinstance(outcome, Reply):
                self._reply, status = outcome, outcome.status
                kind = str(status) if status >= 400 else None
                if self._request.operation.limit is not None:
                    remaining = least(outcome.headers.get("x-rate-limit-remaining"))
                    if remaining is not None:
                        self._on.remaining.set(remaining, self._shown.limit)
            elif failure is not None:
                kind = _kind(failure)
                if isinstance(failure, TransportError) and failure.http is not None:
                    status = failure.http.status
            if status is not None:
                span.set_attribute("http.response.status_code", status)
                attributes["http.response.status_code"] = status
            if kind is not None:
                self._failed(span, kind)
                attributes["error.type"] = kind
            self._on.duration.record(self._monotonic() - self._began, attributes)
            span.end()
        except Exception as error:  # noqa: BLE001
            _pass_over(error)

    def ends(self, failure: BaseException | None) -> None:
        if self._attempt is not None:
            self.comes_to(None, failure)
        span, self._span = self._span, None
        if span is None:
            return
        try:
            if self._reply is not None and span.is_recording():
                request_id = self._reply.headers.get("x-okta-request-id")
                if request_id is not None and self._may_show(request_id):
                    span.set_attribute("okta.request_id", request_id)
            if failure is not None:
                self._failed(span, _kind(failure))
            span.end()
        except Exception as error:  # noqa: BLE001
            _pass_over(error)

    def _failed(self, span: Span, kind: str) -> None:
        span.set_attribute("error.type", kind)
        span.set_status(self._on.failed)

    def _may_show(self, request_id: str) -> bool:
        """Whether this is an id, and quotes nothing of what was sent."""
        return _REQUEST_ID.fullmatch(request_id) is not None and not any(
            secret in request_id or request_id in secret
            for secret in self._request.secrets()
            if len(secret) >= _SHORTEST_SECRET
        )


@dataclass(frozen=True, slots=True)
class _Shown:
    """The name of a call's span, and the attributes that all calls like it share.

    A tracer copies what it is handed, and so does a meter.
    """

    name: str
    call: Mapping[str, str]
    attempt: Mapping[str, str | int]
    place: Mapping[str, str | int]
    limit: Mapping[str, str]


@functools.lru_cache
def _shown(
    origin: str, operation: Operation, server: AuthServerId | None, grant_type: str | None
) -> _Shown:
    # The name of a generated function, the same at either kind of server.
    name = operation.module.rpartition(".")[2].removeprefix("org_").removeprefix("custom_")
    call = {"okta.oidc.operation": name or _OTHER}
    if grant_type is not None:
        call["oauth.grant_type"] = grant_type
    url = httpx.URL(origin)
    place: dict[str, str | int] = {
        "http.request.method": operation.method,
        "server.address": url.host,
        "server.port": url.port or (443 if url.scheme == "https" else 80),
    }
    limit = {
        "server.address": url.host,
        "okta.oidc.server": "org" if server is ORG else "custom",
        "okta.oidc.rate_limit": operation.limit or "",
    }
    attempt = {**place, "url.full": origin + operations.shown_path(operation, server)}
    return _Shown(f"okta.oidc {name or _OTHER}", call, attempt, place, limit)


def _kind(error: BaseException) -> str:
    return _OTHER if isinstance(error, GeneratorExit) else type(error).__qualname__
