"""Hypothesis strategies: what a contract may declare for an Avro schema, as contract.yaml spells it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hypothesis import strategies as st

from gateway.config.options import ALLOWED_IN_STRICT, OF_THE_WHOLE_PAYLOAD

_VALUES: Mapping[str, list[Any]] = {
    "epoch_unit": ["s", "ms", "us", "ns"],
    "epoch_window": [["1990-01-01", "2050-01-01"], ["1970-01-01", "2200-01-01"], ["2023-01-01", "2024-01-01"]],
    "assume_tz": ["UTC", "Europe/Berlin"],
    "bytes_encoding": ["base64", "base64url", "hex", "latin1", "utf8"],
    "null_tokens": [[""], ["-", "n/a"], ["NaN", "1", "true", "IDLE"]],
    "non_finite": ["reject", "null", "keep"],
    "nan_literals": ["null"],
    "decimal_separator": [",", "."],
    "float_narrowing": ["decimal", "round"],
    "unknown_fields": ["reject", "drop"],
    "defaults": ["fill", "reject"],
    "enum_map": [{"1": "RUN", "on": "IDLE", "run": "Stop"}],
    "field_case": ["exact", "insensitive"],
    "wrap_scalar": [True, False],
    "union_encoding": ["plain", "tagged", "auto"],
    "duplicate_keys": ["reject", "last"],
    "rounding": ["floor", "trunc", "half-even"],
    "aliases": [["tmp"], ["A"]],
}
LOSES: Mapping[str, frozenset[str]] = {
    "null_tokens": frozenset({"token-to-null"}),
    "non_finite": frozenset({"token-to-null"}),
    "nan_literals": frozenset({"nan-literal-to-null"}),
    "assume_tz": frozenset({"timezone-assumed"}),
    "float_narrowing": frozenset({"rounded"}),
    "unknown_fields": frozenset({"unknown-dropped"}),
    "duplicate_keys": frozenset({"duplicate-dropped"}),
}
"""The lossy conversions that an option declares in lossless mode."""

Declared = dict[str, Any]
"""Keyword arguments of ``compiled.encode``: options and overrides."""


@st.composite
def declarations(draw: st.DrawFn, schema: Any, *, strict: bool = False) -> Declared:
    """Options, and overrides at places of the schema; ``strict`` only such as every mode may have."""
    names = sorted(_VALUES.keys() & ALLOWED_IN_STRICT if strict else _VALUES.keys() - {"rounding"})
    options = draw(_options([name for name in names if name != "aliases"]))
    below = sorted({place for place in places(schema) if place})
    overrides: dict[str, Declared] = {}
    if below:
        chosen = draw(st.lists(st.sampled_from(below), max_size=2, unique=True))
        inner = [name for name in names if name not in OF_THE_WHOLE_PAYLOAD]
        overrides = {place: draw(_options(inner)) for place in chosen}
    return {"options": options, "overrides": overrides}


def _options(names: list[str]) -> st.SearchStrategy[Declared]:
    chosen = st.lists(st.sampled_from(names), max_size=3, unique=True)
    return chosen.flatmap(lambda some: st.fixed_dictionaries({name: st.sampled_from(_VALUES[name]) for name in some}))


def places(schema: Any, at: str = "") -> Iterator[str]:
    """Pointers to every place of the payload that the schema describes."""
    yield at
    if isinstance(schema, list):
        for branch in schema:
            yield from places(branch, at)
    elif isinstance(schema, dict):
        for inner in ("items", "values"):
            if inner in schema:
                yield from places(schema[inner], f"{at}/*")
        for field in schema.get("fields", ()):
            yield from places(field["type"], f"{at}/{field['name']}")


def declared_losses(declared: Declared) -> frozenset[str]:
    """The lossy conversions that lossless mode may make under a declaration."""
    names = {*declared["options"], *(name for own in declared["overrides"].values() for name in own)}
    return frozenset().union(*(LOSES.get(name, frozenset()) for name in names))
