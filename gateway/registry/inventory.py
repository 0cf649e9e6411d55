"""What a registry holds of the subjects that a plan is about, read with few questions at a time.

Nothing is written. Any answer that is missing ends it: a plan made from half a registry would be wrong.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Collection, Iterable, Mapping
from dataclasses import replace
from typing import Final, TypeVar

from gateway.config.contract import Compatibility
from gateway.errors import GatewayError, SchemaError, SubjectNotFound
from gateway.model import Reference, ReferenceTo, Registered, SchemaVersion
from gateway.notation.contexts import referred_subject
from gateway.plan.changes import Base, Change, Outlook, Plan, PlannedReference, Register, SetLevel
from gateway.plan.compatibility.evolution import compared, evolution_objections
from gateway.plan.compatibility.objections import ADVICE, UNSEEN, Objection, Rule
from gateway.plan.deletions import Orphan
from gateway.plan.desired import DesiredSchema, DesiredSubject
from gateway.plan.past import DEFAULT_LEVEL
from gateway.plan.planning import is_held, resolve_references
from gateway.plan.pulling import PulledSubject
from gateway.plan.state import HeldSubject, RegistryState
from gateway.registry.answers import Candidate
from gateway.registry.client import RegistryClient, SchemaRefused
from gateway.registry.references import qualified

T = TypeVar("T")

_AT_ONCE: Final = 16
"""Questions at a time: enough to hide a network's delay, few enough for any registry."""
_MOST_LISTED: Final = 1000
"""Apicurio lists so many subjects and no more: then a subject that is not listed may be there all the same."""


