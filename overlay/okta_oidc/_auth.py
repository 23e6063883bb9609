"""Client authentication (RFC 6749 §2.3.1), one method a class, each an ``httpx.Auth``."""

from __future__ import annotations

import re
from abc import abstractmethod
from base64 import b64encode
from collections.abc import Generator
from typing import Final
from urllib.parse import parse_qsl, quote, urlencode

import httpx

from ._errors import ConfigurationError

_PLACEHOLDER: Final = re.compile(r"\$?\{+[^{}]*\}+")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
FORM: Final = "application/x-www-form-urlencoded"
# Members that authenticate a client in the body: each is a method of its own.
CREDENTIALS: Final = frozenset(
    {"client_id", "client_secret", "client_assertion", "client_assertion_type"}
)


class ClientAuth(httpx.Auth):
    """What the two client-secret methods share: checked credentials, and one method a request."""

    requires_request_body = True

    def __init__(self, client_id: str, client_secret: str) -> None:
        self.client_id: Final = _checked("client_id", client_id)
        self._client_secret: Final = _checked("client_secret", client_secret)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(client_id={self.client_id!r})"

    @abstractmethod
    def sign(self, form: bytes, url: str) -> tuple[str | None, bytes]:
        """The ``Authorization`` header a request with this form needs, and the form to send."""

    @property
    @abstractmethod
    def secrets(self) -> tuple[str, ...]:
        """What no output may show of what this object adds to a request."""

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Sign ``request``, for any httpx client.

        Raises:
            ConfigurationError: the request is no form, or authenticates its client already.
        """
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
            raise ConfigurationError(f"{type(self).__name__} signs requests of type {FORM} only")
        if "authorization" in request.headers or CREDENTIALS & names_in(request.content):
            raise ConfigurationError(
                "the request authenticates its client already, and Okta refuses a second method"
            )
        authorization, form = self.sign(request.content, str(request.url))
        if authorization is not None:
            request.headers["Authorization"] = authorization
        if form is not request.content:
            headers = request.headers.copy()
            for name in ("content-length", "transfer-encoding"):
                headers.pop(name, None)
            # The extensions hold the time limits: without them the request would wait for ever.
            request = httpx.Request(
                request.method,
                request.url,
                headers=headers,
                content=form,
                extensions=request.extensions,
            )
        yield request


class ClientSecretBasic(ClientAuth):
    """``client_secret_basic``: credentials in the ``Authorization`` header (RFC 6749 §2.3.1).

    Both halves are form-encoded before they are joined, as the RFC asks; credentials that Okta
    generates hold no character that this changes. A server that does not decode them accepts
    others by :class:`ClientSecretPost` only.

    Raises:
        ConfigurationError: a credential is empty, a placeholder or holds a control character.
    """

    def __init__(self, client_id: str, client_secret: str) -> None:
        super().__init__(client_id, client_secret)
        pair = f"{quote(self.client_id, safe='')}:{quote(self._client_secret, safe='')}"
        self._token: Final = b64encode(pair.encode("ascii")).decode("ascii")
        self.is_encoded: Final = pair != f"{self.client_id}:{self._client_secret}"

    def sign(self, form: bytes, url: str) -> tuple[str | None, bytes]:
        return f"Basic {self._token}", form

    @property
    def secrets(self) -> tuple[str, ...]:
        return self._client_secret, self._token


class ClientSecretPost(ClientAuth):
    """``client_secret_post``: ``client_id`` and ``client_secret`` in the form (RFC 6749 §2.3.1).

    Raises:
        ConfigurationError: a credential is empty, a placeholder or holds a control character.
    """

    def __init__(self, client_id: str, client_secret: str) -> None:
        super().__init__(client_id, client_secret)
        self._members: Final = urlencode(
            {"client_id": self.client_id, "client_secret": self._client_secret}
        ).encode("ascii")

    def sign(self, form: bytes, url: str) -> tuple[str | None, bytes]:
        return None, form + b"&" + self._members if form else self._members

    @property
    def secrets(self) -> tuple[str, ...]:
        return (self._client_secret,)


def _checked(name: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ConfigurationError(f"{name} is missing")
    if _PLACEHOLDER.fullmatch(value.strip()):
        raise ConfigurationError(f"{name} is still a placeholder")
    if _CONTROL.search(value):
        raise ConfigurationError(
            f"{name} holds a control character (a line break from the file it was read from?)"
        )
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ConfigurationError(f"{name} is not valid Unicode text") from None
    # What a subclass, an enumeration say, shows as its text is not what it holds.
    return str.__str__(value)


def names_in(form: bytes) -> set[str]:
    """The names of the parameters in ``form``, however they are encoded."""
    return {name for name, _ in parse_qsl(form.decode("latin-1"), keep_blank_values=True)}
