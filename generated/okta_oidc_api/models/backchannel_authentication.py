# Generated from openapi/okta-oauth.yaml by `nox -s generate`: edit that document instead.
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="BackchannelAuthentication")


@_attrs_define
class BackchannelAuthentication:
    """What the client polls with (OpenID Connect CIBA Core 1.0 section 7.3)."""

    auth_req_id: str
    """ What the client polls the token endpoint with. """
    expires_in: int
    """ Seconds from now until it expires. 300 at most. """
    interval: int | Unset = UNSET
    """ Seconds to wait between two polls at least; 5 if absent. """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        auth_req_id = self.auth_req_id

        expires_in = self.expires_in

        interval = self.interval

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "auth_req_id": auth_req_id,
                "expires_in": expires_in,
            }
        )
        if interval is not UNSET:
            field_dict["interval"] = interval

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        auth_req_id = d.pop("auth_req_id")

        expires_in = d.pop("expires_in")

        interval = d.pop("interval", UNSET)

        backchannel_authentication = cls(
            auth_req_id=auth_req_id,
            expires_in=expires_in,
            interval=interval,
        )

        backchannel_authentication.additional_properties = d
        return backchannel_authentication

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
