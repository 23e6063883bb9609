"""Spans and metrics, where a program has set OpenTelemetry up (extra ``otel``).

Names follow OpenTelemetry's semantic conventions for HTTP client spans and metrics, and
``okta.oidc.*`` where those have none. Attributes are of a closed set: of an exception its class, of
an address no query, of a form its grant type if the document has it.
"""

from __future__ import annotations

import functools
import logging
import re
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Concatenate, Final, ParamSpec, TypeVar, cast

import httpx

from ._config import ORG
from ._errors import TransportError
from ._http import Reply, least
from ._version import __version__

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import Span, TracerProvider

    from ._flow import Flow
    from ._operations import Request
    from ._steps import Step, Steps

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")

_LOGGER: Final = logging.getLogger("okta_oidc")

# The conventions' name for a value outside of the set that an attribute is of.
_OTHER: Final = "_OTHER"
_SCHEMA: Final = "https://opentelemetry.io/schemas/1.23.1"
# The conventions' own, in seconds: an SDK's default is meant for milliseconds.
_BOUNDARIES: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
# Okta's are shorter, and of these characters. No e-mail address and no JWT is.
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9@_-]{1,64}")
# A value of one or two characters is in many an id, and is no secret.
_SHORTEST_SECRET: Final = 4


def observed(steps: Steps[T], request: Request, flow: Flow) -> Steps[T]:
    """``steps`` with a span for the call, one for each attempt in it, and their metrics.

    ``steps`` themselves unless the program has set up where spans or metrics go.
    """
    instruments = _instruments()
    return steps if instruments is None else _watched(_Call(instruments, request, flow), steps)


def count_lookup(*, hit: bool, times: int = 1) -> None:
    """Count looks into the introspection cache; a hit needed no call to Okta."""
    instruments = _instruments()
    if instruments is not None and times:
        instruments.count(instruments.hits if hit else instruments.misses, times=times)


def count_renewal(failure: BaseException | None = None) -> None:
    """Count one renewal of held tokens, and whether it failed."""
    instruments = _instruments()
    if instruments is not None:
        instruments.count(instruments.renewals, failure)


def _harmless(method: Callable[Concatenate[Any, P], R]) -> Callable[Concatenate[Any, P], R | None]:
    """Let no exporter's or processor's exception end a call: a spent code's tokens are in it."""

    def call(self: Any, /, *args: P.args, **kwargs: P.kwargs) -> R | None:
        try:
            return method(self, *args, **kwargs)
        except Exception as error:  # noqa: BLE001
            _LOGGER.debug("tracing failed: %s", type(error).__name__)
            return None

    return call


class _Instruments:
    """What one pair of providers makes."""

    def __init__(self, tracers: TracerProvider, meters: MeterProvider) -> None:
        from opentelemetry import context, trace

        self.trace: Final = trace
        self.context: Final = context
        # Where the caller's httpx or aiohttp is instrumented too, an attempt has one span all the
        # same. The key is the API's, but its name is not public.
        self.suppressed: Final[str] = vars(context)["_SUPPRESS_HTTP_INSTRUMENTATION_KEY"]
        self.failed: Final = trace.Status(trace.StatusCode.ERROR)
        self.tracer: Final = tracers.get_tracer("okta_oidc", __version__, schema_url=_SCHEMA)
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

    @_harmless
    def count(self, counter: Any, failure: BaseException | None = None, times: int = 1) -> None:
        counter.add(times, None if failure is None else {"error.type": _kind(failure)})


# The providers that were found last, and what they made. Programs change them, as tests do.
_known: tuple[object, object, _Instruments | None] = (None, None, None)


def _instruments() -> _Instruments | None:
    """What to observe with; ``None`` where nobody would see it."""
    global _known
    # Nobody can have set up what nobody has imported, and to import it costs more than a call.
    if sys.modules.get("opentelemetry.trace") is None:
        return None
    try:
        from opentelemetry import metrics, trace
    except ImportError:
        return None
    tracers, meters = trace.get_tracer_provider(), metrics.get_meter_provider()
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


def _watched(call: _Call, steps: Steps[T]) -> Steps[T]:
    outcome: Any = None
    failure: Exception | None = None
    call.begins()
    try:
        while True:
            try:
                step = steps.send(outcome) if failure is None else steps.throw(failure)
            except StopIteration as done:
                call.ends(None)
                return cast("T", done.value)
            outcome = failure = None
            # Current while the driver is at work, and no longer.
            entered = call.enters(step)
            try:
                outcome = yield step
            except Exception as error:  # noqa: BLE001  # the core's to judge
                failure = error
            finally:
                if entered is not None:
                    call.leaves(entered)
            call.comes_to(outcome, failure)
    except BaseException as error:
        failure = None
        # Of a driver that gives up, what made it do so.
        call.ends((error.__context__ or error) if isinstance(error, GeneratorExit) else error)
        raise
    finally:
        steps.close()


