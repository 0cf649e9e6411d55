"""The checker of the fault matrix finds each thing that can be wrong, and only what is."""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Iterable, Sequence

import fastavro
import pytest

from tests.faults.checker import Seen, Verdict, judge
from tests.faults.ledger import AVRO_SCHEMA, JSON_SCHEMA, REASON, Destination, Ledger, Message, Refusal
from tests.parts.kafka import Consumed

_PREFIX = b"\0\0\0\0\1"
NOTHING_SEEN = Seen({}, frozenset())


def written(message: Message, *, key: bytes | None = None, temperature: object = None) -> tuple[Destination, Consumed]:
    """The record of a message, where it belongs."""
    value = {
        "deviceId": message.name,
        "sequence": message.sequence,
        "attempt": message.attempt,
        "temperature": message.temperature if temperature is None else temperature,
    }
    data = _PREFIX
    if message.destination is Destination.DEAD:
        data = message.payload
    elif message.destination is Destination.AVRO:
        buffer = io.BytesIO()
        fastavro.schemaless_writer(buffer, AVRO_SCHEMA, value)
        data += buffer.getvalue()
    else:
        data += json.dumps(value, separators=(",", ":")).encode()
    headers = []
    if message.is_wrong:
        headers = [("gw-reason", REASON.encode())]
    elif message.is_loose:
        headers = [("gw-coercions", b"v1")]
    return message.destination, Consumed("t", 0, 0, 0, key or message.name.encode(), data, headers)


def new_ledger() -> Ledger:
    """Nothing published, one schema for each topic."""
    ledger = Ledger()
    ledger.schemas[Destination.AVRO][1] = AVRO_SCHEMA
    ledger.schemas[Destination.JSON][1] = JSON_SCHEMA
    return ledger


def verdict(
    published: Sequence[Message],
    held: Iterable[tuple[Destination, Consumed]],
    *,
    forgiven: int = 0,
    arrived: Sequence[Message] = (),
    acknowledged: Sequence[Message] = (),
) -> Verdict:
    """What the checker says where the broker has confirmed all publications; they arrived in this order or that."""
    ledger = new_ledger()
    ledger.published += published
    ledger.confirmed.update(published)
    records: dict[Destination, list[Consumed]] = {destination: [] for destination in Destination}
    for destination, record in held:
        records[destination].append(record)
    arrivals = {message: number for number, message in enumerate(arrived or published)}
    return judge(ledger, records, Seen(arrivals, set(acknowledged)), forgiven)


FLEET = [Message(device, sequence, 1) for sequence in range(10) for device in range(4)]
"""Of both formats, with loose and with wrong values."""


def test_all_in_its_place_is_no_complaint() -> None:
    """Every message of both formats, coerced ones and dead letters among them."""
    found = verdict(FLEET, map(written, FLEET))
    assert found.complaints == {}
    assert (found.messages, found.duplicates) == (40, 0)


@pytest.mark.parametrize("missing", FLEET[::7])
def test_a_missing_message_is_lost(missing: Message) -> None:
    """If the broker had taken it."""
    assert verdict(FLEET, map(written, [m for m in FLEET if m != missing])).complaints == {"lost (1)": [str(missing)]}


def test_what_the_broker_had_not_taken_may_be_missing() -> None:
    """And may be there as well."""
    ledger = new_ledger()
    ledger.published.append(FLEET[0])
    assert judge(ledger, {}, NOTHING_SEEN).complaints == {}
    assert judge(ledger, {Destination.AVRO: [written(FLEET[0])[1]]}, NOTHING_SEEN).complaints == {}


def test_what_the_gateway_has_acknowledged_is_nobody_elses_to_lose() -> None:
    """Whatever the broker was to lose, and whether the fleet had heard of it or not."""
    found = verdict(FLEET, map(written, FLEET[2:]), forgiven=20, acknowledged=FLEET[1:])
    assert (found.forgiven, found.lost) == (1, [str(FLEET[1])])
    ledger = new_ledger()
    ledger.published.append(FLEET[0])
    assert judge(ledger, {}, Seen({}, {FLEET[0]})).lost == [str(FLEET[0])]


def test_what_was_the_brokers_to_lose_is_counted_apart() -> None:
    """Only of the first publications."""
    found = verdict(FLEET, map(written, FLEET[2:-1]), forgiven=20)
    assert (found.forgiven, len(found.lost)) == (2, 1)


def test_copies_are_counted_and_are_no_disorder() -> None:
    """A replay brings older messages again."""
    found = verdict(FLEET, map(written, [*FLEET, *FLEET[8:16]]))
    assert found.complaints == {}
    assert found.duplicates == 8


def test_a_first_occurrence_behind_a_later_message_is_disorder() -> None:
    """Of the same device, in a main topic."""
    first, second = Message(0, 1, 1), Message(0, 2, 1)
    [name] = verdict([first, second], map(written, [second, first])).complaints
    assert name == "disordered (1)"
    other = Message(2, 0, 1)
    assert verdict([first, other], map(written, [first, other])).complaints == {}


def test_what_the_broker_has_sent_out_of_order_is_no_disorder() -> None:
    """Order is that of arrival. What came in order and was written out of it is one, also beside such."""
    fleet = [Message(0, sequence, 1) for sequence in (1, 2, 4, 5, 9)]
    swapped = [fleet[-1], *fleet[:-1]]
    found = verdict(fleet, map(written, swapped), arrived=swapped)
    assert (found.complaints, found.swapped) == ({}, 4)
    turned = [fleet[-1], fleet[0], fleet[2], fleet[1], fleet[3]]
    found = verdict(fleet, map(written, turned), arrived=swapped)
    assert (list(found.complaints), found.swapped) == (["disordered (1)"], 3)
    found = verdict(fleet, map(written, fleet), arrived=swapped)
    assert (found.complaints, found.swapped) == ({}, 0)


