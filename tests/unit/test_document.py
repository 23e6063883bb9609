"""The OpenAPI document: valid, its examples too, and true to the promises made for it."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, cast
from urllib.parse import urlsplit

import pytest
import yaml
from jsonschema import Draft202012Validator, FormatChecker
from openapi_schema_validator import oas31_format_checker
from openapi_spec_validator import OpenAPIV31SpecValidator

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

REPO = Path(__file__).resolve().parents[2]
DOCUMENT = REPO / "openapi" / "okta-oauth.yaml"

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


class Promise(NamedTuple):
    """What the document is to say of an operation."""

    path: str
    tag: str
    # Schemas of the request, and of the body of a success; None where there is no body.
    takes: str | None
    gives: str | None
    method: str = "post"
    media_type: str | None = FORM
    successes: tuple[str, ...] = ("200",)
    # Statuses that are described for themselves, as they come without a body.
    bare: tuple[str, ...] = ()
    query: tuple[str, ...] = ()
    authenticates: bool = True
    proves_a_key: bool = False
    repeatable: bool = False
    limit: str | None = None


ORG, CUSTOM = "/oauth2", "/oauth2/{authorizationServerId}"


def metadata(path: str) -> Promise:
    return Promise(
        path,
        "discovery",
        None,
        "ServerMetadata",
        method="get",
        media_type=None,
        query=("client_id",),
        authenticates=False,
        limit="none",
    )


def of_server(prefix: str, base: str) -> dict[str, Promise]:
    """What an authorization server has, with its id in the path or without."""
    of, hints = ("Org", ("client_id",)) if prefix == "org" else ("Custom", ())
    return {
        f"{prefix}Token": Promise(
            f"{base}/v1/token",
            "token",
            f"{of}TokenRequest",
            "TokenResponse",
            proves_a_key=True,
            limit="token",
        ),
        f"{prefix}Introspect": Promise(
            f"{base}/v1/introspect",
            "introspection",
            "IntrospectRequest",
            "IntrospectionResponse",
            repeatable=True,
        ),
        f"{prefix}Revoke": Promise(
            f"{base}/v1/revoke", "revocation", f"{of}RevokeRequest", None, repeatable=True
        ),
        f"{prefix}Keys": metadata(f"{base}/v1/keys")._replace(
            tag="keys", gives="KeySet", query=hints
        ),
        f"{prefix}DeviceAuthorize": Promise(
            f"{base}/v1/device/authorize",
            "device",
            "DeviceAuthorizeRequest",
            "DeviceAuthorization",
            repeatable=True,
        ),
        f"{prefix}BackchannelAuthorize": Promise(
            f"{base}/v1/bc/authorize",
            "backchannel",
            "BackchannelAuthorizeRequest",
            "BackchannelAuthentication",
        ),
        f"{prefix}PushAuthorization": Promise(
            f"{base}/v1/par",
            "authorization",
            "PushedAuthorizationRequest",
            "PushedAuthorization",
            successes=("200", "201"),
            proves_a_key=True,
            repeatable=True,
        ),
        f"{prefix}Userinfo": Promise(
            f"{base}/v1/userinfo",
            "userinfo",
            None,
            "UserInfo",
            method="get",
            media_type=None,
            bare=("401", "403"),
            authenticates=False,
            proves_a_key=True,
        ),
        f"{prefix}PrimaryAuthenticate": Promise(
            f"{base}/v1/primary-authenticate",
            "direct-authentication",
            "PrimaryAuthenticateRequest",
            "OobAuthentication",
        ),
        f"{prefix}Challenge": Promise(
            f"{base}/v1/challenge", "direct-authentication", "ChallengeRequest", "Challenge"
        ),
    }


WELL_KNOWN = "/.well-known/oauth-authorization-server"
OPERATIONS = {
    "orgOpenidConfiguration": metadata("/.well-known/openid-configuration"),
    "customOpenidConfiguration": metadata(f"{CUSTOM}/.well-known/openid-configuration"),
    "orgOauthAuthorizationServer": metadata(WELL_KNOWN),
    "customOauthAuthorizationServer": metadata(f"{CUSTOM}{WELL_KNOWN}"),
    "customOauthAuthorizationServerAtRoot": metadata(f"{WELL_KNOWN}{CUSTOM}"),
    **of_server("org", ORG),
    **of_server("custom", CUSTOM),
}
WRITTEN_OUTSIDE_OF_QUERIES = {
    "path": ("string", "integer"),
    "header": ("string", "integer", "number", "boolean"),
}
RATE_LIMIT_HEADERS = {"X-Rate-Limit-Limit", "X-Rate-Limit-Remaining", "X-Rate-Limit-Reset"}
HEADERS_EVERYWHERE = {
    "X-Okta-Request-Id",
    "Date",
    "Cache-Control",
}
GRANT_TYPES = {
    "AuthorizationCodeGrant": "authorization_code",
    "RefreshTokenGrant": "refresh_token",
    "ClientCredentialsGrant": "client_credentials",
    "PasswordGrant": "password",
    "DeviceCodeGrant": "urn:ietf:params:oauth:grant-type:device_code",
    "TokenExchangeGrant": "urn:ietf:params:oauth:grant-type:token-exchange",
    "JwtBearerGrant": "urn:ietf:params:oauth:grant-type:jwt-bearer",
    "Saml2BearerGrant": "urn:ietf:params:oauth:grant-type:saml2-bearer",
    "CibaGrant": "urn:openid:params:grant-type:ciba",
    "OtpGrant": "urn:okta:params:oauth:grant-type:otp",
    "OobGrant": "urn:okta:params:oauth:grant-type:oob",
    "MfaOtpGrant": "http://auth0.com/oauth/grant-type/mfa-otp",
    "MfaOobGrant": "http://auth0.com/oauth/grant-type/mfa-oob",
    "InteractionCodeGrant": "interaction_code",
}
REQUIRED_OF_REQUESTS = {
    "AuthorizationCodeGrant": {"grant_type", "code", "redirect_uri"},
    "RefreshTokenGrant": {"grant_type", "refresh_token"},
    "ClientCredentialsGrant": {"grant_type"},
    "PasswordGrant": {"grant_type", "username", "password", "scope"},
    "DeviceCodeGrant": {"grant_type", "device_code"},
    "TokenExchangeGrant": {"grant_type", "subject_token", "subject_token_type"},
    "JwtBearerGrant": {"grant_type", "assertion"},
    "Saml2BearerGrant": {"grant_type", "assertion", "scope"},
    "CibaGrant": {"grant_type", "auth_req_id"},
    "OtpGrant": {"grant_type", "login_hint", "otp", "scope"},
    "OobGrant": {"grant_type", "oob_code", "scope"},
    "MfaOtpGrant": {"grant_type", "mfa_token", "otp"},
    "MfaOobGrant": {"grant_type", "mfa_token", "oob_code"},
    "InteractionCodeGrant": {"grant_type", "interaction_code"},
    "IntrospectRequest": {"token"},
    "OrgRevokeRequest": {"token"},
    "CustomRevokeRequest": {"token"},
    "DeviceAuthorizeRequest": set[str](),
    "BackchannelAuthorizeRequest": {"scope"},
    "PushedAuthorizationRequest": {"client_id", "response_type", "redirect_uri"},
    "PrimaryAuthenticateRequest": {"login_hint", "channel_hint", "challenge_hint"},
    "ChallengeRequest": {"mfa_token"},
}
REQUIRED_OF_RESPONSES = {
    "TokenResponse": {"token_type"},
    "ServiceAccount": set[str](),
    "VaultedSecret": set[str](),
    "IntrospectionResponse": {"active"},
    "Confirmation": set[str](),
    "Actor": set[str](),
    "ServerMetadata": {"issuer"},
    "KeySet": {"keys"},
    "Key": {"kty"},
    "DeviceAuthorization": {"device_code", "user_code", "verification_uri", "expires_in"},
    "BackchannelAuthentication": {"auth_req_id", "expires_in"},
    "PushedAuthorization": {"request_uri", "expires_in"},
    "UserInfo": {"sub"},
    "OobAuthentication": {"oob_code", "channel", "binding_method", "expires_in"},
    "Challenge": set[str](),
    "OAuthErrorBody": {"error"},
    "OktaErrorBody": {"errorCode"},
    "OktaErrorCause": set[str](),
}
CLIENT_AUTHENTICATION = {
    "client_id",
    "client_secret",
    "client_assertion_type",
    "client_assertion",
}
# Of names in lower case, word by word: `sessionToken` and `X-Session-Token` end in `_token`, too.
SECRET_NAME = re.compile(
    r"""^(?:
        (?:.*_)?(?:token|code|secret|assertion|password|otp)
        | code_verifier | auth_req_id | request | id_token_hint | state | dpop
    )$""",
    re.VERBOSE,
)
WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|-")
# A map, whose values are the secrets, and checked apart; and codes that are shown to somebody.
NOT_A_SECRET_ITSELF = {"vaulted_secret", "user_code", "errorCode"}

Document: TypeAlias = dict[str, Any]
Problem: TypeAlias = str
Check: TypeAlias = Callable[[Document], Iterator[Problem]]


def load() -> Document:
    return cast(Document, yaml.safe_load(DOCUMENT.read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def document() -> Document:
    return load()


def resolve(document: Document, node: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(node)
    while "$ref" in found:
        target: Any = document
        for step in cast(str, found["$ref"]).removeprefix("#/").split("/"):
            target = target[step.replace("~1", "/").replace("~0", "~")]
        found = dict(target)
    return found


def schemas(document: Document) -> dict[str, dict[str, Any]]:
    return cast(dict[str, dict[str, Any]], document["components"]["schemas"])


def operations(document: Document) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method != "parameters":
                yield path, method, operation


def parameters(document: Document, path: str, operation: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Those of the path and of the operation."""
    listed = [*document["paths"][path].get("parameters", ()), *operation.get("parameters", ())]
    return [resolve(document, each) for each in listed]


