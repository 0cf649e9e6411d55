"""The nouns of the gateway: what travels from MQTT to Kafka, and what describes it.

Values only: no I/O, no behaviour beyond reading themselves. Everything here is immutable.

``Message``, ``Record`` and ``Rejection`` are built once per message, so they are ``msgspec.Struct``: 75 ns to
create against 180 ns for a slotted dataclass and 800 ns for a frozen one. Everything else is a
frozen dataclass.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec


class Format(StrEnum):
    """Schema types as Schema Registry spells them."""

    AVRO = "AVRO"
    JSON = "JSON"


class Mode(StrEnum):
    """How far a payload may differ from its schema's own types (docs/coercion.md)."""

    STRICT = "strict"
    LOSSLESS = "lossless"
    LENIENT = "lenient"


class Stage(StrEnum):
    """Where on its way a message was refused."""

    PACKET = "packet"
    ROUTE = "route"
    DECODE = "decode"
    VALIDATE = "validate"
    COERCE = "coerce"
    ENCODE = "encode"
    PRODUCE = "produce"


class Code(StrEnum):
    """Reason codes of a rejection. Each has an entry in docs/errors.md."""

    JSON_INVALID = "json-invalid"
    PAYLOAD_NOT_UTF8 = "payload-not-utf8"
    PAYLOAD_LIMIT = "payload-limit"
    DUPLICATE_KEY = "duplicate-key"
    TYPE_MISMATCH = "type-mismatch"
    NULL_NOT_ALLOWED = "null-not-allowed"
    MISSING_REQUIRED = "missing-required"
    UNKNOWN_FIELD = "unknown-field"
    NO_KNOWN_FIELDS = "no-known-fields"
    UNION_NO_MATCH = "union-no-match"
    UNION_AMBIGUOUS = "union-ambiguous"
    INVALID_NUMBER = "invalid-number"
    AMBIGUOUS_NUMBER = "ambiguous-number"
    NON_FINITE = "non-finite"
    OUT_OF_RANGE = "out-of-range"
    FRACTIONAL_PART = "fractional-part"
    PRECISION_LOSS = "precision-loss"
    INVALID_BOOLEAN = "invalid-boolean"
    NOT_IN_ENUM = "not-in-enum"
    ENCODING_UNDECLARED = "encoding-undeclared"
    INVALID_FORMAT = "invalid-format"
    SIZE_MISMATCH = "size-mismatch"
    INVALID_DATETIME = "invalid-datetime"
    TIMEZONE_MISSING = "timezone-missing"
    TIMEZONE_INVALID = "timezone-invalid"
    EPOCH_UNIT_UNDECLARED = "epoch-unit-undeclared"
    EPOCH_OUT_OF_WINDOW = "epoch-out-of-window"
    CONSTRAINT_VIOLATED = "constraint-violated"
    # Outside the payload's own content:
    NO_ROUTE = "no-route"
    NO_DEVICE_ID = "no-device-id"
    DEVICE_MISMATCH = "device-mismatch"
    FIELD_MISMATCH = "field-mismatch"
    TIMESTAMP_OUT_OF_WINDOW = "timestamp-out-of-window"
    UNKNOWN_SCHEMA = "unknown-schema"
    RECORD_TOO_LARGE = "record-too-large"
    MALFORMED_PACKET = "malformed-packet"
    CRASH_SUSPECT = "crash-suspect"


class Cut(msgspec.Struct, frozen=True, gc=False):
    """What is known of a payload above ``limits.payload_bytes``, of which only the start was kept."""

    payload_bytes: int
    """Size of the whole payload."""
    sha256: str
    """SHA-256 of the whole payload, lower-case hex."""


class Message(msgspec.Struct, frozen=True, gc=False):
    """What MQTT delivered: one PUBLISH packet."""

    topic: str
    payload: bytes
    qos: int
    packet_id: int
    """0 at QoS 0, which has none."""
    retain: bool
    duplicate: bool
    received_at: int
    """Arrival, milliseconds since 1970 UTC; messages read from the socket together share it."""
    cut: Cut | None = None
    """Set where ``payload`` is only the first 64 KiB of a payload above the limit."""


