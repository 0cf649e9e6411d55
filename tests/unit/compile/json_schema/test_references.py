"""Where references lead, and which are left to the validator."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.compile.json_schema.dialect import documents_of
from gateway.compile.json_schema.references import Documents
from gateway.model import Format, Reference, SchemaVersion
from tests.unit.compile.compiled import json_version

NEW = "https://json-schema.org/draft/2020-12/schema"
DRAFT_4 = "http://json-schema.org/draft-04/schema#"
GEO = SchemaVersion(
    "geo",
    1,
    8,
    Format.JSON,
    json.dumps({"title": "geo", "definitions": {"P": {"title": "P", "$ref": "#/definitions/Q"}, "Q": {"title": "Q"}}}),
)
OWN = SchemaVersion("own", 1, 9, Format.JSON, json.dumps({"$id": "http://e.org/own.json", "title": "own"}))


def led_to(schema: dict[str, Any], reference: str, *references: Reference) -> Any:
    """The title of what ``reference`` leads to from a property of ``schema``, None where it is not followed."""
    source = {**schema, "properties": {"a": {"$ref": reference}}}
    documents = Documents(source, documents_of(json_version(source, references=references), source))
    found = documents.followed(documents.below(documents.root, "properties", "a"))
    return None if found is None else found.schema.get("title")


@pytest.mark.parametrize(
    ("reference", "title"),
    [
        ("#", "root"),
        ("#/definitions/A", "A"),
        ("#/definitions/a~1b%25", "odd"),
        ("#/definitions/list/1", "second"),
        ("#/definitions/chain", "A"),
        ("#/definitions/missing", None),
        ("#/definitions/list/7", None),
        ("#/title/0", None),
        ("#anchor", None),
        ("#/definitions/cycle", None),
        ("geo.json", "geo"),
        ("geo.json#", "geo"),
        ("geo.json#/definitions/Q", "Q"),
        ("geo.json#/definitions/P", "Q"),
        ("own.json", "own"),
        ("unknown.json", None),
        ("http://e.org/geo.json", None),
    ],
)
def test_references_lead_within_and_into_what_the_registry_resolved(reference: str, title: str | None):
    """Fragments are pointers; names are those of the references; inside, references are those of the document there."""
    schema = {
        "title": "root",
        "definitions": {
            "A": {"title": "A"},
            "a/b%": {"title": "odd"},
            "list": [{"title": "first"}, {"title": "second"}],
            "chain": {"$ref": "#/definitions/A"},
            "cycle": {"$ref": "#/definitions/cycle"},
        },
    }
    assert led_to(schema, reference, Reference("geo.json", GEO), Reference("own.json", OWN)) == title


def test_names_are_resolved_against_the_schema_s_own_uri():
    """By its ``$id``, and by the bare name too, as Java registers them."""
    root = {"$id": "http://e.org/schemas/root.json", "title": "root"}
    for reference in ("geo.json", "http://e.org/schemas/geo.json", "/schemas/geo.json"):
        assert led_to(root, reference, Reference("geo.json", GEO)) == "geo"
    assert led_to(root, "root.json", Reference("geo.json", GEO)) == "root"
    assert (
        led_to({"$schema": DRAFT_4, "id": "http://e.org/a/root.json"}, "geo.json", Reference("geo.json", GEO)) == "geo"
    )


@pytest.mark.parametrize(("own", "title"), [("inner.json", "inner X"), ("#here", "outer X")])
def test_a_schema_inside_may_begin_a_document_of_its_own(own: str, title: str):
    """Then its pointers start there; an ``$id`` that is only a fragment begins none."""
    inner = {"$id": own, "definitions": {"X": {"title": "inner X"}}, "items": {"$ref": "#/definitions/X"}}
    source = {"properties": {"a": inner}, "definitions": {"X": {"title": "outer X"}}}
    documents = Documents(source, {})
    found = documents.followed(documents.below(documents.below(documents.root, "properties", "a"), "items"))
    assert found is not None
    assert found.schema["title"] == title


@pytest.mark.parametrize(
    ("draft", "count"), [(DRAFT_4, False), ("http://json-schema.org/draft-07/schema#", False), (NEW, True)]
)
def test_keywords_beside_a_reference_count_since_2019(draft: str, count: bool):
    """Before, everything beside ``$ref`` is ignored."""
    source = {"$schema": draft}
    assert Documents(source, {}).root.siblings_count is count
