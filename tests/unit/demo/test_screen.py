"""The live view's lines: what they say, and that they fit."""

import asyncio
import io
from pathlib import Path

import pytest
from rich.console import Console

from gateway.demo.screen import compose, live
from gateway.demo.session import Phase, Session
from gateway.demo.workspace import Workspace
from tests.parts.waiting import eventually
from tests.unit.demo.showcase import session, show_letter, show_typed


def lines(made: Session, width: int = 100, height: int = 30) -> list[str]:
    return [line.plain.rstrip() for line in compose(made, width, height)]


def line(made: Session, containing: str, width: int = 100, height: int = 30) -> str:
    [found] = [each for each in lines(made, width, height) if containing in each]
    return found


def test_the_flow_has_the_numbers_of_both_sides() -> None:
    """What the fleet published, and what is in Kafka."""
    made = session()
    assert lines(made)[0] == " Schema Gateway   demo, 0:12   Ctrl-C ends it"
    assert line(made, "→ MQTT") == " 120 devices → MQTT 40 → gateway → 38 accepted: typed records (5 coerced)"
    assert " ".join(line(made, "└→").split()) == "3 a second └→ 2 rejected: dead letters, with the reason"


def test_both_arrows_start_below_each_other() -> None:
    """However long the numbers are."""
    made = session()
    for others in (0, 12345):
        made.by_others = others
        assert line(made, "└→").index("└→") + 1 == line(made, "→ MQTT").rindex("→")


def test_each_contract_has_its_line() -> None:
    """With its leading reasons; the Kafka topics only where there is room."""
    made = session()
    cells = line(made, " industry/pump").split()
    assert cells == ["industry/pump", "38", "5", "2", "invalid-number", "1,", "unknown-field", "1"]
    assert line(made, " home/thermostat").split() == ["home/thermostat", "·", "·", "·"]
    assert "plant.pump" in line(made, " industry/pump", width=120)


def test_a_record_stands_beside_its_payload() -> None:
    """The conversion first, as text on one side and as a number on the other."""
    made = session()
    show_typed(made)
    assert "beside its payload: plant.pump, partition 0, offset" in line(made, "── typed record")
    assert line(made, " /flow").split() == ["/flow", '"41.80"', "→", "41.8", "string-to-number"]
    assert line(made, " /deviceId").split() == ["/deviceId", '"pump-01"', "→", '"pump-01"']


def test_somebody_elses_record_says_so() -> None:
    """Its payload may not be known."""
    made = session()
    show_typed(made, payload=None)
    assert "from another client: you?" in line(made, "── typed record")
    assert line(made, " /flow").split() == ["/flow", "→", "41.8", "string-to-number"]


def test_a_dead_letter_says_why() -> None:
    """Its payload, its reason in red words, how many more."""
    made = session()
    show_letter(made, gw_errors='{"errors": [{}, {}, {}]}')
    assert "plant.pump.dlq" in line(made, "── dead letter")
    assert line(made, " payload  ") == ' payload  {"flow": "41,80"}'
    assert line(made, " why      ") == " why      invalid-number  /flow: found string '41,80' (and 2 more)"


def test_a_long_reason_takes_two_lines_and_no_more() -> None:
    """Broken between words."""
    made = session()
    show_letter(made, gw_message="word " * 100)
    start = next(number for number, each in enumerate(lines(made)) if each.startswith(" why "))
    first, second, third = lines(made)[start : start + 3]
    assert first.endswith("word")
    assert second.endswith("word …")
    assert third.startswith("── try it")


def test_before_the_first_message_nothing_is_claimed() -> None:
    """And the lines are already where they will be."""
    made = session()
    empty = lines(made)
    assert any("typed record: none yet" in each for each in empty)
    assert any("dead letter: none yet" in each for each in empty)
    show_typed(made)
    show_letter(made)
    assert len(lines(made)) == len(empty)


@pytest.mark.parametrize(("width", "height"), [(100, 30), (80, 24), (80, 25), (120, 50), (40, 10), (20, 3), (200, 100)])
def test_it_fits_every_terminal(width: int, height: int) -> None:
    """No line is wider, and there are not more."""
    made = session()
    show_typed(made)
    show_letter(made, payload=b'{"flow": "' + "ü世".encode() * 500 + b'"}', gw_message="x" * 500, gw_device="d" * 500)
    composed = compose(made, width, height)
    assert len(composed) <= height
    assert max(each.cell_len for each in composed) <= width


@pytest.mark.parametrize(("width", "height"), [(100, 30), (80, 24)])
def test_what_to_try_is_whole_where_it_is_promised_to_fit(width: int, height: int) -> None:
    """The command lines are never cut; with few lines the least useful ones are left out."""
    made = session()
    show_typed(made)
    show_letter(made)
    shown = lines(made, width, height)
    assert " cd /tmp/gateway-demo-x && . ./env" in shown
    wanted = [each for each in made.workspace.suggestions if height >= 30 or not each.spare]
    for each in wanted:
        assert any(text.startswith(f" {each.command}  #") for text in shown)
    assert any(text.startswith(" http://127.0.0.1:8088/status ") for text in shown)


def test_a_long_folder_is_not_cut() -> None:
    """The line that leads there is broken between its commands, and only then inside."""
    made = session()
    for length in (90, 150):
        folder = Path("/" + "x" * length)
        made.workspace = Workspace(folder, made.workspace.invocation)
        shown = lines(made)
        start = next(number for number, each in enumerate(shown) if each.startswith(" cd "))
        end = shown.index(" . ./env")
        assert "".join(each[1:] for each in shown[start:end]) == f"cd {folder}"
        assert max(map(len, shown)) <= 100


def test_at_the_end_it_says_what_it_waits_for() -> None:
    """Ctrl-C was pressed already."""
    made = session()
    made.phase = Phase.SETTLING
    assert lines(made)[0].endswith("waiting for the last messages")


def test_payloads_cannot_act_on_the_terminal() -> None:
    """Escape sequences, line breaks and marks of direction become harmless."""
    made = session()
    evil = "a\x1b[2Jb\nc\x07\u202ed"
    show_letter(made, payload=evil.encode(), gw_message=evil, gw_device=evil)
    show_typed(made, payload=b'{"flow": "\x1b"}')
    assert made.typed is not None
    made.typed.value["flow"] = evil
    try:
        text = "".join(lines(made))
    finally:
        made.typed.value["flow"] = 41.8
    assert all(character.isprintable() for character in text)
    assert "a�[2Jb c��d" in text


async def test_the_view_is_drawn_and_put_away() -> None:
    """On the alternate screen, without colours where NO_COLOR asks for that; cancelled, the terminal is as before."""
    made, out = session(), io.StringIO()
    console = Console(
        file=out, force_terminal=True, width=100, height=30, color_system=None, _environ={"TERM": "xterm"}
    )
    task = asyncio.create_task(live(made, console))
    await eventually(lambda: "try it in a second terminal" in out.getvalue())
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    drawn = out.getvalue()
    assert "\x1b[?1049h" in drawn
    assert drawn.index("\x1b[?1049l") > drawn.index("try it in a second terminal")
    assert "38 accepted" in drawn
    assert "\x1b[3" not in drawn
