"""Does data of one Avro schema mean the same where another one reads it? Logical types say, and registries ignore them.

Apache's checker, and Confluent's registry with it, compares what stands below logical types. A decimal that is read
with another scale, or milliseconds that are read as microseconds, pass there, and every old value comes out wrong.

- Two logical types that differ are another value, certainly; so is a decimal of another scale [Avro, Logical Types:
  "two schemas that are decimal logical types match if their scales and precisions match"].
- A decimal of more digits takes all that one of fewer has.
- Where one side has none the raw value stays as it is and its meaning is gone: that is open. A ``uuid`` on text loses
  nothing, because the text says the same.
- What no library obeys is none: a logical type on the wrong type, or with parameters that the specification forbids.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from avro import schema as avro_schema

from gateway.compile.avro.logical_types import UNIT_OF, read_logical
from gateway.errors import SchemaError
from gateway.plan.compatibility.avro_pairs import Pair, Pairs

_SPELLED_OUT: Final = 9
"""Digits of a factor that are written as such, and not as a power of ten."""


class Shift(NamedTuple):
    """One place at which values are not read as they were meant, or may not be."""

    reader_place: str
    """Pointer into the reader's schema; into the place of use for what stands in a referenced schema."""
    writer_place: str
    message: str
    is_certain: bool
    """False where the raw value stays, and only its meaning is in question."""


class _Meaning(NamedTuple):
    """A logical type with the parameters of a decimal."""

    name: str
    precision: int = 0
    scale: int = 0
    is_standard: bool = True
    """Whether the specification has it."""

    @property
    def unit(self) -> tuple[str, str]:
        """Of a time or timestamp type its family and its unit; no unit for others."""
        family, _, suffix = self.name.rpartition("-")
        return family, UNIT_OF.get(suffix, "")


def find_shifts(reader: avro_schema.Schema, writer: avro_schema.Schema) -> list[Shift]:
    """Where ``reader`` takes values of ``writer`` for others, in the order of its text; named types are told once.

    Places that cannot be read at all are passed over: ``find_conflicts`` has them.
    """
    pairs = Pairs(reader, writer)
    found: list[Shift] = []
    for pair in pairs:
        if "union" not in {pair.reader.type, pair.writer.type} and (any(pairs.inside(pair)) or pairs.can_read(pair)):
            shift = _shift(pair)
            found += [shift] if shift is not None else []
    return found


def _shift(pair: Pair) -> Shift | None:
    """What becomes of the values of one place; None if they are read as they were meant."""
    was, now = _meaning(pair.writer), _meaning(pair.reader)
    effect, is_certain = _effect(was, now, pair)
    if not effect:
        return None
    message = f"what is written as {_called(was, pair.writer)} is read as {_called(now, pair.reader)}, and {effect}"
    return Shift(pair.reader_place, pair.writer_place, message, is_certain)


def _effect(was: _Meaning | None, now: _Meaning | None, pair: Pair) -> tuple[str, bool]:
    """What reading does to the values, and whether it surely does; no words where it does nothing."""
    if was is None or now is None:
        return _one_sided(was, now, pair)
    if was == now:
        return "", False
    if not (was.is_standard and now.is_standard):
        return "what these mean the specification does not say", False
    if was.name == now.name:
        return _decimal(was, now)
    (family, unit), (other, counted) = was.unit, now.unit
    if unit and counted and family == other:
        return f"a number of {unit} counts as one of {counted}", True
    return "every value becomes another one", True


def _one_sided(was: _Meaning | None, now: _Meaning | None, pair: Pair) -> tuple[str, bool]:
    known = was or now
    is_text = pair.writer.type == pair.reader.type == "string"
    if known is None or (is_text and was is not None and was.name == "uuid"):
        return "", False
    if pair.writer.type != pair.reader.type and known.name.endswith("decimal"):
        return "the bytes of a number are no text", True  # of other types, only string and bytes read each other
    if was is not None:
        return "nothing says any more what the raw value means", False
    return "nothing says that the raw value always meant this", False


def _decimal(was: _Meaning, now: _Meaning) -> tuple[str, bool]:
    shift = now.scale - was.scale
    if shift:
        factor = str(10 ** abs(shift)) if abs(shift) <= _SPELLED_OUT else f"10^{abs(shift)}"
        return f"every number comes out {factor} times too {'small' if shift > 0 else 'large'}", True
    if now.precision < was.precision:
        return f"numbers of more than {now.precision} digits have no room", True
    return "", False


def _meaning(schema: Any) -> _Meaning | None:
    """The logical type that libraries obey, or may know if it is none of the specification."""
    name = schema.other_props.get("logicalType")
    if not isinstance(name, str) or not name:
        return None
    if name == "big-decimal":  # the gateway writes none, but other producers of a subject may
        return _Meaning(name) if schema.type == "bytes" else None
    try:
        read = read_logical(schema.other_props, schema.type, getattr(schema, "size", None), "")
    except SchemaError:
        return None
    return _Meaning(name, is_standard=False) if read is None else _Meaning(name, read.precision, read.scale)


def _called(meaning: _Meaning | None, schema: Any) -> str:
    """A type for a person."""
    if meaning is None:
        return str(schema.type)
    digits = f" of precision {meaning.precision} and scale {meaning.scale}" if meaning.precision else ""
    return f"{meaning.name}{digits} ({schema.type})"
