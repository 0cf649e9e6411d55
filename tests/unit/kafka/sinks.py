"""What the tests of the sink send, and how they are given one."""

from collections.abc import Callable

from gateway.kafka.sink import KafkaSink
from gateway.model import Record
from tests.parts.reports import RecordedReports

MakeSink = Callable[..., tuple[KafkaSink, RecordedReports]]


def record(value: bytes = b"v", topic: str = "t", key: bytes | None = b"k") -> Record:
    """A record of a fixed time."""
    return Record(topic, key, value, None, 1_700_000_000_000)
