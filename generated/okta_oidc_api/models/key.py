# Generated from openapi/okta-oauth.yaml by `nox -s generate`: edit that document instead.
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="Key")


@_attrs_define
class Key:
    """A public key (RFC 7517 section 4). Choose by `kid`, and pass over a key that is not understood."""

    kty: str
    """ Type of the key. """
    kid: str | Unset = UNSET
    """ Id of the key, as in the header of what it signed. """
    use: str | Unset = UNSET
    """ What the key is for: `sig` or `enc`. """
    alg: str | Unset = UNSET
    """ Algorithm the key is for. """
    n: str | Unset = UNSET
    """ RSA only. Modulus, in base64url. """
    e: str | Unset = UNSET
    """ RSA only. Exponent, in base64url. """
    crv: str | Unset = UNSET
    """ EC only. Curve. """
    x: str | Unset = UNSET
    """ EC only. First coordinate, in base64url. """
    y: str | Unset = UNSET
    """ EC only. Second coordinate, in base64url. """
    status: str | Unset = UNSET
    """ Whether Okta signs with it. Rare. """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        kty = self.kty

        kid = self.kid

        use = self.use

        alg = self.alg

        n = self.n

        e = self.e

        crv = self.crv

        x = self.x

        y = self.y

        status = self.status

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "kty": kty,
            }
        )
        if kid is not UNSET:
            field_dict["kid"] = kid
        if use is not UNSET:
            field_dict["use"] = use
        if alg is not UNSET:
            field_dict["alg"] = alg
        if n is not UNSET:
            field_dict["n"] = n
        if e is not UNSET:
            field_dict["e"] = e
        if crv is not UNSET:
            field_dict["crv"] = crv
        if x is not UNSET:
            field_dict["x"] = x
        if y is not UNSET:
            field_dict["y"] = y
        if status is not UNSET:
            field_dict["status"] = status

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        kty = d.pop("kty")

        kid = d.pop("kid", UNSET)

        use = d.pop("use", UNSET)

        alg = d.pop("alg", UNSET)

        n = d.pop("n", UNSET)

        e = d.pop("e", UNSET)

        crv = d.pop("crv", UNSET)

        x = d.pop("x", UNSET)

        y = d.pop("y", UNSET)

        status = d.pop("status", UNSET)

        key = cls(
            kty=kty,
            kid=kid,
            use=use,
            alg=alg,
            n=n,
            e=e,
            crv=crv,
            x=x,
            y=y,
            status=status,
        )

        key.additional_properties = d
        return key

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
