"""The cache: how often the registry is asked, and what is served when it does not answer."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from gateway.errors import RegistryUnavailable, SchemaDoubted, SubjectNotFound, UnsupportedFormat
from gateway.model import Registered
from gateway.registry.cache import NEGATIVE_S, REFRESHES, CachedRegistry
from gateway.registry.failures import RegistryDown
from gateway.registry.reachability import LONGEST_PAUSE_S, PAUSE_S
from gateway.registry.references import MAX_DEPTH
from gateway.registry.schema_ids import UNKNOWN_AGAIN_S
from gateway.registry.snapshot import Snapshot
from tests.unit.registry.fakes import FakeClock, FakeReader, refers_to

URL = "http://registry:8081"
REFRESH_S = 60.0
PROTOBUF = UnsupportedFormat("subject 'pump' holds a schema of type 'PROTOBUF'", 2)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def reader() -> FakeReader:
    return FakeReader()


@pytest.fixture
def start(reader: FakeReader, clock: FakeClock, tmp_path: Path) -> Callable[[], CachedRegistry]:
    """A registry as a gateway finds it after a start: the snapshot of the one before is there."""
    return lambda: CachedRegistry(reader, Snapshot(tmp_path, [URL]), clock, REFRESH_S)


@pytest.fixture
def cached(start: Callable[[], CachedRegistry]) -> CachedRegistry:
    return start()


async def test_fifty_first_uses_at_once_are_one_request(cached, reader):
    """Single flight: all fifty get the same object from one answer."""
    reader.add("pump")
    reader.gate = asyncio.Event()
    uses = [asyncio.ensure_future(cached.latest("pump")) for _ in range(50)]
    await asyncio.sleep(0)
    reader.gate.set()
    answers = await asyncio.gather(*uses)
    assert reader.asked == [("pump", None)]
    assert all(answer is answers[0] for answer in answers)


async def test_a_cancelled_caller_does_not_cancel_the_others(cached, reader):
    """Who leaves early leaves alone."""
    reader.add("pump")
    reader.gate = asyncio.Event()
    first, second = (asyncio.ensure_future(cached.latest("pump")) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    reader.gate.set()
    assert (await second).version == 1
    assert first.cancelled() or first.cancelling()


async def test_latest_is_asked_again_after_refresh_s_and_not_before(cached, reader, clock):
    """A new version is seen when the old answer is refresh_s old."""
    reader.add("pump")
    assert (await cached.latest("pump")).version == 1
    reader.add("pump", '"long"')
    clock.pass_s(REFRESH_S - 1)
    assert (await cached.latest("pump")).version == 1
    assert cached.age_s("pump") == REFRESH_S - 1
    clock.pass_s(1)
    assert (await cached.latest("pump")).version == 2
    assert cached.age_s("pump") == 0
    assert len(reader.asked) == 2


async def test_an_unchanged_answer_is_the_same_object(cached, reader, clock):
    """A refresh that brings nothing new changes nothing: routes compare by identity."""
    reader.add("pump")
    before = await cached.latest("pump")
    clock.pass_s(REFRESH_S)
    assert await cached.latest("pump") is before
    assert len(reader.asked) == 2


async def test_a_version_is_asked_for_rarely(cached, reader, clock):
    """Versions change with the registry only, whether they came as a number or as the latest."""
    reader.add("pump")
    reader.add("pump", '"long"')
    assert (await cached.version("pump", 1)).text == '"string"'
    await cached.latest("pump")
    clock.pass_s(REFRESHES * REFRESH_S - 1)
    await cached.version("pump", 1)
    await cached.version("pump", 2)
    assert reader.asked == [("pump", 1), ("pump", None)]
    clock.pass_s(1)
    for _ in range(2):
        await cached.version("pump", 1)
        await cached.version("pump", 2)
    assert reader.asked[2:] == [("pump", 1), ("pump", 2)]


async def test_a_pinned_version_that_the_registry_has_replaced(cached, reader, clock):
    """Is seen then, and taken."""
    first = reader.add("pump")
    await cached.version("pump", 1)
    reader.entries["pump"] = [replace(first, schema_id=9, text='"long"')]
    clock.pass_s(REFRESHES * REFRESH_S)
    with capture_logs() as logged:
        assert (await cached.version("pump", 1)).schema_id == 9
    assert [line["event"] for line in logged] == ["registry_version_changed"]


@pytest.mark.parametrize("number", [1, 2])
async def test_a_pinned_version_whose_subject_was_deleted(cached, reader, clock, number):
    """Is asked for with every refresh, to see that it is back: also where it has another number from then on."""
    first = reader.add("pump")
    before = await cached.version("pump", 1)
    reader.entries.clear()
    clock.pass_s(REFRESHES * REFRESH_S)
    assert (await cached.version("pump", 1), cached.health.gone) == (before, ("pump",))
    reader.entries["pump"] = [replace(first, version=number)]
    clock.pass_s(REFRESH_S)
    assert (await cached.version("pump", 1), cached.health.gone) == (before, ())


def replaced(reader: FakeReader, version: Registered, **change: object) -> None:
    """The registry has another schema under the version's number."""
    reader.entries[version.subject] = [replace(version, **change)]  # type: ignore[arg-type]  # the test's own values


