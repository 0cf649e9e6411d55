"""What a check found: one line for a person, with everything a program needs to act on it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from gateway.errors import ConfigError, ConfigProblem


class Grade(StrEnum):
    """What a finding means for whoever has to act."""

    FINE = "fine"
    """As it should be."""
    NOTICE = "notice"
    """Worth knowing, and no fault."""
    UNKNOWN = "unknown"
    """The one who could tell did not: no failure."""
    PROBLEM = "problem"
    """Something is wrong in what was checked."""
    INVALID = "invalid"
    """A file cannot be used at all."""
    UNREACHABLE = "unreachable"
    """A peer does not answer, so what depends on it was not checked."""


class Area(StrEnum):
    """What was looked at."""

    CONFIGURATION = "configuration"
    SCHEMA = "schema"
    EXAMPLE = "example"
    MQTT = "mqtt"
    KAFKA = "kafka"
    REGISTRY = "registry"


class Check(StrEnum):
    """The rule that a finding of the contract folders is about; docs/schemas.md explains each."""

    FILE = "file"
    SCHEMA = "schema"
    REFERENCE = "reference"
    POINTER = "pointer"
    OPTION = "option"
    EXAMPLE = "example"
    EXAMPLES = "examples"
    OWNER = "owner"
    DESCRIPTION = "description"
    DOC = "doc"
    NAMES = "names"
    LEVEL = "level"
    COMPATIBILITY = "compatibility"
    HISTORY = "history"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was checked, and how it stands."""

    grade: Grade
    area: Area
    about: str
    """What was checked: a file, an example, a topic filter, a Kafka topic, a subject."""
    message: str
    """How it stands and, unless it is fine, what to do."""
    contract: str = ""
    """The contract it matters to; empty for what is everybody's."""
    file: str = ""
    line: int | None = None
    """1-based."""
    path: str = ""
    """Pointer into a payload, record or schema."""
    expected: str = ""
    found: str = ""
    check: Check | None = None
    """None for what is no rule about the contract folders."""
    column: int | None = None
    """1-based."""


def worst(findings: Iterable[Finding]) -> Grade:
    """The gravest grade among them: unusable files before peers that are away, and those before problems."""
    present = {finding.grade for finding in findings}
    order = (Grade.INVALID, Grade.UNREACHABLE, Grade.PROBLEM, Grade.UNKNOWN, Grade.NOTICE)
    return next((grade for grade in order if grade in present), Grade.FINE)


def refuse_invalid(findings: Iterable[Finding]) -> None:
    """Raises ConfigError with those that are INVALID: for commands that need every file, and report no findings."""
    found = [each for each in findings if each.grade is Grade.INVALID]
    if found:
        raise ConfigError([ConfigProblem(each.file, each.message, each.line, each.column) for each in found])


def invalid(error: ConfigError) -> Iterator[Finding]:
    """The problems of an unusable file as findings."""
    for problem in error.problems:
        yield Finding(
            Grade.INVALID,
            Area.CONFIGURATION,
            problem.key,
            problem.message,
            file=problem.file,
            line=problem.line,
            check=Check.FILE,
            column=problem.column,
        )
