"""Write what the generator drops of the document: a table of its operations, and a few names.

Run as ``python -m tasks.operations DOCUMENT PACKAGE``, in the generator's environment: it adds
``operations.py`` to the generated package.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, cast

from .document import Node, bodies, load, operations, parameters, resolved, responses

# An operation that says nothing shares the limit of its server's other endpoints.
_OTHER: Final = "other"

_HEAD: Final = '''\
"""What the generated functions do not say of the document's operations.

Importing this module loads no model and no function.
"""

from typing import Final, NamedTuple


class Operation(NamedTuple):
    """One operation of the document."""

    method: str
    """HTTP method, in upper case."""
    path: str
    """Path template, as in the document."""
    module: str
    """Where its functions are, below this package."""
    statuses: tuple[int, ...]
    """The 2xx statuses that the document declares, lowest first."""
    model: str | None
    """Class in `models` that reads the JSON body of a 2xx; None without such a body or class."""
    has_content: bool
    """Whether a 2xx has a JSON body."""
    authenticated: bool
    """Whether the request authenticates the client."""
    dpop: bool
    """Whether the request takes a DPoP proof that binds tokens to a key."""
    needs_client_id: bool
    """Whether the form must have a `client_id`, however the client authenticates."""
    repeatable: bool
    """Whether sending it twice uses nothing up; of a token request, `REPEATABLE_GRANTS` says it."""
    limit: str | None
    """The server's rate limit that it counts against: `token`, `other`, or None for none at all."""


'''


_TYPES: Final = '''\
class TokenType:
    """The URNs of the token types that are known (RFC 8693 section 3)."""

