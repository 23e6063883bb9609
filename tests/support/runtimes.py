"""The surroundings of a client: time, waiting, chance and limits."""

from __future__ import annotations

from typing import Any

from okta_oidc._runtime import Runtime


def runtime_of(client: Any) -> Runtime:
    """What ``client`` takes from its surroundings."""
    flow = client._flow
    runtime: Runtime = flow.runtime
    return runtime


def set_runtime(client: Any, runtime: Runtime) -> None:
    """Let ``client`` take another's time and limits."""
    flow = client._flow
    flow.runtime = runtime
