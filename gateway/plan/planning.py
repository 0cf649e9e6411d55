"""What the folders want against what a registry holds: the plan. Pure; both sides were read by others.

Rules
- A schema that the registry holds as its latest version, in whatever spelling, is not registered again.
- References to "latest" mean the version that will be the latest when the plan was applied.
- An earlier version cannot be made the latest again by registering it: that is a conflict, for a person to settle.
- Nothing is deleted: plan/deletions.py adds that, where somebody asked for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from gateway.config.contract import DeclaredReference
from gateway.model import Registered
from gateway.plan.changes import (
    Base,
    Change,
    Note,
    NoteKind,
    Outlook,
    Plan,
    PlannedReference,
    Register,
    SetLevel,
)
from gateway.plan.desired import DesiredSchema, DesiredSubject
from gateway.plan.differences import Difference, differences
from gateway.plan.state import HeldSubject, RegistryState
from gateway.plan.unapplied import same_text

_NOTHING = HeldSubject()


@dataclass(slots=True)
class _Draft:
    """A plan that is being made."""

    state: RegistryState
    changes: list[Change] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    registered: set[str] = field(default_factory=set)
    """Subjects that get a version by this plan."""

    def note(self, kind: NoteKind, subject: str, message: str) -> None:
        self.notes.append(Note(kind, subject, message))


def make_plan(desired: Mapping[str, DesiredSubject], state: RegistryState) -> Plan:
    """The plan for ``desired``, in its order; what the registry says of its registrations is not asked yet."""
    draft = _Draft(state)
    for wanted in desired.values():
        held = state.subjects.get(wanted.subject, _NOTHING)
        level: list[Change] = []
        if wanted.level is not None and wanted.level is not held.level:
            level.append(SetLevel(wanted.subject, held.level, wanted.level))
        if held.latest is not None:  # a new version comes under the new level; not every registry has levels of nothing
            draft.changes += level
        if wanted.schema is not None:
            _plan_schema(draft, wanted, wanted.schema, held)
        elif held.latest is None and not held.unreadable:
            message = "its schema is in no folder, and the registry does not have it: its contracts would be inactive"
            draft.note(NoteKind.CONFLICT, wanted.subject, message)
        if held.latest is None:
            draft.changes += level
    for subject in state.others:
        message = "no folder names it; if nobody needs it, --delete-orphans plans its deletion"
        draft.note(NoteKind.ORPHAN, subject, message)
    return Plan(state.urls, tuple(draft.changes), tuple(draft.notes), len(desired))


def resolve_references(
    wanted: DesiredSchema, state: RegistryState, registered: set[str]
) -> tuple[tuple[PlannedReference, ...], list[DeclaredReference]]:
    """The references as they will be, and those that lead nowhere; ``registered``: subjects that get a new version.

    A number that the plan itself makes is "the new one" too: the registry does not have it when it is asked.
    """
    planned: list[PlannedReference] = []
    missing: list[DeclaredReference] = []
    for reference in wanted.references:
        version = reference.version
        latest = state.subjects.get(reference.subject, _NOTHING).latest
        if reference.subject in registered:
            version = None if version is not None and _is_next(version, latest) else version
        elif version is None:
            if latest is None:
                missing.append(reference)
                continue
            version = latest.version
        planned.append(PlannedReference(reference.name, reference.subject, version))
    return tuple(planned), missing


def is_held(wanted: DesiredSchema, references: tuple[PlannedReference, ...], held: Registered) -> bool:
    """Whether a version is the wanted schema: the same text but for its spelling, and the same references."""
    ours = {(each.name, each.subject, each.version) for each in references}
    theirs = {(each.name, each.subject, each.version) for each in held.references}
    return held.format is wanted.format and ours == theirs and same_text(wanted.text, held.text, held.format)


def _plan_schema(draft: _Draft, wanted: DesiredSubject, schema: DesiredSchema, held: HeldSubject) -> None:
    subject = wanted.subject
    references, missing = resolve_references(schema, draft.state, draft.registered)
    if held.unreadable:
        draft.note(NoteKind.UNKNOWN, subject, f"not compared: {held.unreadable}")
        return
    if missing:
        names = ", ".join(f"{each.name!r} (subject {each.subject!r})" for each in missing)
        message = f"refers to {names}, which neither a folder nor the registry has: register it first"
        draft.note(NoteKind.CONFLICT, subject, message)
        return
    latest = held.latest
    if schema.version is not None and not _is_next(schema.version, latest):
        _compare_pinned(draft, subject, schema, references, held)
        return
    if latest is not None and is_held(schema, references, latest):
        return
    if latest is not None and held.same == latest.version:
        message = (
            f"{schema.file} differs from version {latest.version} only in what this registry does not tell apart, such "
            "as doc: it takes both for the same schema, and gives no new version"
        )
        draft.note(NoteKind.DRIFT, subject, message)
        return
    if latest is not None and held.same is not None:
        message = (
            f"{schema.file} is version {held.same} of the registry, whose latest is version {latest.version}: somebody "
            "registered that, and an earlier version cannot become the latest again. gateway schemas pull takes it "
            "over; or change the file"
        )
        draft.note(NoteKind.CONFLICT, subject, message)
        return
    base = None if latest is None else Base(latest.version, latest.schema_id)
    changes = tuple(_changes(schema, references, latest))
    draft.changes.append(
        Register(subject, base, schema.format, schema.text, references, schema.file, changes, Outlook.UNDECIDED)
    )
    draft.registered.add(subject)


def _is_next(version: int, latest: Registered | None) -> bool:
    """Whether a registration would get this version."""
    return version == (1 if latest is None else latest.version + 1)


def _compare_pinned(
    draft: _Draft, subject: str, schema: DesiredSchema, references: tuple[PlannedReference, ...], held: HeldSubject
) -> None:
    version = schema.version
    if held.pinned is None:
        message = (
            f"the contract is pinned to version {version}, which the registry does not have and would not give next"
        )
        draft.note(NoteKind.CONFLICT, subject, f"{message}; pin one that it has, or follow the latest")
    elif not is_held(schema, references, held.pinned):
        message = f"the contract is pinned to version {version}, and {schema.file} is another schema than that"
        draft.note(NoteKind.CONFLICT, subject, f"{message}; pin the version that it is, or follow the latest")


def _changes(
    schema: DesiredSchema, references: tuple[PlannedReference, ...], latest: Registered | None
) -> Iterator[Difference]:
    """What a new version changes."""
    if latest is None:
        return
    if latest.format is not schema.format:
        yield Difference("", f"{latest.format} becomes {schema.format}")
        return
    yield from differences(schema.format, latest.text, schema.text)
    before = {each.name: (each.subject, each.version) for each in latest.references}
    after = {each.name: (each.subject, each.version) for each in references}
    for name in dict.fromkeys([*before, *after]):
        if before.get(name) != after.get(name):
            yield Difference("", f"reference {name!r}: {_target(before.get(name))} becomes {_target(after.get(name))}")


def _target(reference: tuple[str, int | None] | None) -> str:
    if reference is None:
        return "nothing"
    subject, version = reference
    return f"{subject} version {version}" if version is not None else f"the new version of {subject}"
