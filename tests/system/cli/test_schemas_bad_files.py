"""Files that cannot be used: each ``gateway schemas`` command says which, where and what to do, and changes nothing."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable
from itertools import cycle
from pathlib import Path

import pytest

from tests.parts.projects import READING, ProjectFiles
from tests.parts.registry_faults import faulty_registry
from tests.system.cli.commands import run

COMMANDS = (("check",), ("plan", "--out", "plan.json"), ("apply", "--yes"), ("pull",))
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


async def test_a_schema_that_nobody_takes(tmp_path: Path) -> None:
    """It is the registry's to refuse, and checked before."""
    async with faulty_registry() as registry:
        files = ProjectFiles(tmp_path, registry={"url": registry.url})
        files.declare("pump", {"type": "record", "name": "R", "fields": [{"name": "n", "type": "none"}]})
        codes = [(await run(tmp_path, "schemas", *command)).code for command in COMMANDS[:3]]
        assert codes == [2, 1, 1]
        assert registry.store.subjects() == []


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
