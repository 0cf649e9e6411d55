"""Whether a payload becomes what its vector says: the one judgement that the tests and the mutation check share."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from gateway.compile.binding import Binding
from gateway.compile.route import compile_route
from gateway.errors import SchemaError
from gateway.model import Format, Record, Rejection, Violation
from tests.unit.compile.compiled import ARRIVAL, PREFIX, TOPIC, conversions
from tests.unit.compile.vectors import ABSENT, Acceptance, Case, Refusal, Unloadable, json_form, read_back, same


def bind(case: Case) -> Binding:
    """The vector's schema compiled under its contract."""
    contract = case.contract
    route = compile_route(contract, contract.variants()[0], case.version, depth=case.depth)
    return Binding(route, TOPIC, contract.filter.match(TOPIC) or {})


def complaint(case: Case, kept: dict[str, Binding] | None = None) -> str | None:
    """What is otherwise than the vector says, None if nothing is.

    ``kept`` are compiled schemas by what they were compiled from, for who judges many vectors in a row.
    """
    if isinstance(case.outcome, Unloadable):
        return _about_loading(case, case.outcome)
    if kept is None:
        bound = bind(case)
    else:
        key = f"{case.version}{case.contract}{case.depth}"
        bound = kept[key] = kept.get(key) or bind(case)
    outcome = bound.encode(case.payload, ARRIVAL)
    if isinstance(case.outcome, Refusal):
        return _about_rejection(case.outcome, outcome)
    if isinstance(outcome, Rejection):
        return f"rejected: {outcome.violations[0].message}"
    return _about_record(case, case.outcome, outcome)


def _about_loading(case: Case, wanted: Unloadable) -> str | None:
    try:
        bind(case)
    except SchemaError as exc:
        return None if wanted.says in str(exc) else f"refused otherwise: {exc}"
    return "the schema is taken"


def _about_rejection(wanted: Refusal, outcome: Record | Rejection) -> str | None:
    if isinstance(outcome, Record):
        return f"accepted: {outcome.value.hex()}"
    first, *others = outcome.violations
    complaint = _about_violation(wanted, first)
    if complaint is not None or wanted.then is ABSENT:
        return complaint
    if len(others) != len(wanted.then):
        return f"then come {[(each.code, each.path) for each in others]}"
    return next(filter(None, map(_about_violation, wanted.then, others)), None)


def _about_violation(wanted: Refusal, found: Violation) -> str | None:
    if (found.code, found.path) != (wanted.code, wanted.path):
        return f"rejected otherwise: {found.code} @{found.path}: {found.message}"
    params = {key: item for key, item in found.params.items() if key in wanted.params}
    if not same(params, wanted.params):
        return f"params are {dict(found.params)}"
    if wanted.passes_in is not ABSENT and found.coercible_in != wanted.passes_in:
        return f"coercible_in is {found.coercible_in}"
    if wanted.schema_path is not ABSENT and found.schema_path != wanted.schema_path:
        return f"schema_path is {found.schema_path}"
    if not found.message.endswith(wanted.says):
        return f"the message is {found.message}"
    return None


def _about_record(case: Case, wanted: Acceptance, record: Record) -> str | None:
    if not record.value.startswith(PREFIX):
        return f"the prefix is missing: {record.value.hex()}"
    return (
        _about_value(case, wanted.value, record.value.removeprefix(PREFIX))
        or _about_conversions(wanted, record)
        or (None if wanted.stamp in {None, record.timestamp} else f"the record's timestamp is {record.timestamp}")
    )


def _about_value(case: Case, wanted: Mapping[str, Any], body: bytes) -> str | None:
    if "json" in wanted and body != wanted["json"].encode():
        return f"the JSON is {body.decode()}"
    if "avro" in wanted and body.hex() != wanted["avro"]:
        return f"the body is {body.hex()}"
    if "hex" in wanted and (data := read_back(case.schema, body).hex()) != wanted["hex"]:
        return f"the bytes are {data}"
    if "is" in wanted:
        value = json.loads(body) if case.version.format is Format.JSON else json_form(read_back(case.schema, body))
        if not same(value, wanted["is"]):
            return f"the value is {value!r}"
    return None


def _about_conversions(wanted: Acceptance, record: Record) -> str | None:
    noted: dict[str, list[str]] = {}
    for path, code in conversions(record):
        noted.setdefault(path, []).append(code)
    if {path: sorted(codes) for path, codes in noted.items()} != {
        path: sorted(codes) for path, codes in wanted.conversions.items()
    }:
        return f"noted is {noted}"
    return None
