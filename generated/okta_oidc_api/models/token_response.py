# Generated from openapi/okta-oauth.yaml by `nox -s generate`: edit that document instead.
from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.service_account import ServiceAccount
    from ..models.vaulted_secret import VaultedSecret


T = TypeVar("T", bound="TokenResponse")


@_attrs_define
class TokenResponse:
    """What a grant was exchanged for (RFC 6749 section 5.1, OpenID Connect Core 1.0 section 3.1.3.3). Only `token_type` is
    certain, for an exchange can bring a secret instead of a token. Okta may add members.

    """

    token_type: str
    """ How the access token is presented: `Bearer`, `DPoP`, or `N_A` if it is not for presenting at all. Upper and
    lower case mean the same. """
    expires_in: int | Unset = UNSET
    """ Seconds the access token lives, counted from its issue. 0 beside a mere proof of a second factor. """
    access_token: None | str | Unset = UNSET
    """ The access token. Absent if a secret was asked for, null beside a mere proof of a second factor. """
    scope: str | Unset = UNSET
    """ Scopes granted, separated by spaces, in any order. Absent where scopes play no part. """
    refresh_token: str | Unset = UNSET
    """ Refresh token to use from now on, if `offline_access` was granted. Where a refresh brings none, the old one
    stays. """
    id_token: str | Unset = UNSET
    """ ID token, a signed and possibly encrypted JWT, if `openid` was granted. """
    device_secret: str | Unset = UNSET
    """ Device secret for Native SSO, in base64, if `device_sso` was granted. """
    issued_token_type: str | Unset = UNSET
    """ Token type of what a token exchange gave, a URN (RFC 8693 section 2.2.1). """
    service_account: ServiceAccount | Unset = UNSET
    """ Credentials of a service account, from a token exchange at the org authorization server. """
    vaulted_secret: VaultedSecret | Unset = UNSET
    """ A secret kept by Okta, name by name, from a token exchange at the org authorization server. """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        token_type = self.token_type

        expires_in = self.expires_in

        access_token: None | str | Unset
        if isinstance(self.access_token, Unset):
            access_token = UNSET
        else:
            access_token = self.access_token

        scope = self.scope

        refresh_token = self.refresh_token

        id_token = self.id_token

        device_secret = self.device_secret

        issued_token_type = self.issued_token_type

        service_account: dict[str, Any] | Unset = UNSET
        if not isinstance(self.service_account, Unset):
            service_account = self.service_account.to_dict()

        vaulted_secret: dict[str, Any] | Unset = UNSET
        if not isinstance(self.vaulted_secret, Unset):
            vaulted_secret = self.vaulted_secret.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "token_type": token_type,
            }
        )
        if expires_in is not UNSET:
            field_dict["expires_in"] = expires_in
        if access_token is not UNSET:
            field_dict["access_token"] = access_token
        if scope is not UNSET:
            field_dict["scope"] = scope
        if refresh_token is not UNSET:
            field_dict["refresh_token"] = refresh_token
        if id_token is not UNSET:
            field_dict["id_token"] = id_token
        if device_secret is not UNSET:
            field_dict["device_secret"] = device_secret
        if issued_token_type is not UNSET:
            field_dict["issued_token_type"] = issued_token_type
        if service_account is not UNSET:
            field_dict["service_account"] = service_account
        if vaulted_secret is not UNSET:
            field_dict["vaulted_secret"] = vaulted_secret

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.service_account import ServiceAccount  # noqa: PLC0415
        from ..models.vaulted_secret import VaultedSecret  # noqa: PLC0415

        d = dict(src_dict)
        token_type = d.pop("token_type")

        expires_in = d.pop("expires_in", UNSET)

        def _parse_access_token(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        access_token = _parse_access_token(d.pop("access_token", UNSET))

        scope = d.pop("scope", UNSET)

        refresh_token = d.pop("refresh_token", UNSET)

        id_token = d.pop("id_token", UNSET)

        device_secret = d.pop("device_secret", UNSET)

        issued_token_type = d.pop("issued_token_type", UNSET)

        _service_account = d.pop("service_account", UNSET)
        service_account: ServiceAccount | Unset
        if isinstance(_service_account, Unset):
            service_account = UNSET
        else:
            service_account = ServiceAccount.from_dict(_service_account)

        _vaulted_secret = d.pop("vaulted_secret", UNSET)
        vaulted_secret: VaultedSecret | Unset
        if isinstance(_vaulted_secret, Unset):
            vaulted_secret = UNSET
        else:
            vaulted_secret = VaultedSecret.from_dict(_vaulted_secret)

        token_response = cls(
            token_type=token_type,
            expires_in=expires_in,
            access_token=access_token,
            scope=scope,
            refresh_token=refresh_token,
            id_token=id_token,
            device_secret=device_secret,
            issued_token_type=issued_token_type,
            service_account=service_account,
            vaulted_secret=vaulted_secret,
        )

        token_response.additional_properties = d
        return token_response

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
