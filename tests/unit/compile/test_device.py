"""Device IDs read from payloads: what is taken, and what the refusal of the rest says."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.compile.device import MOST_CHARACTERS, check_captured, check_device, read_device
from gateway.model import Code, Violation
from gateway.notation.pointer import Pointer

ID = Pointer.parse("/id")


@pytest.mark.parametrize(
    ("value", "device"),
    [("p7", "p7"), ("x" * 1024, "x" * 1024), (0, "0"), (-7, "-7"), (2**128 - 1, str(2**128 - 1))],
    ids=["text", "the longest text", "zero", "negative", "the largest integer"],
)
def test_what_is_a_device_id(value: Any, device: str) -> None:
    """Text as it is, integers as decimal text."""
    assert read_device(value) == check_device({"id": value}, ID, None) == device


@pytest.mark.parametrize(
    ("value", "says", "found"),
    [
        ("", '/id: found string "",', "string"),
        ("x" * 1025, f'/id: found string "{"x" * 64}...",', "string"),
        (2**128, f"/id: found number {2**128},", "number"),
        (1.5, "/id: found number 1.5,", "number"),
        (True, "/id: found boolean true,", "boolean"),
        (None, "/id: found null,", "null"),
    ],
    ids=["empty", "too long", "too large", "a fraction", "a boolean", "null"],
)
def test_what_is_none(value: Any, says: str, found: str) -> None:
    """The message says what was found, what is wanted and what to do; the value is shown, shortened."""
    refusal = check_device({"id": value}, ID, None)
    assert isinstance(refusal, Violation)
    assert (refusal.code, refusal.path, refusal.found) == (Code.NO_DEVICE_ID, "/id", found)
    assert refusal.message.startswith(f"{says} wanted a device ID: non-empty text or a whole number; ")
    assert refusal.message.endswith("; publish it here, or let the contract's device point elsewhere")
    assert refusal.value is not None
    assert len(refusal.value) <= 64


def test_a_missing_device_id() -> None:
    """Absent is told as such."""
    refusal = check_device({}, ID, "p7")
    assert isinstance(refusal, Violation)
    assert (refusal.found, refusal.value) == ("absent", None)


def test_topic_and_payload_must_agree() -> None:
    """Both are in the message."""
    assert check_device({"id": 7}, ID, "7") == "7"
    refusal = check_device({"id": "p8"}, ID, "p7")
    assert isinstance(refusal, Violation)
    assert refusal.code == Code.DEVICE_MISMATCH
    assert refusal.message == (
        '/id: found device "p8", wanted "p7", as in the topic; publish the same device ID in both'
    )


@pytest.mark.parametrize("captured", [None, "p", "p" * MOST_CHARACTERS])
def test_what_a_topic_may_say_of_the_device(captured: str | None) -> None:
    """Nothing, or a text of some length."""
    assert check_captured(captured, "plant/p") is None


@pytest.mark.parametrize(
    ("captured", "says", "found", "value"),
    [
        ("", "is empty;", "absent", None),
        ("p" * (MOST_CHARACTERS + 1), "has 1025 characters, at most 1024 are taken;", "string", "p" * 64),
    ],
)
def test_a_topic_that_names_no_device(captured: str, says: str, found: str, value: str | None) -> None:
    """The level of the topic is refused like a field of the payload."""
    violation = check_captured(captured, "plant/x")
    assert violation is not None
    assert (violation.code, violation.path, violation.found, violation.value) == (Code.NO_DEVICE_ID, "", found, value)
    assert 'the level of "plant/x" that names the device ' + says in violation.message
