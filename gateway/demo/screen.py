"""The live view: one screen that a newcomer understands in a minute.

From top to bottom: the flow with its numbers, the contracts, a record beside its payload, a dead letter with its
reason, and what to try in a second terminal. Every line is one line of the terminal, so the screen always fits: with
few lines the records get shorter first, with few columns the Kafka topics go.

Payloads and topics come from devices: nothing in them may act on the terminal.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from textwrap import wrap
from typing import NamedTuple

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from gateway.demo.comparison import compare
from gateway.demo.session import LetterSample, Phase, Session, TypedSample
from gateway.demo.tally import Row, coercions

REFRESH_S = 0.25
"""Between two frames."""
FEWEST_FIELDS, MOST_FIELDS = 2, 14
"""Lines of the record on show."""
WIDE = 116
"""Columns from which the table shows Kafka topics."""

_LABEL = 9
_GOOD, _CHANGED, _BAD, _DIM = "green", "yellow", "red", "dim"


async def live(session: Session, console: Console) -> None:
    """Shows the session on a terminal until it is cancelled."""
    with Live(console=console, screen=True, auto_refresh=False, transient=True, vertical_overflow="crop") as screen:
        while True:
            width, height = console.size
            screen.update(Group(*compose(session, width, height)), refresh=True)
            await asyncio.sleep(REFRESH_S)


def compose(session: Session, width: int, height: int) -> list[Text]:
    """The screen's lines: at most ``height``, none wider than ``width``."""
    head = [*_head(session), *_table(session.tally.rows, width)]
    letter = list(_letter(session.letter, width))
    hints = list(_hints(session, width))
    room = height - len(head) - len(letter) - len(hints)
    while room < FEWEST_FIELDS + 1 and any(hint.spare for hint in hints):
        hints.remove(max(hints, key=lambda hint: hint.spare))
        room += 1
    fields = max(FEWEST_FIELDS, min(room - 1, MOST_FIELDS))
    lines = [*head, *_typed(session.typed, width, fields), *letter, *(hint.text for hint in hints)]
    for line in lines:
        line.no_wrap = True
        line.truncate(width, overflow="ellipsis")
    return lines[:height]


def _head(session: Session) -> Iterator[Text]:
    """What this is, and the flow."""
    transmission, tally = session.transmission, session.tally
    minutes, seconds = divmod(int(transmission.elapsed_s), 60)
    doing = "Ctrl-C ends it" if session.phase is Phase.RUNNING else session.phase.value
    yield _text((" Schema Gateway ", "bold reverse"), (f"  demo, {minutes}:{seconds:02}   {doing}", ""))
    yield _text((" in one process: amqtt (MQTT 3.1.1), librdkafka's mock Kafka, development registry", _DIM))
    others = f" + {session.by_others} by others" if session.by_others else ""
    source = f" {session.fleet.devices} devices → MQTT {session.published}{others} → gateway → "
    yield _text(
        (source, ""),
        (f"{tally.accepted}", f"bold {_GOOD}"),
        (" accepted: typed records (", ""),
        (f"{tally.coerced}", f"bold {_CHANGED}"),
        (" coerced)", ""),
    )
    yield _text(
        (f" {_speed(session):<{len(source) - 4}}└→ ", ""),
        (f"{tally.rejected}", f"bold {_BAD}"),
        (" rejected: dead letters, with the reason", ""),
    )


def _speed(session: Session) -> str:
    transmission = session.transmission
    rate = session.published / transmission.elapsed_s if transmission.elapsed_s > 0 else 0.0
    return f"{rate:.0f} a second"


def _table(rows: list[Row], width: int) -> Iterator[Text]:
    """One line for each contract."""
    name_width = max(len(row.contract) for row in rows)
    topic_width = max(len(row.topic) for row in rows) if width >= WIDE else 0

    def line(name: str, topic: str) -> str:
        return f" {name:<{name_width}} {topic:<{topic_width}} " if topic_width else f" {name:<{name_width}} "

    heading = f"{line('contract', 'Kafka topic')}{'accepted':>9}{'coerced':>9}{'rejected':>9}  leading reasons"
    yield _text((f"{heading:<{width}}", "bold underline"))
    for row in rows:
        reasons = ", ".join(f"{code} {count}" for code, count in row.reasons.most_common(3))
        yield _text(
            (line(row.contract, row.topic), ""),
            (_number(row.accepted), _GOOD),
            (_number(row.coerced), _CHANGED),
            (_number(row.rejected), _BAD),
            (f"  {reasons}", ""),
        )


