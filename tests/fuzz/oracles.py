"""What must hold of an outcome, whatever the payload was."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from gateway.compile.binding import COERCIONS_HEADER
from gateway.compile.coercions import LOSSY
from gateway.model import Mode, Record, Rejection
from gateway.notation.pointer import MISSING, Pointer

_HEADER = re.compile(
    rb"v1;m=(?:strict|lossless|lenient);n=[1-9][0-9]*;lossy=[0-9]+;(?:[^,;=]*=[a-z-]+(?:,[^,;=]*=[a-z-]+){0,15})?"
)


def check_outcome(outcome: Record | Rejection, payload: bytes) -> None:
    """A record whose header is well-formed, or a rejection that points into the payload."""
    if isinstance(outcome, Rejection):
        _check_rejection(outcome, payload)
        return
    header = dict(outcome.headers or ()).get(COERCIONS_HEADER)
    assert (header is not None) == bool(outcome.coercions)
    if header is not None:
        assert len(header) <= 1024
        assert _HEADER.fullmatch(header), header
        header.decode()


def _check_rejection(rejection: Rejection, payload: bytes) -> None:
    assert 1 <= len(rejection.violations) <= 10, rejection
    assert not rejection.truncated or rejection.violations
    document = _decoded(payload)
    for violation in rejection.violations:
        assert len(violation.value or "") <= 64, violation
        assert violation.message
        violation.message.encode()
        if document is not MISSING and violation.found != "absent":
            assert Pointer.parse(violation.path).get(document) is not MISSING, violation


def _decoded(payload: bytes) -> Any:
    """The payload's JSON; MISSING where it has none, or may hold JSON in a text."""
    try:
        return json.loads(payload, parse_int=str)
    except (ValueError, RecursionError):
        return MISSING


def check_monotone(outcomes: Mapping[Mode, Record | Rejection]) -> None:
    """A wider mode gives the same record, with the same conversions, as a narrower one that accepts."""
    narrower: Record | None = None
    for mode in Mode:
        outcome = outcomes.get(mode)
        if narrower is not None and outcome is not None:
            assert isinstance(outcome, Record), f"{mode} refuses what a narrower mode takes: {outcome}"
            assert outcome.value == narrower.value
            assert outcome.coercions == narrower.coercions
        if isinstance(outcome, Record):
            narrower = outcome


def check_losses(outcome: Record | Rejection, declared: frozenset[str]) -> None:
    """No conversion of strict or lossless mode loses anything but what the contract declared."""
    if isinstance(outcome, Record) and outcome.label is not None and outcome.label.mode is not Mode.LENIENT:
        assert {coercion.code for coercion in outcome.coercions} & LOSSY <= declared, outcome.coercions


def changes(before: Any, after: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The places in which two JSON values differ, indices as ``*``."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in before.keys() | after.keys():
            yield from changes(before.get(key, MISSING), after.get(key, MISSING), (*path, key))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for one, other in zip(before, after, strict=True):
            yield from changes(one, other, (*path, "*"))
    elif type(before) is not type(after) or before != after:
        yield path
