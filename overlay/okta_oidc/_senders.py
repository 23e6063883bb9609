"""The two drivers of a flow, and the httpx clients through which generated functions enter it."""

from __future__ import annotations

import inspect
import json
import math
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from importlib import import_module
from typing import Any, Final, Self, TypeAlias, TypeVar, cast
from urllib.parse import parse_qsl, unquote

import httpx
from okta_oidc_api import Client
from okta_oidc_api.operations import CREDENTIALS
from okta_oidc_api.operations import Operation as Described

from ._config import Server
from ._errors import ConfigurationError, OktaError, TransportError, TransportTimeoutError
from ._flow import HEADERS, Flow
from ._forms import FORM, pairs_of
from ._http import Headers, HttpInfo, Reply
from ._models import WrongMemberError, models, normalised
from ._operations import Operation, Request, described
from ._refusals import broken_message, malformed
from ._results import check_json, read_nothing
from ._silence import silent
from ._steps import Ask, Step, Steps
from ._wire.environment import Origin, Unusable
from ._wire.exchanges import Answer, AsyncWire, Broken, Wire

T = TypeVar("T")

# An answer, or how there came to be none.
_Outcome: TypeAlias = tuple[Reply | None, OktaError | None]


class Sender:
    """The synchronous way to the server, shared by all threads."""

    def __init__(self, flow: Flow, lent: httpx.Client | None) -> None:
        self.flow: Final = flow
        self.is_closed = False
        with _configured():
            self._wire: Final = Wire.through(lent) if lent else Wire.to(_origin_of(flow.server))

    def run(self, steps: Steps[T]) -> T:
        """Do what ``steps`` ask for, and return their result."""
        outcome: Any = None
        failure: BaseException | None = None
        while True:
            try:
                step = steps.send(outcome) if failure is None else steps.throw(failure)
            except StopIteration as done:
                return cast("T", done.value)
            outcome = failure = None
            try:
                if isinstance(step, httpx.Request):
                    outcome, failure = self._exchange(step)
                elif isinstance(step, Ask):
                    outcome = step.function(*step.args)
                else:
                    self.flow.runtime.sleep(step)
            except BaseException as error:  # the core's to judge
                if not _is_an_outcome(step, error):
                    steps.close()
                    raise
                failure = error

    def _exchange(self, request: httpx.Request) -> _Outcome:
        if self.is_closed:
            return None, ConfigurationError("the client is closed")
        try:
            answer = self._wire.exchange(request, request.extensions["timeout"]["read"])
        except Broken as broken:
            return None, _error_of(broken, request)
        except Unusable as error:
            return None, ConfigurationError(str(error))
        return _reply(answer, self.flow.runtime.now()), None

    def close(self) -> None:
        self.is_closed = True
        self._wire.close()


class AsyncSender:
    """The asynchronous way to the server, shared by the tasks of one event loop."""

    def __init__(self, flow: Flow, lent: httpx.AsyncClient | None) -> None:
        self.flow: Final = flow
        self.is_closed = False
        origin = _origin_of(flow.server)
        with _configured():
            self._wire: Final = AsyncWire.through(lent, origin) if lent else AsyncWire.to(origin)

    async def run(self, steps: Steps[T]) -> T:
        """Do what ``steps`` ask for, and return their result."""
        outcome: Any = None
        failure: BaseException | None = None
        while True:
            try:
                step = steps.send(outcome) if failure is None else steps.throw(failure)
            except StopIteration as done:
                return cast("T", done.value)
            outcome = failure = None
            try:
                if isinstance(step, httpx.Request):
                    outcome, failure = await self._exchange(step)
                elif isinstance(step, Ask):
                    outcome = await _answer(step)
                else:
                    await self.flow.runtime.sleep_async(step)
            except BaseException as error:  # the core's to judge
                if not _is_an_outcome(step, error):
                    steps.close()
                    raise
                failure = error

    async def _exchange(self, request: httpx.Request) -> _Outcome:
        if self.is_closed:
            return None, ConfigurationError("the client is closed")
        try:
            answer = await self._wire.exchange(request, request.extensions["timeout"]["read"])
        except Broken as broken:
            return None, _error_of(broken, request)
        except Unusable as error:
            return None, ConfigurationError(str(error))
        return _reply(answer, self.flow.runtime.now()), None

    async def aclose(self) -> None:
        self.is_closed = True
        await self._wire.aclose()


