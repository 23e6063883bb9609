"""Work for the API that the environment names; without one, live through two days at once."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import httpx
from okta_oidc import OktaOIDC

from . import day
from .worker import work


def minutes() -> Iterator[None]:
    """One after another, without end."""
    while True:
        yield
        time.sleep(60)


if "API_URL" in os.environ:
    with OktaOIDC.from_env() as okta, httpx.Client(base_url=os.environ["API_URL"]) as api:
        for said in work(okta, api, os.environ["API_SCOPE"], minutes()):
            print(said)
else:
    day.main()
