"""A first contract folder from captured payloads."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.config.contract import DEFAULT_DEAD_LETTERS, Contract
from gateway.config.load import load_folder
from gateway.config.settings import Limits
from gateway.errors import ConfigError
from gateway.model import Code, Format
from gateway.notation.topics import TopicFilter
from gateway.plan.findings import Grade
from gateway.plan.inference.draft import Wishes
from gateway.plan.lines import Line
from gateway.plan.trial import Outcome
from gateway.service import schema_new
from gateway.service.inspection.folders import Circumstances, inspect_folder
from gateway.service.schema_new import NewContract, make_contract

ARRIVAL = 1_780_000_000_000
FILTER = TopicFilter.parse("plant/{device}/readings")


def make(
    folder: Path, payloads: Sequence[bytes], kind: Format = Format.AVRO, **wishes: Any
) -> tuple[NewContract, list[Outcome]]:
    outcomes: list[Outcome] = []
    wanted = Wishes(folder.name, "plant.pump", kind, **{"mqtt": FILTER, **wishes})
    made = make_contract(folder, wanted, lambda: map(Line, payloads), ARRIVAL, outcomes.append)
    return made, outcomes


def grade_of(folder: Path) -> Grade:
    return inspect_folder(folder.parent, Circumstances(DEFAULT_DEAD_LETTERS, Limits()), None).grade


NAMES = st.sampled_from(["a", "temp", "ts", "deviceId", "at-home", "1", "2", "b", "", "~/"])
TEXTS = st.sampled_from(
    [
        "on",
        "RUN",
        "STOP",
        "21.5",
        "7",
        "21,5",
        "",
        "N/A",
        "true",
        "2026-05-28T20:26:40Z",
        "2026-05-28",
        "10:00:00",
        "x y",
    ]
) | st.text(max_size=5)
NUMBERS = (
    st.integers(-5, 5)
    | st.integers(ARRIVAL - 10, ARRIVAL)
    | st.integers(ARRIVAL // 1000 - 10, ARRIVAL // 1000)
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=8,
)
READINGS = st.dictionaries(NAMES, VALUES, min_size=1, max_size=5)


@pytest.mark.parametrize("kind", Format)
@given(payloads=st.lists(READINGS, min_size=1, max_size=6))
def test_whatever_was_captured_becomes_a_contract_that_checks(kind: Format, payloads: list[Any]) -> None:
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work) / "schemas" / "pump"
        made, outcomes = make(folder, [json.dumps(each).encode() for each in payloads], kind)
        assert grade_of(folder) in {Grade.FINE, Grade.NOTICE}
        doubts = [each for each in made.draft.guesses.remarks if each.is_ambiguous]
        if not any(" or " in each.guess.removesuffix(", or null") or "rejected" in each.note for each in doubts):
            assert all(outcome.rejection is None for outcome in outcomes)


def test_a_folder_that_checks(tmp_path: Path) -> None:
    """Three files; each payload was tried, and the examples say what becomes of them."""
    payloads = [b'{"deviceId":"p7","temp":21.5,"on":true}', b'{"deviceId":"p8","temp":"21.75","on":1}']
    folder = tmp_path / "schemas" / "pump"
    made, outcomes = make(folder, payloads, owner="plant-data")
    assert [file.name for file in made.files] == ["contract.yaml", "examples.yaml", "schema.avsc"]
    assert [outcome.rejection for outcome in outcomes] == [None, None]
    assert grade_of(folder) is Grade.FINE
    contract = load_folder(folder)
    assert isinstance(contract, Contract)
    assert (contract.owner, contract.compatibility) == ("plant-data", "BACKWARD")
    accepted = contract.examples.accepted
    assert [(each.name, each.payload) for each in accepted] == [
        ("1 of the captured payloads is like this", payloads[0]),
        ("number-to-boolean at /on, string-to-number at /temp", payloads[1]),
    ]
    assert accepted[1].becomes == {"deviceId": "p8", "temp": 21.75, "on": True}
    assert [(each.code, each.path) for each in contract.examples.rejected] == [(Code.MISSING_REQUIRED, "/deviceId")]


def test_the_arrival_of_a_captured_message_counts(tmp_path: Path) -> None:
    """Numbers near it are moments, whatever their name."""
    lines = [Line(b'{"d":"p","x":%d}' % (ARRIVAL + n), f"plant/p{n}/r", ARRIVAL + n) for n in range(3)]
    folder = tmp_path / "pump"
    made = make_contract(folder, Wishes("pump", "plant.pump"), lambda: lines, 0, lambda _: None)
    assert [each.guess for each in made.draft.guesses.remarks if each.path == "/x"] == ["time as a number, in ms"]
    assert 'timestamp: "/x"' in (folder / "contract.yaml").read_text()


def test_messages_on_other_topics_are_left_out(tmp_path: Path) -> None:
    lines = [Line(b'{"x":1}', "plant/p1/readings"), Line(b'{"other":true}', "plant/p1/status"), Line(b"{", "gate/1")]
    told: list[Outcome] = []
    wishes = Wishes("pump", "plant.pump", mqtt=FILTER)
    made = make_contract(tmp_path / "pump", wishes, lambda: lines, ARRIVAL, told.append)
    assert [each.path for each in made.draft.guesses.remarks] == ["", "/x"]
    assert (made.payloads, len(told)) == (1, 1)
    assert "2 messages on other topics left out" in made.draft.notes
    with pytest.raises(ConfigError, match="no payload on a topic that the filter matches"):
        make_contract(tmp_path / "gate", wishes, lambda: lines[1:], ARRIVAL, told.append)


def test_payloads_that_nothing_takes_leave_no_examples(tmp_path: Path) -> None:
    """An object without fields beside one with fields is refused by decision; the folder checks all the same."""
    folder = tmp_path / "schemas" / "pump"
    made, outcomes = make(folder, [b'{"a":[{},{"b":null}]}'])
    assert [outcome.rejection is None for outcome in outcomes] == [False]
    assert [file.name for file in made.files] == ["contract.yaml", "schema.avsc"]
    assert grade_of(folder) in {Grade.FINE, Grade.NOTICE}


@pytest.mark.parametrize(
    ("payloads", "told"),
    [
        ([], "there is no payload"),
        ([b"{", b""], "none of the 2 payloads is JSON"),
        ([b"[" * 70 + b"]" * 70], "none of the 1 payloads is JSON that the gateway takes"),
    ],
)
def test_nothing_to_guess_from(tmp_path: Path, payloads: list[bytes], told: str) -> None:
    folder = tmp_path / "pump"
    with pytest.raises(ConfigError, match=told):
        make(folder, payloads)
    assert not folder.exists()


def test_what_is_there_is_not_touched(tmp_path: Path) -> None:
    folder = tmp_path / "pump"
    folder.mkdir()
    (folder / "contract.yaml").write_text("mine")
    with pytest.raises(ConfigError, match="is there already"):
        make(folder, [b'{"a":1}'])
    assert [(each.name, each.read_text()) for each in folder.iterdir()] == [("contract.yaml", "mine")]


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be written"):
        make(tmp_path / "file" / "pump", [b'{"a":1}'])


@pytest.mark.parametrize("name", ["contract.yaml", "schema.avsc", "notes.md"])
def test_what_somebody_writes_meanwhile_is_not_touched(tmp_path: Path, name: str) -> None:
    """The folder was free at first; then it is another's, and nothing is added to it."""
    folder = tmp_path / "pump"

    def tell(_: Outcome) -> None:
        folder.mkdir()
        (folder / name).write_text("mine")

    wishes = Wishes("pump", "plant.pump", mqtt=FILTER)
    with pytest.raises(ConfigError, match="is there already"):
        make_contract(folder, wishes, lambda: [Line(b'{"a":1}')], ARRIVAL, tell)
    assert [(each.name, each.read_text()) for each in folder.iterdir()] == [(name, "mine")]


