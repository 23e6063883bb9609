# Generated from openapi/okta-oauth.yaml by `nox -s generate`: edit that document instead.
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="OAuthErrorBody")


@_attrs_define
class OAuthErrorBody:
    """An error of the OAuth layer (RFC 6749 section 5.2). Okta may add members."""

    error: str
    """ The error code. """
    error_description: str | Unset = UNSET
    """ For a developer to read. The wording changes; do not match on it. """
    error_uri: str | Unset = UNSET
    """ Address of a page on the error. """
    mfa_token: str | Unset = UNSET
    """ With `mfa_required`, the token to send with the second factor. """
    supported_challenge_types: list[str] | Unset = UNSET
    """ With `mfa_required`, the grant types of the second factors on offer. """
    interaction_uri: str | Unset = UNSET
    """ With `interaction_required`, where the user gives consent. """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        error = self.error

        error_description = self.error_description

        error_uri = self.error_uri

        mfa_token = self.mfa_token

        supported_challenge_types: list[str] | Unset = UNSET
        if not isinstance(self.supported_challenge_types, Unset):
            supported_challenge_types = self.supported_challenge_types

        interaction_uri = self.interaction_uri

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "error": error,
            }
        )
        if error_description is not UNSET:
            field_dict["error_description"] = error_description
        if error_uri is not UNSET:
            field_dict["error_uri"] = error_uri
        if mfa_token is not UNSET:
            field_dict["mfa_token"] = mfa_token
        if supported_challenge_types is not UNSET:
            field_dict["supported_challenge_types"] = supported_challenge_types
        if interaction_uri is not UNSET:
            field_dict["interaction_uri"] = interaction_uri

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        error = d.pop("error")

        error_description = d.pop("error_description", UNSET)

        error_uri = d.pop("error_uri", UNSET)

        mfa_token = d.pop("mfa_token", UNSET)

        supported_challenge_types = cast(list[str], d.pop("supported_challenge_types", UNSET))

        interaction_uri = d.pop("interaction_uri", UNSET)

        oauth_error_body = cls(
            error=error,
            error_description=error_description,
            error_uri=error_uri,
            mfa_token=mfa_token,
            supported_challenge_types=supported_challenge_types,
            interaction_uri=interaction_uri,
        )

        oauth_error_body.additional_properties = d
        return oauth_error_body

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
