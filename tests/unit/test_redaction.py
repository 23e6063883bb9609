"""Planted secrets: whatever happens, no text that this package makes holds one."""

from __future__ import annotations

import copy
import io
import json
import logging
import pickle
import traceback
import warnings
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, quote_plus

import httpx
import pytest
from okta_oidc import APIError, ClientSecretBasic, ClientSecretPost, ConfigurationError, OktaError
from okta_oidc import _refusals as refusals
from okta_oidc_api.api.token import custom_token
from okta_oidc_api.models import AuthorizationCodeGrant, PasswordGrant

from tests.support.faces import AUTHS, AuthClass, Face, borrowed_client
from tests.support.samples import CALLBACK, answer, okta_error
from tests.support.servers import Recorder, http_bytes

from .conftest import OpenOkta, ServeRaw, on_every_loop

CLIENT_ID = "0oa1client"
# Plain, and with what every encoding changes; all of them hold "planted".
PLAIN = {
    "client_secret": "planted-client-secret-1",
    "code": "planted-code-2",
    "verifier": "planted-verifier-3",
    "refresh": "planted-refresh-4",
    "token": "planted-token-5",
    "password": "planted-password-6",
    "assertion": "planted.assertion.7",
}
ODD = {name: f"{value} ü&=+/%\"'<>" for name, value in PLAIN.items()}

Calls = dict[str, Callable[[Face], object]]


def calls_with(secrets: dict[str, str]) -> Calls:
    return {
        "code": lambda okta: okta.token_for_code(
            secrets["code"], CALLBACK, code_verifier=secrets["verifier"]
        ),
        "refresh": lambda okta: okta.token_for_refresh_token(secrets["refresh"]),
        "introspect": lambda okta: okta.introspect(secrets["token"]),
        "revoke": lambda okta: okta.revoke(secrets["token"]),
        "password": lambda okta: okta.token(
            PasswordGrant(username="ada@example.com", password=secrets["password"], scope="s")
        ),
        "assertion": lambda okta: okta.token(
            {"grant_type": "urn:x", "assertion": secrets["assertion"]}
        ),
    }


@contextmanager
def everything_said() -> Generator[list[str], None, None]:
    """Every log record of every logger from DEBUG on, formatted, and every warning."""
    said: list[str] = []
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(name)s %(message)s %(args)s %(exc_text)s"))
    root = logging.getLogger()
    level = root.level
    # Set by hand on loggers that a library may have pinned.
    loggers = [logging.getLogger(name) for name in ("okta_oidc", "httpx", "httpcore")]
    levels = [logger.level for logger in loggers]
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield said
        said.extend(str(warning.message) for warning in caught)
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
        for logger, before in zip(loggers, levels, strict=True):
            logger.setLevel(before)
        said.append(stream.getvalue())


def texts_of(error: BaseException) -> list[str]:
    """All that a program prints of an error, and of the objects that hang on it."""
    texts = [
        repr(error),
        str(error),
        f"{error}",
        f"{error!r}",
        "%s %r" % (error, error),  # noqa: UP031  # a form of its own
        repr(error.args),
        "".join(traceback.format_exception(error)),
        "".join(traceback.TracebackException.from_exception(error, compact=True).format()),
        repr(pickle.loads(pickle.dumps(error))),
        repr(copy.copy(error)),
    ]
    return [*texts, *(repr(getattr(error, name, None)) for name in ("http", "extra"))]


def assert_silent(texts: list[str], secrets: dict[str, str]) -> None:
    whole = "\n".join(texts)
    for name, secret in secrets.items():
        pair = f"{quote(CLIENT_ID, safe='')}:{quote(secret, safe='')}"
        shapes = {
            secret,
            quote(secret),
            quote(secret, safe=""),
            quote_plus(secret),
            json.dumps(secret)[1:-1],
            repr(secret)[1:-1],
            b64encode(secret.encode()).decode().rstrip("="),
            b64encode(pair.encode()).decode().rstrip("="),
            # The beginning or the end of a secret is enough to narrow it down.
            secret[:12],
            secret[-12:],
        }
        for shape in shapes:
            assert shape not in whole, f"{name} as {shape!r}"