def responses(document: Document, operation: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        status: resolve(document, response) for status, response in operation["responses"].items()
    }


def bodies(document: Document) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every body of a request or response, those that are written out at an operation included."""
    components = document["components"]
    yield from {**components["requestBodies"], **components["responses"]}.items()
    for _, _, operation in operations(document):
        name = operation["operationId"]
        for status, response in operation["responses"].items():
            if "$ref" not in response:
                yield f"{name} {status}", response
        if "$ref" not in operation.get("requestBody", {"$ref": ""}):
            yield name, operation["requestBody"]


def all_parameters(document: Document) -> Iterator[tuple[str, dict[str, Any]]]:
    yield from document["components"]["parameters"].items()
    for path, _, operation in operations(document):
        for parameter in parameters(document, path, operation):
            yield f"{operation['operationId']} {parameter['name']}", parameter


def name_of(schema: Mapping[str, Any] | None) -> str | None:
    """Of a schema that is referred to; of any other, what is written there."""
    if schema is None:
        return None
    return str(schema.get("$ref", schema)).rpartition("/")[2]


def nested_schemas(schema: Mapping[str, Any], where: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The schema and all written out within it; a `$ref` is visited where its target stands."""
    yield where, dict(schema)
    for name, inner in schema.get("properties", {}).items():
        yield from nested_schemas(inner, f"{where}/properties/{name}")
    for keyword in ("items", "additionalProperties"):
        inner = schema.get(keyword)
        if isinstance(inner, dict):
            yield from nested_schemas(cast(dict[str, Any], inner), f"{where}/{keyword}")
    for keyword in ("oneOf", "anyOf", "allOf"):
        for index, inner in enumerate(schema.get(keyword, [])):
            yield from nested_schemas(inner, f"{where}/{keyword}/{index}")


