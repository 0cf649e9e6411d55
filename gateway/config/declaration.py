"""The keys of ``contract.yaml``, as they are written.

One model per mapping that people write. What must fit together across keys is checked in
``consistency.py``; what the keys mean is said in docs/configuration.md.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, StrictStr

from gateway.config.contract import Compatibility, Scalar
from gateway.config.forms import (
    FilledTemplateText,
    FilterText,
    PatternText,
    PointerText,
    TemplateText,
    Text,
    WholeNumber,
    refusal,
)
from gateway.config.options import Options
from gateway.model import Mode

RESERVED: Final[Mapping[str, str]] = {
    "payload": "formats other than JSON",
    "split": "several records from one message",
    "ignore": "messages that are dropped on purpose",
    "retained": "a rule for retained messages",
}
"""Keys that a later version will give a meaning, and which."""

OWN_HEADERS: Final = ("gw-", "__")
"""Headers with these prefixes are the gateway's own and the registry's."""


class Declared(BaseModel):
    """What all mappings share: immutable, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, use_attribute_docstrings=True)


def _values(given: Any) -> tuple[Scalar, ...]:
    """One scalar or a list of scalars, none of them twice."""
    values = given if isinstance(given, list) else [given]
    if not values:
        raise refusal("must list at least one value")
    for position, value in enumerate(values):
        if not isinstance(value, str | int | float) or (isinstance(value, float) and not math.isfinite(value)):
            raise refusal("must be a text, a number, true or false, or a list of those")
        if any(same(value, earlier) for earlier in values[:position]):
            raise refusal(f"lists {value!r} twice: remove one")
    return tuple(values)


def same(a: Scalar, b: Scalar) -> bool:
    """Whether two JSON scalars are equal: numbers by value, never a boolean with a number."""
    return a == b and isinstance(a, bool) == isinstance(b, bool)


def _version(given: Any) -> int | None:
    """``latest`` (None) or a positive number."""
    if given == "latest":
        return None
    if isinstance(given, int) and not isinstance(given, bool) and given > 0:
        return given
    raise refusal(f"must be latest or the number of a version, found {given!r}")


def _header_name(name: str) -> str:
    """A name that is not one of the gateway's own headers."""
    if name.lower().startswith(OWN_HEADERS):
        raise refusal(f"{name!r} is the name of one of the gateway's own headers (gw-, __): choose another")
    return name


def _long_timestamp(given: Any) -> Any:
    """``timestamp: /ts`` is short for ``timestamp: {field: /ts}``."""
    return {"field": given} if isinstance(given, str) else given


Version = Annotated[
    int | None,
    PlainValidator(_version, json_schema_input_type=Literal["latest"] | Annotated[int, Field(ge=1)]),
]
Values = Annotated[
    tuple[Scalar, ...],
    PlainValidator(_values, json_schema_input_type=Scalar | Annotated[list[Scalar], Field(min_length=1)]),
]


class TimestampDeclared(Declared):
    """``timestamp``, long form."""

    field: PointerText
    unit: Literal["s", "ms", "us", "ns"] | None = None
    ahead_s: Annotated[WholeNumber, Field(ge=0)] = 3600
    behind_s: Annotated[WholeNumber, Field(ge=0)] = 604_800
    otherwise: Literal["arrival", "reject"] = "arrival"


class ReferenceDeclared(Declared):
    """One entry of ``references``."""

    name: Text
    """Under which the schema refers to it: an Avro full name, or what stands in ``$ref``."""
    subject: Text
    """Where it is."""
    version: Version = None
    """A number to pin it, else the latest."""


class SharedTypeDeclared(Declared):
    """contract.yaml of a folder without ``mqtt``: a subject and its schema."""

    subject: Text
    references: tuple[ReferenceDeclared, ...] = ()
    compatibility: Compatibility | None = None
    owner: Text | None = None
    description: Text | None = None


class ContractDeclared(Declared):
    """contract.yaml."""

    mqtt: FilterText
    topic: FilledTemplateText
    subject: FilledTemplateText | None = None
    where: dict[str, Values] = {}
    device: PointerText | None = None
    key: FilledTemplateText | None = None
    fields: dict[PointerText, TemplateText] = {}
    headers: dict[Annotated[Text, AfterValidator(_header_name)], TemplateText] = {}
    timestamp: (
        Annotated[
            TimestampDeclared,
            BeforeValidator(_long_timestamp, json_schema_input_type=StrictStr | TimestampDeclared),
        ]
        | None
    ) = None
    version: Version = None
    mode: Mode = Mode.LOSSLESS
    options: Options = Options()
    overrides: dict[PatternText, Options] = {}
    framing: Literal["prefix", "header"] = "prefix"
    qos: Annotated[WholeNumber, Field(ge=0, le=2)] = 1
    compatibility: Compatibility | None = None
    references: tuple[ReferenceDeclared, ...] = ()
    dead_letters: FilledTemplateText | None = None
    owner: Text | None = None
    description: Text | None = None
