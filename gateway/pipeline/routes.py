"""Which contract takes a message: topic -> bound route, one dictionary look-up for a known topic.

Rules
- Of two filters that match a topic the strictly narrower one decides, alone.
- Contracts that share a filter divide its messages by ``where``; one without ``where`` takes the rest.
- Nothing fits: ``no-route``. A contract that is inactive because its schema is unknown or does not
  compile: ``unknown-schema``.

A table never changes, apart from the topics it has met. A new schema version makes a new table, which
takes the place of the old one by one assignment.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from gateway.compile import json_text
from gateway.compile.binding import DEVICE, Binding
from gateway.compile.route import Route
from gateway.compile.rules import RuleBook
from gateway.compile.sentence import in_json
from gateway.compile.where import Where
from gateway.config.contract import Contract
from gateway.model import Code, Record, Rejection, RouteLabel, Stage, Violation
from gateway.notation.topics import narrower

MOST_DEPTH = 512
"""Nesting up to which a repaired payload is looked at to find its contract, which then applies its own limit."""
TOPICS_BYTES = 64_000_000
"""For the topics kept bound, some 40 000. A larger fleet binds anew now and then, at 10 us each; none is refused."""
_BINDING_BYTES = 1000
_COPIES = 8
"""Of a topic's text in a binding: captures, keys, headers. Measured 3 to 8."""

Encode = Callable[[bytes, int], Record | Rejection]
"""``(payload, arrival in ms)`` -> the record, or why there is none."""


@dataclass(frozen=True, slots=True)
class Inactive:
    """A contract's variant that cannot encode."""

    contract: Contract
    where: Where
    label: RouteLabel
    reason: str
    """For a person: what is missing, and what to do."""


class Candidate(NamedTuple):
    """What may take a message on a bound topic."""

    where: Where
    encode: Encode
    route: Route | Inactive


class RouteTable:
    """All routes, and the topics that were met so far."""

    def __init__(self, routes: Sequence[Route | Inactive]) -> None:
        self.routes = tuple(routes)
        self._bound: dict[str, Encode] = {}
        self._room = TOPICS_BYTES

    def encode(self, topic: str, payload: bytes, received_at: int) -> Record | Rejection:
        """What becomes of a payload on an MQTT topic; ``received_at`` in milliseconds."""
        encode = self._bound.get(topic)
        if encode is None:
            encode = self._bind(topic)
        return encode(payload, received_at)

    def owner(self, topic: str) -> tuple[RouteLabel | None, str | None]:
        """``(route, device)`` of a message whose payload cannot be looked at; None where only the payload tells."""
        candidates = self._candidates(topic)
        taker = next((each for each in candidates if not each.where.reads_payload), None)
        captures = candidates[0].route.contract.filter.match(topic) if candidates else None
        return taker and taker.route.label, (captures or {}).get(DEVICE)

    def _bind(self, topic: str) -> Encode:
        candidates = self._candidates(topic)
        size = max(1, len(candidates)) * (_BINDING_BYTES + _COPIES * sys.getsizeof(topic))
        if size > self._room:
            self._bound.clear()
            self._room = TOPICS_BYTES
        self._room -= size
        encode = self._bound[topic] = _choose(topic, candidates)
        return encode

    def _candidates(self, topic: str) -> list[Candidate]:
        """Among which a message on ``topic`` is decided; those without ``where`` last."""
        matching = [
            (route, captures) for route in self.routes if (captures := route.contract.filter.match(topic)) is not None
        ]
        found = [
            Candidate(route.where, _bind(route, topic, captures), route)
            for route, captures in matching
            if route.where.claims_topic(captures)
            and not any(narrower(other.contract.filter, route.contract.filter) for other, _ in matching)
        ]
        return sorted(found, key=lambda candidate: not candidate.route.contract.where)


def _choose(topic: str, candidates: Sequence[Candidate]) -> Encode:
    if not candidates:
        return _NoRoute(topic).encode
    if len(candidates) == 1 and not candidates[0].where.reads_payload:
        return candidates[0].encode
    return _Switch(topic, candidates).encode


def _bind(route: Route | Inactive, topic: str, captures: Mapping[str, str]) -> Encode:
    if isinstance(route, Inactive):
        return _Dead(route, captures.get(DEVICE)).encode
    return Binding(route, topic, captures).encode


class _Dead:
    """An inactive contract on a topic: its messages become dead letters."""

    def __init__(self, inactive: Inactive, device: str | None) -> None:
        self._label = inactive.label
        self._device = device
        self._violation = Violation(
            Code.UNKNOWN_SCHEMA,
            f"the contract {inactive.contract.name!r} is inactive: {inactive.reason}",
            expected=f"a schema under subject {inactive.label.subject!r}",
        )

    def encode(self, _payload: bytes, _received_at: int) -> Rejection:
        return Rejection(Stage.ROUTE, (self._violation,), label=self._label, device=self._device)


class _NoRoute:
    """No contract takes the message."""

    def __init__(self, topic: str) -> None:
        self._violation = Violation(
            Code.NO_ROUTE,
            f"no contract takes this message on {in_json(topic)}: no filter matches, or no "
            "where fits the payload; publish on a contract's topic, or declare a contract for this one",
            expected="a message that a contract claims",
        )

    def encode(self, _payload: bytes, _received_at: int) -> Rejection:
        return Rejection(Stage.ROUTE, (self._violation,))


class _Switch:
    """Decides by the payload which of several contracts takes it."""

    def __init__(self, topic: str, candidates: Sequence[Candidate]) -> None:
        self._candidates = candidates
        self._fallback = next((each.encode for each in candidates if not each.where.reads_payload), None)
        self._nobody = _NoRoute(topic).encode
        self._decode = json_text.make_decoder(exact=False)

    def encode(self, payload: bytes, received_at: int) -> Record | Rejection:
        try:
            value = self._decode(payload)
        except json_text.DECODE_ERRORS:
            # Each contract has its own repairs; where none helps, the fallback (or the first) says why.
            return self._taker_of_repaired(payload)(payload, received_at)
        taker = next((each.encode for each in self._candidates if each.where.claims(value)), self._nobody)
        return taker(payload, received_at)

    def _taker_of_repaired(self, payload: bytes) -> Encode:
        for candidate in self._candidates:
            contract = candidate.route.contract
            rules = RuleBook(contract.mode, contract.options, contract.overrides).at(())
            try:
                repaired = json_text.repair(payload, rules, [], exact=False, depth=MOST_DEPTH, keep_huge=True)
            except json_text.Undecodable:
                continue
            if candidate.where.claims(repaired.value):
                return candidate.encode
        return self._fallback or self._candidates[0].encode
