"""Schemas that explode: each is compiled or refused with a word, in bounded memory and time, and never by a signal."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from gateway.errors import SchemaError
from gateway.model import Format, SchemaVersion
from tests.unit.compile.compiled import ARRIVAL, binding_of, json_version

NEW = "https://json-schema.org/draft/2020-12/schema"
MIDDLE = "https://json-schema.org/draft/2019-09/schema"

Build = Callable[[str], Any]


def chain(length: int, link: Build, *, by_anchor: bool = False) -> Any:
    """Definitions of which each is made by ``link`` from a reference to the next one."""
    way = "#d{}" if by_anchor else "#/$defs/d{}"
    definitions: dict[str, Any] = {f"d{n}": link(way.format(n + 1)) for n in range(length)}
    definitions[f"d{length}"] = {"type": "integer"}
    if by_anchor:
        definitions = {name: {"$anchor": name, **schema} for name, schema in definitions.items()}
    return {"$schema": NEW, "$ref": way.format(0), "$defs": definitions}


def nested(levels: int, around: Callable[[Any], Any]) -> Any:
    """A schema in a schema in a schema."""
    schema: Any = {"type": "integer"}
    for _ in range(levels):
        schema = around(schema)
    return schema


def twice(reference: str) -> Any:
    return {"allOf": [{"$ref": reference}, {"$ref": reference}]}


def twice_unevaluated(reference: str) -> Any:
    return {"anyOf": [{"$ref": reference}, {"$ref": reference}], "unevaluatedProperties": False}


REFUSED: Mapping[str, tuple[Any, str]] = {
    "alternatives doubled": (chain(30, twice), "too many ways"),
    "alternatives doubled, unevaluated": (chain(30, twice_unevaluated), "too many ways"),
    "alternatives doubled by anchors": (chain(30, twice_unevaluated, by_anchor=True), "too many ways"),
    "alternatives doubled below a long chain": (
        {**chain(30, twice), "$ref": "#/$defs/c0"}
        | {"$defs": chain(30, twice)["$defs"] | {f"c{n}": {"$ref": f"#/$defs/c{n + 1}"} for n in range(40)}
           | {"c40": {"$ref": "#/$defs/d0"}}},
        "too many ways",
    ),
    "alternatives doubled below 70 levels": (
        {"$schema": NEW, "$ref": "#/$defs/c0", "$defs": chain(30, twice)["$defs"]
         | {f"c{n}": {"properties": {"a": {"$ref": f"#/$defs/c{n + 1}"}}} for n in range(70)}
         | {"c70": {"$ref": "#/$defs/d0"}}},
        "too many ways",
    ),
    "alternatives doubled by dynamic references": (
        {"$schema": NEW, "$dynamicRef": "#d0", "$defs": {f"d{n}": {"$dynamicAnchor": f"d{n}", "anyOf": [
            {"$dynamicRef": f"#d{n + 1}"}, {"$dynamicRef": f"#d{n + 1}"}], "unevaluatedItems": False}
            for n in range(30)} | {"d30": {"$dynamicAnchor": "d30"}}},
        "too many ways",
    ),
    "alternatives doubled in the names of properties": (
        {"$schema": NEW, "items": {"propertyNames": {"$ref": "#/$defs/d0"}}, "$defs": chain(30, twice)["$defs"]},
        "too many ways",
    ),
    "a chain of 20 000 references": (chain(20_000, lambda ref: {"$ref": ref}), "more than 10000 subschemas"),
    "a chain of 9000 references": (chain(9_000, lambda reference: {"$ref": reference}), "too many ways"),
    "20 000 in anyOf": ({"anyOf": [{"const": n} for n in range(20_000)]}, "more than 10000 subschemas"),
    "a chain of 3000 combinations": (chain(3000, lambda reference: {"allOf": [{"$ref": reference}]}), "too many ways"),
    "alternatives nested 190 times": (nested(190, lambda schema: {"not": schema}), "too many ways"),
    "nested 900 times": (nested(900, lambda schema: {"items": schema}), "nested too deeply"),
    "nested 300 times": (nested(300, lambda schema: {"allOf": [schema]}), "nested too deeply"),
    "patterns of 300 MB": (
        {"allOf": [{"pattern": f"^\\p{{L}}{{1,{n}}}$"} for n in range(1, 100)]}, "its patterns need more than 64 MB"
    ),
    "a constant of 5 MB": ({"const": "x" * 5_000_000}, "characters, more than 4000000"),
}  # fmt: skip

COMPILED: Mapping[str, Any] = {
    "100 000 numbers": {"enum": list(range(100_000))},
    "100 000 values of two types": {"enum": [value for n in range(50_000) for value in (n, str(n))]},
    "30 000 objects": {"enum": [{"a": n} for n in range(30_000)]},
    "100 000 required names": {"required": [str(n) for n in range(100_000)]},
    "9000 in allOf": {"allOf": [{"type": "integer"}] * 9_000},
    "9000 in anyOf": {"anyOf": [{"const": n} for n in range(9_000)]},
    "9000 properties": {"properties": {f"p{n}": {"type": "integer"} for n in range(9_000)}},
    "doubled at every level": chain(25, lambda r: {"properties": {"a": {"$ref": r}, "b": {"$ref": r}}}),
    "a chain of 150 objects": chain(150, lambda reference: {"properties": {"a": {"$ref": reference}}}),
    "a reference to itself": {"$schema": NEW, "$ref": "#"},
    "two references to each other": {
        "$ref": "#/definitions/a",
        "definitions": {"a": {"$ref": "#/definitions/b"}, "b": {"$ref": "#/definitions/a"}},
    },
    "itself in allOf": {"allOf": [{"$ref": "#"}]},
    "itself in anyOf": {"anyOf": [{"$ref": "#"}, {"type": "integer"}]},
    "itself in oneOf": {"oneOf": [{"$ref": "#"}, {"$ref": "#"}]},
    "itself in not": {"not": {"$ref": "#"}},
    "itself in if": {"if": {"$ref": "#"}, "then": {"type": "integer"}},
    "itself as names": {"propertyNames": {"$ref": "#"}},
    "itself for a property": {"$schema": NEW, "dependentSchemas": {"a": {"$ref": "#"}}},
    "itself, dynamically": {"$schema": NEW, "$dynamicAnchor": "n", "$dynamicRef": "#n"},
    "itself, dynamically, in allOf": {"$schema": NEW, "$dynamicAnchor": "n", "allOf": [{"$dynamicRef": "#n"}]},
    "itself, recursively": {"$schema": MIDDLE, "$recursiveAnchor": True, "$recursiveRef": "#"},
    "extreme limits": {"minLength": 10**300, "maxItems": 1e300, "multipleOf": 5e-324, "maximum": 10**400},
}

PAYLOADS = (b"1", b'"x"', b"{}", b'{"a":{"a":{"b":1}},"b":"z"}', b'[1,"2",[3]]', b"[" * 64 + b"]" * 64)


def report() -> None:
    """Prints what becomes of every bomb; run in a process of its own."""
    for name, schema in [*((name, schema) for name, (schema, _) in REFUSED.items()), *COMPILED.items()]:
        sys.stdout.write(f"{json.dumps(name)} ")
        sys.stdout.flush()
        try:
            binding = binding_of(json_version(schema))
        except SchemaError as exc:
            sys.stdout.write(f"{json.dumps(str(exc))}\n")
        else:
            for payload in PAYLOADS:
                binding.encode(payload, ARRIVAL)
            sys.stdout.write('""\n')


def test_no_schema_ends_the_process_or_keeps_it_busy():
    """Each is refused with its reason, or compiled and answers to payloads: in 1 GB of memory, 120 s of CPU for all."""

    def bounded() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
        resource.setrlimit(resource.RLIMIT_CPU, (120, 120))

    code = "from tests.unit.compile.json_schema.test_bombs import report; report()"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, preexec_fn=bounded)
    assert run.returncode == 0, (run.stdout[-300:], run.stderr[-1000:])
    decoder = json.JSONDecoder()
    told: dict[str, str] = {}
    for line in run.stdout.splitlines():
        name, end = decoder.raw_decode(line)
        told[name] = json.loads(line[end:])
    assert told.keys() == {*REFUSED, *COMPILED}
    for name, (_, reason) in REFUSED.items():
        assert reason in told[name], name
    assert {name: told[name] for name in COMPILED} == dict.fromkeys(COMPILED, "")


@pytest.mark.parametrize(
    ("schema", "place"),
    [
        ({"$schema": NEW, "properties": {"a": {"$ref": "#/$defs/d0"}}, "$defs": chain(30, twice)["$defs"]},
         "/properties/a"),
        ({"$schema": NEW, "items": {"propertyNames": {"$ref": "#/$defs/d0"}}, "$defs": chain(30, twice)["$defs"]},
         "/items/propertyNames"),
        ({"properties": {"a": {"items": nested(300, lambda schema: {"not": schema})}}}, "/properties/a/items/not"),
        (chain(9_000, lambda reference: {"$ref": reference}), ""),
    ],
)  # fmt: skip
def test_what_explodes_is_told_with_its_place(schema: Any, place: str):
    """A person finds the part of the schema that is too much, and reads what to do about it."""
    with pytest.raises(SchemaError, match=r"say less by|take parts out") as caught:
        binding_of(json_version(schema))
    assert caught.value.schema_path == place


@pytest.mark.parametrize("text", ["[" * 100_000, '{"not":' * 100_000, "1" * 5000, '{"maximum":' + "9" * 5000 + "}"])
def test_text_that_is_a_bomb_for_the_parser_is_refused(text: str):
    """Brackets without end, integers of more digits than Python reads."""
    with pytest.raises(SchemaError):
        binding_of(SchemaVersion("s", 1, 1, Format.JSON, text))
