"""A message's way: record or dead letter, confirmed by Kafka, acknowledged in order of arrival."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import TypeVar

import pytest

from gateway.model import Code, Cut, Message, Record, Rejection, RouteLabel, Stage, Violation
from gateway.pipeline.acks import Ticket
from gateway.pipeline.deadletter import PREFIX_BYTES, read_dead_letter
from gateway.pipeline.ports import SinkFailure
from gateway.pipeline.routes import RouteTable
from tests.unit.compile.compiled import json_version, route_of
from tests.unit.pipeline.engines import COERCION, DOWN, LABEL, UNROUTED, Bench, ScriptedRoutes, message

T = TypeVar("T")


@pytest.fixture
def bench() -> Bench:
    return Bench()


def headers_of(record: Record) -> dict[str, str]:
    return {name: data.decode() for name, data in record.headers or ()}


def test_a_record_goes_to_kafka_and_is_acknowledged_when_confirmed(bench: Bench) -> None:
    """Not a moment before; the record is what the route made of the payload."""
    link = bench.connect()
    bench.receive(link, message(b"a1", 9))
    assert bench.sink.records == [Record("t", b"p7", b"\0a1", None, 1_700_000_000_000, LABEL)]
    assert link.acknowledged == []
    bench.confirm(0)
    assert link.packet_ids == [9]


def test_a_rejection_is_acknowledged_when_its_dead_letter_is_confirmed(bench: Bench) -> None:
    """There is no negative acknowledgement [MQTT-4.4.0-2]: the broker hears of it only when it is durable."""
    link = bench.connect()
    bench.receive(link, message(b"r1", 9))
    [letter] = bench.sink.records
    assert (letter.topic, letter.key, letter.value) == ("t.dlq", b"p7", b"r1")
    assert headers_of(letter)["gw-reason"] == "type-mismatch"
    assert link.acknowledged == []
    bench.confirm(0)
    assert link.packet_ids == [9]


def test_acknowledgements_keep_the_order_of_arrival(bench: Bench) -> None:
    """However Kafka's confirmations come [MQTT-4.6.0-2], QoS 2 among QoS 1 included."""
    link = bench.connect()
    bench.receive(link, message(b"a", 5), message(b"r", 2, qos=2), message(b"n", 8))
    bench.confirm(2)
    bench.confirm(1)
    assert link.packet_ids == []
    bench.confirm(0)
    assert link.packet_ids == [5, 2, 8]


def test_a_message_without_a_contract(bench: Bench) -> None:
    """Goes to the topic of unrouted dead letters, byte for byte, without a key."""
    bench.receive(bench.connect(), message(b"n\x00\xff"))
    [letter] = bench.sink.records
    assert (letter.topic, letter.key, letter.value) == (UNROUTED, None, b"n\x00\xff")
    assert headers_of(letter)["gw-reason"] == "no-route"
    assert bench.stats.rejected == {(None, Code.NO_ROUTE): 1}


def test_a_payload_that_breaks_our_own_processing(bench: Bench) -> None:
    """Becomes a dead letter with the cause, never its text; the next message flows."""
    bench.receive(bench.connect(), message(b"x-secret", 1), message(b"a", 2))
    letter, record = bench.sink.records
    assert (letter.topic, letter.value, record.topic) == ("t.dlq", b"x-secret", "t")
    [error] = read_dead_letter(letter.value, letter.key, list(letter.headers or ())).errors
    assert (error["code"], error["params"]) == ("crash-suspect", {"exception": "PayloadFault"})
    assert all("x-secret" not in text for text in headers_of(letter).values())
    assert bench.stats.faults == {"PayloadFault": 1}


def test_a_packet_that_is_no_message(bench: Bench) -> None:
    """``refuse``: a dead letter with what was read of it, acknowledged like any message."""
    link = bench.connect()
    violation = Violation(Code.MALFORMED_PACKET, "the topic is not UTF-8")
    bench.engine.refuse(link.window, message(b"\xff", 4, topic="other"), violation)
    [letter] = bench.sink.records
    assert (letter.topic, letter.value) == (UNROUTED, b"\xff")
    assert headers_of(letter)["gw-reason"] == "malformed-packet"
    bench.confirm(0)
    assert link.packet_ids == [4]


