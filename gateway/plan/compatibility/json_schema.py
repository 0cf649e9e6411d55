"""Does one JSON Schema accept every value that another one accepts? By a list of rules, explained in docs/schemas.md.

``narrow`` is the schema that the data was written with, ``wide`` the one that must accept it. Both are walked together:

- What ``narrow`` says is taken as far as it is understood; what is not understood could only make its values fewer. So
  an objection is certain only where nothing of ``narrow`` around it was left out.
- What ``wide`` asks must follow from ``narrow``: by a rule, or because ``narrow`` asks literally the same. What the
  rules do not cover is an objection that is not certain.

An object is *open* where a property that nobody describes may have any value, and *closed* where it must not be there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from gateway.compile.json_schema.references import Documents, Place
from gateway.plan.compatibility.assertions import added_asks
from gateway.plan.compatibility.conjunction import (
    TYPES,
    Conjunction,
    Unfollowed,
    flatten,
    is_closed,
    item_places,
    patterns_of,
    positions_of,
    property_names,
    property_places,
    types_of,
)
from gateway.plan.compatibility.counts import are_unique, dependents_of, items_of, properties_of, required_of
from gateway.plan.compatibility.kinds import NUMBERS, ONLY, kinds_of
from gateway.plan.compatibility.objections import Objection, Rule
from gateway.plan.compatibility.sameness import asks_the_same, is_same
from gateway.plan.compatibility.values import describes_parts, listed_values, spelled_out
from gateway.plan.compatibility.vocabularies import keywords_of

_MOST_STEPS = 20_000
"""Pairs of places that are looked at: enough for schemas of a few thousand subschemas."""
_MOST_NESTED = 60
"""Pairs that may lie within each other: each takes up to eight calls, a text up to 200, of a thousand of Python."""

_UNCOVERED = {
    "not": TYPES,
    "if": TYPES,
    "dependencies": {"object"},
    "dependentRequired": {"object"},
    "dependentSchemas": {"object"},
    "propertyNames": {"object"},
    "unevaluatedProperties": {"object"},
    "unevaluatedItems": {"array"},
    "contains": {"array"},
    "contentEncoding": {"string"},
    "contentMediaType": {"string"},
    "$dynamicRef": TYPES,
    "$recursiveRef": TYPES,
}
"""Keywords that no rule covers, and the types that they concern."""
_SIBLINGS_DECIDE = frozenset({"unevaluatedProperties", "unevaluatedItems", "$dynamicRef", "$recursiveRef"})
"""What these mean depends on what stands around them: being literally the same does not make them the same."""
_SPELLED = "spelled out"
"""In the place of a keyword: what was made of a value."""
_LEFT_OUT = frozenset({*_UNCOVERED, "patternProperties"})
"""What a schema asks with these is not, or not always, understood."""


def find_objections(narrow: Documents, wide: Documents, *, newer_is_wide: bool) -> list[Objection]:
    """What stands against reading with ``wide`` what was written with ``narrow``; empty if nothing does."""
    inclusion = _Inclusion(narrow, wide, newer_is_wide=newer_is_wide)
    inclusion.check(_Pair((narrow.root,), wide.root, is_certain=True))
    return list(dict.fromkeys(inclusion.found))


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two places that describe the same value."""

    narrow: Conjunction
    wide: Place
    is_certain: bool
    """All that ``narrow`` and those around it ask was understood."""


