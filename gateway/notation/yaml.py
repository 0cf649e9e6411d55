"""YAML 1.2 with the core schema, every value with the place it was written at.

PyYAML scans and parses; what a scalar means is decided here, by YAML 1.2.2 section 10.3.2, because
PyYAML's own YAML 1.1 turns ``on`` and ``no`` into booleans, ``2024-01-31`` into a date and
``12:30`` into 750.

Rules
- Keys are text, as written; a key given twice is refused.
- Only the core tags, no merge keys (``<<``), one document a file.
- Anchors and aliases work, but a file cannot stand for more than ``MAX_NODES`` values nor nest
  deeper than ``MAX_DEPTH``: a few lines of aliases could otherwise mean billions of values.

Must not know: which keys a file may have.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, NoReturn

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from gateway.notation import NotationError
from gateway.notation.core_schema import ScalarValue, resolve
from gateway.notation.document import Document, ListNode, MappingNode, Node, Place, ScalarNode

MAX_NODES: Final = 200_000
"""Values in a file, aliases counted as often as they are used: far above any list of examples."""

MAX_DEPTH: Final = 100
"""Nesting; keeps every walk of a document inside Python's own recursion limit."""


def parse(text: str) -> Document:
    """The one document in ``text``; an empty file is null. Raises NotationError with line and column."""
    lines = tuple(text.splitlines()) or ("",)
    quick = _parse_quickly(text)
    if quick is not None:
        return Document(quick, lines)
    try:
        return Document(_Composer(yaml.parse(text, Loader=yaml.SafeLoader)).document(), lines)
    except yaml.reader.ReaderError as exc:
        before = text[: exc.position]
        line, column = before.count("\n") + 1, exc.position - (before.rfind("\n") + 1) + 1
        raise NotationError(
            f"the character {chr(exc.character)!r} is not allowed in YAML: write it as an escape in double quotes",
            line,
            column,
        ) from exc
    except yaml.MarkedYAMLError as exc:
        place = _place(exc.problem_mark or exc.context_mark)
        raise NotationError(_explain(exc, lines, place), *place) from exc


_C_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", None)
"""PyYAML's other parser, libyaml, ten times as fast; None where PyYAML was built without it."""
_READ_DIFFERENTLY: Final = re.compile(r"[?\t\ufeff]|[|>][-+0-9]*#")
"""What the two parsers do not read alike (tests/unit/notation/test_yaml.py looks for more)."""


class _Unsure(Exception):
    """The quick parser came upon something that the other one reads differently. Control flow of this module."""


def _parse_quickly(text: str) -> Node | None:
    """What the other parser reads too; None where that is not sure, or is an error, which only the other explains."""
    if _C_LOADER is None or _READ_DIFFERENTLY.search(text) is not None:
        return None
    try:
        return _Composer(_sure_events(text)).document()
    except (_Unsure, NotationError, yaml.YAMLError, UnicodeError):
        return None


def _sure_events(text: str) -> Iterator[Event]:
    for event in yaml.parse(text, Loader=_C_LOADER):
        if isinstance(event, ScalarEvent) and not event.value and not event.style:
            raise _Unsure  # a missing value, whose place they tell differently
        yield event


class _Composer:
    """Builds nodes from PyYAML's events, so that size and depth are bounded before anything is built."""

    def __init__(self, events: Iterator[Event]) -> None:
        self._events = events
        self._anchors: dict[str, Node | None] = {}
        """None while the anchored value is still open."""

    def document(self) -> Node:
        root: Node | None = None
        for event in self._events:
            if isinstance(event, DocumentStartEvent) and root is not None:
                _refuse("a second document begins here: one file holds one document, remove the ---", _start(event))
            if isinstance(event, NodeEvent):
                root = self._node(event, 0)
        return root or ScalarNode(None, "", plain=True, place=Place(1, 1), end=Place(1, 1))

    def _node(self, event: Event, depth: int) -> Node:
        place = _start(event)
        if depth > MAX_DEPTH:
            _refuse(f"nested deeper than {MAX_DEPTH} levels", place)
        if isinstance(event, AliasEvent):
            return self._alias(event, depth, place)
        assert isinstance(event, ScalarEvent | SequenceStartEvent | MappingStartEvent)
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        node: Node
        if isinstance(event, ScalarEvent):
            node = _scalar(event, place)
        elif isinstance(event, SequenceStartEvent):
            _check_tag(event, "seq", place)
            node = self._list(place, depth)
        else:
            _check_tag(event, "map", place)
            node = self._mapping(place, depth, flow=bool(event.flow_style))
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _alias(self, event: AliasEvent, depth: int, place: Place) -> Node:
        if event.anchor not in self._anchors:
            _refuse(f"there is no anchor &{event.anchor} above; if *{event.anchor} is meant as text, quote it", place)
        node = self._anchors[event.anchor]
        if node is None:
            _refuse(f"*{event.anchor} stands inside the value it names, which would have no end", place)
        if depth + node.depth > MAX_DEPTH:
            _refuse(f"*{event.anchor} nests the file deeper than {MAX_DEPTH} levels", place)
        return node

    def _list(self, place: Place, depth: int) -> ListNode:
        items: list[Node] = []
        while not isinstance(event := next(self._events), SequenceEndEvent):
            items.append(self._node(event, depth + 1))
        return ListNode(items, place, *_measure(items, place))

    def _mapping(self, place: Place, depth: int, *, flow: bool) -> MappingNode:
        entries: dict[str, Node] = {}
        keys: dict[str, Place] = {}
        while not isinstance(event := next(self._events), MappingEndEvent):
            key, key_place = self._key(event, depth), _start(event)
            if key in keys:
                _refuse(f"the key {key!r} is given twice, first in line {keys[key].line}: remove one", key_place)
            keys[key] = key_place
            entries[key] = self._node(next(self._events), depth + 1)
        return MappingNode(entries, keys, flow, place, *_measure(list(entries.values()), place))

    def _key(self, event: Event, depth: int) -> str:
        node = self._node(event, depth + 1)
        if not isinstance(node, ScalarNode):
            _refuse("a mapping or list cannot be a key; a text that begins with { or [ must be quoted", _start(event))
        if node.plain and node.text == "<<":
            _refuse("merge keys (<<) are not part of YAML 1.2: repeat the keys", node.place)
        return node.text


