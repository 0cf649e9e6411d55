"""Device IDs: read from the topic, from the payload, or from both, which must then agree."""

from __future__ import annotations

from typing import Any

from gateway.compile.remedy import violation
from gateway.compile.sentence import in_json
from gateway.compile.verdict import Advice, Refused, kind_of, quote
from gateway.model import Code, Violation
from gateway.notation.pointer import Pointer

MOST_CHARACTERS = 1024
"""Of a device ID; it is a record's key, and longer text is something else."""
MOST_BITS = 128
"""Of a device ID that is an integer: UUIDs fit."""


def read_device(value: Any) -> str | None:
    """Text of 1 to ``MOST_CHARACTERS`` as it is, an integer up to ``MOST_BITS`` as decimal text; None for the rest."""
    if type(value) is str:
        return value if 0 < len(value) <= MOST_CHARACTERS else None
    return str(value) if type(value) is int and value.bit_length() <= MOST_BITS else None


def check_captured(captured: str | None, mqtt_topic: str) -> Violation | None:
    """Why what the topic's filter captured cannot be a device ID; None if it can, or if nothing was captured."""
    if captured is None or read_device(captured) is not None:
        return None
    what = f"has {len(captured)} characters, at most {MOST_CHARACTERS} are taken" if captured else "is empty"
    return Violation(
        Code.NO_DEVICE_ID,
        f"the level of {in_json(mqtt_topic)} that names the device {what}; publish on a topic that names it, "
        "or let the contract's 'device' point into the payload",
        expected="a device ID in the topic",
        found="string" if captured else "absent",
        value=quote(captured) if captured else None,
    )


def check_device(payload: Any, pointer: Pointer, captured: str | None) -> str | Violation:
    """The device ID at ``pointer``, which is ``captured`` where the topic names one too."""
    found = pointer.get(payload)
    device = read_device(found)
    if device is None:
        return _unreadable(pointer, found)
    if captured is not None and device != captured:
        return Violation(
            Code.DEVICE_MISMATCH,
            f"{pointer}: found device {in_json(device)}, wanted {in_json(captured)}, as in the topic; "
            "publish the same device ID in both",
            path=str(pointer),
            expected=f"{in_json(captured)}, as in the topic",
            found=kind_of(found),
            value=quote(found),
        )
    return device


def _unreadable(pointer: Pointer, found: Any) -> Violation:
    wanted = "a device ID: non-empty text or a whole number"
    why = ""
    if type(found) is str and found:
        why = f"of its {len(found)} characters at most {MOST_CHARACTERS} are taken"
    elif type(found) is int:
        why = f"of its {found.bit_length()} bits at most {MOST_BITS} are taken"
    advice = Advice(why, "publish it here", "let the contract's device point elsewhere")
    return violation(Refused(Code.NO_DEVICE_ID, wanted, advice), found, str(pointer), "")
