"""``gateway try``."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from gateway.cli.bar import Bar, bar_console, input_bytes
from gateway.cli.console import open_console
from gateway.cli.exits import Exit
from gateway.cli.outcomes import Summary, show_outcome
from gateway.cli.parameters import Output, OutputFormat
from gateway.cli.standard_input import STANDARD_INPUT, open_payloads
from gateway.config.files import display
from gateway.config.load import load_options, load_project
from gateway.config.options import Options
from gateway.config.settings import Limits
from gateway.errors import ConfigError, ConfigProblem, SchemaError
from gateway.model import Mode
from gateway.notation import NotationError
from gateway.notation.pointer import Pattern
from gateway.plan.lines import Line, read_lines
from gateway.plan.trial import Trial, try_contract, try_project, try_schema

_OVERRIDE = re.compile(r"(/.*?):([a-z_]+=.*)", re.DOTALL).fullmatch
"""A path may contain a colon, an option's name cannot."""

_encode = msgspec.json.Encoder(decimal_format="number").encode


def attempt(  # noqa: PLR0917 - the options of a command, which typer passes by name
    arguments: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="SCHEMA_FILE|FILE", help="The schema, unless --contract or -c; payload files, - for standard input."
        ),
    ] = None,
    mode: Annotated[Mode, typer.Option(help="strict, lossless or lenient; only for a schema file.")] = Mode.LOSSLESS,
    option: Annotated[list[str] | None, typer.Option("--option", metavar="K=V", help="An option, repeatable.")] = None,
    at: Annotated[
        list[str] | None, typer.Option("--at", metavar="/PATH:K=V", help="An option for one place, repeatable.")
    ] = None,
    contract: Annotated[Path | None, typer.Option(metavar="FOLDER", help="The rules of this contract folder.")] = None,
    config: Annotated[Path | None, typer.Option("--config", "-c", help="The rules of this gateway.yaml.")] = None,
    topic: Annotated[str | None, typer.Option(metavar="MQTT_TOPIC", help="Where the payloads arrive.")] = None,
    capture: Annotated[
        bool, typer.Option("--capture", help="Lines are as `mosquitto_sub -F %j` prints them, with topic and time.")
    ] = False,
    output: OutputFormat = Output.TEXT,
) -> None:
    """Say what would become of payloads: accepted (as which value, converted how) or rejected (why).

    One payload a FILE; without FILE, or with -, one a line from standard input. Nothing is connected to.

    Example: `echo '{"temp": "21.5"}' | gateway try schema.avsc --mode lossless`

    Example: `gateway try --contract schemas/industry/pump payload.json`

    Exit codes: 0 all accepted, 1 at least one rejected, 2 the schema or a file cannot be used.
    """
    files = list(arguments or ())
    _check_rules(topic, contract, config, capture=capture)
    trial = _trial(files, mode, option or [], at or [], contract, config, topic)
    for remark in trial.remarks:
        typer.echo(f"gateway try: {remark}", err=True)
    console, summary = open_console(), Summary()
    with Bar(bar_console(console, is_for_people=output is Output.TEXT), input_bytes(files)) as bar:
        for number, line in enumerate(_lines(files, bar, capture=capture), 1):
            arrival = time.time_ns() // 1_000_000 if line.arrival is None else line.arrival
            outcome = trial.run(line.payload, arrival, line.topic or topic)
            summary.count(outcome)
            if output is Output.JSON:
                whole = contract is not None or config is not None
                typer.echo(_encode(outcome.as_json(number, whole=whole)))
            else:
                show_outcome(console, number, outcome)
            bar.advance(summary.rejected)
    if not summary.tried:
        typer.echo(
            "gateway try: standard input was empty, so nothing was tried: name a FILE, or pipe lines in", err=True
        )
    if output is Output.TEXT:
        summary.show(console)
    raise typer.Exit(Exit.FOUND if summary.rejected else Exit.FINE)


def _check_rules(topic: str | None, contract: Path | None, config: Path | None, *, capture: bool) -> None:
    """Raises BadParameter for rules that are named twice, and for a topic that is none or is not where it is needed."""
    if contract is not None and config is not None:
        raise typer.BadParameter("--contract and --config are two ways to name the rules: give one of them")
    if config is not None and topic is None and not capture:
        raise typer.BadParameter("--topic is missing: -c goes by the MQTT topic, as the gateway does; or use --capture")
    if topic is None:
        return
    if contract is None and config is None:
        raise typer.BadParameter("--topic is for --contract and -c: a schema file knows no topics")
    if not topic or set(topic) & {"+", "#", "\0"}:
        message = f"{topic!r} is no topic: it must not be empty nor contain + # or U+0000"
        raise typer.BadParameter(message, param_hint="--topic")


def _trial(
    files: list[Path],
    mode: Mode,
    options: list[str],
    at: list[str],
    contract: Path | None,
    config: Path | None,
    topic: str | None,
) -> Trial:
    """The trial that the arguments ask for; takes the schema file off ``files``."""
    limits = Limits()
    if (contract is not None or config is not None) and (options or at or mode is not Mode.LOSSLESS):
        raise typer.BadParameter("--mode, --option and --at are for a schema file: a contract has its own")
    if contract is not None:
        with _about(contract):
            return try_contract(contract, limits=limits)
    if config is not None:
        return try_project(load_project(config), topic, time.time_ns() // 1_000_000)
    if not files:
        raise typer.BadParameter("name a schema file, or --contract FOLDER, or -c gateway.yaml --topic MQTT_TOPIC")
    overrides = [_override(text, mode) for text in at]
    schema = files.pop(0)
    with _about(schema):
        return try_schema(schema, mode, load_options(options, mode), overrides, limits=limits)


@contextmanager
def _about(path: Path) -> Iterator[None]:
    """Names the file or folder whose schema cannot be used."""
    try:
        yield
    except SchemaError as exc:
        raise ConfigError([ConfigProblem(display(path), str(exc))]) from exc


def _override(text: str, mode: Mode) -> tuple[Pattern, Options]:
    """``/PATH:K=V``."""
    found = _OVERRIDE(text)
    if found is None:
        message = f"{text!r}: write /PATH:NAME=VALUE, as in /readings/*/temp:decimal_separator=,"
        raise typer.BadParameter(message, param_hint="--at")
    path, pair = found.groups()
    try:
        pattern = Pattern.parse(path)
    except NotationError as exc:
        raise typer.BadParameter(f"{text!r}: {exc}", param_hint="--at") from exc
    return pattern, load_options([pair], mode, override=True, origin="--at")


def _lines(files: list[Path], bar: Bar, *, capture: bool) -> Iterator[Line]:
    """From the files, or from standard input; a file that was not captured is one payload."""
    for file in files or [STANDARD_INPUT]:
        if file == STANDARD_INPUT:
            yield from read_lines(bar.counted(open_payloads()), capture=capture)
            continue
        try:
            with file.open("rb") as content:
                if capture:
                    yield from read_lines(bar.counted(content), capture=True)
                else:
                    yield Line(next(bar.counted([content.read()])))
        except OSError as exc:
            raise ConfigError([ConfigProblem(str(file), f"cannot be read: {exc.strerror or exc}")]) from exc
        except ConfigError as exc:  # of a line that was not captured
            raise ConfigError([replace(problem, file=str(file)) for problem in exc.problems]) from exc
