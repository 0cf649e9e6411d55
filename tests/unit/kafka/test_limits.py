"""SizeLimits: what a topic takes, and what the producer is told."""

import pytest

from gateway.errors import RecordTooLarge
from gateway.kafka.limits import SizeLimits
from gateway.kafka.sizes import batch_bytes
from gateway.model import Record


def record(size: int, topic: str = "t") -> Record:
    """A record whose lone batch has ``size`` bytes."""
    found = Record(topic, None, b"x" * (size - 100), None, 1)
    while batch_bytes(found) < size:
        found = Record(topic, None, found.value + b"x", None, 1)
    assert batch_bytes(found) == size
    return found


def test_without_knowledge_kafkas_default_counts():
    """A record of 1 048 588 bytes passes, one more does not."""
    limits = SizeLimits(None, 1_000_000)
    limits.check(record(1_048_588))
    with pytest.raises(RecordTooLarge, match="1048589 bytes is above the 1048588 bytes"):
        limits.check(record(1_048_589))
    assert (limits.record_bytes, limits.batch_bytes, limits.lone) == (1_048_588, 1_000_000, False)


def test_each_topic_has_its_own_limit():
    """A small topic bounds its own records and every batch; a large one lifts what the producer takes."""
    limits = SizeLimits(None, 1_000_000)
    limits.learn({"small": 500, "large": 5_000_000})
    limits.check(record(500, "small"))
    limits.check(record(5_000_000, "large"))
    with pytest.raises(RecordTooLarge):
        limits.check(record(501, "small"))
    assert (limits.record_bytes, limits.batch_bytes) == (5_000_000, 500)


def test_what_surely_fits_is_the_smallest_limit():
    """The sink's quick test compares with what every topic takes."""
    limits = SizeLimits(None, 1_000_000)
    limits.learn({"t": 2000, "u": 5_000_000})
    assert limits.surely_fits == 2000


def test_a_flight_is_at_most_one_batch():
    """Unless a topic takes so little that flights would be too small to keep up."""
    limits = SizeLimits(None, 1_000_000)
    assert limits.flight_bytes == 1_000_000
    limits.learn({"t": 200_000})
    assert limits.flight_bytes == 200_000
    limits.learn({"u": 500})
    assert limits.flight_bytes == 65_536
    limits.correct("t", [])
    assert limits.flight_bytes == 65_536


@pytest.mark.parametrize("nothing", [0, 1, 67])
def test_a_topic_that_takes_nothing_bounds_only_itself(nothing: int):
    """No batch will go to it, so those of the other topics stay as they are, and librdkafka's size is legal."""
    limits = SizeLimits(None, 1_000_000)
    limits.learn({"none": nothing, "t": 200_000})
    assert (limits.batch_bytes, limits.flight_bytes, limits.lone) == (200_000, 200_000, False)
    limits.check(record(150_000, "t"))
    with pytest.raises(RecordTooLarge, match=f"above the {nothing} bytes that topic 'none' takes"):
        limits.check(Record("none", None, b"", None, 1))


def test_the_configuration_bounds_all():
    """A limit in gateway.yaml holds for topics that would take more, and for unknown ones."""
    limits = SizeLimits(2000, 1_000_000)
    limits.learn({"t": 5000})
    for topic in ("t", "unknown"):
        limits.check(record(2000, topic))
        with pytest.raises(RecordTooLarge):
            limits.check(record(2001, topic))
    assert limits.record_bytes == 2000


def test_a_refused_batch_leads_to_lone_records():
    """A batch that is refused for its size: what we knew is wrong, and records go one by one until it is told."""
    limits = SizeLimits(None, 1_000_000)
    limits.learn({"t": 10_000, "u": 20_000})
    limits.correct("t", [])
    assert (limits.lone, limits.batch_bytes) == (True, 1)
    limits.check(record(15_000))
    limits.learn({"t": 3000})
    assert (limits.lone, limits.batch_bytes) == (False, 3000)


def test_a_refused_lone_record_teaches_the_limit():
    """It would be refused again, so it is too large from now on; a smaller one is not."""
    limits = SizeLimits(None, 1_000_000)
    limits.correct("t", [])
    limits.correct("t", [record(4000)])
    limits.check(record(3999))
    with pytest.raises(RecordTooLarge, match="above the 3999 bytes"):
        limits.check(record(4000))
    assert limits.lone


def test_a_limit_that_was_disproved_does_not_come_back():
    """Kafka says the same again and again, and refused more than that: what the refusals taught stays."""
    limits = SizeLimits(None, 1_000_000)
    limits.learn({"t": 10_000, "u": 20_000})
    for taught, alone in ((10_000, []), (3999, [record(4000)]), (2999, [record(3000)])):
        limits.correct("t", alone)
        limits.learn({"t": 10_000, "u": 20_000})
        assert (limits.lone, limits.batch_bytes) == (True, 1)
        limits.check(record(taught))
    with pytest.raises(RecordTooLarge, match="above the 2999 bytes"):
        limits.check(record(3000))


@pytest.mark.parametrize("changed", [5000, 20_000])
def test_a_limit_that_is_changed_after_a_refusal_counts(changed: int):
    """Smaller or larger: somebody has dealt with the topic. Then the first number may come again, too."""
    limits = SizeLimits(None, 1_000_000)
    limits.learn({"t": 10_000})
    limits.correct("t", [record(4000)])
    for told in (changed, 10_000):
        limits.learn({"t": told})
        assert (limits.lone, limits.batch_bytes) == (False, told)
        limits.check(record(told))


def test_a_refusal_disproves_only_its_own_topics_limit():
    """Another topic that says the same number is believed."""
    limits = SizeLimits(None, 1_000_000)
    limits.learn({"t": 10_000})
    limits.correct("t", [])
    limits.learn({"u": 10_000})
    with pytest.raises(RecordTooLarge):
        limits.check(record(10_001, "u"))


def test_what_was_never_told_is_not_disproved():
    """A topic that was refused before Kafka described it is believed when it does."""
    limits = SizeLimits(None, 1_000_000)
    limits.correct("t", [record(4000)])
    limits.learn({"t": 3999})
    assert (limits.lone, limits.batch_bytes) == (False, 3999)
