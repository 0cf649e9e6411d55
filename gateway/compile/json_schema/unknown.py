"""Unknown fields of objects: which of those that ``additionalProperties: false`` refuses may be left out.

A part of a schema refuses what it does not name itself, also where another part names it (two closed objects under
``allOf``). Such a field is not unknown, the schema contradicts itself: to leave it out would take from the object what
a device rightly sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from gateway.compile.json_schema.descent import named, of_item, of_property, parts_of
from gateway.compile.json_schema.flaws import Flaw, Where
from gateway.compile.json_schema.references import Documents, Place


class Unknown:
    """Tells the unknown fields of one schema's payloads."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._parts: dict[int, list[Place]] = {}
        """By a schema's identity: all that judge the same value, itself among them."""

    def named_at(self, where: Where) -> frozenset[str]:
        """The fields that any part of the schema names under ``properties`` for the object at a place."""
        places = self._together([self._documents.root])
        for step in where:
            places = self._together(inner for each in places for inner in self._below(each, step))
        return frozenset(name for each in places for name in named(each.schema, "properties"))

    def droppable(self, flaws: Iterable[Flaw]) -> Mapping[Where, Mapping[str, None]]:
        """By an object's place: the fields that these flaws of ``additionalProperties`` refuse, and no part names."""
        found: dict[Where, dict[str, None]] = {}
        for flaw in flaws:
            known = self.named_at(flaw.where)
            unknown = [name for name in flaw.unexpected if name not in known]
            found.setdefault(flaw.where, {}).update(dict.fromkeys(unknown))
        return found

    def _below(self, place: Place, step: str | int) -> Iterator[Place]:
        if isinstance(step, int):
            return of_item(self._documents, place, step)
        return of_property(self._documents, place, step)

    def _together(self, places: Iterable[Place]) -> list[Place]:
        """All schemas that judge a value which these judge, each once."""
        found = {id(part.schema): part for place in places for part in self._with_parts(place)}
        return list(found.values())

    def _with_parts(self, place: Place) -> list[Place]:
        known = self._parts.get(id(place.schema))
        if known is None:
            found: dict[int, Place] = {}
            waiting = [place]
            for part in waiting:
                if isinstance(part.schema, dict) and id(part.schema) not in found:
                    found[id(part.schema)] = part
                    waiting += parts_of(self._documents, part)
            known = self._parts[id(place.schema)] = list(found.values())
        return known
