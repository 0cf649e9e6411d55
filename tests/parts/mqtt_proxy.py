"""A TCP proxy between gateway and broker that logs MQTT packets both ways and can misbehave.

``events`` is one ordered list over all connections: what a test needs to prove the order of PUBACKs
or that nothing was unsubscribed. Bytes pass unchanged; only fixed headers are read.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable
from typing import NamedTuple

from tests.parts.fault_proxy import Direction, FaultProxy

TYPES = {
    1: "CONNECT",
    2: "CONNACK",
    3: "PUBLISH",
    4: "PUBACK",
    5: "PUBREC",
    6: "PUBREL",
    7: "PUBCOMP",
    8: "SUBSCRIBE",
    9: "SUBACK",
    10: "UNSUBSCRIBE",
    11: "UNSUBACK",
    12: "PINGREQ",
    13: "PINGRESP",
    14: "DISCONNECT",
    15: "AUTH",
}
_WITH_ID_FIRST = frozenset({"PUBACK", "PUBREC", "PUBREL", "PUBCOMP", "SUBSCRIBE", "SUBACK", "UNSUBSCRIBE", "UNSUBACK"})


class Event(NamedTuple):
    """One packet that passed."""

    time: float
    """Seconds on the event loop's clock."""
    connection: int
    """Counts from 1."""
    direction: Direction
    type: str
    packet_id: int | None
    raw: bytes


class MqttProxy(FaultProxy):
    """A fault proxy that reads along."""

    def __init__(self, broker_port: int, port: int = 0) -> None:
        super().__init__(broker_port, port)
        self.events: list[Event] = []
        self.counts: Counter[tuple[int, str, Direction]] = Counter()
        """Packets that passed, by connection, type and direction."""
        self._pending: dict[tuple[int, Direction], bytearray] = {}
        """Packets that have begun, by connection and direction."""
        self._changed = asyncio.Event()
        self.on_event: Callable[[Event], None] | None = None
        """Called with each packet, just before its last bytes are forwarded."""

    @property
    def url(self) -> str:
        """The proxy's address as ``mqtt.url``."""
        return f"mqtt://127.0.0.1:{self.port}"

    def packets(self, kind: str, direction: Direction | None = None) -> list[Event]:
        """The packets of a type that passed so far, in order."""
        return [e for e in self.events if e.type == kind and (direction is None or e.direction is direction)]

    def count(self, kind: str, direction: Direction) -> int:
        """How many packets of a type have passed, over all connections."""
        return sum(self.counts[number, kind, direction] for number in range(1, self.connections + 1))

    @property
    def is_in_a_packet(self) -> bool:
        """Whether the newest connection's client has received a part of a packet."""
        return bool(self._pending.get((self.connections, Direction.TO_CLIENT)))

    def say(self, packet: bytes) -> None:
        """Sends the newest connection's client a packet that the broker did not send, between two of its own."""
        assert not self.is_in_a_packet
        self._clients[self.connections].write(packet)

    async def wait_for(self, condition: Callable[[list[Event]], bool], timeout_s: float = 10) -> None:
        """Returns when the condition holds for the events; it is asked again after each packet."""
        async with asyncio.timeout(timeout_s):
            while not condition(self.events):
                self._changed.clear()
                await self._changed.wait()

    def _passed(self, data: bytes, connection: int, direction: Direction) -> None:
        """Moves complete packets into the events."""
        now = asyncio.get_running_loop().time()
        pending = self._pending.setdefault((connection, direction), bytearray())
        pending += data
        while (length := _packet_length(pending)) is not None and len(pending) >= length[1]:
            header, total = length
            raw = bytes(pending[:total])
            del pending[:total]
            kind = TYPES[raw[0] >> 4]
            self.counts[connection, kind, direction] += 1
            event = Event(now, connection, direction, kind, _packet_id(kind, raw, header), raw)
            self.events.append(event)
            if self.on_event is not None:
                self.on_event(event)
        self._changed.set()


class Answered(NamedTuple):
    """What acknowledgements say of the messages that a client received."""

    messages: list[Event]
    """Those that are acknowledged."""
    wrong: list[Event]
    """Acknowledgements of anything but the oldest unanswered message of their connection [MQTT-4.6.0-2].

    Ours go out in the order of arrival whatever the QoS; MQTT asks that for each QoS alone.
    """
    most_unanswered: Counter[int]
    """By connection, how many messages waited for their acknowledgement at once."""


def answered(events: Iterable[Event]) -> Answered:
    """Which messages the PUBACKs and PUBRECs among the events acknowledge."""
    waiting: defaultdict[int, deque[Event]] = defaultdict(deque)
    found = Answered([], [], Counter())
    for event in events:
        arrived = waiting[event.connection]
        if event.type == "PUBLISH" and event.direction is Direction.TO_CLIENT and event.packet_id is not None:
            arrived.append(event)
            found.most_unanswered[event.connection] = max(len(arrived), found.most_unanswered[event.connection])
        elif event.type in {"PUBACK", "PUBREC"} and event.direction is Direction.TO_BROKER:
            if arrived and arrived[0].packet_id == event.packet_id:
                found.messages.append(arrived.popleft())
            else:
                found.wrong.append(event)
    return found


def _packet_length(data: bytearray) -> tuple[int, int] | None:
    """Length of the fixed header and of the whole packet; None if the header is incomplete."""
    size = 0
    for index, byte in enumerate(data[1:5]):
        size |= (byte & 127) << 7 * index
        if byte < 128:
            return index + 2, index + 2 + size
    return None


def _packet_id(kind: str, raw: bytes, header: int) -> int | None:
    if kind in _WITH_ID_FIRST:
        return int.from_bytes(raw[header : header + 2], "big")
    if kind == "PUBLISH" and raw[0] & 0b0110:
        at = header + 2 + int.from_bytes(raw[header : header + 2], "big")
        return int.from_bytes(raw[at : at + 2], "big")
    return None
