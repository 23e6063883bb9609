"""Proofs of possession (RFC 9449), as Okta checks them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from ._answers import Answer, RefusalError
from ._jose import RSA_AND_EC, NotSoundError, Read, proof_key, read, thumbprint, verify
from ._tokens import s256

if TYPE_CHECKING:
    from ._registry import FakeClient
    from ._state import Call

# Seconds that a proof is good for.
_OLDEST: Final = 300


def bound(call: Call, client: FakeClient) -> Call:
    """``call`` with the key that its tokens are to be bound to.

    A client that is not registered for bound tokens gets bearer tokens, proof or no proof.
    """
    if not client.dpop_bound_access_tokens:
        return call
    if call.request.header("dpop") is None:
        raise _invalid_proof("The app's tokens are bound to a key: the DPoP header is missing.")
    return replace(call, jkt=proven_key(call, nonce_needed=call.state.settings.require_dpop_nonce))


def proven_key(call: Call, *, nonce_needed: bool = False, access_token: str | None = None) -> str:
    """The thumbprint of the key that the request's one DPoP header proves.

    ``access_token`` is the token that the proof has to be for (``ath``).
    """
    headers = call.request.header_values("dpop")
    if len(headers) != 1:
        raise _invalid_proof("Exactly one DPoP header is needed.")
    (proof,) = headers
    parts = read(proof)
    if parts is None:
        raise _invalid_proof("The proof is no JWT that can be read.")
    if parts.header.get("typ") != "dpop+jwt" or parts.header.get("alg") not in RSA_AND_EC:
        raise _invalid_proof("The proof's typ or alg is not one of a proof.")
    try:
        key = proof_key(parts.header.get("jwk"))
        verify(proof, key, RSA_AND_EC)
    except NotSoundError:
        raise _invalid_proof("The proof's signature is not its jwk's.") from None
    _check_claims(call, parts)
    if access_token is not None and parts.claims.get("ath") != s256(access_token):
        raise _invalid_proof("The proof is for another access token.")
    _check_nonce(call, parts.claims.get("nonce"), needed=nonce_needed)
    return thumbprint(key)


def with_nonce(call: Call, answer: Answer) -> Answer:
    """``answer`` with the nonce for the next proof, which a success carries, too."""
    nonce = call.state.nonces.current(call.now)
    return replace(answer, headers=(*answer.headers, ("dpop-nonce", nonce)))


def _check_claims(call: Call, parts: Read) -> None:
    if parts.claims.get("htm") != call.request.method:
        raise _invalid_proof("The proof is for another HTTP method.")
    if parts.claims.get("htu") != call.called_url:
        raise _invalid_proof("The proof is for another URL.")
    issued_at = parts.seconds("iat")
    if issued_at is None:
        raise _invalid_proof("The proof needs an iat, in whole seconds.")
    if not call.state.holds(lambda now: now - _OLDEST <= issued_at <= now):
        raise _invalid_proof("The proof is older than five minutes, or from the future.")
    identifier = parts.text("jti")
    if identifier is None:
        raise _invalid_proof("The proof needs a jti.")
    if identifier in call.state.used_ids:
        raise _invalid_proof("The proof was used before.")


def _check_nonce(call: Call, nonce: Any, *, needed: bool) -> None:
    if nonce is None and not needed:
        return
    if not isinstance(nonce, str) or not call.state.nonces.is_taken(nonce, call.now):
        raise RefusalError(400, "use_dpop_nonce", "The proof needs the nonce of this answer.")


def _invalid_proof(description: str) -> RefusalError:
    return RefusalError(400, "invalid_dpop_proof", description)
