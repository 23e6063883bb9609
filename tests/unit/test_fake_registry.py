"""FakeOkta: setting it up, its records, its silence, its fixtures and its ready-made clients."""

from __future__ import annotations

import asyncio
import pickle
import re
import subprocess
import sys
from importlib.metadata import entry_points
from typing import Any, cast, get_type_hints

import httpx
import okta_oidc.testing
import pytest
from okta_oidc import ORG, AsyncOktaOIDC, OktaOIDC
from okta_oidc.testing import AuthorizationError, FakeOkta, RecordedRequest

from .fake_wire import CALLBACK, CHALLENGE, VERIFIER, Wire

pytest_plugins = ("pytester",)

# The one of RFC 7517 appendix A.1.
PUBLIC_KEY = {
    "kty": "EC",
    "crv": "P-256",
    "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
    "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
    "kid": "1",
}


def test_every_promised_name_is_there_and_no_other() -> None:
    names = okta_oidc.testing.__all__
    assert list(names) == sorted(names)
    for name in names:
        assert getattr(okta_oidc.testing, name).__name__ == name
        assert name in dir(okta_oidc.testing)
    unknown = "Nothing"
    with pytest.raises(AttributeError, match=unknown):
        getattr(okta_oidc.testing, unknown)


@pytest.mark.parametrize("name", okta_oidc.testing.__all__)
def test_annotations_can_be_resolved(name: str) -> None:
    promised: type = getattr(okta_oidc.testing, name)
    get_type_hints(promised)
    for key, member in vars(promised).items():
        function = getattr(member, "fget", member)
        if callable(function) and (key == "__init__" or not key.startswith("_")):
            get_type_hints(function)


def test_credentials_look_like_oktas_and_differ_between_fakes() -> None:
    one, two = FakeOkta(), FakeOkta()
    assert re.fullmatch(r"0oa[A-Za-z0-9]{17}", one.client_id)
    assert re.fullmatch(r"[A-Za-z0-9_-]{64}", one.client_secret)
    assert re.fullmatch(r"00u[A-Za-z0-9]{17}", one.user.user_id)
    assert (one.client_id, one.client_secret) != (two.client_id, two.client_secret)


def test_what_cannot_be_registered() -> None:
    fake = FakeOkta()
    for client_id in ("with:colon", ""):
        with pytest.raises(ValueError, match="colon"):
            fake.add_client(client_id)
    with pytest.raises(ValueError, match="taken"):
        fake.add_client(fake.client_id)
    with pytest.raises(ValueError, match="secret"):
        fake.add_client(client_secret="")
    with pytest.raises(ValueError, match="public"):
        fake.add_client(client_secret="s", auth_method="none")
    with pytest.raises(ValueError, match="auth_method is one of client_secret_basic, "):
        fake.add_client(auth_method=cast("Any", "private-key-jwt"))
    none: list[object] = [[], {"keys": []}]
    for keys in none:
        with pytest.raises(ValueError, match="no key"):
            fake.add_client(auth_method="private_key_jwt", keys=keys)


@pytest.mark.parametrize(
    "url",
    [
        "fake.okta.test",
        "ftp://fake.okta.test",
        "https://",
        "https://a.test/oauth2",
        "https://a.test?x=1",
        "https://u@a.test",
    ],
)
def test_the_url_is_an_origin(url: str) -> None:
    with pytest.raises(ValueError, match="URL"):
        FakeOkta(url=url)


def test_a_url_of_ones_own() -> None:
    fake = FakeOkta(url="https://login.example.com/")
    assert fake.url == fake.issuer(ORG) == "https://login.example.com"
    assert Wire(fake).sign_in()["token_type"] == "Bearer"


def test_unknown_servers_have_no_issuer() -> None:
    with pytest.raises(LookupError):
        FakeOkta().issuer("ausNobody")


