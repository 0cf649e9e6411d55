"""The options that decide what may be converted (docs/coercion.md), as a contract declares them.

None means: not declared, so the mode's default holds. Which options a mode and a place allow is
decided here; what an option does is decided in ``compile``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Annotated, Any, Final, Literal, NamedTuple

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, PlainValidator, StrictBool, StrictStr

from gateway.config.forms import Day, PatternText, Zone, refusal
from gateway.model import Format, Mode
from gateway.notation import NotationError
from gateway.notation.pointer import Pointer


@dataclass(frozen=True, slots=True)
class Capture:
    """``unknown_fields: {capture: /extra}``: what the schema does not know goes into a map field as JSON text."""

    capture: str
    """Pointer to a field of type map of string."""


def _read_unknown_fields(value: Any) -> Any:
    """``reject``, ``drop``, or the Capture that ``{capture: /field}`` describes."""
    if value in ("reject", "drop"):
        return value
    if isinstance(value, dict) and set(value) == {"capture"} and isinstance(value["capture"], str):
        try:
            pointer = Pointer.parse(value["capture"])
        except NotationError as exc:
            raise refusal(str(exc)) from exc
        if pointer.tokens:
            return Capture(str(pointer))
    raise refusal(f"must be reject, drop or {{capture: /field}}, found {value!r}")


FORMATS: Final = (
    *("date-time", "date", "time", "duration", "email", "idn-email", "hostname", "idn-hostname", "ipv4", "ipv6"),
    *("uri", "uri-reference", "iri", "iri-reference", "uri-template", "uuid", "json-pointer", "relative-json-pointer"),
    "regex",
)
"""The formats of text that JSON Schema defines, those of all drafts together."""


def _read_formats(value: Any) -> tuple[str, ...]:
    """The formats that are checked: none for ``annotate``, all for ``check``, or those that are listed."""
    if value == "annotate":
        return ()
    if value == "check":
        return FORMATS
    if not isinstance(value, list | tuple) or not value:
        raise refusal(f"must be annotate, check or a list of formats, found {value!r}")
    for name in value:
        if name not in FORMATS:
            raise refusal(f"{name!r} is no format of JSON Schema: choose of {', '.join(FORMATS)}")
    return tuple(value)


def _in_order(window: tuple[date, date]) -> tuple[date, date]:
    """The two days of a window, the first before the second."""
    if window[0] >= window[1]:
        raise refusal(f"{window[0]} is not before {window[1]}: the second day is the first one outside")
    return window


def _read_word(value: Any) -> Any:
    """The word ``null`` as YAML reads it where nobody quotes it."""
    return "null" if value is None else value


_Format = Annotated[str, Field(json_schema_extra={"enum": list(FORMATS)})]
CheckedFormats = Annotated[
    tuple[str, ...],
    PlainValidator(_read_formats, json_schema_input_type=Literal["annotate", "check"] | list[_Format]),
]
UnknownFields = Annotated[
    Literal["reject", "drop"] | Capture,
    PlainValidator(_read_unknown_fields, json_schema_input_type=Literal["reject", "drop"] | Capture),
]


@dataclass(frozen=True, slots=True)
class Options:
    """Every option of docs/coercion.md; one table there, one field here."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    epoch_unit: Literal["s", "ms", "us", "ns"] | None = None
    epoch_window: Annotated[tuple[Day, Day], AfterValidator(_in_order)] | None = None
    assume_tz: Zone | None = None
    bytes_encoding: Literal["base64", "base64url", "hex", "latin1", "utf8"] | None = None
    null_tokens: tuple[StrictStr, ...] | None = None
    non_finite: Annotated[Literal["reject", "null", "keep"] | None, BeforeValidator(_read_word)] = None
    nan_literals: Annotated[Literal["reject", "null"] | None, BeforeValidator(_read_word)] = None
    decimal_separator: Literal[".", ","] | None = None
    rounding: Literal["reject", "floor", "trunc", "half-even"] | None = None
    float_narrowing: Literal["decimal", "round"] | None = None
    unknown_fields: UnknownFields | None = None
    defaults: Literal["fill", "reject"] | None = None
    aliases: tuple[StrictStr, ...] | None = None
    enum_map: Mapping[str, StrictStr] | None = None
    field_case: Literal["exact", "insensitive"] | None = None
    wrap_scalar: StrictBool | None = None
    union_encoding: Literal["plain", "tagged", "auto"] | None = None
    parse_json_strings: tuple[PatternText, ...] | None = None
    duplicate_keys: Literal["reject", "last"] | None = None
    formats: CheckedFormats | None = None
    integers: Literal["any", "int64"] | None = None

    def over(self, other: Options) -> Options:
        """These options, with ``other``'s where these declare none: the nearer declaration wins."""
        mine = dict(self.declared())
        return Options(**{**dict(other.declared()), **mine})

    def declared(self) -> Iterator[tuple[str, Any]]:
        """Name and value of the options that are declared."""
        for field in fields(self):
            value = getattr(self, field.name)
            if value is not None:
                yield field.name, value