def _is_an_outcome(step: Step, error: BaseException) -> bool:
    """Whether ``error`` is what came of ``step``, for the core to judge.

    What a request raises is a caller's own hook's or transport's, even if it is an error of ours:
    a hook may have asked another client, and its failure says nothing of this request.
    """
    return (
        isinstance(step, Ask)
        and isinstance(error, Exception)
        and not isinstance(error, StopIteration)
    )


async def _answer(step: Ask) -> Any:
    if step.blocking:
        from anyio.to_thread import run_sync

        # A closure, which shows nothing: the worker's frame goes on, and cannot be emptied.
        return await run_sync(lambda: step.function(*step.args))
    outcome = step.function(*step.args)
    return await outcome if inspect.isawaitable(outcome) else outcome


@contextmanager
def _configured() -> Generator[None]:
    """Raise what cannot work as things are set up as a ``ConfigurationError``."""
    try:
        yield
    except Unusable as error:
        raise ConfigurationError(str(error)) from error.__cause__


def _origin_of(server: Server) -> Origin:
    return Origin("https" if server.secure else "http", server.netloc, server.is_loopback)


def _reply(answer: Answer, arrived_at: float) -> Reply:
    return Reply(
        answer.status,
        answer.headers,
        answer.body,
        complete=answer.is_complete,
        is_plain=answer.is_plain,
        arrived_at=arrived_at,
    )


def _error_of(broken: Broken, request: httpx.Request) -> TransportError:
    kind = TransportTimeoutError if broken.is_timeout else TransportError
    answer = broken.answer
    error = kind(
        broken_message(broken.error, request.url.host, quotable=broken.is_quotable),
        request_sent=False if broken.never_sent else None,
        http=None if answer is None else HttpInfo(answer.status, Headers(answer.headers)),
        body=b"" if answer is None else answer.body,
    )
    # The text of a protocol error quotes what the peer sent, which may well be a token.
    error.__cause__ = broken.error if broken.is_quotable else None
    return error


# Generated functions


class Entrance(httpx.Client):
    """An httpx client whose requests take the road of the methods: signed, limited, judged."""

    def __init__(self, sender: Sender, **options: Any) -> None:
        super().__init__(**_options(sender.flow, options), transport=httpx.BaseTransport())
        self._sender: Final = sender
        self.own_headers: Final = _own_headers(options)

    @silent
    def request(self, method: str, url: Any, **options: Any) -> httpx.Response:
        request = _from_generated(self, method, url, options)
        if request is None:
            return super().request(method, url, **options)
        return self._sender.run(self._sender.flow.steps(Operation(request, _response)))

    @silent
    def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        """Send by the flow. The answer is read whole, and no redirect is followed."""
        request.read()
        asked = _from_httpx(request, self._sender.flow.server)
        return self._sender.run(self._sender.flow.steps(Operation(asked, _response)))


class AsyncEntrance(httpx.AsyncClient):
    """:class:`Entrance` for the asynchronous face."""

    def __init__(self, sender: AsyncSender, **options: Any) -> None:
        super().__init__(**_options(sender.flow, options), transport=httpx.AsyncBaseTransport())
        self._sender: Final = sender
        self.own_headers: Final = _own_headers(options)

    @silent
    async def request(self, method: str, url: Any, **options: Any) -> httpx.Response:
        request = _from_generated(self, method, url, options)
        if request is None:
            return await super().request(method, url, **options)
        return await self._sender.run(self._sender.flow.steps(Operation(request, _response)))

    @silent
    async def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        """Send by the flow. The answer is read whole, and no redirect is followed."""
        await request.aread()
        asked = _from_httpx(request, self._sender.flow.server)
        return await self._sender.run(self._sender.flow.steps(Operation(asked, _response)))


