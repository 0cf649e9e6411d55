"""What texts look like: numbers, times, identifiers, or words."""

from __future__ import annotations

import re
from contextlib import suppress
from enum import StrEnum
from typing import Final

from gateway.compile import datetimes, numbers
from gateway.compile.texts import is_uuid
from gateway.compile.tokens import FALSE_TEXTS, TRUE_TEXTS


class Form(StrEnum):
    """What a text can be read as, in one way only."""

    WHOLE = "whole number"
    FRACTION = "number"
    COMMA = "number with a decimal comma"
    BOOLEAN = "boolean"
    DATE_TIME = "date and time with an offset"
    LOCAL_DATE_TIME = "date and time without an offset"
    DATE = "date"
    TIME = "time of day"
    UUID = "UUID"
    TOKEN = "word for nothing"  # noqa: S105 - no secret
    NESTED = "JSON in text"
    OTHER = "text"


_TOKENS: Final = frozenset({"", "-", "--", "---", "n/a", "na", "nan", "null", "none", "nil", "undefined", "unknown"})
"""What devices write for a value that they do not have, in any case."""
_COMMA: Final = re.compile(r"-?(?:0|[1-9][0-9]*),[0-9]+").fullmatch
_LONGEST_NUMBER: Final = 40
"""Characters; what is longer is an identifier."""


def form_of(text: str) -> Form:
    """What a text looks like."""
    if text.lower() in _TOKENS:
        return Form.TOKEN
    if text in TRUE_TEXTS or text in FALSE_TEXTS:
        return Form.BOOLEAN
    if len(text) <= _LONGEST_NUMBER:
        if numbers.is_json_number(text):
            return Form.WHOLE if text.lstrip("-").isdecimal() else Form.FRACTION
        if _COMMA(text):
            return Form.COMMA
        if is_uuid(text):
            return Form.UUID
        moment = _moment(text)
        if moment is not None:
            return moment
    if text[:1] + text[-1:] in {"{}", "[]"}:
        return Form.NESTED
    return Form.OTHER


def _moment(text: str) -> Form | None:
    with suppress(datetimes.BadDateTime):
        _, offset = datetimes.read_date_time(text, lenient=False)
        return Form.LOCAL_DATE_TIME if offset is None else Form.DATE_TIME
    with suppress(datetimes.BadDateTime):
        datetimes.read_date(text)
        return Form.DATE
    with suppress(datetimes.BadDateTime):
        datetimes.read_time(text, lenient=False)
        return Form.TIME
    return None
