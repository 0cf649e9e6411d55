"""What a change of contracts and schemas would mean for payloads: those that fare differently, by what is different.

Memory is bounded whatever the payloads are: so many groups are kept apart, and of each its smallest payload.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, NamedTuple

from gateway.notation.pointer import Pointer, generic
from gateway.plan.trial import Outcome

MOST_GROUPS: Final = 1000
MOST_DEVICES: Final = 1000
"""Of a group that are told apart."""
_ELSEWHERE: Final = "other places"


class Turn(StrEnum):
    """How a payload fares differently."""

    REJECTED = "newly rejected"
    ACCEPTED = "newly accepted"
    CHANGED = "accepted otherwise"
    REASON = "rejected for another reason"


class Sort(NamedTuple):
    """Payloads that fare differently in the same way."""

    turn: Turn
    contract: str
    """The one that takes them, or took them; empty where none does."""
    code: str
    """Of the rejection, of a conversion that is made or not made any more, or what of the record differs."""
    path: str
    """``*`` for items of lists."""


@dataclass(slots=True)
class Group:
    """Payloads of one sort."""

    count: int = 0
    devices: dict[str, None] = field(default_factory=dict)
    """In order, at most ``MOST_DEVICES``."""
    example: bytes = b""
    """The smallest of them."""
    topic: str = ""
    """MQTT topic of the example."""
    message: str = ""
    """What the example's rejection says."""

    def add(self, outcome: Outcome, device: str | None, message: str) -> None:
        """One more."""
        self.count += 1
        if device is not None and len(self.devices) < MOST_DEVICES:
            self.devices[device] = None
        if self.count == 1 or len(outcome.payload) < len(self.example):
            self.example, self.topic, self.message = outcome.payload, outcome.topic, message


@dataclass(slots=True)
class Impact:
    """All payloads that were compared."""

    compared: int = 0
    turns: dict[Turn, int] = field(default_factory=lambda: dict.fromkeys(Turn, 0))
    """How many payloads fare so."""
    rejected: int = 0
    """By what is proposed, newly or as before."""
    groups: dict[Sort, Group] = field(default_factory=dict)

    def add(self, before: Outcome, after: Outcome) -> None:
        """One payload: what becomes of it now, and what would."""
        self.compared += 1
        self.rejected += after.rejection is not None
        turn, differences = _compare(before, after)
        if turn is None:
            return
        self.turns[turn] += 1
        for contract, code, path, message in dict.fromkeys(differences):
            self._group(Sort(turn, contract, code, path)).add(after, after.device or before.device, message)

    def sorted(self) -> list[tuple[Sort, Group]]:
        """The worst first: by turn, then the most frequent."""
        turns = list(Turn)
        return sorted(self.groups.items(), key=lambda pair: (turns.index(pair[0].turn), -pair[1].count, pair[0]))

    def _group(self, sort: Sort) -> Group:
        if sort not in self.groups and len(self.groups) >= MOST_GROUPS:
            sort = sort._replace(path=_ELSEWHERE)
        return self.groups.setdefault(sort, Group())


_Difference = tuple[str, str, str, str]
"""Contract, code, path, message."""


def _compare(before: Outcome, after: Outcome) -> tuple[Turn | None, list[_Difference]]:
    if after.rejection is not None:
        why = _reason(after)
        if before.rejection is None:
            return Turn.REJECTED, [why]
        return (None, []) if _reason(before)[:3] == why[:3] else (Turn.REASON, [why])
    if before.rejection is not None:
        return Turn.ACCEPTED, [_reason(before)]
    found = [(after.contract or "", code, path, "") for code, path in _record_differences(before, after)]
    return (Turn.CHANGED, found) if found else (None, [])


def _reason(outcome: Outcome) -> _Difference:
    """Why it is rejected."""
    assert outcome.rejection is not None
    first = outcome.rejection.violations[0]
    return outcome.contract or "", str(first.code), generic(first.path), first.message


def _record_differences(before: Outcome, after: Outcome) -> Iterator[tuple[str, str]]:
    """What differs of two records: code and path."""
    ours, theirs = ({(each.code, each.path): None for each in outcome.coercions} for outcome in (after, before))
    assert before.record is not None
    assert after.record is not None
    for code, path in ours:
        if (code, path) not in theirs:
            yield code, path
    for code, path in theirs:
        if (code, path) not in ours:
            yield f"no {code}", path
    told = {path for _, path in (*ours, *theirs)}
    for path in dict.fromkeys(_value_differences(before.value, after.value, ())):
        if path not in told:
            yield "value", path
    for name in ("topic", "key", "timestamp"):
        if getattr(before.record, name) != getattr(after.record, name):
            yield name, ""


def _value_differences(before: Any, after: Any, path: tuple[str, ...]) -> Iterator[str]:
    """Where two values differ, ``*`` for items."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name in {**before, **after}:
            if name not in before or name not in after:
                yield str(Pointer((*path, name)))
            else:
                yield from _value_differences(before[name], after[name], (*path, name))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for old, new in zip(before, after, strict=True):
            yield from _value_differences(old, new, (*path, "*"))
    elif type(before) is not type(after) or before != after:
        yield str(Pointer(path))
