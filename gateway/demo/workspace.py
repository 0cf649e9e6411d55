"""The demo's folder: gateway.yaml, the contracts, two payloads to publish, and the commands that work there.

Whoever changes into it in a second terminal works as in production: ``gateway dlq`` and the others find
gateway.yaml where they look for it.
"""

from __future__ import annotations

import json
import shlex
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from gateway.errors import GatewayError

TOPIC = "plant/b1/pump-77/readings"
"""Where the payloads below belong; the fleet has no such pump."""
DEVICE = "pump-77"
CONTRACT = "industry/pump"
LOOSE, WRONG = "loose.json", "wrong.json"
ENVIRONMENT = "env"
"""A file for the shell that puts the command on its PATH; a line of its own on the screen would not fit."""


class ContractsMissing(GatewayError):
    """The contracts that the demo runs on are not there."""


def contracts_folder() -> Path:
    """The folder of the shipped contracts: the packaged copy, else the checkout's ``schemas``."""
    places = [Path(__file__).with_name("schemas"), Path(__file__).parents[2] / "schemas"]
    for place in places:
        if place.is_dir():
            return place
    raise ContractsMissing(
        f"the demo's contracts are missing: neither {places[0]} nor {places[1]} is there; install schema-gateway again"
    )


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the embedded parts listen."""

    mqtt: str
    """URL."""
    kafka: str
    """HOST:PORT."""
    registry: str
    """URL."""


@dataclass(frozen=True, slots=True)
class Workspace:
    """A folder that is filled once."""

    folder: Path
    invocation: Invocation

    @property
    def config(self) -> Path:
        """The gateway's configuration."""
        return self.folder / "gateway.yaml"

    @property
    def log(self) -> Path:
        """Where the gateway logs to while a terminal shows the live view."""
        return self.folder / "gateway.log"

    @property
    def contracts(self) -> Path:
        """The demo's own copy of the contracts."""
        return self.folder / "schemas"

    def copy_contracts(self) -> None:
        """Takes a copy, so that the folder is complete."""
        shutil.copytree(contracts_folder(), self.contracts)

    def write(self, addresses: Addresses, now_ms: int) -> None:
        """Writes gateway.yaml, the payloads, whose readings are of ``now_ms``, and a README."""
        settings = {
            "mqtt": {"url": addresses.mqtt, "version": "3.1.1"},
            "kafka": {"bootstrap.servers": addresses.kafka},
            "registry": {"url": addresses.registry},
            "contracts": "schemas",
            "state": "var",
            "admin": {"listen": "127.0.0.1:0"},
        }
        self.config.write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
        for name, reading in ((LOOSE, _loose(now_ms)), (WRONG, _wrong(now_ms))):
            (self.folder / name).write_text(json.dumps(reading, indent=1) + "\n", encoding="utf-8")
        readme = "The folder of a running `gateway demo`; it goes when the demo ends.\nIn here try:\n\n"
        commands = "".join(f"  {each.command}\n" for each in self.suggestions)
        (self.folder / "README").write_text(readme + commands, encoding="utf-8")
        if self.invocation.path is not None:
            line = f'export PATH={shlex.quote(str(self.invocation.path))}:"$PATH"\n'
            (self.folder / ENVIRONMENT).write_text(line, encoding="utf-8")

    @property
    def enter(self) -> tuple[str, ...]:
        """What prepares a second terminal, command by command."""
        return self.invocation.enter(self.folder)

    @property
    def suggestions(self) -> tuple[Suggestion, ...]:
        """What to try there."""
        return suggestions(self.invocation.gateway)


def _loose(now_ms: int) -> dict[str, Any]:
    """What old firmware sends: seconds, numbers as text, 0 and 1. The contract allows for it."""
    return {
        "deviceId": DEVICE,
        "ts": now_ms // 1000,
        "state": "RUNNING",
        "flow": "41.80",
        "pressureIn": 0.42,
        "pressureOut": "5.13",
        "motor": {"rpm": 1450.0, "current": 12.6, "temp": 61.5},
        "vibration": [{"hz": 25, "rms": 1.2}],
        "leak": 0,
        "runSeconds": 8215320,
        "bearingTemp": 48.25,
        "servicedOn": "2025-04-17",
        "alarms": [],
        "firmware": "2.8.1",
    }


def _wrong(now_ms: int) -> dict[str, Any]:
    """The same with a decimal comma and a misspelled field, for which nobody may guess."""
    reading = {**_loose(now_ms), "flow": "41,80"}
    reading["bearing_temp"] = reading.pop("bearingTemp")
    return reading


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One thing to try in a second terminal."""

    command: str
    why: str
    spare: int = 0
    """Where there is little room, the highest goes first; 0 stays."""


def suggestions(gateway: str) -> tuple[Suggestion, ...]:
    """Commands that work in the demo's folder while it runs; ``gateway`` is how the command is called there."""
    return (
        Suggestion(f"{gateway} publish {TOPIC} {LOOSE}", "be an old pump", spare=1),
        Suggestion(f"{gateway} publish {TOPIC} {WRONG}", "be a broken one"),
        Suggestion(f"{gateway} dlq --device {DEVICE}", "see why it was rejected"),
        Suggestion(f"{gateway} try --contract schemas/{CONTRACT} {WRONG}", "the same offline", spare=3),
    )


@dataclass(frozen=True, slots=True)
class Invocation:
    """How a second terminal calls the command that was called in the first."""

    gateway: str
    """How the command is called."""
    path: Path | None = None
    """The folder to put on the PATH before; None where it is on it already."""

    def enter(self, folder: Path) -> tuple[str, ...]:
        """What prepares a second terminal, command by command: ``cd`` to the folder, and the PATH where it must be."""
        change = f"cd {shlex.quote(str(folder))}"
        return (change,) if self.path is None else (change, f". ./{ENVIRONMENT}")


def invocation(argv0: str, executable: str = sys.executable, path: str | None = None) -> Invocation:
    """How to call us again, given ``sys.argv[0]`` and the interpreter; ``path`` stands for $PATH.

    The plain name where that finds the same command; else with the folder of the command, which is the interpreter's
    for ``python -m gateway``; without such a command the interpreter itself.
    """
    beside = Path(executable).absolute().with_name("gateway")
    called = Path(argv0).absolute() if Path(argv0).name == "gateway" and Path(argv0).is_file() else beside
    if not called.is_file():
        return Invocation(f"{shlex.quote(str(Path(executable).absolute()))} -m gateway")
    found = shutil.which("gateway", path=path)
    if found is not None and Path(found).samefile(called):
        return Invocation("gateway")
    return Invocation("gateway", called.parent)