def reached(
    document: Document, schema: Mapping[str, Any], where: str, seen: frozenset[str] = frozenset()
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The schema and all that it is made of, those that it refers to included."""
    for place, inner in nested_schemas(schema, where):
        if "$ref" not in inner:
            yield place, inner
        elif (name := str(name_of(inner))) not in seen:
            yield from reached(document, resolve(document, inner), name, seen | {name})


def validator(document: Document, schema: Mapping[str, Any]) -> Validator:
    # The formats of OpenAPI and, beside them, those of JSON Schema that need no further package.
    formats = FormatChecker()
    formats.checkers = {**formats.checkers, **oas31_format_checker.checkers}
    formats.checks("uri")(is_absolute_uri)
    rooted = {**schema, "components": document["components"]}
    return Draft202012Validator(rooted, format_checker=formats)


def is_absolute_uri(value: object) -> bool:
    if not isinstance(value, str):
        return True
    parts = urlsplit(value)
    return bool(parts.scheme) and bool(parts.netloc or parts.path) and " " not in value


def shown(document: Document) -> Iterator[tuple[str, Mapping[str, Any], Any]]:
    """Every example of the document with the schema it has to satisfy."""
    for name, schema in schemas(document).items():
        for where, inner in nested_schemas(schema, name):
            for index, value in enumerate(inner.get("examples", [])):
                yield f"{where}/examples/{index}", inner, value
    for name, body in bodies(document):
        for media_type, content in body.get("content", {}).items():
            for key, example in content.get("examples", {}).items():
                yield f"{name}/{media_type}/{key}", content["schema"], example["value"]
    for name, parameter in all_parameters(document):
        for key, example in parameter.get("examples", {}).items():
            yield f"{name}/{key}", parameter["schema"], example["value"]
    for name, header in document["components"]["headers"].items():
        yield f"{name}/example", header["schema"], header["example"]


# Each check yields what is wrong, so that the controls can run it on a spoilt document.


def check_valid(document: Document) -> Iterator[Problem]:
    for error in OpenAPIV31SpecValidator(document).iter_errors():
        yield error.message


def check_examples_exist(document: Document) -> Iterator[Problem]:
    for name, schema in schemas(document).items():
        if not schema.get("examples"):
            yield f"{name} has no example"
        for member, inner in schema.get("properties", {}).items():
            if not resolve(document, inner).get("examples"):
                yield f"{name}.{member} has no example"
    for name, body in bodies(document):
        for media_type, content in body.get("content", {}).items():
            if not content.get("examples"):
                yield f"{name} {media_type} has no example"
    for name, parameter in all_parameters(document):
        if not parameter.get("examples"):
            yield f"{name} has no example"


def check_examples_hold(document: Document) -> Iterator[Problem]:
    for where, schema, value in shown(document):
        for error in validator(document, schema).iter_errors(value):
            yield f"{where}: {error.message}"


def check_descriptions(document: Document) -> Iterator[Problem]:
    for name, schema in schemas(document).items():
        if not schema.get("description"):
            yield f"{name} has no description"
        for member, inner in schema.get("properties", {}).items():
            if not resolve(document, inner).get("description"):
                yield f"{name}.{member} has no description"
    for _, _, operation in operations(document):
        for key in ("summary", "description"):
            if not operation.get(key):
                yield f"{operation['operationId']} has no {key}"
    for name, parameter in all_parameters(document):
        # The generator reads the one of the schema, other readers the other.
        if not parameter.get("description") or (
            parameter["description"] != parameter["schema"].get("description")
        ):
            yield f"{name} has no description, or two"


def check_objects_have_names(document: Document) -> Iterator[Problem]:
    """So that users have a class with a name, and each check here sees every object."""
    for name, schema in schemas(document).items():
        for where, inner in nested_schemas(schema, name):
            if where != name and "properties" in inner:
                yield f"{where} is an object without a name"
    for name, body in bodies(document):
        for media_type, content in body.get("content", {}).items():
            if media_type in (FORM, JSON) and set(content["schema"]) != {"$ref"}:
                yield f"{name} {media_type} has no name"


def promised(document: Document, path: str, method: str, operation: dict[str, Any]) -> Promise:
    """What the document says of an operation, in the terms of the table above."""
    media_type, takes = None, None
    if "requestBody" in operation:
        content = resolve(document, operation["requestBody"])["content"]
        media_type = ", ".join(content)
        takes = ", ".join(str(name_of(body["schema"])) for body in content.values())
    answers = responses(document, operation)
    successes = tuple(status for status in answers if status.startswith("2"))
    gives = {
        name_of(answers[status].get("content", {}).get(JSON, {}).get("schema"))
        for status in successes
    }
    taken = parameters(document, path, operation)
    return Promise(
        path,
        ", ".join(operation.get("tags", ())),
        takes,
        gives.pop() if len(gives) == 1 else " | ".join(sorted(map(str, gives))),
        method,
        media_type,
        successes,
        tuple(status for status in answers if status not in {*successes, "default"}),
        tuple(each["name"] for each in taken if each["in"] == "query"),
        operation.get("security") != [],
        any((each["in"], each["name"]) == ("header", "dpop") for each in taken),
        operation.get("x-repeatable", False),
        operation.get("x-rate-limit"),
    )


def check_operations(document: Document) -> Iterator[Problem]:
    found = {
        operation.get("operationId", f"{method} {path}"): promised(
            document, path, method, operation
        )
        for path, method, operation in operations(document)
    }
    for name in found.keys() ^ OPERATIONS.keys():
        yield f"{name} is in one of table and document"
    for name in found.keys() & OPERATIONS.keys():
        if found[name] != OPERATIONS[name]:
            yield f"{name} is {found[name]}"


def check_requests_are_sound(document: Document) -> Iterator[Problem]:
    """What holds of any operation, whatever the table says."""
    for path, method, operation in operations(document):
        name = operation["operationId"]
        if ("requestBody" in operation) != (method in {"post", "put", "patch"}):
            yield f"{name} is {method}, with or without a body"
        media_type = None
        if "requestBody" in operation:
            body = resolve(document, operation["requestBody"])
            if body.get("required") is not True:
                yield f"{name} can do without a body"
            media_type = ", ".join(body["content"])
            if media_type not in (FORM, JSON):
                yield f"{name} takes {media_type}"
        # Nothing else has a place for every method there is.
        if operation.get("security") != [] and media_type != FORM:
            yield f"{name} authenticates the client without a form"
        taken = parameters(document, path, operation)
        in_path = {each["name"] for each in taken if each["in"] == "path"}
        if in_path != set(re.findall(r"{(.+?)}", path)):
            yield f"{name} has path parameters {in_path}"
        for parameter in taken:
            # An address is logged on its way. And httpx's clients make a query of a form's members.
            if parameter["in"] == "query" and method != "get":
                yield f"{name} takes {parameter['name']} in the query"
            schema = resolve(document, parameter["schema"])
            if parameter["in"] in ("path", "query") and schema.get("format") == "password":
                yield f"{name} takes a secret in the {parameter['in']}"
            # The generator drops both, and writes each place's default.
            if {"style", "explode"} & set(parameter):
                yield f"{name} has a style for {parameter['name']}"
            # It writes no list, no time and no null there, and Python's `True` into a path.
            if parameter["in"] != "query" and (
                schema.get("type") not in WRITTEN_OUTSIDE_OF_QUERIES.get(parameter["in"], ())
                or schema.get("format") in ("date", "date-time")
            ):
                yield f"{name} takes {parameter['name']} in a form that is not written"
            if parameter["in"] not in {"path", "query", "header"}:
                yield f"{name} takes a {parameter['in']}"


def check_answers_are_sound(document: Document) -> Iterator[Problem]:
    """A success or several, all with one body, and one answer for all that is none."""
    for _, _, operation in operations(document):
        name = operation["operationId"]
        answers = responses(document, operation)
        successes = {status for status in answers if status.startswith("2")}
        if "default" not in answers or not {"200", "201", "202", "204"} >= successes > set():
            yield f"{name} answers {sorted(answers)}"
        for status, response in answers.items():
            content = response.get("content", {})
            if status == "default":
                if set(content) != {JSON, "text/html"}:
                    yield f"{name} fails with {sorted(content)}"
                elif name_of(content[JSON]["schema"]) != "ErrorResponse":
                    yield f"{name} fails with {content[JSON]['schema']}"
            elif set(content) - {JSON}:
                yield f"{name} {status} is {sorted(content)}"
            # The generator writes None for no answer, too, and `success()` would lose it.
            elif content and validator(document, content[JSON]["schema"]).is_valid(None):
                yield f"{name} {status} may be null"
            elif status not in successes and (content or not status.startswith("4")):
                yield f"{name} {status} is not left to the default"


def check_security_at_top_only(document: Document) -> Iterator[Problem]:
    if document.get("security") != [{"clientSecretBasic": []}, {}]:
        yield "the top level does not declare client authentication"
    for path, item in document["paths"].items():
        if "security" in item:
            yield f"{path} declares security"
    for _, _, operation in operations(document):
        # None at all is the only other thing that an operation may say.
        if operation.get("security", []) != []:
            yield f"{operation['operationId']} declares security"
    for name, scheme in document["components"]["securitySchemes"].items():
        # Only registered HTTP schemes: what stands in the form is no scheme of HTTP.
        if (scheme["type"], scheme.get("scheme")) != ("http", "basic"):
            yield f"{name} is not HTTP Basic"


def check_links(document: Document) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for _, _, operation in operations(document):
        name = operation["operationId"]
        url = operation.get("externalDocs", {}).get("url", "")
        if not url.startswith("https://developer.okta.com/docs/"):
            yield f"{name} has no page at Okta"
        elif url in seen:
            yield f"{name} and {seen[url]} have the same page"
        seen[url] = name


def check_headers(document: Document) -> Iterator[Problem]:
    for path, method, operation in operations(document):
        name = operation["operationId"]
        proves = promised(document, path, method, operation).proves_a_key
        metered = operation.get("x-rate-limit") != "none"
        for status, response in responses(document, operation).items():
            where = f"{name} {status}"
            headers = set(response.get("headers", {}))
            expected = HEADERS_EVERYWHERE | (RATE_LIMIT_HEADERS if metered else set[str]())
            if missing := expected - headers:
                yield f"{where} lacks {sorted(missing)}"
            if not metered and headers & RATE_LIMIT_HEADERS:
                yield f"{where} counts what is not metered"
            refuses = metered and not status.startswith("2")
            if refuses != ("WWW-Authenticate" in headers):
                yield f"{where}: WWW-Authenticate belongs to refusals"
            if proves != ("dpop-nonce" in headers):
                yield f"{where}: dpop-nonce belongs to what takes a proof"


def check_responses_are_open(document: Document) -> Iterator[Problem]:
    for name, required in REQUIRED_OF_RESPONSES.items():
        schema = schemas(document)[name]
        if set(schema.get("required", [])) != required:
            yield f"{name} requires {schema.get('required')}"
    for _, _, operation in operations(document):
        for status, response in responses(document, operation).items():
            schema = response.get("content", {}).get(JSON, {}).get("schema", {})
            for where, inner in reached(document, schema, f"{operation['operationId']} {status}"):
                if "properties" in inner and inner.get("additionalProperties") in (None, False):
                    yield f"{where} is closed"
                for keyword in ("enum", "const", "pattern", "minLength", "maxLength"):
                    if keyword in inner:
                        yield f"{where} has {keyword}"


def form_schemas(document: Document) -> set[str]:
    """Names of the schemas that are sent as forms, those that are one of several included."""
    found: set[str] = set()
    for _, _, operation in operations(document):
        if body := operation.get("requestBody"):
            content = resolve(document, body)["content"].get(FORM, {"schema": {}})
            schema = resolve(document, content["schema"])
            for each in (content["schema"], *schema.get("oneOf", ())):
                found.add(str(name_of(each)))
    return found


def check_requests(document: Document) -> Iterator[Problem]:
    forms = form_schemas(document)
    for name, required in REQUIRED_OF_REQUESTS.items():
        schema = schemas(document)[name]
        if set(schema.get("required", ())) != required:
            yield f"{name} requires {schema.get('required')}"
        if name not in forms:
            continue
        if schema.get("additionalProperties") != {"type": "string", "minLength": 1}:
            yield f"{name} takes no further form parameters"
        if missing := CLIENT_AUTHENTICATION - set(schema["properties"]):
            yield f"{name} lacks {sorted(missing)}"
        for member, inner in schema["properties"].items():
            found = resolve(document, inner)
            # A form parameter without value counts as absent (RFC 6749 section 3.2).
            if found["type"] == "string" and not {"minLength", "pattern", "enum", "const"} & set(
                found
            ):
                yield f"{name}.{member} may be empty"


def check_grants(document: Document) -> Iterator[Problem]:
    for name, grant_type in GRANT_TYPES.items():
        schema = schemas(document)[name]["properties"]["grant_type"]
        if (schema.get("const"), schema.get("default")) != (grant_type, grant_type):
            yield f"{name} has grant type {schema}"
    org = {name for name in GRANT_TYPES if name != "JwtBearerGrant"}
    for union, expected in (("OrgTokenRequest", org), ("CustomTokenRequest", set(GRANT_TYPES))):
        schema = schemas(document)[union]
        listed = [branch["$ref"].rpartition("/")[2] for branch in schema["oneOf"]]
        if len(listed) != len(set(listed)) or set(listed) != expected:
            yield f"{union} lists {listed}"
        if schema["discriminator"]["propertyName"] != "grant_type":
            yield f"{union} is told apart by {schema['discriminator']['propertyName']}"
        mapping = {
            grant_type: reference.rpartition("/")[2]
            for grant_type, reference in schema["discriminator"]["mapping"].items()
        }
        if mapping != {GRANT_TYPES[name]: name for name in expected}:
            yield f"{union} maps {mapping}"


def check_hints(document: Document) -> Iterator[Problem]:
    revocable = {"access_token", "refresh_token", "device_secret"}
    expected = {
        "IntrospectRequest": revocable | {"id_token"},
        "OrgRevokeRequest": revocable | {"oauth_sts"},
        "CustomRevokeRequest": revocable,
    }
    for name, hints in expected.items():
        schema = resolve(document, schemas(document)[name]["properties"]["token_type_hint"])
        if set(schema["enum"]) != hints:
            yield f"{name} takes {schema['enum']}"


def is_not_kept(document: Document, name: str, schema: Mapping[str, Any]) -> bool:
    """Whether ``format: password`` is missing. A secret can have any name, so that others may."""
    kept = resolve(document, schema).get("format") == "password"
    if name in NOT_A_SECRET_ITSELF:
        return kept
    return not kept and SECRET_NAME.match(WORD.sub("_", name).lower()) is not None


def check_secrets(document: Document) -> Iterator[Problem]:
    for name, schema in schemas(document).items():
        for member, inner in schema.get("properties", {}).items():
            # A grant's `grant_type: password` names no secret; the member is called grant_type.
            if is_not_kept(document, member, inner):
                yield f"{name}.{member} is not kept secret, or is and should not be"
    for name, parameter in all_parameters(document):
        if is_not_kept(document, parameter["name"], parameter["schema"]):
            yield f"{name} is not kept secret"
    if schemas(document)["VaultedSecret"]["additionalProperties"].get("format") != "password":
        yield "VaultedSecret has values that are not secret"


def check_examples_are_made_up(document: Document) -> Iterator[Problem]:
    allowed = re.compile(r"example|ZXhhbXBsZ|^0+$|^urn:ietf:params:oauth:client-assertion-type:")
    for name, schema in schemas(document).items():
        for where, inner in nested_schemas(schema, name):
            if inner.get("format") != "password":
                continue
            for value in inner.get("examples", []):
                if value is not None and not allowed.search(str(value)):
                    yield f"{where} shows {value}"


CHECKS: list[Check] = [
    check_valid,
    check_examples_exist,
    check_examples_hold,
    check_descriptions,
    check_objects_have_names,
    check_operations,
    check_requests_are_sound,
    check_answers_are_sound,
    check_security_at_top_only,
    check_links,
    check_headers,
    check_responses_are_open,
    check_requests,
    check_grants,
    check_hints,
    check_secrets,
    check_examples_are_made_up,
]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__.removeprefix("check_"))
def test_document(check: Check, document: Document) -> None:
    assert list(check(document)) == []


def test_every_schema_is_a_request_or_a_response_or_a_part(document: Document) -> None:
    parts = {
        name
        for name, schema in schemas(document).items()
        if schema.get("type") != "object" and "oneOf" not in schema and "anyOf" not in schema
    }
    unions = {"OrgTokenRequest", "CustomTokenRequest", "ErrorResponse"}
    known = set(REQUIRED_OF_REQUESTS) | set(REQUIRED_OF_RESPONSES) | unions | parts
    assert set(schemas(document)) == known


def test_authorization_server_id(document: Document) -> None:
    parameter = document["components"]["parameters"]["AuthorizationServerId"]
    assert parameter["required"] is True
    assert parameter["schema"]["default"] == "default"
    accepts = validator(document, parameter["schema"])
    for good in ("default", "ausexampleserver0000", "a-b_C9"):
        assert accepts.is_valid(good), good
    for bad in ("", ".", "..", "a/b", "a b", "a.b", "{id}", "ä"):
        assert not accepts.is_valid(bad), bad


def accepts(document: Document, name: str, value: Any) -> bool:
    return validator(document, {"$ref": f"#/components/schemas/{name}"}).is_valid(value)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param({"token_type": "bearer"}, id="nothing-but-a-type"),
        pytest.param({"token_type": "DPoP", "access_token": "t"}, id="dpop"),
        pytest.param({"token_type": "Later", "access_token": None}, id="unknown-type-and-null"),
        pytest.param({"token_type": "Bearer", "later": {"a": [1]}}, id="unknown-member"),
    ],
)
def test_token_response_takes_what_okta_sends(value: object, document: Document) -> None:
    assert accepts(document, "TokenResponse", value)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param({"access_token": "t"}, id="without-type"),
        pytest.param({"token_type": "Bearer", "expires_in": "3600"}, id="lifetime-as-string"),
        pytest.param({"token_type": "Bearer", "access_token": 1}, id="token-as-number"),
        pytest.param(["token_type"], id="array"),
    ],
)
def test_token_response_refuses_nonsense(value: object, document: Document) -> None:
    assert not accepts(document, "TokenResponse", value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param({"active": False}, True, id="inactive"),
        pytest.param({"active": True, "aud": "a"}, True, id="aud-string"),
        pytest.param({"active": True, "aud": ["a", "b"]}, True, id="aud-list"),
        pytest.param({"active": True, "aud": []}, True, id="aud-empty-list"),
        pytest.param({"active": True, "aud": 1}, False, id="aud-number"),
        pytest.param({"active": True, "class": [None, 1]}, True, id="custom-claim"),
        pytest.param({"active": "true"}, False, id="active-as-string"),
        pytest.param({"sub": "a"}, False, id="without-active"),
    ],
)
def test_introspection_response(value: object, expected: bool, document: Document) -> None:
    assert accepts(document, "IntrospectionResponse", value) is expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param({"error": "later"}, True, id="oauth"),
        pytest.param({"errorCode": "invalid_client"}, True, id="okta-with-oauth-word"),
        pytest.param({"error": "a", "errorCode": "b"}, True, id="both"),
        pytest.param({"error_description": "a"}, False, id="neither"),
        pytest.param({"error": {"code": 1}}, False, id="error-object"),
    ],
)
def test_error_response(value: object, expected: bool, document: Document) -> None:
    assert accepts(document, "ErrorResponse", value) is expected


def test_jwt_bearer_is_for_custom_servers(document: Document) -> None:
    grant = {"grant_type": GRANT_TYPES["JwtBearerGrant"], "assertion": "a"}
    assert accepts(document, "CustomTokenRequest", grant)
    assert not accepts(document, "OrgTokenRequest", grant)


@pytest.mark.parametrize("union", ["OrgTokenRequest", "CustomTokenRequest"])
@pytest.mark.parametrize("name", [name for name in GRANT_TYPES if name != "JwtBearerGrant"])
def test_a_grant_is_one_branch_of_the_union(union: str, name: str, document: Document) -> None:
    for example in schemas(document)[name]["examples"]:
        assert accepts(document, union, example)
        # A parameter Okta adds later may be sent; a second grant type may not be smuggled in.
        assert accepts(document, union, {**example, "later": "a"})
        assert not accepts(document, union, {**example, "grant_type": "implicit"})
        for member in schemas(document)[name]["required"]:
            less = {key: value for key, value in example.items() if key != member}
            assert not accepts(document, union, less), member


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param({}, True, id="neither-for-a-signed-request"),
        pytest.param({"login_hint": "a"}, True, id="login"),
        pytest.param({"id_token_hint": "a", "request_expiry": 300}, True, id="id-token"),
        pytest.param({"login_hint": "a", "id_token_hint": "a"}, False, id="both"),
        pytest.param({"login_hint": "a", "request_expiry": 0}, False, id="no-time"),
        pytest.param({"login_hint": "a", "request_expiry": 301}, False, id="too-long"),
    ],
)
def test_backchannel_request(value: dict[str, Any], expected: bool, document: Document) -> None:
    found = accepts(document, "BackchannelAuthorizeRequest", {"scope": "openid", **value})
    assert found is expected


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        pytest.param("ServerMetadata", {"issuer": "a", "later": [1]}, True, id="new-metadata"),
        pytest.param("ServerMetadata", {"token_endpoint": "a"}, False, id="no-issuer"),
        pytest.param("ServerMetadata", {"issuer": "a", "scopes_supported": "a"}, False, id="text"),
        pytest.param("KeySet", {"keys": []}, True, id="no-keys"),
        pytest.param("KeySet", {"keys": [{"kty": "later", "later": 1}]}, True, id="other-key"),
        pytest.param("KeySet", {"keys": None}, False, id="keys-null"),
        pytest.param("KeySet", {"keys": [{"kid": "a"}]}, False, id="key-of-no-type"),
        pytest.param("UserInfo", {"sub": "a", "class": [None]}, True, id="custom-claim"),
        pytest.param("UserInfo", {"email": "a"}, False, id="no-subject"),
        pytest.param("PushedAuthorization", {"request_uri": "a", "expires_in": 1}, True, id="par"),
        pytest.param("PushedAuthorization", {"request_uri": "a"}, False, id="par-for-ever"),
        pytest.param("Challenge", {"challenge_type": "later"}, True, id="other-challenge"),
        pytest.param("Challenge", {"binding_code": 95}, False, id="code-as-number"),
    ],
)
def test_what_okta_sends_besides(
    name: str, value: object, expected: bool, document: Document
) -> None:
    assert accepts(document, name, value) is expected


def test_a_device_without_a_secret_still_has_a_form(document: Document) -> None:
    # RFC 8628 wants `client_id` unless the client authenticates otherwise.
    assert accepts(document, "DeviceAuthorizeRequest", {})
    assert accepts(document, "DeviceAuthorizeRequest", {"client_id": "a", "scope": "openid"})
    assert not accepts(document, "DeviceAuthorizeRequest", {"scope": ""})


@pytest.mark.parametrize(
    ("verifier", "expected"),
    [
        pytest.param(42 * "a", False, id="too-short"),
        pytest.param(43 * "a", True, id="shortest"),
        pytest.param(128 * "~", True, id="longest"),
        pytest.param(129 * "a", False, id="too-long"),
        pytest.param(42 * "a" + "+", False, id="foreign-character"),
    ],
)
def test_code_verifier(verifier: str, expected: bool, document: Document) -> None:
    grant = {"grant_type": "authorization_code", "code": "c", "redirect_uri": "a:/b"}
    found = accepts(document, "AuthorizationCodeGrant", {**grant, "code_verifier": verifier})
    assert found is expected


# Controls: each spoils one thing, and its check has to notice.


def put(document: Document, path: str, value: object) -> None:
    *parents, last = path.split("|")
    target: Any = document
    for step in parents:
        target = target[int(step) if isinstance(target, list) else step]
    if value is None:
        del target[last]
    elif isinstance(target, list):
        cast(list[object], target)[int(last)] = value
    else:
        target[last] = value


SPOILT: list[tuple[Check, str, object]] = [
    (check_valid, "info|version", None),
    (check_valid, "paths|/oauth2/v1/token|post|responses|200", {"headers": []}),
    (check_examples_exist, "components|schemas|TokenResponse|examples", None),
    (
        check_examples_exist,
        "components|schemas|OktaErrorBody|properties|errorId|examples",
        None,
    ),
    (check_examples_exist, "components|responses|Introspected|content|application/json", {}),
    (check_examples_hold, "components|schemas|TokenResponse|examples|0|expires_in", "soon"),
    (check_examples_hold, "components|schemas|ClientId|examples|0", ""),
    (
        check_examples_hold,
        "components|schemas|RefreshTokenGrant|properties|redirect_uri|examples|0",
        "no uri",
    ),
    (
        check_examples_hold,
        (
            "components|requestBodies|CustomToken|content|application/x-www-form-urlencoded"
            "|examples|jwtBearer|value|assertion"
        ),
        None,
    ),
    (
        check_examples_hold,
        ("components|responses|Refused|content|application/json|examples|wrongSecret|value|error"),
        None,
    ),
    (check_examples_hold, "components|headers|RateLimitReset|example", "tomorrow"),
    (check_examples_hold, "components|parameters|DPoP|examples|proof|value", "not-a-jwt"),
    (check_descriptions, "components|schemas|OtpGrant|description", None),
    (check_descriptions, "components|schemas|OtpGrant|properties|otp|description", None),
    (check_descriptions, "paths|/oauth2/v1/revoke|post|summary", None),
    (check_descriptions, "components|parameters|DPoP|schema|description", None),
    (
        check_objects_have_names,
        "components|schemas|TokenResponse|properties|scope",
        {"type": "object", "properties": {"read": {"type": "boolean"}}},
    ),
    (
        check_objects_have_names,
        "components|schemas|KeySet|properties|keys|items",
        {"type": "object", "properties": {"kty": {"type": "string"}}},
    ),
    (
        check_objects_have_names,
        "components|responses|Introspected|content|application/json|schema",
        {"type": "array", "items": {"type": "object"}},
    ),
    (
        check_objects_have_names,
        "components|requestBodies|OrgRevoke|content|application/x-www-form-urlencoded|schema",
        {"type": "object", "properties": {"token": {"type": "string"}}},
    ),
    (check_operations, "paths|/oauth2/v1/revoke|post|operationId", "revoke"),
    (check_operations, "paths|/oauth2/v1/revoke|post|tags|0", "token"),
    (check_operations, "paths|/oauth2/v1/revoke|post|tags", None),
    (check_operations, "paths|/oauth2/v1/revoke|post|security", []),
    (check_operations, "paths|/oauth2/v1/revoke|post|x-repeatable", None),
    (check_operations, "paths|/oauth2/v1/token|post|x-rate-limit", None),
    (check_operations, "paths|/oauth2/v1/token|post|parameters", []),
    (
        check_operations,
        "components|requestBodies|OrgRevoke|content|application/x-www-form-urlencoded|schema",
        {"$ref": "#/components/schemas/CustomRevokeRequest"},
    ),
    (
        check_operations,
        "components|responses|Revoked|content",
        {"application/json": {"schema": {"type": "object"}}},
    ),
    (check_requests_are_sound, "components|requestBodies|OrgRevoke|required", False),
    (check_requests_are_sound, "paths|/oauth2/v1/revoke|post|requestBody", None),
    (check_requests_are_sound, "components|parameters|DPoP|in", "query"),
    (check_requests_are_sound, "components|parameters|DPoP|in", "cookie"),
    (
        check_requests_are_sound,
        "components|parameters|AuthorizationServerId|name",
        "authServerId",
    ),
    (check_requests_are_sound, "components|requestBodies|OrgRevoke|content|text/plain", {}),
    (check_requests_are_sound, "components|requestBodies|OrgRevoke|content", {JSON: {}}),
    (check_requests_are_sound, "paths|/oauth2/v1/keys|get|security", None),
    (check_answers_are_sound, "paths|/oauth2/v1/revoke|post|responses|default", None),
    (check_answers_are_sound, "paths|/oauth2/v1/revoke|post|responses|200", None),
    (check_answers_are_sound, "paths|/oauth2/v1/revoke|post|responses|302", {}),
    (
        check_answers_are_sound,
        "paths|/oauth2/v1/revoke|post|responses|404",
        {"$ref": "#/components/responses/Refused"},
    ),
    (check_answers_are_sound, "components|schemas|KeySet|type", ["object", "null"]),
    (check_operations, "paths|/oauth2/v1/revoke|post|responses|404", {}),
    (check_operations, "paths|/oauth2/v1/par|post|responses|201", None),
    (check_operations, "paths|/oauth2/v1/keys|get|security", None),
    (check_operations, "paths|/oauth2/v1/keys|get|x-rate-limit", None),
    (check_operations, "paths|/oauth2/v1/keys|get|parameters", []),
    (
        check_requests_are_sound,
        "paths|/oauth2/v1/par|post|parameters",
        [{"$ref": "#/components/parameters/ClientIdOfKeys"}],
    ),
    (check_requests_are_sound, "components|parameters|ClientIdOfKeys|schema|format", "password"),
    (
        check_requests_are_sound,
        "components|parameters|ClientIdOfKeys|schema|$ref",
        "#/components/schemas/ClientSecret",
    ),
    (check_requests_are_sound, "components|parameters|ClientIdOfKeys|style", "deepObject"),
    (check_requests_are_sound, "components|parameters|ClientIdOfKeys|explode", False),
    (check_requests_are_sound, "components|parameters|DPoP|schema|type", "array"),
    (check_requests_are_sound, "components|parameters|AuthorizationServerId|schema|type", "number"),
    (
        check_requests_are_sound,
        "components|parameters|AuthorizationServerId|schema|format",
        "date-time",
    ),
    (
        check_requests_are_sound,
        "components|parameters|AuthorizationServerId|schema|format",
        "password",
    ),
    (
        check_headers,
        "components|responses|Keys|headers|X-Rate-Limit-Limit",
        {"$ref": "#/components/headers/RateLimitLimit"},
    ),
    (check_headers, "components|responses|AccessTokenRefused|headers|WWW-Authenticate", None),
    (
        check_answers_are_sound,
        "components|responses|Refused|content|application/json|schema|$ref",
        "#/components/schemas/OktaErrorBody",
    ),
    (check_answers_are_sound, "components|responses|Refused|content|text/html", None),
    (
        check_answers_are_sound,
        "components|responses|Revoked|content",
        {"text/plain": {"schema": {"type": "string"}}},
    ),
    (check_security_at_top_only, "security", None),
    (
        check_security_at_top_only,
        "paths|/oauth2/v1/revoke|post|security",
        [{"clientSecretBasic": []}],
    ),
    (
        check_security_at_top_only,
        "components|securitySchemes|clientSecretBasic|scheme",
        "postBody",
    ),
    (check_links, "paths|/oauth2/v1/revoke|post|externalDocs", None),
    (check_links, "paths|/oauth2/v1/revoke|post|externalDocs|url", "https://example.com/"),
    (check_headers, "components|responses|Refused|headers|X-Okta-Request-Id", None),
    (check_headers, "components|responses|Revoked|headers|X-Rate-Limit-Reset", None),
    (check_headers, "components|responses|Refused|headers|WWW-Authenticate", None),
    (check_headers, "components|responses|TokenRefused|headers|dpop-nonce", None),
    (
        check_responses_are_open,
        "components|schemas|TokenResponse|properties|token_type|enum",
        ["Bearer"],
    ),
    (
        check_responses_are_open,
        "components|schemas|TokenResponse|required",
        ["token_type", "access_token"],
    ),
    (check_responses_are_open, "components|schemas|OAuthErrorBody|additionalProperties", False),
    (
        check_responses_are_open,
        "components|schemas|TokenResponse|properties|token_type|$ref",
        "#/components/schemas/CustomRevokeTokenTypeHint",
    ),
    (
        check_responses_are_open,
        "components|schemas|KeySet|properties|keys|items|$ref",
        "#/components/schemas/CustomRevokeTokenTypeHint",
    ),
    (check_requests, "components|schemas|PasswordGrant|required", ["grant_type"]),
    (check_requests, "components|schemas|OobGrant|additionalProperties", None),
    (check_requests, "components|schemas|OobGrant|properties|client_id", None),
    (check_requests, "components|schemas|OobGrant|properties|oob_code|minLength", None),
    (check_grants, "components|schemas|OobGrant|properties|grant_type|default", "oob"),
    (
        check_grants,
        "components|schemas|OrgTokenRequest|oneOf|0|$ref",
        "#/components/schemas/JwtBearerGrant",
    ),
    (
        check_grants,
        "components|schemas|CustomTokenRequest|discriminator|mapping|password",
        "#/components/schemas/OtpGrant",
    ),
    (check_hints, "components|schemas|CustomRevokeTokenTypeHint|enum", ["access_token"]),
    (check_hints, "components|schemas|OrgRevokeTokenTypeHint|enum|2", "id_token"),
    (check_secrets, "components|schemas|TokenResponse|properties|id_token|format", None),
    (check_secrets, "components|schemas|ClientSecret|format", None),
    (
        check_secrets,
        "components|schemas|TokenResponse|properties|passportToken",
        {"type": "string"},
    ),
    (check_secrets, "components|parameters|ClientIdOfKeys|name", "X-Passport-Token"),
    (
        check_secrets,
        "components|schemas|DeviceAuthorization|properties|user_code|format",
        "password",
    ),
    (check_secrets, "components|parameters|DPoP|schema|format", None),
    (check_secrets, "components|schemas|VaultedSecret|additionalProperties|format", None),
    (
        check_examples_are_made_up,
        "components|schemas|ClientSecret|examples",
        ["eW91LXNob3VsZC1ub3QtYmUtaGVyZQ"],
    ),
]


@pytest.mark.parametrize(("check", "path", "value"), SPOILT)
def test_checks_can_fail(check: Check, path: str, value: object, document: Document) -> None:
    spoilt = copy.deepcopy(document)
    put(spoilt, path, value)
    assert list(check(spoilt)) != []
