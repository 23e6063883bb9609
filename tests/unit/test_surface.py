"""The public surface: the promised names and no others, documented, and loaded when first used."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import json
import subprocess
import sys
import typing
from importlib import import_module, metadata
from importlib.resources import files
from pathlib import Path
from typing import Any

import okta_oidc
import okta_oidc_api
import okta_oidc_api.models
import pytest
from okta_oidc import AsyncOktaOIDC, OktaOIDC, redis

PROMISED = [
    "APIError",
    "AccessTokenVerifier",
    "ApprovalExpiredError",
    "AsyncAccessTokenVerifier",
    "AsyncBearerGuard",
    "AsyncMemoryTokenStore",
    "AsyncOktaOIDC",
    "AsyncTokenSource",
    "AsyncTokenStore",
    "AsyncUserTokens",
    "AuthorizationError",
    "AuthorizationRequest",
    "BackchannelLogin",
    "BearerGuard",
    "BearerRefusal",
    "CallbackMismatchError",
    "Claims",
    "ClientAuth",
    "ClientSecretBasic",
    "ClientSecretJwt",
    "ClientSecretPost",
    "ConfigurationError",
    "DPoP",
    "DeviceLogin",
    "ExchangedToken",
    "HeldTokens",
    "HttpInfo",
    "Introspection",
    "IntrospectionCache",
    "InvalidClientError",
    "InvalidGrantError",
    "InvalidTokenError",
    "MalformedResponseError",
    "MemoryTokenStore",
    "OFFLINE_SCOPE",
    "ORG",
    "OktaError",
    "OktaOIDC",
    "PrivateKeyJwt",
    "PublicClient",
    "RateLimitError",
    "Retry",
    "ServerError",
    "SignIn",
    "SignInRequiredError",
    "Stored",
    "TokenAuth",
    "TokenSource",
    "TokenStore",
    "TokenStoreError",
    "TokenType",
    "Tokens",
    "TransportError",
    "TransportTimeoutError",
    "UserTokens",
    "success",
]
# Beside the promise: the version, and the faster transport that an extra brings.
EXTRA = ["__version__", "aiohttp_client"]

# Those that ask Okta: to be awaited on the asynchronous face.
METHODS = [
    "authorization_request",
    "finish_sign_in",
    "introspect",
    "metadata",
    "poll",
    "revoke",
    "start_backchannel_login",
    "start_device_login",
    "token",
    "token_for_assertion",
    "token_for_client_credentials",
    "token_for_code",
    "token_for_exchange",
    "token_for_refresh_token",
    "userinfo",
    "verify_access_token",
    "verify_id_token",
    "wait_for",
]
# Those that make what is asked later.
MAKERS = ["logout_url", "token_source", "user_tokens"]

MODULES = {
    "django": ["requires"],
    "fastapi": ["requires"],
    "flask": ["requires"],
    "redis": [
        "AsyncRedisIntrospectionTier",
        "AsyncRedisTokenStore",
        "Cipher",
        "RedisIntrospectionTier",
        "RedisTokenStore",
    ],
    "starlette": ["BearerMiddleware", "requires"],
    "testing": [
        "AuthorizationError",
        "AuthorizationServer",
        "FakeClient",
        "FakeClock",
        "FakeOkta",
        "FakeResource",
        "FakeTransport",
        "FakeUser",
        "Faults",
        "LoopbackServer",
        "NetworkGuard",
        "RecordedRequest",
        "check_async_token_store",
        "check_token_store",
    ],
}


def fresh(program: str) -> Any:
    """What a program prints, as JSON, in an interpreter of its own."""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_exactly_the_promised_names() -> None:
    assert sorted([*PROMISED, *EXTRA]) == okta_oidc.__all__
    assert okta_oidc.__all__ == sorted(okta_oidc.__all__)
    assert len(set(okta_oidc.__all__)) == len(okta_oidc.__all__)
    for name in okta_oidc.__all__:
        assert getattr(okta_oidc, name) is getattr(okta_oidc, name)


def test_dir_lists_them_before_they_are_loaded() -> None:
    listed = fresh("import json, okta_oidc; print(json.dumps(dir(okta_oidc)))")
    assert set(okta_oidc.__all__) <= set(listed)
    assert listed == sorted(listed)


def test_the_lists_for_checkers_for_loading_and_for_users_agree() -> None:
    tree = ast.parse(Path(str(okta_oidc.__file__)).read_text(encoding="utf-8"))
    checked = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.level
        for alias in node.names
    }
    assert checked | {"OFFLINE_SCOPE"} == set(okta_oidc.__all__)


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(AttributeError, match="module 'okta_oidc' has no attribute 'Client'"):
        _ = vars(okta_oidc)["__getattr__"]("Client")
    assert not hasattr(okta_oidc, "_HOMES_")


def test_a_star_import_brings_all_of_it() -> None:
    names = fresh(
        "from okta_oidc import *\nimport json\n"
        "print(json.dumps(sorted(n for n in globals() if n != 'json')))"
    )
    assert set(okta_oidc.__all__) - {"__version__"} <= set(names)


HEAVY = (
    "httpx",
    "httpcore",
    "anyio",
    "attrs",
    "attr",
    "okta_oidc_api",
    "aiohttp",
    "asyncio",
    "ssl",
    "joserfc",
    "cryptography",
)
LOADED = "json.dumps([n for n in %r if n in sys.modules])" % (HEAVY,)  # noqa: UP031


def test_importing_the_package_loads_nothing_heavy() -> None:
    assert fresh(f"import okta_oidc, sys, json; okta_oidc.__version__; print({LOADED})") == []


def test_the_errors_need_no_http_library() -> None:
    loaded = fresh(
        "import sys, json\nfrom okta_oidc import OktaError, RateLimitError, OFFLINE_SCOPE\n"
        f"print({LOADED})"
    )
    assert not {"httpx", "httpcore", "okta_oidc_api"} & set(loaded)


def test_classes_need_no_generated_model_and_a_client_no_extra() -> None:
    assert (
        fresh(
            "import sys, json\nfrom okta_oidc import *\n"
            "print(json.dumps([n for n in sys.modules if n.startswith('okta_oidc_api.models.')]))"
        )
        == []
    )
    loaded = fresh(
        "import sys, json\nfrom okta_oidc import *\n"
        "with OktaOIDC('https://org.okta.com', ClientSecretBasic('id', 'secret')) as okta:\n"
        f"    print({LOADED})"
    )
    assert "httpx" in loaded
    assert not {"aiohttp", "joserfc", "cryptography"} & set(loaded)


CALL = (
    "import httpx, json, sys\n"
    "from okta_oidc import ClientSecretBasic, OktaOIDC\n"
    "answer = httpx.Response(200, json={'access_token': 'a', 'token_type': 'Bearer'})\n"
    "http = httpx.Client(transport=httpx.MockTransport(lambda _: answer))\n"
    "okta = OktaOIDC('https://org.okta.com', ClientSecretBasic('i', 's'), http_client=http)\n"
    "tokens = okta.token_for_code('code', 'https://app.test/callback')\n"
)


def test_a_call_loads_the_models_that_it_needs() -> None:
    loaded = set(fresh(f"{CALL}print(json.dumps(sorted(sys.modules)))"))
    of_the_call = {
        "okta_oidc_api.models.token_response",
        "okta_oidc_api.models.refresh_token_grant",
    }
    assert of_the_call <= loaded
    of_others = ("server_metadata", "user_info", "key_set", "introspection_response")
    assert not loaded & {f"okta_oidc_api.models.{name}" for name in of_others}
    assert not loaded & {f"okta_oidc.{name}" for name in ("_otel", "_entrances", "_introspection")}


@pytest.mark.parametrize(
    "use",
    [
        "from okta_oidc_api.models import *; found = UserInfo",
        "from okta_oidc_api.models import UserInfo as found",
        "import okta_oidc_api.models as m; found = m.UserInfo",
        "import okta_oidc_api.models as m; found = vars(m)['UserInfo']",
        "import okta_oidc_api.models as m; found = m.__dict__['UserInfo']",
        "import inspect, okta_oidc_api.models as m; every = dict(inspect.getmembers(m))\n"
        "found = every['UserInfo']",
        "import okta_oidc_api; found = okta_oidc_api.models.UserInfo",
        "import okta_oidc_api.models as m; found = m.user_info.UserInfo",
        "import importlib, okta_oidc_api.models as m; found = importlib.reload(m).UserInfo",
        "found = tokens.model; import okta_oidc_api.models as m; found = m.UserInfo",
    ],
)
def test_the_models_that_a_call_left_out_are_there_all_the_same(use: str) -> None:
    found = fresh(
        f"{CALL}{use}\n"
        "import pickle, okta_oidc_api.models as models\n"
        "from okta_oidc_api.models.user_info import UserInfo\n"
        "assert found is UserInfo is models.UserInfo\n"
        "assert pickle.loads(pickle.dumps(UserInfo('user'))).sub == 'user'\n"
        "assert not hasattr(models, 'NoSuchModel') and not hasattr(models, '__wrapped__')\n"
        "assert set(models.__all__) <= set(dir(models))\n"
        "print(json.dumps(sorted(models.__all__)))"
    )
    assert found == sorted(okta_oidc_api.models.__all__)


def test_a_package_of_models_that_was_there_first_stays() -> None:
    assert (
        fresh(
            "import json, okta_oidc_api.models as models\nbefore = dict(vars(models))\n"
            f"{CALL}import sys\n"
            "assert sys.modules['okta_oidc_api.models'] is models and before == vars(models)\n"
            "print(json.dumps(type(models).__name__))"
        )
        == "module"
    )


@pytest.mark.parametrize(
    "call",
    ["okta.introspect('t')", "okta.token({'grant_type': 'x'})", "okta.logout_url('t')"],
)
def test_a_module_that_cannot_be_read_is_our_error_before_anything_is_sent(call: str) -> None:
    """As where no descriptor is left; the next call finds it again."""
    found = fresh(
        f"{CALL}import builtins, errno, io\n"
        "from importlib.machinery import SourceFileLoader\n"
        "from okta_oidc import MalformedResponseError, TransportError\n"
        "read = SourceFileLoader.get_code\n"
        "def get_code(self, name): raise OSError(errno.EMFILE, 'too many open files')\n"
        "SourceFileLoader.get_code = get_code\n"
        "caught = None\n"
        f"try:\n    {call}\nexcept TransportError as error:\n    caught = error\n"
        "SourceFileLoader.get_code = read\n"
        f"try:\n    {call}\nexcept MalformedResponseError:\n    pass\n"
        "assert type(caught.__cause__) is OSError\n"
        "print(json.dumps([str(caught), caught.request_sent]))"
    )
    assert found == ["nothing was sent, as a module cannot be read: OSError", False]


def test_threads_find_every_model_while_they_load() -> None:
    assert (
        fresh(
            f"{CALL}sys.setswitchinterval(1e-6)\n"
            "import threading, okta_oidc_api.models as models\n"
            "names = ['UserInfo', 'KeySet', 'OAuthErrorBody', '__all__']\n"
            "begin, wrong = threading.Barrier(16), []\n"
            "def look(name):\n"
            "    begin.wait()\n"
            "    try:\n"
            "        getattr(models, name)\n"
            "    except BaseException as error:\n"
            "        wrong.append(repr(error))\n"
            "threads = [threading.Thread(target=look, args=(name,)) for name in names * 4]\n"
            "for thread in threads: thread.start()\n"
            "for thread in threads: thread.join()\n"
            "print(json.dumps(wrong))"
        )
        == []
    )


def test_a_synchronous_client_loads_no_event_loop() -> None:
    loaded = fresh(
        "import sys, json\nfrom okta_oidc import ClientSecretBasic, OktaOIDC\n"
        "with OktaOIDC('https://org.okta.com', ClientSecretBasic('id', 'secret')):\n"
        f"    print({LOADED})"
    )
    assert "asyncio" not in loaded


def test_a_bare_import_of_the_testing_package_is_light_too() -> None:
    loaded = fresh(f"import okta_oidc.testing, sys, json; print({LOADED})")
    assert loaded == []


def test_imports_run_one_way() -> None:
    root = Path(str(okta_oidc_api.__file__)).parent
    modules = list(root.rglob("*.py"))
    assert len(modules) > 10
    for path in modules:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names.append(node.module or "")
            assert all(name.partition(".")[0] != "okta_oidc" for name in names), path
    loaded = fresh(
        "import pkgutil, importlib, json, sys, okta_oidc_api\n"
        "for m in pkgutil.walk_packages(okta_oidc_api.__path__, 'okta_oidc_api.'):\n"
        "    importlib.import_module(m.name)\n"
        "print(json.dumps(sorted(n for n in sys.modules if n.partition('.')[0] == 'okta_oidc')))"
    )
    assert loaded == []


def test_both_packages_are_typed() -> None:
    for package in ("okta_oidc", "okta_oidc_api"):
        assert files(package).joinpath("py.typed").is_file()


def test_the_version_is_one_a_server_can_be_told() -> None:
    assert okta_oidc.__version__
    assert all(part.isalnum() for part in okta_oidc.__version__.split("."))
    try:
        installed = metadata.version("okta-oidc")
    except metadata.PackageNotFoundError:
        return  # run from the tree, where nothing is installed to disagree
    assert installed == okta_oidc.__version__


def docs_of_assignments(module: str) -> dict[str, str]:
    """The strings that stand under assignments, where documentation tools look for them."""
    tree = ast.parse(Path(str(import_module(module).__file__)).read_text(encoding="utf-8"))
    found: dict[str, str] = {}
    for node, following in zip(tree.body, tree.body[1:], strict=False):
        target: ast.expr | None = node.target if isinstance(node, ast.AnnAssign) else None
        if isinstance(node, ast.Assign):
            target = node.targets[0]
        value = following.value if isinstance(following, ast.Expr) else None
        if (
            isinstance(target, ast.Name)
            and isinstance(value, ast.Constant)
            and isinstance(value.value, str)
        ):
            found[target.id] = value.value
    return found


def test_every_public_name_is_documented() -> None:
    assert inspect.getdoc(okta_oidc)
    assert "OFFLINE_SCOPE" in docs_of_assignments("okta_oidc")
    assert "ORG" in docs_of_assignments("okta_oidc._config")
    for name in okta_oidc.__all__:
        value = getattr(okta_oidc, name)
        if inspect.isclass(value):
            # Not one that is inherited, nor one that a dataclass makes up.
            assert value.__doc__, name
            assert not value.__doc__.startswith(f"{name}("), name
        elif inspect.isfunction(value):
            assert value.__doc__, name


@pytest.mark.parametrize("cls", [OktaOIDC, AsyncOktaOIDC])
def test_every_public_method_is_documented(cls: type[Any]) -> None:
    public = {name for name in dir(cls) if not name.startswith("_")}
    closing = "close" if cls is OktaOIDC else "aclose"
    assert public == {*METHODS, *MAKERS, "api", "from_env", closing}
    for name in public:
        assert getattr(cls, name).__doc__, name


def test_both_faces_take_the_same() -> None:
    own = {"http_client", "grant", "store"}
    for name in ("__init__", "from_env", *MAKERS, *METHODS):
        first = inspect.signature(getattr(OktaOIDC, name))
        second = inspect.signature(getattr(AsyncOktaOIDC, name))
        assert list(first.parameters) == list(second.parameters)
        for one, other in zip(first.parameters.values(), second.parameters.values(), strict=True):
            assert (one.kind, one.default) == (other.kind, other.default)
            if one.name not in own:
                assert one.annotation == other.annotation
        if name not in ("token_source", "user_tokens"):
            assert first.return_annotation == second.return_annotation
        is_awaited = inspect.iscoroutinefunction(getattr(AsyncOktaOIDC, name))
        assert is_awaited == (name in METHODS)


def shape(function: Any) -> list[tuple[str, bool, object]]:
    """The parameters: their names, whether they are keywords only, and their defaults."""
    return [
        (p.name, p.kind is p.KEYWORD_ONLY, p.default)
        for p in inspect.signature(function).parameters.values()
        if p.name != "self"
    ]


def test_signatures_are_as_promised() -> None:
    empty = inspect.Parameter.empty
    server = ("auth_server_id", True, None)
    hint = ("token_type_hint", True, None)
    assert shape(OktaOIDC.__init__) == [
        ("base_url", False, empty),
        ("auth", False, empty),
        server,
        ("timeout", True, 10.0),
        ("retry", True, okta_oidc.Retry()),
        ("http_client", True, None),
        ("issuer", True, None),
        ("dpop", True, None),
        ("introspection_cache", True, None),
    ]
    assert shape(OktaOIDC.token) == [("request", False, empty), server]
    assert shape(OktaOIDC.token_for_code) == [
        ("code", False, empty),
        ("redirect_uri", False, empty),
        ("code_verifier", True, None),
        server,
    ]
    assert shape(OktaOIDC.token_for_refresh_token) == [
        ("refresh_token", False, empty),
        ("redirect_uri", False, None),
        ("scope", True, None),
        server,
    ]
    fresh = ("fresh", True, False)
    assert shape(OktaOIDC.introspect) == [("token", False, empty), hint, server, fresh]
    assert shape(OktaOIDC.revoke) == [("token", False, empty), hint, server]
    assert shape(OktaOIDC.token_for_client_credentials) == [
        ("scope", False, None),
        ("resource", True, None),
        server,
    ]
    assert shape(OktaOIDC.token_for_exchange) == [
        ("subject_token", False, empty),
        ("subject_token_type", False, empty),
        ("audience", True, None),
        ("scope", True, None),
        ("resource", True, None),
        ("actor_token", True, None),
        ("actor_token_type", True, None),
        ("requested_token_type", True, None),
        server,
    ]
    assert shape(OktaOIDC.token_for_assertion) == [
        ("assertion", False, empty),
        ("scope", True, None),
        server,
    ]
    assert shape(OktaOIDC.start_device_login) == [("scope", False, "openid"), server]
    assert shape(OktaOIDC.start_backchannel_login) == [
        ("scope", False, "openid"),
        ("login_hint", True, None),
        ("id_token_hint", True, None),
        ("binding_message", True, None),
        ("expires_in", True, None),
        server,
    ]
    assert shape(OktaOIDC.poll) == [("login", False, empty), server]
    assert shape(OktaOIDC.wait_for) == [("login", False, empty), server]
    assert shape(OktaOIDC.authorization_request) == [
        ("redirect_uri", False, empty),
        ("scope", False, "openid"),
        ("max_age", True, None),
        ("prompt", True, None),
        ("login_hint", True, None),
        ("acr_values", True, None),
        ("push", True, False),
        server,
        ("extra", False, empty),
    ]
    assert shape(OktaOIDC.finish_sign_in) == [
        ("request", False, empty),
        ("callback", False, empty),
    ]
    assert shape(OktaOIDC.verify_id_token) == [
        ("id_token", False, empty),
        ("nonce", True, empty),
        ("access_token", True, None),
        ("max_age", True, None),
        server,
    ]
    assert shape(OktaOIDC.verify_access_token) == [
        ("token", False, empty),
        ("audience", True, empty),
        ("scopes", True, ()),
        server,
    ]
    assert shape(OktaOIDC.metadata) == [server]
    assert shape(OktaOIDC.userinfo) == [("access_token", False, empty), server]
    assert shape(OktaOIDC.logout_url) == [
        ("id_token", False, empty),
        ("post_logout_redirect_uri", True, None),
        ("state", True, None),
        server,
    ]
    for cls in (okta_oidc.AccessTokenVerifier, okta_oidc.AsyncAccessTokenVerifier):
        assert shape(cls) == [
            ("issuer", False, empty),
            ("audience", True, empty),
            ("leeway", True, 120.0),
            ("http_client", True, None),
        ]
        assert shape(cls.verify)[0] == ("token", False, empty)
    assert shape(okta_oidc.Retry)[0] == ("attempts", False, 3)
    assert shape(okta_oidc.Retry)[1][:2] == ("max_wait", False)


def test_signatures_of_what_is_held() -> None:
    empty = inspect.Parameter.empty
    server = ("auth_server_id", True, None)
    for client in (OktaOIDC, AsyncOktaOIDC):
        assert shape(client.token_source) == [
            ("grant", False, empty),
            ("store", True, None),
            ("key", True, None),
            ("early", True, 300.0),
            ("leeway", True, 10.0),
            server,
        ]
        assert shape(client.user_tokens) == [
            ("key", False, empty),
            ("store", False, empty),
            ("rotation_grace", True, 0.0),
            ("scope", True, None),
            ("early", True, 300.0),
            ("leeway", True, 10.0),
            ("max_wait", True, 20.0),
            server,
        ]
    rejected = [("rejected", True, None)]
    for source in (
        *(okta_oidc.TokenSource, okta_oidc.AsyncTokenSource),
        *(okta_oidc.UserTokens, okta_oidc.AsyncUserTokens),
    ):
        assert shape(source.token) == shape(source.tokens) == rejected
        assert source.token.__doc__
        assert source.tokens.__doc__
    for user in (okta_oidc.UserTokens, okta_oidc.AsyncUserTokens):
        assert shape(user.save) == [("tokens", False, empty)]
        assert shape(user.sign_out) == shape(user.close) == []
    held = [field.name for field in dataclasses.fields(okta_oidc.HeldTokens)]
    assert held == ["access_token", "token_type", "expires_at", "scopes", "id_token"]
    assert [field.name for field in dataclasses.fields(okta_oidc.Stored)] == [
        *("value", "version", "age"),
    ]
    assert shape(okta_oidc.TokenAuth) == [("source", False, empty)]
    for store in (
        *(okta_oidc.TokenStore, okta_oidc.AsyncTokenStore),
        *(okta_oidc.MemoryTokenStore, okta_oidc.AsyncMemoryTokenStore),
        *(redis.RedisTokenStore, redis.AsyncRedisTokenStore),
    ):
        assert shape(store.load) == [("key", False, empty)]
        assert shape(store.replace) == [
            ("key", False, empty),
            ("value", False, empty),
            ("expected", True, empty),
            ("version", True, empty),
        ]
        # A team's own names its parameters as it likes.
        for method in (store.load, store.replace):
            first = list(inspect.signature(method).parameters.values())[1]
            assert first.kind is first.POSITIONAL_ONLY


def test_signatures_of_what_protects() -> None:
    empty = inspect.Parameter.empty
    assert shape(okta_oidc.IntrospectionCache) == [
        ("ttl", False, 30.0),
        ("negative_ttl", True, 10.0),
        ("max_entries", True, 10_000),
        ("stale_if_error", True, 0.0),
        ("shared", True, None),
    ]
    for guard in (okta_oidc.BearerGuard, okta_oidc.AsyncBearerGuard):
        assert shape(guard) == [
            ("authority", False, empty),
            ("audience", True, empty),
            ("realm", True, None),
        ]
        assert [name for name, _, _ in shape(guard.check)] == ["authorization", "scopes"]
    prefixed = [("client", False, empty), ("prefix", True, "okta:introspection:")]
    cipher = ("cipher", True, None)
    for tier in (redis.RedisIntrospectionTier, redis.AsyncRedisIntrospectionTier):
        assert shape(tier) == [*prefixed, ("local_ttl", True, 5.0), ("timeout", True, 0.1), cipher]
    for store in (redis.RedisTokenStore, redis.AsyncRedisTokenStore):
        tokens = ("prefix", True, "okta:tokens:")
        assert shape(store) == [("client", False, empty), tokens, ("ttl", True, None), cipher]


@pytest.mark.parametrize("module", ["django", "fastapi", "flask", "redis", "starlette", "testing"])
def test_what_other_modules_promise(module: str) -> None:
    """Read, not imported: most import what an extra, or nobody but the caller, brings."""
    source = Path(str(okta_oidc.__file__)).parent
    file = source / f"{module}.py"
    file = file if file.exists() else source / module / "__init__.py"
    names: list[str] = next(
        ast.literal_eval(node.value)
        for node in ast.parse(file.read_text("utf-8")).body
        if isinstance(node, ast.Assign)
        if isinstance(node.targets[0], ast.Name) and node.targets[0].id == "__all__"
    )
    assert names == MODULES[module]


def test_hints_are_those_that_each_endpoint_takes() -> None:
    common = {"access_token", "device_secret", "refresh_token"}
    for cls in (OktaOIDC, AsyncOktaOIDC):
        assert set(typing.get_args(_literal(cls.introspect))) == common | {"id_token"}
        assert set(typing.get_args(_literal(cls.revoke))) == common | {"oauth_sts"}


def _literal(function: Any) -> Any:
    return typing.get_args(typing.get_type_hints(function)["token_type_hint"])[0]


def test_constants() -> None:
    assert okta_oidc.OFFLINE_SCOPE == "offline_access openid"
    assert repr(okta_oidc.ORG) == "ORG"
    assert okta_oidc.ORG is not None
    assert not isinstance(okta_oidc.ORG, str)