def test_a_payload_above_the_limit(bench: Bench) -> None:
    """Its start is kept, with size and hash of the whole; whose it is, the topic tells; it is not decoded."""
    cut = Cut(5_000_000, "ab" * 32)
    whole = message(b"x" * PREFIX_BYTES)
    bench.receive(bench.connect(), type(whole)(whole.topic, whole.payload, 1, 1, False, False, 5, cut))
    [letter] = bench.sink.records
    headers = headers_of(letter)
    assert (letter.topic, letter.key, letter.value) == ("t.dlq", b"p7", b"x" * PREFIX_BYTES)
    assert (headers["gw-reason"], headers["gw-payload-bytes"]) == ("payload-limit", "5000000")
    assert headers["gw-payload-sha256"] == "ab" * 32
    assert not bench.stats.faults


def test_a_record_that_its_topic_does_not_take(bench: Bench) -> None:
    """Becomes a dead letter with the whole payload; it counts as rejected, not as accepted."""
    bench.sink.limits["t"] = 50
    bench.receive(bench.connect(), message(b"a" * 60))
    [letter] = bench.sink.records
    assert (letter.topic, letter.key, letter.value) == ("t.dlq", b"p7", b"a" * 60)
    [error] = read_dead_letter(letter.value, letter.key, list(letter.headers or ())).errors
    assert (error["code"], error["params"]) == ("record-too-large", {"limit": 50, "actual": 63})
    assert bench.stats.rejected == {(LABEL, Code.RECORD_TOO_LARGE): 1}
    assert not bench.stats.accepted


def test_a_record_too_large_of_a_contract_that_only_the_payload_tells(bench: Bench) -> None:
    """The route that made the record is known, so the dead letter is its, whatever the topic tells."""
    bench.sink.limits["t"] = 50
    bench.receive(bench.connect(), message(b"a" * 60, topic="elsewhere"))
    [letter] = bench.sink.records
    assert (letter.topic, headers_of(letter)["gw-contract"]) == ("t.dlq", "line/pump")


def test_a_dead_letter_that_its_topic_does_not_take_is_shortened(bench: Bench) -> None:
    """To its first 64 KiB, with size and hash of the whole; the reason stays. It is counted once."""
    payload = b"r" + bytes(100_000)
    bench.sink.limits["t.dlq"] = 70_000
    link = bench.connect()
    bench.receive(link, message(payload, 6))
    [letter] = bench.sink.records
    headers = headers_of(letter)
    assert letter.value == payload[:65_536]
    assert (headers["gw-reason"], headers["gw-payload-bytes"]) == ("type-mismatch", "100001")
    assert headers["gw-payload-sha256"] == hashlib.sha256(payload).hexdigest()
    assert bench.stats.rejected == {(LABEL, Code.TYPE_MISMATCH): 1}
    bench.confirm(0)
    assert link.packet_ids == [6]


def test_a_dead_letter_of_headers_only(bench: Bench) -> None:
    """Where even 64 KiB do not fit: no payload, still its size and hash."""
    payload = b"r" + bytes(100_000)
    bench.sink.limits["t.dlq"] = 2000
    bench.receive(bench.connect(), message(payload))
    [letter] = bench.sink.records
    headers = headers_of(letter)
    assert (letter.value, headers["gw-payload-bytes"]) == (b"", "100001")
    assert headers["gw-payload-sha256"] == hashlib.sha256(payload).hexdigest()


def test_a_dead_letter_topic_that_takes_not_even_headers(bench: Bench) -> None:
    """Is a failure, not a loss: nothing is acknowledged, the connection is given up, and the reason says what to do."""
    bench.sink.limits["t.dlq"] = 10
    link = bench.connect()
    bench.receive(link, message(b"a", 1), message(b"r", 2), message(b"a", 3))
    assert [record.value for record in bench.sink.records] == [b"\0a"]
    bench.confirm(0)
    [failure] = bench.failures
    assert (failure.reason, failure.topic) == ("dead_letter_too_large", "t.dlq")
    assert "raise its max.message.bytes" in failure.detail
    assert 2 not in link.packet_ids


