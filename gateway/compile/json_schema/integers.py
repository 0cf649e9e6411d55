"""The guard of ``integers: int64``: a number beyond 64 bits where the schema takes integers is out of range.

JSON Schema's integers have no end, 1e300 is one of them; readers with a long, as most of them have, do not hold it.
The guard only narrows: what the schema refuses stays refused, by the schema's own reasons. So there are two validators,
the schema's own and one of a copy in which each ``type`` that names integers has bounds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from typing import Any, NamedTuple

import jsonschema_rs

from gateway.compile.json_schema.subschemas import inside
from gateway.compile.json_schema.unevaluated import UNEVALUATED, around

INT64 = "int64"
"""In place of a keyword's name, in the errors of the guard."""
LOWEST, HIGHEST = -(2**63), 2**63 - 1

_BOUNDS: Mapping[str, Any] = {"minimum": LOWEST, "maximum": HIGHEST}
_CONDITIONS = frozenset({"not", "if", "contains"})
"""Keywords that ask what a value is, and do not say what it must be."""


def bound_integers(documents: Mapping[str, Any]) -> Mapping[str, Any]:
    """Copies of schemas, by any key, that take integers of 64 bits only."""
    copies = deepcopy(dict(documents))
    waiting = list({id(copy): copy for copy in copies.values()}.values())
    for schema in waiting:
        if isinstance(schema, dict):
            waiting += [inner for (keyword, *_), inner in inside(schema) if keyword not in _CONDITIONS]
            declared = schema.get("type")
            types = declared if isinstance(declared, list) else [declared]
            if "integer" in types and "number" not in types:
                schema["allOf"] = [*schema.get("allOf", []), _BOUNDS]
    return copies


class _Kind(NamedTuple):
    name: str
    details: Mapping[str, Any]

    def as_dict(self) -> Mapping[str, Any]:
        return self.details


class BeyondError(Exception):
    """What the guard has against a value; to be asked like a ``jsonschema_rs.ValidationError``."""

    def __init__(self, error: Any) -> None:
        super().__init__("an integer beyond 64 bits")
        self.kind = _Kind(INT64, {})
        self.instance_path = error.instance_path
        self.instance = error.instance
        self.evaluation_path = error.evaluation_path
        location: str | None = error.absolute_keyword_location
        place = list(error.schema_path)
        if place[-1] in _BOUNDS:  # as they lie behind the schema's own allOf, it names what they belong to
            place[-3:] = ["type"]
            location = location and "/".join((*location.split("/")[:-3], "type"))
        self.schema_path = place
        self.absolute_keyword_location = location


class Guarded:
    """A validator and its guard as one validator."""

    def __init__(self, own: Any, guard: Any) -> None:
        """``guard`` judges what ``own`` accepts."""
        self._own = own
        self._guard = guard

    def is_valid(self, value: Any) -> bool:
        """Whether a decoded payload satisfies the schema, and its integers have 64 bits."""
        return bool(self._own.is_valid(value) and self._guard.is_valid(value))

    def iter_errors(self, value: Any) -> Iterable[Any]:
        """The schema's own errors; of a value that has none, those of the guard."""
        if not self._own.is_valid(value):
            return self._own.iter_errors(value)  # type: ignore[no-any-return]
        errors = [found for error in self._guard.iter_errors(value) for found in _numbers(error)]
        told = around(tuple(error.instance_path) for error in errors if error.kind.name in _BOUNDS)
        # A subschema that refuses a number evaluates nothing: once the number is told, nothing around it is unknown.
        causes = [each for each in errors if each.kind.name not in UNEVALUATED or tuple(each.instance_path) not in told]
        return map(BeyondError, causes)

    def validate(self, value: Any) -> None:
        """Raises the first of them."""
        self._own.validate(value)
        try:
            self._guard.validate(value)
        except jsonschema_rs.ValidationError as error:
            raise BeyondError(next(_numbers(error))) from None


def _numbers(error: Any) -> Iterator[Any]:
    """The errors about numbers that are in an error, which may be one of alternatives; if there are none, itself."""
    found = [
        inner
        for branch in error.kind.as_dict().get("context", ())
        for each in branch
        for inner in _numbers(each)
        if inner.kind.name in _BOUNDS
    ]
    places: dict[tuple[Any, ...], Any] = {}
    for inner in found:
        places.setdefault(tuple(inner.instance_path), inner)
    yield from places.values() or (error,)
