"""``rules.yaml`` in the folder of contracts: what a team asks of its contracts beyond that they work.

Everything is optional, and so is the file. Names are asked for by a style or by a regular expression between slashes.
"""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final, Literal, NamedTuple

from pydantic import Field, PlainValidator

from gateway.config.declaration import Declared
from gateway.config.files import is_there, read_source
from gateway.config.forms import refusal
from gateway.config.validation import validate
from gateway.errors import ConfigError, ConfigProblem

RULES_FILE: Final = "rules.yaml"

STYLES: Final = {
    "snake_case": r"[a-z][a-z0-9]*(_[a-z0-9]+)*",
    "kebab-case": r"[a-z][a-z0-9]*(-[a-z0-9]+)*",
    "camelCase": r"[a-z][a-zA-Z0-9]*",
    "PascalCase": r"[A-Z][a-zA-Z0-9]*",
    "UPPER_CASE": r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*",
}
"""Name of a style -> what its names match."""


class Weight(StrEnum):
    """What it means that a rule is not kept."""

    OFF = "off"
    NOTICE = "notice"
    PROBLEM = "problem"


class Style(NamedTuple):
    """What a name must look like."""

    text: str
    """As it is written."""
    pattern: re.Pattern[str]

    def fits(self, name: str) -> bool:
        """Whether a name is as it must be."""
        return self.pattern.fullmatch(name) is not None


def _style(given: Any) -> Style:
    """The style called so, or the regular expression between slashes."""
    if isinstance(given, str) and given in STYLES:
        return Style(given, re.compile(STYLES[given], re.ASCII))
    if isinstance(given, str) and len(given) > 2 and given.startswith("/") and given.endswith("/"):
        try:
            return Style(given, re.compile(given[1:-1]))
        except re.error as exc:
            raise refusal(f"{given!r} is no regular expression: {exc}") from exc
    known = ", ".join(STYLES)
    raise refusal(f"must be {known}, or a regular expression between slashes as in /[a-z.]+/, found {given!r}")


_Named = Literal["snake_case", "kebab-case", "camelCase", "PascalCase", "UPPER_CASE"]
_Between = Annotated[str, Field(pattern="^/.+/$")]
StyleText = Annotated[Style | None, PlainValidator(_style, json_schema_input_type=_Named | _Between)]


class NamesDeclared(Declared):
    """``names``: each kind of name that is asked to have a style."""

    folder: StyleText = None
    """Each level of a contract's folder."""
    topic: StyleText = None
    """Kafka topics."""
    subject: StyleText = None
    """Subjects of the registry."""
    type: StyleText = None
    """Named types of Avro, without their namespace."""
    field: StyleText = None
    """Fields of records, properties of objects."""
    symbol: StyleText = None
    """Symbols of Avro enums."""


class RulesDeclared(Declared):
    """rules.yaml."""

    owner: Weight = Weight.OFF
    """Every contract and shared type names its owner."""
    description: Weight = Weight.OFF
    """Every contract and shared type says what it is."""
    doc: Weight = Weight.OFF
    """Every type and field of a schema says what it is: ``doc`` in Avro, ``description`` in JSON Schema."""
    examples: Weight = Weight.NOTICE
    """Every contract has an example that is accepted: what a new schema version is held to."""
    rejections: Weight = Weight.OFF
    """Every contract has an example that is rejected."""
    compatibility: Weight = Weight.OFF
    """Every folder with a schema declares the level that its subject has."""
    names: NamesDeclared = NamesDeclared()


def load_rules(folder: Path) -> RulesDeclared:
    """The rules in ``folder``; the defaults where it has no rules.yaml. Raises ConfigError."""
    path = folder / RULES_FILE
    if not is_there(path):
        return RulesDeclared()
    source = read_source(path)
    problems: list[ConfigProblem] = []
    rules = validate(RulesDeclared, source.value, source, problems)
    if problems or rules is None:
        raise ConfigError(problems)
    return rules
