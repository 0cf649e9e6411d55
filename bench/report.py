"""The figures as docs/benchmarks.md: written by the bench itself, never by hand."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from bench.compiling import Compiled
from bench.drain import LOOK_S, Outage, Slope
from bench.micro import Large, Stage
from bench.schemas_as_code import Command
from gateway import __version__
from gateway.compile.rules import MOST_PLACES

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"

_NAMES = {"avro": "Avro", "json": "JSON Schema"}

_HEAD = """\
# Benchmarks

Written by `make bench`; do not edit. Payload: 140 bytes of telemetry with 7 fields, 1 % of the messages invalid.
Times are CPU microseconds per message, user and system; compare ratios, not machines.
"""


def text(
    stages: Sequence[Stage],
    slopes: Mapping[tuple[str, str], Sequence[Slope]],
    sizes: tuple[int, int],
    outages: Mapping[str, Outage],
    large: Sequence[Large],
    compiled: Sequence[Compiled],
    commands: Sequence[Command],
) -> str:
    """The page."""
    parts = [_HEAD, _machine()]
    if slopes:
        parts.append(_drain(slopes, sizes))
    if outages:
        parts.append(_outages(outages, slopes, sizes))
    if stages:
        parts.append(_stages(stages))
    if large:
        parts.append(_large(large))
    if compiled:
        parts.append(_compiled(compiled))
    if commands:
        parts.append(_commands(commands))
    return "\n".join(parts)


def write(page: str) -> None:
    """Replaces docs/benchmarks.md."""
    PAGE.write_text(page)


def _machine() -> str:
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.machine(),
    )
    today = datetime.now(UTC).date().isoformat()
    return f"{today}, gateway {__version__}, Python {platform.python_version()}, {os.cpu_count()} cores, {model}.\n"


def _drain(slopes: Mapping[tuple[str, str], Sequence[Slope]], sizes: tuple[int, int]) -> str:
    floor = median(slope.cpu_us for slope in slopes["floor", "avro"])
    lines = [
        "## The drain\n",
        "Messages waiting in a persistent session of a real mosquitto go to a real Apache Kafka.",
        f"Slope between {sizes[0]} and {sizes[1]} messages, median of the runs, each contender in turn.\n",
        "- *floor*: receive, produce the raw payload, acknowledge, on the gateway's own source and sink; no validation",
        "- *naive*: paho and Confluent's own serializers, acknowledging after delivery (`bench/contenders/naive.py`)\n",
        "| | CPU us/message | times the floor | messages/s | peak memory |",
        "|---|---|---|---|---|",
    ]
    for (name, kind), found in slopes.items():
        cpu_us = median(slope.cpu_us for slope in found)
        label = "floor" if name == "floor" else f"{name}, {_NAMES[kind]}"
        lines.append(
            f"| {label} | {cpu_us:.2f} | {cpu_us / floor:.2f} | {median(slope.per_s for slope in found):.0f} | "
            f"{max(slope.peak_bytes for slope in found) / 1e6:.0f} MB |",
        )
    return "\n".join([*lines, ""])


def _outages(
    outages: Mapping[str, Outage], slopes: Mapping[tuple[str, str], Sequence[Slope]], sizes: tuple[int, int]
) -> str:
    looks = len(next(iter(outages.values())).resident_bytes)
    lines = [
        "## Kafka does not answer\n",
        f"Frozen for {looks * LOOK_S} s after a tenth of {sizes[1]} messages that wait in the MQTT broker; then it",
        "goes on. Resident memory of the gateway during the outage, and the most until all is drained. *Back*: until a",
        "fifth is in Kafka; *catch-up*: from then on, beside the speed of the drain above.\n",
        f"| | after {LOOK_S} s | at the end | peak | CPU while waiting | back | catch-up |",
        "|---|---|---|---|---|---|---|",
    ]
    for kind, outage in outages.items():
        first, last = outage.resident_bytes[0] / 1e6, outage.resident_bytes[-1] / 1e6
        lines.append(
            f"| gateway, {_NAMES[kind]} | {first:.1f} MB | {last:.1f} MB | {outage.peak_bytes / 1e6:.1f} MB | "
            f"{outage.cpu_share:.1%} of a core | {outage.back_s:.1f} s | {outage.caught_up_per_s:.0f}/s"
            f"{_beside(outage.caught_up_per_s, slopes.get(('gateway', kind), ()))} |",
        )
    return "\n".join([*lines, ""])


def _beside(per_s: float, slopes: Sequence[Slope]) -> str:
    return f", {per_s / median(slope.per_s for slope in slopes):.0%} of the drain's" if slopes else ""


_REJECTIONS = """\
A rejection names everything that is wrong, and what would help is tried out before it is told: so a decimal comma and
a bad date-time, where a declared option might help, and a misspelt field, which is an unknown one and a missing one,
cost most. With JSON Schema the validator is asked again for its errors, which it makes slowly.
"""


def _stages(stages: Sequence[Stage]) -> str:
    lines = ["## Stages\n", "In one process, without peers; the least disturbed of several rounds.\n", _REJECTIONS]
    lines += ["| stage | CPU us | |", "|---|---|---|"]
    lines += [f"| {stage.name} | {stage.cpu_us:.2f} | {stage.note} |" for stage in stages]
    return "\n".join([*lines, ""])


def _large(large: Sequence[Large]) -> str:
    lines = [
        "## Larger payloads\n",
        "From bytes to record, beside *plain*: `msgspec` and `fastavro.schemaless_writer`, which validates little, for",
        "Avro; `msgspec` and `jsonschema_rs.is_valid`, which notices no key that stands twice, for JSON Schema.\n",
        "| payload | Avro | plain | | JSON Schema | plain | |",
        "|---|---|---|---|---|---|---|",
    ]
    for each in large:
        cells = [
            f"{each.cpu_us[kind]:.1f} | {each.other_us[kind]:.1f} | {each.cpu_us[kind] / each.other_us[kind]:.2f}"
            for kind in ("avro", "json")
        ]
        lines.append(f"| {each.name} | {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def _compiled(compiled: Sequence[Compiled]) -> str:
    lines = [
        "## Compiling a schema\n",
        "Once for each contract and schema version, off the event loop. Memory is what the process grows by for each",
        f"further route. A schema that unfolds to more than {MOST_PLACES} places is refused.\n",
        "| schema | places | CPU ms | memory |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {each.name} | {each.places} | {each.cpu_ms:.1f} | {each.kept_bytes / 1e3:.0f} kB |" for each in compiled
    ]
    return "\n".join([*lines, ""])


def _commands(commands: Sequence[Command]) -> str:
    lines = [
        "## Schemas as code",
        "",
        "`gateway schemas` as a process, from its start to its end, on a large folder and a development registry.",
        "",
        "| command | seconds | |",
        "|---|---|---|",
        *(f"| {each.name} | {each.wall_s:.1f} | {each.note} |" for each in commands),
    ]
    return "\n".join([*lines, ""])
