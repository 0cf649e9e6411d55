"""Contracts played through with the schemas of their own folders."""

from pathlib import Path
from typing import Any

import pytest

from gateway.config.load import load_contracts
from gateway.plan.findings import Area, Check, Finding, Grade, worst
from gateway.plan.rehearsal import Rehearsal, rehearse
from tests.parts.gateway import SCHEMAS
from tests.parts.projects import READING, ProjectFiles
from tests.unit.compile.compiled import ARRIVAL, DEPTH, version_of

OK = '{"n": 1, "temp": 2.5}'
POSITION = {"type": "record", "name": "geo.Position", "fields": [{"name": "lat", "type": "double"}]}
TRACK = {"type": "record", "name": "Track", "fields": [{"name": "at", "type": "geo.Position"}]}
REFERENCE = {"name": "geo.Position", "subject": "geo-value", "version": "latest"}


@pytest.fixture
def files(tmp_path: Path) -> ProjectFiles:
    return ProjectFiles(tmp_path)


def played(files: ProjectFiles, **known: Any) -> Rehearsal:
    return rehearse(load_contracts(files.contracts), depth=DEPTH, arrival=ARRIVAL, **known)


def only(rehearsal: Rehearsal) -> Finding:
    [finding] = rehearsal.findings
    return finding


def test_the_shipped_contracts_hold() -> None:
    """All their examples, accepted and rejected, do what they say."""
    rehearsal = rehearse(load_contracts(SCHEMAS), depth=DEPTH, arrival=ARRIVAL)
    assert rehearsal.findings == ()
    assert rehearsal.examples > 100
    assert rehearsal.unknown == frozenset()


def test_an_example_that_does_not_hold(files: ProjectFiles) -> None:
    """Told with file, line and name, and with both sides."""
    accepted = [{"name": "fine", "payload": OK}, {"name": "wrong", "payload": OK, "becomes": {"n": 2, "temp": 2.5}}]
    folder = files.declare("pump", examples={"accepted": accepted})
    rehearsal = played(files)
    assert rehearsal.examples == 2
    assert only(rehearsal) == Finding(
        Grade.PROBLEM,
        Area.EXAMPLE,
        "wrong",
        "accepted example 'wrong', becomes at /n: expected number 2, found number 1; "
        "mend the example, or what it shows to be wrong in schema or contract",
        "pump",
        str(folder / "examples.yaml"),
        4,
        "/n",
        "number 2",
        "number 1",
        Check.EXAMPLE,
    )


def test_a_rejected_example_that_is_accepted(files: ProjectFiles) -> None:
    """The finding says where the record would go."""
    files.declare("pump", examples={"rejected": [{"payload": OK, "code": "unknown-field"}]})
    assert "found accepted for Kafka topic pump" in only(played(files)).message


def test_examples_run_on_the_route_table(files: ProjectFiles) -> None:
    """Payloads that ``where`` leaves to another contract or to none are judged so."""
    examples: dict[str, Any] = {
        "accepted": [{"name": "mine", "payload": '{"kind": "a"}'}, {"name": "theirs", "payload": '{"kind": "b"}'}],
        "rejected": [{"name": "nobody's", "payload": '{"kind": "c"}', "code": "no-route"}],
    }
    schema = {"type": "object", "required": ["kind"]}
    files.declare("a", schema, examples, mqtt="x/{device}", where={"/kind": "a"})
    files.declare("b", schema, {"accepted": [{"payload": '{"kind": "b"}'}]}, mqtt="x/{device}", where={"/kind": "b"})
    finding = only(played(files))
    assert (finding.about, finding.expected, finding.found) == (
        "theirs",
        "accepted by this contract",
        "taken by contract b",
    )


def test_a_schema_that_does_not_compile_is_invalid(files: ProjectFiles) -> None:
    """With the file and the place in it; its examples are not played, the others' are."""
    bad = {"type": "record", "name": "R", "fields": [{"name": "n", "type": "lng"}]}
    folder = files.declare("bad", bad, {"accepted": [{"payload": "{}"}]})
    files.declare("good", examples={"accepted": [{"payload": OK}]})
    rehearsal = played(files)
    finding = only(rehearsal)
    assert (finding.grade, finding.file, finding.path) == (
        Grade.INVALID,
        str(folder / "schema.avsc"),
        "/fields/0/type",
    )
    assert "unknown type 'lng'" in finding.message
    assert rehearsal.examples == 1