def echoing(request: httpx.Request) -> str:
    """What a server that debugs itself says: all it was sent, as sent and decoded."""
    parts = [request.content.decode(), str(dict(httpx.QueryParams(request.content.decode())))]
    parts += [f"{name}: {value}" for name, value in request.headers.items()]
    return " | ".join(parts)


STATUSES = [200, 302, 400, 401, 403, 404, 429, 500, 502, 503, 520]


@pytest.mark.parametrize("secrets", [PLAIN, ODD], ids=["plain", "odd"])
@pytest.mark.parametrize("auth", AUTHS)
@pytest.mark.parametrize("status", STATUSES)
def test_a_server_that_says_nothing_secret(
    open_okta: OpenOkta, auth: AuthClass, status: int, secrets: dict[str, str]
) -> None:
    body = okta_error("invalid_client", "No.") if status % 2 else {"error": "invalid_grant"}
    okta = open_okta(
        auth=auth(CLIENT_ID, secrets["client_secret"]),
        handler=Recorder(answer(status, body)),
    )
    for call in calls_with(secrets).values():
        with everything_said() as said, pytest.raises(OktaError) as caught:
            call(okta)
        assert_silent([*said, *texts_of(caught.value)], secrets)


def quotations(auth: AuthClass, secrets: dict[str, str]) -> list[str]:
    """What a server may quote of the request for a code: values as they are, and as they came."""
    code, verifier, secret = secrets["code"], secrets["verifier"], secrets["client_secret"]
    quoted = [code, verifier, quote_plus(code), quote(verifier, safe="")]
    if auth is ClientSecretPost:
        return [*quoted, secret, quote_plus(secret)]
    pair = f"{CLIENT_ID}:{quote(secret, safe='')}"
    return [*quoted, secret, pair, b64encode(pair.encode()).decode()]


@pytest.mark.parametrize("secrets", [PLAIN, ODD], ids=["plain", "odd"])
@pytest.mark.parametrize("auth", AUTHS)
@pytest.mark.parametrize("shape", ["error_description", "errorSummary", "error", "errorCode"])
@pytest.mark.parametrize("index", range(6))
def test_a_server_that_quotes_the_secret_in_its_text(
    auth: AuthClass, shape: str, secrets: dict[str, str], index: int
) -> None:
    quotation = quotations(auth, secrets)[index]
    handler = Recorder(answer(400, {shape: f"The value '{quotation}' is not valid."}))
    for kind in ("sync", "asyncio"):
        with (
            Face(kind, auth=auth(CLIENT_ID, secrets["client_secret"]), handler=handler) as okta,
            everything_said() as said,
            pytest.raises(APIError) as caught,
        ):
            calls_with(secrets)["code"](okta)
        assert_silent([*said, *texts_of(caught.value)], secrets)
        # The attributes are what the server said, for whoever asks.
        assert quotation in f"{caught.value.code} {caught.value.description}"


@pytest.mark.parametrize("filler", [270, 285, 290, 295, 299])
def test_a_secret_that_the_length_limit_would_cut_in_two(filler: int) -> None:
    secret = "planted-" + "s" * 40

    def handler(request: httpx.Request) -> httpx.Response:
        return answer(400, {"error": "e", "error_description": "x" * filler + secret})

    with Face("sync", handler=handler) as okta, pytest.raises(APIError) as caught:
        okta.introspect(secret)
    assert "planted" not in str(caught.value)
    with (
        Face("sync", auth=ClientSecretPost(CLIENT_ID, secret), handler=handler) as okta,
        pytest.raises(APIError) as caught,
    ):
        okta.introspect("t")
    assert "planted" not in str(caught.value)


