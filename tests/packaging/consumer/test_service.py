"""The fixtures come with the installed package, with no word of configuration."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import okta_oidc
import okta_oidc_api
import pytest
from okta_oidc import InvalidGrantError
from okta_oidc.testing import FakeOkta
from service import raw, scopes_of, sign_in

REDIRECT_URI = "http://localhost/callback"


def test_version_is_the_distribution_s() -> None:
    assert okta_oidc.__version__ == version("okta-oidc")


@pytest.mark.parametrize("package", [okta_oidc, okta_oidc_api], ids=lambda p: p.__name__)
def test_typed(package: object) -> None:
    file = getattr(package, "__file__", None)
    assert isinstance(file, str)
    assert Path(file).with_name("py.typed").is_file()


def test_in_memory(fake_okta: FakeOkta) -> None:
    with fake_okta.client() as okta:
        code = fake_okta.authorize(REDIRECT_URI, scope="openid")
        tokens = sign_in(okta, code)
        assert tokens.scopes == ("openid",)
        assert scopes_of(okta, tokens.access_token) == ()  # another server's token
        assert raw(okta, fake_okta.authorize(REDIRECT_URI)) == "Bearer"
        with pytest.raises(InvalidGrantError):
            sign_in(okta, code)


def test_on_a_port(fake_okta_server: FakeOkta) -> None:
    with fake_okta_server.client() as okta:
        assert sign_in(okta, fake_okta_server.authorize(REDIRECT_URI)).token_type == "Bearer"
