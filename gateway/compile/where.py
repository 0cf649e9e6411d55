"""``where``: which of the messages on its topics a contract claims."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.config.contract import Contract, Scalar, Variant
from gateway.notation.pointer import Pointer


class Where:
    """The conditions of one variant of a contract: on the topic's captures, and on the payload."""

    __slots__ = ("_captures", "_values")

    def __init__(self, contract: Contract, variant: Variant) -> None:
        self._captures = {
            name: {str(value) for value in values}
            for name, values in contract.where.items()
            if not name.startswith("/")
        } | {name: {value} for name, value in variant.fixed.items()}
        self._values = [
            (Pointer.parse(name), values) for name, values in contract.where.items() if name.startswith("/")
        ]

    @property
    def reads_payload(self) -> bool:
        """Whether a topic alone does not decide."""
        return bool(self._values)

    def claims_topic(self, captures: Mapping[str, str]) -> bool:
        """Whether a topic with these captures may carry the variant's messages."""
        return all(captures.get(name) in values for name, values in self._captures.items())

    def claims(self, payload: Any) -> bool:
        """Whether a decoded payload has the values asked for."""
        return all(any(_same(pointer.get(payload), wanted) for wanted in values) for pointer, values in self._values)


def _same(found: Any, wanted: Scalar) -> bool:
    """Equal as JSON values: ``true`` is not 1."""
    return (type(found) is bool) == (type(wanted) is bool) and bool(found == wanted)
