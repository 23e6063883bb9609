"""Signing users in: by a browser (OIDC Core), on a device (RFC 8628), by a push (CIBA).

What a client needs of it loads when it is first used.
"""

from __future__ import annotations

TYPE_CHECKING = False

if TYPE_CHECKING:
    from .. import Claims
    from .._results import ExchangedToken
    from ._exchange import TokenType, assertion, client_credentials, exchange
    from ._logins import BackchannelLogin, DeviceLogin, Login, backchannel, device, poll, wait_for
    from ._provider import Provider, SignIn
    from ._requests import AuthorizationRequest

__all__ = [
    "AuthorizationRequest",
    "BackchannelLogin",
    "Claims",
    "DeviceLogin",
    "ExchangedToken",
    "Login",
    "Provider",
    "SignIn",
    "TokenType",
    "assertion",
    "backchannel",
    "client_credentials",
    "device",
    "exchange",
    "poll",
    "wait_for",
]

_HOMES = {
    "..": ("Claims",),
    ".._results": ("ExchangedToken",),
    "._exchange": ("TokenType", "assertion", "client_credentials", "exchange"),
    "._logins": (
        "BackchannelLogin",
        "DeviceLogin",
        "Login",
        "backchannel",
        "device",
        "poll",
        "wait_for",
    ),
    "._provider": ("Provider", "SignIn"),
    "._requests": ("AuthorizationRequest",),
}


def __getattr__(name: str) -> object:
    from importlib import import_module

    for home, names in _HOMES.items():
        if name in names:
            value: object = getattr(import_module(home, __name__), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
