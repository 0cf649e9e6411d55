"""What would make the refused values of one payload pass: candidates at all their places, then the validator's word.

A value that converts may still break another keyword (``minimum``), so nothing is stated that the schema has not
judged. All candidates are put into one copy, and that is judged once: the schema's errors name the places where a
candidate does not help. What would be done about ``anyOf`` or ``oneOf`` in a wider mode is what its mender does; and
so is what would become of the item of a list that is made of one value.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import msgspec

from gateway.compile.coercions import BOOLEAN_TO_NUMBER, LOSSY
from gateway.compile.json_schema.conversion import convert
from gateway.compile.json_schema.edits import Copy, find_at, value_at
from gateway.compile.json_schema.flaws import Flaw, Where, generic
from gateway.compile.json_schema.forms import ALTERNATIVES
from gateway.compile.json_schema.mending import Fix, Mender, branches_of
from gateway.compile.json_schema.telling import Teller
from gateway.compile.json_schema.unevaluated import around
from gateway.compile.json_schema.unknown import Unknown
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
    """The types that the schema, or a form of it, wants there; None where it is not about types."""
    mode: Mode | None = None
    """The lowest wider mode that takes it, where it is not about types."""

    @property
    def is_repairable(self) -> bool:
        """Whether another value may be what was meant: one of another type, or the right spelling of a symbol."""
        return self.types is not None or self.refused.advice.propose is not None


class Repairs:
    """Finds remedies under one contract."""

    def __init__(self, validator: Validator, teller: Teller, unknown: Unknown, book: RuleBook, mender: Mender) -> None:
        self._validator = validator
        self._teller = teller
        self._book = book
        self._mender = mender
        self._wider = [(mode, book.in_mode(mode)) for mode in book.wider()]
        self._menders = [(mode, Mender(validator, teller, unknown, wider)) for mode, wider in self._wider]
        self._known: dict[Path, list[tuple[Mode, Leaf]]] = {}
        self._changed: dict[tuple[tuple[str, Any], ...], dict[Path, Leaf]] = {}
        """By what was changed."""

    def leaves(self, where: Where) -> Sequence[Leaf]:
        """A place under each mode up to the contract's own, strict aside; see ``convert``."""
        return self._mender.leaves(generic(where))

    def find(
        self, value: Any, findings: Sequence[Finding], flaws: Sequence[Flaw], settled: Container[Where]
    ) -> dict[Where, Remedy]:
        """The remedies for what is wrong with a payload; ``value`` is what conversions made of it so far.

        ``flaws`` are all that is wrong with it, none if they are too many. ``settled`` places are not converted again.
        """
        remedies: dict[Where, Remedy] = {}
        changed: dict[Where, Sequence[Where]] = {}
        wrapped: dict[Where, Remedy] = {}
        copy = Copy(value)
        chosen = self._choose(value, findings, flaws, settled)
        refused_as_it_is = {each.where for each in findings if each.types is None}
        for finding in sorted(findings, key=lambda each: (len(each.where), each.types is None)):
            where = finding.where
            if not finding.is_repairable or where in remedies:
                continue
            found = find_at(value, where)
            if found is MISSING:
                continue
            wider = chosen.get(where) or self._widen(finding, found)
            remedy, made = self._remedy(finding, found, wider)
            if where in refused_as_it_is:
                remedy = remedy.published()
            if copy.is_changed_around(where):
                remedies[where] = remedy.refuted()  # it is not judged
            else:
                remedies[where] = remedy
                changed[where] = [place for place, _ in made]
                for place, each in made:
                    if not copy.is_changed_around(place):  # by the one before: what became a list has no fields
                        copy.put(place, each)
                if [(where, [found])] == list(made):
                    wrapped[where] = remedy
        if copy.is_changed and not self._validator.is_valid(copy.value):
            told = self._teller.tell(copy.value)
            left = around(flaw.where for flaw in told.flaws)
            refuted = {where for where, places in changed.items() if not told.complete or not left.isdisjoint(places)}
            remedies |= {where: remedies[where].refuted() for where in refuted}
            remedies |= self._rewrapped(value, {where: wrapped[where] for where in wrapped.keys() & refuted})
        return remedies

    def _choose(
        self, value: Any, findings: Sequence[Finding], flaws: Sequence[Flaw], settled: Container[Where]
    ) -> dict[Where, _Made]:
        """What the lowest wider mode that can makes of values of which no form takes the type."""
        errors = {id(each.error) for each in findings if each.keyword in ALTERNATIVES}
        alternatives = {n: flaw for n, flaw in enumerate(flaws) if id(flaw.error) in errors} if errors else {}
        open_ = dict(branches_of(value, alternatives)) if alternatives else {}
        found: dict[Where, _Made] = {}
        for mode, mender in self._menders if open_ else ():
            for n, fixes in mender.choose(value, flaws, open_).items():
                del open_[n]
                if not any(fix.where in settled for fix in fixes):
                    found.setdefault(flaws[n].where, _made_by(mender, mode, fixes, value, flaws[n].where))
        return found

    def _rewrapped(self, value: Any, remedies: Mapping[Where, Remedy]) -> dict[Where, Remedy]:
        """What is left of the remedies of values that would become lists, once their items are converted, too."""
        by_mender: list[tuple[Mode | None, Mender]] = [(None, self._mender), *self._menders]
        passing: dict[Mode | None, set[Where]] = {}
        for mode, mender in by_mender if remedies else ():
            copy = Copy(value)
            for where in remedies:
                copy.put(where, [value_at(value, where)])
            passing[mode] = mender.mend_within(copy.value, remedies.keys())
        return {
            where: Remedy(
                remedy.fix if where in passing[None] else MISSING,
                next((mode for mode, _ in self._wider if remedy.mode == mode and where in passing[mode]), None),
                remedy.declaration and where in passing[None],
            )
            for where, remedy in remedies.items()
        }

    def mode_that_drops(self, where: Where) -> Mode | None:
        """The lowest wider mode that drops unknown fields of the object at this place."""
        path = generic(where)
        return next((mode for mode, book in self._wider if book.at(path).drops_unknown), None)

    def _remedy(self, finding: Finding, value: Any, wider: _Made) -> tuple[Remedy, Sequence[tuple[Where, Any]]]:
        """What may help, and what would then stand where; nothing if nothing helps."""
        changes, declared, declaration = finding.refused.advice.tried, MISSING, None
        if changes is not None:
            declared = _converted(finding, value, [self._changed_leaf(generic(finding.where), changes)], [])
            declaration = declared is not MISSING
        for candidate in candidates(finding.refused, value, wider.told):
            becomes = self._taken(finding, candidate) if can_be_told(candidate) else MISSING
            if becomes is not MISSING and not (wider.is_chosen and _differ(becomes, wider.told)):
                return Remedy(candidate, wider.mode, declaration), [(finding.where, becomes)]
        otherwise: list[tuple[Where, Any]] = [] if declared is MISSING else [(finding.where, declared)]
        return Remedy(MISSING, wider.mode, declaration), wider.made or otherwise

    def _widen(self, finding: Finding, value: Any) -> _Made:
        if finding.keyword in ALTERNATIVES:
            return _NOT_MADE  # nothing was chosen
        made = _converted(finding, value, self.leaves(finding.where), [])
        if made is not MISSING:
            return _Made(None, [(finding.where, made)], made)  # left over after too many rounds, in any mode
        for mode, leaf in self._wider_leaves(generic(finding.where)):
            log: Log = []
            made = _converted(finding, value, [leaf], log)
            if made is not MISSING:
                return _Made(mode, [(finding.where, made)], MISSING if _means_otherwise(log) else made)
        return _NOT_MADE

    def _taken(self, finding: Finding, candidate: Any) -> Any:
        """What the contract's own mode makes of a candidate by its type, MISSING if nothing."""
        if finding.types is None or _is_of(finding.types, candidate):
            return candidate
        log: Log = []
        made = _converted(finding, candidate, self.leaves(finding.where), log)
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
    made: Sequence[tuple[Where, Any]]
    """Places, and what would stand there."""
    told: Any
    """What would stand in the place of the value itself; MISSING where it need not be what was meant."""
    is_chosen: bool = False
    """Whether it is what one of several forms makes of it; another form may not take another value."""


