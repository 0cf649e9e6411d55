"""A project whose broker, Kafka and registry are all there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gateway.registry.development.starters import fill
from tests.parts.kafka import KafkaBroker
from tests.parts.mosquitto import Mosquitto
from tests.parts.projects import ProjectFiles
from tests.parts.registry_faults import FaultyRegistry, faulty_registry


class Site:
    """The files of a project, and the three peers that its gateway.yaml names."""

    def __init__(self, files: ProjectFiles, mosquitto: Mosquitto, kafka: KafkaBroker, registry: FaultyRegistry) -> None:
        self.files = files
        self.mosquitto = mosquitto
        self.kafka = kafka
        self.registry = registry
        self.unrouted = kafka.new_topic()
        self.configure()

    def configure(self, **sections: Any) -> None:
        """Writes gateway.yaml with the peers; ``sections`` are added to theirs, or replace others."""
        peers: dict[str, dict[str, Any]] = {
            "mqtt": {"url": self.mosquitto.url},
            "kafka": {"bootstrap.servers": self.kafka.bootstrap},
            "registry": {"url": self.registry.url},
            "dead_letters": {"unrouted": self.unrouted},
        }
        for name, section in sections.items():
            peers[name] = {**peers.get(name, {}), **section}
        self.files.configure(**peers)

    def declare(self, name: str = "pump", **contract: Any) -> tuple[str, str]:
        """A contract with Kafka topics of its own: ``(topic, dead-letter topic)``."""
        topic, dead = self.kafka.new_topic(2), self.kafka.new_topic()
        self.files.declare(name, **{"topic": topic, "dead_letters": dead, "subject": f"{name}-value", **contract})
        return topic, dead

    def register(self) -> None:
        """Registers what the folders declare now."""
        fill(self.registry.store, [self.files.contracts])


@pytest.fixture
async def site(tmp_path: Path, mosquitto: Mosquitto, kafka: KafkaBroker) -> AsyncIterator[Site]:
    """A site of the test's own, on the shared Kafka."""
    async with faulty_registry() as registry:
        yield Site(ProjectFiles(tmp_path / "project"), mosquitto, kafka, registry)
