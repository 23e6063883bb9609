"""An Okta for tests, in memory or on a loopback port: see :class:`FakeOkta`.

The pytest fixtures ``fake_okta``, ``fake_okta_server`` and ``no_okta_network`` come with the
installed package.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._clock import FakeClock as FakeClock
    from ._fake import AuthorizationError as AuthorizationError
    from ._fake import FakeOkta as FakeOkta
    from ._faults import Faults as Faults
    from ._network import NetworkGuard as NetworkGuard
    from ._registry import AuthorizationServer as AuthorizationServer
    from ._registry import FakeClient as FakeClient
    from ._registry import FakeResource as FakeResource
    from ._registry import FakeUser as FakeUser
    from ._requests import RecordedRequest as RecordedRequest
    from ._server import LoopbackServer as LoopbackServer
    from ._stores import check_async_token_store as check_async_token_store
    from ._stores import check_token_store as check_token_store
    from ._transport import FakeTransport as FakeTransport

__all__ = [
    "AuthorizationError",
    "AuthorizationServer",
    "FakeClient",
    "FakeClock",
    "FakeOkta",
    "FakeResource",
    "FakeTransport",
    "FakeUser",
    "Faults",
    "LoopbackServer",
    "NetworkGuard",
    "RecordedRequest",
    "check_async_token_store",
    "check_token_store",
]

_HOMES = {
    "AuthorizationError": "_fake",
    "AuthorizationServer": "_registry",
    "FakeClient": "_registry",
    "FakeClock": "_clock",
    "FakeOkta": "_fake",
    "FakeResource": "_registry",
    "FakeTransport": "_transport",
    "FakeUser": "_registry",
    "Faults": "_faults",
    "LoopbackServer": "_server",
    "NetworkGuard": "_network",
    "RecordedRequest": "_requests",
    "check_async_token_store": "_stores",
    "check_token_store": "_stores",
}


# pytest imports this package to reach the fixtures, in every run of every user: the fake itself is
# loaded with the first name taken from here.
def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(f".{home}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