def test_a_cut_payload_is_shortened_further(bench: Bench) -> None:
    """Size and hash remain those of the whole payload, not of what was kept before."""
    bench.sink.limits["t.dlq"] = 2000
    cut = Cut(5_000_000, "cd" * 32)
    whole = message(bytes(PREFIX_BYTES))
    bench.receive(bench.connect(), type(whole)(whole.topic, whole.payload, 1, 1, False, False, 5, cut))
    [letter] = bench.sink.records
    headers = headers_of(letter)
    assert (letter.value, headers["gw-payload-bytes"], headers["gw-payload-sha256"]) == (b"", "5000000", "cd" * 32)


def test_after_a_failure_nothing_more_is_acknowledged(bench: Bench) -> None:
    """What Kafka still confirms is the broker's again; later messages of the connection have no effect."""
    link = bench.connect()
    bench.receive(link, message(b"a", 1), message(b"a", 2))
    bench.engine.failed(DOWN)
    assert bench.failures == [DOWN]
    assert bench.engine.window is None
    bench.confirm(0, 1)
    bench.receive(link, message(b"a", 3))
    bench.engine.refuse(link.window, message(b"a", 4), Violation(Code.MALFORMED_PACKET, ""))
    assert (link.acknowledged, len(bench.sink.sent)) == ([], 2)
    assert bench.stats.received == [0, 2, 0]


def test_an_old_generation_does_not_reach_the_new_link(bench: Bench) -> None:
    """Packet IDs are reused: a late confirmation of the old 1 must not acknowledge the new 1."""
    old = bench.connect()
    bench.receive(old, message(b"a", 1))
    bench.engine.close()
    new = bench.connect()
    bench.receive(new, message(b"a", 1))
    bench.receive(old, message(b"a", 2))
    bench.confirm(0)
    assert (old.acknowledged, new.acknowledged) == ([], [])
    bench.confirm(1)
    assert (old.acknowledged, new.packet_ids) == ([], [1])
    assert len(bench.sink.sent) == 2


def test_messages_that_come_before_the_link_is_known(bench: Bench) -> None:
    """A session delivers at once: what is confirmed by then is acknowledged when the link is."""
    window = bench.engine.open()
    bench.engine.receive(window, message(b"a", 1))
    bench.engine.receive(window, message(b"a", 2))
    bench.confirm(0)
    heard: list[int] = []
    bench.engine.connect(lambda tickets: heard.extend(ticket.packet_id for ticket in tickets))
    assert heard == [1]
    bench.confirm(1)
    assert heard == [1, 2]


def test_a_link_that_receives_while_it_acknowledges(bench: Bench) -> None:
    """An acknowledgement makes room, and the link reads on from within: nothing is acknowledged twice or skipped."""
    window = bench.engine.open()
    heard: list[int] = []
    coming = [message(b"a", packet_id) for packet_id in (2, 3)]

    def acknowledge(tickets: Sequence[Ticket]) -> None:
        heard.extend(ticket.packet_id for ticket in tickets)
        if coming:
            bench.engine.receive(window, coming.pop(0))

    bench.engine.connect(acknowledge)
    bench.engine.receive(window, message(b"a", 1))
    for place in range(3):
        bench.confirm(place)
    assert heard == [1, 2, 3]


def test_counters(bench: Bench) -> None:
    """Each message counts as received and as either accepted or rejected; conversions and replaced stamps count too."""
    link = bench.connect()
    bench.receive(link, message(b"a", 1), message(b"c", 2, duplicate=True), message(b"s", 3, qos=2))
    bench.receive(link, message(b"r", 4), message(b"n", 5, qos=0), message(b"x", 6))
    stats = bench.stats
    assert stats.received == [1, 4, 1]
    assert stats.redelivered == 1
    assert stats.accepted == {LABEL: 3}
    assert (stats.coerced, stats.coercions) == ({LABEL: 1}, {(LABEL, COERCION.code): 1})
    assert stats.timestamps_replaced == {LABEL: 1}
    assert stats.rejected == {(LABEL, Code.TYPE_MISMATCH): 1, (None, Code.NO_ROUTE): 1, (LABEL, Code.CRASH_SUSPECT): 1}
    assert (stats.delivered, stats.acknowledged) == (0, 0)
    bench.confirm(*range(6))
    assert (stats.delivered, stats.acknowledged) == (6, 5)


def test_repetitions_are_counted(bench: Bench) -> None:
    """What a link dropped is a redelivery and no message; from an earlier connection it is nothing."""
    earlier, link = bench.connect(), bench.connect()
    bench.engine.repeated(link.window)
    bench.engine.repeated(earlier.window)
    assert (bench.stats.redelivered, sum(bench.stats.received)) == (1, 0)
    assert len(link.window) == 0


