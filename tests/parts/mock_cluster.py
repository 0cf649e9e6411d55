"""Librdkafka's mock cluster: brokers inside this process that speak Kafka's protocol and fail on demand.

Good for what the sink does with answers. It checks no sequences, so it cannot prove that nothing is
lost (tests/parts/kafka.py can). A client that forbids it creates no topics, as ours does: create them.

Driven through the library that confluent-kafka brings along, by its public C interface
(rdkafka_mock.h), from a client handle of its own.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import confluent_kafka
import pytest

PRODUCE, METADATA = 0, 3
"""API keys of Kafka's protocol."""


_POINTER, _TEXT = ctypes.c_void_p, ctypes.c_char_p
_SIGNATURES = {
    "rd_kafka_conf_new": (_POINTER, []),
    "rd_kafka_conf_set": (ctypes.c_int, [_POINTER, _TEXT, _TEXT, _POINTER, ctypes.c_size_t]),
    "rd_kafka_new": (_POINTER, [ctypes.c_int, _POINTER, _POINTER, ctypes.c_size_t]),
    "rd_kafka_destroy": (None, [_POINTER]),
    "rd_kafka_mock_cluster_new": (_POINTER, [_POINTER, ctypes.c_int]),
    "rd_kafka_mock_cluster_destroy": (None, [_POINTER]),
    "rd_kafka_mock_cluster_bootstraps": (_TEXT, [_POINTER]),
    "rd_kafka_mock_topic_create": (ctypes.c_int, [_POINTER, _TEXT, ctypes.c_int, ctypes.c_int]),
    "rd_kafka_mock_broker_set_down": (ctypes.c_int, [_POINTER, ctypes.c_int32]),
    "rd_kafka_mock_broker_set_up": (ctypes.c_int, [_POINTER, ctypes.c_int32]),
    "rd_kafka_mock_push_request_errors_array": (
        None,
        [_POINTER, ctypes.c_int16, ctypes.c_size_t, ctypes.POINTER(ctypes.c_int)],
    ),
}
"""Result and arguments of the C functions that are used here."""

_ALL_BROKERS = -1


@cache
def _library() -> ctypes.CDLL:
    """The librdkafka of the installed wheel."""
    [path] = Path(confluent_kafka.__file__).parent.with_name("confluent_kafka.libs").glob("librdkafka-*.so*")
    library = ctypes.CDLL(str(path))
    for name, (result, arguments) in _SIGNATURES.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


class MockCluster:
    """One broker; ``bootstrap`` is its address."""

    def __init__(self) -> None:
        self._library = library = _library()
        configuration = library.rd_kafka_conf_new()
        library.rd_kafka_conf_set(configuration, b"log_level", b"0", None, 0)
        self._client = library.rd_kafka_new(0, configuration, None, 0)
        self._cluster = library.rd_kafka_mock_cluster_new(self._client, 1)
        self.bootstrap: str = library.rd_kafka_mock_cluster_bootstraps(self._cluster).decode()

    def create_topic(self, name: str, partitions: int = 1) -> None:
        """Adds a topic."""
        assert self._library.rd_kafka_mock_topic_create(self._cluster, name.encode(), partitions, 1) == 0

    def answer(self, api_key: int, *errors: int) -> None:
        """Answers the next requests of this kind with these error codes, one each; 0 is none."""
        codes = (ctypes.c_int * len(errors))(*errors)
        self._library.rd_kafka_mock_push_request_errors_array(self._cluster, api_key, len(errors), codes)

    def down(self) -> None:
        """Closes every connection and accepts none."""
        assert self._library.rd_kafka_mock_broker_set_down(self._cluster, _ALL_BROKERS) == 0

    def up(self) -> None:
        """Accepts connections again."""
        assert self._library.rd_kafka_mock_broker_set_up(self._cluster, _ALL_BROKERS) == 0

    def close(self) -> None:
        """Ends the broker and its threads."""
        self._library.rd_kafka_mock_cluster_destroy(self._cluster)
        self._library.rd_kafka_destroy(self._client)


@pytest.fixture
def mock_cluster() -> Iterator[MockCluster]:
    """A mock cluster for one test."""
    cluster = MockCluster()
    yield cluster
    cluster.close()
