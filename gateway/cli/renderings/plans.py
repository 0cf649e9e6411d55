"""A plan for a person: lines on a terminal, and markdown for the comment of a pull request."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.cli.renderings.markdown import code, escaped
from gateway.compile.sentence import counted
from gateway.plan.changes import Change, Delete, NoteKind, Outlook, Plan, Register, SetLevel

_OUTLOOKS = {
    Outlook.COMPATIBLE: "compatible",
    Outlook.INCOMPATIBLE: "INCOMPATIBLE",
    Outlook.UNDECIDED: "not decided yet",
}


_QUOTED = ("{oldSchema:", "{oldSchemaVersion:", "{compatibility:")
"""Lines of the registry's reasons that only quote what is known."""


def title(change: Change) -> str:
    """What a change does, on one line, behind its subject."""
    match change:
        case SetLevel():
            return f"level {change.base or 'of the registry'} -> {change.level}"
        case Register(base=None):
            return f"new subject, {change.format} ({change.file})"
        case Register():
            assert change.base is not None
            return f"new version after {change.base.version} ({change.file})"
        case Delete(permanent=True):
            return "delete for good"
        case Delete():
            return "delete, softly"


def sign(change: Change) -> str:
    """``+`` for what is new, ``-`` for what goes, ``~`` for what changes, ``!`` for what cannot be done."""
    if isinstance(change, Register):
        if change.outlook is Outlook.INCOMPATIBLE:
            return "!"
        return "+" if change.base is None else "~"
    return "-" if isinstance(change, Delete) else "~"


def details(change: Change) -> Iterator[str]:
    """What a registration changes, and what will become of it."""
    if not isinstance(change, Register):
        return
    for difference in change.differences:
        yield f"{difference.path or '/'}: {difference.message}"
    if change.base is not None or change.outlook is not Outlook.COMPATIBLE:
        yield _OUTLOOKS[change.outlook]
    yield from (reason for reason in change.reasons if not reason.startswith(_QUOTED))


def summary(plan: Plan) -> str:
    """All of it on one line."""
    counts = {
        "new subject": sum(isinstance(each, Register) and each.base is None for each in plan.changes),
        "new version": sum(isinstance(each, Register) and each.base is not None for each in plan.changes),
        "level": sum(isinstance(each, SetLevel) for each in plan.changes),
        "deletion": sum(isinstance(each, Delete) for each in plan.changes),
    }
    told = [counted(count, noun) for noun, count in counts.items() if count]
    if not told:
        return "nothing to do: the registry has what the folders want"
    return ", ".join(told)


def markdown(plan: Plan) -> str:
    """The plan as a comment."""
    lines = ["### Schemas", "", f"Plan for {code(', '.join(plan.urls))}: {summary(plan)}.", ""]
    for change in plan.changes:
        lines.append(f"- `{sign(change)}` **{escaped(change.subject)}**: {escaped(title(change))}")
        lines += [f"  - {escaped(detail)}" for detail in details(change)]
    notes = [note for note in plan.notes if note.kind is not NoteKind.ORPHAN]
    if notes:
        lines += ["", "| | subject | |", "|---|---|---|"]
        lines += [f"| {note.kind} | {escaped(note.subject)} | {escaped(note.message)} |" for note in notes]
    orphans = [note.subject for note in plan.notes if note.kind is NoteKind.ORPHAN]
    if orphans:
        lines += ["", f"No folder names: {', '.join(map(code, orphans))}"]
    if plan.blocked or plan.conflicts:
        lines += ["", "**This plan cannot be applied.**"]
    return "\n".join(lines) + "\n"
