"""Where a ``$ref`` leads: within the schema itself, or into one that the registry resolved.

For what reads a schema instead of asking the validator. It may know less than the validator (anchors,
dynamic references), never other things: what it cannot follow it says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import unquote, urldefrag

from gateway.compile.json_schema.dialect import DRAFT_4, base_of, draft_of, is_before_2019, join
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
        base = base_of(source)
        self._by_uri = {base: source, **references}
        self.root = Place(source, base, source, draft_of(source))

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

    def target(self, place: Place) -> Place | None:
        """Where the ``$ref`` of ``place`` leads, perhaps to a further one; None where it cannot be followed."""
        reference = place.schema["$ref"]
        if not isinstance(reference, str):
            return None
        name, fragment = urldefrag(reference)
        uri = join(place.base, name)
        if uri == place.base:
            here = place._replace(schema=place.document)
        elif uri in self._by_uri:
            document = self._by_uri[uri]
            here = Place(document, base_of(document, uri), document, draft_of(document, place.draft))
        else:
            return None
        try:
            tokens = Pointer.parse(unquote(fragment)).tokens
        except NotationError:
            return None  # an anchor
        for token in tokens:
            steps = here.schema if isinstance(here.schema, dict | list) else {}
            key: str | int = int(token) if isinstance(steps, list) and token.isdecimal() else token
            try:
                here = self.below(here, key)
            except (KeyError, IndexError, TypeError):
                return None
        return here

    def _entered(self, schema: Any, around: Place) -> Place:
        """The place of ``schema`` inside ``around``; it may begin a document of its own."""
        own = schema.get("id" if around.draft == DRAFT_4 else "$id") if isinstance(schema, dict) else None
        if isinstance(own, str) and not own.startswith("#") and (around.siblings_count or "$ref" not in schema):
            base = urldefrag(join(around.base, own))[0]
            return Place(schema, base, schema, draft_of(schema, around.draft))
        return around._replace(schema=schema)
