"""What ``doctor`` finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Status = Literal["ok", "warning", "failed", "skipped"]

NOTHING: Final = "nothing to do"


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check, and what to do next."""

    check: str
    status: Status
    text: str
    advice: str = NOTHING
