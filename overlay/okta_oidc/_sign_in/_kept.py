"""What is kept between two steps of a login, as plain data, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any, Self, cast

from .._config import ORG, checked_server_id
from .._errors import ConfigurationError
from .._retry import is_number
from .._silence import silent


class Kept:
    """A dataclass that goes through any session, secrets included."""

    __slots__ = ()

    def to_dict(self) -> dict[str, Any]:
        """This as plain data that JSON can hold, secrets included, for the session.

        Times are ISO 8601 strings; ``auth_server_id`` is ``None`` for the org server.
        """
        data: dict[str, Any] = {}
        for each in fields(cast("Any", self)):
            value = getattr(self, each.name)
            value = value.isoformat() if isinstance(value, datetime) else value
            data[each.name] = None if value is ORG else value
        return data

    @classmethod
    @silent
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """What :meth:`to_dict` wrote. Members that are not known, a newer version's, are left out.

        Raises:
            ConfigurationError: ``data`` is of another form.
        """
        try:
            kinds = {each.name: str(each.type) for each in fields(cast("Any", cls))}
            return cls(**{name: _read(kind, data[name]) for name, kind in kinds.items()})
        except (KeyError, TypeError, ValueError):
            pass
        raise ConfigurationError(f"these are not the data of {cls.__name__}.to_dict()")


def _read(kind: str, value: Any) -> Any:
    """``value`` as a field of this annotation holds it."""
    if kind == "AuthServerId":
        return ORG if value is None else checked_server_id(value)
    if kind.endswith("| None") and value is None:
        return None
    if kind == "datetime":
        at = datetime.fromisoformat(value)
        is_fine = at.tzinfo is not None
        value = at
    elif kind.startswith("str"):
        is_fine = isinstance(value, str) and value != ""
    else:
        is_fine = is_number(value) and value >= 0
    if not is_fine:
        raise ValueError
    return value
