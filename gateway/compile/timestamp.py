"""A record's timestamp from a field of the payload, bounded by what Kafka takes.

One record outside a topic's bounds makes Kafka refuse its whole batch, so a timestamp is checked here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from gateway.compile import datetimes, numbers
from gateway.compile.avro.places import Found, find, scalar_at
from gateway.compile.avro.schema import Primitive
from gateway.compile.codec import Codec
from gateway.compile.datetimes import NANOS_PER
from gateway.compile.json_schema.properties import types_at
from gateway.compile.lookup import Lookup, by_declared_names
from gateway.compile.remedy import violation
from gateway.compile.rules import RuleBook
from gateway.compile.verdict import Advice, Refused
from gateway.config.contract import Timestamp
from gateway.errors import SchemaError
from gateway.model import Code, Violation
from gateway.notation.pointer import MISSING


@dataclass(frozen=True, slots=True)
class TimestampField:
    """The field of the payload that a contract takes the record's timestamp from."""

    lookup: Lookup
    read: Callable[[Any], int | None]
    """What stands there -> milliseconds since 1970 UTC, None where it is unreadable."""

    def stamp(self, payload: Any, received_at: int, bounds: Timestamp) -> int | Violation | None:
        """The record's timestamp (ms), None where arrival stands in for it; or why there is no record.

        ``bounds``: the contract's own, or narrower where its topic takes less.
        """
        value = self.lookup.get(payload)
        stamp = None if value is MISSING else self.read(value)
        # Before 1970 is too far away whatever the contract allows: Kafka has no such time, and takes -1 for none.
        if stamp is not None and stamp >= 0 and -bounds.behind_s * 1000 <= stamp - received_at <= bounds.ahead_s * 1000:
            return stamp
        return _out_of_window(bounds, value, stamp) if bounds.otherwise == "reject" else None


def compile_timestamp(declared: Timestamp, codec: Codec, book: RuleBook) -> TimestampField:
    """Reads the declared field: by its schema's timestamp type, else by the declared unit or as RFC 3339 text.

    Raises SchemaError for a field that can be neither.
    """
    pointer, unit, avro = declared.pointer, declared.unit, codec.avro
    found = None if avro is None else find(avro, pointer, book)
    lookup = by_declared_names(pointer, book) if found is None else found.lookup
    read = None if found is None else _typed(found, book)
    if read is not None:
        return TimestampField(lookup, read)
    types = types_at(codec.source, pointer) if avro is None else frozenset()
    if unit is None and types is not None and "string" not in types:
        raise SchemaError(f"timestamp {pointer}: the schema has no timestamp there; declare its unit in the contract")
    nanos_per_unit = None if unit is None else NANOS_PER[unit]
    separator = book.at(pointer.tokens if found is None else found.path).decimal_separator
    return TimestampField(lookup, lambda value: _read_untyped(value, nanos_per_unit, separator))


def _typed(found: Found, book: RuleBook) -> Callable[[Any], int | None] | None:
    """Reads a field of a timestamp type, as the record's value is made of it; None for other types."""
    scalar = scalar_at(found, book)
    logical = found.kind.logical if isinstance(found.kind, Primitive) else None
    if scalar is None or logical is None or not logical.name.startswith("timestamp-"):
        return None
    coerce, nanos = scalar.coerce, NANOS_PER[logical.unit]

    def read(value: Any) -> int | None:
        try:
            return int(coerce(value, [])) * nanos // NANOS_PER["ms"]
        except Refused:
            return None

    return read


def _read_untyped(value: Any, nanos_per_unit: int | None, separator: str) -> int | None:
    if type(value) is str:
        try:
            wall, offset = datetimes.read_date_time(value, lenient=False)
            return None if offset is None else (wall - datetimes.offset_nanos(offset)) // NANOS_PER["ms"]
        except datetimes.BadDateTime:
            pass
        written = numbers.read_number(value, lenient=False, separator=separator)
        if written is None:
            return None
        value = numbers.decimal_of(written)
    if nanos_per_unit is None or type(value) not in {int, float, Decimal}:
        return None
    number = Decimal(repr(value)) if type(value) is float else Decimal(value)
    if numbers.exceeds(number, numbers.MOST_INTEGER_EXPONENT):
        return None
    return int(numbers.EXACT.multiply(number, Decimal(nanos_per_unit))) // NANOS_PER["ms"]


def _out_of_window(bounds: Timestamp, value: Any, read: int | None) -> Violation:
    """The violation of a timestamp that the contract rejects."""
    window = f"at most {bounds.ahead_s} s ahead of and {bounds.behind_s} s behind its arrival"
    why = "" if read is None else f"it is {datetimes.format_epoch_ms(read)}"
    publish = "" if read is None else "set the device's clock"
    wanted, declare = f"a timestamp {window}", "let the contract's timestamp allow it"
    if read is not None and read < 0:
        wanted, declare = f"a timestamp from 1970 on, {window}", ""
    advice = Advice(why, publish, declare)
    refused = Refused(Code.TIMESTAMP_OUT_OF_WINDOW, wanted, advice, ahead_s=bounds.ahead_s, behind_s=bounds.behind_s)
    return violation(refused, value, str(bounds.pointer), "")
