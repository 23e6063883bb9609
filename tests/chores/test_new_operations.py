"""Operations that the document does not have: once generated, they work without more ado."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tasks import generate
from tasks.document import load
from tasks.operations import DocumentError, module_of
from tasks.project import ROOT

# Names that the generator changes, formats that it parses, and answers of every form.
_GROWTH = """
schemas:
  Part:
    type: object
    required: [partId]
    properties: {partId: {type: string}, size: {type: integer}}
  Gadget:
    type: object
    required: [gadgetId]
    properties:
      gadgetId: {type: string}
      displayName: {type: [string, 'null']}
      createdAt: {type: string, format: date-time}
      class: {type: string}
      labels: {type: object, additionalProperties: {type: string}}
      parts: {type: array, items: {$ref: '#/components/schemas/Part'}}
  Job: {type: object, required: [job], properties: {job: {type: string}}}
  Cat: {type: object, required: [meow], properties: {meow: {type: string}}}
  Dog: {type: object, required: [bark], properties: {bark: {type: string}}}
  Shelf: {type: object, additionalProperties: {$ref: '#/components/schemas/Part'}}
  Wish:
    type: object
    required: [name]
    properties:
      name: {type: string}
      pin: {type: string, format: password}
      pins: {type: object, additionalProperties: {type: string, format: password}}
  Order:
    type: object
    properties:
      tags: {type: array, items: {type: string}}
      kind: {type: string, enum: [big, small]}
      dueAt: {type: string, format: date-time}
      count: {type: integer}
      ratio: {type: number}
  Visit:
    type: object
    required: [client_id]
    properties: {client_id: {$ref: '#/components/schemas/ClientId'}}
  WidgetGrant:
    type: object
    required: [grant_type, widgetToken]
    properties:
      grant_type: {type: string, const: 'urn:widget', default: 'urn:widget'}
      widgetToken: {type: string, format: password}
      dueAt: {type: string, format: date-time}
members:
  issuedOn: {type: string, format: date-time}
  madeBy: {$ref: '#/components/schemas/Part'}
answers:
  Gadget: &gadget
    description: .
    content: {application/json: {schema: {$ref: '#/components/schemas/Gadget'}}}
  Gadgets: &gadgets
    description: .
    content:
      application/json: {schema: {type: array, items: {$ref: '#/components/schemas/Gadget'}}}
  Job: &job
    description: .
    content: {application/json: {schema: {$ref: '#/components/schemas/Job'}}}
  Pet: &pet
    description: .
    content:
      application/json:
        schema: {oneOf: [{$ref: '#/components/schemas/Cat'}, {$ref: '#/components/schemas/Dog'}]}
  Shelf: &shelf
    description: .
    content: {application/json: {schema: {$ref: '#/components/schemas/Shelf'}}}
  Nothing: &nothing {description: .}
  Text: &text {description: ., content: {text/plain: {schema: {type: string}}}}
  Blob: &blob
    description: .
    content: {application/octet-stream: {schema: {type: string, format: binary}}}
  Maybe: &maybe
    description: .
    content:
      application/json:
        schema: {anyOf: [{$ref: '#/components/schemas/Gadget'}, {type: 'null'}]}
  Refused: &refused {$ref: '#/components/responses/Refused'}
bodies:
  - &wish
    required: true
    content: {application/json: {schema: {$ref: '#/components/schemas/Wish'}}}
  - &order
    required: true
    content: {application/x-www-form-urlencoded: {schema: {$ref: '#/components/schemas/Order'}}}
  - &visit
    required: true
    content: {application/x-www-form-urlencoded: {schema: {$ref: '#/components/schemas/Visit'}}}
