"""Compatibility levels and modes, for single subjects and for the whole registry."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from gateway.config.contract import Compatibility
from gateway.registry.development import refusals


class AccessMode(StrEnum):
    """What may be done with a subject."""

    READWRITE = "READWRITE"
    READONLY = "READONLY"
    IMPORT = "IMPORT"
    """Registrations carry their ID and version: for copies of another registry."""


DEFAULT_LEVEL = Compatibility.BACKWARD
"""Confluent's own default; Apicurio's is NONE."""


class Rules:
    """Which level and which mode hold for a subject: its own, or else those of its context.

    The default context's are the registry's own; those of ``:.name:subject`` are set for ``:.name:``.
    """

    def __init__(self) -> None:
        self._level = DEFAULT_LEVEL
        self._mode = AccessMode.READWRITE
        self._levels: dict[str, Compatibility] = {}
        self._modes: dict[str, AccessMode] = {}

    def level(self, subject: str) -> Compatibility:
        """The level that decides about the subject's next version."""
        if subject in self._levels:
            return self._levels[subject]
        context = in_context(subject)
        return self._level if context is None else self._levels.get(context, DEFAULT_LEVEL)

    def mode(self, subject: str | None) -> AccessMode:
        """The mode that decides what may be done with the subject, or with the whole registry."""
        if subject is None:
            return self._mode
        if subject in self._modes:
            return self._modes[subject]
        context = in_context(subject)
        return self._mode if context is None else self._modes.get(context, AccessMode.READWRITE)

    def has_level(self, subject: str | None) -> bool:
        """Whether there is a level to take away; the registry itself always has one."""
        return subject is None or subject in self._levels

    def shown_level(self, subject: str | None, *, fall_back: bool) -> Compatibility:
        """The registry's level, or the subject's own. Raises Refused (40408) for none, unless ``fall_back``."""
        if subject is not None and subject not in self._levels and not fall_back:
            raise refusals.no_subject_level(subject)
        return self._level if subject is None else self.level(subject)

    def shown_mode(self, subject: str | None, *, fall_back: bool) -> AccessMode:
        """The registry's mode, or the subject's own. Raises Refused (40409) for none, unless ``fall_back``."""
        if subject is not None and subject not in self._modes and not fall_back:
            raise refusals.no_subject_mode(subject)
        return self._mode if subject is None else self.mode(subject)

    def set_level(self, subject: str | None, text: object) -> Compatibility:
        """Sets and returns a level, written in either case. Raises Refused (42203)."""
        level = read_level(text)
        if subject is None:
            self._level = level
        else:
            self._levels[subject] = level
        return level

    def set_mode(self, subject: str | None, text: object) -> AccessMode:
        """Sets and returns a mode, written in either case. Raises Refused (42204)."""
        mode = read_mode(text)
        if subject is None:
            self._mode = mode
        else:
            self._modes[subject] = mode
        return mode

    def drop_level(self, subject: str | None) -> Compatibility:
        """The level that is taken away; the registry's own goes back to the default. Raises Refused (40401)."""
        if subject is None:
            dropped, self._level = self._level, DEFAULT_LEVEL
            return dropped
        if subject not in self._levels:
            raise refusals.subject_not_found(subject)
        return self._levels.pop(subject)

    def drop_mode(self, subject: str | None) -> AccessMode:
        """The mode that is taken away; the registry's own goes back to READWRITE. Raises Refused (40401)."""
        if subject is None:
            dropped, self._mode = self._mode, AccessMode.READWRITE
            return dropped
        if subject not in self._modes:
            raise refusals.subject_not_found(subject)
        return self._modes.pop(subject)

    def forget(self, subject: str) -> None:
        """Takes away what the subject has of its own: it is gone for good."""
        self._levels.pop(subject, None)
        self._modes.pop(subject, None)

    def dump(self) -> dict[str, Any]:
        """All of it as JSON."""
        return {"level": self._level, "mode": self._mode, "levels": dict(self._levels), "modes": dict(self._modes)}

    def restore(self, dumped: Mapping[str, Any]) -> None:
        """Takes over what ``dump`` gave. Raises KeyError, TypeError, AttributeError or ValueError for anything else."""
        self._level = Compatibility(dumped["level"])
        self._mode = AccessMode(dumped["mode"])
        self._levels = {subject: Compatibility(level) for subject, level in dumped["levels"].items()}
        self._modes = {subject: AccessMode(mode) for subject, mode in dumped["modes"].items()}


def read_level(text: object) -> Compatibility:
    """A level, written in either case. Raises Refused (42203)."""
    try:
        return Compatibility(_word(text))
    except ValueError as exc:
        raise refusals.invalid_level() from exc


def read_mode(text: object) -> AccessMode:
    """A mode, written in either case. Raises Refused (42204)."""
    try:
        return AccessMode(_word(text))
    except ValueError as exc:
        raise refusals.invalid_mode() from exc


def in_context(subject: str) -> str | None:
    """The name under which rules of the subject's context are set, None for the default one."""
    return f":.{subject[2:].partition(':')[0]}:" if subject.startswith(":.") else None


def _word(text: object) -> str:
    """The text in capitals; nothing for what is no text: a missing level must not become NONE."""
    return text.upper() if isinstance(text, str) else ""