def test_a_file_that_appears_while_others_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It stays as it is, and what was written before it goes again."""
    monkeypatch.setattr(schema_new, "check_new_folder", lambda _: None)  # it came after the last look
    folder = tmp_path / "pump"
    folder.mkdir()
    (folder / "schema.avsc").write_text("mine")
    with pytest.raises(ConfigError, match="pump: cannot be written: File exists"):
        make(folder, [b'{"a":1}'])
    assert [(each.name, each.read_text()) for each in folder.iterdir()] == [("schema.avsc", "mine")]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("schemas/d/new/..", "d/new/..: is no name for a new folder: write the folder's own"),
        ("schemas/.hidden", "schemas/.hidden: would never be read, because '.hidden' begins with a dot"),
        ("schemas/.x/pump", "schemas/.x/pump: would never be read, because '.x' begins with a dot"),
    ],
)
def test_a_folder_that_cannot_be_one(tmp_path: Path, name: str, told: str) -> None:
    """Nothing is made where it would not be found again."""
    with pytest.raises(ConfigError, match=re.escape(told)):
        make(tmp_path / name, [b'{"a":1}'])
    assert list(tmp_path.iterdir()) == []


def test_a_hidden_folder_around_all_contracts_is_none_of_theirs(tmp_path: Path) -> None:
    folder = tmp_path / ".work" / "schemas" / "pump"
    make(folder, [b'{"a":1}'])
    assert grade_of(folder) is Grade.FINE


def test_a_contract_that_cannot_be_is_told_of_the_folder_that_was_named(tmp_path: Path) -> None:
    """Not of the temporary one, which nobody can look at."""
    wishes = Wishes("pump", "plant.{building}", mqtt=FILTER)
    with pytest.raises(ConfigError) as refused:
        make_contract(tmp_path / "pump", wishes, lambda: [Line(b'{"a":1}')], ARRIVAL, lambda _: None)
    assert str(refused.value).startswith(f"{tmp_path / 'pump'}: topic: nothing fills {{building}}")


@pytest.mark.parametrize("kind", Format)
def test_a_name_that_is_too_long_for_a_plain_key(tmp_path: Path, kind: Format) -> None:
    """YAML looks for a key's colon in 1024 characters only; contract and examples are written for that."""
    folder = tmp_path / "schemas" / "pump"
    name = "k" * 5000
    make(folder, [json.dumps({name: "1,5", "in": {"é" * 1023: 1}}).encode(), json.dumps({name: "1,75"}).encode()], kind)
    assert grade_of(folder) in {Grade.FINE, Grade.NOTICE}
    contract = load_folder(folder)
    assert isinstance(contract, Contract)
    assert f"/{name}" in {str(pattern) for pattern, _ in contract.overrides}
    assert contract.examples.accepted[0].becomes[name] == 1.5