async def test_a_reference_that_the_registry_has_replaced(cached, reader, clock):
    """Also where the version that refers to it is as it was, with the same ID."""
    position = reader.add("position")
    reader.add("pump", references=refers_to(position))
    await cached.latest("pump")
    replaced(reader, position, text='"long"')
    for _ in range(REFRESHES):
        clock.pass_s(REFRESH_S)
        latest = await cached.latest("pump")
    assert latest.references[0].schema.text == '"long"'


async def test_the_answers_of_two_registries_are_not_mixed(cached, reader, clock):
    """One that is not what we know puts all others in question: asked again at once, in whatever order they come."""
    position, pressure = reader.add("position"), reader.add("pressure")
    pump = reader.add("pump", references=refers_to(position, pressure))
    gate = reader.add("gate")
    await cached.latest("pump")
    await cached.version("gate", 1)
    for each, text in ((position, '"int"'), (pressure, '"float"'), (gate, '"bytes"')):
        replaced(reader, each, text=text)
    replaced(reader, pump, schema_id=9)
    clock.pass_s(REFRESH_S)
    latest = await cached.latest("pump")
    assert [reference.schema.text for reference in latest.references] == ['"int"', '"float"']
    assert (await cached.version("gate", 1)).text == '"bytes"'


async def test_a_version_in_use_is_what_it_refers_to_as_well(cached, reader, clock):
    """The ID gives the same text, and another schema is below it: the version is held no more."""
    position = reader.add("position")
    reader.add("pump", references=refers_to(position))
    used = await cached.latest("pump")
    reader.add("pump", '"long"')
    clock.pass_s(REFRESH_S)
    await cached.latest("pump")
    assert await cached.holds(used)
    replaced(reader, position, text='"long"')
    clock.pass_s(REFRESHES * REFRESH_S)
    reader.failures["position"] = RegistryUnavailable("HTTP 500")
    with pytest.raises(RegistryUnavailable):
        await cached.holds(used)
    del reader.failures["position"]
    assert not await cached.holds(used)


async def test_a_denied_reference_is_not_served_from_our_copy(cached, reader, clock):
    """Deleted softly it is; once its ID means nothing a new version that refers to it is an unusable answer."""
    position = reader.add("position")
    reader.add("pump", references=refers_to(position))
    before = await cached.latest("pump")
    reader.entries.pop("position")
    reader.add("pump", '"long"', references=refers_to(position))
    del reader.ids[position.schema_id]
    for _ in range(REFRESHES + 2):
        clock.pass_s(REFRESH_S)
        latest = await cached.latest("pump")
    assert latest.references == before.references
    assert "a reference cannot be read" in str(cached.health.last_error)


