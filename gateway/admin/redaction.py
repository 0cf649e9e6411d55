"""Log fields without secrets.

What counts as one: pydantic's secret types; every value whose key sounds like a secret; the password in a URL;
and in free text what follows ``password=`` and the like, or an Authorization scheme.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import SecretBytes, SecretStr

HIDDEN = "[redacted]"

_WORDS = (
    r"passw(?:or)?d|passphrase|secret|token|credential|authorization|api[-_.]?key|user[-_.]info|"
    r"private[-_.]key|key[-_.]pem"
)
_SECRETIVE = re.compile(_WORDS, re.IGNORECASE)
_HARMLESS_KEY = re.compile(r"(?:_file|_path|[._]location|_url|_count)$", re.IGNORECASE)
"""Where a secret is kept is no secret, and helps."""

_IN_TEXT = (
    (re.compile(r"(\b[a-z][a-z0-9+.-]*://)[^\s/?#@]+(?:@[^\s/?#@]+)*@", re.IGNORECASE), rf"\1{HIDDEN}@"),
    (
        re.compile(rf"((?:{_WORDS})[\w.-]*[\"']?\s*=\s*)(?:\"[^\"]*\"|'[^']*'|[^\s,;&\"']+)", re.IGNORECASE),
        rf"\1{HIDDEN}",
    ),
    (re.compile(r"\b(Basic|Bearer)\s+[\w.~+/-]{8,}=*", re.IGNORECASE), rf"\1 {HIDDEN}"),
)


def redact(value: Any, key: str = "") -> Any:
    """``value`` as it may be logged under ``key``; mappings and sequences are looked through."""
    match value:
        case SecretStr() | SecretBytes():
            return HIDDEN
        case None | bool():
            return value  # a flag such as ``token_expired`` gives nothing away
        case _ if _secret(key):
            return HIDDEN
        case int() | float():
            return value
        case str():
            return _redact_text(value)
        case bytes() | bytearray() | memoryview():
            return f"<{len(value)} bytes>"  # a payload, or what else nobody should read in a log
        case Mapping():
            return {str(name): redact(each, str(name)) for name, each in value.items()}
        case set() | frozenset():
            return [redact(each) for each in sorted(value, key=str)]
        case Sequence():
            return [redact(each) for each in value]
        case _:
            return _redact_text(str(value))


def _secret(key: str) -> bool:
    return _SECRETIVE.search(key) is not None and _HARMLESS_KEY.search(key) is None


def _redact_text(text: str) -> str:
    for pattern, replacement in _IN_TEXT:
        text = pattern.sub(replacement, text)
    return text
