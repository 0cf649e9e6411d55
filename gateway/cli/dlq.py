"""``gateway dlq``."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.console import open_console, print_json
from gateway.cli.exits import Exit
from gateway.cli.letters import as_json, show_letter
from gateway.cli.moment import read_moment
from gateway.cli.parameters import ConfigFile, Output, OutputFormat
from gateway.cli.signals import stop_on_signal, unless_stopped
from gateway.config.files import locating
from gateway.config.kafka import DEFAULTS
from gateway.config.load import Project, load_project
from gateway.errors import SinkError
from gateway.kafka.presence import missing_topics
from gateway.kafka.reader import TopicReader
from gateway.model import Code
from gateway.notation.nearest import nearest
from gateway.service.dead_letters import Found, Seen, Selection, dead_letter_topics, follow, newest

DEFAULT_LIMIT = 1000
"""Dead letters shown unless more are asked for: a topic may hold millions."""

Show = Callable[[Found], None]


def _moment(text: str | None) -> int | None:
    """Milliseconds since 1970 UTC."""
    try:
        return None if text is None else read_moment(text, time.time_ns() // 1_000_000)
    except ValueError as exc:
        raise typer.BadParameter(str(exc), param_hint="--since") from exc


def _code(text: str | None) -> Code | None:
    """A reason code."""
    if text is None:
        return None
    try:
        return Code(text)
    except ValueError as exc:
        similar = nearest(text, list(Code))
        hint = f"did you mean {str(similar)!r}?" if similar else f"there are {', '.join(Code)}"
        raise typer.BadParameter(f"there is no reason code {text!r}: {hint}", param_hint="--code") from exc


def dlq(
    *,
    config: ConfigFile = Path("gateway.yaml"),
    contract: Annotated[str | None, typer.Option(help="Only of this contract: its folder below the contracts.")] = None,
    code: Annotated[str | None, typer.Option(help="Only with this reason, as in unknown-field.")] = None,
    device: Annotated[str | None, typer.Option(help="Only of this device.")] = None,
    since: Annotated[
        str | None, typer.Option(help="Only those that arrived since: 10m, 2h, 1d, or 2026-03-01T08:00:00Z.")
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what comes, until Ctrl-C.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="Most that are shown, the newest.")] = DEFAULT_LIMIT,
    output: OutputFormat = Output.TEXT,
) -> None:
    """Show dead letters and why they were rejected, newest last.

    Example: `gateway dlq --contract industry/pump --since 1h`

    Exit codes: 0 shown, or there are none, 1 a dead-letter topic is missing, 2 wrong usage or configuration,
    3 Kafka cannot be reached.
    """
    reason, since_ms = _code(code), _moment(since)
    project = load_project(config)
    if contract is not None and project.contracts.named(contract) is None:
        raise typer.BadParameter(_unknown(contract, project), param_hint="--contract")
    selection = Selection(contract, reason, device, since_ms)
    console = open_console()
    show: Show = (
        (lambda found: print_json(as_json(found)))
        if output is Output.JSON
        else (lambda found: show_letter(found, console))
    )
    with locating(config):
        raise typer.Exit(asyncio.run(_run(project, selection, limit, show, go_on=follow)))


async def _run(project: Project, selection: Selection, limit: int, show: Show, *, go_on: bool) -> Exit:
    stop = stop_on_signal()
    kafka = project.settings.kafka
    wanted = dead_letter_topics(project, selection.contract)
    missing: list[str] = []
    reader, seen = TopicReader(kafka), Seen()

    async def show_all() -> None:
        missing.extend(await missing_topics(kafka, wanted))
        for topic in missing:
            _say(
                f"Kafka shows no topic {topic!r}: create it, or grant DESCRIBE; nothing can be dead-lettered without it"
            )
        topics = [topic for topic in wanted if topic not in missing]
        letters, left_out = await newest(reader, topics, selection, limit, seen)
        if left_out:
            _say(f"older ones that are not shown: {left_out}; --limit {limit + left_out} shows all")
        for found in letters:
            show(found)
        if not letters and topics:
            _say(f"no dead letters{_described(selection)} in {', '.join(topics)}")
        if go_on and topics:
            await follow(reader, topics, selection, seen, show)

    try:
        ended = await unless_stopped(show_all(), stop)
    except SinkError as exc:
        address = kafka.get("bootstrap.servers") or kafka.get("metadata.broker.list", DEFAULTS["bootstrap.servers"])
        raise SinkError(f"{address}: {exc}") from exc
    if not ended and not go_on:
        return Exit.INTERRUPTED  # what was shown is not all
    return Exit.FOUND if missing else Exit.FINE


def _say(text: str) -> None:
    """To people only: what is on standard output is dead letters and nothing else."""
    sys.stdout.flush()
    typer.echo(text, err=True)


def _described(selection: Selection) -> str:
    """The filters, for a message that nothing was found."""
    parts = [
        f" of contract {selection.contract}" if selection.contract else "",
        f" with {selection.code}" if selection.code else "",
        f" of device {selection.device}" if selection.device else "",
        " since then" if selection.since_ms is not None else "",
    ]
    return "".join(parts)


def _unknown(name: str, project: Project) -> str:
    known = [each.name for each in project.contracts]
    similar = nearest(name, known)
    hint = f"did you mean {similar!r}?" if similar else f"there are {', '.join(known)}"
    return f"there is no contract {name!r}: {hint}"
