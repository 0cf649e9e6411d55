"""The validator's errors as violations: our reason codes, pointers into the payload, a line for a person."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.compile.verdict import Refused, kind_of, quote, violation
from gateway.model import Code, Mode, Violation
from gateway.notation.nearest import nearest
from gateway.notation.pointer import MISSING, Pointer

Where = tuple[str | int, ...]
"""An instance path as the validator gives it: names and indices."""

_CODES: Mapping[str, Code] = {
    "type": Code.TYPE_MISMATCH,
    "enum": Code.NOT_IN_ENUM,
    "const": Code.NOT_IN_ENUM,
    "required": Code.MISSING_REQUIRED,
    "additionalProperties": Code.UNKNOWN_FIELD,
    "unevaluatedProperties": Code.UNKNOWN_FIELD,
    "anyOf": Code.UNION_NO_MATCH,
    "oneOf": Code.UNION_NO_MATCH,
    "format": Code.INVALID_FORMAT,
}
"""Everything else is constraint-violated."""

_MOST_ALLOWED = 20
"""Enum values that a violation lists."""
_MOST_EXPECTED = 200
"""Characters of a keyword's value that are shown."""


@dataclass(frozen=True, slots=True)
class Report:
    """Turns the errors of one payload into violations."""

    payload: Any
    """The payload as it came: paths and values point into it, whatever was converted meanwhile."""
    source: Any
    """The schema's JSON."""
    failed: Mapping[Where, Refused]
    """The conversions that were tried and refused."""
    passes_in: Callable[[Where, Any], Mode | None]
    """The lowest wider mode in which the error's leaf would be converted."""

    def violations(self, errors: Iterable[Any]) -> list[Violation]:
        """A violation for each error, misspelled fields before missing ones: the one explains the other."""
        errors = list(errors)
        mistyped = {tuple(error.instance_path) for error in errors if error.kind.name == "type"}
        found: list[Violation] = []
        for error in errors:
            where = tuple(error.instance_path)
            if where in self.failed and error.kind.name in {"type", "anyOf", "oneOf", "additionalProperties"}:
                refused, value = self.failed[where], self._value(where)
                found.append(violation(refused, value, _pointer(where), _place(error), self.passes_in(where, error)))
            elif not (error.kind.name in {"enum", "const"} and where in mistyped):
                found.extend(self._violations(error, where))
        return sorted(found, key=lambda each: each.code is not Code.UNKNOWN_FIELD)

    def _value(self, where: Where) -> Any:
        return Pointer(tuple(str(step) for step in where)).get(self.payload)

    def _violations(self, error: Any, where: Where) -> Iterator[Violation]:
        details = error.kind.as_dict()
        match error.kind.name:
            case "required":
                yield self._missing(error, (*where, details["property"]))
            case "additionalProperties" | "unevaluatedProperties":
                known = self._properties(error.schema_path)
                for name in details["unexpected"]:
                    yield self._unknown(error, (*where, name), nearest(name, known))
            case name:
                yield self._wrong(error, where, *_describe(name, details, self._value(where)))

    def _missing(self, error: Any, where: Where) -> Violation:
        path = _pointer(where)
        return Violation(
            Code.MISSING_REQUIRED,
            f"{path}: the schema requires it, and it is missing",
            path=path,
            schema_path=_place(error),
            keyword=error.kind.name,
            expected="a value",
            found=kind_of(MISSING),
            params={"field": where[-1], "aliases": []},
        )

    def _unknown(self, error: Any, where: Where, near: str | None) -> Violation:
        path, value = _pointer(where), self._value(where)
        advice = f"did you mean {near!r}?" if near else "declare unknown_fields: drop in the contract to leave it out"
        return Violation(
            Code.UNKNOWN_FIELD,
            f"{path}: the schema knows no such field; {advice}",
            path=path,
            schema_path=_place(error),
            keyword=error.kind.name,
            expected="only the fields of the schema",
            found=kind_of(value),
            value=quote(value),
            params={"field": where[-1], "nearest": near},
        )

    def _wrong(self, error: Any, where: Where, expected: str, params: Mapping[str, Any]) -> Violation:
        value = self._value(where)
        refused = Refused(_CODES.get(error.kind.name, Code.CONSTRAINT_VIOLATED), expected, "", **params)
        mode = self.passes_in(where, error) if error.kind.name == "type" else None
        return violation(refused, value, _pointer(where), _place(error), mode, keyword=error.kind.name)

    def _properties(self, schema_path: Iterable[str | int]) -> list[str]:
        """The property names beside the keyword at ``schema_path``, where it lies in this very schema."""
        *parent, _ = [str(step) for step in schema_path]
        here = Pointer(tuple(parent)).get(self.source)
        properties = here.get("properties") if isinstance(here, dict) else None
        return list(properties) if isinstance(properties, dict) else []


def _describe(name: str, details: Mapping[str, Any], value: Any) -> tuple[str, Mapping[str, Any]]:
    """``(what the schema wants, params)`` of an error about a value."""
    match name:
        case "type":
            expected = " or ".join(details["types"])
            return expected, {"expected": expected, "found": kind_of(value)}
        case "enum":
            allowed = list(details["options"][:_MOST_ALLOWED])
            near = (
                nearest(value, [each for each in allowed if isinstance(each, str)]) if isinstance(value, str) else None
            )
            return "one of " + ", ".join(str(each) for each in allowed), {"allowed": allowed, "nearest": near}
        case "const":
            return f"exactly {details['expected_value']!r}", {"allowed": [details["expected_value"]], "nearest": None}
        case "anyOf" | "oneOf":
            branches = [_branch_codes(branch) for branch in details.get("context", ())]
            return f"one of the {len(branches)} forms under {name}", {str(n): codes for n, codes in enumerate(branches)}
        case "format":
            return f"text of format {details['format']}", {"format": details["format"]}
        case _:
            # Not the validator's own words: they quote the payload, which a dead letter may have to hide.
            limits = {key: item for key, item in details.items() if isinstance(item, int | float | str)}
            shown = ", ".join(str(item)[:_MOST_EXPECTED] for item in limits.values())
            return f"a value that satisfies {name}" + (f" {shown}" if shown else ""), {"keyword": name, **limits}


def _branch_codes(errors: Iterable[Any]) -> str:
    return ", ".join(sorted({str(_CODES.get(error.kind.name, Code.CONSTRAINT_VIOLATED)) for error in errors}))


def _pointer(where: Where) -> str:
    return str(Pointer(tuple(str(step) for step in where)))


def _place(error: Any) -> str:
    """JSON Schema's absolute keyword location, or the pointer into the registered schema."""
    place: str | None = error.absolute_keyword_location
    return place or _pointer(tuple(error.schema_path))
