"""The Kafka of the fault matrix."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.opening import kafka_behind_proxy
from tests.parts.kafka import KafkaBroker


@pytest.fixture(scope="module")
def proxied_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaBroker]:
    """One broker for all rows of a module; each leaves it running."""
    with kafka_behind_proxy(tmp_path_factory.mktemp("kafka")) as kafka:
        yield kafka
