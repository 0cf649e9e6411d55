"""What a place's values may mean: the narrowest type that takes all that was seen, and loses nothing.

Rules
- A type is guessed that every value can be converted to without loss (docs/coercion.md, mode lossless).
- Where two types would do, the one that takes more is guessed, and the place is told as ambiguous.
- Text that looks like numbers is a number only where something says so: a fraction, or numbers beside it. Whole
  numbers in text may be identifiers.
- Numbers are moments only where their size fits and either the name says so or they are near the message's arrival.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from gateway.compile.avro.parser import is_name
from gateway.compile.numbers import EXACT_INTEGERS
from gateway.compile.sentence import counted
from gateway.model import Format
from gateway.notation.pointer import ANY, Pointer
from gateway.plan.inference.forms import Form
from gateway.plan.inference.observation import MOST_FIELDS, Observation, Range, merged
from gateway.plan.inference.types import Field, Guess, Guesses, Kind, Remark, told

Path = tuple[str, ...]


def guess(root: Observation, kind: Format) -> Guesses:
    """What payloads that were observed are, for a schema of this kind."""
    guesser = _Guesser(kind)
    return Guesses(guesser.guess(root, (), 0), guesser.overrides, guesser.remarks)


_FINEST: Final = ("ns", "us", "ms", "s")
is_time_name: Final = re.compile(
    r"(?i:(?:.*[_-])?(?:ts|t|when|date|at)|.*(?:time|timestamp|epoch))|.*[a-z](?:At|Date|Ts)"
).fullmatch
"""Whether a field's name says that it is a moment."""
_ID_NAME: Final = re.compile(
    r"(?i:(?:.*[_-])?(?:id|uid|uuid|guid|key|name|serial|mac|imei|no))|.*[a-z](?:Id|ID|Uid|Name|No|Serial)"
).fullmatch
_DATA_NAME: Final = re.compile(r"[0-9].*|[0-9a-fA-F:-]*[0-9][0-9a-fA-F:-]*").fullmatch
"""Names of fields that are data themselves: numbers, addresses."""

_MOST_SYMBOLS: Final = 10
_TIMES_SEEN: Final = 10
"""How often words must have come, on average, to be taken for one of few."""
_MANY_FIELDS: Final = 30
_SELDOM: Final = 0.3
"""A field in fewer of the objects than this is seldom; many of them are the keys of a map."""

_OF_FORM: Final[Mapping[Form, Kind]] = {
    Form.DATE_TIME: Kind.DATE_TIME,
    Form.LOCAL_DATE_TIME: Kind.LOCAL_DATE_TIME,
    Form.DATE: Kind.DATE,
    Form.TIME: Kind.TIME,
    Form.UUID: Kind.UUID,
}
"""Forms that are a type of their own where all texts have them."""
_TEXTS: Final = frozenset({*_OF_FORM.values(), Kind.ENUM})
"""Types of texts that are plain text beside other types: a value would be read in two ways."""
_DIGITS: Final[Mapping[str, int]] = {"s": 3, "ms": 3, "us": 6, "ns": 9}
"""Of a second's fraction, which a timestamp holds; seconds are kept in ms."""
_UNIT_OF_DIGITS: Final = ("ms",) * 4 + ("us",) * 3 + ("ns",) * 3


class _Place:
    """What is found out about one place."""

    def __init__(self, seen: Observation, path: Path, missing: int) -> None:
        self.seen = seen
        self.pointer = str(Pointer(path))
        self.name = next((token for token in reversed(path) if token != ANY), "")
        self.missing = missing
        self.forms: set[Form] = {form for form in seen.texts.forms if form is not Form.TOKEN}
        """Of the texts that no type was found for yet."""
        self.tokens = tuple(seen.texts.tokens)
        """Words for nothing, until they are taken for null or for text."""
        self.options: dict[str, Any] = {}
        self.notes: list[str] = []
        self.is_ambiguous = False
        self.is_nullable = seen.nulls > 0

    def doubt(self, note: str) -> None:
        """A person should look at this."""
        self.notes.append(note)
        self.is_ambiguous = True

    def take(self, *forms: Form) -> None:
        """Texts of these forms are values of the type at hand; and words for nothing are null, if no text is left."""
        self.forms -= {*forms}
        if self.tokens and not self.forms:
            self.options["null_tokens"] = list(self.tokens)
            self.is_nullable = True
            self.notes.append(f"{', '.join(map(json.dumps, self.tokens))} becomes null")
            self.tokens = ()

    def remark(self, found: Guess) -> Remark:
        """What to tell of the place."""
        return Remark(self.pointer, self._told(), told(found), "; ".join(self.notes), self.is_ambiguous)

    def _told(self) -> str:
        seen = self.seen
        counts = [
            (seen.objects, "object"),
            (seen.lists, "list"),
            (seen.booleans, "boolean"),
            (seen.whole.count + seen.fractions.count, "number"),
        ]
        parts = [counted(count, what) for count, what in counts if count]
        for form, count in seen.texts.forms.items():
            parts.append(counted(count, "text") + ("" if form is Form.OTHER else f" ({form})"))
        parts += [f"{count} {what}" for count, what in ((seen.nulls, "null"), (self.missing, "missing")) if count]
        ranges = [each for each in (seen.whole, seen.fractions) if each.count]
        if ranges:
            least, most = min(each.least for each in ranges), max(each.most for each in ranges)
            parts.append(f"{least} to {most}" if least != most else f"always {least}")
        return ", ".join(parts)


