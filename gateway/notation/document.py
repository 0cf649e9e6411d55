"""A parsed YAML file: plain values, and where each of them is written.

Made by ``yaml.parse``. Must not know: how YAML is scanned, and which keys a file may have.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from gateway.notation.core_schema import ScalarValue

KeyPath: TypeAlias = tuple[str | int, ...]
"""Keys and list indices, from the root to a value."""


class Place(NamedTuple):
    """Where something is written; both 1-based, in characters."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class ScalarNode:
    """A scalar: what it means, and how it was written."""

    value: ScalarValue
    text: str
    """What stands in the file; for quoted text its content."""
    plain: bool
    """Written without quotes."""
    place: Place
    end: Place
    size: int = 1
    depth: int = 0


@dataclass(frozen=True, slots=True)
class ListNode:
    """A list."""

    items: list[Node]
    place: Place
    size: int
    """Values in it, itself included, aliases counted as often as they are used."""
    depth: int


@dataclass(frozen=True, slots=True)
class MappingNode:
    """A mapping from text to values."""

    entries: dict[str, Node]
    keys: dict[str, Place]
    """Where each key is written."""
    flow: bool
    """Written with braces."""
    place: Place
    size: int
    depth: int


Node: TypeAlias = ScalarNode | ListNode | MappingNode


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed file: plain values, and where each of them is written."""

    root: Node
    lines: tuple[str, ...]

    @property
    def value(self) -> Any:
        """Dictionaries, lists, text, numbers, booleans and None; new objects at every call."""
        return _value(self.root)

    def find(self, path: KeyPath) -> Node | None:
        """The value at ``path``, None if there is none."""
        node, rest = self._descend(path)
        return None if rest else node

    def place(self, path: KeyPath) -> Place:
        """Where the value at ``path`` is written, or what comes nearest to it: its key, its parent."""
        node, rest = self._descend(path)
        if not rest and path and isinstance(path[-1], str):
            parent, _ = self._descend(path[:-1])
            if isinstance(parent, MappingNode) and _is_empty(node):
                return parent.keys[path[-1]]
        return node.place

    def key_place(self, path: KeyPath) -> Place:
        """Where the key at the end of ``path`` is written; for list items the item."""
        parent, rest = self._descend(path[:-1])
        if not rest and isinstance(parent, MappingNode) and path and path[-1] in parent.keys:
            return parent.keys[str(path[-1])]
        return self.place(path)

    def misreading(self, path: KeyPath) -> str | None:
        """What YAML made of an unquoted ``{`` or ``#`` in the value at ``path``, and what to do; None if nothing."""
        node = self.find(path)
        if (
            isinstance(node, MappingNode)
            and node.flow
            and node.entries
            and all(map(self._is_bare, node.entries.values()))
        ):
            written = "{" + ", ".join(node.entries) + "}"
            return f'without quotes {written} is a mapping in YAML: quote it, "{written}"'
        if isinstance(node, ScalarNode) and node.plain:
            rest = self.lines[node.end.line - 1][node.end.column - 1 :]
            comment = re.match(r":?\s+#(.?)", rest)
            # "value # remark" is what people mean as a comment; "value #4" rather not.
            if comment is not None and (not node.text or comment[1].strip()):
                return "what stands behind # is a comment in YAML: quote the whole value"
        return None

    def _is_bare(self, node: Node) -> bool:
        """Whether ``node``, a value in a mapping, is missing together with its colon."""
        line, column = node.place
        return _is_empty(node) and self.lines[line - 1][column - 2 : column - 1] != ":"

    def _descend(self, path: KeyPath) -> tuple[Node, KeyPath]:
        """The deepest value on ``path``, and what is left of the path."""
        node = self.root
        for depth, key in enumerate(path):
            child: Node | None = None
            if isinstance(node, MappingNode) and isinstance(key, str):
                child = node.entries.get(key)
            elif isinstance(node, ListNode) and isinstance(key, int) and 0 <= key < len(node.items):
                child = node.items[key]
            if child is None:
                return node, path[depth:]
            node = child
        return node, ()


def _value(node: Node) -> Any:
    """The plain Python value of a node."""
    if isinstance(node, MappingNode):
        return {key: _value(child) for key, child in node.entries.items()}
    if isinstance(node, ListNode):
        return [_value(child) for child in node.items]
    return node.value


def _is_empty(node: Node) -> bool:
    """Whether nothing at all is written where a value should be."""
    return isinstance(node, ScalarNode) and node.plain and not node.text
