"""Whose messages a set of topic filters brings."""

from __future__ import annotations

import pytest

from gateway.notation.topics import TopicFilter
from gateway.service import coverage
from gateway.service.coverage import FilterSet, bare_filter

HELD = FilterSet(["plant/+", "$share/g/line/#", "exact/one"])


@pytest.mark.parametrize(
    ("wanted", "brings", "touches"),
    [
        ("plant/{device}", True, True),
        ("plant/p7", True, True),
        ("plant/#", False, True),
        ("#", False, True),
        ("line/{rest...}", True, True),
        ("line", True, True),
        ("exact/+", False, True),
        ("exact/two", False, False),
        ("other/+", False, False),
    ],
)
def test_whose_messages_they_bring(wanted: str, brings: bool, touches: bool) -> None:
    """All where one filter covers the wanted one, some where it overlaps; the same however often it is asked."""
    for _ in range(2):
        assert HELD.bring(TopicFilter.parse(wanted)) is brings
        assert HELD.touch(TopicFilter.parse(wanted)) is touches


def test_no_filters_bring_nothing() -> None:
    """The state before anything is granted."""
    assert not FilterSet(()).bring(TopicFilter.parse("a"))
    assert not FilterSet(()).touch(TopicFilter.parse("#"))


def test_an_answer_is_found_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks ask for each of hundreds of contracts, again and again; a filter that is there needs no search at all."""
    filters = [TopicFilter.parse(f"site/{number}/+") for number in range(100)]
    held = FilterSet([each.mqtt for each in filters])
    missing = TopicFilter.parse("elsewhere/+")
    assert not held.bring(missing)
    monkeypatch.setattr(coverage, "covers", None)
    assert not held.bring(missing)
    assert all(held.bring(each) and held.touch(each) for each in filters)


@pytest.mark.parametrize(
    ("name", "bare"), [("a/+", "a/+"), ("$share/g/a/+", "a/+"), ("$share/g/#", "#"), ("$SYS/broker/#", "$SYS/broker/#")]
)
def test_the_filter_in_a_share(name: str, bare: str) -> None:
    """Without ``$share/GROUP/``; other topics with $ are filters like any [MQTT-4.8.2-1]."""
    assert bare_filter(name).mqtt == bare
