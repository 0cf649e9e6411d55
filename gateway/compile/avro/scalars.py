"""The targets that are no numbers: one function each, which reads like its row of docs/coercion.md.

Each returns a ``Scalar`` whose ``coerce`` branches on the kind of JSON value: first the identity, then
what lossless mode converts, then what lenient mode adds. A value of another kind is a mismatch.
"""

from __future__ import annotations

from typing import Any

from gateway.compile import numbers, texts
from gateway.compile.avro import binary
from gateway.compile.avro.node import Clean, Scalar
from gateway.compile.avro.numeric import finite
from gateway.compile.avro.schema import EnumType
from gateway.compile.coercions import (
    ARRAY_TO_BYTES,
    BOOLEAN_TO_STRING,
    ENUM_CASE,
    ENUM_MAPPED,
    INTEGER_TO_STRING,
    NUMBER_TO_BOOLEAN,
    NUMBER_TO_STRING,
    STRING_TO_BOOLEAN,
    STRING_TO_BYTES,
    TOKEN_TO_NULL,
)
from gateway.compile.leaf import Leaf, mismatch, plain_number, refuse_null
from gateway.compile.refusals import BOOLEAN_NUMBERS, CHOICE_OF_SPELLING, TOO_MANY_DIGITS, refuse_boolean_text, spell_as
from gateway.compile.sentence import listed
from gateway.compile.tokens import FALSE_TEXTS, LENIENT_FALSE, LENIENT_TRUE, TRUE_TEXTS
from gateway.compile.verdict import Advice, Log, Misspelled, Refused
from gateway.model import Code
from gateway.notation.nearest import Near

_LIST_OF_BYTES = Advice("a list stands for bytes only if all its items are whole numbers from 0 to 255")
_UNDECLARED = Advice(
    "the same text reads differently as base64, hex, latin1 or utf8",
    declare="declare bytes_encoding in the contract",
)


def compile_null(leaf: Leaf) -> Scalar:
    """``null``: null, lenient also the empty string."""
    wanted = "null"

    def coerce(value: Any, log: Log) -> None:
        if value is None:
            return
        if value == "" and leaf.rules.lenient:
            leaf.note(log, TOKEN_TO_NULL)
            return
        raise mismatch(wanted)

    return Scalar(wanted, coerce, lambda _: binary.NULL, Clean("{x} is None", "b''", {}))


def compile_boolean(leaf: Leaf) -> Scalar:
    """``boolean``: true, false; lossless also 0, 1 and three casings of the words."""
    rules, wanted = leaf.rules, "true or false"

    def coerce(value: Any, log: Log) -> bool:
        kind = type(value)
        if kind is bool:
            return bool(value)
        if value is None:
            raise refuse_null(wanted)
        if rules.strict or kind in {dict, list}:
            raise mismatch(wanted)
        if kind is str:
            return from_text(value, log)
        number = value if kind is int else plain_number(value)
        if kind is not int and not (rules.lenient and number.is_integer()):
            raise mismatch(wanted)
        if number not in {0, 1}:
            raise Refused(Code.INVALID_BOOLEAN, wanted, BOOLEAN_NUMBERS, accepted=[0, 1])
        leaf.note(log, NUMBER_TO_BOOLEAN)
        return bool(number)

    def from_text(text: str, log: Log) -> bool:
        if text in TRUE_TEXTS or (rules.lenient and text.lower() in LENIENT_TRUE):
            leaf.note(log, STRING_TO_BOOLEAN)
            return True
        if text in FALSE_TEXTS or (rules.lenient and text.lower() in LENIENT_FALSE):
            leaf.note(log, STRING_TO_BOOLEAN)
            return False
        raise refuse_boolean_text(rules, wanted)

    return Scalar(
        wanted,
        coerce,
        lambda value: binary.TRUE if value else binary.FALSE,
        Clean("{x} is True or {x} is False", "b'\\x01' if {x} else b'\\x00'", {}),
    )