def test_a_secret_that_tidying_would_change() -> None:
    for secret in ("planted\tsecret-ü", "plänted-sécret-ß", "planted\u2028secret", "ключ-ключ"):

        def handler(request: httpx.Request, secret: str = secret) -> httpx.Response:
            return answer(400, {"error": "e", "error_description": f"bad: {secret}."})

        with Face("sync", handler=handler) as okta, pytest.raises(APIError) as caught:
            okta.introspect(secret)
        message = str(caught.value)
        for part in ("planted", "secret", "nted-s", "cret-", "ключ"):
            assert part not in message


ENCODINGS: dict[str, Callable[[bytes], str]] = {
    "base64": lambda secret: b64encode(secret).decode(),
    "base64url": lambda secret: urlsafe_b64encode(secret).decode().rstrip("="),
    "hex": bytes.hex,
    "HEX": lambda secret: secret.hex().upper(),
    "backslash-x": lambda secret: "".join(f"\\x{byte:02x}" for byte in secret),
    "backslash-u": lambda secret: "".join(f"\\u{byte:04x}" for byte in secret),
}


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("secret", ["pl4n-ted9", "pla>nt?ed1"])
def test_a_short_secret_that_is_encoded_once_more(encoding: str, secret: str) -> None:
    """It is shorter than what may be anybody's token."""
    form = ENCODINGS[encoding](secret.encode())
    handler = Recorder(answer(400, {"error": "e", "error_description": f"bad: {form} it is"}))
    with Face("sync", handler=handler) as okta, pytest.raises(APIError) as caught:
        okta.introspect(secret)
    assert str(caught.value).startswith("e (HTTP 400): bad: [redacted]")
    assert form.rstrip("=") not in str(caught.value)
    assert " it is." in str(caught.value)


DISGUISES: dict[str, Callable[[str], str]] = {
    "another case": str.upper,
    "percent, twice": lambda secret: quote("".join(f"%{ord(char):02x}" for char in secret)),
    "HTML": lambda secret: "".join(f"&#{ord(char)};" for char in secret),
    "HTML in percent": lambda secret: quote("".join(f"&#x{ord(char):x};" for char in secret)),
    "JSON, twice": lambda secret: json.dumps(json.dumps(secret))[3:-3],
    "punctuation": lambda secret: "-".join(secret),
}


@pytest.mark.parametrize("disguise", DISGUISES)
@pytest.mark.parametrize("secret", ["pl4n-ted9", "pl4n\nted9", 'pl4n"ted9'])
def test_a_secret_in_disguise_takes_its_word_along(disguise: str, secret: str) -> None:
    text = f"bad: {DISGUISES[disguise](secret)} it is"
    shown = refusals.shown(text, (secret,))
    assert shown == "bad: [redacted] it is"


def test_a_secret_over_several_words_takes_the_text_along() -> None:
    assert refusals.shown("bad: pl4n \t te d9 it is", ("pl4n-ted9",)) == "[redacted]"
    assert refusals.shown("bad: pl4n ted it is", ("pl4n-ted9",)) == "bad: pl4n ted it is"


@pytest.mark.parametrize("status", [200, 400])
def test_a_request_id_that_is_a_secret(status: int) -> None:
    refused = answer(status, {"error": "e"}, replace={"x-okta-request-id": PLAIN["token"]})
    with (
        Face("sync", handler=Recorder(refused)) as okta,
        everything_said() as said,
        pytest.raises(OktaError) as caught,
    ):
        okta.introspect(PLAIN["token"])
    ours = [line for text in said for line in text.splitlines() if "okta_oidc" in line[:10]]
    assert PLAIN["token"] not in f"{caught.value} {caught.value!r} {ours}"


PAGES: list[tuple[str, dict[str, str]]] = [
    ("<html>%s</html>", {"content-type": "text/html"}),
    ("%s", {"content-type": "application/json"}),
    ("%s", {}),
]


