"""Changes to a decoded payload, by place: in a copy, and in the payload's own order."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from gateway.compile.json_schema.flaws import Where
from gateway.notation.pointer import MISSING


class Order:
    """The order in which places stand in a value: conversions are noted in it, whatever the validator's own is."""

    def __init__(self, value: Any) -> None:
        self._value = value
        self._positions: dict[int, dict[str, int]] = {}
        """Of an object's keys, by its identity."""

    def sort(self, places: Collection[Where]) -> Collection[Where]:
        """The places in this order."""
        return places if len(places) < 2 else sorted(places, key=self._position)

    def _position(self, where: Where) -> list[int]:
        """What places sort by."""
        found: list[int] = []
        here = self._value
        for step in where:
            if isinstance(step, int):
                found.append(step)
            else:
                known = self._positions.get(id(here))
                if known is None:
                    known = self._positions[id(here)] = {key: n for n, key in enumerate(here)}
                found.append(known[step])
            here = here[step]
        return found


def value_at(value: Any, where: Where) -> Any:
    """What stands at a place of the value."""
    for step in where:
        value = value[step]
    return value


def find_at(value: Any, where: Where) -> Any:
    """The same, MISSING where the place is gone: dropped, or within what has become a list."""
    try:
        return value_at(value, where)
    except (LookupError, TypeError):
        return MISSING


class Copy:
    """A value with changes: what is changed is copied once, all else is shared."""

    def __init__(self, value: Any) -> None:
        self.value = value
        self._own: dict[Where, Any] = {}
        """The objects and arrays that are copies, by their places."""
        self._changed: set[Where] = set()

    @property
    def is_changed(self) -> bool:
        """Whether anything differs from the original."""
        return bool(self._changed)

    def is_changed_around(self, where: Where) -> bool:
        """Whether something around the place was put or removed as a whole, so that the place is gone."""
        return self.is_changed and any(where[:n] in self._changed for n in range(len(where)))

    def put(self, where: Where, made: Any) -> None:
        """Puts ``made`` in the place of what stands there."""
        if where:
            self._container(where[:-1])[where[-1]] = made
        else:
            self.value = made
        self._changed.add(where)

    def remove(self, where: Where) -> None:
        """Removes a property of an object."""
        del self._container(where[:-1])[where[-1]]
        self._changed.add(where)

    def _container(self, where: Where) -> Any:
        """The object or array at a place, as a copy."""
        found = self._own.get(where)
        if found is None:
            found = self._own[where] = value_at(self.value, where).copy()
            if where:
                self._container(where[:-1])[where[-1]] = found
            else:
                self.value = found
        return found
