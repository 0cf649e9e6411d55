"""The demo without a live view."""

import asyncio

import pytest

from gateway.demo import report as module
from gateway.demo.report import introduction, report, summary, verdict
from gateway.demo.tally import Balance
from tests.unit.demo.showcase import session

FINE = Balance(published=40, by_others=0, accepted=38, rejected=2)


def test_the_introduction_says_where_everything_is() -> None:
    """And what to type in a second terminal."""
    lines = list(introduction(session(seconds=20.0)))
    assert lines[0] == "Schema Gateway demo: 120 devices, 60 messages a second for 20 s, seed 7"
    text = "\n".join(lines)
    for each in ("mqtt://127.0.0.1:1883", "127.0.0.1:9092", "http://127.0.0.1:8081", "http://127.0.0.1:8088/status"):
        assert each in text
    assert "MQTT 3.1.1" in text
    assert "  cd /tmp/gateway-demo-x && . ./env" in lines
    assert "until Ctrl-C" in next(introduction(session()))


def test_the_summary_has_a_line_for_each_contract() -> None:
    """With the reasons that lead, and how many more there are."""
    made = session()
    [pump] = [row for row in made.tally.rows if row.contract == "industry/pump"]
    pump.reasons["json-invalid"] += 5
    lines = list(summary(made, FINE))
    assert lines[0].split() == ["contract", "accepted", "coerced", "rejected", "reasons"]
    [line] = [each for each in lines if each.startswith("industry/pump")]
    assert line.split()[:4] == ["industry/pump", "38", "5", "7"]
    assert line.endswith("json-invalid 5, invalid-number 1, 1 more")
    assert verdict(FINE) in lines


def test_the_summary_says_what_is_not_proven() -> None:
    """And where it is."""
    text = " ".join(summary(session(), FINE))
    assert "proves nothing about durability" in text
    assert "docs/guarantees.md" in text


@pytest.mark.parametrize(
    ("balance", "text"),
    [
        (FINE, "published 40 = 38 typed records + 2 dead letters: nothing is missing."),
        (
            Balance(40, 3, 40, 3),
            "published 40 + 3 by others = 40 typed records + 3 dead letters: nothing is missing.",
        ),
        (
            Balance(41, 0, 38, 2),
            (
                "published 41, but Kafka holds 38 typed records + 2 dead letters: 1 missing. "
                "This must not be: please report it."
            ),
        ),
        (
            Balance(38, 0, 38, 2),
            (
                "published 38, but Kafka holds 38 typed records + 2 dead letters: 2 too many. "
                "This must not be: please report it."
            ),
        ),
    ],
)
def test_the_verdict_is_one_line(balance: Balance, text: str) -> None:
    """Numbers of both sides, and the difference where there is one."""
    assert verdict(balance) == text


async def test_progress_is_written_until_it_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line each time, behind the introduction."""
    monkeypatch.setattr(module, "EVERY_S", 0.001)
    written: list[str] = []
    enough = asyncio.Event()

    def write(line: str) -> None:
        written.append(line)
        if " s  published" in line:
            enough.set()

    task = asyncio.create_task(report(session(), write))
    await asyncio.wait_for(enough.wait(), 10)
    task.cancel()
    await asyncio.wait({task})
    assert written[0].startswith("Schema Gateway demo: ")
    assert "  12 s  published 40  accepted 38 (5 coerced)  rejected 2" in written
