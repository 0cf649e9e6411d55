"""The contracts below ``schemas/``, read by other libraries than the gateway's own: the second opinion.

Avro by fastavro and Apache's ``avro``, JSON Schema by ``jsonschema`` and jsonschema-rs. What they say
about clean payloads does not depend on any of our code.
"""

import functools
import io
import json
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import avro.name
import avro.schema
import fastavro
import jsonschema
import jsonschema_rs
import yaml
from fastavro.validation import validate

SCHEMAS = Path(__file__).parents[3] / "schemas"


@dataclass(frozen=True)
class Shipped:
    """One contract folder, as its files say."""

    name: str
    declared: dict[str, Any]
    schema: dict[str, Any]
    examples: dict[str, Any]

    @property
    def is_avro(self) -> bool:
        """Whether the schema is Avro; JSON Schema otherwise."""
        return self.schema.get("type") == "record"

    def captures(self, topic: str) -> dict[str, str] | None:
        """What the filter's captures hold for ``topic``; None where it does not match."""
        pattern, given = self.declared["mqtt"].split("/"), topic.split("/")
        if len(pattern) != len(given):
            return None
        captured = {}
        for level, text in zip(pattern, given, strict=True):
            if level.startswith("{"):
                captured[level.strip("{}")] = text
            elif level != text:
                return None
        return captured

    def objections(self, topic: str, payload: bytes) -> str | None:
        """Why the independent libraries refuse the payload as it is, None if they accept it."""
        document = json.loads(payload, parse_float=Decimal if self.is_avro else None, parse_constant=_no_json)
        for pointer, template in self.declared.get("fields", {}).items():
            document[pointer.removeprefix("/")] = template.format_map(self.captures(topic))
        return _avro_objections(self.name, document) if self.is_avro else _json_objections(self.schema, document)


@functools.cache
def routes() -> dict[str, Shipped]:
    """All contracts with an MQTT topic, by name."""
    return {name: each for name, each in _folders().items() if "mqtt" in each.declared}


@functools.cache
def shared() -> dict[str, Shipped]:
    """All shared types, by name."""
    return {name: each for name, each in _folders().items() if "mqtt" not in each.declared}


@functools.cache
def _folders() -> dict[str, Shipped]:
    return {each.name: each for each in map(_read, sorted(SCHEMAS.rglob("contract.yaml")))}


def _read(contract: Path) -> Shipped:
    folder = contract.parent
    (schema,) = folder.glob("schema.*")
    examples = folder / "examples.yaml"
    return Shipped(
        name=folder.relative_to(SCHEMAS).as_posix(),
        declared=yaml.safe_load(contract.read_text()),
        schema=json.loads(schema.read_text()),
        examples=yaml.safe_load(examples.read_text()) if examples.exists() else {},
    )


def _no_json(token: str) -> Any:
    raise json.JSONDecodeError("no JSON value", token, 0)  # json.loads alone takes NaN


def _referenced(contract: Shipped) -> list[Shipped]:
    by_subject = {each.declared["subject"]: each for each in shared().values()}
    return [by_subject[reference["subject"]] for reference in contract.declared.get("references", [])]


@functools.cache
def parsed_by_fastavro(name: str) -> Any:
    """The schema as fastavro parses it, with its references."""
    named: dict[str, Any] = {}
    for each in _referenced(_folders()[name]):
        fastavro.parse_schema(each.schema, named_schemas=named)
    return fastavro.parse_schema(_folders()[name].schema, named_schemas=named)


@functools.cache
def parsed_by_apache(name: str) -> Any:
    """The schema as Apache's own package parses it, with its references."""
    names = avro.name.Names()
    for each in _referenced(_folders()[name]):
        avro.schema.make_avsc_object(each.schema, names)
    return avro.schema.make_avsc_object(_folders()[name].schema, names)


def _avro_objections(name: str, document: Any) -> str | None:
    try:
        physical = _physical(parsed_by_apache(name), document)
        validate(physical, parsed_by_fastavro(name), raise_errors=True, strict=True)
        fastavro.schemaless_writer(io.BytesIO(), parsed_by_fastavro(name), physical)  # checks precision and scale
    except (ValueError, TypeError, KeyError, fastavro.validation.ValidationError) as exc:
        return f"{type(exc).__name__}: {exc}"
    return None


def _physical(schema: Any, value: Any) -> Any:
    """The JSON form of a value as fastavro takes it: decimals stay Decimal, fixed is read as hex."""
    match schema.type:
        case "record" if isinstance(value, dict):
            types = {field.name: field.type for field in schema.fields}
            return {key: _physical(types[key], item) for key, item in value.items()}  # fastavro ignores unknown keys
        case "array" if isinstance(value, list):
            return [_physical(schema.items, item) for item in value]
        case "union":
            (branch,) = (each for each in schema.schemas if each.type != "null")
            return None if value is None else _physical(branch, value)
        case "fixed":
            return bytes.fromhex(value)
        case "bytes":
            return Decimal(value) if type(value) is int else value
        case _:
            return float(value) if type(value) is Decimal else value


def _json_objections(schema: dict[str, Any], document: Any) -> str | None:
    checker = jsonschema.validators.validator_for(schema)
    ours = [f"jsonschema: {error.json_path}: {error.message}" for error in checker(schema).iter_errors(document)]
    fast = jsonschema_rs.validator_for(schema, validate_formats=False, offline=True)
    theirs = [f"jsonschema-rs: {error.message}" for error in fast.iter_errors(document)]
    return "; ".join(ours + theirs) or None
