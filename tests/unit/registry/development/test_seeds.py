"""Filling a development registry."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gateway.errors import ConfigError
from gateway.model import Format, ReferenceTo
from gateway.registry.development.seeds import Seed, plant, plant_file
from gateway.registry.development.store import LATEST, Store

FIXTURES = Path(__file__).parents[4] / "registry-fixtures" / "seeds"

PART = Seed("part", Format.AVRO, '{"type":"record","name":"Part","fields":[]}')
WHOLE = Seed(
    "whole",
    Format.AVRO,
    '{"type":"record","name":"Whole","fields":[{"name":"p","type":"Part"}]}',
    (ReferenceTo("Part", "part", LATEST),),
    "schemas/whole/schema.avsc",
)


@pytest.mark.parametrize("seeds", [[PART, WHOLE], [WHOLE, PART]])
def test_the_order_of_seeds_does_not_matter(seeds):
    """What refers to others waits for them; the latest version becomes a number."""
    store = Store()
    assert plant(store, seeds) == 2
    assert store.version("whole", 1).definition.references == (ReferenceTo("Part", "part", 1),)


def test_planting_again_adds_nothing():
    """What is there stays, with its IDs."""
    store = Store()
    plant(store, [PART, WHOLE])
    assert plant(store, [PART, WHOLE]) == 0
    assert [entry.version for entry in store.everywhere()] == [1, 1]


def test_versions_of_a_subject_keep_their_order():
    """The second waits for the first even where only the first has to wait."""
    later = Seed("whole", Format.AVRO, '{"type":"record","name":"Whole","fields":[]}')
    store = Store()
    plant(store, [WHOLE, later, PART])
    assert [len(entry.definition.references) for entry in store.versions("whole")] == [1, 0]


def test_every_seed_that_is_refused_is_told():
    """With its file, its subject and the registry's reason."""
    bad = Seed("bad", Format.AVRO, '{"type":"nonsense"}', source="schemas/bad/schema.avsc")
    with pytest.raises(ConfigError) as refused:
        plant(Store(), [bad, WHOLE])
    problems = {problem.file: problem.message for problem in refused.value.problems}
    assert problems.keys() == {"schemas/bad/schema.avsc", "schemas/whole/schema.avsc"}
    assert "nonsense" in problems["schemas/bad/schema.avsc"]
    assert "'part'" in problems["schemas/whole/schema.avsc"]


def test_the_shipped_fixtures_can_be_planted():
    """Subjects, references and levels as the file says."""
    store = Store()
    for path in FIXTURES.glob("*.json"):
        plant_file(store, path)
    assert store.subjects() == ["geo.position-value", "plant.gate-value", "plant.pump-value"]
    assert store.rules.level("plant.pump-value") == "FULL"
    assert store.version("plant.pump-value", 1).definition.references[0].subject == "geo.position-value"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("[]", "not a registry fixture"),
        ("{", "not a registry fixture"),
        ("{}", "subjects: is missing"),
        ('{"subjects": [{"versions": []}]}', "subject: is missing"),
        ('{"subjects": [{"subject": "a", "versions": [{}]}]}', "schema: is missing"),
        ('{"subjects": [{"subject": "a", "versions": [{"schemaType": "XML", "schema": {}}]}]}', "'XML'"),
        ('{"compatibility": "SIDEWARD", "subjects": []}', "Invalid compatibility level"),
        (json.dumps({"subjects": [{"subject": "a", "versions": [{"schema": {"type": "nonsense"}}]}]}), "nonsense"),
    ],
)
def test_a_fixture_that_is_wrong_is_told_with_its_file(tmp_path: Path, content: str, told: str):
    """File, key, and what is wrong."""
    path = tmp_path / "fixture.json"
    path.write_text(content)
    with pytest.raises(ConfigError) as refused:
        plant_file(Store(), path)
    assert str(path) in str(refused.value)
    assert told in str(refused.value)
