"""A message between the device's model and the wire: the place where firmware makes its mistakes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

ANY_ITEM = "*"
_MARK = "\0"
_BARE = re.compile(r'"\\u0000([^"]*)"')
_REPEATED = '\\u0000"'


def bare(token: str) -> str:
    """A value that is written as ``token``, without quotes, whether that is JSON or not."""
    return _MARK + token


def repeated(key: str) -> str:
    """A second key of the same name, which a dictionary would not hold."""
    return key + _MARK


@dataclass
class Draft:
    """One message that is being written. Quirks (quirks.py) change it in place."""

    payload: dict[str, Any]
    dice: Random
    uptime_s: float
    """Since the controller started."""
    kept: float = 1.0
    """Share of the bytes that leave the device."""
    tail: bytes = field(default=b"")
    """What follows the payload in the device's buffer and is sent along."""

    def places(self, pointer: str) -> Iterator[tuple[Any, Any]]:
        """``(container, key or index)`` of every place that exists there; ``*`` is any item of a list."""
        *path, last = pointer.split("/")[1:]
        containers: list[Any] = [self.payload]
        for step in path:
            containers = [container[key] for container in containers for key in _keys(container, step)]
        for container in containers:
            for key in _keys(container, last):
                yield container, key

    def write(self) -> bytes:
        """The payload as it goes over the wire."""
        text = json.dumps(self.payload, separators=(",", ":"), ensure_ascii=False)
        data = _BARE.sub(r"\1", text).replace(_REPEATED, '"').encode()
        return data[: int(len(data) * self.kept)] + self.tail


def _keys(container: Any, step: str) -> list[Any]:
    """The keys or indices that ``step`` stands for in ``container``; none if there is nothing."""
    if isinstance(container, dict):
        return [step] if step in container else []
    if isinstance(container, list):
        if step == ANY_ITEM:
            return list(range(len(container)))
        return [int(step)] if step.isdecimal() and int(step) < len(container) else []
    return []
