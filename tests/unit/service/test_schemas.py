"""Which schema runs at the start: what is in use, and why nothing is."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from gateway.compile.route import Route, compile_route
from gateway.config.contract import Contract, Variant
from gateway.model import Record, Rejection, SchemaVersion
from gateway.service.guard import guarded
from gateway.service.memory import LastVersions
from gateway.service.schemas import OUTAGE_LOOK_S
from tests.unit.service.schema_bench import AWAY, BROKEN, N_AND_M, STAMPED, Bench, M, N, declare


async def test_the_latest_version_runs(bench: Bench) -> None:
    """Records carry its ID; the table is made anew once, not with every look."""
    bench.registry.add("a-value", N)
    second = bench.registry.add("a-value", N_AND_M)
    await bench.refresh(3)
    record = bench.outcome(b'{"n":1}')
    assert isinstance(record, Record)
    assert record.value[:5] == b"\0" + second.schema_id.to_bytes(4, "big")
    assert (bench.running(), bench.changes) == (2, 1)
    assert bench.slot().runs
    assert bench.slot().reason == ""


async def test_what_runs_is_remembered_once_the_disk_has_room(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also if nothing changes any more."""
    bench.registry.add("a-value", N)

    def full_disk(_: int) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr("gateway.registry.durable.os.fsync", full_disk)
    await bench.refresh()
    assert LastVersions(tmp_path).get("a", "a-value") is None
    monkeypatch.undo()
    await bench.refresh()
    assert LastVersions(tmp_path).get("a", "a-value") == 1


async def test_a_pinned_version_runs(tmp_path: Path) -> None:
    """Whatever comes later, and whatever another contract of the subject has in use."""
    bench = Bench(tmp_path, declare("a", version=1, subject="s"), declare("b", subject="s"))
    bench.registry.add("s", N)
    bench.registry.add("s", N_AND_M)
    await bench.refresh(2)
    for _ in range(2):
        assert (bench.running("a"), bench.running("b")) == (1, 2)
        assert bench.slot("a").pending is None
        bench.restart()
        await bench.refresh()


async def test_a_contract_that_is_pinned_from_now_on(tmp_path: Path) -> None:
    """What it had in use before, when it followed the latest, counts no more, nor do its examples."""
    bench = Bench(tmp_path, declare("a", b'{"n":1}'))
    bench.registry.add("a-value", M)
    bench.registry.add("a-value", N)
    await bench.refresh()
    pinned = Bench(tmp_path, declare("a", b'{"n":1}', version=1))
    pinned.registry = bench.registry
    pinned.restart()
    await pinned.refresh(2)
    assert (bench.running(), pinned.running()) == (2, 1)


async def test_an_unknown_subject(bench: Bench) -> None:
    """The contract is inactive, its messages ``unknown-schema``, and the reason says what to do; then it is there."""
    await bench.refresh()
    slot = bench.slot()
    assert (slot.runs, slot.unanswered) == (False, False)
    assert "does not know subject 'a-value'" in slot.reason
    assert "gateway schemas apply" in slot.reason
    refused = bench.outcome(b'{"n":1}')
    assert isinstance(refused, Rejection)
    assert refused.code == "unknown-schema"
    bench.registry.add("a-value", N)
    await bench.refresh()
    assert bench.running() == 1
    assert isinstance(bench.outcome(b'{"n":1}'), Record)


async def test_a_schema_that_does_not_compile(tmp_path: Path) -> None:
    """Its contract is inactive, with the compiler's words; the others run."""
    bench = Bench(tmp_path, declare("a"), declare("b"))
    bench.registry.add("a-value", BROKEN)
    bench.registry.add("b-value", N)
    await bench.refresh()
    assert (bench.running("a"), bench.running("b")) == (None, 1)
    assert "no-such-type" in bench.slot("a").reason
    assert not bench.slot("a").unanswered
    bench.registry.add("a-value", N)
    await bench.refresh()
    assert bench.running("a") == 2


class PanicException(BaseException):
    """A panic in Rust."""


async def test_a_schema_on_which_the_compiler_itself_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Concerns its contract alone, which is inactive with the exception as the reason; the log has the traceback."""
    bench = Bench(tmp_path, declare("a"), declare("b"))
    bench.registry.add("a-value", N)
    bench.registry.add("b-value", N)

    def failing(contract: Contract, *args: Any, **kwargs: Any) -> Route:
        if contract.name == "a":
            raise RecursionError("nested too deeply")
        return compile_route(contract, *args, **kwargs)

    with monkeypatch.context() as patch, capture_logs() as logs:
        patch.setattr("gateway.service.schemas.compile_route", failing)
        await bench.refresh()
        assert (bench.running("a"), bench.running("b")) == (None, 1)
        assert "the gateway failed on it (RecursionError" in bench.slot("a").reason
        assert not bench.slot("a").unanswered
    [entry] = [entry for entry in logs if entry["log_level"] == "error"]
    assert (entry["event"], entry["contract"]) == ("schema_processing_failed", "a")
    assert isinstance(entry["exc_info"], RecursionError)
    bench.registry.add("a-value", N_AND_M)
    await bench.refresh()
    assert bench.running("a") == 2


class Compilations:
    """The versions that were compiled, in order."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.numbers: list[int] = []
        patch.setattr("gateway.service.schemas.compile_route", self._compile)

    def _compile(self, contract: Contract, variant: Variant, version: SchemaVersion, *, depth: int) -> Route:
        self.numbers.append(version.version)
        return compile_route(contract, variant, version, depth=depth)


