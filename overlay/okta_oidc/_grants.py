"""The generated grant models, as what ``token`` takes. They load here, when one is first needed."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, Final, Protocol, cast

import attrs
from okta_oidc_api import models

from ._config import check_kind


class GrantModel(Protocol):
    """Any grant of ``okta_oidc_api.models``: one that the document gains is one from then on."""

    @property
    def grant_type(self) -> str: ...

    def to_dict(self) -> dict[str, Any]: ...


GRANTS: Final[tuple[type[attrs.AttrsInstance], ...]] = tuple(
    model
    for model in vars(models).values()
    if isinstance(model, type) and attrs.has(model) and "grant_type" in attrs.fields_dict(model)
)


def members_of(request: object) -> Mapping[str, object]:
    """The form parameters of ``request``.

    Raises:
        ConfigurationError: it is neither a grant nor a mapping.
    """
    if isinstance(request, GRANTS):
        return cast("GrantModel", request).to_dict()
    check_kind("request", request, *GRANTS, Mapping)
    return cast("Mapping[str, object]", request)


def required_of(members: Mapping[str, object]) -> tuple[str, ...]:
    """What the document requires of this grant; a grant that it does not know may be anything."""
    grant_type = members.get("grant_type")
    known = _required().get(grant_type, ()) if isinstance(grant_type, str) else ()
    return ("grant_type", *known)


@functools.cache
def _required() -> Mapping[str, tuple[str, ...]]:
    required: dict[str, tuple[str, ...]] = {}
    for grant in GRANTS:
        fields = attrs.fields_dict(grant)
        required[str(fields["grant_type"].default)] = tuple(
            name for name, field in fields.items() if field.default is attrs.NOTHING
        )
    return required
