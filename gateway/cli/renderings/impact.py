"""An impact for a person: lines on a terminal, and markdown for the comment of a pull request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gateway.cli.console import printable
from gateway.cli.renderings.markdown import code, escaped
from gateway.compile.sentence import counted
from gateway.plan.impact import MOST_DEVICES, Group, Impact, Sort, Turn
from gateway.service.schema_impact import Replay

_MOST_LISTED: Final = 50
_MOST_NAMED: Final = 3
_MOST_PAYLOAD: Final = 300


def summary(impact: Impact, since: str) -> str:
    """All of it on one line."""
    told = [f"{count} {turn}" for turn, count in impact.turns.items() if count]
    differ = ", ".join(told) or "none fares differently"
    return f"{counted(impact.compared, 'payload')} held against {since}: {differ}; {impact.rejected} rejected in all"


def notes(replay: Replay) -> Iterator[str]:
    """What was not judged."""
    if replay.unusable:
        yield f"{counted(replay.unusable, 'record')} left out: not whole, or not to be replayed"
    for subject in replay.left_out:
        yield f"subject {subject} is in no folder, now or before: messages for it are not judged"
    if replay.unjudged:
        yield f"{counted(replay.unjudged, 'payload')} left out for that"


def devices(group: Group) -> str:
    """How many, and some of them."""
    if not group.devices:
        return "no device known"
    more = "or more " if len(group.devices) >= MOST_DEVICES else ""
    named = ", ".join(printable(each, 40) for each in list(group.devices)[:_MOST_NAMED])
    dots = ", ..." if len(group.devices) > _MOST_NAMED else ""
    return f"{more}{counted(len(group.devices), 'device')} ({named}{dots})"


def listed(impact: Impact) -> tuple[list[tuple[Sort, Group]], int]:
    """The sorts that a person is shown, and how many more there are."""
    found = impact.sorted()
    return found[:_MOST_LISTED], max(0, len(found) - _MOST_LISTED)


def example(group: Group) -> str:
    """The payload, as far as a person is shown it."""
    return printable(group.example.decode("utf-8", "backslashreplace"), _MOST_PAYLOAD)


def markdown(replay: Replay, since: str) -> Iterator[str]:
    """The lines of a comment."""
    impact = replay.impact
    yield f"### Impact: {escaped(summary(impact, since))}"
    yield ""
    shown, more = listed(impact)
    for turn in Turn:
        rows = [(sort, group) for sort, group in shown if sort.turn is turn]
        if not rows:
            continue
        yield f"**{turn}: {impact.turns[turn]}**"
        yield ""
        yield "| payloads | what | where | contract | devices | smallest example |"
        yield "|---|---|---|---|---|---|"
        for sort, group in rows:
            where = code(sort.path) if sort.path else "the payload"
            payload = code(example(group)) + (f"<br>{escaped(group.message)}" if group.message else "")
            contract = escaped(sort.contract) or "none"
            yield f"| {group.count} | {sort.code} | {where} | {contract} | {escaped(devices(group))} | {payload} |"
        yield ""
    if more:
        yield f"... and {more} more sorts"
        yield ""
    for note in notes(replay):
        yield f"- {escaped(note)}"
