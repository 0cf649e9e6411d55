"""Subjects, versions and IDs: Confluent's rules, without HTTP."""

from __future__ import annotations

import json

import pytest

from gateway.model import Format, ReferenceTo
from gateway.registry.development.refusals import Refused
from gateway.registry.development.schemas import Definition
from gateway.registry.development.store import LATEST, Store


def record(*fields: str, name: str = "plant.Pump", **more: object) -> Definition:
    """An Avro record of strings; a field written ``name=`` has the empty default."""
    listed = [
        {"name": field.rstrip("="), "type": "string", **({"default": ""} if field.endswith("=") else {})}
        for field in fields
    ]
    return Definition(Format.AVRO, json.dumps({"type": "record", "name": name, "fields": listed}), **more)  # type: ignore[arg-type]  # the test's own values


@pytest.fixture
def store() -> Store:
    return Store()


def refused(code: int):
    """The refusal with this code."""
    return pytest.raises(Refused, match=rf"^{code}:")


def test_the_same_schema_is_the_same_version_and_the_same_id_everywhere(store):
    """Registering twice changes nothing; another subject shares the ID, and starts at version 1."""
    first = store.register("a", record("x"))
    assert store.register("a", record("x")) is first
    other = store.register("b", record("x"))
    assert (other.schema_id, other.version) == (first.schema_id, 1)


def test_ids_grow_and_are_never_given_twice(store):
    """Even after a permanent deletion an ID means one schema only."""
    store.register("a", record("x"))
    last = store.register("b", record("y"))
    store.delete_subject("b")
    store.delete_subject("b", permanent=True)
    assert store.register("c", record("z")).schema_id > last.schema_id
    assert store.register("b", record("y")).schema_id > last.schema_id + 1


def test_a_schema_with_other_references_is_another_schema(store):
    """The same text means something else with other references."""
    store.register("p", record("x", name="Part"))
    store.register("p", record("x", "y=", name="Part"))
    whole = json.dumps({"type": "record", "name": "Whole", "fields": [{"name": "p", "type": "Part"}]})
    ids = {
        store.register("w", Definition(Format.AVRO, whole, (ReferenceTo("Part", "p", version),))).schema_id
        for version in (1, 2)
    }
    assert len(ids) == 2
    assert [entry.version for entry in store.versions("w")] == [1, 2]


def test_contexts_have_ids_of_their_own(store):
    """A qualified subject lives in its context; the default context is not written."""
    plain = store.register("a", record("x"))
    qualified = store.register(":.lab:a", record("y"))
    assert plain.schema_id == qualified.schema_id == 1
    assert store.contexts() == [".", ".lab"]
    assert [entry.subject for entry in store.by_id(1, ".lab")] == [":.lab:a"]
    assert store.subjects(":.lab:") == [":.lab:a"]


def test_an_incompatible_version_is_refused_with_the_reason(store):
    """409, and the reason names the field."""
    store.register("a", record("x"))
    with refused(409) as caught:
        store.register("a", record("x", "pressure"))
    assert "pressure" in caught.value.message
    assert caught.value.status == 409
    assert len(store.versions("a")) == 1


def test_only_the_latest_version_counts_unless_the_level_is_transitive(store):
    """Version 3 fits version 2 and not version 1."""
    store.register("a", record("x"))
    store.register("a", record("x", "y="))
    store.rules.set_level("a", "BACKWARD_TRANSITIVE")
    with refused(409):
        store.register("a", record("x", "y"))
    store.rules.set_level("a", "BACKWARD")
    assert store.register("a", record("x", "y")).version == 3


def test_a_deleted_version_does_not_count_for_compatibility(store):
    """What is deleted needs no reader any more."""
    store.register("a", record("x"))
    store.register("a", record("x", "y="))
    store.delete_version("a", 2)
    store.rules.set_level(None, "FULL")
    assert store.register("a", record("x", "z=")).version == 3


