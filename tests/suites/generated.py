"""Hypothesis strategies: JSON Schemas of every draft with all of its keywords, and payloads that come near them.

Left out is what ``second_opinion.yaml`` lists as a difference of the libraries, so that everything generated has one
verdict. References to the schema itself stand only where the value is a smaller one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hypothesis import strategies as st

from tests.suites.official import DRAFTS

_OLD = frozenset({"draft4", "draft6", "draft7"})
_NAMES = st.sampled_from(["a", "b", "c", "k/~", ""])
_TYPES = st.sampled_from(["integer", "number", "boolean", "string", "null", "array", "object"])
_NUMBERS = st.one_of(st.integers(-3, 9), st.sampled_from([0.5, 2.5, -1.5, 2**53 + 1, 2**64, -(2**70)]))
_TEXTS = st.sampled_from(["", "a", "b", "ab", "7", "-3", "2.5", "true", "FALSE", "on", "null", " 7", "é", "😀", "x y"])
_SCALARS = st.one_of(st.none(), st.booleans(), _NUMBERS, _TEXTS)
_COUNTS = st.integers(0, 3)
_PATTERNS = st.sampled_from(["^a", "b$", "[a-c]", "^.$", "^[0-9]+$", "é", "^(a|b)*$", "k/"])


def values(depth: int = 3) -> st.SearchStrategy[Any]:
    """JSON values with the keys, numbers and texts that the schemas speak of."""
    if depth == 0:
        return _SCALARS
    inner = values(depth - 1)
    return st.one_of(_SCALARS, st.lists(inner, max_size=4), st.dictionaries(_NAMES, inner, max_size=4))


@st.composite
def schemas(draw: st.DrawFn, draft: str) -> Any:
    """A schema of the draft, with its ``$schema`` and definitions."""
    schema = _Drawing(draw, draft).schema(3, smaller=False)
    if not isinstance(schema, dict):
        return schema
    where = "definitions" if draft in _OLD else "$defs"
    found = {"$schema": DRAFTS[draft], **schema, where: _definitions(draft)}
    if draft == "draft2019-09":
        found["$recursiveAnchor"] = True
    elif draft == "draft2020-12":
        found["$dynamicAnchor"] = "node"
    return found


def _definitions(draft: str) -> Mapping[str, Any]:
    place = f"#/{'definitions' if draft in _OLD else '$defs'}/"
    tree = {"properties": {"a": {"type": "integer"}, "b": {"$ref": f"{place}tree"}}}
    return {"number": {"type": ["number", "null"]}, "tree": tree, "chain": {"$ref": f"{place}number"}}


class _Drawing:
    def __init__(self, draw: st.DrawFn, draft: str) -> None:
        self._draw = draw
        self._draft = draft
        self._place = f"#/{'definitions' if draft in _OLD else '$defs'}/"

    def schema(self, depth: int, *, smaller: bool) -> Any:
        """A schema; ``smaller`` where it is about a part of the value that the whole one is about."""
        draw = self._draw
        if self._draft != "draft4" and draw(st.integers(0, 11)) == 0:
            return draw(st.booleans())
        found: dict[str, Any] = {}
        kinds = self._assertions() + (self._applicators(depth, smaller=smaller) if depth else [])
        for kind in draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=5)):
            found |= kind()
        return found

    def _assertions(self) -> list[Callable[[], dict[str, Any]]]:
        def one(name: str, of: st.SearchStrategy[Any]) -> Callable[[], dict[str, Any]]:
            return lambda: {name: self._draw(of)}

        some_types = st.lists(_TYPES, min_size=1, max_size=3, unique=True)
        some_names = st.lists(_NAMES, min_size=1, max_size=2, unique=True)
        found = [
            *(one("type", _TYPES), one("type", _TYPES), one("type", some_types), one("required", some_names)),
            one("enum", st.lists(values(1), min_size=1, max_size=4, unique_by=repr)),
            *(one("minLength", _COUNTS), one("maxLength", _COUNTS), one("pattern", _PATTERNS)),
            *(one("minItems", _COUNTS), one("maxItems", _COUNTS), one("uniqueItems", st.booleans())),
            *(one("minProperties", _COUNTS), one("maxProperties", _COUNTS)),
            *(one("minimum", _NUMBERS), one("maximum", _NUMBERS), one("multipleOf", st.sampled_from([1, 2, 3, 0.5]))),
        ]
        if self._draft == "draft4":
            return [*found, lambda: {"minimum": 2, "exclusiveMinimum": self._draw(st.booleans())}]
        found += [one("exclusiveMinimum", _NUMBERS), one("exclusiveMaximum", _NUMBERS), one("const", values(1))]
        if self._draft not in _OLD:
            found.append(one("dependentRequired", st.dictionaries(_NAMES, some_names, max_size=2)))
        return found

    def _applicators(self, depth: int, *, smaller: bool) -> list[Callable[[], dict[str, Any]]]:
        def same() -> Any:
            return self.schema(depth - 1, smaller=smaller)

        def part() -> Any:
            return self.schema(depth - 1, smaller=True)

        def several(of: Callable[[], Any]) -> list[Any]:
            return [of() for _ in range(self._draw(st.integers(1, 2)))]

        def named(of: Callable[[], Any]) -> dict[str, Any]:
            return {name: of() for name in self._draw(st.lists(_NAMES, min_size=1, max_size=3, unique=True))}

        found: list[Callable[[], dict[str, Any]]] = [
            *(lambda: {"properties": named(part)}, lambda: {"properties": named(part)}, lambda: {"items": part()}),
            *(lambda: {"allOf": several(same)}, lambda: {"anyOf": several(same)}, lambda: {"oneOf": several(same)}),
            *(lambda: {"not": same()}, lambda: {"additionalProperties": part()}, lambda: {"properties": named(part)}),
            lambda: {"patternProperties": {self._draw(_PATTERNS): part()}},
            lambda: {"$ref": self._place + self._draw(st.sampled_from(["number", "tree", "chain"]))},
        ]
        if self._draft == "draft2020-12":
            found += [lambda: {"prefixItems": several(part)}, lambda: {"prefixItems": several(part), "items": part()}]
        else:
            found += [lambda: {"items": several(part)}, lambda: {"items": several(part), "additionalItems": part()}]
        if self._draft != "draft4":
            found += [lambda: {"contains": part()}, lambda: {"propertyNames": part()}]
        if self._draft not in {"draft4", "draft6"}:
            found += [lambda: {"if": same(), "then": same()}, lambda: {"if": same(), "then": same(), "else": same()}]
        if self._draft in _OLD:
            found += [lambda: {"dependencies": named(same)}, lambda: {"dependencies": {"a": ["b"]}}]
        else:
            found += [lambda: {"dependentSchemas": named(same)}, lambda: {"unevaluatedProperties": part()}]
            found += [lambda: {"unevaluatedItems": part()}, lambda: {"contains": part(), **self._contained()}]
        if smaller:
            found.append(self._whole)
        return found

    def _contained(self) -> dict[str, Any]:
        return self._draw(st.sampled_from([{"minContains": 0}, {"maxContains": 1}, {"minContains": 2}]))

    def _whole(self) -> dict[str, Any]:
        """A reference to the schema itself, by the draft's own means."""
        others = {"draft2019-09": {"$recursiveRef": "#"}, "draft2020-12": {"$dynamicRef": "#node"}}
        return self._draw(st.sampled_from([{"$ref": "#"}, others.get(self._draft, {"$ref": "#"})]))
