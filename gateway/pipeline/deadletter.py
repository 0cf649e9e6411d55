"""Message + Rejection -> the dead letter's record, and back again.

The value is the payload as it came, byte for byte. Why it was refused is in headers, all UTF-8 text, so
that any Kafka tool can show it. Where the contract's payloads are private (``payload: hash`` or
``none``) no header carries anything that was read from the payload but the device ID.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any, Literal

import msgspec
import orjson

from gateway.compile.datetimes import format_epoch_ms
from gateway.compile.numbers import MOST_TEXT_BITS
from gateway.model import Code, Cut, Message, Record, Rejection, RouteLabel, Violation

ENVELOPE_VERSION = 1
PREFIX_BYTES = 65_536
"""Of a payload above ``limits.payload_bytes`` this much is kept."""
MOST_ERRORS_BYTES = 16_384
"""Of ``gw-errors``; Kafka counts headers into a record's size."""
_MOST_SHORTENED = 300
"""Characters of a text in ``gw-errors`` where the whole does not fit: JSON may need 6 bytes for each."""
MOST_TEXT = 1024
"""Characters of any other header."""

Headers = list[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class DeadLetters:
    """How dead letters are made."""

    unrouted: str
    """Kafka topic of messages that no contract claims."""
    payload: Literal["full", "hash", "none"]
    version: str
    """Of the gateway."""

    def record(self, message: Message, rejection: Rejection) -> Record:
        """The dead letter of a refused message."""
        label = rejection.label
        if self.payload != "full":
            rejection = _redact(rejection)
        first = rejection.violations[0]
        headers: Headers = [
            ("gw-reason", first.code.encode()),
            ("gw-errors", envelope(rejection)),
            ("gw-message", _text(first.message)),
            ("gw-mqtt-topic", _text(message.topic)),
            ("gw-mqtt-qos", str(message.qos).encode()),
            ("gw-mqtt-retain", b"true" if message.retain else b"false"),
            ("gw-received-at", format_epoch_ms(message.received_at).encode()),
        ]
        if label is not None:
            headers += _label_headers(label)
        if rejection.device is not None:
            headers.append(("gw-device", _text(rejection.device)))
        headers.append(("gw-version", self.version.encode()))
        value, cut = self._payload(message)
        if cut is not None:
            headers += [
                ("gw-payload-bytes", str(cut.payload_bytes).encode()),
                ("gw-payload-sha256", cut.sha256.encode()),
            ]
        return Record(
            self.unrouted if label is None else label.dead_letters,
            None if rejection.device is None else _text(rejection.device),
            value,
            headers,
            message.received_at,
            label,
        )

    def _payload(self, message: Message) -> tuple[bytes, Cut | None]:
        """The dead letter's value, and what says of the rest."""
        if self.payload == "full":
            return message.payload, message.cut
        if self.payload == "none":
            return b"", None
        return b"", message.cut or Cut(len(message.payload), sha256(message.payload).hexdigest())


def shorten(message: Message, payload_bytes: int) -> Message:
    """The message with only the first ``payload_bytes`` of its payload, and the whole one's size and hash."""
    cut = message.cut or Cut(len(message.payload), sha256(message.payload).hexdigest())
    return msgspec.structs.replace(message, payload=message.payload[:payload_bytes], cut=cut)


def envelope(rejection: Rejection) -> bytes:
    """``gw-errors``: the rejection as JSON in at most ``MOST_ERRORS_BYTES``, with as many violations as fit.

    One at least, shortened if it must be: a payload may have a name of 100 KB.
    """
    label = rejection.label
    errors = [error_object(violation) for violation in rejection.violations]

    def text(*, truncated: bool) -> bytes:
        return orjson.dumps(
            {
                "v": ENVELOPE_VERSION,
                "contract": label and label.contract,
                "mode": label and label.mode,
                "stage": rejection.stage,
                "subject": label and label.subject,
                "schema_id": label and label.schema_id,
                "version": label and label.version,
                "errors": errors,
                "truncated": truncated,
            },
            default=str,
        )

    found = text(truncated=rejection.truncated)
    while len(found) > MOST_ERRORS_BYTES and len(errors) > 1:
        errors.pop()
        found = text(truncated=True)
    if len(found) > MOST_ERRORS_BYTES:
        errors[0] = _shortened(errors[0])
        found = text(truncated=True)
    return found


def error_object(violation: Violation) -> dict[str, Any]:
    """A violation as JSON, in the order of docs/errors.md."""
    return {
        "code": violation.code,
        "path": violation.path,
        "schema_path": violation.schema_path,
        "keyword": violation.keyword,
        "expected": violation.expected,
        "found": violation.found,
        "value": violation.value,
        "coercible_in": violation.coercible_in,
        "params": {name: _plain(value) for name, value in violation.params.items()},
        "message": violation.message,
    }


def _shortened(error: dict[str, Any]) -> dict[str, Any]:
    """The error with a beginning of each long text, and without parameters."""
    shortened = {
        name: f"{value[:_MOST_SHORTENED]}..." if isinstance(value, str) and len(value) > _MOST_SHORTENED else value
        for name, value in error.items()
    }
    return {**shortened, "params": {}}


def _plain(value: Any) -> Any:
    """A parameter as orjson can write it: integers beyond 64 bits as text."""
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if type(value) is int and not -(2**63) <= value < 2**63:
        return str(value) if value.bit_length() <= MOST_TEXT_BITS else f"an integer of {value.bit_length()} bits"
    return value


@lru_cache(maxsize=1024)
def _label_headers(label: RouteLabel) -> Headers:
    """The same for every dead letter of a route; do not change the list."""
    headers: Headers = [
        ("gw-contract", label.contract.encode()),
        ("gw-topic", label.topic.encode()),
        ("gw-subject", label.subject.encode()),
    ]
    if label.schema_id is not None:
        headers.append(("gw-schema-id", str(label.schema_id).encode()))
    if label.version is not None:
        headers.append(("gw-schema-version", str(label.version).encode()))
    return headers


def _text(text: str) -> bytes:
    return text[:MOST_TEXT].encode("utf-8", "replace")


def _redact(rejection: Rejection) -> Rejection:
    """Reason and place in the schema, nothing of the payload: a path or parameter can quote its keys."""
    return msgspec.structs.replace(
        rejection,
        violations=tuple(
            Violation(
                each.code,
                f"{each.code}: wanted {each.expected or 'something else'}, found {each.found or 'this payload'}",
                schema_path=each.schema_path,
                keyword=each.keyword,
                expected=each.expected,
                found=each.found,
                coercible_in=each.coercible_in,
            )
            for each in rejection.violations
        ),
    )


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A dead letter as read back from Kafka."""

    payload: bytes
    key: bytes | None
    headers: Mapping[str, str]
    errors: Sequence[Mapping[str, Any]]
    """The error objects; empty if ``gw-errors`` cannot be read."""

    @property
    def code(self) -> str:
        """The reason, for example ``type-mismatch``; empty if the record is no dead letter of ours."""
        return self.headers.get("gw-reason", "")


def read_dead_letter(value: bytes | None, key: bytes | None, headers: Sequence[tuple[str, bytes | None]]) -> DeadLetter:
    """The dead letter that a Kafka record holds; headers of others are kept as they are."""
    texts = {name: (data or b"").decode("utf-8", "replace") for name, data in headers}
    try:
        errors = orjson.loads(texts.get("gw-errors", "{}")).get("errors", [])
    except (orjson.JSONDecodeError, AttributeError):
        errors = []
    return DeadLetter(value or b"", key, texts, errors if isinstance(errors, list) else [])


def too_large(record: Record, size: int, limit: int) -> Violation:
    """The violation of a record that its Kafka topic does not take."""
    return Violation(
        Code.RECORD_TOO_LARGE,
        f"the record for Kafka topic {record.topic}: found {size} bytes, wanted at most {limit}; "
        "publish less in one message, or raise the topic's max.message.bytes",
        expected=f"at most {limit} bytes",
        params={"limit": limit, "actual": size},
    )