def test_nothing_secret_shows() -> None:
    fake = FakeOkta()
    posted = fake.add_client(auth_method="client_secret_post")
    wire = Wire(fake, posted)
    code = fake.authorize(CALLBACK, client_id=posted.client_id)
    tokens = wire.redeem(code).json()
    password = {
        "grant_type": "password",
        "username": fake.user.username,
        "password": fake.user.password,
        "scope": "openid",
    }
    assert wire.post("token", password).status_code == 200
    Wire(fake).revoke(tokens["access_token"])
    client = fake.client()
    shown = repr(
        [fake, fake.requests, posted, fake.user, fake.transport, fake.faults, fake.clock, client]
    )
    client.close()
    assert "grant_type" in shown
    assert posted.client_id in shown
    for secret in (
        fake.client_secret,
        posted.client_secret,
        fake.user.password,
        code,
        tokens["access_token"],
        tokens["refresh_token"],
        tokens["id_token"],
        fake.requests[-1].header("authorization"),
    ):
        assert secret
        assert secret not in shown


def test_nothing_secret_shows_in_a_traceback_with_locals() -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    code = fake.authorize(CALLBACK, code_challenge=CHALLENGE, nonce="planted-nonce")
    tokens = wire.redeem(code, code_verifier=VERIFIER).json()
    store = vars(fake)["_state"].store
    held = [vars(fake), store.code(code)]
    held += [store.token(tokens[name]) for name in ("access_token", "refresh_token", "id_token")]
    assert None not in held
    shown = repr(held) + repr([vars(fake)["_state"].clients, vars(fake)["_state"].users])
    assert fake.client_id in shown
    for secret in (
        fake.client_secret,
        fake.user.password,
        code,
        CHALLENGE,
        "planted-nonce",
        *(tokens[name] for name in ("access_token", "refresh_token", "id_token")),
    ):
        assert secret not in shown


def test_records_keep_the_wire_and_can_be_cleared_or_left_out() -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    pairs = [("b", "2 3"), ("a", "é"), ("token", "t")]
    wire.post("introspect", pairs)
    (record,) = fake.requests
    assert isinstance(record, RecordedRequest)
    assert record.form == tuple(pairs)
    assert record.parameter("a") == "é"
    assert record.parameter("missing") is None
    assert record.body == b"b=2+3&a=%C3%A9&token=t"
    assert (record.method, record.path) == ("POST", "/oauth2/default/v1/introspect")
    assert (record.endpoint, record.auth_server_id, record.status) == ("introspect", "default", 200)
    fake.requests.clear()
    wire.raw("POST", wire.url("token", None) + "?a=%20b", content=b"\xff%")
    assert fake.requests[0].query == "a=%20b"
    assert (fake.requests[0].form, fake.requests[0].auth_method) == ((), None)
    assert fake.requests[0].auth_server_id is None
    silent = FakeOkta(record_requests=False)
    Wire(silent).revoke("t")
    assert silent.requests == []


def test_the_refusal_survives_pickling() -> None:
    with pytest.raises(AuthorizationError) as caught:
        FakeOkta().authorize(CALLBACK, scope="nothing")
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (copy.error, copy.description) == (caught.value.error, caught.value.description)
    assert str(copy) == str(caught.value)


# Ready-made clients


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_clients_come_wired(method: str) -> None:
    fake = FakeOkta()
    app = fake.add_client(
        auth_method="client_secret_post"
        if method == "client_secret_post"
        else "client_secret_basic"
    )
    with fake.client(client_id=app.client_id) as okta:
        assert isinstance(okta, OktaOIDC)
        tokens = okta.token_for_code(fake.authorize(CALLBACK, client_id=app.client_id), CALLBACK)
        assert okta.introspect(tokens.access_token)
    assert {request.auth_method for request in fake.requests} == {method}
    assert not any(request.sent_cookies for request in fake.requests)