async def test_a_version_that_is_denied_while_it_is_asked_for(cached, reader, clock):
    """And the question has no answer then: nothing is known, and nothing fails."""
    reader.add("pump")
    used = await cached.latest("pump")
    clock.pass_s(REFRESH_S)
    reader.gate = asyncio.Event()
    asking = asyncio.ensure_future(cached.latest("pump"))
    await asyncio.sleep(0)
    reader.ids.clear()
    with pytest.raises(SchemaDoubted):
        await cached.holds(used)
    clock.pass_s(UNKNOWN_AGAIN_S)
    assert not await cached.holds(used)
    reader.failure = RegistryUnavailable("HTTP 500")
    reader.gate.set()
    with pytest.raises(RegistryUnavailable, match="was denied"):
        await asking


async def test_guids_and_extras_are_no_other_schema(cached, start, reader, clock):
    """Nodes of several releases answer with and without; the first GUID stays, across restarts too."""
    first = reader.add("pump", extras=("metadata",))
    guid = "89791762-2336-4186-9674-299b90a802e2"
    with capture_logs() as logged:
        assert (await cached.latest("pump")).guid is None
        for given in (guid, None, guid):
            reader.entries["pump"] = [replace(first, guid=given)]
            clock.pass_s(REFRESH_S)
            assert (await cached.latest("pump")).guid == guid
        reader.entries["pump"] = [first]
        assert (await start().latest("pump")).guid == guid
    assert logged == []


async def test_references_are_resolved_and_asked_for_rarely(cached, reader, clock):
    """A diamond of references is one request a schema, and one object where both sides meet."""
    position = reader.add("position")
    left, right = (reader.add(name, references=refers_to(position)) for name in ("left", "right"))
    reader.add("top", references=refers_to(left, right))
    top = await cached.latest("top")
    sides = [reference.schema for reference in top.references]
    assert [side.subject for side in sides] == ["left", "right"]
    assert sides[0].references[0].schema is sides[1].references[0].schema
    assert sorted(reader.asked, key=str) == [("left", 1), ("position", 1), ("right", 1), ("top", None)]
    clock.pass_s(REFRESH_S)
    await cached.latest("top")
    assert reader.asked[4:] == [("top", None)]


async def test_not_found_is_remembered_for_a_moment(cached, reader, clock):
    """The same question twice is one request; after a registration it is found soon."""
    for _ in range(3):
        with pytest.raises(SubjectNotFound):
            await cached.latest("pump")
    assert len(reader.asked) == 1
    reader.add("pump")
    clock.pass_s(NEGATIVE_S)
    assert (await cached.latest("pump")).version == 1


async def test_a_missing_version_says_nothing_about_the_subject(cached, reader):
    """Version 9 is not there, the latest is."""
    reader.add("pump")
    with pytest.raises(SubjectNotFound):
        await cached.version("pump", 9)
    assert (await cached.latest("pump")).version == 1


async def test_an_outage_serves_what_is_known(cached, reader, clock):
    """Stale is served, its age grows, and health says what is wrong."""
    reader.add("pump")
    before = await cached.latest("pump")
    reader.failure = RegistryUnavailable("HTTP 500")
    clock.pass_s(REFRESH_S * 10)
    assert await cached.latest("pump") is before
    assert cached.age_s("pump") == REFRESH_S * 10
    assert cached.health.reachable is False
    assert cached.health.last_error == "subject 'pump': HTTP 500"
    reader.failure = None
    await cached.latest("pump")
    assert cached.age_s("pump") == 0
    assert cached.health.reachable is True


async def test_an_outage_is_never_not_found(cached, reader, clock):
    """What was never known is unavailable, not missing, and is found after the outage."""
    reader.failure = RegistryDown("connection refused")
    with pytest.raises(RegistryUnavailable):
        await cached.latest("pump")
    reader.failure = None
    reader.add("pump")
    clock.pass_s(PAUSE_S)
    assert (await cached.latest("pump")).version == 1


