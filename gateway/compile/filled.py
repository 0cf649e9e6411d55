"""``fields``: what a contract puts into a payload before it is validated.

A payload may have such a field itself if it says the same, under any of the field's names. What is missing is put
beside what is there: into the object that the payload calls by an alias, where it does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from gateway.compile.avro.places import find
from gateway.compile.avro.schema import Type
from gateway.compile.lookup import Lookup, by_declared_names
from gateway.compile.remedy import violation
from gateway.compile.rules import RuleBook
from gateway.compile.sentence import in_json
from gateway.compile.verdict import Advice, Refused
from gateway.config.contract import Contract
from gateway.model import Code, Violation
from gateway.notation.pointer import MISSING, Pointer
from gateway.notation.template import Template


@dataclass(frozen=True, slots=True)
class FilledField:
    """A field that a contract fills."""

    pointer: Pointer
    template: Template
    lookup: Lookup | None
    """By what names the payload may have it; None where only by those of the pointer."""

    def fill(self, payload: Any, wanted: str) -> bool | Violation:
        """Whether the field was missing and is now in ``payload`` itself; or why it cannot be ``wanted`` there."""
        place = self.pointer if self.lookup is None else Pointer(self.lookup.names_in(payload, self.pointer))
        found = place.get(payload)
        if found == wanted:
            return False
        if found is MISSING:
            return True if place.set(payload, wanted) else _without_room(self.pointer, place, payload, wanted)
        text, here = in_json(wanted), "here" if place == self.pointer else f"at {self.pointer}"
        return msgspec.structs.replace(
            _mismatch(place, found, f"{text}, which the contract puts {here}", _LEAVE_OUT), expected=text
        )


def compile_fields(contract: Contract, avro: Type | None, book: RuleBook) -> Sequence[FilledField]:
    """The fields that a contract fills; ``avro`` is the schema's tree, where it is one."""
    declared = contract.fields.items()
    return [FilledField(pointer, template, _lookup(pointer, avro, book)) for pointer, template in declared]


def _lookup(pointer: Pointer, avro: Type | None, book: RuleBook) -> Lookup | None:
    found = None if avro is None else find(avro, pointer, book)
    lookup = by_declared_names(pointer, book) if found is None else found.lookup
    return lookup if lookup.has_other_names else None


_NOT_SET = "let the contract's fields not set it"
_LEAVE_OUT = Advice(publish="leave it out", declare=_NOT_SET)


def _without_room(pointer: Pointer, place: Pointer, payload: Any, wanted: str) -> Violation:
    """The violation of what stands on the way to the field, where only an object or a longer list could."""
    ways = [Pointer(place.tokens[:depth]) for depth in range(len(place.tokens))]
    blocked = next(way for way in reversed(ways) if way.get(payload) is not MISSING)
    found, token = blocked.get(payload), place.tokens[len(blocked.tokens)]
    shape = f"a list with an item {token}" if type(found) is list and token.isdecimal() else "an object"
    expected = f"{shape}, in which the contract puts {in_json(wanted)} at {pointer}"
    # Left out it is made; but neither is a payload, nor an item, in whose place the next one would come.
    is_field = isinstance(Pointer(blocked.tokens[:-1]).get(payload), dict) and bool(blocked.tokens)
    advice = Advice(publish="leave it out" if is_field else f"publish {shape}", declare=_NOT_SET)
    return _mismatch(blocked, found, expected, advice)


def _mismatch(place: Pointer, found: Any, wanted: str, advice: Advice) -> Violation:
    return violation(Refused(Code.FIELD_MISMATCH, wanted, advice), found, str(place), "")
