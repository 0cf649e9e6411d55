"""Plans made from and executed at a development registry."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.config.contract import Compatibility
from gateway.errors import RegistryUnavailable
from gateway.model import Format, ReferenceTo
from gateway.plan.changes import NoteKind, Outlook, Register
from gateway.plan.pulling import Pull
from gateway.registry.answers import Candidate
from gateway.registry.client import RegistryClient, SchemaRefused
from gateway.registry.development.http import registry_app
from gateway.registry.development.schemas import Definition
from gateway.registry.development.store import Store
from gateway.registry.execution import PlanOutdated, Result, execute
from tests.parts.gateway import SCHEMAS
from tests.parts.git import Repository
from tests.parts.projects import READING, ProjectFiles
from tests.parts.registry_faults import FaultyRegistry, answer, at_path, faulty_registry
from tests.system.registry.steps import applied, connected, made, pulled

MORE = {**READING, "fields": [*READING["fields"], {"name": "unit", "type": "string", "default": "C"}]}
BREAKING = {**READING, "fields": [*READING["fields"], {"name": "unit", "type": "string"}]}
UNIT: dict[str, Any] = {"type": "enum", "name": "U", "symbols": ["C"]}
USER = {"type": "record", "name": "R", "fields": [{"name": "u", "type": "U"}]}
REFERENCE = {"name": "U", "subject": "unit-value"}


@pytest.fixture
async def registry() -> AsyncIterator[FaultyRegistry]:
    async with faulty_registry() as running:
        yield running


@pytest.fixture
async def client(registry: FaultyRegistry) -> AsyncIterator[RegistryClient]:
    async with connected(registry.url) as opened:
        yield opened


@pytest.fixture
def files(tmp_path: Path) -> ProjectFiles:
    return ProjectFiles(tmp_path)


def content(store: Store) -> Any:
    """All that a registry holds, by value."""
    return (
        {
            subject: [(e.version, e.schema_id, e.definition) for e in store.versions(subject)]
            for subject in store.subjects()
        },
        store.rules.dump(),
    )


async def test_the_shipped_contracts(client: RegistryClient, registry: FaultyRegistry) -> None:
    """Planned, applied, and then there is nothing left to do; a plan writes nothing."""
    before = content(registry.store)
    plan = await made(client, SCHEMAS)
    assert content(registry.store) == before
    steps = await applied(client, plan)
    assert len(steps) == len(plan.changes) == 14
    assert {step.result for step in steps} == {Result.DONE}
    again = await made(client, SCHEMAS)
    assert (again.changes, again.notes) == ((), ())


async def test_applying_twice(client: RegistryClient, registry: FaultyRegistry) -> None:
    """The second time everything holds."""
    plan = await made(client, SCHEMAS)
    await applied(client, plan)
    before = content(registry.store)
    assert {step.result for step in await applied(client, plan)} == {Result.HELD}
    assert content(registry.store) == before


async def test_avro_in_another_spelling(client: RegistryClient, files: ProjectFiles) -> None:
    """The registry keeps it as Java writes it: that is no difference, neither for plan nor for pull."""
    files.declare("pump", {"name": "plant.Pump", "type": "record", "fields": [{"name": "a", "type": {"type": "int"}}]})
    await applied(client, await made(client, files))
    assert json.loads((await client.latest("pump-value")).text)["namespace"] == "plant"
    plan = await made(client, files)
    assert (plan.changes, plan.notes) == ((), ())
    assert await pulled(client, files.contracts) == Pull()


@pytest.mark.parametrize("written", ["unit-value", ":.lab:unit-value"])
async def test_references_in_a_context(client: RegistryClient, files: ProjectFiles, written: str) -> None:
    """Without a context they are to that of their subject, in the folder and in the registry; no default one's."""
    for symbols in (["C"], ["C", "D"]):
        await client.register("unit-value", Candidate(Format.AVRO, json.dumps({**UNIT, "symbols": symbols})))
    files.share("unit", ":.lab:unit-value", UNIT)
    files.declare("user", USER, subject=":.lab:user-value", references=[{"name": "U", "subject": written}])
    plan = await made(client, files)
    assert [change.subject for change in plan.changes if isinstance(change, Register)] == [
        ":.lab:unit-value",
        ":.lab:user-value",
    ]
    await applied(client, plan)
    [reference] = (await client.latest(":.lab:user-value")).references
    assert (reference.schema.subject, reference.schema.version) == (":.lab:unit-value", 1)
    await client.delete_subject(":.lab:user-value")
    await client.register(
        ":.lab:user-value", Candidate(Format.AVRO, json.dumps(USER), (ReferenceTo("U", "unit-value", 1),))
    )
    assert (await made(client, files)).changes == ()
    assert await pulled(client, files.contracts, ":.lab:") == Pull()


