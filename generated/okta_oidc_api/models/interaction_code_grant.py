# Generated from openapi/okta-oauth.yaml by `nox -s generate`: edit that document instead.
from __future__ import annotations

from collections.abc import Mapping
from typing import (
    Any,
    Literal,
    TypeVar,
    cast,
)

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.client_assertion_type import (
    ClientAssertionType,
    check_client_assertion_type,
)
from ..types import UNSET, Unset

T = TypeVar("T", bound="InteractionCodeGrant")


@_attrs_define
class InteractionCodeGrant:
    """Redeems the code an embedded sign-in ends with. Okta Identity Engine; Okta's own sign-in SDKs use it, with PKCE."""

    interaction_code: str
    """ The interaction code. """
    grant_type: Literal["interaction_code"] = "interaction_code"
    """ Names this grant. """
    code_verifier: str | Unset = UNSET
    """ PKCE verifier whose S256 challenge began the interaction (RFC 7636 section 4.5). """
    redirect_uri: str | Unset = UNSET
    """ The redirect URI the interaction was begun with. """
    client_id: str | Unset = UNSET
    """ Id of the application, for clients that authenticate in the form (`client_secret_post`) or not at all
    (`none`). Left out beside HTTP Basic and beside a client assertion. """
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
        grant_type = self.grant_type

        interaction_code = self.interaction_code

        code_verifier = self.code_verifier

        redirect_uri = self.redirect_uri

        client_id = self.client_id

        client_secret = self.client_secret

        client_assertion_type: str | Unset = UNSET
        if not isinstance(self.client_assertion_type, Unset):
            client_assertion_type = self.client_assertion_type

        client_assertion = self.client_assertion

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "grant_type": grant_type,
                "interaction_code": interaction_code,
            }
        )
        if code_verifier is not UNSET:
            field_dict["code_verifier"] = code_verifier
        if redirect_uri is not UNSET:
            field_dict["redirect_uri"] = redirect_uri
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
        grant_type = cast(Literal["interaction_code"], d.pop("grant_type"))
        if grant_type != "interaction_code":
            raise ValueError(f"grant_type must match const 'interaction_code', got '{grant_type}'")

        interaction_code = d.pop("interaction_code")

        code_verifier = d.pop("code_verifier", UNSET)

        redirect_uri = d.pop("redirect_uri", UNSET)

        client_id = d.pop("client_id", UNSET)

        client_secret = d.pop("client_secret", UNSET)

        _client_assertion_type = d.pop("client_assertion_type", UNSET)
        client_assertion_type: ClientAssertionType | Unset
        if isinstance(_client_assertion_type, Unset):
            client_assertion_type = UNSET
        else:
            client_assertion_type = check_client_assertion_type(_client_assertion_type)

        client_assertion = d.pop("client_assertion", UNSET)

        interaction_code_grant = cls(
            grant_type=grant_type,
            interaction_code=interaction_code,
            code_verifier=code_verifier,
            redirect_uri=redirect_uri,
            client_id=client_id,
            client_secret=client_secret,
            client_assertion_type=client_assertion_type,
            client_assertion=client_assertion,
        )

        interaction_code_grant.additional_properties = d
        return interaction_code_grant

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
