"""Token exchange (RFC 8693) in Okta's flavours, and the redemption of what one of them makes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from ._answers import RefusalError
from ._approvals import Approval, new_code
from ._issuing import first_response, sign_in, token_response
from ._scopes import join_scope, service_scopes, split_scope, user_scopes
from ._store import AccessToken, DeviceSecret, Grant, IdentityAssertion, IDToken
from ._tokens import half_hash, opaque

if TYPE_CHECKING:
    from ._registry import FakeClient, FakeResource
    from ._state import Call

_IETF: Final = "urn:ietf:params:oauth:token-type:"
_OKTA: Final = "urn:okta:params:oauth:token-type:"
ACCESS_TOKEN: Final = _IETF + "access_token"
ID_TOKEN: Final = _IETF + "id_token"
ID_JAG: Final = _IETF + "id-jag"
DEVICE_SECRET: Final = "urn:x-oath:params:oauth:token-type:device-secret"
INTERCLIENT_TOKEN: Final = _OKTA + "interclient_token"
OAUTH_STS: Final = _OKTA + "oauth-sts"
VAULTED_SECRET: Final = _OKTA + "vaulted-secret"
SERVICE_ACCOUNT: Final = _OKTA + "service-account"

# Seconds that whatever is no access token lives.
_SHORT: Final = 300
_JAG_TYPE: Final = "oauth-id-jag+jwt"
_APP: Final = "urn:okta:apps:"

Members = dict[str, object]


def exchange(call: Call, client: FakeClient) -> Members:
    """The token exchange grant: which flavour, the types that are asked for and sent decide."""
    wanted = call.parameter("requested_token_type") or ACCESS_TOKEN
    by_org = call.server.id is None
    flavour = (_AT_ORG if by_org else _AT_CUSTOM_SERVERS).get(wanted)
    if flavour is None:
        raise RefusalError(400, "invalid_request", "This server makes no tokens of that type.")
    return flavour(call, client)


def redeem_assertion(call: Call, client: FakeClient) -> Members:
    """The jwt-bearer grant (RFC 7523), for ID-JAGs of this org: each good for one use."""
    found = call.state.store.assertion(call.required("assertion"))
    if call.parameter("scope") is not None:
        raise RefusalError(400, "invalid_request", "An ID-JAG has its scopes in itself.")
    if found is None or found.spent or call.now >= found.expires_at:
        raise RefusalError(400, "invalid_grant", "The assertion is not valid, or was used before.")
    if found.audience != call.issuer:
        raise RefusalError(400, "invalid_grant", "The assertion is for another server.")
    if found.client_id != client.client_id:
        raise RefusalError(400, "invalid_grant", "The assertion is another client's.")
    found.spent = True
    scopes = service_scopes(call.server, found.scope)
    grant = sign_in(
        call.state, call.server, now=call.now, client=client, user=found.user, scopes=scopes
    )
    return token_response(call, grant, scopes, None)


def _for_access_token(call: Call, client: FakeClient) -> Members:
    if call.parameter("actor_token_type") == DEVICE_SECRET:
        return _native_sso(call, client)
    return _on_behalf_of(call, client)


def _on_behalf_of(call: Call, client: FakeClient) -> Members:
    _check_type(call, ACCESS_TOKEN)
    origin, server_id = _of_access_token(call)
    if server_id not in (call.server.id, *call.server.trusted):
        raise _bad_token("subject")
    _check_audience(call, call.server.audience)
    scopes = service_scopes(call.server, call.parameter("scope"))
    grant = _grant_for(call, client, origin, scopes)
    grant.jkt = call.jkt
    return {**token_response(call, grant, scopes, None), "issued_token_type": ACCESS_TOKEN}


def _native_sso(call: Call, client: FakeClient) -> Members:
    subject = _id_token(call, may_have_expired=True)
    secret = call.state.store.token(call.required("actor_token"))
    if not isinstance(secret, DeviceSecret) or not call.state.store.is_active(secret, call.now):
        raise _bad_token("actor")
    session = secret.session
    if subject.grant.session is not session:
        raise _bad_token("subject")
    if session.server_id != call.server.id:
        raise _bad_token("actor")
    _check_audience(call, call.server.audience)
    scopes = user_scopes(call.server, client, call.parameter("scope"))
    grant = _grant_for(call, client, subject.grant, scopes)
    grant.session = session
    session.grants.append(grant)
    return first_response(call, grant)


def _native_to_web(call: Call, client: FakeClient) -> Members:
    subject = _id_token(call)
    actor = call.state.store.token(call.required("actor_token"))
    if call.required("actor_token_type") != ACCESS_TOKEN or not (
        isinstance(actor, AccessToken)
        and call.state.store.is_active(actor, call.now)
        and actor.grant is not None
        and actor.grant.user.username == subject.grant.user.username
    ):
        raise _bad_token("actor")
    audience = call.parameter("audience") or ""
    if audience.removeprefix(_APP) not in call.state.clients or not audience.startswith(_APP):
        raise _invalid_target()
    return _unusable_as_bearer(INTERCLIENT_TOKEN, access_token=opaque())


def _id_jag(call: Call, client: FakeClient) -> Members:
    if call.parameter("subject_token_type") == ACCESS_TOKEN:
        grant, _ = _of_access_token(call)
    else:
        grant = _id_token(call).grant
    audience = call.parameter("audience")
    servers = {call.state.issuer(server): server for server in call.state.servers.values()}
    server = servers.get(audience or "")
    if server is None or server.id is None or audience is None:
        raise _invalid_target()
    scope = call.parameter("scope")
    if scope is not None:
        service_scopes(server, scope)
    claims: Members = {
        "iss": call.issuer,
        "sub": grant.user.user_id,
        "aud": audience,
        "client_id": client.client_id,
        "jti": "IDAAG." + opaque(),
        "iat": int(call.now),
        "exp": int(call.now) + _SHORT,
    }
    if scope is not None:
        claims["scope"] = scope
    resources = [value for name, value in call.form if name == "resource"]
    if resources:
        claims["resource"] = resources[0] if len(resources) == 1 else resources
    value = call.state.ring(None).jwt(claims, typ=_JAG_TYPE)
    call.state.store.add_assertion(
        value,
        IdentityAssertion(
            audience=audience,
            client_id=client.client_id,
            user=grant.user,
            scope=scope,
            expires_at=int(call.now) + _SHORT,
        ),
    )
    return _unusable_as_bearer(ID_JAG, access_token=value)


def _oauth_sts(call: Call, client: FakeClient) -> Members:
    subject = _id_token(call)
    resource = _resource(call)
    user = subject.grant.user
    address = f"{call.state.url}/oauth2/v1/sts/connect/{half_hash(user.user_id + resource.name)}"
    account = call.state.approvals.account(address)
    if account is None or account.decision is None:
        if account is None:
            call.state.approvals.add(
                Approval(
                    kind="account",
                    code=address,
                    client=client,
                    server_id=None,
                    scopes=frozenset(),
                    expires_at=float("inf"),
                    interval=0,
                    user=user,
                )
            )
        raise RefusalError(
            400,
            "interaction_required",
            "The user has to connect an account there first.",
            extra={"interaction_uri": address},
        )
    if account.decision == "denied":
        raise RefusalError(400, "access_denied", "The user has refused.")
    scope = call.parameter("scope")
    scopes = resource.scopes if scope is None else split_scope(scope)
    if not set(scopes) <= set(resource.scopes):
        raise RefusalError(400, "invalid_scope", "The resource has no such scope.")
    members: Members = {
        "token_type": "Bearer",
        "expires_in": call.state.settings.access_token_lifetime,
        "access_token": new_code(),
        "issued_token_type": OAUTH_STS,
    }
    return {**members, "scope": join_scope(frozenset(scopes))} if scopes else members


def _vaulted_secret(call: Call, client: FakeClient) -> Members:
    _id_token(call)
    secret = _resource(call).vaulted_secret
    if secret is None:
        raise _invalid_target()
    return _unusable_as_bearer(VAULTED_SECRET, vaulted_secret=dict(secret))


def _service_account(call: Call, client: FakeClient) -> Members:
    _id_token(call)
    account = _resource(call).service_account
    if account is None:
        raise _invalid_target()
    return _unusable_as_bearer(SERVICE_ACCOUNT, service_account=dict(account))


def _unusable_as_bearer(issued_token_type: str, **members: object) -> Members:
    return {
        "token_type": "N_A",
        "expires_in": _SHORT,
        "issued_token_type": issued_token_type,
        **members,
    }


def _id_token(call: Call, *, may_have_expired: bool = False) -> IDToken:
    _check_type(call, ID_TOKEN)
    found = call.state.store.token(call.required("subject_token"))
    if not isinstance(found, IDToken) or call.state.store.is_suspended(found.grant.user):
        raise _bad_token("subject")
    if not may_have_expired and not call.state.store.is_active(found, call.now):
        raise _bad_token("subject")
    return found


def _of_access_token(call: Call) -> tuple[Grant, str | None]:
    found = call.state.store.token(call.required("subject_token"))
    if not isinstance(found, AccessToken) or found.grant is None:
        raise _bad_token("subject")
    if not call.state.store.is_active(found, call.now):
        raise _bad_token("subject")
    return found.grant, found.server_id


def _check_type(call: Call, expected: str) -> None:
    if call.required("subject_token_type") != expected:
        raise _bad_token("subject")


def _grant_for(call: Call, client: FakeClient, origin: Grant, scopes: frozenset[str]) -> Grant:
    return sign_in(
        call.state,
        call.server,
        now=call.now,
        client=client,
        user=origin.user,
        scopes=scopes,
        auth_time=origin.auth_time,
        amr=origin.amr,
    )


def _check_audience(call: Call, audience: str | None) -> None:
    if call.parameter("audience") != audience:
        raise _invalid_target()


def _resource(call: Call) -> FakeResource:
    names = [value for name, value in call.form if name == "resource"]
    found = call.state.resources.get(names[0]) if len(names) == 1 else None
    if found is None:
        raise _invalid_target()
    return found


def _bad_token(which: str) -> RefusalError:
    return RefusalError(400, "invalid_request", f"The {which}_token is not valid, or of its type.")


def _invalid_target() -> RefusalError:
    return RefusalError(400, "invalid_target", "The audience or resource is not known here.")


_AT_CUSTOM_SERVERS: Final[dict[str, Callable[[Call, FakeClient], Members]]] = {
    ACCESS_TOKEN: _for_access_token,
}
_AT_ORG: Final[dict[str, Callable[[Call, FakeClient], Members]]] = {
    INTERCLIENT_TOKEN: _native_to_web,
    ID_JAG: _id_jag,
    OAUTH_STS: _oauth_sts,
    VAULTED_SECRET: _vaulted_secret,
    SERVICE_ACCOUNT: _service_account,
}