async def test_a_new_version(client: RegistryClient, files: ProjectFiles) -> None:
    """With what changed, and the registry's own verdict."""
    files.declare("pump")
    await applied(client, await made(client, files))
    (files.contracts / "pump" / "schema.avsc").write_text(json.dumps(MORE))
    plan = await made(client, files)
    [change] = plan.changes
    assert isinstance(change, Register)
    assert change.outlook is Outlook.COMPATIBLE
    assert [each.message for each in change.differences] == ["field 'unit' added, string, with default \"C\""]
    [step] = await applied(client, plan)
    assert step.detail == "version 2, ID 2"


async def test_a_breaking_change_is_blocked(client: RegistryClient, files: ProjectFiles) -> None:
    """With our reasons, which say what to do, and the registry's."""
    files.declare("pump", compatibility="BACKWARD")
    await applied(client, await made(client, files))
    (files.contracts / "pump" / "schema.avsc").write_text(json.dumps(BREAKING))
    plan = await made(client, files)
    [change] = plan.blocked
    assert change.reasons[0].startswith("avro-field-without-default at /fields/2: ")
    assert change.reasons[0].endswith("give the field a default")
    assert any("READER_FIELD_MISSING_DEFAULT_VALUE" in reason for reason in change.reasons)
    with pytest.raises(SchemaRefused):
        await applied(client, plan)


async def test_a_level_that_the_plan_changes_counts(client: RegistryClient, files: ProjectFiles) -> None:
    """The registry cannot be asked under a level that it does not have yet: our rules decide."""
    files.declare("pump", compatibility="FULL")
    await applied(client, await made(client, files))
    folder = files.contracts / "pump"
    (folder / "schema.avsc").write_text(json.dumps(BREAKING))
    declared = (folder / "contract.yaml").read_text()
    (folder / "contract.yaml").write_text(declared.replace("FULL", "NONE"))
    plan = await made(client, files)
    assert not plan.blocked
    assert [step.result for step in await applied(client, plan)] == [Result.DONE, Result.DONE]
    (folder / "schema.avsc").write_text(json.dumps(READING))
    (folder / "contract.yaml").write_text(declared.replace("FULL", "FORWARD"))
    assert (await made(client, files)).conflicts  # an earlier version
    (folder / "schema.avsc").write_text(json.dumps({**READING, "doc": "other"}))
    [change] = (await made(client, files)).blocked
    assert "the old schema cannot read data of the new one" in change.reasons[0]


async def test_references_in_order(client: RegistryClient, files: ProjectFiles, registry: FaultyRegistry) -> None:
    """A changed type, and all that refers to its latest version."""
    files.declare("a", USER, references=[REFERENCE])
    files.share("z", "unit-value", UNIT)
    await applied(client, await made(client, files))
    (files.contracts / "z" / "schema.avsc").write_text(json.dumps({**UNIT, "symbols": ["C", "F"]}))
    plan = await made(client, files)
    assert [(each.subject, each.do) for each in plan.changes] == [("unit-value", "register"), ("a-value", "register")]
    assert not plan.blocked
    await applied(client, plan)
    [reference] = registry.store.version("a-value", -1).definition.references
    assert reference.version == 2
    assert not (await made(client, files)).changes


