"""The floor: receive, produce the raw payload, acknowledge. No routing, no validation, no schema.

On the gateway's own source and sink, so that the difference to the gateway is what its work on the
payload costs.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from collections.abc import Sequence

from bench.telemetry import TOPICS
from gateway.config.settings import Limits, Mqtt
from gateway.kafka.sink import KafkaSink
from gateway.model import Message, Record, Violation
from gateway.mqtt.source import make_source
from gateway.pipeline.acks import AckWindow, Ticket
from gateway.pipeline.ports import Link, SinkFailure
from gateway.service.clock import SystemClock


class Floor:
    """Receiver of the source and of the sink's reports."""

    def __init__(self, topic: str) -> None:
        self.topic = topic
        self.sink: KafkaSink
        self.link: Link
        self.window = AckWindow(1000, 16 * 1024 * 1024)

    def receive(self, window: AckWindow, message: Message) -> None:
        """Produces the payload as it is."""
        ticket = window.open(message.packet_id, message.qos, len(message.payload), time.monotonic())
        key = message.topic.split("/")[2].encode()
        self.sink.send(Record(self.topic, key, message.payload, None, message.received_at), ticket)

    def refuse(self, window: AckWindow, message: Message, violation: Violation) -> None:  # noqa: ARG002 - a port
        """Cannot happen here."""
        raise SystemExit(violation.message)

    def repeated(self, window: AckWindow) -> None:
        """Cannot happen here either."""

    def delivered(self, tickets: Sequence[Ticket]) -> None:
        """Acknowledges in order."""
        for ticket in tickets:
            ticket.settle()
        self.link.acknowledge(self.window.take())

    def failed(self, failure: SinkFailure) -> None:
        """A benchmark without Kafka measures nothing."""
        raise SystemExit(failure.detail)


async def main(kind: str, port: str, bootstrap: str) -> None:
    """Drains until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    clock = SystemClock()
    floor = Floor(TOPICS[kind])
    floor.sink = KafkaSink({"bootstrap.servers": bootstrap}, floor, clock)
    floor.sink.open()
    settings = Mqtt(url=f"mqtt://127.0.0.1:{port}", client_id="bench")
    floor.link = await make_source(settings, Limits(), clock.now_ms).connect(floor, floor.window)
    await stop.wait()
    await floor.link.disconnect()
    await floor.sink.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:4]))
