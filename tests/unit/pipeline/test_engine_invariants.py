"""What holds for the engine whatever happens in whatever order, looked for by Hypothesis.

Connections come and go, Kafka confirms in any order, fails, or confirms too late, topics take only so much.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from gateway.model import Code, Cut, Message, Violation
from gateway.pipeline.acks import AckWindow, Ticket
from gateway.pipeline.ports import SinkFailure
from tests.unit.pipeline.engines import DOWN, UNROUTED, Bench

DEAD_LETTER_TOPICS = {UNROUTED, "t.dlq"}

rarely = st.sampled_from([True, *[False] * 7])
"""What ends a connection: were it as frequent as a message, hardly any would be acknowledged."""


class Delivery(NamedTuple):
    """One packet that a link delivers."""

    kind: str
    size: int
    qos: int
    cut: bool
    malformed: bool


deliveries = st.builds(
    Delivery,
    kind=st.sampled_from("aacsrnx"),
    size=st.sampled_from([1, 1, 1, 500, 100_000]),
    qos=st.integers(0, 2),
    cut=rarely,
    malformed=rarely,
)


@dataclass(eq=False)
class Arrival:
    """One message of one connection."""

    message: Message
    sent: int | None
    """Place of its record in what the sink took; None if none could be written."""


@dataclass(eq=False)
class Generation:
    """One connection as the model sees it."""

    window: AckWindow
    arrived: list[Arrival] = field(default_factory=list)
    acknowledged: list[Ticket] = field(default_factory=list)
    live: bool = True
    linked: bool = False
    """Whether the engine knows how to acknowledge."""
    blocked: bool = False
    """Whether a message came that no record can be written for, behind others that Kafka has not confirmed."""


class Engines(RuleBasedStateMachine):
    """An engine between a broker and a Kafka that do as they like."""

    def __init__(self) -> None:
        super().__init__()
        self.bench = Bench(max_messages=50)
        self.bench.engine.on_failure = self._given_up
        self.failures: list[SinkFailure] = []
        self.generations: list[Generation] = []
        self.confirmed: set[int] = set()
        """Places of the records that Kafka has confirmed."""
        self.serial = 0
        self.received = 0

    def _given_up(self, failure: SinkFailure) -> None:
        self.failures.append(failure)
        if self.generations:
            self.generations[-1].live = False

    @property
    def generation(self) -> Generation | None:
        """The live one."""
        return self.generations[-1] if self.generations and self.generations[-1].live else None

    @initialize(takes=st.sampled_from([None, 400, 70_000]), letters=st.sampled_from([None, 10, 900, 70_000]))
    def limit(self, takes: int | None, letters: int | None) -> None:
        """What Kafka's topics take."""
        if takes is not None:
            self.bench.sink.limits["t"] = takes
        if letters is not None:
            self.bench.sink.limits |= dict.fromkeys(DEAD_LETTER_TOPICS, letters)

    @rule(at_once=st.booleans(), early=rarely)
    def open(self, at_once: bool, early: bool) -> None:
        """A connection begins; the one before it, if any, is forgotten."""
        if self.generation is not None and not early:
            return
        if self.generations:
            self.generations[-1].live = False
        self.generations.append(Generation(self.bench.engine.open()))
        if at_once:
            self.link()

    @precondition(lambda self: self.generation is not None and not self.generation.linked)
    @rule()
    def link(self) -> None:
        """The connection's link becomes known, after messages may have come."""
        generation = self.generations[-1]
        generation.linked = True

        def acknowledge(tickets: Sequence[Ticket]) -> None:
            assert generation.live, "an acknowledgement for a connection that is gone"
            generation.acknowledged += tickets
            self._check_acknowledged(generation)

        self.bench.engine.connect(acknowledge)

    @rule(packets=st.lists(deliveries, min_size=1, max_size=8), late=rarely)
    def receive(self, packets: list[Delivery], late: bool) -> None:
        """A link delivers what it has read; now and then it is one whose connection is gone."""
        if self.generations:
            for packet in packets:
                self._receive(self.generations[0 if late else -1], packet)

    def _receive(self, generation: Generation, packet: Delivery) -> None:
        self.serial += 1
        payload = f"{packet.kind}{self.serial};".encode() + b"." * packet.size
        summary = Cut(10_000_000, "00" * 32) if packet.cut else None
        packet_id = (1 + len(generation.arrived)) if packet.qos else 0
        topic = "plant/p7" if packet.size == 1 else "elsewhere"
        message = Message(topic, payload, packet.qos, packet_id, False, False, self.serial, summary)
        before, live = len(self.bench.sink.sent), generation.live
        failures = len(self.failures)
        if packet.malformed:
            violation = Violation(Code.MALFORMED_PACKET, "malformed")
            self.bench.engine.refuse(generation.window, message, violation)
        else:
            self.bench.engine.receive(generation.window, message)
        added, given_up = len(self.bench.sink.sent) - before, len(self.failures) > failures
        if not live or generation.blocked:
            assert (added, given_up) == (0, False), "a record of a connection that is gone, or lost already"
            return
        self.received += 1
        if added:
            assert (added, given_up) == (1, False), "not exactly one record"
            self._check_record(message, before)
        else:
            waiting = len(generation.acknowledged) < len(generation.arrived)
            assert given_up is not waiting, "the connection must be given up, once all before it is acknowledged"
            generation.blocked = True
        generation.arrived.append(Arrival(message, before if added else None))

    def _check_record(self, message: Message, place: int) -> None:
        """The record holds the payload, or says how large it was and keeps its start."""
        record = self.bench.sink.records[place]
        if record.topic == "t":
            assert record.value == b"\0" + message.payload
            return
        assert record.topic in DEAD_LETTER_TOPICS
        headers = {name for name, _ in record.headers or ()}
        shortened = "gw-payload-sha256" in headers
        assert shortened or message.cut is None
        if shortened and message.cut is None:
            assert record.value in {message.payload[:65_536], b""}
        else:
            assert record.value in (
                {message.payload, message.payload[:65_536], b""} if shortened else {message.payload}
            )

    @precondition(lambda self: len(self.confirmed) < len(self.bench.sink.sent))
    @rule(data=st.data(), count=st.integers(1, 5))
    def confirm(self, data: st.DataObject, count: int) -> None:
        """Kafka confirms some records, each once, of whatever connection."""
        open_places = [n for n in range(len(self.bench.sink.sent)) if n not in self.confirmed]
        places = data.draw(st.lists(st.sampled_from(open_places), min_size=1, max_size=count, unique=True))
        self.confirmed.update(places)
        self.bench.confirm(*places)

    @rule()
    def confirm_all(self) -> None:
        """Kafka confirms everything: whatever is live and linked is then acknowledged to the last message."""
        places = [n for n in range(len(self.bench.sink.sent)) if n not in self.confirmed]
        self.confirmed.update(places)
        self.bench.confirm(*places)
        generation = self.generation
        if generation is not None and generation.linked:
            assert len(generation.acknowledged) == len(generation.arrived)
            assert (len(generation.window), generation.window.bytes) == (0, 0)

    @rule(really=rarely)
    def fail(self, really: bool) -> None:
        """A delivery fails, of this connection or of one before."""
        if not really:
            return
        failures = len(self.failures)
        self.bench.engine.failed(DOWN)
        assert len(self.failures) == failures + 1
        assert self.bench.engine.window is None

    @rule(really=rarely)
    def lose(self, really: bool) -> None:
        """The connection ends."""
        if not really:
            return
        if self.generations:
            self.generations[-1].live = False
        self.bench.engine.close()

    def _check_acknowledged(self, generation: Generation) -> None:
        """In order of arrival without a gap, each once, and nothing that Kafka has not confirmed."""
        count = len(generation.acknowledged)
        assert count <= len(generation.arrived), "acknowledged twice"
        for ticket, arrival in zip(generation.acknowledged, generation.arrived[:count], strict=True):
            assert (ticket.packet_id, ticket.qos) == (arrival.message.packet_id, arrival.message.qos)
            assert arrival.sent is not None
            assert self.bench.sink.tickets[arrival.sent] is ticket
            assert arrival.sent in self.confirmed, "acknowledged before Kafka has confirmed"

    @invariant()
    def counters_add_up(self) -> None:
        """Every message that was received is accepted or rejected."""
        stats = self.bench.stats
        assert sum(stats.received) == self.received
        assert sum(stats.accepted.values()) + sum(stats.rejected.values()) == self.received
        assert stats.delivered == len(self.confirmed)
        heard = sum(ticket.qos > 0 for each in self.generations for ticket in each.acknowledged)
        assert stats.acknowledged == heard

    @invariant()
    def a_blocked_connection_ends(self) -> None:
        """As soon as all is acknowledged that came before the message which cannot be written."""
        generation = self.generation
        if generation is not None and generation.blocked:
            assert len(generation.acknowledged) < len(generation.arrived) - 1

    @invariant()
    def window_is_of_the_live_connection(self) -> None:
        """The engine's window is the live connection's, or there is none."""
        generation = self.generation
        assert self.bench.engine.window is (None if generation is None else generation.window)


TestEngines = Engines.TestCase
TestEngines.settings = settings(stateful_step_count=40)
