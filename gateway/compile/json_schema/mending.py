"""An invalid value made valid by type conversions alone, guided by the validator's own errors.

Where every error is a wrong type, exactly those leaves are converted in a copy and the copy is judged again.
So ``$ref``, ``allOf``, ``if`` and schema-valued ``additionalProperties`` need no walk of the schema here. Any
other error rejects; it is never "mended" into something that happens to pass.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from gateway.compile.coercions import UNKNOWN_DROPPED
from gateway.compile.json_schema.conversion import convert
from gateway.compile.json_schema.edits import Copy, Order, value_at
from gateway.compile.json_schema.flaws import Flaw, Places, Where, generic
from gateway.compile.json_schema.forms import ALTERNATIVES
from gateway.compile.json_schema.telling import MOST_FLAWS, Teller, count_errors
from gateway.compile.json_schema.unevaluated import around, may_follow, places_around
from gateway.compile.json_schema.unknown import Unknown
from gateway.compile.json_schema.validator import Validator
from gateway.compile.leaf import Leaf
from gateway.compile.rules import MODES, Path, RuleBook, keep
from gateway.compile.sentence import listed
from gateway.compile.verdict import Advice, Log, Refused
from gateway.model import Code, Coercion, Mode
from gateway.notation.pointer import MISSING, Pointer

MOST_ROUNDS = 4
"""A conversion can uncover a further wrong type (in ``then``, or behind ``oneOf``), but not without end."""

_MOST_TRIED = 20_000
"""Errors that are made anew to try out branches of one payload; each reading makes all that were there before."""

_LIMIT: Mapping[str, str] = {"limit": "conversions", "actual": f"more than {MOST_FLAWS}, or of very large values"}
_EXPLANATION: Mapping[str, str] = {"limit": "explanation", "actual": "errors about very large values"}
_UNTOLD = Advice(
    "it is too large, and may be wrong in too many ways, to be told in which", "publish less in one message"
)
_UNCONVERTED = Advice(
    "it is valid only after more conversions than are made in one payload, or of larger values",
    "publish less in one message",
)


_CONVERTIBLE = frozenset({"type", *ALTERNATIVES})
"""Keywords whose errors conversions of types answer."""


class Fix(NamedTuple):
    """A leaf to convert, to one of these types."""

    where: Where
    types: tuple[str, ...]


Branches = Sequence[Sequence[Fix]]
"""Of an ``anyOf`` or ``oneOf``: what each branch asks for that types alone can mend."""


class _Reading(NamedTuple):
    """One way of mending an ``anyOf`` or ``oneOf``."""

    fixes: Sequence[Fix]
    made: Sequence[tuple[Where, Any]]
    """The places and what they become."""


class Attempt(msgspec.Struct):
    """What was made of an invalid value so far."""

    value: Any
    flaws: list[Flaw]
    """What the validator says about ``value``."""
    complete: bool = True
    """Whether these are all flaws: else nothing is mended."""
    failed: dict[Where, Refused] = {}
    """Conversions that were asked for and refused."""
    converted: set[Where] = set()
    """Places that were converted: none is converted twice."""
    hopeless: dict[Any, Flaw] = {}
    """By its place, what no conversion of types mends, and what was refused: so is the payload, even if another
    conversion silences it."""
    tried: int = 0
    """Errors that were made anew to try out branches."""
    limit: Refused | None = None
    """Set where the flaws are too many, or tell too much, to be mended."""

    @property
    def succeeded(self) -> bool:
        """Whether ``value`` is valid now, and everything on the way could be mended."""
        return not (self.flaws or self.hopeless or self.limit)


class Mender:
    """Mends values under one contract."""

    def __init__(self, validator: Validator, teller: Teller, unknown: Unknown, book: RuleBook) -> None:
        self._validator = validator
        self._teller = teller
        self._unknown = unknown
        self._book = book
        modes = [mode for mode in MODES if mode is not Mode.STRICT and mode not in book.wider()]
        self._books = [book.in_mode(mode) for mode in modes]
        self._leaves: dict[Path, list[Leaf]] = {}

    def attempt(self, value: Any, log: Log) -> Attempt:
        """What conversions make of an invalid value, round by round, as far as its flaws ask for it."""
        attempt = Attempt(value, *self._teller.tell(value))
        for _ in range(MOST_ROUNDS) if self._books else ():
            if not attempt.complete or not self._improve(attempt, log):
                break
            if self._validator.is_valid(attempt.value):
                attempt.flaws = []
                break
            attempt.flaws, attempt.complete = self._teller.tell(attempt.value)
        if not attempt.flaws and not attempt.complete:
            attempt.limit = Refused(Code.PAYLOAD_LIMIT, "a payload that the schema accepts", _UNTOLD, **_EXPLANATION)
        elif not attempt.complete and self._books:
            self._give_up(attempt)
        return attempt

    def _give_up(self, attempt: Attempt) -> None:
        """Keeps of flaws that are too many those that no conversion mends; if there are none, says that they are."""
        hopeless = self._hopeless(attempt)
        if hopeless:
            attempt.flaws = hopeless
            return
        for flaw in attempt.flaws:
            if flaw.name == "type":
                try:
                    convert(flaw.types, value_at(attempt.value, flaw.where), self.leaves(generic(flaw.where)), [])
                except Refused as refused:
                    attempt.failed[flaw.where] = refused.stored()
        failed = [flaw for flaw in attempt.flaws if flaw.where in attempt.failed]
        if failed:
            attempt.flaws = failed
            return
        attempt.limit = Refused(Code.PAYLOAD_LIMIT, "values of the schema's own types", _UNCONVERTED, **_LIMIT)

    def _hopeless(self, attempt: Attempt) -> list[Flaw]:
        """The flaws that no conversion of types mends."""
        mistyped = {flaw.where for flaw in attempt.flaws if flaw.name == "type"}
        convertible = places_around((flaw for flaw in attempt.flaws if flaw.name in _CONVERTIBLE), attempt.flaws)
        return [
            flaw
            for flaw in attempt.flaws
            if not self._is_mendable(flaw, mistyped) and not may_follow(flaw, convertible)
        ]

    def leaves(self, path: Path) -> list[Leaf]:
        """The place under each mode up to the contract's own, strict aside, the narrowest first."""
        found = self._leaves.get(path)
        if found is None:
            found = [Leaf(book.at(path), path) for book in self._books]
            keep(self._leaves, path, found)
        return found

    def _improve(self, attempt: Attempt, log: Log) -> bool:
        """Converts every leaf that the flaws name, and tells whether anything changed."""
        hopeless = self._hopeless(attempt)
        fixes, dropped = self._fixes(attempt), self._droppable(attempt)
        copy, order = Copy(attempt.value), Order(attempt.value)
        for where in order.sort(fixes):
            if copy.is_changed_around(where):
                continue  # what is still wrong inside a new list is found in the next round
            try:
                made = convert(fixes[where], value_at(copy.value, where), self.leaves(generic(where)), log)
            except Refused as refused:
                attempt.failed[where] = refused.stored()
            else:
                copy.put(where, made)
                attempt.converted.add(where)
        for where in order.sort(dropped):
            if not copy.is_changed_around(where):
                copy.remove(where)
                log.append(Coercion(str(Pointer(generic(where))), UNKNOWN_DROPPED))
        hopeless += [flaw for flaw in attempt.flaws if flaw.where in attempt.failed]
        attempt.hopeless |= {_place(flaw.error): flaw for flaw in hopeless}
        attempt.value = copy.value
        return copy.is_changed

    def _is_mendable(self, flaw: Flaw, mistyped: Collection[Where]) -> bool:
        """Whether conversions may make a flaw go away: wrong types, and what only follows from them."""
        if flaw.name in _CONVERTIBLE:
            return True
        if flaw.name in {"enum", "const"}:
            return flaw.where in mistyped
        drops = flaw.name == "additionalProperties" and self._drops(flaw.where)
        return drops and self._unknown.named_at(flaw.where).isdisjoint(flaw.unexpected)

    def _drops(self, where: Where) -> bool:
        """Whether unknown properties of the object at this place are dropped."""
        return self._book.at(generic(where)).drops_unknown

    def _fixes(self, attempt: Attempt) -> Mapping[Where, Sequence[str]]:
        """The types that the flaws ask for, by place; nothing is asked twice."""
        settled = {*attempt.failed, *attempt.converted}
        chosen = self._branch_fixes(attempt)
        fixes: dict[Where, Sequence[str]] = {}
        for n, flaw in enumerate(attempt.flaws):
            if flaw.name == "type" and flaw.where not in settled:
                fixes.setdefault(flaw.where, flaw.types)
            for fix in chosen.get(n, ()):
                if fix.where not in settled:
                    fixes.setdefault(fix.where, fix.types)
        return fixes

    def choose(
        self, value: Any, flaws: Sequence[Flaw], branches: Mapping[int, Branches]
    ) -> Mapping[int, Sequence[Fix]]:
        """By the numbers of some of all ``flaws``, alternatives: what mends them that no narrower mode mends."""
        return self._chosen(Attempt(value, list(flaws)), branches, first=len(self._books))

    def mend_within(self, value: Any, places: Collection[Where]) -> set[Where]:
        """Those of the places, each a list that was made of one value, that are right after conversions inside."""
        attempt = Attempt(value, *self._teller.tell(value), converted=set(places))
        for _ in range(MOST_ROUNDS):
            attempt.flaws = [flaw for flaw in attempt.flaws if not around([flaw.where]).isdisjoint(places)]
            if not attempt.complete or not self._books or not self._improve(attempt, []):
                break
            attempt.flaws, attempt.complete = self._teller.tell(attempt.value)
        if not attempt.complete:
            return set()
        return set(places) - around(flaw.where for flaw in (*attempt.flaws, *attempt.hopeless.values()))

    def _branch_fixes(self, attempt: Attempt) -> Mapping[int, Sequence[Fix]]:
        """By a flaw's number: the conversions of the one branch that types alone can mend."""
        alternatives = {n: flaw for n, flaw in enumerate(attempt.flaws) if flaw.name in ALTERNATIVES}
        return self._chosen(attempt, branches_of(attempt.value, alternatives)) if alternatives else {}

    def _chosen(
        self, attempt: Attempt, branches: Mapping[int, Branches], first: int = 1
    ) -> Mapping[int, Sequence[Fix]]:
        """By a flaw's number: the conversions of the one of its branches that they mend.

        None, or two different, mend nothing. The lowest mode in which a branch can be mended decides; ``first`` is the
        one to begin with, by the number of those that are no wider.
        """
        open_ = dict(branches)
        chosen: dict[int, Sequence[Fix]] = {}
        for count in range(first, len(self._books) + 1):
            tried = {n: self._readings(each, attempt.value, count) for n, each in open_.items()}
            readings = {n: found for n, found in tried.items() if found}
            for n, found in (self._resolving(attempt, readings) if readings else {}).items():
                if len(found) > 1:
                    names = [" and ".join("/".join(fix.types) for fix in reading.fixes) for reading in found]
                    advice = Advice(f"it could become {' or '.join(names)}", "publish what only one of them takes")
                    refused = Refused(Code.UNION_AMBIGUOUS, "one reading", advice, candidates=names)
                    attempt.failed[attempt.flaws[n].where] = refused
                else:
                    [only] = found
                    chosen[n] = only.fixes
                del open_[n]
        return chosen

    def _readings(self, branches: Iterable[Sequence[Fix]], value: Any, count: int) -> list[_Reading]:
        """What the lowest ``count`` modes make of a place by each branch; of equal ones the first branch's."""
        found: dict[tuple[Any, ...], _Reading] = {}
        known: dict[Fix, Any] = {}
        for fixes in branches:
            for fix in fixes:
                if fix not in known:  # a hundred branches may want the same of one text, which may be long
                    known[fix] = self._converted(fix, value, count)
                if known[fix] is MISSING:
                    break
            else:
                made = [(fix.where, known[fix]) for fix in fixes]
                found.setdefault(tuple((at, _identity(result)) for at, result in made), _Reading(fixes, made))
        return list(found.values())

    def _converted(self, fix: Fix, value: Any, count: int) -> Any:
        """What the lowest ``count`` modes make of a fix's place, MISSING where nothing."""
        try:
            return convert(fix.types, value_at(value, fix.where), self.leaves(generic(fix.where))[:count], [])
        except Refused:
            return MISSING

    def _resolving(
        self, attempt: Attempt, readings: Mapping[int, Sequence[_Reading]]
    ) -> Mapping[int, Sequence[_Reading]]:
        """By a flaw's number: the readings that make this very flaw go away; a branch may refuse what it asked for.

        Readings of flaws that do not contain each other are judged together: one by one, a long list would be judged
        as often as it is long. Of too many nothing is tried, and the attempt is no longer complete.
        """
        tries = max(map(len, readings.values()))
        attempt.tried += tries * sum(count_errors(flaw.error) for flaw in attempt.flaws)
        if attempt.tried > _MOST_TRIED:
            attempt.complete = False
            return {}
        found: dict[int, list[_Reading]] = {}
        for numbers in _apart(attempt.flaws, readings):
            for nth in range(max(len(readings[n]) for n in numbers)):
                tried = {n: readings[n][nth] for n in numbers if nth < len(readings[n])}
                copy = Copy(attempt.value)
                for reading in tried.values():
                    for where, converted in reading.made:
                        if not copy.is_changed_around(where):
                            copy.put(where, converted)
                left = {_place(error) for error in self._validator.iter_errors(copy.value)}
                for n, reading in tried.items():
                    if _place(attempt.flaws[n].error) not in left:
                        found.setdefault(n, []).append(reading)
        return found

    def _droppable(self, attempt: Attempt) -> Collection[Where]:
        """Unknown properties that a plain ``additionalProperties: false`` refuses, where the rules drop them.

        Never all properties of an object: it would become an empty one, made of misspelled names.
        """
        found: list[Where] = []
        refusing = (flaw for flaw in attempt.flaws if flaw.name == "additionalProperties")
        concerned = [flaw for flaw in refusing if self._drops(flaw.where)]
        for where, names in self._unknown.droppable(concerned).items():
            if value_at(attempt.value, where).keys() <= names.keys():
                advice = Advice(f"its fields are {listed(names)}")
                known = "at least one of the schema's fields"
                attempt.failed[where] = Refused(Code.NO_KNOWN_FIELDS, known, advice, seen=[*names][:20])
            else:
                found += [(*where, name) for name in names]
        return found


