"""What a caller may rely on, at every server and by either face.

Each exchange is also held against the document, and each request against the rules of the wire:
see ``_judge``. Where servers may answer differently, the answer comes from ``_differences``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from anyio import create_task_group
from okta_oidc import (
    ORG,
    APIError,
    AsyncOktaOIDC,
    Introspection,
    InvalidClientError,
    InvalidGrantError,
    Tokens,
)
from okta_oidc_api.models import IntrospectTokenTypeHint, OrgRevokeTokenTypeHint, TokenResponse

from tests.support.oidc_provider import RegisteredClient

from . import _differences as table
from ._authorities import Authority, by_other_method
from ._differences import Feature, Point
from ._judge import Judge
from .conftest import Connect

pytestmark = pytest.mark.anyio

Differs = Callable[[Point], str]
# Whose signatures every face has.
Face = AsyncOktaOIDC

VERIFIER = "verifier-of-forty-three-characters-and-more"
UNKNOWN = "a-token-that-nobody-issued"
ASKED = {"openid", "profile", "email", "offline_access"}

signs_in = pytest.mark.needs(Feature.SIGN_IN)
moves_the_clock = pytest.mark.needs(Feature.CLOCK)
has_two_clients = pytest.mark.needs(Feature.POST)
at_every_server = pytest.mark.parametrize(
    "which",
    [
        pytest.param("org", marks=pytest.mark.needs(Feature.ORG_SIGN_IN)),
        "default",
        pytest.param("custom", marks=pytest.mark.needs(Feature.SECOND_SERVER)),
    ],
)
by_every_method = pytest.mark.parametrize(
    "method", ["basic", pytest.param("post", marks=has_two_clients)]
)


def server_id(authority: Authority, which: str) -> Any:
    return {"org": ORG, "default": authority.default, "custom": authority.custom}[which]


def client_of(authority: Authority, method: str) -> RegisteredClient:
    return {"basic": authority.basic, "post": authority.post}[method]


def with_wrong_secret(client: RegisteredClient) -> RegisteredClient:
    return replace(client, client_secret="a-secret-of-someone-else")


async def sign_in(
    okta: Face,
    authority: Authority,
    client: RegisteredClient | None = None,
    *,
    where: Any = None,
) -> Tokens:
    code = authority.code(client or authority.basic, auth_server_id=where)
    return await okta.token_for_code(code, authority.redirect_uri, auth_server_id=where)


async def outcome(call: Awaitable[object]) -> str:
    """How a call ended, in the words of the table."""
    try:
        result = await call
    except APIError as error:
        return f"{type(error).__name__} {error.status} {error.code}"
    if isinstance(result, Introspection):
        return "active" if result else "inactive"
    assert isinstance(result, Tokens | TokenResponse)
    return "tokens"


async def refused(call: Awaitable[object]) -> APIError:
    with pytest.raises(APIError) as caught:
        await call
    return caught.value


def assert_is_grant_refusal(error: APIError) -> None:
    assert isinstance(error, InvalidGrantError)
    assert (error.status, error.code, error.retryable) == (400, "invalid_grant", False)


def assert_is_client_refusal(error: APIError) -> None:
    assert isinstance(error, InvalidClientError)
    assert (error.status, error.code, error.retryable) == (401, "invalid_client", False)


@signs_in
class TestCode:
    @at_every_server
    async def test_without_pkce(self, okta: Face, authority: Authority, which: str) -> None:
        where = server_id(authority, which)
        before = datetime.now(UTC)
        tokens = await sign_in(okta, authority, where=where)
        after = datetime.now(UTC)

        assert tokens.token_type == "Bearer"
        assert set(tokens.scopes) == ASKED
        assert tokens.access_token
        assert tokens.refresh_token
        assert tokens.id_token
        assert tokens.id_token.count(".") in (2, 4)
        assert tokens.expires_in
        assert tokens.expires_at
        assert before <= tokens.expires_at - timedelta(seconds=tokens.expires_in) <= after
        assert tokens.raw["access_token"] == tokens.access_token
        assert tokens.http.status == 200
        assert "no-store" in tokens.http.headers["Cache-Control"]
        assert await okta.introspect(tokens.access_token, auth_server_id=where)

    @by_every_method
    async def test_with_pkce(self, connect: Connect, authority: Authority, method: str) -> None:
        client = client_of(authority, method)
        code = authority.code(client, code_verifier=VERIFIER)
        async with connect(client) as okta:
            tokens = await okta.token_for_code(code, authority.redirect_uri, code_verifier=VERIFIER)
            info = await okta.introspect(tokens.access_token)
        assert info
        assert info.client_id == client.client_id

    async def test_used_code(self, okta: Face, authority: Authority) -> None:
        code = authority.code(authority.basic)
        await okta.token_for_code(code, authority.redirect_uri)
        error = await refused(okta.token_for_code(code, authority.redirect_uri))
        assert_is_grant_refusal(error)
        assert code not in str(error)

    async def test_unknown_code(self, okta: Face, authority: Authority) -> None:
        call = okta.token_for_code("a-code-that-nobody-issued", authority.redirect_uri)
        assert_is_grant_refusal(await refused(call))

    async def test_wrong_redirect_uri(self, okta: Face, authority: Authority) -> None:
        code = authority.code(authority.basic)
        call = okta.token_for_code(code, f"{authority.redirect_uri}/")
        assert_is_grant_refusal(await refused(call))

    async def test_wrong_verifier(self, okta: Face, authority: Authority) -> None:
        code = authority.code(authority.basic, code_verifier=VERIFIER)
        call = okta.token_for_code(code, authority.redirect_uri, code_verifier=VERIFIER[::-1])
        error = await refused(call)
        assert_is_grant_refusal(error)
        assert VERIFIER[::-1] not in str(error)

    async def test_missing_verifier(
        self, okta: Face, authority: Authority, differs: Differs
    ) -> None:
        code = authority.code(authority.basic, code_verifier=VERIFIER)
        call = okta.token_for_code(code, authority.redirect_uri)
        assert await outcome(call) == differs(table.VERIFIER_MISSING)

    async def test_needless_verifier(
        self, okta: Face, authority: Authority, differs: Differs
    ) -> None:
        code = authority.code(authority.basic)
        call = okta.token_for_code(code, authority.redirect_uri, code_verifier=VERIFIER)
        assert await outcome(call) == differs(table.VERIFIER_NEEDLESS)

    @has_two_clients
    async def test_code_of_another_client(self, connect: Connect, authority: Authority) -> None:
        code = authority.code(authority.basic)
        async with connect(authority.post) as thief:
            call = thief.token_for_code(code, authority.redirect_uri)
            assert_is_grant_refusal(await refused(call))

    @pytest.mark.needs(Feature.SECOND_SERVER)
    async def test_code_of_another_server(
        self, okta: Face, authority: Authority, differs: Differs
    ) -> None:
        code = authority.code(authority.basic, auth_server_id=authority.custom)
        call = okta.token_for_code(code, authority.redirect_uri)
        assert await outcome(call) == differs(table.CODE_ELSEWHERE)

    @moves_the_clock
    async def test_code_that_expired(self, okta: Face, authority: Authority) -> None:
        code = authority.code(authority.basic)
        authority.advance(301)
        call = okta.token_for_code(code, authority.redirect_uri)
        assert_is_grant_refusal(await refused(call))

    async def test_no_refresh_token_unless_asked_for(
        self, okta: Face, authority: Authority
    ) -> None:
        code = authority.code(authority.basic, scope="openid profile")
        tokens = await okta.token_for_code(code, authority.redirect_uri)
        assert tokens.refresh_token is None
        assert set(tokens.scopes) == {"openid", "profile"}


@signs_in
class TestRefresh:
    @by_every_method
    async def test_rotation(self, connect: Connect, authority: Authority, method: str) -> None:
        client = client_of(authority, method)
        async with connect(client) as okta:
            first = await sign_in(okta, authority, client)
            assert first.refresh_token
            second = await okta.token_for_refresh_token(first.refresh_token)
            assert second.refresh_token not in (None, first.refresh_token)
            assert second.access_token != first.access_token
            assert set(second.scopes) == ASKED
            assert second.id_token
            assert await okta.introspect(second.access_token)
            third = await okta.token_for_refresh_token(str(second.refresh_token))
            assert third.refresh_token not in (None, first.refresh_token, second.refresh_token)

    async def test_superseded_token_at_once(
        self, okta: Face, authority: Authority, differs: Differs
    ) -> None:
        first = await sign_in(okta, authority)
        second = await okta.token_for_refresh_token(str(first.refresh_token))
        again = okta.token_for_refresh_token(str(first.refresh_token))
        assert await outcome(again) == differs(table.SUPERSEDED)
        successor = okta.introspect(str(second.refresh_token))
        assert await outcome(successor) == differs(table.SUPERSEDED_FAMILY)

    @moves_the_clock
    async def test_reuse_ends_the_family(self, okta: Face, authority: Authority) -> None:
        first = await sign_in(okta, authority)
        second = await okta.token_for_refresh_token(str(first.refresh_token))
        authority.advance(61)
        assert await okta.introspect(second.access_token)
        reuse = okta.token_for_refresh_token(str(first.refresh_token))
        assert_is_grant_refusal(await refused(reuse))
        for token in (first.access_token, second.access_token, str(second.refresh_token)):
            assert not await okta.introspect(token)
        assert_is_grant_refusal(
            await refused(okta.token_for_refresh_token(str(second.refresh_token)))
        )

    async def test_fewer_scopes(self, okta: Face, authority: Authority) -> None:
        first = await sign_in(okta, authority)
        scope = "openid offline_access"
        fewer = await okta.token_for_refresh_token(str(first.refresh_token), scope=scope)
        assert set(fewer.scopes) == {"openid", "offline_access"}
        info = await okta.introspect(fewer.access_token)
        assert set(info.scopes) == {"openid", "offline_access"}

    async def test_more_scopes(self, okta: Face, authority: Authority, differs: Differs) -> None:
        code = authority.code(authority.basic, scope="openid offline_access")
        tokens = await okta.token_for_code(code, authority.redirect_uri)
        wider = okta.token_for_refresh_token(str(tokens.refresh_token), scope="openid profile")
        assert await outcome(wider) == differs(table.SCOPE_WIDENED)

    async def test_redirect_uri_is_no_hindrance(self, okta: Face, authority: Authority) -> None:
        tokens = await sign_in(okta, authority)
        refreshed = await okta.token_for_refresh_token(
            str(tokens.refresh_token), authority.redirect_uri
        )
        assert await okta.introspect(refreshed.access_token)

    @has_two_clients
    async def test_token_of_another_client(self, connect: Connect, authority: Authority) -> None:
        async with connect(authority.basic) as okta, connect(authority.post) as thief:
            tokens = await sign_in(okta, authority)
            theft = thief.token_for_refresh_token(str(tokens.refresh_token))
            assert_is_grant_refusal(await refused(theft))
            assert await okta.introspect(str(tokens.refresh_token))

    @pytest.mark.needs(Feature.SECOND_SERVER)
    async def test_token_of_another_server(
        self, okta: Face, authority: Authority, differs: Differs
    ) -> None:
        tokens = await sign_in(okta, authority)
        elsewhere = okta.token_for_refresh_token(
            str(tokens.refresh_token), auth_server_id=authority.custom
        )
        assert await outcome(elsewhere) == differs(table.CODE_ELSEWHERE)

    @moves_the_clock
    async def test_outlives_the_access_token(self, okta: Face, authority: Authority) -> None:
        tokens = await sign_in(okta, authority)
        assert tokens.expires_in
        authority.advance(tokens.expires_in + 1)
        info = await okta.introspect(tokens.access_token)
        assert dict(info.raw) == {"active": False}
        refreshed = await okta.token_for_refresh_token(str(tokens.refresh_token))
        assert await okta.introspect(refreshed.access_token)


async def test_unknown_refresh_token(okta: Face) -> None:
    assert_is_grant_refusal(await refused(okta.token_for_refresh_token(UNKNOWN)))


class TestIntrospection:
    @signs_in
    async def test_access_token(self, okta: Face, authority: Authority) -> None:
        tokens = await sign_in(okta, authority)
        info = await okta.introspect(tokens.access_token)
        assert info.active
        assert info.client_id == authority.basic.client_id
        assert info.sub == authority.user
        assert info.token_type == "Bearer"
        assert set(info.scopes) == ASKED
        assert info.iss
        assert info.iss.endswith(f"/oauth2/{authority.default}")
        assert info.expires_at
        assert info.issued_at
        assert info.expires_at - info.issued_at == timedelta(seconds=tokens.expires_in or 0)
        assert info.raw["active"] is True
        assert info.http.status == 200

    @signs_in
    async def test_members_about_the_user(
        self, okta: Face, authority: Authority, differs: Differs
    ) -> None:
        info = await okta.introspect((await sign_in(okta, authority)).access_token)
        known = (name for name in ("username", "uid", "aud", "jti") if getattr(info, name))
        assert " ".join(known) == differs(table.USER_MEMBERS)

    @signs_in
    async def test_refresh_token(self, okta: Face, authority: Authority, differs: Differs) -> None:
        tokens = await sign_in(okta, authority)
        info = await okta.introspect(str(tokens.refresh_token))
        assert info.active
        assert info.client_id == authority.basic.client_id
        assert set(info.scopes) == ASKED
        assert str(info.token_type) == differs(table.REFRESH_TOKEN_TYPE)

    @signs_in
    async def test_id_token(self, okta: Face, authority: Authority, differs: Differs) -> None:
        tokens = await sign_in(okta, authority)
        call = okta.introspect(str(tokens.id_token), token_type_hint="id_token")
        assert await outcome(call) == differs(table.ID_TOKEN)

    @pytest.mark.parametrize("hint", [None, "access_token", "refresh_token"])
    async def test_unknown_token(self, okta: Face, hint: IntrospectTokenTypeHint | None) -> None:
        info = await okta.introspect(UNKNOWN, token_type_hint=hint)
        assert info.active is False
        assert dict(info.raw) == {"active": False}
        assert (info.scopes, info.sub, info.expires_at) == ((), None, None)

    @signs_in
    @pytest.mark.parametrize("hint", ["access_token", "refresh_token"])
    async def test_hint_hides_nothing(
        self, okta: Face, authority: Authority, hint: IntrospectTokenTypeHint
    ) -> None:
        tokens = await sign_in(okta, authority)
        for token in (tokens.access_token, str(tokens.refresh_token)):
            assert await okta.introspect(token, token_type_hint=hint)

    @has_two_clients
    @signs_in
    async def test_refresh_token_of_another_client(
        self, connect: Connect, authority: Authority, differs: Differs
    ) -> None:
        async with connect(authority.basic) as okta, connect(authority.post) as other:
            tokens = await sign_in(okta, authority)
            call = other.introspect(str(tokens.refresh_token))
            assert await outcome(call) == differs(table.FOREIGN_REFRESH_TOKEN)


class TestRevocation:
    @signs_in
    @pytest.mark.parametrize("hint", [None, "access_token", "refresh_token"])
    async def test_access_token(
        self,
        okta: Face,
        authority: Authority,
        differs: Differs,
        hint: OrgRevokeTokenTypeHint | None,
    ) -> None:
        tokens = await sign_in(okta, authority)
        await okta.revoke(tokens.access_token, token_type_hint=hint)
        assert not await okta.introspect(tokens.access_token)
        left = okta.introspect(str(tokens.refresh_token))
        assert await outcome(left) == differs(table.ACCESS_TOKEN_REVOKED)

    @signs_in
    async def test_refresh_token_takes_its_access_tokens_along(
        self, okta: Face, authority: Authority
    ) -> None:
        first = await sign_in(okta, authority)
        second = await okta.token_for_refresh_token(str(first.refresh_token))
        await okta.revoke(str(second.refresh_token), token_type_hint="refresh_token")
        for token in (first.access_token, second.access_token, str(second.refresh_token)):
            assert not await okta.introspect(token)
        gone = okta.token_for_refresh_token(str(second.refresh_token))
        assert_is_grant_refusal(await refused(gone))

    @signs_in
    async def test_other_sign_ins_live_on(self, okta: Face, authority: Authority) -> None:
        one, other = await sign_in(okta, authority), await sign_in(okta, authority)
        await okta.revoke(str(one.refresh_token))
        assert await okta.introspect(other.access_token)
        assert await okta.introspect(str(other.refresh_token))

    @signs_in
    async def test_twice(self, okta: Face, authority: Authority) -> None:
        tokens = await sign_in(okta, authority)
        for _ in range(2):
            await okta.revoke(tokens.access_token)
        assert not await okta.introspect(tokens.access_token)

    async def test_unknown_token(self, okta: Face) -> None:
        await okta.revoke(UNKNOWN, token_type_hint="refresh_token")

    @has_two_clients
    @signs_in
    async def test_token_of_another_client_stays(
        self, connect: Connect, authority: Authority
    ) -> None:
        async with connect(authority.basic) as okta, connect(authority.post) as other:
            tokens = await sign_in(okta, authority)
            await other.revoke(tokens.access_token)
            await other.revoke(str(tokens.refresh_token))
            assert await okta.introspect(tokens.access_token)
            assert await okta.introspect(str(tokens.refresh_token))


class TestClientAuthentication:
    @by_every_method
    async def test_one_method_on_the_wire(
        self, connect: Connect, authority: Authority, judge: Judge, method: str
    ) -> None:
        """Servers let more pass than Okta does, so what went out is what counts."""
        async with connect(client_of(authority, method)) as okta:
            await okta.introspect(UNKNOWN)
            await okta.revoke(UNKNOWN)
            await refused(okta.token_for_refresh_token(UNKNOWN))
        assert len(judge.exchanges) == 3
        for exchange in judge.exchanges:
            names = {name for name, _ in exchange.form}
            in_form = bool(names & {"client_id", "client_secret"})
            in_header = "authorization" in exchange.request_headers
            assert (in_header, in_form) == (method == "basic", method == "post")

    @by_every_method
    async def test_wrong_secret(self, connect: Connect, authority: Authority, method: str) -> None:
        client = with_wrong_secret(client_of(authority, method))
        async with connect(client) as okta:
            for call in (
                okta.introspect(UNKNOWN),
                okta.revoke(UNKNOWN),
                okta.token_for_refresh_token(UNKNOWN),
            ):
                error = await refused(call)
                assert_is_client_refusal(error)
                assert error.error_id is None
                assert str(client.client_secret) not in str(error)

    @by_every_method
    async def test_unknown_client(
        self, connect: Connect, authority: Authority, differs: Differs, method: str
    ) -> None:
        client = replace(client_of(authority, method), client_id="0oanobodyatall000000")
        async with connect(client) as okta:
            for call in (
                okta.introspect(UNKNOWN),
                okta.revoke(UNKNOWN),
                okta.token_for_refresh_token(UNKNOWN),
            ):
                error = await refused(call)
                assert_is_client_refusal(error)
                has_id = "no" if error.error_id is None else "yes"
                assert has_id == differs(table.CLIENT_UNKNOWN_SHAPE)

    @by_every_method
    async def test_other_method_than_registered(
        self, connect: Connect, authority: Authority, differs: Differs, method: str
    ) -> None:
        async with connect(by_other_method(client_of(authority, method))) as okta:
            assert await outcome(okta.introspect(UNKNOWN)) == differs(table.OTHER_METHOD)

    @pytest.mark.needs(Feature.ODD)
    async def test_odd_credentials(self, connect: Connect, authority: Authority) -> None:
        async with connect(authority.odd) as okta:
            tokens = await sign_in(okta, authority, authority.odd)
            info = await okta.introspect(tokens.access_token)
            assert info.client_id == authority.odd.client_id
            refreshed = await okta.token_for_refresh_token(str(tokens.refresh_token))
            await okta.revoke(refreshed.access_token)
            assert not await okta.introspect(refreshed.access_token)
        async with connect(with_wrong_secret(authority.odd)) as okta:
            assert_is_client_refusal(await refused(okta.introspect(UNKNOWN)))


class TestOtherGrants:
    async def test_unknown_grant(self, okta: Face, judge: Judge) -> None:
        with judge.outside_the_document():
            call = okta.token({"grant_type": "urn:example:no-such-grant"})
            assert await outcome(call) == "APIError 400 unsupported_grant_type"

    @by_every_method
    @pytest.mark.needs(Feature.SERVICE)
    async def test_client_credentials(
        self, connect: Connect, authority: Authority, method: str
    ) -> None:
        client, scope = client_of(authority, method), authority.service_scope
        async with connect(client) as okta:
            answer = await okta.token({"grant_type": "client_credentials", "scope": scope})
            info = await okta.introspect(str(answer.access_token))
        assert answer.scope == scope
        assert answer.token_type == "Bearer"
        assert "refresh_token" not in answer.to_dict()
        assert "id_token" not in answer.to_dict()
        assert info.scopes == (scope,)
        assert (info.client_id, info.uid) == (client.client_id, None)

    async def test_unknown_scope(self, okta: Face, differs: Differs) -> None:
        call = okta.token({"grant_type": "client_credentials", "scope": "no:such:scope"})
        assert await outcome(call) == differs(table.SCOPE_UNKNOWN)

    async def test_client_credentials_at_the_org_server(self, okta: Face, differs: Differs) -> None:
        request = {"grant_type": "client_credentials", "scope": "okta.users.read"}
        call = okta.token(request, auth_server_id=ORG)
        assert await outcome(call) == differs(table.SERVICE_AT_ORG)


class TestAuthorizationServers:
    async def test_unknown_id(self, okta: Face, differs: Differs) -> None:
        call = okta.introspect(UNKNOWN, auth_server_id="ausnowhere0000000000")
        assert await outcome(call) == differs(table.SERVER_UNKNOWN)

    @signs_in
    @pytest.mark.needs(Feature.SECOND_SERVER, Feature.ORG_SIGN_IN)
    async def test_several_at_once_through_one_client(
        self, okta: Face, authority: Authority
    ) -> None:
        servers = (ORG, authority.default, authority.custom)
        tokens: dict[object, Tokens] = {}
        active: dict[tuple[object, object], bool] = {}

        async def obtain(where: Any) -> None:
            tokens[where] = await sign_in(okta, authority, where=where)

        async def ask(where: Any, origin: Any) -> None:
            token = tokens[origin].access_token
            active[where, origin] = bool(await okta.introspect(token, auth_server_id=where))

        async with create_task_group() as group:
            for where in servers:
                group.start_soon(obtain, where)
        async with create_task_group() as group:
            for where in servers:
                for origin in servers:
                    group.start_soon(ask, where, origin)
        assert active == {(one, other): one == other for one in servers for other in servers}

        await okta.revoke(str(tokens[ORG].refresh_token), auth_server_id=ORG)
        assert not await okta.introspect(tokens[ORG].access_token, auth_server_id=ORG)
        assert await okta.introspect(tokens[authority.default].access_token)

    @signs_in
    async def test_issuer_url_in_place_of_the_id(
        self, connect: Connect, authority: Authority, judge: Judge
    ) -> None:
        issuer = f"{authority.base_url}/oauth2/{authority.default}"
        async with connect(authority.basic, base_url=issuer, auth_server_id=None) as okta:
            tokens = await sign_in(okta, authority)
            info = await okta.introspect(tokens.access_token)
        assert info.iss == issuer
        paths = {exchange.url.path.rpartition("/v1/")[0] for exchange in judge.exchanges}
        assert paths == {f"/oauth2/{authority.default}"}


class TestManyAtOnce:
    @signs_in
    async def test_each_call_gets_its_own_answer(self, okta: Face, authority: Authority) -> None:
        codes = [authority.code(authority.basic) for _ in range(4)]
        refreshed: dict[str, str] = {}

        async def live(code: str) -> None:
            tokens = await okta.token_for_code(code, authority.redirect_uri)
            info = await okta.introspect(tokens.access_token)
            assert info.client_id == authority.basic.client_id
            assert not await okta.introspect(code)
            again = await okta.token_for_refresh_token(str(tokens.refresh_token))
            refreshed[code] = again.access_token

        async with create_task_group() as group:
            for code in codes:
                group.start_soon(partial(live, code))
        assert len(set(refreshed.values())) == len(codes)
        await okta.revoke(refreshed[codes[0]])
        states = [bool(await okta.introspect(refreshed[code])) for code in codes]
        assert states == [False, True, True, True]


async def test_what_http_tells(okta: Face, differs: Differs) -> None:
    info = await okta.introspect(UNKNOWN)
    told = info.http.request_id is not None and info.http.rate_limit is not None
    assert ("yes" if told else "no") == differs(table.REQUEST_ID)