class _Call:
    """The span of one call, and of the attempt that is under way."""

    def __init__(self, instruments: _Instruments, request: Request, flow: Flow) -> None:
        self._on: Final = instruments
        self._request: Final = request
        self._flow: Final = flow
        self._span: Span | None = None
        self._context: Context | None = None
        self._attempt: Span | None = None
        self._attributes: dict[str, str | int] = {}
        self._began = 0.0
        self._sent = 0
        self._reply: Reply | None = None

    @_harmless
    def begins(self) -> None:
        operation = _name(self._request)
        attributes = {"okta.oidc.operation": operation}
        if self._request.grant_type is not None:
            attributes["oauth.grant_type"] = _grant_type(self._request.grant_type)
        self._span = self._on.tracer.start_span(f"okta.oidc {operation}", attributes=attributes)
        self._context = self._on.trace.set_span_in_context(self._span)

    @_harmless
    def enters(self, step: Step) -> Any:
        on, context = self._on, self._context
        if isinstance(step, httpx.Request):
            origin, operation = self._flow.server.origin, self._request.operation
            host, port = _address(origin)
            self._attributes = {
                "http.request.method": operation.method,
                "server.address": host,
                "server.port": port,
            }
            # A path that the document does not have may name a user.
            path = self._request.target.partition("?")[0] if operation.module else ""
            attributes = {**self._attributes, "url.full": origin + path}
            if self._sent:
                attributes["http.request.resend_count"] = self._sent
            self._sent += 1
            self._began = self._flow.runtime.monotonic()
            self._attempt = on.tracer.start_span(
                operation.method, context, on.trace.SpanKind.CLIENT, attributes
            )
            context = on.trace.set_span_in_context(self._attempt, context)
            context = on.context.set_value(on.suppressed, True, context)
        return None if context is None else on.context.attach(context)

    @_harmless
    def leaves(self, entered: Any) -> None:
        self._on.context.detach(entered)

    @_harmless
    def comes_to(self, outcome: object, failure: BaseException | None) -> None:
        span, self._attempt = self._attempt, None
        if span is None:
            return
        attributes, kind, status = self._attributes, None, None
        if isinstance(outcome, Reply):
            status = outcome.status
            kind = str(status) if status >= 400 else None
            self._saw(outcome)
        elif failure is not None:
            kind = _kind(failure)
            if isinstance(failure, TransportError) and failure.http is not None:
                status = failure.http.status
        if status is not None:
            span.set_attribute("http.response.status_code", status)
            attributes["http.response.status_code"] = status
        if kind is not None:
            span.set_attribute("error.type", kind)
            span.set_status(self._on.failed)
            attributes["error.type"] = kind
        self._on.duration.record(self._flow.runtime.monotonic() - self._began, attributes)
        span.end()

    def _saw(self, reply: Reply) -> None:
        self._reply = reply
        limit = self._request.operation.limit
        if limit is None:
            return
        remaining = least(reply.headers.get("x-rate-limit-remaining"))
        if remaining is not None:
            server = "org" if self._request.server is ORG else "custom"
            self._on.remaining.set(
                remaining,
                {
                    "server.address": self._attributes["server.address"],
                    "okta.oidc.server": server,
                    "okta.oidc.rate_limit": limit,
                },
            )

    @_harmless
    def ends(self, error: BaseException | None) -> None:
        self.comes_to(None, error)
        span, self._span = self._span, None
        if span is None:
            return
        if self._reply is not None and span.is_recording():
            request_id = self._reply.headers.get("x-okta-request-id")
            if request_id is not None and self._may_show(request_id):
                span.set_attribute("okta.request_id", request_id)
        if error is not None:
            span.set_attribute("error.type", _kind(error))
            span.set_status(self._on.failed)
        span.end()

    def _may_show(self, request_id: str) -> bool:
        """Whether this is an id, and quotes nothing of what was sent."""
        return _REQUEST_ID.fullmatch(request_id) is not None and not any(
            secret in request_id or request_id in secret
            for secret in self._request.secrets()
            if len(secret) >= _SHORTEST_SECRET
        )


@functools.lru_cache
def _address(origin: str) -> tuple[str, int]:
    url = httpx.URL(origin)
    return url.host, url.port or (443 if url.scheme == "https" else 80)


def _name(request: Request) -> str:
    """The generated function's, at either kind of server."""
    name = request.operation.module.rpartition(".")[2]
    return name.removeprefix("org_").removeprefix("custom_") or _OTHER


def _grant_type(grant_type: str) -> str:
    from ._operations import grants

    return grant_type if grant_type in grants() else _OTHER


def _kind(error: BaseException) -> str:
    return _OTHER if isinstance(error, GeneratorExit) else type(error).__qualname__
