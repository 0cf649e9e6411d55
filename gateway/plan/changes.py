"""A plan: the changes that make a registry hold what the folders want, in order, each with what it expects to find.

A change is executed only where the registry is still as it was when the plan was made, its *base*; where the result
already holds there is nothing to do.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from gateway.config.contract import Compatibility
from gateway.model import Format
from gateway.plan.differences import Difference


@dataclass(frozen=True, slots=True)
class PlannedReference:
    """A reference of a schema that is to be registered."""

    name: str
    subject: str
    version: int | None
    """None for the version that an earlier change of the plan registers."""


@dataclass(frozen=True, slots=True)
class Base:
    """The latest version of a subject when the plan was made."""

    version: int
    schema_id: int


class Outlook(StrEnum):
    """What will become of a registration, by what is known."""

    COMPATIBLE = "compatible"
    INCOMPATIBLE = "incompatible"
    UNDECIDED = "undecided"
    """Nobody could be asked yet: it refers to what the plan registers first."""


@dataclass(frozen=True, slots=True)
class SetLevel:
    """The compatibility level of a subject."""

    subject: str
    base: Compatibility | None
    """None where the subject had none of its own."""
    level: Compatibility
    do: Literal["set-level"] = "set-level"


@dataclass(frozen=True, slots=True)
class Register:
    """A new version of a subject, or its first."""

    subject: str
    base: Base | None
    """None where the subject had no version."""
    format: Format
    text: str
    references: tuple[PlannedReference, ...]
    file: str
    differences: tuple[Difference, ...] = ()
    """From the base to this schema."""
    outlook: Outlook = Outlook.COMPATIBLE
    reasons: tuple[str, ...] = ()
    """Why it is incompatible or undecided, the registry's own words where it gave any."""
    do: Literal["register"] = "register"


@dataclass(frozen=True, slots=True)
class Delete:
    """A subject that no folder names, with all its versions; soft, or for good."""

    subject: str
    base: Base | None
    """None where all its versions were deleted before, softly."""
    permanent: bool
    do: Literal["delete"] = "delete"


Change: TypeAlias = Annotated[SetLevel | Register | Delete, Field(discriminator="do")]


class NoteKind(StrEnum):
    """What a person should know beside the changes."""

    CONFLICT = "conflict"
    """What the folders want cannot be had by registering it; the plan cannot be applied."""
    DRIFT = "drift"
    """The registry has something that was not made from the folders."""
    ORPHAN = "orphan"
    """A subject that no folder names."""
    UNKNOWN = "unknown"
    """It could not be told."""


@dataclass(frozen=True, slots=True)
class Note:
    """One thing beside the changes."""

    kind: NoteKind
    subject: str
    message: str


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that is to be done, in order."""

    urls: tuple[str, ...]
    """Of the registry that it was made for."""
    changes: tuple[Change, ...]
    notes: tuple[Note, ...] = ()
    subjects: int = 0
    """How many the folders name."""

    @property
    def blocked(self) -> tuple[Register, ...]:
        """The registrations that the registry would refuse."""
        return tuple(
            each for each in self.changes if isinstance(each, Register) and each.outlook is Outlook.INCOMPATIBLE
        )

    @property
    def conflicts(self) -> tuple[Note, ...]:
        """The notes that stand against applying the plan."""
        return tuple(note for note in self.notes if note.kind is NoteKind.CONFLICT)
