"""What OpenTelemetry adds to a call: what this package does for it, and what its SDK does.

One process holds all of it, so that both sides of a comparison are the same but for the providers:
a few percent are looked for.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from ._answers import EXPECTED
from ._series import Party, Role, Series, Timed

OFF: Final = "not imported"
IDLE: Final = "imported, nothing set up"
STUBS: Final = "providers that do nothing"
SAMPLED_OUT: Final = "its SDK, nothing sampled"
RECORDED: Final = "its SDK, all recorded and exported"
STUBS_BY_HAND: Final = "the same by hand, providers that do nothing"
SDK_BY_HAND: Final = "the same by hand, its SDK"
# The others are no calls.
CALLS: Final = (OFF, IDLE, STUBS, SAMPLED_OUT, RECORDED)

_SPANS: Final = 2
_ORG_URL: Final = "https://dev-000000.okta.com"


def _calls(in_memory: bool, base_url: str) -> dict[str, Timed]:
    from opentelemetry import metrics, trace
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
    from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

    from ._sync_contenders import okta_oidc
    from ._targets import Target

    class Tracers(trace.NoOpTracerProvider):
        """Not taken for the API's own, which tells that nothing is set up."""

    class Meters(metrics.NoOpMeterProvider):
        """The same."""

    doing_nothing = (Tracers(), Meters())
    exporter = InMemorySpanExporter()
    tracers, meters = TracerProvider(), MeterProvider([InMemoryMetricReader()])
    tracers.add_span_processor(SimpleSpanProcessor(exporter))
    refresh = okta_oidc(Target(base_url, in_memory=in_memory))["refresh"]

    def is_traced(found: object) -> bool:
        return _is_token(found) and len(exporter.get_finished_spans()) == _SPANS

    def recorded() -> None:
        exporter.clear()
        _provide(tracers, meters)

    def imported() -> None:
        _provide(trace.get_tracer_provider(), metrics.get_meter_provider())

    unseen = partial(_provide, TracerProvider(sampler=ALWAYS_OFF), MeterProvider())
    return {
        OFF: Timed(refresh, _is_token, _hide),
        IDLE: Timed(refresh, _is_token, imported),
        STUBS: Timed(refresh, _is_token, partial(_provide, *doing_nothing)),
        SAMPLED_OUT: Timed(refresh, _is_token, unseen),
        RECORDED: Timed(refresh, is_traced, recorded),
        STUBS_BY_HAND: Timed(_by_hand(*doing_nothing), lambda _: True),
        SDK_BY_HAND: Timed(
            _by_hand(tracers, meters),
            lambda _: len(exporter.get_finished_spans()) == _SPANS,
            exporter.clear,
        ),
    }


def _is_token(found: object) -> bool:
    return found == EXPECTED["refresh"]


# Providers are set once in a process; where this package looks for them, they can be changed.


def _provide(tracers: object, meters: object) -> None:
    from okta_oidc import _otel

    sys.modules["opentelemetry.trace"] = sys.modules.get("opentelemetry.trace") or _hidden()
    inner: Any = _otel
    inner._providers = (lambda: tracers, lambda: meters)


def _hide() -> None:
    from okta_oidc import _otel

    sys.modules.pop("opentelemetry.trace", None)
    inner: Any = _otel
    inner._providers = None


def _hidden() -> Any:
    import opentelemetry

    return vars(opentelemetry)["trace"]


def _by_hand(tracers: Any, meters: Any) -> Callable[[], object]:
    """The spans and metrics of one call, and no call."""
    from opentelemetry import context, trace

    tracer, meter = tracers.get_tracer("by hand"), meters.get_meter("by hand")
    duration = meter.create_histogram("http.client.request.duration", "s")
    remaining = meter.create_gauge("okta.oidc.rate_limit.remaining", "{request}")
    place = {
        "http.request.method": "POST",
        "server.address": "dev-000000.okta.com",
        "server.port": 443,
    }
    sent = {**place, "url.full": f"{_ORG_URL}/oauth2/default/v1/token"}
    came = {**place, "http.response.status_code": 200}
    limit = {"server.address": place["server.address"], "okta.oidc.rate_limit": "token"}
    named = {"okta.oidc.operation": "token", "oauth.grant_type": "refresh_token"}

    def spans_and_metrics() -> None:
        outer = tracer.start_span("okta.oidc token", attributes=named)
        within = trace.set_span_in_context(outer)
        inner = tracer.start_span("POST", within, trace.SpanKind.CLIENT, sent)
        token = context.attach(trace.set_span_in_context(inner, within))
        context.detach(token)
        inner.set_attribute("http.response.status_code", 200)
        duration.record(0.1, came)
        inner.end()
        remaining.set(1199, limit)
        outer.set_attribute("okta.request_id", "0123456789abcdef0123456789abcdef")
        outer.end()

    return spans_and_metrics


_ROLES: Final[Mapping[str, Role]] = {
    OFF: "baseline",
    IDLE: "ours",
    STUBS: "ours",
    SAMPLED_OUT: "ours",
    RECORDED: "ours",
    STUBS_BY_HAND: "floor",
    SDK_BY_HAND: "floor",
}
SOCKET: Final = Series(OFF, RECORDED, (Party(_ROLES, partial(_calls, False)),))
MEMORY: Final = Series(OFF, RECORDED, (Party(_ROLES, partial(_calls, True)),))
