"""The counters of ``Stats``, added up by contract: the one reading that metrics, status and page share.

``Stats`` counts by route label, and a contract has several of them: one for each variant, and a new one
after each schema change. People ask by contract.

Rules
- Every contract is there from the start, with zeros, so that an alert sees its first event.
- ``valid + coerced + rejected`` is what was handled; ``accepted`` is the first two.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import accumulate

from gateway.model import Code
from gateway.pipeline.overview import Overview
from gateway.pipeline.stats import LATENCY_BUCKETS_S, Histogram

UNROUTED = "(unrouted)"
"""Stands for the contract of a message that no contract claims; the brackets keep it from looking like a folder."""


@dataclass(slots=True)
class ContractCounts:
    """What became of one contract's messages since the process started."""

    accepted: int = 0
    """Records for the main topics, coerced ones included."""
    coerced: int = 0
    """Those of them with at least one conversion."""
    timestamps_replaced: int = 0
    """Those of them whose declared timestamp gave way to the arrival."""
    coercions: Counter[str] = field(default_factory=Counter)
    """Conversions by code."""
    rejections: Counter[Code] = field(default_factory=Counter)
    """Dead letters by reason."""

    @property
    def valid(self) -> int:
        """Records made without a conversion."""
        return self.accepted - self.coerced

    @property
    def rejected(self) -> int:
        """Dead letters."""
        return self.rejections.total()

    @property
    def handled(self) -> int:
        """Records and dead letters."""
        return self.accepted + self.rejected


def count_by_contract(overview: Overview) -> dict[str, ContractCounts]:
    """The counts of every contract, in the overview's order, ``UNROUTED`` last."""
    stats = overview.stats
    counts = {contract.label.contract: ContractCounts() for contract in overview.contracts}
    unrouted = ContractCounts()

    def of(name: str) -> ContractCounts:
        return counts.setdefault(name, ContractCounts())

    for label, number in stats.accepted.items():
        of(label.contract).accepted += number
    for label, number in stats.coerced.items():
        of(label.contract).coerced += number
    for label, number in stats.timestamps_replaced.items():
        of(label.contract).timestamps_replaced += number
    for (label, conversion), number in stats.coercions.items():
        of(label.contract).coercions[conversion] += number
    for (taker, code), number in stats.rejected.items():
        (unrouted if taker is None else of(taker.contract)).rejections[code] += number
    return {**counts, UNROUTED: unrouted}


def total(counts: dict[str, ContractCounts]) -> ContractCounts:
    """All contracts together, with what no contract claims."""
    whole = ContractCounts()
    for each in counts.values():
        whole.accepted += each.accepted
        whole.coerced += each.coerced
        whole.timestamps_replaced += each.timestamps_replaced
        whole.coercions.update(each.coercions)
        whole.rejections.update(each.rejections)
    return whole


def quantile_s(latency: Histogram, share: float) -> float | None:
    """Seconds within which at least ``share`` of the observations lie: the bound of a bucket, so rather too high.

    None without observations; infinity if they reach beyond the last bound.
    """
    wanted = share * sum(latency.counts)
    if not wanted:
        return None
    bounds = (*LATENCY_BUCKETS_S, float("inf"))
    return next(bound for bound, reached in zip(bounds, accumulate(latency.counts), strict=True) if reached >= wanted)
