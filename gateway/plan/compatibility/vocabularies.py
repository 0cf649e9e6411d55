"""Which keywords of JSON Schema a draft has. Others say nothing in it, whatever stands under them.

As the gateway's validator reads them, also where that is not a draft's letter: ``dependencies`` counts in all drafts,
and ``contentEncoding`` and ``contentMediaType`` are checked in drafts 6 and 7 only (docs/coercion.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.compile.json_schema.dialect import DRAFT_4, DRAFT_6, DRAFT_7, DRAFT_2019, DRAFT_2020, DRAFTS
from gateway.compile.json_schema.references import Place

_SINCE_6 = frozenset({DRAFT_6, DRAFT_7, DRAFT_2019, DRAFT_2020})
_SINCE_7 = _SINCE_6 - {DRAFT_6}
_SINCE_2019 = frozenset({DRAFT_2019, DRAFT_2020})

_DRAFTS_OF: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(("const", "contains", "propertyNames"), _SINCE_6),
    **dict.fromkeys(("if", "then", "else"), _SINCE_7),
    **dict.fromkeys(("dependentRequired", "dependentSchemas", "minContains", "maxContains"), _SINCE_2019),
    **dict.fromkeys(("unevaluatedItems", "unevaluatedProperties", "$defs", "contentSchema"), _SINCE_2019),
    **dict.fromkeys(("contentEncoding", "contentMediaType"), frozenset({DRAFT_6, DRAFT_7})),
    "$recursiveRef": frozenset({DRAFT_2019}),
    "$dynamicRef": frozenset({DRAFT_2020}),
    "prefixItems": frozenset({DRAFT_2020}),
    "additionalItems": frozenset({DRAFT_4, DRAFT_6, DRAFT_7, DRAFT_2019}),
}
"""The drafts of each keyword that not all of them have."""

_FOREIGN = {draft: frozenset(word for word, drafts in _DRAFTS_OF.items() if draft not in drafts) for draft in DRAFTS}


def keywords_of(place: Place) -> Mapping[str, Any]:
    """The keywords of a schema that count in its draft; none for true and false."""
    if not isinstance(place.schema, dict):
        return {}
    foreign = _FOREIGN[place.draft]
    if foreign.isdisjoint(place.schema):
        return place.schema
    return {keyword: value for keyword, value in place.schema.items() if keyword not in foreign}
