"""Examples of a first contract: one payload for each way in which payloads differed."""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from collections.abc import Iterator
from typing import Final

import msgspec

from gateway.compile.coercions import DEFAULT_FILLED, NULL_FILLED
from gateway.compile.sentence import counted
from gateway.model import Rejection
from gateway.notation.yaml_text import yaml_text
from gateway.plan.trial import Outcome

_MOST_WAYS: Final = 1000
"""Ways to differ that are kept apart."""
_MOST_EXAMPLES: Final = 8
_MOST_NAMED: Final = 3
"""Differences that an example's name tells."""
_FILLED: Final = frozenset({DEFAULT_FILLED, NULL_FILLED})
"""Conversions that only say that a field was not there."""

_Way = tuple[frozenset[str], frozenset[tuple[str, str]]]
"""The fields of a payload, and its conversions: place and code."""

_encode = msgspec.json.Encoder(decimal_format="number").encode


class Examples:
    """Chooses among payloads that a contract accepts."""

    def __init__(self) -> None:
        self._counts: Counter[_Way] = Counter()
        self._shortest: dict[_Way, Outcome] = {}

    def add(self, outcome: Outcome) -> None:
        """One payload; one that was rejected is no example."""
        if outcome.record is None:
            return
        way = (_fields_of(outcome.payload), frozenset((each.path, each.code) for each in outcome.coercions))
        if way not in self._shortest and len(self._shortest) >= _MOST_WAYS:
            return
        self._counts[way] += 1
        known = self._shortest.get(way)
        if known is None or len(outcome.payload) < len(known.payload):
            self._shortest[way] = outcome

    def chosen(self) -> list[tuple[str, Outcome]]:
        """Names and payloads: of the most frequent way, then for each difference one that differs little else."""
        if not self._counts:
            return []
        usual, count = self._counts.most_common(1)[0]
        told = counted(count, "of the captured payloads is like this", "of the captured payloads are like this")
        found = [(told, self._shortest[usual])]
        differences = {way: _differences(way, usual) for way, _ in self._counts.most_common()}
        shown: set[str] = set()
        for special in dict.fromkeys(each for ways in differences.values() for each in ways):
            if special not in shown and len(found) < _MOST_EXAMPLES:
                ways = [way for way, each in differences.items() if special in each]
                way = min(ways, key=lambda way: len(differences[way]))
                shown.update(differences[way])
                found.append((", ".join(differences[way][:_MOST_NAMED]), self._shortest[way]))
        return found


def _fields_of(payload: bytes) -> frozenset[str]:
    value = msgspec.json.decode(payload) if payload[:1] == b"{" else None
    return frozenset(value) if isinstance(value, dict) else frozenset()


def _differences(way: _Way, usual: _Way) -> list[str]:
    """What is special about a way, beside the usual one."""
    fields, conversions = way
    return [
        *(f"without {name}" for name in sorted(usual[0] - fields)),
        *(f"with {name}" for name in sorted(fields - usual[0])),
        *(f"{code} at {path or 'the top'}" for path, code in sorted(conversions - usual[1]) if code not in _FILLED),
    ]


def broken(outcome: Outcome) -> Iterator[bytes]:
    """Payloads that are like an accepted one, but for a field that is not there."""
    value = msgspec.json.decode(outcome.payload)
    for name in value if isinstance(value, dict) else ():
        yield _encode({key: item for key, item in value.items() if key != name})


def examples_text(accepted: list[tuple[str, Outcome]], rejected: list[tuple[str, Outcome]]) -> str:
    """The text of examples.yaml."""
    return "".join(_lines(accepted, rejected))


def _lines(accepted: list[tuple[str, Outcome]], rejected: list[tuple[str, Outcome]]) -> Iterator[str]:
    yield "# Captured payloads and what becomes of them. Keep those that show something, and name what they show.\n"
    yield "accepted:\n"
    for name, outcome in accepted:
        yield from _head(name, outcome)
        yield f"    becomes: {yaml_text(outcome.value)}\n"
        if outcome.record is not None and outcome.record.key is not None:
            yield f"    key: {yaml_text(outcome.record.key.decode())}\n"
        codes: dict[str, list[str]] = {}
        for each in outcome.coercions:
            if each.code not in codes.setdefault(each.path, []):
                codes[each.path].append(each.code)
        yield f"    coercions: {yaml_text(codes)}\n"
    if rejected:
        yield "rejected:\n"
    for name, outcome in rejected:
        assert isinstance(outcome.rejection, Rejection)
        first = outcome.rejection.violations[0]
        yield from _head(name, outcome)
        yield f"    code: {first.code}\n"
        yield f"    path: {yaml_text(first.path)}\n"


def _head(name: str, outcome: Outcome) -> Iterator[str]:
    yield f"  - name: {yaml_text(name)}\n"
    yield f"    mqtt: {yaml_text(outcome.topic)}\n"
    text = _readable(outcome.payload)
    if text is None:
        yield f"    payload_base64: {b64encode(outcome.payload).decode()}\n"
    else:
        quoted = text.replace("'", "''")
        yield f"    payload: '{quoted}'\n"


def _readable(payload: bytes) -> str | None:
    """The payload as text for one line of YAML, None where it cannot be written so."""
    try:
        text = payload.decode()
    except UnicodeDecodeError:
        return None
    return text if text.isprintable() else None
