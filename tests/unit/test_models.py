"""Generated models, read as strictly as their types promise, and what results make of them."""

from __future__ import annotations

import json
import pickle
import typing
from datetime import UTC, date, datetime
from typing import Any, cast
from uuid import UUID

import okta_oidc
import pytest
from attrs import define, field
from okta_oidc import (
    AsyncOktaOIDC,
    ConfigurationError,
    Introspection,
    MalformedResponseError,
    OktaOIDC,
    Tokens,
)
from okta_oidc._models import WrongMemberError, normalised, read
from okta_oidc_api.models import IntrospectionResponse, TokenResponse
from okta_oidc_api.operations import NAMES
from okta_oidc_api.types import UNSET, Unset
from pydantic import BaseModel, TypeAdapter

from tests.support.samples import TOKENS, answer
from tests.support.servers import Recorder

from .conftest import OpenOkta

ACTIVE: dict[str, Any] = {
    "active": True,
    "scope": "openid profile",
    "exp": 1_767_229_200,
    "aud": ["a", "b"],
    "amr": ["pwd", "otp"],
    "cnf": {"jkt": "thumb"},
    "act": {"sub": "agent"},
    "device_id": "d1",
    "groups": ["one"],
    "class": "a keyword of Python",
}


def test_every_member_of_the_document_is_typed(open_okta: OpenOkta) -> None:
    info = open_okta(handler=Recorder(answer(body=ACTIVE))).introspect("t")
    model = info.model
    assert isinstance(model, IntrospectionResponse)
    assert info.model is model
    assert (model.amr, model.device_id) == (["pwd", "otp"], "d1")
    assert not isinstance(model.cnf, Unset)
    assert model.cnf.jkt == "thumb"
    assert not isinstance(model.act, Unset)
    assert model.act.sub == "agent"
    assert isinstance(model.nonce, Unset)
    assert model["groups"] == ["one"]
    assert model["class"] == info.raw["class"]


def test_tokens_have_their_model(open_okta: OpenOkta) -> None:
    body = {
        **TOKENS,
        "device_secret": "planted-ds",
        "issued_token_type": "urn:x",
        "expires_in": "60",
    }
    tokens = open_okta(handler=Recorder(answer(body=body))).token_for_code("c", "https://x/cb")
    assert isinstance(tokens.model, TokenResponse)
    assert tokens.model is tokens.model
    assert tokens.model.device_secret == "planted-ds"
    assert tokens.model.expires_in == 60
    assert "planted" not in repr(tokens)


def test_a_model_that_cannot_be_read_is_malformed_when_asked_for(open_okta: OpenOkta) -> None:
    """The tokens of a spent code are there all the same."""
    body = {**TOKENS, "device_secret": 5}
    tokens = open_okta(handler=Recorder(answer(body=body))).token_for_code("c", "https://x/cb")
    assert tokens.access_token == TOKENS["access_token"]
    with pytest.raises(MalformedResponseError, match="device_secret") as caught:
        _ = tokens.model
    assert caught.value.http.request_id == "reqABC-123"


@pytest.mark.parametrize("body", [TOKENS, {**TOKENS, "expires_in": None, "scope": None}])
def test_tokens_go_through_a_session(open_okta: OpenOkta, body: dict[str, Any]) -> None:
    tokens = open_okta(handler=Recorder(answer(body=body))).token_for_code("c", "https://x/cb")
    data = json.loads(json.dumps(tokens.to_dict()))
    again = Tokens.from_dict(data)
    assert again == tokens
    assert (dict(again.raw), again.expires_at) == (dict(tokens.raw), tokens.expires_at)
    assert again.model == tokens.model
    assert "http" not in data
    assert again.http.status == 200
    assert "AT-one" not in repr(again)
    assert pickle.loads(pickle.dumps(again)) == tokens


