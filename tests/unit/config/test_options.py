"""Options: nearest wins, and what a mode allows."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from gateway.config.load import load_options
from gateway.config.options import (
    ALLOWED_IN_STRICT,
    CONVERTS_NOTHING,
    OF_AVRO,
    OF_JSON_SCHEMA,
    Capture,
    Options,
    misplaced,
    without_effect,
)
from gateway.errors import ConfigError
from gateway.model import Format, Mode
from gateway.notation.pointer import Pattern

CONVERTING: dict[str, Any] = {
    "epoch_unit": "s",
    "assume_tz": "UTC",
    "null_tokens": ("-",),
    "non_finite": "null",
    "nan_literals": "null",
    "decimal_separator": ",",
    "float_narrowing": "round",
    "unknown_fields": Capture("/x"),
    "enum_map": {"a": "b"},
    "field_case": "insensitive",
    "wrap_scalar": True,
    "parse_json_strings": (Pattern(("a",)),),
}
"""An example of each option that lossless allows and strict does not."""

READING: dict[str, Any] = {
    "bytes_encoding": "hex",
    "epoch_window": ("2000-01-01", "2001-01-01"),
    "defaults": "fill",
    "union_encoding": "tagged",
    "duplicate_keys": "last",
    "formats": ("uuid",),
    "integers": "int64",
}
"""An example of each option that strict allows, save aliases."""


def test_every_option_is_in_one_of_the_tables() -> None:
    """An option that is added must be judged by whether it converts."""
    names = {field.name for field in fields(Options)}
    assert names == {*CONVERTING, *READING, "aliases", "rounding"}
    assert {*READING, "aliases"} == ALLOWED_IN_STRICT
    assert CONVERTS_NOTHING.keys() <= names - ALLOWED_IN_STRICT


@pytest.mark.parametrize(("name", "value"), CONVERTING.items())
def test_an_option_that_converts_is_refused_in_strict_only(name: str, value: Any) -> None:
    """Lossless and lenient take it; strict says which options it allows."""
    options = Options(**{name: value})
    assert [found.option for found in misplaced(options, Mode.STRICT, override=False)] == [name]
    assert "allows aliases, bytes_encoding" in misplaced(options, Mode.STRICT, override=False)[0].message
    assert misplaced(options, Mode.LOSSLESS, override=False) == []
    assert misplaced(options, Mode.LENIENT, override=False) == []


@pytest.mark.parametrize(("name", "value"), [*READING.items(), *CONVERTS_NOTHING.items()])
def test_what_changes_no_value_is_allowed_in_strict(name: str, value: Any) -> None:
    """How to read is no conversion, and neither is saying no to one."""
    assert misplaced(Options(**{name: value}), Mode.STRICT, override=False) == []


@pytest.mark.parametrize("name", ["non_finite", "nan_literals"])
def test_the_word_null_needs_no_quotes(name: str) -> None:
    """YAML reads it as nothing, people as the word that messages ask them to write; nothing at all stays an error."""
    assert dict(load_options([f"{name}=null"], Mode.LOSSLESS).declared()) == {name: "null"}
    assert dict(load_options([f"{name}='null'"], Mode.LOSSLESS).declared()) == {name: "null"}
    for option in (f"{name}=", "decimal_separator=null"):
        with pytest.raises(ConfigError, match="has no value"):
            load_options([option], Mode.LOSSLESS)


def test_rounding_is_for_lenient_only() -> None:
    """Rounding loses digits, so lossless refuses it too."""
    rounding = Options(rounding="floor")
    assert len(misplaced(rounding, Mode.STRICT, override=False)) == 1
    assert len(misplaced(rounding, Mode.LOSSLESS, override=True)) == 1
    assert misplaced(rounding, Mode.LENIENT, override=True) == []


def test_aliases_belong_to_a_place_and_decoding_to_the_whole_payload() -> None:
    """Each is refused where the other belongs."""
    aliases, decoding = Options(aliases=("a",)), Options(duplicate_keys="last", nan_literals="null")
    assert [found.option for found in misplaced(aliases, Mode.LOSSLESS, override=False)] == ["aliases"]
    assert misplaced(aliases, Mode.STRICT, override=True) == []
    assert {found.option for found in misplaced(decoding, Mode.LOSSLESS, override=True)} == {
        "duplicate_keys",
        "nan_literals",
    }


def test_the_nearer_declaration_wins_option_by_option() -> None:
    """What the nearer one does not declare comes from the farther; saying no is declaring."""
    near = Options(epoch_unit="ms", wrap_scalar=False, null_tokens=())
    far = Options(epoch_unit="s", wrap_scalar=True, null_tokens=("-",), decimal_separator=",")
    assert near.over(far) == Options(epoch_unit="ms", wrap_scalar=False, null_tokens=(), decimal_separator=",")
    assert Options().over(far) == far
    assert far.over(Options()) == far


def test_options_of_the_other_schema_language_do_nothing() -> None:
    """Those that are about one language are told of a contract in the other, unless they say no."""
    every = Options(**CONVERTING, **READING, aliases=("a",), rounding="floor")
    assert set(without_effect(every, Format.JSON)) == {*OF_AVRO, "unknown_fields"}
    assert set(without_effect(every, Format.AVRO)) == OF_JSON_SCHEMA
    assert without_effect(Options(**CONVERTS_NOTHING), Format.JSON) == []
    assert without_effect(Options(non_finite="keep"), Format.JSON) == ["non_finite"]
    assert without_effect(Options(non_finite="keep"), Format.AVRO) == []
