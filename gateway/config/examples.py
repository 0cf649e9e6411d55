"""``examples.yaml``: payloads that must be accepted, and payloads that must be rejected and why.

What an example leaves out is not checked; whether they hold is found out by ``compile``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.model import Code
from gateway.notation.pointer import MISSING


@dataclass(frozen=True, slots=True)
class AcceptedExample:
    """A payload that must become a record."""

    name: str
    payload: bytes
    mqtt: str | None = None
    """MQTT topic it arrives on; None for any that the contract's filter matches."""
    becomes: Any = MISSING
    """The ``value`` that ``gateway try`` must show, MISSING where that is not checked."""
    key: str | None = None
    coercions: Mapping[str, tuple[str, ...]] | None = None
    """Path -> coercion codes, all of them; empty if there must be none, None where that is not checked."""
    line: int = 1
    """In examples.yaml, 1-based."""


@dataclass(frozen=True, slots=True)
class RejectedExample:
    """A payload that must become a dead letter."""

    name: str
    payload: bytes
    code: Code
    """Of the first violation."""
    path: str | None = None
    """Of the first violation; None where that is not checked."""
    mqtt: str | None = None
    line: int = 1


@dataclass(frozen=True, slots=True)
class Examples:
    """The examples of one contract, in the order of the file."""

    accepted: tuple[AcceptedExample, ...] = field(default=())
    rejected: tuple[RejectedExample, ...] = field(default=())