KEPT: dict[str, Any] = {
    "access_token": "planted",
    "token_type": "Bearer",
    "expires_in": 60,
    "expires_at": "2026-01-01T00:00:00+00:00",
    "scopes": ["openid"],
    "refresh_token": None,
    "id_token": None,
    "raw": {},
}


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"access_token": "planted"},
        None,
        [],
        "planted",
        {"raw": 1},
        {**KEPT, "access_token": None},
        {**KEPT, "token_type": 5},
        {**KEPT, "expires_in": "60"},
        {**KEPT, "expires_at": "2026-01-01T00:00:00"},
        {**KEPT, "expires_at": 1_767_225_600},
        {**KEPT, "scopes": "openid"},
        {**KEPT, "scopes": [1]},
        {**KEPT, "refresh_token": ["planted"]},
        {**KEPT, "raw": "planted"},
    ],
)
def test_other_data_is_refused_in_silence(data: Any) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Tokens.from_dict(data)
    assert "planted" not in str(caught.value)
    assert caught.value.__context__ is None


def test_an_introspection_as_plain_data(open_okta: OpenOkta) -> None:
    info = open_okta(handler=Recorder(answer(body=ACTIVE))).introspect("t")
    data = info.to_dict()
    assert json.loads(json.dumps(data)) == data
    assert data["active"] is True
    assert data["scopes"] == ["openid", "profile"]
    assert data["expires_at"] == datetime.fromtimestamp(1_767_229_200, UTC).isoformat()
    assert data["raw"] == ACTIVE
    assert not {"http", "_model"} & data.keys()


class TestPydantic:
    """Results in pydantic and FastAPI, which this package does not import."""

    def test_an_introspection_is_its_plain_data(self, open_okta: OpenOkta) -> None:
        info = open_okta(handler=Recorder(answer(body=ACTIVE))).introspect("t")
        adapter = TypeAdapter(Introspection)
        assert adapter.validate_python(info) is info
        assert json.loads(adapter.dump_json(info)) == info.to_dict()
        assert adapter.dump_python(info) == info.to_dict()
        assert adapter.json_schema(mode="serialization")["type"] == "object"

        class Held(BaseModel):
            info: Introspection

        assert Held(info=info).model_dump() == {"info": info.to_dict()}
        with pytest.raises(ValueError, match="Introspection"):
            Held.model_validate({"info": {"active": True}})

    def test_tokens_refuse(self) -> None:
        with pytest.raises(TypeError, match="hold secrets"):
            TypeAdapter(Tokens)


@define
class Inner:
    a: int
    b: list[str] | Unset = UNSET

    @classmethod
    def from_dict(cls, members: dict[str, Any]) -> Inner:
        return cls(**members)


@define
class Table:
    additional_properties: dict[str, int] = field(init=False, factory=dict[str, int])


@define
class Lists:
    """What has a list where others have a string, and a member that may be anything."""

    value: Any
    scope: list[str] | Unset = UNSET


