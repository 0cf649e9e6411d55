"""Which schema runs when the registry's latest is not the version in use: deleted, purged, wiped, restored, replaced.

Over the real cache and its snapshot, so that restarts are real too.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from gateway.config.contract import Contract
from gateway.errors import GatewayError, RegistryUnavailable, UnsupportedFormat
from gateway.model import Format, Record, Rejection
from gateway.registry.cache import REFRESHES, CachedRegistry
from gateway.registry.failures import RegistryDown
from gateway.registry.references import content
from gateway.registry.snapshot import Snapshot
from gateway.service.memory import LastVersions
from gateway.service.schemas import OUTAGE_LOOK_S, Schemas, Slot
from tests.unit.compile.compiled import ARRIVAL, record_schema
from tests.unit.registry.fakes import FakeClock, FakeReader, refers_to
from tests.unit.service.schema_bench import declare

REFRESH_S = 60.0
N = json.dumps(record_schema(("n", "int")))
N_AND_M = json.dumps(record_schema(("n", "int"), {"name": "m", "type": "int", "default": 0}))
M = json.dumps(record_schema(("m", "int")))
BROKEN = json.dumps(record_schema(("n", "no-such-type")))
AWAY = RegistryDown("http://registry:8081 does not answer")
FAILED = RegistryUnavailable("HTTP 500")


class Bench:
    """One contract, ``{"n": 1}`` accepted, over the cache of a registry in memory."""

    def __init__(self, state: Path, *contracts: Contract) -> None:
        self.state = state
        self._contracts = contracts
        self.reader = FakeReader()
        self.clock = FakeClock()
        self.restart()

    def restart(self) -> None:
        """A new process: what it remembers is on disk."""
        self.cache = CachedRegistry(self.reader, Snapshot(self.state, ["http://registry"]), self.clock, REFRESH_S)
        self.schemas = Schemas(self._contracts, self.cache, LastVersions(self.state), self.clock, depth=64)
        self.schemas.on_change = lambda: None

    async def look(self, times: int = 1) -> None:
        """The watch's look, when it is due."""
        for _ in range(times):
            self.clock.pass_s(REFRESH_S)
            await self.schemas.refresh()

    @property
    def slot(self) -> Slot:
        """The contract's."""
        return self.schemas.slots[0]

    @property
    def running(self) -> tuple[int, int] | None:
        """Version and schema ID that records carry now; None while they are dead letters."""
        outcome = self.schemas.table().encode("a/p7", b'{"n":1}', ARRIVAL)
        route = self.slot.route
        if route is None:
            assert isinstance(outcome, Rejection)
            assert outcome.code == "unknown-schema"
            return None
        if isinstance(outcome, Record):
            assert outcome.value[:5] == b"\0" + route.version.schema_id.to_bytes(4, "big")
        return route.version.version, route.version.schema_id


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path, declare("a", b'{"n":1}'))


@pytest.fixture
async def second(bench: Bench) -> Bench:
    """Version 2 runs."""
    bench.reader.add("a-value", N)
    bench.reader.add("a-value", N_AND_M)
    await bench.look()
    assert bench.running == (2, 2)
    return bench


async def test_a_softly_deleted_version_goes_on(second: Bench) -> None:
    """The latest is lower, and the ID still means the schema in use: asked each time, and across restarts."""
    second.reader.entries["a-value"].pop()
    for _ in range(2):
        await second.look(3)
        assert (second.running, second.slot.pending) == ((2, 2), None)
        second.restart()
    assert set(second.reader.asked_ids) == {2}


async def test_a_softly_deleted_subject_goes_on(second: Bench) -> None:
    """And is named, across restarts too, until it is registered again."""
    kept = second.reader.entries.pop("a-value")
    for _ in range(2):
        await second.look(3)
        assert (second.running, second.cache.health.gone) == ((2, 2), ("a-value",))
        second.restart()
    second.reader.entries["a-value"] = kept
    await second.look()
    assert (second.running, second.cache.health.gone) == ((2, 2), ())


def wiped(bench: Bench) -> None:
    """Another team's schema has the ID now."""
    bench.reader.purge()
    bench.reader.add("a-value", N_AND_M)
    bench.reader.add("b-value", M)


def purged(bench: Bench) -> None:
    """Deleted for good, and registered again: nothing has the ID."""
    bench.reader.purge()
    bench.reader.add("a-value", N_AND_M, schema_id=3)


