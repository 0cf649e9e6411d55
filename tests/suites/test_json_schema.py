"""Our verdicts on the official JSON-Schema-Test-Suite, through the whole way from bytes to record.

Required and optional tests of drafts 4, 6, 7, 2019-09 and 2020-12. What differs is listed with its reason in
``json_schema_exceptions.yaml``; nothing else may.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import SchemaError
from gateway.model import Code, Mode, Record, Rejection
from gateway.notation.yaml import parse
from tests.suites.official import FOLDER, Group, Judged, files, groups
from tests.unit.compile.compiled import ARRIVAL, binding_of

EXCEPTIONS = Path(__file__).parent / "json_schema_exceptions.yaml"
CHECKSUM = "2d18b54866abaa910bf40faa31e229bff67e24f1a836ddb1d3a37cc3c4cfd07a"
"""SHA-256 over path and content of every file of the suite, in order."""
REQUIRED, OPTIONAL, FORMATS = files(), files("optional/*.json"), files("optional/format/*.json")


@cache
def exceptions() -> Mapping[str, Any]:
    """The listed differences."""
    content: Mapping[str, Any] = parse(EXCEPTIONS.read_text("utf-8")).value
    return content


@cache
def refused_schemas() -> Mapping[tuple[str, str], str]:
    """File and description of the schemas that we refuse -> what the refusal says."""
    return {
        (each["file"], each["schema"]): entry["refused"]
        for entry in exceptions()["refused"]
        for each in entry["schemas"]
    }


@cache
def differing_payloads() -> Mapping[tuple[str, str, str], str]:
    """File, schema and payload that we judge otherwise -> how: ``accepted`` or ``rejected``."""
    return {
        (each["file"], each["schema"], each["payload"]): entry["ours"]
        for entry in exceptions()["payloads"]
        for each in entry["payloads"]
    }


def _ours(group: Group, judged: Judged) -> bool:
    """Whether we accept a payload, by the suite with the listed exceptions."""
    differs = differing_payloads().get((f"{group.draft}/{group.file}", group.about, judged.about))
    return judged.valid if differs is None else differs == "accepted"


def _compiled(group: Group, **declared: Any) -> Iterator[Any]:
    """The group's binding, none where its schema is listed as refused. Fails where that does not hold."""
    refusal = refused_schemas().get((f"{group.draft}/{group.file}", group.about))
    if refusal is None:
        yield binding_of(group.version, **declared)
    else:
        with pytest.raises(SchemaError, match=refusal):
            binding_of(group.version, **declared)


def test_the_suite_is_whole():
    """No file was changed, lost or added."""
    content = hashlib.sha256()
    for file in sorted(FOLDER.rglob("*.json")):
        content.update(file.relative_to(FOLDER).as_posix().encode() + b"\0" + file.read_bytes())
    assert content.hexdigest() == CHECKSUM


def test_every_group_and_payload_of_the_suite_is_run():
    """What the tests below run over: nothing is left out but what is listed as refused."""
    assert (len(REQUIRED), len(OPTIONAL), len(FORMATS)) == (195, 44, 76)
    required = [group for file in REQUIRED for group in groups(file)]
    optional = [group for file in OPTIONAL for group in groups(file)]
    assert (len(required), sum(len(group.judged) for group in required)) == (1373, 4836)
    assert (len(optional), sum(len(group.judged) for group in optional)) == (198, 636)


def test_every_listed_exception_names_something_of_the_suite():
    """A misspelled entry would hide that its difference is gone."""
    known = [group for file in (*REQUIRED, *OPTIONAL) for group in groups(file)]
    named = {(f"{group.draft}/{group.file}", group.about) for group in known}
    payloads = {(f"{group.draft}/{group.file}", group.about, each.about) for group in known for each in group.judged}
    assert refused_schemas().keys() <= named
    assert differing_payloads().keys() <= payloads


@pytest.mark.parametrize("file", [*REQUIRED, *OPTIONAL])
def test_a_strict_contract_accepts_what_the_suite_calls_valid_and_nothing_else(file: str):
    """A valid payload keeps its bytes, an invalid one is rejected with a code; no conversion in strict."""
    differing = []
    for group in groups(file):
        for binding in _compiled(group, mode=Mode.STRICT):
            for judged in group.judged:
                outcome = binding.encode(judged.payload, ARRIVAL)
                if isinstance(outcome, Rejection) and outcome.code is not Code.PAYLOAD_LIMIT:
                    accepted = False
                else:
                    assert isinstance(outcome, Record), (group.name, judged.about, outcome)
                    assert (outcome.value[5:], outcome.coercions) == (judged.payload, ())
                    accepted = True
                if accepted is not _ours(group, judged):
                    differing.append((group.name, judged.about))
    assert not differing


@pytest.mark.parametrize("file", FORMATS)
def test_declared_formats_are_what_the_suite_says(file: str):
    """With ``formats: check`` all of the suite's own tests of formats hold, without an exception."""
    differing = []
    for group in groups(file):
        binding = binding_of(group.version, mode=Mode.STRICT, options={"formats": "check"})
        for judged in group.judged:
            outcome = binding.encode(judged.payload, ARRIVAL)
            assert isinstance(outcome, Record) or outcome.code == Code.INVALID_FORMAT, (group.name, outcome)
            if isinstance(outcome, Record) is not judged.valid:
                differing.append((group.name, judged.about))
    assert not differing


@pytest.mark.parametrize("file", [*REQUIRED, *OPTIONAL])
def test_what_is_converted_is_valid_and_says_so(file: str):
    """In the wider modes a valid payload keeps its bytes; an invalid one that is accepted became valid, by its log."""
    for group in groups(file):
        for mode in (Mode.LOSSLESS, Mode.LENIENT):
            for strict, binding in zip(_compiled(group, mode=Mode.STRICT), _compiled(group, mode=mode), strict=True):
                for judged in group.judged:
                    outcome = binding.encode(judged.payload, ARRIVAL)
                    if _ours(group, judged):
                        assert isinstance(outcome, Record), (group.name, judged.about, outcome)
                        assert (outcome.value[5:], outcome.coercions) == (judged.payload, ())
                    elif isinstance(outcome, Record):
                        assert outcome.coercions, (group.name, judged.about)
                        again = strict.encode(outcome.value[5:], ARRIVAL)
                        assert isinstance(again, Record), (group.name, judged.about, outcome.value)
