"""Where a ``$ref`` leads: within the schema itself, or into one that the registry resolved.

For what reads a schema instead of asking the validator. It may know less than the validator, never other things:
what it cannot follow it says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple
from urllib.parse import unquote, urldefrag

from gateway.compile.json_schema.dialect import DRAFT_4, base_of, draft_of, is_before_2019, join
from gateway.compile.json_schema.subschemas import inside, subschemas
from gateway.notation import NotationError
from gateway.notation.pointer import Pointer

_MOST_STEPS = 32
"""References followed from one place; a cycle of them describes nothing."""


class Place(NamedTuple):
    """A subschema, and what it takes to follow its references."""

    schema: Any
    base: str
    """URI against which its references are resolved."""
    document: Any
    """The JSON at ``base``."""
    draft: str

    @property
    def siblings_count(self) -> bool:
        """Whether keywords beside a ``$ref`` hold; before draft 2019-09 they mean nothing."""
        return not is_before_2019(self.draft)


class Documents:
    """A schema and all that it may refer to."""

    def __init__(self, source: Any, references: Mapping[str, Any]) -> None:
        """``references``: what may be referred to, by URI."""
        self.root = Place(source, base_of(source), source, draft_of(source))
        self._by_uri: dict[str, Place] = {}
        self._anchors: dict[tuple[str, str], Place] = {}
        """By URI of the document and name."""
        self._dynamic: dict[str, list[Place]] = {}
        """The places that ``$dynamicRef`` may lead to, by their name."""
        self._recursive: list[Place] = []
        """The documents that ``$recursiveRef`` may lead to."""
        for uri, document in {self.root.base: source, **references}.items():
            self._by_uri.setdefault(uri, Place(document, base_of(document, uri), document, draft_of(document)))
        for place in list(self._by_uri.values()):
            self._index(place)

    def _index(self, document: Place) -> None:
        """Notes the documents and anchors inside a document."""
        waiting = [document]
        for place in waiting:
            schema = place.schema
            if not isinstance(schema, dict):
                continue
            if schema is place.document:
                self._by_uri.setdefault(place.base, place)
            for name in _anchors(schema, place.draft):
                self._anchors.setdefault((place.base, name), place)
            if isinstance(schema.get("$dynamicAnchor"), str):
                self._dynamic.setdefault(schema["$dynamicAnchor"], []).append(place)
            if schema.get("$recursiveAnchor") is True and schema is place.document:
                self._recursive.append(place)
            waiting += [self._entered(inner, place) for _, inner in inside(schema)]

    def below(self, place: Place, *steps: str | int) -> Place:
        """The subschema that stands at ``steps`` inside ``place``."""
        schema = place.schema
        for step in steps:
            schema = schema[step]
        return self._entered(schema, place)

    def followed(self, place: Place) -> Place | None:
        """Where a ``$ref`` of ``place`` leads in the end, None where it cannot be followed."""
        for _ in range(_MOST_STEPS):
            if not isinstance(place.schema, dict) or "$ref" not in place.schema:
                return place
            target = self.target(place)
            if target is None:
                return None
            place = target
        return None

    def target(self, place: Place, keyword: str = "$ref") -> Place | None:
        """Where the ``$ref`` of ``place`` leads, perhaps to a further one; None where it cannot be followed."""
        reference = place.schema[keyword]
        if not isinstance(reference, str):
            return None
        name, fragment = urldefrag(reference)
        uri = join(place.base, name)
        here = place._replace(schema=place.document) if uri == place.base else self._by_uri.get(uri)
        if here is None:
            return None
        try:
            tokens = Pointer.parse(unquote(fragment)).tokens
        except NotationError:
            return self._anchors.get((here.base, fragment))
        for token in tokens:
            steps = here.schema if isinstance(here.schema, dict | list) else {}
            key: str | int = int(token) if isinstance(steps, list) and token.isdecimal() else token
            try:
                here = self.below(here, key)
            except (KeyError, IndexError, TypeError):
                return None
        return here

    def targets(self, place: Place) -> Iterable[Place]:
        """Every place that the references of ``place``, of whatever kind, may lead to."""
        schema = place.schema
        if "$ref" in schema:
            yield from self._known(self.target(place))
        if "$dynamicRef" in schema:
            there = self.target(place, "$dynamicRef")
            anchor = (
                there.schema.get("$dynamicAnchor") if there is not None and isinstance(there.schema, dict) else None
            )
            yield from self._known(there) if anchor is None else self._outermost(self._dynamic[anchor])
        if "$recursiveRef" in schema:
            there = self.target(place, "$recursiveRef")
            is_dynamic = there is not None and any(there.schema is each.schema for each in self._recursive)
            yield from self._outermost(self._recursive) if is_dynamic else self._known(there)

    def name(self, place: Place) -> str:
        """How a person finds ``place``: its pointer, behind its document's URI if that is not the schema itself."""
        found = (steps for steps, schema in subschemas(place.document) if schema is place.schema)
        pointer = str(Pointer(next(found, ())))
        return pointer if place.document is self.root.document else f"{place.base}#{pointer}"

    def _outermost(self, places: list[Place]) -> list[Place]:
        """The place in the schema itself, which is around all others, if one is there."""
        return [place for place in places if place.base == self.root.base] or places

    @staticmethod
    def _known(place: Place | None) -> list[Place]:
        return [] if place is None else [place]

    def _entered(self, schema: Any, around: Place) -> Place:
        """The place of ``schema`` inside ``around``; it may begin a document of its own."""
        own = schema.get("id" if around.draft == DRAFT_4 else "$id") if isinstance(schema, dict) else None
        if isinstance(own, str) and not own.startswith("#") and (around.siblings_count or "$ref" not in schema):
            base = urldefrag(join(around.base, own))[0]
            return Place(schema, base, schema, draft_of(schema, around.draft))
        return around._replace(schema=schema)


def _anchors(schema: Mapping[str, Any], draft: str) -> list[str]:
    """The names by which fragments lead to a schema."""
    if is_before_2019(draft) and "$ref" in schema:
        return []
    if is_before_2019(draft):
        own = schema.get("id" if draft == DRAFT_4 else "$id")
        return [own[1:]] if isinstance(own, str) and own.startswith("#") else []
    return [schema[key] for key in ("$anchor", "$dynamicAnchor") if isinstance(schema.get(key), str)]
