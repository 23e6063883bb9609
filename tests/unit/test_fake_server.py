"""FakeOkta: one life on every face, and the real port."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from typing import BinaryIO, Literal

import httpx
import pytest
import trustme
from okta_oidc.testing import FakeOkta

from tests.support.certificates import client_context, server_context

from .fake_wire import CALLBACK, Wire, assert_documented, basic, members

SERVICE = {"grant_type": "client_credentials", "scope": "api:read"}

Post = Callable[[str, Mapping[str, str]], httpx.Response]


def _auth(fake: FakeOkta) -> dict[str, str]:
    return {"Authorization": basic(fake.client_id, fake.client_secret)}


@contextmanager
def _sync_in_memory(fake: FakeOkta) -> Generator[Post, None, None]:
    def post(endpoint: str, data: Mapping[str, str]) -> httpx.Response:
        with httpx.Client(transport=fake.transport) as client:
            return client.post(Wire(fake).url(endpoint), data=data, headers=_auth(fake))

    yield post


@contextmanager
def _async_in_memory(fake: FakeOkta) -> Generator[Post, None, None]:
    async def post(endpoint: str, data: Mapping[str, str]) -> httpx.Response:
        async with httpx.AsyncClient(transport=fake.transport) as client:
            return await client.post(Wire(fake).url(endpoint), data=data, headers=_auth(fake))

    yield lambda endpoint, data: asyncio.run(post(endpoint, data))


@contextmanager
def _sync_served(fake: FakeOkta) -> Generator[Post, None, None]:
    with fake.serve(), httpx.Client() as client:

        def post(endpoint: str, data: Mapping[str, str]) -> httpx.Response:
            client.cookies.clear()
            return client.post(Wire(fake).url(endpoint), data=data, headers=_auth(fake))

        yield post


@contextmanager
def _async_served(fake: FakeOkta) -> Generator[Post, None, None]:
    async def post(endpoint: str, data: Mapping[str, str]) -> httpx.Response:
        async with httpx.AsyncClient() as client:
            return await client.post(Wire(fake).url(endpoint), data=data, headers=_auth(fake))

    with fake.serve():
        yield lambda endpoint, data: asyncio.run(post(endpoint, data))


FACES = [_sync_in_memory, _async_in_memory, _sync_served, _async_served]


@pytest.mark.parametrize("face", FACES, ids=lambda face: face.__name__.strip("_"))
def test_the_life_of_a_token(face: Callable[[FakeOkta], AbstractContextManager[Post]]) -> None:
    fake = FakeOkta()
    with face(fake) as raw_post:

        def post(endpoint: str, data: Mapping[str, str]) -> httpx.Response:
            response = raw_post(endpoint, data)
            assert_documented(response)
            return response

        code = {
            "grant_type": "authorization_code",
            "code": fake.authorize(CALLBACK),
            "redirect_uri": CALLBACK,
        }
        tokens = members(post("token", code))
        answer = members(post("introspect", {"token": tokens["access_token"]}))
        assert answer["active"] is True
        assert answer["iss"] == f"{fake.url}/oauth2/default"
        refresh = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
        renewed = members(post("token", refresh))
        assert renewed["refresh_token"] != tokens["refresh_token"]
        response = post("revoke", {"token": renewed["refresh_token"]})
        assert (response.status_code, response.content) == (200, b"")
        for answered in (tokens, renewed):
            answer = members(post("introspect", {"token": answered["access_token"]}))
            assert answer == {"active": False}
        assert post("token", code).status_code == 400
        assert [r.endpoint for r in fake.requests].count("token") == 3
        assert fake.requests[0].form == tuple(code.items())
        assert fake.requests[0].header("CONTENT-TYPE") == "application/x-www-form-urlencoded"


def test_the_transport_leads_to_its_own_host_only() -> None:
    fake = FakeOkta()
    client = httpx.Client(transport=fake.transport)
    for url in (
        "https://other.test/",
        "http://fake.okta.test/oauth2/v1/token",
        "https://fake.okta.test:8443/oauth2/v1/token",
    ):
        with pytest.raises(httpx.ConnectError):
            client.post(url)
    assert fake.requests == []
    assert client.get("https://fake.okta.test:443/").status_code == 404


@pytest.mark.parametrize(("refuse", "second"), [(False, 200), (True, 400)])
def test_a_client_with_a_cookie_jar_is_served_or_caught_on_both_ways_in(
    refuse: bool, second: int
) -> None:
    fake = FakeOkta(refuse_cookies=refuse)

    def twice(client: httpx.Client) -> list[int]:
        return [
            client.post(Wire(fake).url("token"), data=SERVICE, headers=_auth(fake)).status_code
            for _ in range(2)
        ]

    with httpx.Client(transport=fake.transport) as client:
        assert twice(client) == [200, second]
        assert fake.requests[-1].sent_cookies
    with fake.serve(), httpx.Client() as client:
        assert twice(client) == [200, second]
        assert fake.requests[-1].sent_cookies


# The real port


def test_serving_moves_the_url_and_moves_it_back() -> None:
    fake = FakeOkta()
    threads = set(threading.enumerate())
    with fake.serve() as server, httpx.Client() as client:
        assert server.url == fake.url == f"http://127.0.0.1:{server.port}"
        assert fake.issuer() == f"{server.url}/oauth2/default"
        with pytest.raises(RuntimeError, match="already"), fake.serve():
            pass
        assert fake.url == server.url
        assert Wire(fake, http=client).post("token", SERVICE).status_code == 200
    assert fake.url == "https://fake.okta.test"
    assert set(threading.enumerate()) <= threads
    with (
        pytest.raises(ConnectionRefusedError),
        socket.create_connection(("127.0.0.1", server.port), timeout=5),
    ):
        pass
    server.close()
    with fake.serve() as again, httpx.Client() as client:
        assert Wire(fake, http=client).revoke("t").status_code == 200
        assert again.port > 0


def test_the_fake_keeps_its_memory_between_ways_in() -> None:
    fake = FakeOkta()
    token = Wire(fake).sign_in()["access_token"]
    with fake.serve(), httpx.Client() as client:
        assert Wire(fake, http=client).is_active(token)


def test_an_error_in_the_block_still_ends_the_server() -> None:
    fake = FakeOkta()
    threads = set(threading.enumerate())
    with pytest.raises(ZeroDivisionError), fake.serve():
        raise ZeroDivisionError
    assert set(threading.enumerate()) <= threads
    assert fake.url == "https://fake.okta.test"


def _connect(fake: FakeOkta) -> socket.socket:
    port = httpx.URL(fake.url).port
    assert port is not None
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def _read_response(stream: BinaryIO) -> tuple[int, dict[str, str], bytes]:
    status = int(stream.readline().split()[1])
    headers: dict[str, str] = {}
    while (line := stream.readline().strip()) != b"":
        name, _, value = line.decode().partition(": ")
        headers[name.lower()] = value
    return status, headers, stream.read(int(headers["content-length"]))


def test_connections_are_kept_open_and_requests_may_be_pipelined() -> None:
    fake = FakeOkta()
    request = (
        b"POST /oauth2/default/v1/revoke HTTP/1.1\r\nHost: x\r\nContent-Length: 7\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\n\r\ntoken=t"
    )
    with fake.serve(), _connect(fake) as connection, connection.makefile("rb") as stream:
        connection.sendall(request * 3)
        for _ in range(3):
            status, headers, body = _read_response(stream)
            assert status == 401
            assert json.loads(body)["errorCode"] == "invalid_client"
            assert "connection" not in headers
        connection.sendall(request.replace(b"Host: x", b"Host: x\r\nConnection: close"))
        status, headers, _ = _read_response(stream)
        assert (status, headers["connection"]) == (401, "close")
        assert stream.read() == b""
    assert len(fake.requests) == 4


@pytest.mark.parametrize("version", [b"HTTP/1.0", b"HTTP/1.1"])
def test_an_old_client_gets_its_answer_and_the_end(version: bytes) -> None:
    fake = FakeOkta()
    with fake.serve(), _connect(fake) as connection, connection.makefile("rb") as stream:
        connection.sendall(b"GET / " + version + b"\r\nHost: x\r\n\r\n")
        assert _read_response(stream)[0] == 404
        if version == b"HTTP/1.0":
            assert stream.read() == b""


def test_chunked_bodies_and_expect_continue_are_understood() -> None:
    fake = FakeOkta()
    head = (
        b"POST /oauth2/default/v1/introspect HTTP/1.1\r\nHost: x\r\n"
        + f"Authorization: {basic(fake.client_id, fake.client_secret)}\r\n".encode()
        + b"Content-Type: application/x-www-form-urlencoded\r\n"
    )
    with fake.serve(), _connect(fake) as connection, connection.makefile("rb") as stream:
        connection.sendall(
            head
            + b"Transfer-Encoding: chunked\r\n\r\n5\r\ntoken\r\n2;x=y\r\n=t\r\n0\r\nA: b\r\n\r\n"
        )
        status, _, body = _read_response(stream)
        assert (status, body) == (200, b'{"active":false}')
        connection.sendall(head + b"Content-Length: 7\r\nExpect: 100-continue\r\n\r\n")
        assert stream.readline().split()[1] == b"100"
        assert stream.readline() == b"\r\n"
        connection.sendall(b"token=t")
        assert _read_response(stream)[2] == b'{"active":false}'
    assert [request.body for request in fake.requests] == [b"token=t", b"token=t"]


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: x",
        b"Content-Length: -1",
        b"Content-Length: 99999999999",
        b"Transfer-Encoding: gzip",
        b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n-5\r\n",
        b"Transfer-Encoding: chunked\r\n\r\nfffffff\r\n",
    ],
)
def test_a_body_of_unknowable_length_is_refused_and_the_connection_ends(head: bytes) -> None:
    fake = FakeOkta()
    with fake.serve(), _connect(fake) as connection, connection.makefile("rb") as stream:
        connection.sendall(b"POST /oauth2/v1/token HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n\r\n")
        status, headers, body = _read_response(stream)
        assert (status, headers["connection"]) == (400, "close")
        assert json.loads(body)["errorCode"] == "E0000003"


@pytest.mark.parametrize(
    "noise", [b"", b"\x16\x03\x01 hello\r\n\r\n", b"GET\r\n\r\n", b"a" * 70_000]
)
def test_noise_is_survived_in_silence(noise: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    fake = FakeOkta()
    with fake.serve(), httpx.Client() as client:
        with _connect(fake) as connection:
            connection.sendall(noise)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(4096):
                pass
        assert Wire(fake, http=client).revoke("t").status_code == 200
    assert capfd.readouterr() == ("", "")


def test_closing_ends_idle_and_half_open_connections() -> None:
    fake = FakeOkta()
    threads = set(threading.enumerate())
    with fake.serve(), httpx.Client() as client:
        idle, half = _connect(fake), _connect(fake)
        half.sendall(b"POST /oauth2/v1/token HTTP/1.1\r\nContent-Le")
        assert Wire(fake, http=client).revoke("t").status_code == 200
    with idle, half:
        assert set(threading.enumerate()) <= threads
        assert idle.recv(1) == b""
        assert half.recv(1) == b""


def test_many_threads_share_one_fake() -> None:
    fake = FakeOkta(rate_limit=None)
    code = fake.authorize(CALLBACK)
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
    with fake.serve(), httpx.Client() as client:

        def redeem(_: int) -> int:
            # No jar: concurrent callers would hand each other's cookies in.
            request = httpx.Request("POST", Wire(fake).url("token"), data=form, headers=_auth(fake))
            client.cookies.clear()
            return client.send(request).status_code

        with ThreadPoolExecutor(16) as pool:
            statuses = list(pool.map(redeem, range(64)))
    assert statuses.count(200) == 1
    assert len(fake.requests) == 64


def test_https_with_a_test_authority() -> None:
    authority = trustme.CA()
    server_side = server_context(authority, "localhost")
    fake = FakeOkta()
    threads = set(threading.enumerate())
    with fake.serve(ssl_context=server_side, hostname="localhost") as server:
        assert server.url == f"https://localhost:{server.port}"
        silent = _connect(fake)
        with httpx.Client() as distrustful, pytest.raises(httpx.ConnectError):
            distrustful.get(server.url)
        with httpx.Client(verify=client_context(authority)) as client:
            wire = Wire(fake, http=client)
            assert wire.is_active(wire.sign_in()["access_token"])
    silent.close()
    assert set(threading.enumerate()) <= threads


# Failures over the real port


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize("processed", [False, True])
def test_a_dropped_connection(reset: bool, processed: bool) -> None:
    fake = FakeOkta()
    code = fake.authorize(CALLBACK)
    fake.faults.disconnect(reset=reset, processed=processed)
    with fake.serve(), httpx.Client() as client:
        wire = Wire(fake, http=client)
        with pytest.raises(httpx.ReadError if reset else httpx.RemoteProtocolError):
            wire.redeem(code)
        assert fake.requests[-1].status is None
        assert wire.redeem(code).status_code == (400 if processed else 200)


def test_an_exception_becomes_a_dropped_connection() -> None:
    fake = FakeOkta()
    fake.faults.exception(httpx.ConnectTimeout)
    with fake.serve(), httpx.Client() as client, pytest.raises(httpx.RemoteProtocolError):
        Wire(fake, http=client).revoke("t")


@pytest.mark.parametrize("part", ["headers", "body"])
def test_a_dripped_answer_is_whole_in_the_end(part: Literal["headers", "body"]) -> None:
    fake = FakeOkta()
    fake.faults.drip(0, part=part)
    with fake.serve(), httpx.Client() as client:
        wire = Wire(fake, http=client)
        assert wire.introspect("t") == {"active": False}
        assert wire.introspect("t") == {"active": False}


@pytest.mark.parametrize("part", ["headers", "body"])
def test_a_drip_does_not_outlive_its_server(part: Literal["headers", "body"]) -> None:
    fake = FakeOkta()
    fake.faults.drip(3600, part=part)
    threads = set(threading.enumerate())
    with fake.serve(), _connect(fake) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        connection.settimeout(10)
        if part == "body":
            assert connection.recv(4096).startswith(b"HTTP/1.1 404")
        else:
            # Nothing is ever sent, so the record is the sign that the drip has begun.
            deadline = threading.Event()
            while not fake.requests:
                assert not deadline.wait(0.001)
    assert set(threading.enumerate()) <= threads


def test_forced_answers_keep_the_connection_in_step() -> None:
    fake = FakeOkta()
    with fake.serve(), _connect(fake) as connection, connection.makefile("rb") as stream:
        fake.faults.html(502)
        fake.faults.truncated_json()
        fake.faults.empty(500)
        fake.faults.answer(599, body=b"x")
        for status in (502, 404, 500, 599, 404):
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert _read_response(stream)[0] == status


def test_a_head_request_gets_no_body() -> None:
    fake = FakeOkta()
    with fake.serve(), httpx.Client() as client:
        for _ in range(2):
            response = client.head(fake.url)
            assert (response.status_code, response.content) == (404, b"")
    with httpx.Client(transport=fake.transport) as client:
        assert client.head(fake.url).content == b""
