"""``gateway simulate``."""

from __future__ import annotations

import asyncio
import math
import secrets
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from gateway.cli.console import line, open_console, print_json
from gateway.cli.parameters import ConfigFile, Output, OutputFormat
from gateway.cli.signals import stop_on_signal
from gateway.config.load import load_settings
from gateway.demo.fleet.fleet import TYPES
from gateway.demo.fleet.fleet import simulate as fleet_of
from gateway.demo.fleet.publication import Intent
from gateway.demo.transmission import Transmission
from gateway.errors import LinkError

_PROGRESS_S = 0.25
"""Between two looks of the progress line."""


def simulate(
    config: ConfigFile = Path("gateway.yaml"),
    devices: Annotated[int, typer.Option(min=1, help="Devices, of all six kinds in turn.")] = 12,
    rate: Annotated[float, typer.Option(min=0.001, help="Messages per second of the whole fleet.")] = 20.0,
    seconds: Annotated[float | None, typer.Option(min=0, help="End after so long; default: Ctrl-C.")] = None,
    seed: Annotated[
        int | None, typer.Option(help="The same seed gives the same fleet; default: another each time.")
    ] = None,
    output: OutputFormat = Output.TEXT,
) -> None:
    """Publish what a fleet of devices would, clean, loosely typed and wrong, to the MQTT broker of gateway.yaml.

    Example: `gateway simulate --devices 60 --rate 100 --seconds 30`

    Exit codes: 0 ended, 2 wrong usage or configuration, 3 the broker cannot be reached or the connection broke.
    """
    if math.isinf(rate):
        raise typer.BadParameter(f"must be a number, found {rate}", param_hint="--rate")
    settings = load_settings(config)
    chosen = secrets.randbelow(1_000_000) if seed is None else seed
    publications = fleet_of(chosen, devices, time.time_ns() // 1_000_000, rate=rate)
    error = asyncio.run(_run(Transmission(settings.mqtt, publications, seconds=seconds), output, chosen))
    if error is not None:
        raise error


async def _run(transmission: Transmission, output: Output, seed: int) -> LinkError | None:
    """Publishes, then shows the summary, whatever ended it; the error that did."""
    stop = stop_on_signal()
    progress = asyncio.create_task(_show_progress(transmission, open_console(stderr=True)))
    error = None
    try:
        await transmission.run(stop)
    except LinkError as exc:
        error = exc
    finally:
        progress.cancel()
        await asyncio.wait([progress])
    summary = _summary(transmission, seed)
    if output is Output.JSON:
        print_json(summary)
    elif error is None or summary["published"]:
        _show_summary(summary, open_console())
    return error


async def _show_progress(transmission: Transmission, console: Console) -> None:
    """One line that changes in place; nothing where nobody looks."""
    if not console.is_terminal:
        return
    with console.status("connecting") as status:
        while True:
            await asyncio.sleep(_PROGRESS_S)
            late = f", {transmission.late_s:.1f} s behind: the broker is slow" if transmission.late_s > 1 else ""
            text = f"{transmission.counts.total()} published in {transmission.elapsed_s:.0f} s{late}; Ctrl-C ends it"
            status.update(text)


def _summary(transmission: Transmission, seed: int) -> dict[str, Any]:
    counts = transmission.counts
    return {
        "published": counts.total(),
        "seconds": round(transmission.elapsed_s, 3),
        "seed": seed,
        "contracts": {
            kind.contract: {intent.value: counts[kind.contract, intent] for intent in Intent}
            for kind in TYPES
            if any(counts[kind.contract, intent] for intent in Intent)
        },
    }


def _show_summary(summary: dict[str, Any], console: Console) -> None:
    contracts: dict[str, dict[str, int]] = summary["contracts"]
    width = max((len(name) for name in [*contracts, "all"]), default=0)
    console.print(line((_row("", [intent.value for intent in Intent], width), "bold")))
    for name, counts in contracts.items():
        console.print(_row(name, counts.values(), width))
    totals = [sum(counts[intent.value] for counts in contracts.values()) for intent in Intent]
    console.print(line((_row("all", totals, width), "bold")))
    console.print(
        f"{summary['published']} messages published and confirmed in {summary['seconds']:.1f} s, seed {summary['seed']}"
    )


def _row(name: str, cells: Iterable[object], width: int) -> str:
    return f"{name:<{width}}" + "".join(f"{cell!s:>9}" for cell in cells)