ALLOWED_IN_STRICT: Final = frozenset(
    {
        *("bytes_encoding", "epoch_window", "aliases", "defaults", "union_encoding", "duplicate_keys"),
        *("formats", "integers"),
    }
)
"""These choose how to read a payload, they do not change a value; all others convert."""

CONVERTS_NOTHING: Final[Mapping[str, Any]] = {
    "null_tokens": (),
    "non_finite": "reject",
    "nan_literals": "reject",
    "decimal_separator": ".",
    "rounding": "reject",
    "float_narrowing": "decimal",
    "unknown_fields": "reject",
    "enum_map": {},
    "field_case": "exact",
    "wrap_scalar": False,
    "parse_json_strings": (),
}
"""The value with which a converting option says no, and may therefore stand in strict."""

OF_THE_WHOLE_PAYLOAD: Final = frozenset({"nan_literals", "parse_json_strings", "duplicate_keys", "formats", "integers"})
"""Decided while the payload is decoded, before there are places in it, or when a schema is compiled as a whole."""


OF_AVRO: Final = frozenset(
    {
        *("epoch_unit", "epoch_window", "assume_tz", "bytes_encoding", "rounding", "float_narrowing", "enum_map"),
        *("field_case", "union_encoding", "parse_json_strings"),
    }
)
"""They are about Avro's types and names, and do nothing with a JSON Schema."""

OF_JSON_SCHEMA: Final = frozenset({"formats", "integers"})
"""These do nothing with an Avro schema."""


def without_effect(options: Options, kind: Format) -> list[str]:
    """The options that do nothing with a schema of this kind; those that say no are passed over."""
    idle = OF_AVRO if kind is Format.JSON else OF_JSON_SCHEMA
    return [
        name
        for name, value in options.declared()
        if (name in idle and not _says_no(name, value)) or (kind is Format.JSON and _is_of_avro(name, value))
    ]


def _is_of_avro(name: str, value: object) -> bool:
    """Whether it is a value for Avro of an option that JSON Schema has, too."""
    return isinstance(value, Capture) or (name == "non_finite" and value == "keep")


class Misplaced(NamedTuple):
    """An option that cannot stand where it does."""

    option: str
    message: str


def misplaced(options: Options, mode: Mode, *, override: bool) -> list[Misplaced]:
    """What a contract in ``mode`` may not declare: under ``overrides`` if ``override``, else under ``options``."""
    found: list[Misplaced] = []
    for name, value in options.declared():
        idle = _says_no(name, value)
        if mode is Mode.STRICT and name not in ALLOWED_IN_STRICT and not idle:
            allowed = ", ".join(sorted(ALLOWED_IN_STRICT))
            message = f"converts, which mode strict forbids: remove it or set mode: lossless; strict allows {allowed}"
            found.append(Misplaced(name, message))
        elif name == "rounding" and mode is Mode.LOSSLESS and not idle:
            found.append(Misplaced(name, "loses digits, which mode lossless forbids: remove it or set mode: lenient"))
        if override and name in OF_THE_WHOLE_PAYLOAD:
            found.append(Misplaced(name, "holds for the whole payload: declare it under options"))
        if not override and name == "aliases":
            found.append(
                Misplaced(name, "are the other names of one field: declare them under overrides, at the field's path")
            )
    return found


def _says_no(name: str, value: Any) -> bool:
    """Whether an option that converts is declared with the value that does not."""
    return name in CONVERTS_NOTHING and bool(value == CONVERTS_NOTHING[name])
