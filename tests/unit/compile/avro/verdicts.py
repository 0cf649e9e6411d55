"""The lines of tests/vectors/schemas/avro.yaml."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import pytest

from gateway.notation.yaml import parse
from tests.unit.compile.compiled import record_schema
from tests.unit.compile.vectors import FOLDER


class Verdict(NamedTuple):
    """One line."""

    schema: Any
    line: Mapping[str, Any]


def _read() -> dict[str, list[Any]]:
    file = FOLDER / "schemas" / "avro.yaml"
    found = parse(file.read_text("utf-8")).value

    def with_default(line: Mapping[str, Any]) -> Verdict:
        field = {"name": "a", "type": line["type"], "default": line["default"]}
        return Verdict(record_schema(field, ("b", "int")), line)

    groups = {
        "forbidden": [Verdict(line["schema"], line) for group in found["forbidden"] for line in group["schemas"]],
        "forbidden defaults": [with_default(line) for line in found["forbidden_defaults"]],
        "allowed defaults": [with_default(line) for line in found["allowed_defaults"]],
        "allowed": [Verdict(line["schema"], line) for line in found["allowed"]],
    }
    return {
        name: [pytest.param(each, id=json.dumps(each.schema)[:90]) for each in group] for name, group in groups.items()
    }


VERDICTS = _read()