def test_references_are_found_among_the_folders(files: ProjectFiles) -> None:
    """A shared type, whatever the order of the folders."""
    files.share("z-shared", "geo-value", POSITION)
    examples = {"accepted": [{"payload": '{"at": {"lat": "1.5"}}', "becomes": {"at": {"lat": 1.5}}}]}
    files.declare("a", TRACK, examples, references=[REFERENCE])
    assert played(files).findings == ()


def test_a_reference_that_no_folder_holds_is_unknown(files: ProjectFiles) -> None:
    """No failure: the registry may have it, and what the caller brings along is used."""
    files.declare("a", TRACK, {"accepted": [{"payload": '{"at": {"lat": 1}}'}]}, references=[REFERENCE])
    rehearsal = played(files)
    finding = only(rehearsal)
    assert (finding.grade, finding.contract) == (Grade.UNKNOWN, "a")
    assert "'geo-value'" in finding.message
    assert (rehearsal.examples, rehearsal.unknown) == (0, frozenset({"a-value"}))
    rehearsal = played(files, known={("geo-value", None): version_of(POSITION, subject="geo-value")})
    assert (rehearsal.findings, rehearsal.examples) == ((), 1)


def test_a_pinned_reference_is_not_what_the_folder_has(files: ProjectFiles) -> None:
    """The file may be a later version by now: only a registry knows what the number is."""
    later = {**POSITION, "fields": [*POSITION["fields"], {"name": "alt", "type": "double"}]}
    files.share("geo", "geo-value", later)
    files.declare(
        "a", TRACK, {"accepted": [{"payload": '{"at": {"lat": 1}}'}]}, references=[{**REFERENCE, "version": 1}]
    )
    files.declare(
        "b",
        TRACK,
        {"rejected": [{"payload": '{"at": {"lat": 1}}', "code": "missing-required"}]},
        references=[REFERENCE],
    )
    rehearsal = played(files)
    finding = only(rehearsal)
    assert (finding.grade, finding.contract) == (Grade.UNKNOWN, "a")
    assert "the referenced version 1 of subject 'geo-value' is in no folder" in finding.message
    assert rehearsal.examples == 1
    rehearsal = played(files, known={("geo-value", 1): version_of(POSITION, subject="geo-value")})
    assert (rehearsal.findings, rehearsal.examples) == ((), 2)


def test_a_schema_that_is_kept_elsewhere_is_unknown(files: ProjectFiles) -> None:
    """Until the caller brings it along: then the examples are played with it."""
    files.declare("a", None, {"accepted": [{"payload": OK, "becomes": {"n": 9, "temp": 2.5}}]})
    assert only(played(files)).grade is Grade.UNKNOWN
    rehearsal = played(files, known={("a-value", None): version_of(READING, subject="a-value")})
    assert only(rehearsal).expected == "number 9"


def test_another_folder_may_hold_the_schema(files: ProjectFiles) -> None:
    """Two contracts of one subject: one has the file, both are played with it."""
    files.declare("a", examples={"accepted": [{"payload": OK}]}, subject="s")
    files.declare("b", None, {"accepted": [{"payload": OK}]}, subject="s")
    rehearsal = played(files)
    assert (rehearsal.findings, rehearsal.examples) == ((), 2)


def test_a_shared_type_that_nobody_uses_is_checked(files: ProjectFiles) -> None:
    """A mistake in it is found before somebody refers to it."""
    files.share("a", "a", {"type": "enum", "name": "E", "symbols": ["A", "A"]})
    files.declare("c", examples={"accepted": [{"payload": OK}]})
    finding = only(played(files))
    assert (finding.grade, finding.contract) == (Grade.INVALID, "a")


def test_every_variant_is_cast(files: ProjectFiles) -> None:
    """A contract with several topics and subjects is compiled for each, and a complaint names each subject."""
    examples = {"accepted": [{"mqtt": f"x/{site}/d", "payload": OK} for site in ("s1", "s2")]}
    contract = {"mqtt": "x/{site}/{device}", "topic": "t.{site}", "where": {"site": ["s1", "s2"]}}
    files.declare("a", examples=examples, **contract)
    rehearsal = played(files)
    assert (rehearsal.findings, rehearsal.examples) == ((), 2)
    assert {route.label.topic for route in rehearsal.table.routes} == {"t.s1", "t.s2"}


def test_framing_by_header_can_be_played(files: ProjectFiles) -> None:
    """No registry has given the schema a GUID yet; the examples hold all the same."""
    files.declare("a", examples={"accepted": [{"payload": OK, "becomes": {"n": 1, "temp": 2.5}}]}, framing="header")
    assert played(files).findings == ()


