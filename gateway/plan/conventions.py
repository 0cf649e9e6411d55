"""Whether contracts keep the rules that their team has given itself (rules.yaml)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from gateway.compile.json_schema.subschemas import subschemas
from gateway.config.coexistence import subjects
from gateway.config.contract import Contract, Contracts, SchemaFile, SharedType
from gateway.config.files import display
from gateway.config.rules_file import NamesDeclared, RulesDeclared, Style, Weight
from gateway.model import Format
from gateway.notation.lines import json_place
from gateway.notation.pointer import Pointer
from gateway.plan.findings import Area, Check, Finding, Grade

_GRADES = {Weight.NOTICE: Grade.NOTICE, Weight.PROBLEM: Grade.PROBLEM}


class _Name(NamedTuple):
    """A name in a schema, and what describes the thing."""

    kind: str
    """As in ``names``: type, field or symbol."""
    name: str
    steps: tuple[str, ...]
    """Where the thing stands."""
    is_described: bool


def breaches(contracts: Contracts, rules: RulesDeclared) -> Iterator[Finding]:
    """Every place at which a rule is not kept, folder by folder."""
    for folder in contracts.folders:
        yield from _folder(folder, rules)
        if isinstance(folder, Contract):
            yield from _examples(folder, rules)
        if folder.schema is not None:
            yield from _schema(folder, folder.schema, rules)


def _folder(folder: Contract | SharedType, rules: RulesDeclared) -> Iterator[Finding]:
    wanted = (
        (rules.owner, folder.owner, Check.OWNER, "owner is missing: say who answers for this contract"),
        (rules.description, folder.description, Check.DESCRIPTION, "description is missing: say what this is"),
    )
    for weight, value, check, message in wanted:
        if weight is not Weight.OFF and value is None:
            yield _finding(folder, weight, check, message)
    if rules.compatibility is not Weight.OFF and folder.schema is not None and folder.compatibility is None:
        message = "compatibility is missing: declare the level that changes of this schema must keep"
        yield _finding(folder, rules.compatibility, Check.LEVEL, message)
    names = [("folder", part) for part in folder.name.split("/")]
    names += [("subject", subject) for subject in subjects(folder)]
    if isinstance(folder, Contract):
        names += [("topic", topic) for topic in dict.fromkeys(variant.topic for variant in folder.variants())]
    for kind, name in names:
        style: Style | None = getattr(rules.names, kind)
        if style is not None and not style.fits(name):
            yield _finding(folder, Weight.PROBLEM, Check.NAMES, _misnamed(kind, name, style))


def _examples(contract: Contract, rules: RulesDeclared) -> Iterator[Finding]:
    if rules.examples is not Weight.OFF and not contract.examples.accepted:
        message = (
            "no accepted example: nothing says what this contract must accept, and no new schema version is held to it"
        )
        yield _finding(contract, rules.examples, Check.EXAMPLES, message)
    if rules.rejections is not Weight.OFF and not contract.examples.rejected:
        message = "no rejected example: nothing says what this contract must not accept"
        yield _finding(contract, rules.rejections, Check.EXAMPLES, message)


def _finding(folder: Contract | SharedType, weight: Weight, check: Check, message: str) -> Finding:
    area = Area.EXAMPLE if check is Check.EXAMPLES else Area.SCHEMA
    return Finding(_GRADES[weight], area, folder.name, message, folder.name, display(folder.file), 1, check=check)


def _schema(folder: Contract | SharedType, file: SchemaFile, rules: RulesDeclared) -> Iterator[Finding]:
    source = json.loads(file.text)
    every = _avro_names(source, ()) if file.format is Format.AVRO else _json_names(source)
    for each in every:
        style = _style(rules.names, each.kind)
        if style is not None and not style.fits(each.name):
            yield _within(folder, file, each, Grade.PROBLEM, Check.NAMES, _misnamed(each.kind, each.name, style))
        if rules.doc is not Weight.OFF and not each.is_described:
            word = "doc" if file.format is Format.AVRO else "description"
            message = f"{each.kind} {each.name!r} has no {word}: say what it is, and in which unit"
            yield _within(folder, file, each, _GRADES[rules.doc], Check.DOC, message)


def _within(
    folder: Contract | SharedType, file: SchemaFile, name: _Name, grade: Grade, check: Check, message: str
) -> Finding:
    path = str(Pointer(name.steps))
    line, column = json_place(file.text, path, key=True)
    shown = display(file.path)
    return Finding(grade, Area.SCHEMA, folder.name, message, folder.name, shown, line, path, check=check, column=column)


def _style(names: NamesDeclared, kind: str) -> Style | None:
    style: Style | None = getattr(names, kind)
    return style


def _misnamed(kind: str, name: str, style: Style) -> str:
    return f"{kind} {name!r} is not named as {style.text}: rename it, or change names.{kind} in rules.yaml"


def _avro_names(source: Any, steps: tuple[str, ...]) -> Iterator[_Name]:
    """The names that an Avro schema gives, each with its place. What is no schema has none."""
    if isinstance(source, list):
        for n, branch in enumerate(source):
            yield from _avro_names(branch, (*steps, str(n)))
    if not isinstance(source, dict):
        return
    kind, name = source.get("type"), source.get("name")
    if isinstance(name, str) and kind in {"record", "error", "enum", "fixed"}:
        yield _Name("type", name.rpartition(".")[2], steps, bool(source.get("doc")))
    for n, field in enumerate(_listed(source, "fields")):
        if isinstance(field, dict) and isinstance(field.get("name"), str):
            place = (*steps, "fields", str(n))
            yield _Name("field", field["name"], place, bool(field.get("doc")))
            yield from _avro_names(field.get("type"), (*place, "type"))
    for n, symbol in enumerate(_listed(source, "symbols")):
        yield _Name("symbol", str(symbol), (*steps, "symbols", str(n)), is_described=True)
    for key in ("items", "values"):
        yield from _avro_names(source.get(key), (*steps, key))
    if isinstance(kind, dict | list):
        yield from _avro_names(kind, (*steps, "type"))


def _listed(source: dict[str, Any], key: str) -> list[Any]:
    value = source.get(key)
    return value if isinstance(value, list) else []


def _json_names(source: Any) -> Iterator[_Name]:
    """The properties that a JSON Schema describes."""
    for steps, schema in subschemas(source):
        properties = schema.get("properties")
        for name, described in properties.items() if isinstance(properties, dict) else ():
            told = isinstance(described, dict) and bool(described.keys() & {"description", "title", "$ref"})
            yield _Name("field", name, (*steps, "properties", name), told)
