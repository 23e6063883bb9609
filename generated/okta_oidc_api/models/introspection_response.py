# Generated from openapi/okta-oauth.yaml by `nox -s generate`: edit that document instead.
from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.actor import Actor
    from ..models.confirmation import Confirmation


T = TypeVar("T", bound="IntrospectionResponse")


@_attrs_define
class IntrospectionResponse:
    """What is known of a token (RFC 7662 section 2.2). Only `active` is certain, and an inactive token has nothing else.
    Custom claims stand beside the members listed here, under any name and of any JSON type.

    """

    active: bool
    """ Whether the token may be used now. False without reason given: expired, revoked, unknown, malformed, of
    another server, of a suspended user, or not the caller's to see. """
    token_type: str | Unset = UNSET
    """ `Bearer` for most tokens; a key-bound access token or a device secret has another value. """
    scope: str | Unset = UNSET
    """ Scopes of the token, separated by spaces. """
    client_id: str | Unset = UNSET
    """ Client the token was issued to. """
    username: str | Unset = UNSET
    """ Login of the user the token stands for. """
    exp: int | Unset = UNSET
    """ When the token expires, in seconds since the Unix epoch. """
    iat: int | Unset = UNSET
    """ When the token was issued, in seconds since the Unix epoch. """
    nbf: int | Unset = UNSET
    """ When the token begins to be good, in seconds since the Unix epoch. Rare. """
    sub: str | Unset = UNSET
    """ Subject: the user's login in an access or refresh token, the user's id in an ID token, the client's id in a
    service's token. """
    aud: list[str] | str | Unset = UNSET
    """ Audience of the token, one or several. """
    iss: str | Unset = UNSET
    """ Issuer of the token, the URL of its authorization server. """
    jti: str | Unset = UNSET
    """ Id of the token. `AT.` begins an access token's, `ID.` an ID token's. """
    uid: str | Unset = UNSET
    """ Okta's id of the user. Absent where the token stands for a client. """
    device_id: str | Unset = UNSET
    """ Id of the device the token is bound to. """
    sid: str | Unset = UNSET
    """ Session of a device secret, the same as its ID token's `sid`. """
    auth_time: int | Unset = UNSET
    """ ID token only. When the user signed in, in seconds since the Unix epoch. """
    amr: list[str] | Unset = UNSET
    """ ID token only. How the user signed in (RFC 8176). """
    idp: str | Unset = UNSET
    """ ID token only. Id of the identity provider, or of the org. """
    nonce: str | Unset = UNSET
    """ ID token only. The nonce of the authorization request. """
    at_hash: str | Unset = UNSET
    """ ID token only. Hash that ties an access token to it (OpenID Connect Core 1.0 section 3.1.3.6). """
    preferred_username: str | Unset = UNSET
    """ ID token only. The user's login. """
    cnf: Confirmation | Unset = UNSET
    """ Key a token is bound to (RFC 7800 section 3.1). """
    act: Actor | Unset = UNSET
    """ Who acts for the subject (RFC 8693 section 4.1). """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        active = self.active

        token_type = self.token_type

        scope = self.scope

        client_id = self.client_id

        username = self.username

        exp = self.exp

        iat = self.iat

        nbf = self.nbf

        sub = self.sub

        aud: list[str] | str | Unset
        if isinstance(self.aud, Unset):
            aud = UNSET
        elif isinstance(self.aud, list):
            aud = self.aud

        else:
            aud = self.aud

        iss = self.iss

        jti = self.jti

        uid = self.uid

        device_id = self.device_id

        sid = self.sid

        auth_time = self.auth_time

        amr: list[str] | Unset = UNSET
        if not isinstance(self.amr, Unset):
            amr = self.amr

        idp = self.idp

        nonce = self.nonce

        at_hash = self.at_hash

        preferred_username = self.preferred_username

        cnf: dict[str, Any] | Unset = UNSET
        if not isinstance(self.cnf, Unset):
            cnf = self.cnf.to_dict()

        act: dict[str, Any] | Unset = UNSET
        if not isinstance(self.act, Unset):
            act = self.act.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "active": active,
            }
        )
        if token_type is not UNSET:
            field_dict["token_type"] = token_type
        if scope is not UNSET:
            field_dict["scope"] = scope
        if client_id is not UNSET:
            field_dict["client_id"] = client_id
        if username is not UNSET:
            field_dict["username"] = username
        if exp is not UNSET:
            field_dict["exp"] = exp
        if iat is not UNSET:
            field_dict["iat"] = iat
        if nbf is not UNSET:
            field_dict["nbf"] = nbf
        if sub is not UNSET:
            field_dict["sub"] = sub
        if aud is not UNSET:
            field_dict["aud"] = aud
        if iss is not UNSET:
            field_dict["iss"] = iss
        if jti is not UNSET:
            field_dict["jti"] = jti
        if uid is not UNSET:
            field_dict["uid"] = uid
        if device_id is not UNSET:
            field_dict["device_id"] = device_id
        if sid is not UNSET:
            field_dict["sid"] = sid
        if auth_time is not UNSET:
            field_dict["auth_time"] = auth_time
        if amr is not UNSET:
            field_dict["amr"] = amr
        if idp is not UNSET:
            field_dict["idp"] = idp
        if nonce is not UNSET:
            field_dict["nonce"] = nonce
        if at_hash is not UNSET:
            field_dict["at_hash"] = at_hash
        if preferred_username is not UNSET:
            field_dict["preferred_username"] = preferred_username
        if cnf is not UNSET:
            field_dict["cnf"] = cnf
        if act is not UNSET:
            field_dict["act"] = act

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.actor import Actor  # noqa: PLC0415
        from ..models.confirmation import Confirmation  # noqa: PLC0415

        d = dict(src_dict)
        active = d.pop("active")

        token_type = d.pop("token_type", UNSET)

        scope = d.pop("scope", UNSET)

        client_id = d.pop("client_id", UNSET)

        username = d.pop("username", UNSET)

        exp = d.pop("exp", UNSET)

        iat = d.pop("iat", UNSET)

        nbf = d.pop("nbf", UNSET)

        sub = d.pop("sub", UNSET)

        def _parse_aud(data: object) -> list[str] | str | Unset:
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                aud_type_1 = cast(list[str], data)

                return aud_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[str] | str | Unset, data)

        aud = _parse_aud(d.pop("aud", UNSET))

        iss = d.pop("iss", UNSET)

        jti = d.pop("jti", UNSET)

        uid = d.pop("uid", UNSET)

        device_id = d.pop("device_id", UNSET)

        sid = d.pop("sid", UNSET)

        auth_time = d.pop("auth_time", UNSET)

        amr = cast(list[str], d.pop("amr", UNSET))

        idp = d.pop("idp", UNSET)

        nonce = d.pop("nonce", UNSET)

        at_hash = d.pop("at_hash", UNSET)

        preferred_username = d.pop("preferred_username", UNSET)

        _cnf = d.pop("cnf", UNSET)
        cnf: Confirmation | Unset
        if isinstance(_cnf, Unset):
            cnf = UNSET
        else:
            cnf = Confirmation.from_dict(_cnf)

        _act = d.pop("act", UNSET)
        act: Actor | Unset
        if isinstance(_act, Unset):
            act = UNSET
        else:
            act = Actor.from_dict(_act)

        introspection_response = cls(
            active=active,
            token_type=token_type,
            scope=scope,
            client_id=client_id,
            username=username,
            exp=exp,
            iat=iat,
            nbf=nbf,
            sub=sub,
            aud=aud,
            iss=iss,
            jti=jti,
            uid=uid,
            device_id=device_id,
            sid=sid,
            auth_time=auth_time,
            amr=amr,
            idp=idp,
            nonce=nonce,
            at_hash=at_hash,
            preferred_username=preferred_username,
            cnf=cnf,
            act=act,
        )

        introspection_response.additional_properties = d
        return introspection_response

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
