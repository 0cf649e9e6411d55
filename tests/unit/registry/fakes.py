"""A registry that answers from a dictionary, and a clock that stands still until it is moved."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from gateway.errors import GatewayError, SubjectNotFound, VersionNotFound
from gateway.model import Format, ReferenceTo, Registered
from gateway.registry.answers import Candidate
from gateway.registry.references import content


@dataclass
class FakeClock:
    """Both clocks, moved by hand."""

    seconds: float = 1000.0
    milliseconds: int = 1_700_000_000_000

    def now_ms(self) -> int:
        """Milliseconds since 1970 UTC."""
        return self.milliseconds

    def monotonic(self) -> float:
        """Seconds on the clock that never jumps."""
        return self.seconds

    def pass_s(self, seconds: float) -> None:
        """Lets time go by, on both."""
        self.seconds += seconds
        self.milliseconds += int(seconds * 1000)


@dataclass
class FakeReader:
    """What the registry holds, what it is asked, and how it fails."""

    entries: dict[str, list[Registered]] = field(default_factory=dict)
    asked: list[tuple[str, int | None]] = field(default_factory=list)
    """Subject and version of every request, None for the latest."""
    failure: GatewayError | None = None
    """Raised instead of every answer while set."""
    failures: dict[str, GatewayError] = field(default_factory=dict)
    """Raised instead of the answers for a subject, or for ``id N``."""
    ids: dict[int, Candidate] = field(default_factory=dict)
    """What each ID means: what was ever added, until it is purged."""
    asked_ids: list[int] = field(default_factory=list)
    """The ID of every request for one."""
    gate: asyncio.Event | None = None
    """Every answer waits for it while set."""

    def add(self, subject: str, text: str = '"string"', **more: object) -> Registered:
        """Registers the subject's next version; its ID is its text's length plus its place, so that IDs differ."""
        versions = self.entries.setdefault(subject, [])
        total = sum(len(listed) for listed in self.entries.values())
        fields = {"version": len(versions) + 1, "schema_id": total + 1, "format": Format.AVRO, "text": text, **more}
        versions.append(Registered(subject=subject, **fields))  # type: ignore[arg-type]  # the test's own values
        self.ids[versions[-1].schema_id] = content(versions[-1])
        return versions[-1]

    def purge(self) -> None:
        """Forgets everything, the IDs too: another registry, or a wiped one."""
        self.entries.clear()
        self.ids.clear()

    async def read_latest(self, subject: str) -> Registered:
        """The last one added."""
        return await self._answer(subject, None)

    async def read_version(self, subject: str, version: int) -> Registered:
        """The one with this number."""
        return await self._answer(subject, version)

    async def read_schema(self, schema_id: int, _subject: str) -> Candidate | None:
        """What the ID means."""
        self.asked_ids.append(schema_id)
        failure = self.failure or self.failures.get(f"id {schema_id}")
        if failure is not None:
            raise failure
        return self.ids.get(schema_id)

    async def _answer(self, subject: str, version: int | None) -> Registered:
        self.asked.append((subject, version))
        if self.gate is not None:
            await self.gate.wait()
        failure = self.failure or self.failures.get(subject)
        if failure is not None:
            raise failure
        for registered in reversed(self.entries.get(subject, [])):
            if version in {None, registered.version}:
                return registered
        missing = VersionNotFound if self.entries.get(subject) else SubjectNotFound
        raise missing(f"no {subject!r} {version}")


def refers_to(*targets: Registered) -> tuple[ReferenceTo, ...]:
    """References to these versions, named after their subjects."""
    return tuple(ReferenceTo(target.subject, target.subject, target.version) for target in targets)
