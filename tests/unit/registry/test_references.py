"""References: everything reachable, once, within bounds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.model import Format, ReferenceTo, Registered
from gateway.registry.answers import UnusableAnswer
from gateway.registry.references import MAX_BYTES, MAX_DEPTH, MAX_SCHEMAS, assemble, collect, flat, is_same


def listed(subject: str, *targets: str) -> Registered:
    references = tuple(ReferenceTo(f"name of {target.rpartition(':')[2]}", target, 1) for target in targets)
    return Registered(subject, 1, 1, Format.AVRO, "{}", references=references)


def chain(length: int) -> list[Registered]:
    """``length`` schemas, each of which refers to the next."""
    return [listed(str(n), *([str(n + 1)] if n + 1 < length else [])) for n in range(length)]


async def collected(*nodes: Registered) -> tuple[dict[tuple[str, int], Registered], list[str]]:
    """What the first of ``nodes`` reaches, and what was read for it, in order."""
    by_subject = {node.subject: node for node in nodes}
    read: list[str] = []

    async def reader(subject: str, version: int) -> Registered:
        assert version == 1
        read.append(subject)
        return by_subject[subject]

    return await collect(nodes[0], reader), read


async def test_each_schema_is_read_once():
    """A diamond with a tail: four reads, and the names of the references are kept."""
    nodes = [listed("top", "left", "right"), listed("left", "low"), listed("right", "low"), listed("low", "end")]
    found, read = await collected(*nodes, listed("end"))
    assert sorted(read) == ["end", "left", "low", "right"]
    top = assemble(nodes[0], found)
    assert [reference.name for reference in top.references] == ["name of left", "name of right"]
    assert top.references[0].schema.references[0].schema is top.references[1].schema.references[0].schema


async def test_the_longest_chain_is_taken_and_one_more_is_not():
    """MAX_DEPTH schemas in a row."""
    found, _ = await collected(*chain(MAX_DEPTH))
    assert assemble(found["0", 1], found).subject == "0"
    found, _ = await collected(*chain(MAX_DEPTH + 1))
    with pytest.raises(UnusableAnswer, match=f"more than {MAX_DEPTH}"):
        assemble(found["0", 1], found)


async def test_the_most_schemas_are_taken_and_one_more_is_not():
    """MAX_SCHEMAS, the root included."""

    async def fan(size: int) -> int:
        leaves = [str(number) for number in range(size - 1)]
        found, _ = await collected(listed("root", *leaves), *(listed(leaf) for leaf in leaves))
        return len(found)

    assert await fan(MAX_SCHEMAS) == MAX_SCHEMAS
    with pytest.raises(UnusableAnswer, match=f"more than {MAX_SCHEMAS}"):
        await fan(MAX_SCHEMAS + 1)


async def test_the_largest_sum_is_taken_and_one_byte_more_is_not():
    """Of the texts in UTF-8, the root's included: each answer may do for itself, and not together."""
    half = MAX_BYTES // 2
    leaf = replace(listed("leaf"), text="ü" * (half // 2))
    for more, refused in ((0, False), (1, True)):
        root = replace(listed("root", "leaf"), text="x" * (half + more))
        if refused:
            with pytest.raises(UnusableAnswer, match=f"more than {MAX_BYTES} bytes"):
                await collected(root, leaf)
        else:
            assert len((await collected(root, leaf))[0]) == 2


@pytest.mark.parametrize("nodes", [[listed("a", "a")], [listed("a", "b"), listed("b", "c"), listed("c", "b")]])
async def test_a_circle_is_refused(nodes):
    """Directly or through others."""
    found, _ = await collected(*nodes)
    with pytest.raises(UnusableAnswer, match="refers to itself"):
        assemble(nodes[0], found)


def test_a_missing_schema_is_refused():
    """As in a snapshot that someone has edited."""
    with pytest.raises(UnusableAnswer, match="'b'"):
        assemble(listed("a", "b"), {})


# Contexts


async def test_a_reference_without_a_context_is_to_the_referrers():
    """Down to the last one; one with a context means that, and so do those below it."""
    top = listed(":.lab:top", "left", ":.hall:right")
    nodes = [top, listed(":.lab:left", "low"), listed(":.hall:right", "low"), listed(":.lab:low"), listed(":.hall:low")]
    found, read = await collected(*nodes, listed("low"), listed("left"))
    assert sorted(read) == [":.hall:low", ":.hall:right", ":.lab:left", ":.lab:low"]
    assert [
        (reference.schema.subject, reference.schema.references[0].schema.subject)
        for reference in assemble(top, found).references
    ] == [(":.lab:left", ":.lab:low"), (":.hall:right", ":.hall:low")]


async def test_how_a_reference_is_written_makes_no_other_version():
    """With its context or without."""
    short, long = (listed(":.lab:top", name) for name in ("low", ":.lab:low"))
    trees = [assemble(top, (await collected(top, listed(":.lab:low")))[0]) for top in (short, long)]
    assert is_same(*trees)


# Flat, for comparisons


async def test_what_was_assembled_can_be_taken_apart():
    """Into what the registry listed."""
    found, _ = await collected(
        listed("top", "left", "right"), listed("left", "low"), listed("right", "low"), listed("low")
    )
    assert flat(assemble(found["top", 1], found)) == found


def twins(depth: int, leaf: Registered | None = None) -> dict[tuple[str, int], Registered]:
    """A chain in which each schema refers to the next twice: 2 to the power of ``depth`` ways to the end."""
    nodes = [listed(str(n), *([str(n + 1)] * 2 if n + 1 < depth else [])) for n in range(depth)]
    return {(node.subject, 1): node for node in [*nodes[:-1], leaf or nodes[-1]]}


def test_comparing_costs_what_there_are_schemas():
    """Not what there are ways through the references: this would not end before the sun does."""
    one, other = twins(MAX_DEPTH), twins(MAX_DEPTH)
    assert is_same(assemble(one["0", 1], one), assemble(other["0", 1], other))
    last = replace(listed(str(MAX_DEPTH - 1)), text="[]")
    changed = twins(MAX_DEPTH, last)
    assert not is_same(assemble(one["0", 1], one), assemble(changed["0", 1], changed))


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({}, True),
        ({"guid": "89791762-2336-4186-9674-299b90a802e2"}, True),
        ({"schema_id": 2}, False),
        ({"version": 2}, False),
        ({"subject": "b"}, False),
        ({"format": Format.JSON}, False),
        ({"text": "[]"}, False),
    ],
)
def test_what_makes_two_versions_the_same(change, same):
    """Place, ID and schema; the GUID follows from the schema, where a registry gives one."""
    one = listed("a")
    other = replace(one, **change)
    assert is_same(*(assemble(each, {(each.subject, each.version): each}) for each in (one, other))) is same
