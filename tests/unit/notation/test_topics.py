"""Topic filters: what they match, capture and cover."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from gateway.notation import NotationError
from gateway.notation.topics import TopicFilter, covers, narrower, overlap

# Few names, so that filters and topics meet; "" and "$" begin the special cases.
LITERALS = st.sampled_from(["a", "b", "", "$S", "1"])
TOPICS = st.lists(LITERALS, min_size=1, max_size=4).map("/".join).filter(bool)


@st.composite
def filters(draw: st.DrawFn) -> TopicFilter:
    """Any valid filter of up to four levels."""
    levels = draw(st.lists(st.one_of(LITERALS, st.just("+")), max_size=3))
    end = draw(st.sampled_from(["#", "+", "a", "", "$S"]))
    text = "/".join([*levels, end])
    assume(text)
    return TopicFilter.parse(text)


def matches(levels: list[str], topic: list[str], *, first: bool = True) -> bool:
    """The rules of MQTT 4.7 written down one by one, as slow and as plain as can be."""
    if levels == ["#"]:
        return not (first and topic[:1] and topic[0].startswith("$"))
    if not levels or not topic:
        return not levels and not topic
    head = topic[0] == levels[0] or (levels[0] == "+" and not (first and topic[0].startswith("$")))
    return head and matches(levels[1:], topic[1:], first=False)


@given(filters(), TOPICS)
def test_matching_agrees_with_the_specification_written_naively(f: TopicFilter, topic: str) -> None:
    """A filter matches exactly the topics that a direct reading of MQTT 4.7 says."""
    assert (f.match(topic) is not None) == matches(f.mqtt.split("/"), topic.split("/"))


@given(filters(), filters(), TOPICS)
@example(TopicFilter.parse("#"), TopicFilter.parse("+/#"), "a")
@example(TopicFilter.parse("+/#"), TopicFilter.parse("#"), "a")
@example(TopicFilter.parse("/+/#"), TopicFilter.parse("/#"), "/")
@example(TopicFilter.parse("#"), TopicFilter.parse("$S/#"), "$S/a")
def test_a_covering_filter_matches_whatever_the_covered_one_matches(a: TopicFilter, b: TopicFilter, topic: str) -> None:
    """covers(a, b): no topic is matched by b alone."""
    if covers(a, b) and b.match(topic) is not None:
        assert a.match(topic) is not None


ALL_TOPICS = [
    "/".join(levels)
    for depth in range(1, 6)
    for levels in product(["a", "b", "", "$S", "1", "other"], repeat=depth)
    if any(levels) or depth > 1
]
"""Every topic over the literals of the generated filters and one more, one level deeper than those."""


@given(filters(), filters())
def test_cover_and_overlap_are_decided_exactly(a: TopicFilter, b: TopicFilter) -> None:
    """covers, narrower and overlap say what trying every topic says."""
    ours = {topic for topic in ALL_TOPICS if a.match(topic) is not None}
    theirs = {topic for topic in ALL_TOPICS if b.match(topic) is not None}
    assert covers(a, b) == (theirs <= ours)
    assert narrower(a, b) == (ours < theirs)
    assert (overlap(a, b) is not None) == bool(ours & theirs)


@given(filters(), filters())
def test_the_example_of_an_overlap_is_matched_by_both(a: TopicFilter, b: TopicFilter) -> None:
    """The topic that overlap names is one that both filters match, and the order does not matter."""
    topic = overlap(a, b)
    assert (topic is None) == (overlap(b, a) is None)
    if topic is not None:
        assert a.match(topic) is not None
        assert b.match(topic) is not None


@pytest.mark.parametrize(
    ("text", "mqtt", "captures"),
    [
        ("plant/{building}/{device}/readings", "plant/+/+/readings", ("building", "device")),
        ("plant/+/{device}", "plant/+/+", ("device",)),
        ("plant/{rest...}", "plant/#", ("rest",)),
        ("{all...}", "#", ("all",)),
        ("#", "#", ()),
        ("/leading//{empty}/", "/leading//+/", ("empty",)),
        ("$SYS/broker/+", "$SYS/broker/+", ()),
        ("Größe/{s_1}", "Größe/+", ("s_1",)),
    ],
)
def test_a_filter_is_known_to_the_broker_by_its_wildcards(text: str, mqtt: str, captures: tuple[str, ...]) -> None:
    """Captures become + and #; their names keep the order of the levels."""
    topic_filter = TopicFilter.parse(text)
    assert topic_filter.mqtt == mqtt
    assert topic_filter.captures == captures
    assert str(topic_filter) == text


