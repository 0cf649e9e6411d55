"""What the attempts at a union's branches remember of each other."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.compile.avro.node import Node
from gateway.compile.avro.union import _Attempt, _write_once
from gateway.compile.leaf import mismatch
from gateway.compile.verdict import Refused


def _node(asked: list[Any]) -> Node:
    """A node that refuses everything and lists what it was asked for."""

    def write(value: Any, _log: Any) -> bytes:
        asked.append(len(value))
        raise mismatch("something else")

    return Node("something else", frozenset(), write, lambda *_: None)


def test_a_value_is_offered_to_a_branch_once():
    """The second refusal of the same value by the same branch is the first one; another branch is asked itself."""
    asked: list[Any] = []
    node, other, value, attempt = _node(asked), _node(asked), {"a": 1}, _Attempt({})
    refusals = []
    for each in (node, node, other):
        with pytest.raises(Refused) as caught:
            _write_once(each, value, attempt)
        refusals.append(caught.value)
    assert asked == [1, 1]
    assert refusals[0] is refusals[1]
    assert refusals[0] is not refusals[2]


def test_a_refused_value_lives_as_long_as_its_refusal():
    """No object that is made later, from text for example, can be taken for it: it keeps its address."""
    attempt = _Attempt({})
    value = {"a": 1}
    address = id(value)
    with pytest.raises(Refused):
        _write_once(_node([]), value, attempt)
    del value
    later = [{"a": 2} for _ in range(1000)]
    assert address not in map(id, later)