@pytest.mark.parametrize(("happens", "then"), [(wiped, (1, 1)), (purged, (1, 3))])
async def test_a_version_that_the_registry_denies(
    second: Bench, happens: Callable[[Bench], None], then: tuple[int, int]
) -> None:
    """Believed when it is denied again: then the registry's latest runs, lower or not, and stays across restarts."""
    happens(second)
    with capture_logs() as logs:
        await second.look()
        assert (second.running, second.schemas.next_look_s(REFRESH_S)) == ((2, 2), OUTAGE_LOOK_S)
        await second.look()
        assert (second.running, second.schemas.next_look_s(REFRESH_S)) == (then, REFRESH_S)
    assert [entry["event"] for entry in logs] == ["registry_version_changed", "schema_taken_over"]
    for failure in (None, AWAY):
        second.reader.failure = failure
        second.restart()
        await second.look(3)
        assert second.running == then


async def test_a_denial_that_was_a_node_lagging_behind(second: Bench) -> None:
    """Said once and not again: nothing changes, and the next one is the first again."""
    meant = second.reader.ids[2]
    kept = second.reader.entries["a-value"].pop()
    for _ in range(3):
        del second.reader.ids[2]
        await second.look()
        second.reader.ids[2] = meant
        await second.look(2)
    second.reader.entries["a-value"].append(kept)
    await second.look()
    assert second.running == (2, 2)


async def test_what_is_denied_is_replaced_whatever_the_examples_say(second: Bench) -> None:
    """As at a restart: under the old ID nothing may be written any more."""
    second.reader.purge()
    second.reader.add("a-value", M)
    await second.look(2)
    assert (second.running, second.slot.pending) == ((1, 1), None)


async def test_a_held_back_version_of_a_registry_that_was_replaced(bench: Bench) -> None:
    """The latest rejects an example, and was held back for the sake of a version that is none any more."""
    bench.reader.add("a-value", N)
    await bench.look()
    bench.reader.add("a-value", M)
    await bench.look(3)
    assert (bench.running, bench.slot.pending) == ((1, 1), 2)
    bench.reader.purge()
    for text in (M, BROKEN, M):
        bench.reader.add("a-value", text)
    await bench.look(2)
    assert (bench.running, bench.slot.pending) == ((3, 3), None)


@pytest.mark.parametrize("failure", [AWAY, FAILED], ids=["silent", "failing"])
async def test_an_unanswered_question_changes_nothing(second: Bench, failure: GatewayError) -> None:
    """However often: neither what runs, nor what was said before."""
    second.reader.entries["a-value"].pop()
    second.reader.failures["id 2"] = failure
    await second.look(5)
    assert (second.running, second.cache.health.reachable) == ((2, 2), False)
    del second.reader.failures["id 2"]
    await second.look(5)
    assert (second.running, second.cache.health.reachable) == ((2, 2), True)


@pytest.mark.parametrize("text", [None, BROKEN], ids=["gone", "unusable"])
async def test_without_another_version_the_contract_stops(second: Bench, text: str | None) -> None:
    """Inactive as at a first start, so its messages are dead letters; also after a restart, even in an outage."""
    second.reader.purge()
    if text is not None:
        second.reader.add("a-value", text)
    await second.look(2)
    assert second.running is None
    assert ("does not know subject" if text is None else "no-such-type") in second.slot.reason
    assert not second.slot.unanswered
    assert second.cache.health.gone == ()
    for failure in (None, AWAY):
        second.reader.failure = failure
        second.restart()
        await second.look()
        assert second.running is None
    second.reader.failure = None
    second.reader.add("a-value", N)
    await second.look()
    assert second.running is not None


async def test_a_version_of_another_type_takes_the_place(second: Bench) -> None:
    """The latest cannot be used, and the version in use is none any more: stopped; else it goes on."""
    second.reader.failures["a-value"] = UnsupportedFormat("it is PROTOBUF", 3)
    second.reader.failures["id 2"] = FAILED
    await second.look(2)
    assert (second.running, second.slot.pending) == ((2, 2), None)
    del second.reader.failures["id 2"]
    await second.look(2)
    assert (second.running, second.slot.pending) == ((2, 2), 3)
    second.reader.purge()
    await second.look(2)
    assert (second.running, second.slot.pending) == (None, None)
    assert "PROTOBUF" in second.slot.reason


async def test_a_start_after_the_registry_was_wiped(second: Bench) -> None:
    """The version last in use is on disk, and denied: messages wait until it was denied again, then the latest runs."""
    wiped(second)
    second.restart()
    await second.look()
    assert (second.running, second.slot.unanswered) == (None, True)
    assert "is in doubt" in second.slot.reason
    assert second.schemas.next_look_s(REFRESH_S) == OUTAGE_LOOK_S
    await second.look()
    assert (second.running, second.slot.unanswered) == ((1, 1), False)


