"""The one exception tree.

An exception means that the gateway, its configuration or a peer failed. Bad data is never an
exception: it is a ``Rejection`` (model.py). Adapters translate foreign exceptions into these at
their edge, ``from exc``, and every message says what failed, where, which value, what to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class GatewayError(Exception):
    """Root of everything the gateway raises on purpose."""


@dataclass(frozen=True, slots=True)
class ConfigProblem:
    """One mistake in a file that people write."""

    file: str
    message: str
    """What is wrong, with the value, and what to do."""
    line: int | None = None
    """1-based."""
    column: int | None = None
    """1-based."""
    key: str = ""
    """Dotted path of the key, for example ``mqtt.tls.ca_file``."""

    def __str__(self) -> str:
        """``file:line:column: key: message``, leaving out what is not known."""
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        return ": ".join(part for part in (place, self.key, self.message) if part)


class ConfigError(GatewayError):
    """A file or a combination of files is invalid; lists every problem found, not only the first."""

    def __init__(self, problems: Sequence[ConfigProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class SchemaError(GatewayError):
    """A schema cannot be compiled: it breaks its specification or is outside the supported set."""

    def __init__(self, message: str, schema_path: str = "") -> None:
        self.schema_path = schema_path
        """Pointer into the schema; empty for the whole."""
        super().__init__(f"{schema_path}: {message}" if schema_path else message)


class UnsupportedFormat(SchemaError):
    """A version in the registry is of a type that the gateway does not take."""

    def __init__(self, message: str, version: int) -> None:
        self.version = version
        """Its number below its subject."""
        super().__init__(message)


class PeerError(GatewayError):
    """A peer (MQTT broker, Kafka, Schema Registry) cannot be reached or misbehaves."""


class RegistryUnavailable(PeerError):
    """Schema Registry does not answer, or not with anything usable; nothing is known about the subject."""


class SchemaDoubted(RegistryUnavailable):
    """Schema Registry denies a schema ID that it gave us, for the first time: believed when it says so again."""


class SubjectNotFound(PeerError):
    """Schema Registry answers, and says that it has no such subject, version or schema ID."""


class VersionNotFound(SubjectNotFound):
    """Schema Registry has the subject, and not that version of it."""


class LinkError(PeerError):
    """The MQTT connection could not be made or was refused."""


class SessionTakenOver(LinkError):
    """Another client connected with our client ID (DISCONNECT 0x8E)."""


class SinkError(PeerError):
    """Kafka cannot be reached or refuses what is not the fault of a single record."""


class RecordTooLarge(GatewayError):
    """One record is larger than Kafka would take; raised before anything is sent."""

    def __init__(self, topic: str, size: int, limit: int) -> None:
        self.topic = topic
        self.size = size
        self.limit = limit
        super().__init__(f"a record of {size} bytes is above the {limit} bytes that topic {topic!r} takes")


def is_fault(exc: BaseException) -> bool:
    """Whether code failed, ours or a library's: an Exception, or a panic of Rust, which pyo3 makes a BaseException.

    For the named guards (docs/design.md); everything else, such as an interrupt, ends what it passes.
    """
    return isinstance(exc, Exception) or type(exc).__name__ == "PanicException"  # pyo3 exports no class
