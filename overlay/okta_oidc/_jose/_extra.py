"""What to say where joserfc is not installed."""

from __future__ import annotations

from importlib.util import find_spec

from .._errors import ConfigurationError


def need_joserfc(what: str) -> None:
    """Make sure of the extra before a module that imports it is loaded.

    Raises:
        ConfigurationError: joserfc is not installed.
    """
    if find_spec("joserfc") is None:
        raise ConfigurationError(f"{what} needs joserfc: install okta-oidc[jwt]")
