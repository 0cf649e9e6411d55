"""What would make the refused values of one payload pass: candidates at all their places, then the validator's word.

A value that converts may still break another keyword (``minimum``), so nothing is stated that the schema has not
judged. All candidates are put into one copy, and that is judged once: the schema's errors name the places where a
candidate does not help.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import msgspec

from gateway.compile.coercions import BOOLEAN_TO_NUMBER, LOSSY
from gateway.compile.json_schema.conversion import convert
from gateway.compile.json_schema.edits import Copy, value_at
from gateway.compile.json_schema.flaws import Where, generic
from gateway.compile.json_schema.mending import Mender
from gateway.compile.json_schema.telling import Teller
from gateway.compile.json_schema.unevaluated import around
from gateway.compile.json_schema.validator import Validator
from gateway.compile.leaf import Leaf
from gateway.compile.remedy import can_be_told, candidates
from gateway.compile.rules import Path, RuleBook, keep
from gateway.compile.verdict import Log, Refused
from gateway.model import Mode
from gateway.notation.pointer import MISSING

_MENDABLE = frozenset({None, "anyOf", "oneOf"})
"""Keywords of findings, beside those about types, that conversions may mend; None where one was tried."""
_OTHER_MEANING = LOSSY | {BOOLEAN_TO_NUMBER}
"""Conversions whose result a device need not have meant: firmware has sent true for a number by mistake."""


class Remedy(msgspec.Struct, frozen=True):
    """What would help at one place."""

    fix: Any = MISSING
    """A value that passes there, MISSING if none was found."""
    mode: Mode | None = None
    """The lowest wider mode that takes what stands there."""
    declaration: bool | None = None
    """Whether the rules that the refusal's advice would declare help; None where there are none to be tried."""

    def published(self) -> Remedy:
        """What is left of it where another keyword refuses the value before it is converted."""
        return msgspec.structs.replace(self.refuted(), fix=self.fix)

    def refuted(self) -> Remedy:
        """What is left of it where the schema refuses what it would make."""
        return Remedy(declaration=None if self.declaration is None else False)


NO_REMEDY = Remedy()


class Finding(msgspec.Struct, frozen=True):
    """A refused value, before it is known what would help."""

    error: Any
    where: Where
    refused: Refused
    keyword: str | None
    types: Sequence[str] | None = None
    """The types that the schema wants there, None where it is not about types."""
    mode: Mode | None = None
    """The lowest wider mode that takes it, where it is not about types."""

    @property
    def is_repairable(self) -> bool:
        """Whether another value may be what was meant: one of another type, or the right spelling of a symbol."""
        return self.types is not None or self.refused.advice.propose is not None


