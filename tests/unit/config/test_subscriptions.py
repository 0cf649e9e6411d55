"""Which filters are subscribed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.config.contract import Contract
from gateway.config.subscriptions import subscriptions
from gateway.notation.template import Template
from gateway.notation.topics import TopicFilter


def contract(text: str, qos: int = 1) -> Contract:
    """A contract that matters only by its filter and QoS."""
    return Contract(text, Path(text), TopicFilter.parse(text), Template.parse("t"), qos=qos)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, []),
        ({"a/{device}": 1}, [("a/+", 1)]),
        ({"a/{device}": 1, "b/{device}": 2}, [("a/+", 1), ("b/+", 2)]),
        ({"a/{x}": 0, "a/{y}": 1}, [("a/+", 1)]),
        ({"#": 1, "a/b": 2, "a/+": 0}, [("#", 2)]),
        ({"#": 1, "$SYS/#": 1, "$SYS/broker/+": 2}, [("#", 1), ("$SYS/#", 2)]),
        ({"a/#": 1, "a": 2}, [("a/#", 2)]),
        ({"+/#": 1, "#": 2}, [("#", 2)]),
        ({"a/b": 2, "a/+": 1, "c": 0}, [("a/+", 2), ("c", 0)]),
    ],
)
def test_only_filters_that_none_covers_are_subscribed(filters: dict[str, int], expected: list[tuple[str, int]]) -> None:
    """At the highest QoS among the contracts that each of them covers."""
    assert subscriptions(contract(text, qos) for text, qos in filters.items()) == expected


def test_a_share_is_in_front_of_every_filter() -> None:
    """All members of a group subscribe the same filters."""
    assert subscriptions([contract("a/{device}"), contract("b")], "ingest") == [
        ("$share/ingest/a/+", 1),
        ("$share/ingest/b", 1),
    ]


LEVELS = st.lists(st.sampled_from(["a", "b", "+"]), min_size=1, max_size=3)
FILTERS = st.builds(lambda levels, end: "/".join([*levels, *end]), LEVELS, st.sampled_from([[], ["#"]]))


@given(st.lists(st.tuples(FILTERS, st.integers(0, 2)), max_size=5), LEVELS)
def test_every_message_of_every_contract_comes_at_its_qos_at_least(
    declared: list[tuple[str, int]], levels: list[str]
) -> None:
    """Whatever topic a contract claims, a subscription brings it, at no lower QoS."""
    contracts = [contract(text, qos) for text, qos in declared]
    topic = "/".join(levels).replace("+", "c")
    brought = [qos for text, qos in subscriptions(contracts) if TopicFilter.parse(text).match(topic) is not None]
    for each in contracts:
        if each.filter.match(topic) is not None:
            assert brought
            assert max(brought) >= each.qos
