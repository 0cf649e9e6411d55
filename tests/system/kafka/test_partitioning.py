"""Keys land where Kafka's own Java producer would put them, so that topics can be joined."""

import random
import subprocess
from pathlib import Path

import pytest

from tests.parts import kafka as part
from tests.parts.kafka import KafkaBroker
from tests.parts.sinks import MakeSink
from tests.system.kafka.conftest import record

pytestmark = pytest.mark.kafka

PARTITIONS = 7


def java_partitions(keys: list[bytes]) -> list[int]:
    """What the Java producer's default partitioner chooses for each key."""
    command = [str(part.java_program()), "-cp", f"{part.jars()}/*", str(Path(__file__).with_name("Partitions.java"))]
    lines = "".join(key.hex() + "\n" for key in keys)
    run = subprocess.run([*command, str(PARTITIONS)], input=lines, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return [int(line) for line in run.stdout.split()]


async def test_keys_land_on_javas_partitions(kafka: KafkaBroker, make_sink: MakeSink):
    """3000 keys, empty, non-ASCII, long and of every length among them, are on the partitions of Java's partitioner."""
    chance = random.Random(7)
    keys = [b"", "größe-計器".encode(), b"\xff" * 5000, b"pump-42"]
    keys += [chance.randbytes(length) for length in range(1, 500)]
    keys += [f"plant/b{chance.randrange(9)}/pump-{number}".encode() for number in range(2500)]
    topic = kafka.new_topic(partitions=PARTITIONS)
    sink, reports = make_sink(kafka)
    for number, key in enumerate(keys):
        sink.send(record(topic, b"%d" % number, key), reports.ticket(number))
    await reports.wait_confirmed(len(keys))
    landed = {int(found.value or b"-1"): found.partition for found in kafka.consume(topic)}
    assert [landed[number] for number in range(len(keys))] == java_partitions(keys)
