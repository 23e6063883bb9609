"""The httpx clients through which generated functions enter the flow."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable
from functools import partial
from importlib import import_module
from typing import Any, Final, Self, TypeVar, cast
from urllib.parse import unquote

import httpx
from attrs import define, field
from okta_oidc_api import Client

from ._auth import FORM, authenticated_already
from ._config import Server
from ._errors import ConfigurationError
from ._flow import HEADERS, Flow
from ._forms import credentials_in, decoded, pairs_of
from ._http import Reply, media_type
from ._models import WrongMemberError, fitting, has_content
from ._operations import Operation, Request, described
from ._refusals import malformed
from ._results import check_json, check_whole, read_nothing
from ._senders import AsyncSender, Sender
from ._silence import silent
from ._steps import Steps

T = TypeVar("T")


class Entrance(httpx.Client):
    """An httpx client that sends as the methods do: signed, limited, with the same errors."""

    def __init__(self, sender: Sender, own_headers: dict[str, str], **options: Any) -> None:
        super().__init__(**options, transport=httpx.BaseTransport())
        self._sender: Final = sender
        self.own_headers: Final = own_headers

    @silent
    def build_request(self, *args: Any, **options: Any) -> httpx.Request:
        return _written(super().build_request, *args, **options)

    @silent
    def request(self, method: str, url: Any, **options: Any) -> httpx.Response:
        asked = _from_generated(self, method, url, options)
        if asked is None:
            return super().request(method, url, **options)
        return self._sender.run(_steps(self._sender.flow, asked))

    @silent
    def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        """Send by the flow. The answer is read whole, and no redirect is followed."""
        request.read()
        asked = _from_httpx(request, self._sender.flow.server)
        return self._sender.run(_steps(self._sender.flow, asked, request))


class AsyncEntrance(httpx.AsyncClient):
    """:class:`Entrance` for the asynchronous face."""

    def __init__(self, sender: AsyncSender, own_headers: dict[str, str], **options: Any) -> None:
        super().__init__(**options, transport=httpx.AsyncBaseTransport())
        self._sender: Final = sender
        self.own_headers: Final = own_headers

    @silent
    def build_request(self, *args: Any, **options: Any) -> httpx.Request:
        return _written(super().build_request, *args, **options)

    @silent
    async def request(self, method: str, url: Any, **options: Any) -> httpx.Response:
        asked = _from_generated(self, method, url, options)
        if asked is None:
            return await super().request(method, url, **options)
        return await self._sender.run(_steps(self._sender.flow, asked))

    @silent
    async def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        """Send by the flow. The answer is read whole, and no redirect is followed."""
        await request.aread()
        asked = _from_httpx(request, self._sender.flow.server)
        return await self._sender.run(_steps(self._sender.flow, asked, request))


def _from_generated(
    client: Entrance | AsyncEntrance, method: str, url: object, options: dict[str, Any]
) -> Request | None:
    """The request of a generated function, without building an ``httpx.Request``.

    ``None`` where only httpx can build it: with a query, JSON, or settings of one request.
    """
    if not isinstance(url, str) or not url.startswith("/"):
        return None
    # Before httpx resolves it: a parameter of ".." would ask for something else.
    path = _checked_path(re.split("[?#]", url)[0])
    data: object = options.get("data")
    if path != url or options.keys() - {"data", "headers"} or not isinstance(data, dict | None):
        return None
    operation, server = described(method.upper(), path)
    members = cast("dict[str, object] | None", data)
    # Members that authenticate the client mean something else where nobody authenticates.
    if not operation.module or (members is not None and not operation.authenticated):
        return None
    headers: dict[str, str] = {**client.own_headers, **(options.get("headers") or {})}
    if members is not None and operation.needs_client_id:
        members = {name: value for name, value in members.items() if name != "client_id"}
    return _unsigned(
        Request(
            operation,
            url,
            server,
            pairs=None if members is None else pairs_of(members, (), lenient=True),
            headers=_own(headers.items(), is_form=members is not None),
            seconds=_seconds(client.timeout.read),
        )
    )


def _written(make: Callable[..., T], *args: object, **options: object) -> T:
    try:
        return make(*args, **options)
    except (httpx.InvalidURL, TypeError, ValueError) as error:
        kind = type(error).__name__
    # Outside of the handler: an error of encoding holds the text, so it must not be the context.
    raise ConfigurationError(f"the request cannot be written: {kind}")


def _steps(flow: Flow, asked: Request, sent: httpx.Request | None = None) -> Steps[httpx.Response]:
    """The course of ``asked``, whose answer names ``sent`` as its request."""
    if sent is None:
        # Without headers and body: it shows nothing secret.
        url, _ = flow.addresses(asked.target)
        sent = httpx.Request(asked.operation.method, url, headers=[], stream=httpx.ByteStream(b""))
    return flow.steps(Operation(asked, partial(_response, sent)))


def _from_httpx(request: httpx.Request, server: Server) -> Request:
    url = request.url
    if f"{url.scheme}://{url.netloc.decode()}" != server.origin:
        raise ConfigurationError("the request is for another host: the credentials stay here")
    target = url.raw_path.decode("ascii")
    operation, at = described(request.method, _checked_path(target.partition("?")[0]))
    is_form = media_type(request.headers) == FORM
    if is_form and operation.authenticated and credentials_in(request.content):
        raise authenticated_already()
    limits = request.extensions.get("timeout")
    return _unsigned(
        Request(
            operation,
            target,
            at,
            pairs=decoded(request.content) if is_form else None,
            body=request.content,
            headers=_own(request.headers.items(), is_form=is_form),
            seconds=None if limits is None else _seconds(limits.get("read")),
        )
    )


def _unsigned(request: Request) -> Request:
    """``request``, unless the flow will sign what is signed already."""
    if request.is_signed and any(name.lower() == b"authorization" for name, _ in request.headers):
        raise authenticated_already()
    return request


# The flow sets these, or they describe the body as it was before it was signed; "Origin" makes
# Okta treat a call as a browser's.
_NOT_THEIRS: Final = frozenset(
    {"connection", "content-length", "expect", "host", "origin", "transfer-encoding"}
)
# RFC 9110 §5.5: neither control characters nor what takes more than a byte.
_FIELD: Final = re.compile("[\t -~\x80-\xff]*")
_OURS: Final = frozenset((name.lower(), value) for name, value in HEADERS.items())


def _own(headers: Iterable[tuple[str, str]], *, is_form: bool) -> tuple[tuple[bytes, bytes], ...]:
    """The headers that the flow does not set itself."""
    own: list[tuple[bytes, bytes]] = []
    for name, value in headers:
        lower = name.lower()
        if (
            lower not in _NOT_THEIRS
            and (lower, value) not in _OURS
            and not (is_form and lower == "content-type")
        ):
            if not _FIELD.fullmatch(f"{name}:{value}"):
                raise ConfigurationError("a header holds a character that none may hold")
            own.append((name.encode("latin-1"), value.strip().encode("latin-1")))
    return tuple(own)


def _checked_path(path: str) -> str:
    *inner, last = map(unquote, path[1:].split("/"))
    if last in (".", "..") or not {"", ".", ".."}.isdisjoint(inner):
        raise ConfigurationError("the path has an empty segment, or one that climbs out of another")
    return path


def _seconds(limit: float | None) -> float:
    return math.inf if limit is None else limit


def _response(sent: httpx.Request, reply: Reply, request: Request) -> httpx.Response:
    """The answer to ``sent`` for a generated parser, which is to lose nothing of it.

    Raises:
        MalformedResponseError: its parser cannot read it.
    """
    operation, status = request.operation, reply.status
    if operation.module and status not in operation.statuses:
        # The parser knows no other than those that are declared.
        status = (operation.with_content or operation.statuses)[0]
    headers = reply.headers.copy()
    for name in ("content-encoding", "content-length", "transfer-encoding"):
        headers.pop(name, None)
    if status not in operation.with_content:
        if operation.module:
            read_nothing(reply, request)
        if not operation.module or (not reply.complete and has_content(operation.module)):
            check_whole(reply)
        return httpx.Response(status, headers=headers, content=reply.body, request=sent)
    check_json(reply)
    body = reply.json()
    if body is None and reply.body.strip() != b"null":
        raise malformed(reply, "the body is not JSON")
    try:
        parse = import_module(f"okta_oidc_api.{operation.module}")._parse_response  # noqa: SLF001
        fine = fitting(parse, body)
        content = reply.body if fine is body else json.dumps(fine).encode()
        response = httpx.Response(status, headers=headers, content=content, request=sent)
        parse(client=_ANY, response=response)
    except Exception as error:  # noqa: BLE001  # whatever it raises, the answer is at hand
        known = str(error) if isinstance(error, WrongMemberError) else "a member is not of its type"
        raise malformed(reply, known) from None
    return response


@define(repr=False, eq=False)
class Api(Client):
    """The generated client, whose requests are sent as those of the methods."""

    _sender: Sender | AsyncSender = field(kw_only=True, alias="sender")
    _entrance: Entrance | AsyncEntrance = field(init=False)

    @silent
    def __attrs_post_init__(self) -> None:
        headers = dict(self._headers)
        if self._cookies:
            headers["Cookie"] = "; ".join(f"{name}={self._cookies[name]}" for name in self._cookies)
        options = {
            "base_url": self._base_url,
            "headers": {**HEADERS, **headers},
            "timeout": self._timeout or httpx.Timeout(self._sender.flow.timeout),
        }
        if isinstance(self._sender, Sender):
            self._entrance = _written(Entrance, self._sender, headers, **options)
        else:
            self._entrance = _written(AsyncEntrance, self._sender, headers, **options)

    def __repr__(self) -> str:
        # Headers and cookies may be secret.
        return f"{type(self).__name__}({self._base_url!r})"

    # The generated client would make one of httpx's own: no authentication, and no time limit.

    def get_httpx_client(self) -> httpx.Client:
        """The client of a synchronous function."""
        if isinstance(self._entrance, Entrance):
            return self._client or self._entrance
        raise ConfigurationError("AsyncOktaOIDC.api is for the asyncio functions alone")

    def get_async_httpx_client(self) -> httpx.AsyncClient:
        """The client of an ``asyncio…`` function."""
        if isinstance(self._entrance, AsyncEntrance):
            return self._async_client or self._entrance
        raise ConfigurationError("OktaOIDC.api is not for the asyncio functions: use AsyncOktaOIDC")

    # Its requests use the connections of the methods, which are not its own to close.

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *args: object, **kwargs: object) -> None:
        pass

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *args: object, **kwargs: object) -> None:
        pass


# A generated parser asks its client whether to raise at a status that the document has not.
_ANY: Final = Client(base_url="")
