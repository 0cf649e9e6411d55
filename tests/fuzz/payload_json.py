"""Payloads under JSON Schema: decoder, conversion, mending."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from gateway.compile.binding import Binding
from gateway.model import Format, Mode, Record
from gateway.notation.pointer import Pointer
from tests.fuzz import payloads
from tests.fuzz.contracts import JSON
from tests.fuzz.oracles import changes, check_losses, check_monotone, check_outcome
from tests.unit.compile.compiled import ARRIVAL, PREFIX, binding_of

_CASES = [(case, case.bindings(), binding_of(case.version, mode=Mode.STRICT, device=None)) for case in JSON]
_OF_THE_TEXT = frozenset({"bom-stripped", "nul-stripped", "nan-literal-to-null", "duplicate-dropped"})
"""Conversions after which the payload cannot be compared as a JSON value."""


def seeds() -> Iterable[bytes]:
    """Inputs to begin with."""
    return payloads.seeds(Format.JSON, len(_CASES))


def check(data: bytes) -> None:
    """Fails where something does not hold for the payload in any mode."""
    case, bindings, strict = _CASES[data[0] % len(_CASES) if data else 0]
    payload = data[1:]
    outcomes = {mode: binding.encode(payload, ARRIVAL) for mode, binding in bindings.items()}
    for outcome in outcomes.values():
        check_outcome(outcome, payload if not case.overrides else b"")
        check_losses(outcome, case.losses)
        if isinstance(outcome, Record):
            _check_record(outcome, payload, strict)
    check_monotone(outcomes)


def _check_record(record: Record, payload: bytes, strict: Binding) -> None:
    body = record.value.removeprefix(PREFIX)
    if not record.coercions:
        assert body == payload
        return
    again = strict.encode(body, ARRIVAL)
    assert isinstance(again, Record), again
    assert again.value == record.value
    value = msgspec.json.decode(body)
    codes = {coercion.code for coercion in record.coercions}
    if not codes & (_OF_THE_TEXT | {"renamed"}):
        recorded = {coercion.path for coercion in record.coercions}
        for place in changes(msgspec.json.decode(payload), value):
            around = {str(Pointer(place[:length])) for length in range(len(place) + 1)}
            assert around & recorded, f"{place} changed, recorded are {recorded}"
