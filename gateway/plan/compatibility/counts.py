"""How long a text, a list or an object may be: what limits, closed models and tuples say together."""

from __future__ import annotations

from typing import Any, NamedTuple

from gateway.plan.compatibility.conjunction import Conjunction, tuple_keywords
from gateway.plan.compatibility.vocabularies import keywords_of


class Count(NamedTuple):
    """The least and the greatest number of characters, items or properties."""

    least: int
    most: int | None
    """None where there is no limit."""

    @property
    def is_empty(self) -> bool:
        """Whether there is no such number."""
        return self.most is not None and self.least > self.most


def characters_of(conjunction: Conjunction) -> Count:
    """The length of a text."""
    return _count(_values(conjunction, "minLength"), _values(conjunction, "maxLength"))


def items_of(conjunction: Conjunction) -> Count:
    """The length of a list: one ends where no item is allowed any more."""
    ends = []
    for place in conjunction:
        keywords = keywords_of(place)
        positional, rest = tuple_keywords(place)
        positions = keywords[positional] if positional is not None else []
        if keywords.get(rest) is False:
            ends.append(len(positions))
        ends += [n for n, item in enumerate(positions) if item is False]
    return _count(_values(conjunction, "minItems"), [*_values(conjunction, "maxItems"), *ends])


def are_unique(conjunction: Conjunction) -> bool:
    """Whether the items of a list must all be different."""
    return any(keywords_of(place).get("uniqueItems") for place in conjunction)


def properties_of(conjunction: Conjunction) -> Count:
    """The number of properties."""
    names = closed_names(conjunction)
    ends = [] if names is None else [len(names)]
    least = [*_values(conjunction, "minProperties"), len(_named(conjunction))]
    return _count(least, [*_values(conjunction, "maxProperties"), *ends])


def required_of(conjunction: Conjunction) -> frozenset[str]:
    """The properties that must be there: all of a closed model if as many are wanted."""
    names = closed_names(conjunction)
    if names is not None and properties_of(conjunction).least >= len(names):
        return names | _named(conjunction)
    return _named(conjunction)


def closed_names(conjunction: Conjunction) -> frozenset[str] | None:
    """The properties that may be there; None where that is not a list of names."""
    found: frozenset[str] | None = None
    for place in conjunction:
        keywords = keywords_of(place)
        if keywords.get("additionalProperties") is False and not keywords.get("patternProperties"):
            names = frozenset(keywords.get("properties", ()))
            found = names if found is None else found & names
    return None if found is None else found - forbidden_names(conjunction)


def forbidden_names(conjunction: Conjunction) -> frozenset[str]:
    """The properties that must not be there, by name."""
    described = [keywords_of(place).get("properties", {}) for place in conjunction]
    return frozenset(name for each in described for name, schema in each.items() if schema is False)


def dependents_of(conjunction: Conjunction) -> dict[str, frozenset[str]]:
    """The properties that must be there beside another one, by that."""
    found: dict[str, frozenset[str]] = {}
    for place in conjunction:
        for keyword in ("dependencies", "dependentRequired"):
            for name, others in keywords_of(place).get(keyword, {}).items():
                if isinstance(others, list):
                    found[name] = found.get(name, frozenset()) | frozenset(others)
    return found


def _named(conjunction: Conjunction) -> frozenset[str]:
    """The properties that are required by name, and those that they require."""
    found: set[str] = set()
    dependents = dependents_of(conjunction)
    waiting = [name for place in conjunction for name in keywords_of(place).get("required", ())]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += dependents.get(name, ())
    return frozenset(found)


def _values(conjunction: Conjunction, keyword: str) -> list[Any]:
    return [keywords_of(place)[keyword] for place in conjunction if keyword in keywords_of(place)]


def _count(least: list[Any], most: list[Any]) -> Count:
    return Count(int(max(least, default=0)), int(min(most)) if most else None)
