"""MQTT topic filters with named captures, and how two of them relate.

``plant/{building}/{device}/readings`` is the filter ``plant/+/+/readings`` whose wildcards have names;
``{name...}`` is a named ``#``.

Rules
- A wildcard or capture fills a whole level, and ``#`` only the last one [MQTT-4.7.1-2, MQTT-4.7.1-3].
- ``a/#`` matches ``a`` as well (MQTT 4.7.1.2); a capture in its place is then empty.
- A leading wildcard never matches a topic that begins with ``$`` [MQTT-4.7.2-1].
- Topics are compared as they are: case counts, empty levels count, nothing is normalised [MQTT-4.7.3-4].

Must not know: what a capture is used for, or that there are contracts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final

from gateway.notation import NotationError

ANY_LEVEL: Final = "+"
ANY_LEVELS: Final = "#"

MAX_BYTES: Final = 65535
"""Longest filter and topic in UTF-8 [MQTT-4.7.3-3]."""

_CAPTURE: Final = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)(\.\.\.)?\}", re.ASCII)


@dataclass(frozen=True, slots=True)
class TopicFilter:
    """A topic filter whose wildcards may have names."""

    text: str
    """As written, with ``{name}``."""
    levels: tuple[str, ...]
    """As the broker sees them: literals, ``+``, and ``#`` at the end."""
    names: tuple[str | None, ...]
    """The name of each level's capture, None for the others."""

    @classmethod
    def parse(cls, text: str) -> TopicFilter:
        """The filter that ``text`` writes down. Raises NotationError."""
        _check_whole(text)
        levels: list[str] = []
        names: list[str | None] = []
        written = text.split("/")
        for position, level in enumerate(written):
            wildcard, name = _read_level(text, level)
            if wildcard == ANY_LEVELS and position < len(written) - 1:
                raise NotationError(f"{level!r} in {text!r} takes all further levels, so nothing may follow it")
            if name is not None and name in names:
                raise NotationError(f"{text!r} has two captures called {name!r}: rename one of them")
            levels.append(wildcard)
            names.append(name)
        return cls(text, tuple(levels), tuple(names))

    @property
    def mqtt(self) -> str:
        """The filter for the broker, with ``+`` and ``#`` in place of the captures."""
        return "/".join(self.levels)

    @property
    def captures(self) -> tuple[str, ...]:
        """The names of the captures, in the order of their levels."""
        return tuple(name for name in self.names if name is not None)

    @property
    def many_levels(self) -> str | None:
        """The name of the capture that takes all further levels, ``{name...}``; None if there is none."""
        return self.names[-1] if self.levels[-1] == ANY_LEVELS else None

    def match(self, topic: str) -> dict[str, str] | None:
        """What each capture holds for ``topic``; None where the filter does not match it."""
        if topic.startswith("$") and self.levels[0] in {ANY_LEVEL, ANY_LEVELS}:
            return None
        given = topic.split("/")
        captured: dict[str, str] = {}
        for position, (level, name) in enumerate(zip(self.levels, self.names, strict=True)):
            if level == ANY_LEVELS:
                if name is not None:
                    captured[name] = "/".join(given[position:])
                return captured
            if position == len(given) or level not in {ANY_LEVEL, given[position]}:
                return None
            if name is not None:
                captured[name] = given[position]
        return captured if len(given) == len(self.levels) else None

    def __str__(self) -> str:
        return self.text


def covers(a: TopicFilter, b: TopicFilter) -> bool:
    """Whether ``a`` matches every topic that ``b`` matches."""
    ours, theirs = _explicit(a), _explicit(b)
    if _hides_system_topic(ours[0], theirs[0]):
        return False
    for position, level in enumerate(ours):
        if level == ANY_LEVELS:
            return True
        if position == len(theirs) or theirs[position] == ANY_LEVELS:
            return False
        if level not in {ANY_LEVEL, theirs[position]}:
            return False
    return len(ours) == len(theirs)