class _Guesser:
    """One walk over all places."""

    def __init__(self, kind: Format) -> None:
        self.overrides: dict[str, dict[str, Any]] = {}
        self.remarks: list[Remark] = []
        self._is_avro = kind is Format.AVRO

    def guess(self, seen: Observation, path: Path, missing: int) -> Guess:
        """The type at ``path``, which ``missing`` objects did not have."""
        at = len(self.remarks)
        place = _Place(seen, path, missing)
        branches = [*self._scalars(place), *self._containers(place, path)]
        if not branches:
            place.doubt("nothing but null was seen: say what it is")
            branches = [Guess(Kind.TEXT)]
        if len(branches) > 1:
            place.doubt("is it the same thing in every message?")
            plain = [Guess(Kind.TEXT) if each.kind in _TEXTS else each for each in branches]
            branches = [each for n, each in enumerate(plain) if each not in plain[:n]]
        found = branches[0] if len(branches) == 1 else Guess(Kind.UNION, branches=tuple(branches))
        found = replace(found, is_nullable=place.is_nullable)
        if place.options:
            self.overrides[place.pointer] = place.options
        self.remarks.insert(at, place.remark(found))
        return found

    def _scalars(self, place: _Place) -> Iterator[Guess]:
        """The types of what is no list and no object."""
        seen = place.seen
        numbers = seen.whole.count + seen.fractions.count
        is_said = seen.booleans > 0 or place.forms == {Form.BOOLEAN}
        is_switch = is_said and not seen.fractions.count and _is_zero_or_one(seen.whole)
        if seen.booleans or is_switch:
            place.take(Form.BOOLEAN)
            yield Guess(Kind.BOOLEAN)
        if (numbers and not is_switch) or _is_numeric_text(place.forms):
            yield self._number(place)
        if place.forms or place.tokens:
            yield self._text(place)

    def _number(self, place: _Place) -> Guess:
        """Numbers, with the texts that stand for numbers."""
        seen = place.seen
        is_comma = Form.COMMA in place.forms and place.forms <= {Form.COMMA, Form.WHOLE}
        has_point = seen.fractions.count > 0 or is_comma or Form.FRACTION in place.forms
        units = () if has_point else _epoch_units(place)
        if is_comma:
            place.options["decimal_separator"] = ","
            place.notes.append("decimal comma")
        taken = {Form.WHOLE, Form.FRACTION, *({Form.COMMA} if is_comma else ())}
        if units and self._is_avro and seen.texts.digits <= _DIGITS[units[0]]:
            taken.add(Form.DATE_TIME)
        place.take(*taken)
        if units:
            return self._epoch(place, units)
        if has_point:
            if max(-seen.whole.least, seen.whole.most) > EXACT_INTEGERS:
                place.doubt("whole numbers beyond 2^53: those that no double holds are rejected")
            return Guess(Kind.NUMBER)
        if self._is_avro and not (seen.whole.least >= -(2**63) and seen.whole.most < 2**63):
            place.doubt("whole numbers beyond 64 bits, which Avro does not have: kept as text")
            return Guess(Kind.TEXT)
        if seen.whole.count and _is_zero_or_one(seen.whole):
            place.doubt("0 and 1 only: a boolean?")
        return Guess(Kind.WHOLE)

    def _epoch(self, place: _Place, units: Sequence[str]) -> Guess:
        """Moments as numbers; Avro keeps no seconds. A second unit, as after a change of the firmware, is declared."""
        finest, coarsest = units[0], units[-1]
        kept = "ms" if self._is_avro and finest == "s" else finest
        if self._is_avro and coarsest != kept:
            place.options["epoch_unit"] = coarsest
        place.notes.append(f"counts {' or '.join(units)} since 1970")
        if len(units) > (2 if self._is_avro else 1):
            place.doubt("a schema has one unit: which one?")
        return Guess(Kind.EPOCH, unit=kept)

    def _text(self, place: _Place) -> Guess:
        """Texts that are no numbers."""
        texts = place.seen.texts
        form = next(iter(place.forms)) if len(place.forms) == 1 else None
        if form is not None and form in _OF_FORM:
            place.take(form)
            unit = _UNIT_OF_DIGITS[min(texts.digits, 9)]
            return Guess(_OF_FORM[form], unit=unit)
        place.tokens = ()
        if not place.forms:
            place.doubt("nothing but words for nothing was seen: say what it is")
        elif form is Form.WHOLE:
            place.doubt("whole numbers in text: numbers, or identifiers?")
        elif form is Form.NESTED:
            place.doubt("JSON inside text: parse_json_strings can read it")
        elif form is not Form.OTHER:
            place.doubt(f"some texts are a {', some a '.join(sorted(place.forms))}")
        words = texts.distinct
        if words is not None and len(words) > 1 and form is Form.OTHER and self._are_few(place):
            return Guess(Kind.ENUM, symbols=tuple(words))
        return Guess(Kind.TEXT)

    def _are_few(self, place: _Place) -> bool:
        """Whether the words at a place are always the same few."""
        words = place.seen.texts.distinct or Counter()
        if len(words) > _MOST_SYMBOLS or place.seen.texts.count < _TIMES_SEEN * len(words) or _ID_NAME(place.name):
            return False
        return not self._is_avro or all(is_name(word) for word in words)

    def _containers(self, place: _Place, path: Path) -> Iterator[Guess]:
        seen = place.seen
        if seen.lists:
            if seen.items is None:
                place.doubt("nothing but empty lists was seen: say what is in them")
                yield Guess(Kind.LIST, inner=Guess(Kind.TEXT))
            else:
                yield Guess(Kind.LIST, inner=self.guess(seen.items, (*path, ANY), 0))
        if seen.objects:
            yield self._object(place, path)

    def _object(self, place: _Place, path: Path) -> Guess:
        seen = place.seen
        if not seen.fields:
            place.doubt("nothing but empty objects was seen: say what is in them")
            return Guess(Kind.MAP, inner=Guess(Kind.TEXT))
        if _is_map(seen):
            values = [*seen.fields.values(), *([seen.others] if seen.others is not None else ())]
            place.doubt(f"{len(seen.fields)} or more different names: taken for the keys of a map")
            return Guess(Kind.MAP, inner=self.guess(merged(values), (*path, ANY), 0))
        if seen.empty_objects:
            place.doubt(f"of {seen.objects} objects {seen.empty_objects} have no field, and are rejected")
        fields: dict[str, Field] = {}
        for published, inner in seen.fields.items():
            name = self._field_name(published, {*fields, *seen.fields})
            missing = seen.objects - inner.count
            fields[name] = Field(self.guess(inner, (*path, name), missing), is_optional=missing > 0)
            if name != published:
                self.overrides.setdefault(str(Pointer((*path, name))), {})["aliases"] = [published]
        return Guess(Kind.OBJECT, fields=fields)

    def _field_name(self, published: str, taken: Container[str]) -> str:
        """The field's name in the schema, which Avro is particular about."""
        if not self._is_avro or is_name(published):
            return published
        name = re.sub(r"[^A-Za-z0-9_]", "_", published)
        name = name if is_name(name) else f"_{name}"
        while name in taken:
            name += "_"
        return name


def _is_zero_or_one(numbers: Range) -> bool:
    return not numbers.count or (numbers.least >= 0 and numbers.most <= 1)


def _is_numeric_text(forms: set[Form]) -> bool:
    """Whether texts are numbers without a doubt: all of them alike, and one with a fraction."""
    return forms - {Form.WHOLE} in ({Form.FRACTION}, {Form.COMMA})


def _epoch_units(place: _Place) -> Sequence[str]:
    """The units in which the numbers of a place are moments, finest first; none where they are no moments."""
    seen = place.seen
    numbers = seen.whole.count + seen.texts.forms[Form.WHOLE]
    if seen.moments.total() < numbers or not seen.whole.count:
        return ()
    return sorted(seen.moments, key=_FINEST.index) if is_time_name(place.name) or seen.near_arrival else ()


def _is_map(seen: Observation) -> bool:
    """Whether the names of an object's fields are data."""
    names = seen.fields
    if seen.others is not None or len(names) >= MOST_FIELDS:
        return True
    if len(names) > 1 and all(map(_DATA_NAME, names)):
        return True
    there = sum(inner.count for inner in names.values())
    return len(names) >= _MANY_FIELDS and there < _SELDOM * seen.objects * len(names)
