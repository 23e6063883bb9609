"""What the browser brings back: whether it answers this request, and the code (RFC 6749 §4.1.2)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from hmac import compare_digest
from typing import Any, Final, cast
from urllib.parse import parse_qs

from .._config import check_kind, text_of
from .._errors import AuthorizationError, CallbackMismatchError, ConfigurationError
from .._refusals import shown
from ._requests import AuthorizationRequest

_NAMES: Final = ("state", "iss", "error", "error_description", "code")
_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|/")
# A proxy's limit on a URL is below it, and a code is some forty characters.
_LARGEST: Final = 64 * 1024


def code_of(
    callback: str | Mapping[str, Any],
    request: AuthorizationRequest,
    issuer: str,
    *,
    names_issuer: bool,
) -> str:
    """The authorization code, if ``callback`` is the answer to ``request``.

    ``names_issuer``: the server's metadata promises ``iss`` in callbacks (RFC 9207 §2.4).

    Raises:
        CallbackMismatchError: it is not.
        AuthorizationError: it is, and says what went wrong.
        ConfigurationError: it is neither a URL, nor a query, nor a mapping.
    """
    found = _parameters(callback)
    for name, values in found.items():
        if len(values) > 1:
            raise CallbackMismatchError(f"the callback has more than one {name}")
    state, iss, error, description, code = (
        found[name][0] if found[name] else "" for name in _NAMES
    )
    # Checked first: without the right state, anybody may have made the rest.
    if not compare_digest(state.encode(errors="replace"), request.state.encode()):
        raise CallbackMismatchError(
            "the callback has another state than this request"
            if state
            else "the callback has no state"
        )
    if found["iss"] and iss != issuer:
        raise CallbackMismatchError("the callback comes from another issuer than was asked")
    if not found["iss"] and names_issuer:
        raise CallbackMismatchError("the callback does not say which issuer it comes from")
    if found["error"]:
        secrets = (request.state, request.nonce, request.code_verifier, code)
        said = ": ".join(filter(None, (shown(error, secrets), shown(description, secrets))))
        raise AuthorizationError(
            f"the sign-in was refused: {said}", code=error or None, description=description or None
        )
    if not code:
        raise CallbackMismatchError("the callback has no code")
    return code


def _parameters(callback: object) -> dict[str, list[str]]:
    if not isinstance(callback, Mapping):
        text = text_of("callback", callback)
        check_kind("callback", text, str, Mapping)
        return _parsed(cast("str", text))
    found: dict[str, list[str]] = {}
    for name in _NAMES:
        values = _all_of(cast("Mapping[str, object]", callback), name)
        if not all(isinstance(value, str) for value in values):
            raise ConfigurationError(f"the callback's {name} must be a string")
        found[name] = cast("list[str]", values)
    return found


def _parsed(callback: str) -> dict[str, list[str]]:
    if len(callback) > _LARGEST:
        raise CallbackMismatchError("the callback is larger than any")
    head, mark, query = callback.partition("?")
    if not mark or not (_URL.match(head) or "=" not in head):
        # A question mark may be in a query, too.
        query = "" if _URL.match(callback) else callback
    # An empty parameter is there all the same: two states are two, even if one is empty.
    members = parse_qs(query.partition("#")[0], keep_blank_values=True)
    return {name: members.get(name, []) for name in _NAMES}


def _all_of(callback: Mapping[str, object], name: str) -> list[object]:
    """All values of a parameter: frameworks' mappings show the first, or the last, of several."""
    # Starlette, Django, Werkzeug; httpx; aiohttp, whose own raises where there is none.
    for method in ("getlist", "get_list", "getall"):
        several: Callable[[str], list[object]] | None = getattr(callback, method, None)
        if several is not None:
            return list(several(name)) if name in callback else []
    value = callback.get(name)
    if isinstance(value, list | tuple):
        return list(cast("Sequence[object]", value))
    return [] if value is None else [value]
