"""One dead letter, for people and for programs."""

import io
import json
from typing import Any

import msgspec
import pytest
from rich.console import Console

from gateway.cli.letters import as_json, show_letter
from gateway.kafka.reader import StoredRecord
from gateway.model import Code, Cut, Message, Mode, Rejection, RouteLabel, Stage, Violation
from gateway.pipeline.deadletter import DeadLetters, read_dead_letter
from gateway.service.dead_letters import Found

ARRIVAL = 1_700_000_000_000
LABEL = RouteLabel("line/pump", "t", "t.dlq", "t-value", Mode.LOSSLESS, 7, 3)
FIRST = Violation(
    Code.UNKNOWN_FIELD,
    "/tmp: found number '21.5', wanted no such field",
    path="/tmp",
    expected="only the fields of R",
    found="number",
    value="21.5",
    coercible_in=Mode.LENIENT,
    params={"nearest": "temp"},
)
SECOND = Violation(Code.MISSING_REQUIRED, "/n: found nothing", path="/n")


def letter(payload: bytes = b'{"tmp": 21.5}', *, mode: str = "full", cut: Cut | None = None, **rejected: Any) -> Found:
    rejection = Rejection(Stage.COERCE, **{"violations": (FIRST, SECOND), "label": LABEL, "device": "p7", **rejected})
    message = Message("plant/b1/p7", payload, 1, 9, True, False, ARRIVAL, cut)
    record = DeadLetters("nobody", mode, "1.2.3").record(message, rejection)  # type: ignore[arg-type]  # a name
    stored = StoredRecord(record.topic, 2, 41, record.timestamp, record.key, record.value, [*(record.headers or [])])
    return Found(stored, read_dead_letter(stored.value, stored.key, stored.headers))


def shown(found: Found) -> list[str]:
    stream = io.StringIO()
    show_letter(found, Console(file=stream, highlight=False, markup=False, soft_wrap=True))
    return stream.getvalue().splitlines()


def test_everything_that_helps_a_person() -> None:
    """When, who, what, where, what would help, the payload, and where it is kept."""
    assert shown(letter()) == [
        "2023-11-14T22:13:20.000Z  unknown-field  device p7  contract line/pump",
        "  /tmp: found number '21.5', wanted no such field",
        "  path      /tmp",
        "  found     number 21.5",
        "  expected  only the fields of R",
        "  hint      passes in mode lenient; did you mean temp?",
        "  also      missing-required: /n: found nothing",
        '  payload   {"tmp": 21.5}',
        "             ^^^^^",
        "  mqtt      plant/b1/p7  QoS 1, retained",
        "  kafka     t.dlq, partition 2, offset 41",
        "",
    ]


def test_what_is_unknown_is_left_out() -> None:
    """A message that no contract claims has neither contract nor device."""
    assert shown(letter(label=None, device=None))[0] == "2023-11-14T22:13:20.000Z  unknown-field  device -  contract -"


@pytest.mark.parametrize(
    ("payload", "mode", "cut", "line"),
    [
        (b"", "full", None, "empty, or not kept (dead_letters.payload: none)"),
        (b"\xff\x1b[2J\n", "full", None, "\\xff\\x1b[2J\\n"),
        (b"x" * 5000, "full", None, "x" * 300 + "..."),
        (b"xyz", "full", Cut(2_000_000, "ab12"), "xyz (the first 3 of 2000000 bytes)"),
        (b"xyz", "none", None, "empty, or not kept (dead_letters.payload: none)"),
    ],
)
def test_the_payload_as_far_as_it_can_be_printed(payload: bytes, mode: str, cut: Cut | None, line: str) -> None:
    """One harmless line, cut, and honest about what is not there."""
    assert f"  payload   {line}" in shown(letter(payload, mode=mode, cut=cut))


def test_a_long_payload_s_place_stands_below_its_start() -> None:
    """One line of it, with the first error's place."""
    lines = shown(letter(b'{"a": "' + b"x" * 500 + b'", "tmp": 21.5}'))
    assert [line.lstrip() for line in lines[-5:-3]] == [f'place     ...{"x" * 37}", "tmp": 21.5}}', "^^^^^"]
    assert lines[-4].index("^") == lines[-5].index('"tmp"')


@pytest.mark.parametrize(("fix", "told"), [(41.8, "41.8"), ("1.24", '"1.24"'), (None, "null")])
def test_what_would_pass_stands_as_json(fix: Any, told: str) -> None:
    """So that it can be copied: text is not a number."""
    first = msgspec.structs.replace(FIRST, params={"fix": fix}, coercible_in=None)
    assert f"  hint      this would pass: {told}" in shown(letter(violations=(first,)))


def test_a_payload_that_was_not_kept() -> None:
    """Its size and hash stand in for it."""
    [line] = [line for line in shown(letter(b"abc", mode="hash")) if line.startswith("  payload")]
    assert line == (
        "  payload   not kept: 3 bytes, SHA-256 ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )


def test_headers_cannot_act_on_the_terminal() -> None:
    """Whatever stands in topic, device or contract is text."""
    text = "\n".join(shown(letter(device="p\x1b]0;x\x07\r\nfaked")))
    assert "\x1b" not in text
    assert "device p\\x1b]0;x\\x07\\r\\nfaked" in text


@pytest.mark.parametrize("headers", [[], [("gw-errors", b"[1]"), ("x", None)], [("gw-errors", b'{"errors": [3]}')]])
def test_a_record_that_is_no_dead_letter(headers: list[tuple[str, bytes | None]]) -> None:
    """Is shown as what it is."""
    stored = StoredRecord("t.dlq", 0, 0, -1, None, None, headers)
    found = Found(stored, read_dead_letter(None, None, headers))
    assert shown(found)[0].startswith("-  no dead letter of this gateway")
    assert as_json(found)["code"] is None


def test_json_has_everything() -> None:
    """The payload whole, the violations as objects, the headers as they are."""
    found = as_json(letter())
    assert json.loads(json.dumps(found)) == found
    assert {name: found[name] for name in ("received_at", "code", "contract", "device", "mqtt_topic", "payload")} == {
        "received_at": "2023-11-14T22:13:20.000Z",
        "code": "unknown-field",
        "contract": "line/pump",
        "device": "p7",
        "mqtt_topic": "plant/b1/p7",
        "payload": '{"tmp": 21.5}',
    }
    assert found["message"] == FIRST.message
    assert [error["path"] for error in found["errors"]] == ["/tmp", "/n"]
    assert found["headers"]["gw-schema-id"] == "7"
    assert found["kafka"] == {"topic": "t.dlq", "partition": 2, "offset": 41}


def test_json_keeps_every_byte() -> None:
    """What is no UTF-8 comes as base64."""
    found = as_json(letter(b"\xff\x00"))
    assert found["payload_base64"] == "/wA="
    assert "payload" not in found
