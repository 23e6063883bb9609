"""``okta-oidc doctor``: every check, well and ill, and what it advises."""

from __future__ import annotations

import json
import socket
import ssl
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc.jwk import RSAKey
from okta_oidc.testing import FakeClock, FakeOkta
from okta_oidc.testing._faults import Drip

from tests.support.certificates import server_context, trust
from tests.support.stores import held_port

from ._command import Outcome, run_here
from ._metadata import Metadata, Serve, serve_with_metadata
from .conftest import environment_of
from .test_authentication import pem

CHECKS = [
    "org URL",
    "DNS",
    "connection",
    "discovery document",
    "clock",
    "authorization server",
    "keys",
    "credentials",
    "rate limit",
]


@pytest.fixture
def fake(request: pytest.FixtureRequest) -> FakeOkta:
    """A fake whose clock is ahead of this machine's, by as many seconds as a test says."""
    ahead: float = getattr(request, "param", 0)
    return FakeOkta(clock=FakeClock(time.time() + ahead, ticking=True))


@pytest.fixture
def serve(fake: FakeOkta, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Serves the fake with its discovery documents, and lets the environment name it."""
    with ExitStack() as stack:

        def start(metadata: Metadata, **options: Any) -> str:
            url = stack.enter_context(serve_with_metadata(fake, metadata, **options))
            for name, value in {**environment_of(fake), "OKTA_ORG_URL": url}.items():
                monkeypatch.setenv(name, value)
            return url

        yield start


def checks(outcome: Outcome) -> dict[str, dict[str, str]]:
    """The checks of a ``--json`` run by name; each has something to say."""
    document = outcome.document
    found = {check["check"]: check for check in document["checks"]}
    assert list(found) == CHECKS
    assert all(check["finding"] and check["next"] for check in found.values())
    failed = any(check["status"] == "failed" for check in found.values())
    assert (document["ok"], outcome.code) == (not failed, int(failed))
    return found


def doctor(*options: str) -> dict[str, dict[str, str]]:
    return checks(run_here("doctor", "--json", "--timeout", "5", *options))


def statuses(found: dict[str, dict[str, str]]) -> dict[str, str]:
    return {name: check["status"] for name, check in found.items()}


def methods(fake: FakeOkta) -> list[str]:
    """How the client proved itself, call by call."""
    return [request.auth_method for request in fake.requests if request.auth_method]


# Well


def test_all_is_well(fake: FakeOkta, serve: Serve) -> None:
    metadata = Metadata()
    url = serve(metadata)
    found = doctor()
    assert set(statuses(found).values()) == {"ok"}
    assert {check["next"] for check in found.values()} == {"nothing to do"}
    assert metadata.paths == ["/oauth2/default/.well-known/openid-configuration"]
    assert url in found["org URL"]["finding"]
    assert "1199 of 1200 left" in found["rate limit"]["finding"]


def test_it_changes_nothing(fake: FakeOkta, serve: Serve) -> None:
    serve(Metadata())
    doctor()
    assert [request.endpoint for request in fake.requests] == ["introspect", "keys"]


def test_lines_for_people(fake: FakeOkta, serve: Serve) -> None:
    serve(Metadata(status=404))
    outcome = run_here("doctor")
    lines = outcome.out.splitlines()
    assert (outcome.code, outcome.err) == (0, "")
    assert [line[9:30].strip() for line in lines if not line.startswith(" ")] == CHECKS
    assert lines[3].startswith("warning  discovery document   HTTP 404")
    assert lines[4].startswith("         -> ")
    assert "\x1b" not in outcome.out


def test_colours_on_a_terminal(fake: FakeOkta, serve: Serve) -> None:
    serve(Metadata())
    assert "\x1b[32m\x1b[1mok " in run_here("doctor", terminal=True).out


def test_the_org_server(fake: FakeOkta, serve: Serve) -> None:
    metadata = Metadata()
    serve(metadata)
    found = doctor("--auth-server-id", "org")
    assert set(statuses(found).values()) == {"ok"}
    assert metadata.paths == ["/.well-known/openid-configuration"]


def test_an_issuer_url(fake: FakeOkta, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    fake.add_authorization_server("aus42")
    metadata = Metadata()
    url = serve(metadata)
    monkeypatch.setenv("OKTA_ORG_URL", f" {url}/oauth2/aus42/ ")
    assert doctor()["authorization server"]["finding"] == "aus42 answers"
    assert metadata.paths == ["/oauth2/aus42/.well-known/openid-configuration"]


# The org URL


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://{yourOktaDomain}",
        "https://dev-1-admin.okta.com",
        "http://dev-1.okta.com",
        "https://dev-1.okta.com/oauth2/v1/token",
        "https://dev-1.okta.com.com",
        "https://user:PLANTED@dev-1.okta.com",
        "not a URL",
    ],
    ids=["none", "placeholder", "admin", "http", "endpoint", "com.com", "password", "words"],
)
def test_an_org_url_that_cannot_be_right(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OKTA_ORG_URL", url)
    outcome = run_here("doctor", "--json")
    found = statuses(checks(outcome))
    assert found.pop("org URL") == "failed"
    assert set(found.values()) == {"skipped"}
    assert "PLANTED" not in outcome.all
    assert "base_url" not in outcome.all


def test_two_servers_are_one_too_many(fake: FakeOkta, serve: Serve) -> None:
    url = serve(Metadata())
    found = doctor("--org-url", f"{url}/oauth2/aus1", "--auth-server-id", "aus2")
    assert found["org URL"]["status"] == "failed"
    assert "aus1" in found["org URL"]["finding"]
    assert "aus2" in found["org URL"]["finding"]


# The way there


def test_a_host_without_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(host: str, *_: object, **__: object) -> list[Any]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nowhere)
    found = doctor("--org-url", "https://dev-1.okta.com")
    assert found["DNS"]["status"] == "failed"
    assert found["DNS"]["finding"] == "dev-1.okta.com: Name or service not known"
    assert "spelling" in found["DNS"]["next"]
    assert found["connection"]["status"] == "skipped"


def test_a_host_of_many_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    def found(host: str, port: int, *_: object, **__: object) -> list[Any]:
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (f"127.0.0.{number}", port))
            for number in (2, 2, 3, 4, 5, 6)
        ]

    monkeypatch.setattr(socket, "getaddrinfo", found)
    monkeypatch.setattr(socket, "create_connection", _refuse)
    result = doctor("--org-url", "https://dev-1.okta.com")
    assert (
        result["DNS"]["finding"] == "dev-1.okta.com is 127.0.0.2, 127.0.0.3, 127.0.0.4 and 2 more"
    )


def _refuse(*_: object, **__: object) -> socket.socket:
    raise ConnectionRefusedError(111, "Connection refused")


def test_nothing_listens_there() -> None:
    with held_port() as port:
        found = doctor("--org-url", f"http://127.0.0.1:{port}")
    assert found["connection"]["status"] == "failed"
    assert "Connection refused" in found["connection"]["finding"]
    assert "firewall" in found["connection"]["next"]


def test_a_proxy_does_the_looking_up_and_its_password_is_not_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Not for this scheme, and without its package: it must not get in the way.
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:1")
    with held_port() as port:
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:PLANTED@127.0.0.1:{port}")
        outcome = run_here("doctor", "--json", "--org-url", "https://dev-1.okta.com")
    found = checks(outcome)
    assert statuses(found) == {
        "org URL": "ok",
        "DNS": "skipped",
        "connection": "skipped",
        "discovery document": "failed",
        "clock": "skipped",
        "authorization server": "skipped",
        "keys": "warning",
        "credentials": "skipped",
        "rate limit": "skipped",
    }
    assert f"127.0.0.1:{port}" in found["DNS"]["finding"]
    assert "PLANTED" not in outcome.all


# TLS


@pytest.fixture(scope="module")
def ca() -> trustme.CA:
    return trustme.CA(organization_name="Planted Authority")


@pytest.fixture
def trusted(ca: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trust(ca, tmp_path, monkeypatch)


def certified(
    ca: trustme.CA, name: str = "localhost", lifetime: timedelta = timedelta(days=90)
) -> ssl.SSLContext:
    now = datetime.now(UTC)
    return server_context(ca, name, not_before=now - timedelta(days=200), not_after=now + lifetime)


@pytest.mark.usefixtures("trusted")
def test_a_good_certificate(fake: FakeOkta, serve: Serve, ca: trustme.CA) -> None:
    serve(Metadata(), hostname="localhost", ssl_context=certified(ca))
    found = doctor()
    assert set(statuses(found).values()) == {"ok"}
    assert "TLSv1.3" in found["connection"]["finding"]
    assert "certificate by Planted Authority for 90 days more" in found["connection"]["finding"]


@pytest.mark.usefixtures("trusted")
def test_a_certificate_that_will_not_last(fake: FakeOkta, serve: Serve, ca: trustme.CA) -> None:
    serve(
        Metadata(),
        hostname="localhost",
        ssl_context=certified(ca, lifetime=timedelta(days=3, hours=1)),
    )
    found = doctor()
    assert found["connection"]["status"] == "warning"
    assert "3 days more" in found["connection"]["finding"]
    assert found["credentials"]["status"] == "ok"


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize(
    ("name", "days", "reason"),
    [("elsewhere.test", 90, "Hostname mismatch"), ("localhost", -1, "has expired")],
)
def test_a_certificate_that_is_not_trusted(
    fake: FakeOkta, serve: Serve, ca: trustme.CA, name: str, days: int, reason: str
) -> None:
    serve(
        Metadata(),
        hostname="localhost",
        ssl_context=certified(ca, name, timedelta(days=days)),
    )
    found = doctor()
    assert found["connection"]["status"] == "failed"
    assert reason in found["connection"]["finding"]
    assert fake.requests == []


def test_a_certificate_of_an_unknown_authority(
    fake: FakeOkta, serve: Serve, ca: trustme.CA
) -> None:
    serve(Metadata(), hostname="localhost", ssl_context=certified(ca))
    found = doctor()
    assert found["connection"]["status"] == "failed"
    assert "SSL_CERT_FILE" in found["connection"]["next"]


def test_no_tls_at_the_other_end(fake: FakeOkta, serve: Serve) -> None:
    url = serve(Metadata())
    found = doctor("--org-url", url.replace("http:", "https:"))
    assert found["connection"]["status"] == "failed"
    assert "no TLS" in found["connection"]["finding"]


def test_certificates_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "missing.pem"))
    found = doctor("--org-url", "https://dev-1.okta.com")
    assert "CA certificates cannot be read" in found["org URL"]["finding"]
    assert "SSL_CERT_FILE" in found["org URL"]["next"]
    monkeypatch.setenv("OKTA_CLIENT_ID", "id")
    monkeypatch.setenv("OKTA_CLIENT_SECRET", "secret")
    outcome = run_here("introspect", "--org-url", "https://dev-1.okta.com", stdin="t")
    assert outcome.code == 2
    assert "SSL_CERT_FILE" in outcome.err


# The discovery document


def test_without_a_discovery_document_calls_go_on(fake: FakeOkta, serve: Serve) -> None:
    serve(Metadata(status=404, body=b'{"errorCode": "E0000008"}'))
    found = doctor()
    assert found["discovery document"]["status"] == "warning"
    assert found["authorization server"]["status"] == "ok"
    assert found["credentials"]["status"] == "ok"


@pytest.mark.parametrize(
    ("metadata", "status", "word"),
    [
        (Metadata(status=404, body=b'{"errorCode": "E0000007"}'), "failed", "Security > API"),
        (Metadata(status=302, headers={"Location": "https://new.okta.com/x"}), "failed", "renamed"),
        (Metadata(status=302, headers={"Location": "http://["}), "failed", "renamed"),
        (Metadata(status=302, headers={"Location": "https://x:port"}), "failed", "proxy"),
        (Metadata(status=200, body=b"<html>Sign in</html>"), "warning", "leads to Okta"),
        (Metadata(status=200, body=b"[]"), "warning", "leads to Okta"),
        (Metadata(status=200, body=b"[" * 100_000), "warning", "leads to Okta"),
        (Metadata(status=200, body=b'{"issuer": "' + b"x" * (2 << 20)), "warning", "leads to"),
        (Metadata(status=503, body=b""), "warning", "leads to Okta"),
        (Metadata(issuer="https://id.example.com/oauth2/default"), "warning", "expect it"),
        (Metadata(body=b'{"issuer": ["\\u001b[31m"]}'), "warning", "expect it"),
    ],
    ids=[
        "no such server",
        "redirect",
        "bad redirect",
        "worse redirect",
        "page",
        "list",
        "deep",
        "huge",
        "gateway",
        "issuer",
        "issuer of another type",
    ],
)
def test_discovery_documents_that_are_not(
    fake: FakeOkta, serve: Serve, metadata: Metadata, status: str, word: str
) -> None:
    serve(metadata)
    found = doctor()
    assert found["discovery document"]["status"] == status
    assert word in found["discovery document"]["next"]
    assert found["credentials"]["status"] == "ok"
    lines = run_here("doctor").out
    assert all(char.isprintable() or char == "\n" for char in lines)


def test_a_document_that_drips_is_not_waited_for(fake: FakeOkta, serve: Serve) -> None:
    serve(Metadata(manner=Drip(0.1, "body")))
    found = doctor("--timeout", "1.0")
    assert found["discovery document"]["status"] == "failed"
    assert "timed out" in found["discovery document"]["finding"]


# The clock


@pytest.mark.parametrize(
    ("fake", "status", "words"),
    [
        (-4000, "failed", "ahead of the server"),
        (4000, "failed", "behind the server"),
        (30, "warning", "behind the server"),
        (0, "ok", "agrees"),
    ],
    indirect=["fake"],
)
def test_the_clock_is_compared(serve: Serve, fake: FakeOkta, status: str, words: str) -> None:
    serve(Metadata())
    found = doctor()
    assert found["clock"]["status"] == status
    assert words in found["clock"]["finding"]


def test_a_cached_date_does_not_count(
    fake: FakeOkta, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(Metadata(headers={"Age": "9000", "Date": "Mon, 05 Jan 2026 10:00:00 GMT"}))
    assert doctor()["clock"]["status"] == "ok"
    monkeypatch.delenv("OKTA_CLIENT_SECRET")
    assert doctor()["clock"]["status"] == "skipped"


@pytest.mark.parametrize("date", ["", "yesterday", "Mon, 99 Jan 2026 10:00:00 GMT"])
def test_a_date_that_is_none(
    fake: FakeOkta, serve: Serve, monkeypatch: pytest.MonkeyPatch, date: str
) -> None:
    serve(Metadata(headers={"Date": date}))
    monkeypatch.delenv("OKTA_CLIENT_SECRET")
    assert doctor()["clock"]["status"] == "skipped"


# Keys


def keys_of(*kids: str, **members: Any) -> str:
    key = {"kty": "RSA", "alg": "RS256", "use": "sig", "n": "AQAB", "e": "AQAB", **members}
    return json.dumps({"keys": [{**key, "kid": kid} for kid in kids]})


JSON = [("Content-Type", "application/json")]


def answer_keys(fake: FakeOkta, status: int, body: str, *headers: tuple[str, str]) -> None:
    """Plan the answer to the second question, after the one that tries the credentials."""
    fake.faults.answer(
        200, headers=[("Content-Type", "application/json")], body='{"active": false}'
    )
    fake.faults.answer(status, headers=[("Content-Type", "application/json"), *headers], body=body)


def test_keys_are_named_and_how_long_they_may_be_kept(fake: FakeOkta, serve: Serve) -> None:
    serve(Metadata())
    fake.rotate_keys()
    found = doctor()["keys"]
    assert found["status"] == "ok"
    assert found["finding"].startswith("2 for RS256: ")
    assert "may be kept for" in found["finding"]


@pytest.mark.parametrize(
    ("status", "body", "headers", "outcome", "word"),
    [
        (200, '{"keys": []}', [], "failed", "answers at the org URL"),
        (200, keys_of("a", use="enc"), [], "failed", "two or three"),
        (200, keys_of("a", alg="ES256"), [], "failed", "two or three"),
        (200, keys_of("a", "a"), [], "warning", "nobody can tell"),
        (404, "{}", [], "warning", "calls do without"),
        (200, "<html>", [], "failed", "answers at the org URL"),
        (200, keys_of("a"), [("Age", "7200"), ("Cache-Control", "max-age=60")], "warning", "cache"),
        (200, keys_of("a"), [("Age", "7200")], "warning", "cache"),
        (200, keys_of("a"), [("Age", "20"), ("Cache-Control", "max-age=60")], "ok", "nothing"),
        (200, keys_of("a"), [("Age", "\xb2"), ("Cache-Control", "max-age=x")], "ok", "nothing"),
        (200, keys_of("\x1b[31m"), [], "ok", "nothing"),
    ],
    ids=[
        "none",
        "for encryption",
        "another algorithm",
        "two of one id",
        "not there",
        "a page",
        "an old copy",
        "a copy without an end",
        "a young copy",
        "odd headers",
        "an escape",
    ],
)
def test_keys_that_will_not_do(
    fake: FakeOkta,
    serve: Serve,
    status: int,
    body: str,
    headers: list[tuple[str, str]],
    outcome: str,
    word: str,
) -> None:
    serve(Metadata())
    answer_keys(fake, status, body, *headers)
    run = run_here("doctor", "--json")
    found = checks(run)
    assert found["keys"]["status"] == outcome
    assert word in found["keys"]["next"]
    assert found["credentials"]["status"] == "ok"
    if headers:
        assert ("out of a cache" in found["keys"]["finding"]) is headers[0][1].isascii()
    answer_keys(fake, status, body, *headers)
    assert all(char.isprintable() or char == "\n" for char in run_here("doctor").out)


# Server, credentials, limit


def test_an_unknown_authorization_server(fake: FakeOkta, serve: Serve) -> None:
    serve(Metadata(status=404))
    found = doctor("--auth-server-id", "aus-none")
    assert found["authorization server"]["status"] == "failed"
    assert "--auth-server-id org" in found["authorization server"]["finding"]
    assert "Security > API" in found["authorization server"]["next"]
    assert found["credentials"]["status"] == "skipped"


def test_a_licence_that_is_missing(fake: FakeOkta, serve: Serve) -> None:
    serve(Metadata(status=404))
    fake.faults.okta_error(401, "E0000015", "You do not have permission to access the feature")
    found = doctor()
    assert found["authorization server"]["status"] == "failed"
    assert "not licensed" in found["authorization server"]["next"]


def test_a_wrong_secret(fake: FakeOkta, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    serve(Metadata())
    monkeypatch.setenv("OKTA_CLIENT_SECRET", "not-the-secret")
    found = doctor()
    assert found["credentials"]["status"] == "failed"
    assert "copy the secret anew" in found["credentials"]["next"]
    assert methods(fake) == ["client_secret_basic", "client_secret_post"]


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_the_other_method(
    fake: FakeOkta, serve: Serve, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    serve(Metadata())
    other = {"client_secret_basic": "client_secret_post"}.get(method, "client_secret_basic")
    client = fake.add_client(auth_method=method)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert client.client_secret
    monkeypatch.setenv("OKTA_CLIENT_ID", client.client_id)
    monkeypatch.setenv("OKTA_CLIENT_SECRET", client.client_secret)
    found = doctor("--auth-method", other)
    assert f"--auth-method {method}" in found["credentials"]["next"]
    assert doctor("--auth-method", method)["credentials"]["status"] == "ok"


# Keys that prove a client


def register(
    okta: FakeOkta, monkeypatch: pytest.MonkeyPatch, *keys: dict[str, Any], sign_with: int = 0
) -> None:
    """Let the environment hold the private half of one key, and the fake the public halves."""
    client = okta.add_client(auth_method="private_key_jwt", keys={"keys": list(keys)})
    monkeypatch.setenv("OKTA_CLIENT_ID", client.client_id)
    monkeypatch.delenv("OKTA_CLIENT_SECRET")
    monkeypatch.setenv("OKTA_PRIVATE_KEY", pem(PRIVATE[sign_with]))


PRIVATE = [rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2)]


def jwk(which: int, **members: str) -> dict[str, Any]:
    return {**RSAKey.import_key(PRIVATE[which]).as_dict(private=False), **members}


def test_a_key_that_is_right(okta: FakeOkta, monkeypatch: pytest.MonkeyPatch) -> None:
    register(okta, monkeypatch, jwk(0, kid="one"), jwk(1, kid="two"))
    found = doctor("--key-id", "one")
    assert found["credentials"]["status"] == "ok"
    assert found["credentials"]["finding"].endswith("by private_key_jwt")


def test_a_wrong_kid(okta: FakeOkta, monkeypatch: pytest.MonkeyPatch) -> None:
    register(okta, monkeypatch, jwk(0, kid="one"))
    found = doctor("--key-id", "none")
    assert found["credentials"]["status"] == "failed"
    assert "its kid is not" in found["credentials"]["next"]
    monkeypatch.setenv("OKTA_KEY_ID", "none")
    assert "its kid is not" in doctor()["credentials"]["next"]


@pytest.mark.parametrize("options", [(), ("--key-id", "none")])
def test_a_kid_that_is_missing_or_unknown_among_several(
    okta: FakeOkta, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    register(okta, monkeypatch, jwk(0, kid="one"), jwk(1, kid="two"))
    found = doctor(*options)
    assert "no key of the application has this kid" in found["credentials"]["next"]


def test_another_key_of_that_kid(okta: FakeOkta, monkeypatch: pytest.MonkeyPatch) -> None:
    register(okta, monkeypatch, jwk(0, kid="one"), jwk(1, kid="two"))
    found = doctor("--key-id", "two")
    assert "another key is registered under this kid" in found["credentials"]["next"]


@pytest.mark.parametrize("alg", ["RS384", "RS512"])
def test_a_wrong_algorithm(okta: FakeOkta, monkeypatch: pytest.MonkeyPatch, alg: str) -> None:
    register(okta, monkeypatch, jwk(0, kid="one", alg=alg))
    found = doctor("--key-id", "one")
    assert f"registered for {alg}" in found["credentials"]["next"]
    # What it advises works.
    private = {**RSAKey.import_key(PRIVATE[0]).as_dict(private=True), "alg": alg}
    monkeypatch.setenv("OKTA_PRIVATE_KEY", json.dumps(private))
    assert doctor("--key-id", "one")["credentials"]["status"] == "ok"


def test_a_complaint_about_the_audience(
    fake: FakeOkta, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Served by another, the fake takes its own address to be what it was before.
    serve(Metadata())
    register(fake, monkeypatch, jwk(0))
    assert "takes its URL for another" in doctor()["credentials"]["next"]


@pytest.mark.parametrize(
    ("description", "advice"),
    [
        (
            "The audience claim for client_assertion must be the endpoint invoked for the request.",
            "takes its URL for another",
        ),
        ("The client_assertion JWT kid is invalid.", "no key of the application has this kid"),
        ("The client_assertion signature is invalid.", "another key is registered"),
        ("The client_assertion token is expired.", "set the clock"),
        ("The signing algorithm is not supported.", "another algorithm"),
        ("No, said \x1b[31m.", "compare the application's public keys"),
    ],
)
def test_what_okta_says_of_an_assertion(
    fake: FakeOkta,
    serve: Serve,
    monkeypatch: pytest.MonkeyPatch,
    description: str,
    advice: str,
) -> None:
    # Undated, as gateways may leave it: the clock is not compared.
    serve(Metadata(headers={"Date": ""}))
    register(fake, monkeypatch, jwk(0))
    # The call itself, the keys, and the other algorithms that are tried.
    fake.faults.oauth_error(401, "invalid_client", description)
    fake.faults.empty(404)
    fake.faults.oauth_error(401, "invalid_client", description, times=2)
    assert advice in doctor()["credentials"]["next"]


@pytest.mark.parametrize("ahead", [4000, -4000])
@pytest.mark.parametrize("method", ["private_key_jwt", "client_secret_jwt"])
def test_a_clock_that_spoils_assertions(
    monkeypatch: pytest.MonkeyPatch, ahead: float, method: str
) -> None:
    okta = FakeOkta(clock=FakeClock(time.time() + ahead))
    with okta.serve():
        monkeypatch.setenv("OKTA_ORG_URL", okta.url)
        client = okta.add_client(auth_method="client_secret_jwt")
        monkeypatch.setenv("OKTA_CLIENT_ID", client.client_id)
        if method == "private_key_jwt":
            monkeypatch.setenv("OKTA_PRIVATE_KEY", pem(PRIVATE[0]))
        else:
            monkeypatch.setenv("OKTA_CLIENT_SECRET", client.client_secret or "")
        # The discovery document, then the call. The fake itself is lenient with clocks.
        okta.faults.empty(404)
        okta.faults.oauth_error(401, "invalid_client", "no")
        found = doctor("--auth-method", method)
        assert found["clock"]["status"] == "failed"
        assert found["credentials"]["status"] == "failed"
        assert "set the clock" in found["credentials"]["next"]
        assert len(methods(okta)) == 1


def test_a_refusal_that_tells_nothing(okta: FakeOkta, monkeypatch: pytest.MonkeyPatch) -> None:
    client = okta.add_client(auth_method="client_secret_basic")
    monkeypatch.setenv("OKTA_CLIENT_ID", client.client_id)
    monkeypatch.delenv("OKTA_CLIENT_SECRET")
    monkeypatch.setenv("OKTA_PRIVATE_KEY", pem(PRIVATE[0]))
    assert "compare the application's public keys" in doctor()["credentials"]["next"]
    monkeypatch.delenv("OKTA_PRIVATE_KEY")
    assert "is no public client" in doctor("--auth-method", "none")["credentials"]["next"]


def test_a_secret_that_is_for_signing(okta: FakeOkta, monkeypatch: pytest.MonkeyPatch) -> None:
    client = okta.add_client(auth_method="client_secret_jwt")
    monkeypatch.setenv("OKTA_CLIENT_ID", client.client_id)
    monkeypatch.setenv("OKTA_CLIENT_SECRET", client.client_secret or "")
    assert "--auth-method client_secret_jwt" in doctor()["credentials"]["next"]


def test_an_unknown_client(fake: FakeOkta, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    serve(Metadata())
    monkeypatch.setenv("OKTA_CLIENT_ID", "nobody")
    found = doctor()
    assert "does not know the client id" in found["credentials"]["next"]
    assert len(methods(fake)) == 1


@pytest.mark.parametrize("missing", ["OKTA_CLIENT_ID", "OKTA_CLIENT_SECRET"])
def test_without_credentials_the_rest_is_looked_at(
    fake: FakeOkta, serve: Serve, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    serve(Metadata())
    monkeypatch.delenv(missing)
    found = doctor()
    assert found["credentials"]["status"] == "skipped"
    assert missing in found["credentials"]["next"]
    assert found["authorization server"]["status"] == "ok"
    assert found["clock"]["status"] == "ok"
    assert methods(fake) == []


def test_a_secret_that_cannot_be_read(fake: FakeOkta, serve: Serve) -> None:
    serve(Metadata())
    found = doctor("--client-secret-file", "missing")
    assert found["credentials"]["status"] == "failed"
    assert "--client-secret-file" in found["credentials"]["finding"]


def test_a_placeholder_for_a_secret(
    fake: FakeOkta, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(Metadata())
    monkeypatch.setenv("OKTA_CLIENT_SECRET", "{clientSecret}")
    found = doctor()
    assert found["credentials"]["status"] == "failed"
    assert "placeholder" in found["credentials"]["finding"]


@pytest.mark.parametrize("plan", ["page", "cut", "success"])
def test_a_call_that_goes_wrong(fake: FakeOkta, serve: Serve, plan: str) -> None:
    serve(Metadata())
    if plan == "page":
        fake.faults.html(502)
    elif plan == "cut":
        fake.faults.disconnect()
    else:
        fake.faults.html(200)
    found = doctor()
    assert found["credentials"]["status"] == "failed"
    # It would send its reader in a circle.
    assert "doctor" not in found["credentials"]["next"]


def test_a_limit_that_is_nearly_used_up(serve: Serve, fake: FakeOkta) -> None:
    serve(Metadata())
    headers = [
        ("Content-Type", "application/json"),
        ("X-Rate-Limit-Limit", "300"),
        ("X-Rate-Limit-Remaining", "29"),
        ("X-Rate-Limit-Reset", str(int(fake.clock.now()) + 30)),
    ]
    fake.faults.answer(200, headers=headers, body='{"active": false}')
    found = doctor()
    assert found["rate limit"]["status"] == "warning"
    assert found["rate limit"]["finding"].startswith("29 of 300 left until ")


def test_a_limit_that_is_used_up(serve: Serve, fake: FakeOkta) -> None:
    serve(Metadata())
    fake.faults.rate_limited(reset_in=45)
    found = doctor()
    assert found["rate limit"]["status"] == "failed"
    assert found["rate limit"]["next"].startswith("wait 4")
    assert found["credentials"]["status"] == "skipped"


def test_a_limit_that_is_not_told(serve: Serve, fake: FakeOkta) -> None:
    serve(Metadata())
    headers = [("Content-Type", "application/json")]
    fake.faults.answer(200, headers=headers, body=json.dumps({"active": False}))
    found = doctor()
    assert found["rate limit"]["status"] == "skipped"
    assert "X-Rate-Limit" in found["rate limit"]["next"]


# Token stores: tests/stores has real ones


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--store", "PLANTED"), "redis://"),
        (("--store", "postgresql://PLANTED/x"), "redis://"),
        (("--store", "redis://PLANTED:port"), "no URL"),
        (("--store", "redis://[PLANTED"), "no URL"),
        (("--store", "redis://:PLANTED@127.0.0.1"), "OKTA_OIDC_STORE"),
        (("--store", "unix:///tmp/x?password=PLANTED"), "OKTA_OIDC_STORE"),
        (("--store-key", "PLANTED"), "--store-key needs a store"),
    ],
)
def test_what_is_no_store(okta: FakeOkta, arguments: tuple[str, ...], words: str) -> None:
    outcome = run_here("doctor", *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert words in outcome.err
    assert "PLANTED" not in outcome.err
    assert okta.requests == []


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("redis://127.0.0.1:1/0", "127.0.0.1:1: Error"),
        ("unix:///nowhere/redis.sock", "/nowhere/redis.sock: Error"),
        ("redis://127.0.0.1:1/?max_connections=x", "cannot read that URL"),
    ],
)
def test_a_store_that_is_not_there(url: str, words: str) -> None:
    pytest.importorskip("redis")
    outcome = run_here("doctor", "--json", "--store", url, "--store-key", "k")
    found = {check["check"]: check for check in outcome.document["checks"]}
    assert outcome.code == 1
    assert found["token store"]["status"] == "failed"
    assert words in found["token store"]["finding"]
    assert found["token store"]["next"]


def test_a_store_without_its_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)
    outcome = run_here("doctor", "--store", "redis://127.0.0.1:1")
    assert outcome.code == 1
    assert "install okta-oidc[redis]" in outcome.out
