"""What a contract folder declares, typed and checked: the input of ``compile`` and ``plan``.

Values only. They are built by ``folder.py``, which has checked that they fit together; the defaults
here are those of docs/configuration.md.

A contract may put a capture into its topic or subject if ``where`` lists the capture's values, so
one contract can stand for several topics and subjects. ``variants`` spells them out: everything that
must be known before the first message is known from files alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import product
from math import prod
from pathlib import Path
from typing import Final, Literal, TypeAlias

from gateway.config.examples import Examples
from gateway.config.options import Options
from gateway.model import Format, Mode
from gateway.notation.pointer import Pattern, Pointer
from gateway.notation.template import Template
from gateway.notation.topics import TopicFilter

Scalar: TypeAlias = str | int | float | bool

DEFAULT_SUBJECT: Final = Template.parse("{topic}-value")
"""Confluent's TopicNameStrategy."""

DEFAULT_KEY: Final = Template.parse("{device}")

DEFAULT_DEAD_LETTERS: Final = Template.parse("{topic}.dlq")


class Compatibility(StrEnum):
    """Compatibility levels as Schema Registry spells them."""

    NONE = "NONE"
    BACKWARD = "BACKWARD"
    BACKWARD_TRANSITIVE = "BACKWARD_TRANSITIVE"
    FORWARD = "FORWARD"
    FORWARD_TRANSITIVE = "FORWARD_TRANSITIVE"
    FULL = "FULL"
    FULL_TRANSITIVE = "FULL_TRANSITIVE"


@dataclass(frozen=True, slots=True)
class Timestamp:
    """Where a record's timestamp comes from, and how far it may be from our clock."""

    pointer: Pointer
    unit: Literal["s", "ms", "us", "ns"] | None = None
    """Needed where the schema gives the field no timestamp type."""
    ahead_s: int = 3600
    """Kafka 4 itself refuses more than one hour ahead (``message.timestamp.after.max.ms``)."""
    behind_s: int = 604_800
    otherwise: Literal["arrival", "reject"] = "arrival"
    """What a missing, unreadable or too distant timestamp leads to."""


@dataclass(frozen=True, slots=True)
class SchemaFile:
    """``schema.avsc`` or ``schema.json`` of a folder: valid JSON, otherwise unchecked."""

    path: Path
    format: Format
    text: str


@dataclass(frozen=True, slots=True)
class DeclaredReference:
    """A named reference from a folder's schema to a subject."""

    name: str
    subject: str
    version: int | None = None
    """None for the latest."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One topic and subject that a contract stands for."""

    fixed: Mapping[str, str]
    """The captures that decided, with their values; empty where the topic and subject have no captures."""
    topic: str
    subject: str
    dead_letters: str
    """Kafka topic of its dead letters."""


@dataclass(frozen=True, slots=True)
class Contract:
    """A folder below ``schemas/`` that claims messages."""

    name: str
    """Path of the folder below ``schemas/``, with ``/``."""
    folder: Path
    filter: TopicFilter
    topic: Template
    subject: Template = DEFAULT_SUBJECT
    declares_subject: bool = False
    """The subject is written in the contract, not the default."""
    where: Mapping[str, tuple[Scalar, ...]] = field(default_factory=dict)
    """All must hold: pointer (begins with ``/``) or capture name -> the values it may have."""
    device: Pointer | None = None
    key: Template = DEFAULT_KEY
    fields: Mapping[Pointer, Template] = field(default_factory=dict)
    headers: Mapping[str, Template] = field(default_factory=dict)
    timestamp: Timestamp | None = None
    """None for arrival."""
    version: int | None = None
    """None for the latest."""
    mode: Mode = Mode.LOSSLESS
    options: Options = field(default_factory=Options)
    overrides: tuple[tuple[Pattern, Options], ...] = ()
    framing: Literal["prefix", "header"] = "prefix"
    qos: int = 1
    """Of the subscription."""
    compatibility: Compatibility | None = None
    """Wanted level of the subject; None leaves it alone."""
    references: tuple[DeclaredReference, ...] = ()
    dead_letters: Template = DEFAULT_DEAD_LETTERS
    """The contract's own, or gateway.yaml's ``dead_letters.topic``."""
    owner: str | None = None
    description: str | None = None
    schema: SchemaFile | None = None
    """None where the subject is kept elsewhere."""
    examples: Examples = field(default_factory=Examples)

    @property
    def file(self) -> Path:
        """The contract.yaml, for error messages."""
        return self.folder / "contract.yaml"

    @property
    def deciding(self) -> tuple[str, ...]:
        """The captures that topic, subject or dead-letter topic contain, in the order of their levels."""
        used = {*self.topic.names, *self.subject.names, *self.dead_letters.names}
        return tuple(name for name in self.filter.captures if name in used)

    @property
    def variant_count(self) -> int:
        """How many variants there are, without making them."""
        return prod(len(self.where[name]) for name in self.deciding)

    def variants(self) -> tuple[Variant, ...]:
        """Every topic and subject that this contract stands for; at least one, usually one."""
        return tuple(self._variants())

    def _variants(self) -> Iterator[Variant]:
        names = self.deciding
        for values in product(*(self.where[name] for name in names)):
            fixed = dict(zip(names, map(str, values), strict=True))
            topic = self.topic.render({**fixed, "contract": self.name})
            subject = self.subject.render({**fixed, "contract": self.name, "topic": topic})
            known = {**fixed, "contract": self.name, "topic": topic, "subject": subject}
            yield Variant(fixed, topic, subject, self.dead_letters.render(known))


@dataclass(frozen=True, slots=True)
class SharedType:
    """A folder below ``schemas/`` that keeps a subject's schema and claims no messages."""

    name: str
    folder: Path
    subject: str
    schema: SchemaFile
    references: tuple[DeclaredReference, ...] = ()
    compatibility: Compatibility | None = None
    owner: str | None = None
    description: str | None = None

    @property
    def file(self) -> Path:
        """The contract.yaml, for error messages."""
        return self.folder / "contract.yaml"


@dataclass(frozen=True, slots=True)
class Contracts:
    """All folders below ``schemas/``, each by name, checked against each other."""

    folder: Path
    contracts: tuple[Contract, ...] = ()
    shared_types: tuple[SharedType, ...] = ()

    @property
    def folders(self) -> tuple[Contract | SharedType, ...]:
        """All of them, shared types first."""
        return (*self.shared_types, *self.contracts)

    def __iter__(self) -> Iterator[Contract]:
        return iter(self.contracts)

    def __len__(self) -> int:
        return len(self.contracts)

    def named(self, name: str) -> Contract | None:
        """The contract of that folder, None if there is none."""
        return next((contract for contract in self.contracts if contract.name == name), None)
