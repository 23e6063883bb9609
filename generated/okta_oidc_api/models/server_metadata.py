# Generated from openapi/okta-oauth.yaml by `nox -s generate`: edit that document instead.
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="ServerMetadata")


@_attrs_define
class ServerMetadata:
    """What an authorization server can do, and where (RFC 8414 section 2, OpenID Connect Discovery 1.0 section 3). One
    schema for both documents; only `issuer` is certain. Its lists tell what may be there, not all there is, and Okta
    adds members.

    """

    issuer: str
    """ The issuer, exactly as `iss` of its tokens has it. """
    authorization_endpoint: str | Unset = UNSET
    """ Where the browser is sent to sign in. """
    token_endpoint: str | Unset = UNSET
    """ Token endpoint. """
    jwks_uri: str | Unset = UNSET
    """ Where the public keys are. """
    userinfo_endpoint: str | Unset = UNSET
    """ Userinfo endpoint. OpenID Connect metadata only. """
    registration_endpoint: str | Unset = UNSET
    """ Where applications are registered (RFC 7591). An administrator's business. """
    introspection_endpoint: str | Unset = UNSET
    """ Introspection endpoint. """
    revocation_endpoint: str | Unset = UNSET
    """ Revocation endpoint. """
    end_session_endpoint: str | Unset = UNSET
    """ Where the browser is sent to sign out. """
    device_authorization_endpoint: str | Unset = UNSET
    """ Where a device starts a sign-in. """
    pushed_authorization_request_endpoint: str | Unset = UNSET
    """ Where authorization requests are pushed. """
    backchannel_authentication_endpoint: str | Unset = UNSET
    """ Where a backchannel sign-in starts. """
    response_types_supported: list[str] | Unset = UNSET
    """ Response types of the authorization endpoint. """
    response_modes_supported: list[str] | Unset = UNSET
    """ Response modes of the authorization endpoint. """
    grant_types_supported: list[str] | Unset = UNSET
    """ Grant types of the token endpoint. Okta does not list all that it takes. """
    subject_types_supported: list[str] | Unset = UNSET
    """ Kinds of subject identifier. """
    scopes_supported: list[str] | Unset = UNSET
    """ Scopes. Those of a custom authorization server's own making are not all listed. """
    claims_supported: list[str] | Unset = UNSET
    """ Claims. Custom claims are not all listed. """
    code_challenge_methods_supported: list[str] | Unset = UNSET
    """ Ways of PKCE. """
    token_endpoint_auth_methods_supported: list[str] | Unset = UNSET
    """ Ways of client authentication at the token endpoint. """
    introspection_endpoint_auth_methods_supported: list[str] | Unset = UNSET
    """ Ways of client authentication at the introspection endpoint. """
    revocation_endpoint_auth_methods_supported: list[str] | Unset = UNSET
    """ Ways of client authentication at the revocation endpoint. """
    id_token_signing_alg_values_supported: list[str] | Unset = UNSET
    """ Algorithms that sign ID tokens. OpenID Connect metadata only. """
    id_token_encryption_alg_values_supported: list[str] | Unset = UNSET
    """ Algorithms that encrypt the key of ID tokens. OpenID Connect metadata only. """
    id_token_encryption_enc_values_supported: list[str] | Unset = UNSET
    """ Algorithms that encrypt ID tokens. OpenID Connect metadata only. """
    request_object_signing_alg_values_supported: list[str] | Unset = UNSET
    """ Algorithms that a client may sign authorization requests with. """
    backchannel_token_delivery_modes_supported: list[str] | Unset = UNSET
    """ Ways a backchannel sign-in ends. """
    backchannel_authentication_request_signing_alg_values_supported: list[str] | Unset = UNSET
    """ Algorithms that a client may sign backchannel requests with. """
    dpop_signing_alg_values_supported: list[str] | Unset = UNSET
    """ Algorithms that a client may sign DPoP proofs with. """
    request_parameter_supported: bool | Unset = UNSET
    """ Whether authorization requests may come as a signed JWT. """
    authorization_response_iss_parameter_supported: bool | Unset = UNSET
    """ Whether the redirect URI is given `iss` beside `code` (RFC 9207 section 3). Okta's reference does not list
    it. """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        issuer = self.issuer

        authorization_endpoint = self.authorization_endpoint

        token_endpoint = self.token_endpoint

        jwks_uri = self.jwks_uri

        userinfo_endpoint = self.userinfo_endpoint

        registration_endpoint = self.registration_endpoint

        introspection_endpoint = self.introspection_endpoint

        revocation_endpoint = self.revocation_endpoint

        end_session_endpoint = self.end_session_endpoint

        device_authorization_endpoint = self.device_authorization_endpoint

        pushed_authorization_request_endpoint = self.pushed_authorization_request_endpoint

        backchannel_authentication_endpoint = self.backchannel_authentication_endpoint

        response_types_supported: list[str] | Unset = UNSET
        if not isinstance(self.response_types_supported, Unset):
            response_types_supported = self.response_types_supported

        response_modes_supported: list[str] | Unset = UNSET
        if not isinstance(self.response_modes_supported, Unset):
            response_modes_supported = self.response_modes_supported

        grant_types_supported: list[str] | Unset = UNSET
        if not isinstance(self.grant_types_supported, Unset):
            grant_types_supported = self.grant_types_supported

        subject_types_supported: list[str] | Unset = UNSET
        if not isinstance(self.subject_types_supported, Unset):
            subject_types_supported = self.subject_types_supported

        scopes_supported: list[str] | Unset = UNSET
        if not isinstance(self.scopes_supported, Unset):
            scopes_supported = self.scopes_supported

        claims_supported: list[str] | Unset = UNSET
        if not isinstance(self.claims_supported, Unset):
            claims_supported = self.claims_supported

        code_challenge_methods_supported: list[str] | Unset = UNSET
        if not isinstance(self.code_challenge_methods_supported, Unset):
            code_challenge_methods_supported = self.code_challenge_methods_supported

        token_endpoint_auth_methods_supported: list[str] | Unset = UNSET
        if not isinstance(self.token_endpoint_auth_methods_supported, Unset):
            token_endpoint_auth_methods_supported = self.token_endpoint_auth_methods_supported

        introspection_endpoint_auth_methods_supported: list[str] | Unset = UNSET
        if not isinstance(self.introspection_endpoint_auth_methods_supported, Unset):
            introspection_endpoint_auth_methods_supported = (
                self.introspection_endpoint_auth_methods_supported
            )

        revocation_endpoint_auth_methods_supported: list[str] | Unset = UNSET
        if not isinstance(self.revocation_endpoint_auth_methods_supported, Unset):
            revocation_endpoint_auth_methods_supported = (
                self.revocation_endpoint_auth_methods_supported
            )

        id_token_signing_alg_values_supported: list[str] | Unset = UNSET
        if not isinstance(self.id_token_signing_alg_values_supported, Unset):
            id_token_signing_alg_values_supported = self.id_token_signing_alg_values_supported

        id_token_encryption_alg_values_supported: list[str] | Unset = UNSET
        if not isinstance(self.id_token_encryption_alg_values_supported, Unset):
            id_token_encryption_alg_values_supported = self.id_token_encryption_alg_values_supported

        id_token_encryption_enc_values_supported: list[str] | Unset = UNSET
        if not isinstance(self.id_token_encryption_enc_values_supported, Unset):
            id_token_encryption_enc_values_supported = self.id_token_encryption_enc_values_supported

        request_object_signing_alg_values_supported: list[str] | Unset = UNSET
        if not isinstance(self.request_object_signing_alg_values_supported, Unset):
            request_object_signing_alg_values_supported = (
                self.request_object_signing_alg_values_supported
            )

        backchannel_token_delivery_modes_supported: list[str] | Unset = UNSET
        if not isinstance(self.backchannel_token_delivery_modes_supported, Unset):
            backchannel_token_delivery_modes_supported = (
                self.backchannel_token_delivery_modes_supported
            )

        backchannel_authentication_request_signing_alg_values_supported: list[str] | Unset = UNSET
        if not isinstance(
            self.backchannel_authentication_request_signing_alg_values_supported, Unset
        ):
            backchannel_authentication_request_signing_alg_values_supported = (
                self.backchannel_authentication_request_signing_alg_values_supported
            )

        dpop_signing_alg_values_supported: list[str] | Unset = UNSET
        if not isinstance(self.dpop_signing_alg_values_supported, Unset):
            dpop_signing_alg_values_supported = self.dpop_signing_alg_values_supported

        request_parameter_supported = self.request_parameter_supported

        authorization_response_iss_parameter_supported = (
            self.authorization_response_iss_parameter_supported
        )

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "issuer": issuer,
            }
        )
        if authorization_endpoint is not UNSET:
            field_dict["authorization_endpoint"] = authorization_endpoint
        if token_endpoint is not UNSET:
            field_dict["token_endpoint"] = token_endpoint
        if jwks_uri is not UNSET:
            field_dict["jwks_uri"] = jwks_uri
        if userinfo_endpoint is not UNSET:
            field_dict["userinfo_endpoint"] = userinfo_endpoint
        if registration_endpoint is not UNSET:
            field_dict["registration_endpoint"] = registration_endpoint
        if introspection_endpoint is not UNSET:
            field_dict["introspection_endpoint"] = introspection_endpoint
        if revocation_endpoint is not UNSET:
            field_dict["revocation_endpoint"] = revocation_endpoint
        if end_session_endpoint is not UNSET:
            field_dict["end_session_endpoint"] = end_session_endpoint
        if device_authorization_endpoint is not UNSET:
            field_dict["device_authorization_endpoint"] = device_authorization_endpoint
        if pushed_authorization_request_endpoint is not UNSET:
            field_dict["pushed_authorization_request_endpoint"] = (
                pushed_authorization_request_endpoint
            )
        if backchannel_authentication_endpoint is not UNSET:
            field_dict["backchannel_authentication_endpoint"] = backchannel_authentication_endpoint
        if response_types_supported is not UNSET:
            field_dict["response_types_supported"] = response_types_supported
        if response_modes_supported is not UNSET:
            field_dict["response_modes_supported"] = response_modes_supported
        if grant_types_supported is not UNSET:
            field_dict["grant_types_supported"] = grant_types_supported
        if subject_types_supported is not UNSET:
            field_dict["subject_types_supported"] = subject_types_supported
        if scopes_supported is not UNSET:
            field_dict["scopes_supported"] = scopes_supported
        if claims_supported is not UNSET:
            field_dict["claims_supported"] = claims_supported
        if code_challenge_methods_supported is not UNSET:
            field_dict["code_challenge_methods_supported"] = code_challenge_methods_supported
        if token_endpoint_auth_methods_supported is not UNSET:
            field_dict["token_endpoint_auth_methods_supported"] = (
                token_endpoint_auth_methods_supported
            )
        if introspection_endpoint_auth_methods_supported is not UNSET:
            field_dict["introspection_endpoint_auth_methods_supported"] = (
                introspection_endpoint_auth_methods_supported
            )
        if revocation_endpoint_auth_methods_supported is not UNSET:
            field_dict["revocation_endpoint_auth_methods_supported"] = (
                revocation_endpoint_auth_methods_supported
            )
        if id_token_signing_alg_values_supported is not UNSET:
            field_dict["id_token_signing_alg_values_supported"] = (
                id_token_signing_alg_values_supported
            )
        if id_token_encryption_alg_values_supported is not UNSET:
            field_dict["id_token_encryption_alg_values_supported"] = (
                id_token_encryption_alg_values_supported
            )
        if id_token_encryption_enc_values_supported is not UNSET:
            field_dict["id_token_encryption_enc_values_supported"] = (
                id_token_encryption_enc_values_supported
            )
        if request_object_signing_alg_values_supported is not UNSET:
            field_dict["request_object_signing_alg_values_supported"] = (
                request_object_signing_alg_values_supported
            )
        if backchannel_token_delivery_modes_supported is not UNSET:
            field_dict["backchannel_token_delivery_modes_supported"] = (
                backchannel_token_delivery_modes_supported
            )
        if backchannel_authentication_request_signing_alg_values_supported is not UNSET:
            field_dict["backchannel_authentication_request_signing_alg_values_supported"] = (
                backchannel_authentication_request_signing_alg_values_supported
            )
        if dpop_signing_alg_values_supported is not UNSET:
            field_dict["dpop_signing_alg_values_supported"] = dpop_signing_alg_values_supported
        if request_parameter_supported is not UNSET:
            field_dict["request_parameter_supported"] = request_parameter_supported
        if authorization_response_iss_parameter_supported is not UNSET:
            field_dict["authorization_response_iss_parameter_supported"] = (
                authorization_response_iss_parameter_supported
            )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        issuer = d.pop("issuer")

        authorization_endpoint = d.pop("authorization_endpoint", UNSET)

        token_endpoint = d.pop("token_endpoint", UNSET)

        jwks_uri = d.pop("jwks_uri", UNSET)

        userinfo_endpoint = d.pop("userinfo_endpoint", UNSET)

        registration_endpoint = d.pop("registration_endpoint", UNSET)

        introspection_endpoint = d.pop("introspection_endpoint", UNSET)

        revocation_endpoint = d.pop("revocation_endpoint", UNSET)

        end_session_endpoint = d.pop("end_session_endpoint", UNSET)

        device_authorization_endpoint = d.pop("device_authorization_endpoint", UNSET)

        pushed_authorization_request_endpoint = d.pop(
            "pushed_authorization_request_endpoint", UNSET
        )

        backchannel_authentication_endpoint = d.pop("backchannel_authentication_endpoint", UNSET)

        response_types_supported = cast(list[str], d.pop("response_types_supported", UNSET))

        response_modes_supported = cast(list[str], d.pop("response_modes_supported", UNSET))

        grant_types_supported = cast(list[str], d.pop("grant_types_supported", UNSET))

        subject_types_supported = cast(list[str], d.pop("subject_types_supported", UNSET))

        scopes_supported = cast(list[str], d.pop("scopes_supported", UNSET))

        claims_supported = cast(list[str], d.pop("claims_supported", UNSET))

        code_challenge_methods_supported = cast(
            list[str], d.pop("code_challenge_methods_supported", UNSET)
        )

        token_endpoint_auth_methods_supported = cast(
            list[str], d.pop("token_endpoint_auth_methods_supported", UNSET)
        )

        introspection_endpoint_auth_methods_supported = cast(
            list[str], d.pop("introspection_endpoint_auth_methods_supported", UNSET)
        )

        revocation_endpoint_auth_methods_supported = cast(
            list[str], d.pop("revocation_endpoint_auth_methods_supported", UNSET)
        )

        id_token_signing_alg_values_supported = cast(
            list[str], d.pop("id_token_signing_alg_values_supported", UNSET)
        )

        id_token_encryption_alg_values_supported = cast(
            list[str], d.pop("id_token_encryption_alg_values_supported", UNSET)
        )

        id_token_encryption_enc_values_supported = cast(
            list[str], d.pop("id_token_encryption_enc_values_supported", UNSET)
        )

        request_object_signing_alg_values_supported = cast(
            list[str], d.pop("request_object_signing_alg_values_supported", UNSET)
        )

        backchannel_token_delivery_modes_supported = cast(
            list[str], d.pop("backchannel_token_delivery_modes_supported", UNSET)
        )

        backchannel_authentication_request_signing_alg_values_supported = cast(
            list[str],
            d.pop("backchannel_authentication_request_signing_alg_values_supported", UNSET),
        )

        dpop_signing_alg_values_supported = cast(
            list[str], d.pop("dpop_signing_alg_values_supported", UNSET)
        )

        request_parameter_supported = d.pop("request_parameter_supported", UNSET)

        authorization_response_iss_parameter_supported = d.pop(
            "authorization_response_iss_parameter_supported", UNSET
        )

        server_metadata = cls(
            issuer=issuer,
            authorization_endpoint=authorization_endpoint,
            token_endpoint=token_endpoint,
            jwks_uri=jwks_uri,
            userinfo_endpoint=userinfo_endpoint,
            registration_endpoint=registration_endpoint,
            introspection_endpoint=introspection_endpoint,
            revocation_endpoint=revocation_endpoint,
            end_session_endpoint=end_session_endpoint,
            device_authorization_endpoint=device_authorization_endpoint,
            pushed_authorization_request_endpoint=pushed_authorization_request_endpoint,
            backchannel_authentication_endpoint=backchannel_authentication_endpoint,
            response_types_supported=response_types_supported,
            response_modes_supported=response_modes_supported,
            grant_types_supported=grant_types_supported,
            subject_types_supported=subject_types_supported,
            scopes_supported=scopes_supported,
            claims_supported=claims_supported,
            code_challenge_methods_supported=code_challenge_methods_supported,
            token_endpoint_auth_methods_supported=token_endpoint_auth_methods_supported,
            introspection_endpoint_auth_methods_supported=introspection_endpoint_auth_methods_supported,
            revocation_endpoint_auth_methods_supported=revocation_endpoint_auth_methods_supported,
            id_token_signing_alg_values_supported=id_token_signing_alg_values_supported,
            id_token_encryption_alg_values_supported=id_token_encryption_alg_values_supported,
            id_token_encryption_enc_values_supported=id_token_encryption_enc_values_supported,
            request_object_signing_alg_values_supported=request_object_signing_alg_values_supported,
            backchannel_token_delivery_modes_supported=backchannel_token_delivery_modes_supported,
            backchannel_authentication_request_signing_alg_values_supported=backchannel_authentication_request_signing_alg_values_supported,
            dpop_signing_alg_values_supported=dpop_signing_alg_values_supported,
            request_parameter_supported=request_parameter_supported,
            authorization_response_iss_parameter_supported=authorization_response_iss_parameter_supported,
        )

        server_metadata.additional_properties = d
        return server_metadata

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
