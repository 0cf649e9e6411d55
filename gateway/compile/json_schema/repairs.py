"""What would make the refused values of one payload pass: candidates at all their places, then the validator's word.

A value that converts may still break another keyword (``minimum``), so nothing is stated that the schema has not
judged. All candidates are put into one copy, and that is judged once: the schema's errors name the places where a
candidate does not help.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import msgspec

from gateway.compile.coercions import BOOLEAN_TO_NUMBER, LOSSY
from gateway.compile.json_schema.conversion import convert
from gateway.compile.json_schema.edits import Copy, value_at
from gateway.compile.json_schema.flaws import Where, generic
from gateway.compile.json_schema.mending import Mender
from gateway.compile.json_schema.telling import Teller
from gateway.compile.json_schema.validator import Validator
from gateway.compile.leaf import Leaf
from gateway.compile.remedy import can_be_told, candidates
from gateway.compile.rules import Path, RuleBook, keep
from gateway.compile.verdict import Log, Refused
from gateway.model import Mode
from gateway.notation.pointer import MISSING

_OTHER_MEANING = LOSSY | {BOOLEAN_TO_NUMBER}
"""Conversions whose result a device need not have meant: firmware has sent true for a number by mistake."""


class Remedy(msgspec.Struct, frozen=True):
    """What would help at one place."""

    fix: Any = MISSING
    """A value that passes there, MISSING if none was found."""
    mode: Mode | None = None
    """The lowest wider mode that takes what stands there."""
    declaration_helps: bool = True
    """Whether the rules that the refusal's advice would declare help."""


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

    def find(self, value: Any, findings: Iterable[Finding]) -> dict[Where, Remedy]:
        """The remedies for what is wrong with a payload; ``value`` is what conversions made of it so far."""
        remedies: dict[Where, Remedy] = {}
        copy = Copy(value)
        for finding in findings:
            if not finding.is_repairable:
                continue
            try:
                found = value_at(value, finding.where)
            except LookupError:
                continue  # dropped meanwhile
            remedy, made = self._remedy(finding, found)
            remedies[finding.where] = remedy
            if made is not MISSING and not copy.is_changed_around(finding.where):
                copy.put(finding.where, made)
        if copy.is_changed and not self._validator.is_valid(copy.value):
            told = self._teller.tell(copy.value)
            if not told.complete:
                return {}
            for error in told.flaws:
                for n in range(len(error.where) + 1):
                    place = error.where[:n]
                    if place in remedies:
                        remedies[place] = Remedy(declaration_helps=remedies[place].declaration_helps)
        return remedies

    def mode_that_drops(self, where: Where) -> Mode | None:
        """The lowest wider mode that drops unknown fields of the object at this place."""
        path = generic(where)
        return next((mode for mode, book in self._wider if book.at(path).drops_unknown), None)

    def _remedy(self, finding: Finding, value: Any) -> tuple[Remedy, Any]:
        """What may help, and what would then stand there."""
        mode, made = self._widen(finding, value)
        told = MISSING if mode is None or made is MISSING else made.told
        for candidate in candidates(finding.refused, value, told):
            becomes = self._taken(finding, candidate) if can_be_told(candidate) else MISSING
            if becomes is not MISSING:
                return Remedy(candidate, mode, self._helps(finding, value, candidate)), becomes
        return Remedy(MISSING, mode, self._helps(finding, value, MISSING)), MISSING if made is MISSING else made.value

    def _widen(self, finding: Finding, value: Any) -> tuple[Mode | None, _Made | Any]:
        if finding.types is None:
            return None, MISSING
        for mode, leaf in self._wider_leaves(generic(finding.where)):
            log: Log = []
            try:
                made = convert(finding.types, value, [leaf], log)
            except Refused:
                continue
            other = any(each.code in _OTHER_MEANING for each in log)
            return mode, _Made(made, MISSING if other else made)
        return None, MISSING

    def _taken(self, finding: Finding, candidate: Any) -> Any:
        """What the contract's own mode makes of a candidate by its type, MISSING if nothing."""
        if finding.types is None or _is_of(finding.types, candidate):
            return candidate
        leaves = self._mender.leaves(generic(finding.where))
        if not leaves:
            return MISSING
        log: Log = []
        try:
            made = convert(finding.types, candidate, leaves, log)
        except Refused:
            return MISSING
        return MISSING if any(each.code in LOSSY for each in log) else made

    def _helps(self, finding: Finding, value: Any, fix: Any) -> bool:
        changes = finding.refused.advice.tried
        if changes is None:
            return True
        if "wrap_scalar" in changes:
            return fix is not MISSING
        return self._converts_with(finding, value, changes)

    def _converts_with(self, finding: Finding, value: Any, changes: Mapping[str, Any]) -> bool:
        assert finding.types is not None, "what is tried is a conversion"
        try:
            convert(finding.types, value, [self._changed_leaf(generic(finding.where), changes)], [])
        except Refused:
            return False
        return True

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
    """What a wider mode makes of a value."""

    value: Any
    told: Any
    """MISSING where it need not be what was meant."""


def _is_of(types: Sequence[str], value: Any) -> bool:
    """Whether a value is of one of these types as it stands."""
    kind = type(value)
    if kind is float:
        return "number" in types or ("integer" in types and value.is_integer())
    return any(name in types for name in _NAMES[kind])


_NAMES: Mapping[type, tuple[str, ...]] = {
    bool: ("boolean",),
    int: ("integer", "number"),
    str: ("string",),
    type(None): ("null",),
    list: ("array",),
    dict: ("object",),
}
