"""A record's timestamp from a field of the payload, bounded by what Kafka takes.

One record outside a topic's bounds makes Kafka refuse its whole batch, so a timestamp is checked here.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from gateway.compile import datetimes, numbers
from gateway.compile.avro.compiler import find_scalar
from gateway.compile.avro.schema import Primitive, Type
from gateway.compile.datetimes import NANOS_PER
from gateway.compile.rules import RuleBook
from gateway.compile.verdict import Refused, kind_of, quote
from gateway.config.contract import Timestamp
from gateway.errors import SchemaError
from gateway.model import Code, Violation
from gateway.notation.pointer import MISSING

ReadTimestamp = Callable[[Any], int | None]
"""A decoded payload -> milliseconds since 1970 UTC, None where the field is missing or unreadable."""


def compile_timestamp(declared: Timestamp, avro: Type | None, book: RuleBook) -> ReadTimestamp:
    """Reads the declared field: by its schema's timestamp type, else by the declared unit or as RFC 3339 text.

    Raises SchemaError for an Avro field that is no timestamp where no unit is declared.
    """
    pointer = declared.pointer
    if declared.unit is None and avro is not None:
        found = find_scalar(avro, pointer, book)
        logical = found[0].logical if found is not None and isinstance(found[0], Primitive) else None
        if found is None or logical is None or not logical.name.startswith("timestamp-"):
            raise SchemaError(
                f"timestamp {pointer}: the schema has no timestamp there; declare its unit in the contract"
            )
        coerce, nanos = found[1].coerce, NANOS_PER[logical.unit]

        def read_typed(payload: Any) -> int | None:
            found = pointer.get(payload)
            try:
                return None if found is MISSING else int(coerce(found, [])) * nanos // NANOS_PER["ms"]
            except Refused:
                return None

        return read_typed
    nanos_per_unit = None if declared.unit is None else NANOS_PER[declared.unit]
    return lambda payload: _read_untyped(pointer.get(payload), nanos_per_unit)


def _read_untyped(value: Any, nanos_per_unit: int | None) -> int | None:
    if type(value) is str:
        try:
            wall, offset = datetimes.read_date_time(value, lenient=False)
            return None if offset is None else (wall - datetimes.offset_nanos(offset)) // NANOS_PER["ms"]
        except datetimes.BadDateTime:
            pass
        try:
            value = numbers.decimal_of(numbers.read_number(value, lenient=False))
        except (numbers.NotANumber, numbers.Ambiguous):
            return None
    if nanos_per_unit is None or type(value) not in {int, float, Decimal}:
        return None
    number = value if type(value) is Decimal else Decimal(repr(value)) if type(value) is float else None
    if number is None:
        return int(value) * nanos_per_unit // NANOS_PER["ms"]
    if numbers.exceeds(number, numbers.MOST_INTEGER_EXPONENT):
        return None
    return int(numbers.EXACT.multiply(number, Decimal(nanos_per_unit))) // NANOS_PER["ms"]


def out_of_window(declared: Timestamp, payload: Any, read: int | None) -> Violation:
    """The violation of a timestamp that the contract rejects."""
    value = declared.pointer.get(payload)
    window = f"at most {declared.ahead_s} s ahead of and {declared.behind_s} s behind its arrival"
    what = "missing or unreadable" if read is None else f"{datetimes.format_epoch_ms(read)}"
    return Violation(
        Code.TIMESTAMP_OUT_OF_WINDOW,
        f"{declared.pointer}: the record's timestamp is {what}; the contract takes it {window}",
        path=str(declared.pointer),
        expected=f"a timestamp {window}",
        found=kind_of(value),
        value=quote(value),
        params={"ahead_s": declared.ahead_s, "behind_s": declared.behind_s},
    )
