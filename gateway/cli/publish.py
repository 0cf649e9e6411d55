"""``gateway publish``."""

from __future__ import annotations

import asyncio
import secrets
import time
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer
from rich.console import Console

from gateway.cli.console import line, open_console, print_json, printable
from gateway.cli.parameters import ConfigFile, Output, OutputFormat
from gateway.cli.standard_input import STANDARD_INPUT, open_standard_input
from gateway.compile.route import label_of
from gateway.compile.where import Where
from gateway.config.load import Project, load_project
from gateway.config.settings import MQTT_MAX_PAYLOAD, Mqtt
from gateway.config.subscriptions import subscriptions
from gateway.model import RouteLabel
from gateway.mqtt.publisher import Publisher
from gateway.notation.topics import MAX_BYTES, TopicFilter
from gateway.pipeline.routes import Inactive, RouteTable

NO_MATCHING_SUBSCRIBERS = 0x10
"""The broker took the message over and has nobody to give it to [MQTT 5.0, 3.4.2.1 and 3.5.2.1]."""
_MOST_HEADER = 5
"""Bytes of a PUBLISH packet beside topic and payload: length of the topic, packet ID, properties [MQTT 5.0, 3.3.2]."""


class _Published(NamedTuple):
    """What was published, and what becomes of it."""

    topic: str
    payload_bytes: int
    qos: int
    retain: bool
    code: int | None
    """The broker's reason code, None where none was told."""
    label: RouteLabel | None
    """The contract that takes it."""
    heard: bool
    """The gateway subscribes to the topic."""
    unrouted: str
    """Where it goes if the gateway hears it and no contract takes it."""

    def as_json(self) -> dict[str, Any]:
        """The object that ``--output json`` prints."""
        otherwise = self.unrouted if self.heard else None
        return {
            "topic": self.topic,
            "payload_bytes": self.payload_bytes,
            "qos": self.qos,
            "retain": self.retain,
            "contract": self.label and self.label.contract,
            "kafka_topic": otherwise if self.label is None else self.label.topic,
            "reason_code": self.code,
        }


def _topic(text: str) -> str:
    """A topic that can be published to [MQTT-3.3.2-2, MQTT-4.7.3-1, MQTT-4.7.3-2]."""
    if not text or set(text) & {"+", "#", "\0"}:
        raise typer.BadParameter(f"{text!r} is no topic: it must not be empty nor contain + # or U+0000")
    try:
        size = len(text.encode())
    except UnicodeEncodeError as exc:
        raise typer.BadParameter(f"{printable(text)!r} is not UTF-8 text") from exc
    if size > MAX_BYTES:
        raise typer.BadParameter(f"{size} bytes are more than a topic's {MAX_BYTES}")
    return text


def publish(
    topic: Annotated[str, typer.Argument(metavar="TOPIC", help="MQTT topic.", callback=_topic, show_default=False)],
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="The payload, byte for byte; - for standard input.", show_default=str(STANDARD_INPUT)
        ),
    ] = STANDARD_INPUT,
    config: ConfigFile = Path("gateway.yaml"),
    qos: Annotated[int, typer.Option(min=0, max=2, help="Quality of service.")] = 1,
    retain: Annotated[bool, typer.Option("--retain", help="Have the broker keep it for later subscribers.")] = False,
    output: OutputFormat = Output.TEXT,
) -> None:
    """Publish one payload to the MQTT broker of gateway.yaml, and say which contract will take it.

    Example: `gateway publish plant/b1/p7/readings reading.json`

    Returns when the broker has taken the message over, and warns if it says that nobody subscribes to the topic.

    Exit codes: 0 published, 2 wrong usage or configuration, 3 the broker cannot be reached or refuses it.
    """
    project = load_project(config)
    payload = _read(file)
    if len(payload) + len(topic.encode()) + _MOST_HEADER > MQTT_MAX_PAYLOAD:
        message = f"{len(payload)} bytes and the topic are more than an MQTT packet's {MQTT_MAX_PAYLOAD}"
        raise typer.BadParameter(message, param_hint="FILE")
    label = _taker(project, topic, payload)
    heard = any(TopicFilter.parse(each).match(topic) is not None for each, _ in subscriptions(project.contracts))
    code = asyncio.run(_publish(project.settings.mqtt, topic, payload, qos, retain=retain))
    published = _Published(topic, len(payload), qos, retain, code, label, heard, project.settings.dead_letters.unrouted)
    if output is Output.JSON:
        print_json(published.as_json())
    else:
        _show(published, open_console())


def _show(published: _Published, console: Console) -> None:
    """Says what the broker answered, and who takes the message."""
    retained = ", retained" if published.retain else ""
    console.print(
        f"published {published.payload_bytes} bytes on {printable(published.topic)} at QoS {published.qos}{retained}"
    )
    takes, becomes = "takes", "becomes"
    if published.code == NO_MATCHING_SUBSCRIBERS:
        takes, becomes = "would take", "would become"
        fate = "keeps it for later subscribers" if published.retain else "has dropped it"
        told = f"nobody, so no gateway, subscribes to this topic (no matching subscribers, 0x10), and the broker {fate}"
        console.print(line((f"warning: {told}; is the gateway running, and connected to this broker?", "yellow")))
    elif published.qos == 0:
        console.print(line(("at QoS 0 no broker confirms anything", "dim")))
    elif published.code is None:
        console.print(line(("confirmed, which over MQTT 3.1.1 a broker does with what it refuses, too", "dim")))
    if published.label is not None:
        console.print(f"contract {published.label.contract} {takes} it, for Kafka topic {published.label.topic}")
    elif published.heard:
        console.print(f"no contract {takes} it (where): it {becomes} a dead letter no-route in {published.unrouted}")
    else:
        console.print("no contract's filter matches this topic: the gateway will not receive it")


def _read(file: Path) -> bytes:
    if file == STANDARD_INPUT:
        return open_standard_input("the payload").read()
    try:
        return file.read_bytes()
    except OSError as exc:
        raise typer.BadParameter(f"{file} cannot be read: {exc.strerror or exc}", param_hint="FILE") from exc


def _taker(project: Project, topic: str, payload: bytes) -> RouteLabel | None:
    """The contract that the gateway's own route table chooses; no schema is needed for that."""
    reason = "not looked at"
    table = RouteTable(
        [
            Inactive(contract, Where(contract, variant), label_of(contract, variant, None), reason)
            for contract in project.contracts
            for variant in contract.variants()
        ]
    )
    return table.encode(topic, payload, time.time_ns() // 1_000_000).label


async def _publish(settings: Mqtt, topic: str, payload: bytes, qos: int, *, retain: bool) -> int | None:
    """The broker's reason code; None where MQTT has none. Raises LinkError: not reached, or refused."""
    # A name of its own: under the gateway's the broker would end the gateway's session.
    client_id = f"{settings.client_id}-publish-{secrets.token_hex(4)}"
    async with Publisher(settings, client_id) as publisher:
        return await publisher.publish(topic, payload, qos, retain=retain)