@pytest.mark.parametrize(("template", "headers"), PAGES, ids=["page", "json", "untyped"])
@pytest.mark.parametrize("auth", AUTHS)
@pytest.mark.parametrize("status", STATUSES)
def test_a_server_that_echoes_in_its_body(
    auth: AuthClass, status: int, template: str, headers: dict[str, str]
) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        return httpx.Response(status, headers=headers, text=template % echoing(request))

    with Face("sync", auth=auth(CLIENT_ID, PLAIN["client_secret"]), handler=handler) as okta:
        for name, call in calls_with(PLAIN).items():
            texts: list[str] = []
            with everything_said() as said:
                try:
                    # What a revocation comes back with says nothing, unless it is a page.
                    assert call(okta) is None
                    assert (name, status) == ("revoke", 200)
                except OktaError as error:
                    texts = texts_of(error)
            assert_silent([*said, *texts], PLAIN)


@pytest.mark.parametrize("auth", AUTHS)
@pytest.mark.parametrize("status", STATUSES)
def test_a_server_that_echoes_in_its_headers_and_members(
    open_okta: OpenOkta, auth: AuthClass, status: int
) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        echo = echoing(request)
        ascii_echo = echo.encode("ascii", "replace").decode()
        names = ("set-cookie", "www-authenticate", "dpop-nonce", "x-debug", "location")
        members = {
            "mfa_token": echo,
            "debug": {"sent": echo},
            "errorCauses": [{"errorSummary": echo}],
        }
        return httpx.Response(
            status,
            headers=[(name, ascii_echo) for name in names],
            json=members,
        )

    okta = open_okta(auth=auth(CLIENT_ID, PLAIN["client_secret"]), handler=handler)
    for call in calls_with(PLAIN).values():
        texts: list[str] = []
        with everything_said() as said:
            try:
                # Revocation is content with any members but those of an error.
                assert call(okta) is None
                assert status == 200
            except OktaError as error:
                texts = texts_of(error)
        assert_silent([*said, *texts], PLAIN)


@pytest.mark.parametrize("auth", AUTHS)
@on_every_loop
def test_what_the_libraries_below_log_of_a_real_exchange(
    open_okta: OpenOkta, serve_raw: ServeRaw, auth: AuthClass
) -> None:
    members = {"access_token": "planted-AT", "refresh_token": "planted-RT", "active": True}
    body = json.dumps({"token_type": "Bearer", **members}).encode()
    server = serve_raw(http_bytes(body=body))
    secrets = {**ODD, "at": "planted-AT", "rt": "planted-RT"}
    with everything_said() as said:
        okta = open_okta(server.url, auth=auth(CLIENT_ID, ODD["client_secret"]))
        shown = [repr(okta.client), str(okta.client), f"{okta.client}", repr(okta.client.api)]
        for name, call in calls_with(ODD).items():
            if name != "revoke":
                result = call(okta)
                # What the generated model shows is the generator's.
                if name not in ("password", "assertion"):
                    shown += [repr(result), str(result), f"{result}"]
    assert "httpcore" in "".join(said)
    assert "okta_oidc" in "".join(said)
    assert_silent([*said, *shown], secrets)


@pytest.mark.parametrize(
    "garbage",
    [
        b"planted-garbage %s\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nbad header %s\r\n\r\n",
        b"HTTP/1.1 %s\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: %s\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%s\r\n",
    ],
)
@pytest.mark.parametrize("auth", AUTHS)
@on_every_loop
def test_a_server_that_answers_with_garbage(
    open_okta: OpenOkta, serve_raw: ServeRaw, auth: AuthClass, garbage: bytes
) -> None:
    def send(connection: Any) -> None:
        connection.sendall(garbage % " ".join(PLAIN.values()).encode())

    server = serve_raw(send)
    okta = open_okta(server.url, auth=auth(CLIENT_ID, PLAIN["client_secret"]), retry=None)
    for call in calls_with(PLAIN).values():
        with everything_said() as said, pytest.raises(OktaError) as caught:
            call(okta)
        # httpcore quotes a server's garbage in a DEBUG record of its own: not ours to silence.
        lines = [line for text in said for line in text.splitlines()]
        ours = [line for line in lines if line.startswith(("okta_oidc", "httpx"))]
        assert_silent([*ours, *texts_of(caught.value)], PLAIN)


