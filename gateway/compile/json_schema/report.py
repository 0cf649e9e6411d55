"""The validator's errors as violations: our reason codes, pointers into the payload, a line for a person."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from gateway.compile.json_schema.edits import find_at
from gateway.compile.json_schema.flaws import Flaw, Where
from gateway.compile.json_schema.forms import ALTERNATIVES, judge_forms
from gateway.compile.json_schema.integers import INT64
from gateway.compile.json_schema.keywords import refusal_of
from gateway.compile.json_schema.repairs import NO_REMEDY, Finding, Remedy, Repairs
from gateway.compile.json_schema.unevaluated import UNEVALUATED, may_follow, places_around
from gateway.compile.json_schema.unknown import Unknown
from gateway.compile.refusals import unknown_field
from gateway.compile.remedy import violation
from gateway.compile.verdict import MOST_VIOLATIONS, Advice, Refused
from gateway.model import Code, Violation
from gateway.notation.pointer import MISSING, Pointer, escape


class Report(msgspec.Struct, frozen=True):
    """Turns the errors of one payload into violations."""

    payload: Any
    """The payload as it came: paths and values point into it, whatever was converted meanwhile."""
    converted: Any
    """What conversions made of it."""
    source: Any
    """The schema's JSON."""
    failed: Mapping[Where, Refused]
    """The conversions that were tried and refused."""
    complete: bool
    """Whether all errors are told."""
    settled: Container[Where]
    """Places that were converted. None is converted twice, so no other type or mode helps there."""
    keys: Mapping[Where, str]
    """Places of fields that the payload has under another name -> that name."""
    repairs: Repairs
    unknown: Unknown
    named: Container[str]
    """Fields that the schema and its references name anywhere."""
    aliases: Callable[[Where], Sequence[str]]
    """The other names that a field may have in the payload."""
    unknown_fields: str
    """What a contract can declare about unknown fields, for a person; empty if nothing."""

    def violations(self, flaws: Sequence[Flaw]) -> list[Violation]:
        """A violation for each flaw, misspelled fields before missing ones: the one explains the other.

        Of a payload with thousands of flaws only the first are told, and one more than are listed.
        """
        found = self._each_once(self._findings(flaws))
        remedies = self.repairs.find(self.converted, found, flaws if self.complete else (), self.settled)
        return [self._told(each, remedies.get(each.where, NO_REMEDY)) for each in found]

    def clash(self, where: Where, refused: Refused) -> Violation:
        """The violation of an object in which a field stands under two names."""
        return violation(refused, self._value(where), self._pointer(where), "")

    def _each_once(self, findings: Iterable[Finding]) -> list[Finding]:
        """Of findings that say the same of one place the first, or the first that names types: it can be mended."""
        told: dict[tuple[Where, Code, str, str], Finding] = {}
        for each in findings:
            said = self._in_payload(each.where), each.refused.code, each.refused.expected, each.refused.advice.why
            known = told.setdefault(said, each)
            if known.types is None and each.types is not None:
                told[said] = each
            if len(told) > MOST_VIOLATIONS:
                break
        return list(told.values())

    def _findings(self, flaws: Iterable[Flaw]) -> Iterator[Finding]:
        unknown: list[Flaw] = []
        others: list[Flaw] = []
        for flaw in flaws:
            is_unknown = flaw.name in _OF_UNKNOWN and not (flaw.name in _CONVERTIBLE and flaw.where in self.failed)
            (unknown if is_unknown else others).append(flaw)
        causes = [flaw for flaw in others if flaw.name not in UNEVALUATED]
        around = places_around(causes, (*unknown, *others))
        additional: dict[Where, list[Flaw]] = {}
        for flaw in unknown:
            if flaw.name == "additionalProperties":
                additional.setdefault(flaw.where, []).append(flaw)
        for flaw in unknown:
            # Looked at one by one, as they are told: there may be thousands of them.
            droppable = self.unknown.droppable(additional.get(flaw.where, ()))
            for found in self._unknown(flaw, droppable.get(flaw.where, {})):
                if not (may_follow(flaw, around) and (found.where[-1] in self.named or found.where in around)):
                    yield found
        mistyped = {flaw.where for flaw in others if flaw.name == "type"}
        for flaw in others:
            follows = flaw.name in {"enum", "const"} and flaw.where in mistyped
            if not (follows or may_follow(flaw, around)):
                yield self._finding(flaw.name, flaw.where, flaw.error)

    def _finding(self, name: str, where: Where, error: Any) -> Finding:
        if name == "required":
            return self._missing(error, (*where, error.kind.as_dict()["property"]))
        details = error.kind.as_dict()
        types = details["types"] if name == "type" and where not in self.settled else None
        if where in self.failed and name in _CONVERTIBLE:
            return Finding(error, where, self.failed[where].told(), None, types)
        if name in ALTERNATIVES and where not in self.settled:
            converted = find_at(self.converted, where)
            value = self._value(where) if converted is MISSING else converted
            forms = judge_forms(error, details, value, self.repairs.leaves(where))
            return Finding(error, where, forms.refused, name, forms.types)
        keyword = "type" if name == INT64 else name
        return Finding(error, where, refusal_of(name, details, self._value(where)).told(), keyword, types)

    def _told(self, finding: Finding, remedy: Remedy) -> Violation:
        place = self._in_payload(finding.where)
        return violation(
            finding.refused.without_declaration() if remedy.declaration is False else finding.refused,
            find_at(self.payload, place),
            _pointer(map(str, place)),
            _place(finding.error),
            # Another keyword at the place refuses the value as it is, whatever a wider mode makes of it.
            coercible_in=finding.mode if finding.types is None else remedy.mode,
            fix=remedy.fix,
            keyword=finding.keyword,
        )

    def _pointer(self, where: Where) -> str:
        return _pointer(map(str, self._in_payload(where)))

    def _value(self, where: Where) -> Any:
        return find_at(self.payload, self._in_payload(where))

    def _in_payload(self, where: Where) -> Where:
        """The place as the payload names it: under the names that it has there, and before a value became a list."""
        if not self.keys and int not in map(type, where):
            return where
        names: list[str | int] = []
        here: Where = ()
        value = self.payload
        for step in where:
            if isinstance(step, int) and value is not MISSING and type(value) is not list:
                continue  # the only item of what was wrapped
            here = (*here, step)
            name = self.keys.get(here, step)
            names.append(name)
            try:
                value = value[name]
            except (LookupError, TypeError):
                value = MISSING
        return tuple(names)

    def _missing(self, error: Any, where: Where) -> Finding:
        advice = Advice(publish="publish it", declare="let the schema not require it")
        params = {"field": where[-1], "aliases": list(self.aliases(where))}
        return Finding(error, where, Refused(Code.MISSING_REQUIRED, "a value", advice, **params), error.kind.name)

    def _unknown(self, flaw: Flaw, droppable: Mapping[str, None]) -> Iterator[Finding]:
        """What is said of the fields that a flaw names; ``droppable`` are those of the object that may be left out."""
        error, where, keyword = flaw.error, flaw.where, flaw.name
        known = self._properties(error.schema_path)
        present = _names(self._value(where))
        missing = [name for name in known if name not in present]
        # Of an object nothing of which is known nothing would be left.
        drops = not present.keys() <= droppable.keys()
        mode = self.repairs.mode_that_drops(where) if drops else None
        wanted, parent = "only the fields of the schema", self._pointer(where)
        if isinstance(Pointer(tuple(map(str, error.schema_path))).get(self.source), dict):
            wanted += f", and others as {keyword} wants them"
        for key in flaw.unexpected:
            if keyword == "additionalProperties" and key not in droppable:
                refused = Refused(Code.UNKNOWN_FIELD, wanted, _NAMED_ELSEWHERE, field=key, nearest=None)
                yield Finding(error, (*where, key), refused, keyword)
                continue
            is_dropped = drops and key in droppable
            refused = unknown_field(wanted, key, missing, parent, self.unknown_fields if is_dropped else "").told()
            yield Finding(error, (*where, key), refused, keyword, mode=mode if is_dropped else None)

    def _properties(self, schema_path: Iterable[str | int]) -> list[str]:
        """The property names beside the keyword at ``schema_path``, where it lies in this very schema."""
        *parent, _ = [str(step) for step in schema_path]
        here = Pointer(tuple(parent)).get(self.source)
        properties = here.get("properties") if isinstance(here, dict) else None
        return list(properties) if isinstance(properties, dict) else []


def _names(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


_NAMED_ELSEWHERE = Advice(
    "another part of the schema names it", declare="let the schema name it beside this additionalProperties, too"
)
_OF_UNKNOWN = frozenset({"additionalProperties", "unevaluatedProperties"})
"""Keywords whose errors name fields that the schema does not know."""
_CONVERTIBLE = frozenset({"type", *ALTERNATIVES, "additionalProperties"})
"""Keywords whose refusal may be that of a conversion."""


def _place(error: Any) -> str:
    """JSON Schema's absolute keyword location, or the pointer into the registered schema."""
    place: str | None = error.absolute_keyword_location
    return place or _kept_pointer(tuple(error.schema_path))


@lru_cache(maxsize=256)
def _kept_pointer(place: tuple[str | int, ...]) -> str:
    """Kept, because devices make the same mistake in message after message."""
    return _pointer(map(str, place))


def _pointer(tokens: Iterable[str]) -> str:
    return "".join(["/" + escape(token) for token in tokens])
