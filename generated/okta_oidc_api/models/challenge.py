# Generated from openapi/okta-oauth.yaml by `nox -s generate`: edit that document instead.
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="Challenge")


@_attrs_define
class Challenge:
    """How the user is challenged. Out of band, its members are those of `OobAuthentication`."""

    challenge_type: str | Unset = UNSET
    """ Grant type that the sign-in goes on with. """
    oob_code: str | Unset = UNSET
    """ What the client polls the token endpoint with. """
    channel: str | Unset = UNSET
    """ How the user is reached. """
    binding_method: str | Unset = UNSET
    """ What ties the challenge to this sign-in: `none`, `prompt` (the user tells the application a code) or
    `transfer` (the application shows the user a code). """
    binding_code: str | Unset = UNSET
    """ With `transfer`, the code to show to the user; a string, though Okta's own reference shows a number. """
    expires_in: int | Unset = UNSET
    """ Seconds from now until it expires. """
    interval: int | Unset = UNSET
    """ Push only. Seconds to wait between two polls at least. """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        challenge_type = self.challenge_type

        oob_code = self.oob_code

        channel = self.channel

        binding_method = self.binding_method

        binding_code = self.binding_code

        expires_in = self.expires_in

        interval = self.interval

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if challenge_type is not UNSET:
            field_dict["challenge_type"] = challenge_type
        if oob_code is not UNSET:
            field_dict["oob_code"] = oob_code
        if channel is not UNSET:
            field_dict["channel"] = channel
        if binding_method is not UNSET:
            field_dict["binding_method"] = binding_method
        if binding_code is not UNSET:
            field_dict["binding_code"] = binding_code
        if expires_in is not UNSET:
            field_dict["expires_in"] = expires_in
        if interval is not UNSET:
            field_dict["interval"] = interval

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        challenge_type = d.pop("challenge_type", UNSET)

        oob_code = d.pop("oob_code", UNSET)

        channel = d.pop("channel", UNSET)

        binding_method = d.pop("binding_method", UNSET)

        binding_code = d.pop("binding_code", UNSET)

        expires_in = d.pop("expires_in", UNSET)

        interval = d.pop("interval", UNSET)

        challenge = cls(
            challenge_type=challenge_type,
            oob_code=oob_code,
            channel=channel,
            binding_method=binding_method,
            binding_code=binding_code,
            expires_in=expires_in,
            interval=interval,
        )

        challenge.additional_properties = d
        return challenge

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
