"""JSON laid out for people: what fits on a line stays on one, in the order that it has."""

from __future__ import annotations

import json
from typing import Any, Final

_WIDTH: Final = 120


def lay_out(value: Any) -> str:
    """The text of a JSON value, with a line end behind it."""
    return f"{_laid_out(value, '', 0)}\n"


def _laid_out(value: Any, indent: str, taken: int) -> str:
    """The text of ``value``, whose first line begins behind ``taken`` characters and whose further ones ``indent``."""
    flat = json.dumps(value, ensure_ascii=False)
    if taken + len(flat) <= _WIDTH or not isinstance(value, dict | list) or not value:
        return flat
    deeper = f"{indent}  "
    if isinstance(value, list):
        inside = [deeper + _laid_out(item, deeper, len(deeper) + 1) for item in value]
        return "[\n" + ",\n".join(inside) + f"\n{indent}]"
    inside = []
    for key, item in value.items():
        start = f"{deeper}{json.dumps(key, ensure_ascii=False)}: "
        inside.append(start + _laid_out(item, deeper, len(start) + 1))
    return "{\n" + ",\n".join(inside) + f"\n{indent}}}"
