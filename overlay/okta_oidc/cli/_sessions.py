"""What one run of the command has at hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import click

from ._screens import Screen
from ._secrets import Secrets


@dataclass(slots=True)
class Session:
    """Passed to every command: ``now`` is seconds since the epoch.

    ``spends`` is what the call under way uses up (``"code"``, ``"refresh token"``), if anything:
    a failure then leaves open whether it is still good. ``kept`` says where what was issued is,
    should anything fail after that.
    """

    screen: Screen
    secrets: Secrets
    now: Callable[[], float]
    spends: str | None = None
    kept: str | None = None


def current_session() -> Session:
    """The session of the command that is running."""
    session = click.get_current_context().find_object(Session)
    assert session is not None
    return session