def branches_of(value: Any, flaws: Mapping[int, Flaw]) -> Mapping[int, Branches]:
    """The branches of numbered flaws of the value, all of alternatives."""
    places = Places(value)
    return {
        n: [fixes for branch in flaw.error.kind.as_dict()["context"] if (fixes := _types_only(places.flaws_of(branch)))]
        for n, flaw in flaws.items()
    }


def _place(error: Any) -> tuple[Where, tuple[str | int, ...]]:
    """Where an error stands, in the value and on the way through the schema."""
    return tuple(error.instance_path), tuple(error.evaluation_path)


def _apart(flaws: Sequence[Flaw], numbers: Mapping[int, Sequence[Any]]) -> Iterable[Sequence[int]]:
    """The numbered flaws in groups, in none of which one stands at or inside the place of another."""
    groups: dict[int, list[int]] = {}
    seen: Counter[Where] = Counter()
    for n in sorted(numbers, key=lambda n: len(flaws[n].where)):
        where = flaws[n].where
        groups.setdefault(sum(seen[place] for place in around([where])), []).append(n)
        seen[where] += 1
    return groups.values()


def _types_only(flaws: Sequence[Flaw]) -> list[Fix] | None:
    """The conversions of a branch whose flaws are all of type; None if there is any other."""
    mistyped = [flaw for flaw in flaws if flaw.name == "type"]
    fixes = {flaw.where: Fix(flaw.where, flaw.types) for flaw in mistyped}
    places = places_around(mistyped, flaws)
    for flaw in flaws:
        # A value of the wrong type cannot be in the list either: judged again after the conversion.
        if flaw.name in {"enum", "const"} and flaw.where in fixes:
            continue
        if flaw.name != "type" and not may_follow(flaw, places):
            return None
    return list(fixes.values())


def _identity(value: Any) -> tuple[Any, ...]:
    """Equal for equal JSON values: 7 is 7.0, and true is not 1."""
    if type(value) in {int, float}:
        return "number", value
    return type(value), repr(value)
