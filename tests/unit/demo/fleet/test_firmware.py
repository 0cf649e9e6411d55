"""Profiles: which quirk meets which message, and how the message was meant."""

from collections import Counter
from itertools import islice
from random import Random
from typing import Any

import pytest

from gateway.demo.fleet import quirks
from gateway.demo.fleet.device import DeviceType
from gateway.demo.fleet.draft import Draft
from gateway.demo.fleet.firmware import Fault, Firmware, deal
from gateway.demo.fleet.fleet import TYPES
from gateway.demo.fleet.publication import Intent
from gateway.demo.fleet.quirks import Quirk

START_MS = 1_752_570_000_000


def write(firmware: Firmware, payload: dict[str, Any], sent: int = 99, seed: int = 1) -> tuple[bytes, Intent]:
    return firmware.write(Draft(dict(payload), Random(seed), uptime_s=5), sent)


def test_without_habits_messages_are_clean() -> None:
    """A profile that says nothing changes nothing."""
    assert write(Firmware("1", share=1), {"a": 1}) == (b'{"a":1}', Intent.CLEAN)


def test_habits_make_every_message_loose() -> None:
    """All habits apply to all messages."""
    firmware = Firmware("1", share=1, habits=(quirks.as_text("/a"), quirks.as_zero_one("/b")))
    assert write(firmware, {"a": 1, "b": True}) == (b'{"a":"1","b":1}', Intent.LOOSE)


def test_a_habit_that_finds_nothing_leaves_the_message_clean() -> None:
    """What the bytes say counts, not what the profile wanted."""
    assert write(Firmware("1", share=1, habits=(quirks.as_text("/x"),)), {"a": 1}) == (b'{"a":1}', Intent.CLEAN)


def test_a_fault_that_finds_nothing_leaves_what_habits_made() -> None:
    """A fault at a place that does not exist is none."""
    firmware = Firmware("1", share=1, habits=(quirks.as_text("/a"),), faults=(Fault(1.0, quirks.missing("/x")),))
    assert write(firmware, {"a": 1}) == (b'{"a":"1"}', Intent.LOOSE)


def test_messages_after_a_restart_have_their_own_faults() -> None:
    """The n-th message after a restart gets the n-th quirk, later ones none."""
    firmware = Firmware("1", share=1, after_boot=(quirks.always(0, "/a"), quirks.always(1, "/a")))
    assert [write(firmware, {"a": 9}, sent)[0] for sent in range(3)] == [b'{"a":0}', b'{"a":1}', b'{"a":9}']
    assert write(firmware, {"a": 9}, 0)[1] is Intent.WRONG


def test_faults_come_as_often_as_they_say() -> None:
    """Of 20 000 messages each fault meets its share, and never two meet one message."""
    firmware = Firmware("1", share=1, faults=(Fault(0.1, quirks.always(1, "/a")), Fault(0.2, quirks.always(2, "/a"))))
    dice = Random(5)
    seen = Counter(firmware.write(Draft({"a": 0, "b": 0}, dice, 0), 9) for _ in range(20_000))
    assert seen[b'{"a":1,"b":0}', Intent.WRONG] == pytest.approx(2_000, rel=0.1)
    assert seen[b'{"a":2,"b":0}', Intent.WRONG] == pytest.approx(4_000, rel=0.1)
    assert seen[b'{"a":0,"b":0}', Intent.CLEAN] == 20_000 - sum(
        n for (_, how), n in seen.items() if how is Intent.WRONG
    )


def test_versions_are_dealt_by_their_shares() -> None:
    """Every full round of the deck holds each version as often as its share says."""
    one, two = Firmware("1", share=3), Firmware("2", share=1)
    dealt = deal([one, two], Random(3))
    for _ in range(5):
        assert Counter(version.version for version in islice(dealt, 4)) == {"1": 3, "2": 1}


def profiles() -> list[Any]:
    return [
        pytest.param(kind, firmware, id=f"{kind.contract} {firmware.version}")
        for kind in TYPES
        for firmware in kind.firmwares
    ]


@pytest.mark.parametrize(("kind", "firmware"), profiles())
def test_no_quirk_of_a_profile_is_idle(kind: DeviceType, firmware: Firmware) -> None:
    """Every habit and fault changes at least one message of the model that it was written for."""
    changed: set[Quirk] = set()
    every = (*firmware.habits, *(fault.quirk for fault in firmware.faults), *firmware.after_boot)
    for number in range(1, 7):
        model = kind.make(kind.name(number), number, Random(number))
        for tick in range(60):
            payload = model.read(START_MS + tick * 60_000, 60.0)
            for quirk in every:
                draft = Draft(_copied(payload), Random(1), uptime_s=5)
                before = draft.write()
                quirk(draft)
                if draft.write() != before:
                    changed.add(quirk)
    assert changed == set(every)


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.contract)
def test_shares_of_a_type_add_up(kind: DeviceType) -> None:
    """Out of twenty devices sixteen are as they should be; the chances of faults leave room for none."""
    assert sum(firmware.share for firmware in kind.firmwares) == 20
    assert kind.firmwares[0].share == 16
    assert kind.firmwares[0][2:] == ((), (), ())
    assert all(sum(fault.chance for fault in firmware.faults) < 1 for firmware in kind.firmwares)
    assert len({firmware.version for firmware in kind.firmwares}) == len(kind.firmwares)


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    return [_copied(item) for item in value] if isinstance(value, list) else value
