"""What MQTT 5 answers to PUBLISH and PUBREL, and the packet IDs of QoS 2 in between. Pure.

Rules
- QoS 2: PUBREC when Kafka has confirmed, PUBCOMP for the PUBREL that follows. A PUBLISH repeated
  meanwhile is answered if it may be, and not delivered again [MQTT-4.3.3-10].
- Only the same message marked as a duplicate is a repetition. A broker may give a packet ID to another message before
  it has released the first (measured: mosquitto 2.0.11 with more than 65 535 messages waiting); that one is delivered.
- No answer carries a reason code but one: a rejected message is durable as a dead letter, so it
  gets success like any other.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.model import Message
from gateway.mqtt.v5_codec import BadPacket
from gateway.pipeline.acks import Ticket

_answer = struct.Struct("!HH").pack
_PUBACK, _PUBREC, _PUBCOMP = 0x4002, 0x5002, 0x7002
"""Fixed headers of answers without reason code, which means success [MQTT 5.0, 3.4.2.1]."""

_answer_with_reason = struct.Struct("!HHB").pack
_PUBCOMP_WITH_REASON = 0x7003
_PACKET_ID_NOT_FOUND = 0x92


@dataclass(slots=True)
class _Exchange:
    """The messages that one packet ID stands for: one, unless the broker reuses it early."""

    contents: list[int]
    """Of each message, in order of arrival."""
    recorded: int = 0
    """So many of the first had their PUBREC."""


class Answers:
    """The answers of one connection, as bytes to write."""

    def __init__(self) -> None:
        self._unreleased: dict[int, _Exchange] = {}
        """By packet ID of QoS 2: what was delivered, and waits for its PUBREL."""

    def acknowledge(self, tickets: Sequence[Ticket]) -> bytes:
        """PUBACK or PUBREC for each ticket, in order; nothing for QoS 0 and for packet ID 0."""
        return b"".join(
            [
                _answer(_PUBACK, ticket.packet_id) if ticket.qos == 1 else self._record(ticket.packet_id)
                for ticket in tickets
                if ticket.packet_id
            ]
        )

    def deliver(self, message: Message) -> bool:
        """Whether a PUBLISH of QoS 2 is to be delivered; if not, ``repeat`` says what to answer."""
        exchange = self._unreleased.get(message.packet_id)
        if exchange is None:
            if message.packet_id:  # a malformed packet without one can never be answered
                self._unreleased[message.packet_id] = _Exchange([_content(message)])
            return True
        if message.duplicate and _content(message) in exchange.contents:
            return False
        exchange.contents.append(_content(message))
        return True

    def repeat(self, message: Message) -> bytes:
        """PUBREC again for a repeated PUBLISH; nothing while Kafka has not confirmed it."""
        exchange = self._unreleased[message.packet_id]
        is_recorded = exchange.contents.index(_content(message)) < exchange.recorded
        return _answer(_PUBREC, message.packet_id) if is_recorded else b""

    def release(self, packet_id: int) -> bytes:
        """PUBCOMP for a PUBREL, also for one whose PUBREC was sent on an earlier connection [MQTT 5.0, 4.3.3].

        Raises BadPacket for a message that Kafka has not confirmed: answering would lose it.
        """
        exchange = self._unreleased.get(packet_id)
        if exchange is None:
            return _answer_with_reason(_PUBCOMP_WITH_REASON, packet_id, _PACKET_ID_NOT_FOUND)
        if not exchange.recorded:
            raise BadPacket(f"the broker sent PUBREL for packet ID {packet_id} before our PUBREC")
        exchange.recorded -= 1
        del exchange.contents[0]
        if not exchange.contents:
            del self._unreleased[packet_id]
        return _answer(_PUBCOMP, packet_id)

    def _record(self, packet_id: int) -> bytes:
        self._unreleased[packet_id].recorded += 1
        return _answer(_PUBREC, packet_id)


def _content(message: Message) -> int:
    """What a repetition has in common with its original."""
    return hash((message.topic, message.payload))
