"""plan, apply and pull at a real Apicurio that has no subjects but those of these tests."""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from gateway.config.contract import Compatibility
from gateway.errors import SubjectNotFound
from gateway.model import Format
from gateway.plan.changes import NoteKind, Outlook, Plan, Register, SetLevel
from gateway.plan.pulling import Pull
from gateway.registry.answers import Candidate
from gateway.registry.client import RegistryClient, SchemaRefused
from gateway.registry.execution import Result
from tests.parts.apicurio import running_apicurio
from tests.parts.gateway import SCHEMAS
from tests.parts.projects import READING, ProjectFiles
from tests.system.registry.steps import applied, connected, made, pulled

pytestmark = pytest.mark.apicurio

MORE = {**READING, "fields": [*READING["fields"], {"name": "unit", "type": "string", "default": "C"}]}
BARE = {**READING, "fields": [*READING["fields"], {"name": "unit", "type": "string"}]}


@pytest.fixture(scope="module")
def own_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_apicurio(tmp_path_factory.mktemp("apicurio")) as url:
        yield url


@pytest.fixture
async def client(own_url: str) -> AsyncIterator[RegistryClient]:
    async with connected(own_url) as opened:
        yield opened


@pytest.fixture
def empty_url(tmp_path: Path) -> Iterator[str]:
    """Of an Apicurio in which nothing was registered yet: a pull takes over everything."""
    with running_apicurio(tmp_path) as url:
        yield url


@pytest.fixture
def files(tmp_path: Path) -> ProjectFiles:
    return ProjectFiles(tmp_path)


def is_empty(plan: Plan) -> bool:
    """Whether nothing is to be done or to be known, but for subjects of other tests."""
    return not plan.changes and all(note.kind is NoteKind.ORPHAN for note in plan.notes)


async def test_the_shipped_contracts(empty_url: str, tmp_path: Path) -> None:
    """Applied nothing is left to do, applied again everything holds, and what is pulled is the same."""
    ours, new = tmp_path / "ours", tmp_path / "new"
    shutil.copytree(SCHEMAS, ours)
    async with connected(empty_url) as client:
        plan = await made(client, ours)
        assert {step.result for step in await applied(client, plan)} == {Result.DONE}
        assert is_empty(await made(client, ours))
        assert {step.result for step in await applied(client, plan)} == {Result.HELD}
        assert await pulled(client, ours) == Pull()
        await pulled(client, new)
        assert is_empty(await made(client, new))
        assert await pulled(client, new) == Pull()


async def test_levels(client: RegistryClient, files: ProjectFiles) -> None:
    """Of a subject that is not there yet, and of one that shows NONE without having one of its own."""
    files.declare("levelled", compatibility="FULL_TRANSITIVE")
    await applied(client, await made(client, files))
    assert await client.compatibility("levelled-value") is Compatibility.FULL_TRANSITIVE
    files.declare("bare")
    await applied(client, await made(client, files))
    declared = files.contracts / "bare" / "contract.yaml"
    declared.write_text(declared.read_text() + "compatibility: BACKWARD\n")
    plan = await made(client, files)
    [change] = plan.changes
    assert isinstance(change, SetLevel)
    assert change.base is Compatibility.NONE
    assert [step.result for step in await applied(client, plan)] == [Result.DONE]
    assert is_empty(await made(client, files))


async def test_new_versions(client: RegistryClient, files: ProjectFiles) -> None:
    """A compatible one is registered; one that is not is blocked with our reasons, for Apicurio gives none."""
    folder = files.declare("pump", compatibility="BACKWARD")
    await applied(client, await made(client, files))
    (folder / "schema.avsc").write_text(json.dumps(BARE))
    plan = await made(client, files)
    [change] = plan.blocked
    assert change.reasons[0].startswith("avro-field-without-default at /fields/2: ")
    with pytest.raises(SchemaRefused) as refused:
        await applied(client, plan)
    assert refused.value.incompatible
    (folder / "schema.avsc").write_text(json.dumps(MORE))
    plan = await made(client, files)
    compatible = plan.changes[0]
    assert isinstance(compatible, Register)
    assert compatible.outlook is Outlook.COMPATIBLE
    [step] = await applied(client, plan)
    assert step.detail.startswith("version 2, ID ")
    assert is_empty(await made(client, files))


@pytest.mark.parametrize(("level", "blocked"), [("BACKWARD", 0), ("BACKWARD_TRANSITIVE", 1)])
async def test_the_level_decides_with_which_versions_is_compared(
    client: RegistryClient, files: ProjectFiles, level: str, blocked: int
) -> None:
    """Asked for all versions Apicurio compares with all: the plan goes by what it would register."""
    folder = files.declare(f"compared.{level.lower()}", compatibility=level)
    await applied(client, await made(client, files))
    (folder / "schema.avsc").write_text(json.dumps(MORE))
    await applied(client, await made(client, files))
    (folder / "schema.avsc").write_text(json.dumps(BARE))
    plan = await made(client, files)
    assert (len(plan.changes), len(plan.blocked)) == (1, blocked)
    if not blocked:
        [step] = await applied(client, plan)
        assert step.detail.startswith("version 3, ID ")


