"""The deletion of subjects that no folder names, where somebody asked for it. Pure; the registry was read by others.

A registry refuses to delete what another schema refers to: what is referred to comes after what refers to it, and what
a subject needs that stays is not deleted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from gateway.compile.sentence import listed
from gateway.plan.changes import Base, Change, Delete, Note, NoteKind, Plan


@dataclass(frozen=True, slots=True)
class Orphan:
    """A subject that no folder names, as a registry has it."""

    base: Base | None
    """Its latest version; None where all of them were deleted before, softly."""
    referrers: frozenset[str] = frozenset()
    """Other subjects that refer to any of its versions."""


def with_deletions(plan: Plan, orphans: Mapping[str, Orphan], *, permanent: bool) -> Plan:
    """The plan that deletes these subjects, too, softly first, each before what it refers to."""
    needed = _needed(orphans)
    deletions: list[Change] = []
    for subject in _ordered({subject: orphan for subject, orphan in orphans.items() if subject not in needed}):
        base = orphans[subject].base
        if base is not None:
            deletions.append(Delete(subject, base, permanent=False))
        if permanent:
            deletions.append(Delete(subject, None, permanent=True))
    notes = [note for note in plan.notes if note.kind is not NoteKind.ORPHAN or note.subject not in orphans]
    for subject, by in needed.items():
        message = f"no folder names it, and it is not deleted, because what stays refers to it: {listed(sorted(by))}"
        notes.append(Note(NoteKind.ORPHAN, subject, message))
    return replace(plan, changes=(*plan.changes, *deletions), notes=tuple(notes))


def _needed(orphans: Mapping[str, Orphan]) -> dict[str, frozenset[str]]:
    """Those to which something refers that stays, with what that is."""
    needed: dict[str, frozenset[str]] = {}
    while True:
        staying = {
            subject: orphan.referrers - (orphans.keys() - needed.keys())
            for subject, orphan in orphans.items()
            if subject not in needed
        }
        found = {subject: by for subject, by in staying.items() if by}
        if not found:
            return needed
        needed |= found


def _ordered(orphans: Mapping[str, Orphan]) -> list[str]:
    """Referrers first. Versions of two subjects may refer to each other: then the registry is asked, and refuses."""
    ordered: dict[str, None] = {}
    begun: set[str] = set()

    def add(subject: str) -> None:
        if subject in begun or subject not in orphans:
            return
        begun.add(subject)
        for referrer in sorted(orphans[subject].referrers):
            add(referrer)
        ordered[subject] = None

    for subject in orphans:
        add(subject)
    return list(ordered)
