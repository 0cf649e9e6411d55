"""JSON Schema + rules -> the function that turns a payload into an acceptable JSON text.

A valid payload keeps its bytes. An invalid one is mended by the validator's own errors: where every error
is a wrong type, exactly those leaves are converted in a copy and the copy is judged again. So ``$ref``,
``allOf``, ``if`` and schema-valued ``additionalProperties`` need no walk of the schema here. Any other
error rejects; it is never "mended" into something that happens to pass.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from gateway.compile.coercions import UNKNOWN_DROPPED
from gateway.compile.json_schema.conversion import convert
from gateway.compile.json_schema.dialect import make_validator, parse_schema
from gateway.compile.json_schema.report import Report, Where
from gateway.compile.leaf import Leaf
from gateway.compile.rules import MODES, Path, RuleBook
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


@dataclass(slots=True)
class Attempt:
    """What was made of an invalid value so far."""

    value: Any
    failed: dict[Where, Refused]
    """Conversions that were asked for and refused."""
    errors: list[Any]
    """The validator's errors about ``value``."""
    converted: set[Where] = field(default_factory=set)
    """Places that were converted: none is converted twice."""
    hopeless: list[Any] = field(default_factory=list)
    """Errors that no conversion of types mends: the payload is refused, even if a conversion silences them."""


class Unmended(Refused):
    """A value that conversions did not make valid."""

    def __init__(self, attempt: Attempt) -> None:
        super().__init__(Code.CONSTRAINT_VIOLATED, "a payload that the schema accepts")
        self.attempt = attempt


