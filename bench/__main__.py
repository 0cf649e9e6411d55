"""``python -m bench [micro|compile|schemas|drain|outage]``: measures; the whole is written to docs/benchmarks.md."""

from __future__ import annotations

import argparse

from bench import report
from bench.compiling import measure_compiling
from bench.drain import Outage, Slope, arena, slope
from bench.micro import measure, measure_large
from bench.schemas_as_code import measure_schemas
from bench.telemetry import SCHEMAS

CONTENDERS = (("floor", "avro"), ("gateway", "avro"), ("gateway", "json"), ("naive", "avro"), ("naive", "json"))

LOOKS = 12
"""At the memory while Kafka is frozen."""


def main() -> None:
    """Runs what is asked for, and prints and writes the report."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "what", nargs="?", choices=["all", "micro", "compile", "schemas", "drain", "outage"], default="all"
    )
    parser.add_argument("--messages", nargs=2, type=int, default=[100_000, 500_000], metavar=("SMALL", "LARGE"))
    parser.add_argument("--pairs", type=int, default=1, help="how often each contender runs")
    parser.add_argument("--no-report", action="store_true", help="print only, leave docs/benchmarks.md alone")
    arguments = parser.parse_args()
    stages = measure() if arguments.what in {"all", "micro"} else []
    large = measure_large() if arguments.what in {"all", "micro"} else []
    compiled = measure_compiling() if arguments.what in {"all", "compile"} else []
    commands = measure_schemas() if arguments.what in {"all", "schemas"} else []
    sizes = (arguments.messages[0], arguments.messages[1])
    slopes = _drain(sizes, arguments.pairs) if arguments.what in {"all", "drain"} else {}
    outages = _outages(sizes[1]) if arguments.what in {"all", "outage"} else {}
    text = report.text(stages, slopes, sizes, outages, large, compiled, commands)
    print(text)
    if not arguments.no_report and arguments.what == "all":
        report.write(text)


def _drain(sizes: tuple[int, int], pairs: int) -> dict[tuple[str, str], list[Slope]]:
    """Every contender in turn, ``pairs`` times over, so that a drift of the machine's speed meets all."""
    slopes: dict[tuple[str, str], list[Slope]] = {contender: [] for contender in CONTENDERS}
    with arena() as peers:
        for _ in range(pairs):
            for name, kind in CONTENDERS:
                found = slope(peers.run(name, kind, sizes[0]), peers.run(name, kind, sizes[1]))
                print(f"{name} {kind}: {found.cpu_us:.2f} us CPU a message, {found.per_s:.0f}/s", flush=True)
                slopes[name, kind].append(found)
    return slopes


def _outages(messages: int) -> dict[str, Outage]:
    """How the gateway waits for Kafka, by the kind of schema."""
    with arena() as peers:
        return {kind: peers.outage(kind, messages, LOOKS) for kind in SCHEMAS}


if __name__ == "__main__":
    main()
