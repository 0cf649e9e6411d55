"""The registry as the running gateway sees it: cached, shared, and still there when it is down.

Rules
- ``latest`` is trusted for ``refresh_s``. A version never changes unless the registry is replaced: pinned ones, and
  those that others refer to, are trusted for REFRESHES times as long.
- An answer that is not what we know says that the registry was replaced: nothing that it said before is trusted then.
- However many ask for the same thing at once, the registry gets one request.
- What was once known is served while the registry does not answer, or answers garbage, and across
  restarts (snapshot). An outage is never "not found".
- A subject that the registry has deleted goes on with the version we hold as long as its schema ID means it
  (``SchemaIds``), and ``health`` names it: messages in flight still need it. What the registry denies is forgotten.
- Whether it is worth asking at all is ``Reachability``'s to say.
- What comes from the snapshot counts only until the registry has answered.
- Kept, in memory and on disk, is what somebody uses (``keep``), and what that refers to.

One event loop; every time is monotonic, only the snapshot's own date is on the calendar.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import structlog

from gateway.errors import RegistryUnavailable, SchemaDoubted, SubjectNotFound, UnsupportedFormat, VersionNotFound
from gateway.model import Registered, SchemaVersion
from gateway.pipeline.ports import Clock
from gateway.registry.answers import UnusableAnswer
from gateway.registry.flights import Flights
from gateway.registry.reachability import Reachability, RegistrySilent
from gateway.registry.references import Key, assemble, collect, flat, is_listed_same, reachable, refers
from gateway.registry.schema_ids import SchemaIds, SchemaReader
from gateway.registry.snapshot import Content, Snapshot

NEGATIVE_S = 5.0
"""How long "not found" is believed: short, because the next thing that happens is a registration."""
REFRESHES = 5
"""For so many times ``refresh_s`` a version is trusted."""

_log = structlog.get_logger(__name__)


class Reader(SchemaReader, Protocol):
    """Where the answers come from: ``RegistryClient``, or a fake."""

    async def read_latest(self, subject: str) -> Registered:
        """The subject's latest version. Raises SubjectNotFound, RegistryUnavailable, UnsupportedFormat."""

    async def read_version(self, subject: str, version: int) -> Registered:
        """One version of a subject. Raises as ``read_latest``."""


@dataclass(slots=True)
class _Latest:
    """What is known of a subject's latest version."""

    version: int
    confirmed_at: float
    """Monotonic, when the registry last said so."""
    trusted_until: float


@dataclass(frozen=True, slots=True)
class RegistryHealth:
    """How the registry is doing, for status, readiness and metrics."""

    reachable: bool | None
    """Whether the registry answers for all that it is asked for; None before the first request."""
    last_error: str | None
    """What the last failed request met; stays after recovery, for the status page."""
    failures: int
    """Requests that failed since the start."""
    gone: tuple[str, ...]
    """Subjects that the registry has deleted and that we go on serving."""
    snapshot_problem: str | None
    """Why the snapshot could not be read or written."""


