"""Whether a schema ID still means the schema that was written under it.

The ID in a record is all that a reader has. A registry that was wiped, purged or replaced gives it to another schema,
or to none; one that has deleted a version softly, or a node that lags behind, still knows it, or will again.

Rules
- The registry is asked for the ID itself: of versions it lists only what was not deleted.
- A denial is believed when it is said again: another schema AGAIN_S later, none at all UNKNOWN_AGAIN_S later.
- No answer is no denial.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Protocol

from gateway.errors import RegistryUnavailable, SchemaDoubted
from gateway.model import Registered
from gateway.pipeline.ports import Clock
from gateway.registry.answers import Candidate
from gateway.registry.flights import Flights
from gateway.registry.reachability import Reachability, RegistrySilent
from gateway.registry.references import content, qualified

AGAIN_S = 5.0
"""Seconds between two denials that count as two: several contracts of one subject ask in the same look."""
UNKNOWN_AGAIN_S = 30.0
"""The same where an ID means nothing at all: a node that has just started, or lags behind, may have yet to read of it.
Until then nobody can read the records as something else."""


class SchemaReader(Protocol):
    """Where the answers come from: ``RegistryClient``, or a fake."""

    async def read_schema(self, schema_id: int, subject: str) -> Candidate | None:
        """What the ID means where ``subject`` is; None for nothing that we take. Raises RegistryUnavailable."""


@dataclass(slots=True)
class _Denial:
    """An ID that does not mean what it meant."""

    first_at: float
    """Monotonic."""
    last_at: float


class SchemaIds:
    """What the registry has said of schema IDs lately."""

    def __init__(self, reader: SchemaReader, reachability: Reachability, clock: Clock, refresh_s: float) -> None:
        """``refresh_s``: for how long a confirmation is trusted."""
        self._reader = reader
        self._reachability = reachability
        self._clock = clock
        self._refresh_s = refresh_s
        self._flights: Flights[bool] = Flights()
        self._confirmed: dict[_Use, float] = {}
        """Until when."""
        self._denied: dict[_Use, _Denial] = {}

    async def hold(self, version: Registered) -> bool:
        """Whether the version's ID means its schema; False once that was denied twice.

        Raises RegistryUnavailable; SchemaDoubted where it is denied for the first time.
        """
        use = (version.subject, version.schema_id, content(version))
        self._drop_stale()
        if use in self._confirmed:
            return True
        return await self._flights.join(use, lambda: self._ask(version, use))

    def forget(self) -> None:
        """Trusts no confirmation any more: the registry may be another one."""
        self._confirmed.clear()

    async def aclose(self) -> None:
        """Ends the requests under way."""
        await self._flights.aclose()

    async def _ask(self, version: Registered, use: _Use) -> bool:
        question = (version.subject, version.version)
        try:
            async with self._reachability.turn():
                found = await self._reader.read_schema(version.schema_id, version.subject)
        except RegistrySilent:
            raise
        except RegistryUnavailable as exc:
            self._reachability.note_failure(question, exc)
            raise
        self._reachability.note_answer(question)
        now = self._clock.monotonic()
        if found is not None and _is_schema(found, version):
            self._denied.pop(use, None)
            self._confirmed[use] = now + self._refresh_s
            return True
        denial = self._denied.setdefault(use, _Denial(now, now))
        denial.last_at = now
        if now - denial.first_at < (UNKNOWN_AGAIN_S if found is None else AGAIN_S):
            meaning = "no schema" if found is None else "another schema"
            raise SchemaDoubted(
                f"Schema Registry has {meaning} for ID {version.schema_id}, which was version {version.version} of "
                f"{version.subject!r}: asked again before it is believed"
            )
        return False

    def _drop_stale(self) -> None:
        now = self._clock.monotonic()
        self._confirmed = {use: until for use, until in self._confirmed.items() if now < until}
        kept_s = UNKNOWN_AGAIN_S + 2 * self._refresh_s  # it is asked about with every look, or nobody uses it any more
        self._denied = {use: denial for use, denial in self._denied.items() if now - denial.last_at < kept_s}


_Use = tuple[str, int, Candidate]
"""A subject, for its context, the schema ID, and what that should mean."""


def _is_schema(found: Candidate, version: Registered) -> bool:
    """Whether the two say the same; some registries leave the references out, or spell the JSON in another way."""
    meant = content(version)
    same_references = not found.references or qualified(version.subject, found.references) == meant.references
    return found.format is meant.format and same_references and _is_same_json(found.text, meant.text)


def _is_same_json(one: str, other: str) -> bool:
    if one == other:
        return True
    try:
        return _canonical(one) == _canonical(other)
    except RecursionError:
        return False


def _canonical(text: str) -> str:
    return json.dumps(json.loads(text), sort_keys=True)
