"""Write what the generator drops of the document: a table of its operations, and a few names.

Run as ``python -m tasks.operations DOCUMENT PACKAGE``, in the generator's environment: it adds
``operations.py`` to the generated package.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, cast

from openapi_python_client.strings import PythonIdentifier

from .document import Node, bodies, load, operations, parameters, resolved, responses

# An operation that says nothing shares the limit of its server's other endpoints.
_OTHER: Final = "other"

# What the generator's templates call their own variables and methods. A member or a parameter that
# becomes one of them takes its place without a word, and no answer could be read.
_TAKEN_IN_MODELS: Final = frozenset(
    {"additional_properties", "cls", "d", "field_dict", "from_dict", "to_dict"}
)
_TAKEN_IN_FUNCTIONS: Final = frozenset({"headers", "params", "quote"})

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
    with_content: tuple[int, ...]
    """Those of them that come with a JSON body, lowest first."""
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
    text = module_of(load(Path(document)), folder)
    (folder / "operations.py").write_text(text, "utf-8")


def module_of(document: Node, package: Path) -> str:
    """The module's text, not yet formatted.

    Raises:
        DocumentError: the document says what the table cannot hold, or what no code can be made of.
    """
    _check_names(document)
    rows = [
        _row(document, path, method, operation, package)
        for path, method, operation in operations(document)
    ]
    schemas: Node = document["components"]["schemas"]
    of_requests, of_answers = _reached(document)
    secrets = of_requests | _secret_parameters(document)
    constants = {
        "SECRETS": (
            "Request members, parameters and headers that are secret, by their names on the wire.",
            secrets,
        ),
        "PUBLIC": (
            "Members that are secret nowhere in the document.",
            _members(schemas) - secrets - of_answers,
        ),
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
            f"NAMES: dict[str, dict[str, str]] = {_names(package)!r}\n",
            '"""Fields of models that have another name on the wire, by class."""\n\n',
            _TYPES,
            *(f"    {name}: Final = {urn!r}\n" for name, urn in types.items()),
        ]
    )


def _check_names(document: Node) -> None:
    asked = {
        parameter["name"]
        for path, _, operation in operations(document)
        for parameter in parameters(document, path, operation)
    }
    schemas: Node = document["components"]["schemas"]
    pairs = [(_members(schemas), _TAKEN_IN_MODELS), (asked, _TAKEN_IN_FUNCTIONS)]
    for members in _objects(schemas):
        lists = [
            name for name, each in members.items() if isinstance(each, dict) and "items" in each
        ]
        loops = {f"{PythonIdentifier(name, prefix='field_')}_item" for name in lists}
        # The variables of the loop over a list.
        pairs.append((set(members), frozenset(loops | {f"{name}_data" for name in loops})))
    for names, taken in pairs:
        if found := [name for name in names if PythonIdentifier(name, prefix="field_") in taken]:
            raise DocumentError(f"the generated code has a use of its own for {sorted(found)}")


def _row(document: Node, path: str, method: str, operation: Node, package: Path) -> str:
    name: str = operation["operationId"]
    tag, function = (
        PythonIdentifier(operation.get("tags", ["default"])[0], prefix="tag"),
        PythonIdentifier(name, prefix="field_"),
    )
    module = f"api.{tag}.{function}"
    if not (package / f"{module.replace('.', '/')}.py").exists():
        raise DocumentError(f"{name}: the generator has no module {module}")
    successes = {
        int(status): any(
            media_type == "application/json" or media_type.endswith("+json")
            for media_type, _ in bodies(document, response)
        )
        for status, response in sorted(responses(document, operation).items())
        if status.startswith("2")
    }
    if not successes:
        raise DocumentError(f"{name} promises no success")
    authenticated = bool(operation.get("security", document["security"]))
    takes_proof = any(
        (each["in"], each["name"].lower()) == ("header", "dpop")
        for each in parameters(document, path, operation)
    )
    limit: str = operation.get("x-rate-limit", _OTHER)
    values = {
        "method": method.upper(),
        "path": path,
        "module": module,
        "statuses": tuple(successes),
        "with_content": tuple(status for status, has_content in successes.items() if has_content),
        "authenticated": authenticated,
        # The proof of one who does not authenticate goes with an access token, and names it.
        "dpop": authenticated and takes_proof,
        "needs_client_id": authenticated
        and any(
            "client_id" in schema.get("required", ())
            for schema in _request_schemas(document, operation)
        ),
        "repeatable": method == "get" or bool(operation.get("x-repeatable")),
        "limit": None if limit == "none" else limit,
    }
    return f"Operation({', '.join(f'{key}={value!r}' for key, value in values.items())})"


def _names(package: Path) -> dict[str, dict[str, str]]:
    """What the generator renamed: a ``to_dict()`` has ``field_dict["wireName"] = field_name``."""
    found: dict[str, dict[str, str]] = {}
    for file in sorted((package / "models").glob("*.py")):
        for model in ast.parse(file.read_text("utf-8")).body:
            if not isinstance(model, ast.ClassDef):
                continue
            pairs: list[tuple[ast.expr | None, ast.expr]] = []
            for node in ast.walk(model):
                if isinstance(node, ast.Dict):
                    pairs += zip(node.keys, node.values, strict=True)
                elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
                    pairs.append((node.targets[0].slice, node.value))
            renamed = {
                value.id: str(key.value)
                for key, value in pairs
                if isinstance(key, ast.Constant) and isinstance(value, ast.Name)
                if value.id != key.value
            }
            if renamed:
                found[model.name] = renamed
    return found


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


def _members(node: object) -> set[str]:
    """Names of all members, at any depth."""
    return {name for members in _objects(node) for name in members}


def _objects(node: object) -> Iterator[Node]:
    """The ``properties`` of all objects, at any depth."""
    if isinstance(node, list):
        for each in cast("list[object]", node):
            yield from _objects(each)
    elif isinstance(node, dict):
        for each in cast("Node", node).values():
            yield from _objects(each)
        named = cast("Node", node).get("properties")
        if isinstance(named, dict):
            yield cast("Node", named)


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
