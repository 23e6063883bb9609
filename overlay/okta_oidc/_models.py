"""Generated models, read as strictly as their types promise.

The generator's ``from_dict`` takes members of any type. Here a member is of the type that the
document gives it, or the answer is malformed. What is clear all the same is taken: numbers in
quotes, a list where RFC 6749 §3.3 has a space-delimited string, ``null`` for what is absent.
"""

from __future__ import annotations

import functools
import re
import sys
import types
import typing
from collections.abc import Hashable, Mapping
from importlib import import_module
from typing import Any, Final, Literal, Protocol, TypeVar, cast

T = TypeVar("T")

_DIGITS: Final = re.compile(r"[0-9]{1,19}")


class GrantModel(Protocol):
    """Any grant of ``okta_oidc_api.models``: it matches every grant, including ones added later."""

    @property
    def grant_type(self) -> str: ...

    def to_dict(self) -> dict[str, Any]: ...


class WrongMemberError(Exception):
    """A member is missing, or not of its type: the message says which."""


def read(model: type[T], members: Mapping[str, Any]) -> T:
    """``members`` as a generated model.

    Raises:
        WrongMemberError: they cannot be one.
    """
    fine = normalised(model, members)
    return cast("T", cast("Any", model).from_dict(fine))


def normalised(model: type[Any], members: Mapping[str, Any]) -> Mapping[str, Any]:
    """``members``, each as the type of its field promises; the same object if all were."""
    changed: dict[str, Any] = {}
    nulls: set[str] = set()
    for name, (required, kinds) in _fields(cast("Hashable", model)).items():
        value = members.get(name)
        if value is None:
            if type(None) in kinds:
                continue
            if required:
                raise WrongMemberError(f"it has no {name}")
            if name in members:
                nulls.add(name)
            continue
        try:
            # Space-delimited by RFC 6749 §3.3; some servers send the list.
            fine = _as_one_of(kinds, _words(value) if name == "scope" else value)
        except _MismatchError:
            raise WrongMemberError(f"its member {name} is not {_named(kinds)}") from None
        if fine is not value:
            changed[name] = fine
    if not changed and not nulls:
        return members
    return {name: value for name, value in {**members, **changed}.items() if name not in nulls}


class _MismatchError(Exception):
    pass


@functools.cache
def _names() -> Mapping[str, Any]:
    """What ``okta_oidc_api.models`` has, all of it loaded."""
    package = import_module("okta_oidc_api.models")
    return {name: getattr(package, name) for name in package.__all__}


def generated_models() -> list[type[Any]]:
    """Every model of the document."""
    return [each for each in _names().values() if hasattr(each, "__attrs_attrs__")]


@functools.cache
def _fields(model: type[Any]) -> Mapping[str, tuple[bool, tuple[Any, ...]]]:
    """For each member by the document's name: whether it is required, and its types."""
    import attrs

    # A module names models that it imports for type checkers alone.
    names = {**_names(), **vars(sys.modules[model.__module__])}
    hints = typing.get_type_hints(model, names)
    # The generator appends an underscore to what Python would not take as a name.
    return {
        field.name.removesuffix("_"): (
            field.default is attrs.NOTHING,
            _alternatives(hints[field.name]),
        )
        for field in attrs.fields(model)
        if field.init
    }


def _alternatives(hint: object) -> tuple[Any, ...]:
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        from okta_oidc_api.types import Unset

        return tuple(kind for kind in typing.get_args(hint) if kind is not Unset)
    return (hint,)


def _words(value: object) -> object:
    if not isinstance(value, list):
        return value
    items = cast("list[object]", value)
    words = [item for item in items if isinstance(item, str)]
    return " ".join(words) if len(words) == len(items) else items


def _as_one_of(kinds: tuple[Any, ...], value: Any) -> Any:
    for kind in kinds:
        try:
            return _as(kind, value)
        except _MismatchError:
            continue
    if int in kinds and isinstance(value, str) and _DIGITS.fullmatch(value):
        return int(value)
    if int in kinds and isinstance(value, float) and value.is_integer():
        return int(value)
    raise _MismatchError


def _as(kind: Any, value: Any) -> Any:
    origin = typing.get_origin(kind)
    if kind is Any or kind is object:
        return value
    if origin is list and isinstance(value, list):
        inner = _alternatives(typing.get_args(kind)[0])
        items = cast("list[Any]", cast("object", value))
        fine = [_as_one_of(inner, item) for item in items]
        return items if all(a is b for a, b in zip(fine, items, strict=True)) else fine
    if origin is dict and isinstance(value, dict):
        return cast("dict[str, Any]", value)
    if origin is Literal and value in typing.get_args(kind):
        return value
    if isinstance(kind, type) and origin is None:
        if hasattr(kind, "__attrs_attrs__"):
            if isinstance(value, dict):
                try:
                    return normalised(kind, cast("dict[str, Any]", value))
                except WrongMemberError:
                    raise _MismatchError from None
        elif kind is float:
            if isinstance(value, int | float) and not isinstance(value, bool):
                return value
        elif isinstance(value, kind) and (kind is bool or not isinstance(value, bool)):
            return value
    raise _MismatchError


def _named(kinds: tuple[Any, ...]) -> str:
    words = {str: "a string", bool: "true or false", int: "a whole number", float: "a number"}
    return " or ".join(
        dict.fromkeys(
            words.get(kind, "a list" if typing.get_origin(kind) is list else "an object")
            for kind in kinds
            if kind is not type(None)
        )
    )
