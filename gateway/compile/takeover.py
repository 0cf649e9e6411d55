"""Whether a new version of a schema may take the place of the one in use, while messages flow.

A version that would refuse what the contract promises to accept, or that moved a field the contract reads,
is held back: the last good version stays, and people are told.
"""

from __future__ import annotations

from gateway.compile.avro.compiler import has_place
from gateway.compile.codec import Codec
from gateway.compile.example import run_example
from gateway.compile.json_schema.properties import may_have
from gateway.compile.route import Route
from gateway.model import Rejection
from gateway.notation.pointer import Pointer


def objection(current: Route, candidate: Route, arrival: int) -> str:
    """Why ``candidate`` must not take over from ``current``; empty if it may. ``arrival``: ms, for the examples."""
    if candidate.version.format is not current.version.format:
        return f"its format is {candidate.version.format}, the one in use is {current.version.format}"
    contract = candidate.contract
    timestamp = contract.timestamp.pointer if contract.timestamp is not None else None
    pointers = [contract.device, timestamp, *contract.fields]
    for pointer in pointers:
        if pointer is not None and _resolves(current.codec, pointer) and not _resolves(candidate.codec, pointer):
            return f"the contract uses {pointer}, which this version no longer has"
    for example in contract.examples.accepted:
        if isinstance(run_example(current, example, arrival), Rejection):
            continue
        outcome = run_example(candidate, example, arrival)
        if isinstance(outcome, Rejection):
            return f"it rejects the accepted example {example.name!r}: {outcome.violations[0].message}"
    return ""


def _resolves(codec: Codec, pointer: Pointer) -> bool:
    """Whether the schema has, or for an open JSON Schema may have, something at the pointer."""
    return has_place(codec.avro, pointer) if codec.avro is not None else may_have(codec.source, pointer)
