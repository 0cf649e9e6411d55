"""The folders of contracts held against what they were, each changed schema against its own past.

The level is the contract's, or BACKWARD, which is a registry's own default. What the folders alone cannot tell is
``unknown``: a registry must be asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from gateway.compile.sentence import listed
from gateway.config.coexistence import subjects
from gateway.config.contract import Compatibility, Contract, Contracts, SchemaFile, SharedType
from gateway.config.files import display
from gateway.errors import SchemaError
from gateway.notation.lines import json_place
from gateway.plan.compatibility.evolution import evolution_objections
from gateway.plan.compatibility.objections import ADVICE, Objection
from gateway.plan.findings import Area, Check, Finding, Grade
from gateway.plan.folder_schemas import FolderSchemas, KeptElsewhere
from gateway.plan.unapplied import same_text

DEFAULT_LEVEL: Final = Compatibility.BACKWARD
"""Of a registry that nobody told otherwise."""


def regressions(now: Contracts, past: Contracts, name: str) -> Iterator[Finding]:
    """What changed since ``past``, called ``name``, and must not have, subject by subject."""
    levels = level_of(now)
    ours, theirs = FolderSchemas(now), FolderSchemas(past)
    declared: set[str] = set()
    new: list[str] = []
    for folder in now.folders:
        for subject in subjects(folder):
            declared.add(subject)
            if folder.schema is None:
                continue
            if theirs.declared(subject) is None:
                new.append(subject)
            else:
                level = levels.get(subject, DEFAULT_LEVEL)
                yield from _compare(folder, folder.schema, subject, level, (ours, theirs), name)
    if new:
        yield _without_past(new, name)
    for folder in past.folders:
        for subject in subjects(folder):
            if subject not in declared:
                message = (
                    f"subject {subject} was declared at {name} and is not any more; a registry keeps it until "
                    "gateway schemas apply is told to delete it"
                )
                yield Finding(Grade.NOTICE, Area.SCHEMA, subject, message, folder.name, check=Check.HISTORY)


def level_of(contracts: Contracts) -> dict[str, Compatibility]:
    """The level that folders declare, by subject."""
    return {
        subject: folder.compatibility
        for folder in contracts.folders
        if folder.compatibility is not None
        for subject in subjects(folder)
    }


def _without_past(new: Sequence[str], name: str) -> Finding:
    """What was not held against anything; a folder that was moved looks so, too, or one that is another repository."""
    message = f"held against nothing, because the contracts committed at {name} do not have it: {listed(sorted(new))}"
    return Finding(Grade.NOTICE, Area.SCHEMA, name, message, check=Check.HISTORY)


def _compare(
    folder: Contract | SharedType,
    file: SchemaFile,
    subject: str,
    level: Compatibility,
    schemas: tuple[FolderSchemas, FolderSchemas],
    name: str,
) -> Iterator[Finding]:
    shown = display(file.path)
    try:
        if _is_same(subject, *schemas):
            return
        new, old = (each.version(subject) for each in schemas)
        objections = evolution_objections(old, new, level)
    except KeptElsewhere as exc:
        message = f"changed since {name}, and refers to {exc.what}, which no folder holds: plan asks for it"
        yield Finding(Grade.UNKNOWN, Area.SCHEMA, subject, message, folder.name, shown, check=Check.COMPATIBILITY)
        return
    except SchemaError as exc:
        message = f"cannot be compared with {name}: {exc}"
        yield Finding(Grade.UNKNOWN, Area.SCHEMA, subject, message, folder.name, shown, check=Check.COMPATIBILITY)
        return
    for objection in objections:
        yield _finding(folder, file, subject, objection, f"{level} since {name}")


def _finding(
    folder: Contract | SharedType, file: SchemaFile, subject: str, objection: Objection, against: str
) -> Finding:
    place = json_place(file.text, objection.path)
    verdict = "breaks" if objection.is_certain else "may break"
    return Finding(
        Grade.PROBLEM if objection.is_certain else Grade.UNKNOWN,
        Area.SCHEMA,
        subject,
        f"{verdict} {against} ({objection.rule}): {objection.message}; {ADVICE[objection.rule]}",
        folder.name,
        display(file.path),
        place.line,
        objection.path,
        check=Check.COMPATIBILITY,
        column=place.column,
    )


def _is_same(subject: str, now: FolderSchemas, past: FolderSchemas) -> bool:
    """Whether the folders say the same of a subject and of what it refers to; what is elsewhere does not count."""
    new, old = now.declared(subject), past.declared(subject)
    if new is None or old is None:
        return new is old
    return (
        old.format is new.format
        and same_text(old.text, new.text, new.format)
        and now.references(subject) == past.references(subject)
        and all(_is_same(each.subject, now, past) for each in now.references(subject) if each.version is None)
    )
