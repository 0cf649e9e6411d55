"""Contracts whose filters cover each other or not, and what broker and next start know of the session after a run."""

from __future__ import annotations

import asyncio
from typing import Any

from gateway.config.contract import Contract
from gateway.service.memory import HeldFilters
from tests.fakes.virtual_time import pass_s
from tests.unit.service.house import URL, House, contract

WIDE = contract("plant/#", name="wide", device="/id")
NARROW = contract("plant/{device}", name="narrow")
OTHER = contract("other/{device}", name="other")


async def heard(house: House) -> list[str]:
    """What the broker hears of a connection until nothing more happens."""
    with house.run():
        await pass_s(0)
        return list(house.broker.link.heard)


def remembered(house: House) -> dict[str, int]:
    """What the next start will know of the session."""
    return HeldFilters(house.state, house.settings.mqtt.client_id, URL).filters


async def cut_off(house: House) -> None:
    """A run whose requests the broker takes while its answers are lost."""
    house.broker.answers = asyncio.Event()
    with house.run():
        await pass_s(0)
        house.broker.link.end()
        await pass_s(0)


def next_run(before: House, *contracts: Contract, **options: Any) -> House:
    """The gateway started again with other contracts, on the same broker and state folder."""
    house = House(before.state, *contracts, **options)
    house.broker.session = before.broker.session
    return house