async def test_a_pinned_reference_stays_what_it_is(
    client: RegistryClient, files: ProjectFiles, registry: FaultyRegistry
) -> None:
    """From an empty registry on; later the type changes as it must not, and what has the number is not concerned."""
    files.declare("a", USER, references=[{**REFERENCE, "version": 1}], compatibility="BACKWARD")
    files.share("z", "unit-value", {**UNIT, "symbols": ["C", "F"]}, compatibility="NONE")
    plan = await made(client, files)
    assert not plan.blocked
    await applied(client, plan)
    (files.contracts / "z" / "schema.avsc").write_text(json.dumps(UNIT))
    more = {**USER, "fields": [*USER["fields"], {"name": "n", "type": "int", "default": 0}]}
    (files.contracts / "a" / "schema.avsc").write_text(json.dumps(more))
    plan = await made(client, files)
    assert [(each.subject, each.do) for each in plan.changes] == [("unit-value", "register"), ("a-value", "register")]
    assert not plan.blocked
    await applied(client, plan)
    [reference] = registry.store.version("a-value", -1).definition.references
    assert reference.version == 1
    assert not (await made(client, files)).changes


@pytest.mark.parametrize("stops_at", range(6))
async def test_an_interrupted_plan_converges(
    client: RegistryClient, files: ProjectFiles, registry: FaultyRegistry, stops_at: int
) -> None:
    """Whichever change it was stopped at, the same plan goes on where it was."""
    files.declare("a", USER, references=[REFERENCE], compatibility="FULL")
    files.share("z", "unit-value", UNIT, compatibility="NONE")
    files.declare("pump", compatibility="BACKWARD")
    plan = await made(client, files)
    assert len(plan.changes) == 6
    steps = []
    running = execute(client, plan)
    async for step in running:
        steps.append(step)
        if len(steps) > stops_at:
            break
        if len(steps) == stops_at:
            registry.fault = answer(500, "down")
            with pytest.raises(RegistryUnavailable):
                await anext(running)
            registry.fault = None
            break
    await running.aclose()
    results = [step.result for step in await applied(client, plan)]
    assert results == [Result.HELD] * len(steps) + [Result.DONE] * (6 - len(steps))
    assert not (await made(client, files)).changes


async def test_somebody_else_was_there(client: RegistryClient, files: ProjectFiles) -> None:
    """A version or a level that is neither the base nor the result refuses, and nothing is done."""
    files.declare("pump", compatibility="BACKWARD")
    first = await made(client, files)
    await client.register("pump-value", Candidate(Format.AVRO, json.dumps({**READING, "doc": "by hand"})))
    with pytest.raises(PlanOutdated, match=r"has version 1 \(ID 1\) as its latest, and had no version when"):
        await applied(client, first)
    second = await made(client, files)
    await client.set_compatibility("pump-value", Compatibility.FORWARD)
    with pytest.raises(PlanOutdated, match="is FORWARD, and was not set"):
        await applied(client, second)


async def test_nothing_of_an_outdated_plan_is_done(
    client: RegistryClient, files: ProjectFiles, registry: FaultyRegistry
) -> None:
    """The level is not lowered for a version that does not come."""
    files.declare("pump", compatibility="BACKWARD")
    await applied(client, await made(client, files))
    shutil.rmtree(files.contracts / "pump")
    files.declare("pump", BREAKING, compatibility="NONE")
    files.declare("valve")
    plan = await made(client, files)
    assert [each.do for each in plan.changes] == ["set-level", "register", "register"]
    await client.register("pump-value", Candidate(Format.AVRO, json.dumps(MORE)))
    with pytest.raises(PlanOutdated, match=r"has version 2 \(ID 2\) as its latest, and had version 1"):
        await applied(client, plan)
    assert registry.store.rules.level("pump-value") is Compatibility.BACKWARD
    assert registry.store.subjects() == ["pump-value"]


async def test_a_level_that_is_only_shown(
    client: RegistryClient, files: ProjectFiles, registry: FaultyRegistry
) -> None:
    """Apicurio shows the registry's own level for a subject without one, as soon as the subject is there."""
    files.declare("pump", compatibility="FULL")
    plan = await made(client, files)
    registry.store.register("pump-value", Definition(Format.AVRO, json.dumps(READING)))
    registry.store.rules.set_level("pump-value", "BACKWARD")
    assert [step.result for step in await applied(client, plan)] == [Result.HELD, Result.DONE]
    assert registry.store.rules.level("pump-value") is Compatibility.FULL