class Repairs:
    """Finds remedies under one contract."""

    def __init__(self, validator: Validator, teller: Teller, book: RuleBook, mender: Mender) -> None:
        self._validator = validator
        self._teller = teller
        self._book = book
        self._mender = mender
        self._wider = [(mode, book.in_mode(mode)) for mode in book.wider()]
        self._known: dict[Path, list[tuple[Mode, Leaf]]] = {}
        self._changed: dict[tuple[tuple[str, Any], ...], dict[Path, Leaf]] = {}
        """By what was changed."""

    def find(self, value: Any, findings: Sequence[Finding]) -> dict[Where, Remedy]:
        """The remedies for what is wrong with a payload; ``value`` is what conversions made of it so far."""
        remedies: dict[Where, Remedy] = {}
        copy = Copy(value)
        refused_as_it_is = {each.where for each in findings if each.types is None and each.keyword not in _MENDABLE}
        for finding in sorted(findings, key=lambda each: (len(each.where), each.types is None)):
            if not finding.is_repairable or finding.where in remedies:
                continue
            try:
                found = value_at(value, finding.where)
            except LookupError:
                continue  # dropped meanwhile
            remedy, made = self._remedy(finding, found)
            if finding.where in refused_as_it_is:
                remedy = remedy.published()
            is_judged = not copy.is_changed_around(finding.where)
            remedies[finding.where] = remedy if is_judged else remedy.refuted()
            if made is not MISSING and is_judged:
                copy.put(finding.where, made)
        if copy.is_changed and not self._validator.is_valid(copy.value):
            told = self._teller.tell(copy.value)
            refuted = around(flaw.where for flaw in told.flaws) if told.complete else remedies
            remedies |= {where: remedies[where].refuted() for where in remedies.keys() & refuted}
        return remedies

    def mode_that_drops(self, where: Where) -> Mode | None:
        """The lowest wider mode that drops unknown fields of the object at this place."""
        path = generic(where)
        return next((mode for mode, book in self._wider if book.at(path).drops_unknown), None)

    def _remedy(self, finding: Finding, value: Any) -> tuple[Remedy, Any]:
        """What may help, and what would then stand there, MISSING if nothing helps."""
        wider = self._widen(finding, value)
        changes, declared, declaration = finding.refused.advice.tried, MISSING, None
        if changes is not None:
            declared = _converted(finding, value, [self._changed_leaf(generic(finding.where), changes)], [])
            declaration = declared is not MISSING
        for candidate in candidates(finding.refused, value, wider.told):
            becomes = self._taken(finding, candidate) if can_be_told(candidate) else MISSING
            if becomes is not MISSING:
                return Remedy(candidate, wider.mode, declaration), becomes
        return Remedy(MISSING, wider.mode, declaration), declared if wider.value is MISSING else wider.value

    def _widen(self, finding: Finding, value: Any) -> _Made:
        for mode, leaf in self._wider_leaves(generic(finding.where)):
            log: Log = []
            made = _converted(finding, value, [leaf], log)
            if made is not MISSING:
                other = any(each.code in _OTHER_MEANING for each in log)
                return _Made(mode, made, MISSING if other else made)
        return _NOT_MADE

    def _taken(self, finding: Finding, candidate: Any) -> Any:
        """What the contract's own mode makes of a candidate by its type, MISSING if nothing."""
        if finding.types is None or _is_of(finding.types, candidate):
            return candidate
        leaves = self._mender.leaves(generic(finding.where))
        if not leaves:
            return MISSING
        log: Log = []
        made = _converted(finding, candidate, leaves, log)
        return MISSING if any(each.code in LOSSY for each in log) else made

    def _changed_leaf(self, path: Path, changes: Mapping[str, Any]) -> Leaf:
        known = self._changed.setdefault(tuple(changes.items()), {})
        leaf = known.get(path)
        if leaf is None:
            leaf = Leaf(replace(self._book.at(path), **changes), path)
            keep(known, path, leaf)
        return leaf

    def _wider_leaves(self, path: Path) -> list[tuple[Mode, Leaf]]:
        found = self._known.get(path)
        if found is None:
            found = [(mode, Leaf(book.at(path), path)) for mode, book in self._wider]
            keep(self._known, path, found)
        return found


class _Made(NamedTuple):
    """What the lowest wider mode that takes a value makes of it."""

    mode: Mode | None
    value: Any
    told: Any
    """MISSING where it need not be what was meant."""


def _converted(finding: Finding, value: Any, leaves: Sequence[Leaf], log: Log) -> Any:
    """The value as one of the types that are wanted, MISSING if none is or it cannot become one."""
    if finding.types is None:
        return MISSING
    try:
        return convert(finding.types, value, leaves, log)
    except Refused:
        return MISSING


_NOT_MADE = _Made(None, MISSING, MISSING)


def _is_of(types: Sequence[str], value: Any) -> bool:
    """Whether a value can be of one of these types as it stands; whether 7.5 is an integer, the validator says."""
    return any(name in types for name in _NAMES[type(value)])


_NAMES: Mapping[type, tuple[str, ...]] = {
    bool: ("boolean",),
    int: ("integer", "number"),
    float: ("integer", "number"),
    str: ("string",),
    type(None): ("null",),
    list: ("array",),
    dict: ("object",),
}
