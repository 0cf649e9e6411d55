"""What payloads hold at each place: kinds of values, ranges, forms of text, and the fields of objects.

Memory is bounded whatever the payloads are: a place keeps counts and ranges, few distinct texts, and so many fields.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from gateway.compile.datetimes import NANOS_PER, window_nanos
from gateway.compile.rules import DEFAULT_WINDOW
from gateway.plan.inference.forms import Form, form_of

MOST_FIELDS: Final = 200
"""Of one object; what has more is taken for a map, and the rest is counted together."""
MOST_PLACES: Final = 5000
"""Of all payloads."""
MOST_DISTINCT: Final = 50
"""Texts of a place that are kept."""
_LONGEST_KEPT: Final = 64
"""Characters of a text that is kept."""


class TooDeep(ValueError):
    """A payload has more levels than the gateway takes."""


@dataclass(slots=True)
class Range:
    """Numbers that were seen."""

    count: int = 0
    least: float = 0
    most: float = 0

    def add(self, number: float) -> None:
        """One more."""
        self.least = min(self.least, number) if self.count else number
        self.most = max(self.most, number) if self.count else number
        self.count += 1


@dataclass(slots=True)
class Texts:
    """Texts that were seen."""

    count: int = 0
    forms: Counter[Form] = field(default_factory=Counter)
    distinct: Counter[str] | None = field(default_factory=Counter)
    """Each with how often it came; None where there are too many, or one is too long."""
    digits: int = 0
    """Most digits behind the second of a time."""
    tokens: dict[str, None] = field(default_factory=dict)
    """Words for nothing as they are written, in order."""

    def add(self, text: str) -> Form:
        """One more; what it looks like."""
        self.count += 1
        form = form_of(text)
        self.forms[form] += 1
        if form is Form.TOKEN:
            self.tokens[text] = None
        elif form in {Form.DATE_TIME, Form.LOCAL_DATE_TIME, Form.TIME}:
            _, _, fraction = text.partition(".")
            self.digits = max(self.digits, len(fraction) - len(fraction.lstrip("0123456789")))
        if self.distinct is not None:
            self.distinct[text] += 1
            if len(self.distinct) > MOST_DISTINCT or len(text) > _LONGEST_KEPT:
                self.distinct = None
        return form


@dataclass(slots=True)
class Observation:
    """What stood at one place, in all payloads."""

    count: int = 0
    nulls: int = 0
    booleans: int = 0
    whole: Range = field(default_factory=Range)
    """Numbers without a point."""
    fractions: Range = field(default_factory=Range)
    """Numbers with a point or an exponent."""
    has_real_fraction: bool = False
    """One of them is no whole number."""
    moments: Counter[str] = field(default_factory=Counter)
    """By epoch unit: whole numbers, also in text, that are a moment of this century in it."""
    near_arrival: int = 0
    """Whole numbers that are within a day of their message's arrival, in one of the units."""
    texts: Texts = field(default_factory=Texts)
    lists: int = 0
    items: Observation | None = None
    """Of all lists together."""
    objects: int = 0
    empty_objects: int = 0
    fields: dict[str, Observation] = field(default_factory=dict)
    """Of all objects, in order of their first appearance."""
    others: Observation | None = None
    """Fields beyond those that are kept."""


