"""Do two schemas, or two of their keywords, say literally the same? It holds for keywords that no rule understands."""

from __future__ import annotations

import json
from typing import Any

from gateway.compile.json_schema.references import Place
from gateway.plan.compatibility.vocabularies import keywords_of

_GROUPS = (("if", "then", "else"), ("contains", "minContains", "maxContains"))
"""Keywords that mean something together only."""


def is_same(narrow: Place, wide: Place) -> bool:
    """Whether two schemas are literally the same, and mean the same wherever they stand."""
    return narrow.draft == wide.draft and _text(narrow.schema) == _text(wide.schema) and not _refers(wide.schema)


def asks_the_same(narrow: Place, wide: Place, keyword: str) -> bool:
    """Whether both have the same value under ``keyword``, and under those that belong to it."""
    group = next((group for group in _GROUPS if keyword in group), (keyword,))
    ours, theirs = ([keywords_of(place).get(name) for name in group] for place in (narrow, wide))
    is_there = keyword in keywords_of(narrow)
    return is_there and narrow.draft == wide.draft and _text(ours) == _text(theirs) and not _refers(ours)


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _refers(value: Any) -> bool:
    """Whether a schema contains a reference, which may lead to another place in each document."""
    if isinstance(value, dict):
        return any(key in {"$ref", "$dynamicRef", "$recursiveRef"} or _refers(inner) for key, inner in value.items())
    return isinstance(value, list) and any(map(_refers, value))
