"""An engine with scripted routes, a sink and a link in memory: a payload's first letter says what becomes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from gateway.model import Code, Coercion, Message, Mode, Record, Rejection, RouteLabel, Stage, Violation
from gateway.pipeline.acks import AckWindow, Ticket
from gateway.pipeline.deadletter import DeadLetters
from gateway.pipeline.engine import Engine
from gateway.pipeline.ports import SinkFailure
from gateway.pipeline.routes import RouteTable
from gateway.pipeline.stats import Stats
from tests.fakes.sink import FakeSink
from tests.unit.registry.fakes import FakeClock

LABEL = RouteLabel("line/pump", "t", "t.dlq", "t-value", Mode.LOSSLESS, 7, 3)
UNROUTED = "gateway.dlq"
COERCION = Coercion("/temp", "string-to-number")
DOWN = SinkFailure("not_authorized", "no permission to write to t", "t")


class PayloadFault(RuntimeError):
    """What a codec might raise."""


class ScriptedRoutes(RouteTable):
    """a: accepted, c: with a conversion, s: with its timestamp replaced, r: refused, n: no route, x: raises."""

    def __init__(self) -> None:
        super().__init__([])

    def encode(self, topic: str, payload: bytes, received_at: int) -> Record | Rejection:
        """Obeys ``RouteTable.encode``."""
        match payload[:1]:
            case b"n":
                return Rejection(Stage.ROUTE, (Violation(Code.NO_ROUTE, "nobody takes it"),))
            case b"r":
                violation = Violation(Code.TYPE_MISMATCH, "wrong", path="/temp")
                return Rejection(Stage.COERCE, (violation,), label=LABEL, device="p7")
            case b"x":
                raise PayloadFault(payload.decode())
        coercions = (COERCION,) if payload[:1] == b"c" else ()
        replaced = payload[:1] == b"s"
        return Record("t", b"p7", b"\0" + payload, None, received_at, LABEL, coercions, replaced)

    def owner(self, topic: str) -> tuple[RouteLabel | None, str | None]:
        """Obeys ``RouteTable.owner``: topics below ``plant/`` are claimed."""
        return (LABEL, "p7") if topic.startswith("plant/") else (None, None)


@dataclass
class FakeLink:
    """Keeps what it is asked to acknowledge."""

    window: AckWindow
    acknowledged: list[Ticket] = field(default_factory=list)

    def acknowledge(self, tickets: Sequence[Ticket]) -> None:
        """Obeys ``Link.acknowledge``."""
        assert tickets, "an acknowledgement of nothing"
        self.acknowledged += tickets

    @property
    def packet_ids(self) -> list[int]:
        """Of all acknowledgements, in order."""
        return [ticket.packet_id for ticket in self.acknowledged]


class Bench:
    """The engine and what is around it."""

    def __init__(self, *, max_messages: int = 100, max_bytes: int = 10_000_000) -> None:
        self.clock = FakeClock()
        self.stats = Stats()
        self.sink = FakeSink()
        self.failures: list[SinkFailure] = []
        letters = DeadLetters(UNROUTED, "full", "1.2.3")
        self.engine = Engine(
            ScriptedRoutes(), letters, self.stats, self.clock, max_messages=max_messages, max_bytes=max_bytes
        )
        self.engine.sink = self.sink
        self.engine.on_failure = self._failed

    def _failed(self, failure: SinkFailure) -> None:
        self.failures.append(failure)

    def connect(self) -> FakeLink:
        """A new connection that acknowledges at once."""
        link = FakeLink(self.engine.open())
        self.engine.connect(link.acknowledge)
        return link

    def receive(self, link: FakeLink, *messages: Message) -> None:
        """The link delivers these."""
        for message in messages:
            self.engine.receive(link.window, message)

    def confirm(self, *places: int) -> None:
        """Kafka confirms the records at these places of what was sent."""
        self.engine.delivered([self.sink.tickets[place] for place in places])


def message(
    payload: bytes, packet_id: int = 1, *, qos: int = 1, topic: str = "plant/p7", duplicate: bool = False
) -> Message:
    """What a link delivers."""
    return Message(topic, payload, qos, packet_id if qos else 0, False, duplicate, 1_700_000_000_000)