class CachedRegistry:
    """Implements the ``Registry`` port over a ``Reader``."""

    def __init__(self, reader: Reader, snapshot: Snapshot, clock: Clock, refresh_s: float) -> None:
        """Reads the snapshot; asks nothing yet."""
        self._reader = reader
        self._snapshot = snapshot
        self._clock = clock
        self._refresh_s = refresh_s
        self._flights: Flights[SchemaVersion] = Flights()
        content = snapshot.load()
        age_s = max(0.0, (clock.now_ms() - content.written_at_ms) / 1000)
        now = clock.monotonic()
        self._versions: dict[Key, Registered] = dict(content.versions)
        self._latest = {subject: _Latest(version, now - age_s, now) for subject, version in content.latest.items()}
        self._built: dict[Key, SchemaVersion] = {}
        self._fresh: dict[Key, float] = {}
        """Versions that the registry itself has answered in this process -> until when that is trusted, monotonic."""
        self._missing: dict[Key | str, tuple[float, str]] = {}
        """Not found: until when that is believed, and what was said."""
        self._gone: set[str] = set()
        self._reachability = Reachability(clock, refresh_s)
        self._ids = SchemaIds(reader, self._reachability, clock, refresh_s)
        self._changed = False

    async def latest(self, subject: str) -> SchemaVersion:
        """The subject's latest version, at most ``refresh_s`` old while the registry answers, else as old as ours is.

        Raises SubjectNotFound or RegistryUnavailable if we never knew it; UnsupportedFormat if it is
        neither AVRO nor JSON.
        """
        held = self._latest.get(subject)
        if held is not None and self._clock.monotonic() < held.trusted_until:
            return self._build((subject, held.version))
        return await self._flights.join(subject, lambda: self._refresh(subject))

    async def version(self, subject: str, version: int) -> SchemaVersion:
        """One version of a subject, asked for again now and then. Raises as ``latest``."""
        key = (subject, version)
        if self._is_fresh(key):
            return self._build(key)
        return await self._flights.join(key, lambda: self._fetch(key))

    async def holds(self, version: SchemaVersion) -> bool:
        """Obeys ``Registry.holds``; what it denies is forgotten. The schema is all that it refers to, too."""
        nodes = flat(version)
        root = nodes.pop((version.subject, version.version))
        if not await self._holds(root):
            return False
        found = await self._referred(root)
        return all(key in found and is_listed_same(node, found[key]) for key, node in nodes.items())

    def keep(self, used: Iterable[tuple[str, int | None]]) -> None:
        """Obeys ``Registry.keep``."""
        keys, followed = set[Key](), set[str]()
        for subject, version in used:
            if version is None:
                followed.add(subject)
            else:
                keys.add((subject, version))
        latest = {subject: held for subject, held in self._latest.items() if subject in followed}
        keys |= {(subject, held.version) for subject, held in latest.items()}
        versions = reachable(keys, self._versions)
        if (latest, versions.keys()) != (self._latest, self._versions.keys()):
            self._latest, self._versions = latest, versions
            self._built = {key: built for key, built in self._built.items() if key in versions}
            self._fresh = {key: until for key, until in self._fresh.items() if key in versions}
            self._changed = True
            self._save()

    def age_s(self, subject: str) -> float | None:
        """Seconds since the registry last confirmed the subject's latest version; None if we hold none."""
        held = self._latest.get(subject)
        return None if held is None else self._clock.monotonic() - held.confirmed_at

    @property
    def health(self) -> RegistryHealth:
        """How the registry is doing."""
        return RegistryHealth(
            reachable=self._reachability.reachable,
            last_error=self._reachability.last_error,
            failures=self._reachability.failures,
            gone=tuple(sorted(self._gone)),
            snapshot_problem=self._snapshot.problem,
        )

    async def aclose(self) -> None:
        """Ends the requests under way; the reader is its owner's to close."""
        await self._flights.aclose()
        await self._ids.aclose()

    async def _referred(self, root: Registered) -> dict[Key, Registered]:
        """All that ``root`` reaches, itself excepted. Raises RegistryUnavailable."""
        question = (root.subject, root.version)
        try:
            found = await collect(root, self._reference)
        except (SchemaDoubted, RegistrySilent):
            raise
        except (RegistryUnavailable, UnusableAnswer) as exc:
            self._reachability.note_failure(question, exc)
            raise RegistryUnavailable(str(exc)) from exc
        del found[question]
        if any(self._is_replaced(node) for node in found.values()):
            self._trust_nothing()
        self._adopt(found)
        return found

    async def _refresh(self, subject: str) -> SchemaVersion:
        held = self._latest.get(subject)
        mine = None if held is None else self._versions[subject, held.version]
        registered, confirmed = await self._obtain(subject, mine, lambda: self._reader.read_latest(subject))
        if confirmed:
            now = self._clock.monotonic()
            confirmed_at = held.confirmed_at if held is not None and subject in self._gone else now
            self._latest[subject] = _Latest(registered.version, confirmed_at, now + self._refresh_s)
            if held is None or held.version != registered.version:
                self._changed = True
        self._save()
        return self._build((subject, registered.version))

    async def _fetch(self, key: Key) -> SchemaVersion:
        _, confirmed = await self._obtain(key, self._versions.get(key), lambda: self._reader.read_version(*key))
        if confirmed:
            # One that was deleted is asked for again soon, to see whether its subject is back.
            self._fresh.setdefault(key, self._clock.monotonic() + self._refresh_s)
        self._save()
        return self._build(key)

    async def _obtain(
        self,
        name: Key | str,
        mine: Registered | None,
        read: Callable[[], Awaitable[Registered]],
    ) -> tuple[Registered, bool]:
        """What the registry answers, or else ``mine``, and whether the registry has answered.

        Raises what the registry or its absence means if there is no ``mine``, or the registry denies its schema ID.
        """
        missing = self._known_missing(name)
        if missing is not None:
            raise missing
        try:
            async with self._reachability.turn():
                registered = await read()
            nodes = await self._collect(registered)
        except RegistrySilent:
            if mine is None:
                raise
            return mine, False
        except SubjectNotFound as exc:
            self._reachability.note_answer(name)
            return await self._without(name, mine, exc)
        except UnsupportedFormat:
            self._reachability.note_answer(name)
            self._gone.discard(name if isinstance(name, str) else name[0])
            raise
        except (RegistryUnavailable, UnusableAnswer) as exc:
            self._reachability.note_failure(name, exc)
            if mine is not None:
                return mine, False
            if isinstance(exc, RegistryUnavailable):
                raise
            raise RegistryUnavailable(f"Schema Registry: unusable answer: {exc}") from exc
        self._reachability.note_answer(name)
        self._gone.discard(registered.subject)
        self._adopt(nodes)
        return registered, True

    async def _collect(self, root: Registered) -> dict[Key, Registered]:
        """``root`` and all that it reaches, nothing of which is from another registry than it.

        Raises UnusableAnswer, RegistryUnavailable.
        """
        self._fresh.pop((root.subject, root.version), None)
        nodes = await collect(root, self._reference)
        if any(self._is_replaced(node) for node in nodes.values()):
            self._trust_nothing()
            nodes = await collect(root, self._reference)
        assemble(root, nodes)
        return nodes

    def _trust_nothing(self) -> None:
        """The registry was replaced: whatever it said before is asked for again."""
        self._fresh.clear()
        self._ids.forget()

    def _is_fresh(self, key: Key) -> bool:
        return self._clock.monotonic() < self._fresh.get(key, 0.0)

    def _is_replaced(self, node: Registered) -> bool:
        """Whether we know another schema, or another ID, under the same subject and version."""
        mine = self._versions.get((node.subject, node.version))
        return mine is not None and not is_listed_same(mine, node)

    async def _without(self, name: Key | str, mine: Registered | None, exc: SubjectNotFound) -> tuple[Registered, bool]:
        """As ``_obtain``, for what the registry does not list: ours, if its ID means it, was deleted softly."""
        try:
            if mine is not None and await self._holds(mine):
                if isinstance(exc, VersionNotFound):
                    self._gone.discard(mine.subject)
                else:
                    self._note_gone(mine)
                return mine, True
        except SchemaDoubted:
            raise
        except RegistryUnavailable:
            assert mine is not None
            return mine, False
        self._missing[name] = (self._clock.monotonic() + NEGATIVE_S, str(exc))
        raise exc

    async def _reference(self, subject: str, version: int) -> Registered:
        """A version that another one refers to; ours if the registry has answered it lately, or has deleted it."""
        key = (subject, version)
        if self._is_fresh(key):
            return self._versions[key]
        self._fresh.pop(key, None)
        try:
            return await self._reader.read_version(subject, version)
        except SubjectNotFound as exc:
            mine = self._versions.get(key)
            if mine is not None and await self._holds(mine):
                return mine
            raise UnusableAnswer(f"a reference cannot be read: {exc}") from exc
        except UnsupportedFormat as exc:
            raise UnusableAnswer(f"a reference cannot be used: {exc}") from exc

    async def _holds(self, mine: Registered) -> bool:
        """As ``holds``."""
        held = await self._ids.hold(mine)
        if not held:
            self._forget(mine)
        return held

    def _forget(self, denied: Registered) -> None:
        """Keeps nothing that the registry denies, on disk neither: a restart must not bring it back."""
        key = (denied.subject, denied.version)
        mine = self._versions.get(key)
        if mine is None or not is_listed_same(mine, denied):
            return
        _log.warning("registry_version_changed", subject=denied.subject, version=denied.version)
        self._gone.discard(denied.subject)
        self._trust_nothing()
        latest = self._latest.get(denied.subject)
        if latest is not None and latest.version == denied.version:
            del self._latest[denied.subject]
        # What refers to it is asked for again; until that has an answer it needs what it refers to.
        if not any(refers(node, key) for node in self._versions.values()):
            del self._versions[key]
            self._built.pop(key, None)
        self._changed = True
        self._save()

    def _known_missing(self, name: Key | str) -> SubjectNotFound | None:
        """What the registry has just said it does not have."""
        now = self._clock.monotonic()
        until, message = self._missing.get(name, (now, ""))
        if now < until:
            return SubjectNotFound(message)
        self._missing.pop(name, None)
        return None

    def _note_gone(self, mine: Registered) -> None:
        if mine.subject not in self._gone:
            self._gone.add(mine.subject)
            _log.warning("registry_subject_gone", subject=mine.subject, version=mine.version)

    def _adopt(self, nodes: Mapping[Key, Registered]) -> None:
        """Keeps what the registry has just answered, but for what the gateway does not use."""
        until = self._clock.monotonic() + REFRESHES * self._refresh_s
        for key, node in nodes.items():
            mine = self._versions.get(key)
            guid = node.guid
            if self._is_replaced(node):
                _log.warning("registry_version_changed", subject=node.subject, version=node.version)
            elif mine is not None and guid is None:
                guid = mine.guid  # the same schema has the same; of several nodes an older one gives none
            kept = replace(node, guid=guid, extras=())
            if mine != kept:
                self._versions[key] = kept
                self._built.clear()
                self._changed = True
            self._fresh.setdefault(key, until)  # what was not asked for just now is not trusted for longer

    def _build(self, key: Key) -> SchemaVersion:
        """The version with its references; the same object as long as nothing has changed.

        Raises RegistryUnavailable if what the registry has answered since makes no whole of it, or has denied it.
        """
        if key not in self._versions:
            raise RegistryUnavailable(f"version {key[1]} of {key[0]!r} was denied by the registry")
        if key not in self._built:
            try:
                self._built[key] = assemble(self._versions[key], self._versions)
            except UnusableAnswer as exc:
                raise RegistryUnavailable(f"Schema Registry: unusable answer: {exc}") from exc
        return self._built[key]

    def _save(self) -> None:
        """Writes the snapshot if something has changed since it was last written."""
        if self._changed:
            latest = {subject: held.version for subject, held in self._latest.items()}
            content = Content(self._clock.now_ms(), latest, self._versions)
            self._changed = not self._snapshot.save(content)
