"""Requests that nobody should send: each is answered as Confluent does, or refused; none breaks the server."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.registry.development.http import registry_app
from gateway.registry.development.store import Store

DRAFT = "https://json-schema.org/draft/2020-12/schema"
JSON_FIRST = {
    "type": "object",
    "properties": {"a": {"type": "integer"}, "b": {"type": "array", "items": {"type": "string", "pattern": "^a"}}},
    "anyOf": [{"required": ["a"]}, {"minProperties": 3}],
}
AVRO_FIRST = {"type": "record", "name": "R", "fields": [{"name": "a", "type": "int"}]}


class Caller:
    """A registry without a socket, in which each kind has a subject."""

    def __init__(self) -> None:
        self._app = registry_app(Store())

    async def __call__(self, method: str, target: str, body: bytes | dict[str, Any] = b"") -> tuple[int, Any]:
        """Status and answer."""
        path, _, query = target.partition("?")
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": raw, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(b"content-type", b"application/json")],
        }
        await self._app(scope, receive, send)
        return sent[0]["status"], json.loads(b"".join(each.get("body", b"") for each in sent[1:]))


@pytest.fixture
async def call() -> Caller:
    caller = Caller()
    await caller("PUT", "/config", {"compatibility": "FULL"})
    for kind, first in (("AVRO", AVRO_FIRST), ("JSON", JSON_FIRST)):
        status, _ = await caller(
            "POST", f"/subjects/{kind}/versions", {"schema": json.dumps(first), "schemaType": kind}
        )
        assert status == 200
    return caller


INVALID_JSON = [
    '{"$schema":5}',
    '{"$schema":["a"]}',
    '{"type":"nope"}',
    '{"required":[5]}',
    '{"maximum":NaN}',
    '{"minimum":1e400}',
    '{"description":"\\ud800"}',
    '{"$ref":"#/$defs/\\ud800"}',
    '{"$id":"http://[bad"}',
    '{"properties":{"a":{"$ref":"http://[bad"}}}',
    *(
        f'{{"$ref":"#/x","x":{part}}}'
        for part in ("5", "[]", '{"type":5}', '{"allOf":5}', '{"anyOf":[5]}', '{"properties":5}', '{"required":5}')
    ),
    '{"properties":{"a":{"$ref":"#/x"}},"x":{"items":{"$ref":"#/y"}},"y":{"enum":5}}',
    '{"not":' * 250 + "{}" + "}" * 250,
    "[" * 100_000,
]
INVALID_AVRO = [
    "int",
    "NaN",
    "5",
    '{"type":"long","logicalType":{"a":1}}',
    '{"type":"string","x":1e999}',
    '{"type":"record","name":"\\ud800","fields":[]}',
    '{"type":"record","name":"R","doc":"\\ud800","fields":[]}',
    '{"type":"record","name":5,"fields":[]}',
    '{"type":"record","name":"R","namespace":5,"fields":[]}',
    '{"type":"record","name":"R","aliases":5,"fields":[]}',
    '{"type":"record","name":"R","aliases":[5],"fields":[]}',
    '{"type":"enum","name":"E","symbols":["A"],"aliases":5}',
    '{"type":"array","items":{"type":"fixed","name":"F","size":2,"aliases":[5]}}',
    '{"type":"record","name":"R","fields":[{"name":"b","type":"int","default":0,"aliases":[{"x":1}]}]}',
    '{"type":"record","name":"R","fields":[{"name":"b","type":["null",{"type":"error_union","declared_errors":[]}]}]}',
    '{"type":"request","fields":[]}',
    '{"type":"array","items":' * 2000 + '"int"' + "}" * 2000,
]


@pytest.mark.parametrize(
    ("kind", "text"),
    [*(("JSON", text) for text in INVALID_JSON), *(("AVRO", text) for text in INVALID_AVRO)],
    ids=lambda value: value[:60],
)
async def test_an_invalid_schema(call: Caller, kind: str, text: str) -> None:
    """422 with 42201, whether or not there is an earlier version; asked with ``verbose`` it is a verdict."""
    body = {"schema": text, "schemaType": kind}
    for subject in ("new", kind):
        for target in (f"/subjects/{subject}/versions", f"/subjects/{subject}/versions?normalize=true"):
            status, answer = await call("POST", target, body)
            assert (status, answer["error_code"]) == (422, 42201), answer
        check = f"/compatibility/subjects/{subject}/versions"
        assert (await call("POST", check, body))[1]["error_code"] == 42201
        status, answer = await call("POST", f"{check}?verbose=true", body)
        assert (status, answer["is_compatible"]) == (200, False)
    assert (await call("POST", f"/subjects/{kind}", body))[1]["error_code"] == 42201
    assert (await call("GET", "/subjects/new/versions"))[0] == 404


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("JSON", '{"$ref":"#"}'),
        ("JSON", '{"$defs":{"a":{"$ref":"#/$defs/b"},"b":{"$ref":"#/$defs/a"}},"$ref":"#/$defs/a"}'),
        ("JSON", '{"$ref":"#/nowhere"}'),
        ("JSON", '{"$ref":"http://nobody.example/x"}'),
        ("JSON", '{"prefixItems":5}'),
        ("JSON", '{"$schema":"http://json-schema.org/draft-03/schema#","type":"integer"}'),
        ("JSON", '{"properties":{"a":{"$id":"http://x/y","$schema":"urn:x"}}}'),
        ("JSON", '{"patternProperties":{"(?=a)":{"type":"string"}}}'),
        ("AVRO", '{"type":"error","name":"R","fields":[{"name":"a","type":"int"}]}'),
        ("AVRO", '{"type":"record","name":"R","fields":[{"name":"a","type":["null","R"]}]}'),
        ("AVRO", '{"type":"bytes","logicalType":"decimal","precision":"a"}'),
    ],
)
async def test_an_odd_schema(call: Caller, kind: str, text: str) -> None:
    """A registry takes it; so it is compared, with an earlier version and as one, and never a failure of the server."""
    body = {"schema": text, "schemaType": kind}
    assert (await call("POST", "/subjects/new/versions", body))[0] == 200
    first = JSON_FIRST if kind == "JSON" else AVRO_FIRST
    for subject, schema in ((kind, text), ("new", json.dumps(first))):
        status, _ = await call("POST", f"/subjects/{subject}/versions", {"schema": schema, "schemaType": kind})
        assert status in {200, 409}


async def test_a_misspelled_dialect_counts_as_draft_7(call: Caller) -> None:
    """As for Confluent's registry, which falls back to it; the text is kept as it came."""
    text = json.dumps({"$schema": DRAFT.replace("/schema", "/shcema"), "type": "integer"})
    for schema, status in (('{"type":"integer"}', 200), (text, 200), ('{"type":"string"}', 409)):
        assert (await call("POST", "/subjects/d/versions", {"schema": schema, "schemaType": "JSON"}))[0] == status
    assert json.loads((await call("GET", "/subjects/d/versions/2"))[1]["schema"]) == json.loads(text)


