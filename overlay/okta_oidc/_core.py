"""What both faces share: calls become requests, answers become results, failures are weighed.

Nothing here sends or sleeps. ``steps`` yields what is to be done, a request to send or a number of
seconds to wait, and is handed the outcome.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Mapping
from copy import copy
from types import NoneType
from typing import TYPE_CHECKING, Any, Final, TypeVar

import httpx

from ._auth import FORM, ClientSecretBasic, ClientSecretPost
from ._bodies import SentBody
from ._calls import HEADERS, Call
from ._config import AuthServerId, Server, check_kind
from ._errors import APIError, ConfigurationError, RateLimitError, TransportError
from ._forms import secrets_of
from ._gate import PROCESS, Bucket, bucket_of
from ._responses import (
    not_sent,
    read_introspection,
    read_nothing,
    read_token_response,
    read_tokens,
    refusal,
)
from ._results import Introspection, Tokens
from ._retry import NEVER, Retry, is_harmless, is_number, pause, seconds_shut, spread
from ._runtime import RUNTIME
from ._steps import Steps

if TYPE_CHECKING:
    from okta_oidc_api.models.token_response import TokenResponse

    from ._grants import GrantModel

T = TypeVar("T")

_LOGGER: Final = logging.getLogger("okta_oidc")

_MOST_URLS: Final = 256
_DAY: Final = 86_400


class Core:
    """One org, one way to authenticate, one set of limits."""

    def __init__(
        self,
        base_url: str,
        auth: ClientSecretBasic | ClientSecretPost,
        auth_server_id: AuthServerId | None,
        timeout: float,
        retry: Retry | None,
    ) -> None:
        self.server: Final = Server(base_url, auth_server_id)
        check_kind("auth", auth, ClientSecretBasic, ClientSecretPost)
        check_kind("retry", retry, Retry, NoneType)
        # No attempt takes a day, and beyond some years no platform can count.
        if not is_number(timeout) or not 0 < timeout <= _DAY:
            raise ConfigurationError("timeout must be a number of seconds, above 0, a day at most")
        self.auth: Final = auth
        self.timeout: Final = float(timeout)
        self.retry: Final = retry or NEVER
        self.random: Final = random.Random()
        # One for the process: clients of one application share its limits.
        self.gate = PROCESS
        self.runtime = RUNTIME
        self._limits: Final = {
            "timeout": dict.fromkeys(("connect", "read", "write", "pool"), self.timeout)
        }
        self._headers: Final = [
            (name.encode(), value.encode())
            for name, value in {"Host": self.server.netloc, **HEADERS, "Content-Type": FORM}.items()
        ]
        self._urls: Final[dict[str, httpx.URL]] = {}

    def token(
        self, request: GrantModel | Mapping[str, object], auth_server_id: AuthServerId | None
    ) -> Call[TokenResponse]:
        from ._grants import members_of, required_of

        members = members_of(request)
        return Call(
            "token",
            self.server,
            auth_server_id,
            members,
            required=required_of(members),
            lenient=True,
            read=read_token_response,
        )

    def token_for_code(
        self,
        code: str,
        redirect_uri: str,
        code_verifier: str | None,
        auth_server_id: AuthServerId | None,
    ) -> Call[Tokens]:
        return Call(
            "token",
            self.server,
            auth_server_id,
            {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": redirect_uri,
                "code_verifier": code_verifier,
            },
            required=("code", "redirect_uri"),
            read=read_tokens,
        )

    def token_for_refresh_token(
        self,
        refresh_token: str,
        redirect_uri: str | None,
        scope: str | None,
        auth_server_id: AuthServerId | None,
    ) -> Call[Tokens]:
        return Call(
            "token",
            self.server,
            auth_server_id,
            {
                "grant_type": "refresh_token",
                "refresh_token": refresh_token,
                "redirect_uri": redirect_uri,
                "scope": scope,
            },
            required=("refresh_token",),
            read=read_tokens,
        )

    def introspect(
        self, token: str, token_type_hint: str | None, auth_server_id: AuthServerId | None
    ) -> Call[Introspection]:
        return Call(
            "introspect",
            self.server,
            auth_server_id,
            {"token": token, "token_type_hint": token_type_hint},
            required=("token",),
            read=read_introspection,
        )

    def revoke(
        self, token: str, token_type_hint: str | None, auth_server_id: AuthServerId | None
    ) -> Call[None]:
        return Call(
            "revoke",
            self.server,
            auth_server_id,
            {"token": token, "token_type_hint": token_type_hint},
            required=("token",),
            read=read_nothing,
        )

    def steps(self, call: Call[T]) -> Steps[T]:
        """The course of one call: yields requests to send and seconds to wait, returns the result.

        A request is answered by sending its ``Reply`` in, or by throwing its ``TransportError``.
        """
        bucket = bucket_of(self.server.origin, self.auth.client_id, call)
        attempt = 1
        waited = self._held_back(bucket)
        if waited:
            _LOGGER.info("POST %s: rate limit used up, waiting %.2f s", call.path, waited)
            yield waited
        while True:
            failure: TransportError | APIError
            try:
                reply = yield self._request(call)
            except TransportError as error:
                failure = error
            else:
                assert reply is not None
                reply.secrets = (*secrets_of(call.pairs), *self.auth.secrets)
                if reply.is_success:
                    self.gate.open(bucket)
                    return call.read(reply, call)
                failure = refusal(reply, self.auth, call)
            failure.retries = attempt - 1
            if isinstance(failure, RateLimitError) and (seconds := seconds_shut(failure)):
                # The one that is raised comes to hold its traceback, and with it all it passed.
                self.gate.shut(bucket, seconds, copy(failure))
            again = self._wait(failure, call, attempt, waited)
            if again is None:
                raise failure
            _LOGGER.info(
                "POST %s: attempt %d of %d failed (%s), waiting %.2f s",
                call.path,
                attempt,
                self.retry.attempts,
                type(failure).__name__,
                again,
            )
            yield again
            waited += again
            attempt += 1

    def _held_back(self, bucket: Bucket) -> float:
        """Seconds to wait for a limit that is known to be used up.

        Raises:
            RateLimitError: the wait would be too long. Nothing has been sent.
        """
        # A caller who asked for one attempt gets it.
        held = self.gate.held(bucket) if self.retry.attempts > 1 else None
        if held is None:
            return 0.0
        seconds, reason = held
        wait = seconds + spread(self.random)
        if wait <= self.retry.max_wait:
            return wait
        raise not_sent(reason, seconds)

    def _wait(
        self, failure: TransportError | APIError, call: Call[Any], attempt: int, waited: float
    ) -> float | None:
        if attempt >= self.retry.attempts or not is_harmless(failure, idempotent=call.idempotent):
            return None
        wait = pause(failure, attempt, self.random)
        return None if wait is None or waited + wait > self.retry.max_wait else wait

    def _request(self, call: Call[Any]) -> httpx.Request:
        # A request of its own for each attempt: one that is signed may be good for one delivery.
        authorization, form = self.auth.sign(call.form)
        headers = [*self._headers, (b"Content-Length", b"%d" % len(form))]
        if authorization is not None:
            headers.append((b"Authorization", authorization.encode()))
        return httpx.Request(
            "POST",
            self._url(call.path),
            headers=headers,
            stream=SentBody(form),
            extensions=dict(self._limits),
        )

    def _url(self, path: str) -> httpx.URL:
        url = self._urls.get(path)
        if url is None:
            url = httpx.URL(self.server.origin + path)
            # An id for each tenant must not fill the memory of a client that serves them all.
            if len(self._urls) < _MOST_URLS:
                self._urls[path] = url
        return url
