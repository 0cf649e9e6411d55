"""Tests of the tests: gateways that are broken on purpose, and the row of the fault matrix that catches each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tests.faults.row import Row
from tests.faults.rows import ROWS


@dataclass(frozen=True, slots=True)
class Broken:
    """A variant of the gateway (variants/broken.py) that must not pass."""

    variant: str
    fault: str
    """The row that catches it; a sound gateway passes there."""
    words: str
    """A regular expression for what the row then complains of."""
    fast: bool = False
    """Whether it is part of ``make test``."""

    @property
    def row(self) -> Row:
        """The row of that name."""
        [row] = [row for row in ROWS if row.fault == self.fault]
        return row

    def is_caught_by(self, failures: Sequence[str]) -> bool:
        """Whether these are complaints of what is broken."""
        return any(re.search(self.words, failure) for failure in failures)


BROKEN = (
    Broken("acknowledges_on_receipt", "gateway SIGKILL mid-batch", "^lost", fast=True),
    Broken("trusts_dead_letters", "dead-letter topic deleted", "^lost", fast=True),
    Broken("writes_out_of_order", "MQTT connection reset", "^disordered", fast=True),
    Broken("produces_again", "Kafka frozen", "^disordered|duplicates, at most|^lost", fast=True),
    Broken("keeps_generations", "MQTT connection reset", "answer nothing", fast=True),
    Broken("acknowledges_out_of_order", "MQTT connection reset", "not the oldest message"),
    Broken("is_not_idempotent", "Kafka's answers lost", "duplicates, at most 0"),
    Broken("drops_duplicates", "gateway SIGKILL mid-batch", "^lost"),
    Broken("takes_repetitions", "MQTT broker repeats what waits", "answer nothing"),
    Broken("gives_its_session_up", "gateway SIGTERM", "^lost"),
    Broken("rewrites_dead_letters", "gateway SIGTERM", "^altered"),
    Broken("keys_by_topic", "gateway SIGTERM", "^misplaced"),
    Broken("loses_precision", "gateway SIGTERM", "^altered"),
    Broken("writes_junk", "gateway SIGTERM", "^spurious"),
    Broken("writes_twice", "gateway SIGTERM", "duplicates, at most 0"),
    Broken("forgets_with_the_broker", "MQTT broker SIGKILL, never saved", "^lost"),
    Broken("condemns_at_once", "crash sweep, 8 kills", "^misplaced"),
    Broken("remembers_no_crash", "a payload that kills the process", "it went on killing"),
    Broken("keeps_silent", "Kafka frozen", "the operator is not told"),
)
