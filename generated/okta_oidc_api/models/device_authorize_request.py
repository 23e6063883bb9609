# Generated from openapi/okta-oauth.yaml by `nox -s generate`: edit that document instead.
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.client_assertion_type import (
    ClientAssertionType,
    check_client_assertion_type,
)
from ..types import UNSET, Unset

T = TypeVar("T", bound="DeviceAuthorizeRequest")


@_attrs_define
class DeviceAuthorizeRequest:
    """What a device asks for (RFC 8628 section 3.1)."""

    scope: str | Unset = UNSET
    """ Scopes asked for, separated by spaces. """
    client_id: str | Unset = UNSET
    """ Id of the native application. Required, unless the client authenticates with HTTP Basic or an assertion. """
    client_secret: str | Unset = UNSET
    """ Secret of the application, for `client_secret_post` only (RFC 6749 section 2.3.1). """
    client_assertion_type: ClientAssertionType | Unset = UNSET
    """ Goes with `client_assertion` and has this one value (RFC 7523 section 2.2). """
    client_assertion: str | Unset = UNSET
    """ JWT signed by the client, for `client_secret_jwt` and `private_key_jwt` (RFC 7523 section 2.2). Its `aud` is
    the full URL of the endpoint called, its `exp` at most an hour ahead; with a `jti` it serves for one attempt.
    """
    additional_properties: dict[str, str] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        scope = self.scope

        client_id = self.client_id

        client_secret = self.client_secret

        client_assertion_type: str | Unset = UNSET
        if not isinstance(self.client_assertion_type, Unset):
            client_assertion_type = self.client_assertion_type

        client_assertion = self.client_assertion

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if scope is not UNSET:
            field_dict["scope"] = scope
        if client_id is not UNSET:
            field_dict["client_id"] = client_id
        if client_secret is not UNSET:
            field_dict["client_secret"] = client_secret
        if client_assertion_type is not UNSET:
            field_dict["client_assertion_type"] = client_assertion_type
        if client_assertion is not UNSET:
            field_dict["client_assertion"] = client_assertion

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        scope = d.pop("scope", UNSET)

        client_id = d.pop("client_id", UNSET)

        client_secret = d.pop("client_secret", UNSET)

        _client_assertion_type = d.pop("client_assertion_type", UNSET)
        client_assertion_type: ClientAssertionType | Unset
        if isinstance(_client_assertion_type, Unset):
            client_assertion_type = UNSET
        else:
            client_assertion_type = check_client_assertion_type(_client_assertion_type)

        client_assertion = d.pop("client_assertion", UNSET)

        device_authorize_request = cls(
            scope=scope,
            client_id=client_id,
            client_secret=client_secret,
            client_assertion_type=client_assertion_type,
            client_assertion=client_assertion,
        )

        device_authorize_request.additional_properties = d
        return device_authorize_request

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> str:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: str) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