async def test_a_silent_registry_is_not_asked_for_every_subject(cached, reader, clock):
    """One time-out speaks for all subjects, for PAUSE_S; known ones are served meanwhile."""
    reader.add("known")
    await cached.latest("known")
    reader.failure = RegistryDown("no answer within 10 s")
    clock.pass_s(REFRESH_S)
    with pytest.raises(RegistryUnavailable):
        await cached.latest("a")
    asked = len(reader.asked)
    with pytest.raises(RegistryUnavailable, match=r"^no answer within 10 s$"):
        await cached.latest("b")
    assert (await cached.latest("known")).version == 1
    assert len(reader.asked) == asked
    clock.pass_s(PAUSE_S)
    with pytest.raises(RegistryUnavailable):
        await cached.latest("b")
    assert len(reader.asked) == asked + 1


async def test_garbage_about_one_subject_does_not_stop_the_others(cached, reader):
    """An answer that cannot be used says nothing about the next question."""
    reader.add("good")
    reader.failure = RegistryUnavailable("unusable answer")
    with pytest.raises(RegistryUnavailable):
        await cached.latest("bad")
    reader.failure = None
    assert (await cached.latest("good")).version == 1


async def test_a_subject_that_fails_alone_keeps_the_registry_from_being_well(cached, reader, clock):
    """Answers for others do not hide it, or an alert would never have stood for long enough; it is told once."""
    reader.add("good")
    reader.add("bad")
    reader.failures["bad"] = RegistryUnavailable("HTTP 500")
    with capture_logs() as logged:
        for _ in range(3):
            with pytest.raises(RegistryUnavailable):
                await cached.latest("bad")
            assert await cached.latest("good")
            assert cached.health.reachable is False
            clock.pass_s(REFRESH_S)
        del reader.failures["bad"]
        await cached.latest("bad")
    assert cached.health.reachable is True
    assert [line["event"] for line in logged] == ["registry_unavailable", "registry_back"]


async def test_what_nobody_asks_for_any_more_does_not_fail_for_ever(cached, reader, clock):
    """Such as the version that a contract had in use before."""
    reader.add("good")
    reader.failures["bad"] = RegistryUnavailable("HTTP 500")
    with pytest.raises(RegistryUnavailable):
        await cached.version("bad", 1)
    await cached.latest("good")
    clock.pass_s(2 * REFRESH_S - 1)
    assert cached.health.reachable is False
    clock.pass_s(1)
    assert cached.health.reachable is True


async def test_any_answer_ends_an_outage(cached, reader, clock):
    """Who was asked while nobody answered is asked again in its turn."""
    reader.add("good")
    reader.failure = RegistryDown("connection refused", 0.0)
    with pytest.raises(RegistryUnavailable):
        await cached.latest("other")
    assert cached.health.reachable is False
    reader.failure = None
    await cached.latest("good")
    assert cached.health.reachable is True


@pytest.mark.parametrize(("asked_s", "kept_s"), [(30.0, 30.0), (1e9, LONGEST_PAUSE_S)])
async def test_retry_after_is_honoured_within_reason(cached, reader, clock, asked_s, kept_s):
    """No request before the time is over; a registry cannot silence us for ever."""
    reader.failure = RegistryDown("HTTP 429", retry_after_s=asked_s)
    with pytest.raises(RegistryUnavailable):
        await cached.latest("pump")
    reader.failure = None
    reader.add("pump")
    clock.pass_s(kept_s - 1)
    with pytest.raises(RegistryUnavailable):
        await cached.latest("pump")
    assert len(reader.asked) == 1
    clock.pass_s(1)
    assert (await cached.latest("pump")).version == 1


