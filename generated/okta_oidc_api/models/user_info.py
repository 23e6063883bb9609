# Generated from openapi/okta-oauth.yaml by `nox -s generate`: edit that document instead.
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="UserInfo")


@_attrs_define
class UserInfo:
    """Claims about a user (OpenID Connect Core 1.0 section 5.1). Only `sub` is certain, and it must be that of the ID
    token. Custom claims stand beside the members listed here, under any name and of any JSON type.

    """

    sub: str
    """ Okta's id of the user. """
    name: str | Unset = UNSET
    """ Scope `profile`. Full name. """
    given_name: str | Unset = UNSET
    """ Scope `profile`. First name. """
    middle_name: str | Unset = UNSET
    """ Scope `profile`. Middle name. """
    family_name: str | Unset = UNSET
    """ Scope `profile`. Last name. """
    nickname: str | Unset = UNSET
    """ Scope `profile`. Nickname. """
    preferred_username: str | Unset = UNSET
    """ Scope `profile`. The user's login, which may change. """
    profile: str | Unset = UNSET
    """ Scope `profile`. Address of the user's profile page. """
    zoneinfo: str | Unset = UNSET
    """ Scope `profile`. Time zone. """
    locale: str | Unset = UNSET
    """ Scope `profile`. Language and region. """
    updated_at: int | Unset = UNSET
    """ Scope `profile`. When the profile was last changed, in seconds since the Unix epoch. """
    email: str | Unset = UNSET
    """ Scope `email`. Address of the user's mail. """
    email_verified: bool | Unset = UNSET
    """ Scope `email`. Whether Okta knows that it is the user's. """
    phone_number: str | Unset = UNSET
    """ Scope `phone`. Telephone number. """
    groups: list[str] | Unset = UNSET
    """ Scope `groups`, or a claim that is set up. Names of groups. """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        sub = self.sub

        name = self.name

        given_name = self.given_name

        middle_name = self.middle_name

        family_name = self.family_name

        nickname = self.nickname

        preferred_username = self.preferred_username

        profile = self.profile

        zoneinfo = self.zoneinfo

        locale = self.locale

        updated_at = self.updated_at

        email = self.email

        email_verified = self.email_verified

        phone_number = self.phone_number

        groups: list[str] | Unset = UNSET
        if not isinstance(self.groups, Unset):
            groups = self.groups

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "sub": sub,
            }
        )
        if name is not UNSET:
            field_dict["name"] = name
        if given_name is not UNSET:
            field_dict["given_name"] = given_name
        if middle_name is not UNSET:
            field_dict["middle_name"] = middle_name
        if family_name is not UNSET:
            field_dict["family_name"] = family_name
        if nickname is not UNSET:
            field_dict["nickname"] = nickname
        if preferred_username is not UNSET:
            field_dict["preferred_username"] = preferred_username
        if profile is not UNSET:
            field_dict["profile"] = profile
        if zoneinfo is not UNSET:
            field_dict["zoneinfo"] = zoneinfo
        if locale is not UNSET:
            field_dict["locale"] = locale
        if updated_at is not UNSET:
            field_dict["updated_at"] = updated_at
        if email is not UNSET:
            field_dict["email"] = email
        if email_verified is not UNSET:
            field_dict["email_verified"] = email_verified
        if phone_number is not UNSET:
            field_dict["phone_number"] = phone_number
        if groups is not UNSET:
            field_dict["groups"] = groups

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        sub = d.pop("sub")

        name = d.pop("name", UNSET)

        given_name = d.pop("given_name", UNSET)

        middle_name = d.pop("middle_name", UNSET)

        family_name = d.pop("family_name", UNSET)

        nickname = d.pop("nickname", UNSET)

        preferred_username = d.pop("preferred_username", UNSET)

        profile = d.pop("profile", UNSET)

        zoneinfo = d.pop("zoneinfo", UNSET)

        locale = d.pop("locale", UNSET)

        updated_at = d.pop("updated_at", UNSET)

        email = d.pop("email", UNSET)

        email_verified = d.pop("email_verified", UNSET)

        phone_number = d.pop("phone_number", UNSET)

        groups = cast(list[str], d.pop("groups", UNSET))

        user_info = cls(
            sub=sub,
            name=name,
            given_name=given_name,
            middle_name=middle_name,
            family_name=family_name,
            nickname=nickname,
            preferred_username=preferred_username,
            profile=profile,
            zoneinfo=zoneinfo,
            locale=locale,
            updated_at=updated_at,
            email=email,
            email_verified=email_verified,
            phone_number=phone_number,
            groups=groups,
        )

        user_info.additional_properties = d
        return user_info

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