def compile_string(leaf: Leaf) -> Scalar:
    """``string``: text; lossless also integers; lenient also any number and booleans."""
    rules, wanted = leaf.rules, "text"

    def coerce(value: Any, log: Log) -> str:
        kind = type(value)
        if kind is str:
            return str(value)
        if value is None:
            raise refuse_null(wanted)
        if rules.strict or kind in {dict, list}:
            raise mismatch(wanted)
        if kind is int:
            if value.bit_length() > numbers.MOST_TEXT_BITS:
                raise Refused(Code.OUT_OF_RANGE, wanted, TOO_MANY_DIGITS)
            leaf.note(log, INTEGER_TO_STRING)
            return str(value)
        if not rules.lenient:
            raise mismatch(wanted, CHOICE_OF_SPELLING)
        if kind is bool:
            leaf.note(log, BOOLEAN_TO_STRING)
            return "true" if value else "false"
        leaf.note(log, NUMBER_TO_STRING)
        return repr(finite(float(value), wanted))

    clean = Clean("type({x}) is str", "{encode_string}({x})", {"encode_string": binary.encode_string})
    return Scalar(wanted, coerce, binary.encode_string, clean)


def compile_bytes(leaf: Leaf, amount: str = "bytes") -> Scalar:
    """``bytes``: text in the declared encoding; lenient falls back to base64 and takes lists of 0 to 255."""
    rules = leaf.rules
    decode = texts.DECODERS[rules.bytes_encoding] if rules.bytes_encoding else None
    wanted = f"{amount} as {rules.bytes_encoding or ('base64' if rules.lenient else 'encoded')} text"

    def coerce(value: Any, log: Log) -> bytes:
        kind = type(value)
        if kind is str:
            return from_text(value, log)
        if value is None:
            raise refuse_null(wanted)
        if kind is list and rules.lenient:
            if all(type(item) is int and 0 <= item <= 255 for item in value):
                leaf.note(log, ARRAY_TO_BYTES)
                return bytes(value)
            raise mismatch(wanted, _LIST_OF_BYTES)
        raise mismatch(wanted)

    def from_text(text: str, log: Log) -> bytes:
        try:
            if decode is not None:
                # A declared encoding is how this text is read, not a conversion of it.
                return decode(text)
            if rules.lenient:
                data = texts.decode_loose_base64(text)
                leaf.note(log, STRING_TO_BYTES)
                return data
        except ValueError:
            name = rules.bytes_encoding or "base64"
            advice = Advice(f"the text is not valid {name}", propose=lambda text: texts.respelled(text, name))
            raise Refused(Code.INVALID_FORMAT, wanted, advice, format=name) from None
        raise Refused(Code.ENCODING_UNDECLARED, wanted, _UNDECLARED)

    return Scalar(wanted, coerce, binary.encode_bytes)


def compile_fixed(leaf: Leaf, size: int) -> Scalar:
    """``fixed``: as bytes, then exactly ``size`` of them."""
    inner = compile_bytes(leaf, f"exactly {size} bytes")
    wanted = inner.wanted

    def coerce(value: Any, log: Log) -> bytes:
        data: bytes = inner.coerce(value, log)
        if len(data) != size:
            advice = Advice(f"the text is {len(data)} bytes")
            raise Refused(Code.SIZE_MISMATCH, wanted, advice, size=size, actual=len(data))
        return data

    return Scalar(wanted, coerce, bytes)


def compile_enum(leaf: Leaf, kind: EnumType) -> Scalar:
    """``enum``: its symbols; declared ``enum_map``; lenient also a unique match in another case."""
    rules = leaf.rules
    codes = {symbol: binary.encode_long(n) for n, symbol in enumerate(kind.symbols)}
    folded: dict[str, str | None] = {}
    for symbol in kind.symbols:
        folded[symbol.lower()] = None if symbol.lower() in folded else symbol
    wanted = f"one of {listed(kind.symbols)}"

    def coerce(value: Any, log: Log) -> str:
        if type(value) is not str:
            raise refuse_null(wanted) if value is None else mismatch(wanted)
        if value in codes:
            return value
        mapped = rules.enum_map.get(value)
        if mapped in codes:
            leaf.note(log, ENUM_MAPPED)
            return mapped
        symbol = folded.get(value.lower()) if value.isascii() else None
        if rules.lenient and symbol is not None:
            leaf.note(log, ENUM_CASE)
            return symbol
        raise Misspelled(Code.NOT_IN_ENUM, wanted, value, kind.symbols, advise, allowed=list(kind.symbols[:20]))

    def advise(near: Near | None) -> Advice:
        declare = "" if rules.strict else "declare enum_map in the contract"
        return spell_as(near, declare)

    return Scalar(
        wanted,
        coerce,
        codes.__getitem__,
        Clean("type({x}) is str and {x} in {codes}", "{codes}[{x}]", {"codes": codes}),
    )
