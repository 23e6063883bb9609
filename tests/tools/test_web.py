"""Results in an API's answers: FastAPI and pydantic."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pydantic
import pytest
from fastapi import FastAPI
from okta_oidc import Introspection, Tokens
from okta_oidc.testing import FakeOkta
from pydantic import ConfigDict, SecretStr

CALLBACK = "http://localhost/"


def answer_of(app: FastAPI, path: str) -> httpx.Response:
    async def main() -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
            return await client.get(path)

    return asyncio.run(main())


@pytest.mark.parametrize("kind", ["def", "async def"])
def test_an_endpoint_returns_an_introspection(fake_okta: FakeOkta, kind: str) -> None:
    """The kind: results in pydantic. It is written as its ``to_dict()``."""
    app = FastAPI()
    tokens = fake_okta.client().token_for_code(fake_okta.authorize(CALLBACK), CALLBACK)

    def who() -> Introspection:
        with fake_okta.client() as okta:
            return okta.introspect(tokens.access_token)

    async def who_async() -> Introspection:
        async with fake_okta.async_client() as okta:
            return await okta.introspect(tokens.access_token)

    app.get("/who")(who if kind == "def" else who_async)
    response = answer_of(app, "/who")
    assert response.status_code == 200
    assert response.json()["active"] is True
    assert response.json() == pydantic.TypeAdapter(Introspection).dump_python(who(), mode="json")
    assert response.json()["raw"]["sub"] == fake_okta.user.username
    schema = answer_of(app, "/openapi.json").json()
    answers: dict[str, Any] = schema["paths"]["/who"]["get"]["responses"]["200"]
    assert answers["content"]["application/json"]["schema"]["type"] == "object"


def test_an_endpoint_that_returns_tokens_is_refused_when_it_is_made() -> None:
    """Not when it is first called, with somebody's tokens in hand."""
    app = FastAPI()

    def sign_in() -> Tokens:
        raise AssertionError("never called")

    with pytest.raises(Exception, match="Tokens hold secrets"):
        app.get("/tokens")(sign_in)


def test_an_introspection_is_a_field_of_a_model(fake_okta: FakeOkta) -> None:
    class Session(pydantic.BaseModel):
        model_config = ConfigDict(frozen=True)
        info: Introspection
        note: str = ""

    session = Session(info=fake_okta.client().introspect("nothing"))
    assert session.model_dump_json().startswith('{"info":{"active":false')
    with pytest.raises(pydantic.ValidationError, match="not an Introspection"):
        Session.model_validate({"info": {"active": True}})


def test_settings_hold_the_secret_and_the_address(fake_okta: FakeOkta) -> None:
    """The kind: a wrong type called missing. A ``SecretStr`` and a URL go in as they are."""

    class Settings(pydantic.BaseModel):
        url: pydantic.HttpUrl
        client_id: str
        client_secret: SecretStr

    from okta_oidc import ClientSecretBasic, OktaOIDC

    settings = Settings.model_validate(
        {
            "url": fake_okta.url,
            "client_id": fake_okta.client_id,
            "client_secret": fake_okta.client_secret,
        }
    )
    auth = ClientSecretBasic(settings.client_id, settings.client_secret)
    http = httpx.Client(transport=fake_okta.transport)
    with http, OktaOIDC(settings.url, auth, http_client=http) as okta:  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        assert not okta.introspect("nothing").active
