"""Values as YAML on one line: JSON is YAML, too, and needs no rules for quotes."""

from __future__ import annotations

import json


def yaml_text(value: object) -> str:
    """A JSON value, with an escape for each character that cannot be seen."""
    return escaped(json.dumps(value, ensure_ascii=False))


def escaped(text: str) -> str:
    """JSON text as YAML takes it."""
    return "".join(each if each.isprintable() else f"\\U{ord(each):08x}" for each in text)