class Inventory:
    """One reading of a registry."""

    def __init__(self, client: RegistryClient) -> None:
        self._client = client
        self._gate = asyncio.Semaphore(_AT_ONCE)

    async def read(self, desired: Mapping[str, DesiredSubject]) -> RegistryState:
        """What the registry has of these subjects, and of those that they refer to. Raises RegistryUnavailable."""
        listed = await self._client.subjects()
        present, is_whole = set(listed), len(listed) < _MOST_LISTED
        names = list(dict.fromkeys([*desired, *_referred(desired.values())]))
        level = await self._client.compatibility()
        held = await self._gather(
            self._subject(name, desired.get(name), may_be_there=name in present or not is_whole) for name in names
        )
        state = RegistryState(self._client.urls, level, dict(zip(names, held, strict=True)))
        others = tuple(sorted(present - set(names)))
        return replace(state, subjects=await self._with_earlier(desired, state), others=others)

    async def read_all(self, prefix: str, others: Collection[str] = ()) -> list[PulledSubject]:
        """Every subject whose name begins so, and those of ``others`` that are there, in order of the names.

        Raises RegistryUnavailable.
        """
        names = await self._client.subjects()
        listed = sorted(name for name in names if name.startswith(prefix) or name in others)
        return await self._gather(self._whole(subject) for subject in listed)

    async def _whole(self, subject: str) -> PulledSubject:
        """One subject with all that a folder can say of it."""
        async with self._gate:
            level = await self._client.compatibility(subject)
            try:
                found = _with_contexts(await self._client.read_latest(subject))
            except (SchemaError, SubjectNotFound) as exc:
                return PulledSubject(subject, None, level, unreadable=str(exc))
            earlier = len([number for number in await self._client.versions(subject) if number < found.version])
            return PulledSubject(subject, found, level, earlier)

    async def latest(self, subjects: Iterable[str]) -> dict[str, Base | None]:
        """The latest version of each subject, None where all are deleted. Raises RegistryUnavailable."""

        async def one(subject: str) -> tuple[str, Base | None]:
            async with self._gate:
                return subject, await latest_base(self._client, subject)

        return dict(await self._gather(one(subject) for subject in subjects))

    async def orphans(self, subjects: Iterable[str]) -> dict[str, Orphan]:
        """How these subjects stand, that no folder names. Raises RegistryUnavailable."""

        async def one(subject: str) -> tuple[str, Orphan]:
            async with self._gate:
                try:
                    versions = await self._client.versions(subject)
                except SubjectNotFound:
                    return subject, Orphan(None)
                found = [await self._client.referrers(subject, version) for version in versions]
                return subject, Orphan(await latest_base(self._client, subject), frozenset().union(*found) - {subject})

        return dict(await self._gather(one(subject) for subject in subjects))

    async def ask(self, plan: Plan, state: RegistryState, schemas: Mapping[str, SchemaVersion]) -> Plan:
        """The plan with what becomes of each registration. Raises RegistryUnavailable.

        The registry says it, but where the plan itself changes what it would go by: the subject's level, or a schema
        that is referred to. Then the rules of ``plan.compatibility`` do; ``schemas``: the folders', by subject. What
        the registry takes is held against these rules, too: it does not look at logical types.
        """
        levels = {change.subject: change.level for change in plan.changes if isinstance(change, SetLevel)}

        async def answer(change: Change) -> Change:
            if not isinstance(change, Register):
                return change
            if change.base is None and _is_ahead(change):
                return replace(change, outlook=Outlook.COMPATIBLE)
            level = levels.get(change.subject) if change.base is not None else None
            if level is not None or _is_ahead(change):
                return await self._decided(change, level or await self._level(change.subject, state), schemas)
            asked = await self._asked(change)
            if change.base is None:
                return asked
            level = await self._level(change.subject, state)
            if asked.outlook is not Outlook.INCOMPATIBLE:
                return await self._seen_through(asked, level)
            by_rules = await self._decided(change, level, schemas)
            return replace(asked, reasons=(*by_rules.reasons, *asked.reasons))

        return replace(plan, changes=tuple(await self._gather(answer(change) for change in plan.changes)))

    async def _level(self, subject: str, state: RegistryState) -> Compatibility:
        """The level under which a subject changes now."""
        async with self._gate:
            return await self._client.compatibility(subject) or state.level or DEFAULT_LEVEL

    async def _decided(self, change: Register, level: Compatibility, schemas: Mapping[str, SchemaVersion]) -> Register:
        """What the rules say of a new version."""
        assert change.base is not None
        new = schemas.get(change.subject)
        if new is None:
            reason = "it refers to a schema that is in no folder, so the rules cannot tell"
            return replace(change, outlook=Outlook.UNDECIDED, reasons=(reason,))
        try:
            async with self._gate:
                old = await self._client.version(change.subject, change.base.version)
            found = evolution_objections(old, new, level)
        except (SchemaError, SubjectNotFound) as exc:
            return replace(change, outlook=Outlook.UNDECIDED, reasons=(f"could not be compared: {exc}",))
        reasons = tuple(map(_worded, found))
        if any(each.is_certain for each in found):
            return replace(change, outlook=Outlook.INCOMPATIBLE, reasons=reasons)
        if found or level.endswith("_TRANSITIVE"):
            before = (f"by rules, with version {change.base.version} only: the plan changes what the registry goes by",)
            return replace(change, outlook=Outlook.UNDECIDED, reasons=(*before, *reasons))
        return replace(change, outlook=Outlook.COMPATIBLE)

    async def _seen_through(self, change: Register, level: Compatibility) -> Register:
        """A new version that the registry takes, with what the rules are sure of all the same.

        A value that would be read as another one makes it incompatible: no registry looks at logical types. For the
        rest the registry's word holds; what the rules are sure of is told, and what registries do not look at.
        """
        found: list[Objection] = []
        try:
            new = await self._as_registered(change)
            for old in await self._held_against(change, level):
                found += evolution_objections(old, new, level)
        except (SchemaError, SubjectNotFound) as exc:
            reason = f"the registry takes it; by the rules of gateway schemas check it could not be compared: {exc}"
            return replace(change, reasons=(*change.reasons, reason))
        told = [each for each in dict.fromkeys(found) if each.is_certain or each.rule in UNSEEN]
        is_another_value = any(each.is_certain and each.rule is Rule.LOGICAL_TYPE for each in told)
        outlook = Outlook.INCOMPATIBLE if is_another_value else change.outlook
        return replace(change, outlook=outlook, reasons=(*change.reasons, *map(_worded, told)))

    async def _as_registered(self, change: Register) -> SchemaVersion:
        """What a registration would make, with the versions that it refers to. Raises SchemaError, SubjectNotFound."""
        references = []
        for each in change.references:
            assert each.version is not None  # what refers to a version that is still to come is not asked for
            async with self._gate:
                subject = referred_subject(each.subject, change.subject)
                references.append(Reference(each.name, await self._client.version(subject, each.version)))
        return SchemaVersion(change.subject, 0, 0, change.format, change.text, None, tuple(references))

    async def _held_against(self, change: Register, level: Compatibility) -> list[SchemaVersion]:
        """The versions that ``level`` covers. Raises SchemaError, SubjectNotFound."""
        assert change.base is not None
        numbers = [change.base.version]
        if level.endswith("_TRANSITIVE"):
            async with self._gate:
                numbers = await self._client.versions(change.subject)
        versions = []
        for number in compared(level, numbers):
            async with self._gate:
                versions.append(await self._client.version(change.subject, number))
        return versions

    async def _subject(self, subject: str, wanted: DesiredSubject | None, *, may_be_there: bool) -> HeldSubject:
        """One subject as it stands."""
        async with self._gate:
            level = None
            if wanted is not None and wanted.level is not None:
                level = await self._client.compatibility(subject)
            if not may_be_there:
                return HeldSubject(level=level)
            try:
                latest = _with_contexts(await self._client.read_latest(subject))
            except SubjectNotFound:
                return HeldSubject(level=level)
            except SchemaError as exc:
                return HeldSubject(level=level, unreadable=str(exc))
            version = wanted.schema.version if wanted is not None and wanted.schema is not None else None
            if version is None or version == latest.version:
                return HeldSubject(latest, level, pinned=latest if version is not None else None)
            try:
                pinned = _with_contexts(await self._client.read_version(subject, version))
            except (SubjectNotFound, SchemaError):
                return HeldSubject(latest, level)
            return HeldSubject(latest, level, pinned)

    async def _with_earlier(
        self, desired: Mapping[str, DesiredSubject], state: RegistryState
    ) -> dict[str, HeldSubject]:
        """The subjects, those that changed with the version that is their schema already."""

        async def look(subject: str, held: HeldSubject) -> HeldSubject:
            wanted = desired.get(subject)
            if wanted is None or wanted.schema is None or held.latest is None or wanted.schema.version is not None:
                return held
            references, missing = resolve_references(wanted.schema, state, set())
            if missing or is_held(wanted.schema, references, held.latest):
                return held
            async with self._gate:
                try:
                    known = await self._client.lookup(subject, _candidate(wanted.schema, references))
                except SchemaRefused:
                    return held  # that it is no schema is said when it is asked whether it fits
            return held if known is None else replace(held, same=known.version)

        found = await self._gather(look(subject, held) for subject, held in state.subjects.items())
        return dict(zip(state.subjects, found, strict=True))

    async def _asked(self, change: Register) -> Register:
        """What the registry says of a registration."""
        async with self._gate:
            try:
                verdict = await self._client.check(change.subject, _candidate(change, change.references))
            except SchemaRefused as exc:
                return replace(change, outlook=Outlook.INCOMPATIBLE, reasons=(str(exc),))
        outlook = Outlook.COMPATIBLE if verdict.compatible else Outlook.INCOMPATIBLE
        return replace(change, outlook=outlook, reasons=verdict.messages)

    @staticmethod
    async def _gather(questions: Iterable[Awaitable[T]]) -> list[T]:
        """The answers in order; the first failure ends all of them, and is raised."""
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(_await(question)) for question in questions]
        except* GatewayError as failures:
            raise failures.exceptions[0] from None
        return [task.result() for task in tasks]


