"""A new version while running, and after a restart: what is taken over, and what is held back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from gateway.config.contract import Timestamp
from gateway.errors import UnsupportedFormat
from gateway.model import Format, Record
from gateway.notation.pointer import Pointer
from tests.unit.compile.compiled import record_schema
from tests.unit.service.schema_bench import AWAY, BROKEN, N_AND_M, Bench, M, N, declare


async def test_a_new_version_is_taken_over(bench: Bench) -> None:
    """While messages flow; the table changes once."""
    bench.registry.add("a-value", N)
    await bench.refresh()
    bench.registry.add("a-value", N_AND_M)
    await bench.refresh(2)
    assert (bench.running(), bench.changes) == (2, 2)
    assert bench.slot().pending is None


async def test_a_version_of_a_format_that_nobody_reads(bench: Bench) -> None:
    """Held back like the others, and told once; without a version that was in use there is none to stay."""
    bench.registry.failures["a-value"] = UnsupportedFormat("it is PROTOBUF", 2)
    await bench.refresh()
    assert (bench.running(), bench.slot().unanswered, "PROTOBUF" in bench.slot().reason) == (None, False, True)
    failure = bench.registry.failures.pop("a-value")
    bench.registry.add("a-value", N)
    await bench.refresh()
    bench.registry.failures["a-value"] = failure
    for again in (False, True):
        if again:
            bench.restart()
        with capture_logs() as logs:
            await bench.refresh(3)
        assert [(each["event"], each["stays"]) for each in logs] == [("schema_held_back", 1)]
        slot = bench.slot()
        assert (bench.running(), slot.pending, slot.pending_reason) == (1, 2, "it is PROTOBUF")
        assert isinstance(bench.outcome(b'{"n":1}'), Record)
    del bench.registry.failures["a-value"]
    bench.registry.add("a-value", N_AND_M)
    await bench.refresh()
    assert (bench.running(), bench.slot().pending) == (2, None)


async def test_a_registry_that_goes_away_before_the_last_good_version_is_read(bench: Bench) -> None:
    """Nothing is known then, and messages wait."""
    bench.registry.add("a-value", N)
    await bench.refresh()
    bench.restart()
    bench.registry.failures = {"a-value": UnsupportedFormat("it is PROTOBUF", 2), ("a-value", 1): AWAY}
    await bench.refresh()
    assert (bench.running(), bench.slot().unanswered) == (None, True)
    bench.registry.failures.clear()
    await bench.refresh()
    assert bench.running() == 1


@pytest.mark.parametrize(
    ("schema", "fmt", "why"),
    [
        (BROKEN, Format.AVRO, "it cannot be used: "),
        (M, Format.AVRO, "accepted example 'example 0'"),
        ({"type": "object"}, Format.JSON, "its format is JSON, the one in use is AVRO"),
    ],
)
async def test_a_version_that_is_held_back(bench: Bench, schema: Any, fmt: Format, why: str) -> None:
    """The last good one stays, the status says which version waits and why, across restarts too; a good one ends it."""
    bench.registry.add("a-value", N)
    await bench.refresh()
    bench.registry.add("a-value", schema, fmt)
    for again in (False, True):
        if again:
            bench.restart()
        await bench.refresh(2)
        slot = bench.slot()
        assert bench.running() == 1
        assert slot.runs
        assert (slot.pending, why in slot.pending_reason) == (2, True)
        assert isinstance(bench.outcome(b'{"n":1}'), Record)
    bench.registry.add("a-value", N_AND_M)
    await bench.refresh()
    assert (bench.running(), bench.slot().pending, bench.slot().pending_reason) == (3, None, "")
    bench.restart()
    await bench.refresh()
    assert bench.running() == 3


@pytest.mark.parametrize(
    "declared",
    [
        {"device": "/n"},
        {"timestamp": Timestamp(Pointer.parse("/n"), "s")},
        {"fields": {"/n": "{device}"}},
    ],
)
async def test_a_version_without_what_the_contract_reads(tmp_path: Path, declared: dict[str, Any]) -> None:
    """A declared pointer no longer resolves: held back, also without any example."""
    bench = Bench(tmp_path, declare("a", **declared))
    bench.registry.add("a-value", record_schema(("n", "string" if "fields" in declared else "long"), ("m", "int")))
    await bench.refresh()
    assert bench.running() == 1
    bench.registry.add("a-value", M)
    await bench.refresh()
    assert bench.running() == 1
    assert "/n" in bench.slot().pending_reason


async def test_what_is_held_back_is_told_once(bench: Bench) -> None:
    """Not with every look."""
    bench.registry.add("a-value", N)
    await bench.refresh()
    bench.registry.add("a-value", M)
    with capture_logs() as logs:
        await bench.refresh(3)
    assert [(entry["event"], entry["version"], entry["stays"]) for entry in logs] == [("schema_held_back", 2, 1)]


async def test_an_example_that_was_never_accepted_holds_nothing_back(tmp_path: Path) -> None:
    """Only what the version in use accepts counts."""
    bench = Bench(tmp_path, declare("a", b'{"n":"none"}'))
    bench.registry.add("a-value", N)
    await bench.refresh()
    bench.registry.add("a-value", N_AND_M)
    await bench.refresh()
    assert bench.running() == 2


async def test_a_version_that_was_held_back_and_then_deleted(bench: Bench) -> None:
    """The latest is again the one in use: nothing waits any more."""
    bench.registry.add("a-value", N)
    await bench.refresh()
    bench.registry.add("a-value", M)
    await bench.refresh()
    bench.registry.subjects["a-value"].pop()
    await bench.refresh()
    assert (bench.running(), bench.slot().pending, bench.slot().pending_reason) == (1, None, "")


@pytest.mark.parametrize("failure", ["outage", "deleted"])
async def test_what_runs_goes_on(bench: Bench, failure: str) -> None:
    """Through an outage, and after the subject was deleted: never inactive, never a dead letter."""
    bench.registry.add("a-value", N)
    await bench.refresh()
    if failure == "outage":
        bench.registry.failure = AWAY
    else:
        bench.registry.subjects.clear()
    await bench.refresh(2)
    assert (bench.running(), bench.slot().reason, bench.slot().unanswered) == (1, "", False)
    assert bench.changes == 1
    assert isinstance(bench.outcome(b'{"n":1}'), Record)


async def test_an_older_version_takes_nothing_over(bench: Bench) -> None:
    """Only a newer one does; a deleted version goes on."""
    bench.registry.add("a-value", N)
    bench.registry.add("a-value", N_AND_M)
    await bench.refresh()
    bench.registry.subjects["a-value"].pop()
    await bench.refresh()
    assert bench.running() == 2


async def test_a_version_that_the_registry_has_replaced(bench: Bench) -> None:
    """The same number with another ID (a registry that was wiped and filled again): records carry the new ID."""
    first = bench.registry.add("a-value", N)
    await bench.refresh()
    bench.registry.subjects["a-value"] = [replace(first, schema_id=900)]
    await bench.refresh()
    record = bench.outcome(b'{"n":1}')
    assert isinstance(record, Record)
    assert record.value[:5] == b"\0" + (900).to_bytes(4, "big")


# Restarts


async def test_a_restart_goes_on_with_what_was_in_use(bench: Bench) -> None:
    """Then takes over what is new, as it would have without the restart."""
    bench.registry.add("a-value", N)
    await bench.refresh()
    bench.registry.add("a-value", N_AND_M)
    bench.restart()
    await bench.refresh()
    assert (bench.running(), bench.changes) == (2, 2)


async def test_a_last_version_that_is_gone(bench: Bench) -> None:
    """The registry has deleted it for good: the latest runs."""
    bench.registry.add("a-value", N)
    await bench.refresh()
    bench.registry.add("a-value", M)
    del bench.registry.subjects["a-value"][0]
    bench.restart()
    await bench.refresh()
    assert bench.running() == 2


async def test_an_outage_while_the_last_version_is_read(bench: Bench) -> None:
    """Is an outage, not a licence for the version that was held back."""
    bench.registry.add("a-value", N)
    await bench.refresh()
    bench.registry.add("a-value", M)
    await bench.refresh()
    bench.restart()
    bench.registry.failures["a-value", 1] = AWAY
    await bench.refresh()
    assert bench.running() is None
    assert bench.slot().unanswered
    bench.registry.failures.clear()
    await bench.refresh()
    assert bench.running() == 1


async def test_a_version_that_only_one_of_two_contracts_holds_back(tmp_path: Path) -> None:
    """The last good one of each contract stays, across restarts too."""
    bench = Bench(tmp_path, declare("a", b'{"n":1}', subject="s"), declare("b", subject="s"))
    bench.registry.add("s", N)
    await bench.refresh()
    bench.registry.add("s", M)
    await bench.refresh()
    assert (bench.running("a"), bench.running("b")) == (1, 2)
    bench.restart()
    await bench.refresh()
    assert (bench.running("a"), bench.running("b")) == (1, 2)