def narrower(a: TopicFilter, b: TopicFilter) -> bool:
    """Whether ``b`` matches every topic that ``a`` matches, and more."""
    return covers(b, a) and not covers(a, b)


def overlap(a: TopicFilter, b: TopicFilter) -> str | None:
    """A topic that both match, as an example for people; None if there is no such topic."""
    ours, theirs = _explicit(a), _explicit(b)
    if _hides_system_topic(ours[0], theirs[0]) or _hides_system_topic(theirs[0], ours[0]):
        return None
    shared: list[str] = []
    for position, (left, right) in enumerate(zip(ours, theirs, strict=False)):
        if ANY_LEVELS in {left, right}:
            rest = theirs if left == ANY_LEVELS else ours
            shared += [level for level in rest[position:] if level != ANY_LEVELS]
            break
        if left != right and ANY_LEVEL not in {left, right}:
            return None
        shared.append(right if left == ANY_LEVEL else left)
    else:
        # Behind the last common level only a # may follow, which matches its parent too.
        if {*ours[len(theirs) :], *theirs[len(ours) :]} - {ANY_LEVELS}:
            return None
    names = [one or other for one, other in zip_longest(a.names, b.names)]
    return "/".join(_example(level, names, position) for position, level in enumerate(shared))


def _check_whole(text: str) -> None:
    """Raises NotationError for what no level can be blamed for."""
    if not text:
        raise NotationError("a topic filter must not be empty; the filter for everything is '#'")
    if "\x00" in text:
        raise NotationError(f"{text!r} contains U+0000, which MQTT forbids in topics [MQTT-4.7.3-2]")
    try:
        size = len(text.encode())
    except UnicodeEncodeError as exc:
        raise NotationError(f"{text!r} contains a lone surrogate, which is not text [MQTT-1.5.4-1]") from exc
    if size > MAX_BYTES:
        raise NotationError(f"a topic filter of {size} bytes is longer than MQTT's {MAX_BYTES} [MQTT-4.7.3-3]")
    if text.startswith("$share/"):
        raise NotationError(
            f"{text!r} names a shared subscription: write the filter alone, and the group as mqtt.share in gateway.yaml"
        )


def _read_level(text: str, level: str) -> tuple[str, str | None]:
    """One level as the broker sees it, and its capture's name. Raises NotationError."""
    if level in {ANY_LEVEL, ANY_LEVELS}:
        return level, None
    capture = _CAPTURE.fullmatch(level)
    if capture is not None:
        name, many = capture.groups()
        return (ANY_LEVELS if many else ANY_LEVEL), name
    if "{" in level or "}" in level:
        raise NotationError(
            f"{level!r} in {text!r} is no capture: a capture fills a whole level, as {{name}} or, at the end, "
            "{name...}, with a name of letters, digits and _"
        )
    if ANY_LEVEL in level or ANY_LEVELS in level:
        raise NotationError(f"{level!r} in {text!r}: a wildcard must fill a whole level [MQTT-4.7.1-2, MQTT-4.7.1-3]")
    return level, None


def _explicit(topic_filter: TopicFilter) -> tuple[str, ...]:
    """The same set of topics with as few levels as possible left to ``#``.

    A topic has at least one character [MQTT-4.7.3-1], so ``#`` is ``+/#`` and ``/#`` is ``/+/#``:
    only in this form does comparing level by level decide which filter covers which.
    """
    levels = topic_filter.levels
    if levels in {(ANY_LEVELS,), ("", ANY_LEVELS)}:
        return (*levels[:-1], ANY_LEVEL, ANY_LEVELS)
    return levels


def _hides_system_topic(wildcard: str, literal: str) -> bool:
    """Whether ``wildcard`` stands first in a filter and must not match ``literal`` there [MQTT-4.7.2-1]."""
    return wildcard == ANY_LEVEL and literal.startswith("$")


def _example(level: str, names: Sequence[str | None], position: int) -> str:
    """A literal level as it is; for a wildcard its capture's name, which reads best, or ``x``."""
    if level != ANY_LEVEL:
        return level
    return (names[position] if position < len(names) else None) or "x"
