"""One folder below ``schemas/``: from its files to a Contract or a SharedType.

A folder that declares ``mqtt`` claims messages; one that declares only a subject, and holds the
schema, is a shared type. Every problem of every file in the folder is found before any is raised.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from gateway.config.consistency import duplicate_references, inconsistencies
from gateway.config.contract import (
    DEFAULT_KEY,
    DEFAULT_SUBJECT,
    Contract,
    DeclaredReference,
    SharedType,
    Timestamp,
)
from gateway.config.declaration import RESERVED, ContractDeclared, ReferenceDeclared, SharedTypeDeclared
from gateway.config.example_file import read_examples
from gateway.config.examples import Examples
from gateway.config.files import Source, display, is_there, read_source
from gateway.config.schema_file import read_schema
from gateway.config.validation import validate
from gateway.errors import ConfigError, ConfigProblem
from gateway.notation.contexts import referred_subject
from gateway.notation.template import Template

CONTRACT_FILE: Final = "contract.yaml"
EXAMPLES_FILE: Final = "examples.yaml"


@dataclass(frozen=True, slots=True)
class Folder:
    """What a folder declares, and its contract.yaml for further messages."""

    source: Source
    declared: Contract | SharedType


class _Reading(NamedTuple):
    """A folder that is being read."""

    folder: Path
    name: str
    source: Source
    value: Any
    """The content of contract.yaml without reserved keys."""
    dead_letters: Template
    problems: list[ConfigProblem]


def read_folder(folder: Path, name: str, dead_letters: Template) -> Folder:
    """What ``folder`` declares, called ``name``. Raises ConfigError with every problem found.

    ``dead_letters`` is the template of the dead-letter topic where the contract has none of its own.
    """
    source = read_source(folder / CONTRACT_FILE)
    problems: list[ConfigProblem] = []
    value = source.value
    for key in [key for key in value if key in RESERVED]:
        message = f"{key!r} is reserved for a later version ({RESERVED[key]}): remove it"
        problems.append(source.problem((key,), message, key=True))
        del value[key]
    reading = _Reading(folder, name, source, value, dead_letters, problems)
    claims = "mqtt" in value or "topic" in value
    declared = _read_contract(reading) if claims else _read_shared_type(reading)
    if problems or declared is None:
        raise ConfigError(problems)
    return Folder(source, declared)


def _read_contract(reading: _Reading) -> Contract | None:
    """The contract; None where reading it added to the problems."""
    folder, problems = reading.folder, reading.problems
    raw = validate(ContractDeclared, reading.value, reading.source, problems)
    schema = read_schema(folder, problems)
    examples: Examples | None = Examples()
    if is_there(folder / EXAMPLES_FILE):
        examples = read_examples(folder / EXAMPLES_FILE, raw.mqtt if raw else None, problems)
    if raw is None or examples is None:
        return None
    contract = Contract(
        name=reading.name,
        folder=folder,
        filter=raw.mqtt,
        topic=raw.topic,
        subject=raw.subject or DEFAULT_SUBJECT,
        declares_subject=raw.subject is not None,
        where=raw.where,
        device=raw.device,
        key=raw.key or DEFAULT_KEY,
        fields=raw.fields,
        headers=raw.headers,
        timestamp=_timestamp(raw),
        version=raw.version,
        mode=raw.mode,
        options=raw.options,
        overrides=tuple(raw.overrides.items()),
        framing=raw.framing,
        qos=raw.qos,
        compatibility=raw.compatibility,
        references=_references(raw.references, _beginning(raw.subject or DEFAULT_SUBJECT)),
        dead_letters=raw.dead_letters or reading.dead_letters,
        owner=raw.owner,
        description=raw.description,
        schema=schema,
        examples=examples,
    )
    problems += inconsistencies(contract, reading.source)
    return contract


def _read_shared_type(reading: _Reading) -> SharedType | None:
    """The shared type; None where reading it added to the problems."""
    folder, _, source, value, _, problems = reading
    examples = folder / EXAMPLES_FILE
    if is_there(examples):
        message = "without mqtt there is nothing that accepts or rejects: move the examples to a contract"
        problems.append(ConfigProblem(display(examples), message))
    before = len(problems)
    schema = read_schema(folder, problems)
    if "subject" not in value:
        message = "declares neither mqtt and topic, as a contract does, nor subject, as a shared type does: add them"
        problems.append(source.problem((), message))
        return None
    if schema is None and len(problems) == before:
        message = "without mqtt this is a shared type, and those hold a schema: add mqtt and topic, or a schema file"
        problems.append(source.problem(("subject",), message))
    raw = validate(SharedTypeDeclared, value, source, problems)
    if raw is None or schema is None:
        return None
    references = _references(raw.references, raw.subject)
    problems += duplicate_references(references, source)
    return SharedType(
        name=reading.name,
        folder=folder,
        subject=raw.subject,
        schema=schema,
        references=references,
        compatibility=raw.compatibility,
        owner=raw.owner,
        description=raw.description,
    )


def _timestamp(raw: ContractDeclared) -> Timestamp | None:
    """The declared timestamp; None for arrival."""
    declared = raw.timestamp
    if declared is None:
        return None
    return Timestamp(declared.field, declared.unit, declared.ahead_s, declared.behind_s, declared.otherwise)


def _references(declared: Iterable[ReferenceDeclared], referrer: str) -> tuple[DeclaredReference, ...]:
    """With the context of the referring subject where they have none."""
    return tuple(
        DeclaredReference(each.name, referred_subject(each.subject, referrer), each.version) for each in declared
    )


def _beginning(subject: Template) -> str:
    """The literal beginning of a subject if it holds the whole context; else nothing, for the default context."""
    literal = subject.parts[0] if subject.parts else ""
    return literal if isinstance(literal, str) and ":" in literal[1:] else ""