def _options(flow: Flow, options: dict[str, Any]) -> dict[str, Any]:
    return {
        "base_url": flow.server.origin,
        "timeout": flow.timeout,
        **options,
        "headers": {**HEADERS, **options.get("headers", {})},
    }


def _own_headers(options: dict[str, Any]) -> dict[str, str]:
    headers: dict[str, str] = dict(options.get("headers", {}))
    cookies: dict[str, str] = options.get("cookies", {})
    if cookies:
        headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
    return headers


def _from_generated(
    client: Entrance | AsyncEntrance, method: str, url: object, options: dict[str, Any]
) -> Request | None:
    """What a generated function asks for, without the detour by an ``httpx.Request``.

    ``None`` where httpx has something to build: a query, JSON, settings of one request.
    """
    data: object = options.get("data")
    if (
        not isinstance(url, str)
        or not url.startswith("/")
        or "?" in url
        or not options.keys() <= {"data", "headers"}
        or not isinstance(data, dict | None)
    ):
        return None
    operation, server = described(method.upper(), _checked_path(url))
    if not operation.module:
        return None
    members = cast("dict[str, object] | None", data)
    more: dict[str, str] = options.get("headers") or {}
    headers = {**client.own_headers, **more}
    if members is not None and operation.needs_client_id:
        members = {name: value for name, value in members.items() if name != "client_id"}
    return Request(
        operation,
        url,
        server,
        pairs=None if members is None else pairs_of(members, (), lenient=True),
        headers=_own(headers.items(), is_form=members is not None, operation=operation),
        seconds=_seconds(client.timeout.read),
    )


def _from_httpx(request: httpx.Request, server: Server) -> Request:
    url = request.url
    if f"{url.scheme}://{url.netloc.decode()}" != server.origin:
        raise ConfigurationError("the request is for another host: the credentials stay here")
    target = url.raw_path.decode("ascii")
    operation, at = described(request.method, _checked_path(target.partition("?")[0]))
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    is_form = media_type == FORM
    limits = request.extensions.get("timeout")
    return Request(
        operation,
        target,
        at,
        pairs=_pairs_in(request.content, operation) if is_form else None,
        body=request.content,
        headers=_own(request.headers.items(), is_form=is_form, operation=operation),
        seconds=None if limits is None else _seconds(limits.get("read")),
    )


def _pairs_in(form: bytes, operation: Described) -> list[tuple[str, str]]:
    pairs = parse_qsl(form.decode("latin-1"), keep_blank_values=True)
    if operation.authenticated and CREDENTIALS & {name for name, _ in pairs}:
        raise _authenticated_already()
    return pairs


# The flow sets these, or a body of another length would carry them; "Origin" makes Okta treat a
# call as a browser's.
_NOT_THEIRS: Final = frozenset(
    {"connection", "content-length", "expect", "host", "origin", "transfer-encoding"}
)
_OURS: Final = frozenset((name.lower(), value) for name, value in HEADERS.items())


def _own(
    headers: Iterable[tuple[str, str]], *, is_form: bool, operation: Described
) -> tuple[tuple[bytes, bytes], ...]:
    """The headers that the flow does not set itself."""
    own: list[tuple[bytes, bytes]] = []
    for name, value in headers:
        lower = name.lower()
        if lower == "authorization" and operation.authenticated:
            raise _authenticated_already()
        if (
            lower not in _NOT_THEIRS
            and (lower, value) not in _OURS
            and not (is_form and lower == "content-type")
        ):
            own.append((name.encode("latin-1"), value.encode("latin-1")))
    return tuple(own)


def _authenticated_already() -> ConfigurationError:
    return ConfigurationError(
        "the request authenticates its client already, and Okta refuses a second method"
    )


