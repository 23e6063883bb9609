"""Client authentication (RFC 6749 §2.3), one method a class, each an ``httpx.Auth``."""

from __future__ import annotations

import re
from abc import abstractmethod
from base64 import b64encode
from collections.abc import AsyncGenerator, Generator, Mapping
from typing import ClassVar, Final, NoReturn, Protocol, Self
from urllib.parse import quote, urlencode

import httpx

from ._errors import ConfigurationError
from ._http import media_type
from ._silence import silent
from ._steps import Ask, answered

_PLACEHOLDER: Final = re.compile(r"\$?\{+[^{}]*\}+")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
# RFC 6749 §A.12, less the quotes of a file.
_TOKEN: Final = re.compile(r"[\x21\x23-\x26\x28-\x7e]+")
FORM: Final = "application/x-www-form-urlencoded"
# Seconds. Okta refuses more than an hour; a request needs no more than its own time limit.
ASSERTION_LIFETIME: Final = 300.0
# No operation of Okta's authenticates its client in one of these.
_BODILESS: Final = frozenset({"GET", "HEAD"})


class SecretText(Protocol):
    """A wrapper that keeps a secret out of sight, as pydantic's ``SecretStr`` does."""

    def get_secret_value(self) -> str: ...


class Unpicklable:
    """An object that holds a secret. It is never pickled, and its copies are itself."""

    __slots__ = ()

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"{type(self).__name__} holds a secret and cannot be pickled: "
            "make one in the process that uses it"
        )

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self


class ClientAuth(httpx.Auth):
    """How a client proves who it is: the base of every method, and of any of your own.

    ``client_id`` is the application's id, ``method`` the method's name in IANA's registry "OAuth
    Token Endpoint Authentication Methods".

    On an ``httpx.Client`` or ``AsyncClient`` of any kind it signs each form that is posted. GET and
    HEAD go out as they are.

    Raises:
        ConfigurationError: the client id is empty, a placeholder or holds a control character.
    """

    requires_request_body = True

    method: ClassVar[str]

    def __init__(self, client_id: str) -> None:
        self.client_id: Final = checked("client_id", client_id)
        self._own_id: Final = urlencode({"client_id": self.client_id}).encode("ascii")

    def __repr__(self) -> str:
        return f"{type(self).__name__}(client_id={self.client_id!r})"

    @abstractmethod
    def sign(
        self, form: bytes, url: str, lifetime: float = ASSERTION_LIFETIME
    ) -> tuple[str | None, bytes]:
        """The ``Authorization`` header of one request, or ``None``, and the form to send.

        To be called once for every HTTP request: what it returns may be good for one delivery. A
        ``client_id`` that is in the form already (RFC 9126 §2.1) is not added again.

        Args:
            form: ``application/x-www-form-urlencoded``.
            url: where the form is sent, without a query.
            lifetime: seconds until an assertion expires (``exp``). Other methods do not use it.
        """

    @property
    @abstractmethod
    def secrets(self) -> tuple[str, ...]:
        """The secrets that this object adds to requests, which no output may show."""

    @property
    def signs_elsewhere(self) -> bool:
        """Whether ``sign`` may block: its key is in another service (KMS) or a device (HSM)."""
        return False

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Sign ``request``, for any httpx client.

        Raises:
            ConfigurationError: the request is no form, or authenticates its client already.
        """
        if self._is_signed(request):
            request = self._signed(request)
        yield request

    async def async_auth_flow(
        self, request: httpx.Request
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """:meth:`auth_flow`; a key that is elsewhere signs in a worker thread."""
        await request.aread()
        if self._is_signed(request):
            request = await answered(Ask(self._signed, request, blocking=self.signs_elsewhere))
        yield request

    @silent
    def _is_signed(self, request: httpx.Request) -> bool:
        """Whether to sign this request. Raises ``ConfigurationError`` if it cannot be signed."""
        if request.method in _BODILESS:
            return False
        if media_type(request.headers) != FORM:
            raise ConfigurationError(f"{type(self).__name__} signs requests of type {FORM} only")
        # Imported here: a request of another client needs no more of the generated package.
        from ._forms import credentials_in

        pairs = request.content.split(b"&")
        if self._own_id in pairs:
            pairs.remove(self._own_id)
        if "authorization" in request.headers or credentials_in(b"&".join(pairs)):
            raise authenticated_already()
        return True

    def _signed(self, request: httpx.Request) -> httpx.Request:
        authorization, form = self.sign(request.content, address_of(request.url))
        headers = {} if authorization is None else {"Authorization": authorization}
        return rebuilt(request, headers, form)

    def names_client(self, form: bytes) -> bool:
        """Whether ``client_id`` is in the form already, and is this client's."""
        return self._own_id in form and self._own_id in form.split(b"&")


class PublicClient(ClientAuth):
    """``none``: a client that cannot keep a secret (a native or browser app) sends only its id.

    PKCE (RFC 7636) and its registered redirect URIs protect its codes.

    Raises:
        ConfigurationError: the client id is empty, a placeholder or holds a control character.
    """

    method = "none"

    def sign(
        self, form: bytes, url: str, lifetime: float = ASSERTION_LIFETIME
    ) -> tuple[str | None, bytes]:
        return None, form if self.names_client(form) else joined(form, self._own_id)

    @property
    def secrets(self) -> tuple[str, ...]:
        return ()


