"""Whether a folder's schema file is what the registry holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.config.contract import DeclaredReference, SchemaFile
from gateway.model import Format, Reference, SchemaVersion
from gateway.plan.unapplied import unapplied


def version(text: str, fmt: Format = Format.AVRO) -> SchemaVersion:
    return SchemaVersion("s", 3, 7, fmt, text)


def file(text: str, fmt: Format = Format.AVRO) -> SchemaFile:
    return SchemaFile(Path("schemas/pump/schema.avsc"), fmt, text)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ('{"type": "int"}', '{"type":"int"}'),
        ('{"a": 1, "b": [1, 2]}', '{"b":[1,2],"a":1}'),
        ('"int"\n', '"int"'),
        ('{"a": 1.0}', '{"a": 1}'),
        ('{"type": "int"}', '"int"'),
        (
            '{"name": "p.R", "type": "record", "fields": [{"name": "a", "type": ["null", {"type": "int"}]}]}',
            '{"type":"record","name":"R","namespace":"p","fields":[{"name":"a","type":["null","int"]}]}',
        ),
    ],
)
def test_what_registries_rewrite_does_not_count(ours: str, theirs: str) -> None:
    """White space, the order of keys, and how Avro names its types."""
    assert unapplied(file(ours), (), version(theirs)) == ""


def test_without_a_file_there_is_nothing_to_apply() -> None:
    """The subject is kept elsewhere."""
    assert unapplied(None, (), version('"int"')) == ""


@pytest.mark.parametrize(
    ("ours", "theirs"), [('"int"', '"long"'), ('{"a": [1, 2]}', '{"a": [2, 1]}'), ('{"a": 1}', '{"a": 1, "doc": ""}')]
)
def test_a_difference_is_told(ours: str, theirs: str) -> None:
    """With the file and the version it was compared with; the order of a list counts."""
    assert unapplied(file(ours), (), version(theirs)) == "schema.avsc is not what the registry holds as version 3"


def test_another_format_is_told() -> None:
    """Even if the text is the same."""
    told = unapplied(file('"int"'), (), version('"int"', Format.JSON))
    assert told == "schema.avsc is AVRO, the registry's version 3 is JSON"


def test_the_spelling_of_avro_is_none_of_json_schema() -> None:
    """There ``{"type": "string"}`` is not ``"string"``."""
    assert unapplied(file('{"type": "string"}', Format.JSON), (), version('"string"', Format.JSON)) != ""


@pytest.mark.parametrize(("ours", "theirs"), [('{"default": true}', '{"default": 1}'), ("[false]", "[0]")])
def test_a_boolean_is_no_number(ours: str, theirs: str) -> None:
    """A default of ``true`` that became ``1`` is a difference."""
    assert unapplied(file(ours), (), version(theirs)) != ""


def refers_to(subject: str, number: int) -> SchemaVersion:
    """A version with a reference to this one, named U."""
    unit = SchemaVersion(subject, number, 9, Format.AVRO, '"int"')
    return SchemaVersion("s", 3, 7, Format.AVRO, '"U"', None, (Reference("U", unit),))


@pytest.mark.parametrize(
    ("declared", "told"),
    [
        ([DeclaredReference("U", "unit", None)], ""),
        ([DeclaredReference("U", "unit", 2)], ""),
        ([DeclaredReference("U", "unit", 1)], "the reference 'U' is not that of the registry's version 3"),
        ([DeclaredReference("U", "units", None)], "the reference 'U' is not that of the registry's version 3"),
        ([DeclaredReference("V", "unit", None)], "the reference 'V' is not that of the registry's version 3"),
        ([], "the registry's version 3 has a reference more, 'U'"),
    ],
)
def test_references(declared: list[DeclaredReference], told: str) -> None:
    """To the latest may be any version: what was the latest when it was registered, only a plan asks."""
    assert unapplied(file('"U"'), declared, refers_to("unit", 2)) == told
