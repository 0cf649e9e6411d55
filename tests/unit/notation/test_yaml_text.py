"""YAML that is written is read back as what was meant."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.notation import NotationError
from gateway.notation.core_schema import MAX_DIGITS
from gateway.notation.document import KeyPath
from gateway.notation.yaml import parse
from gateway.notation.yaml_text import scalar_text, with_scalar, yaml_text

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
LEVEL: KeyPath = ("compatibility",)


@given(TEXTS | st.from_regex(r"[-+.0-9eExXoabfINnaul~]{1,6}", fullmatch=True))
def test_every_text_is_read_back(text: str) -> None:
    assert parse(f"subject: {scalar_text(text)}\n").value == {"subject": text}
    assert parse(f"subject: {yaml_text(text)}\n").value == {"subject": text}


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
        max_leaves=6,
    )
)
def test_every_json_value_is_read_back(value: object) -> None:
    assert parse(f"becomes: {yaml_text(value)}\n").value == {"becomes": value}


@pytest.mark.parametrize("length", [1, 1021, 1022, 1023, 1024, 1025, 5000])
@pytest.mark.parametrize("character", ["k", "é", "\t"])
def test_long_keys_are_read_back(length: int, character: str) -> None:
    """Also those behind which YAML does not look for a colon by itself."""
    value = {"a": 1, character * length: {character * length: 2}, "b": [3]}
    assert parse(f"becomes: {yaml_text(value)}\n").value == {"becomes": value}


@pytest.mark.parametrize("text", ["plant.pump-value", "a/b", "on", "1.2.3", "x@1+2=3", "0b1"])
def test_plain_where_it_is_the_same(text: str) -> None:
    """As a person would write it."""
    assert scalar_text(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1e3",
        "0o17",
        "0x1F",
        "12",
        "1.5",
        "1.",
        "true",
        "NULL",
        "1e999",
        "9" * (MAX_DIGITS + 1),
        "a: b",
        "- a",
        "*a",
    ],
)
def test_quoted_where_it_would_be_something_else(text: str) -> None:
    """By YAML 1.2, which our reader keeps to."""
    assert scalar_text(text) == f'"{text}"'


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("compatibility: FULL  # agreed\nowner: me\n", "compatibility: NONE  # agreed\nowner: me\n"),
        ("a: 1\r\ncompatibility: FULL\r\n# b\r\n", "a: 1\r\ncompatibility: NONE\r\n# b\r\n"),
        ("{owner: é, compatibility: 'FULL'}", "{owner: é, compatibility: NONE}"),
        ('\ufeffcompatibility: "FULL"\n', "\ufeffcompatibility: NONE\n"),
        ("compatibility: !!str FULL", "compatibility: NONE"),
        ("compatibility: &l FULL", "compatibility: NONE"),
    ],
)
def test_a_scalar_is_replaced_and_nothing_else(text: str, changed: str) -> None:
    """Comments, line ends and a byte order mark stay."""
    assert with_scalar(text, LEVEL, "NONE") == changed


@pytest.mark.parametrize(
    "text",
    [
        "description: &l FULL\ncompatibility: *l\n",
        "compatibility: &l FULL\ndescription: *l\n",
        "compatibility: >\n  FULL\n",
        'compatibility: "FU\\\n  LL"\n',
        "compatibility: [FULL]\n",
        "compatibility:\n",
        "owner: me\n",
    ],
    ids=["alias", "anchor", "folded", "lines", "list", "missing", "absent"],
)
def test_what_cannot_be_replaced_where_it_stands(text: str) -> None:
    """Another key would change, or the file would say something else."""
    assert with_scalar(text, LEVEL, "NONE") is None


def test_two_scalars_on_one_line() -> None:
    """The second is found where it stands after the first became longer."""
    text = "references: [{version: 9}, {version: 7}]"
    first = with_scalar(text, ("references", 0, "version"), "10")
    assert first is not None
    assert with_scalar(first, ("references", 1, "version"), "latest") == (
        "references: [{version: 10}, {version: latest}]"
    )


def test_what_is_no_yaml() -> None:
    with pytest.raises(NotationError):
        with_scalar("a: [", LEVEL, "NONE")