async def test_what_apicurio_does_not_tell_apart(client: RegistryClient, files: ProjectFiles) -> None:
    """A change of ``doc`` alone is no change that could be made, and is told as that."""
    folder = files.declare("documented")
    await applied(client, await made(client, files))
    (folder / "schema.avsc").write_text(json.dumps({**READING, "doc": "What a sensor says"}))
    plan = await made(client, files)
    assert plan.changes == ()
    [note] = [note for note in plan.notes if note.kind is not NoteKind.ORPHAN]
    assert (note.kind, note.subject) == (NoteKind.DRIFT, "documented-value")


async def test_another_spelling(client: RegistryClient, files: ProjectFiles) -> None:
    """Somebody registered the folder's schema in other words."""
    files.declare("spelled", {"type": "record", "name": "p.R", "fields": [{"name": "a", "type": {"type": "int"}}]})
    text = '{"fields": [{"type": "int", "name": "a"}], "namespace": "p", "name": "R", "type": "record"}'
    await client.register("spelled-value", Candidate(Format.AVRO, text))
    assert is_empty(await made(client, files))


async def test_references(client: RegistryClient, files: ProjectFiles) -> None:
    """A shared type, what refers to it, and both again when it changes."""
    unit = {"type": "enum", "name": "U", "symbols": ["C"]}
    user = {"type": "record", "name": "R", "fields": [{"name": "u", "type": "U"}]}
    files.declare("user", user, references=[{"name": "U", "subject": "unit-value"}])
    folder = files.share("unit", "unit-value", unit)
    await applied(client, await made(client, files))
    assert is_empty(await made(client, files))
    (folder / "schema.avsc").write_text(json.dumps({**unit, "symbols": ["C", "F"]}))
    plan = await made(client, files)
    assert [each.subject for each in plan.changes] == ["unit-value", "user-value"]
    await applied(client, plan)
    [reference] = (await client.read_latest("user-value")).references
    assert reference.version == 2
    assert is_empty(await made(client, files))
    assert (await pulled(client, files.contracts, "u")).files == []


async def test_deletion(client: RegistryClient, files: ProjectFiles) -> None:
    """Softly, then for good, as often as it is asked for; never for good without a soft one before."""
    files.declare("kept")
    for subject in ("gone.a", "gone.b"):
        await client.register(subject, Candidate(Format.AVRO, json.dumps(READING)))
    with pytest.raises(SchemaRefused, match="must be soft deleted first"):
        await client.delete_subject("gone.a", permanent=True)
    soft = await made(client, files, prefix="gone.a", delete=True)
    hard = await made(client, files, prefix="gone.b", delete=True, permanent=True)
    for plan in (soft, hard):
        assert Result.DONE in {step.result for step in await applied(client, plan)}
        assert {step.result for step in await applied(client, plan)} == {Result.HELD}
    for subject in ("gone.a", "gone.b"):
        with pytest.raises(SubjectNotFound):
            await client.latest(subject)
    assert {name for name in await client.subjects() if name.startswith("gone.")} == set()


async def test_what_another_schema_refers_to_is_not_deleted(client: RegistryClient, files: ProjectFiles) -> None:
    """Who needs it is said; the registry would refuse. Both go where the other one may go, too, and for good.

    What was deleted softly only still counts as referring here.
    """
    unit = {"type": "enum", "name": "V", "symbols": ["C"]}
    await client.register("held.unit", Candidate(Format.AVRO, json.dumps(unit)))
    user = {"type": "record", "name": "R", "fields": [{"name": "v", "type": "V"}]}
    files.declare("holder", user, references=[{"name": "V", "subject": "held.unit"}], subject="held.value")
    await applied(client, await made(client, files))
    shutil.rmtree(files.contracts / "holder")
    files.declare("other")
    plan = await made(client, files, prefix="held.unit", delete=True)
    [note] = [note for note in plan.notes if note.subject == "held.unit"]
    assert note.message.endswith('what stays refers to it: "held.value"')
    with pytest.raises(SchemaRefused, match=r"does not delete 'held\.unit'"):
        await client.delete_subject("held.unit")
    plan = await made(client, files, prefix="held.", delete=True, permanent=True)
    deleted = dict.fromkeys(each.subject for each in plan.changes if each.do == "delete")
    assert list(deleted) == ["held.value", "held.unit"]
    await applied(client, plan)
    assert not {"held.value", "held.unit"} & set(await client.subjects())


async def test_pull_settles_what_somebody_did_by_hand(client: RegistryClient, files: ProjectFiles) -> None:
    """A version and a level: both are taken over, and then there is nothing to do."""
    files.declare("hand", compatibility="FULL")
    await applied(client, await made(client, files))
    await client.register("hand-value", Candidate(Format.AVRO, json.dumps(MORE)))
    await client.set_compatibility("hand-value", Compatibility.BACKWARD)
    assert (await made(client, files)).conflicts
    pull = await pulled(client, files.contracts, "hand")
    assert [file.path.name for file in pull.files] == ["contract.yaml", "schema.avsc"]
    assert is_empty(await made(client, files))
