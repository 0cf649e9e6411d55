"""What became of payloads, together: the summary, and how far it is."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from gateway.cli.bar import FROM, Bar
from gateway.cli.outcomes import MOST_PLACES, Summary
from gateway.model import Code, Coercion, Record, Rejection, Stage, Violation
from gateway.plan.trial import Outcome


def rejected(*found: tuple[Code, str]) -> Outcome:
    violations = tuple(Violation(code, "no", path) for code, path in found)
    return Outcome(b"{}", "t", None, Rejection(Stage.COERCE, violations))


def accepted(*coercions: Coercion) -> Outcome:
    return Outcome(b"{}", "t", Record("t", None, b"", None, 0, coercions=coercions), None)


def shown(summary: Summary) -> list[str]:
    stream = io.StringIO()
    summary.show(Console(file=stream))
    return stream.getvalue().splitlines()


def test_by_code_and_place() -> None:
    """The most frequent first; list indices are one place, and a place that is wrong twice in a payload counts once."""
    summary = Summary()
    for n in range(10):
        summary.count(rejected((Code.INVALID_NUMBER, f"/v/{n}"), (Code.INVALID_NUMBER, f"/v/{n + 1}")))
    summary.count(rejected((Code.JSON_INVALID, "")))
    summary.count(accepted(Coercion("/v/*", "string-to-number"), Coercion("/x", "renamed")))
    assert shown(summary) == [
        "rejected",
        "  10  invalid-number  /v/*",
        "   1  json-invalid    the payload",
        "converted",
        "  1  renamed           /x",
        "  1  string-to-number  /v/*",
        "1 accepted, 11 rejected",
    ]


def test_one_payload_needs_no_summary() -> None:
    """All that it would say stands above it."""
    summary = Summary()
    summary.count(rejected((Code.JSON_INVALID, "")))
    assert shown(summary) == ["0 accepted, 1 rejected"]


def test_names_that_devices_invent_do_not_fill_the_memory() -> None:
    """Beyond a thousand places they are one; twenty are listed, and none can act on the terminal."""
    summary = Summary()
    for n in range(MOST_PLACES + 500):
        summary.count(rejected((Code.UNKNOWN_FIELD, f"/\x1b{n:04}x{'y' * 1000}")))
    lines = shown(summary)
    assert lines[:2] == ["rejected", "  500  unknown-field  other places"]
    assert lines[2].startswith("    1  unknown-field  /\\x1b0000xyyy")
    assert len(lines[2]) < 150
    assert lines[-2:] == [f"  ... and {MOST_PLACES - 19} more places", f"0 accepted, {MOST_PLACES + 500} rejected"]


@pytest.mark.parametrize(("total", "percent"), [(None, False), (2 * FROM, True)])
def test_a_bar_for_long_runs(total: int | None, percent: bool) -> None:
    """From the hundredth payload on, with the share where the size is known; gone when it is over."""
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=100, legacy_windows=False)
    with Bar(console, total) as bar:
        for n, _ in enumerate(bar.counted([b"x"] * FROM), 1):
            assert stream.getvalue() == ""
            bar.advance(rejected=n // 2)
        assert bar.is_shown
    text = stream.getvalue()
    assert f"{FROM} payloads, {FROM // 2} rejected" in text
    assert ("50%" in text) is percent
    assert text.endswith("\x1b[2K"), "the bar's line is erased"


def test_no_bar_where_nobody_looks() -> None:
    """Lines are counted all the same."""
    with Bar(None, None) as bar:
        assert list(bar.counted([b"a", b"b"] * FROM)) == [b"a", b"b"] * FROM
        for _ in range(2 * FROM):
            bar.advance(rejected=0)
        assert not bar.is_shown
