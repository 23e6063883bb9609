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

T = TypeVar("T", bound="TokenExchangeGrant")


@_attrs_define
class TokenExchangeGrant:
    """Trades one token for another (RFC 8693 section 2.1). At a custom authorization server: an access token for a call on
    behalf of its user, or an ID token with a device secret for a sign-in without prompt (Native SSO). At the org
    authorization server: an ID token for an interclient token, an ID-JAG, a third party's token, a vaulted secret or a
    service account.

    """

    subject_token: str
    """ Token of the one on whose behalf the new token is asked for. """
    subject_token_type: str
    """ Token type of `subject_token`: `urn:ietf:params:oauth:token-type:` and one of `access_token`, `id_token`,
    `jwt`, `refresh_token`, `saml1`, `saml2`. """
    grant_type: Literal["urn:ietf:params:oauth:grant-type:token-exchange"] = (
        "urn:ietf:params:oauth:grant-type:token-exchange"
    )
    """ Names this grant. """
    actor_token: str | Unset = UNSET
    """ Token of the one who acts: the device secret for Native SSO, the access token for an interclient token.
    Always with `actor_token_type`. """
    actor_token_type: str | Unset = UNSET
    """ Token type of `actor_token`, a URN. The device secret's is spelt `urn:x-oath:params:oauth:token-type:device-
    secret`. """
    requested_token_type: str | Unset = UNSET
    """ Token type wanted; an access token if left out. `urn:okta:params:oauth:token-type:` and one of
    `interclient_token`, `oauth-sts`, `vaulted-secret`, `service-account`, or `urn:ietf:params:oauth:token-type:id-
    jag`. All but the interclient token exist at the org authorization server only. """
    audience: str | Unset = UNSET
    """ Whom the new token is for: the audience of the custom authorization server, the issuer an ID-JAG goes to, or
    `urn:okta:apps:` and a client id for an interclient token. Needed as a rule; `invalid_target` if unknown. """
    resource: str | Unset = UNSET
    """ Resource wanted, as an `orn:okta:` name or a resource indicator (RFC 8707 section 2). """
    scope: str | Unset = UNSET
    """ Scopes asked for, separated by spaces. Service applications are refused OpenID Connect scopes and
    `offline_access`. """
    auth_req_id: str | Unset = UNSET
    """ Id of a backchannel authentication request. Okta lists it and does not say what for. """
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

        subject_token = self.subject_token

        subject_token_type = self.subject_token_type

        actor_token = self.actor_token

        actor_token_type = self.actor_token_type

        requested_token_type = self.requested_token_type

        audience = self.audience

        resource = self.resource

        scope = self.scope

        auth_req_id = self.auth_req_id

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
                "subject_token": subject_token,
                "subject_token_type": subject_token_type,
            }
        )
        if actor_token is not UNSET:
            field_dict["actor_token"] = actor_token
        if actor_token_type is not UNSET:
            field_dict["actor_token_type"] = actor_token_type
        if requested_token_type is not UNSET:
            field_dict["requested_token_type"] = requested_token_type
        if audience is not UNSET:
            field_dict["audience"] = audience
        if resource is not UNSET:
            field_dict["resource"] = resource
        if scope is not UNSET:
            field_dict["scope"] = scope
        if auth_req_id is not UNSET:
            field_dict["auth_req_id"] = auth_req_id
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
        grant_type = cast(
            Literal["urn:ietf:params:oauth:grant-type:token-exchange"], d.pop("grant_type")
        )
        if grant_type != "urn:ietf:params:oauth:grant-type:token-exchange":
            raise ValueError(
                f"grant_type must match const 'urn:ietf:params:oauth:grant-type:token-exchange', got '{grant_type}'"
            )

        subject_token = d.pop("subject_token")

        subject_token_type = d.pop("subject_token_type")

        actor_token = d.pop("actor_token", UNSET)

        actor_token_type = d.pop("actor_token_type", UNSET)

        requested_token_type = d.pop("requested_token_type", UNSET)

        audience = d.pop("audience", UNSET)

        resource = d.pop("resource", UNSET)

        scope = d.pop("scope", UNSET)

        auth_req_id = d.pop("auth_req_id", UNSET)

        client_id = d.pop("client_id", UNSET)

        client_secret = d.pop("client_secret", UNSET)

        _client_assertion_type = d.pop("client_assertion_type", UNSET)
        client_assertion_type: ClientAssertionType | Unset
        if isinstance(_client_assertion_type, Unset):
            client_assertion_type = UNSET
        else:
            client_assertion_type = check_client_assertion_type(_client_assertion_type)

        client_assertion = d.pop("client_assertion", UNSET)

        token_exchange_grant = cls(
            grant_type=grant_type,
            subject_token=subject_token,
            subject_token_type=subject_token_type,
            actor_token=actor_token,
            actor_token_type=actor_token_type,
            requested_token_type=requested_token_type,
            audience=audience,
            resource=resource,
            scope=scope,
            auth_req_id=auth_req_id,
            client_id=client_id,
            client_secret=client_secret,
            client_assertion_type=client_assertion_type,
            client_assertion=client_assertion,
        )

        token_exchange_grant.additional_properties = d
        return token_exchange_grant

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
