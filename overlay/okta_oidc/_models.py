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
from collections.abc import Callable, Hashable, Mapping
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, TypeVar, cast

from ._lazy import loading, models

if TYPE_CHECKING:
    import attrs

T = TypeVar("T")

# A member that a model has no field for.
_OTHER: Final = ""
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
    return cast("T", cast("Any", model).from_dict(normalised(model, members)))


def fitting(parse: Callable[..., object], body: object) -> object:
    """``body``, each member as ``parse`` promises of a success; the same object if all were.

    Raises:
        WrongMemberError: the generated parser would not make one of its types of it.
    """
    kinds = _answers(parse)
    return _as(kinds[0], body) if len(kinds) == 1 else _as_one_of(kinds, body)


def has_content(module: str) -> bool:
    """Whether the generated parser of ``module`` makes something of the body of a success."""
    return _answers(import_module(f"okta_oidc_api.{module}")._parse_response) != (Any,)  # noqa: SLF001


@functools.cache
def _answers(parse: Callable[..., object]) -> tuple[Any, ...]:
    """What a generated parser returns for a body, errors apart. ``Any`` may stand for no body."""
    others = (models.OAuthErrorBody, models.OktaErrorBody, Any)
    found = _alternatives(typing.get_type_hints(parse)["return"])
    return tuple(kind for kind in found if kind not in others) or (Any,)


def normalised(model: type[Any], members: Mapping[str, Any]) -> Mapping[str, Any]:
    """``members``, each as the type of its field promises; the same object if all were."""
    fields = _fields(cast("Hashable", model))
    if fields[_OTHER][1] != (Any,):
        fields = {**dict.fromkeys(members, fields[_OTHER]), **fields}
    changed: dict[str, Any] = {}
    for name, (required, kinds) in fields.items():
        value = members.get(name)
        if value is None:
            is_null = name in members and not {type(None), Any}.isdisjoint(kinds)
            if required and not is_null:
                raise WrongMemberError(f"it has no {name}")
            if name in members and not is_null:
                changed[name] = None
            continue
        try:
            # Space-delimited by RFC 6749 §3.3; some servers send the list.
            is_text = name == "scope" and str in kinds
            fine = _as_one_of(kinds, _words(value) if is_text else value)
        except WrongMemberError:
            raise WrongMemberError(f"its member {name} is not of its type") from None
        if fine is not value:
            changed[name] = fine
    if not changed:
        return members
    both = {**members, **changed}.items()
    return {name: value for name, value in both if value is not None or name not in changed}


@functools.cache
def _names() -> Mapping[str, Any]:
    """What ``okta_oidc_api.models`` has, all of it loaded."""
    with loading():
        package = import_module("okta_oidc_api.models")
        return {name: getattr(package, name) for name in package.__all__}


def generated_models() -> list[type[Any]]:
    """Every model of the document."""
    return [each for each in _names().values() if hasattr(each, "__attrs_attrs__")]


def fields_of(model: type[Any]) -> dict[str, attrs.Attribute[Any]]:
    """The fields of a generated model, by their members' names on the wire."""
    import attrs
    from okta_oidc_api.operations import NAMES

    names = NAMES.get(model.__name__, {})
    fields = attrs.fields_dict(model).items()
    return {names.get(name, name): field for name, field in fields if field.init}


@functools.cache
def _fields(model: type[Any]) -> Mapping[str, tuple[bool, tuple[Any, ...]]]:
    """For each member, and ``_OTHER``: whether it is required, and its types."""
    import attrs

    # A module names models that it imports for type checkers alone.
    names = {**_names(), **vars(sys.modules[model.__module__])}
    hints = typing.get_type_hints(model, names)
    _, other = typing.get_args(hints.get("additional_properties", dict[str, Any]))
    return {_OTHER: (False, _alternatives(other))} | {
        name: (field.default is attrs.NOTHING, _alternatives(hints[field.name]))
        for name, field in fields_of(model).items()
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
        except WrongMemberError:
            continue
    if int in kinds and isinstance(value, str) and _DIGITS.fullmatch(value):
        return int(value)
    if int in kinds and isinstance(value, float) and value.is_integer():
        return int(value)
    raise WrongMemberError("the body is not of its type")


def _as(kind: Any, value: Any) -> Any:
    origin = typing.get_origin(kind)
    if kind is Any or kind is object:
        return value
    if origin is list and isinstance(value, list):
        inner = _alternatives(typing.get_args(kind)[0])
        items = cast("list[Any]", cast("object", value))
        fine = [_as_one_of(inner, item) for item in items]
        return items if all(a is b for a, b in zip(fine, items, strict=True)) else fine
    if origin is Literal and value in typing.get_args(kind):
        return value
    if isinstance(kind, type) and origin is None:
        if hasattr(kind, "__attrs_attrs__"):
            if isinstance(value, dict):
                return normalised(kind, cast("dict[str, Any]", value))
        elif kind.__module__ in ("datetime", "uuid"):
            # Text on the wire, which the generated parser reads like this.
            with suppress(TypeError, ValueError, AttributeError):
                getattr(kind, "fromisoformat", kind)(value)
                return value
        elif type(value) is kind or (kind, type(value)) == (float, int):
            return value
    raise WrongMemberError("the body is not of its type")
