"""Executes a plan, change by change, exactly as it was made.

Before each change the registry is asked how the subject stands: where the result already holds nothing is done; where
it stands as the plan's base says, the change is made; anything else refuses, because somebody else was there. So a plan
can be executed again after whatever stopped it. All changes are asked about before the first is made: half of an
outdated plan might lower a subject's level for a version that then does not come.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from gateway.errors import GatewayError
from gateway.model import ReferenceTo, Registered
from gateway.notation.contexts import referred_subject
from gateway.plan.changes import Base, Change, Delete, Plan, Register, SetLevel
from gateway.registry.answers import Candidate
from gateway.registry.client import RegistryClient
from gateway.registry.inventory import latest_base


class Result(StrEnum):
    """What became of a change."""

    DONE = "done"
    HELD = "held"
    """It was so already."""


@dataclass(frozen=True, slots=True)
class Step:
    """An executed change."""

    change: Change
    result: Result
    detail: str
    """The version and schema ID that a registration has, what a deletion removed."""


class PlanOutdated(GatewayError):
    """The registry is not as the plan expects it: somebody else changed it since."""


async def execute(client: RegistryClient, plan: Plan) -> AsyncGenerator[Step]:
    """Each change of the plan, in order, once it is so.

    Raises PlanOutdated; SchemaRefused where the registry refuses a schema; RegistryUnavailable. Nothing that was
    yielded is undone by that, and what comes behind was not begun.
    """
    registered: dict[str, int] = {}
    for change in plan.changes:
        match change:
            case SetLevel():
                await _level_holds(client, change)
            case Register():
                await _held_version(client, change, await _candidate(client, change, registered))
            case Delete(permanent=False):
                await _is_deleted(client, change)
    for change in plan.changes:
        match change:
            case SetLevel():
                yield await _set_level(client, change)
            case Register():
                yield await _register(client, change, registered)
            case Delete():
                yield await _delete(client, change)


async def _set_level(client: RegistryClient, change: SetLevel) -> Step:
    if await _level_holds(client, change):
        return Step(change, Result.HELD, f"the level is {change.level}")
    await client.set_compatibility(change.subject, change.level)
    return Step(change, Result.DONE, f"the level is {change.level}")


async def _level_holds(client: RegistryClient, change: SetLevel) -> bool:
    """Whether the level is set already. Raises PlanOutdated."""
    found = await client.compatibility(change.subject)
    if found is change.level:
        return True
    # Apicurio shows the registry's level for a subject that has none of its own, once the subject is there.
    is_shown = change.base is None and found is await client.compatibility()
    if found is not change.base and not is_shown:
        raise PlanOutdated(
            f"the level of {change.subject!r} is {found or 'not set'}, and was {change.base or 'not set'} when the "
            "plan was made: plan again"
        )
    return False


async def _candidate(client: RegistryClient, change: Register, registered: Mapping[str, int]) -> Candidate | None:
    """The schema with the versions that it refers to; None where one of them is still to come."""
    references = []
    for reference in change.references:
        version = reference.version
        referred = referred_subject(reference.subject, change.subject)
        if version is None:
            version = registered.get(referred)
        if version is None:
            latest = await latest_base(client, referred)
            if latest is None:
                return None
            version = latest.version
        references.append(ReferenceTo(reference.name, reference.subject, version))
    return Candidate(change.format, change.text, tuple(references))


async def _held_version(client: RegistryClient, change: Register, candidate: Candidate | None) -> Registered | None:
    """The latest version, where it is this schema already. Raises PlanOutdated."""
    latest = await latest_base(client, change.subject)
    if latest is not None and candidate is not None:
        known = await client.lookup(change.subject, candidate)
        if known is not None and known.version == latest.version:
            return known
    if latest != change.base:
        raise _outdated(change, latest)
    return None


async def _register(client: RegistryClient, change: Register, registered: dict[str, int]) -> Step:
    candidate = await _candidate(client, change, registered)
    if candidate is None:
        raise PlanOutdated(f"what {change.subject!r} refers to is gone: plan again")
    known = await _held_version(client, change, candidate)
    if known is not None:
        registered[change.subject] = known.version
        return Step(change, Result.HELD, f"version {known.version}, ID {known.schema_id}")
    await client.register(change.subject, candidate)
    found = await client.lookup(change.subject, candidate)
    if found is None:
        raise PlanOutdated(f"{change.subject!r} was registered, and is gone again: plan again")
    registered[change.subject] = found.version
    return Step(change, Result.DONE, f"version {found.version}, ID {found.schema_id}")


async def _delete(client: RegistryClient, change: Delete) -> Step:
    if change.permanent:
        latest = await latest_base(client, change.subject)
        if latest is not None:
            raise PlanOutdated(f"{change.subject!r} has {_shown(latest)}, which was not deleted softly: plan again")
        gone = await client.delete_subject(change.subject, permanent=True)
        return Step(change, Result.DONE if gone else Result.HELD, "gone for good")
    if await _is_deleted(client, change):
        return Step(change, Result.HELD, "deleted, softly")
    await client.delete_subject(change.subject)
    return Step(change, Result.DONE, "deleted, softly")


async def _is_deleted(client: RegistryClient, change: Delete) -> bool:
    """Whether the subject has no version any more. Raises PlanOutdated."""
    latest = await latest_base(client, change.subject)
    if latest is not None and latest != change.base:
        raise _outdated(change, latest)
    return latest is None


def _outdated(change: Register | Delete, latest: Base | None) -> PlanOutdated:
    return PlanOutdated(
        f"{change.subject!r} has {_shown(latest)}, and had {_shown(change.base)} when the plan was made: plan again"
    )


def _shown(base: Base | None) -> str:
    return "no version" if base is None else f"version {base.version} (ID {base.schema_id}) as its latest"
