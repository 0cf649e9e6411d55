"""``gateway schemas new``."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated, BinaryIO

import typer
from rich.table import Table

from gateway.cli.bar import Bar, bar_console, input_bytes
from gateway.cli.console import line, open_console, print_json, printable
from gateway.cli.exits import Exit
from gateway.cli.outcomes import Summary
from gateway.cli.parameters import Output, OutputFormat
from gateway.cli.payload_files import read_files
from gateway.cli.schemas.folders import FOLDER
from gateway.cli.standard_input import STANDARD_INPUT, open_payloads
from gateway.compile.sentence import counted
from gateway.config.files import display
from gateway.config.forms import check_topic_name
from gateway.errors import ConfigError, ConfigProblem
from gateway.model import Format
from gateway.notation import NotationError
from gateway.notation.topics import TopicFilter
from gateway.plan.inference.draft import Wishes
from gateway.plan.inference.types import Remark
from gateway.plan.lines import Line
from gateway.plan.trial import Outcome
from gateway.service.schema_new import NewContract, check_new_folder, make_contract


class SchemaFormat(StrEnum):
    """Languages of schemas, as they are written on a command line."""

    AVRO = "avro"
    JSON = "json"


def new(  # noqa: PLR0917 - the options of a command, which typer passes by name
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The contract's folder, which must be new.")],
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[FILE]...", help="Payloads, one a file or one a line; without, or with -, standard input."
        ),
    ] = None,
    capture: Annotated[
        bool, typer.Option("--capture", help="Lines are as `mosquitto_sub -F %j` prints them, with topic and time.")
    ] = False,
    mqtt: Annotated[
        str | None,
        typer.Option(
            metavar="FILTER",
            help="Where they arrive, as in plant/{device}/readings; a capture may have others.",
        ),
    ] = None,
    topic: Annotated[
        str | None, typer.Option(help="The Kafka topic; without, the folder's name below schemas.")
    ] = None,
    kind: Annotated[
        SchemaFormat, typer.Option("--format", help="Of the schema.", case_sensitive=False)
    ] = SchemaFormat.AVRO,
    owner: Annotated[str | None, typer.Option(help="Who answers for the contract.")] = None,
    output: OutputFormat = Output.TEXT,
) -> None:
    """Make a first contract from captured payloads: contract, schema and examples, and a report of what was guessed.

    A person then reads and edits it; `gateway schemas check` is green from the start.

    Example: `gateway schemas new schemas/plant/pump --capture captured.jsonl`

    Example: `gateway schemas new schemas/plant/pump --mqtt 'plant/{device}/readings' payloads.jsonl`

    Exit codes: 0 the folder was made, 2 it is there already or cannot be one, or a file cannot be read or nothing be
    guessed from it.
    """
    check_new_folder(folder)
    wishes = Wishes(folder.name, topic or _topic_of(folder), Format[kind.name], _filter(mqtt), owner)
    summary = Summary()
    size = input_bytes(files or [])
    console = bar_console(open_console(), is_for_people=output is Output.TEXT)
    with tempfile.TemporaryFile() as copy, Bar(console, None if size is None else 2 * size) as bar:

        def tell(outcome: Outcome) -> None:
            summary.count(outcome)
            bar.advance(summary.rejected)

        read = _reader(files or [], copy, bar, capture=capture)
        made = make_contract(folder, wishes, read, time.time_ns() // 1_000_000, tell)
    if output is Output.JSON:
        print_json(_as_json(made, summary))
    else:
        _show(folder, made, summary)
    raise typer.Exit(Exit.FINE)


def _root_of(folder: Path) -> Path:
    """The folder of all contracts: that called ``schemas``, else the one around the new one."""
    return next((each for each in folder.parents if each.name == FOLDER.name), folder.parent)


def _topic_of(folder: Path) -> str:
    """A Kafka topic called like the folder below that of all contracts: ``plant.pump`` for schemas/plant/pump.

    Raises ConfigError where Kafka takes no such name.
    """
    topic = ".".join(folder.relative_to(_root_of(folder)).parts)
    try:
        return check_topic_name(topic)
    except NotationError as exc:
        message = f"no topic can be called like this folder: {exc}; give --topic, or another folder"
        raise ConfigError([ConfigProblem(display(folder), message)]) from exc


def _filter(text: str | None) -> TopicFilter | None:
    try:
        return None if text is None else TopicFilter.parse(text)
    except NotationError as exc:
        raise typer.BadParameter(str(exc), param_hint="--mqtt") from exc


def _reader(files: list[Path], copy: BinaryIO, bar: Bar, *, capture: bool) -> Callable[[], Iterator[Line]]:
    """What reads the payloads as often as it is asked; standard input is copied for that."""
    if not files or STANDARD_INPUT in files:
        copy.writelines(open_payloads())

    def reopen() -> BinaryIO:
        copy.seek(0)
        return copy

    return lambda: read_files(files, bar, reopen, capture=capture)


def _as_json(made: NewContract, summary: Summary) -> dict[str, object]:
    return {
        "files": [display(file) for file in made.files],
        "payloads": made.payloads,
        "accepted": summary.accepted,
        "rejected": summary.rejected,
        "guesses": [asdict(remark) for remark in made.draft.guesses.remarks],
        "notes": made.draft.notes,
    }


def _show(folder: Path, made: NewContract, summary: Summary) -> None:
    console = open_console()
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("place", "guess", "seen", "note"):
        table.add_column(title, overflow="fold")
    for remark in made.draft.guesses.remarks:
        table.add_row(*_row(remark), style="yellow" if remark.is_ambiguous else "")
    console.print(table)
    for note in made.draft.notes:
        console.print(line(("note  ", "dim"), (printable(note), "")))
    summary.show(console)
    for file in made.files:
        console.print(line(("+ ", "green"), (display(file), "")))
    doubts = sum(remark.is_ambiguous for remark in made.draft.guesses.remarks)
    if doubts:
        console.print(line((f"{counted(doubts, 'guess is', 'guesses are')} ambiguous (?): look there first", "yellow")))
    console.print(line(("next: ", "dim"), (f"gateway schemas check {display(_root_of(folder))}", "")))


def _row(remark: Remark) -> tuple[str, str, str, str]:
    note = f"? {remark.note}" if remark.is_ambiguous else remark.note
    return printable(remark.path) or "the payload", printable(remark.guess), printable(remark.seen), printable(note)
