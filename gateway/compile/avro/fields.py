"""The fields of a record in a payload's object: renamed, missing, unknown.

What is uncommon about a record, and all that a refusal of its own says. The common case, all fields there and
nothing else, does not come here (record.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from gateway.compile.avro.node import Node
from gateway.compile.avro.schema import Record
from gateway.compile.coercions import (
    CASE_FOLDED,
    DEFAULT_FILLED,
    NULL_FILLED,
    RENAMED,
    UNKNOWN_CAPTURED,
    UNKNOWN_DROPPED,
)
from gateway.compile.refusals import two_names, unknown_field
from gateway.compile.rules import Path, Rules
from gateway.compile.sentence import in_json, listed
from gateway.compile.verdict import Advice, Findings, Log, Refused
from gateway.errors import SchemaError
from gateway.model import Code, Coercion, Mode
from gateway.notation.pointer import MISSING, Pointer, escape

Refuse = Callable[[Refused, str | None, Any], None]
"""Takes a refusal, the key it is about (None for the record itself) and the value found there."""

RulesInModes = Callable[[Path], Sequence[Rules]]
"""A path -> its rules in the modes that are wider than the contract's, the narrowest first."""

_encode_json = msgspec.json.Encoder(decimal_format="number").encode
_MOST_NAMES = 20
"""Field names that a message lists."""