def test_another_schema_type_is_incompatible(store):
    """Avro after JSON Schema is refused by every level but NONE."""
    store.register("a", Definition(Format.JSON, "{}"))
    with refused(409):
        store.register("a", record("x"))
    store.rules.set_level("a", "NONE")
    assert store.register("a", record("x")).version == 2


@pytest.mark.parametrize(
    "definition",
    [
        Definition(Format.AVRO, '{"type":"nonsense"}'),
        Definition(Format.AVRO, "{"),
        Definition(Format.AVRO, "7"),
        Definition(Format.AVRO, '{"type":"record","name":"R","fields":[{"name":"1x","type":["int","int"]}]}'),
        Definition(Format.AVRO, '{"type":"record","name":"R","fields":[{"name":"x","type":"int","default":"1"}]}'),
        Definition(Format.AVRO, '{"type":"record","name":"R","fields":[{"name":"x","type":"Unknown"}]}'),
        Definition(Format.AVRO, "[" * 100_000),
        Definition(Format.JSON, '{"type":"nonsense"}'),
        Definition(Format.JSON, '"text"'),
        Definition(Format.JSON, "{"),
        Definition(Format.JSON, "{}", (ReferenceTo("x", "nowhere", 1),)),
    ],
)
def test_an_invalid_schema_is_refused(store, definition):
    """42201, and nothing is registered."""
    with refused(42201):
        store.register("a", definition)
    assert store.subjects() == []


def test_lookup_tells_a_missing_subject_from_a_missing_schema(store):
    """40401 and 40403; a deleted version is found only on request."""
    with refused(40401):
        store.lookup("a", record("x"))
    store.register("a", record("x"))
    with refused(40403):
        store.lookup("a", record("y"))
    store.register("a", record("x", "y="))
    store.delete_version("a", 1)
    with refused(40403):
        store.lookup("a", record("x"))
    assert store.lookup("a", record("x"), deleted=True).version == 1


def test_a_reference_to_the_latest_keeps_its_number(store):
    """-1 is what the latest version is now; a soft-deleted one is no target for a new schema."""
    store.register("part", record("x", name="Part"))
    store.register("part", record("x", "y=", name="Part"))
    text = json.dumps({"type": "record", "name": "Whole", "fields": [{"name": "p", "type": "Part"}]})
    latest = Definition(Format.AVRO, text, (ReferenceTo("Part", "part", LATEST),))
    assert store.register("whole", latest).definition.references[0].version == 2
    assert store.lookup("whole", latest).version == 1
    store.delete_version("part", 1)
    with refused(42201):
        store.register("other", Definition(Format.AVRO, text, (ReferenceTo("Part", "part", 1),)))


def test_what_a_registration_leaves_out_is_inherited(store):
    """Metadata and rules, and without text the whole schema; look-ups find it without them, too."""
    owner = {"properties": {"owner": "me"}}
    first = store.register("a", record("x", metadata=owner))
    assert store.register("a", record("x")) == first
    assert store.lookup("a", record("x")) == first
    assert store.register("a", record("x", "y=")).definition.metadata == owner
    ruled = store.register("a", Definition(Format.AVRO, "", rule_set={"domainRules": []}))
    assert (ruled.version, ruled.definition.metadata) == (3, owner)
    with refused(42201):
        store.register("b", Definition(Format.AVRO, ""))
    with refused(40403):
        store.lookup("a", Definition(Format.AVRO, ""))


def test_a_version_that_is_named_must_be_the_next(store):
    """Even where the schema is there already."""
    store.register("a", record("x"))
    with refused(42201):
        store.register("a", record("x", "y="), version=3)
    assert store.register("a", record("x"), version=2).version == 2


def test_the_same_type_counts_only_where_the_level_looks(store):
    """An older version of another type hinders no level that looks at the latest."""
    store.rules.set_level("a", "NONE")
    store.register("a", Definition(Format.JSON, "{}"))
    store.register("a", record("x"))
    store.rules.set_level("a", "BACKWARD_TRANSITIVE")
    with refused(409):
        store.register("a", record("x", "y="))
    store.rules.set_level("a", "BACKWARD")
    assert store.register("a", record("x", "y=")).version == 3


