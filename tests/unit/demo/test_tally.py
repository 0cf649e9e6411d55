"""What the demo counts, and the arithmetic that its exit code rests on."""

from pathlib import Path

import pytest

from gateway.config.load import load_contracts
from gateway.demo.tally import NO_CONTRACT, Balance, Row, Tally, balance, coercions
from tests.unit.demo.records import letter, refused, typed
from tests.unit.demo.shipped import SCHEMAS


@pytest.fixture(scope="module")
def shipped_folder() -> Path:
    return SCHEMAS


@pytest.fixture
def tally(shipped_folder: Path) -> Tally:
    return Tally(load_contracts(shipped_folder), "gateway.dlq")


def row(tally: Tally, contract: str) -> Row:
    [found] = [each for each in tally.rows if each.contract == contract]
    return found


def test_every_contract_has_a_row_and_so_have_messages_without_one(tally: Tally) -> None:
    """Six contracts, then what none claims, all at zero."""
    assert [each.contract for each in tally.rows][-1] == NO_CONTRACT
    assert len(tally.rows) == 7
    assert (tally.accepted, tally.coerced, tally.rejected) == (0, 0, 0)


def test_records_count_for_the_contract_of_their_topic(tally: Tally) -> None:
    """Converted ones count as coerced too."""
    for record in (typed(), typed(coercions="/flow=string-to-number"), typed("home.thermostat")):
        tally.count_accepted(record)
    pump = row(tally, "industry/pump")
    assert (pump.accepted, pump.coerced, pump.rejected) == (2, 1, 0)
    assert (tally.accepted, tally.coerced) == (3, 1)


def test_dead_letters_count_by_reason_for_the_contract_that_they_name(tally: Tally) -> None:
    """Those that name none count under no contract."""
    pump = "industry/pump"
    for record in (
        refused(gw_contract=pump),
        refused(gw_reason="unknown-field", gw_contract=pump),
        refused(gw_reason="unknown-field", gw_contract=pump),
        refused("gateway.dlq", gw_reason="no-route"),
    ):
        tally.count_rejected(letter(record))
    assert row(tally, "industry/pump").reasons == {"json-invalid": 1, "unknown-field": 2}
    assert row(tally, NO_CONTRACT).reasons == {"no-route": 1}
    assert tally.rejected == 4


def test_topics_of_dead_letters_are_no_main_topics(tally: Tally) -> None:
    """Neither those of contracts nor the one of messages without a contract."""
    assert len(tally.main_topics) == 6
    assert tally.takes("plant.pump") is row(tally, "industry/pump")
    for topic in ("plant.pump.dlq", "health.vitals.quarantine", "gateway.dlq"):
        assert tally.takes(topic) is None
        assert topic not in tally.main_topics


def test_the_header_of_conversions_is_read_as_documented() -> None:
    """Paths with quoted separators come back as they were; a conversion of the whole payload has the empty path."""
    assert coercions(typed()) == {}
    assert coercions(typed(coercions="/flow=string-to-number,/a%2Cb%3D=renamed")) == {
        "/flow": "string-to-number",
        "/a,b=": "renamed",
    }
    assert coercions(typed(coercions="=nul-stripped")) == {"": "nul-stripped"}


ENDS = [("main", 5), ("main", 3), ("main.dlq", 2), ("gateway.dlq", 1)]


@pytest.mark.parametrize(
    ("published", "by_others", "missing"), [(11, 0, 0), (9, 2, 0), (12, 0, 1), (11, 3, 3), (10, 0, -1)]
)
def test_the_balance_counts_every_partition(published: int, by_others: int, missing: int) -> None:
    """Published by anybody = records + dead letters; one too few or too many and it does not agree."""
    found = balance(published, by_others, ENDS, {"main"})
    assert (found.accepted, found.rejected) == (8, 3)
    assert found.missing == missing
    assert found.agrees is (missing == 0)


def test_a_loss_and_a_duplicate_are_both_disagreement() -> None:
    """The sign tells them apart."""
    assert Balance(published=10, by_others=0, accepted=8, rejected=1).missing == 1
    assert Balance(published=10, by_others=0, accepted=10, rejected=1).missing == -1
