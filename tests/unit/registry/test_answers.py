"""Answers of a registry, read strictly."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.config.contract import Compatibility
from gateway.errors import SchemaError
from gateway.model import Format, ReferenceTo, Registered
from gateway.registry.answers import (
    MAX_INT,
    Candidate,
    UnusableAnswer,
    read_compatibility,
    read_registered,
    read_schema,
    read_schema_id,
    read_subjects,
    read_verdict,
    write_candidate,
    write_registered,
)

GUID = "89791762-2336-4186-9674-299b90a802e2"
LISTED = {"subject": "gate", "version": 3, "id": 7, "schema": '{"type": "string"}'}


def test_the_least_that_a_registry_says() -> None:
    """AVRO is not named, GUID and references may be missing; what is not read is not looked at."""
    assert read_registered({**LISTED, "ts": object()}, "gate") == Registered(
        "gate", 3, 7, Format.AVRO, '{"type": "string"}'
    )


def test_all_that_a_registry_says() -> None:
    """The subject is the one that was asked for, whatever an alias is called; GUIDs have one spelling."""
    more = {
        "schemaType": "JSON",
        "guid": GUID.upper(),
        "references": [{"name": "a.json", "subject": "a", "version": 1}],
    }
    read = read_registered({**LISTED, **more, "subject": "alias"}, "gate", 3)
    assert read == Registered("gate", 3, 7, Format.JSON, '{"type": "string"}', GUID, (ReferenceTo("a.json", "a", 1),))
    assert read_registered(write_registered(read), "gate") == read


def test_a_schema_by_its_id() -> None:
    """It has no subject and no version there; one of a type that we do not take is none for us."""
    text = '{"type": "string"}'
    listed = [{"name": "a.json", "subject": "a", "version": 1}]
    assert read_schema({"schema": text}) == Candidate(Format.AVRO, text)
    assert read_schema({"schema": text, "schemaType": "JSON", "references": listed}) == Candidate(
        Format.JSON, text, (ReferenceTo("a.json", "a", 1),)
    )
    assert read_schema({"schema": 'syntax = "proto3";', "schemaType": "PROTOBUF"}) is None
    for unusable in (None, {}, {"schema": "{"}, {"schema": text, "schemaType": 1}):
        with pytest.raises(UnusableAnswer):
            read_schema(unusable)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (None, "a schema version was expected, got nothing"),
        ([], "a schema version was expected, got a list"),
        ("x", "a schema version was expected, got a string"),
        ({**LISTED, "version": "3"}, "'version' is a string, not a number between 1 and 2147483647"),
        ({**LISTED, "version": 0}, "'version' is 0, not a number between 1 and 2147483647"),
        ({**LISTED, "version": True}, "'version' is a boolean"),
        ({**LISTED, "version": 3.0}, "'version' is a number, not"),
        ({**LISTED, "version": 4}, "asked for version 3 of 'gate', got version 4"),
        ({**LISTED, "id": -1}, "'id' is -1, not a number between 0 and 2147483647"),
        ({**LISTED, "id": MAX_INT + 1}, "'id' is 2147483648"),
        ({**LISTED, "id": None}, "'id' is nothing"),
        ({**LISTED, "schema": None}, "'schema' is nothing, not a non-empty string"),
        ({**LISTED, "schema": ""}, "'schema' is an empty string"),
        ({**LISTED, "schema": {}}, "'schema' is an object"),
        ({**LISTED, "schema": "{"}, "'schema' is not JSON: "),
        ({**LISTED, "schema": "[" * 100_000}, "'schema' is not JSON: "),
        ({**LISTED, "schemaType": 1}, "'schemaType' is a number, not a string"),
        ({**LISTED, "guid": 1}, "'guid' is a number, not a string"),
        ({**LISTED, "guid": "x" * 100}, f"'guid' is '{'x' * 40}', not a UUID"),
        ({**LISTED, "references": {}}, "'references' is an object, not a list"),
        ({**LISTED, "references": [1]}, "a reference was expected, got a number"),
        ({**LISTED, "references": [{"name": "a", "subject": "b"}]}, "'version' is nothing"),
        ({**LISTED, "references": [{"name": "", "subject": "b", "version": 1}]}, "'name' is an empty string"),
    ],
)
def test_what_is_no_version(answer: Any, told: str) -> None:
    """It is said what was expected and what came, never the value of a text."""
    with pytest.raises(UnusableAnswer) as unusable:
        read_registered(answer, "gate", 3)
    assert told in str(unusable.value)


def test_a_type_of_schema_that_the_gateway_does_not_take() -> None:
    """It is an answer, and about the schema."""
    with pytest.raises(
        SchemaError, match="subject 'gate' holds a schema of type 'PROTOBUF'; the gateway takes AVRO, JSON"
    ):
        read_registered({**LISTED, "schemaType": "PROTOBUF"}, "gate")


def test_the_body_for_a_schema() -> None:
    """As every registry reads it."""
    candidate = Candidate(Format.AVRO, '"int"', (ReferenceTo("n", "s", 2),))
    assert write_candidate(candidate) == {
        "schemaType": "AVRO",
        "schema": '"int"',
        "references": [{"name": "n", "subject": "s", "version": 2}],
    }


def test_subjects_levels_verdicts_and_ids() -> None:
    """What the other calls answer with."""
    assert read_subjects(["a", "b"]) == ["a", "b"]
    assert read_subjects([]) == []
    assert read_compatibility({"compatibilityLevel": "FULL"}) is Compatibility.FULL
    assert read_verdict({"is_compatible": True}) == (True, ())
    assert read_verdict({"is_compatible": False, "messages": ["a", 1]}) == (False, ("a", "1"))
    assert read_verdict({"is_compatible": True, "messages": None}) == (True, ())
    assert read_schema_id({"id": 0}) == 0


@pytest.mark.parametrize(
    ("read", "answer"),
    [
        (read_subjects, {}),
        (read_subjects, ["a", 1]),
        (read_subjects, [""]),
        (read_subjects, None),
        (read_compatibility, []),
        (read_compatibility, {"compatibility": "FULL"}),
        (read_compatibility, {"compatibilityLevel": "SIDEWARD"}),
        (read_compatibility, {"compatibilityLevel": []}),
        (read_verdict, {}),
        (read_verdict, {"is_compatible": 1}),
        (read_verdict, {"is_compatible": True, "messages": "x"}),
        (read_schema_id, {}),
        (read_schema_id, [7]),
        (read_schema_id, {"id": "7"}),
    ],
)
def test_what_is_none_of_them(read: Any, answer: Any) -> None:
    """Nothing is guessed."""
    with pytest.raises(UnusableAnswer):
        read(answer)
