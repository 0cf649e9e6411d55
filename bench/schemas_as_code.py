"""``gateway schemas`` on a large folder: 500 contracts, each with a schema and three shared types that it refers to."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import yaml
from starlette.types import Receive, Scope, Send

from gateway.registry.development.http import registry_app
from gateway.registry.development.serve import serving
from gateway.registry.development.store import Store

CONTRACTS = 500
TYPES = 3
"""Shared types of each contract."""
LATENCY_S = 0.005
"""Of each answer of the registry."""


@dataclass(frozen=True, slots=True)
class Command:
    """One run of a command."""

    name: str
    wall_s: float
    note: str


def measure_schemas() -> list[Command]:
    """How long the commands take, as processes."""
    with tempfile.TemporaryDirectory() as name, _registry() as url:
        folder = Path(name)
        _write(folder / "schemas")
        schemas = CONTRACTS * (TYPES + 1)
        check = _timed(folder, "check", "schemas")
        plan = ("plan", "schemas", "--registry", url, "--out", "plan.json")
        empty = _timed(folder, *plan)
        apply = _timed(folder, "apply", "plan.json", "--registry", url)
        again = _timed(folder, *plan)
        pull = _timed(folder, "pull", "pulled", "--registry", url)
    size = f"{CONTRACTS} contracts, {schemas} schemas"
    latency = f"a registry that answers after {LATENCY_S * 1000:.0f} ms"
    return [
        Command("schemas check", check, size),
        Command("schemas plan, all is new", empty, latency),
        Command("schemas apply, all of it", apply, f"{latency}, one change after the other"),
        Command("schemas plan, nothing to do", again, latency),
        Command("schemas pull, all of it", pull, latency),
    ]


def _timed(folder: Path, *arguments: str) -> float:
    begun = time.perf_counter()
    command = [sys.executable, "-m", "gateway", "schemas", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    return time.perf_counter() - begun


def _write(folder: Path) -> None:
    for number in range(CONTRACTS):
        types = [f"line{number}.Type{each}" for each in range(TYPES)]
        references = []
        for name in types:
            subject = f"{name}-value"
            shared = {"type": "record", "name": name, "fields": _fields(6)}
            _folder(folder / "shared" / name, {"subject": subject, "compatibility": "BACKWARD"}, shared)
            references.append({"name": name, "subject": subject, "version": "latest"})
        fields = [*_fields(8), *({"name": f"t{n}", "type": name} for n, name in enumerate(types))]
        contract: dict[str, Any] = {"mqtt": f"line{number}/{{device}}/readings", "topic": f"line{number}"}
        contract |= {"compatibility": "BACKWARD", "references": references}
        made = _folder(
            folder / f"line{number}", contract, {"type": "record", "name": f"line{number}.Reading", "fields": fields}
        )
        inner = {f"f{n}": n + 0.5 for n in range(6)}
        payload = {f"f{n}": n + 0.5 for n in range(8)} | {f"t{n}": inner for n in range(TYPES)}
        examples = {"accepted": [{"payload": json.dumps(payload), "coercions": {}}]}
        (made / "examples.yaml").write_text(yaml.safe_dump(examples))


def _fields(count: int) -> list[dict[str, Any]]:
    return [{"name": f"f{n}", "type": "double"} for n in range(count)]


def _folder(folder: Path, declared: dict[str, Any], schema: dict[str, Any]) -> Path:
    folder.mkdir(parents=True)
    (folder / "contract.yaml").write_text(yaml.safe_dump(declared))
    (folder / "schema.avsc").write_text(json.dumps(schema))
    return folder


@contextmanager
def _registry() -> Iterator[str]:
    """The URL of a slow registry in a process of its own."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs,))
    process.start()
    try:
        yield ours.recv()
    finally:
        ours.send(None)
        process.join()


def _serve(pipe: Connection) -> None:
    app = registry_app(Store())

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await asyncio.sleep(LATENCY_S)
        await app(scope, receive, send)

    async def run() -> None:
        async with serving(slow) as url:
            pipe.send(url)
            await asyncio.to_thread(pipe.recv)

    asyncio.run(run())
