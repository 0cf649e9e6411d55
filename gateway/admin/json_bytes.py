"""JSON for the log, the answers over HTTP and commands: whatever a peer's or a device's words are, it gets written."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson


def encode_json(
    document: Mapping[str, Any] | Sequence[Any], *, indented: bool = False, default: Callable[[Any], Any] | None = None
) -> bytes:
    """The document in UTF-8: on one line, or ``indented`` for people, with a line break at the end.

    ``default`` says what is written for a value that JSON does not have.
    """
    option = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE if indented else None
    try:
        return orjson.dumps(document, default, option)
    except orjson.JSONEncodeError:
        # Integers beyond 64 bits and lone surrogates, which JSON can say and orjson does not.
        if indented:
            return json.dumps(document, indent=2, default=default).encode() + b"\n"
        return json.dumps(document, separators=(",", ":"), default=default).encode()
