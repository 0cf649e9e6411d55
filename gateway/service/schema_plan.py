"""Makes a plan: reads the registry, compares, asks it for its verdicts, and looks into the history for drift."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from gateway.config.contract import Contracts
from gateway.errors import SchemaError, SubjectNotFound
from gateway.history.repository import past_contents
from gateway.model import Registered, SchemaVersion
from gateway.plan.changes import Note, NoteKind, Plan, Register
from gateway.plan.deletions import with_deletions
from gateway.plan.desired import DesiredSubject, desired_subjects
from gateway.plan.findings import refuse_invalid
from gateway.plan.folder_schemas import FolderSchemas, KeptElsewhere, Wanted
from gateway.plan.planning import make_plan
from gateway.plan.rehearsal import unusable
from gateway.plan.state import RegistryState
from gateway.plan.unapplied import same_text
from gateway.registry.client import RegistryClient
from gateway.registry.inventory import Inventory


@dataclass(frozen=True, slots=True)
class Orphans:
    """What is to become of subjects that no folder names."""

    prefix: str = ""
    """Only subjects that begin so are looked at: a registry may have other owners."""
    delete: bool = False
    permanent: bool = False
    """After the soft deletion, and where that was done before."""


async def plan_schemas(client: RegistryClient, contracts: Contracts, orphans: Orphans, depth: int) -> Plan:
    """The plan that makes the registry hold what ``contracts`` want. Writes nothing.

    ``depth``: most levels of nesting in a payload. Raises RegistryUnavailable, and ConfigError for schemas with which
    the contracts cannot run: a registry takes what the gateway would then hold back, or refuse at its start.
    """
    refuse_invalid(unusable(contracts, depth=depth))
    elsewhere = await _elsewhere(client, FolderSchemas(contracts))
    if elsewhere:
        refuse_invalid(unusable(contracts, depth=depth, known=elsewhere))
    desired = desired_subjects(contracts)
    inventory = Inventory(client)
    state = await inventory.read(desired)
    state = replace(state, others=tuple(each for each in state.others if each.startswith(orphans.prefix)))
    plan = make_plan(desired, state)
    if orphans.delete:
        named = state.others
        if orphans.permanent:  # what was deleted softly before is in no list of what there is
            softly = {each for each in await client.subjects(deleted=True) if each.startswith(orphans.prefix)}
            named = tuple(sorted({*named, *softly} - state.subjects.keys()))
        plan = with_deletions(plan, await inventory.orphans(named), permanent=orphans.permanent)
    plan = await inventory.ask(plan, state, _resolved(FolderSchemas(contracts, elsewhere), desired))
    return replace(plan, notes=(*_drift(plan, desired, state), *plan.notes))


async def _elsewhere(client: RegistryClient, schemas: FolderSchemas) -> dict[Wanted, SchemaVersion]:
    """What the folders' schemas refer to and no folder says; what the registry lacks is left out."""
    found: dict[Wanted, SchemaVersion] = {}
    for subject, version in schemas.kept_elsewhere():
        try:
            known = await (client.latest(subject) if version is None else client.version(subject, version))
        except (SubjectNotFound, SchemaError):
            continue  # planning says so, as a conflict
        found[subject, version] = known
    return found


def _resolved(schemas: FolderSchemas, desired: Mapping[str, DesiredSubject]) -> dict[str, SchemaVersion]:
    """The folders' schemas with all that they refer to, those that are nowhere complete left out."""
    found: dict[str, SchemaVersion] = {}
    for subject, wanted in desired.items():
        if wanted.schema is not None:
            try:
                found[subject] = schemas.version(subject)
            except KeptElsewhere:
                continue
    return found


def _drift(plan: Plan, desired: Mapping[str, DesiredSubject], state: RegistryState) -> Iterator[Note]:
    """The versions that would be followed and that no commit ever held: somebody registered them by hand."""
    for change in plan.changes:
        if not isinstance(change, Register) or change.base is None:
            continue
        schema, latest = desired[change.subject].schema, state.subjects[change.subject].latest
        if schema is None or latest is None:
            continue
        past = past_contents(schema.path)
        if not past.contents or any(_is_same(content, latest) for content in past.contents):
            continue
        held = f"version {latest.version} (ID {latest.schema_id}) is in no commit of {change.file}"
        if past.is_whole:
            message = f"{held}: somebody registered it by hand, and this plan undoes what it has and the file lacks"
            yield Note(NoteKind.DRIFT, change.subject, message)
        else:
            message = f"{held} that is here, but the clone is shallow: git fetch --unshallow, and plan again"
            yield Note(NoteKind.UNKNOWN, change.subject, message)


def _is_same(content: bytes, held: Registered) -> bool:
    """Whether a committed file is this schema, however it is spelled."""
    try:
        return same_text(content, held.text, held.format)
    except ValueError:
        return False