async def _async_life(fake: FakeOkta) -> bool:
    async with fake.async_client() as okta:
        assert isinstance(okta, AsyncOktaOIDC)
        tokens = await okta.token_for_code(fake.authorize(CALLBACK), CALLBACK)
        return bool(await okta.introspect(tokens.access_token))


def test_async_clients_come_wired() -> None:
    fake = FakeOkta()
    assert asyncio.run(_async_life(fake))
    with fake.serve():
        assert asyncio.run(_async_life(fake))


def test_a_client_of_a_served_fake_uses_the_port() -> None:
    fake = FakeOkta()
    with fake.serve() as server, fake.client() as okta:
        tokens = okta.token_for_code(fake.authorize(CALLBACK), CALLBACK)
        assert okta.introspect(tokens.access_token).iss == f"{server.url}/oauth2/default"
        assert fake.requests[-1].header("host") == f"127.0.0.1:{server.port}"


def test_options_reach_the_client() -> None:
    fake = FakeOkta()
    with (
        httpx.Client(transport=fake.transport) as http_client,
        fake.client(auth_server_id=ORG, http_client=http_client) as okta,
    ):
        okta.revoke("t")
    assert fake.requests[-1].path == "/oauth2/v1/revoke"


def test_clients_that_cannot_be_made() -> None:
    fake = FakeOkta()
    secretive = fake.add_client(auth_method="private_key_jwt", keys=PUBLIC_KEY)
    with pytest.raises(ValueError, match="private key"):
        fake.client(client_id=secretive.client_id)
    with pytest.raises(LookupError):
        fake.async_client(client_id="0oaNobody")


# The pytest plugin


def test_the_fixtures_are_fresh_and_the_server_ends(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import threading

        import httpx

        seen = []

        def test_memory(fake_okta):
            assert fake_okta.url == "https://fake.okta.test"
            seen.append(fake_okta)

        def test_memory_again(fake_okta):
            assert fake_okta is not seen[0]

        def test_server(fake_okta_server):
            assert fake_okta_server.url.startswith("http://127.0.0.1:")
            assert httpx.get(fake_okta_server.url).status_code == 404

        def test_one_okta_by_two_names(fake_okta, fake_okta_server):
            assert fake_okta is fake_okta_server
            assert fake_okta.url.startswith("http://127.0.0.1:")

        def test_after():
            names = [thread.name for thread in threading.enumerate()]
            assert not [name for name in names if name.startswith("fake-okta")]
        """
    )
    # From an installed package the fixtures have to come by themselves.
    installed = any(point.name == "okta_oidc" for point in entry_points(group="pytest11"))
    arguments = [] if installed else ["-p", "okta_oidc.testing._pytest"]
    pytester.runpytest_inprocess("-q", *arguments).assert_outcomes(passed=5)


def test_a_fake_of_ones_own_is_the_one_that_is_served(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        """
        import pytest
        from okta_oidc.testing import FakeOkta

        @pytest.fixture
        def fake_okta():
            return FakeOkta(scopes=["of:mine"])
        """
    )
    pytester.makepyfile(
        """
        def test_server(fake_okta_server):
            with fake_okta_server.client() as okta:
                okta.token({"grant_type": "client_credentials", "scope": "of:mine"})
        """
    )
    installed = any(point.name == "okta_oidc" for point in entry_points(group="pytest11"))
    arguments = [] if installed else ["-p", "okta_oidc.testing._pytest"]
    pytester.runpytest_inprocess("-q", *arguments).assert_outcomes(passed=1)


def test_loading_the_plugin_loads_nothing_else() -> None:
    program = (
        "import sys, pytest; before = set(sys.modules);"
        "import okta_oidc.testing._pytest;"
        "print('\\n'.join(sorted(set(sys.modules) - before)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    loaded = set(done.stdout.split())
    assert "okta_oidc.testing._pytest" in loaded
    assert not {"httpx", "attrs", "attr", "okta_oidc.testing._fake", "okta_oidc_api"} & loaded