class Record(msgspec.Struct, frozen=True, gc=False):
    """What goes to Kafka."""

    topic: str
    key: bytes | None
    value: bytes
    headers: list[tuple[str, bytes]] | None
    timestamp: int
    """Milliseconds since 1970 UTC."""
    label: RouteLabel | None = None
    """The route that made it, for counting; None for a message that no contract claims."""
    coercions: tuple[Coercion, ...] = ()
    timestamp_replaced: bool = False
    """The contract's timestamp field could not be used, so ``timestamp`` is the arrival."""
    device: str | None = None
    """The device ID, if the message has one."""


class Coercion(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """One conversion that was made on a payload."""

    path: str
    """RFC 6901 pointer into the payload, array indices and map keys as ``*``."""
    code: str


@dataclass(frozen=True, eq=False, slots=True)
class RouteLabel:
    """What a route is called in dead letters, metrics, status and logs. Compared by identity."""

    contract: str
    """Folder of the contract below ``schemas/``, with ``/``."""
    topic: str
    """Kafka topic of the accepted records."""
    dead_letters: str
    """Kafka topic of the dead letters."""
    subject: str
    mode: Mode
    schema_id: int | None = None
    """None while the contract is inactive because its schema is unknown."""
    version: int | None = None


@dataclass(frozen=True, slots=True)
class CompileCost:
    """What it took to compile a schema version for a contract."""

    places: int
    """What the schema unfolds to: Avro types and union branches, or JSON subschemas. Memory grows with it."""
    seconds: float
    """Of one compilation, as it went: other work of the process included."""


class Violation(msgspec.Struct, frozen=True):
    """One thing that is wrong with a payload: the error object of docs/errors.md."""

    code: Code
    message: str
    """One line for a person: what was found where, what is wanted, what would make it pass."""
    path: str = ""
    """RFC 6901 pointer into the payload as it came."""
    schema_path: str = ""
    """Pointer into the registered schema, or JSON Schema's absolute keyword location."""
    keyword: str | None = None
    """The failing JSON Schema keyword."""
    expected: str | None = None
    found: str | None = None
    """JSON kind of what was found: object, array, string, number, boolean, null, absent."""
    value: str | None = None
    """What was found, at most 64 characters; None where the contract hides payload content."""
    coercible_in: Mode | None = None
    """The lowest mode in which this leaf would pass, None if in none."""
    params: Mapping[str, Any] = {}


class Rejection(msgspec.Struct, frozen=True):
    """Why a payload does not become a record: a value, never an exception."""

    stage: Stage
    violations: tuple[Violation, ...]
    """At least one, at most 10, the first is the reason."""
    truncated: bool = False
    """More violations were found than are listed."""
    label: RouteLabel | None = None
    """The route that refused; None where no contract claims the topic."""
    device: str | None = None
    """The device ID, where it could be read."""

    @property
    def code(self) -> Code:
        """The first violation's code: the reason that headers and metrics name."""
        return self.violations[0].code


@dataclass(frozen=True, slots=True)
class ReferenceTo:
    """A reference as the registry keeps it: by name, subject and version."""

    name: str
    subject: str
    version: int


@dataclass(frozen=True, slots=True)
class Registered:
    """One version of a subject as the registry lists it, references not followed."""

    subject: str
    version: int
    schema_id: int
    format: Format
    text: str
    guid: str | None = None
    references: tuple[ReferenceTo, ...] = ()
    extras: tuple[str, ...] = ()
    """What is kept with it and the gateway does not use: ``metadata``, ``ruleSet``."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A named reference of a schema, resolved."""

    name: str
    schema: SchemaVersion


@dataclass(frozen=True, slots=True)
class SchemaVersion:
    """One version of a subject, as the registry holds it."""

    subject: str
    version: int
    schema_id: int
    format: Format
    text: str
    guid: str | None = None
    """Absent from registries older than Confluent 8; needed for ``framing: header``."""
    references: tuple[Reference, ...] = ()
