"""``gateway schemas plan`` and ``apply`` as processes, at a development registry."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gateway.model import Format
from gateway.registry.development.http import registry_app
from gateway.registry.development.schemas import Definition
from tests.parts.projects import READING, ProjectFiles
from tests.parts.registry_faults import FaultyRegistry, answer, at_path, faulty_registry, in_turn
from tests.parts.waiting import eventually
from tests.system.cli.commands import COMMAND, Finished, run
from tests.system.demo.terminal import Terminal, plain

MORE = {**READING, "fields": [*READING["fields"], {"name": "unit", "type": "string", "default": "C"}]}
BREAKING = {**READING, "fields": [*READING["fields"], {"name": "unit", "type": "string"}]}


@pytest.fixture
async def registry() -> AsyncIterator[FaultyRegistry]:
    async with faulty_registry() as running:
        yield running


@pytest.fixture
def files(tmp_path: Path, registry: FaultyRegistry) -> ProjectFiles:
    made = ProjectFiles(tmp_path, registry={"url": registry.url})
    made.declare("pump", compatibility="BACKWARD")
    return made


def change(files: ProjectFiles, schema: Any) -> None:
    (files.contracts / "pump" / "schema.avsc").write_text(json.dumps(schema))


def level(files: ProjectFiles, wanted: str) -> None:
    file = files.contracts / "pump" / "contract.yaml"
    file.write_text(file.read_text().replace("compatibility: ", f"compatibility: {wanted} # was "))


def timed(kind: Any) -> dict[str, Any]:
    return {**READING, "fields": [*READING["fields"], {"name": "t", "type": ["null", kind], "default": None}]}


def stamp(unit: str) -> dict[str, Any]:
    return {"type": "long", "logicalType": f"timestamp-{unit}"}


async def schemas(files: ProjectFiles, *arguments: str) -> Finished:
    return await run(files.folder, "schemas", *arguments)


async def test_from_an_empty_registry(files: ProjectFiles, registry: FaultyRegistry) -> None:
    """Planned to a file, applied from it, and again; each says what it did."""
    planned = await schemas(files, "plan", "--out", "plan.json", "--exit-code")
    assert (planned.code, planned.err) == (1, "")
    assert planned.out.splitlines() == [
        "+ pump-value  new subject, AVRO (schemas/pump/schema.avsc)",
        "~ pump-value  level of the registry -> BACKWARD",
        f"{registry.url}: 1 new subject, 1 level",
    ]
    assert registry.store.subjects() == []
    done = await schemas(files, "apply", "plan.json")
    assert done.code == 0
    assert done.out.splitlines() == [
        "done  pump-value: new subject, AVRO (schemas/pump/schema.avsc): version 1, ID 1",
        "done  pump-value: level of the registry -> BACKWARD: the level is BACKWARD",
        "2 of 2 changes hold, 2 made now",
    ]
    again = await schemas(files, "apply", "plan.json")
    assert (again.code, again.out.splitlines()[-1]) == (0, "2 of 2 changes hold, 0 made now")
    planned = await schemas(files, "plan", "--exit-code")
    assert (planned.code, planned.out) == (
        0,
        f"{registry.url}: nothing to do: the registry has what the folders want\n",
    )


async def test_a_breaking_change_cannot_be_applied(files: ProjectFiles, registry: FaultyRegistry) -> None:
    """Plan says why and what to do, as markdown too; apply touches nothing."""
    assert (await schemas(files, "apply", "--yes")).code == 0
    change(files, BREAKING)
    planned = await schemas(files, "plan", "--out", "plan.json")
    assert planned.code == 1
    assert "! pump-value  new version after 1 (schemas/pump/schema.avsc)" in planned.out
    assert "give the field a default" in planned.out
    assert "oldSchema" not in planned.out
    told = (await schemas(files, "plan", "--output", "markdown")).out
    assert "- `!` **pump-value**: new version after 1" in told
    assert "**This plan cannot be applied.**" in told
    applied = await schemas(files, "apply", "plan.json")
    assert (applied.code, applied.out) == (1, "")
    assert "nothing was changed: the plan cannot be applied (pump-value)" in applied.err
    told_as_json = json.loads((await schemas(files, "apply", "--yes", "--output", "json")).out)
    assert (told_as_json["ok"], told_as_json["steps"]) == (False, [])
    assert "cannot be applied (pump-value)" in told_as_json["failure"]
    assert len(registry.store.versions("pump-value")) == 1


async def test_a_logical_type_that_the_registry_does_not_look_at(files: ProjectFiles, registry: FaultyRegistry) -> None:
    """Another value is refused though the registry takes it; a meaning that goes is told; NONE does it on purpose."""
    change(files, timed(stamp("millis")))
    assert (await schemas(files, "apply", "--yes")).code == 0
    change(files, timed(stamp("micros")))
    planned = await schemas(files, "plan", "--out", "plan.json")
    assert planned.code == 1
    assert "! pump-value" in planned.out
    assert "avro-logical-type at /fields/2/type/1: the new schema reads data of the old one otherwise" in planned.out
    assert "registries do not look at logical types" in planned.out
    assert (await schemas(files, "apply", "plan.json")).code == 1
    assert len(registry.store.versions("pump-value")) == 1
    change(files, timed("long"))
    planned = await schemas(files, "plan")
    assert planned.code == 0
    assert planned.out.index("    compatible\n") < planned.out.index("avro-logical-type at /fields/2/type/1")
    change(files, timed(stamp("micros")))
    level(files, "NONE")
    assert (await schemas(files, "apply", "--yes")).code == 0


async def test_bytes_that_become_text_are_told_although_the_registry_takes_them(
    files: ProjectFiles, registry: FaultyRegistry
) -> None:
    """They may be read, so its word holds; that they may not is told."""
    change(files, timed("bytes"))
    assert (await schemas(files, "apply", "--yes")).code == 0
    change(files, timed("string"))
    planned = await schemas(files, "plan")
    assert planned.code == 0
    assert planned.out.index("    compatible\n") < planned.out.index("avro-bytes-as-text at /fields/2/type/1")


async def test_logical_types_under_a_transitive_level(files: ProjectFiles, registry: FaultyRegistry) -> None:
    """The versions before the latest count, too."""
    for unit in ("millis", "micros"):
        registry.store.register("pump-value", Definition(Format.AVRO, json.dumps(timed(stamp(unit)))))
    change(files, {**timed(stamp("micros")), "doc": "more"})
    for wanted, code, told in (("FULL_TRANSITIVE", 1, 2), ("FULL", 0, 0)):
        registry.store.set_level("pump-value", wanted)
        level(files, wanted)
        planned = await schemas(files, "plan")
        assert (planned.code, planned.out.count("avro-logical-type at")) == (code, told), planned.out


async def test_json_for_a_program(files: ProjectFiles, registry: FaultyRegistry) -> None:
    """The plan as its file has it, and what became of each change."""
    [document] = (await schemas(files, "plan", "-o", "json", "--out", "plan.json")).objects
    written = json.loads((files.folder / "plan.json").read_text())
    assert {**document, "made": ""} == {**written, "made": ""}
    assert [each["do"] for each in document["plan"]["changes"]] == ["register", "set-level"]
    [report] = (await schemas(files, "apply", "plan.json", "-o", "json")).objects
    assert report == {
        "ok": True,
        "changes": 2,
        "steps": [
            {"subject": "pump-value", "do": "register", "result": "done", "detail": "version 1, ID 1"},
            {"subject": "pump-value", "do": "set-level", "result": "done", "detail": "the level is BACKWARD"},
        ],
        "failure": None,
    }


async def test_a_failure_in_the_middle(files: ProjectFiles, registry: FaultyRegistry) -> None:
    """What was made stays, what was not is named, and how to go on; the same plan then ends it."""
    await schemas(files, "plan", "--out", "plan.json")
    whole = registry_app(registry.store)
    registry.fault = at_path("/config/pump-value", in_turn([whole], then=answer(403, "no")), otherwise=whole)
    stopped = await schemas(files, "apply", "plan.json")
    assert stopped.code == 3
    assert stopped.out.splitlines() == [
        "done  pump-value: new subject, AVRO (schemas/pump/schema.avsc): version 1, ID 1"
    ]
    assert "403" in stopped.err
    assert "stopped at change 2 of 2, pump-value: level of the registry -> BACKWARD; 1 not made" in stopped.err
    registry.fault = None
    assert (await schemas(files, "apply", "plan.json")).out.splitlines()[-1] == "2 of 2 changes hold, 1 made now"


async def test_an_outdated_plan(files: ProjectFiles, registry: FaultyRegistry) -> None:
    """Nothing of it is made, and who was there is said."""
    await schemas(files, "plan", "--out", "plan.json")
    registry.store.rules.set_level("pump-value", "FULL")
    stopped = await schemas(files, "apply", "plan.json")
    assert (stopped.code, stopped.out, registry.store.subjects()) == (1, "", [])
    assert "is FULL, and was not set when the plan was made: plan again" in stopped.err
    assert stopped.err.splitlines()[-1] == "gateway schemas apply: nothing was changed"


async def test_the_registry_is_away(files: ProjectFiles, registry: FaultyRegistry) -> None:
    """Exit 3, at once for plan, and between two changes for apply."""
    await schemas(files, "plan", "--out", "plan.json")
    registry.fault = answer(503, "busy")
    for arguments in (["plan"], ["apply", "plan.json"], ["apply", "--yes"]):
        ended = await schemas(files, *arguments)
        assert (ended.code, registry.url in ended.err) == (3, True), arguments


async def test_a_plan_for_another_registry(files: ProjectFiles, registry: FaultyRegistry) -> None:
    """It is refused: its base is not that of this one."""
    await schemas(files, "plan", "--out", "plan.json")
    ended = await schemas(files, "apply", "plan.json", "--registry", "http://127.0.0.1:9")
    assert ended.code == 1
    assert f"the plan was made for {registry.url}, and this is http://127.0.0.1:9" in ended.err


async def test_pull(files: ProjectFiles, registry: FaultyRegistry) -> None:
    """Into a new folder, which says what it wrote; a second time there is nothing to write."""
    assert (await schemas(files, "apply", "--yes")).code == 0
    tried = await schemas(files, "pull", "taken", "--dry-run")
    assert tried.out.splitlines()[-1] == "2 new files, 0 changed (nothing was written)"
    assert not (files.folder / "taken").exists()
    first = await schemas(files, "pull", "taken")
    assert first.code == 0
    assert first.out.splitlines() == [
        "+ taken/pump/contract.yaml",
        "+ taken/pump/schema.avsc",
        "2 new files, 0 changed",
    ]
    [report] = (await schemas(files, "pull", "taken", "-o", "json")).objects
    assert report == {"files": [], "remarks": [], "written": True}
    assert (await schemas(files, "plan", "taken", "--exit-code")).code == 0
    change(files, MORE)
    changed = await schemas(files, "pull")
    assert changed.out.splitlines() == ["~ schemas/pump/schema.avsc", "0 new files, 1 changed"]


async def test_orphans(files: ProjectFiles, registry: FaultyRegistry) -> None:
    """Told, and deleted only where that is asked for."""
    registry.store.register("old", Definition(Format.AVRO, '"int"'))
    planned = await schemas(files, "plan")
    assert "orphan   old: no folder names it; if nobody needs it, --delete-orphans plans its deletion" in planned.out
    assert (await schemas(files, "apply", "--yes")).code == 0
    assert registry.store.subjects() == ["old", "pump-value"]
    deleted = await schemas(files, "apply", "--yes", "--delete-orphans", "--permanent", "--prefix", "old")
    assert deleted.code == 0
    assert registry.store.subjects(deleted=True) == ["pump-value"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["plan", "--permanent"], "--permanent is for --delete-orphans"),
        (["plan", "--out", "none/plan.json"], "none/plan.json cannot be written: No such file or directory"),
        (["plan", "nowhere"], "nowhere: the folder of contracts is missing"),
        (["plan", "-c", "none.yaml"], "none.yaml: is missing"),
        (["apply", "schemas/pump/contract.yaml"], "schemas/pump/contract.yaml: is no plan"),
        (["apply", "none.json"], "none.json: is missing"),
        (["apply"], "nobody is there to be asked: add --yes, or apply a plan file"),
        (["apply", "plan.json", "--delete-orphans"], "are for a plan that is made here"),
        (["plan", "--registry", "sftp://x"], "registry"),
        (["pull", "gateway.yaml"], "gateway.yaml"),
    ],
)
async def test_wrong_usage(files: ProjectFiles, arguments: list[str], message: str) -> None:
    """Exit 2, and nothing is done."""
    ended = await schemas(files, *arguments)
    assert ended.code == 2, ended
    assert message in ended.err


@pytest.mark.parametrize(("keys", "code", "subjects"), [(b"n\n", 1, []), (b"y\n", 0, ["pump-value"])])
async def test_a_person_is_asked(
    files: ProjectFiles, registry: FaultyRegistry, keys: bytes, code: int, subjects: list[str]
) -> None:
    """The plan is shown before; nothing is changed without a yes."""
    terminal = Terminal(*COMMAND, "schemas", "apply", folder=files.folder, columns=200, NO_COLOR="1")
    try:
        await eventually(lambda: "[y/N]" in terminal.written, 30, "the question")
        assert "+ pump-value  new subject" in plain(terminal.written)
        assert f"Make 2 changes at {registry.url}?" in plain(terminal.written)
        terminal.type(keys)
        assert await asyncio.to_thread(terminal.wait) == code
    finally:
        terminal.close()
    assert registry.store.subjects() == subjects
