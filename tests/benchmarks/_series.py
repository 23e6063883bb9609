"""What is timed beside one another, call by call: signatures, tokens held, answers kept, traces.

A series has parties, each a process of its own: what they import is theirs alone, and nothing here
imports any of it before it is asked for. Each call is checked once before it is timed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final, Literal, TypeAlias

Role: TypeAlias = Literal["ours", "baseline", "peer", "floor"]
# A coroutine function is awaited.
Call: TypeAlias = Callable[[], Any]


@dataclass(frozen=True, slots=True)
class Timed:
    """A call, whether what it came to ``holds``, and what must be done before each batch of it."""

    call: Call
    holds: Callable[[Any], bool]
    prepare: Callable[[], object] | None = None


@dataclass(frozen=True, slots=True)
class Party:
    """What one process times.

    ``make`` is told the address of the benchmark's server, and makes the calls of these names.
    Those of a party that is ``apart`` are of packages that the others must not meet.
    """

    roles: Mapping[str, Role]
    make: Callable[[str], Mapping[str, Timed]]
    apart: bool = False


@dataclass(frozen=True, slots=True)
class Series:
    """Parties, and the name that all are compared with. A peer is to be slower than ``ours``."""

    baseline: str
    ours: str
    parties: tuple[Party, ...]

    @property
    def roles(self) -> dict[str, Role]:
        """Everyone's role, by name."""
        return {name: role for party in self.parties for name, role in party.roles.items()}


# Where each series is. Their modules import no library before a party is made.
_PLACES: Final = {
    "ID token": "_signatures:ID_TOKENS",
    "RS256 assertion": "_signatures:RS256",
    "ES256 assertion": "_signatures:ES256",
    "held token": "_held:HELD",
    "kept answer": "_protection:KEPT",
    "traced call": "_tracing:SOCKET",
    "traced call in memory": "_tracing:MEMORY",
}


def series(key: str) -> Series:
    """The series of this name."""
    module, _, name = _PLACES[key].partition(":")
    found: Series = getattr(import_module(f".{module}", __package__), name)
    return found


KEYS: Final = tuple(_PLACES)
