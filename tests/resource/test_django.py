"""Django's views behind the guard: plain and async ones, with either kind of guard."""

from __future__ import annotations

import json
import traceback
from collections.abc import Sequence
from typing import Any, Final

import django
import pytest
from asgiref.sync import async_to_sync
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.test import AsyncClient, Client, override_settings
from django.urls import path
from django.views import View
from okta_oidc import AsyncBearerGuard, BearerGuard, ConfigurationError, Introspection
from okta_oidc.django import requires

from tests.unit._secrets import chain_of

from ._api import AUDIENCE, Answer, Call, Org, check_api, check_own_credentials

# Its overloads cannot tell a decorated view.
ROUTE: Final[Any] = path

if not settings.configured:
    settings.configure(
        ALLOWED_HOSTS=["testserver"],
        ROOT_URLCONF=(),
        SECRET_KEY="of these tests",
        USE_TZ=True,
        # As `startproject` has it: a POST without a cookie's token is refused.
        MIDDLEWARE=["django.middleware.csrf.CsrfViewMiddleware"],
    )
    django.setup()


def routes(guard: Any, *, asynchronous: bool) -> tuple[Any, ...]:
    reads = requires(guard, "orders:read")
    writes = requires(guard, "orders:read", "orders:write")

    def orders(request: HttpRequest) -> Any:
        return placed(request) if request.method == "POST" else read(request)

    async def orders_async(request: HttpRequest) -> HttpResponse:
        post = request.method == "POST"
        response: HttpResponse = await (placed_async if post else read_async)(request)
        return response

    @reads
    def read(request: HttpRequest, info: Introspection) -> HttpResponse:
        return JsonResponse({"read_by": info.sub})

    @reads
    async def read_async(request: HttpRequest, info: Introspection) -> HttpResponse:
        return JsonResponse({"read_by": info.sub})

    @writes
    def placed(request: HttpRequest, info: Introspection) -> HttpResponse:
        return JsonResponse({"placed_by": info.sub})

    @writes
    async def placed_async(request: HttpRequest, info: Introspection) -> HttpResponse:
        return JsonResponse({"placed_by": info.sub})

    @reads
    def numbered(request: HttpRequest, info: Introspection, number: int) -> HttpResponse:
        """One order."""
        return JsonResponse({"number": number, "by": info.sub})

    @reads
    async def numbered_async(
        request: HttpRequest, info: Introspection, number: int
    ) -> HttpResponse:
        """One order."""
        return JsonResponse({"number": number, "by": info.sub})

    assert (numbered.__name__, numbered.__doc__) == ("numbered", "One order.")
    view: Any = orders_async if asynchronous else orders
    view.csrf_exempt = vars(read)["csrf_exempt"]
    one: Any = numbered_async if asynchronous else numbered
    # A tuple: Django keeps a resolver for each list of routes, and asks for its hash.
    return ROUTE("orders", view), ROUTE("orders/<int:number>", one)


def over(client: Client) -> Call:
    def call(method: str, path: str, authorization: Sequence[str]) -> Answer:
        # Every server hands WSGI, and Django on ASGI, one text.
        headers = {"Authorization": ",".join(authorization)} if authorization else {}
        return answer_of(client.generic(method, path, headers=headers))

    return call


def over_async(client: AsyncClient) -> Call:
    def call(method: str, path: str, authorization: Sequence[str]) -> Answer:
        headers = {"Authorization": ",".join(authorization)} if authorization else {}

        async def asked() -> Any:
            # What is made of the request is a coroutine.
            generic: Any = client.generic
            return await generic(method, path, headers=headers)

        return answer_of(async_to_sync(asked)())

    return call


def answer_of(response: Any) -> Answer:
    named = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status_code, named, json.loads(response.content))