async def test_garbage_leaves_the_cache_as_it_was(cached, reader, clock):
    """A new version whose references lead in a circle is refused; the last good one stays."""
    first = reader.add("pump")
    before = await cached.latest("pump")
    second = reader.add("pump", '"long"', references=refers_to(first))
    reader.entries["pump"][1] = second.__class__(
        **{name: getattr(second, name) for name in second.__slots__ if name != "references"},
        references=refers_to(second),
    )
    clock.pass_s(REFRESH_S)
    assert await cached.latest("pump") is before
    assert "refers to itself" in str(cached.health.last_error)


async def test_a_deleted_subject_goes_on_with_our_copy(cached, reader, clock):
    """Messages in flight still need it; health names it until it is back."""
    reader.add("pump")
    before = await cached.latest("pump")
    kept = reader.entries.pop("pump")
    clock.pass_s(REFRESH_S)
    assert await cached.latest("pump") is before
    assert cached.health.gone == ("pump",)
    assert cached.age_s("pump") == REFRESH_S
    reader.entries["pump"] = kept
    clock.pass_s(REFRESH_S)
    await cached.latest("pump")
    assert cached.health.gone == ()


async def test_a_reference_that_cannot_be_read_does_not_make_the_subject_missing(cached, reader):
    """The subject is there: that its reference is not is an outage of the registry's."""
    ghost = reader.add("ghost")
    reader.add("pump", references=refers_to(ghost))
    del reader.entries["ghost"]
    with pytest.raises(RegistryUnavailable, match="ghost"):
        await cached.latest("pump")


async def test_a_schema_of_another_type_is_told_as_such(cached, reader, clock):
    """Not an outage: nothing is served instead, and what was one is over."""
    reader.add("pump")
    await cached.latest("pump")
    for failure, reachable in ((RegistryUnavailable("no"), False), (PROTOBUF, True)):
        clock.pass_s(REFRESH_S)
        reader.failure = failure
        with contextlib.suppress(UnsupportedFormat):
            await cached.latest("pump")
        assert cached.health.reachable is reachable
    with pytest.raises(UnsupportedFormat, match="PROTOBUF"):
        await cached.latest("pump")
    assert await cached.version("pump", 1)


async def test_a_reference_of_another_type_is_an_unusable_answer(cached, reader):
    """Of the referring version, whose number the reference's is not."""
    position = reader.add("position")
    reader.add("pump", references=refers_to(position))
    reader.failures["position"] = PROTOBUF
    with pytest.raises(RegistryUnavailable, match=r"a reference cannot be used: .*PROTOBUF"):
        await cached.latest("pump")


async def test_a_version_that_a_changed_reference_makes_too_deep(cached, reader, clock):
    """Each answer may do for itself and not together: as unusable as one that does not."""
    leaf = reader.add("leaf")
    reader.add("pump", references=refers_to(leaf))
    before = await cached.latest("pump")
    link = reader.add("0")
    for number in range(1, MAX_DEPTH - 1):
        link = reader.add(str(number), references=refers_to(link))
    reader.entries["leaf"] = [replace(leaf, references=refers_to(link))]
    assert await cached.latest("pump") is before
    await cached.latest("leaf")
    with pytest.raises(RegistryUnavailable, match=f"chain of more than {MAX_DEPTH} references"):
        await cached.latest("pump")


# After a restart


async def test_the_snapshot_serves_while_the_registry_is_down(cached, start, reader, clock):
    """Latest, pinned and referred versions are as they were; the age goes on."""
    position = reader.add("position")
    reader.add("pump", references=refers_to(position))
    reader.add("pump", '"long"', references=refers_to(position))
    latest, pinned = await cached.latest("pump"), await cached.version("pump", 1)
    reader.failure = RegistryDown("connection refused")
    clock.pass_s(3600)
    again = start()
    assert await again.latest("pump") == latest
    assert await again.version("pump", 1) == pinned
    assert again.age_s("pump") == 3600
    with pytest.raises(RegistryUnavailable):
        await again.latest("never seen")


