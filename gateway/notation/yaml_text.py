"""YAML that is written: values on one line, and single scalars in a text that a person wrote.

Quoted text is written as JSON, which is YAML, too, and needs no rules for quotes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from gateway.notation import NotationError
from gateway.notation.core_schema import resolve
from gateway.notation.document import KeyPath, ScalarNode
from gateway.notation.yaml import parse

_encode = msgspec.json.Encoder(decimal_format="number").encode

_LONGEST_KEY: Final = 1024
"""Characters in which YAML looks for a key's colon (YAML 1.2.2, section 7.4.2)."""
_BOM: Final = "\ufeff"
_PLAIN: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+/@=-]*")
"""Text in which no character means anything to YAML."""


def yaml_text(value: object) -> str:
    """A JSON value, its numbers as msgspec writes them, with an escape for each character that cannot be seen."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key_text(key)}: {yaml_text(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(yaml_text, value)) + "]"
    return _escaped(_encode(value).decode())


def _key_text(key: str) -> str:
    """A key; one that is long is marked as such, because without the mark YAML looks no further for its colon."""
    text = yaml_text(key)
    return text if len(text) < _LONGEST_KEY else f"? {text} "


def _escaped(text: str) -> str:
    """JSON text as YAML takes it."""
    return "".join(each if each.isprintable() else f"\\U{ord(each):08x}" for each in text)


def scalar_text(text: str) -> str:
    """A text without quotes where they are not needed: as it is, our reader takes it for the same text."""
    return text if _PLAIN.fullmatch(text) is not None and _means_itself(text) else yaml_text(text)


def _means_itself(text: str) -> bool:
    try:
        return resolve(text) == text
    except NotationError:  # a number that is too large
        return False


def with_scalar(text: str, path: KeyPath, written: str) -> str | None:
    """A YAML text in which ``written`` stands for the scalar at ``path``, and everything else as it was.

    None where that cannot be: nothing is there, or it has several lines; it is an alias, so it stands at another key;
    or an alias refers to it. Raises NotationError for a text that is no YAML.
    """
    body = text.removeprefix(_BOM)  # it has no column
    document = parse(body)
    node = document.find(path)
    if not isinstance(node, ScalarNode) or node.place.line != node.end.line:
        return None
    lines = body.splitlines(keepends=True)
    row = lines[node.place.line - 1]
    lines[node.place.line - 1] = row[: node.place.column - 1] + written + row[node.end.column - 1 :]
    changed = "".join(lines)
    # What became of the whole file is looked at, not only where the scalar stands: no way to write it is forgotten.
    return text.removesuffix(body) + changed if _value_of(changed) == _replaced(document.value, path, written) else None


def _value_of(text: str) -> Any:
    """What a changed text says, None where it is no YAML any more."""
    try:
        return parse(text).value
    except NotationError:
        return None


def _replaced(value: Any, path: KeyPath, written: str) -> Any:
    """The value with another scalar at ``path``."""
    around = value
    for key in path[:-1]:
        around = around[key]
    around[path[-1]] = resolve(written)
    return value