@pytest.mark.parametrize(
    ("text", "topic", "captured"),
    [
        ("plant/{building}/{device}/readings", "plant/b1/p7/readings", {"building": "b1", "device": "p7"}),
        ("plant/{building}/{device}/readings", "plant/b1/p7/readings/x", None),
        ("plant/{building}/{device}/readings", "plant/b1/p7", None),
        ("plant/{building}/{device}/readings", "plant//p7/readings", {"building": "", "device": "p7"}),
        ("plant/{rest...}", "plant/a/b//c", {"rest": "a/b//c"}),
        ("plant/{rest...}", "plant", {"rest": ""}),
        ("plant/{rest...}", "plants", None),
        ("{first}/{rest...}", "a", {"first": "a", "rest": ""}),
        ("{all...}", "a/b", {"all": "a/b"}),
        ("{all...}", "$SYS/x", None),
        ("{first}/x", "$SYS/x", None),
        ("$SYS/{rest...}", "$SYS/x", {"rest": "x"}),
        ("a/{b}", "a/$b", {"b": "$b"}),
        ("a/+/{c}", "a/b/c", {"c": "c"}),
        ("a", "A", None),
    ],
)
def test_one_level_fills_one_capture(text: str, topic: str, captured: dict[str, str] | None) -> None:
    """Match answers with what each capture holds; None where the filter does not match."""
    assert TopicFilter.parse(text).match(topic) == captured


@pytest.mark.parametrize(
    ("a", "b", "topic"),
    [
        ("plant/{building}/{device}/readings", "plant/b1/+/readings", "plant/b1/device/readings"),
        ("plant/+/x", "plant/b1/+", "plant/b1/x"),
        ("a/#", "a", "a"),
        ("a/#", "#", "a"),
        ("a/{r...}", "+/b/#", "a/b"),
        ("+", "+/+", None),
        ("#", "$SYS/#", None),
        ("+/x", "$SYS/x", None),
        ("+", "/#", None),
        ("a/b", "a/c", None),
        ("{b}/#", "#", "b"),
    ],
)
def test_an_overlap_is_shown_by_a_topic(a: str, b: str, topic: str | None) -> None:
    """Literal levels are kept, open ones are called as the capture that takes them."""
    assert overlap(TopicFilter.parse(a), TopicFilter.parse(b)) == topic


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "must not be empty"),
        ("plant/#/x", "nothing may follow"),
        ("plant/{rest...}/x", "nothing may follow"),
        ("plant/p+/x", "a wildcard must fill a whole level"),
        ("plant/x#", "a wildcard must fill a whole level"),
        ("plant/pump-{id}", "'pump-{id}' in 'plant/pump-{id}' is no capture"),
        ("plant/{}", "is no capture"),
        ("plant/{1st}", "is no capture"),
        ("plant/{a}{b}", "is no capture"),
        ("plant/{a/b}", "is no capture"),
        ("plant/}", "is no capture"),
        ("plant/{a}/{a}", "two captures called 'a'"),
        ("plant/\x00", "U+0000"),
        ("plant/\ud800", "lone surrogate"),
        ("$share/group/plant/+", "mqtt.share"),
        ("x" * 65536, "65536 bytes"),
    ],
)
def test_what_is_no_filter_is_refused_with_what_to_write(text: str, message: str) -> None:
    """The error names the level at fault and the rule."""
    with pytest.raises(NotationError) as caught:
        TopicFilter.parse(text)
    assert message in str(caught.value)


def test_the_longest_filter_and_a_filter_of_only_levels_are_fine() -> None:
    """65535 bytes are allowed, also as 65536 empty levels: nothing recurses per level."""
    longest = TopicFilter.parse("/" * 65535)
    assert covers(longest, longest)
    assert overlap(longest, longest) == "/" * 65535
    assert longest.match("/" * 65535) == {}