@pytest.mark.parametrize(
    ("key", "contract"),
    [
        ("device", {"device": "/deviceId"}),
        ("timestamp", {"timestamp": {"field": "/ts", "unit": "s"}}),
        ("fields", {"fields": {"/site": "{topic}"}}),
    ],
)
def test_pointers_to_nowhere_are_noticed(files: ProjectFiles, key: str, contract: dict[str, Any]) -> None:
    """A pointer at which the schema has nothing is worth knowing, in Avro and in closed JSON Schemas."""
    closed = {"type": "object", "properties": {"n": {}}, "additionalProperties": False}
    for name, schema in (("avro", READING), ("json", closed)):
        files.declare(name, schema, {"rejected": []}, **contract)
    noticed = [finding for finding in played(files).findings if finding.area is Area.SCHEMA]
    assert {(finding.contract, finding.grade) for finding in noticed} == {
        ("avro", Grade.NOTICE),
        ("json", Grade.NOTICE),
    }
    assert all(finding.message.startswith(f"{key}: ") for finding in noticed)


LIST, TREE = {"type": "array", "items": "string"}, {"type": "array", "items": {"$ref": "#/$defs/tree"}}
EMPTY = {"type": "record", "name": "Inner", "fields": []}


@pytest.mark.parametrize(
    ("kind", "contract", "told"),
    [
        (LIST, {}, "array"),
        ({"type": "map", "values": "string"}, {}, "map"),
        (EMPTY, {}, "Inner"),
        (["null", LIST], {"mode": "strict"}, "array"),
        ("null", {}, "null"),
        ("boolean", {"mode": "strict"}, "boolean"),
        (LIST, {"mode": "lenient", "options": {"wrap_scalar": False}}, "array"),
        ({"type": "array", "items": EMPTY}, {"mode": "lenient"}, "array"),
        # What a device may send there is text or a number all the same.
        ("boolean", {}, ""),
        (LIST, {"mode": "lenient"}, ""),
        (LIST, {"overrides": {"/id": {"wrap_scalar": True}}}, ""),
        (EMPTY, {"options": {"parse_json_strings": ["/id"]}}, ""),
        (LIST, {"options": {"parse_json_strings": ["/id"]}}, ""),
        (["null", LIST, "string"], {}, ""),
        ([LIST, EMPTY], {}, "array or Inner"),
        *((kind, {"mode": "strict"}, "") for kind in ("string", "int", "long", "float", "double", "bytes")),
        ({"type": "enum", "name": "E", "symbols": ["A"]}, {}, ""),
    ],
)
def test_a_device_that_avro_never_has(files: ProjectFiles, kind: Any, contract: dict[str, Any], told: str) -> None:
    """A place that is there, and where no payload of the schema has text or a whole number, is a problem."""
    schema = {"type": "record", "name": "R", "fields": [{"name": "id", "type": kind}]}
    files.declare("a", schema, device="/id", **contract)
    findings = [each for each in played(files).findings if each.check is Check.POINTER]
    assert [each.grade for each in findings] == ([Grade.PROBLEM] if told else [])
    assert all(f"the schema has {told} at /id" in each.message for each in findings)


@pytest.mark.parametrize(
    ("schema", "contract", "told"),
    [
        ({"type": "array"}, {}, "array"),
        ({"type": ["object", "null"]}, {}, "null or object"),
        ({"$ref": "#/$defs/tree"}, {}, "array"),
        ({"$ref": "#/$defs/tree"}, {"mode": "strict"}, "array"),
        ({"type": "boolean"}, {"mode": "strict"}, "boolean"),
        ({"anyOf": [{"type": "array"}, {"type": "null"}]}, {}, "nothing that is text or a number"),
        ({"allOf": [{"type": ["array", "string"]}, {"type": "array"}]}, {}, "nothing that is text or a number"),
        ({"type": "array", "items": {"type": "object"}}, {"mode": "lenient"}, "array"),
        ({"$ref": "#/$defs/tree"}, {"mode": "lenient"}, ""),
        ({"type": "array"}, {"mode": "lenient"}, ""),
        ({"type": "object"}, {"options": {"parse_json_strings": ["/id"]}}, "object"),
        ({"type": "boolean"}, {}, ""),
        ({"type": ["array", "string"]}, {}, ""),
        ({"type": "number"}, {"mode": "strict"}, ""),
        ({"oneOf": [{"type": "array"}, {"type": "integer"}]}, {}, ""),
        ({}, {}, ""),
        (True, {}, ""),
    ],
)
def test_a_device_that_json_never_has(files: ProjectFiles, schema: Any, contract: dict[str, Any], told: str) -> None:
    """As with Avro; what the schema leaves open is possible."""
    files.declare(
        "a", {"type": "object", "properties": {"id": schema}, "$defs": {"tree": TREE}}, device="/id", **contract
    )
    findings = [each for each in played(files).findings if each.check is Check.POINTER]
    assert [each.grade for each in findings] == ([Grade.PROBLEM] if told else [])
    assert all(f"the schema has {told} at /id" in each.message for each in findings)


