"""Levels and modes of a subject, and of the whole registry."""

from __future__ import annotations

import pytest

from gateway.config.contract import Compatibility
from gateway.registry.development.refusals import Refused
from gateway.registry.development.rules import DEFAULT_LEVEL, AccessMode, Rules


def test_a_subject_follows_the_registry_until_it_has_its_own() -> None:
    """And again when that is taken away."""
    rules = Rules()
    assert (rules.level("a"), rules.mode("a")) == (DEFAULT_LEVEL, AccessMode.READWRITE)
    rules.set_level(None, "full")
    rules.set_mode(None, "readonly")
    assert (rules.level("a"), rules.mode("a")) == (Compatibility.FULL, AccessMode.READONLY)
    rules.set_level("a", "None")
    rules.set_mode("a", "IMPORT")
    assert (rules.level("a"), rules.mode("a")) == (Compatibility.NONE, AccessMode.IMPORT)
    assert (rules.level("b"), rules.mode("b")) == (Compatibility.FULL, AccessMode.READONLY)
    assert (rules.drop_level("a"), rules.drop_mode("a")) == (Compatibility.NONE, AccessMode.IMPORT)
    assert (rules.level("a"), rules.mode("a")) == (Compatibility.FULL, AccessMode.READONLY)


def test_the_registrys_own_go_back_to_the_default() -> None:
    """What was set is the answer."""
    rules = Rules()
    rules.set_level(None, "FULL")
    rules.set_mode(None, "IMPORT")
    assert (rules.drop_level(None), rules.drop_mode(None)) == (Compatibility.FULL, AccessMode.IMPORT)
    assert (rules.level("a"), rules.mode("a")) == (DEFAULT_LEVEL, AccessMode.READWRITE)


def test_what_is_shown() -> None:
    """A subject's own only, unless it is asked for what holds."""
    rules = Rules()
    assert rules.shown_level(None, fall_back=False) is DEFAULT_LEVEL
    assert rules.shown_level("a", fall_back=True) is DEFAULT_LEVEL
    assert rules.shown_mode(None, fall_back=False) is AccessMode.READWRITE
    assert rules.shown_mode("a", fall_back=True) is AccessMode.READWRITE
    with pytest.raises(Refused, match="40408"):
        rules.shown_level("a", fall_back=False)
    with pytest.raises(Refused, match="40409"):
        rules.shown_mode("a", fall_back=False)
    rules.set_level("a", "FORWARD")
    rules.set_mode("a", "IMPORT")
    assert rules.shown_level("a", fall_back=False) is Compatibility.FORWARD
    assert rules.shown_mode("a", fall_back=False) is AccessMode.IMPORT


@pytest.mark.parametrize("text", ["sideward", "", None, 1])
def test_what_is_no_level_or_mode(text: object) -> None:
    """42203 and 42204, and nothing has changed."""
    rules = Rules()
    with pytest.raises(Refused, match="42203"):
        rules.set_level("a", text)
    with pytest.raises(Refused, match="42204"):
        rules.set_mode("a", text)
    assert rules.dump() == Rules().dump()


def test_nothing_to_take_away() -> None:
    """40401, as Confluent says it."""
    with pytest.raises(Refused, match="40401"):
        Rules().drop_level("a")
    with pytest.raises(Refused, match="40401"):
        Rules().drop_mode("a")


def test_what_was_kept_comes_back() -> None:
    """All levels and modes."""
    rules, again = Rules(), Rules()
    rules.set_level(None, "FULL")
    rules.set_level("a", "NONE")
    rules.set_mode("b", "READONLY")
    again.restore(rules.dump())
    assert again.dump() == rules.dump()
    assert (again.level("x"), again.level("a"), again.mode("b")) == (
        Compatibility.FULL,
        Compatibility.NONE,
        AccessMode.READONLY,
    )
