"""One call, sans I/O: sign, send, judge, wait. Methods and generated functions both use it.

Nothing here sends or sleeps. A flow yields what is to be done (``_steps.py``), and is handed the
outcome.
"""

# Modules of this package, named without their underscore.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import logging
import math
import sys
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

import httpx

from ._auth import FORM, ClientAuth, joined
from ._config import ORG, Server, check_kind
from ._errors import ConfigurationError, RateLimitError, TransportError
from ._forms import encoded
from ._http import Reply
from ._lazy import credentials, operations, otel
from ._ratelimit import Bucket
from ._refusals import not_sent, refusal, refuse_bearer
from ._retry import DAY, NEVER, Failure, Retry, checked_seconds, pause, seconds_used_up, spread
from ._runtime import RUNTIME, Runtime
from ._steps import Ask, Steps
from ._version import __version__
from ._wire.bodies import SentBody

if TYPE_CHECKING:
    from ._operations import Operation, Request

T = TypeVar("T")

_LOGGER: Final = logging.getLogger("okta_oidc")

HEADERS: Final = {
    "Accept": "application/json",
    # The length of a compressed response leaks secrets (BREACH), and responses are short anyway.
    "Accept-Encoding": "identity",
    "Cache-Control": "no-cache",
    "User-Agent": f"okta-oidc/{__version__} python-httpx/{httpx.__version__}",
}
_FORM_TYPE: Final = (b"Content-Type", FORM.encode())
_MOST_URLS: Final = 256


