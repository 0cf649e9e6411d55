"""What is in Kafka, counted by contract, and whether it is everything that was published."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from urllib.parse import unquote

from gateway.compile.binding import COERCIONS_HEADER
from gateway.config.contract import Contracts
from gateway.kafka.reader import StoredRecord
from gateway.model import Format
from gateway.pipeline.deadletter import DeadLetter

NO_CONTRACT = "(no contract)"
"""Stands for the contract of messages that none claims."""


@dataclass(slots=True)
class Row:
    """One contract's records and dead letters."""

    contract: str
    topic: str
    """Kafka topic of its records."""
    format: Format | None
    accepted: int = 0
    """Records, coerced ones included."""
    coerced: int = 0
    """Records with at least one conversion."""
    reasons: Counter[str] = field(default_factory=Counter)
    """Dead letters by reason."""

    @property
    def rejected(self) -> int:
        """Dead letters."""
        return self.reasons.total()


def coercions(record: StoredRecord) -> dict[str, str]:
    """What was converted, by place in the payload, "" for the whole; empty if nothing was.

    Read from the record's header, which names at most 16 places (docs/records.md).
    """
    said = (dict(record.headers).get(COERCIONS_HEADER) or b"").decode()
    listed = said.rpartition(";")[2]
    pairs = (each.rpartition("=") for each in listed.split(",") if each)
    return {unquote(path): code for path, _, code in pairs}


class Tally:
    """Counts what is read from Kafka."""

    def __init__(self, contracts: Contracts, unrouted: str) -> None:
        """A row for each variant of the contracts, and one for the topic ``unrouted``."""
        self.rows = [
            Row(contract.name, variant.topic, None if contract.schema is None else contract.schema.format)
            for contract in contracts
            for variant in contract.variants()
        ]
        self._of_topic = {row.topic: row for row in self.rows}
        self._of_contract = {row.contract: row for row in self.rows}
        self._unclaimed = Row(NO_CONTRACT, unrouted, None)
        self.rows.append(self._unclaimed)

    @property
    def accepted(self) -> int:
        """Records in the main topics."""
        return sum(row.accepted for row in self.rows)

    @property
    def coerced(self) -> int:
        """Those of them with at least one conversion."""
        return sum(row.coerced for row in self.rows)

    @property
    def rejected(self) -> int:
        """Dead letters."""
        return sum(row.rejected for row in self.rows)

    @property
    def main_topics(self) -> frozenset[str]:
        """The Kafka topics of typed records."""
        return frozenset(self._of_topic)

    def takes(self, topic: str) -> Row | None:
        """The row whose typed records the Kafka topic holds; None for a topic of dead letters."""
        return self._of_topic.get(topic)

    def count_accepted(self, record: StoredRecord) -> None:
        """Counts a record of a main topic."""
        row = self._of_topic[record.topic]
        row.accepted += 1
        row.coerced += bool(coercions(record))

    def count_rejected(self, letter: DeadLetter) -> None:
        """Counts a dead letter."""
        row = self._of_contract.get(letter.headers.get("gw-contract", ""), self._unclaimed)
        row.reasons[letter.code] += 1


@dataclass(frozen=True, slots=True)
class Balance:
    """What was published against what is in Kafka."""

    published: int
    """Publications of the fleet that the broker confirmed."""
    by_others: int
    """Publications of other clients on topics of the contracts."""
    accepted: int
    """Records in the main topics."""
    rejected: int
    """Dead letters."""

    @property
    def missing(self) -> int:
        """Published and not in Kafka; below 0 there is more in Kafka than was published."""
        return self.published + self.by_others - self.accepted - self.rejected

    @property
    def agrees(self) -> bool:
        """Whether everything published is in Kafka, once."""
        return self.missing == 0


def balance(published: int, by_others: int, ends: Iterable[tuple[str, int]], main: Collection[str]) -> Balance:
    """The balance, from ``(topic, records)`` of each partition; what is not in a topic of ``main`` is a dead letter."""
    held = list(ends)
    accepted = sum(count for topic, count in held if topic in main)
    return Balance(published, by_others, accepted, sum(count for _, count in held) - accepted)
