"""``token``: any grant, as a generated model or as a mapping."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import attrs
import pytest
from okta_oidc import ConfigurationError
from okta_oidc._models import fields_of
from okta_oidc._operations import grants
from okta_oidc_api import models
from okta_oidc_api.models import (
    AuthorizationCodeGrant,
    ClientCredentialsGrant,
    IntrospectRequest,
    OtpGrant,
    RefreshTokenGrant,
)
from okta_oidc_api.types import UNSET

from tests.support.faces import Face, Kind
from tests.support.samples import BASIC, CALLBACK, POST, TOKENS, answer
from tests.support.servers import Recorder, never

from .conftest import OpenOkta

GRANTS = tuple(grants().values())


def sample_of(grant: type[Any]) -> Any:
    """A grant with every required member, its value being its name."""
    fields = attrs.fields_dict(grant)
    return grant(**{name: name for name, field in fields.items() if field.default is attrs.NOTHING})


def test_every_generated_grant_is_known() -> None:
    generated = {
        value
        for name, value in vars(models).items()
        if name.endswith("Grant") and isinstance(value, type)
    }
    assert set(GRANTS) == generated
    # What is required of one is looked up by its name.
    assert len({attrs.fields_dict(grant)["grant_type"].default for grant in GRANTS}) == len(GRANTS)
    assert len(generated) >= 14


@pytest.mark.parametrize("grant", GRANTS, ids=lambda grant: grant.__name__)
def test_every_grant_is_sent_as_it_is(open_okta: OpenOkta, grant: type[Any]) -> None:
    handler = Recorder(answer(body=TOKENS))
    sample = sample_of(grant)

    open_okta(handler=handler).token(sample)

    form = dict(handler.form)
    assert form == dict(sample.to_dict())
    assert form["grant_type"] == attrs.fields_dict(grant)["grant_type"].default
    assert len(form) == len(handler.form)


@pytest.mark.parametrize("grant", GRANTS, ids=lambda grant: grant.__name__)
def test_every_required_member_is_checked_before_sending(kind: Kind, grant: type[Any]) -> None:
    fields = fields_of(grant).items()
    required = {name: field.name for name, field in fields if field.default is attrs.NOTHING}
    with Face(kind, handler=never) as okta:
        for name, attribute in required.items():
            for empty in ("", "  ", None):
                broken = attrs.evolve(sample_of(grant), **{attribute: empty})
                with pytest.raises(ConfigurationError, match=name):
                    okta.token(broken)
            mapping = sample_of(grant).to_dict()
            del mapping[name]
            with pytest.raises(ConfigurationError, match=name):
                okta.token(mapping)


def test_members_that_the_document_does_not_know_are_sent_too(open_okta: OpenOkta) -> None:
    handler = Recorder(answer(body=TOKENS))
    grant = ClientCredentialsGrant(scope="s")
    grant["new_member"] = "new"

    open_okta(handler=handler).token(grant)

    assert dict(handler.form) == {
        "grant_type": "client_credentials",
        "scope": "s",
        "new_member": "new",
    }


class Odd(Mapping[str, object]):
    def __getitem__(self, key: str) -> object:
        return {"grant_type": "urn:x", "a": "1"}[key]

    def __iter__(self) -> Iterator[str]:
        return iter(("grant_type", "a"))

    def __len__(self) -> int:
        return 2


ANY_MAPPING: list[Mapping[str, object]] = [
    {"grant_type": "urn:x", "a": "1"},
    OrderedDict(grant_type="urn:x", a="1"),
    MappingProxyType({"grant_type": "urn:x", "a": "1"}),
    Odd(),
]


@pytest.mark.parametrize("mapping", ANY_MAPPING, ids=lambda mapping: type(mapping).__name__)
def test_any_mapping(open_okta: OpenOkta, mapping: Mapping[str, object]) -> None:
    handler = Recorder(answer(body=TOKENS))
    open_okta(handler=handler).token(mapping)
    assert handler.form == [("grant_type", "urn:x"), ("a", "1")]


BAD_REQUESTS: dict[str, Any] = {
    "none": None,
    "text": "grant_type=authorization_code",
    "pairs": [("grant_type", "x")],
    "bytes": b"grant_type=x",
    "class": ClientCredentialsGrant,
    "another model": IntrospectRequest(token="t"),
    "empty": {},
    "no grant type": {"code": "c"},
    "empty grant type": {"grant_type": ""},
    "null grant type": {"grant_type": None},
    "blank grant type": {"grant_type": " "},
    "list of grant types": {"grant_type": ["client_credentials", "authorization_code"]},
    "name is no text": {"grant_type": "x", 5: "v"},
    "empty name": {"grant_type": "x", "": "v"},
    "surrogate name": {"grant_type": "x", "\ud800": "v"},
    "surrogate value": {"grant_type": "x", "a": "\ud800"},
    "bytes value": {"grant_type": "x", "a": b"v"},
    "dict value": {"grant_type": "x", "a": {"b": "c"}},
    "nested list": {"grant_type": "x", "a": [["v"]]},
    "set value": {"grant_type": "x", "a": {"v"}},
    "unset value": {"grant_type": "x", "a": UNSET},
    "code without redirect URI": {"grant_type": "authorization_code", "code": "c"},
    "empty refresh token": {"grant_type": "refresh_token", "refresh_token": ""},
    "empty verifier": {
        "grant_type": "authorization_code",
        "code": "planted-1",
        "redirect_uri": CALLBACK,
        "code_verifier": "",
    },
}


@pytest.mark.parametrize("case", BAD_REQUESTS)
def test_nothing_is_sent_for_a_request_that_cannot_be_right(kind: Kind, case: str) -> None:
    with Face(kind, handler=never) as okta, pytest.raises(ConfigurationError) as caught:
        okta.token(BAD_REQUESTS[case])
    assert isinstance(caught.value, ValueError)
    assert "planted" not in f"{caught.value!r}"


@pytest.mark.parametrize(
    "name", ["client_id", "client_secret", "client_assertion", "client_assertion_type"]
)
@pytest.mark.parametrize("auth", [BASIC, POST], ids=["basic", "post"])
def test_credentials_are_for_the_auth_object_to_send(kind: Kind, name: str, auth: Any) -> None:
    with Face(kind, auth=auth, handler=never) as okta:
        for request in (
            {"grant_type": "client_credentials", name: "planted-1"},
            {"grant_type": "client_credentials", name: ""},
        ):
            with pytest.raises(ConfigurationError, match=name) as caught:
                okta.token(request)
            assert "planted" not in f"{caught.value!r}"
    grant = RefreshTokenGrant(refresh_token="r")
    setattr(grant, name, "planted-1")
    with (
        Face(kind, auth=auth, handler=never) as okta,
        pytest.raises(ConfigurationError, match=name),
    ):
        okta.token(grant)


def test_leading_zeros_and_spaces_of_a_one_time_code_survive(open_okta: OpenOkta) -> None:
    handler = Recorder(answer(body=TOKENS))
    open_okta(handler=handler).token(OtpGrant(login_hint="a@b", otp="000123", scope="openid"))
    assert dict(handler.form)["otp"] == "000123"


def test_a_request_is_read_when_it_is_passed_and_not_changed() -> None:
    handler = Recorder(answer(body=TOKENS))
    grant = AuthorizationCodeGrant(code="c", redirect_uri=CALLBACK)
    mapping = {"grant_type": "x", "list": ["a", "b"]}
    before = grant.to_dict(), dict(mapping), list(mapping["list"])
    with Face("sync", auth=POST, handler=handler) as okta:
        okta.token(grant)
        okta.token(mapping)
    assert (grant.to_dict(), mapping, mapping["list"]) == before


def test_members_keep_their_order_and_their_repetitions(open_okta: OpenOkta) -> None:
    handler = Recorder(answer(body=TOKENS))
    okta = open_okta(handler=handler)
    okta.token({"z": "1", "a": ["2", "2", None, ""], "m": 3, "grant_type": "x"})
    assert handler.last.content == b"z=1&a=2&a=2&m=3&grant_type=x"
    okta.token({"grant_type": "x", "a b": "&=+ %ü\r\n"})
    assert handler.last.content == b"grant_type=x&a+b=%26%3D%2B+%25%C3%BC%0D%0A"


def test_the_member_at_fault_is_named(kind: Kind) -> None:
    with Face(kind, handler=never) as okta:
        for code, message in ((None, "code is missing"), ("", "code is empty")):
            with pytest.raises(ConfigurationError, match=message):
                okta.token_for_code(code, CALLBACK)
        for uri, message in ((None, "redirect_uri is missing"), ("", "redirect_uri is empty")):
            with pytest.raises(ConfigurationError, match=message):
                okta.token_for_code("c", uri)
