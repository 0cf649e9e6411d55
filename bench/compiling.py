"""What a schema costs before the first message: time to compile it, and the memory that it takes from then on."""

from __future__ import annotations

import json
import os
import resource
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench import telemetry
from gateway.compile.route import Route, compile_route
from gateway.compile.rules import MOST_PLACES
from gateway.config.contract import Contract
from gateway.config.load import load_contracts
from gateway.model import Format, SchemaVersion
from gateway.notation.template import Template
from gateway.notation.topics import TopicFilter
from gateway.plan.folder_schemas import FolderSchemas

DEPTH = 64
PLACES = 20_000
"""Compiled for one figure of memory: enough to rise above what the allocator rounds to."""
LEAST_ROUTES = 12
ROUNDS = 5
DEMO = Path(__file__).parents[1] / "schemas"


@dataclass(frozen=True, slots=True)
class Compiled:
    """One schema under one contract."""

    name: str
    places: int
    cpu_ms: float
    """Of the fastest of several compilations."""
    kept_bytes: float
    """By which the process grew for each of many such routes."""


@dataclass(frozen=True, slots=True)
class _Case:
    name: str
    contract: Contract
    version: SchemaVersion

    def compile(self) -> Route:
        return compile_route(self.contract, self.contract.variants()[0], self.version, depth=DEPTH)


def measure_compiling() -> list[Compiled]:
    """The telemetry schemas, those of the demo's contracts, and the largest that are taken."""
    return [_measured(case) for case in _cases()]


def _cases() -> Iterator[_Case]:
    yield _case("telemetry, Avro", Format.AVRO, telemetry.AVRO)
    yield _case("telemetry, JSON Schema", Format.JSON, telemetry.JSON_SCHEMA)
    contracts = load_contracts(DEMO)
    schemas = FolderSchemas(contracts)
    for contract in contracts:
        version = schemas.version(contract.variants()[0].subject)
        yield _Case(f"{contract.name}, {'Avro' if version.format is Format.AVRO else 'JSON Schema'}", contract, version)
    fields = [{"name": f"f{n}", "type": "double"} for n in range(MOST_PLACES - 1)]
    yield _case("largest, Avro", Format.AVRO, json.dumps({"type": "record", "name": "Largest", "fields": fields}))
    properties = {f"f{n}": {"type": "number"} for n in range(MOST_PLACES - 1)}
    yield _case("largest, JSON Schema", Format.JSON, json.dumps({"type": "object", "properties": properties}))


def _case(name: str, kind: Format, text: str) -> _Case:
    contract = Contract("bench", Path("bench"), TopicFilter.parse(telemetry.FILTER), Template.parse("bench"))
    return _Case(name, contract, SchemaVersion("bench-value", 1, 1, kind, text))


def _measured(case: _Case) -> Compiled:
    places, best_s = case.compile().codec.places, float("inf")
    for _ in range(ROUNDS):
        began = time.process_time()
        case.compile()
        best_s = min(best_s, time.process_time() - began)
    return Compiled(case.name, places, best_s * 1e3, _kept_bytes(case, max(LEAST_ROUTES, PLACES // places)))


def _kept_bytes(case: _Case, routes: int) -> float:
    """Growth of a child process for each route, after a first one that loads what all share."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        kept = [case.compile()]
        before = _resident_bytes()
        kept += [case.compile() for _ in range(routes)]
        os.write(writing, f"{(_resident_bytes() - before) / (len(kept) - 1)}".encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        grown = float(answer.read())
    os.waitpid(child, 0)
    return grown


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
