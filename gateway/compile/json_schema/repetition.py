"""How often a validator judges one value, and so how deep a payload may be.

A schema whose alternatives contain the schema itself (``anyOf`` of two kinds of nodes that hold nodes) is
judged once for each alternative at every level: a payload of 30 levels, wrong at the bottom, would keep a
validator busy for hours. Nothing can interrupt it, so such payloads must not reach it.

Counted is an upper bound: every alternative is judged, every pattern matches.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from gateway.compile.json_schema.descent import LISTED_ITEMS, listed, named, of_item, of_property, parts_of
from gateway.compile.json_schema.references import Documents, Place
from gateway.errors import SchemaError

MOST_JUDGEMENTS = 2_000
"""Of one value. An error is told with those of all alternatives around it: about 10 ms."""

_MOST_LEVELS = 64
"""What is nested no deeper by its schema is not nested without end."""
_MOST_ALTERNATIVES = 50_000
"""In one place: beyond it even a number would keep the validator busy."""
_MOST_AROUND = 100
"""Of alternatives inside each other in one place: a chain of references that no person writes."""
_MOST_PLACES = 400_000
"""Pairs of subschema and level that are looked at, of a schema of a few thousand subschemas."""

_SILENT = frozenset(
    {
        *("$schema", "$id", "id", "$ref", "$defs", "definitions", "$comment", "title", "description", "examples"),
        *("default", "properties", "patternProperties", "required", "dependentRequired", "dependencies"),
        *("allOf", "if", "then", "else", "items", "prefixItems", "deprecated", "readOnly", "writeOnly"),
    }
)
"""Keywords that bring about no error about the value itself, or whose errors are counted otherwise."""


class Repetition(NamedTuple):
    """What a schema may ask of a validator."""

    deepest: int | None
    """The levels of nesting down to which no value is judged too often, None where there is no such limit."""
    judgements: int
    """How often one value is judged, where that is most often."""
    errors: int
    """Errors that one value can bring about; those about the names of its properties aside."""
    missing: int
    """Properties that one schema can miss in one object, an error each."""
    counts_names: bool
    """Whether each name of an object can bring about an error about the object."""
    has_alternatives: bool
    """Whether one error can hold others: why each alternative refused a value."""


def count_repetition(documents: Documents) -> Repetition:
    """How often values are judged, and complained of. Raises SchemaError where that is beyond all bounds."""
    counting = _Counting(documents)
    counting.visit(documents.root)
    is_endless = counting.judgements(documents.root, _MOST_LEVELS) > 0
    deepest, most = None, counting.judgements(documents.root, 0)
    for level in range(1, _MOST_LEVELS + 1):
        judgements = counting.judgements(documents.root, level)
        if is_endless and judgements > MOST_JUDGEMENTS:
            deepest = level - 1
        if deepest is not None or not judgements:
            break
        most = max(most, judgements)
    return Repetition(
        deepest, most, counting.errors, counting.missing, counting.counts_names, counting.has_alternatives
    )


_TOO_MANY = "the schema's alternatives contain each other in too many ways; say less by allOf, anyOf, oneOf and $ref"


class _Counting:
    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._known: dict[tuple[int, int], int] = {}
        self._below: dict[int, list[Counter[int]]] = {}
        """By a schema's identity: the schemas that judge each location below it, and how often."""
        self._places: dict[int, Place] = {}
        """By the identities of their schemas."""
        self.errors = 1
        self.missing = 0
        self.counts_names = False
        self.has_alternatives = False

    def visit(self, root: Place) -> None:
        """Looks at every place that a payload can lead to. Raises SchemaError where one has too many alternatives."""
        waiting, seen = [root], {id(root.schema)}
        for place in waiting:
            names = [self._documents.below(part, "propertyNames") for part, _ in self._here(place) if _names(part)]
            found = [self._places[schema] for location in self._locations(place) for schema in location]
            for inner in (*found, *names):
                if id(inner.schema) not in seen:
                    seen.add(id(inner.schema))
                    waiting.append(inner)

    def judgements(self, place: Place, level: int) -> int:
        """How often ``place`` has a value judged that lies ``level`` levels below its own, where that is most often."""
        if level == 0:
            return sum(count for _, count in self._here(place))
        key = id(place.schema), level
        if key not in self._known:
            if len(self._known) >= _MOST_PLACES:
                raise SchemaError(_TOO_MANY, self._documents.name(place))
            self._known[key] = max(
                (
                    sum(count * self.judgements(self._places[schema], level - 1) for schema, count in location.items())
                    for location in self._locations(place)
                ),
                default=0,
            )
        return self._known[key]

    def _here(self, place: Place) -> list[tuple[Place, int]]:
        """The schemas that judge the value of ``place`` itself, each with how often."""
        counts: Counter[int] = Counter()
        waiting = [(place, frozenset[int]())]
        for part, around in waiting:
            if isinstance(part.schema, dict) and id(part.schema) not in around:
                self._places[id(part.schema)] = part
                counts[id(part.schema)] += 1
                if len(waiting) > _MOST_ALTERNATIVES or len(around) > _MOST_AROUND:
                    raise SchemaError(_TOO_MANY, self._documents.name(place))
                waiting += [(inner, around | {id(part.schema)}) for inner in parts_of(self._documents, part)]
        return [(self._places[schema], count) for schema, count in counts.items()]

    def _locations(self, place: Place) -> list[Counter[int]]:
        found = self._below.get(id(place.schema))
        if found is None:
            here = self._here(place)
            self.errors = max(self.errors, sum(count * _errors_of(part.schema) for part, count in here))
            for part, _ in here:
                self.missing = max(self.missing, _required_by(part.schema))
                self.counts_names = self.counts_names or _names(part)
                self.has_alternatives = self.has_alternatives or bool(part.schema.keys() & {"anyOf", "oneOf"})
            found = self._below[id(place.schema)] = self._find_locations(here)
        return found

    def _find_locations(self, parts: Sequence[tuple[Place, int]]) -> list[Counter[int]]:
        """The properties and items that these schemas speak of, with the schemas that judge each of them."""
        names = {name for part, _ in parts for name in named(part.schema, "properties")}
        longest = max((len(listed(part.schema, key)) for part, _ in parts for key in LISTED_ITEMS), default=0)
        locations = [
            self._judges((of_property(self._documents, part, name), count) for part, count in parts)
            for name in (*names, None)
        ]
        for n in range(longest + 1):
            locations += [self._judges((of_item(self._documents, part, n), count) for part, count in parts)]
        return [location for location in locations if location]

    def _judges(self, found: Iterable[tuple[Iterable[Place], int]]) -> Counter[int]:
        counts: Counter[int] = Counter()
        for places, count in found:
            for place in places:
                if isinstance(place.schema, dict):
                    self._places[id(place.schema)] = place
                    counts[id(place.schema)] += count
        return counts


def _names(place: Place) -> bool:
    """Whether there is a schema for the names of properties."""
    return "propertyNames" in place.schema


def _errors_of(schema: Mapping[str, Any]) -> int:
    """Errors that the keywords of one schema can make of one value: one each, and one for each missing property."""
    return len(schema.keys() - _SILENT) + _required_by(schema)


def _required_by(schema: Mapping[str, Any]) -> int:
    """Names of properties that the keywords of one schema may miss."""
    lists = [schema.get("required"), *named(schema, "dependentRequired").values()]
    lists += named(schema, "dependencies").values()
    return sum(len(names) for names in lists if isinstance(names, list))
