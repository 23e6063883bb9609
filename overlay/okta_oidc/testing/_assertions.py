"""Clients that prove themselves by a JWT (RFC 7523 section 2.2), as Okta checks it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ._answers import RefusalError, invalid_client
from ._jose import HMACS, RSA_AND_EC, NotSoundError, Read, read, secret_key, verify

if TYPE_CHECKING:
    from ._jose import ClientKey
    from ._registry import FakeClient
    from ._requests import PresentedMethod
    from ._state import Call

CLIENT_ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_LONGEST: Final = 3600


def asserted_client(call: Call, method: PresentedMethod) -> FakeClient:
    """The client that the request's assertion proves.

    401 ``invalid_client``, in the OAuth shape, unless the client is registered for ``method``, its
    key made the signature, ``iss`` and ``sub`` are its id, ``aud`` is the URL called, ``exp`` at
    most an hour ahead and ``jti`` new, if there is one.
    """
    if call.parameter("client_assertion_type") != CLIENT_ASSERTION_TYPE:
        raise RefusalError(400, "invalid_request", "The client_assertion_type is not known.")
    assertion = call.required("client_assertion")
    parts = read(assertion)
    if parts is None:
        raise invalid_client("The client_assertion is no JWT that can be read.")
    client_id = parts.text("sub")
    if client_id is None or parts.text("iss") != client_id:
        raise invalid_client("iss and sub of a client_assertion are the client's id.")
    client = call.state.clients.get(client_id)
    if client is None:
        raise invalid_client("There is no app with this client id.", shape_is_okta=True)
    if call.parameter("client_id") not in (None, client_id):
        raise invalid_client("The client_id is not the one of the client_assertion.")
    if client.auth_method != method:
        raise invalid_client("The app is registered with another authentication method.")
    _check_signature(client, assertion, parts)
    _check_claims(call, parts)
    return client


def _check_signature(client: FakeClient, assertion: str, parts: Read) -> None:
    try:
        if client.auth_method == "client_secret_jwt":
            verify(assertion, secret_key(client.client_secret or ""), HMACS)
        else:
            verify(assertion, _key_for(client, parts).key, RSA_AND_EC)
    except NotSoundError:
        raise invalid_client("The client_assertion's signature is not valid.") from None


def _key_for(client: FakeClient, parts: Read) -> ClientKey:
    alg, kid = parts.header.get("alg"), parts.header.get("kid")
    if alg not in RSA_AND_EC:
        raise invalid_client("The client_assertion's alg is not one for private_key_jwt.")
    fitting = [key for key in client.keys if key.fits(alg)]
    if kid is not None:
        nameless = [key for key in fitting if key.kid is None]
        fitting = [key for key in fitting if key.kid == kid] or nameless
    if not fitting:
        raise invalid_client("No key of the app has the client_assertion's kid and alg.")
    if len(fitting) > 1:
        raise invalid_client("The app has several keys: the client_assertion needs a kid.")
    return fitting[0]


def _check_claims(call: Call, parts: Read) -> None:
    audience = parts.claims.get("aud")
    if call.called_url not in (audience if isinstance(audience, list) else [audience]):
        raise invalid_client("The client_assertion's aud is not the URL of this endpoint.")
    expires_at, issued_at = parts.seconds("exp"), parts.seconds("iat")
    if expires_at is None:
        raise invalid_client("The client_assertion needs an exp, in whole seconds.")
    if not call.state.holds(lambda now: now < expires_at <= now + _LONGEST):
        raise invalid_client("The client_assertion has expired, or lives for more than an hour.")
    if "iat" in parts.claims and (
        issued_at is None or not call.state.holds(lambda now: issued_at <= now)
    ):
        raise invalid_client("The client_assertion was issued in the future.")
    if parts.text("jti") in call.state.used_ids:
        raise invalid_client("The client_assertion was used before.")
