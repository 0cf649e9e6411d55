"""Whether the Kafka topics are there, and take what the gateway would write."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from gateway.config.contract import Timestamp
from gateway.config.files import locating
from gateway.config.load import Project
from gateway.errors import ConfigError, SinkError
from gateway.kafka.permissions import may_write
from gateway.kafka.presence import missing_topics
from gateway.kafka.topics import CLOCK_MARGIN_S, KafkaTopic, TopicInspector
from gateway.plan.findings import Area, Finding, Grade, invalid

RECORD_OVERHEAD_BYTES = 48_588
"""Room for key and headers beside the largest payload: the default of 1 000 000 bytes then needs 1 048 588,
Kafka's own default."""


@dataclass(frozen=True, slots=True)
class _Use:
    """What the gateway would write to one topic."""

    contracts: tuple[str, ...]
    dead_letters: bool
    timestamps: tuple[Timestamp, ...]
    """Declared by contracts that write their records here."""


async def inspect_topics(project: Project, file: str) -> list[Finding]:
    """Each topic as Kafka describes it: existence, leaders, size and timestamp limits, permission."""
    settings = project.settings
    about = settings.kafka.get("bootstrap.servers") or settings.kafka.get("metadata.broker.list", "Kafka")
    uses = _uses(project)
    try:
        with locating(Path(file)):
            missing = await missing_topics(settings.kafka, uses, file=file)
            described, permissions = await _describe(project, list(uses), file)
        found = [Finding(Grade.FINE, Area.KAFKA, about, "answers")]
    except SinkError as exc:
        return [Finding(Grade.UNREACHABLE, Area.KAFKA, about, str(exc))]
    except ConfigError as exc:
        return list(invalid(exc))
    if described is None:
        message = "lists its topics but does not describe them, so limits and permissions were not checked"
        found.append(Finding(Grade.UNKNOWN, Area.KAFKA, about, message))
        described = {name: KafkaTopic(name, exists=name not in missing) for name in uses}
    for name, use in uses.items():
        found += _judge(described[name], use, permissions, settings.limits.payload_bytes)
    return found


async def _describe(
    project: Project, names: list[str], file: str
) -> tuple[dict[str, KafkaTopic] | None, dict[str, bool | None] | None]:
    """The topics and whether we may write to them; None for what Kafka does not answer."""
    kafka = project.settings.kafka
    try:
        topics = await TopicInspector(kafka, file=file).inspect(names)
    except SinkError:
        return None, None
    try:
        return topics, await may_write(kafka, names, file=file)
    except SinkError:
        return topics, None


def _uses(project: Project) -> dict[str, _Use]:
    """What is written to each topic that the contracts name, in the order in which they name them."""
    claims: dict[str, list[tuple[str, bool, Timestamp | None]]] = {}
    for contract in project.contracts:
        for variant in contract.variants():
            claims.setdefault(variant.topic, []).append((contract.name, False, contract.timestamp))
            claims.setdefault(variant.dead_letters, []).append((contract.name, True, None))
    claims.setdefault(project.settings.dead_letters.unrouted, []).append(("", True, None))
    return {
        topic: _Use(
            tuple(dict.fromkeys(name for name, _, _ in made if name)),
            any(dead for _, dead, _ in made),
            tuple(timestamp for _, _, timestamp in made if timestamp is not None),
        )
        for topic, made in claims.items()
    }


def _judge(
    topic: KafkaTopic, use: _Use, permissions: Mapping[str, bool | None] | None, payload_bytes: int
) -> Iterator[Finding]:
    contracts = ", ".join(use.contracts)

    def finding(grade: Grade, message: str, expected: object = "", found: object = "") -> Finding:
        return Finding(grade, Area.KAFKA, topic.name, message, contracts, expected=str(expected), found=str(found))

    if topic.exists is None:
        yield finding(Grade.UNKNOWN, "Kafka does not show it to us: grant DESCRIBE on the topic to have it checked")
        return
    if topic.obstacle:
        yield finding(Grade.PROBLEM, topic.obstacle)
        return
    problems = list(_limits(topic, use, payload_bytes))
    allowed = None if permissions is None else permissions.get(topic.name)
    if allowed is False:
        problems.append("we may not write to it: grant WRITE on the topic to the gateway's principal")
    for message in problems:
        yield finding(Grade.PROBLEM, message)
    if not problems:
        yield finding(Grade.FINE, _described(topic, use))
    if topic.partitions is None:
        return  # Kafka describes no topic at all: said once
    unknown = ["whether we may write to it"] if allowed is None else []
    unknown += ["its size limit"] if topic.max_message_bytes is None else []
    if unknown:
        yield finding(Grade.UNKNOWN, f"Kafka does not say {' and '.join(unknown)}")


def _limits(topic: KafkaTopic, use: _Use, payload_bytes: int) -> Iterator[str]:
    """What the topic's configuration would refuse or lose."""
    needed = payload_bytes + RECORD_OVERHEAD_BYTES
    if topic.max_message_bytes is not None and topic.max_message_bytes < needed:
        loss = "their dead letters would be cut" if use.dead_letters else "larger ones become dead letters"
        yield (
            f"takes record batches of {topic.max_message_bytes} bytes, payloads may have {payload_bytes} "
            f"(limits.payload_bytes) and need {needed}: {loss}; raise the topic's max.message.bytes to {needed}, "
            "or lower limits.payload_bytes"
        )
    if use.dead_letters and "compact" in (topic.cleanup_policy or ""):
        yield (
            "is compacted, but dead letters of unknown devices have no key, which Kafka then refuses, and of each "
            "device only the last one would be kept; set cleanup.policy=delete"
        )
    after = topic.timestamp_after_max_ms
    stamped = topic.timestamp_type != "LogAppendTime"  # else Kafka writes its own, whatever the record says
    if stamped and after is not None and after < CLOCK_MARGIN_S * 1000:
        yield (
            f"refuses timestamps more than {after} ms ahead of its own clock, so clocks that differ would stop the "
            f"gateway; set message.timestamp.after.max.ms to at least {CLOCK_MARGIN_S * 1000}"
        )


def _described(topic: KafkaTopic, use: _Use) -> str:
    """What a person wants to know of a topic that is as it should be."""
    parts = ["exists"]
    if topic.partitions is not None:
        parts = [f"{topic.partitions} partition{'' if topic.partitions == 1 else 's'}"]
    if use.dead_letters:
        parts.append("dead letters")
    if topic.max_message_bytes is not None:
        parts.append(f"batches of up to {topic.max_message_bytes} bytes")
    if use.timestamps and topic.timestamp_type == "LogAppendTime":
        parts.append("Kafka replaces the contract's timestamp by its own (LogAppendTime)")
    elif use.timestamps and topic.timestamp_after_max_ms is not None:
        declared = min(timestamp.ahead_s for timestamp in use.timestamps)
        taken = min(declared, topic.timestamp_after_max_ms // 1000 - CLOCK_MARGIN_S)
        parts.append(f"timestamps up to {taken} s ahead")
    return ", ".join(parts)