def _made_by(mender: Mender, mode: Mode, fixes: Sequence[Fix], value: Any, where: Where) -> _Made:
    """What a wider mode's mender makes of a value at ``where``, of which it has chosen these conversions."""
    log: Log = []
    made = [
        (fix.where, convert(fix.types, value_at(value, fix.where), mender.leaves(generic(fix.where)), log))
        for fix in fixes
    ]
    told = MISSING if _means_otherwise(log) else dict(made).get(where, MISSING)
    return _Made(mode, made, told, is_chosen=True)


def _differ(one: Any, other: Any) -> bool:
    """Whether two JSON values are not the same; true is not 1, and 7.0 is written otherwise than 7."""
    return type(one) is not type(other) or bool(one != other)


def _means_otherwise(log: Log) -> bool:
    return any(each.code in _OTHER_MEANING for each in log)


def _converted(finding: Finding, value: Any, leaves: Sequence[Leaf], log: Log) -> Any:
    """The value as one of the types that are wanted, MISSING if none is or it cannot become one."""
    if finding.types is None or not leaves:
        return MISSING
    try:
        return convert(finding.types, value, leaves, log)
    except Refused:
        return MISSING


_NOT_MADE = _Made(None, (), MISSING)


def _is_of(types: Sequence[str], value: Any) -> bool:
    """Whether a value is of one of these types as it stands."""
    if type(value) is float and not value.is_integer():
        return "number" in types
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
