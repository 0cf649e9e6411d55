"""JSON for the log and for the answers over HTTP: whatever a peer's or a device's words are, it gets written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import orjson


def encode_json(document: Mapping[str, Any], *, indented: bool = False) -> bytes:
    """The document in UTF-8: on one line, or ``indented`` for people, with a line break at the end."""
    option = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE if indented else None
    try:
        return orjson.dumps(document, option=option)
    except orjson.JSONEncodeError:
        # Integers beyond 64 bits and lone surrogates, which JSON can say and orjson does not.
        if indented:
            return json.dumps(document, indent=2).encode() + b"\n"
        return json.dumps(document, separators=(",", ":")).encode()