@define
class Outer:
    one: Inner
    many: list[Inner] | Unset = UNSET
    n: str | Unset | None = UNSET
    scope: str | Unset = UNSET
    ratio: float | Unset = UNSET
    flag: bool | Unset = UNSET
    anything: Any = UNSET
    table: Table | Unset = UNSET
    class_: str | Unset = UNSET
    made_at: datetime | Unset = UNSET
    day: date | Unset = UNSET
    key: UUID | Unset = UNSET
    additional_properties: dict[str, Any] = field(init=False, factory=dict[str, Any])

    @classmethod
    def from_dict(cls, members: dict[str, Any]) -> dict[str, Any]:
        return dict(members)


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the generator would have renamed."""
    monkeypatch.setitem(NAMES, "Outer", {"class_": "class", "made_at": "madeAt"})


@pytest.mark.parametrize(
    ("members", "fine"),
    [
        ({"one": {"a": 1}}, None),
        ({"one": {"a": "1"}}, {"one": {"a": 1}}),
        ({"one": {"a": 2.0}}, {"one": {"a": 2}}),
        ({"one": {"a": 1, "b": None}}, {"one": {"a": 1}}),
        (
            {"one": {"a": 1}, "many": [{"a": 1}, {"a": "2"}]},
            {"one": {"a": 1}, "many": [{"a": 1}, {"a": 2}]},
        ),
        ({"one": {"a": 1}, "many": []}, None),
        ({"one": {"a": 1}, "n": None}, None),
        ({"one": {"a": 1}, "scope": ["a", "b"]}, {"one": {"a": 1}, "scope": "a b"}),
        ({"one": {"a": 1}, "scope": None}, {"one": {"a": 1}}),
        ({"one": {"a": 1}, "ratio": 1}, None),
        ({"one": {"a": 1}, "anything": [1, {"x": None}]}, None),
        ({"one": {"a": 1}, "table": {"x": 1}, "class": "c", "other": 5}, None),
        (
            {"one": {"a": 1}, "table": {"x": "1", "y": None}},
            {"one": {"a": 1}, "table": {"x": 1}},
        ),
        ({"one": {"a": 1}, "madeAt": "2026-01-02T03:04:05.123Z", "day": "2026-01-02"}, None),
        ({"one": {"a": 1}, "madeAt": None, "made_at": 5}, {"one": {"a": 1}, "made_at": 5}),
        ({"one": {"a": 1}, "key": "00000000-0000-0000-0000-000000000005"}, None),
    ],
)
@pytest.mark.usefixtures("names")
def test_what_is_clear_is_taken(members: dict[str, Any], fine: dict[str, Any] | None) -> None:
    before = json.dumps(members)
    result = normalised(Outer, members)
    assert result == (members if fine is None else fine)
    assert (result is members) is (fine is None)
    assert json.dumps(members) == before
    assert dict(read(cast("type[Any]", Outer), members)) == dict(result)


@pytest.mark.parametrize("value", [None, 5, [None], {"a": None}])
def test_a_member_that_may_be_anything_may_be_null(value: object) -> None:
    members = {"value": value, "scope": ["a", "b"]}
    assert normalised(Lists, members) is members
    with pytest.raises(WrongMemberError, match="value"):
        normalised(Lists, {})


@pytest.mark.parametrize(
    ("members", "name"),
    [
        ({}, "one"),
        ({"one": None}, "one"),
        ({"one": []}, "one"),
        ({"one": {}}, "one"),
        ({"one": {"a": True}}, "one"),
        ({"one": {"a": "x"}}, "one"),
        ({"one": {"a": 1.5}}, "one"),
        ({"one": {"a": "9" * 30}}, "one"),
        ({"one": {"a": 1, "b": "x"}}, "one"),
        ({"one": {"a": 1, "b": [1]}}, "one"),
        ({"one": {"a": 1}, "many": [{"a": 1}, 5]}, "many"),
        ({"one": {"a": 1}, "many": {"a": 1}}, "many"),
        ({"one": {"a": 1}, "scope": ["a", 1]}, "scope"),
        ({"one": {"a": 1}, "flag": 1}, "flag"),
        ({"one": {"a": 1}, "flag": "true"}, "flag"),
        ({"one": {"a": 1}, "ratio": True}, "ratio"),
        ({"one": {"a": 1}, "table": []}, "table"),
        ({"one": {"a": 1}, "table": {"x": "y"}}, "table"),
        ({"one": {"a": 1}, "class": 5}, "class"),
        ({"one": {"a": 1}, "madeAt": "soon"}, "madeAt"),
        ({"one": {"a": 1}, "madeAt": 5}, "madeAt"),
        ({"one": {"a": 1}, "day": "2026-13-01"}, "day"),
        ({"one": {"a": 1}, "key": "5"}, "key"),
        ({"one": {"a": 1}, "key": 5}, "key"),
    ],
)
@pytest.mark.usefixtures("names")
def test_what_is_wrong_is_named(members: dict[str, Any], name: str) -> None:
    with pytest.raises(WrongMemberError, match=name):
        read(Outer, members)


@pytest.mark.parametrize("name", okta_oidc.__all__)
def test_type_hints_of_everything_public_resolve(name: str) -> None:
    """For beartype, typeguard, sphinx and containers that inject by type."""
    value = getattr(okta_oidc, name)
    if isinstance(value, type):
        typing.get_type_hints(value)
        members = [*vars(value).values()]
    else:
        members = [value]
    for member in members:
        function = member.fget if isinstance(member, property) else member
        function = getattr(function, "__func__", function)
        if callable(function) and hasattr(function, "__annotations__"):
            typing.get_type_hints(function)


def test_hints_name_what_is_returned() -> None:
    for cls in (OktaOIDC, AsyncOktaOIDC):
        assert typing.get_type_hints(cls.token)["return"] is TokenResponse
        assert typing.get_type_hints(cls.introspect)["return"] is Introspection