class JsonSchemaCodec:
    """A schema compiled for one contract."""

    def __init__(self, version: SchemaVersion, book: RuleBook) -> None:
        """Compiles; raises SchemaError."""
        self.source = parse_schema(version)
        self._validator = make_validator(version, self.source)
        self.is_valid: Callable[[Any], bool] = self._validator.is_valid
        """The whole judgement on a decoded payload that needs no conversion."""
        self._book = book
        modes = [mode for mode in MODES if mode is not Mode.STRICT and mode not in book.wider()]
        self._books = [book.in_mode(mode) for mode in modes]
        """Under each mode up to the contract's own, strict aside, the narrowest first."""

    def mend(self, value: Any, log: Log) -> Any:
        """A valid value made from an invalid one by type conversions alone. Raises Unmended."""
        attempt = Attempt(value, {}, list(self._validator.iter_errors(value)))
        if not self._book.at(()).strict:
            self._convert_all(attempt, log)
        if attempt.failed or attempt.errors or attempt.hopeless:
            raise Unmended(attempt)
        return attempt.value

    def write(self, value: Any) -> bytes:
        """A value as JSON text; integers keep all their digits."""
        return _encode(value)

    def explain(self, value: Any, refused: Refused, findings: Findings) -> None:
        """Every violation that is left after all conversions that do work, and those that do not."""
        assert isinstance(refused, Unmended)
        report = Report(value, self.source, refused.attempt.failed, self._passes_in)
        for violation in report.violations(refused.attempt.errors or refused.attempt.hopeless):
            findings.add(violation)

    def _passes_in(self, where: Where, error: Any) -> Mode | None:
        """The lowest wider mode that converts the leaf of a type error, found by trying."""
        if error.kind.name != "type":
            return None
        for mode in self._book.wider():
            leaf = Leaf(self._book.in_mode(mode).at(path := _generic(where)), path)
            try:
                convert(error.kind.as_dict()["types"], error.instance, [leaf], [])
            except Refused:
                continue
            return mode
        return None

    def _convert_all(self, attempt: Attempt, log: Log) -> None:
        """Converts all convertible leaves, round by round, as far as the errors ask for it."""
        for _ in range(MOST_ROUNDS):
            settled = attempt.failed.keys() | attempt.converted
            fixes = [fix for fix in self._fixes(attempt) if fix.where not in settled]
            dropped = self._droppable(attempt)
            changed = bool(dropped)
            mistyped = {tuple(error.instance_path) for error in attempt.errors if error.kind.name == "type"}
            attempt.hopeless += [error for error in attempt.errors if not self._is_mendable(error, mistyped)]
            for fix in fixes:
                try:
                    made = convert(fix.types, _at(attempt.value, fix.where), self._leaves(fix.where), log)
                except Refused as refused:
                    attempt.failed[fix.where] = refused.stored()
                else:
                    attempt.value = _replaced(attempt.value, fix.where, made)
                    attempt.converted.add(fix.where)
                    changed = True
            for where in dropped:
                attempt.value = _without(attempt.value, where)
                log.append(Coercion(str(Pointer(_generic(where))), UNKNOWN_DROPPED))
            if not changed:
                return
            attempt.errors = list(self._validator.iter_errors(attempt.value))
            if not attempt.errors:
                return

    def _leaves(self, where: Where) -> list[Leaf]:
        """The place under each mode up to the contract's own, strict aside."""
        path = _generic(where)
        return [Leaf(book.at(path), path) for book in self._books]

    def _is_mendable(self, error: Any, mistyped: Collection[Where]) -> bool:
        """Whether conversions may make the error go away: wrong types, and what only follows from them."""
        name, where = error.kind.name, tuple(error.instance_path)
        if name in {"type", "anyOf", "oneOf"}:
            return True
        if name in {"enum", "const"}:
            return where in mistyped
        return name == "additionalProperties" and self._drops(where)

    def _drops(self, where: Where) -> bool:
        """Whether unknown properties of the object at this place are dropped."""
        return self._book.at(_generic(where)).unknown_fields == "drop"

    def _fixes(self, attempt: Attempt) -> list[Conversion]:
        """The conversions that the errors ask for, one a place."""
        fixes: dict[Where, Conversion] = {}
        for error in attempt.errors:
            name = error.kind.name
            if name == "type":
                where = tuple(error.instance_path)
                fixes.setdefault(where, Conversion(where, tuple(error.kind.as_dict()["types"])))
            elif name in {"anyOf", "oneOf"}:
                for fix in self._branch_fixes(error, attempt):
                    fixes.setdefault(fix.where, fix)
        return list(fixes.values())

    def _branch_fixes(self, error: Any, attempt: Attempt) -> Iterable[Conversion]:
        """The conversions of the one branch that types alone can mend; none, or two different, mend nothing.

        The lowest mode in which a branch can be mended decides.
        """
        branches = [self._types_only(branch) for branch in error.kind.as_dict().get("context", ())]
        mendable = [fixes for fixes in branches if fixes is not None]
        for count in range(1, len(self._books) + 1):
            candidates: dict[tuple[Any, ...], list[Conversion]] = {}
            for fixes in mendable:
                made = self._converted(fixes, attempt.value, count)
                if made is not None and self._resolves(error, made, attempt.value):
                    candidates[tuple((at, type(result), repr(result)) for at, result in made)] = fixes
            if len(candidates) > 1:
                names = [" and ".join("/".join(fix.types) for fix in fixes) for fixes in candidates.values()]
                advice = f"it could become {' or '.join(names)}"
                where = tuple(error.instance_path)
                attempt.failed[where] = Refused(Code.UNION_AMBIGUOUS, "one reading", advice, candidates=names)
                return []
            if candidates:
                return next(iter(candidates.values()))
        return []

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

    def _converted(self, fixes: Sequence[Conversion], value: Any, count: int) -> list[tuple[Where, Any]] | None:
        """Each fix's place and converted value by the lowest ``count`` modes, None where one cannot be converted."""
        made: list[tuple[Where, Any]] = []
        for fix in fixes:
            try:
                converted = convert(fix.types, _at(value, fix.where), self._leaves(fix.where)[:count], [])
            except Refused:
                return None
            made.append((fix.where, converted))
        return made

    def _resolves(self, error: Any, made: Sequence[tuple[Where, Any]], value: Any) -> bool:
        """Whether the conversions make this very error go away: a branch may refuse the converted value too."""
        for where, converted in made:
            value = _replaced(value, where, converted)
        place = (list(error.instance_path), list(error.evaluation_path))
        errors = self._validator.iter_errors(value)
        return all((list(other.instance_path), list(other.evaluation_path)) != place for other in errors)

    def _droppable(self, attempt: Attempt) -> list[Where]:
        """Unknown properties that a plain ``additionalProperties: false`` refuses, where the rules drop them.

        Never all properties of an object: it would become an empty one, made of misspelled names.
        """
        found: list[Where] = []
        for error in attempt.errors:
            where = tuple(error.instance_path)
            if error.kind.name == "additionalProperties" and self._drops(where):
                names = error.kind.as_dict()["unexpected"]
                if set(_at(attempt.value, where)) <= set(names):
                    advice = "none of its fields is known to the schema"
                    known = "an object with fields of the schema"
                    attempt.failed[where] = Refused(Code.NO_KNOWN_FIELDS, known, advice, seen=names[:20])
                else:
                    found.extend((*where, name) for name in names)
        return found


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
