"""Which payload a typed record came from."""

from gateway.demo.origins import MOST_OPEN, Origins
from tests.unit.demo.records import typed

TOPIC = "plant/b1/pump-01/readings"


def origins(*payloads: bytes) -> Origins:
    """A fleet of one pump that has published these."""
    known = Origins()
    for payload in payloads:
        known.publishes("pump-01", TOPIC, payload)
    return known


def test_a_record_belongs_to_the_payload_that_was_published() -> None:
    """One of each: there is nothing to confuse."""
    record = typed()
    assert origins(b"1").accepted("pump-01", record) == [(record, b"1")]


def test_nothing_is_told_before_everything_of_the_device_is_in_kafka() -> None:
    """The record could be of either payload until both are accounted for; then both are told, in order."""
    known, first, second = origins(b"1", b"2"), typed(), typed()
    assert known.accepted("pump-01", first) == []
    assert known.accepted("pump-01", second) == [(first, b"1"), (second, b"2")]


def test_payloads_of_dead_letters_are_nobodys_record() -> None:
    """Whichever of the two Kafka topics is read first."""
    record = typed()
    known = origins(b"bad", b"good")
    assert known.rejected(TOPIC, b"bad") == []
    assert known.accepted("pump-01", record) == [(record, b"good")]
    known = origins(b"good", b"bad")
    assert known.accepted("pump-01", record) == []
    assert known.rejected(TOPIC, b"bad") == [(record, b"good")]


def test_after_a_pair_the_next_one_is_told_alike() -> None:
    """What was told is forgotten."""
    known, record = origins(b"1"), typed()
    known.accepted("pump-01", typed())
    known.publishes("pump-01", TOPIC, b"2")
    assert known.accepted("pump-01", record) == [(record, b"2")]


def test_somebody_else_with_the_devices_name_makes_it_untellable() -> None:
    """More in Kafka than the device published: from then on nothing is claimed about it."""
    known = origins(b"1")
    known.accepted("pump-01", typed())
    assert known.accepted("pump-01", typed()) == []
    assert not known.tells("pump-01")
    known.publishes("pump-01", TOPIC, b"2")
    assert known.accepted("pump-01", typed()) == []


def test_a_dead_letter_that_nobody_published_makes_it_untellable() -> None:
    """The numbers fit by chance, the payloads do not."""
    known = origins(b"1", b"2")
    known.rejected(TOPIC, b"another")
    assert known.accepted("pump-01", typed()) == []
    assert not known.tells("pump-01")


def test_a_visitors_device_is_told_and_is_not_of_the_fleet() -> None:
    """So that whoever tries it finds the own payload beside the record."""
    known, record = Origins(), typed(key="pump-77")
    known.visits("pump-77", "plant/b1/pump-77/readings", b"mine")
    assert known.accepted("pump-77", record) == [(record, b"mine")]
    assert not known.is_of_fleet("pump-77")
    assert not known.is_fleet_topic("plant/b1/pump-77/readings")


def test_unknown_devices_and_topics_are_told_nothing() -> None:
    """Neither an error nor a pair."""
    known = origins(b"1")
    assert known.accepted("pump-99", typed(key="pump-99")) == []
    assert known.rejected("plant/b1/pump-99/readings", b"1") == []
    assert not known.tells("pump-99")
    assert known.is_of_fleet("pump-01")
    assert known.is_fleet_topic(TOPIC)


def test_memory_is_bounded_while_nothing_reaches_kafka() -> None:
    """A device with too many open payloads is given up."""
    known = origins(*[b"1"] * MOST_OPEN)
    assert known.tells("pump-01")
    known.publishes("pump-01", TOPIC, b"1")
    assert not known.tells("pump-01")
