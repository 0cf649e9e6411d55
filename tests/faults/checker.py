"""What Kafka holds, held against the ledger.

Reads with a consumer and a decoder that share nothing with the gateway.
"""

from __future__ import annotations

import io
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import fastavro

from tests.faults.ledger import AVRO_SCHEMA, Destination, Ledger, Message
from tests.parts.kafka import Consumed

_AVRO = fastavro.parse_schema(AVRO_SCHEMA)
_PREFIX_BYTES = 5


@dataclass(slots=True)
class Verdict:
    """What is wrong, each with the messages concerned; and how many copies there are."""

    messages: int
    """Different ones that Kafka holds."""
    duplicates: int
    """Records above one for each message."""
    lost: list[str] = field(default_factory=list)
    """The broker had taken them, and Kafka has them nowhere."""
    forgiven: int = 0
    """Of what the MQTT broker was to lose: how many it has lost."""
    spurious: list[str] = field(default_factory=list)
    """Nobody published them."""
    misplaced: list[str] = field(default_factory=list)
    """In another topic than the one where they belong, or under another key."""
    altered: list[str] = field(default_factory=list)
    """Not the value that was published."""
    disordered: list[str] = field(default_factory=list)
    """First occurrences in a main topic behind a later one of the same device that had not arrived before it."""
    swapped: int = 0
    """Those behind a later one that had: the broker sent them in this order."""

    @property
    def complaints(self) -> dict[str, list[str]]:
        """What is wrong, by its name, the first few of each; empty if nothing is."""
        found = {name: getattr(self, name) for name in ("lost", "spurious", "misplaced", "altered", "disordered")}
        return {f"{name} ({len(wrong)})": wrong[:5] for name, wrong in found.items() if wrong}


def judge(
    ledger: Ledger,
    held: Mapping[Destination, Sequence[Consumed]],
    arrivals: Mapping[Message, int],
    forgiven: int = 0,
) -> Verdict:
    """What ``held``, the records of each topic in the order of their offsets by partition, says of a ledger.

    ``arrivals`` numbers the messages as they first came to the gateway; so many of the first publications may have
    been lost by the MQTT broker.
    """
    published = set(ledger.published)
    refused = Counter(ledger.refused.values())
    copies: Counter[Message] = Counter()
    verdict = Verdict(0, 0)
    for destination, records in held.items():
        seen: defaultdict[int, dict[int, int]] = defaultdict(dict)
        """Device -> sequence, of whatever attempt -> arrival; a device's records are all in one partition."""
        newest: Counter[int] = Counter()
        """Device -> highest sequence so far."""
        for record in records:
            told = f"{destination.value}, partition {record.partition}, offset {record.offset}: {record.value!r}"
            if destination is Destination.DEAD and record.value is not None and record.value in refused:
                refused[record.value] = 0
                continue
            value = _value(record, destination)
            message = message_of(value)
            if message is None or message not in published:
                verdict.spurious.append(told)
                continue
            if message.destination is not destination or record.key != message.name.encode():
                verdict.misplaced.append(told)
            elif not _is_intact(record, value, message):
                verdict.altered.append(told)
            earlier = seen[message.device]
            if message.sequence not in earlier and destination is not Destination.DEAD:
                arrived = arrivals.get(message, -1)
                if message.sequence < newest[message.device]:
                    later = (when for sequence, when in earlier.items() if sequence > message.sequence)
                    if any(when > arrived for when in later):
                        verdict.disordered.append(told)
                    else:
                        verdict.swapped += 1
                newest[message.device] = max(message.sequence, newest[message.device])
                earlier[message.sequence] = arrived
            copies[message] += 1
    verdict.messages = len(copies)
    verdict.duplicates = copies.total() - len(copies)
    missing = [message in ledger.confirmed and not copies[message] for message in ledger.published]
    verdict.forgiven = sum(missing[:forgiven])
    verdict.lost = [f"{ledger.published[n]}" for n in range(forgiven, len(missing)) if missing[n]]
    verdict.lost += [f"{value[:100]!r}" for value, count in refused.items() if count]
    return verdict


def _value(record: Consumed, destination: Destination) -> Any:
    """The record's value decoded, None if it cannot be."""
    data = record.value or b""
    try:
        if destination is Destination.AVRO:
            return fastavro.schemaless_reader(io.BytesIO(data[_PREFIX_BYTES:]), _AVRO, None)
        return json.loads(data if destination is Destination.DEAD else data[_PREFIX_BYTES:])
    except (ValueError, EOFError, IndexError, RecursionError):
        return None


def messages_in(records: Iterable[Consumed], destination: Destination) -> set[Message]:
    """The messages that records of a topic are, in whatever shape."""
    found = (message_of(_value(record, destination)) for record in records)
    return {message for message in found if message is not None}


def message_of(value: Any) -> Message | None:
    """The message that a value says it is."""
    try:
        return Message(int(value["deviceId"].removeprefix("device-")), value["sequence"], value["attempt"])
    except (TypeError, KeyError, ValueError, AttributeError):
        return None


def _is_intact(record: Consumed, value: Any, message: Message) -> bool:
    """Whether the record is what the message must become; a valid JSON payload and a dead letter keep their bytes."""
    if message.destination is Destination.DEAD:
        return record.value == message.payload
    if message.destination is Destination.JSON and not message.is_loose:
        return (record.value or b"")[_PREFIX_BYTES:] == message.payload
    expected = {
        "deviceId": message.name,
        "sequence": message.sequence,
        "attempt": message.attempt,
        "temperature": message.temperature,
    }
    return bool(value == expected) and type(value["temperature"]) is float
