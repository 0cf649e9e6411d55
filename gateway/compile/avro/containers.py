"""Arrays and maps: each item by its own node, the path of a conversion with ``*`` for the index or key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gateway.compile.avro import binary
from gateway.compile.avro.inner import parse_inner
from gateway.compile.avro.node import CountKeys, Node, Write, expression, generate
from gateway.compile.coercions import WRAPPED_IN_ARRAY
from gateway.compile.leaf import mismatch, refuse_null
from gateway.compile.refusals import WRAP
from gateway.compile.remedy import Trials, violation
from gateway.compile.rules import Path, Rules
from gateway.compile.verdict import Findings, Log, Refused
from gateway.model import Coercion
from gateway.notation.pointer import Pointer


def compile_array(items: Node, path: Path, rules: Rules, place: str, trials: Callable[[Write], Trials]) -> Node:
    """An array: a list, each item by ``items``; a single value becomes a list of one only if declared."""
    wanted = f"a list, each item {items.wanted}"

    def holds_json(value: Any) -> bool:
        return type(value) is str and rules.parse_json

    def write_slowly(value: Any, log: Log) -> bytes:
        if value is None:
            raise refuse_null(wanted)
        if holds_json(value):
            return write(parse_inner(value, list, wanted, rules, path, log), log)
        if not rules.wrap_scalar:
            raise mismatch(wanted, WRAP)
        item = items.write(value, log)
        log.append(Coercion(str(Pointer(path)), WRAPPED_IN_ARRAY))
        return binary.encode_items([item])

    names: dict[str, Any] = {"write_slowly": write_slowly, "encode_items": binary.encode_items}
    source = f"""
def write(value, log):
    if type(value) is list:
        return encode_items([{expression(items, "x", "item_", names)} for x in value])
    return write_slowly(value, log)
"""
    write: Write = generate("write", source, names)
    tried = trials(write)

    def explain(value: Any, at: str, findings: Findings) -> None:
        if holds_json(value):
            try:
                value = parse_inner(value, list, wanted, rules, path, [])
            except Refused as refused:
                findings.add(violation(refused, value, at, place))
                return
        if type(value) is list:
            for n, item in enumerate(value):
                if findings.full:
                    return
                items.explain(item, f"{at}/{n}", findings)
            return
        if type(value) is dict and rules.wrap_scalar and "object" in items.kinds:
            items.explain(value, at, findings)  # as the only item: what is wrong is inside it
            return
        try:
            write_slowly(value, [])
        except Refused as refused:
            findings.add(violation(refused, value, at, place, tried))

    return Node(wanted, frozenset({"array"}), write, explain, count_keys=_count_in_items(items))


def _count_in_items(items: Node) -> CountKeys | None:
    below = items.count_keys
    if below is None:
        return None

    def count(value: Any) -> int:
        if type(value) is list:
            return sum(map(below, value))
        return below(value)

    return count


def compile_map(values: Node, path: Path, rules: Rules, place: str) -> Node:
    """A map: an object with any keys, each value by ``values``."""
    wanted = f"an object, each value {values.wanted}"

    def object_of(value: Any, log: Log) -> Any:
        if type(value) is str and rules.parse_json:
            return parse_inner(value, dict, wanted, rules, path, log)
        raise refuse_null(wanted) if value is None else mismatch(wanted)

    def write_slowly(value: Any, log: Log) -> bytes:
        return write(object_of(value, log), log)

    names: dict[str, Any] = {
        "write_slowly": write_slowly,
        "encode_items": binary.encode_items,
        "encode_string": binary.encode_string,
    }
    source = f"""
def write(value, log):
    if type(value) is dict:
        return encode_items([
            encode_string(key) + ({expression(values, "x", "value_", names)}) for key, x in value.items()
        ])
    return write_slowly(value, log)
"""
    write: Write = generate("write", source, names)

    def explain(value: Any, at: str, findings: Findings) -> None:
        if type(value) is not dict:
            try:
                value = object_of(value, [])
            except Refused as refused:
                findings.add(violation(refused, value, at, place))
                return
        for key, item in value.items():
            if findings.full:
                return
            values.explain(item, at + str(Pointer((key,))), findings)

    below = values.count_keys

    def count(value: Any) -> int:
        if type(value) is not dict:
            return 0
        return len(value) + (sum(map(below, value.values())) if below is not None else 0)

    return Node(wanted, frozenset({"object"}), write, explain, count_keys=count)
