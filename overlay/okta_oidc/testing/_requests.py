"""Requests as they arrive, and as they are kept for a test to look at."""

from __future__ import annotations

import binascii
from base64 import b64decode
from dataclasses import dataclass, field
from typing import Literal

from ._answers import Headers
from ._forms import Pairs, decode_component, decode_pairs
from ._jose import HMACS, read

Endpoint = Literal[
    "token",
    "introspect",
    "revoke",
    "authorize",
    "userinfo",
    "logout",
    "keys",
    "par",
    "device/authorize",
    "bc/authorize",
    "primary-authenticate",
    "challenge",
    "openid-configuration",
    "oauth-authorization-server",
]
PresentedMethod = Literal[
    "client_secret_basic",
    "client_secret_post",
    "client_secret_jwt",
    "private_key_jwt",
    "client_assertion",
    "none",
    "multiple",
]

CREDENTIAL_PARAMETERS = frozenset(
    {"client_id", "client_secret", "client_assertion", "client_assertion_type"}
)


@dataclass(frozen=True, slots=True)
class IncomingRequest:
    """One HTTP request: ``path`` and ``query`` still percent-encoded; ``visitor`` is who sits at
    the browser that sends it, if that is known."""

    method: str
    path: str
    query: str = field(repr=False)
    headers: Headers = field(repr=False)
    body: bytes = field(repr=False)
    visitor: str | None = None

    def header(self, name: str) -> str | None:
        """The first header of that name in any case."""
        return next(iter(self.header_values(name)), None)

    def header_values(self, name: str) -> tuple[str, ...]:
        """Every header of that name in any case."""
        return tuple(value for key, value in self.headers if key.lower() == name.lower())

    @property
    def is_form(self) -> bool:
        """Whether the media type is that of a form; parameters such as a charset do not matter."""
        media_type = (self.header("content-type") or "").partition(";")[0]
        return media_type.strip().lower() == "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class BasicCredentials:
    """What an ``Authorization: Basic`` header says, percent-decoded (RFC 6749 section 2.3.1)."""

    client_id: str
    client_secret: str = field(repr=False)


def basic_credentials(authorization: str) -> BasicCredentials | None:
    """The credentials of an ``Authorization`` value, or ``None`` if it is not sound Basic."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client_id, colon, secret = b64decode(encoded.strip(), validate=True).partition(b":")
        if not colon:
            return None
        return BasicCredentials(decode_component(client_id), decode_component(secret))
    except (binascii.Error, ValueError):
        return None


def presented_method(
    request: IncomingRequest, form: Pairs, *, may_name_client: bool = False
) -> PresentedMethod | None:
    """The client authentication method on the wire, whether or not it is right; ``None`` if the
    request says nothing about its client.

    ``"client_assertion"`` is an assertion that cannot be read. ``may_name_client``: an id in the
    body beside a header is no second method.
    """
    names = {name for name, _ in form}
    methods: list[PresentedMethod] = []
    if request.header("authorization") is not None:
        methods.append("client_secret_basic")
    if "client_secret" in names:
        methods.append("client_secret_post")
    if names & {"client_assertion", "client_assertion_type"}:
        methods.append(_assertion_method(form))
    # An id in the body beside a header is what Okta reports as two sets of credentials.
    named_twice = methods == ["client_secret_basic"] and "client_id" in names
    if len(methods) > 1 or (named_twice and not may_name_client):
        return "multiple"
    if methods:
        return methods[0]
    return "none" if "client_id" in names else None


def _assertion_method(form: Pairs) -> PresentedMethod:
    assertion = next((value for name, value in form if name == "client_assertion"), "")
    found = read(assertion)
    if found is None:
        return "client_assertion"
    return "client_secret_jwt" if found.header.get("alg") in HMACS else "private_key_jwt"


@dataclass(frozen=True, slots=True, repr=False)
class RecordedRequest:
    """A request the fake received, byte for byte, and how it fared.

    ``form`` are the decoded pairs in the order sent; ``auth_method`` is the client authentication
    method seen on the wire (``"multiple"``: more than one; ``None``: no trace of a client);
    ``status`` is that of the answer, ``None`` if there was none; ``fault`` names the planned fault
    that struck. ``repr`` shows names, never values.
    """

    method: str
    path: str
    query: str
    headers: Headers
    body: bytes
    form: Pairs
    endpoint: Endpoint | None
    auth_server_id: str | None
    auth_method: PresentedMethod | None
    client_id: str | None
    status: int | None
    request_id: str
    fault: str | None

    def header(self, name: str) -> str | None:
        """The first header of that name in any case."""
        return next((v for key, v in self.headers if key.lower() == name.lower()), None)

    def parameter(self, name: str) -> str | None:
        """The first form parameter of that name."""
        return next((value for key, value in self.form if key == name), None)

    @property
    def sent_cookies(self) -> bool:
        """Whether the client kept a cookie and sent it back."""
        return self.header("cookie") is not None

    def __repr__(self) -> str:
        return (
            f"RecordedRequest({self.method} {self.path}"
            f" headers={[name for name, _ in self.headers]}"
            f" form={[name for name, _ in self.form]}"
            f" auth_method={self.auth_method!r} status={self.status} fault={self.fault!r})"
        )


def record(
    request: IncomingRequest,
    *,
    endpoint: Endpoint | None,
    auth_server_id: str | None,
    status: int | None,
    request_id: str,
    fault: str | None,
) -> RecordedRequest:
    """What is kept of ``request``."""
    form: Pairs = ()
    if request.is_form:
        try:
            form = decode_pairs(request.body)
        except ValueError:
            form = ()
    basic = basic_credentials(request.header("authorization") or "")
    posted = next((value for name, value in form if name == "client_id"), None)
    if posted is None and "client_assertion" in dict(form):
        asserted = read(dict(form)["client_assertion"])
        posted = None if asserted is None else asserted.text("sub")
    return RecordedRequest(
        method=request.method,
        path=request.path,
        query=request.query,
        headers=request.headers,
        body=request.body,
        form=form,
        endpoint=endpoint,
        auth_server_id=auth_server_id,
        auth_method=None
        if endpoint == "userinfo"
        else presented_method(request, form, may_name_client=endpoint == "par"),
        client_id=basic.client_id if basic is not None else posted,
        status=status,
        request_id=request_id,
        fault=fault,
    )
