"""docs/errors.md is whole, and what it shows is what happens."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway.compile import coercions
from gateway.compile.readback import compile_readback
from gateway.compile.route import compile_route
from gateway.model import Code, Rejection
from gateway.notation.yaml import parse
from tests.unit.compile.compiled import ARRIVAL, PREFIX, accepted, contract_of, conversions, version_of
from tests.unit.compile.judge import bind
from tests.unit.compile.vectors import Refusal, read_cases, same
from tests.unit.errors_page import PAGE, Entry, Example, answered, first_error, read_entries

TEXT = PAGE.read_text("utf-8")
ENTRIES = {entry.code: entry for entry in read_entries(TEXT)}
EXAMPLES = [example for entry in ENTRIES.values() for example in entry.examples]
SOURCES = sorted((PAGE.parents[1] / "gateway").rglob("*.py"))
CONVERSIONS = re.findall(r"^\| `([a-z-]+)`(\\\*|\+|) \| [^|]* \| (.*) \|$", TEXT, re.MULTILINE)


def test_every_code_has_an_entry_with_an_example() -> None:
    """One each, in three levels of headings; and there is none about a code that is gone."""
    headings = re.findall(r"^### (.*)$", TEXT, re.MULTILINE)
    assert sorted(headings) == sorted(Code)
    assert [entry.code for entry in ENTRIES.values() if not entry.examples] == []
    assert TEXT.count("```yaml") == len(EXAMPLES)


@pytest.mark.parametrize("example", EXAMPLES, ids=[f"{n}-{each.code}" for n, each in enumerate(EXAMPLES)])
def test_an_example_is_rejected_as_it_says(example: Example) -> None:
    """Its dead letter's first error has the code of the heading, the message and all else."""
    error = first_error(example.given)
    assert error["code"] == example.code
    assert error.pop("message") == example.message
    assert error == example.error
    assert list(error) == list(example.error)


def test_answers_are_written_anew_as_they_stand() -> None:
    """So that a changed message changes the page by one command, and only there."""
    assert answered(TEXT) == TEXT


def keys_in_the_sources() -> dict[str, set[str]]:
    """Code -> the names of params that the sources give it in so many words."""
    found: dict[str, set[str]] = defaultdict(set)
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text("utf-8"))):
            if isinstance(node, ast.Call) and node.args and (code := _code(node.args[0])) is not None:
                found[code].update(_params(node))
    return found


def _code(node: ast.expr) -> str | None:
    named = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Code"
    return str(Code[node.attr]) if named and isinstance(node, ast.Attribute) else None


def _params(call: ast.Call) -> Iterator[str]:
    """Of ``Refused(Code.X, ..., name=...)`` and of ``Violation(Code.X, ..., params={...})``."""
    if ast.unparse(call.func) in {"Refused", "Misspelled"}:
        yield from (each.arg for each in call.keywords if each.arg)
    for each in call.keywords:
        if each.arg == "params" and isinstance(each.value, ast.Dict):
            yield from (str(key.value) for key in each.value.keys if isinstance(key, ast.Constant))


def keys_of_the_vectors() -> dict[str, set[str]]:
    """Code -> the names of params that some vector's rejection has."""
    found: dict[str, set[str]] = defaultdict(set)
    for case in read_cases():
        if isinstance(case.outcome, Refusal):
            outcome = bind(case).encode(case.payload, ARRIVAL)
            assert isinstance(outcome, Rejection)
            for violation in outcome.violations:
                found[violation.code].update(violation.params)
    return found


def test_every_parameter_is_explained_and_none_that_is_not_there() -> None:
    """What the sources name, what any vector or example has, and no other."""
    shown: dict[str, set[str]] = defaultdict(set)
    for example in EXAMPLES:
        shown[example.code].update(example.error["params"])
    named, seen = keys_in_the_sources(), keys_of_the_vectors()
    for entry in ENTRIES.values():
        there = named[entry.code] | seen[entry.code] | shown[entry.code]
        assert set(entry.params) == (_branches_as_one(there) if entry.code == "union-no-match" else there), entry.code


def _branches_as_one(keys: set[str]) -> set[str]:
    """The params of union-no-match are named after the branches."""
    return {"<branch>"} | keys & {"fix"}


def test_every_value_of_a_hint_is_named() -> None:
    """Of a parameter that is one of few words, the words are listed: programs compare with them."""
    words: dict[tuple[str, str], set[str]] = defaultdict(set)
    for case in read_cases():
        if isinstance(case.outcome, Refusal):
            outcome = bind(case).encode(case.payload, ARRIVAL)
            assert isinstance(outcome, Rejection)
            for violation in outcome.violations:
                for name in ("hint", "problem", "limit"):
                    if violation.code != Code.CONSTRAINT_VIOLATED and name in violation.params:
                        words[violation.code, name].add(violation.params[name])
    assert len(words) >= 3
    for (code, name), found in words.items():
        [row] = re.findall(rf"^\| `{name}` \| (.*) \|$", _section(ENTRIES[code]), re.MULTILINE)
        assert {word for word in found if f"`{word}`" not in row} == set(), (code, name)


def _section(entry: Entry) -> str:
    return TEXT.split(f"\n### {entry.code}\n", 1)[1].split("\n### ", 1)[0]


def test_every_conversion_has_a_row() -> None:
    """With its mark, and none that is gone."""
    codes = {value for name, value in vars(coercions).items() if name.isupper() and isinstance(value, str)}
    assert sorted(code for code, _, _ in CONVERSIONS) == sorted(codes)
    assert {code for code, mark, _ in CONVERSIONS if mark == "\\*"} == coercions.LOSSY
    assert {code for code, mark, _ in CONVERSIONS if mark == "+"} == {code for code in codes if code.endswith("filled")}


@pytest.mark.parametrize(("code", "cells"), [(code, cells) for code, _, cells in CONVERSIONS])
def test_a_conversion_is_made_as_its_row_says(code: str, cells: str) -> None:
    """The payload becomes that value, and this is what is noted, if with others."""
    schema, rules, payload, becomes = (cell.strip().strip("`") for cell in cells.split(" | "))
    version = version_of(parse(schema).value)
    declared: dict[str, Any] = parse(rules).value if rules else {}
    data = payload.replace("\\ufeff", "\ufeff").replace("\\0", "\0")
    record = accepted(version, data, **declared)
    assert code in {noted for _, noted in conversions(record)}
    value = compile_readback(version)(record.value.removeprefix(PREFIX))
    assert same(value, msgspec.json.decode(becomes)), value


def test_the_page_s_schemas_compile_alone() -> None:
    """No example leans on what another one declares."""
    for example in EXAMPLES:
        if "schema" in example.given:
            contract = contract_of()
            compile_route(contract, contract.variants()[0], version_of(example.given["schema"]), depth=64)


def test_it_can_be_found() -> None:
    """From the front page, and from where codes are shown."""
    root = Path(PAGE).parents[1]
    for page in ("README.md", "docs/records.md", "docs/commands.md", "docs/coercion.md"):
        assert "errors.md" in (root / page).read_text("utf-8"), page
