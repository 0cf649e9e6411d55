"""Payloads replayed against contracts as they were committed, and as they are proposed.

Payloads are captured messages, or what Kafka holds: dead letters are whole messages with their MQTT topic, while of a
record only what became of a payload is left. Such a record is replayed as the JSON that a reader gets, on a topic with
its key as the device; where the committed contract does not take that back, nothing is concluded from it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from gateway.compile import wire
from gateway.compile.binding import DEVICE
from gateway.compile.example import example_topic
from gateway.compile.readback import ReadBack, compile_readback
from gateway.config.contract import Contract, Contracts, Variant
from gateway.config.load import load_contracts, load_existing
from gateway.errors import ConfigError, ConfigProblem
from gateway.history.repository import committed
from gateway.kafka.reader import StoredRecord
from gateway.model import Code, SchemaVersion
from gateway.pipeline.deadletter import read_dead_letter
from gateway.plan.findings import refuse_invalid
from gateway.plan.impact import Impact
from gateway.plan.lines import Line
from gateway.plan.rehearsal import rehearse
from gateway.plan.trial import Outcome, Trial
from gateway.service.dead_letters import Reader
from gateway.service.inspection.folders import Circumstances

_SHORTENED: Final = "gw-payload-bytes"
"""Header of a dead letter that does not have the whole payload."""

_encode = msgspec.json.Encoder(decimal_format="number").encode


@dataclass(slots=True)
class Replay:
    """Payloads that go through both, one after the other."""

    committed: Contracts
    proposed: Contracts
    before: Trial
    after: Trial
    left_out: tuple[str, ...] = ()
    """Subjects whose schema no folder holds, now or before: their messages are not judged."""
    impact: Impact = field(default_factory=Impact)
    unjudged: int = 0
    """Payloads for these subjects."""
    unusable: int = 0
    """Records and dead letters that do not have what was published, or from which nothing can be concluded."""

    @property
    def topics(self) -> list[str]:
        """The Kafka topics that records are in, now or then."""
        return list(dict.fromkeys(variant.topic for variant in self._variants()))

    @property
    def dead_letters(self) -> list[str]:
        """The Kafka topics of their dead letters."""
        return list(dict.fromkeys(variant.dead_letters for variant in self._variants()))

    def _variants(self) -> Iterator[Variant]:
        for contract in (*self.committed, *self.proposed):
            yield from contract.variants()

    def add(self, line: Line, now: int) -> None:
        """One message; it arrives at ``now`` (ms) where nobody knows when."""
        arrival = line.arrival or now
        self._compare(*(each.run(line.payload, arrival, line.topic) for each in (self.before, self.after)))

    def add_record(self, line: Line) -> None:
        """What became of a message; its own conversions are over."""
        before = self.before.run(line.payload, line.arrival or 0, line.topic)
        if before.rejection is not None:
            self.unusable += 1
            return
        self._compare(before, self.after.run(line.payload, line.arrival or 0, line.topic))

    def _compare(self, before: Outcome, after: Outcome) -> None:
        if any(each.rejection is not None and each.rejection.code is Code.UNKNOWN_SCHEMA for each in (before, after)):
            self.unjudged += 1
        else:
            self.impact.add(before, after)


def prepare(folder: Path, around: Circumstances, since: str, now: int, topic: str | None = None) -> Replay:
    """Both sides: what was committed at ``since``, and the files as they are. Payloads arrive on ``topic``.

    Raises ConfigError for contracts or schemas that cannot be used, and where git knows no such commit.
    """
    contracts = load_contracts(folder, around.dead_letters)
    after, unknown = _trial(contracts, around, now, topic)
    with committed(contracts.folder, since) as copy:
        try:
            past = load_existing(copy, around.dead_letters)
            before, unknown_before = _trial(past, around, now, topic)
        except ConfigError as exc:
            problems = [ConfigProblem(since, str(each).replace(f"{copy}/", "")) for each in exc.problems]
            raise ConfigError(problems) from exc
    return Replay(past, contracts, before, after, tuple(sorted({*unknown, *unknown_before})))


def _trial(contracts: Contracts, around: Circumstances, now: int, topic: str | None) -> tuple[Trial, tuple[str, ...]]:
    rehearsal = rehearse(contracts, depth=around.limits.depth, arrival=now)
    refuse_invalid(rehearsal.findings)
    return Trial(rehearsal.table, around.limits, topic=topic), tuple(rehearsal.unknown)


Versions = Callable[[str], Awaitable[Mapping[int, SchemaVersion]]]
"""The versions of a subject, by schema ID."""


@dataclass(frozen=True, slots=True)
class _Writer:
    """Who wrote records with one schema."""

    contract: Contract
    variant: Variant
    read: ReadBack


async def replay_stored(
    replay: Replay,
    reader: Reader,
    versions: Versions,
    dead_letters: Iterable[str],
    records: Iterable[str],
    since_ms: int,
) -> None:
    """Replays what these Kafka topics hold since then. Raises SinkError, RegistryUnavailable."""
    for topic in dead_letters:
        async for record in _read(reader, topic, since_ms):
            line = _of_dead_letter(record)
            if line is None:
                replay.unusable += 1
            else:
                replay.add(line, record.timestamp)
    for topic in records:
        # The committed contracts wrote them, where they are as they were at that commit.
        writers = await _writers([*replay.proposed, *replay.committed], topic, versions)
        async for record in _read(reader, topic, since_ms):
            line = _of_record(record, writers)
            if line is None:
                replay.unusable += 1
            else:
                replay.add_record(line)


async def _read(reader: Reader, topic: str, since_ms: int) -> AsyncIterator[StoredRecord]:
    async with aclosing(reader.read(topic, since_ms=since_ms)) as records:
        async for record in records:
            yield record


def _of_dead_letter(record: StoredRecord) -> Line | None:
    """The message that was rejected, None where it is not all there."""
    letter = read_dead_letter(record.value, record.key, record.headers)
    topic = letter.headers.get("gw-mqtt-topic")
    if topic is None or _SHORTENED in letter.headers:
        return None
    return Line(letter.payload, topic, record.timestamp)


async def _writers(contracts: Iterable[Contract], topic: str, versions: Versions) -> dict[int, _Writer]:
    """By schema ID; of several contracts the last."""
    return {
        schema_id: _Writer(contract, variant, compile_readback(version))
        for contract in contracts
        for variant in contract.variants()
        if variant.topic == topic
        for schema_id, version in (await versions(variant.subject)).items()
    }


def _of_record(record: StoredRecord, writers: Mapping[int, _Writer]) -> Line | None:
    """What a reader gets, as if it was published so; None where that cannot be said."""
    try:
        schema_id, body = wire.split(record.value or b"")
        writer = writers[schema_id]
        payload = _encode(writer.read(body))
    except (ValueError, KeyError):
        return None
    captured = {} if record.key is None else {DEVICE: record.key.decode("utf-8", "replace")}
    return Line(payload, example_topic(writer.contract, writer.variant, payload, captured), record.timestamp)
