"""YAML that is written: values on one line, and single scalars in a text that a person wrote.

Quoted text is written as JSON, which is YAML, too, and needs no rules for quotes.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

from gateway.notation import NotationError
from gateway.notation.core_schema import resolve
from gateway.notation.document import KeyPath, ScalarNode
from gateway.notation.yaml import parse

_BOM: Final = "\ufeff"
_PLAIN: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+/@=-]*")
"""Text in which no character means anything to YAML."""


def yaml_text(value: object) -> str:
    """A JSON value, with an escape for each character that cannot be seen."""
    return escaped(json.dumps(value, ensure_ascii=False))


def escaped(text: str) -> str:
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