def test_the_age_of_the_oldest(bench: Bench) -> None:
    """Of the first that waits, by the clock that never jumps; 0 when nothing waits or nobody is connected."""
    assert bench.engine.oldest_age_s == 0
    link = bench.connect()
    bench.receive(link, message(b"a", 1))
    bench.clock.pass_s(3)
    bench.receive(link, message(b"a", 2))
    bench.clock.milliseconds -= 3_600_000
    bench.clock.pass_s(4)
    assert bench.engine.oldest_age_s == 7
    bench.confirm(0)
    assert bench.engine.oldest_age_s == 4
    assert bench.stats.latency.total_s == 7
    bench.engine.close()
    assert bench.engine.oldest_age_s == 0


def test_the_window_has_the_limits_of_the_settings() -> None:
    """Whichever is reached first; messages at QoS 0 count, because they use memory."""
    bench = Bench(max_messages=2, max_bytes=10)
    link = bench.connect()
    fullness = []
    for payload in (b"a", b"a"):
        bench.receive(link, message(payload, qos=0))
        fullness.append(link.window.full)
    assert fullness == [False, True]
    link = bench.connect()
    bench.receive(link, message(b"a" * 10))
    assert link.window.full


class FaultyOwner(ScriptedRoutes):
    """A topic that itself cannot be processed."""

    def owner(self, topic: str) -> tuple[RouteLabel | None, str | None]:
        """Fails as ``encode`` does."""
        raise RuntimeError(topic)


def test_a_topic_that_breaks_our_own_processing(bench: Bench) -> None:
    """Whatever fails inside the routes, binding included, costs a dead letter, not the process."""
    bench.engine.routes = FaultyOwner()
    bench.receive(bench.connect(), message(b"x"))
    [letter] = bench.sink.records
    assert letter.value == b"x"


class PanicException(BaseException):
    """As pyo3 calls a panic of Rust code."""


class Raising(ScriptedRoutes):
    """Processing that raises."""

    def __init__(self, raised: BaseException) -> None:
        self._raised = raised

    def encode(self, topic: str, payload: bytes, received_at: int) -> Record | Rejection:
        """Raises."""
        raise self._raised


def test_a_panic_of_a_library_written_in_rust(bench: Bench) -> None:
    """Is no Exception, and costs a dead letter like one: else the payload would end the gateway at every start."""
    bench.engine.routes = Raising(PanicException("index out of bounds"))
    bench.receive(bench.connect(), message(b"x"))
    [letter] = bench.sink.records
    assert headers_of(letter)["gw-reason"] == "crash-suspect"
    assert bench.stats.faults == {"PanicException": 1}


def test_an_interrupt_is_no_fault(bench: Bench) -> None:
    """It ends the process, and the message stays the broker's."""
    bench.engine.routes = Raising(KeyboardInterrupt())
    link = bench.connect()
    with pytest.raises(KeyboardInterrupt):
        bench.receive(link, message(b"x"))
    assert bench.sink.records == []


class Unwritable(ScriptedRoutes):
    """A rejection whose dead letter cannot be written, as for ``{"const": 1267650600228229401496703205376}``."""

    def encode(self, topic: str, payload: bytes, received_at: int) -> Record | Rejection:
        """Refuses with an integer beyond 64 bits in a list."""
        violation = Violation(Code.NOT_IN_ENUM, "wrong", params={"allowed": [2**100], "nearest": None})
        return Rejection(Stage.VALIDATE, (violation,), label=LABEL)


def test_a_violation_with_integers_beyond_64_bits(bench: Bench) -> None:
    """``enum`` and ``const`` list what is allowed: such integers are written as text there as well."""
    bench.engine.routes = Unwritable()
    bench.receive(bench.connect(), message(b"1"))
    [letter] = bench.sink.records
    [error] = read_dead_letter(letter.value, letter.key, list(letter.headers or ())).errors
    assert error["params"] == {"allowed": [str(2**100)], "nearest": None}


@pytest.fixture
def by_payload(bench: Bench) -> Bench:
    """An engine with one real route, whose device ID is in the payload."""
    schema = json_version({"type": "object", "required": ["n"]})
    bench.engine.routes = RouteTable([route_of(schema, mqtt="plant/#", device="/id")])
    return bench


