"""Pulse: how long until the next look."""

import asyncio

import pytest

from gateway.kafka.pulse import Pulse


async def test_pauses_grow_while_nothing_is_found():
    """1 ms after news, then a quarter longer each time, never more than 20 ms, and short again after news."""
    pulse = Pulse(lambda: None)
    pulse.soon()
    pauses = []
    for found in [False, True, False, False, *15 * [False], True]:
        pulse.on(found=found)
        pauses.append(pulse._pause_s)
    pulse.stop()
    assert pauses[:4] == pytest.approx([0.001, 0.001, 0.00125, 0.0015625])
    assert pauses[-3:] == [0.02, 0.02, 0.001]


async def test_rest_is_a_second():
    """Resting ends with any other setting."""
    pulse = Pulse(lambda: None)
    settings = []
    for setting in (pulse.rest, pulse.soon):
        setting()
        settings.append((pulse._pause_s, pulse.resting))
    pulse.stop()
    assert settings == [(1.0, True), (0.0, False)]


async def test_each_setting_looks_once():
    """The last setting counts; stopped, it does not look."""
    looked = asyncio.Event()
    count = 0

    def look() -> None:
        nonlocal count
        count += 1
        looked.set()

    pulse = Pulse(look)
    pulse.rest()
    pulse.soon()
    pulse.on(found=True)
    await looked.wait()
    assert count == 1
    pulse.soon()
    pulse.stop()
    assert pulse._timer is None
    pulse.stop()