async def test_a_start_with_a_deleted_subject_while_ids_have_no_answer(second: Bench) -> None:
    """An outage: what the snapshot has goes on."""
    second.reader.entries.clear()
    second.reader.failures["id 2"] = FAILED
    second.restart()
    await second.look()
    assert second.running == (2, 2)


async def test_two_contracts_of_one_subject_ask_once(tmp_path: Path) -> None:
    """Their two questions in one look are one denial, so both wait for the second."""
    bench = Bench(tmp_path, declare("a", subject="s"), declare("b", subject="s"))
    bench.reader.add("s", N)
    bench.reader.add("s", N_AND_M)
    await bench.look()
    bench.reader.purge()
    bench.reader.add("s", N, schema_id=9)
    await bench.look()
    assert [slot.route and slot.route.version.version for slot in bench.schemas.slots] == [2, 2]
    await bench.look()
    assert [slot.route and slot.route.version.schema_id for slot in bench.schemas.slots] == [9, 9]


async def test_a_pinned_version_that_the_registry_denies(tmp_path: Path) -> None:
    """Is asked for rarely; then the contract is inactive, and runs again with what has the number."""
    bench = Bench(tmp_path, declare("a", b'{"n":1}', version=1))
    bench.reader.add("a-value", N)
    await bench.look()
    bench.reader.purge()
    await bench.look(REFRESHES + 1)
    assert bench.running is None
    bench.reader.failure = AWAY
    bench.restart()
    await bench.look()
    assert bench.running is None
    bench.reader.failure = None
    bench.reader.add("a-value", N_AND_M, schema_id=5)
    await bench.look()
    assert bench.running == (1, 5)


# Another schema under the number in use


async def test_another_schema_under_the_same_number(bench: Bench) -> None:
    """The registry's runs, at once and although it rejects an accepted example: the ID means nothing else now."""
    bench.reader.add("a-value", N)
    await bench.look()
    bench.reader.purge()
    bench.reader.add("a-value", M)
    with capture_logs() as logs:
        await bench.look()
    assert (bench.running, bench.slot.pending) == ((1, 1), None)
    assert isinstance(bench.schemas.table().encode("a/p7", b'{"m":1}', ARRIVAL), Record)
    assert [entry["event"] for entry in logs] == ["registry_version_changed", "schema_taken_over"]


async def test_an_unusable_schema_under_the_same_number(bench: Bench) -> None:
    """While the ID in use still means its schema that one goes on; from its second denial the contract is inactive."""
    first = bench.reader.add("a-value", N)
    await bench.look()
    bench.reader.entries["a-value"] = [replace(first, schema_id=7, text=BROKEN)]
    await bench.look(3)
    assert (bench.running, bench.slot.pending) == ((1, 1), 1)
    bench.reader.ids[1] = content(replace(first, format=Format.JSON, text="true"))
    await bench.look(2)
    assert (bench.running, bench.slot.pending) == (None, None)
    assert "no-such-type" in bench.slot.reason


# What is kept


def kept(bench: Bench) -> list[tuple[str, int]]:
    """The versions on disk."""
    return sorted(Snapshot(bench.state, ["http://registry"]).load().versions)


async def test_what_nobody_uses_any_more_is_forgotten(tmp_path: Path) -> None:
    """On disk are the latest, the one in use, the pinned one, and what they refer to, however many came."""
    bench = Bench(tmp_path, declare("a", b'{"n":1}'), declare("b", subject="s", version=1))
    fixed = '{"type":"fixed","name":"F","size":2}'
    old, new = bench.reader.add("old", fixed), bench.reader.add("new", fixed)
    bench.reader.add("a-value", N, references=refers_to(old))
    bench.reader.add("s", N)
    bench.reader.add("s", N_AND_M)
    await bench.look()
    assert kept(bench) == [("a-value", 1), ("old", 1), ("s", 1)]
    for text in (M, BROKEN, M):
        bench.reader.add("a-value", text, references=refers_to(new))
        await bench.look()
    assert kept(bench) == [("a-value", 1), ("a-value", 4), ("new", 1), ("old", 1), ("s", 1)]
    bench.reader.failure = AWAY
    bench.restart()
    await bench.look()
    assert [slot.route and slot.route.version.version for slot in bench.schemas.slots] == [1, 1]
    bench.reader.failure = None
    bench.reader.add("a-value", N_AND_M)
    await bench.look()
    assert (bench.running, kept(bench)) == ((5, 9), [("a-value", 5), ("s", 1)])
