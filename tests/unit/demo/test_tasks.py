"""The demo's tasks: what ends one of them is heard."""

import asyncio

import pytest

from gateway.demo.tasks import background, outcome
from gateway.errors import GatewayError


async def returns(value: int) -> int:
    return value


async def fails(error: Exception) -> None:
    raise error


async def lasts() -> None:
    await asyncio.Event().wait()


async def test_the_outcome_is_what_the_wanted_one_returns() -> None:
    """While the others go on."""
    async with background(lasts()) as endless, background(returns(7)) as wanted:
        assert await outcome(wanted, endless) == 7
        assert not endless.done()


async def test_a_failure_of_any_is_raised() -> None:
    """Of the wanted one and of those beside it, at once."""
    async with background(fails(ValueError("wanted"))) as wanted:
        with pytest.raises(ValueError, match="wanted"):
            await outcome(wanted)
    async with background(lasts()) as wanted, background(fails(ValueError("beside"))) as beside:
        with pytest.raises(ValueError, match="beside"):
            await outcome(wanted, beside)


async def test_an_endless_one_that_ends_is_a_fault() -> None:
    """Even without an error: the demo would show something that stands still."""
    async with background(lasts()) as wanted, background(returns(1)) as beside:
        with pytest.raises(GatewayError, match="ended by itself"):
            await outcome(wanted, beside)


async def test_nothing_outlives_its_block() -> None:
    """Whatever ends the block."""
    with pytest.raises(KeyError):
        async with background(lasts()) as task:
            raise KeyError
    assert task.cancelled()
