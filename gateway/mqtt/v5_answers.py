"""What MQTT 5 answers to PUBLISH and PUBREL, and the packet IDs of QoS 2 in between. Pure.

Rules
- QoS 2: PUBREC when Kafka has confirmed, PUBCOMP for the PUBREL that follows. A PUBLISH repeated
  meanwhile is answered if it may be, and not delivered again [MQTT-4.3.3-10].
- No answer carries a reason code but one: a rejected message is durable as a dead letter, so it
  gets success like any other.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from gateway.mqtt.v5_codec import BadPacket
from gateway.pipeline.acks import Ticket

_answer = struct.Struct("!HH").pack
_PUBACK, _PUBREC, _PUBCOMP = 0x4002, 0x5002, 0x7002
"""Fixed headers of answers without reason code, which means success [MQTT 5.0, 3.4.2.1]."""

_answer_with_reason = struct.Struct("!HHB").pack
_PUBCOMP_WITH_REASON = 0x7003
_PACKET_ID_NOT_FOUND = 0x92


class Answers:
    """The answers of one connection, as bytes to write."""

    def __init__(self) -> None:
        self._recorded: dict[int, bool] = {}
        """Packet IDs of QoS 2 that were delivered and not yet released -> whether PUBREC was sent."""

    def acknowledge(self, tickets: Sequence[Ticket]) -> bytes:
        """PUBACK or PUBREC for each ticket, in order; nothing for QoS 0 and for packet ID 0."""
        return b"".join(
            [
                _answer(_PUBACK, ticket.packet_id) if ticket.qos == 1 else self._record(ticket.packet_id)
                for ticket in tickets
                if ticket.packet_id
            ]
        )

    def deliver(self, packet_id: int) -> bool:
        """Whether a PUBLISH of QoS 2 is new and to be delivered; if not, ``repeat`` says what to answer."""
        if packet_id in self._recorded:
            return False
        if packet_id:  # a malformed packet without one can never be answered
            self._recorded[packet_id] = False
        return True

    def repeat(self, packet_id: int) -> bytes:
        """PUBREC again for a repeated PUBLISH; nothing while Kafka has not confirmed it."""
        return _answer(_PUBREC, packet_id) if self._recorded[packet_id] else b""

    def release(self, packet_id: int) -> bytes:
        """PUBCOMP for a PUBREL, also for one whose PUBREC was sent on an earlier connection [MQTT 5.0, 4.3.3].

        Raises BadPacket for a message that Kafka has not confirmed: answering would lose it.
        """
        recorded = self._recorded.pop(packet_id, None)
        if recorded is None:
            return _answer_with_reason(_PUBCOMP_WITH_REASON, packet_id, _PACKET_ID_NOT_FOUND)
        if not recorded:
            raise BadPacket(f"the broker sent PUBREL for packet ID {packet_id} before our PUBREC")
        return _answer(_PUBCOMP, packet_id)

    def _record(self, packet_id: int) -> bytes:
        self._recorded[packet_id] = True
        return _answer(_PUBREC, packet_id)
