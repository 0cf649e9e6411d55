"""What goes back for PUBLISH and PUBREL, and which PUBLISH is one that this connection has brought before. Pure.

Rules
- QoS 1: PUBACK when Kafka has confirmed. Some brokers send again on the same connection what waits for it too long
  (EMQX every 30 s, NATS, VerneMQ; MQTT 5 forbids it, 3.1.1 does not). Such a repetition is not delivered, and not
  answered either: the one PUBACK arrives as long as the connection lives, and a second one could be taken for that of
  the message which has the packet ID by then.
- QoS 2: PUBREC when Kafka has confirmed, PUBCOMP for the PUBREL that follows. A PUBLISH repeated
  meanwhile is answered if it may be, and not delivered again [MQTT-4.3.3-10].
- Only the same message marked as a duplicate is a repetition. A broker may give a packet ID to another message before
  it has released the first (measured: mosquitto 2.0.11 with more than 65 535 messages waiting); that one is delivered.
- A message is known by the hash of its topic and payload: 64 bits, seeded, so that nobody can aim at another one's.
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
    """The answers of one connection, as bytes to write: the same in both versions but for one."""

    def __init__(self, *, reasons: bool = True) -> None:
        """``reasons``: whether an answer may carry a reason code, which MQTT 3.1.1 does not have."""
        self._reasons = reasons
        self._unreleased: dict[int, _Exchange] = {}
        """By packet ID of QoS 2: what was delivered, and waits for its PUBREL."""
        self._latest: dict[int, int] = {}
        """By packet ID of QoS 1: the content of the message delivered last, acknowledged or not."""

    def acknowledge(self, tickets: Sequence[Ticket]) -> bytes:
        """PUBACK or PUBREC for each ticket, in order; nothing for QoS 0 and for packet ID 0."""
        return b"".join(
            [
                _answer(_PUBACK, ticket.packet_id) if ticket.qos == 1 else self._record(ticket.packet_id)
                for ticket in tickets
                if ticket.packet_id
            ]
        )

    def is_new(self, message: Message) -> bool:
        """Whether a PUBLISH is to be delivered; if not, ``repeat`` says what to answer."""
        if message.qos == 1:
            content = hash((message.topic, message.payload))  # _content without a call: this runs once per message
            if message.duplicate and self._latest.get(message.packet_id) == content:
                return False
            self._latest[message.packet_id] = content
            return True
        return message.qos == 0 or self._begins(message)

    def repeat(self, message: Message) -> bytes:
        """PUBREC again for a repeated PUBLISH of QoS 2, if Kafka has confirmed it; nothing at QoS 1."""
        if message.qos == 1:
            return b""
        exchange = self._unreleased[message.packet_id]
        is_recorded = exchange.contents.index(_content(message)) < exchange.recorded
        return _answer(_PUBREC, message.packet_id) if is_recorded else b""

    def release(self, packet_id: int) -> bytes:
        """PUBCOMP for a PUBREL, also for one whose PUBREC was sent on an earlier connection [MQTT 5.0, 4.3.3].

        Raises BadPacket for a message that Kafka has not confirmed: answering would lose it.
        """
        exchange = self._unreleased.get(packet_id)
        if exchange is None:
            unknown = _answer_with_reason(_PUBCOMP_WITH_REASON, packet_id, _PACKET_ID_NOT_FOUND)
            return unknown if self._reasons else _answer(_PUBCOMP, packet_id)
        if not exchange.recorded:
            raise BadPacket(f"the broker sent PUBREL for packet ID {packet_id} before our PUBREC")
        exchange.recorded -= 1
        del exchange.contents[0]
        if not exchange.contents:
            del self._unreleased[packet_id]
        return _answer(_PUBCOMP, packet_id)

    def _begins(self, message: Message) -> bool:
        """Whether a PUBLISH of QoS 2 is another message than those that its packet ID stands for."""
        exchange = self._unreleased.get(message.packet_id)
        if exchange is None:
            if message.packet_id:  # a malformed packet without one can never be answered
                self._unreleased[message.packet_id] = _Exchange([_content(message)])
            return True
        if message.duplicate and _content(message) in exchange.contents:
            return False
        exchange.contents.append(_content(message))
        return True

    def _record(self, packet_id: int) -> bytes:
        self._unreleased[packet_id].recorded += 1
        return _answer(_PUBREC, packet_id)


def _content(message: Message) -> int:
    """What a repetition has in common with its original."""
    return hash((message.topic, message.payload))
