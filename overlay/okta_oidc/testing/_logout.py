"""The logout endpoint (OpenID Connect RP-Initiated Logout), which a browser is sent to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._answers import Answer, RefusalError
from ._authorize import with_query
from ._parameters import is_address
from ._store import DeviceSecret, IDToken

if TYPE_CHECKING:
    from ._state import Call


def logout(call: Call) -> Answer:
    """``GET …/v1/logout``: 302 to ``post_logout_redirect_uri`` with ``state``, or to the org's
    sign-in page. Tokens stay as they are, but for those of a ``device_secret``.

    ``id_token_hint`` may have expired; it has to be one of this server's.
    """
    hint = call.state.store.token(call.required("id_token_hint"))
    if not isinstance(hint, IDToken) or hint.grant.server_id != call.server.id:
        raise RefusalError(400, "invalid_request", "The id_token_hint is not valid.")
    secret = call.state.store.token(call.parameter("device_secret") or "")
    if isinstance(secret, DeviceSecret):
        call.state.store.end_session(secret.session)
    address = call.parameter("post_logout_redirect_uri")
    if address is None:
        return Answer(302, (("Location", f"{call.state.url}/login/default"),))
    if not is_address(address, hint.grant.client.post_logout_redirect_uris):
        raise RefusalError(400, "invalid_request", "The logout address is not one of the app's.")
    state = call.parameter("state")
    location = with_query(address, {} if state is None else {"state": state})
    return Answer(302, (("Location", location),))
