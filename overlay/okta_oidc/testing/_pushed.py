"""Pushed authorization requests (RFC 9126)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ._answers import Answer, RefusalError, json_answer
from ._dpop import proven_key
from ._parameters import check_challenge, check_redirect_uri, check_response
from ._scopes import user_scopes
from ._tokens import opaque

if TYPE_CHECKING:
    from ._forms import Pairs
    from ._registry import FakeClient
    from ._state import Call

_PREFIX: Final = "urn:okta:"
_SECONDS: Final = 3600
_NOT_KEPT: Final = frozenset({"client_secret", "client_assertion", "client_assertion_type"})


@dataclass(slots=True, eq=False)
class PushedRequest:
    """The parameters that a ``request_uri`` stands for, once."""

    client: FakeClient
    server_id: str | None
    parameters: Pairs = field(repr=False)
    expires_at: float


def push(call: Call, client: FakeClient) -> Answer:
    """``POST …/v1/par``: everything that the authorization endpoint would refuse is refused here
    already, and a proof's key becomes ``dpop_jkt``.

    ``client_id`` is a parameter of the request like the others, so it has to be there, however the
    client proves itself.
    """
    call.required("client_id")
    if call.parameter("request_uri") is not None:
        raise RefusalError(400, "invalid_request", "A pushed request holds no request_uri.")
    check_redirect_uri(client, call.required("redirect_uri"))
    check_response(call)
    check_challenge(
        client, call.parameter("code_challenge"), call.parameter("code_challenge_method")
    )
    user_scopes(call.server, client, call.parameter("scope"))
    parameters = tuple((name, value) for name, value in call.form if name not in _NOT_KEPT)
    if client.dpop_bound_access_tokens and call.request.header("dpop") is not None:
        jkt = proven_key(call, nonce_needed=call.state.settings.require_dpop_nonce)
        if call.parameter("dpop_jkt") not in (None, jkt):
            raise RefusalError(400, "invalid_dpop_proof", "The proof's key is not the dpop_jkt.")
        parameters = (*(pair for pair in parameters if pair[0] != "dpop_jkt"), ("dpop_jkt", jkt))
    request_uri = _PREFIX + opaque()
    call.state.pushed[request_uri] = PushedRequest(
        client, call.server.id, parameters, call.now + _SECONDS
    )
    return json_answer(200, {"request_uri": request_uri, "expires_in": _SECONDS})


def pushed_parameters(call: Call, client: FakeClient) -> Pairs:
    """What was pushed under the request's ``request_uri``, which is spent by this."""
    request_uri = call.required("request_uri")
    found = call.state.pushed.get(request_uri)
    if (
        found is None
        or found.client.client_id != client.client_id
        or found.server_id != call.server.id
        or call.now >= found.expires_at
    ):
        raise RefusalError(400, "invalid_request", "The request_uri is not valid.")
    del call.state.pushed[request_uri]
    return found.parameters
