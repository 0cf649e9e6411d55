"""``gateway.yaml``: from the file to ``Settings``.

Two sections hold properties that belong to others, librdkafka's and Confluent's, with dots in their
names; they are taken out before the typed sections are validated, and passed on as text. Only the files
that Confluent's TLS properties name are made absolute, as all paths of ours are.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from gateway.config import environment
from gateway.config.files import Source, read_source
from gateway.config.kafka import refused
from gateway.config.settings import Registry, Settings
from gateway.config.validation import unknown_key, validate
from gateway.errors import ConfigError, ConfigProblem

REGISTRY_KEYS: Final = tuple(name for name in Registry.model_fields if name != "properties")

CLIENT_KEYS: Final = (
    *("basic.auth.user.info", "max.retries", "proxy", "retries.max.wait.ms", "retries.wait.ms", "timeout"),
    *("ssl.ca.location", "ssl.certificate.location", "ssl.key.location", "ssl.key.password"),
    *("bearer.auth.client.id", "bearer.auth.client.secret", "bearer.auth.credentials.source"),
    *("bearer.auth.identity.pool.id", "bearer.auth.issuer.endpoint.query", "bearer.auth.issuer.endpoint.url"),
    *("bearer.auth.logical.cluster", "bearer.auth.scope", "bearer.auth.token"),
)
"""Properties that Confluent's client has, to say which one is meant; whether it takes one it judges itself."""


def read_settings(source: Source, folder: Path, environ: Mapping[str, str]) -> Settings:
    """The settings that ``source`` declares; paths are relative to ``folder`` and come out absolute.

    Raises ConfigError with every problem found.
    """
    problems: list[ConfigProblem] = []
    value = environment.fill(source, environ, folder, problems)
    kafka = _take_kafka(value, source, problems)
    properties = _take_registry_properties(value, source, problems)
    settings = validate(Settings, value, source, problems)
    if settings is not None:
        problems += _contradictions(settings, source)
    if problems or settings is None:
        raise ConfigError(sorted(problems, key=lambda problem: (problem.line or 0, problem.column or 0)))
    return settings.model_copy(
        update={
            "kafka": kafka,
            "registry": settings.registry.model_copy(update={"properties": _located(properties, folder)}),
            "contracts": folder / settings.contracts,
            "state": folder / settings.state,
            "mqtt": settings.mqtt.model_copy(update={"tls": _absolute(settings, folder)}),
        }
    )


def load_settings_file(path: Path, environ: Mapping[str, str]) -> tuple[Source, Settings]:
    """The file at ``path`` with its settings. Raises ConfigError."""
    source = read_source(path)
    return source, read_settings(source, path.absolute().parent, environ)


def _absolute(settings: Settings, folder: Path) -> Any:
    """The TLS section with its files as absolute paths."""
    tls = settings.mqtt.tls
    paths = {name: folder / path for name, path in tls if path is not None}
    return tls.model_copy(update=paths)


def _located(properties: Mapping[str, str], folder: Path) -> dict[str, str]:
    """The properties with their ``ssl.*.location`` as absolute paths; an empty one stays, to be refused by name."""
    return {
        name: str(folder / value) if value and name.startswith("ssl.") and name.endswith(".location") else value
        for name, value in properties.items()
    }


def _take_kafka(value: dict[str, Any], source: Source, problems: list[ConfigProblem]) -> dict[str, str]:
    """Removes the ``kafka`` section from ``value``; its properties, guarded."""
    section = value.get("kafka")
    if not isinstance(section, dict):
        return {}
    del value["kafka"]
    properties = _properties("kafka", section, source, problems)
    problems += [source.problem(("kafka", name), message) for name, message in refused(properties)]
    return properties


def _take_registry_properties(value: dict[str, Any], source: Source, problems: list[ConfigProblem]) -> dict[str, str]:
    """Removes what is not ours from the ``registry`` section of ``value``; Confluent's properties."""
    section = value.get("registry")
    if not isinstance(section, dict):
        return {}
    foreign = {name: section.pop(name) for name in list(section) if name not in REGISTRY_KEYS}
    for name in [name for name in foreign if "." not in name and name not in CLIENT_KEYS]:
        message = _with_dots(name) if isinstance(foreign.pop(name), dict) else unknown_registry_key(name)
        problems.append(source.problem(("registry", name), message, key=True))
    return _properties("registry", foreign, source, problems)


def unknown_registry_key(name: str) -> str:
    """The message for a key of ``registry`` that neither we nor Confluent's client have."""
    return unknown_key(name, (*REGISTRY_KEYS, *CLIENT_KEYS))


def _properties(
    section: str, values: Mapping[str, Any], source: Source, problems: list[ConfigProblem]
) -> dict[str, str]:
    """Properties as text, each as it is written in the file or filled in."""
    properties: dict[str, str] = {}
    for name, value in values.items():
        path = (section, name)
        if isinstance(value, dict):
            problems.append(source.problem(path, source.document.misreading(path) or _with_dots(name)))
        elif isinstance(value, list):
            problems.append(source.problem(path, "must be one value, found a list: write it as text, with commas"))
        elif value is not None:
            # As written: 1.10 must not become 1.1, nor true become True.
            properties[name] = value if isinstance(value, str) else source.text(path) or ""
    return properties


def _with_dots(name: str) -> str:
    return f"must be one value, found a mapping: a property is one key with dots, as in {name}.something: value"


def _contradictions(settings: Settings, source: Source) -> list[ConfigProblem]:
    """Settings that are fine alone and wrong together."""
    mqtt, problems = settings.mqtt, []
    for name, path in mqtt.tls:
        if path is not None and mqtt.url.startswith("mqtt://"):
            message = "is of no use without TLS: write mqtt.url with mqtts://, or remove mqtt.tls"
            problems.append(source.problem(("mqtt", "tls", name), message))
    if (mqtt.tls.cert_file is None) != (mqtt.tls.key_file is None):
        given, absent = ("cert_file", "key_file") if mqtt.tls.key_file is None else ("key_file", "cert_file")
        message = f"needs mqtt.tls.{absent} beside it: a client certificate is a certificate and its key"
        problems.append(source.problem(("mqtt", "tls", given), message))
    if mqtt.password is not None and mqtt.username is None and mqtt.version == "3.1.1":
        message = "needs mqtt.username beside it: MQTT 3.1.1 has no password without a user name [MQTT-3.1.2-22]"
        problems.append(source.problem(("mqtt", "password"), message))
    return problems
