"""Where a ``$ref`` leads: within the schema itself, or into one that the registry resolved.

For what reads a schema instead of asking the validator. It may know less than the validator (anchors,
dynamic references), never other things: what it cannot follow it says so.
"""

from __future__ import annotations

from typing import Any, NamedTuple
from urllib.parse import unquote, urldefrag, urljoin

from gateway.compile.json_schema.dialect import DRAFT_4, draft_of, is_before_2019, resources
from gateway.model import SchemaVersion
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


class Documents:
    """A schema and all that it may refer to."""

    def __init__(self, version: SchemaVersion, source: Any) -> None:
        draft = draft_of(source)
        self.siblings_count = not is_before_2019(draft)
        """Whether keywords beside a ``$ref`` hold; before draft 2019-09 they mean nothing."""
        self._id = "id" if draft == DRAFT_4 else "$id"
        self._by_uri = dict(resources(version, source))
        self.root = self._entered(source, "", source)
        self._by_uri.setdefault(self.root.base, source)

    def below(self, place: Place, *steps: str | int) -> Place:
        """The subschema that stands at ``steps`` inside ``place``."""
        schema = place.schema
        for step in steps:
            schema = schema[step]
        return self._entered(schema, place.base, place.document)

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
        uri = urljoin(place.base, name)
        if uri == place.base:
            here = Place(place.document, place.base, place.document)
        elif uri in self._by_uri or name in self._by_uri:
            uri = uri if uri in self._by_uri else name
            here = self._entered(self._by_uri[uri], uri, self._by_uri[uri])
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

    def _entered(self, schema: Any, base: str, document: Any) -> Place:
        """The place of ``schema``, which may begin a document of its own."""
        own = schema.get(self._id) if isinstance(schema, dict) else None
        if isinstance(own, str) and not own.startswith("#") and (self.siblings_count or "$ref" not in schema):
            return Place(schema, urldefrag(urljoin(base, own))[0], schema)
        return Place(schema, base, document)