class Flow:
    """One org, one way to authenticate, one set of limits."""

    def __init__(
        self,
        server: Server,
        auth: ClientAuth,
        timeout: float,
        retry: Retry | None,
        dpop: credentials.DPoP | None = None,
    ) -> None:
        check_kind("auth", auth, ClientAuth)
        if dpop is not None:
            check_kind("dpop", dpop, credentials.DPoP, type(None))
        check_kind("retry", retry, Retry, type(None))
        self.server: Final = server
        self.auth: Final = auth
        self.dpop: Final = dpop
        # No attempt takes a day, and beyond some years no platform can count.
        self.timeout: Final = checked_seconds("timeout", timeout, DAY, zero=False)
        self.retry: Final = retry or NEVER
        self.runtime: Runtime = RUNTIME
        pairs = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
        self._headers: Final = [(b"Host", server.url.netloc), *pairs]
        self._urls: Final[dict[str, tuple[httpx.URL, str]]] = {}

    def steps(self, operation: Operation[T], *, retry: Retry | None = None) -> Steps[T]:
        """The course of one call: yields requests and seconds to wait, returns the result.

        ``retry`` overrides the client's ``retry``.
        """
        course = self._course(operation, retry)
        # What has not been imported cannot have been set up.
        if "opentelemetry" in sys.modules:
            course = otel.observed(course, operation.request, self)
        return course

    def _course(self, operation: Operation[T], retry: Retry | None) -> Steps[T]:
        request = operation.request
        retry = retry or self.retry
        request.auth = self.auth
        bucket = self._bucket(request)
        attempt = 1
        repeats = 0
        waited = self._held_back(bucket, retry)
        if waited:
            _LOGGER.info("%s: rate limit used up, waiting %.2f s", _named(request), waited)
            yield waited
        while True:
            failure: Failure
            signed, proof = yield from self._signed(request)
            if request.check is not None:
                request.check()
            try:
                reply: Reply = yield signed
            except TransportError as error:
                failure = error
            else:
                reply.secrets_of = request.secrets
                if self.dpop is not None:
                    self.dpop.saw(self.server.origin, reply.headers)
                if _LOGGER.isEnabledFor(logging.DEBUG):
                    _LOGGER.debug("%s: HTTP %d", _named(request), reply.status)
                if reply.is_success:
                    if bucket is not None:
                        self.runtime.limits.has_room(bucket)
                    if proof is not None and request.access_token is None:
                        refuse_bearer(reply)
                    return operation.read(reply, request)
                failure = refusal(reply, request)
                if (
                    self.dpop is not None
                    and proof is not None
                    and self.dpop.wants_again(
                        reply.status, failure.code, reply.headers, proof, repeats
                    )
                ):
                    # The server processed nothing, so even an authorization code is unspent.
                    repeats += 1
                    continue
            failure.retries = attempt - 1
            if bucket is not None and isinstance(failure, RateLimitError):
                seconds = seconds_used_up(failure)
                if seconds is not None:
                    self.runtime.limits.used_up(bucket, seconds)
            again = self._wait(failure, request, retry, attempt, waited)
            if again is None:
                raise failure
            text, kind = "%s: attempt %d of %d failed (%s), waiting %.2f s", type(failure).__name__
            _LOGGER.info(text, _named(request), attempt, retry.attempts, kind, again)
            yield again
            waited += again
            attempt += 1

    def _bucket(self, request: Request) -> Bucket | None:
        limit = request.operation.limit
        if limit is None:
            return None
        return self.server.origin, self.auth.client_id, request.server is ORG, limit

    def _held_back(self, bucket: Bucket | None, retry: Retry) -> float:
        """Seconds to wait for a limit that is known to be used up.

        Raises:
            RateLimitError: the wait would be too long. Nothing has been sent.
        """
        seconds = None if bucket is None else self.runtime.limits.held_back(bucket)
        if seconds is None:
            return 0.0
        wait = seconds + spread(self.runtime.uniform)
        if wait <= retry.max_wait:
            return wait
        raise not_sent(seconds)

    def _wait(
        self, failure: Failure, request: Request, retry: Retry, attempt: int, waited: float
    ) -> float | None:
        """Seconds until ``request`` is sent again; ``None`` if it must not be, or too late."""
        if attempt >= retry.attempts:
            return None
        wait = pause(failure, attempt, self.runtime.uniform, idempotent=request.repeatable)
        return None if wait is None or waited + wait > retry.max_wait else wait

    def _signed(self, request: Request) -> Steps[tuple[httpx.Request, credentials.Proof | None]]:
        """The signed request, for one delivery: its assertion or proof is accepted only once."""
        url, address = self.addresses(request.target)
        operation, body, auth = request.operation, request.body, self.auth
        authorization: str | None = None
        if request.is_signed:
            form = b"" if request.pairs is None else body
            if operation.needs_client_id and not auth.names_client(form):
                # RFC 9126 §2.1: a parameter of the authorization request, whatever the method.
                form = joined(form, encoded([("client_id", auth.client_id)]))
            if auth.signs_elsewhere:
                sign = partial(auth.sign, form, address, request.lifetime)
                authorization, form = yield Ask(sign, blocking=True)
            else:
                authorization, form = auth.sign(form, address, request.lifetime)
            if request.pairs is not None:
                # Most methods add parameters to the form. No other body can carry them.
                body = form
        proof: credentials.Proof | None = None
        token = request.access_token
        if (
            self.dpop is not None
            and (operation.dpop or token is not None)
            # The caller may have passed a proof to a generated function. Okta accepts only one.
            and all(name.lower() != b"dpop" for name, _ in request.headers)
        ):
            prove = partial(self.dpop.proof, operation.method, address, access_token=token)
            proof = (yield Ask(prove, blocking=True)) if self.dpop.signs_elsewhere else prove()
        if token is not None:
            authorization = f"{'Bearer' if proof is None else 'DPoP'} {token}"
        jwt = None if proof is None else proof.jwt
        signed = {b"Authorization": authorization, b"DPoP": jwt}
        return self._built(request, url, body, signed), proof

    def _built(
        self, request: Request, url: httpx.URL, body: bytes, signed: dict[bytes, str | None]
    ) -> httpx.Request:
        headers = self._headers.copy()
        if request.pairs is not None:
            headers.append(_FORM_TYPE)
        if request.headers:
            own = {name.lower() for name, _ in request.headers}
            headers = [pair for pair in headers if pair[0].lower() not in own]
            headers += request.headers
        if body or request.operation.method not in ("GET", "HEAD"):
            headers.append((b"Content-Length", b"%d" % len(body)))
        headers += [(name, value.encode()) for name, value in signed.items() if value is not None]
        seconds = self.timeout if request.seconds is None else request.seconds
        return httpx.Request(
            request.operation.method,
            url,
            headers=headers,
            stream=SentBody(body),
            # The wire makes of it what transports ask for.
            extensions={"timeout": None if seconds == math.inf else seconds},
        )

    def addresses(self, target: str) -> tuple[httpx.URL, str]:
        """The URL of a request, and without its query, as assertions and proofs name it."""
        found = self._urls.get(target)
        if found is None:
            address = self.server.origin + target
            try:
                found = httpx.URL(address), address.partition("?")[0]
            except (httpx.InvalidURL, UnicodeEncodeError):
                raise ConfigurationError("the path and query cannot be those of a URL") from None
            # Bounded: a client may serve many tenants, each with a server id of its own.
            if len(self._urls) < _MOST_URLS and "?" not in target:
                self._urls[target] = found
        return found


def _named(request: Request) -> str:
    path = operations.shown_path(request.operation, request.server)
    return f"{request.operation.method} {path or '/…'}"
