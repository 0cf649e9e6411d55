"""What changed between two versions of a schema: a field added, a type widened, a symbol removed.

``avro`` and ``json_schema`` know their language and yield ``Difference``s; whether a change does harm is for
``plan.compatibility`` to say.
"""

from __future__ import annotations

import json

from gateway.model import Format
from gateway.plan.differences import avro, json_schema
from gateway.plan.differences.difference import Difference

__all__ = ["Difference", "differences"]


def differences(kind: Format, old: str, new: str) -> tuple[Difference, ...]:
    """Every change from the text ``old`` to the text ``new``, both valid schemas; empty if they say the same."""
    compare = avro.compare if kind is Format.AVRO else json_schema.compare
    return tuple(compare(json.loads(old), json.loads(new), ()))
