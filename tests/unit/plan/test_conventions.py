"""The rules that a team gives itself, and where they are not kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.config.load import load_contracts
from gateway.config.rules_file import load_rules
from gateway.errors import ConfigError
from gateway.plan.conventions import breaches
from gateway.plan.findings import Area, Check, Finding, Grade
from tests.parts.projects import ProjectFiles

SCHEMA = """{
  "type": "record",
  "name": "pump_reading",
  "doc": "what a pump tells",
  "fields": [
    {"name": "flowRate", "type": "double", "doc": "l/min"},
    {"name": "state", "type": ["null", {"type": "enum", "name": "State", "symbols": ["ON", "off"]}]},
    {"name": "parts", "type": {"type": "array", "items": {"type": "record", "name": "Part", "fields": []}}}
  ]
}"""
PROPERTIES = {
    "type": "object",
    "properties": {"flow-rate": {"type": "number", "description": "l/min"}, "at": {"items": {"properties": {"x": {}}}}},
}


@pytest.fixture
def files(tmp_path: Path) -> ProjectFiles:
    return ProjectFiles(tmp_path)


def found(files: ProjectFiles, rules: dict[str, Any] | None) -> list[Finding]:
    """What the rules find in the folders."""
    if rules is not None:
        (files.contracts / "rules.yaml").write_text(yaml.safe_dump(rules))
    return list(breaches(load_contracts(files.contracts), load_rules(files.contracts)))


def told(findings: list[Finding]) -> list[tuple[str, str, int | None]]:
    return [(each.check or "", each.path, each.line) for each in findings]


def test_without_rules_only_examples_are_asked_for(files: ProjectFiles) -> None:
    """Nothing would hold a new schema version back."""
    files.declare("Any_Name")
    files.declare("b", examples={"accepted": [{"payload": '{"n": 1, "temp": 1}'}]})
    [finding] = found(files, None)
    assert (finding.grade, finding.area, finding.contract) == (Grade.NOTICE, Area.EXAMPLE, "Any_Name")


def test_what_a_folder_must_declare(files: ProjectFiles) -> None:
    """Each with the weight that the rules give it; shared types have no examples."""
    rules = dict.fromkeys(["owner", "compatibility", "rejections"], "problem") | {
        "description": "notice",
        "examples": "off",
    }
    files.declare("pump")
    files.declare(
        "valve",
        owner="a",
        description="b",
        compatibility="FULL",
        examples={"rejected": [{"payload": "", "code": "json-invalid"}]},
    )
    files.share("unit", "unit-value", {"type": "enum", "name": "U", "symbols": []}, owner="a")
    assert [(each.contract, each.check, each.grade) for each in found(files, rules)] == [
        ("unit", Check.DESCRIPTION, Grade.NOTICE),
        ("unit", Check.LEVEL, Grade.PROBLEM),
        ("pump", Check.OWNER, Grade.PROBLEM),
        ("pump", Check.DESCRIPTION, Grade.NOTICE),
        ("pump", Check.LEVEL, Grade.PROBLEM),
        ("pump", Check.EXAMPLES, Grade.PROBLEM),
    ]


def test_a_level_is_asked_for_where_the_schema_is(files: ProjectFiles) -> None:
    """A contract whose subject is kept elsewhere cannot know it."""
    files.declare("pump", None)
    assert found(files, {"compatibility": "problem", "examples": "off"}) == []


def test_names_in_an_avro_schema(files: ProjectFiles) -> None:
    """With line and column of what has the name."""
    files.declare("pump", SCHEMA)
    names = {"type": "PascalCase", "field": "snake_case", "symbol": "/[A-Z]+/"}
    findings = found(files, {"examples": "off", "names": names})
    assert told(findings) == [("names", "", 1), ("names", "/fields/0", 6), ("names", "/fields/1/type/1/symbols/1", 7)]
    assert "field 'flowRate' is not named as snake_case" in findings[1].message
    assert findings[1].column == 5


def test_names_of_properties(files: ProjectFiles) -> None:
    """At any depth."""
    files.declare("pump", PROPERTIES)
    [finding] = found(files, {"examples": "off", "names": {"field": "camelCase"}})
    assert finding.path == "/properties/flow-rate"


def test_names_of_folders_topics_and_subjects(files: ProjectFiles) -> None:
    """Each level of a folder's name by itself."""
    files.declare("Plant/pump", topic="plant.Pump", subject="plant.pump")
    names = {"folder": "kebab-case", "topic": r"/[a-z.]+/", "subject": r"/.*-value/"}
    messages = [each.message for each in found(files, {"examples": "off", "names": names})]
    assert [message.split(" is not")[0] for message in messages] == [
        "folder 'Plant'",
        "subject 'plant.pump'",
        "topic 'plant.Pump'",
    ]


def test_doc_strings(files: ProjectFiles) -> None:
    """Types and fields of Avro, properties of JSON Schema."""
    files.declare("avro", SCHEMA)
    files.declare("json", PROPERTIES)
    assert [each[:2] for each in told(found(files, {"examples": "off", "doc": "notice"}))] == [
        ("doc", "/fields/1"),
        ("doc", "/fields/1/type/1"),
        ("doc", "/fields/2"),
        ("doc", "/fields/2/type/items"),
        ("doc", "/properties/at"),
        ("doc", "/properties/at/items/properties/x"),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("owners: problem", "did you mean owner?"),
        ("owner: yes", "must be 'off', 'notice' or 'problem', found 'yes'"),
        ("names: {field: snake}", "must be snake_case, kebab-case"),
        ("names: {field: '/(/'}", "no regular expression"),
        ("owner: off\nowner: off", "twice"),
        ("- owner", "write keys and values"),
    ],
)
def test_rules_that_cannot_be_read(files: ProjectFiles, text: str, message: str) -> None:
    """File and line are named."""
    (files.contracts / "rules.yaml").write_text(text)
    with pytest.raises(ConfigError) as raised:
        load_rules(files.contracts)
    assert "rules.yaml:" in str(raised.value)
    assert message in str(raised.value)
