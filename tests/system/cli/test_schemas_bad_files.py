"""Files that cannot be used: each ``gateway schemas`` command says which, where and what to do, and changes nothing."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from gateway.model import Format
from gateway.registry.development.schemas import Definition
from tests.parts.projects import READING, ProjectFiles
from tests.parts.registry_faults import faulty_registry
from tests.system.cli.commands import run

COMMANDS = (("check",), ("plan", "--out", "plan.json"), ("apply", "--yes"), ("pull",))
OBJECT = {"type": "object"}
DIALECT = "https://json-schema.org/draft/2020-12/schema"
Break = Callable[[ProjectFiles], object]


def write(name: str, content: bytes) -> Break:
    return lambda files: (files.contracts / name).write_bytes(content)


def circle(files: ProjectFiles) -> None:
    for name, other in (("A", "B"), ("B", "A")):
        schema = {"type": "record", "name": name, "fields": [{"name": "x", "type": other}]}
        files.share(name, f"{name}-value", schema, references=[{"name": other, "subject": f"{other}-value"}])


def file_for_folder(files: ProjectFiles) -> None:
    shutil.rmtree(files.contracts)
    files.contracts.write_text("")


UNUSABLE: dict[str, tuple[Break, str]] = {
    "broken YAML": (write("pump/contract.yaml", b"mqtt: ["), "schemas/pump/contract.yaml:1:8"),
    "no JSON": (write("pump/schema.avsc", b"{"), "schemas/pump/schema.avsc:1:2"),
    "an empty schema": (write("pump/schema.avsc", b""), "schemas/pump/schema.avsc:1:1"),
    "no UTF-8": (write("pump/schema.avsc", b'"\xff"'), "byte 0xff is not UTF-8"),
    "two schemas": (write("pump/schema.json", b"{}"), "remove one of the two"),
    "references in a circle": (circle, "refers back to this schema"),
    "a subject twice": (lambda files: files.share("a", "pump-value", READING), "is in folder a already"),
    "broken examples": (write("pump/examples.yaml", b"accepted: 5"), "must be a list, found 5"),
    "a file for the folder": (file_for_folder, "schemas: "),
}


@pytest.mark.parametrize(("case", "others"), [*zip(UNUSABLE.values(), cycle(COMMANDS[1:]), strict=False)], ids=UNUSABLE)
async def test_files_that_cannot_be_used(tmp_path: Path, case: tuple[Break, str], others: tuple[str, ...]) -> None:
    """``check`` and one of the other commands in turn: exit code 2; the registry is not asked for anything."""
    damage, told = case
    async with faulty_registry() as registry:
        files = ProjectFiles(tmp_path, registry={"url": registry.url})
        files.declare("pump")
        damage(files)
        before = snapshot(tmp_path)
        for command in (COMMANDS[0], others):
            ended = await run(tmp_path, "schemas", *command)
            assert (ended.code, told in ended.out + ended.err) == (2, True), ended
        assert registry.requests == []
    assert snapshot(tmp_path) == before


CANNOT_RUN: dict[str, tuple[Any, Any]] = {
    "an unknown type": (READING, {"type": "record", "name": "R", "fields": [{"name": "n", "type": "none"}]}),
    "a logical type on the wrong type": (
        READING,
        {**READING, "fields": [{"name": "n", "type": {"type": "string", "logicalType": "date"}}]},
    ),
    "a misspelled reference": (
        {"properties": {"t": {"$ref": "#/$defs/temp"}}, "$defs": {"temp": {"type": "number"}}},
        {"properties": {"t": {"$ref": "#/$defs/tmp"}}, "$defs": {"temp": {"type": "number"}}},
    ),
    "a reference into the net": (OBJECT, {"properties": {"t": {"$ref": "http://example.com/t.json"}}}),
    "a pattern with a lookahead": (OBJECT, {"properties": {"t": {"type": "string", "pattern": "(?=a)b"}}}),
    "an unknown dialect": ({**OBJECT, "$schema": DIALECT}, {**OBJECT, "$schema": DIALECT.replace("schema", "shcema")}),
}
"""A schema, and one with which the gateway does not run."""


@pytest.mark.parametrize("schemas", CANNOT_RUN.values(), ids=CANNOT_RUN)
async def test_a_schema_that_the_gateway_would_hold_back(tmp_path: Path, schemas: tuple[Any, Any]) -> None:
    """New or a new version: check, plan and apply refuse it in the same words, and the registry is not asked."""
    good, bad = schemas
    async with faulty_registry() as registry:
        for name, earlier in (("new", None), ("old", good)):
            files = ProjectFiles(tmp_path / name, registry={"url": registry.url})
            folder = files.declare(name, bad if earlier is None else earlier)
            if earlier is not None:
                assert (await run(files.folder, "schemas", "apply", "--yes")).code == 0
                [file] = folder.glob("schema.*")
                file.write_text(json.dumps(bad))
            registry.requests.clear()
            [told] = (await run(files.folder, "schemas", "check", "--output", "json")).objects
            [finding] = [each for each in told["findings"] if each["grade"] == "invalid"]
            for command in (["plan", "--out", "plan.json"], ["apply", "--yes"]):
                ended = await run(files.folder, "schemas", *command)
                assert ended.code == 2, ended
                assert f"{finding['file']}:{finding['line']}:" in ended.err
                assert finding["message"] in ended.err
            assert not (files.folder / "plan.json").exists()
            assert registry.requests == []


async def test_a_schema_that_does_not_fit_what_the_registry_holds(tmp_path: Path) -> None:
    """A reference that no folder holds is read first; then the schema is judged with it."""
    async with faulty_registry() as registry:
        registry.store.register("temp-value", Definition(Format.JSON, '{"$defs":{"temp":{"type":"number"}}}'))
        files = ProjectFiles(tmp_path, registry={"url": registry.url})
        references = [{"name": "temp.json", "subject": "temp-value"}]
        for name, pointer in (("pump", "temp"), ("valve", "tmp")):
            schema = {"type": "object", "properties": {"t": {"$ref": f"temp.json#/$defs/{pointer}"}}}
            files.declare(name, schema, references=references)
        ended = await run(tmp_path, "schemas", "plan")
        assert ended.code == 2, ended
        assert "schemas/valve/schema.json:1:" in ended.err
        assert "the contract cannot run with this schema" in ended.err
        assert "pump" not in ended.err
        shutil.rmtree(files.contracts / "valve")
        assert (await run(tmp_path, "schemas", "plan")).code == 0


@pytest.mark.parametrize("answer", ["<html>moved</html>", "[1]", json.dumps({"subjects": []})])
async def test_a_registry_that_answers_nonsense(tmp_path: Path, answer: str) -> None:
    """A proxy's page is no empty registry: exit code 3, and nothing is planned, written or deleted."""

    async def nonsense(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        body = answer.encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(nonsense, "127.0.0.1", 0)
    async with server:
        files = ProjectFiles(tmp_path, registry={"url": f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"})
        files.declare("pump")
        before = snapshot(tmp_path)
        for command in COMMANDS[1:]:
            assert (await run(tmp_path, "schemas", *command)).code == 3
    assert snapshot(tmp_path) == before


def snapshot(folder: Path) -> dict[str, bytes]:
    """All files, by path."""
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
