"""Dead letters over several topics: merged by arrival, bounded, followed without gaps or repetitions."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from gateway.config.load import load_project
from gateway.errors import SinkError
from gateway.kafka.reader import StoredRecord
from gateway.service.dead_letters import OVERLAP_MS, Found, Seen, Selection, dead_letter_topics, follow, newest
from tests.parts.projects import ProjectFiles

NOW = 1_700_000_000_000


class Topics:
    """A Kafka of lists: what is read is what was written, and followers wake when something is."""

    def __init__(self) -> None:
        self.records: dict[str, list[StoredRecord]] = defaultdict(list)
        self.reads: list[tuple[str, int | None, bool]] = []
        self.broken: set[str] = set()
        self.open = 0
        self._written = asyncio.Event()

    def write(self, topic: str, at: int, *, partition: int = 0, **headers: str) -> None:
        """Appends a record that arrived ``at`` ms after NOW, with headers ``gw-...``."""
        offset = sum(record.partition == partition for record in self.records[topic])
        listed: list[tuple[str, bytes | None]] = [
            (f"gw-{name}".replace("_", "-"), text.encode()) for name, text in headers.items()
        ]
        self.records[topic].append(StoredRecord(topic, partition, offset, NOW + at, None, b"{}", listed))
        self._written.set()

    async def read(
        self, topic: str, *, since_ms: int | None = None, follow: bool = False
    ) -> AsyncGenerator[StoredRecord, None]:
        """Obeys ``TopicReader.read``."""
        self.reads.append((topic, since_ms, follow))
        if topic in self.broken:
            raise SinkError(f"{topic} cannot be read")
        self.open += 1
        position = 0
        try:
            while True:
                for record in self.records[topic][position:]:
                    position += 1
                    if record.timestamp >= (since_ms or 0):
                        yield record
                if not follow:
                    return
                self._written.clear()
                if position == len(self.records[topic]):
                    await self._written.wait()
        finally:
            self.open -= 1


@pytest.fixture
def topics() -> Topics:
    return Topics()


def arrivals(found: list[Found]) -> list[int]:
    return [each.record.timestamp - NOW for each in found]


async def test_topics_are_merged_by_arrival(topics: Topics) -> None:
    """Newest last, whatever topic and partition they are in."""
    topics.write("a", 3)
    topics.write("a", 1, partition=1)
    topics.write("b", 2)
    found, left_out = await newest(topics, ["a", "b"], Selection(), 10, Seen())
    assert (arrivals(found), left_out) == ([1, 2, 3], 0)
    assert topics.open == 0


async def test_only_the_newest_are_kept(topics: Topics) -> None:
    """And it is said how many are not."""
    for at in (5, 1, 9, 7, 3):
        topics.write("a", at)
    found, left_out = await newest(topics, ["a"], Selection(), 2, Seen())
    assert (arrivals(found), left_out) == ([7, 9], 3)


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (Selection(), [1, 2, 3]),
        (Selection(contract="x"), [1, 2]),
        (Selection(code="no-route"), [2]),
        (Selection(device="p7"), [1]),
        (Selection(contract="x", device="p8"), [2]),
        (Selection(contract="y", code="no-route"), []),
        (Selection(since_ms=NOW + 2), [2, 3]),
    ],
)
async def test_what_is_wanted(topics: Topics, selection: Selection, expected: list[int]) -> None:
    """All filters must hold, those that are not given count for nothing."""
    topics.write("a", 1, contract="x", reason="type-mismatch", device="p7")
    topics.write("a", 2, contract="x", reason="no-route", device="p8")
    topics.write("a", 3, reason="json-invalid")
    found, _ = await newest(topics, ["a"], selection, 10, Seen())
    assert arrivals(found) == expected


async def test_what_is_not_wanted_does_not_count_as_left_out(topics: Topics) -> None:
    """The limit is one of what is shown."""
    for at in range(5):
        topics.write("a", at, reason="no-route" if at == 0 else "json-invalid")
    found, left_out = await newest(topics, ["a"], Selection(code="no-route"), 1, Seen())
    assert (arrivals(found), left_out) == ([0], 0)


async def test_records_without_our_headers_are_shown(topics: Topics) -> None:
    """What somebody else wrote to the topic is there, and has no code."""
    topics.write("a", 1)
    [found], _ = await newest(topics, ["a"], Selection(), 10, Seen())
    assert found.letter.code == ""


async def shown_while(topics: Topics, selection: Selection, seen: Seen, writes: list[tuple[str, int]]) -> list[int]:
    """What is shown when these are written one after the other while following."""
    shown: list[Found] = []
    came = asyncio.Event()

    def show(found: Found) -> None:
        shown.append(found)
        came.set()

    following = asyncio.create_task(follow(topics, ["a", "b"], selection, seen, show))
    try:
        async with asyncio.timeout(5):
            for topic, at in writes:
                topics.write(topic, at)
                await came.wait()
                came.clear()
    finally:
        following.cancel()
        await asyncio.wait([following])
    assert topics.open == 0
    return arrivals(shown)


async def test_following_shows_what_is_new_once(topics: Topics) -> None:
    """Neither what was shown before nor anything twice, from all topics, also with an older time than the newest."""
    topics.write("a", 10)
    topics.write("a", 12)
    seen = Seen()
    await newest(topics, ["a", "b"], Selection(), 10, seen)
    assert await shown_while(topics, Selection(), seen, [("a", 13), ("b", 1), ("a", 11)]) == [13, 1, 11]


async def test_following_reads_again_only_what_is_recent(topics: Topics) -> None:
    """A topic with a long past is not read from its beginning again; an empty one from where it was asked for."""
    topics.write("a", 2 * OVERLAP_MS)
    seen = Seen()
    await newest(topics, ["a", "b"], Selection(since_ms=NOW), 10, seen)
    topics.reads.clear()
    await shown_while(topics, Selection(since_ms=NOW), seen, [("b", 5)])
    assert topics.reads == [("a", NOW + OVERLAP_MS, True), ("b", NOW, True)]


async def test_a_topic_that_fails_ends_following(topics: Topics) -> None:
    """With its error, and with every other reader closed."""
    topics.broken = {"b"}
    with pytest.raises(SinkError, match="b cannot be read"):
        await follow(topics, ["a", "b"], Selection(), Seen(), lambda _: None)
    assert topics.open == 0


def test_the_topics_of_dead_letters(tmp_path: Path) -> None:
    """Of all contracts and of what none claims, each once; or of one contract alone."""
    files = ProjectFiles(tmp_path, dead_letters={"unrouted": "nobody"})
    files.declare("a")
    files.declare("b", dead_letters="shared.dlq")
    files.declare("c", dead_letters="shared.dlq")
    project = load_project(files.config)
    assert dead_letter_topics(project) == ["a.dlq", "shared.dlq", "nobody"]
    assert dead_letter_topics(project, "b") == ["shared.dlq"]