async def test_drift_is_told(client: RegistryClient, files: ProjectFiles) -> None:
    """A version that no commit holds; one of an earlier commit is none."""
    files.declare("pump")
    repository = Repository(files.folder)
    repository.commit()
    await applied(client, await made(client, files))
    schema = files.contracts / "pump" / "schema.avsc"
    schema.write_text(json.dumps(MORE))
    repository.commit()
    assert (await made(client, files)).notes == ()
    await client.register("pump-value", Candidate(Format.AVRO, json.dumps({**READING, "doc": "by hand"})))
    [note] = (await made(client, files)).notes
    assert (note.kind, note.subject) == (NoteKind.DRIFT, "pump-value")
    assert "version 2 (ID 2) is in no commit" in note.message


async def test_an_earlier_version_is_found(client: RegistryClient, files: ProjectFiles) -> None:
    """By the registry's own look-up."""
    files.declare("pump")
    await applied(client, await made(client, files))
    await client.register("pump-value", Candidate(Format.AVRO, json.dumps(MORE)))
    plan = await made(client, files)
    assert not plan.changes
    [note] = plan.conflicts
    assert "is version 1 of the registry, whose latest is version 2" in note.message


async def test_deleting_orphans(client: RegistryClient, files: ProjectFiles, registry: FaultyRegistry) -> None:
    """Softly, then for good; only those under the prefix; repeated it holds."""
    files.declare("pump")
    for subject in ("old.a", "old.b", "other"):
        await client.register(subject, Candidate(Format.AVRO, '"int"'))
    plan = await made(client, files, prefix="old.", delete=True)
    assert [each.do for each in plan.changes] == ["register", "delete", "delete"]
    await applied(client, plan)
    assert registry.store.subjects() == ["other", "pump-value"]
    assert registry.store.subjects(deleted=True) == ["old.a", "old.b", "other", "pump-value"]
    assert {step.result for step in await applied(client, plan)} == {Result.HELD}
    hard = await made(client, files, prefix="other", delete=True, permanent=True)
    await applied(client, hard)
    assert {step.result for step in await applied(client, hard)} == {Result.HELD}
    assert registry.store.subjects(deleted=True) == ["old.a", "old.b", "pump-value"]


async def test_an_orphan_of_another_type(client: RegistryClient, files: ProjectFiles, registry: FaultyRegistry) -> None:
    """PROTOBUF, which the gateway does not read, is deleted like any other."""
    files.declare("pump")
    await client.register("old", Candidate(Format.AVRO, '"int"'))
    shown = {"subject": "old", "version": 1, "id": 1, "schemaType": "PROTOBUF", "schema": 'syntax = "proto3";'}
    registry.fault = at_path(
        "/subjects/old/versions/latest", answer(200, json.dumps(shown)), otherwise=registry_app(registry.store)
    )
    plan = await made(client, files, prefix="old", delete=True)
    await applied(client, plan)
    assert registry.store.subjects() == ["pump-value"]


async def test_what_another_schema_refers_to_is_not_deleted(
    client: RegistryClient, files: ProjectFiles, registry: FaultyRegistry
) -> None:
    """Unless that goes, too, and before; said who needs it."""
    files.declare("pump")
    await client.register("unit", Candidate(Format.AVRO, json.dumps(UNIT)))
    files.declare("a", USER, references=[{"name": "U", "subject": "unit"}])
    await applied(client, await made(client, files))
    shutil.rmtree(files.contracts / "a")
    plan = await made(client, files, prefix="unit", delete=True)
    assert not plan.changes
    [note] = plan.notes
    assert (note.kind, note.subject) == (NoteKind.ORPHAN, "unit")
    assert note.message.endswith('what stays refers to it: "a-value"')
    await client.register("a-unit", Candidate(Format.AVRO, json.dumps({**UNIT, "name": "V"})))
    plan = await made(client, files, delete=True, permanent=True)
    subjects = list(dict.fromkeys(each.subject for each in plan.changes))
    assert subjects.index("a-value") < subjects.index("unit")
    await applied(client, plan)
    assert registry.store.subjects(deleted=True) == ["pump-value"]