async def latest_base(client: RegistryClient, subject: str) -> Base | None:
    """The latest version of a subject, of whatever type, None where it has none. Raises RegistryUnavailable."""
    try:
        return Base(*await client.read_latest_place(subject, looks=1))
    except SubjectNotFound:
        return None


def _with_contexts(registered: Registered) -> Registered:
    """The version with the contexts that its references leave out, as the folders' references have them."""
    return replace(registered, references=qualified(registered.subject, registered.references))


def _worded(objection: Objection) -> str:
    return f"{objection.rule} at {objection.path or '/'}: {objection.message}; {ADVICE[objection.rule]}"


async def _await(question: Awaitable[T]) -> T:
    return await question


def _is_ahead(change: Register) -> bool:
    """Whether a schema refers to what the plan registers first."""
    return any(reference.version is None for reference in change.references)


def _referred(desired: Iterable[DesiredSubject]) -> list[str]:
    return [
        reference.subject for wanted in desired if wanted.schema is not None for reference in wanted.schema.references
    ]


def _candidate(schema: DesiredSchema | Register, references: Iterable[PlannedReference]) -> Candidate:
    """The schema as it would be registered; none of its references is to a version that is still to come."""
    known = [ReferenceTo(each.name, each.subject, each.version) for each in references if each.version is not None]
    return Candidate(schema.format, schema.text, tuple(known))
