"""Bytes and UUIDs in text.

A byte string in JSON has no reading of its own: ``abcd`` is valid base64, hex, latin-1 and UTF-8. So
an encoding is used only where it is declared; lenient mode alone falls back to base64.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Mapping
from uuid import UUID

_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}").fullmatch
_HEX = re.compile(r"[0-9a-fA-F]{32}").fullmatch


def _canonical(decode: Callable[[str], bytes], encode: Callable[[bytes], bytes]) -> Callable[[str], bytes]:
    """A decoder that refuses what does not encode back to the same text (``YR==`` for ``YQ==``)."""

    def decode_canonical(text: str) -> bytes:
        data = decode(text)
        if encode(data).decode() != text:
            raise ValueError("not in canonical form")
        return data

    return decode_canonical


DECODERS: Mapping[str, Callable[[str], bytes]] = {
    "base64": _canonical(base64.b64decode, base64.b64encode),
    "base64url": _canonical(base64.urlsafe_b64decode, base64.urlsafe_b64encode),
    "hex": binascii.unhexlify,
    "latin1": lambda text: text.encode("latin-1"),
    "utf8": lambda text: text.encode(),
}
"""Decoders of ``bytes_encoding``; each raises ValueError for text that it would not itself write."""


def decode_loose_base64(text: str) -> bytes:
    """Lenient only: standard or URL alphabet, padded or not. Raises ValueError."""
    standard = text.replace("-", "+").replace("_", "/").rstrip("=")
    if len(text) > len(standard) and len(text) != len(standard) + -len(standard) % 4:
        raise ValueError("padded with the wrong number of =")
    if (set("+/") & set(text)) and (set("-_") & set(text)):
        raise ValueError("mixes two base64 alphabets")
    return DECODERS["base64"](standard + "=" * (-len(standard) % 4))


def respelled(text: str, encoding: str) -> Iterator[str]:
    """The same bytes as the encoding itself writes them, where only alphabet or padding of base64 differ."""
    encode = _ENCODERS.get(encoding)
    if encode is None:
        return
    try:
        yield encode(decode_loose_base64(text)).decode()
    except ValueError:
        return


_ENCODERS: Mapping[str, Callable[[bytes], bytes]] = {
    "base64": base64.b64encode,
    "base64url": base64.urlsafe_b64encode,
}


def is_uuid(text: str) -> bool:
    """Whether the text is a UUID in its canonical 8-4-4-4-12 form, in any case."""
    return _UUID(text) is not None


def read_loose_uuid(text: str) -> str | None:
    """Lenient only: the canonical lower-case form of 32 hex digits, braces or ``urn:uuid:``; None if it is none."""
    if _HEX(text):
        return str(UUID(hex=text))
    bare = text[1:-1] if text[:1] == "{" and text[-1:] == "}" else text.removeprefix("urn:uuid:")
    return bare.lower() if _UUID(bare) else None