def test_a_publication_again_is_a_message_of_its_own() -> None:
    """The fleet's copy is none of the gateway's, and comes behind what was published meanwhile."""
    messages = [Message(0, 1, 1), Message(0, 2, 1), Message(0, 1, 2)]
    found = verdict(messages, map(written, messages))
    assert (found.complaints, found.duplicates) == ({}, 0)


@pytest.mark.parametrize("temperature", [1.0, "20.875"])
def test_another_value_is_altered(temperature: object) -> None:
    """Also the right number as text."""
    message = Message(1, 0, 1)
    assert list(verdict([message], [written(message, temperature=temperature)]).complaints) == ["altered (1)"]


def test_a_dead_letter_of_other_bytes_is_altered() -> None:
    """Though its value is the same."""
    message = Message(0, 7, 1)
    record = Consumed("t", 0, 0, 0, message.name.encode(), message.payload.replace(b":", b": "), [])
    assert list(verdict([message], [(Destination.DEAD, record)]).complaints) == ["altered (1)"]


def test_another_topic_or_key_is_misplaced() -> None:
    """A valid message among the dead letters, or under another device's key."""
    message = Message(0, 0, 1)
    dead = Consumed("t", 0, 0, 0, message.name.encode(), message.payload, [])
    assert list(verdict([message], [(Destination.DEAD, dead)]).complaints) == ["misplaced (1)"]
    assert list(verdict([message], [written(message, key=b"device-02")]).complaints) == ["misplaced (1)"]


@pytest.mark.parametrize("value", [b"", _PREFIX, _PREFIX + b"\xff", _PREFIX + b"\x12device-49\0\2" + bytes(8)])
def test_what_nobody_published_is_spurious(value: bytes) -> None:
    """Garbage, or a message of a device that has sent none."""
    record = Consumed("t", 0, 0, 0, b"device-49", value, [])
    found = verdict([], [(Destination.AVRO, record)])
    assert list(found.complaints) == ["spurious (1)"]


def test_what_follows_a_record_is_altered() -> None:
    """A reader would not notice; nor is a record of another format, or of a schema that may not be in use."""
    message = Message(0, 0, 1)
    value = written(message)[1].value
    assert value is not None
    for wrong in (value + b"\0", b"\1" + value[1:], value[:4] + b"\7" + value[5:]):
        record = written(message)[1]._replace(value=wrong)
        assert list(verdict([message], [(Destination.AVRO, record)]).complaints) == ["lost (1)", "spurious (1)"]


def test_a_record_of_a_newer_schema_has_its_defaults() -> None:
    """And no other values in the new fields; that they were filled in is noted."""
    message = Message(0, 0, 1)
    ledger = new_ledger()
    ledger.published.append(message)
    fields = [*AVRO_SCHEMA["fields"], {"name": "pressure", "type": "double", "default": 0.0}]
    ledger.schemas[Destination.AVRO][2] = {**AVRO_SCHEMA, "fields": fields}
    value = (written(message)[1].value or b"")[5:]
    noted = [("gw-coercions", b"v1")]
    for pressure, headers, complaints in (
        (0.0, noted, []),
        (0.0, [], ["altered (1)"]),
        (1.0, noted, ["altered (1)"]),
    ):
        newer = b"\0\0\0\0\2" + value + struct.pack("<d", pressure)
        record = written(message)[1]._replace(value=newer, headers=headers)
        found = judge(ledger, {Destination.AVRO: [record]}, Seen({message: 0}, frozenset()))
        assert list(found.complaints) == complaints


@pytest.mark.parametrize("message", [Message(0, 7, 1), Message(1, 3, 1), Message(0, 0, 1)])
def test_other_headers_are_altered(message: Message) -> None:
    """A reason or a conversion that is not told, and one that is told of what needs none."""
    destination, record = written(message)
    wrong = [] if record.headers else [("gw-coercions", b"v1")]
    found = verdict([message], [(destination, record._replace(headers=wrong))])
    assert list(found.complaints) == ["altered (1)"]


def dead_letter(refusal: Refusal) -> Consumed:
    """As it must be."""
    return Consumed("t", 0, 0, 0, refusal.key, refusal.value, [*refusal.headers.items()])


def test_a_foreign_payload_must_be_dead_lettered_as_often_as_it_came() -> None:
    """With the value, the key and the headers that were foretold."""
    ledger = new_ledger()
    refusal = Refusal(b"poison and more", "invalid-json", b"k", kept_bytes=6)
    ledger.refused += [refusal, refusal]
    letter = dead_letter(refusal)
    assert letter.value == b"poison"

    def complaints(*letters: Consumed) -> list[str]:
        return list(judge(ledger, {Destination.DEAD: letters}, NOTHING_SEEN).complaints)

    assert complaints(letter, letter) == []
    assert complaints(letter) == ["lost (1)"]
    assert complaints(letter, letter._replace(key=None)) == ["lost (1)", "spurious (1)"]
    for name in refusal.headers:
        others = [(other, value) for other, value in letter.headers if other != name]
        assert complaints(letter, letter._replace(headers=[*others, (name, b"x")])) == ["altered (1)"]
    assert judge(ledger, {Destination.DEAD: [letter] * 3}, NOTHING_SEEN).duplicates == 1