class ClientSecret(Unpicklable, ClientAuth):
    """The base of the methods that use a client secret."""

    def __init__(self, client_id: str, client_secret: str | SecretText) -> None:
        super().__init__(client_id)
        self._client_secret: Final = checked("client_secret", client_secret)

    @property
    def secrets(self) -> tuple[str, ...]:
        return (self._client_secret,)


class ClientSecretBasic(ClientSecret):
    """``client_secret_basic``: credentials in the ``Authorization`` header (RFC 6749 §2.3.1).

    Both halves are form-encoded before they are joined, as the RFC asks; credentials that Okta
    generates hold no character that this changes. A server that does not decode them accepts
    others by :class:`ClientSecretPost` only.

    Raises:
        ConfigurationError: a credential is empty, a placeholder or holds a control character.
    """

    method = "client_secret_basic"

    @silent
    def __init__(self, client_id: str, client_secret: str | SecretText) -> None:
        super().__init__(client_id, client_secret)
        pair = f"{quote(self.client_id, safe='')}:{quote(self._client_secret, safe='')}"
        self._token: Final = b64encode(pair.encode("ascii")).decode("ascii")
        self.is_encoded: Final = pair != f"{self.client_id}:{self._client_secret}"

    def sign(
        self, form: bytes, url: str, lifetime: float = ASSERTION_LIFETIME
    ) -> tuple[str | None, bytes]:
        return f"Basic {self._token}", form

    @property
    def secrets(self) -> tuple[str, ...]:
        return self._client_secret, self._token


class ClientSecretPost(ClientSecret):
    """``client_secret_post``: ``client_id`` and ``client_secret`` in the form (RFC 6749 §2.3.1).

    Raises:
        ConfigurationError: a credential is empty, a placeholder or holds a control character.
    """

    method = "client_secret_post"

    @silent
    def __init__(self, client_id: str, client_secret: str | SecretText) -> None:
        super().__init__(client_id, client_secret)
        self._member: Final = urlencode({"client_secret": self._client_secret}).encode("ascii")
        self._both: Final = joined(self._own_id, self._member)

    def sign(
        self, form: bytes, url: str, lifetime: float = ASSERTION_LIFETIME
    ) -> tuple[str | None, bytes]:
        return None, joined(form, self._member if self.names_client(form) else self._both)


def address_of(url: httpx.URL) -> str:
    """``url`` as it goes over the wire, without user information, query and fragment."""
    path = url.raw_path.partition(b"?")[0]
    return f"{url.scheme}://{url.netloc.decode('ascii')}{path.decode('ascii')}"


def joined(form: bytes, members: bytes) -> bytes:
    """Two encoded forms as one."""
    return form + b"&" + members if form else members


def authenticated_already() -> ConfigurationError:
    return ConfigurationError(
        "the request authenticates its client already, and Okta refuses a second method"
    )


def revealed(value: object) -> object:
    """What a wrapper of secrets holds, pydantic's or starlette's; anything else as it is."""
    reveal = getattr(value, "get_secret_value", None)
    if callable(reveal):
        return reveal()
    kinds = {f"{kind.__module__}.{kind.__qualname__}" for kind in type(value).__mro__}
    return str(value) if "starlette.datastructures.Secret" in kinds else value


def checked(name: str, credential: object) -> str:
    """The text of a credential.

    Raises:
        ConfigurationError: there is none, or it cannot be what the server knows.
    """
    value = revealed(credential)
    if credential is None or (isinstance(value, str) and not value.strip()):
        raise ConfigurationError(f"{name} is missing")
    if not isinstance(value, str):
        raise ConfigurationError(f"{name} must be a string, not {type(credential).__name__}")
    if _PLACEHOLDER.fullmatch(value.strip()):
        raise ConfigurationError(f"{name} is still a placeholder")
    if _CONTROL.search(value):
        raise ConfigurationError(
            f"{name} holds a control character (a line break from the file it was read from?)"
        )
    if value.encode(errors="ignore").decode() != value:
        raise ConfigurationError(f"{name} is not valid Unicode text")
    # ``str()`` of a subclass, such as an enumeration, may differ from the text that it holds.
    return str.__str__(value)


@silent
def checked_token(token: object, name: str = "access_token") -> str:
    """The text of a token, as a header can hold it.

    Raises:
        ConfigurationError: it is empty, or holds what no token does.
    """
    text = revealed(token)
    if not isinstance(text, str) or not _TOKEN.fullmatch(text):
        raise ConfigurationError(
            f"{name} is not one: a token holds no white space, quotes or control characters "
            "(a line break from a file, or 'Bearer ' from a header?)"
        )
    return str.__str__(text)


def rebuilt(
    request: httpx.Request, headers: Mapping[str, str], content: bytes | None = None
) -> httpx.Request:
    """``request`` again, with these headers in place of its own, and with other content.

    It has been read. The original stays as it is: callers, hooks and tests may keep it.
    """
    kept = request.headers.copy()
    for name in ("content-length", "transfer-encoding"):
        kept.pop(name, None)
    kept.update(headers)
    # The extensions hold the time limits: without them the request would wait for ever. Of its own
    # kind, which may be httpx2's.
    return type(request)(
        request.method,
        request.url,
        headers=kept,
        content=request.content if content is None else content,
        extensions=request.extensions,
    )
