"""The demo without a live view: plain lines while it runs, and the summary that both ways end with."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

from gateway.demo.session import Session
from gateway.demo.tally import Balance, Row

EVERY_S = 2.0
"""Between two lines."""

MOST_REASONS = 2
"""In a line of the summary: more would not fit a terminal."""

Write = Callable[[str], None]
"""Writes one line."""


async def report(session: Session, write: Write) -> None:
    """Says what runs where, then how far it is every two seconds, until it is cancelled."""
    for line in introduction(session):
        write(line)
    while True:
        await asyncio.sleep(EVERY_S)
        tally = session.tally
        write(
            f"{session.transmission.elapsed_s:4.0f} s  published {session.published}  accepted {tally.accepted} "
            f"({tally.coerced} coerced)  rejected {tally.rejected}"
        )


def introduction(session: Session) -> Iterator[str]:
    """What runs, where it listens, and what to try."""
    fleet, addresses, workspace = session.fleet, session.addresses, session.workspace
    until = "until Ctrl-C" if fleet.seconds is None else f"for {fleet.seconds:g} s"
    yield f"Schema Gateway demo: {fleet.devices} devices, {fleet.rate:g} messages a second {until}, seed {fleet.seed}"
    yield f"  MQTT             {addresses.mqtt} (amqtt, MQTT 3.1.1)"
    yield f"  Kafka            {addresses.kafka} (librdkafka's mock cluster)"
    yield f"  Schema Registry  {addresses.registry} (development registry)"
    yield f"  gateway          {session.status_url}/status"
    yield "in a second terminal:"
    yield f"  {' && '.join(workspace.enter)}"
    for each in workspace.suggestions:
        yield f"  {each.command}   # {each.why}"


def summary(session: Session, balance: Balance) -> Iterator[str]:
    """What became of the messages, and whether all of them are there."""
    rows = session.tally.rows
    width = max(len(row.contract) for row in rows)
    yield f"{'contract':<{width}}{'accepted':>10}{'coerced':>10}{'rejected':>10}  reasons"
    for row in rows:
        yield _line(row, width)
    yield ""
    yield verdict(balance)
    yield "All of it was in memory, on embedded parts: this shows what the gateway does, and proves nothing about"
    yield "durability. docs/guarantees.md says what is proven on a real mosquitto and a real Apache Kafka."


def _line(row: Row, width: int) -> str:
    leading = row.reasons.most_common(MOST_REASONS)
    reasons = ", ".join(f"{code} {count}" for code, count in leading)
    if len(row.reasons) > len(leading):
        reasons += f", {len(row.reasons) - len(leading)} more"
    numbers = f"{row.contract:<{width}}{row.accepted:>10}{row.coerced:>10}{row.rejected:>10}"
    return f"{numbers}  {reasons}".rstrip()


def verdict(balance: Balance) -> str:
    """One line: the count of what was published against the count of what is in Kafka."""
    others = f" + {balance.by_others} by others" if balance.by_others else ""
    published = f"published {balance.published}{others}"
    found = f"{balance.accepted} typed records + {balance.rejected} dead letters"
    if balance.agrees:
        return f"{published} = {found}: nothing is missing."
    wrong = f"{balance.missing} missing" if balance.missing > 0 else f"{-balance.missing} too many"
    return f"{published}, but Kafka holds {found}: {wrong}. This must not be: please report it."