def test_normalised_is_what_was_registered_normalised(store):
    """A look-up that normalises does not find a text that was kept as it was written."""
    one, other = (Definition(Format.JSON, text) for text in ('{"b":1,"a":2}', '{"a":2,"b":1}'))
    store.register("kept", one)
    with refused(40403):
        store.lookup("kept", one, normalize=True)
    store.register("sorted", one, normalize=True)
    assert store.lookup("sorted", one, normalize=True).definition.text == '{"a":2,"b":1}'
    assert store.lookup("sorted", other).version == 1


@pytest.mark.parametrize("name", ["a\tb", "__GLOBAL", "__EMPTY", ":.lab:__EMPTY"])
def test_names_that_no_subject_may_have(store, name):
    """For schemas, levels and modes."""
    with refused(42208):
        store.register(name, record("x"))
    with refused(42208):
        store.set_level(name, "FULL")
    with refused(42208):
        store.set_mode(name, "READONLY")


def test_rules_of_a_context(store):
    """They hold for its subjects; the registry's own are the default context's."""
    store.set_level(None, "NONE")
    assert store.rules.level(":.lab:a") == "BACKWARD"
    store.set_level(":.lab:", "FULL")
    store.set_mode(":.lab:", "READONLY")
    assert (store.rules.level(":.lab:a"), store.rules.level("a")) == ("FULL", "NONE")
    with refused(42205):
        store.register(":.lab:a", record("x"))
    assert store.register("a", record("x")).version == 1


def test_soft_deletion_hides_and_keeps(store):
    """The subject is gone from lists, readable by ID, and its numbers go on after a new registration."""
    entry = store.register("a", record("x"))
    assert store.delete_subject("a") == [1]
    assert store.subjects() == []
    assert store.subjects(deleted=True) == ["a"]
    with refused(40401):
        store.version("a", LATEST)
    assert store.by_id(entry.schema_id)[0].definition == entry.definition
    with refused(40404):
        store.delete_subject("a")
    again = store.register("a", record("x"))
    assert (again.version, again.schema_id) == (2, entry.schema_id)
    assert [kept.version for kept in store.versions("a", deleted=True)] == [2]


def test_permanent_deletion_needs_a_soft_one_first(store):
    """40405 and 40407; afterwards numbers start again."""
    store.register("a", record("x"))
    with refused(40405):
        store.delete_subject("a", permanent=True)
    with refused(40407):
        store.delete_version("a", 1, permanent=True)
    assert store.delete_version("a", 1) == 1
    with refused(40406):
        store.delete_version("a", 1)
    assert store.delete_version("a", 1, permanent=True) == 1
    with refused(40401):
        store.delete_version("a", 1)
    assert store.register("a", record("y")).version == 1


def test_the_latest_version_is_deleted_by_name(store):
    """LATEST is the highest that is not deleted."""
    store.register("a", record("x"))
    store.register("a", record("x", "y="))
    assert store.delete_version("a", LATEST) == 2
    assert store.delete_version("a", LATEST) == 1
    with refused(40402):
        store.delete_version("a", LATEST)
    with refused(40402):
        store.version("a", LATEST, deleted=True)
    with refused(40401):
        store.delete_version("none", LATEST)


def test_permanent_deletion_takes_level_and_mode_along(store):
    """With the last version, however it goes."""
    for subject in ("a", "b"):
        store.register(subject, record("x"))
        store.set_level(subject, "FULL")
        store.delete_subject(subject)
        assert store.rules.level(subject) == "FULL"
    store.delete_subject("a", permanent=True)
    store.delete_version("b", 1, permanent=True)
    assert (store.rules.level("a"), store.rules.level("b")) == ("BACKWARD", "BACKWARD")