paths:
  /oauth2/v1/gadgets:
    get:
      operationId: findGadgets
      tags: [Gadget Shop]
      security: []
      parameters:
        - {name: ids, in: query, schema: {type: array, items: {type: string}}}
        - {name: limit, in: query, schema: {type: integer}}
        - {name: X-Trace, in: header, schema: {type: string}}
      responses: {'200': *gadgets, default: *refused}
    post:
      operationId: makeGadget
      tags: [Gadget Shop]
      security: []
      requestBody: *wish
      responses: {'200': *gadget, '202': *job, '204': *nothing, default: *refused}
  /oauth2/v1/gadgets/{gadget-id}:
    parameters: [&id {name: gadget-id, in: path, required: true, schema: {type: string}}]
    get:
      operationId: getOAuth2Gadget
      tags: [Gadget Shop]
      security: []
      responses: {'200': *gadget, default: *refused}
    put:
      operationId: putGadget
      tags: [Gadget Shop]
      security: []
      requestBody: *wish
      responses: {'200': *gadget, default: *refused}
    delete:
      operationId: dropGadget
      tags: [Gadget Shop]
      security: []
      responses: {'204': *nothing, default: *refused}
  /oauth2/v1/gadgets/job:
    get:
      operationId: getJob
      tags: [Gadget Shop]
      security: []
      responses: {'200': *job, default: *refused}
  /oauth2/v1/gadgets/order:
    post:
      operationId: orderGadget
      tags: [Gadget Shop]
      requestBody: *order
      responses: {'201': *gadget, default: *refused}
  /oauth2/v1/gadgets/visit:
    post:
      operationId: visitGadget
      tags: [Gadget Shop]
      security: []
      requestBody: *visit
      responses: {'200': *gadget, default: *refused}
  /oauth2/{authorizationServerId}/v1/pets/{petId}:
    get:
      operationId: getPet
      security: []
      parameters:
        - {name: authorizationServerId, in: path, required: true, schema: {type: string}}
        - {name: petId, in: path, required: true, schema: {type: string}}
      responses: {'200': *pet, default: *refused}
  /oauth2/v1/anything:
    get:
      operationId: getAnything
      security: []
      responses:
        '200': {description: ., content: {application/json: {schema: {}}}}
        default: *refused
  /oauth2/v1/invitations/{invitation}/{guest}:
    parameters:
      - {name: invitation, in: path, required: true, schema: {type: string, format: password}}
      - {name: guest, in: path, required: true, schema: {type: string}}
    get:
      operationId: getInvitation
      security: []
      responses: {'200': *maybe, default: *refused}
  /oauth2/v1/text:
    get:
      operationId: getText
      security: []
      responses: {'200': *text, default: *refused}
  /oauth2/v1/blob:
    get:
      operationId: getBlob
      security: []
      responses: {'200': *blob, default: *refused}
  /oauth2/v1/shelf:
    get:
      operationId: getShelf
      security: []
      responses: {'200': *shelf, default: *refused}
"""
# A server of the test's own, and each call on both faces, which must agree.
_SERVER = """
import asyncio, datetime, httpx
from okta_oidc import AsyncOktaOIDC, ClientSecretBasic, OktaError, OktaOIDC, Tokens
from okta_oidc_api.api.default import (
    get_anything, get_blob, get_invitation, get_pet, get_shelf, get_text,
)
from okta_oidc_api.api.gadget_shop import (
    drop_gadget, find_gadgets, get_job, get_o_auth_2_gadget, make_gadget, order_gadget, put_gadget,
    visit_gadget,
)
from okta_oidc_api.models import *

asked, answers = [], []

def answer(request):
    scheme = request.headers.get("authorization", "nobody").split()[0]
    trace = request.headers.get("x-trace", "")
    target = request.url.raw_path.decode().removeprefix("/oauth2")
    whole = (scheme, request.method, target, request.content.decode(), trace)
    asked.append(" ".join(whole).strip())
    status, said = answers.pop(0)
    kind = "content" if isinstance(said, bytes) else "json"
    return httpx.Response(status, **{kind: said})

transport = httpx.MockTransport(answer)
org = ("https://dev-000000.okta.com", ClientSecretBasic("client-id", "client-secret"))
okta = OktaOIDC(*org, http_client=httpx.Client(transport=transport))
other = AsyncOktaOIDC(*org, http_client=httpx.AsyncClient(transport=transport))

def tell(module, status, said, *arguments, **options):
    told = []
    for call in (
        lambda: module.sync_detailed(*arguments, client=okta.api, **options),
        lambda: asyncio.run(module.asyncio_detailed(*arguments, client=other.api, **options)),
    ):
        answers[:] = [(status, said)]
        try:
            told.append(call().parsed)
        except OktaError as error:
            told.append(f"{type(error).__name__} {error}")
    assert told[0] == told[1] and len(set(asked)) < 2, (told, asked)
    print(*asked[:1] or ("not sent",))
    asked.clear()
    return told[0]
