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

from gateway.compile.json_schema.dialect import DRAFT_7, ROOT
from gateway.compile.json_schema.references import Documents, Place
from gateway.plan.compatibility.assertions import NUMBERS, added_asks
from gateway.plan.compatibility.conjunction import (
    TYPES,
    Conjunction,
    Unfollowed,
    flatten,
    item_places,
    positions_of,
    property_names,
    property_places,
    required_of,
    types_of,
)
from gateway.plan.compatibility.objections import Objection, Rule
from gateway.plan.compatibility.sameness import asks_the_same, is_same
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
_LEFT_OUT = frozenset({*_UNCOVERED, "patternProperties"})
"""What a schema asks with these is not, or not always, understood."""
_SILENT = frozenset({"title", "description", "default", "examples", "$comment", "deprecated", "readOnly", "writeOnly"})
"""Keywords that ask nothing."""


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
        self._under: set[tuple[tuple[int, ...], int]] = set()
        """Pairs that are being looked at: met again inside themselves they hold if all else does."""
        self._budget = iter(range(_MOST_STEPS))
        """The steps that are left, for trials too."""
        self._nested = 0
        """The pairs that are being looked at, each within the one before."""
        self._made: dict[tuple[int, str], Place] = {}
        """Schemas that were taken apart, by the schema they are left of: made once, so that each stays the same."""

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
        if not types_of(narrow):
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
        is_certain = pair.is_certain and not any(keywords_of(place).keys() & _LEFT_OUT for place in pair.narrow)
        for part in parts:
            if not any(is_same(place, part) for place in pair.narrow):
                self._check_part(_Pair(pair.narrow, part, is_certain))
        self._under.discard(key)

    def _trial(self) -> _Inclusion:
        """A walk that goes on from here, and whose objections count for nothing."""
        trial = _Inclusion(self._narrow, self._wide, newer_is_wide=self._newer_is_wide)
        trial._under, trial._made = set(self._under), self._made
        trial._budget, trial._nested = self._budget, self._nested
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
        types = types_of(pair.narrow) & types_of((pair.wide,))
        if "object" in types:
            self._check_object(pair)
        if "array" in types:
            self._check_items(pair)
        self._check_alternatives(pair)
        self._check_uncovered(pair, types)

    # Objects and lists

    def _check_object(self, pair: _Pair) -> None:
        required = required_of(pair.narrow)
        for name in keywords_of(pair.wide).get("required", ()):
            if name in required:
                continue
            message = f"the property {json.dumps(name)} is required now"
            has_default = any("default" in keywords_of(place) for place in property_places(self._wide, pair.wide, name))
            if has_default:
                message += "; it has a default, and some registries take that for enough"
            self._note(pair, Rule.REQUIRED_ADDED, message, certain=not has_default)
        for name in dict.fromkeys([*property_names(pair.narrow), *property_names((pair.wide,))]):
            self._check_property(pair, name)
        self._check_patterns(pair)
        self._check_other_properties(pair)

    def _check_property(self, pair: _Pair, name: str) -> None:
        described = tuple(each for place in pair.narrow for each in property_places(self._narrow, place, name))
        if any(each.schema is False for each in described):
            return  # it was never there
        for place in property_places(self._wide, pair.wide, name):
            if place.schema is False:
                message = f"the property {json.dumps(name)} is not described any more, and others are not allowed"
                self._note(pair, Rule.PROPERTY_REMOVED, f"{message} (a closed model)")
            elif described:
                self.check(replace(pair, narrow=described, wide=place))
            elif not _allows_all(place):
                message = f"the property {json.dumps(name)} could have any value (an open model), and is restricted now"
                self._note(replace(pair, wide=place), Rule.PROPERTY_ADDED, message)

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
            elif not (_allows_all(place) or (_is_closed(pair.narrow) and not _patterns(pair.narrow))):
                message = f"properties that match {json.dumps(pattern)} are restricted now"
                self._note(pair, Rule.PROPERTY_ADDED, message, certain=False)

    def _check_other_properties(self, pair: _Pair) -> None:
        """The properties that ``wide`` describes neither by name nor by a pattern."""
        if "additionalProperties" not in keywords_of(pair.wide):
            return
        target = self._wide.below(pair.wide, "additionalProperties")
        patterns, known = keywords_of(pair.wide).get("patternProperties", {}).keys(), _patterns(pair.narrow)
        if _allows_all(target) or (_is_closed(pair.narrow) and known <= patterns):
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
            self._note(pair, Rule.MODEL_CLOSED, message, certain=not patterns)

    def _check_items(self, pair: _Pair) -> None:
        most = min(
            (place.schema["maxItems"] for place in pair.narrow if "maxItems" in keywords_of(place)), default=None
        )
        positions = max(positions_of(pair.narrow), positions_of((pair.wide,))) + 1
        for position in range(positions if most is None else min(positions, int(most))):
            described = tuple(each for place in pair.narrow for each in item_places(self._narrow, place, position))
            for place in item_places(self._wide, pair.wide, position):
                if described:
                    self.check(replace(pair, narrow=described, wide=place))
                elif not _allows_all(place):
                    message = "items could have any value, and are restricted now"
                    self._note(replace(pair, wide=place), Rule.ITEMS_RESTRICTED, message)

    # Alternatives, and what no rule covers

    def _check_alternatives(self, pair: _Pair) -> None:
        for keyword in ("anyOf", "oneOf"):
            branches = [
                self._wide.below(pair.wide, keyword, n) for n in range(len(keywords_of(pair.wide).get(keyword, ())))
            ]
            if not branches or any(asks_the_same(place, pair.wide, keyword) for place in pair.narrow):
                continue
            for case in self._kinds(pair.narrow):
                here = replace(pair, narrow=case)
                apart = [branch for branch in branches if not types_of(case) & self._types(self._wide, branch)]
                if not any(self._fits(case, branch) for branch in branches):
                    kinds = " or ".join(sorted(types_of(case)))
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
        kinds = [self._types(self._narrow, branch) for branch in branches]
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

    def _kinds(self, narrow: Conjunction) -> Iterator[Conjunction]:
        """``narrow`` by types."""
        types = types_of(narrow)
        for kinds in (types & NUMBERS, *(frozenset({kind}) for kind in sorted(types - NUMBERS))):
            if kinds:
                yield (*narrow, _ONLY[kinds])

    def _fits(self, case: Conjunction, branch: Place) -> bool:
        """Whether the rules know that a branch takes every value of a case."""
        trial = self._trial()
        trial.check(_Pair(case, branch, is_certain=False))
        return not trial.found

    @staticmethod
    def _types(documents: Documents, place: Place) -> frozenset[str]:
        try:
            return types_of(flatten(documents, [place]))
        except Unfollowed:
            return TYPES

    def _check_uncovered(self, pair: _Pair, types: frozenset[str]) -> None:
        for keyword in sorted(keywords_of(pair.wide).keys() & _UNCOVERED.keys()):
            is_known = keyword not in _SIBLINGS_DECIDE and any(
                asks_the_same(place, pair.wide, keyword) for place in pair.narrow
            )
            if types & _UNCOVERED[keyword] and not is_known:
                message = f"no rule covers {keyword}, which is new, or differs, or depends on what stands around it"
                self._note(pair, Rule.NOT_COVERED, message, certain=False)

    def _note(self, pair: _Pair, rule: Rule, message: str, *, certain: bool = True) -> None:
        # Nothing is left of a narrow schema that only refers to itself: it asks nothing.
        narrow = pair.narrow[0] if pair.narrow else self._narrow.root
        newer = self._wide.name(pair.wide) if self._newer_is_wide else self._narrow.name(narrow)
        self.found.append(Objection(rule, newer, message, is_certain=certain and pair.is_certain))


def _alternatives(narrow: Conjunction) -> tuple[Place, str] | None:
    """The first schema with alternatives, and their keyword."""
    for place in narrow:
        for keyword in ("anyOf", "oneOf"):
            if keywords_of(place).get(keyword):
                return place, keyword
    return None


_KINDS = (NUMBERS, *(frozenset({kind}) for kind in (*NUMBERS, *(TYPES - NUMBERS))))
_ONLY = {kinds: Place({"type": sorted(kinds)}, ROOT, {}, DRAFT_7) for kinds in _KINDS}
"""Schemas for one type."""


def _is_closed(narrow: Conjunction) -> bool:
    return any(keywords_of(place).get("additionalProperties") is False for place in narrow)


def _patterns(narrow: Conjunction) -> set[str]:
    return {pattern for place in narrow for pattern in keywords_of(place).get("patternProperties", ())}


def _allows_all(place: Place) -> bool:
    """Whether a schema plainly allows any value."""
    return place.schema is True or (isinstance(place.schema, dict) and keywords_of(place).keys() <= _SILENT)
