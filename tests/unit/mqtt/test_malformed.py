"""What forbids a topic, and how a payload is cut."""

from __future__ import annotations

from hashlib import sha256

import pytest

from gateway.model import Code, Cut
from gateway.mqtt.malformed import KEPT_BYTES, Fault, cut_payload, make_violation, topic_fault


@pytest.mark.parametrize(
    ("topic", "fault"),
    [
        ("a/b", None),
        ("/", None),
        ("$SYS/x", None),
        ("a b/ü", None),
        ("", Fault.TOPIC_EMPTY),
        ("a/+", Fault.TOPIC_WILDCARD),
        ("a#", Fault.TOPIC_WILDCARD),
        ("a\0b", Fault.TOPIC_NUL),
    ],
)
def test_topics(topic: str, fault: Fault | None):
    """Empty topics, wildcards and U+0000 are forbidden, nothing else."""
    assert topic_fault(topic) is fault


@pytest.mark.parametrize("fault", Fault)
def test_each_fault_is_told(fault: Fault):
    """Every fault has its own text and is named in params."""
    violation = make_violation(fault)
    assert violation.code is Code.MALFORMED_PACKET
    assert violation.params == {"reason": fault.value}
    assert len({make_violation(other).message for other in Fault}) == len(Fault)


def test_a_payload_is_cut_only_above_the_limit():
    """At the limit it is whole; above, its start with size and hash of the whole."""
    payload = b"x" * 100_000
    assert cut_payload(payload, 100_000) == (payload, None)
    assert cut_payload(payload, 99_999) == (payload[:KEPT_BYTES], Cut(100_000, sha256(payload).hexdigest()))
    assert cut_payload(b"abc", 2) == (b"abc", Cut(3, sha256(b"abc").hexdigest()))
