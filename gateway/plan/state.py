"""What a registry holds, as far as a plan needs to know it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.config.contract import Compatibility
from gateway.model import Registered


@dataclass(frozen=True, slots=True)
class HeldSubject:
    """A subject, as a registry has it."""

    latest: Registered | None = None
    """None where it has no version that is not deleted."""
    level: Compatibility | None = None
    """Its own level; None where the registry's holds."""
    pinned: Registered | None = None
    """The version that a contract is pinned to, where it was asked for and is there."""
    same: int | None = None
    """The version that is the schema which the folders want by the registry's own look-up, where texts differ.

    An earlier one; or the latest, where a registry does not tell apart what we do (Apicurio: ``doc``).
    """
    unreadable: str = ""
    """Why the latest version is none that the gateway takes, for example PROTOBUF; empty where it can be read."""


@dataclass(frozen=True, slots=True)
class RegistryState:
    """All that was asked for."""

    urls: tuple[str, ...]
    level: Compatibility | None
    """The registry's own; None where it does not tell."""
    subjects: Mapping[str, HeldSubject]
    """Every subject that the folders name or refer to, also one that the registry does not have."""
    others: tuple[str, ...] = field(default=())
    """Subjects that no folder names."""
