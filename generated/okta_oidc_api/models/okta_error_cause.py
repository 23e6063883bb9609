# Generated from openapi/okta-oauth.yaml by `nox -s generate`: edit that document instead.
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="OktaErrorCause")


@_attrs_define
class OktaErrorCause:
    """One cause of an error of Okta's API layer."""

    error_summary: str | Unset = UNSET
    """ For a developer to read. """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        error_summary = self.error_summary

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if error_summary is not UNSET:
            field_dict["errorSummary"] = error_summary

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        error_summary = d.pop("errorSummary", UNSET)

        okta_error_cause = cls(
            error_summary=error_summary,
        )

        okta_error_cause.additional_properties = d
        return okta_error_cause

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