class Observer:
    """Looks at payloads, one after the other."""

    def __init__(self, depth: int) -> None:
        """``depth``: levels of nesting that the gateway takes."""
        self.root = Observation()
        self._depth = depth
        self._places = 0

    @property
    def is_full(self) -> bool:
        """Some fields were counted together, because there are too many."""
        return self._places >= MOST_PLACES

    def add(self, value: Any, arrival: int | None) -> None:
        """One more payload that arrived at ``arrival`` (ms). Raises TooDeep, with nothing counted."""
        _check_depth(value, self._depth)
        self._observe(self.root, value, arrival)

    def _observe(self, place: Observation, value: Any, arrival: int | None) -> None:
        place.count += 1
        match value:
            case None:
                place.nulls += 1
            case bool():
                place.booleans += 1
            case int():
                place.whole.add(value)
                place.moments.update(_units_of(value))
                place.near_arrival += arrival is not None and _is_near(value, arrival)
            case float():
                place.fractions.add(value)
                place.has_real_fraction = place.has_real_fraction or not value.is_integer()
            case str():
                if place.texts.add(value) is Form.WHOLE:
                    place.moments.update(_units_of(int(value)))
            case list():
                place.lists += 1
                for item in value:
                    if place.items is None:
                        place.items = self._place()
                    self._observe(place.items, item, arrival)
            case dict():
                place.objects += 1
                place.empty_objects += not value
                for name, item in value.items():
                    self._observe(self._field(place, name), item, arrival)

    def _field(self, place: Observation, name: str) -> Observation:
        known = place.fields.get(name)
        if known is not None:
            return known
        if len(place.fields) < MOST_FIELDS and self._places < MOST_PLACES:
            known = place.fields[name] = self._place()
            return known
        if place.others is None:
            place.others = self._place()
        return place.others

    def _place(self) -> Observation:
        self._places += 1
        return Observation()


def _check_depth(value: Any, depth: int) -> None:
    level = [value]
    for _ in range(depth):
        level = [
            inner
            for each in level
            if isinstance(each, dict | list)
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
        if not level:
            return
    if any(isinstance(each, dict | list) for each in level):
        raise TooDeep(f"more than {depth} levels of nesting")


_WINDOW: Final = window_nanos(*DEFAULT_WINDOW)
_BOUNDS: Final = {unit: (-(-_WINDOW[0] // nanos), -(-_WINDOW[1] // nanos)) for unit, nanos in NANOS_PER.items()}
"""By epoch unit: the first number inside the window, and the first behind it."""
_DAY_NS: Final = 86_400 * NANOS_PER["s"]


def _units_of(number: int) -> list[str]:
    """The units in which a number lies inside the window: one or none."""
    return [unit for unit, (first, end) in _BOUNDS.items() if first <= number < end]


def _is_near(number: int, arrival: int) -> bool:
    """Whether a number is within a day of ``arrival`` (ms) in one of the units."""
    return any(abs(number * nanos - arrival * NANOS_PER["ms"]) <= _DAY_NS for nanos in NANOS_PER.values())


def merged(places: Iterable[Observation]) -> Observation:
    """What stood at several places, as if they were one: the values of a map."""
    whole = Observation()
    for place in places:
        _merge(whole, place)
    return whole


def _merge(into: Observation, place: Observation) -> None:
    into.count += place.count
    into.nulls += place.nulls
    into.booleans += place.booleans
    into.lists += place.lists
    into.objects += place.objects
    into.empty_objects += place.empty_objects
    into.has_real_fraction = into.has_real_fraction or place.has_real_fraction
    into.moments.update(place.moments)
    into.near_arrival += place.near_arrival
    for ours, theirs in ((into.whole, place.whole), (into.fractions, place.fractions)):
        if theirs.count:
            ours.add(theirs.least)
            ours.add(theirs.most)
            ours.count += theirs.count - 2
    _merge_texts(into.texts, place.texts)
    if place.items is not None:
        into.items = merged([place.items] if into.items is None else [into.items, place.items])
    for name, inner in place.fields.items():
        known = into.fields.get(name)
        into.fields[name] = merged([inner] if known is None else [known, inner])
    if place.others is not None:
        into.others = merged([place.others] if into.others is None else [into.others, place.others])


def _merge_texts(into: Texts, texts: Texts) -> None:
    into.count += texts.count
    into.forms.update(texts.forms)
    into.digits = max(into.digits, texts.digits)
    into.tokens |= texts.tokens
    if into.distinct is not None and texts.distinct is not None:
        into.distinct.update(texts.distinct)
        if len(into.distinct) <= MOST_DISTINCT:
            return
    into.distinct = None
