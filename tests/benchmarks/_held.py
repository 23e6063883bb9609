"""Tokens held: what it costs to be handed one that is still good, and to renew one in a fleet."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from importlib import import_module
from secrets import token_urlsafe
from typing import TYPE_CHECKING, Any, Final

from ._series import Party, Series, Timed

if TYPE_CHECKING:
    import httpx

SOURCE: Final = "`TokenSource.token()`"
SOURCE_ASYNC: Final = "`await AsyncTokenSource.token()`"
GOOGLE: Final = "google-auth"
MSAL: Final = "MSAL"
TOKEN: Final = "a" * 860

_ORG_URL: Final = "https://dev-000000.okta.com"
_ANSWER: Final[dict[str, object]] = {
    "token_type": "Bearer",
    "expires_in": 86_400,
    "access_token": TOKEN,
    "scope": "reports:read",
}


def _sources(base_url: str) -> dict[str, Timed]:
    import httpx
    from okta_oidc import AsyncOktaOIDC, ClientSecretBasic, OktaOIDC
    from okta_oidc_api.models import ClientCredentialsGrant

    del base_url
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=_ANSWER))
    auth = ClientSecretBasic("0oa1client", "secret")
    okta = OktaOIDC(_ORG_URL, auth, http_client=httpx.Client(transport=transport))
    http = httpx.AsyncClient(transport=transport)
    okta_async = AsyncOktaOIDC(_ORG_URL, auth, http_client=http)
    grant = ClientCredentialsGrant(scope="reports:read")
    return {
        SOURCE: Timed(okta.token_source(grant).token, _is_token),
        SOURCE_ASYNC: Timed(okta_async.token_source(grant).token, _is_token),
    }


def _google(base_url: str) -> dict[str, Timed]:
    """As its documentation says: refreshed unless they are valid, and the token taken."""
    del base_url
    tomorrow = datetime.now(UTC).replace(tzinfo=None) + timedelta(days=1)
    credentials: Any = import_module("google.oauth2.credentials").Credentials(
        TOKEN, expiry=tomorrow
    )

    def token() -> object:
        if not credentials.valid:
            credentials.refresh(None)
        return credentials.token

    return {GOOGLE: Timed(token, _is_token)}


def _msal(base_url: str) -> dict[str, Timed]:
    """Its token cache, in memory, as its documentation says."""
    del base_url
    authority = "https://login.microsoftonline.com/00000000-0000-0000-0000-000000000000"
    app: Any = import_module("msal").ConfidentialClientApplication(
        "0oa1client",
        client_credential="secret",
        authority=authority,
        http_client=_MsalHttp(),
        instance_discovery=False,
    )
    scopes = ["https://graph.microsoft.com/.default"]
    app.acquire_token_for_client(scopes)
    return {MSAL: Timed(lambda: app.acquire_token_for_client(scopes)["access_token"], _is_token)}


class _MsalHttp:
    """What MSAL takes for a ``requests.Session``."""

    def get(self, url: str, **options: object) -> _MsalAnswer:
        del options
        home = url.partition("/v2.0")[0]
        return _MsalAnswer(
            {
                "issuer": f"{home}/v2.0",
                "authorization_endpoint": f"{home}/oauth2/v2.0/authorize",
                "token_endpoint": f"{home}/oauth2/v2.0/token",
            }
        )

    def post(self, url: str, **options: object) -> _MsalAnswer:
        del url, options
        return _MsalAnswer(_ANSWER)


class _MsalAnswer:
    def __init__(self, members: dict[str, object]) -> None:
        self.status_code: Final = 200
        self.headers: Final[dict[str, str]] = {}
        self.text: Final = json.dumps(members)

    def raise_for_status(self) -> None:
        """It is a success."""


def _is_token(found: object) -> bool:
    return found == TOKEN


HELD: Final = Series(
    SOURCE,
    SOURCE,
    (
        Party({SOURCE: "ours", SOURCE_ASYNC: "ours"}, _sources),
        Party({GOOGLE: "peer"}, _google),
        Party({MSAL: "peer"}, _msal),
    ),
)


def round_trips(url: str) -> int:
    """What a renewal of one user's tokens sends to the Redis at ``url``, and waits for.

    The process has looked at them before, and another one has not renewed them meanwhile.
    """
    import httpx
    from okta_oidc import ClientSecretBasic, OktaOIDC
    from okta_oidc.redis import RedisTokenStore

    redis: Any = import_module("redis")
    connection: Any = redis.Connection
    sent: list[object] = []

    class Counted(connection):  # type: ignore[misc]
        def send_packed_command(self, command: object, check_health: bool = True) -> None:
            sent.append(command)
            connection.send_packed_command(self, command, check_health)

    http = httpx.Client(transport=httpx.MockTransport(_rotated))
    okta = OktaOIDC(_ORG_URL, ClientSecretBasic("0oa1client", "secret"), http_client=http)
    pool = redis.ConnectionPool.from_url(url, connection_class=Counted)
    with redis.Redis(connection_pool=pool) as client:
        store = RedisTokenStore(client)
        # The first one connects, and makes the scripts known to Redis.
        for key in ("user:first", "user:second"):
            user = okta.user_tokens(key, store)
            user.save(okta.token_for_refresh_token("r" * 43))
            rejected = user.token()
            sent.clear()
            assert user.token(rejected=rejected) != rejected
    return len(sent)


def _rotated(request: httpx.Request) -> httpx.Response:
    import httpx

    del request
    new = {"access_token": token_urlsafe(), "refresh_token": token_urlsafe()}
    return httpx.Response(200, json={**_ANSWER, **new})
