"""Payloads under Avro: decoder, coercer, encoder."""

from __future__ import annotations

from collections.abc import Iterable

from gateway.compile.readback import compile_readback
from gateway.model import Format, Record
from tests.fuzz import payloads
from tests.fuzz.contracts import AVRO
from tests.fuzz.oracles import check_losses, check_monotone, check_outcome
from tests.unit.compile.compiled import ARRIVAL, PREFIX

_CASES = [(case, case.bindings(), compile_readback(case.version)) for case in AVRO]


def seeds() -> Iterable[bytes]:
    """Inputs to begin with."""
    return payloads.seeds(Format.AVRO, len(_CASES))


def check(data: bytes) -> None:
    """Fails where something does not hold for the payload in any mode."""
    case, bindings, read_back = _CASES[data[0] % len(_CASES) if data else 0]
    payload = data[1:]
    outcomes = {mode: binding.encode(payload, ARRIVAL) for mode, binding in bindings.items()}
    for outcome in outcomes.values():
        check_outcome(outcome, b"" if "parse_json_strings" in case.options else payload)
        check_losses(outcome, case.losses)
        if isinstance(outcome, Record):
            assert outcome.value.startswith(PREFIX)
            read_back(outcome.value.removeprefix(PREFIX))
    check_monotone(outcomes)
