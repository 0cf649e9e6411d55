"""What Kafka holds, held against the ledger.

Reads with a consumer and a decoder that share nothing with the gateway.
"""

from __future__ import annotations

import io
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

import fastavro

from tests.faults.ledger import REASON, Destination, Ledger, Message, Refusal
from tests.parts.kafka import Consumed

_PREFIX_BYTES = 5


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen between the broker and the gateway."""

    arrivals: Mapping[Message, int]
    """The fleet's messages, numbered as the broker first sent them."""
    acknowledged: AbstractSet[Message]
    """Those for which the gateway has taken responsibility."""
    overlooked: int = 0
    """How many came again, on a later connection, though acknowledged before: the broker had not read that."""


@dataclass(slots=True)
class Verdict:
    """What is wrong, each with the messages concerned; and how many copies there are."""

    messages: int
    """Different ones that Kafka holds."""
    duplicates: int
    """Records above one for each message."""
    lost: list[str] = field(default_factory=list)
    """The broker had taken them, or the gateway has acknowledged them, and Kafka has them nowhere."""
    forgiven: int = 0
    """Of what the MQTT broker was to lose: how many it has lost."""
    spurious: list[str] = field(default_factory=list)
    """Nobody published them, or they cannot be read with a schema that may be in use."""
    misplaced: list[str] = field(default_factory=list)
    """In another topic than the one where they belong, or under another key."""
    altered: list[str] = field(default_factory=list)
    """Not the value that was published, or other headers than it must have."""
    disordered: list[str] = field(default_factory=list)
    """First occurrences in a main topic behind a later one of the same device that had not arrived before it."""
    swapped: int = 0
    """Those behind a later one that had: the broker sent them in this order."""

    @property
    def complaints(self) -> dict[str, list[str]]:
        """What is wrong, by its name, the first few of each; empty if nothing is."""
        found = {name: getattr(self, name) for name in ("lost", "spurious", "misplaced", "altered", "disordered")}
        return {f"{name} ({len(wrong)})": wrong[:5] for name, wrong in found.items() if wrong}


def judge(ledger: Ledger, held: Mapping[Destination, Sequence[Consumed]], seen: Seen, forgiven: int = 0) -> Verdict:
    """What ``held``, the records of each topic in the order of their offsets by partition, says of a ledger.

    The MQTT broker may have lost so many of the first publications, but for those that the gateway acknowledged.
    """
    published = set(ledger.published)
    copies: Counter[Message] = Counter()
    refused: Counter[Refusal] = Counter()
    verdict = Verdict(0, 0)
    for destination, records in held.items():
        order = _Order(verdict, seen.arrivals)
        for record in records:
            told = f"{destination.value}, partition {record.partition}, offset {record.offset}: {record.value!r}"
            if destination is Destination.DEAD and (refusal := _refusal(record, ledger.refused)) is not None:
                refused[refusal] += 1
                if not refusal.headers.items() <= dict(record.headers).items():
                    verdict.altered.append(f"{told[:300]}: {record.headers}")
                continue
            value = _value(record, destination, ledger)
            message = message_of(value)
            if message is None or message not in published:
                verdict.spurious.append(told)
                continue
            if message.destination is not destination or record.key != message.name.encode():
                verdict.misplaced.append(told)
            elif not (_is_intact(record, value, message, ledger) and _is_explained(record, message, ledger)):
                verdict.altered.append(f"{told}: {record.headers}")
            if destination is not Destination.DEAD:
                order.add(message, told)
            copies[message] += 1
    wanted = Counter(ledger.refused)
    verdict.messages = len(copies)
    verdict.duplicates = copies.total() - len(copies) + (refused - wanted).total()
    for number, message in enumerate(ledger.published):
        if copies[message]:
            continue
        if message in seen.acknowledged or (message in ledger.confirmed and number >= forgiven):
            verdict.lost.append(str(message))
        elif message in ledger.confirmed:
            verdict.forgiven += 1
    verdict.lost += [f"{refusal.reason}: {refusal.value[:100]!r}" for refusal in (wanted - refused).elements()]
    return verdict


