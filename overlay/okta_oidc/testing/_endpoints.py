"""Which code answers at which endpoint, and what has to be true before it is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ._answers import Answer, RefusalError
from ._authentication import authenticate, refuse_credentials_in_query
from ._authorize import authorize
from ._direct import challenge, primary_authenticate
from ._discovery import keys, oauth_metadata, openid_configuration
from ._dpop import with_nonce
from ._elsewhere import authorize_backchannel, authorize_device
from ._forms import Pairs, decode_pairs
from ._grants import token
from ._inspection import introspect, revoke
from ._logout import logout
from ._pushed import push
from ._userinfo import userinfo

if TYPE_CHECKING:
    from ._registry import FakeClient
    from ._requests import Endpoint
    from ._routing import Route
    from ._state import Call

# What a browser or anybody else may ask; parameters are in the query.
_OPEN: Final[Mapping[Endpoint, Callable[[Call], Answer]]] = {
    "authorize": authorize,
    "logout": logout,
    "userinfo": userinfo,
    "keys": keys,
    "openid-configuration": openid_configuration,
    "oauth-authorization-server": oauth_metadata,
}
# What clients ask, by a form in which, or beside which, they prove themselves.
_CLIENTS: Final[Mapping[Endpoint, Callable[[Call, FakeClient], Answer]]] = {
    "token": token,
    "introspect": introspect,
    "revoke": revoke,
    "par": push,
    "device/authorize": authorize_device,
    "bc/authorize": authorize_backchannel,
    "primary-authenticate": primary_authenticate,
    "challenge": challenge,
}


def answer(call: Call, route: Route, *, refuse_cookies: bool) -> Answer:
    """The endpoint's answer to a request whose path is right; ``call`` has no form yet."""
    request = call.request
    if request.method not in route.methods:
        raise RefusalError(
            405,
            "E0000022",
            "The endpoint does not take this HTTP method.",
            shape="okta",
            headers=(("Allow", ", ".join(route.methods)),),
        )
    query = _decoded(request.query.encode())
    if route.endpoint in _OPEN:
        return _OPEN[route.endpoint](replace(call, form=_single_valued(query)))
    if refuse_cookies and request.header("cookie") is not None:
        raise RefusalError(400, "invalid_request", "A cookie came back: keep no cookie jar.")
    if not request.is_form:
        raise RefusalError(400, "E0000021", "The body has to be a form.", shape="okta")
    form = _decoded(request.body)
    refuse_credentials_in_query({name for name, _ in query})
    call = replace(call, form=_single_valued(form))
    client = authenticate(call, may_name_client=route.endpoint == "par")
    if route.endpoint not in ("token", "par") or not client.dpop_bound_access_tokens:
        return _CLIENTS[route.endpoint](call, client)
    try:
        found = _CLIENTS[route.endpoint](call, client)
    except RefusalError as refusal:
        found = refusal.answer()
    return with_nonce(call, found)


def _decoded(encoded: bytes) -> Pairs:
    try:
        return decode_pairs(encoded)
    except ValueError:
        raise RefusalError(
            400, "E0000003", "The request body is not well-formed.", shape="okta"
        ) from None


def _single_valued(form: Pairs) -> Pairs:
    names = [name for name, _ in form if name != "resource"]
    if len(names) != len(set(names)):
        raise RefusalError(400, "invalid_request", "A parameter was sent twice.")
    if any(value == "" for _, value in form):
        # RFC 6749 lets a server overlook these; a test should not.
        raise RefusalError(400, "invalid_request", "A parameter was sent without a value.")
    return form
