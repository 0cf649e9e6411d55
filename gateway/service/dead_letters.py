"""Dead letters read back from Kafka, over all topics that the contracts write them to.

Rules
- Read only: no consumer group, nothing committed.
- Memory is bounded by how many are wanted: of what there is, the newest are kept.
- Time is arrival at the gateway. Topics are merged by it; what follows later comes as it is written.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import dataclass, field
from typing import Protocol

from gateway.config.load import Project
from gateway.kafka.reader import StoredRecord
from gateway.pipeline.deadletter import DeadLetter, read_dead_letter

OVERLAP_MS = 3_600_000
"""Following starts this much before the newest dead letter seen: gateways' clocks differ, and some deliver late."""

Place = tuple[str, int]
"""Topic and partition."""


class Reader(Protocol):
    """``kafka.reader.TopicReader``, or a fake."""

    def read(
        self, topic: str, *, since_ms: int | None = None, follow: bool = False
    ) -> AsyncGenerator[StoredRecord, None]:
        """The topic's records, from ``since_ms`` on, to its end or for ever. Raises SinkError."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which dead letters are wanted; None: whatever it is."""

    contract: str | None = None
    code: str | None = None
    device: str | None = None
    since_ms: int | None = None
    """Arrival, milliseconds since 1970 UTC."""

    def takes(self, found: Found) -> bool:
        """Whether it is one of them."""
        letter, headers = found.letter, found.letter.headers
        return (
            found.record.timestamp >= (self.since_ms or 0)
            and self.contract in {None, headers.get("gw-contract")}
            and self.code in {None, letter.code}
            and self.device in {None, headers.get("gw-device")}
        )


@dataclass(frozen=True, slots=True)
class Found:
    """A dead letter, and where it is kept."""

    record: StoredRecord
    letter: DeadLetter

    @property
    def order(self) -> tuple[int, str, int, int]:
        """By arrival, then by place."""
        return self.record.timestamp, self.record.topic, self.record.partition, self.record.offset


@dataclass(slots=True)
class Seen:
    """How far the topics have been read."""

    offsets: dict[Place, int] = field(default_factory=dict)
    newest_ms: dict[str, int] = field(default_factory=dict)

    def note(self, record: StoredRecord) -> bool:
        """Whether the record was not read before; then it counts as read."""
        place = (record.topic, record.partition)
        if record.offset <= self.offsets.get(place, -1):
            return False
        self.offsets[place] = record.offset
        self.newest_ms[record.topic] = max(record.timestamp, self.newest_ms.get(record.topic, 0))
        return True


def dead_letter_topics(project: Project, contract: str | None = None) -> list[str]:
    """The Kafka topics of dead letters: of one contract, or of all and of messages that none claims."""
    named = [each for each in project.contracts if contract in {None, each.name}]
    topics = [variant.dead_letters for each in named for variant in each.variants()]
    if contract is None:
        topics.append(project.settings.dead_letters.unrouted)
    return list(dict.fromkeys(topics))


async def newest(
    reader: Reader, topics: Iterable[str], selection: Selection, limit: int, seen: Seen
) -> tuple[list[Found], int]:
    """The newest ``limit`` dead letters that are there now, newest last, and how many older ones were left out.

    ``seen`` then knows what was read. Raises SinkError.
    """
    kept: list[tuple[tuple[int, str, int, int], Found]] = []
    left_out = 0
    for topic in topics:
        async with _reading(reader, topic, selection.since_ms, follow=False) as records:
            async for record in records:
                seen.note(record)
                found = _found(record)
                if not selection.takes(found):
                    continue
                if len(kept) < limit:
                    heapq.heappush(kept, (found.order, found))
                else:
                    heapq.heappushpop(kept, (found.order, found))
                    left_out += 1
    return [found for _, found in sorted(kept, key=lambda pair: pair[0])], left_out


async def follow(
    reader: Reader, topics: Iterable[str], selection: Selection, seen: Seen, show: Callable[[Found], None]
) -> None:
    """Shows what is written from now on, topic by topic as it comes, until it is cancelled. Raises SinkError."""

    async def one(topic: str) -> None:
        since_ms = _resume_at(selection.since_ms, seen.newest_ms.get(topic))
        async with _reading(reader, topic, since_ms, follow=True) as records:
            async for record in records:
                found = _found(record)
                if seen.note(record) and selection.takes(found):
                    show(found)

    tasks = [asyncio.create_task(one(topic), name=f"dead letters of {topic}") for topic in topics]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


def _resume_at(since_ms: int | None, newest_ms: int | None) -> int | None:
    """From where following reads: again what is recent, because offsets tell what was seen."""
    if newest_ms is None:
        return since_ms
    return max(newest_ms - OVERLAP_MS, since_ms or 0)


def _reading(
    reader: Reader, topic: str, since_ms: int | None, *, follow: bool
) -> AbstractAsyncContextManager[AsyncGenerator[StoredRecord, None]]:
    """The topic's records; the client that reads them ends with the block."""
    return aclosing(reader.read(topic, since_ms=since_ms, follow=follow))


def _found(record: StoredRecord) -> Found:
    return Found(record, read_dead_letter(record.value, record.key, record.headers))
