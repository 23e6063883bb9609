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
from ..models.code_challenge_method import (
    CodeChallengeMethod,
    check_code_challenge_method,
)
from ..types import UNSET, Unset

T = TypeVar("T", bound="PushedAuthorizationRequest")


@_attrs_define
class PushedAuthorizationRequest:
    """An authorization request (RFC 6749 section 4.1.1, OpenID Connect Core 1.0 section 3.1.2.1), pushed (RFC 9126 section
    2.1). These are the parameters of the authorization endpoint too, which alone takes `request_uri`.

    """

    client_id: str
    """ Id of the application, sent whatever way the client authenticates. """
    response_type: str
    """ What to bring back: `code`, or a combination of `code`, `token` and `id_token`, separated by spaces. """
    redirect_uri: str
    """ Where the browser is sent back to, registered for the application to the last character. """
    scope: str | Unset = UNSET
    """ Scopes asked for, separated by spaces; `openid` for an ID token, `offline_access` for a refresh token. """
    state: str | Unset = UNSET
    """ Comes back to the redirect URI unchanged and ties the answer to this request. Okta takes letters, digits,
    commas, periods, underscores and hyphens. """
    nonce: str | Unset = UNSET
    """ Comes back in the ID token and ties it to this request. """
    code_challenge: str | Unset = UNSET
    """ SHA-256 hash of the code verifier, in base64url without padding (RFC 7636 section 4.2). """
    code_challenge_method: CodeChallengeMethod | Unset = UNSET
    """ How the code challenge was made from the code verifier. Okta refuses `plain`. """
    prompt: str | Unset = UNSET
    """ `none` shows no page, `login` asks for credentials again, `consent` for consent; `login consent` and
    `enroll_authenticator` are Okta's own. """
    login_hint: str | Unset = UNSET
    """ Login to fill in for the user. """
    max_age: int | Unset = UNSET
    """ Seconds since the user last signed in, after which Okta asks for credentials again. """
    acr_values: str | Unset = UNSET
    """ Assurance wanted, as one of Okta's authentication context class references. """
    enroll_amr_values: str | Unset = UNSET
    """ Authenticators to enroll, separated by spaces, with `prompt` of `enroll_authenticator`. """
    idp: str | Unset = UNSET
    """ Id of the identity provider to send a user without session to. """
    idp_scope: str | Unset = UNSET
    """ Scopes to ask of that identity provider, separated by spaces. """
    display: str | Unset = UNSET
    """ How that identity provider should show its pages. """
    response_mode: str | Unset = UNSET
    """ How the answer comes back: `query` (the default of `code`), `fragment`, `form_post` or `okta_post_message`.
    """
    session_token: str | Unset = UNSET
    """ One-time session token of Okta's own authentication API. """
    request: str | Unset = UNSET
    """ The parameters as a JWT signed by the client, instead of the others (RFC 9126 section 3). """
    dpop_jkt: str | Unset = UNSET
    """ Thumbprint of the DPoP key that the code is to be bound to (RFC 9449 section 10). Left out beside a proof.
    """
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
        client_id = self.client_id

        response_type = self.response_type

        redirect_uri = self.redirect_uri

        scope = self.scope

        state = self.state

        nonce = self.nonce

        code_challenge = self.code_challenge

        code_challenge_method: str | Unset = UNSET
        if not isinstance(self.code_challenge_method, Unset):
            code_challenge_method = self.code_challenge_method

        prompt = self.prompt

        login_hint = self.login_hint

        max_age = self.max_age

        acr_values = self.acr_values

        enroll_amr_values = self.enroll_amr_values

        idp = self.idp

        idp_scope = self.idp_scope

        display = self.display

        response_mode = self.response_mode

        session_token = self.session_token

        request = self.request

        dpop_jkt = self.dpop_jkt

        client_secret = self.client_secret

        client_assertion_type: str | Unset = UNSET
        if not isinstance(self.client_assertion_type, Unset):
            client_assertion_type = self.client_assertion_type

        client_assertion = self.client_assertion

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "client_id": client_id,
                "response_type": response_type,
                "redirect_uri": redirect_uri,
            }
        )
        if scope is not UNSET:
            field_dict["scope"] = scope
        if state is not UNSET:
            field_dict["state"] = state
        if nonce is not UNSET:
            field_dict["nonce"] = nonce
        if code_challenge is not UNSET:
            field_dict["code_challenge"] = code_challenge
        if code_challenge_method is not UNSET:
            field_dict["code_challenge_method"] = code_challenge_method
        if prompt is not UNSET:
            field_dict["prompt"] = prompt
        if login_hint is not UNSET:
            field_dict["login_hint"] = login_hint
        if max_age is not UNSET:
            field_dict["max_age"] = max_age
        if acr_values is not UNSET:
            field_dict["acr_values"] = acr_values
        if enroll_amr_values is not UNSET:
            field_dict["enroll_amr_values"] = enroll_amr_values
        if idp is not UNSET:
            field_dict["idp"] = idp
        if idp_scope is not UNSET:
            field_dict["idp_scope"] = idp_scope
        if display is not UNSET:
            field_dict["display"] = display
        if response_mode is not UNSET:
            field_dict["response_mode"] = response_mode
        if session_token is not UNSET:
            field_dict["sessionToken"] = session_token
        if request is not UNSET:
            field_dict["request"] = request
        if dpop_jkt is not UNSET:
            field_dict["dpop_jkt"] = dpop_jkt
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
        client_id = d.pop("client_id")

        response_type = d.pop("response_type")

        redirect_uri = d.pop("redirect_uri")

        scope = d.pop("scope", UNSET)

        state = d.pop("state", UNSET)

        nonce = d.pop("nonce", UNSET)

        code_challenge = d.pop("code_challenge", UNSET)

        _code_challenge_method = d.pop("code_challenge_method", UNSET)
        code_challenge_method: CodeChallengeMethod | Unset
        if isinstance(_code_challenge_method, Unset):
            code_challenge_method = UNSET
        else:
            code_challenge_method = check_code_challenge_method(_code_challenge_method)

        prompt = d.pop("prompt", UNSET)

        login_hint = d.pop("login_hint", UNSET)

        max_age = d.pop("max_age", UNSET)

        acr_values = d.pop("acr_values", UNSET)

        enroll_amr_values = d.pop("enroll_amr_values", UNSET)

        idp = d.pop("idp", UNSET)

        idp_scope = d.pop("idp_scope", UNSET)

        display = d.pop("display", UNSET)

        response_mode = d.pop("response_mode", UNSET)

        session_token = d.pop("sessionToken", UNSET)

        request = d.pop("request", UNSET)

        dpop_jkt = d.pop("dpop_jkt", UNSET)

        client_secret = d.pop("client_secret", UNSET)

        _client_assertion_type = d.pop("client_assertion_type", UNSET)
        client_assertion_type: ClientAssertionType | Unset
        if isinstance(_client_assertion_type, Unset):
            client_assertion_type = UNSET
        else:
            client_assertion_type = check_client_assertion_type(_client_assertion_type)

        client_assertion = d.pop("client_assertion", UNSET)

        pushed_authorization_request = cls(
            client_id=client_id,
            response_type=response_type,
            redirect_uri=redirect_uri,
            scope=scope,
            state=state,
            nonce=nonce,
            code_challenge=code_challenge,
            code_challenge_method=code_challenge_method,
            prompt=prompt,
            login_hint=login_hint,
            max_age=max_age,
            acr_values=acr_values,
            enroll_amr_values=enroll_amr_values,
            idp=idp,
            idp_scope=idp_scope,
            display=display,
            response_mode=response_mode,
            session_token=session_token,
            request=request,
            dpop_jkt=dpop_jkt,
            client_secret=client_secret,
            client_assertion_type=client_assertion_type,
            client_assertion=client_assertion,
        )

        pushed_authorization_request.additional_properties = d
        return pushed_authorization_request

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
