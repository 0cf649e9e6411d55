"""gateway.yaml beyond its own syntax: properties that belong to client libraries, and files that it names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from gateway.config.files import locating
from gateway.config.load import Project
from gateway.errors import ConfigError, LinkError
from gateway.kafka.permissions import try_properties
from gateway.mqtt.tls import make_context
from gateway.plan.findings import Area, Finding, Grade, invalid
from gateway.registry.client import RegistryClient


def inspect_settings(project: Project, file: str) -> Iterator[Finding]:
    """What is wrong with the settings although ``file`` is well-formed; nothing is connected to."""
    settings = project.settings
    try:
        with locating(Path(file)):
            try_properties(settings.kafka, file)
    except ConfigError as exc:
        yield from invalid(exc)
    try:
        with locating(Path(file)):
            RegistryClient(settings.registry, file)
    except ConfigError as exc:
        yield from invalid(exc)
    if settings.mqtt.url.startswith("mqtts:"):
        try:
            make_context(settings.mqtt.tls)
        except LinkError as exc:
            yield Finding(Grade.INVALID, Area.CONFIGURATION, "mqtt.tls", str(exc), file=file)
    for contract in project.contracts:
        if contract.qos == 0:
            message = "qos: 0 lets the broker drop messages, and nothing is promised for them; write qos: 1"
            yield Finding(Grade.NOTICE, Area.MQTT, contract.filter.text, message, contract.name, str(contract.file))
