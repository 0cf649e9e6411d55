"""JSON inside a text, where a contract declares it (``parse_json_strings``): read by the same rules as a payload."""

from __future__ import annotations

from typing import Any

from gateway.compile import json_proof, json_text
from gateway.compile.coercions import DUPLICATE_DROPPED, JSON_STRING_PARSED
from gateway.compile.refusals import LAST_KEY
from gateway.compile.rules import Path, Rules
from gateway.compile.sentence import listed
from gateway.compile.verdict import Advice, Log, Refused
from gateway.model import Code, Coercion
from gateway.notation.pointer import Pointer

_decode_exact = json_text.make_decoder(exact=True)
MOST_INNER_DEPTH = 64
"""Levels of JSON inside a text, whatever the payload's own limit is."""
_SHAPES: dict[type, str] = {dict: "object", list: "list"}


def parse_inner(text: str, shape: type, wanted: str, rules: Rules, path: Path, log: Log) -> Any:
    """The object or list (``shape``: dict or list) that a text holds. Raises Refused."""
    data = text.encode()
    try:
        parsed = _decode_exact(data)
    except json_text.DECODE_ERRORS:
        raise Refused(Code.INVALID_FORMAT, wanted, Advice("the text holds no valid JSON"), format="json") from None
    if type(parsed) is not shape:
        advice = Advice(f"the JSON in the text is no {_SHAPES[shape]}")
        raise Refused(Code.INVALID_FORMAT, wanted, advice, format="json")
    if json_proof.check_depth(data, parsed, MOST_INNER_DEPTH) is not None:
        limit = Advice(f"the JSON in the text is nested more than {MOST_INNER_DEPTH} levels deep")
        raise Refused(Code.PAYLOAD_LIMIT, wanted, limit, limit="depth", actual=f"more than {MOST_INNER_DEPTH}")
    pointer = str(Pointer(path))
    log.append(Coercion(pointer, JSON_STRING_PARSED))
    twice = None if json_proof.keeps_every_key(data, parsed) else json_proof.find_duplicate_keys(data)
    if twice is not None:
        if rules.duplicate_keys == "reject":
            names = twice.violation.params["names"]
            advice = Advice(f"inside the text {listed(names)} stands more than once", "publish each key once", LAST_KEY)
            raise Refused(Code.DUPLICATE_KEY, "each key once", advice, names=names)
        log.append(Coercion(pointer, DUPLICATE_DROPPED))
    return parsed
