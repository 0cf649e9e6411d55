"""Text in our notations as pydantic field types: what is no pointer, template or filter is a problem of that key.

Every refusal is a ``PydanticCustomError`` of type ``notation``, whose message is shown as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Annotated, Any, Final, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, PlainValidator
from pydantic_core import PydanticCustomError

from gateway.notation import NotationError
from gateway.notation.pointer import Pattern, Pointer
from gateway.notation.template import Template
from gateway.notation.topics import TopicFilter

T = TypeVar("T")

NOTATION: Final = "notation"
"""Type of an error whose message says everything: what is wrong, which value, what to do."""

NOT_TEXT: Final = "string_type"
"""Pydantic's own type of the error that text is wanted."""

TOPIC_NAME: Final = re.compile(r"(?!\.{1,2}$)[a-zA-Z0-9._-]{1,249}", re.ASCII)
"""What Kafka takes as a topic name (org.apache.kafka.common.internals.Topic)."""


def refusal(message: str) -> PydanticCustomError:
    """The error for a value that its message describes completely."""
    return PydanticCustomError(NOTATION, "{message}", {"message": message})


def read(parse: Callable[[str], T]) -> PlainValidator:
    """A validator that takes text only, and reads it by ``parse``, whose NotationError becomes the refusal."""

    def validate(value: Any) -> Any:
        if not isinstance(value, str):
            raise PydanticCustomError(NOT_TEXT, "must be text")
        try:
            return parse(value)
        except NotationError as exc:
            raise refusal(str(exc)) from exc

    return PlainValidator(validate, json_schema_input_type=str)


def check_topic_name(name: str) -> str:
    """``name``, if Kafka takes it as a topic name. Raises NotationError."""
    if TOPIC_NAME.fullmatch(name) is None:
        raise NotationError(
            f"{name!r} is no Kafka topic name: use 1 to 249 of the characters a-z A-Z 0-9 . _ - (and not . or .. alone)"
        )
    return name


def _inner_pointer(text: str) -> Pointer:
    """A pointer to something in the payload, not to the payload itself."""
    pointer = Pointer.parse(text)
    if not pointer.tokens:
        raise NotationError("the empty pointer means the whole payload: name a field, as in /name")
    return pointer


def _inner_pattern(text: str) -> Pattern:
    """A pattern for something in the payload."""
    pattern = Pattern.parse(text)
    if not pattern.tokens:
        raise NotationError("the empty pointer means the whole payload: what holds for all of it belongs under options")
    return pattern


def _filled_text(text: str) -> str:
    """Text that is not empty."""
    if not text:
        raise NotationError("must not be empty")
    return text


def _filled_template(text: str) -> Template:
    """A template that is not empty."""
    return Template.parse(_filled_text(text))


def _day(text: str) -> date:
    """A day written as YYYY-MM-DD."""
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII) is None:
        raise NotationError(f"{text!r} is no date: write it as YYYY-MM-DD, as in 2000-01-01")
    try:
        return date.fromisoformat(text)
    except ValueError as exc:
        raise NotationError(f"{text!r} is no day of the calendar") from exc


def _zone(text: str) -> str:
    """The name of a time zone that this machine knows."""
    try:
        ZoneInfo(text)
    except (KeyError, ValueError, OSError) as exc:
        # KeyError is ZoneInfoNotFoundError; the others come from names that are no file names.
        raise NotationError(
            f"{text!r} is no time zone that this machine knows: use an IANA name such as Europe/Berlin or UTC"
        ) from exc
    return text


def _no_boolean(value: Any) -> Any:
    """Keeps ``true`` from passing as the number 1, which Python would let it."""
    if isinstance(value, bool):
        raise PydanticCustomError("int_type", "must be a number")
    return value


WholeNumber = Annotated[int, BeforeValidator(_no_boolean)]
Seconds = Annotated[float, BeforeValidator(_no_boolean)]
Text = Annotated[str, read(_filled_text)]
TopicName = Annotated[str, read(check_topic_name)]
FilterText = Annotated[TopicFilter, read(TopicFilter.parse)]
PointerText = Annotated[Pointer, read(_inner_pointer)]
PatternText = Annotated[Pattern, read(_inner_pattern)]
TemplateText = Annotated[Template, read(Template.parse)]
FilledTemplateText = Annotated[Template, read(_filled_template)]
Day = Annotated[date, read(_day)]
Zone = Annotated[str, read(_zone)]
