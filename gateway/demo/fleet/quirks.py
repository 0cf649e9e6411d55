"""What firmware does to a message: the words in which firmware profiles are written.

A quirk is a function that changes a draft. Where its place does not exist, or holds nothing that it
could change, it leaves the message as it is. Pointers are RFC 6901 with ``*`` for any item of a list.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeAlias

from gateway.demo.fleet.draft import Draft, bare, repeated

Quirk: TypeAlias = Callable[[Draft], None]

_UNCHANGED = object()


def as_text(*pointers: str) -> Quirk:
    """Numbers as text: ``"21.5"``."""
    return _each(pointers, lambda value: str(value) if _is_number(value) else _UNCHANGED)


def as_comma_text(*pointers: str) -> Quirk:
    """Numbers as text with a decimal comma: ``"21,5"``."""
    return _each(pointers, lambda value: str(value).replace(".", ",") if _is_number(value) else _UNCHANGED)


def as_float(*pointers: str) -> Quirk:
    """Integers with a decimal point: ``1450.0``."""
    return _each(pointers, lambda value: float(value) if type(value) is int else _UNCHANGED)


def as_zero_one(*pointers: str) -> Quirk:
    """Booleans as 0 and 1."""
    return _each(pointers, lambda value: int(value) if type(value) is bool else _UNCHANGED)


def as_word(pointer: str, true: str, false: str) -> Quirk:
    """A boolean as one of two words."""
    return _each((pointer,), lambda value: (true if value else false) if type(value) is bool else _UNCHANGED)


def as_seconds(*pointers: str) -> Quirk:
    """Milliseconds since 1970 as seconds."""
    return _each(pointers, lambda value: value // 1000 if type(value) is int else _UNCHANGED)


def as_milliseconds(*pointers: str) -> Quirk:
    """Seconds since 1970 as milliseconds."""
    return _each(pointers, lambda value: value * 1000 if type(value) is int else _UNCHANGED)


def as_iso_time(*pointers: str) -> Quirk:
    """Milliseconds since 1970 as RFC 3339 text: ``"2025-07-15T09:00:00.250Z"``."""
    return _each(pointers, lambda value: _iso_time(value) if type(value) is int else _UNCHANGED)


def as_iso_date(*pointers: str) -> Quirk:
    """Days since 1970 as ``"2025-07-15"``."""
    epoch = date(1970, 1, 1)
    return _each(
        pointers,
        lambda value: (epoch + timedelta(days=value)).isoformat() if type(value) is int else _UNCHANGED,
    )


def in_lower_case(*pointers: str) -> Quirk:
    """Text in lower case."""
    return _each(pointers, lambda value: value.lower() if isinstance(value, str) else _UNCHANGED)


def in_upper_case(*pointers: str) -> Quirk:
    """Text in upper case."""
    return _each(pointers, lambda value: value.upper() if isinstance(value, str) else _UNCHANGED)


def in_own_words(pointer: str, words: Mapping[str, str]) -> Quirk:
    """The symbols of an enum in the firmware's own words; those without one stay."""
    return _each((pointer,), lambda value: words.get(value, _UNCHANGED))


def null_as(token: str, *pointers: str) -> Quirk:
    """Null as text, such as ``"--"``."""
    return _each(pointers, lambda value: token if value is None else _UNCHANGED)


def plus(amount: float, *pointers: str) -> Quirk:
    """Numbers with something added, so that they have decimal places that the contract does not."""
    return _each(pointers, lambda value: value + amount if _is_number(value) else _UNCHANGED)


def always(value: Any, *pointers: str) -> Quirk:
    """The same value whatever was measured."""
    return _each(pointers, lambda _: value)


def not_a_number(*pointers: str, spelling: str = "nan") -> Quirk:
    """``nan`` without quotes, as C's printf writes it: no JSON."""
    return always(bare(spelling), *pointers)


def added(key: str, value: Any) -> Quirk:
    """A field at the top that the contract does not know."""

    def quirk(draft: Draft) -> None:
        draft.payload[key] = value

    return quirk


def missing(*pointers: str) -> Quirk:
    """Fields left out."""

    def quirk(draft: Draft) -> None:
        for pointer in pointers:
            for container, key in list(draft.places(pointer)):
                del container[key]

    return quirk


def renamed(pointer: str, name: str) -> Quirk:
    """A field under another name."""

    def quirk(draft: Draft) -> None:
        for container, key in list(draft.places(pointer)):
            container[name] = container.pop(key)

    return quirk


def twice(pointer: str) -> Quirk:
    """A key that is written twice."""

    def quirk(draft: Draft) -> None:
        for container, key in list(draft.places(pointer)):
            container[repeated(key)] = container[key]

    return quirk


def clock_lost(*pointers: str, per_second: int = 1000) -> Quirk:
    """Times counted from the start of the controller, ``per_second`` of them a second: 1970 for everybody else."""

    def quirk(draft: Draft) -> None:
        for pointer in pointers:
            for container, key in draft.places(pointer):
                container[key] = int(draft.uptime_s * per_second)

    return quirk


def cut_off() -> Quirk:
    """A payload that ends somewhere in the middle."""

    def quirk(draft: Draft) -> None:
        draft.kept = draft.dice.uniform(0.2, 0.9)

    return quirk


def empty() -> Quirk:
    """No payload at all, which is how a retained message is cleared."""

    def quirk(draft: Draft) -> None:
        draft.kept = 0.0

    return quirk


def nul_terminated() -> Quirk:
    """The payload with the NUL that ends a string in C."""

    def quirk(draft: Draft) -> None:
        draft.tail = b"\0"

    return quirk


def instead(payload: Mapping[str, Any]) -> Quirk:
    """A message of another kind."""

    def quirk(draft: Draft) -> None:
        draft.payload = dict(payload)

    return quirk


def _each(pointers: tuple[str, ...], change: Callable[[Any], Any]) -> Quirk:
    """Puts ``change(value)`` in place of every value at the pointers, unless that is ``_UNCHANGED``."""

    def quirk(draft: Draft) -> None:
        for pointer in pointers:
            for container, key in draft.places(pointer):
                changed = change(container[key])
                if changed is not _UNCHANGED:
                    container[key] = changed

    return quirk


def _is_number(value: Any) -> bool:
    return type(value) in {int, float}


def _iso_time(milliseconds: int) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:03}Z"
