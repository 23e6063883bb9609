# Generated from openapi/okta-oauth.yaml by `nox -s generate`: edit that document instead.
from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.okta_error_cause import OktaErrorCause


T = TypeVar("T", bound="OktaErrorBody")


@_attrs_define
class OktaErrorBody:
    """An error of Okta's own API layer. Okta may add members."""

    error_code: str
    """ Code from Okta's catalogue or, mostly with an unknown client, an OAuth error code. """
    error_summary: str | Unset = UNSET
    """ For a developer to read. The wording changes; do not match on it. """
    error_link: str | Unset = UNSET
    """ The same as `errorCode`. """
    error_id: str | Unset = UNSET
    """ Id of this one error in Okta's log. Not the request id of the response header. """
    error_causes: list[OktaErrorCause] | Unset = UNSET
    """ Particulars, often none. """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        error_code = self.error_code

        error_summary = self.error_summary

        error_link = self.error_link

        error_id = self.error_id

        error_causes: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.error_causes, Unset):
            error_causes = []
            for error_causes_item_data in self.error_causes:
                error_causes_item = error_causes_item_data.to_dict()
                error_causes.append(error_causes_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "errorCode": error_code,
            }
        )
        if error_summary is not UNSET:
            field_dict["errorSummary"] = error_summary
        if error_link is not UNSET:
            field_dict["errorLink"] = error_link
        if error_id is not UNSET:
            field_dict["errorId"] = error_id
        if error_causes is not UNSET:
            field_dict["errorCauses"] = error_causes

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.okta_error_cause import OktaErrorCause  # noqa: PLC0415

        d = dict(src_dict)
        error_code = d.pop("errorCode")

        error_summary = d.pop("errorSummary", UNSET)

        error_link = d.pop("errorLink", UNSET)

        error_id = d.pop("errorId", UNSET)

        _error_causes = d.pop("errorCauses", UNSET)
        error_causes: list[OktaErrorCause] | Unset = UNSET
        if _error_causes is not UNSET:
            error_causes = []
            for error_causes_item_data in _error_causes:
                error_causes_item = OktaErrorCause.from_dict(error_causes_item_data)

                error_causes.append(error_causes_item)

        okta_error_body = cls(
            error_code=error_code,
            error_summary=error_summary,
            error_link=error_link,
            error_id=error_id,
            error_causes=error_causes,
        )

        okta_error_body.additional_properties = d
        return okta_error_body

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
