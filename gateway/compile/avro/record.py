"""Records: the object's fields in the schema's order, one behind the other.

The clean case, all fields present and nothing else, is a generated function without a loop (it is
about a third faster than a closure over the fields); whatever is not clean goes through ``Fields`` (fields.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gateway.compile.avro.fields import Fields, Place, RulesInModes
from gateway.compile.avro.inner import parse_inner
from gateway.compile.avro.node import CountKeys, Node, Write, expression, generate
from gateway.compile.avro.schema import Record
from gateway.compile.leaf import mismatch, refuse_null
from gateway.compile.remedy import violation
from gateway.compile.rules import Path, Rules
from gateway.compile.sentence import in_json
from gateway.compile.verdict import NO_ADVICE, Advice, Findings, Log, Refused
from gateway.model import Code
from gateway.notation.pointer import Pointer, escape


def compile_record(record: Record, path: Path, rules: Rules, places: Sequence[Place], wider: RulesInModes) -> Node:
    """The node of a record whose fields are compiled. ``wider`` serves ``coercible_in``."""
    fields = Fields(record, path, rules, places, wider)
    wanted = f"an object with the fields of {record.name}"

    def object_of(value: Any, log: Log) -> dict[str, Any]:
        if type(value) is dict:
            return value
        if value is None:
            raise refuse_null(wanted)
        if type(value) is not str:
            raise mismatch(wanted)
        if not rules.parse_json:
            raise _NoObject(wanted, value, rules, path, fields)
        parsed: dict[str, Any] = parse_inner(value, dict, wanted, rules, path, log)
        return parsed

    def write_slowly(value: Any, log: Log) -> bytes:
        values = fields.arrange(object_of(value, log), log, _raise).values
        return b"".join([fields.write(place, values, log) for place in places])

    def explain(value: Any, at: str, findings: Findings) -> None:
        def refuse(refused: Refused, key: str | None, found: Any) -> None:
            if findings.passes_over():
                return
            where = at if key is None else f"{at}/{escape(key)}"
            mode = fields.passes_in(refused, source)
            findings.add(violation(refused, found, where, fields.schema_path(key), coercible_in=mode))

        log: Log = []
        source = value
        try:
            source = object_of(value, log)
        except Refused as refused:
            refuse(refused, None, value)
            return
        arranged = fields.arrange(source, log, refuse)
        for place in places:
            if findings.full:
                return
            fields.explain(place, arranged, at, findings, refuse)

    write = _generate_write(places, write_slowly)
    return Node(wanted, frozenset({"object"}), write, explain, count_keys=_count_keys(places))


def _raise(refused: Refused, _key: str | None, _found: Any) -> None:
    try:
        raise refused
    finally:
        del refused  # held by the frame that it passes, it would make a cycle: see Refused.stored


class _NoObject(Refused):
    """A text where a record is wanted; whether it holds one is looked at when the refusal is told."""

    __slots__ = ("_fields", "_path", "_rules", "_text")

    def __init__(self, wanted: str, text: str, rules: Rules, path: Path, fields: Fields) -> None:
        super().__init__(Code.TYPE_MISMATCH, wanted)
        self._text = text
        self._rules = rules
        self._path = path
        self._fields = fields

    def told(self) -> Refused:
        """The refusal, with what to do about an object that was published as text."""
        return mismatch(self.expected, self._advice() if self._holds_object() else NO_ADVICE)

    def _holds_object(self) -> bool:
        """Whether an object is in the text that is not refused itself, whatever is wrong inside."""
        if not self._text.lstrip().startswith("{"):
            return False
        try:
            parsed = parse_inner(self._text, dict, self.expected, self._rules, (), [])
            self._fields.arrange(parsed, [], _raise_of_record)
        except Refused:
            return False
        return True

    def _advice(self) -> Advice:
        publish = "publish the object itself, not as text"
        if self._rules.strict or not self._path:
            return Advice(publish=publish)
        place = in_json(str(Pointer(self._path)))
        return Advice(publish=publish, declare=f"declare parse_json_strings: [{place}] in the contract")


def _raise_of_record(refused: Refused, key: str | None, _found: Any) -> None:
    try:
        if key is None:
            raise refused
    finally:
        del refused  # as in _raise


def _generate_write(places: Sequence[Place], write_slowly: Write) -> Write:
    """The record's writer: all fields there and nothing else, or ``write_slowly``."""
    if not places:
        return write_slowly
    names: dict[str, Any] = {"write_slowly": write_slowly, "join": b"".join}
    for n, place in enumerate(places):
        names[f"name_{n}"] = place.name
    loads = "\n".join(f"            v{n} = value[name_{n}]" for n in range(len(places)))
    parts = ",\n".join(
        "                " + expression(place.node, f"v{n}", f"f{n}_", names) for n, place in enumerate(places)
    )
    source = f"""
def write(value, log):
    if type(value) is dict and len(value) == {len(places)}:
        try:
{loads}
        except KeyError:
            return write_slowly(value, log)
        return join((
{parts},
        ))
    return write_slowly(value, log)
"""
    write: Write = generate("write", source, names)
    return write


def _count_keys(places: Sequence[Place]) -> CountKeys:
    """Counts a record's keys and those below the fields that can hold objects."""
    inner = [(place.name, place.node.count_keys) for place in places if place.node.count_keys is not None]
    if not inner:
        return lambda value: len(value) if type(value) is dict else 0

    def count(value: Any) -> int:
        if type(value) is not dict:
            return 0
        return len(value) + sum(below(value.get(name)) for name, below in inner)

    return count
