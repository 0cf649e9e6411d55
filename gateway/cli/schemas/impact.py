"""``gateway schemas impact``."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.bar import Bar, bar_console, input_bytes
from gateway.cli.console import line, open_console, print_json, printable
from gateway.cli.exits import Exit
from gateway.cli.moment import read_moment
from gateway.cli.payload_files import read_files
from gateway.cli.renderings.impact import devices, example, listed, markdown, notes, summary
from gateway.cli.schemas.folders import CONFIG, OptionalConfig, Place, find_place, open_registry
from gateway.cli.standard_input import open_payloads
from gateway.config.files import locating
from gateway.config.load import load_settings
from gateway.config.settings import Settings
from gateway.errors import SubjectNotFound
from gateway.kafka.presence import missing_topics
from gateway.kafka.reader import TopicReader
from gateway.model import SchemaVersion
from gateway.plan.impact import Turn
from gateway.registry.client import RegistryClient
from gateway.service.schema_impact import Replay, prepare, replay_stored

_STYLES = {Turn.REJECTED: "bold red", Turn.ACCEPTED: "green", Turn.CHANGED: "yellow", Turn.REASON: "cyan"}


class Format(StrEnum):
    """For whom the impact is."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


def impact(  # noqa: PLR0917 - the options of a command, which typer passes by name
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[FILE]...", help="Payloads, one a file or one a line; without, or with -, standard input."
        ),
    ] = None,
    folder: Annotated[Path | None, typer.Option(help="The contracts, instead of gateway.yaml's or ./schemas.")] = None,
    config: OptionalConfig = None,
    since: Annotated[
        str, typer.Option(metavar="GIT_REF", help="What the files are held against: a commit, branch or tag.")
    ] = "HEAD",
    capture: Annotated[
        bool, typer.Option("--capture", help="Lines are as `mosquitto_sub -F %j` prints them, with topic and time.")
    ] = False,
    topic: Annotated[str | None, typer.Option(metavar="MQTT_TOPIC", help="Where the payloads arrive.")] = None,
    kafka: Annotated[
        bool, typer.Option("--kafka", help="Replay dead letters and records that Kafka holds, instead of files.")
    ] = False,
    arrived: Annotated[
        str, typer.Option("--arrived-since", metavar="TIME", help="With --kafka: 10m, 2h, 1d, or 2026-03-01T08:00:00Z.")
    ] = "1h",
    output: Annotated[
        Format, typer.Option("--output", "-o", help="text, json, or markdown for the comment of a pull request.")
    ] = Format.TEXT,
) -> None:
    """Say what changed contracts and schemas would mean: which payloads would newly be rejected or accepted.

    Each payload is tried with the contracts as they were committed, and with the files as they are.

    Example: `gateway schemas impact captured.jsonl --capture --since origin/main`

    Example: `gateway schemas impact --kafka --arrived-since 1d --output markdown`

    Exit codes: 0 nothing is newly rejected, 1 something is, 2 a file or the commit cannot be used, 3 Kafka or the
    registry cannot be reached.
    """
    now = time.time_ns() // 1_000_000
    if kafka and (files or capture or topic):
        raise typer.BadParameter("--kafka takes no files: what it replays is in Kafka")
    if not kafka and not capture and topic is None:
        raise typer.BadParameter("the topic that the payloads arrive on is missing: give --topic, or --capture")
    place = find_place(folder, config, offline=not kafka)
    replay = prepare(place.folder, place.around, since, now, topic)
    if kafka:
        settings = load_settings(config or CONFIG)
        with locating(config or CONFIG):
            asyncio.run(_replay_kafka(replay, place, settings, _moment(arrived, now)))
    else:
        console = bar_console(open_console(), is_for_people=output is not Format.JSON)
        with Bar(console, input_bytes(files or [])) as bar:
            for each in read_files(files or [], bar, open_payloads, capture=capture):
                replay.add(each, now)
                bar.advance(replay.impact.rejected)
    match output:
        case Format.TEXT:
            _show(replay, since)
        case Format.JSON:
            print_json(_as_json(replay, since))
        case Format.MARKDOWN:
            typer.echo("\n".join(markdown(replay, since)))
    raise typer.Exit(Exit.FOUND if replay.impact.turns[Turn.REJECTED] else Exit.FINE)


def _moment(text: str, now: int) -> int:
    try:
        return read_moment(text, now)
    except ValueError as exc:
        raise typer.BadParameter(str(exc), param_hint="--arrived-since") from exc


async def _replay_kafka(replay: Replay, place: Place, settings: Settings, since_ms: int) -> None:
    kafka = settings.kafka
    dead, records = list(dict.fromkeys([*replay.dead_letters, settings.dead_letters.unrouted])), replay.topics
    missing = await missing_topics(kafka, [*dead, *records])
    for topic in missing:
        typer.echo(f"Kafka shows no topic {topic!r}: nothing of it is replayed", err=True)
    held_dead, held_records = ([topic for topic in topics if topic not in missing] for topics in (dead, records))
    async with open_registry(place) as client:
        versions = partial(_versions, client)
        await replay_stored(replay, TopicReader(kafka), versions, held_dead, held_records, since_ms)


async def _versions(client: RegistryClient, subject: str) -> Mapping[int, SchemaVersion]:
    """All versions of a subject by schema ID; none where the registry does not know it."""
    try:
        found = [await client.version(subject, number) for number in await client.versions(subject)]
    except SubjectNotFound:
        return {}
    return {version.schema_id: version for version in found}


def _as_json(replay: Replay, since: str) -> dict[str, object]:
    impact = replay.impact
    return {
        "since": since,
        "payloads": impact.compared,
        **{turn.replace(" ", "_"): count for turn, count in impact.turns.items()},
        "rejected": impact.rejected,
        "unusable": replay.unusable,
        "left_out": replay.left_out,
        "unjudged": replay.unjudged,
        "groups": [
            {
                "turn": sort.turn,
                "contract": sort.contract or None,
                "code": sort.code,
                "path": sort.path,
                "payloads": group.count,
                "devices": list(group.devices),
                "example": group.example.decode("utf-8", "backslashreplace"),
                "mqtt": group.topic,
                "message": group.message or None,
            }
            for sort, group in impact.sorted()
        ],
    }


def _show(replay: Replay, since: str) -> None:
    console = open_console()
    shown, more = listed(replay.impact)
    for sort, group in shown:
        where = printable(sort.path, 100) or "the payload"
        head = f"{sort.code} at {where}, {printable(sort.contract) or 'no contract'}: "
        console.print(line((f"{sort.turn}  ", _STYLES[sort.turn]), (head, "bold"), (str(group.count), "bold")))
        console.print(line((f"    {devices(group)}", "dim")))
        console.print(line((f"    {printable(group.topic, 100)}  ", "dim"), (example(group), "")))
        if group.message:
            console.print(line((f"    {printable(group.message)}", "")))
    if more:
        console.print(line((f"... and {more} more sorts", "dim")))
    for note in notes(replay):
        console.print(line(("note  ", "dim"), (note, "")))
    console.print(line((summary(replay.impact, since), "bold")))