'''


class DocumentError(Exception):
    """The document says what the table cannot hold, or the generator named things otherwise."""


def main(document: str, package: str) -> None:
    """Add ``operations.py`` to ``package``, which the generator has just written."""
    folder = Path(package)
    exported = re.compile(r'^    "(\w+)",$', re.MULTILINE)
    models = set(exported.findall((folder / "models" / "__init__.py").read_text("utf-8")))
    text = module_of(load(Path(document)), folder, models)
    (folder / "operations.py").write_text(text, "utf-8")


def module_of(document: Node, package: Path, models: set[str]) -> str:
    """The module's text, not yet formatted."""
    rows = [
        _row(document, path, method, operation, package, models)
        for path, method, operation in operations(document)
    ]
    schemas: Node = document["components"]["schemas"]
    of_requests, of_answers = _reached(document)
    constants = {
        "SECRETS": (
            "Request members, parameters and headers that are secret, by their names on the wire.",
            of_requests | _secret_parameters(document),
        ),
        "SECRET_RESPONSES": ("Members of answers that are secret.", of_answers),
        "CREDENTIALS": (
            "Form members that authenticate the client.",
            _named(document, "x-client-authentication"),
        ),
        "REPEATABLE_GRANTS": (
            "Grant types of token requests that use nothing up when sent twice.",
            {
                schema["properties"]["grant_type"]["const"]
                for schema in schemas.values()
                if schema.get("x-repeatable")
            },
        ),
    }
    types: Node = document["components"].get("x-token-types", {})
    return "".join(
        [
            _HEAD,
            "OPERATIONS: tuple[Operation, ...] = (\n",
            *(f"{row},\n" for row in rows),
            ")\n\n",
            *(
                f'{name}: frozenset[str] = frozenset({sorted(values)!r})\n"""{docstring}"""\n\n'
                for name, (docstring, values) in constants.items()
            ),
            _TYPES,
            *(f"    {name}: Final = {urn!r}\n" for name, urn in types.items()),
        ]
    )


def _row(
    document: Node, path: str, method: str, operation: Node, package: Path, models: set[str]
) -> str:
    name: str = operation["operationId"]
    module = f"api.{_snake(operation['tags'][0])}.{_snake(name)}"
    if not (package / f"{module.replace('.', '/')}.py").exists():
        raise DocumentError(f"{name}: the generator has no module {module}")
    successes = {
        int(status): response
        for status, response in responses(document, operation).items()
        if status.startswith("2")
    }
    if not successes:
        raise DocumentError(f"{name} promises no success")
    answers = [
        schema
        for response in successes.values()
        for media_type, schema in bodies(document, response)
        if media_type == "application/json" or media_type.endswith("+json")
    ]
    if len({str(schema) for schema in answers}) > 1:
        raise DocumentError(f"{name}: successes differ in their bodies")
    authenticated = bool(operation.get("security", document["security"]))
    takes_proof = any(
        (each["in"], each["name"]) == ("header", "dpop")
        for each in parameters(document, path, operation)
    )
    limit: str = operation.get("x-rate-limit", _OTHER)
    values = {
        "method": method.upper(),
        "path": path,
        "module": module,
        "statuses": tuple(sorted(successes)),
        "model": _class_of(document, answers[0], models) if answers else None,
        "has_content": bool(answers),
        "authenticated": authenticated,
        # The proof of one who does not authenticate goes with an access token, and names it.
        "dpop": authenticated and takes_proof,
        "needs_client_id": any(
            "client_id" in schema.get("required", ())
            for schema in _request_schemas(document, operation)
        ),
        "repeatable": method == "get" or bool(operation.get("x-repeatable")),
        "limit": None if limit == "none" else limit,
    }
    return f"Operation({', '.join(f'{key}={value!r}' for key, value in values.items())})"


def _snake(name: str) -> str:
    """Name it as the generator does, which splits words at capitals."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).replace("-", "_").lower()


def _class_of(document: Node, schema: Node, models: set[str]) -> str | None:
    """The generated class that reads this schema, if it is a single object of a name."""
    if "$ref" not in schema or resolved(document, schema).get("type") != "object":
        return None
    name = str(schema["$ref"]).rpartition("/")[2]
    if name not in models:
        raise DocumentError(f"the generator has no class {name}")
    return name


def _request_schemas(document: Node, operation: Node) -> Iterator[Node]:
    for _, body in bodies(document, operation.get("requestBody", {})):
        schema = resolved(document, body)
        for each in (schema, *schema.get("oneOf", ()), *schema.get("anyOf", ())):
            yield resolved(document, each)


def _reached(document: Node) -> tuple[set[str], set[str]]:
    """The secret members of requests and of answers."""
    of_requests: set[str] = set()
    of_answers: set[str] = set()
    for _, _, operation in operations(document):
        for schema in _request_schemas(document, operation):
            of_requests |= _secrets(document, schema, frozenset())
        for response in responses(document, operation).values():
            for _, schema in bodies(document, response):
                of_answers |= _secrets(document, schema, frozenset())
    return of_requests, of_answers


def _secrets(document: Node, schema: Node, seen: frozenset[str]) -> set[str]:
    """Names of the members, at any depth, that are secret or hold nothing but secrets."""
    if (reference := str(schema.get("$ref", ""))) in seen:
        return set()
    seen = seen | {reference} if reference else seen
    schema = resolved(document, schema)
    found: set[str] = set()
    for name, member in schema.get("properties", {}).items():
        values = resolved(document, member).get("additionalProperties")
        if _is_secret(document, member) or (
            isinstance(values, dict) and _is_secret(document, cast("Node", values))
        ):
            found.add(name)
        found |= _secrets(document, member, seen)
    inner = [schema.get("items"), schema.get("additionalProperties")]
    for keyword in ("allOf", "anyOf", "oneOf"):
        inner += schema.get(keyword, ())
    for each in inner:
        if isinstance(each, dict):
            found |= _secrets(document, cast("Node", each), seen)
    return found


def _is_secret(document: Node, schema: Node) -> bool:
    return resolved(document, schema).get("format") == "password"


def _secret_parameters(document: Node) -> set[str]:
    return {
        parameter["name"]
        for path, _, operation in operations(document)
        for parameter in parameters(document, path, operation)
        if _is_secret(document, parameter["schema"])
    }


def _named(document: Node, extension: str) -> set[str]:
    """Members of requests whose schema has this extension."""
    return {
        name
        for schema in document["components"]["schemas"].values()
        for name, member in schema.get("properties", {}).items()
        if resolved(document, member).get(extension)
    }


if __name__ == "__main__":
    main(*sys.argv[1:])