@pytest.mark.parametrize(
    "raised",
    [
        httpx.ConnectError("planted? no"),
        httpx.ReadTimeout("slow"),
        httpx.ReadError(""),
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize("auth", AUTHS)
def test_a_connection_that_breaks(open_okta: OpenOkta, auth: AuthClass, raised: Exception) -> None:
    okta = open_okta(auth=auth(CLIENT_ID, ODD["client_secret"]), handler=Recorder(raised))
    for call in calls_with(ODD).values():
        with everything_said() as said, pytest.raises(OktaError) as caught:
            call(okta)
        assert_silent([*said, *texts_of(caught.value)], ODD)


def test_arguments_that_are_refused(open_okta: OpenOkta) -> None:
    okta = open_okta(auth=ClientSecretBasic(CLIENT_ID, PLAIN["client_secret"]))
    bad: list[Callable[[], object]] = [
        lambda: okta.token_for_code(PLAIN["code"], ""),
        lambda: okta.token_for_code(PLAIN["code"] + "\ud800", CALLBACK),
        lambda: okta.introspect(PLAIN["token"].encode()),
        lambda: okta.introspect(PLAIN["token"], auth_server_id=PLAIN["token"] + "."),
        lambda: okta.token(PLAIN["password"]),
        lambda: okta.token({"grant_type": "x", PLAIN["token"]: object()}),
        lambda: okta.token({"grant_type": "x", "client_secret": PLAIN["client_secret"]}),
        lambda: okta.token({"grant_type": "x", "a": {"b": PLAIN["token"]}}),
    ]
    for call in bad[:5] + bad[6:]:
        with everything_said() as said, pytest.raises(ConfigurationError) as caught:
            call()
        assert_silent([*said, *texts_of(caught.value)], PLAIN)


@pytest.mark.parametrize("auth", AUTHS)
@pytest.mark.parametrize("status", [200, 299, 400, 429, 502, 520])
def test_a_generated_function_whose_answer_cannot_be_parsed(
    open_okta: OpenOkta, auth: AuthClass, status: int
) -> None:
    secret = PLAIN["code"]
    bodies: list[bytes] = [
        f"<html>{secret}</html>".encode(),
        json.dumps({"error_description": f"bad {secret}"}).encode(),
        json.dumps({"error": 5, "errorSummary": f"{secret} {PLAIN['client_secret']}"}).encode(),
    ]
    if status == 520:
        bodies.append(json.dumps({"error": "e", "error_description": secret}).encode())
    for body in bodies:
        okta = open_okta(
            auth=auth(CLIENT_ID, PLAIN["client_secret"]), handler=Recorder(answer(status, body))
        )
        with everything_said() as said, pytest.raises(OktaError) as caught:
            okta.generated(
                custom_token,
                body=AuthorizationCodeGrant(code=secret, redirect_uri=CALLBACK),
            )
        assert_silent([*said, *texts_of(caught.value)], PLAIN)
        assert getattr(caught.value, "body", None) == body


def test_a_retry_is_logged_once_and_without_secrets(open_okta: OpenOkta) -> None:
    okta = open_okta(
        auth=ClientSecretPost(CLIENT_ID, PLAIN["client_secret"]),
        handler=Recorder(answer(503), answer(503), answer(body={"active": True})),
    )
    with everything_said() as said:
        assert okta.introspect(PLAIN["token"])
    log = "".join(said)
    assert log.count("attempt 1 of 3") == 1
    assert log.count("attempt 2 of 3") == 1
    assert_silent(said, PLAIN)


def test_a_borrowed_client_that_logs_is_its_owners_affair_but_not_its_headers() -> None:
    seen: list[str] = []

    def hook(request: httpx.Request) -> None:
        seen.append(f"{request!r} {request.headers!r}")

    client = borrowed_client("sync", Recorder(answer(body={"active": True})))
    assert isinstance(client, httpx.Client)
    client.event_hooks = {"request": [hook]}
    auth = ClientSecretBasic(CLIENT_ID, PLAIN["client_secret"])
    with Face("sync", auth=auth, http_client=client) as okta:
        okta.introspect(PLAIN["token"])
    assert_silent(seen, PLAIN)