SCHEMA = '"schema": "\\"int\\""'


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "{",
        '{"schema": 5}',
        *(f'{{{SCHEMA}, "schemaType": {kind}}}' for kind in ("5", "[1]", '{"a": 1}', '"avro"')),
        *(f'{{{SCHEMA}, "references": {each}}}' for each in ("5", '"x"', '{"a": 1}', "[5]", "[{}]")),
        *(
            f'{{{SCHEMA}, "references": [{{"name": "a", "subject": "AVRO", "version": {version}}}]}}'
            for version in ("0", "1e400", "NaN", "null", str(2**31), str(10**400), "9" * 5000)
        ),
        f'{{{SCHEMA}, "references": [{{"name": "\\ud800", "subject": "AVRO", "version": 1}}]}}',
        *(
            f'{{{SCHEMA}, "metadata": {each}}}'
            for each in ("5", "[1]", '{"tags": 5}', '{"tags": {"a": 5}}', '{"properties": [1]}', '{"sensitive": 5}')
        ),
        f'{{{SCHEMA}, "ruleSet": 5}}',
        f'{{{SCHEMA}, "ruleSet": {{"a": NaN}}}}',
    ],
    ids=lambda value: value[:70],
)
async def test_a_body_that_is_none(call: Caller, body: str) -> None:
    """400 or 422, for every resource that reads one; nothing is registered."""
    for target in ("/subjects/x/versions", "/subjects/AVRO", "/compatibility/subjects/JSON/versions/1"):
        status, answer = await call("POST", target, body.encode())
        assert status in {400, 422}, answer
    for target in ("/config", "/mode/AVRO"):
        assert (await call("PUT", target, body.encode()))[0] in {400, 422}
    assert (await call("GET", "/subjects/x/versions"))[0] == 404


@pytest.mark.parametrize("target", ["/schemas/ids/", "/subjects/AVRO/versions/", "/subjects?offset="])
async def test_a_number_without_an_end(call: Caller, target: str) -> None:
    """Nobody has that many schemas: it is not there, or no number."""
    assert (await call("GET", target + "9" * 5000))[0] in {404, 422}
