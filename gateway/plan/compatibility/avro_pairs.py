"""What an Avro reader holds against what of the writer's, part by part [Avro, Schema Resolution].

For what asks about a place at a time: Apache's checker tells only of whole schemas.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from avro import schema as avro_schema
from avro.compatibility import (
    ReaderWriterCompatibilityChecker,
    SchemaCompatibilityResult,
    SchemaCompatibilityType,
    lookup_writer_field,
)

RECORDS: Final = frozenset({"record", "error"})
NAMED: Final = RECORDS | {"enum", "fixed"}
_CHILDREN: Final = {"array": "items", "map": "values"}


class Pair(NamedTuple):
    """A schema of the reader's, and what it reads."""

    reader: Any
    writer: Any
    reader_place: str = ""
    """Pointer into the reader's schema; into the place of use for what stands in a referenced schema."""
    writer_place: str = ""
    field: str = ""
    """The reader's name of the innermost field around it; empty outside of records."""


class Pairs:
    """All pairs of two schemas, and which of them can be read."""

    def __init__(self, reader: avro_schema.Schema, writer: avro_schema.Schema) -> None:
        self.whole = Pair(reader, writer)
        self._checker = ReaderWriterCompatibilityChecker()  # type: ignore[no-untyped-call]  # annotated in part

    def __iter__(self) -> Iterator[Pair]:
        """Every pair before those inside it, in the order of the reader's text; named types are met once."""
        seen: set[tuple[int, int]] = set()
        waiting = [self.whole]
        while waiting:
            pair = waiting.pop()
            if pair.reader.type in NAMED:
                if (id(pair.reader), id(pair.writer)) in seen:
                    continue
                seen.add((id(pair.reader), id(pair.writer)))
            yield pair
            waiting += reversed(list(self.inside(pair)))

    def inside(self, pair: Pair) -> Iterator[Pair]:
        """What the reader compares directly inside: branches, fields that both have, items, values."""
        reader, writer = pair.reader, pair.writer
        if writer.type == "union":
            for n, branch in enumerate(writer.schemas):
                yield pair._replace(writer=branch, writer_place=f"{pair.writer_place}/{n}")
        elif reader.type == "union":
            chosen = self._branch(reader.schemas, writer)
            if chosen is not None:
                yield pair._replace(reader=reader.schemas[chosen], reader_place=f"{pair.reader_place}/{chosen}")
        elif reader.type in RECORDS and writer.type in RECORDS:
            places = {id(field): n for n, field in enumerate(writer.fields)}
            for n, field in enumerate(reader.fields):
                theirs: Any = lookup_writer_field(writer, field)
                if theirs is not None:
                    ours, other = (f"/fields/{each}/type" for each in (n, places[id(theirs)]))
                    yield Pair(field.type, theirs.type, pair.reader_place + ours, pair.writer_place + other, field.name)
        elif reader.type == writer.type and reader.type in _CHILDREN:
            child = _CHILDREN[reader.type]
            ours, theirs = f"{pair.reader_place}/{child}", f"{pair.writer_place}/{child}"
            yield Pair(getattr(reader, child), getattr(writer, child), ours, theirs, pair.field)

    def can_read(self, pair: Pair) -> bool:
        """Whether the reader's schema reads all of the writer's."""
        return self.verdict(pair).compatibility is SchemaCompatibilityType.compatible

    def verdict(self, pair: Pair) -> SchemaCompatibilityResult:
        """What Apache's checker says of the pair and all inside it."""
        return self._checker.get_compatibility(pair.reader, pair.writer)

    def _branch(self, branches: list[Any], writer: Any) -> int | None:
        """Which branch reads the writer's type: the one of this type, else the first that can; None if none can."""
        readable = [n for n, branch in enumerate(branches) if self.can_read(Pair(branch, writer))]
        same = [n for n, branch in enumerate(branches) if branch.type == writer.type and _name(branch) == _name(writer)]
        return next(iter([*(n for n in same if n in readable), *readable, *same]), None)


def _name(schema: Any) -> str:
    return schema.fullname if schema.type in NAMED else ""
