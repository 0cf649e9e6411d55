"""``python deploy/editor/generate.py``: JSON Schemas with which editors complete and check the gateway's files.

They are made of the models that read the files, and of what docs/configuration.md says of each key. An editor cannot
see all that the gateway sees (whether a template's names are known, two filters compete, a pointer leads anywhere):
what a schema refuses the gateway refuses too, and `gateway check` finds the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from gateway.config.declaration import ContractDeclared, SharedTypeDeclared
from gateway.config.example_file import NULLABLE, ExamplesDeclared
from gateway.config.rules_file import RulesDeclared
from gateway.config.settings import Settings
from gateway.notation.layout import lay_out

FOLDER = Path(__file__).parent
PAGE = FOLDER.parents[1] / "docs" / "configuration.md"
DRAFT = "http://json-schema.org/draft-07/schema#"
"""What editors' YAML support knows best."""

_NULL = {"type": "null"}
_ABSENT = {"non_finite", "nan_literals", *NULLABLE}
"""Keys under which null means something."""
_KEPT = ("type", "enum", "const", "pattern", "minimum", "maximum", "exclusiveMinimum", "minItems", "required")
_TABLES: Mapping[str, str] = {
    "Mqtt": "### mqtt",
    "Registry": "### registry",
    "Settings": "### The rest",
    "ContractDeclared": "## contract.yaml",
    "TimestampDeclared": "### timestamp",
    "Options": "## Options and overrides",
    "AcceptedDeclared": "## examples.yaml",
    "RejectedDeclared": "## examples.yaml",
}
"""Model -> the heading above the table of its keys."""
_NO_DEFAULTS = {"none", "both", "accepted", "rejected"}
"""What else stands in the column before the meaning."""


class _Generator(GenerateJsonSchema):
    ignored_warning_kinds = GenerateJsonSchema.ignored_warning_kinds | {"non-serializable-default"}


def schemas() -> dict[str, str]:
    """The text of each schema, by the name of its file."""
    made = {
        "gateway": _substitutable(_schema(Settings)),
        "contract": _contract(),
        "examples": _schema(ExamplesDeclared),
        "rules": _schema(RulesDeclared),
    }
    return {
        f"{name}.schema.json": lay_out({"$schema": DRAFT, "title": f"{name}.yaml", **schema})
        for name, schema in made.items()
    }


def _schema(model: type[BaseModel]) -> dict[str, Any]:
    """A model's schema, with everything that it refers to in place."""
    whole = model.model_json_schema(schema_generator=_Generator, mode="validation")
    definitions = whole.pop("$defs", {})
    made = _plain(whole, definitions, model.__name__, "")
    if model is Settings:
        _open_sections(made)
    return dict(made)


def _plain(schema: Mapping[str, Any], definitions: Mapping[str, Any], model: str, prefix: str) -> dict[str, Any]:
    """A schema without references and defaults, each property with what the page says of it."""
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        found = _plain(definitions[name], definitions, *((name, "") if name in _TABLES else (model, prefix)))
        return found | ({"description": schema["description"]} if "description" in schema else {})
    plain: dict[str, Any] = {key: schema[key] for key in _KEPT if key in schema}
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            plain[key] = _plain(schema[key], definitions, model, prefix)
        elif key in schema:
            plain[key] = schema[key]
    for key in ("anyOf", "oneOf", "allOf"):
        if key in schema:
            plain["anyOf"] = [_plain(each, definitions, model, prefix) for each in schema[key]]
    if "properties" in schema:
        plain["properties"] = {
            name: _property(name, each, definitions, model, prefix) for name, each in schema["properties"].items()
        }
    return plain


def _property(
    name: str, schema: Mapping[str, Any], definitions: Mapping[str, Any], model: str, prefix: str
) -> dict[str, Any]:
    made = _plain(schema, definitions, model, f"{prefix}{name}.")
    if name not in _ABSENT and "anyOf" in made:
        made["anyOf"] = [each for each in made["anyOf"] if each != _NULL]
    if len(made.get("anyOf", ())) == 1:
        made |= made.pop("anyOf")[0]
    of_page = meanings(_TABLES[model]) if model in _TABLES else {}
    told = of_page.get(prefix + name, schema.get("description", ""))
    return {"description": " ".join(told.replace("``", "").split()), **made} if told else made


def meanings(heading: str) -> dict[str, str]:
    """What the first table below a heading of docs/configuration.md says of its keys."""
    table = PAGE.read_text(encoding="utf-8").split(f"\n{heading}\n", 1)[1].split("\n## ", 1)[0]
    return dict(_rows(table.split("\n|---", 1)[1].split("\n\n", 1)[0]))


def _rows(table: str) -> Iterator[tuple[str, str]]:
    for row in table.splitlines()[1:]:
        names, *cells = (cell.strip() for cell in row.strip("|").split(" | "))
        *about, meaning = (re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", cell).replace("`", "") for cell in cells)
        default = about[-1] if about else "none"
        told = meaning.strip(" |")
        if default == "required":
            told += " (required)"
        elif default not in _NO_DEFAULTS:
            told += f" (default: {default})"
        for name in re.findall(r"`([^`]+)`", names):
            yield name, told


def _open_sections(settings: dict[str, Any]) -> None:
    """Two sections take properties of others under their own names."""
    scalar = {"type": ["string", "number", "boolean"]}
    settings["properties"]["kafka"] = {
        "description": "Properties of librdkafka's producer, under its names, as in bootstrap.servers.",
        "type": "object",
        "additionalProperties": scalar,
    }
    registry = settings["properties"]["registry"]
    del registry["properties"]["properties"]
    told = meanings(_TABLES["Registry"])
    registry["properties"] |= {name: {"description": told[name], **scalar} for name in ("timeout", "proxy")}
    registry["patternProperties"] = {r"\.": scalar}


def _substitutable(schema: Any) -> Any:
    """A schema where each value may also come from outside: ``${NAME}``."""
    if not isinstance(schema, dict):
        return schema
    inside = {
        key: {name: _substitutable(each) for name, each in value.items()}
        if key in {"properties", "patternProperties"}
        else value
        for key, value in schema.items()
    }
    if schema.get("type") in ("integer", "number", "boolean") or "enum" in schema or "anyOf" in schema:
        description = {"description": inside.pop("description")} if "description" in inside else {}
        return {**description, "anyOf": [inside, {"type": "string", "pattern": r"\$\{"}]}
    return inside


def _contract() -> dict[str, Any]:
    """contract.yaml of a contract, or of a shared type, which has neither filter nor topic."""
    contract, shared = _schema(ContractDeclared), _schema(SharedTypeDeclared)
    claims = {"anyOf": [{"required": ["mqtt"]}, {"required": ["topic"]}]}
    return {
        **{key: value for key, value in contract.items() if key != "required"},
        "if": claims,
        "then": {"required": contract["required"]},
        "else": {"required": shared["required"], "propertyNames": {"enum": list(shared["properties"])}},
    }


def main() -> None:
    """Writes them."""
    for name, text in schemas().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
