"""Places of the schema in payloads that call them otherwise: what holds beyond the vectors."""

from __future__ import annotations

import pytest

from gateway.compile.lookup import Lookup, Step
from gateway.notation.pointer import MISSING, Pointer

META = Step(("meta", "m"))
SITE = Step(("site",))


@pytest.mark.parametrize(
    ("steps", "others"),
    [
        ([], False),
        ([SITE], False),
        ([SITE, SITE], False),
        ([META, SITE], True),
        ([SITE, META], True),
        ([Step(("site",), folded=True)], True),
    ],
)
def test_a_place_has_other_names_if_any_step_has(steps: list[Step], others: bool):
    """An alias, or the same name in another case."""
    assert Lookup(steps).has_other_names is others


@pytest.mark.parametrize(
    ("payload", "names"),
    [
        ({}, ("meta", "site")),
        ({"m": {}}, ("m", "site")),
        ({"m": {"site": 1}}, ("m", "site")),
        ({"meta": {"SITE": 1}, "m": {}}, ("meta", "SITE")),
        ({"m": {"Site": 1}}, ("m", "Site")),
        ({"m": None}, ("m", "site")),
        ({"m": 5}, ("m", "site")),
        ({"Site": 1}, ("meta", "site")),
        (["m"], ("meta", "site")),
        (None, ("meta", "site")),
    ],
)
def test_the_names_of_a_place_are_those_that_the_payload_has(payload: object, names: tuple[str, ...]):
    """Its own before others; of what is missing, the pointer's."""
    lookup = Lookup([META, Step(("site",), folded=True)])
    assert lookup.names_in(payload, Pointer.parse("/meta/site")) == names


def test_a_pointer_of_more_or_fewer_steps_is_another_place():
    """That would be a mistake of the program."""
    with pytest.raises(ValueError, match="zip"):
        Lookup([META, SITE]).names_in({}, Pointer.parse("/meta"))


def test_nothing_is_found_where_no_name_stands():
    """Neither in objects nor beside them."""
    assert Lookup([META, SITE]).get({"m": {}}) is MISSING
    assert Lookup([META, SITE]).get({"x": {"site": 1}}) is MISSING
    assert Lookup([META, SITE]).get([{"site": 1}]) is MISSING
    assert Lookup([META, SITE]).get({"m": {"site": None}}) is None


def test_an_item_is_found_by_its_index():
    """Where there is one."""
    lookup = Lookup([Step(("0",)), META])
    assert lookup.get([{"m": 5}]) == 5
    assert lookup.get([]) is MISSING
    assert Step(("0",)).name_in([]) is None
    assert lookup.names_in([{"m": 5}], Pointer.parse("/0/meta")) == ("0", "m")
