"""What ``jsonschema``, ``jsonschema-rs`` and the gateway say of a payload is the same, but for what is listed.

Payloads are those of the official suite, of the vectors, of the list itself and generated ones. The gateway is asked in
mode strict and without options, from bytes to record; the libraries by themselves, without what the gateway adds.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema
import jsonschema_rs
import pytest
import referencing
import referencing.jsonschema
from hypothesis import event, given, settings
from hypothesis import strategies as st

from gateway.compile.json_schema.dialect import ROOT, documents_of, draft_of, parse_schema
from gateway.errors import SchemaError
from gateway.model import Format, Mode, Record, SchemaVersion, Stage
from gateway.notation.yaml import parse
from tests.suites.generated import schemas, values
from tests.suites.official import DRAFTS, files, groups
from tests.unit.compile.compiled import ARRIVAL, binding_of, json_version
from tests.unit.compile.vectors import read_cases

LIST = Path(__file__).parent / "second_opinion.yaml"
JUDGES = ("jsonschema", "jsonschema-rs", "gateway")
VERDICTS = ("accepted", "rejected", "fails")
_PYTHON: Mapping[str, Any] = {
    "draft4": jsonschema.Draft4Validator,
    "draft6": jsonschema.Draft6Validator,
    "draft7": jsonschema.Draft7Validator,
    "draft2019-09": jsonschema.Draft201909Validator,
    "draft2020-12": jsonschema.Draft202012Validator,
}
_RUST: Mapping[str, Any] = {
    "draft4": jsonschema_rs.Draft4Validator,
    "draft6": jsonschema_rs.Draft6Validator,
    "draft7": jsonschema_rs.Draft7Validator,
    "draft2019-09": jsonschema_rs.Draft201909Validator,
    "draft2020-12": jsonschema_rs.Draft202012Validator,
}


class Question(NamedTuple):
    """A payload and where it stands."""

    source: str
    """Draft, file and description of the suite, or the schema as JSON."""
    payload: str
    """Its description in the suite, or the text itself."""


class Judges:
    """The three for one schema."""

    def __init__(self, version: SchemaVersion) -> None:
        """Raises SchemaError where the gateway refuses the schema."""
        self._binding = binding_of(version, mode=Mode.STRICT)
        source = parse_schema(version)
        documents = documents_of(version, source)
        uri = draft_of(source)
        draft = next(name for name, each in DRAFTS.items() if each.removesuffix("#") == uri)
        specification = referencing.jsonschema.specification_with(uri)
        known = ((name, referencing.Resource.from_contents(each, specification)) for name, each in documents.items())
        self._python = _PYTHON[draft](source, registry=referencing.Registry().with_resources(known))
        registry = jsonschema_rs.Registry(list(documents.items())) if documents else None
        self._rust = _RUST[draft](source, registry=registry, base_uri=ROOT, offline=True, validate_formats=False)

    def verdicts(self, payload: bytes) -> tuple[str, str, str] | None:
        """What each says, in the order of ``JUDGES``; None of what is no JSON value to the gateway."""
        outcome = self._binding.encode(payload, ARRIVAL)
        if not isinstance(outcome, Record) and outcome.stage is Stage.DECODE:
            return None
        value = json.loads(payload)
        ours = "accepted" if isinstance(outcome, Record) else "rejected"
        return _verdict(self._python, value), _verdict(self._rust, value), ours


def _verdict(validator: Any, value: Any) -> str:
    try:
        return "accepted" if validator.is_valid(value) else "rejected"
    except Exception:  # noqa: BLE001 (whatever it is, it is no verdict)
        return "fails"


def _differing(judges: Judges, payload: bytes) -> tuple[str, str] | None:
    """Who stands alone, and what he says; None where all agree."""
    verdicts = judges.verdicts(payload)
    if verdicts is None or len(set(verdicts)) == 1:
        return None
    [alone] = [n for n, verdict in enumerate(verdicts) if verdicts.count(verdict) == 1]
    return JUDGES[alone], verdicts[alone]


def _text(schema: Any) -> str:
    return json.dumps(schema, sort_keys=True)


def _with_draft(schema: Any, draft: str) -> Any:
    return {"$schema": DRAFTS[draft], **schema}


@cache
def _entries() -> tuple[Mapping[str, Any], ...]:
    return tuple(parse(LIST.read_text("utf-8")).value["differences"])


def _listed() -> Iterator[tuple[Question, tuple[str, str]]]:
    """Every question of the list, with who stands alone and what he says."""
    for entry in _entries():
        for group in (*entry.get("suite", ()), *entry.get("cases", ())):
            for draft in group.get("drafts", DRAFTS):
                if "file" in group:
                    source = f"{draft}/{group['file']}: {group['schema']}"
                else:
                    source = _text(_with_draft(group["schema"], draft))
                for says in VERDICTS:
                    for payload in group.get(says, ()):
                        yield Question(source, payload), (entry["alone"], says)


def test_the_list_says_of_every_difference_who_is_right_and_why():
    """Each entry is whole, and no question is in it twice."""
    for entry in _entries():
        assert entry.keys() <= {"about", "alone", "right", "why", "suite", "cases"}
        assert entry["alone"] in JUDGES
        assert set(entry["right"].split(" and ")) <= set(JUDGES)
        assert len(entry["why"]) > 40
    questions = [question for question, _ in _listed()]
    assert len(questions) == len(set(questions)) > 150


def _differences(versions: Iterable[tuple[str, SchemaVersion, Iterable[tuple[str, bytes]]]]) -> dict[Question, Any]:
    """Who stands alone in which question; schemas that the gateway refuses are another test's matter."""
    found: dict[Question, Any] = {}
    for source, version, payloads in versions:
        try:
            judges = Judges(version)
        except SchemaError:
            continue
        for name, payload in payloads:
            differing = _differing(judges, payload)
            if differing is not None:
                found[Question(source, name)] = differing
    return found


