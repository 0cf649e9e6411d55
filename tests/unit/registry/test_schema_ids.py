"""Whether an ID still means what it meant: what counts as the same schema, as a denial, and as no answer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.errors import RegistryUnavailable, SchemaDoubted
from gateway.model import Format, ReferenceTo, Registered
from gateway.registry.answers import Candidate
from gateway.registry.failures import RegistryDown
from gateway.registry.reachability import Reachability
from gateway.registry.schema_ids import AGAIN_S, UNKNOWN_AGAIN_S, SchemaIds
from tests.unit.registry.fakes import FakeClock, FakeReader

REFRESH_S = 60.0
TEXT = '{"type":"record","name":"R","fields":[]}'
TO_POS = (ReferenceTo("Pos", "pos", 1),)


class Bench:
    """One version, and what the registry has under its ID."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.reader = FakeReader()
        self.reachability = Reachability(self.clock, REFRESH_S)
        self.ids = SchemaIds(self.reader, self.reachability, self.clock, REFRESH_S)
        self.version = self.reader.add("pump", TEXT, references=TO_POS)

    async def hold(self, version: Registered | None = None) -> bool:
        """Asks for the version, or for another one."""
        return await self.ids.hold(version or self.version)


@pytest.fixture
def bench() -> Bench:
    return Bench()


SAME = {
    "the same": Candidate(Format.AVRO, TEXT, TO_POS),
    "references left out": Candidate(Format.AVRO, TEXT),
    "in another spelling": Candidate(Format.AVRO, '{"name": "R", "type": "record", "fields": []}', TO_POS),
}


@pytest.mark.parametrize("found", SAME.values(), ids=SAME.keys())
async def test_the_same_schema(bench: Bench, found: Candidate) -> None:
    """However the registry writes it."""
    bench.reader.ids[1] = found
    assert await bench.hold()


OTHERS = {
    "no schema": None,
    "another text": Candidate(Format.AVRO, '"string"', TO_POS),
    "another format": Candidate(Format.JSON, TEXT, TO_POS),
    "other references": Candidate(Format.AVRO, TEXT, (ReferenceTo("Pos", "pos", 2),)),
    "true is not 1": Candidate(Format.AVRO, TEXT.replace("[]", "[1]")),
    "nested without end": Candidate(Format.AVRO, "[" * 100_000 + "]" * 100_000),
}


@pytest.mark.parametrize("found", OTHERS.values(), ids=OTHERS.keys())
async def test_a_denial_is_believed_the_second_time(bench: Bench, found: Candidate | None) -> None:
    """Not before some seconds have gone by, more where nothing is known of the ID; then for as long as it is said."""
    version = replace(bench.version, text=TEXT.replace("[]", "[true]")) if found == OTHERS["true is not 1"] else None
    if found is None:
        del bench.reader.ids[1]
    else:
        bench.reader.ids[1] = found
    again_s = UNKNOWN_AGAIN_S if found is None else AGAIN_S
    for _ in range(2):
        with pytest.raises(SchemaDoubted, match="version 1 of 'pump'"):
            await bench.hold(version)
        bench.clock.pass_s(again_s / 2)
    assert [await bench.hold(version), await bench.hold(version)] == [False, False]


async def test_a_confirmation_is_trusted_until_the_next_refresh(bench: Bench) -> None:
    """For exactly this schema, and no longer than the registry is believed to be the same."""
    assert await bench.hold()
    assert await bench.hold()
    assert bench.reader.asked_ids == [1]
    with pytest.raises(SchemaDoubted):
        await bench.hold(replace(bench.version, text='"int"'))
    bench.ids.forget()
    assert await bench.hold()
    bench.clock.pass_s(REFRESH_S)
    assert await bench.hold()
    assert bench.reader.asked_ids == [1] * 4


async def test_a_confirmation_in_between(bench: Bench) -> None:
    """Makes the next denial the first again."""
    meant = bench.reader.ids.pop(1)
    with pytest.raises(SchemaDoubted):
        await bench.hold()
    bench.reader.ids[1] = meant
    bench.clock.pass_s(REFRESH_S)
    assert await bench.hold()
    del bench.reader.ids[1]
    bench.clock.pass_s(REFRESH_S)
    with pytest.raises(SchemaDoubted):
        await bench.hold()


async def test_an_outage_is_no_denial(bench: Bench) -> None:
    """Nothing is said then; who does not answer is left alone, as for other questions."""
    bench.reader.failure = RegistryDown("connection refused")
    for _ in range(2):
        with pytest.raises(RegistryUnavailable) as caught:
            await bench.hold()
        assert not isinstance(caught.value, SchemaDoubted)
    assert bench.reader.asked_ids == [1]
    assert bench.reachability.reachable is False


async def test_a_context_that_is_left_out(bench: Bench) -> None:
    """An answer may leave out the context of what is referred to: it is the subject's."""
    version = replace(bench.version, subject=":.lab:pump", references=(ReferenceTo("Pos", ":.lab:pos", 1),))
    assert await bench.hold(version)
