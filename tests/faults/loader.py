"""The fleet: devices that publish at a steady rate, whatever becomes of the broker.

An MQTT client of its own (paho), in a thread of its own. What was not acknowledged when a connection ends is published
again on the next one, in order and as a new attempt: a copy that the fleet made is not taken for one of the gateway's.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from types import TracebackType
from typing import Self

from paho.mqtt.client import MQTT_ERR_SUCCESS, Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion

from tests.faults.ledger import DEVICES, Destination, Ledger, Message

MOST_IN_FLIGHT = 500
"""Publications that wait for the broker; while there are so many none is added."""
_LOOP_S = 0.005
_RECONNECT_S = 0.1


class Loader:
    """Publishes between ``start`` and ``stop``. A context manager that stops at the end."""

    def __init__(self, port: int, ledger: Ledger, *, per_s: int, qos_2: bool) -> None:
        """``qos_2``: the devices of the JSON Schema contract publish at QoS 2, all others at QoS 1."""
        self.ledger = ledger
        self._port = port
        self._per_s = per_s
        self._qos = {Destination.AVRO: 1, Destination.JSON: 2 if qos_2 else 1}
        self._stop = threading.Event()
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._run, name="loader")
        self._count = 0
        self._again: deque[Message] = deque()
        """What a lost connection left unacknowledged."""
        self._waiting: dict[int, Message] = {}
        """By packet ID on the live connection."""
        self._failure: BaseException | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def finish(self, timeout_s: float = 60) -> None:
        """Publishes nothing new, and returns when the broker has acknowledged all. Raises what went wrong."""
        self._enough.set()
        self._thread.join(timeout_s)
        if self._failure is not None:
            raise self._failure
        assert not self._thread.is_alive(), f"the broker leaves {len(self._waiting)} publications unacknowledged"

    def _run(self) -> None:
        try:
            while not (self._stop.is_set() or self._is_done()):
                self._publish_until_cut()
        except BaseException as exc:  # noqa: BLE001 - told to whoever waits
            self._failure = exc

    def _is_done(self) -> bool:
        return self._enough.is_set() and not (self._waiting or self._again)

    def _publish_until_cut(self) -> None:
        """One connection; returns when it has ended, or all is done."""
        client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv5)
        client.max_inflight_messages_set(0)
        connected = False

        def on_connect(*_: object) -> None:
            nonlocal connected
            connected = True

        def on_publish(_client: object, _data: object, packet_id: int, *_: object) -> None:
            self.ledger.confirmed.add(self._waiting.pop(packet_id))

        client.on_connect, client.on_publish = on_connect, on_publish
        try:
            client.connect("127.0.0.1", self._port)
        except OSError:
            self._stop.wait(_RECONNECT_S)
            return
        began, published = time.monotonic(), 0
        while client.loop(_LOOP_S) == MQTT_ERR_SUCCESS:
            if self._stop.is_set() or (connected and self._is_done()):
                break
            due = int((time.monotonic() - began) * self._per_s) - published if connected else 0
            for _ in range(max(0, min(due, MOST_IN_FLIGHT - len(self._waiting)))):
                published += self._publish(client)
            if due > MOST_IN_FLIGHT:
                began, published = time.monotonic(), 0  # what a slow broker delayed is not caught up in a burst
        client.disconnect()
        self._again.extendleft(reversed(self._waiting.values()))
        self._waiting.clear()

    def _publish(self, client: Client) -> int:
        """Publishes the next message, if there is any; how many."""
        if self._again:
            lost = self._again.popleft()
            message = Message(lost.device, lost.sequence, lost.attempt + 1)
        elif self._enough.is_set():
            return 0
        else:
            message = Message(self._count % DEVICES, self._count // DEVICES, 1)
            self._count += 1
        self.ledger.published.append(message)
        sent = client.publish(message.topic, message.payload, self._qos[message.format])
        self._waiting[sent.mid] = message
        return 1