def _measure(children: list[Node], place: Place) -> tuple[int, int]:
    """Size and depth of a collection. Raises NotationError where it stands for too many values."""
    size = 1 + sum(child.size for child in children)
    if size > MAX_NODES:
        _refuse(f"stands for more than {MAX_NODES} values, aliases counted as often as they are used", place)
    return size, 1 + max((child.depth for child in children), default=0)


_TAG: Final = "tag:yaml.org,2002:"


_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")


def _scalar(event: ScalarEvent, place: Place) -> ScalarNode:
    """The scalar with its value by tag or core schema."""
    text, plain = _whole_characters(event.value, place), not event.style
    value: ScalarValue = text
    if event.tag in {_TAG + "str", "!"} or (event.tag is None and not plain):
        value = text
    else:
        value = _resolve(text, place)
        kind = {type(None): "null", bool: "bool", int: "int", float: "float", str: "str"}[type(value)]
        _check_tag(event, "float" if event.tag == _TAG + "float" and kind == "int" else kind, place)
        if event.tag == _TAG + "float" and kind == "int":
            value = float(text)
    return ScalarNode(value, text, plain, place, _place(event.end_mark))


def _whole_characters(text: str, place: Place) -> str:
    """The text with escaped surrogate pairs as the characters they stand for, as JSON writes them."""
    if _SURROGATE.search(text) is None:
        return text
    try:
        return text.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError as exc:
        raise NotationError("contains half of a surrogate pair, which is no text; bytes need base64", *place) from exc


def _resolve(text: str, place: Place) -> ScalarValue:
    """What a plain scalar means. Raises NotationError with its place for a number out of range."""
    try:
        return resolve(text)
    except NotationError as exc:
        raise NotationError(str(exc), *place) from exc


def _check_tag(event: ScalarEvent | SequenceStartEvent | MappingStartEvent, kind: str, place: Place) -> None:
    """Raises NotationError where an explicit tag says something else than what the value is."""
    if event.tag not in {None, "!", _TAG + kind}:
        name = event.tag.replace(_TAG, "!!")
        _refuse(f"the tag {name} does not fit: this is a {kind}; a text that begins with ! must be quoted", place)


def _start(event: Event) -> Place:
    return _place(event.start_mark)


def _place(mark: Any) -> Place:
    """PyYAML's mark, counted from 1; the file's beginning where there is none."""
    return Place(mark.line + 1, mark.column + 1) if mark else Place(1, 1)


def _refuse(message: str, place: Place) -> NoReturn:
    raise NotationError(message, *place)


_NEEDS_QUOTES: Final = re.compile(r"(?:^|[\s,\[{:])([{\[}\],&*!|>%@`#])")
"""A character that means something in YAML, where a value begins."""


def _explain(error: yaml.MarkedYAMLError, lines: tuple[str, ...], place: Place) -> str:
    """PyYAML's message, and what to do about it."""
    message = f"not valid YAML: {error.problem}" + (f" {error.context}" if error.context else "")
    line = lines[place.line - 1] if place.line <= len(lines) else ""
    if "'\\t'" in message:
        return f"{message}; indent with spaces, not with tabs"
    if "mapping values are not allowed" in message:
        return f"{message}; a value that contains ': ' must be quoted, and keys of one mapping start in one column"
    special = _NEEDS_QUOTES.search(line)
    if special is not None:
        return f"{message}; a value that contains {special[1]!r} must be quoted: quote it"
    return message
