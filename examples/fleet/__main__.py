"""A fleet of our own, killed at the worst moment: when Okta has replaced the refresh token, and
nobody has the new one yet. Needs a ``redis-server`` in the path, and a loopback port.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import IO

from cryptography.fernet import Fernet
from okta_oidc.testing import FakeOkta

from .pod import user_tokens

CALLBACK = "https://app.example/callback"
PODS = 4
# Seconds. The shorter, the sooner a claim of the dead is over: five seconds after that.
TIMEOUT = 3.0
LIFETIME = 6


@dataclass
class Fleet:
    """Pods, each started anew when it has died. ``kill_at`` counts renewals."""

    said: IO[str]
    kill_at: int = 2
    pods: list[subprocess.Popen[str]] = field(default_factory=list[subprocess.Popen[str]])
    killed: int = 0
    renewals: int = 0
    _lock: Lock = field(default_factory=Lock)

    def watch(self, endpoint: str | None, moment: str) -> float:
        """Okta's own word: it has done what it was asked, and not answered yet."""
        if endpoint == "token" and moment == "after":
            with self._lock:
                self.renewals += 1
                if self.renewals == self.kill_at:
                    self.kill()
        return 0.0

    def kill(self) -> None:
        """SIGKILL: nobody can do anything about it."""
        for pod in self.pods:
            pod.kill()
            pod.wait()
        self.killed += len(self.pods)

    @contextmanager
    def running(self, environ: Mapping[str, str]) -> Generator[None]:
        """The first pods, until the block ends."""
        self.keep_up(environ)
        try:
            yield
        finally:
            self.kill_at = 0
            self.kill()

    def keep_up(self, environ: Mapping[str, str]) -> None:
        """Start what is missing, as whoever runs pods does."""
        with self._lock:
            self.pods = [pod for pod in self.pods if pod.poll() is None]
            while len(self.pods) < PODS:
                command = [sys.executable, "-m", "examples.fleet.pod"]
                self.pods.append(
                    subprocess.Popen(command, env=environ, stdout=self.said, text=True)
                )


@contextmanager
def redis_server() -> Generator[str]:
    """Run one on a socket of its own, and return its URL. It keeps nothing on disk."""
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    if program is None:
        sys.exit("install redis-server first")
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/redis.sock"
        options = ["--port", "0", "--unixsocket", path, "--save", "", "--loglevel", "warning"]
        with subprocess.Popen([program, *options], stdout=subprocess.DEVNULL) as server:
            try:
                wait_for(path, server)
                yield f"unix://{path}"
            finally:
                server.terminate()


def wait_for(path: str, server: subprocess.Popen[bytes]) -> None:
    """Until it listens."""
    while server.poll() is None:
        with socket.socket(socket.AF_UNIX) as probe:
            if probe.connect_ex(path) == 0:
                return
        time.sleep(0.05)
    sys.exit("redis-server has ended")


def rehearse(renewals: int) -> tuple[Fleet, FakeOkta, list[str]]:
    """Let a fleet live until its token was renewed so often; what was said meanwhile."""
    with tempfile.TemporaryFile("w+", encoding="utf-8") as said, redis_server() as url:
        fleet = Fleet(said)
        fake = FakeOkta(
            ticking=True,
            access_token_lifetime=LIFETIME,
            leeway=30,
            rate_limit=None,
            latency=fleet.watch,
        )
        with fake.serve():
            environ = {
                **os.environ,
                "OKTA_ORG_URL": fake.issuer(),
                "OKTA_CLIENT_ID": fake.client_id,
                "OKTA_CLIENT_SECRET": fake.client_secret,
                "REDIS_URL": url,
                "TOKENS_KEY": Fernet.generate_key().decode(),
                "TIMEOUT": str(TIMEOUT),
                "PAUSE": "0.2",
            }
            with fake.client() as okta:
                code = fake.authorize(CALLBACK, scope="openid offline_access")
                tokens = okta.token_for_code(code, CALLBACK)
                fleet.renewals = 0
                user_tokens(okta, environ).save(tokens)
            with fleet.running(environ):
                while fleet.renewals < renewals:
                    time.sleep(0.1)
                    fleet.keep_up(environ)
        said.seek(0)
        return fleet, fake, said.read().splitlines()


def main() -> None:
    """Tell how it went."""
    print(f"{PODS} pods work for one user. At the second renewal all are killed, and start again.")
    fleet, fake, said = rehearse(renewals=4)
    well = sum(line.startswith("called for ") for line in said)
    print(f"Killed: {fleet.killed} (the last {PODS} because this is over).")
    print(f"Calls that went well: {well} of {len(said)}.")
    print(f"Renewals: {fleet.renewals}. Sign-ins that were lost: {fake.families_ended}.")


if __name__ == "__main__":
    main()
