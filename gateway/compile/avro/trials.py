"""What else a place of an Avro schema takes, tried out when a value was refused there: other modes, other rules.

Compiled when first asked for, so that a schema costs nothing for what nobody publishes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from gateway.compile.avro.node import Coerce
from gateway.compile.coercions import BOOLEAN_TO_NUMBER, LOSSY, TOKEN_TO_NULL
from gateway.compile.leaf import Leaf
from gateway.compile.rules import Path, RuleBook, Rules
from gateway.compile.tokens import is_declared_null, is_lenient_null
from gateway.compile.verdict import Log, Refused
from gateway.errors import SchemaError
from gateway.model import Mode
from gateway.notation.pointer import MISSING

_OTHER_MEANING = LOSSY | {BOOLEAN_TO_NUMBER}
"""Conversions whose result a device need not have meant: firmware has sent true for a number by mistake."""
_SCALARS = frozenset({bool, int, float, str})


def or_null(coerce: Coerce, leaf: Leaf) -> Coerce:
    """The rules of a scalar beside null: a text that stands for null is taken, too."""
    if not leaf.nullable:
        return coerce

    def coerce_or_null(value: Any, log: Log) -> Any:
        if type(value) is str and (is_declared_null(value, leaf.rules) or is_lenient_null(value, leaf.rules)):
            leaf.note(log, TOKEN_TO_NULL)
            return None
        return coerce(value, log)

    return coerce_or_null


class LeafTrials:
    """A scalar's place; ``compile_with`` compiles its rules anew."""

    def __init__(self, coerce: Coerce, book: RuleBook, path: Path, compile_with: Callable[[Rules], Coerce]) -> None:
        self._coerce = coerce
        self._book = book
        self._path = path
        self._compile_with = compile_with
        self._wider: list[tuple[Mode, Coerce]] | None = None
        self._changed: dict[tuple[tuple[str, Any], ...], Coerce] = {}

    def widen(self, value: Any) -> tuple[Mode | None, Any]:
        """The lowest wider mode that takes the value, and the JSON scalar that it becomes there."""
        if self._wider is None:
            books = [self._book.in_mode(mode) for mode in self._book.wider()]
            self._wider = [(book.mode, self._compile_with(book.at(self._path))) for book in books]
        for mode, coerce in self._wider:
            log: Log = []
            try:
                made = coerce(value, log)
            except Refused:
                continue
            told = type(made) in _SCALARS and not any(each.code in _OTHER_MEANING for each in log)
            return mode, made if told else MISSING
        return None, MISSING

    def takes(self, value: Any) -> bool:
        """Whether the place takes it as it is, or by conversions that lose nothing."""
        return _takes(self._coerce, value)

    def takes_with(self, changes: Mapping[str, Any], value: Any) -> bool:
        """Whether it would with these rules; never in strict, where no contract can declare them."""
        rules = self._book.at(self._path)
        if rules.strict:
            return False
        key = tuple(changes.items())
        if key not in self._changed:
            self._changed[key] = self._compile_with(replace(rules, **changes))
        try:
            self._changed[key](value, [])
        except Refused:
            return False
        return True


class NodeTrials:
    """The place of an array or a union; ``compile_in`` compiles it in another mode, which may be too much."""

    def __init__(self, write: Coerce, book: RuleBook, compile_in: Callable[[RuleBook], Coerce]) -> None:
        self._write = write
        self._book = book
        self._compile_in = compile_in
        self._wider: list[tuple[Mode, Coerce]] | None = None

    def widen(self, value: Any) -> tuple[Mode | None, Any]:
        """The lowest wider mode that takes the value; what it becomes there is no JSON."""
        if self._wider is None:
            self._wider = []
            try:
                books = [self._book.in_mode(mode) for mode in self._book.wider()]
                self._wider = [(book.mode, self._compile_in(book)) for book in books]
            except SchemaError:
                return None, MISSING
        for mode, write in self._wider:
            try:
                write(value, [])
            except Refused:
                continue
            return mode, MISSING
        return None, MISSING

    def takes(self, value: Any) -> bool:
        """Whether the place takes it as it is, or by conversions that lose nothing."""
        return _takes(self._write, value)

    def takes_with(self, changes: Mapping[str, Any], value: Any) -> bool:
        """Whether an array would take the value as its only item: no other rule is changed here."""
        return "wrap_scalar" in changes and self._book.mode is not Mode.STRICT and self.takes([value])


def _takes(coerce: Coerce, value: Any) -> bool:
    log: Log = []
    try:
        coerce(value, log)
    except Refused:
        return False
    return not any(each.code in LOSSY for each in log)