def _checked_path(path: str) -> str:
    if any(unquote(segment) in ("", ".", "..") for segment in path[1:].split("/")):
        raise ConfigurationError("the path has an empty segment, or one that climbs out of another")
    return path


def _seconds(limit: float | None) -> float:
    return math.inf if limit is None else limit


def _response(reply: Reply, request: Request) -> httpx.Response:
    """The answer for a generated parser, which is to lose nothing of it.

    Raises:
        MalformedResponseError: its parser cannot read it.
    """
    operation = request.operation
    status, content = reply.status, reply.body
    if operation.has_content:
        check_json(reply)
        status = status if status in operation.statuses else operation.statuses[0]
        content = _checked_content(reply, operation)
    elif operation.module:
        read_nothing(reply, request)
        status = operation.statuses[0]
    headers = reply.headers.copy()
    for name in ("content-encoding", "content-length", "transfer-encoding"):
        headers.pop(name, None)
    response = httpx.Response(status, headers=headers, content=content)
    if operation.has_content:
        try:
            generated = import_module(f"okta_oidc_api.{operation.module}")
            generated._parse_response(client=_ANY, response=response)  # noqa: SLF001
        except Exception:  # noqa: BLE001  # whatever it raises, the answer is at hand
            why = "a member is not of its type"
        else:
            return response
        raise malformed(reply, why)
    return response


def _checked_content(reply: Reply, operation: Described) -> bytes:
    if operation.model is None:
        return reply.body
    members = reply.members()
    if members is None:
        raise malformed(reply, "the body is not a JSON object")
    try:
        fine = normalised(getattr(models, operation.model), members)
    except WrongMemberError as error:
        raise malformed(reply, str(error)) from None
    return reply.body if fine is members else json.dumps(fine).encode()


class _WrongFace(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Refuses a generated function of the other kind."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        raise ConfigurationError("AsyncOktaOIDC.api is for the asyncio functions alone")

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        raise ConfigurationError("OktaOIDC.api is not for the asyncio functions: use AsyncOktaOIDC")


class Api(Client):
    """The generated client, each of whose requests takes the road of the methods."""

    _sender: Sender | AsyncSender

    def __repr__(self) -> str:
        # Headers and cookies may be secret.
        return f"{type(self).__name__}({self._base_url!r})"

    @classmethod
    def over(
        cls,
        sender: Sender | AsyncSender,
        headers: dict[str, str] | None = None,
        cookies: dict[str, str] | None = None,
        timeout: httpx.Timeout | None = None,
    ) -> Self:
        api = cls(
            base_url=sender.flow.server.origin,
            headers=headers or {},
            cookies=cookies or {},
            timeout=timeout or httpx.Timeout(sender.flow.timeout),
        )
        api._sender = sender
        options = {"headers": api._headers, "cookies": api._cookies, "timeout": api._timeout}
        # Left alone, it would make a client of the other kind when asked for one, with no
        # authentication and no time limit.
        if isinstance(sender, Sender):
            api.set_httpx_client(Entrance(sender, **options))
            api.set_async_httpx_client(httpx.AsyncClient(transport=_WrongFace()))
        else:
            api.set_async_httpx_client(AsyncEntrance(sender, **options))
            api.set_httpx_client(httpx.Client(transport=_WrongFace()))
        return api

    def with_headers(self, headers: dict[str, str]) -> Self:
        """A client that sends ``headers``, too. This one stays as it is."""
        return self.over(self._sender, {**self._headers, **headers}, self._cookies, self._timeout)

    def with_cookies(self, cookies: dict[str, str]) -> Self:
        """A client that sends ``cookies``, too, and none of the server's. This one stays so."""
        return self.over(self._sender, self._headers, {**self._cookies, **cookies}, self._timeout)

    def with_timeout(self, timeout: httpx.Timeout) -> Self:
        """A client whose attempts take ``timeout.read`` seconds each. This one stays as it is."""
        return self.over(self._sender, self._headers, self._cookies, timeout)

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