def _number(number: int) -> str:
    return f"{number or '·':>9}"


def _typed(sample: TypedSample | None, width: int, fields: int) -> Iterator[Text]:
    """A record, its conversions first; exactly ``fields`` lines below its heading."""
    if sample is None:
        yield _rule("typed record: none yet", width)
        yield from (Text() for _ in range(fields))
        return
    record = sample.record
    origin = "beside its payload" if sample.payload is not None else "from another client: you?"
    place = f"{record.topic}, partition {record.partition}, offset {record.offset}"
    yield _rule(f"typed record, {origin}: {place}, {sample.format.value}", width)
    lines = compare(sample.payload, sample.value, coercions(record))[:fields]
    path_width = min(24, max((len(line.path) for line in lines), default=0))
    code_width = max((len(line.code) for line in lines), default=0)
    column = max(8, (width - path_width - code_width - 6) // 2)
    for line in lines:
        before, after = _harmless(line.before, column), _harmless(line.after, column)
        style = _CHANGED if line.code else ""
        yield _text(
            (f" {_harmless(line.path, path_width):<{path_width}} ", "bold" if line.code else ""),
            (f"{before:>{column}}", style),
            (" → ", _DIM),
            (f"{after:<{column}}", style or _GOOD),
            (f" {line.code}", _DIM),
        )
    yield from (Text() for _ in range(fields - len(lines)))


def _letter(sample: LetterSample | None, width: int) -> Iterator[Text]:
    """A dead letter: always four lines."""
    if sample is None:
        yield _rule("dead letter: none yet", width)
        yield from (Text() for _ in range(3))
        return
    letter, record = sample.letter, sample.record
    device = _harmless(letter.headers.get("gw-device", "unknown"), 40)
    yield _rule(f"dead letter, its payload and why: {record.topic}, offset {record.offset}, device {device}", width)
    payload = _harmless(letter.payload.decode("utf-8", "backslashreplace"), width) or "(empty)"
    yield _text((f" {'payload':<{_LABEL}}", _DIM), (payload, ""))
    why = _harmless(letter.headers.get("gw-message", "").removeprefix(": "), 2 * width)
    room = max(20, width - _LABEL - 2)
    more = f" (and {len(letter.errors) - 1} more)" if len(letter.errors) > 1 else ""
    first, second = [*wrap(f"{letter.code}  {why}{more}", room, max_lines=2, placeholder=" …"), "", ""][:2]
    code, rest = first[: len(letter.code)], first[len(letter.code) :]
    yield _text((f" {'why':<{_LABEL}}", _DIM), (code, f"bold {_BAD}"), (rest, ""))
    yield _text((f" {'':<{_LABEL}}{second}", ""))


class _Hint(NamedTuple):
    """A line of the last part."""

    text: Text
    spare: int = 0
    """Where lines are few, the highest goes first; 0 stays."""


def _hints(session: Session, width: int) -> Iterator[_Hint]:
    """What to try, word for word."""
    workspace, addresses = session.workspace, session.addresses
    yield _Hint(_rule("try it in a second terminal", width))
    for line in _whole(workspace.enter, width - 1):
        yield _Hint(_text((f" {line}", "bold cyan")))
    for each in workspace.suggestions:
        yield _Hint(_text((f" {each.command}", "cyan"), (f"  # {each.why}", _DIM)), each.spare)
    yield _Hint(_text((f" {session.status_url}/status", "cyan"), ("  # in a browser; or /metrics", _DIM)))
    others = f"{addresses.mqtt}  Kafka {addresses.kafka}  {addresses.registry}  {workspace.log.name}"
    yield _Hint(_text((f" {others}", _DIM)), 2)


def _whole(commands: tuple[str, ...], width: int) -> list[str]:
    """The commands on as few lines as they fit; never cut, because they are meant to be copied."""
    together = " && ".join(commands)
    if len(together) <= width:
        return [together]
    return [line[start : start + width] for line in commands for start in range(0, len(line), max(1, width))]


def _rule(title: str, width: int) -> Text:
    return _text((f"── {title} ".ljust(width, "─"), "bold"))


def _text(*parts: tuple[str, str]) -> Text:
    return Text.assemble(*parts)


def _harmless(text: str, most: int) -> str:
    """At most ``most`` characters on one line, without what a terminal would obey."""
    text = " ".join(text.split())
    shown = text if len(text) <= most else f"{text[: most - 1]}…"
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in shown)
