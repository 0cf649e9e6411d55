"""A Schema Registry of lists, as the ``Registry`` port."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from gateway.errors import GatewayError, SubjectNotFound
from gateway.model import Format, SchemaVersion


@dataclass
class FakeRegistry:
    """Subjects with their versions; fails where it is told to."""

    subjects: dict[str, list[SchemaVersion]] = field(default_factory=dict)
    failures: dict[str | tuple[str, int], GatewayError] = field(default_factory=dict)
    """Raised for a subject's latest version, or for one version."""
    denied: set[int] = field(default_factory=set)
    """IDs that mean no schema any more."""
    failure: GatewayError | None = None
    """Raised for everything while set."""

    def add(self, subject: str, schema: Any, fmt: Format = Format.AVRO, guid: str | None = None) -> SchemaVersion:
        """Registers the subject's next version; a schema that is text is taken as it is."""
        versions = self.subjects.setdefault(subject, [])
        schema_id = 100 + sum(map(len, self.subjects.values()))
        text = schema if isinstance(schema, str) else json.dumps(schema)
        versions.append(SchemaVersion(subject, len(versions) + 1, schema_id, fmt, text, guid))
        return versions[-1]

    async def latest(self, subject: str) -> SchemaVersion:
        """Obeys ``Registry.latest``."""
        self._fail(subject)
        if not self.subjects.get(subject):
            raise SubjectNotFound(f"no subject {subject!r}")
        return self.subjects[subject][-1]

    async def version(self, subject: str, version: int) -> SchemaVersion:
        """Obeys ``Registry.version``."""
        self._fail((subject, version))
        for known in self.subjects.get(subject, []):
            if known.version == version:
                return known
        raise SubjectNotFound(f"no version {version} of {subject!r}")

    async def holds(self, version: SchemaVersion) -> bool:
        """Obeys ``Registry.holds``, but for the first denial, which is the cache's to doubt."""
        self._fail(("ID", version.schema_id))
        return version.schema_id not in self.denied

    def keep(self, used: Iterable[tuple[str, int | None]]) -> None:
        """Obeys ``Registry.keep``: a registry forgets nothing."""

    def _fail(self, what: str | tuple[str, int]) -> None:
        failure = self.failure or self.failures.get(what)
        if failure is not None:
            raise failure
