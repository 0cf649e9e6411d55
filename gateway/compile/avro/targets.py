"""Which rules a scalar type of a schema has: its row in docs/coercion.md."""

from __future__ import annotations

from collections.abc import Callable

from gateway.compile.avro import binary, exact, numeric, scalars, temporal
from gateway.compile.avro.node import Scalar
from gateway.compile.avro.schema import EnumType, Fixed, Primitive
from gateway.compile.leaf import Leaf

_KINDS = {
    "null": frozenset({"null"}),
    "boolean": frozenset({"boolean"}),
    "int": frozenset({"number"}),
    "long": frozenset({"number"}),
    "float": frozenset({"number"}),
    "double": frozenset({"number"}),
    "string": frozenset({"string"}),
    "bytes": frozenset({"string"}),
}
_NUMBER = frozenset({"number"})
_STRING = frozenset({"string"})


def kinds_of(kind: Primitive | Fixed | EnumType) -> frozenset[str]:
    """The JSON kinds that strict mode may take."""
    if isinstance(kind, EnumType):
        return _STRING
    if kind.logical is not None and kind.logical.name == "decimal":
        return _NUMBER
    return _STRING if isinstance(kind, Fixed) else _KINDS[kind.name]


_PRIMITIVES: dict[str, Callable[[Leaf], Scalar]] = {
    "null": scalars.compile_null,
    "boolean": scalars.compile_boolean,
    "int": lambda leaf: numeric.compile_integer(leaf, binary.INT_MIN, binary.INT_MAX),
    "long": lambda leaf: numeric.compile_integer(leaf, binary.LONG_MIN, binary.LONG_MAX),
    "float": numeric.compile_float,
    "double": numeric.compile_double,
    "string": scalars.compile_string,
    "bytes": scalars.compile_bytes,
}


def compile_scalar(kind: Primitive | Fixed | EnumType, leaf: Leaf) -> Scalar:
    """The rules of a scalar type at one place."""
    if isinstance(kind, EnumType):
        return scalars.compile_enum(leaf, kind)
    logical = kind.logical
    size = kind.size if isinstance(kind, Fixed) else None
    if logical is None:
        return _PRIMITIVES[kind.name](leaf) if size is None else scalars.compile_fixed(leaf, size)
    match logical.name:
        case "date":
            return temporal.compile_date(leaf)
        case "time-millis" | "time-micros":
            return temporal.compile_time(leaf, logical)
        case "decimal":
            return exact.compile_decimal(leaf, logical, size)
        case "uuid":
            return exact.compile_uuid_text(leaf) if size is None else exact.compile_uuid_fixed(leaf)
        case "duration":
            return temporal.compile_duration(leaf)
        case _:
            return temporal.compile_timestamp(leaf, logical)
