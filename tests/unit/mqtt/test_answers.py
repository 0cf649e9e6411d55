"""The bytes that go back for PUBLISH and PUBREL."""

from __future__ import annotations

import mqtt5
import pytest

from gateway.model import Message
from gateway.mqtt.answers import Answers
from gateway.mqtt.v5_codec import BadPacket
from gateway.pipeline.acks import AckWindow, Ticket


def tickets(*parts: tuple[int, int]) -> list[Ticket]:
    """Tickets of (packet ID, QoS)."""
    window = AckWindow(100, 1000)
    return [window.open(packet_id, qos, 1, 0) for packet_id, qos in parts]


def message(
    packet_id: int, payload: bytes = b"1", *, qos: int = 2, topic: str = "a/b", duplicate: bool = False
) -> Message:
    return Message(topic, payload, qos, packet_id, False, duplicate, 0)


def test_one_answer_per_ticket_in_order():
    """PUBACK for QoS 1, PUBREC for QoS 2, nothing for QoS 0 and for packet ID 0, exactly as the codec writes them."""
    answers = Answers()
    answers.is_new(message(513))
    expected = mqtt5.PubAckPacket(65535).write() + mqtt5.PubRecPacket(513).write() + mqtt5.PubAckPacket(1).write()
    assert answers.acknowledge(tickets((65535, 1), (0, 0), (513, 2), (0, 1), (0, 2), (1, 1))) == expected


def test_the_course_of_a_qos_1_message():
    """What repeats it is dropped unanswered, before and after its PUBACK; another message with its packet ID is new."""
    answers = Answers()
    again = message(7, qos=1, duplicate=True)
    assert answers.is_new(message(7, qos=1))
    assert not answers.is_new(again)
    assert answers.acknowledge(tickets((7, 1))) == b"\x40\x02\x00\x07"
    assert not answers.is_new(again)
    assert answers.repeat(again) == b""
    assert answers.is_new(message(7, b"2", qos=1))
    assert answers.is_new(again)


@pytest.mark.parametrize(
    "other",
    [
        message(7, qos=1),
        message(7, b"2", qos=1, duplicate=True),
        message(7, qos=1, topic="a/c", duplicate=True),
        message(8, qos=1, duplicate=True),
        message(7, qos=2, duplicate=True),
    ],
    ids=["not marked as a duplicate", "another payload", "another topic", "another packet ID", "another QoS"],
)
def test_what_is_no_repetition_at_qos_1(other: Message):
    """Another message is delivered, whatever it shares with the one before: to drop it could lose it."""
    answers = Answers()
    assert answers.is_new(message(7, qos=1))
    assert answers.is_new(other)


def test_a_connection_begins_without_memory():
    """What the broker sends again on a new connection, marked as a duplicate, is delivered; at QoS 0 everything is."""
    answers = Answers()
    assert answers.is_new(message(7, qos=1, duplicate=True))
    assert answers.is_new(message(7, qos=2, duplicate=True))
    assert answers.is_new(message(0, qos=0, duplicate=True))
    assert answers.is_new(message(0, qos=0, duplicate=True))


def test_the_course_of_a_qos_2_message():
    """New, repeated unanswered, recorded, repeated with PUBREC again, released, and then new again."""
    answers = Answers()
    again = message(7, duplicate=True)
    assert answers.is_new(message(7))
    assert not answers.is_new(again)
    assert answers.repeat(again) == b""
    assert answers.acknowledge(tickets((7, 2))) == b"\x50\x02\x00\x07"
    assert not answers.is_new(again)
    assert answers.repeat(again) == b"\x50\x02\x00\x07"
    assert answers.release(7) == b"\x70\x02\x00\x07"
    assert answers.is_new(again)


@pytest.mark.parametrize(
    "other",
    [message(7), message(7, b"2"), message(7, b"2", duplicate=True)],
    ids=["not marked as a duplicate", "another payload", "another payload, marked"],
)
def test_a_packet_id_that_is_reused_too_early(other: Message):
    """It is another message, which is delivered, answered and released after the first."""
    answers = Answers()
    assert answers.is_new(message(7))
    assert answers.acknowledge(tickets((7, 2))) == b"\x50\x02\x00\x07"
    assert answers.is_new(other)
    assert answers.release(7) == b"\x70\x02\x00\x07"
    with pytest.raises(BadPacket, match="before our PUBREC"):
        answers.release(7)
    assert answers.acknowledge(tickets((7, 2))) == b"\x50\x02\x00\x07"
    assert answers.release(7) == b"\x70\x02\x00\x07"
    assert answers.release(7).endswith(b"\x92")


def test_a_repetition_of_the_second_message_under_a_packet_id():
    """It is known for what it is, and not answered by the first one's PUBREC."""
    answers = Answers()
    second = message(7, b"2", duplicate=True)
    answers.is_new(message(7))
    answers.acknowledge(tickets((7, 2)))
    answers.is_new(second)
    assert not answers.is_new(second)
    assert answers.repeat(second) == b""
    answers.acknowledge(tickets((7, 2)))
    assert answers.repeat(second) == b"\x50\x02\x00\x07"


def test_an_unknown_packet_id_is_released_with_its_reason():
    """PUBREL for a PUBREC of an earlier connection gets PUBCOMP 0x92."""
    assert (
        Answers().release(513)
        == b"\x70\x03\x02\x01\x92"
        == mqtt5.PubCompPacket(513, reason_code=mqtt5.PubCompReasonCode.PACKET_ID_NOT_FOUND).write()[:5]
    )


def test_mqtt_3_1_1_has_no_reasons():
    """There PUBCOMP is the same for a packet ID that is not known."""
    assert Answers(reasons=False).release(513) == b"\x70\x02\x02\x01"


def test_an_unconfirmed_message_is_never_released():
    """PUBREL before our PUBREC is refused: PUBCOMP would lose the message."""
    answers = Answers()
    answers.is_new(message(7))
    with pytest.raises(BadPacket, match="packet ID 7 before our PUBREC"):
        answers.release(7)


def test_malformed_packets_without_id_are_all_new():
    """At QoS 2 packet ID 0 is never remembered."""
    answers = Answers()
    assert answers.is_new(message(0))
    assert answers.is_new(message(0))
