"""An embedded Kafka for the demo: librdkafka's mock cluster, one broker inside this process.

Rules
- Other processes can connect to it: it speaks Kafka's protocol on a free port of 127.0.0.1.
- It keeps the newest 5 MiB of a partition, in memory; offsets go on counting. It proves nothing about durability.
- Driven by the public C interface of the librdkafka that confluent-kafka brings along (rdkafka_mock.h), because
  the Python client gives no access to it: topics must be made beforehand, as the gateway makes none, and a
  controller must be named, which is who describes topics.
"""

from __future__ import annotations

import ctypes
from functools import cache
from types import TracebackType
from typing import Self

from confluent_kafka import cimpl

from gateway.errors import SinkError

BROKER_ID = 1
"""The mock cluster numbers its brokers from 1 on."""
REPLICAS = 1

_PRODUCER = 0
"""``RD_KAFKA_PRODUCER``: the kind of client that owns the cluster."""
_POINTER, _TEXT = ctypes.c_void_p, ctypes.c_char_p
_SIGNATURES = {
    "rd_kafka_conf_new": (_POINTER, []),
    "rd_kafka_conf_set": (ctypes.c_int, [_POINTER, _TEXT, _TEXT, _POINTER, ctypes.c_size_t]),
    "rd_kafka_new": (_POINTER, [ctypes.c_int, _POINTER, _POINTER, ctypes.c_size_t]),
    "rd_kafka_destroy": (None, [_POINTER]),
    "rd_kafka_mock_cluster_new": (_POINTER, [_POINTER, ctypes.c_int]),
    "rd_kafka_mock_cluster_destroy": (None, [_POINTER]),
    "rd_kafka_mock_cluster_bootstraps": (_TEXT, [_POINTER]),
    "rd_kafka_mock_set_controller_id": (ctypes.c_int, [_POINTER, ctypes.c_int32]),
    "rd_kafka_mock_topic_create": (ctypes.c_int, [_POINTER, _TEXT, ctypes.c_int, ctypes.c_int]),
}
"""Result and arguments of the C functions that are used here."""


@cache
def _library() -> ctypes.CDLL:
    """The librdkafka that the Python client is linked to: symbols are looked up in what a library depends on, too."""
    library = ctypes.CDLL(cimpl.__file__)
    for name, (result, arguments) in _SIGNATURES.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


class MockKafka:
    """A cluster of one broker, as a context manager; ``bootstrap`` is its address as HOST:PORT."""

    bootstrap: str

    def __enter__(self) -> Self:
        """Listens from now on. Raises SinkError."""
        self._library = library = _library()
        configuration = library.rd_kafka_conf_new()
        library.rd_kafka_conf_set(configuration, b"log_level", b"0", None, 0)  # it has nothing to say to the user
        self._client = library.rd_kafka_new(_PRODUCER, configuration, None, 0)
        if not self._client:
            raise SinkError("the embedded Kafka could not be made: librdkafka has no resources for a client")
        self._cluster = library.rd_kafka_mock_cluster_new(self._client, 1)
        if not self._cluster:
            library.rd_kafka_destroy(self._client)
            raise SinkError("the embedded Kafka could not listen on 127.0.0.1: are sockets allowed here?")
        library.rd_kafka_mock_set_controller_id(self._cluster, BROKER_ID)
        self.bootstrap = library.rd_kafka_mock_cluster_bootstraps(self._cluster).decode()
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Ends the broker and its threads; whoever is connected is cut off."""
        self._library.rd_kafka_mock_cluster_destroy(self._cluster)
        self._library.rd_kafka_destroy(self._client)

    def create_topic(self, name: str, partitions: int) -> None:
        """Adds a topic. Raises SinkError if there is one of that name."""
        code = self._library.rd_kafka_mock_topic_create(self._cluster, name.encode(), partitions, REPLICAS)
        if code:
            raise SinkError(
                f"the embedded Kafka does not take a topic {name!r} of {partitions} partitions: code {code}"
            )
