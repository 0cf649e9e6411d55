"""A position of a schema, compiled: how it writes a value, and how it explains why it will not.

``write`` is the hot path and stops at the first refusal. ``explain`` runs only for a payload that was
refused, walks all of it and finds every violation with its exact path.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.compile.verdict import Findings, Log

Write = Callable[[Any, Log], bytes]
"""A decoded JSON value -> its Avro binary form; conversions go into the log. Raises Refused."""
Explain = Callable[[Any, str, Findings], None]
"""A decoded JSON value and its pointer -> its violations."""
CountKeys = Callable[[Any], int]
"""A decoded JSON value -> object keys below it, at least those that the schema knows of."""
Coerce = Callable[[Any, Log], Any]
"""A decoded JSON value -> the physical Avro value. Raises Refused."""


@dataclass(frozen=True, slots=True)
class Clean:
    """The fast path of a position: ``{encoded} if {test} else write(x, log)``.

    Both texts are Python expressions over ``{x}`` and the ``names``, each in braces. ``test`` must hold for
    nothing that the slow path would not write as the same bytes, without noting a conversion.
    """

    test: str
    encoded: str
    names: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Scalar:
    """The rules of one scalar target: ``coerce`` decides, ``encode`` only writes."""

    wanted: str
    coerce: Coerce
    encode: Callable[[Any], bytes]
    clean: Clean | None = None


@dataclass(slots=True, eq=False)
class Node:
    """One position, compiled for its path and mode."""

    wanted: str
    """What the schema wants here, for a person."""
    kinds: frozenset[str]
    """JSON kinds that strict mode may accept here; a union looks at no other branches."""
    write: Write
    explain: Explain
    clean: Clean | None = None
    """The fast path as an expression, where there is one."""
    count_keys: CountKeys | None = None
    """None where no object can stand."""


def generate(name: str, source: str, names: Mapping[str, Any]) -> Any:
    """The function ``name`` that ``source`` defines over ``names``.

    Schema text never gets into the source: field names come as constants through ``names`` or ``repr``.
    """
    scope = dict(names)
    exec(compile(source, f"<generated {name}>", "exec"), scope)  # noqa: S102 - see docstring
    return scope[name]


def expression(node: Node, variable: str, prefix: str, names: dict[str, Any]) -> str:
    """``variable`` encoded by ``node`` as an expression: its clean path inlined, its ``write`` for all else.

    Adds what the expression needs to ``names``, each behind ``prefix``.
    """
    names[f"{prefix}write"] = node.write
    call = f"{prefix}write({variable}, log)"
    if node.clean is None:
        return call
    renamed = {name: f"{prefix}{name}" for name in node.clean.names}
    names |= {renamed[name]: value for name, value in node.clean.names.items()}
    test = node.clean.test.format(x=variable, **renamed)
    encoded = node.clean.encoded.format(x=variable, **renamed)
    return f"({encoded}) if {test} else {call}"
