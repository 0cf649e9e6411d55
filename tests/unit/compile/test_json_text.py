"""A payload's text, decoded or refused: what holds beyond the vectors of tests/vectors/payload_text.yaml."""

from __future__ import annotations

from tests.unit.compile.compiled import accepted, json_version, record_schema, refused, version_of


def test_a_number_in_text_is_not_spelled_otherwise():
    """Only where a payload also has an integer of more digits than Python converts; quotes may be escaped."""
    digits = "9" * 4301
    payload = f'{{"a":"\\\\{digits}","x":{digits}}}'
    record = accepted(version_of(record_schema(("a", "string"))), payload, options={"unknown_fields": "drop"})
    assert record.value[7:].decode() == f"\\{digits}"


def test_of_a_huge_number_the_violation_has_the_beginning():
    """64 characters: thousands of digits are in the dead letter anyway."""
    [violation] = refused(json_version({}), f'{{"a":{"9" * 4301}}}').violations
    assert violation.value is not None
    assert len(violation.value) == 64
