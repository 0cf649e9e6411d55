"""Firmware profiles: which versions are in the field, how often, and what each does to a message."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import NamedTuple

from gateway.demo.fleet.draft import Draft
from gateway.demo.fleet.publication import Intent
from gateway.demo.fleet.quirks import Quirk


class Fault(NamedTuple):
    """Something that goes wrong now and then."""

    chance: float
    """Of each message, 0 to 1."""
    quirk: Quirk


class Firmware(NamedTuple):
    """One version of the software on a type of device."""

    version: str
    share: int
    """How many of ``sum of all shares`` devices run it."""
    habits: tuple[Quirk, ...] = ()
    """What it does to every message; the contract allows for it."""
    faults: tuple[Fault, ...] = ()
    """What it does now and then, at most one of them to a message; the contract does not allow for it."""
    after_boot: tuple[Quirk, ...] = ()
    """What it does to the first messages after a restart, one for each; the contract does not allow for it."""

    def write(self, draft: Draft, sent: int) -> tuple[bytes, Intent]:
        """The payload as this version writes it, and how it was meant. ``sent``: messages since the restart."""
        clean = draft.write()
        for habit in self.habits:
            habit(draft)
        usual = draft.write()
        fault = self.after_boot[sent] if sent < len(self.after_boot) else self._fault(draft.dice.random())
        if fault is not None:
            fault(draft)
            if (spoilt := draft.write()) != usual:
                return spoilt, Intent.WRONG
        return usual, Intent.CLEAN if usual == clean else Intent.LOOSE

    def _fault(self, roll: float) -> Quirk | None:
        """The fault that ``roll``, 0 to 1, falls on."""
        for fault in self.faults:
            roll -= fault.chance
            if roll < 0:
                return fault.quirk
        return None


def deal(versions: Sequence[Firmware], dice: Random) -> Iterator[Firmware]:
    """Versions for device after device, without end: random in order, exact in share over every full round."""
    deck = [version for version in versions for _ in range(version.share)]
    while True:
        dice.shuffle(deck)
        yield from deck
