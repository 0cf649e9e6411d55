"""Errors are asked for only where they are few: of a large value in pieces, and of all of it only after that."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from gateway.compile.json_schema.dialect import documents_of
from gateway.compile.json_schema.pieces import count_values, pieces_of
from gateway.compile.json_schema.references import Documents
from gateway.compile.json_schema.repetition import count_repetition
from gateway.compile.json_schema.telling import MOST_ERRORS, Teller, Told
from gateway.compile.json_schema.validator import Validator, make_validator
from tests.unit.compile.compiled import json_version

EVERY = 1_000_000
EITHER = {"items": {"anyOf": [{"type": "integer"}, {"type": "boolean"}]}}
FIELDS = {name: {"anyOf": [{"type": "number"}, {"type": "boolean"}]} for name in "abcd"}
KINDS = {"items": {"oneOf": [{"properties": {**FIELDS, "k": {"enum": [n]}}} for n in range(4)]}}
WRONG = dict.fromkeys("abcd", "1")


class Recorder:
    """A validator that notes what it is asked."""

    def __init__(self, validator: Validator) -> None:
        self._validator = validator
        self.values: list[int] = []
        """How many values there were in each one whose errors were asked for."""
        self.errors = 0
        """Made for that, those inside of others too."""
        self.firsts = 0
        """How often it was asked for the first error only."""

    def is_valid(self, value: Any) -> bool:
        """The verdict."""
        return self._validator.is_valid(value)

    def iter_errors(self, value: Any) -> Iterable[Any]:
        """All errors, noted."""
        self.values.append(count_values(value, EVERY))
        errors = list(self._validator.iter_errors(value))
        self.errors += sum(map(_with_inner, errors))
        return errors

    def validate(self, value: Any) -> None:
        """Raises the first error, noted."""
        self.firsts += 1
        self._validator.validate(value)


def _with_inner(error: Any) -> int:
    branches = error.kind.as_dict().get("context", ())
    return 1 + sum(_with_inner(inner) for branch in branches for inner in branch)


def tell(schema: Any, value: Any) -> tuple[Told, Recorder]:
    """What a teller says, and what it asked for that."""
    references = documents_of(json_version(schema), schema)
    recorder = Recorder(make_validator(schema, references))
    told = Teller(recorder, count_repetition(Documents(schema, references))).tell(value)
    return told, recorder


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (EITHER, [[[[]]]] * 142_000),
        (EITHER, [1] * 100_000 + ["x"] * 100_000),
        (KINDS, [WRONG] * 9_000),
        (KINDS, [WRONG] * 2_000),
        ({"properties": {"v": EITHER, "w": KINDS}}, {"v": [True] * 9_000, "w": [WRONG] * 2_000}),
        ({"additionalProperties": EITHER["items"]}, {f"k{n}": "x" for n in range(50_000)}),
        ({"allOf": [{"properties": {"v": {"maxItems": 1}}} for _ in range(400)]}, {"v": [1] * 100_000}),
        ({"items": {"required": [f"r{n}" for n in range(100)]}}, [{}] * 15_000),
        ({"items": {"oneOf": [{"properties": {"k": {"const": n}}} for n in range(100)]}}, [{}] * 8_000),
    ],
    ids=[
        *("everywhere", "after a good beginning", "in each other", "in a small payload", "beside", "of names"),
        *("copies", "of missing fields", "of branches that fit"),
    ],
)
def test_of_errors_without_end_one_is_told(schema: Any, value: Any):
    """Those of a few pieces are all that is ever made."""
    told, asked = tell(schema, value)
    assert (len(told.flaws), told.complete, asked.firsts) == (1, False, 1)
    assert max(asked.values) < 5_000
    assert asked.errors < 2 * MOST_ERRORS


def test_few_errors_are_all_told():
    """A large value with a few wrong ones in it; a small one is not looked at in pieces."""
    told, asked = tell(KINDS, [{"a": 1, "k": 1}] * 20_000 + [WRONG] * 3)
    assert ([flaw.where for flaw in told.flaws], told.complete) == ([(20_000,), (20_001,), (20_002,)], True)
    assert asked.values[-1] == count_values([{"a": 1, "k": 1}] * 20_000 + [WRONG] * 3, EVERY)
    told, asked = tell(EITHER, ["x"] * 100)
    assert (len(told.flaws), told.complete, asked.values) == (100, True, [101])


def test_an_error_that_holds_all_others_is_not_asked_for():
    """Where the payload as a whole has alternatives, the first error is as large as all."""
    told, asked = tell({"anyOf": [EITHER, {"items": {"type": "null"}}]}, ["x"] * 100_000)
    assert (told, asked.firsts) == (Told([], complete=False), 0)
    assert max(asked.values) < 5_000


def test_each_value_is_in_a_piece():
    """With the levels around it, and with the small properties that may say what it has to be."""
    value = {"kind": "a", "list": [1, [2, 3], {"x": 4}], "other": {"y": [5, 6, 7]}}
    assert list(pieces_of(value, 4)) == [
        {"kind": "a", "list": [1, [2, 3]]},
        {"kind": "a", "list": [{"x": 4}]},
        {"kind": "a", "other": {"y": [5, 6, 7]}},
    ]
    assert list(pieces_of([{}, {}, {"a": 1}], 8, missing=3)) == [[{}, {}], [{"a": 1}]]
    assert list(pieces_of([{}, {}], 2, missing=3)) == [[{}], [{}]]
    assert list(pieces_of(7, 1)) == [7]
    assert list(pieces_of([], 1)) == [[]]
    assert list(pieces_of([[1, 2], 3], 2)) == [[[1, 2]], [3]]
    assert list(pieces_of({"a": 1, "b": 2}, 1)) == [{"a": 1}, {"b": 2}]
    assert [len(piece) for piece in pieces_of(list(range(10)), 4)] == [4, 4, 2]
