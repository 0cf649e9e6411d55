"""PUBLISH packets that cannot be read as a message: what is wrong with them.

MQTT asks a receiver to close the connection on a malformed packet. The gateway does not: the broker
would redeliver it on the next connection, for ever. Such a packet becomes a dead letter and is
acknowledged like any other.
"""

from __future__ import annotations

from enum import StrEnum
from hashlib import sha256
from typing import NamedTuple

from gateway.model import Code, Cut, Message, Violation

KEPT_BYTES = 65536
"""How much of a payload above ``limits.payload_bytes`` is kept: 64 KiB, as the dead letter promises."""


class Fault(StrEnum):
    """What is wrong with a PUBLISH packet: ``params.reason`` of the violation."""

    LENGTH = "length"
    TOPIC_EMPTY = "topic-empty"
    TOPIC_NOT_UTF8 = "topic-not-utf8"
    TOPIC_NUL = "topic-nul"
    TOPIC_WILDCARD = "topic-wildcard"
    PACKET_ID_ZERO = "packet-id-zero"
    QOS_INVALID = "qos-invalid"


_TEXTS = {
    Fault.LENGTH: "its topic, packet ID or properties reach beyond its end",
    Fault.TOPIC_EMPTY: "its topic is empty [MQTT-4.7.3-1]; topic aliases were not offered",
    Fault.TOPIC_NOT_UTF8: "its topic is not UTF-8 [MQTT-1.5.4-1]",
    Fault.TOPIC_NUL: "its topic holds U+0000 [MQTT-4.7.3-2]",
    Fault.TOPIC_WILDCARD: "its topic holds a wildcard, + or # [MQTT-3.3.2-2]",
    Fault.PACKET_ID_ZERO: "its packet ID is 0 although its QoS is above 0 [MQTT-2.2.1-3]",
    Fault.QOS_INVALID: "its QoS is 3 [MQTT-3.3.1-4]",
}


class Refusal(NamedTuple):
    """A malformed PUBLISH packet, as well as it can be told, and why it is refused."""

    message: Message
    violation: Violation


def topic_fault(topic: str) -> Fault | None:
    """What forbids this text as the topic of a PUBLISH, None if nothing does [MQTT 5.0, 4.7.3]."""
    if not topic:
        return Fault.TOPIC_EMPTY
    if "+" in topic or "#" in topic:
        return Fault.TOPIC_WILDCARD
    if "\0" in topic:
        return Fault.TOPIC_NUL
    return None


def make_violation(fault: Fault) -> Violation:
    """The error object of a malformed packet; it holds no payload content."""
    message = f"the PUBLISH packet is malformed: {_TEXTS[fault]}; mend the publisher or the broker"
    return Violation(Code.MALFORMED_PACKET, message, expected="a PUBLISH packet of MQTT", params={"reason": str(fault)})


def cut_payload(payload: bytes, limit: int) -> tuple[bytes, Cut | None]:
    """The payload, or its first 64 KiB with what is known of the whole where it is above ``limit`` bytes."""
    if len(payload) <= limit:
        return payload, None
    return payload[:KEPT_BYTES], Cut(len(payload), sha256(payload).hexdigest())