DAYS = ["2000-01-01", "2001-01-01"]
NESTED = {
    "type": "record",
    "name": "R",
    "fields": [
        {"name": "list", "type": ["null", {"type": "array", "items": READING}], "default": None, "aliases": ["liste"]},
        {"name": "map", "type": {"type": "map", "values": "double"}},
    ],
}


@pytest.mark.parametrize(
    ("pattern", "is_there"),
    [
        *((each, True) for each in ("/list/*/temp", "/list/*", "/map/*", "/*", "/*/*/n")),
        *((each, False) for each in ("/lst", "/liste", "/list/0", "/list/temp", "/map/a", "/*/*/x", "/list/*/temp/*")),
    ],
)
def test_an_override_for_no_place_is_noticed(files: ProjectFiles, pattern: str, is_there: bool) -> None:
    """A typing mistake would change nothing, and nobody would see it."""
    examples = {"accepted": [{"payload": '{"map": {}}'}]}
    files.declare("a", NESTED, examples, overrides={pattern: {"unknown_fields": "drop"}})
    findings = [finding for finding in played(files).findings if finding.check is Check.POINTER]
    assert [(each.grade, each.path) for each in findings] == ([] if is_there else [(Grade.NOTICE, pattern)])


@pytest.mark.parametrize(
    ("pattern", "is_there"),
    [
        *((each, True) for each in ("/list", "/list/*", "/map", "/*")),
        *((each, False) for each in ("/lst", "/list/*/temp", "/map/*")),
    ],
)
def test_a_place_without_json_in_text_is_noticed(files: ProjectFiles, pattern: str, is_there: bool) -> None:
    """Text becomes a record, a map or an array; nothing else, and nothing where there is no place."""
    files.declare("a", NESTED, {"accepted": [{"payload": '{"map": {}}'}]}, options={"parse_json_strings": [pattern]})
    findings = [finding for finding in played(files).findings if finding.check is Check.POINTER]
    assert [(each.grade, each.path) for each in findings] == ([] if is_there else [(Grade.NOTICE, pattern)])


def test_an_option_of_the_other_schema_language_is_noticed(files: ProjectFiles) -> None:
    """It would change nothing, and nobody would see it: under options, and at a place."""
    files.declare("json", {"type": "object"}, options={"field_case": "insensitive", "null_tokens": ["-"]})
    files.declare("places", {"type": "object"}, overrides={"/a": {"enum_map": {"x": "Y"}, "epoch_window": DAYS}})
    files.declare("avro", NESTED, {"accepted": [{"payload": '{"map": {}}'}]}, options={"formats": "check"})
    files.declare("fine", {"type": "object"}, options={"field_case": "exact", "formats": "check"})
    found = [each for each in played(files).findings if each.check is Check.OPTION]
    assert [(each.grade, each.contract, each.path, each.message) for each in found] == [
        (Grade.NOTICE, "avro", "", "options: formats does nothing with an Avro schema; remove it"),
        (Grade.NOTICE, "json", "", "options: field_case does nothing with a JSON Schema; remove it"),
        (Grade.NOTICE, "places", "/a", "overrides: /a: epoch_window does nothing with a JSON Schema; remove it"),
        (Grade.NOTICE, "places", "/a", "overrides: /a: enum_map does nothing with a JSON Schema; remove it"),
    ]


def test_the_worst_grade() -> None:
    """Unusable files before peers that are away, those before problems; what is fine or unknown is no failure."""
    order = [Grade.FINE, Grade.NOTICE, Grade.UNKNOWN, Grade.PROBLEM, Grade.UNREACHABLE, Grade.INVALID]
    findings = [Finding(grade, Area.MQTT, "", "") for grade in order]
    for count, grade in enumerate(order, 1):
        assert worst(findings[:count]) is grade
    assert worst([]) is Grade.FINE
