"""A naive gateway, as one would write it in an afternoon: paho and Confluent's own serializers.

It acknowledges after the delivery report, as it must to lose nothing; it coerces nothing.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
from typing import Any

from confluent_kafka import Producer
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroSerializer
from confluent_kafka.schema_registry.json_schema import JSONSerializer
from confluent_kafka.serialization import MessageField, SerializationContext
from paho.mqtt.client import Client, MQTTMessage, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from bench.telemetry import SCHEMAS, SUBJECTS, TOPICS


def main(kind: str, port: str, bootstrap: str, registry_url: str) -> None:
    """Drains until SIGTERM."""
    registry = SchemaRegistryClient({"url": registry_url})
    config = {
        "auto.register.schemas": False,
        "use.latest.version": True,
        "subject.name.strategy": lambda *_: SUBJECTS[kind],
    }
    if kind == "avro":
        serialize: Any = AvroSerializer(registry, SCHEMAS[kind], conf=config)
    else:
        serialize = JSONSerializer(SCHEMAS[kind], registry, conf=config)
    context = SerializationContext(TOPICS[kind], MessageField.VALUE)
    producer = Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True, "linger.ms": 5})
    client = Client(CallbackAPIVersion.VERSION2, client_id="bench", protocol=MQTTv5)
    client.manual_ack_set(True)

    def on_message(_client: Client, _data: Any, message: MQTTMessage) -> None:
        def acknowledge(error: Any, _record: Any) -> None:
            if error is None:
                client.ack(message.mid, message.qos)

        key, payload = message.topic.split("/")[2].encode(), bytes(message.payload)
        try:
            value = serialize(json.loads(payload), context)
        except Exception as exc:  # noqa: BLE001 - whatever the serializers raise is a dead letter here
            producer.produce("bench.dlq", payload, key, headers=[("reason", str(exc)[:200])], on_delivery=acknowledge)
        else:
            producer.produce(TOPICS[kind], value, key, on_delivery=acknowledge)
        producer.poll(0)

    client.on_message = on_message
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho leaves it so
    properties.SessionExpiryInterval = 604800
    properties.ReceiveMaximum = 1000
    client.connect("127.0.0.1", int(port), clean_start=False, properties=properties)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    while not stop.is_set():
        client.loop(0.05)
        producer.poll(0)
    client.disconnect()


if __name__ == "__main__":
    main(*sys.argv[1:5])
