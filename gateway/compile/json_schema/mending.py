"""An invalid value made valid by type conversions alone, guided by the validator's own errors.

Where every error is a wrong type, exactly those leaves are converted in a copy and the copy is judged again.
So ``$ref``, ``allOf``, ``if`` and schema-valued ``additionalProperties`` need no walk of the schema here. Any
other error rejects; it is never "mended" into something that happens to pass.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from gateway.compile.coercions import UNKNOWN_DROPPED
from gateway.compile.json_schema.conversion import convert
from gateway.compile.json_schema.edits import Copy, Order, value_at
from gateway.compile.json_schema.report import Where, generic
from gateway.compile.json_schema.validator import Validator
from gateway.compile.leaf import Leaf
from gateway.compile.rules import MODES, MOST_PLACES, Path, RuleBook
from gateway.compile.verdict import Log, Refused
from gateway.model import Code, Coercion, Mode
from gateway.notation.pointer import Pointer

MOST_ROUNDS = 4
"""A conversion can uncover a further wrong type (in ``then``, or behind ``oneOf``), but not without end."""


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


class Fix(NamedTuple):
    """A leaf to convert, to one of these types."""

    where: Where
    types: tuple[str, ...]


@dataclass(slots=True)
class Attempt:
    """What was made of an invalid value so far."""

    value: Any
    flaws: list[Flaw]
    """What the validator says about ``value``."""
    failed: dict[Where, Refused] = field(default_factory=dict)
    """Conversions that were asked for and refused."""
    converted: set[Where] = field(default_factory=set)
    """Places that were converted: none is converted twice."""
    hopeless: list[Flaw] = field(default_factory=list)
    """What no conversion of types mends: the payload is refused, even if a conversion silences it."""

    @property
    def succeeded(self) -> bool:
        """Whether ``value`` is valid now, and everything on the way could be mended."""
        return not (self.failed or self.flaws or self.hopeless)


class Mender:
    """Mends values under one contract."""

    def __init__(self, validator: Validator, book: RuleBook) -> None:
        self._validator = validator
        self._book = book
        modes = [mode for mode in MODES if mode is not Mode.STRICT and mode not in book.wider()]
        self._books = [book.in_mode(mode) for mode in modes]
        self._leaves: dict[Path, list[Leaf]] = {}

    def attempt(self, value: Any, log: Log) -> Attempt:
        """What conversions make of an invalid value, round by round, as far as its flaws ask for it."""
        attempt = Attempt(value, flaws_of(self._validator.iter_errors(value)))
        for _ in range(MOST_ROUNDS if self._books else 0):
            if not self._improve(attempt, log):
                break
            if self._validator.is_valid(attempt.value):
                attempt.flaws = []
                break
            attempt.flaws = flaws_of(self._validator.iter_errors(attempt.value))
        return attempt

    def leaves(self, path: Path) -> list[Leaf]:
        """The place under each mode up to the contract's own, strict aside, the narrowest first."""
        found = self._leaves.get(path)
        if found is None:
            if len(self._leaves) >= MOST_PLACES:
                self._leaves.clear()
            found = self._leaves[path] = [Leaf(book.at(path), path) for book in self._books]
        return found

    def _improve(self, attempt: Attempt, log: Log) -> bool:
        """Converts every leaf that the flaws name, and tells whether anything changed."""
        settled = attempt.failed.keys() | attempt.converted
        fixes = [fix for fix in self._fixes(attempt) if fix.where not in settled]
        dropped = self._droppable(attempt)
        mistyped = {flaw.where for flaw in attempt.flaws if flaw.name == "type"}
        attempt.hopeless += [flaw for flaw in attempt.flaws if not self._is_mendable(flaw, mistyped)]
        if not fixes and not dropped:
            return False
        copy, order = Copy(attempt.value), Order(attempt.value)
        for fix in sorted(fixes, key=lambda fix: order.position(fix.where)):
            if copy.is_changed_around(fix.where):
                continue  # what is still wrong inside a new list is found in the next round
            try:
                made = convert(fix.types, value_at(copy.value, fix.where), self.leaves(generic(fix.where)), log)
            except Refused as refused:
                attempt.failed[fix.where] = refused.stored()
            else:
                copy.put(fix.where, made)
                attempt.converted.add(fix.where)
        for where in sorted(dropped, key=order.position):
            if not copy.is_changed_around(where):
                copy.remove(where)
                log.append(Coercion(str(Pointer(generic(where))), UNKNOWN_DROPPED))
        attempt.value = copy.value
        return copy.is_changed

    def _is_mendable(self, flaw: Flaw, mistyped: Collection[Where]) -> bool:
        """Whether conversions may make a flaw go away: wrong types, and what only follows from them."""
        if flaw.name in {"type", "anyOf", "oneOf"}:
            return True
        if flaw.name in {"enum", "const"}:
            return flaw.where in mistyped
        return flaw.name == "additionalProperties" and self._drops(flaw.where)

    def _drops(self, where: Where) -> bool:
        """Whether unknown properties of the object at this place are dropped."""
        return self._book.at(generic(where)).unknown_fields == "drop"

    def _fixes(self, attempt: Attempt) -> Iterable[Fix]:
        """The conversions that the flaws ask for, one a place."""
        fixes: dict[Where, Fix] = {}
        for flaw in attempt.flaws:
            if flaw.name == "type":
                fixes.setdefault(flaw.where, Fix(flaw.where, flaw.types))
            elif flaw.name in {"anyOf", "oneOf"}:
                for fix in self._branch_fixes(flaw, attempt):
                    fixes.setdefault(fix.where, fix)
        return fixes.values()

    def _branch_fixes(self, flaw: Flaw, attempt: Attempt) -> Iterable[Fix]:
        """The conversions of the one branch that types alone can mend; none, or two different, mend nothing.

        The lowest mode in which a branch can be mended decides.
        """
        branches = [_types_only(branch) for branch in flaw.error.kind.as_dict().get("context", ())]
        mendable = [fixes for fixes in branches if fixes is not None]
        for count in range(1, len(self._books) + 1):
            candidates: dict[tuple[Any, ...], list[Fix]] = {}
            for fixes in mendable:
                made = self._converted(fixes, attempt.value, count)
                if made is not None and self._resolves(flaw, made, attempt.value):
                    candidates.setdefault(tuple((at, _identity(result)) for at, result in made), fixes)
            if len(candidates) > 1:
                names = [" and ".join("/".join(fix.types) for fix in fixes) for fixes in candidates.values()]
                advice = f"it could become {' or '.join(names)}"
                attempt.failed[flaw.where] = Refused(Code.UNION_AMBIGUOUS, "one reading", advice, candidates=names)
                return []
            if candidates:
                return next(iter(candidates.values()))
        return []

    def _converted(self, fixes: Sequence[Fix], value: Any, count: int) -> list[tuple[Where, Any]] | None:
        """Each fix's place and converted value by the lowest ``count`` modes, None where one cannot be converted."""
        made: list[tuple[Where, Any]] = []
        for fix in fixes:
            try:
                converted = convert(fix.types, value_at(value, fix.where), self.leaves(generic(fix.where))[:count], [])
            except Refused:
                return None
            made.append((fix.where, converted))
        return made

    def _resolves(self, flaw: Flaw, made: Sequence[tuple[Where, Any]], value: Any) -> bool:
        """Whether the conversions make this very flaw go away: a branch may refuse the converted value too."""
        copy = Copy(value)
        for where, converted in made:
            if not copy.is_changed_around(where):
                copy.put(where, converted)
        value = copy.value
        if self._validator.is_valid(value):
            return True
        place = (flaw.where, list(flaw.error.evaluation_path))
        errors = self._validator.iter_errors(value)
        return all((tuple(other.instance_path), list(other.evaluation_path)) != place for other in errors)

    def _droppable(self, attempt: Attempt) -> Collection[Where]:
        """Unknown properties that a plain ``additionalProperties: false`` refuses, where the rules drop them.

        Never all properties of an object: it would become an empty one, made of misspelled names.
        """
        found: dict[Where, None] = {}
        for flaw in attempt.flaws:
            if flaw.name == "additionalProperties" and self._drops(flaw.where):
                names = flaw.error.kind.as_dict()["unexpected"]
                if set(value_at(attempt.value, flaw.where)) <= set(names):
                    advice = "none of its fields is known to the schema"
                    known = "an object with fields of the schema"
                    attempt.failed[flaw.where] = Refused(Code.NO_KNOWN_FIELDS, known, advice, seen=names[:20])
                else:
                    found |= dict.fromkeys((*flaw.where, name) for name in names)
        return found


def _types_only(errors: Iterable[Any]) -> list[Fix] | None:
    """The conversions of a branch whose errors are all of type; None if there is any other."""
    flaws = flaws_of(errors)
    fixes = {flaw.where: Fix(flaw.where, flaw.types) for flaw in flaws if flaw.name == "type"}
    for flaw in flaws:
        # A value of the wrong type cannot be in the list either: judged again after the conversion.
        if flaw.name != "type" and not (flaw.name in {"enum", "const"} and flaw.where in fixes):
            return None
    return list(fixes.values())


def _identity(value: Any) -> tuple[Any, ...]:
    """Equal for equal JSON values: 7 is 7.0, and true is not 1."""
    if type(value) in {int, float}:
        return "number", value
    return type(value), repr(value)