class _Order:
    """Order within one main topic, where a device's records are all in one partition."""

    def __init__(self, verdict: Verdict, arrivals: Mapping[Message, int]) -> None:
        self._verdict = verdict
        self._arrivals = arrivals
        self._arrived: defaultdict[int, dict[int, int]] = defaultdict(dict)
        """Device -> sequence, of whatever attempt -> arrival."""
        self._newest: Counter[int] = Counter()
        """Device -> highest sequence so far."""

    def add(self, message: Message, told: str) -> None:
        """The next record; only the first of a message counts."""
        before = self._arrived[message.device]
        if message.sequence in before:
            return
        arrival = self._arrivals.get(message, -1)
        if message.sequence < self._newest[message.device]:
            overtaken_by = (when for sequence, when in before.items() if sequence > message.sequence)
            if any(when > arrival for when in overtaken_by):
                self._verdict.disordered.append(told)
            else:
                self._verdict.swapped += 1
        self._newest[message.device] = max(message.sequence, self._newest[message.device])
        before[message.sequence] = arrival


def _refusal(record: Consumed, refused: Iterable[Refusal]) -> Refusal | None:
    """What the dead letter is of, if somebody else than the fleet has published it."""
    return next((each for each in refused if (record.value, record.key) == (each.value, each.key)), None)


def _value(record: Consumed, destination: Destination, ledger: Ledger) -> Any:
    """The record's value decoded by the schema that it names; None if it cannot be, or that may not be in use."""
    data = record.value or b""
    try:
        if destination is Destination.DEAD:
            return json.loads(data)
        schema = ledger.schemas[destination][_schema_id(data)]
        if destination is Destination.JSON:
            return json.loads(data[_PREFIX_BYTES:])
        body = io.BytesIO(data[_PREFIX_BYTES:])
        value = fastavro.schemaless_reader(body, schema, None)
        return None if body.read() else value
    except (ValueError, EOFError, LookupError, RecursionError):
        return None


def _schema_id(data: bytes) -> int:
    """Of a record in Confluent's wire format. Raises ValueError for any other."""
    if len(data) < _PREFIX_BYTES or data[0] != 0:
        raise ValueError("no magic byte")
    return int.from_bytes(data[1:_PREFIX_BYTES], "big")


def messages_in(records: Iterable[Consumed], destination: Destination, ledger: Ledger) -> set[Message]:
    """The messages that records of a topic are, in whatever shape."""
    found = (message_of(_value(record, destination, ledger)) for record in records)
    return {message for message in found if message is not None}


def message_of(value: Any) -> Message | None:
    """The message that a value says it is."""
    try:
        return Message(int(value["deviceId"].removeprefix("device-")), value["sequence"], value["attempt"])
    except (TypeError, KeyError, ValueError, AttributeError):
        return None


def _is_intact(record: Consumed, value: Any, message: Message, ledger: Ledger) -> bool:
    """Whether the value is what the message must become; a valid JSON payload and a dead letter keep their bytes."""
    data = record.value or b""
    if message.destination is Destination.DEAD:
        return data == message.payload
    if message.destination is Destination.JSON and not message.is_loose:
        return data[_PREFIX_BYTES:] == message.payload
    expected = {
        "deviceId": message.name,
        "sequence": message.sequence,
        "attempt": message.attempt,
        "temperature": message.temperature,
    }
    expected |= _defaults(data, message, ledger)
    return bool(value == expected) and type(value["temperature"]) is float


def _defaults(data: bytes, message: Message, ledger: Ledger) -> dict[str, Any]:
    """Values of fields that no device sends, by the Avro schema that the record was written with."""
    if message.destination is not Destination.AVRO:
        return {}
    fields = ledger.schemas[Destination.AVRO][_schema_id(data)]["fields"]
    return {each["name"]: each["default"] for each in fields if "default" in each}


def _is_explained(record: Consumed, message: Message, ledger: Ledger) -> bool:
    """Whether the headers say what was wrong, or what was converted, and nothing where nothing was."""
    headers = dict(record.headers)
    if message.is_wrong:
        return headers.get("gw-reason") == REASON.encode()
    converted = message.is_loose or bool(_defaults(record.value or b"", message, ledger))
    return "gw-reason" not in headers and ("gw-coercions" in headers) is converted
