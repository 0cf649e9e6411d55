"""HTML that cannot be injected into: text becomes ``Html`` only through ``tag``, which escapes it.

Knows nothing of the gateway.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import NamedTuple

_VOID = frozenset({"link", "meta"})
"""The elements used here that have no end tag."""


class Html(NamedTuple):
    """Finished markup."""

    text: str


Content = str | Html | Iterable[str | Html] | None
"""Text, markup, several of them, or nothing."""


def tag(name: str, /, *content: Content, **attributes: str | None) -> Html:
    """One element. Text and attribute values are escaped, None is left out, ``class_`` is ``class``."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _VOID:
        return Html(f"<{name}{written}>")
    return Html(f"<{name}{written}>{join(content).text}</{name}>")


def join(content: Iterable[Content]) -> Html:
    """All of it, one after the other."""
    return Html("".join(_written(each) for each in content))


def _written(content: Content) -> str:
    match content:
        case None:
            return ""
        case Html(text):
            return text
        case str():
            return escape(content)
        case _:
            return join(content).text
