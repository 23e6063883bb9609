"""The built site, for the tests that look at it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SITE = "OKTA_OIDC_SITE"


@pytest.fixture(scope="session")
def site() -> Path:
    """The folder of the built site, which `nox -s docs` names in the environment."""
    if SITE not in os.environ:
        pytest.skip(f"{SITE} names no built site: run `nox -s docs`")
    return Path(os.environ[SITE])
