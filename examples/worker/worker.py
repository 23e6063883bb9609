"""The worker. When tokens end, and when Okta is away, it does not know."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import httpx
from okta_oidc import OktaError, OktaOIDC, TokenAuth
from okta_oidc_api.models import ClientCredentialsGrant


def work(okta: OktaOIDC, api: httpx.Client, scope: str, rounds: Iterable[object]) -> Iterator[str]:
    """Ask for the reports once a round. What cannot be had now can be had later."""
    api.auth = TokenAuth(okta.token_source(ClientCredentialsGrant(scope=scope)))
    for _ in rounds:
        try:
            yield api.get("/reports").raise_for_status().text
        except (OktaError, httpx.HTTPError) as error:
            yield f"not this time: {error}"