def test_a_device_id_of_any_length_stops_nothing(by_payload: Bench) -> None:
    """A payload's author decides its device ID, so it must not decide whether a dead letter can be written."""
    by_payload.sink.limits["t.dlq"] = 65_536
    by_payload.receive(by_payload.connect(), message(b'{"id":"%b"}' % (b"d" * 900_000)))
    assert by_payload.failures == []
    assert len(by_payload.sink.records) == 1


def test_the_device_of_a_record_that_is_too_large(by_payload: Bench) -> None:
    """A dead letter's key is the device ID where it is known, and it is: the record was made with it."""
    by_payload.sink.limits["t"] = 50
    by_payload.receive(by_payload.connect(), message(b'{"id":"p7","n":"%b"}' % (b"x" * 60)))
    [letter] = by_payload.sink.records
    assert headers_of(letter)["gw-reason"] == "record-too-large"
    assert (letter.key, headers_of(letter).get("gw-device")) == (b"p7", "p7")


def test_a_failure_between_two_connections(bench: Bench) -> None:
    """Reaches the service even though no generation is open."""
    bench.connect()
    bench.engine.close()
    bench.engine.failed(SinkFailure("fatal", "", fatal=True))
    assert [failure.reason for failure in bench.failures] == ["fatal"]


def test_what_came_before_a_dead_letter_that_fits_nowhere(bench: Bench) -> None:
    """Is acknowledged when Kafka confirms it, so that attempts do not write it again and again (G2)."""
    bench.sink.limits["t.dlq"] = 10
    link = bench.connect()
    bench.receive(link, message(b"a", 1), message(b"r", 2))
    bench.confirm(0)
    assert link.packet_ids == [1]
    assert [failure.reason for failure in bench.failures] == ["dead_letter_too_large"]


def test_nothing_is_taken_behind_a_dead_letter_that_fits_nowhere(bench: Bench) -> None:
    """While what came before it is on its way: the connection is lost already, and the broker sends it all again."""
    bench.sink.limits["t.dlq"] = 10
    link = bench.connect()
    bench.receive(link, message(b"a", 1), message(b"r", 2), message(b"a", 3))
    assert (len(bench.sink.records), bench.failures) == (1, [])
    bench.engine.failed(SinkFailure("fatal", "", fatal=True))
    bench.receive(bench.connect(), message(b"a", 1))
    assert len(bench.sink.records) == 2
    bench.confirm(1)
    assert [failure.reason for failure in bench.failures] == ["fatal"]


class ScriptedWatch:
    """Condemns what it is told to."""

    def __init__(self, most: int, *condemned: bytes) -> None:
        self.left = most
        self.condemned = condemned

    @property
    def over(self) -> bool:
        """Obeys ``Watch.over``."""
        return self.left == 0

    def process(self, message: Message, work: Callable[[], T]) -> T | None:
        """Obeys ``Watch.process``."""
        self.left -= 1
        return None if message.payload in self.condemned else work()


def test_a_message_that_killed_the_process_is_dead_lettered_as_it_came(bench: Bench) -> None:
    """Without a look at it; those around it are processed, and once enough were watched none is any more."""
    watch = ScriptedWatch(2, b"r1", b"a3")
    bench.engine.watch = watch
    link = bench.connect()
    bench.receive(link, message(b"r1", 1), message(b"a2", 2), message(b"a3", 3))
    assert watch.left == 0
    letter, second, third = bench.sink.records
    assert (letter.topic, letter.key, letter.value) == ("t.dlq", b"p7", b"r1")
    assert headers_of(letter)["gw-reason"] == "crash-suspect"
    assert [second.value, third.value] == [b"\0a2", b"\0a3"]
    bench.confirm(0, 1, 2)
    assert link.packet_ids == [1, 2, 3]


def test_an_exception_in_a_watched_message_is_a_fault_as_ever(bench: Bench) -> None:
    """Being careful changes nothing else."""
    bench.engine.watch = ScriptedWatch(2)
    bench.receive(bench.connect(), message(b"x-secret", 1), message(b"a", 2))
    assert [record.topic for record in bench.sink.records] == ["t.dlq", "t"]
    assert bench.stats.faults == {"PayloadFault": 1}
