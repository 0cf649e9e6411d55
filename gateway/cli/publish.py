"""``gateway publish``."""

from __future__ import annotations

import asyncio
import secrets
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.console import open_console, print_json, printable
from gateway.cli.parameters import ConfigFile, Output, OutputFormat
from gateway.compile.route import label_of
from gateway.compile.where import Where
from gateway.config.load import Project, load_project
from gateway.config.settings import Mqtt
from gateway.config.subscriptions import subscriptions
from gateway.model import RouteLabel
from gateway.mqtt.publisher import Publisher
from gateway.notation.topics import MAX_BYTES, TopicFilter
from gateway.pipeline.routes import Inactive, RouteTable


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
        typer.Argument(metavar="[FILE]", help="The payload, byte for byte; - for standard input.", show_default="-"),
    ] = Path("-"),
    config: ConfigFile = Path("gateway.yaml"),
    qos: Annotated[int, typer.Option(min=0, max=2, help="Quality of service.")] = 1,
    retain: Annotated[bool, typer.Option("--retain", help="Have the broker keep it for later subscribers.")] = False,
    output: OutputFormat = Output.TEXT,
) -> None:
    """Publish one payload to the MQTT broker of gateway.yaml, and say which contract will take it.

    Example: `gateway publish plant/b1/p7/readings reading.json`

    Returns when the broker has taken the message over. Exit codes: 0 published, 2 wrong usage or configuration,
    3 the broker cannot be reached or refuses it.
    """
    project = load_project(config)
    payload = _read(file)
    label = _taker(project, topic, payload)
    heard = any(TopicFilter.parse(each).match(topic) is not None for each, _ in subscriptions(project.contracts))
    asyncio.run(_publish(project.settings.mqtt, topic, payload, qos, retain=retain))
    unrouted = project.settings.dead_letters.unrouted
    if output is Output.JSON:
        found = {
            "contract": label and label.contract,
            "kafka_topic": label.topic if label else unrouted if heard else None,
        }
        print_json({"topic": topic, "payload_bytes": len(payload), "qos": qos, "retain": retain, **found})
        return
    console = open_console()
    console.print(f"published {len(payload)} bytes on {printable(topic)} at QoS {qos}{', retained' if retain else ''}")
    if label is not None:
        console.print(f"contract {label.contract} takes it, for Kafka topic {label.topic}")
    elif heard:
        console.print(f"no contract takes it (where): it becomes a dead letter no-route in {unrouted}")
    else:
        console.print("no contract's filter matches this topic: the gateway will not receive it")


def _read(file: Path) -> bytes:
    if str(file) == "-":
        return sys.stdin.buffer.read()
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


async def _publish(settings: Mqtt, topic: str, payload: bytes, qos: int, *, retain: bool) -> None:
    # A name of its own: under the gateway's the broker would end the gateway's session.
    client_id = f"{settings.client_id}-publish-{secrets.token_hex(4)}"
    async with Publisher(settings, client_id) as publisher:
        await publisher.publish(topic, payload, qos, retain=retain)