@pytest.mark.parametrize("asynchronous", [False, True], ids=["plain", "async"])
@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize("served", ["wsgi", "asgi"])
def test_requires(asynchronous: bool, kind: str, served: str) -> None:
    org = Org()
    guard: Any = (
        BearerGuard(org.client(), audience=AUDIENCE, realm="orders")
        if kind == "sync"
        else AsyncBearerGuard(org.async_client(), audience=AUDIENCE, realm="orders")
    )
    with override_settings(ROOT_URLCONF=routes(guard, asynchronous=asynchronous)):
        if served == "wsgi":
            check_api(org, over(Client(enforce_csrf_checks=True)))
        else:
            check_api(org, over_async(AsyncClient(enforce_csrf_checks=True)))


def test_own_credentials() -> None:
    org = Org(okta_is_known=False)
    guard = BearerGuard(org.client(), audience=AUDIENCE, realm="orders")
    with override_settings(ROOT_URLCONF=routes(guard, asynchronous=False)):
        check_own_credentials(org, over(Client()))


def test_class_based_views() -> None:
    from django.utils.decorators import method_decorator

    org = Org()
    guard = BearerGuard(org.client(), audience=AUDIENCE)

    class Orders(View):
        def get(self, request: HttpRequest, info: Introspection) -> HttpResponse:
            return JsonResponse({"read_by": info.sub})

    decorated: Any = method_decorator(requires(guard, "orders:read"), name="dispatch")(Orders)
    with override_settings(ROOT_URLCONF=(ROUTE("orders", decorated.as_view()),)):
        call = over(Client())
        assert call("GET", "/orders", []).status == 401
        assert call("GET", "/orders", [f"Bearer {org.token()}"]).json == {
            "read_by": org.fake.client_id
        }


def test_asynchronous_class_based_views() -> None:
    org = Org()
    guard = AsyncBearerGuard(org.async_client(), audience=AUDIENCE)

    class Orders(View):
        async def get(self, request: HttpRequest, info: Introspection) -> HttpResponse:
            return JsonResponse({"read_by": info.sub})

    view: Any = requires(guard, "orders:read")(Orders.as_view())
    with override_settings(ROOT_URLCONF=(ROUTE("orders", view),)):
        call = over_async(AsyncClient())
        assert call("GET", "/orders", []).status == 401
        assert call("GET", "/orders", [f"Bearer {org.token()}"]).status == 200


def test_a_scope_that_is_none_is_found_when_the_program_starts() -> None:
    guard = BearerGuard(Org().client(), audience=AUDIENCE)
    with pytest.raises(ConfigurationError):
        requires(guard, "a b")


class Broken:
    """An authority with a bug."""

    def introspect(self, token: str, **options: Any) -> Introspection:
        raise ValueError("a bug")


class AsyncBroken:
    async def introspect(self, token: str, **options: Any) -> Introspection:
        raise ValueError("a bug")


@pytest.mark.parametrize("asynchronous", [False, True], ids=["plain", "async"])
@pytest.mark.parametrize("kind", ["sync", "async"])
def test_no_frame_below_the_view_holds_the_header(asynchronous: bool, kind: str) -> None:
    """An error tracker keeps their locals; Django's own hold the request, which shows none."""
    broken: Any = Broken() if kind == "sync" else AsyncBroken()
    guard: Any = (BearerGuard if kind == "sync" else AsyncBearerGuard)(broken, audience=AUDIENCE)
    with override_settings(ROOT_URLCONF=routes(guard, asynchronous=asynchronous)):
        client = Client()
        with pytest.raises(ValueError, match="a bug") as caught:
            client.get("/orders", headers={"Authorization": "Bearer planted-" + "token"})
    kept = [
        repr(value)
        for error in chain_of(caught.value)
        for frame, _ in traceback.walk_tb(error.__traceback__)
        if str(frame.f_globals.get("__name__")).startswith(("okta_oidc", "asgiref"))
        for value in frame.f_locals.values()
    ]
    assert kept
    assert "planted-token" not in "".join(kept)
