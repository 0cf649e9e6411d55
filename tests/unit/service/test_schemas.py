"""Which schema runs: at start, across restarts, when the registry has a new version, and when it does not answer."""

from __future__ import annotations

import asyncio
import bisect
import json
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from gateway.compile.route import Route, compile_route
from gateway.config.contract import Contract, Timestamp, Variant
from gateway.config.examples import AcceptedExample, Examples
from gateway.errors import RegistryUnavailable, UnsupportedFormat
from gateway.model import Format, Record, Rejection, SchemaVersion
from gateway.notation.pointer import Pointer
from gateway.notation.template import Template
from gateway.pipeline.routes import RouteTable
from gateway.service.guard import guarded
from gateway.service.memory import LastVersions
from gateway.service.schemas import OUTAGE_LOOK_S, Schemas, Slot
from tests.fakes.registry import FakeRegistry
from tests.unit.compile.compiled import ARRIVAL, record_schema
from tests.unit.registry.fakes import FakeClock
from tests.unit.service.house import contract

N = record_schema(("n", "int"))
N_AND_M = record_schema(("n", "int"), {"name": "m", "type": "int", "default": 0})
M = record_schema(("m", "int"))
BROKEN = record_schema(("n", "no-such-type"))
AWAY = RegistryUnavailable("http://registry:8081 does not answer")


class Bench:
    """Schemas over a registry of lists; ``restart`` keeps only what is remembered."""

    def __init__(self, state: Path, *contracts: Contract) -> None:
        self._state = state
        self._contracts = contracts
        self.registry = FakeRegistry()
        self.changes = 0
        """Times that the table has changed."""
        self.restart()

    def restart(self) -> None:
        """A new process."""
        self.schemas = Schemas(self._contracts, self.registry, LastVersions(self._state), FakeClock(), depth=64)
        self.schemas.on_change = self._changed

    def _changed(self) -> None:
        self.changes += 1

    async def refresh(self, times: int = 1) -> None:
        """The watch's look."""
        for _ in range(times):
            await self.schemas.refresh()

    def slot(self, name: str = "a") -> Slot:
        """The slot of the contract of that name."""
        [slot] = [each for each in self.schemas.slots if each.contract.name == name]
        return slot

    def running(self, name: str = "a") -> int | None:
        """The version that runs, None while the contract is inactive."""
        route = self.slot(name).route
        return None if route is None else route.version.version

    def outcome(self, payload: bytes, topic: str = "a/p7") -> Record | Rejection:
        """What becomes of a payload now."""
        return self.schemas.table().encode(topic, payload, ARRIVAL)


def declare(
    name: str = "a", *accepted: bytes, version: int | None = None, subject: str = "", **declared: Any
) -> Contract:
    """A contract on ``NAME/{device}`` whose examples must be accepted."""
    examples = Examples(tuple(AcceptedExample(f"example {n}", payload) for n, payload in enumerate(accepted)))
    made = replace(contract(f"{name}/{{device}}", **declared), examples=examples, version=version)
    return replace(made, subject=Template.parse(subject), declares_subject=True) if subject else made


STAMPED = declare("a", timestamp=Timestamp(Pointer.parse("/n"), "s", ahead_s=3600, behind_s=7200))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """One contract, of which ``{"n": 1}`` must be accepted."""
    return Bench(tmp_path, declare("a", b'{"n":1}'))


# The start


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


# A new version while running


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


# Timestamps


def bounds(bench: Bench) -> tuple[int, int]:
    """Most seconds ahead and behind that records carry."""
    return _most(bench, 1), _most(bench, -1)


def _most(bench: Bench, way: int) -> int:
    """Most seconds to which a payload's time may be off in this direction, within two hours."""

    def keeps(by_s: int) -> bool:
        record = bench.outcome(b'{"n":%d}' % (ARRIVAL // 1000 + way * by_s))
        assert isinstance(record, Record)
        return not record.timestamp_replaced

    return bisect.bisect_left(range(1, 7201), True, key=lambda by_s: not keeps(by_s))


@pytest.mark.parametrize(
    ("ahead_ms", "behind_ms", "expected"),
    [
        (None, None, (3600, 7200)),
        (3_600_000, None, (3300, 7200)),
        (86_400_000, 1_000_000, (3600, 700)),
        (100_000, 0, (0, 0)),
        (9_223_372_036_854_775_807, 9_223_372_036_854_775_807, (3600, 7200)),
    ],
)
async def test_timestamps_keep_within_what_the_topic_takes(
    tmp_path: Path, ahead_ms: int | None, behind_ms: int | None, expected: tuple[int, int]
) -> None:
    """Less five minutes, because clocks differ: one record beyond would fail its whole batch. Never wider."""
    bench = Bench(tmp_path, STAMPED)
    bench.registry.add("a-value", N)
    await bench.refresh()
    for _ in range(2):
        bench.schemas.bound_timestamps(lambda _: (ahead_ms, behind_ms))
        assert bounds(bench) == expected
    assert bench.changes == (1 if expected == (3600, 7200) else 2)
    table = bench.schemas.table()
    assert isinstance(table, RouteTable)
    assert table.routes[0] is bench.slot().route


async def test_bounds_hold_for_the_next_version_too(tmp_path: Path) -> None:
    """And for a contract that was inactive when they were learned."""
    bench = Bench(tmp_path, STAMPED)
    bench.schemas.bound_timestamps(lambda _: (1_000_000, None))
    for schema in (N, N_AND_M):
        bench.registry.add("a-value", schema)
        await bench.refresh()
        assert bounds(bench) == (700, 7200)


async def test_bounds_that_the_topic_widens(tmp_path: Path) -> None:
    """Are the contract's own again."""
    bench = Bench(tmp_path, STAMPED)
    bench.registry.add("a-value", N)
    await bench.refresh()
    for ahead_ms in (1_000_000, 86_400_000):
        bench.schemas.bound_timestamps(lambda _, limit=ahead_ms: (limit, None))  # type: ignore[misc]  # bound now
    assert bounds(bench) == (3600, 7200)


async def test_bounds_that_are_learned_while_a_version_compiles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hold all the same: else one record beyond the topic's limit fails its batch again and again."""
    bench = Bench(tmp_path, STAMPED)
    bench.registry.add("a-value", N)
    await bench.refresh()
    begun, go_on = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def slow(*args: Any, **kwargs: Any) -> Route:
        loop.call_soon_threadsafe(begun.set)
        go_on.wait(10)
        return compile_route(*args, **kwargs)

    monkeypatch.setattr("gateway.service.schemas.compile_route", slow)
    bench.registry.add("a-value", N_AND_M)
    refreshing = asyncio.create_task(bench.refresh())
    await begun.wait()
    bench.schemas.bound_timestamps(lambda _: (1_000_000, None))
    go_on.set()
    await refreshing
    bench.schemas.bound_timestamps(lambda _: (1_000_000, None))
    assert bench.running() == 2
    assert bounds(bench) == (700, 7200)
