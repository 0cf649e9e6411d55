"""JSON Schema + rules -> the function that turns a payload into an acceptable JSON text.

A valid payload keeps its bytes. An invalid one is mended by the validator's own errors: where every error
is a wrong type, exactly those leaves are converted in a copy and the copy is judged again. So ``$ref``,
``allOf``, ``if`` and schema-valued ``additionalProperties`` need no walk of the schema here. Any other
error rejects; it is never "mended" into something that happens to pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from gateway.compile.coercions import UNKNOWN_DROPPED
from gateway.compile.json_schema.conversion import convert
from gateway.compile.json_schema.dialect import make_validator, parse_schema
from gateway.compile.json_schema.report import Report, Where
from gateway.compile.leaf import Leaf
from gateway.compile.rules import Path, RuleBook
from gateway.compile.verdict import Findings, Log, Refused
from gateway.model import Code, Coercion, Mode, SchemaVersion
from gateway.notation.pointer import Pointer

MOST_ROUNDS = 4
"""A conversion can uncover a further wrong type (in ``then``, or behind ``oneOf``), but not without end."""

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Conversion:
    """A leaf to convert, to one of these types."""

    where: Where
    types: tuple[str, ...]


class JsonSchemaCodec:
    """A schema compiled for one contract."""

    def __init__(self, version: SchemaVersion, book: RuleBook) -> None:
        """Compiles; raises SchemaError."""
        self.source = parse_schema(version)
        self._validator = make_validator(version, self.source)
        self.is_valid: Callable[[Any], bool] = self._validator.is_valid
        """The whole judgement on a decoded payload that needs no conversion."""
        self._book = book

    def mend(self, value: Any, log: Log) -> Any:
        """A valid value made from an invalid one by type conversions alone. Raises Refused."""
        if self._book.at(()).strict:
            raise _REFUSED
        mended, failed = self._convert_all(value, log)
        if failed or not self.is_valid(mended):
            raise _REFUSED
        return mended

    def write(self, value: Any) -> bytes:
        """A value as JSON text; integers keep all their digits."""
        return _encode(value)

    def explain(self, value: Any, findings: Findings) -> None:
        """Every violation that is left after all conversions that do work, and those that do not."""
        mended, failed = (value, {}) if self._book.at(()).strict else self._convert_all(value, [])
        report = Report(value, self.source, failed, self._passes_in)
        for violation in report.violations(self._validator.iter_errors(mended)):
            findings.add(violation)

    def _passes_in(self, where: Where, error: Any) -> Mode | None:
        """The lowest wider mode that converts the leaf of a type error, found by trying."""
        if error.kind.name != "type":
            return None
        for mode in self._book.wider():
            leaf = Leaf(self._book.in_mode(mode).at(path := _generic(where)), path)
            try:
                convert(error.kind.as_dict()["types"], error.instance, leaf, [])
            except Refused:
                continue
            return mode
        return None

    def _convert_all(self, value: Any, log: Log) -> tuple[Any, dict[Where, Refused]]:
        """The value with all convertible leaves converted, and the leaves whose conversion was refused."""
        failed: dict[Where, Refused] = {}
        for _ in range(MOST_ROUNDS):
            errors = list(self._validator.iter_errors(value))
            wanted = [fix for fix in self._fixes(errors, value, failed) if fix.where not in failed]
            dropped = self._droppable(errors)
            if not wanted and not dropped:
                break
            for fix in wanted:
                try:
                    made = convert(fix.types, _at(value, fix.where), self._leaf(fix.where), log)
                except Refused as refused:
                    failed[fix.where] = refused
                else:
                    value = _replaced(value, fix.where, made)
            for where in dropped:
                value = _without(value, where)
                log.append(Coercion(str(Pointer(_generic(where))), UNKNOWN_DROPPED))
        return value, failed

    def _leaf(self, where: Where) -> Leaf:
        path = _generic(where)
        return Leaf(self._book.at(path), path)

    def _fixes(self, errors: Sequence[Any], value: Any, failed: dict[Where, Refused]) -> list[Conversion]:
        """The conversions that the errors ask for, one a place."""
        fixes: dict[Where, Conversion] = {}
        for error in errors:
            name = error.kind.name
            if name == "type":
                where = tuple(error.instance_path)
                fixes.setdefault(where, Conversion(where, tuple(error.kind.as_dict()["types"])))
            elif name in {"anyOf", "oneOf"}:
                for fix in self._branch_fixes(error, value, failed):
                    fixes.setdefault(fix.where, fix)
        return list(fixes.values())

    def _branch_fixes(self, error: Any, value: Any, failed: dict[Where, Refused]) -> Iterable[Conversion]:
        """The conversions of the one branch that types alone can mend; none, or two different, mend nothing."""
        where = tuple(error.instance_path)
        candidates: dict[tuple[Any, ...], list[Conversion]] = {}
        for branch in error.kind.as_dict().get("context", ()):
            fixes = self._types_only(branch)
            if fixes is None:
                continue
            made: list[Any] = []
            for fix in fixes:
                try:
                    made.append((fix.where, convert(fix.types, _at(value, fix.where), self._leaf(fix.where), [])))
                except Refused:
                    break
            else:
                candidates[tuple((at, type(result), repr(result)) for at, result in made)] = fixes
        if len(candidates) > 1:
            names = [" and ".join("/".join(fix.types) for fix in fixes) for fixes in candidates.values()]
            advice = f"it could become {' or '.join(names)}"
            failed[where] = Refused(Code.UNION_AMBIGUOUS, "one reading", advice, candidates=names)
            return []
        return next(iter(candidates.values()), [])

    def _types_only(self, errors: Sequence[Any]) -> list[Conversion] | None:
        """The conversions of a branch whose errors are all of type; None if there is any other."""
        fixes = {
            tuple(error.instance_path): Conversion(tuple(error.instance_path), tuple(error.kind.as_dict()["types"]))
            for error in errors
            if error.kind.name == "type"
        }
        for error in errors:
            name = error.kind.name
            # A value of the wrong type cannot be in the list either: judged again after the conversion.
            if name != "type" and not (name in {"enum", "const"} and tuple(error.instance_path) in fixes):
                return None
        return list(fixes.values())

    def _droppable(self, errors: Sequence[Any]) -> list[Where]:
        """Unknown properties that a plain ``additionalProperties: false`` refuses, where the rules drop them."""
        found: list[Where] = []
        for error in errors:
            if error.kind.name == "additionalProperties":
                where = tuple(error.instance_path)
                if self._leaf(where).rules.unknown_fields == "drop":
                    found.extend((*where, name) for name in error.kind.as_dict()["unexpected"])
        return found


_REFUSED = Refused(Code.CONSTRAINT_VIOLATED, "a payload that the schema accepts")
"""Only says that the payload is refused; ``explain`` finds out why."""


def _at(value: Any, where: Where) -> Any:
    for step in where:
        value = value[step]
    return value


def _replaced(value: Any, where: Where, made: Any) -> Any:
    """A copy of ``value`` with ``made`` at ``where``; what is not on the way is shared."""
    if not where:
        return made
    step, *rest = where
    copy = value.copy()
    copy[step] = _replaced(value[step], tuple(rest), made)
    return copy


def _without(value: Any, where: Where) -> Any:
    *parent, name = where
    shorter = {key: item for key, item in _at(value, tuple(parent)).items() if key != name}
    return _replaced(value, tuple(parent), shorter)


def _generic(where: Where) -> Path:
    """The place with ``*`` for array indices, as rules and recorded conversions name it."""
    return tuple("*" if isinstance(step, int) else step for step in where)