async def test_the_registry_is_asked_before_the_snapshot_is_trusted(cached, start, reader):
    """A version from the snapshot counts until the registry has answered: it may be another registry by now."""
    reader.add("pump")
    await cached.latest("pump")
    reader.entries.clear()
    reader.add("pump", '"int"', schema_id=77)
    again = start()
    assert (await again.latest("pump")).schema_id == 77
    assert (await again.version("pump", 1)).schema_id == 77


async def test_the_registry_replaces_what_the_snapshot_served_before(cached, start, reader, clock):
    """Served while it was down, corrected as soon as it answers: also where only a reference has changed."""
    position = reader.add("position")
    reader.add("pump", references=refers_to(position))
    await cached.latest("pump")
    again = start()
    reader.failure = RegistryDown("connection refused")
    assert (await again.latest("pump")).references[0].schema.schema_id == position.schema_id
    reader.failure = None
    reader.entries["position"] = []
    reader.add("position", '"int"', schema_id=77)
    clock.pass_s(PAUSE_S)
    assert (await again.latest("pump")).references[0].schema.schema_id == 77


async def test_a_deleted_reference_that_we_hold_is_no_obstacle(cached, start, reader):
    """A new version that refers to it is taken, with our copy inside."""
    position = reader.add("position")
    reader.add("pump", references=refers_to(position))
    await cached.latest("pump")
    del reader.entries["position"]
    reader.add("pump", '"long"', references=refers_to(position))
    again = await start().latest("pump")
    assert again.version == 2
    assert again.references[0].schema.schema_id == position.schema_id


async def test_going_back_to_an_earlier_version_survives_a_restart(cached, start, reader, clock):
    """The latest version was deleted: the one before is the latest, in the snapshot too."""
    reader.add("pump")
    reader.add("pump", '"long"')
    await cached.version("pump", 1)
    await cached.latest("pump")
    reader.entries["pump"].pop()
    clock.pass_s(REFRESH_S)
    assert (await cached.latest("pump")).version == 1
    reader.failure = RegistryDown("connection refused")
    assert (await start().latest("pump")).version == 1


async def test_a_deleted_subject_is_served_from_the_snapshot(cached, start, reader):
    """A restart does not change what a deletion means."""
    reader.add("pump")
    before = await cached.latest("pump")
    reader.entries.clear()
    again = start()
    assert await again.latest("pump") == before
    assert again.health.gone == ("pump",)


async def test_the_snapshot_is_written_only_when_something_changes(cached, reader, clock, tmp_path):
    """Refreshes that bring nothing new do not touch the file; a new version does."""
    file = tmp_path / "registry-snapshot.json"
    reader.add("pump")
    await cached.latest("pump")
    written = file.stat().st_ino
    clock.pass_s(REFRESH_S)
    await cached.latest("pump")
    assert file.stat().st_ino == written
    reader.add("pump", '"long"')
    clock.pass_s(REFRESH_S)
    await cached.latest("pump")
    assert file.stat().st_ino != written


async def test_a_snapshot_that_cannot_be_written_changes_nothing_else(reader, clock, tmp_path):
    """The version is served, health says why it is not kept, and the next change tries again."""
    folder = tmp_path / "state"
    folder.write_text("in the way")
    cached = CachedRegistry(reader, Snapshot(folder, [URL]), clock, REFRESH_S)
    reader.add("pump")
    assert (await cached.latest("pump")).version == 1
    assert "cannot be written" in str(cached.health.snapshot_problem)
    folder.unlink()
    clock.pass_s(REFRESH_S)
    await cached.latest("pump")
    assert cached.health.snapshot_problem is None
    assert (folder / "registry-snapshot.json").exists()


async def test_closing_ends_what_is_under_way(cached, reader):
    """No task stays behind; who waits is told by cancellation."""
    reader.gate = asyncio.Event()
    use = asyncio.ensure_future(cached.latest("pump"))
    await asyncio.sleep(0)
    await cached.aclose()
    with pytest.raises(asyncio.CancelledError):
        await use