@dataclass(frozen=True, slots=True)
class Place:
    """A field of the record, compiled."""

    name: str
    node: Node
    aliases: tuple[str, ...]
    """Other names of it in the payload: the schema's and the contract's."""
    default: bytes | None
    """Its default, encoded; None if it has none."""
    null: bytes | None
    """Null, encoded; None if it is not nullable."""
    may_be_missing: bool
    """Whether a default or null is filled in."""
    schema_path: str
    step: str = field(init=False)
    """The last step of a pointer to it, when the payload calls it by its own name."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "step", "/" + escape(self.name))


class Arranged(NamedTuple):
    """A payload's object under the schema's names."""

    values: dict[str, Any]
    renamed: dict[str, str]
    """Field -> key in the payload, where they differ."""


class Fields:
    """The uncommon cases of one record: renamed, missing, unknown, null where a default stands."""

    def __init__(self, record: Record, path: Path, rules: Rules, places: Sequence[Place], wider: RulesInModes) -> None:
        self._record = record
        self._path = path
        self._rules = rules
        self._places = places
        self._wider = wider
        self._names = frozenset(place.name for place in places)
        self._known = _known(places)
        self._folded = _fold(self._known) if rules.fold_case else {}
        self._capture = self._capture_field()

    def _capture_field(self) -> Place | None:
        """The map field of this record that takes its unknown fields, if the contract names one."""
        if self._rules.capture is None:
            return None
        *parent, name = Pointer.parse(self._rules.capture).tokens
        here = self._places if tuple(parent) == self._path else ()
        return next((place for place in here if place.name == name), None)

    def arrange(self, source: Mapping[str, Any], log: Log, refuse: Refuse) -> Arranged:
        """The payload's values under the schema's names; tells ``refuse`` of what cannot be placed."""
        present: dict[str, Any] = {}
        renamed: dict[str, str] = {}
        unknown: list[str] = []
        clashes: dict[str, list[str]] = {}
        for key, value in source.items():
            name = self._name_of(key)
            if name is None:
                unknown.append(key)
            elif name in present or (name != key and name in source):
                clashes.setdefault(name, [renamed.get(name, name)]).append(key)
            else:
                present[name] = value
                if name != key:
                    renamed[name] = key
                    declared = key in self._known or key.lower() != name.lower()
                    self._note(log, name, RENAMED if declared else CASE_FOLDED)
        for names in clashes.values():
            refuse(two_names(sorted(names)), None, source)
        if not present and self._would_pass_unseen(unknown):
            seen = unknown[:_MOST_NAMES]
            wanted = f"at least one of the fields {listed(place.name for place in self._places)}"
            advice = Advice(f"its fields are {listed(seen)}" if seen else "it has none")
            refuse(Refused(Code.NO_KNOWN_FIELDS, wanted, advice, seen=seen), None, source)
        elif unknown:
            self._place_unknown(source, unknown, present, log, refuse)
        return Arranged(present, renamed)

    def _would_pass_unseen(self, unknown: list[str]) -> bool:
        """Whether an object without any known field would become a record of nothing but defaults.

        Where a required field is missing too, the names of the unknown fields say more.
        """
        if unknown and (self._capture is not None or self._rules.drops_unknown):
            return bool(self._places)
        return bool(self._places) and all(place.may_be_missing for place in self._places)

    def _name_of(self, key: str) -> str | None:
        return self._known.get(key) or self._folded.get(key.lower())

    def _place_unknown(
        self, source: Mapping[str, Any], unknown: list[str], present: dict[str, Any], log: Log, refuse: Refuse
    ) -> None:
        if self._capture is not None:
            self._take_unknown(self._capture, source, unknown, present, log, refuse)
        elif self._rules.drops_unknown:
            for key in unknown:
                self._note(log, key, UNKNOWN_DROPPED)
        else:
            declare = "" if self._rules.strict else "declare unknown_fields: drop (or capture) in the contract"
            self._refuse_unknown(source, unknown, present, refuse, "", declare)

    def _refuse_unknown(
        self,
        source: Mapping[str, Any],
        unknown: list[str],
        present: Mapping[str, Any],
        refuse: Refuse,
        why: str,
        declare: str,
    ) -> None:
        wanted = f"only the fields of {self._record.name}"
        parent = str(Pointer(self._path))
        missing = [name for name in self._names if name not in present]
        for key in unknown:
            refuse(unknown_field(wanted, key, missing, parent, declare, why), key, source[key])

    def _take_unknown(
        self,
        place: Place,
        source: Mapping[str, Any],
        unknown: list[str],
        present: dict[str, Any],
        log: Log,
        refuse: Refuse,
    ) -> None:
        """Puts unknown fields into the map field as JSON text; what the payload itself put there stays."""
        own = present.get(place.name, {})
        if type(own) is not dict:
            try:
                written = place.node.write(own, log)
            except Refused:
                return  # refused with the field itself
            if own is not None and written != place.null:
                why = f"{in_json(place.name)}, which takes unknown fields, is no map in this payload"
                self._refuse_unknown(source, unknown, present, refuse, why, "")
                return
            own = {}  # null, or a default in its place: no entry of the payload's own
        both = sorted(set(own) & set(unknown))
        if both:
            advice = Advice(f"{listed(both)} stands in it, too, and in its {in_json(place.name)}", "publish it once")
            refuse(Refused(Code.DUPLICATE_KEY, "each field once", advice, names=both), None, source)
        captured = {key: _encode_json(source[key]).decode() for key in unknown}
        present[place.name] = {**captured, **own}
        self._note(log, place.name, UNKNOWN_CAPTURED)

    def write(self, place: Place, present: Mapping[str, Any], log: Log) -> bytes:
        """One field's bytes, filled in where it is missing."""
        value = present.get(place.name, MISSING)
        if value is not MISSING:
            return place.node.write(value, log)
        if not place.may_be_missing:
            raise self._missing(place)
        if place.default is not None:
            self._note(log, place.name, DEFAULT_FILLED)
            return place.default
        assert place.null is not None
        self._note(log, place.name, NULL_FILLED)
        return place.null

    def explain(self, place: Place, arranged: Arranged, at: str, findings: Findings, refuse: Refuse) -> None:
        """The violations of one field, a missing one included."""
        value = arranged.values.get(place.name, MISSING)
        if value is not MISSING:
            key = arranged.renamed.get(place.name)
            place.node.explain(value, at + (place.step if key is None else "/" + escape(key)), findings)
            return
        try:
            self.write(place, arranged.values, [])
        except Refused as refused:
            refuse(refused, place.name, MISSING)

    def _missing(self, place: Place) -> Refused:
        return Refused(
            Code.MISSING_REQUIRED,
            place.node.wanted,
            Advice(publish="publish it", declare=self._remedy(place)),
            field=place.name,
            aliases=list(place.aliases),
        )

    def _remedy(self, place: Place) -> str:
        """What contract or schema can do about a missing field."""
        has_other = place.default is not None or place.null is not None
        return "declare defaults: fill in the contract" if has_other else "let the schema give it a default"

    def schema_path(self, key: str | None) -> str:
        """Where the schema describes the field ``key``, or the record itself."""
        return next((place.schema_path for place in self._places if place.name == key), self._record.place)

    def passes_in(self, refused: Refused, source: Any) -> Mode | None:
        """The lowest wider mode that lets a refusal of this record's own pass."""
        if refused.code is Code.UNKNOWN_FIELD:
            dropping = (rules.mode for rules in self._wider(self._path) if rules.drops_unknown)
            # Without any known field the record would be refused there, too.
            return next(dropping, None) if self._knows_one_of(source) else None
        if refused.code is Code.MISSING_REQUIRED:
            return next(self._fills(refused.params["field"], unseen=not self._knows_one_of(source)), None)
        return None

    def _fills(self, name: str, *, unseen: bool) -> Iterator[Mode]:
        """The wider modes that fill in a field of an object, ``unseen`` if none of its keys is known."""
        optional = [place for place in self._places if place.default is not None or place.null is not None]
        at_fields = [(place.name, self._wider((*self._path, place.name))) for place in optional]
        for n, rules in enumerate(self._wider(self._path)):
            filled = {field for field, in_modes in at_fields if in_modes[n].fill_defaults}
            if name in filled and not (unseen and len(filled) == len(self._places)):
                yield rules.mode

    def _knows_one_of(self, source: Mapping[str, Any]) -> bool:
        """Whether any key means a field; without a call of Python for each of them."""
        if not self._known.keys().isdisjoint(source):
            return True
        return not self._folded.keys().isdisjoint(map(str.lower, source))

    def _note(self, log: Log, name: str, code: str) -> None:
        log.append(Coercion(str(Pointer((*self._path, name))), code))


def _known(places: Sequence[Place]) -> dict[str, str]:
    """Each name and alias -> field. Raises SchemaError for one that means two fields: it is never guessed which."""
    owners = {place.name: place for place in places}
    for place in places:
        for alias in place.aliases:
            owner = owners.setdefault(alias, place)
            if owner is not place:
                raise SchemaError(
                    f"aliases: {alias!r} cannot be {place.name!r}, it is a name of {owner.name!r}", place.schema_path
                )
    return {name: place.name for name, place in owners.items()}


def _fold(names: Mapping[str, str]) -> dict[str, str]:
    """Lower-case form of each name and alias -> field, for the forms that mean only one field."""
    folded: dict[str, set[str]] = {}
    for name, own in names.items():
        folded.setdefault(name.lower(), set()).add(own)
    return {lower: same.pop() for lower, same in folded.items() if len(same) == 1}
