"""What is kept between two steps of a login, as plain data, and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any, Final, TypeVar, cast

from .._config import ORG, checked_server_id
from .._errors import ConfigurationError
from .._retry import is_number

T = TypeVar("T")


def plain(kept: Any) -> dict[str, Any]:
    """The fields of a dataclass as JSON can hold them: times in ISO 8601, ``ORG`` as ``null``."""
    data: dict[str, Any] = {}
    for each in fields(kept):
        value = getattr(kept, each.name)
        if value is ORG:
            value = None
        data[each.name] = value.isoformat() if isinstance(value, datetime) else value
    return data


def restored(cls: type[T], data: Mapping[str, Any]) -> T:
    """What :func:`plain` wrote. Members that are not known, a newer version's, are left out.

    Raises:
        ConfigurationError: it did not write this.
    """
    try:
        return cls(
            **{
                each.name: _READERS.get(each.name, _text)(data[each.name])
                for each in fields(cast("Any", cls))
            }
        )
    except (KeyError, TypeError, ValueError):
        pass
    raise ConfigurationError(f"these are not the data of {cls.__name__}.to_dict()")


def _text(value: object) -> str:
    if isinstance(value, str) and value:
        return value
    raise ValueError


def _server(value: object) -> object:
    return ORG if value is None else checked_server_id(value)


def _time(value: Any) -> datetime:
    at = datetime.fromisoformat(value)
    if at.tzinfo is None:
        raise ValueError
    return at


def _seconds(value: Any) -> float:
    if is_number(value) and value >= 0:
        return cast("float", value)
    raise ValueError


def _optional(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else read(value)


_READERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "auth_server_id": _server,
    "expires_at": _time,
    "interval": _seconds,
    "max_age": _optional(_seconds),
    "verification_uri_complete": _optional(_text),
}