async def test_what_does_not_compile_is_compiled_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the latest nor the one last in use, with every look; anew when the contract or the version changes."""
    bench = Bench(tmp_path, STAMPED)
    first = bench.registry.add("a-value", N)
    await bench.refresh()
    bench.registry.subjects["a-value"] = [replace(first, text=json.dumps(BROKEN))]
    bench.registry.add("a-value", BROKEN)
    bench.restart()
    compiled = Compilations(monkeypatch)
    await bench.refresh(3)
    assert (bench.running(), sorted(compiled.numbers)) == (None, [1, 2])
    assert "no-such-type" in bench.slot().reason
    bench.schemas.bound_timestamps(lambda _: (1_000_000, None))
    await bench.refresh(3)
    assert sorted(compiled.numbers) == [1, 1, 2, 2]
    bench.registry.add("a-value", N)
    await bench.refresh(3)
    assert (bench.running(), compiled.numbers[4:]) == (3, [3])


async def test_what_counts_under_one_name_has_one_label(bench: Bench) -> None:
    """Counters tell labels apart by identity: each table, and each return of a version, would add others."""
    labels = []
    for guid in (None, "89791762-2336-4186-9674-299b90a802e2", None):
        bench.registry.subjects.clear()
        labels.append(bench.schemas.table().routes[0].label)
        bench.registry.add("a-value", N, guid=guid)
        await bench.refresh()
        labels.append(bench.schemas.table().routes[0].label)
        bench.registry.denied.add(100)
        bench.registry.subjects.clear()
        await bench.refresh()
        bench.registry.denied.clear()
    assert len(set(labels)) == 2


@pytest.mark.parametrize("broken", ["compile_route", "objection"])
@pytest.mark.parametrize("fault", [MemoryError(), KeyError("ours"), PanicException("Rust's")], ids=repr)
async def test_a_new_version_on_which_we_fail(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, broken: str, fault: BaseException
) -> None:
    """In its compilation or in its examples: the last good one stays."""
    bench.registry.add("a-value", N)
    await bench.refresh()
    bench.registry.add("a-value", N_AND_M)

    def failing(*_: Any, **__: Any) -> None:
        raise fault

    monkeypatch.setattr(f"gateway.service.schemas.{broken}", failing)
    await bench.refresh()
    assert (bench.running(), bench.slot().runs) == (1, True)
    assert type(fault).__name__ in bench.slot().pending_reason


@pytest.mark.parametrize("end", [KeyboardInterrupt, SystemExit])
async def test_what_is_meant_to_end_the_process_ends_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, end: type[BaseException]
) -> None:
    """The guard around a schema stops nothing else."""

    def ending(*_: Any, **__: Any) -> None:
        raise end

    monkeypatch.setattr("gateway.service.guard._log", None)
    with pytest.raises(end):
        guarded("a", ending)


async def test_framing_by_header_needs_a_guid(tmp_path: Path) -> None:
    """Registries before Confluent 8 have none: inactive, and the reason says what to declare instead."""
    bench = Bench(tmp_path, declare("a", framing="header"))
    bench.registry.add("a-value", N)
    await bench.refresh()
    assert bench.running() is None
    assert "use framing: prefix" in bench.slot().reason
    bench.registry.subjects.clear()
    bench.registry.add("a-value", N, guid="89791762-2336-4186-9674-299b90a802e2")
    await bench.refresh()
    assert bench.running() == 1


async def test_an_outage_at_start_is_no_unknown_subject(bench: Bench) -> None:
    """Inactive only because the registry does not answer: marked so, looked at soon again, and healed."""
    bench.registry.add("a-value", N)
    bench.registry.failure = AWAY
    await bench.refresh()
    slot = bench.slot()
    assert (slot.runs, slot.unanswered) == (False, True)
    assert "does not answer" in slot.reason
    assert bench.schemas.next_look_s(60) == OUTAGE_LOOK_S
    bench.registry.failure = None
    await bench.refresh()
    assert (slot.runs, slot.unanswered, bench.schemas.next_look_s(60)) == (True, False, 60)


async def test_an_unknown_subject_is_looked_for_at_the_usual_pace(bench: Bench) -> None:
    """It is not the registry's fault."""
    await bench.refresh()
    assert bench.schemas.next_look_s(60) == 60


async def test_an_outage_that_turns_out_to_be_an_unknown_subject(bench: Bench) -> None:
    """From then on it is none any more, so nothing waits for it."""
    bench.registry.failure = AWAY
    await bench.refresh()
    bench.registry.failure = None
    await bench.refresh()
    assert not bench.slot().unanswered
    assert "does not know subject" in bench.slot().reason


@pytest.mark.parametrize("schema", [None, BROKEN], ids=["unknown", "unusable"])
async def test_what_the_registry_said_before_an_outage_stays_true(bench: Bench, schema: Any) -> None:
    """A subject that it does not know, or an unusable schema: the outage is no reason to stop the other contracts."""
    if schema is not None:
        bench.registry.add("a-value", schema)
    await bench.refresh()
    said = bench.slot().reason
    bench.registry.failure = AWAY
    await bench.refresh()
    assert (bench.slot().unanswered, bench.slot().reason) == (False, said)
    assert bench.changes == 1
    bench.registry.failure = None
    bench.registry.add("a-value", N)
    await bench.refresh()
    assert bench.slot().runs
