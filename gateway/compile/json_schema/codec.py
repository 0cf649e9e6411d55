"""JSON Schema + rules -> the function that turns a payload into an acceptable JSON text.

Fields get their own names and, where the contract asks for it, their defaults; then the schema judges. A valid
payload keeps its bytes, or is written anew if that changed it. An invalid one is mended, or refused with what is
wrong with it as it came.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from gateway.compile.json_schema.defaults import compile_defaults
from gateway.compile.json_schema.dialect import documents_of, parse_schema
from gateway.compile.json_schema.direct import compile_direct
from gateway.compile.json_schema.flaws import Where, generic
from gateway.compile.json_schema.mending import Attempt, Mender
from gateway.compile.json_schema.references import Documents
from gateway.compile.json_schema.renames import Renaming, compile_renames
from gateway.compile.json_schema.repairs import Repairs
from gateway.compile.json_schema.repetition import count_repetition
from gateway.compile.json_schema.report import Report
from gateway.compile.json_schema.subschemas import count_places, property_names
from gateway.compile.json_schema.telling import Teller
from gateway.compile.json_schema.unknown import Unknown
from gateway.compile.json_schema.validator import check_schemas, make_validator
from gateway.compile.remedy import violation
from gateway.compile.rules import RuleBook
from gateway.compile.verdict import Findings, Log, Refused
from gateway.model import Code, Mode, SchemaVersion

_encode = msgspec.json.Encoder().encode
_NO_RENAMING = Renaming()


class _Unacceptable(Refused):
    """A payload that did not become a valid one, and what was tried."""

    __slots__ = ("attempt", "renaming")

    def __init__(self, renaming: Renaming, attempt: Attempt) -> None:
        super().__init__(Code.CONSTRAINT_VIOLATED, "a payload that the schema accepts")
        self.renaming = renaming
        self.attempt = attempt


class JsonSchemaCodec:
    """A schema compiled for one contract."""

    def __init__(self, version: SchemaVersion, book: RuleBook) -> None:
        """Compiles; raises SchemaError."""
        self.source = parse_schema(version)
        references = documents_of(version, self.source)
        self.places = count_places(self.source, references.values())
        """Subschemas of all documents: what start-up time and memory grow with."""
        check_schemas(self.source, references)
        documents = Documents(self.source, references)
        repetition = count_repetition(documents)
        self.deepest = repetition.deepest
        """The levels of nesting beyond which the validator must not be asked, None where there are none."""
        # After the count: what is too many for it, it cannot make.
        whole = book.at(())
        validator = make_validator(self.source, references, formats=whole.formats, int64=whole.int64)
        self._is_valid: Callable[[Any], bool] = validator.is_valid
        self._book = book
        self._named = property_names(self.source, references.values())
        self._renames = compile_renames(book, self.source)
        self._defaults = compile_defaults(documents, book)
        teller = Teller(validator, repetition)
        self._unknown = Unknown(documents)
        self._mender = Mender(validator, teller, self._unknown, book)
        self._repairs = Repairs(validator, teller, self._unknown, book, self._mender)
        self._convert_directly = compile_direct(documents, book, self._mender)

    def encoder(self) -> Callable[[Any, bytes | None, Log], bytes]:
        """The function ``(value, its JSON text if it has one, log)`` -> JSON text. It raises Refused."""
        is_valid, mended = self._is_valid, self._mended
        if self._renames is not None or self._defaults is not None:
            return self._encode_arranged

        def encode(value: Any, text: bytes | None, log: Log) -> bytes:
            if is_valid(value):
                return text if text is not None else _encode(value)
            return _encode(mended(value, None, log))

        return encode

    def _encode_arranged(self, value: Any, text: bytes | None, log: Log) -> bytes:
        renaming, arranged = Renaming(), value
        if self._renames is not None:
            arranged = self._renames.apply(value, renaming, log)
            if renaming.clashes:
                raise _Unacceptable(renaming, Attempt(arranged, []))
        if self._defaults is not None:
            arranged = self._defaults.apply(arranged, (), log)
        if self._is_valid(arranged):
            return text if arranged is value and text is not None else _encode(arranged)
        return _encode(self._mended(arranged, renaming, log))

    def _mended(self, value: Any, renaming: Renaming | None, log: Log) -> Any:
        direct = self._convert_directly(value) if self._convert_directly is not None else None
        if direct is not None and self._is_valid(direct[0]):
            log += direct[1]
            return direct[0]
        attempt = self._mender.attempt(value, log)
        if not attempt.succeeded:
            raise _Unacceptable(_NO_RENAMING if renaming is None else renaming, attempt)
        return attempt.value

    def explain(self, value: Any, refused: Refused, findings: Findings) -> None:
        """Every violation that is left after all conversions that do work, and those that do not."""
        assert isinstance(refused, _Unacceptable)
        renaming, attempt = refused.renaming, refused.attempt
        if attempt.limit is not None:
            findings.add(violation(attempt.limit, value, "", ""))
            return

        report = Report(
            value,
            attempt.value,
            self.source,
            attempt.failed,
            attempt.complete,
            attempt.converted,
            renaming.keys,
            self._repairs,
            self._unknown,
            self._named,
            self._aliases,
            "" if self._book.mode is Mode.STRICT else "declare unknown_fields: drop in the contract",
        )
        for where, clash in renaming.clashes:
            findings.add(report.clash(where, clash))
        for found in report.violations(attempt.flaws or list(attempt.hopeless.values())):
            findings.add(found)
            if findings.full:
                return
        findings.truncated = not attempt.complete

    def _aliases(self, where: Where) -> tuple[str, ...]:
        return self._book.at(generic(where)).aliases
