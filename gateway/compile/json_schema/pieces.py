"""A large value in pieces, of which each can be judged by itself: what judging all of it costs is found on the way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

_CONTAINERS = frozenset({dict, list})

Key = str | int


def pieces_of(value: Any, most: int, missing: int = 0) -> Iterator[Any]:
    """The value with some of its values inside, about ``most``, then with the next ones, until each had its turn.

    An object counts for as many values as properties may be ``missing`` in it: each would be an error.

    Every piece has the value's own levels. The small properties of an object are in all of its pieces if they are few:
    they may decide what the large ones have to be.
    """
    if type(value) not in _CONTAINERS:
        yield value
        return
    always: dict[Key, Any] = {}
    if type(value) is dict and len(value) <= most:
        sizes = {key: count_values(item, most, missing) for key, item in value.items()}
        always = {key: value[key] for key, size in sizes.items() if size <= most // len(value)}
    part, size = dict(always), 0
    for key, item in _entries(value):
        if key in always:
            continue
        count = count_values(item, most, missing)
        if count > most:
            yield from (_made({**always, key: piece}, value) for piece in pieces_of(item, most, missing))
            continue
        if size + count > most:
            yield _made(part, value)
            part, size = dict(always), 0
        part[key] = item
        size += count
    if size or len(value) == len(always):
        yield _made(part, value)


def _entries(value: Any) -> Iterator[tuple[Key, Any]]:
    return iter(value.items()) if type(value) is dict else iter(enumerate(value))


def _made(part: dict[Key, Any], value: Any) -> Any:
    return part if type(value) is dict else list(part.values())


def count_values(value: Any, most: int, missing: int = 0) -> int:
    """The value and all values inside it, as far as ``most`` and a little more; see ``pieces_of``."""
    count, level = 0, [value]
    while level and count <= most:
        count += len(level)
        if missing:
            count += sum(missing - len(each) for each in level if type(each) is dict and len(each) < missing)
        level = _below(level)
    return count


def _below(level: Sequence[Any]) -> list[Any]:
    return [
        item
        for outer in level
        if type(outer) in _CONTAINERS
        for item in (outer.values() if type(outer) is dict else outer)
    ]
