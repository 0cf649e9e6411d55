"""What the tests of the sink send."""

from gateway.model import Record


def record(value: bytes = b"v", topic: str = "t", key: bytes | None = b"k") -> Record:
    """A record of a fixed time."""
    return Record(topic, key, value, None, 1_700_000_000_000)
