"""Who may ask when: one at a time until somebody answers, all at once from then on."""

from __future__ import annotations

import asyncio

import pytest

from gateway.errors import RegistryUnavailable, SubjectNotFound
from gateway.registry.cache import CachedRegistry
from gateway.registry.failures import CredentialsRefused, RegistryDown
from gateway.registry.reachability import PAUSE_S
from gateway.registry.snapshot import Snapshot
from tests.unit.registry.fakes import FakeClock, FakeReader

SUBJECTS = [f"s{n}" for n in range(12)]


class Bench:
    """A registry that answers when it is let, and twelve subjects that are asked for at once."""

    def __init__(self, cached: CachedRegistry, reader: FakeReader, clock: FakeClock) -> None:
        self.cached, self.reader, self.clock = cached, reader, clock
        for subject in SUBJECTS:
            reader.add(subject)

    async def ask(self) -> tuple[int, list[object]]:
        """How many were asked for before the first answer, and what came of all."""
        self.reader.asked.clear()
        self.reader.gate = asyncio.Event()
        uses = [asyncio.ensure_future(self.cached.latest(subject)) for subject in SUBJECTS]
        for _ in range(10):
            await asyncio.sleep(0)
        at_once = len(self.reader.asked)
        self.reader.gate.set()
        return at_once, await asyncio.gather(*uses, return_exceptions=True)


@pytest.fixture
def bench(tmp_path) -> Bench:
    clock, reader = FakeClock(), FakeReader()
    return Bench(CachedRegistry(reader, Snapshot(tmp_path, ["http://r"]), clock, 60.0), reader, clock)


@pytest.mark.parametrize(
    "failure", [CredentialsRefused("HTTP 401"), RegistryDown("HTTP 429", 30.0), RegistryDown("connection refused")]
)
async def test_refused_credentials_are_tried_once(bench: Bench, failure: RegistryDown) -> None:
    """At the start and with each look, as long as nobody answers; all hear the same, and it is one failure."""
    bench.reader.failure = failure
    for look in range(3):
        _, outcomes = await bench.ask()
        assert bench.reader.asked == [("s0", None)]
        assert {str(outcome) for outcome in outcomes} == {str(failure)}
        assert bench.cached.health.failures == look + 1
        bench.clock.pass_s(max(PAUSE_S, failure.retry_after_s or 0))
    bench.reader.failure = None
    _, outcomes = await bench.ask()
    assert not any(isinstance(outcome, BaseException) for outcome in outcomes)


async def test_after_one_answer_all_ask_at_once(bench: Bench) -> None:
    """At the start the others wait for the first; later nobody waits."""
    at_once, outcomes = await bench.ask()
    assert (at_once, len(bench.reader.asked)) == (1, 12)
    assert not any(isinstance(outcome, BaseException) for outcome in outcomes)
    bench.clock.pass_s(60)
    at_once, _ = await bench.ask()
    assert at_once == 12


@pytest.mark.parametrize("failure", [RegistryUnavailable("HTTP 403"), SubjectNotFound("no 's0'")])
async def test_an_answer_is_one_whatever_it_says(bench: Bench, failure: Exception) -> None:
    """Who refuses one subject, or does not have it, answers for the others."""
    bench.reader.failures["s0"] = failure  # type: ignore[assignment]  # a GatewayError
    _, outcomes = await bench.ask()
    assert [isinstance(outcome, BaseException) for outcome in outcomes] == [True] + [False] * 11
    bench.clock.pass_s(60)
    at_once, _ = await bench.ask()
    assert at_once == 12