def test_what_others_refer_to_cannot_be_deleted(store):
    """42206 for the version and for the subject, until the referring one is deleted."""
    part = store.register("part", record("x", name="Part"))
    text = json.dumps({"type": "record", "name": "Whole", "fields": [{"name": "p", "type": "Part"}]})
    whole = store.register("whole", Definition(Format.AVRO, text, (ReferenceTo("Part", "part", 1),)))
    assert store.referenced_by("part", part.version) == [whole.schema_id]
    with refused(42206):
        store.delete_version("part", 1)
    with refused(42206):
        store.delete_subject("part")
    store.delete_subject("whole")
    assert store.referenced_by("part", 1) == []
    assert store.referenced_by("part", 1, deleted=True) == [whole.schema_id]
    assert store.delete_subject("part") == [1]
    with refused(42206):
        store.delete_subject("part", permanent=True)
    with refused(42206):
        store.set_mode("part", "IMPORT")
    with refused(42206):
        store.delete_version("part", 1, permanent=True)
    store.register("part", record("x", name="Part"))
    assert [kept.version for kept in store.versions("part", deleted=True)] == [1, 2]


def test_references_of_references_are_followed(store):
    """A schema that names only its direct reference is parsed with everything below it."""
    store.register("bolt", record("x", name="Bolt"))
    part = '{"type":"record","name":"Part","fields":[{"name":"b","type":"Bolt"}]}'
    store.register("part", Definition(Format.AVRO, part, (ReferenceTo("Bolt", "bolt", 1),)))
    whole = '{"type":"record","name":"Whole","fields":[{"name":"p","type":"Part"}]}'
    assert store.register("whole", Definition(Format.AVRO, whole, (ReferenceTo("Part", "part", 1),))).version == 1


def test_read_only_means_it(store):
    """42205 for registration, deletion and the level; reading goes on."""
    store.register("a", record("x"))
    store.set_mode("a", "READONLY")
    with refused(42205):
        store.register("a", record("x", "y="))
    with refused(42205):
        store.delete_subject("a")
    with refused(42205):
        store.set_level("a", "FULL")
    with refused(40401):
        store.drop_level("a")
    with refused(42203):
        store.set_level("a", "SIDEWARD")
    assert store.version("a", 1).version == 1
    assert store.register("b", record("x")).version == 1


def test_an_import_brings_its_own_id_and_version(store):
    """Only in IMPORT mode, and never over another schema's ID."""
    with refused(42205):
        store.register("a", record("x"), schema_id=100, version=7)
    store.set_mode("a", "import")
    with refused(42205):
        store.register("a", record("x"))
    entry = store.register("a", record("x"), schema_id=100, version=7)
    assert (entry.schema_id, entry.version) == (100, 7)
    with refused(42205):
        store.register("a", record("y"), schema_id=100, version=8)
    assert store.register("a", record("x"), schema_id=0).version == 8
    store.set_mode("a", "READWRITE")
    assert store.register("b", record("z")).schema_id == 101


def test_an_import_into_what_is_not_empty_needs_force(store):
    """As in Confluent, so that IDs are not mixed by accident."""
    store.register("a", record("x"))
    for subject in ("a", None):
        with refused(42205):
            store.set_mode(subject, "IMPORT")
    assert store.set_mode(None, "IMPORT", force=True) == "IMPORT"
    assert store.set_mode(None, "IMPORT") == "IMPORT"
    store.set_mode(None, "READWRITE")
    store.delete_subject("a")
    assert store.set_mode("a", "IMPORT") == "IMPORT"
    assert store.subjects(deleted=True) == []


def test_rules_fall_back_on_the_registrys_own(store):
    """A subject without a level has the registry's, but does not show it as its own."""
    rules = store.rules
    rules.set_level(None, "full")
    assert rules.level("a") == "FULL"
    assert rules.shown_level("a", fall_back=True) == "FULL"
    with refused(40408):
        rules.shown_level("a", fall_back=False)
    with refused(40409):
        rules.shown_mode("a", fall_back=False)
    rules.set_level("a", "NONE")
    assert rules.drop_level("a") == "NONE"
    assert rules.level("a") == "FULL"
    assert rules.drop_level(None) == "FULL"
    assert rules.level("a") == "BACKWARD"
    with refused(42203):
        rules.set_level("a", "SIDEWARD")
    with refused(42204):
        rules.set_mode("a", None)
