"""gunicorn with preload: the client is made, and used, before the workers are forked."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import httpx
import pytest
from okta_oidc.testing import FakeOkta

from tests.support.samples import CALLBACK, CLIENT_ID, CLIENT_SECRET

APP: Final = """
import os
from okta_oidc import ClientSecretBasic, OktaOIDC
auth = ClientSecretBasic(os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"])
okta = OktaOIDC(os.environ["OKTA_URL"], auth, timeout=100)
# A connection is open, and idle, when the workers are forked.
okta.introspect("nothing")

def app(environ, start_response):
    info = okta.introspect(environ["QUERY_STRING"])
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{os.getpid()} {info.uid} {info.jti}".encode()]
"""


@contextlib.contextmanager
def served(okta: FakeOkta, folder: Path, kind: str) -> Generator[httpx.Client]:
    (folder / "service.py").write_text(APP)
    address = folder / "socket"
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(folder), *sys.path]),
        "OKTA_URL": okta.url,
        "CLIENT_ID": CLIENT_ID,
        "CLIENT_SECRET": CLIENT_SECRET,
    }
    options = ("--preload", "--workers=3", f"--worker-class={kind}", "--threads=4")
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(
            [
                *(sys.executable, "-m", "gunicorn", *options, "--timeout=60"),
                *(f"--bind=unix:{address}", "service:app"),
            ],
            cwd=folder,
            env=environment,
            stdout=log,
            stderr=log,
        )
        try:
            wait_for(address, server)
            transport = httpx.HTTPTransport(uds=str(address))
            # A connection that is kept stays with the worker that took it.
            close = {"Connection": "close"}
            with httpx.Client(
                transport=transport, base_url="http://service", timeout=120, headers=close
            ) as http:
                yield http
        finally:
            server.send_signal(signal.SIGTERM)
            assert server.wait(120) == 0, (folder / "log").read_text()


def wait_for(address: Path, server: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 240
    while time.monotonic() < end and server.poll() is None:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
            probe.connect(str(address))
            return
        time.sleep(0.05)
    raise AssertionError((address.parent / "log").read_text())


@pytest.mark.parametrize("kind", ["sync", "gthread", "gevent"])
def test_workers_share_nothing_of_the_parents(okta: FakeOkta, tmp_path: Path, kind: str) -> None:
    """Each worker's answers are its own, though all were forked with one open connection."""
    http = httpx.Client(transport=okta.transport, base_url=okta.url)
    tokens: list[str] = []
    for _ in range(12):
        code = okta.authorize(CALLBACK, client_id=CLIENT_ID)
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
        answer = http.post(
            "/oauth2/default/v1/token", data=form, auth=httpx.BasicAuth(CLIENT_ID, CLIENT_SECRET)
        )
        tokens.append(answer.json()["access_token"])
    with served(okta, tmp_path, kind) as service, ThreadPoolExecutor(12) as pool:

        def ask(token: str) -> list[str]:
            return service.get(f"/?{token}").raise_for_status().text.split()

        # The kernel shares the calls out as it likes: on a busy machine to one worker at first.
        answers: list[list[str]] = []
        while len({pid for pid, _, _ in answers}) < 2 and len(answers) < 100 * len(tokens):
            answers += pool.map(ask, tokens * 10)
    assert len({pid for pid, _, _ in answers}) > 1
    of_each = [{jti for _, _, jti in answers[number :: len(tokens)]} for number in range(12)]
    assert all(len(found) == 1 for found in of_each)
    assert len(set[str]().union(*of_each)) == 12
