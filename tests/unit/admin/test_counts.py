"""Counters by label become counts by contract."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from gateway.admin.counts import UNROUTED, count_by_contract, quantile_s, total
from gateway.model import Code
from gateway.pipeline.stats import Histogram, Stats
from tests.unit.admin.overviews import FRIDGE, PUMP_2, PUMP_3, busy, contract, starting, stats


def test_the_schema_versions_of_a_contract_are_added_up():
    """A contract's numbers go on when its schema changes."""
    pump = count_by_contract(busy())["industry/pump"]
    assert (pump.accepted, pump.valid, pump.coerced) == (1_234_100, 1_000_090, 234_010)
    assert pump.rejections == {Code.OUT_OF_RANGE: 9, Code.UNKNOWN_FIELD: 7}
    assert pump.coercions == {"string-to-number": 234_015}


def test_outcomes_add_up_to_what_was_handled():
    """Every record and every dead letter is in exactly one outcome."""
    counted = stats()
    handled = counted.accepted.total() + counted.rejected.total()
    counts = count_by_contract(busy())
    assert sum(each.valid + each.coerced + each.rejected for each in counts.values()) == handled
    assert total(counts).handled == handled


def test_contracts_without_messages_are_there_in_the_order_of_the_overview():
    """With zeros, and what no contract claims comes last."""
    assert list(count_by_contract(busy())) == [
        "industry/pump",
        "logistics/cold-chain",
        "health/patient-vitals",
        UNROUTED,
    ]
    assert [each.handled for each in count_by_contract(starting()).values()] == [0, 0]


def test_what_no_contract_claims_is_counted_apart():
    """A rejection without label belongs to nobody."""
    unrouted = count_by_contract(busy())[UNROUTED]
    assert (unrouted.accepted, unrouted.rejections) == (0, {Code.NO_ROUTE: 6})


def test_a_label_that_no_contract_state_has_is_not_lost():
    """Numbers of a contract that the overview does not list stay visible."""
    overview = replace(busy(), contracts=(contract(PUMP_3),))
    assert count_by_contract(overview)["logistics/cold-chain"].accepted == 50


def test_replaced_timestamps_belong_to_their_contract():
    """They are a part of the accepted ones."""
    only = replace(
        busy(), stats=Stats(accepted=Counter({PUMP_2: 1, FRIDGE: 9}), timestamps_replaced=Counter({FRIDGE: 4}))
    )
    assert {name: each.timestamps_replaced for name, each in count_by_contract(only).items() if each.accepted} == {
        "industry/pump": 0,
        "logistics/cold-chain": 4,
    }


@pytest.mark.parametrize(
    ("observations", "share", "bound"),
    [
        ([0.004] * 98 + [0.3] * 2, 0.5, 0.005),
        ([0.004] * 98 + [0.3] * 2, 0.98, 0.005),
        ([0.004] * 98 + [0.3] * 2, 0.99, 0.5),
        ([0.001], 0.99, 0.001),
        ([61.0], 0.5, float("inf")),
        ([], 0.5, None),
    ],
)
def test_a_quantile_is_the_bound_of_its_bucket(observations, share, bound):
    """At least that share of the observations lies at or below it; there is none without observations."""
    latency = Histogram()
    for seconds in observations:
        latency.observe(seconds)
    assert quantile_s(latency, share) == bound
