"""Schemas over a registry of lists, and the contracts and schemas that their tests use."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from gateway.config.contract import Contract, Timestamp
from gateway.config.examples import AcceptedExample, Examples
from gateway.errors import RegistryUnavailable
from gateway.model import Record, Rejection
from gateway.notation.pointer import Pointer
from gateway.notation.template import Template
from gateway.service.memory import LastVersions
from gateway.service.schemas import Schemas, Slot
from tests.fakes.registry import FakeRegistry
from tests.unit.compile.compiled import ARRIVAL, record_schema
from tests.unit.registry.fakes import FakeClock
from tests.unit.service.house import contract

N = record_schema(("n", "int"))
N_AND_M = record_schema(("n", "int"), {"name": "m", "type": "int", "default": 0})
M = record_schema(("m", "int"))
BROKEN = record_schema(("n", "no-such-type"))
AWAY = RegistryUnavailable("http://registry:8081 does not answer")


class Bench:
    """Schemas over a registry of lists; ``restart`` keeps only what is remembered."""

    def __init__(self, state: Path, *contracts: Contract) -> None:
        self._state = state
        self._contracts = contracts
        self.registry = FakeRegistry()
        self.changes = 0
        """Times that the table has changed."""
        self.restart()

    def restart(self) -> None:
        """A new process."""
        self.schemas = Schemas(self._contracts, self.registry, LastVersions(self._state), FakeClock(), depth=64)
        self.schemas.on_change = self._changed

    def _changed(self) -> None:
        self.changes += 1

    async def refresh(self, times: int = 1) -> None:
        """The watch's look."""
        for _ in range(times):
            await self.schemas.refresh()

    def slot(self, name: str = "a") -> Slot:
        """The slot of the contract of that name."""
        [slot] = [each for each in self.schemas.slots if each.contract.name == name]
        return slot

    def running(self, name: str = "a") -> int | None:
        """The version that runs, None while the contract is inactive."""
        route = self.slot(name).route
        return None if route is None else route.version.version

    def outcome(self, payload: bytes, topic: str = "a/p7") -> Record | Rejection:
        """What becomes of a payload now."""
        return self.schemas.table().encode(topic, payload, ARRIVAL)


def declare(
    name: str = "a", *accepted: bytes, version: int | None = None, subject: str = "", **declared: Any
) -> Contract:
    """A contract on ``NAME/{device}`` whose examples must be accepted."""
    examples = Examples(tuple(AcceptedExample(f"example {n}", payload) for n, payload in enumerate(accepted)))
    made = replace(contract(f"{name}/{{device}}", **declared), examples=examples, version=version)
    return replace(made, subject=Template.parse(subject), declares_subject=True) if subject else made


STAMPED = declare("a", timestamp=Timestamp(Pointer.parse("/n"), "s", ahead_s=3600, behind_s=7200))
