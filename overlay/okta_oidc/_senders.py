"""The two drivers of a flow: what it asks for is sent, waited for or called here."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from types import NoneType
from typing import Any, Final, TypeVar, cast

import httpx

from ._config import check_kind
from ._errors import ConfigurationError, TransportError, TransportTimeoutError
from ._flow import Flow
from ._http import Headers, HttpInfo, Reply
from ._refusals import broken_message
from ._steps import Ask, Step, Steps, answered
from ._wire.bodies import Answer
from ._wire.environment import Unusable
from ._wire.exchanges import AsyncWire, Broken, Wire
from ._wire.lent import library_of

T = TypeVar("T")


class Sender:
    """The synchronous way to the server, shared by all threads."""

    def __init__(self, flow: Flow, lent: httpx.Client | None) -> None:
        if library_of(lent, "Client") is None:
            check_kind("http_client", lent, httpx.Client, NoneType)
        self.flow: Final = flow
        self._is_closed = False
        with _configured():
            self._wire: Final = Wire(flow.server.url, lent)

    def run(self, steps: Steps[T]) -> T:
        """Do what ``steps`` ask for, and return their result."""
        outcome: Any = None
        failure: Exception | None = None
        while True:
            try:
                step = steps.send(outcome) if failure is None else steps.throw(failure)
            except StopIteration as done:
                return cast("T", done.value)
            outcome = failure = None
            try:
                if isinstance(step, httpx.Request):
                    _check_open(self._is_closed)
                    answer = self._wire.exchange(step, step.extensions["timeout"])
                    outcome = _reply(answer, self.flow)
                elif isinstance(step, Ask):
                    outcome = step.function(*step.args)
                else:
                    self.flow.runtime.sleep(step)
            except BaseException as error:
                failure = _failure_of(step, error)
                if failure is None:
                    steps.close()
                    raise

    def close(self) -> None:
        self._is_closed = True
        self._wire.close()


class AsyncSender:
    """The asynchronous way to the server, shared by the tasks of one event loop."""

    def __init__(self, flow: Flow, lent: httpx.AsyncClient | None) -> None:
        if library_of(lent, "AsyncClient") is None:
            check_kind("http_client", lent, httpx.AsyncClient, NoneType)
        self.flow: Final = flow
        self._is_closed = False
        with _configured():
            self._wire: Final = AsyncWire(flow.server.url, lent)

    async def run(self, steps: Steps[T]) -> T:
        """Do what ``steps`` ask for, and return their result."""
        outcome: Any = None
        failure: Exception | None = None
        while True:
            try:
                step = steps.send(outcome) if failure is None else steps.throw(failure)
            except StopIteration as done:
                return cast("T", done.value)
            outcome = failure = None
            try:
                if isinstance(step, httpx.Request):
                    _check_open(self._is_closed)
                    answer = await self._wire.exchange(step, step.extensions["timeout"])
                    outcome = _reply(answer, self.flow)
                elif isinstance(step, Ask):
                    outcome = await answered(step)
                else:
                    await self.flow.runtime.sleep_async(step)
            except BaseException as error:
                failure = _failure_of(step, error)
                if failure is None:
                    steps.close()
                    raise

    async def aclose(self) -> None:
        self._is_closed = True
        await self._wire.aclose()


def aiohttp_client() -> httpx.AsyncClient:
    """An ``http_client`` for :class:`AsyncOktaOIDC` that sends through aiohttp, on asyncio.

    It costs a fraction of the processor time when many calls run at once. Closing
    either it or its ``AsyncOktaOIDC`` closes the connections: ``AsyncOktaOIDC(url, auth,
    http_client=aiohttp_client())``. Limits, checks, results and errors stay the same.

    Raises:
        ConfigurationError: ``okta-oidc[aiohttp]`` is not installed.
    """
    try:
        from ._wire.aiohttp import AiohttpClient
    except ImportError as error:
        raise ConfigurationError(
            "aiohttp_client() needs an extra: install okta-oidc[aiohttp]"
        ) from error
    with _configured():
        return AiohttpClient()


@contextmanager
def _configured() -> Generator[None]:
    """Raise ``Unusable`` as a ``ConfigurationError``."""
    try:
        yield
    except Unusable as error:
        raise ConfigurationError(str(error)) from error.__cause__


def _check_open(is_closed: bool) -> None:
    if is_closed:
        raise Unusable("the client is closed")


def _failure_of(step: Step, error: BaseException) -> Exception | None:
    """What came of ``step``; ``None`` if ``error`` is of a caller's own hook or transport.

    That includes an ``OktaError``: a hook may have used another client, whose failure says nothing
    about this request.
    """
    if isinstance(error, Broken):
        return _error_of(error, cast("httpx.Request", step).url.host)
    if isinstance(error, Unusable):
        return ConfigurationError(str(error))
    is_foreign = not isinstance(step, Ask) or isinstance(error, StopIteration)
    return None if is_foreign or not isinstance(error, Exception) else error


def _reply(answer: Answer, flow: Flow) -> Reply:
    now = flow.runtime.now()
    return Reply(
        answer.status, answer.headers, answer.body, answer.is_complete, answer.is_plain, now
    )


def _error_of(broken: Broken, host: str) -> TransportError:
    kind = TransportTimeoutError if broken.is_timeout else TransportError
    answer = broken.answer
    error = kind(
        broken_message(broken.error, host, quotable=broken.is_quotable),
        request_sent=False if broken.never_sent else None,
        http=None if answer is None else HttpInfo(answer.status, Headers(answer.headers)),
        body=b"" if answer is None else answer.body,
    )
    # The text of a protocol error quotes what the peer sent, which may well be a token.
    error.__cause__ = broken.error if broken.is_quotable else None
    return error
