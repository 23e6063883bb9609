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

T = TypeVar("T", bound="BackchannelAuthorizeRequest")


@_attrs_define
class BackchannelAuthorizeRequest:
    """Whom to ask (OpenID Connect CIBA Core 1.0 section 7.1), by one hint and one only. Poll mode."""

    scope: str
    """ Scopes asked for, separated by spaces, `openid` among them. """
    login_hint: str | Unset = UNSET
    """ The user's login. Not beside `id_token_hint`. """
    id_token_hint: str | Unset = UNSET
    """ An ID token of the user, issued to this client. Not beside `login_hint`. """
    binding_message: str | Unset = UNSET
    """ What the user is shown, to tell this request from others. """
    request_expiry: int | Unset = UNSET
    """ Seconds the user has to answer. Okta's list of errors calls it `requested_expiry`. """
    request: str | Unset = UNSET
    """ The parameters as a JWT signed by the client, instead of the others (CIBA section 7.1.1). """
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
        scope = self.scope

        login_hint = self.login_hint

        id_token_hint = self.id_token_hint

        binding_message = self.binding_message

        request_expiry = self.request_expiry

        request = self.request

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
                "scope": scope,
            }
        )
        if login_hint is not UNSET:
            field_dict["login_hint"] = login_hint
        if id_token_hint is not UNSET:
            field_dict["id_token_hint"] = id_token_hint
        if binding_message is not UNSET:
            field_dict["binding_message"] = binding_message
        if request_expiry is not UNSET:
            field_dict["request_expiry"] = request_expiry
        if request is not UNSET:
            field_dict["request"] = request
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
        scope = d.pop("scope")

        login_hint = d.pop("login_hint", UNSET)

        id_token_hint = d.pop("id_token_hint", UNSET)

        binding_message = d.pop("binding_message", UNSET)

        request_expiry = d.pop("request_expiry", UNSET)

        request = d.pop("request", UNSET)

        client_id = d.pop("client_id", UNSET)

        client_secret = d.pop("client_secret", UNSET)

        _client_assertion_type = d.pop("client_assertion_type", UNSET)
        client_assertion_type: ClientAssertionType | Unset
        if isinstance(_client_assertion_type, Unset):
            client_assertion_type = UNSET
        else:
            client_assertion_type = check_client_assertion_type(_client_assertion_type)

        client_assertion = d.pop("client_assertion", UNSET)

        backchannel_authorize_request = cls(
            scope=scope,
            login_hint=login_hint,
            id_token_hint=id_token_hint,
            binding_message=binding_message,
            request_expiry=request_expiry,
            request=request,
            client_id=client_id,
            client_secret=client_secret,
            client_assertion_type=client_assertion_type,
            client_assertion=client_assertion,
        )

        backchannel_authorize_request.additional_properties = d
        return backchannel_authorize_request

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
