"""The validator's errors as violations: our reason codes, pointers into the payload, a line for a person."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from gateway.compile.rules import Path
from gateway.compile.verdict import Misspelled, Refused, kind_of, violation
from gateway.model import Code, Mode, Violation
from gateway.notation.pointer import MISSING, Pointer, escape

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


_OF_UNKNOWN = frozenset({"additionalProperties", "unevaluatedProperties"})
"""Keywords whose errors name fields that the schema does not know."""
_CONVERTED = frozenset({"type", "anyOf", "oneOf", "additionalProperties"})
"""Keywords whose errors a conversion may answer."""


class Flaw(NamedTuple):
    """One error of the validator, with what is asked of each."""

    name: str
    """The failing keyword."""
    where: Where
    error: Any

    @property
    def types(self) -> tuple[str, ...]:
        """The types that a ``type`` error wants."""
        return tuple(self.error.kind.as_dict()["types"])


def flaws_of(errors: Iterable[Any]) -> list[Flaw]:
    """The validator's errors."""
    return [Flaw(error.kind.name, tuple(error.instance_path), error) for error in errors]


def generic(where: Where) -> Path:
    """The place with ``*`` for array indices, as rules and recorded conversions name it."""
    return tuple("*" if isinstance(step, int) else step for step in where)


@dataclass(frozen=True, slots=True)
class Report:
    """Turns the errors of one payload into violations."""

    payload: Any
    """The payload as it came: paths and values point into it, whatever was converted meanwhile."""
    source: Any
    """The schema's JSON."""
    failed: Mapping[Where, Refused]
    """The conversions that were tried and refused."""
    keys: Mapping[Where, str]
    """Places of fields that the payload has under another name -> that name."""
    passes_in: Callable[[Where, Sequence[str]], Mode | None]
    """The lowest wider mode in which what stands at a place would be converted to one of these types."""
    aliases: Callable[[Where], Sequence[str]]
    """The other names that a field may have in the payload."""

    def violations(self, flaws: Iterable[Flaw]) -> Iterator[Violation]:
        """A violation for each flaw, misspelled fields before missing ones: the one explains the other.

        Made one by one: of a payload with thousands of flaws only the first are told.
        """
        unknown: list[Flaw] = []
        others: list[Flaw] = []
        for flaw in flaws:
            is_unknown = flaw.name in _OF_UNKNOWN and not (flaw.name in _CONVERTED and flaw.where in self.failed)
            (unknown if is_unknown else others).append(flaw)
        for flaw in unknown:
            yield from self._unknown(flaw.error, flaw.where)
        mistyped = {flaw.where for flaw in others if flaw.name == "type"}
        for name, where, error in others:
            if where in self.failed and name in _CONVERTED:
                yield self._wrong(error, name, where, self.failed[where], keyword=None)
            elif name == "required":
                yield self._missing(error, (*where, error.kind.as_dict()["property"]))
            elif not (name in {"enum", "const"} and where in mistyped):
                refused = _refusal(name, error.kind.as_dict(), self._value(where))
                yield self._wrong(error, name, where, refused, keyword=name)

    def clash(self, where: Where, refused: Refused) -> Violation:
        """The violation of an object in which a field stands under two names."""
        return violation(refused, self._value(where), self._pointer(where), "", None)

    def _in_payload(self, where: Where) -> tuple[str, ...]:
        """The place as the payload names it."""
        if not self.keys:
            return tuple(map(str, where))
        return tuple(self.keys.get(where[: n + 1], str(step)) for n, step in enumerate(where))

    def _pointer(self, where: Where) -> str:
        return _pointer(self._in_payload(where))

    def _value(self, where: Where) -> Any:
        return Pointer(self._in_payload(where)).get(self.payload)

    def _wrong(self, error: Any, name: str, where: Where, refused: Refused, *, keyword: str | None) -> Violation:
        mode = self.passes_in(where, error.kind.as_dict()["types"]) if name == "type" else None
        return violation(refused, self._value(where), self._pointer(where), _place(error), mode, keyword=keyword)

    def _missing(self, error: Any, where: Where) -> Violation:
        path = self._pointer(where)
        return Violation(
            Code.MISSING_REQUIRED,
            f"{path}: the schema requires it, and it is missing",
            path=path,
            schema_path=_place(error),
            keyword=error.kind.name,
            expected="a value",
            found=kind_of(MISSING),
            params={"field": where[-1], "aliases": list(self.aliases(where))},
        )

    def _unknown(self, error: Any, where: Where) -> Iterator[Violation]:
        known = self._properties(error.schema_path)
        for key in error.kind.as_dict()["unexpected"]:
            below = (*where, key)
            advice = "declare unknown_fields: drop in the contract to leave it out"
            refused = Misspelled(Code.UNKNOWN_FIELD, "only the fields of the schema", key, known, advice, field=key)
            yield self._wrong(error, error.kind.name, below, refused, keyword=error.kind.name)

    def _properties(self, schema_path: Iterable[str | int]) -> list[str]:
        """The property names beside the keyword at ``schema_path``, where it lies in this very schema."""
        *parent, _ = [str(step) for step in schema_path]
        here = Pointer(tuple(parent)).get(self.source)
        properties = here.get("properties") if isinstance(here, dict) else None
        return list(properties) if isinstance(properties, dict) else []


def _refusal(name: str, details: Mapping[str, Any], value: Any) -> Refused:
    """Why the keyword ``name`` refuses a value."""
    code = _CODES.get(name, Code.CONSTRAINT_VIOLATED)
    match name:
        case "type":
            expected = " or ".join(details["types"])
            return Refused(code, expected, expected=expected, found=kind_of(value))
        case "enum":
            allowed = list(details["options"][:_MOST_ALLOWED])
            texts = [each for each in allowed if isinstance(each, str)]
            wanted = "one of " + ", ".join(str(each) for each in allowed)
            return Misspelled(code, wanted, value if isinstance(value, str) else "", texts, allowed=allowed)
        case "const":
            return Refused(
                code, f"exactly {details['expected_value']!r}", allowed=[details["expected_value"]], nearest=None
            )
        case "anyOf" | "oneOf":
            branches = [_branch_codes(branch) for branch in details.get("context", ())]
            wanted = f"one of the {len(branches)} forms under {name}"
            return Refused(code, wanted, **{str(n): codes for n, codes in enumerate(branches)})
        case "format":
            return Refused(code, f"text of format {details['format']}", format=details["format"])
        case _:
            # Not the validator's own words: they quote the payload, which a dead letter may have to hide.
            limits = {key: item for key, item in details.items() if isinstance(item, int | float | str)}
            shown = ", ".join(str(item)[:_MOST_EXPECTED] for item in limits.values())
            wanted = f"a value that satisfies {name}" + (f" {shown}" if shown else "")
            return Refused(code, wanted, **{"keyword": name, **limits})


def _branch_codes(errors: Iterable[Any]) -> str:
    return ", ".join(sorted({str(_CODES.get(error.kind.name, Code.CONSTRAINT_VIOLATED)) for error in errors}))


def _place(error: Any) -> str:
    """JSON Schema's absolute keyword location, or the pointer into the registered schema."""
    place: str | None = error.absolute_keyword_location
    return place or _pointer(map(str, error.schema_path))


def _pointer(tokens: Iterable[str]) -> str:
    return "".join(["/" + escape(token) for token in tokens])