"""
_AT = "2026-01-02T03:04:05Z"


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is generated of the document, grown."""
    folder = tmp_path_factory.mktemp("grown")
    growth: dict[str, Any] = yaml.safe_load(_GROWTH)
    said: dict[str, Any] = yaml.safe_load(generate.DOCUMENT.read_text("utf-8"))
    schemas: dict[str, Any] = said["components"]["schemas"]
    schemas |= growth["schemas"]
    for name in ("TokenResponse", "IntrospectionResponse"):
        schemas[name]["properties"] |= growth["members"]
    for name in ("OrgTokenRequest", "CustomTokenRequest"):
        schemas[name]["oneOf"].append({"$ref": "#/components/schemas/WidgetGrant"})
    said["paths"] |= growth["paths"]
    document, config = folder / "document.yaml", folder / "config.yaml"
    document.write_text(yaml.safe_dump(said, sort_keys=False), "utf-8")
    # How it is formatted is nobody's concern here, and takes as long as the rest.
    settings = yaml.safe_load(generate.CONFIG.read_text("utf-8"))
    config.write_text(yaml.safe_dump({**settings, "post_hooks": []}), "utf-8")
    return generate.generated(folder, document=document, config=config)


def _said(package: Path, program: str) -> list[str]:
    """What a program prints that uses the overlay as it is on the grown package."""
    paths = os.pathsep.join([str(ROOT / "overlay"), str(package)])
    done = subprocess.run(
        [sys.executable, "-c", _SERVER + program],
        env={**os.environ, "PYTHONPATH": paths},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout.splitlines()


def test_requests_of_every_form(package: Path) -> None:
    said = _said(
        package,
        """
gadget = {"gadgetId": "g"}
due = datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC)
order = Order(tags=["a", "b"], kind="big", due_at=due, count=5, ratio=1.5)
tell(find_gadgets, 200, [], ids=["a", "b c"], limit=3, x_trace="t")
tell(make_gadget, 200, gadget, body=Wish(name="n"))
tell(put_gadget, 200, gadget, "g/1", body=Wish(name="n"))
tell(drop_gadget, 204, b"", "g")
tell(get_pet, 200, {"bark": "b"}, "aus1", "p")
print(tell(order_gadget, 201, gadget, body=order).gadget_id)
# Where nobody authenticates, the client's id is a member like any other.
tell(visit_gadget, 200, gadget, body=Visit(client_id="c"))
# This path is not one of a gadget whose id is "job".
print(tell(get_job, 200, {"job": "j"}))
""",
    )
    assert [line.removesuffix(", additional_properties={})") for line in said] == [
        "nobody GET /v1/gadgets?ids=a&ids=b+c&limit=3  t",
        'nobody POST /v1/gadgets {"name":"n"}',
        'nobody PUT /v1/gadgets/g%2F1 {"name":"n"}',
        "nobody DELETE /v1/gadgets/g",
        "nobody GET /aus1/v1/pets/p",
        "Basic POST /v1/gadgets/order"
        " tags=a&tags=b&kind=big&dueAt=2026-01-02T00%3A00%3A00%2B00%3A00&count=5&ratio=1.5",
        "g",
        "nobody POST /v1/gadgets/visit client_id=c",
        "nobody GET /v1/gadgets/job",
        "Job(job='j'",
    ]


@pytest.mark.parametrize(
    ("call", "parsed"),
    [
        (f"get_o_auth_2_gadget, 200, {{**G, 'createdAt': '{_AT}'}}, 'g'",
         "it.created_at.hour == 3"),
        ("get_o_auth_2_gadget, 200, {**G, 'class': 'c'}, 'g'", "it.class_ == 'c'"),
        ("get_o_auth_2_gadget, 200, {**G, 'displayName': None}, 'g'", "it.display_name is None"),
        ("get_o_auth_2_gadget, 200, {**G, 'labels': {'a': 'b'}}, 'g'", "it.labels['a'] == 'b'"),
        ("get_o_auth_2_gadget, 200, {**G, 'parts': [{'partId': 'p', 'size': '3'}]}, 'g'",
         "it.parts[0].size == 3"),
        ("find_gadgets, 200, [G, G]", "[one.gadget_id for one in it] == ['g', 'g']"),
        ("find_gadgets, 201, [G]", "it[0].gadget_id == 'g'"),
        ("make_gadget, 200, G, body=Wish(name='n')", "it.gadget_id == 'g'"),
        ("make_gadget, 201, G, body=Wish(name='n')", "it.gadget_id == 'g'"),
        ("make_gadget, 202, {'job': 'j'}, body=Wish(name='n')", "it.job == 'j'"),
        ("make_gadget, 204, b'', body=Wish(name='n')", "it is None"),
        ("get_pet, 200, {'meow': 'm'}, 'aus1', 'p'", "it.meow == 'm'"),
        ("get_pet, 200, {'bark': 'b'}, 'aus1', 'p'", "it.bark == 'b'"),
        ("get_shelf, 200, {'a': {'partId': 'p'}}", "it['a'].part_id == 'p'"),
        ("get_anything, 200, [5]", "it == [5]"),
        ("get_anything, 200, b'null'", "it is None"),
        ("get_invitation, 200, b'null', 'i', 'u'", "it is None"),
        ("get_invitation, 200, G, 'i', 'u'", "it.gadget_id == 'g'"),
        ("get_text, 200, b'hello'", "it == 'hello'"),
    ],
)  # fmt: skip
def test_answers_that_are_parsed(package: Path, call: str, parsed: str) -> None:
    assert _said(package, f"G = {{'gadgetId': 'g'}}\nit = tell({call})\nassert {parsed}, it")


@pytest.mark.parametrize(
    ("call", "error"),
    [
        ("find_gadgets, 200, [{'gadgetId': 5}]", "MalformedResponseError HTTP 200"),
        ("find_gadgets, 200, [{}]", "MalformedResponseError HTTP 200"),
        ("find_gadgets, 200, {'gadgetId': 'g'}", "MalformedResponseError HTTP 200"),
        ("find_gadgets, 200, b'<html>'", "MalformedResponseError HTTP 200"),
        ("find_gadgets, 204, b''", "MalformedResponseError HTTP 204"),
        ("find_gadgets, 200, [], x_trace='a\\nb'", "ConfigurationError a header"),
        ("get_o_auth_2_gadget, 200, {}, 'g'", "it has no gadgetId"),
        ("get_o_auth_2_gadget, 200, {**G, 'createdAt': 'soon'}, 'g'", "its member createdAt"),
        ("get_o_auth_2_gadget, 200, {**G, 'class': 5}, 'g'", "its member class"),
        ("get_o_auth_2_gadget, 200, {**G, 'labels': {'a': 5}}, 'g'", "its member labels"),
        ("get_o_auth_2_gadget, 200, {**G, 'parts': [{}]}, 'g'", "its member parts"),
        ("make_gadget, 202, G, body=Wish(name='n')", "MalformedResponseError HTTP 202"),
        ("make_gadget, 200, b'', body=Wish(name='n')", "MalformedResponseError HTTP 200"),
        ("get_pet, 200, {'bark': 5}, 'aus1', 'p'", "MalformedResponseError HTTP 200"),
        ("get_shelf, 200, {'a': {'partId': 5}}", "its member a"),
        ("get_anything, 200, b'<html>'", "MalformedResponseError HTTP 200"),
        ("get_anything, 200, b'[NaN]'", "the body is not JSON"),
        ("get_invitation, 200, b'', 'i', 'u'", "the body is not JSON"),
        ("get_invitation, 200, b'{\"gadgetId\": NaN}', 'i', 'u'", "the body is not JSON"),
        ("get_text, 200, b'a' * (1 << 20) + b'b'", "the body is larger"),
        ("get_blob, 200, b'a' * (1 << 20) + b'b'", "the body is larger"),
        ("drop_gadget, 200, b'<html>', 'g'", "MalformedResponseError HTTP 200"),
        ("order_gadget, 401, {}, body=Order()", "InvalidClientError HTTP 401"),
        ("visit_gadget, 401, {}, body=Visit(client_id='c')", "APIError HTTP 401"),
        (
            "make_gadget, 400, {'error': 'e', 'error_description': 'not hunter-22'},"
            " body=Wish(name='n', pin='hunter-22')",
            "APIError e (HTTP 400): not [redacted].",
        ),
        (
            "make_gadget, 400, {'error': 'e', 'error_description': 'not hunter-22'},"
            " body=Wish(name='n', pins=WishPins.from_dict({'name': 'hunter-22'}))",
            "APIError e (HTTP 400): not [redacted].",
        ),
        (
            "get_invitation, 400, {'error': 'e', 'error_description': 'no b/22 of j@a.example'},"
            " 'b/22', 'j@a.example'",
            "APIError e (HTTP 400): no [redacted] of [redacted].",
        ),
        ("get_o_auth_2_gadget, 200, G, ''", "ConfigurationError the last parameter"),
    ],
)
def test_answers_that_are_errors(package: Path, call: str, error: str) -> None:
    (*_, last) = _said(package, f"G = {{'gadgetId': 'g'}}\nprint(tell({call}))")
    assert error in last


def test_what_stands_in_a_path_is_in_no_log_and_no_span(package: Path) -> None:
    """But for the id of a server."""
    said = _said(
        package,
        """
import logging, sys
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

seen = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(seen))
trace.set_tracer_provider(provider)
logging.getLogger("okta_oidc").addHandler(logging.StreamHandler(sys.stdout))
logging.getLogger("okta_oidc").setLevel("DEBUG")
answers += [(200, b"null"), (200, {"meow": "m"})]
get_invitation.sync("hunter-22", "jane@a.example", client=okta.api)
get_pet.sync("aus1", "p", client=okta.api)
found = [span.attributes.get("url.full") for span in seen.get_finished_spans()]
print(*filter(None, found))
""",
    )
    assert said == [
        "GET /oauth2/v1/invitations/{invitation}/{guest}: HTTP 200",
        "GET /oauth2/aus1/v1/pets/{petId}: HTTP 200",
        "https://dev-000000.okta.com/oauth2/v1/invitations/{invitation}/{guest}"
        " https://dev-000000.okta.com/oauth2/aus1/v1/pets/{petId}",
    ]


@pytest.mark.parametrize("name", ["d", "cls", "fieldDict", "from_dict", "additionalProperties"])
def test_a_member_that_no_answer_could_be_read_with(name: str) -> None:
    """The generator writes it without a word, and the types of what it writes hold."""
    document: Any = load(generate.DOCUMENT)
    document["components"]["schemas"]["UserInfo"]["properties"][name] = {"type": "string"}
    with pytest.raises(DocumentError, match=name):
        module_of(document, generate.GENERATED / generate.PACKAGE)


@pytest.mark.parametrize("name", ["parts_item", "partsItemData"])
def test_a_member_that_the_loop_over_a_list_takes_the_place_of(name: str) -> None:
    """What the list holds last would be sent, and read, in its place."""
    document: Any = load(generate.DOCUMENT)
    parts = {"type": "array", "items": {"type": "string", "format": "date-time"}}
    members = document["components"]["schemas"]["UserInfo"]["properties"]
    members.update({name: {"type": "string"}, "parts": parts})
    with pytest.raises(DocumentError, match=name):
        module_of(document, generate.GENERATED / generate.PACKAGE)


@pytest.mark.parametrize("name", ["headers", "Params", "quote"])
def test_a_parameter_that_could_not_be_sent(name: str) -> None:
    document: Any = load(generate.DOCUMENT)
    document["components"]["parameters"]["ClientIdOfKeys"]["name"] = name
    with pytest.raises(DocumentError, match=name):
        module_of(document, generate.GENERATED / generate.PACKAGE)


def test_a_proof_is_known_however_its_header_is_spelled() -> None:
    document: Any = load(generate.DOCUMENT)
    as_it_is = module_of(document, generate.GENERATED / generate.PACKAGE)
    document["components"]["parameters"]["DPoP"]["name"] = "DPoP"
    spelled = module_of(document, generate.GENERATED / generate.PACKAGE)
    assert spelled.count("dpop=True") == as_it_is.count("dpop=True") > 0


def test_new_members_and_a_grant(package: Path) -> None:
    said = _said(
        package,
        f"""
new = {{"issuedOn": "{_AT}", "madeBy": {{"partId": "p"}}}}
tokens = {{"token_type": "Bearer", "access_token": "t", **new}}
grant = WidgetGrant(widget_token="w", due_at=datetime.datetime(2026, 1, 2))
for request in (grant, grant.to_dict()):
    answers.append((200, tokens))
    print(okta.token(request).issued_on.hour, asked.pop())
for missing in ({{}}, {{"widgetToken": ""}}):
    try:
        okta.token({{"grant_type": "urn:widget", **missing}})
    except OktaError as error:
        print(error)
answers += [(200, tokens), (200, {{"active": True, **new}})]
held = okta.token_for_code("c", "https://app.example/")
for result in (held, Tokens.from_dict(held.to_dict()), okta.introspect("t")):
    print(result.model.issued_on.hour, result.model.made_by.part_id)
""",
    )
    sent = (
        "Basic POST /default/v1/token"
        " grant_type=urn%3Awidget&widgetToken=w&dueAt=2026-01-02T00%3A00%3A00"
    )
    assert said == [
        *[f"3 {sent}"] * 2,
        "widgetToken is missing",
        "widgetToken is empty",
        *["3 p"] * 3,
    ]