class _Inclusion:
    """One walk over both schemas."""

    def __init__(self, narrow: Documents, wide: Documents, *, newer_is_wide: bool) -> None:
        self.found: list[Objection] = []
        self._narrow = narrow
        self._wide = wide
        self._newer_is_wide = newer_is_wide
        self._is_trial = False
        self._under: set[tuple[tuple[int, ...], int]] = set()
        """Pairs that are being looked at: met again inside themselves they hold if all else does."""
        self._budget = iter(range(_MOST_STEPS))
        """The steps that are left, for trials too."""
        self._nested = 0
        """The pairs that are being looked at, each within the one before."""
        self._made: dict[tuple[int, str], Place] = {}
        """Schemas that were taken apart, by the schema they are left of, and those of values, by the value.

        Made once, so that each stays the same."""

    def check(self, pair: _Pair) -> None:
        """Notes what stands against ``wide`` accepting every value of ``narrow``."""
        if next(self._budget, None) is None or self._nested >= _MOST_NESTED:
            self._note(pair, Rule.NOT_COVERED, "the schemas are too large to be compared by rules", certain=False)
            return
        self._nested += 1
        self._check(pair)
        self._nested -= 1

    def _check(self, pair: _Pair) -> None:
        try:
            narrow, parts = flatten(self._narrow, pair.narrow), flatten(self._wide, [pair.wide])
        except Unfollowed:
            self._note(pair, Rule.NOT_COVERED, "a reference leads out of what is known here", certain=False)
            return
        whole = replace(pair, narrow=narrow)
        alternatives = _alternatives(narrow)
        if not kinds_of(narrow):
            return
        if alternatives is None:
            self.check_whole(whole, parts)
            return
        trial = self._trial()
        trial.check_whole(whole, parts)
        if not trial.found:
            return
        for case, is_exact in self._branches(narrow, *alternatives):
            self.check(replace(pair, narrow=case, is_certain=pair.is_certain and is_exact))

    def check_whole(self, pair: _Pair, parts: Conjunction) -> None:
        """Looks at all values of ``narrow`` at once; ``parts`` is what ``wide`` consists of."""
        key = (tuple(id(place.schema) for place in pair.narrow), id(pair.wide.schema))
        if key in self._under:
            return
        self._under.add(key)
        is_certain = pair.is_certain and not self._leaves_out(pair.narrow)
        for part in parts:
            if not any(is_same(place, part) for place in pair.narrow):
                self._check_part(_Pair(pair.narrow, part, is_certain))
        self._under.discard(key)

    def _trial(self) -> _Inclusion:
        """A walk that goes on from here, and whose objections count for nothing."""
        trial = _Inclusion(self._narrow, self._wide, newer_is_wide=self._newer_is_wide)
        trial._under, trial._made = set(self._under), self._made
        trial._budget, trial._nested, trial._is_trial = self._budget, self._nested, True
        return trial

    def _check_part(self, pair: _Pair) -> None:
        """``wide`` has no reference that counts any more, and its ``allOf`` was taken apart."""
        if pair.wide.schema is True:
            return
        if pair.wide.schema is False:
            self._note(pair, Rule.FORBIDDEN, "no value is allowed here any more")
            return
        for ask in added_asks(pair.narrow, pair.wide):
            self._note(pair, ask.rule, ask.message, certain=ask.is_certain)
        kinds = kinds_of(pair.narrow) & types_of((pair.wide,))
        if "object" in kinds:
            for case in self._spelled_out(pair, dict):
                self._check_object(case)
        if "array" in kinds:
            for case in self._spelled_out(pair, list):
                self._check_items(case)
        self._check_alternatives(pair)
        self._check_uncovered(pair, kinds)

    def _spelled_out(self, pair: _Pair, kind: type[list[Any] | dict[str, Any]]) -> Iterator[_Pair]:
        """The pair itself, or where ``narrow`` lists its values one for each list or object among them."""
        listed = listed_values(pair.narrow)
        if listed is None:
            yield pair
            return
        is_certain = pair.is_certain and not describes_parts(pair.narrow)
        for value in listed:
            if isinstance(value, kind):
                made = self._made.setdefault((id(value), _SPELLED), spelled_out(value, pair.narrow[0]))
                yield _Pair((made,), pair.wide, is_certain)

    def _leaves_out(self, narrow: Conjunction) -> bool:
        """Whether some of what ``narrow`` asks is not understood. Names that want others are, if those may be there."""
        left = {keyword for place in narrow for keyword in keywords_of(place) if keyword in _LEFT_OUT}
        wanting = [keywords_of(place).get("dependencies", {}) for place in narrow]
        if all(isinstance(others, list) for each in wanting for others in each.values()):
            names = {name for others in dependents_of(narrow).values() for name in others}
            is_limited = any("maxProperties" in keywords_of(place) for place in narrow)
            if not is_limited and all(self._kinds(self._narrow, *self._described(narrow, name)) for name in names):
                left -= {"dependencies", "dependentRequired"}
        return bool(left)

    def _described(self, narrow: Conjunction, name: str) -> Conjunction:
        """What ``narrow`` says of a property."""
        return tuple(each for place in narrow for each in property_places(self._narrow, place, name))

    # Objects and lists

    def _check_object(self, pair: _Pair) -> None:
        required, count = required_of(pair.narrow), properties_of(pair.narrow)
        for name in keywords_of(pair.wide).get("required", ()):
            if name in required:
                continue
            message = f"the property {json.dumps(name)} is required now"
            has_default = any("default" in keywords_of(place) for place in property_places(self._wide, pair.wide, name))
            if has_default:
                message += "; it has a default, and some registries take that for enough"
            self._note(pair, Rule.REQUIRED_ADDED, message, certain=not has_default)
        has_room = count.most is None or len(required) < count.most
        optional = replace(pair, is_certain=pair.is_certain and has_room)
        for name in dict.fromkeys([*property_names(pair.narrow), *property_names((pair.wide,))]):
            self._check_property(pair if name in required else optional, name)
        self._check_patterns(optional)
        self._check_other_properties(optional)

    def _check_property(self, pair: _Pair, name: str) -> None:
        described = self._described(pair.narrow, name)
        if not self._kinds(self._narrow, *described):
            return  # it was never there
        for place in property_places(self._wide, pair.wide, name):
            if place.schema is False:
                message = f"the property {json.dumps(name)} is not described any more, and others are not allowed"
                self._note(pair, Rule.PROPERTY_REMOVED, f"{message} (a closed model)")
            elif described:
                self.check(replace(pair, narrow=described, wide=place))
            else:
                message = f"the property {json.dumps(name)} could have any value (an open model), and is restricted now"
                self._note_restricted(replace(pair, wide=place), Rule.PROPERTY_ADDED, message)

    def _check_patterns(self, pair: _Pair) -> None:
        """The properties that ``wide`` describes by a pattern; those that have a name here were looked at."""
        for pattern in keywords_of(pair.wide).get("patternProperties", ()):
            place = self._wide.below(pair.wide, "patternProperties", pattern)
            described = tuple(
                self._narrow.below(each, "patternProperties", pattern)
                for each in pair.narrow
                if pattern in keywords_of(each).get("patternProperties", ())
            )
            if described:
                self.check(_Pair(described, place, is_certain=False))
            elif not is_closed(pair.narrow) or patterns_of(pair.narrow):
                message = f"properties that match {json.dumps(pattern)} are restricted now"
                self._note_restricted(replace(pair, wide=place, is_certain=False), Rule.PROPERTY_ADDED, message)

    def _check_other_properties(self, pair: _Pair) -> None:
        """The properties that ``wide`` describes neither by name nor by a pattern."""
        if "additionalProperties" not in keywords_of(pair.wide):
            return
        target = self._wide.below(pair.wide, "additionalProperties")
        patterns, known = keywords_of(pair.wide).get("patternProperties", {}).keys(), patterns_of(pair.narrow)
        if (is_closed(pair.narrow) and known <= patterns) or not self._restrictions(target):
            return
        if known - patterns:
            self._note(pair, Rule.NOT_COVERED, "properties were described by patterns that are gone", certain=False)
            return
        others = tuple(
            self._narrow.below(place, "additionalProperties")
            for place in pair.narrow
            if "additionalProperties" in keywords_of(place)
        )
        if others and target.schema is not False:
            self.check(replace(pair, narrow=others, wide=target))
        else:
            message = "other properties were allowed (an open model), and are restricted or forbidden now"
            is_certain = not patterns and any(each.is_certain for each in self._restrictions(target))
            self._note(pair, Rule.MODEL_CLOSED, message, certain=is_certain)

    def _check_items(self, pair: _Pair) -> None:
        most = items_of(pair.narrow).most
        positions = max(positions_of(pair.narrow), positions_of((pair.wide,))) + 1
        for position in range(positions if most is None else min(positions, most)):
            described = tuple(each for place in pair.narrow for each in item_places(self._narrow, place, position))
            if not self._kinds(self._narrow, *described):
                return  # a list ends before it
            if position and are_unique(pair.narrow):
                pair = replace(pair, is_certain=False)  # perhaps there are not so many different items
            for place in item_places(self._wide, pair.wide, position):
                if described:
                    self.check(replace(pair, narrow=described, wide=place))
                else:
                    message = "items could have any value, and are restricted now"
                    self._note_restricted(replace(pair, wide=place), Rule.ITEMS_RESTRICTED, message)

    def _note_restricted(self, pair: _Pair, rule: Rule, message: str) -> None:
        """Notes it unless ``wide`` allows any value."""
        found = self._restrictions(pair.wide)
        if found:
            self._note(pair, rule, message, certain=any(each.is_certain for each in found))

    def _restrictions(self, wide: Place) -> list[Objection]:
        """What stands against ``wide`` accepting any value."""
        trial = self._trial()
        trial.check(_Pair((), wide, is_certain=True))
        return trial.found

    # Alternatives, and what no rule covers

    def _check_alternatives(self, pair: _Pair) -> None:
        for keyword in ("anyOf", "oneOf"):
            branches = [
                self._wide.below(pair.wide, keyword, n) for n in range(len(keywords_of(pair.wide).get(keyword, ())))
            ]
            if not branches or any(asks_the_same(place, pair.wide, keyword) for place in pair.narrow):
                continue
            for case in self._by_kind(pair.narrow):
                here = replace(pair, narrow=case)
                apart = [branch for branch in branches if not kinds_of(case) & self._kinds(self._wide, branch)]
                if not any(self._fits(case, branch) for branch in branches):
                    kinds = " or ".join(sorted(kinds_of(case)))
                    message = (
                        f"no alternative of {keyword} is known to take every value of type {kinds} that was allowed"
                    )
                    self._note(here, Rule.ALTERNATIVE_REMOVED, message, certain=len(apart) == len(branches))
                elif keyword == "oneOf" and len(apart) < len(branches) - 1:
                    message = "several alternatives of oneOf may take the same value, and then none counts"
                    self._note(here, Rule.NOT_COVERED, message, certain=False)

    def _branches(self, narrow: Conjunction, place: Place, keyword: str) -> Iterator[tuple[Conjunction, bool]]:
        """``narrow`` with each alternative of one of its schemas, and whether all values of that are its own."""
        others = tuple(self._rest(each, keyword if each is place else "") for each in narrow)
        branches = [self._narrow.below(place, keyword, n) for n in range(len(place.schema[keyword]))]
        kinds = [self._kinds(self._narrow, branch) for branch in branches]
        is_whole = not any(keywords_of(each).keys() & _SIBLINGS_DECIDE for each in narrow)
        for n, branch in enumerate(branches):
            is_apart = keyword == "anyOf" or not any(kinds[n] & other for m, other in enumerate(kinds) if m != n)
            try:
                case, is_followed = flatten(self._narrow, (branch, *others)), True
            except Unfollowed:
                case, is_followed = others, False
            yield case, is_whole and is_apart and is_followed

    def _rest(self, place: Place, keyword: str) -> Place:
        """What a flattened schema asks besides ``keyword``; the rest of ``narrow`` has what its ``allOf`` asks.

        What depended on the keywords that go would mean something else without them, and goes as well.
        """
        gone = keywords_of(place).keys() & {keyword, "allOf", "$ref"}
        if not gone:
            return place
        gone |= _SIBLINGS_DECIDE
        key = (id(place.schema), keyword)
        if key not in self._made:
            rest = {name: value for name, value in place.schema.items() if name not in gone}
            self._made[key] = place._replace(schema=rest)
        return self._made[key]

    def _by_kind(self, narrow: Conjunction) -> Iterator[Conjunction]:
        """``narrow`` by types."""
        types = kinds_of(narrow)
        for kinds in (types & NUMBERS, *(frozenset({kind}) for kind in sorted(types - NUMBERS))):
            if kinds:
                yield (*narrow, ONLY[kinds])

    def _fits(self, case: Conjunction, branch: Place) -> bool:
        """Whether the rules know that a branch takes every value of a case."""
        trial = self._trial()
        trial.check(_Pair(case, branch, is_certain=False))
        return not trial.found

    @staticmethod
    def _kinds(documents: Documents, *places: Place) -> frozenset[str]:
        """The types that are left where all of ``places`` hold."""
        try:
            return kinds_of(flatten(documents, places))
        except Unfollowed:
            return TYPES

    def _check_uncovered(self, pair: _Pair, kinds: frozenset[str]) -> None:
        for keyword in sorted(keywords_of(pair.wide).keys() & _UNCOVERED.keys()):
            is_known = keyword not in _SIBLINGS_DECIDE and any(
                asks_the_same(place, pair.wide, keyword) for place in pair.narrow
            )
            if kinds & _UNCOVERED[keyword] and not is_known:
                message = f"no rule covers {keyword}, which is new, or differs, or depends on what stands around it"
                self._note(pair, Rule.NOT_COVERED, message, certain=False)

    def _note(self, pair: _Pair, rule: Rule, message: str, *, certain: bool = True) -> None:
        # Nothing is left of a narrow schema that only refers to itself: it asks nothing.
        narrow = pair.narrow[0] if pair.narrow else self._narrow.root
        newer, place = (self._wide, pair.wide) if self._newer_is_wide else (self._narrow, narrow)
        path = "" if self._is_trial else newer.name(place)  # looked for in the whole document
        self.found.append(Objection(rule, path, message, is_certain=certain and pair.is_certain))


def _alternatives(narrow: Conjunction) -> tuple[Place, str] | None:
    """The first schema with alternatives, and their keyword."""
    for place in narrow:
        for keyword in ("anyOf", "oneOf"):
            if keywords_of(place).get(keyword):
                return place, keyword
    return None
