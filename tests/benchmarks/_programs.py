"""Programs that run in a fresh interpreter: what an import costs, and the way to a first token."""

from __future__ import annotations

from typing import Final

from ._answers import CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN

IMPORTS: Final = {
    "httpx": "import httpx",
    "okta_oidc": "import okta_oidc",
    "okta_oidc: client and authentication": (
        "from okta_oidc import ClientSecretBasic, ClientSecretPost, OktaOIDC"
    ),
    "generated": "from okta_oidc_api.api.token import custom_token",
    "Authlib (httpx)": "from authlib.integrations.httpx_client import OAuth2Client",
    "Authlib (requests)": "from authlib.integrations.requests_client import OAuth2Session",
    "requests-oauthlib": "from requests_oauthlib import OAuth2Session",
    "httpx-oauth": "from httpx_oauth.oauth2 import OAuth2",
    "aiohttp": "import aiohttp",
    "http.client": "import http.client",
}

_OPENING: Final = f"""\
import sys
org, ident, secret, refresh = sys.argv[1], {CLIENT_ID!r}, {CLIENT_SECRET!r}, {REFRESH_TOKEN!r}
url = org + "/oauth2/default/v1/token"
"""

FIRST_TOKENS: Final = {
    "httpx": """\
import httpx
client = httpx.Client()
form = {"grant_type": "refresh_token", "refresh_token": refresh}
answer = client.post(url, data=form, auth=(ident, secret))
token = answer.raise_for_status().json()["access_token"]
""",
    "okta-oidc": """\
from okta_oidc import ClientSecretBasic, OktaOIDC
client = OktaOIDC(org, ClientSecretBasic(ident, secret))
token = client.token_for_refresh_token(refresh).access_token
""",
    "generated": """\
import httpx
from okta_oidc_api import Client
from okta_oidc_api.api.token import custom_token
from okta_oidc_api.models import RefreshTokenGrant
client = Client(org, httpx_args={"auth": httpx.BasicAuth(ident, secret)})
found = custom_token.sync(client=client, body=RefreshTokenGrant(refresh_token=refresh))
token = found.access_token
""",
    "Authlib (httpx)": """\
from authlib.integrations.httpx_client import OAuth2Client
token = OAuth2Client(ident, secret).refresh_token(url, refresh_token=refresh)["access_token"]
""",
    "Authlib (requests)": """\
from authlib.integrations.requests_client import OAuth2Session
token = OAuth2Session(ident, secret).refresh_token(url, refresh_token=refresh)["access_token"]
""",
    "requests-oauthlib": """\
from requests_oauthlib import OAuth2Session
found = OAuth2Session(ident).refresh_token(url, refresh_token=refresh, auth=(ident, secret))
token = found["access_token"]
""",
    "httpx, asyncio": """\
import asyncio
import httpx
async def main():
    async with httpx.AsyncClient() as client:
        form = {"grant_type": "refresh_token", "refresh_token": refresh}
        answer = await client.post(url, data=form, auth=(ident, secret))
        return answer.raise_for_status().json()["access_token"]
token = asyncio.run(main())
""",
    "okta-oidc, asyncio": """\
import asyncio
from okta_oidc import AsyncOktaOIDC, ClientSecretBasic
async def main():
    async with AsyncOktaOIDC(org, ClientSecretBasic(ident, secret)) as client:
        return (await client.token_for_refresh_token(refresh)).access_token
token = asyncio.run(main())
""",
    "okta-oidc[aiohttp], asyncio": """\
import asyncio
from okta_oidc import AsyncOktaOIDC, ClientSecretBasic, aiohttp_client
async def main():
    async with aiohttp_client() as http:
        client = AsyncOktaOIDC(org, ClientSecretBasic(ident, secret), http_client=http)
        async with client:
            return (await client.token_for_refresh_token(refresh)).access_token
token = asyncio.run(main())
""",
    "http.client": """\
import base64, http.client, json, urllib.parse
connection = http.client.HTTPSConnection(url.split("/")[2])
form = urllib.parse.urlencode({"grant_type": "refresh_token", "refresh_token": refresh})
pair = base64.b64encode(f"{ident}:{secret}".encode()).decode()
kind = "application/x-www-form-urlencoded"
headers = {"Authorization": f"Basic {pair}", "Content-Type": kind}
connection.request("POST", "/oauth2/default/v1/token", form, headers)
token = json.load(connection.getresponse())["access_token"]
""",
}


def first_token(name: str) -> str:
    """The program of this name, which fails unless it has got the token."""
    return f"{_OPENING}{FIRST_TOKENS[name]}assert token.strip('a') == '' and len(token) > 800\n"
