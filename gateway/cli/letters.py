"""A dead letter as people read it, and as programs do."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.text import Text

from gateway.cli.console import line, printable
from gateway.cli.excerpt import Marked, cut_out, mark_whole, place_of, read
from gateway.compile.datetimes import format_epoch_ms
from gateway.compile.sentence import in_json
from gateway.service.dead_letters import Found

_MOST_PAYLOAD = 300
"""Characters of a payload that people are shown."""
_MOST_TEXT = 1000
_LABELS = 10
"""Width of the labels."""


def show_letter(found: Found, console: Console) -> None:
    """Prints the letter: who and when, what is wrong, each further violation, the start of the payload."""
    letter, record = found.letter, found.record
    headers = letter.headers
    code = printable(letter.code, 40) or "no dead letter of this gateway"
    console.print(
        line(
            (f"{_arrival(found)}  ", "bold"),
            (code, "bold red"),
            (f"  device {_text(headers.get('gw-device'))}", "cyan"),
            (f"  contract {_text(headers.get('gw-contract'))}", "green"),
        )
    )
    first: Mapping[str, Any] = letter.errors[0] if letter.errors and isinstance(letter.errors[0], dict) else {}
    _row(console, "", headers.get("gw-message") or first.get("message"), style="bold")
    _row(console, "path", first.get("path"))
    _row(console, "found", _found_text(first))
    _row(console, "expected", first.get("expected"))
    _row(console, "hint", _hint(first))
    for further in letter.errors[1:]:
        if isinstance(further, dict):
            _row(console, "also", f"{further.get('code')}: {further.get('message')}")
    _show_payload(console, found)
    topic = f"{headers.get('gw-mqtt-topic', '-')}  QoS {headers.get('gw-mqtt-qos', '-')}"
    _row(console, "mqtt", f"{topic}{', retained' if headers.get('gw-mqtt-retain') == 'true' else ''}")
    _row(console, "kafka", f"{record.topic}, partition {record.partition}, offset {record.offset}", style="dim")
    console.print()


def as_json(found: Found) -> dict[str, Any]:
    """The letter as one JSON object, with its whole payload: as text where it is UTF-8, else as base64."""
    letter, record = found.letter, found.record
    headers = letter.headers
    try:
        payload = {"payload": letter.payload.decode()}
    except UnicodeDecodeError:
        payload = {"payload_base64": base64.b64encode(letter.payload).decode()}
    return {
        "received_at": _arrival(found),
        "code": letter.code or None,
        "message": headers.get("gw-message"),
        "contract": headers.get("gw-contract"),
        "device": headers.get("gw-device"),
        "mqtt_topic": headers.get("gw-mqtt-topic"),
        "errors": list(letter.errors),
        **payload,
        "headers": {name: text for name, text in headers.items() if name != "gw-errors"},
        "kafka": {"topic": record.topic, "partition": record.partition, "offset": record.offset},
    }


def _arrival(found: Found) -> str:
    received = found.letter.headers.get("gw-received-at")
    if received is not None:
        return printable(received, 40)
    return format_epoch_ms(found.record.timestamp) if found.record.timestamp >= 0 else "-"


def _row(console: Console, label: str, text: object, *, style: str = "") -> None:
    """One labelled line; nothing for what is not known."""
    if text is None or text == "":
        return
    console.print(line((f"  {label:<{_LABELS}}" if label else "  ", "dim"), (printable(str(text), _MOST_TEXT), style)))


def _text(value: str | None) -> str:
    return "-" if value is None else printable(value, 100)


def _found_text(error: Mapping[str, Any]) -> str | None:
    kind, value = error.get("found"), error.get("value")
    if kind is None:
        return None
    return str(kind) if value is None else f"{kind} {value}"


def _hint(error: Mapping[str, Any]) -> str | None:
    """What would help, where the rejection knows it."""
    params = error.get("params")
    known: Mapping[str, Any] = params if isinstance(params, dict) else {}
    hints = []
    if error.get("coercible_in"):
        hints.append(f"passes in mode {error['coercible_in']}")
    if known.get("nearest"):
        hints.append(f"did you mean {known['nearest']}?")
    if "fix" in known:
        hints.append(f"this would pass: {in_json(known['fix'])}")
    if known.get("plausible_as"):
        hints.append(f"plausible as {known['plausible_as']}")
    return "; ".join(hints) or None


def _show_payload(console: Console, found: Found) -> None:
    """Prints the payload with the places of its errors marked; of a long one its start, and the first place."""
    payload = found.letter.payload
    text = read(payload)
    places = [place_of(payload, text, error) for error in found.letter.errors if isinstance(error, dict)]
    spans = [span for span in places if span is not None]
    room = min(console.width, _MOST_PAYLOAD) if console.is_terminal else _MOST_PAYLOAD
    is_whole = bool(spans) and "gw-payload-bytes" not in found.letter.headers
    whole = mark_whole(text, spans, room - _LABELS - 2) if is_whole else None
    if whole is not None:
        _marked_row(console, "payload", whole)
        return
    _row(console, "payload", _payload_text(found))
    if spans:
        _marked_row(console, "place", cut_out(text, spans[0]))


def _marked_row(console: Console, label: str, marked: Marked) -> None:
    console.print(Text.assemble((f"  {label:<{_LABELS}}", "dim"), marked.text))
    console.print(line((f"  {'':<{_LABELS}}{marked.carets}", "red")))


def _payload_text(found: Found) -> str:
    """The payload's start as far as it can be printed, and its size where it is not all there."""
    letter, headers = found.letter, found.letter.headers
    whole = headers.get("gw-payload-bytes")
    if not letter.payload and whole is not None:
        return f"not kept: {whole} bytes, SHA-256 {headers.get('gw-payload-sha256', '-')}"
    if not letter.payload:
        return "empty, or not kept (dead_letters.payload: none)"
    shown = printable(letter.payload.decode("utf-8", "backslashreplace"), _MOST_PAYLOAD)
    if whole is not None:
        shown += f" (the first {len(letter.payload)} of {whole} bytes)"
    return shown