def test_on_the_official_suite_they_differ_where_the_list_says():
    """Required and optional tests, those of formats too, which all three take for annotations."""
    every = (*files(), *files("optional/*.json"), *files("optional/format/*.json"))
    found = _differences(
        (group.name, group.version, [(judged.about, judged.payload) for judged in group.judged])
        for file in every
        for group in groups(file)
    )
    assert found == {question: says for question, says in _listed() if question.source[0] != "{"}


def test_on_vectors_and_cases_they_differ_where_the_list_says():
    """Every vector of a JSON Schema, whatever its mode and options are, and what the list brings along itself."""
    payloads: dict[str, dict[str, bytes]] = {}
    versions: dict[str, SchemaVersion] = {}
    for case in read_cases():
        if case.version.format is Format.JSON:
            source = _text(case.schema)
            versions[source] = case.version
            payloads.setdefault(source, {})[case.payload.decode(errors="replace")] = case.payload
    for question, _ in _listed():
        if question.source[0] == "{":
            versions.setdefault(question.source, json_version(json.loads(question.source)))
            payloads.setdefault(question.source, {})[question.payload] = question.payload.encode()
    found = _differences((source, version, payloads[source].items()) for source, version in versions.items())
    assert found == {question: says for question, says in _listed() if question.source[0] == "{"}


@pytest.mark.parametrize("draft", DRAFTS)
def test_on_generated_schemas_and_payloads_they_agree(draft: str):
    """Schemas of all keywords; what is listed as a difference is not generated."""

    @settings(max_examples=150, deadline=None)
    @given(schemas(draft), st.lists(values(), min_size=1, max_size=8))
    def agree(schema: Any, payloads: list[Any]) -> None:
        judges = Judges(json_version(schema if isinstance(schema, dict) else {"$schema": DRAFTS[draft], "not": {}}))
        for payload in payloads:
            verdicts = judges.verdicts(json.dumps(payload).encode())
            event(str(verdicts and verdicts[0]))
            assert verdicts is None or len(set(verdicts)) == 1, (verdicts, schema, payload)

    agree()
