"""Records as they come from Kafka, made by hand."""

from itertools import count

from gateway.kafka.reader import StoredRecord
from gateway.pipeline.deadletter import DeadLetter, read_dead_letter

_offsets = count()


def typed(topic: str = "plant.pump", key: str = "pump-01", coercions: str = "", value: bytes = b"\0") -> StoredRecord:
    """A record of a main topic; ``coercions`` as ``/path=code,...``."""
    n = coercions.count(",") + 1
    said = f"v1;m=lossless;n={n};lossy=0;{coercions}".encode()
    headers: list[tuple[str, bytes | None]] = [("building", b"b1")]
    if coercions:
        headers.append(("gw-coercions", said))
    return StoredRecord(topic, 0, next(_offsets), 0, key.encode(), value, headers)


def refused(topic: str = "plant.pump.dlq", payload: bytes = b"{}", **headers: str) -> StoredRecord:
    """A dead letter; ``gw_reason`` and the like become its headers."""
    named: list[tuple[str, bytes | None]] = [
        (name.replace("_", "-"), text.encode()) for name, text in {"gw_reason": "json-invalid", **headers}.items()
    ]
    return StoredRecord(topic, 0, next(_offsets), 0, None, payload, named)


def letter(record: StoredRecord) -> DeadLetter:
    """The dead letter that the record holds."""
    return read_dead_letter(record.value, record.key, record.headers)
