"""A registry that answers from a dictionary, and a clock that stands still until it is moved."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from gateway.errors import GatewayError, SubjectNotFound
from gateway.model import Format, ReferenceTo, Registered


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
    """Raised instead of the answers for a subject."""
    gate: asyncio.Event | None = None
    """Every answer waits for it while set."""

    def add(self, subject: str, text: str = '"string"', **more: object) -> Registered:
        """Registers the subject's next version; its ID is its text's length plus its place, so that IDs differ."""
        versions = self.entries.setdefault(subject, [])
        total = sum(len(listed) for listed in self.entries.values())
        fields = {"version": len(versions) + 1, "schema_id": total + 1, "format": Format.AVRO, "text": text, **more}
        versions.append(Registered(subject=subject, **fields))  # type: ignore[arg-type]  # the test's own values
        return versions[-1]

    async def read_latest(self, subject: str) -> Registered:
        """The last one added."""
        return await self._answer(subject, None)

    async def read_version(self, subject: str, version: int) -> Registered:
        """The one with this number."""
        return await self._answer(subject, version)

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
        raise SubjectNotFound(f"no {subject!r} {version}")


def refers_to(*targets: Registered) -> tuple[ReferenceTo, ...]:
    """References to these versions, named after their subjects."""
    return tuple(ReferenceTo(target.subject, target.subject, target.version) for target in targets)