async def test_what_was_deleted_softly_before_is_deleted_for_good(
    client: RegistryClient, files: ProjectFiles, registry: FaultyRegistry
) -> None:
    """But for what a folder names, which comes back."""
    files.declare("pump")
    for subject in ("old", "pump-value"):
        await client.register(subject, Candidate(Format.AVRO, '"int"'))
        await client.delete_subject(subject)
    assert [each.do for each in (await made(client, files, delete=True)).changes] == ["register"]
    plan = await made(client, files, delete=True, permanent=True)
    assert [(each.subject, each.do) for each in plan.changes] == [("pump-value", "register"), ("old", "delete")]
    await applied(client, plan)
    assert registry.store.subjects(deleted=True) == ["pump-value"]


def texts(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


async def test_pull_after_apply_gives_back_the_same_folder(client: RegistryClient, tmp_path: Path) -> None:
    """The shipped contracts, and what an empty folder becomes; planned from that there is nothing to do."""
    shutil.copytree(SCHEMAS, tmp_path / "schemas")
    await applied(client, await made(client, tmp_path / "schemas"))
    before = texts(tmp_path / "schemas")
    assert await pulled(client, tmp_path / "schemas") == Pull()
    assert texts(tmp_path / "schemas") == before
    await pulled(client, tmp_path / "new")
    plan = await made(client, tmp_path / "new")
    assert (plan.changes, plan.notes) == ((), ())
    assert await pulled(client, tmp_path / "new") == Pull()


async def test_pull_settles_a_conflict(client: RegistryClient, files: ProjectFiles) -> None:
    """Somebody registered a version by hand: it is taken over, and then there is nothing to do."""
    files.declare("pump", compatibility="FULL")
    await applied(client, await made(client, files))
    await client.register("pump-value", Candidate(Format.AVRO, json.dumps(MORE)))
    await client.set_compatibility("pump-value", Compatibility.BACKWARD)
    assert (await made(client, files)).conflicts
    pull = await pulled(client, files.contracts)
    assert [file.path.name for file in pull.files] == ["contract.yaml", "schema.avsc"]
    plan = await made(client, files)
    assert (plan.changes, plan.notes) == ((), ())


async def test_what_pull_says_of_a_real_subject(
    client: RegistryClient, registry: FaultyRegistry, tmp_path: Path
) -> None:
    """Earlier versions and metadata stay behind."""
    await client.register("pump-value", Candidate(Format.AVRO, json.dumps(READING)))
    registry.store.register(
        "pump-value", Definition(Format.AVRO, json.dumps(MORE), metadata={"properties": {"a": "b"}})
    )
    pull = await pulled(client, tmp_path / "new")
    assert [remark.partition(": ")[2].split(",")[0] for remark in pull.remarks] == [
        "only the latest version is pulled",
        "metadata cannot be declared",
    ]


@pytest.mark.parametrize("prefix", ["", "plant.b2", "plant.b1"])
async def test_pull_of_a_contract_with_variants_settles(
    client: RegistryClient, files: ProjectFiles, prefix: str
) -> None:
    """Somebody changed one of its subjects by hand: whatever is asked for, the folder says the same of all."""
    where = {"building": ["b1", "b2"]}
    files.declare(
        "pump", mqtt="plant/{building}/{device}", topic="plant.{building}", where=where, compatibility="BACKWARD"
    )
    await applied(client, await made(client, files))
    await client.register("plant.b2-value", Candidate(Format.AVRO, json.dumps(MORE)))
    await client.set_compatibility("plant.b2-value", Compatibility.FULL)
    before = texts(files.contracts)
    for _ in range(3):
        pull = await pulled(client, files.contracts, prefix)
        assert pull.files == []
        assert any("differ in schema and level" in remark for remark in pull.remarks)
        assert texts(files.contracts) == before
    await client.register("plant.b1-value", Candidate(Format.AVRO, json.dumps(MORE)))
    await client.set_compatibility("plant.b1-value", Compatibility.FULL)
    pull = await pulled(client, files.contracts, prefix)
    assert [file.path.name for file in pull.files] == ["contract.yaml", "schema.avsc"]
    assert (await pulled(client, files.contracts, prefix)).files == []
    plan = await made(client, files)
    assert (plan.changes, plan.notes) == ((), ())


async def test_pull_of_a_prefix_knows_what_is_the_latest(client: RegistryClient, files: ProjectFiles) -> None:
    """Also of subjects that do not begin so, but are referred to."""
    await client.register("unit-value", Candidate(Format.AVRO, json.dumps(UNIT)))
    await client.register("unit-value", Candidate(Format.AVRO, json.dumps({**UNIT, "symbols": ["C", "F"]})))
    user = Candidate(Format.AVRO, json.dumps(USER), (ReferenceTo("U", "unit-value", 2),))
    await client.register("t-held-value", user)
    await client.register("t-new", user)
    files.declare("held", USER, references=[REFERENCE], subject="t-held-value")
    pull = await pulled(client, files.contracts, "t-")
    assert pull.remarks == []
    assert (files.contracts / "t-new" / "contract.yaml").read_text().endswith("  version: latest\n")


async def test_pull_leaves_what_nobody_committed(client: RegistryClient, files: ProjectFiles) -> None:
    """A schema without a contract.yaml is somebody's work: it is told, before anything is written, and left."""
    for subject in ("geo-value", "meters-value"):
        await client.register(subject, Candidate(Format.AVRO, json.dumps(UNIT)))
    theirs = files.contracts / "meters" / "schema.avsc"
    theirs.parent.mkdir()
    theirs.write_text('"mine"')
    pull = await pulled(client, files.contracts)
    assert texts(files.contracts).keys() == {"geo/contract.yaml", "geo/schema.avsc", "meters/schema.avsc"}
    assert theirs.read_text() == '"mine"'
    [remark] = pull.remarks
    assert remark.startswith(f"{theirs.parent}: left out, because {theirs} is there already, and no contract.yaml")


@pytest.mark.parametrize("status", [500, 401])
async def test_a_registry_that_is_away(
    client: RegistryClient, files: ProjectFiles, registry: FaultyRegistry, status: int
) -> None:
    """No plan is made from half of what it holds."""
    files.declare("pump")
    registry.fault = answer(status, "no")
    with pytest.raises(RegistryUnavailable):
        await made(client, files)


SOME: list[dict[str, Any]] = [
    {"name": "a", "type": "int"},
    {"name": "a", "type": "long", "doc": "x"},
    {"name": "b", "type": "string", "default": ""},
    {"name": "c", "type": ["null", "U"], "default": None},
    {"name": "d", "type": {"type": "map", "values": "double"}},
]
FIELDS = st.lists(st.sampled_from(SOME), max_size=4, unique_by=lambda field: str(field["name"]))
LEVELS = st.sampled_from([None, "NONE", "BACKWARD", "FULL_TRANSITIVE"])
STATES = st.lists(
    st.tuples(FIELDS, LEVELS, st.lists(st.sampled_from("CFK"), min_size=1, unique=True)), min_size=1, max_size=4
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=12)
@given(states=STATES)
def test_apply_after_plan_leaves_nothing_to_do(tmp_path_factory: pytest.TempPathFactory, states: Any) -> None:
    """Whatever happened before, unless the plan itself says that it cannot be applied."""

    async def run() -> None:
        async with faulty_registry() as registry, connected(registry.url) as client:
            for fields, level, symbols in states:
                files = ProjectFiles(tmp_path_factory.mktemp("project"))
                files.share("unit", "unit-value", {**UNIT, "symbols": symbols})
                schema = {"type": "record", "name": "R", "fields": fields}
                declared = {} if level is None else {"compatibility": level}
                files.declare("pump", schema, references=[REFERENCE], **declared)
                plan = await made(client, files)
                if plan.blocked or plan.conflicts:
                    continue
                try:
                    await applied(client, plan)
                except SchemaRefused:  # what was undecided is decided now
                    assert any(each.outlook is Outlook.UNDECIDED for each in plan.changes if isinstance(each, Register))
                    continue
                again = await made(client, files)
                assert (again.changes, again.conflicts) == ((), ())

    asyncio.run(run())
