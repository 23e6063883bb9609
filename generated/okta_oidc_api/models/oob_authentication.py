# Generated from openapi/okta-oauth.yaml by `nox -s generate`: edit that document instead.
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="OobAuthentication")


@_attrs_define
class OobAuthentication:
    """A challenge out of band that has begun."""

    oob_code: str
    """ What the client polls the token endpoint with. """
    channel: str
    """ How the user is reached. """
    binding_method: str
    """ What ties the challenge to this sign-in: `none`, `prompt` (the user tells the application a code) or
    `transfer` (the application shows the user a code). """
    expires_in: int
    """ Seconds from now until it expires. """
    binding_code: str | Unset = UNSET
    """ With `transfer`, the code to show to the user; a string, though Okta's own reference shows a number. """
    interval: int | Unset = UNSET
    """ Push only. Seconds to wait between two polls at least. """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        oob_code = self.oob_code

        channel = self.channel

        binding_method = self.binding_method

        expires_in = self.expires_in

        binding_code = self.binding_code

        interval = self.interval

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "oob_code": oob_code,
                "channel": channel,
                "binding_method": binding_method,
                "expires_in": expires_in,
            }
        )
        if binding_code is not UNSET:
            field_dict["binding_code"] = binding_code
        if interval is not UNSET:
            field_dict["interval"] = interval

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        oob_code = d.pop("oob_code")

        channel = d.pop("channel")

        binding_method = d.pop("binding_method")

        expires_in = d.pop("expires_in")

        binding_code = d.pop("binding_code", UNSET)

        interval = d.pop("interval", UNSET)

        oob_authentication = cls(
            oob_code=oob_code,
            channel=channel,
            binding_method=binding_method,
            expires_in=expires_in,
            binding_code=binding_code,
            interval=interval,
        )

        oob_authentication.additional_properties = d
        return oob_authentication

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
