"""What a registry holds as contract folders: the files to write, and what cannot be said in them.

Rules
- A subject whose schema a folder holds is taken over into that folder, and only what differs is written: the schema's
  text, the level and the references' versions that the contract declares. Nothing else in a person's file is touched.
- A folder says the same of all subjects that it holds: where they differ in the registry it is left alone.
- Any other subject becomes a folder of its own, a shared type: who publishes what is not in a registry.
- Pulled again, nothing changes unless the registry did.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from gateway.compile.sentence import listed
from gateway.config.coexistence import subjects
from gateway.config.contract import Compatibility, Contract, Contracts, SharedType
from gateway.config.files import read_text
from gateway.model import ReferenceTo, Registered
from gateway.notation.document import KeyPath
from gateway.notation.layout import lay_out
from gateway.notation.yaml_text import with_scalar
from gateway.plan.pulled_folder import folder_name, folder_texts, version_text
from gateway.plan.unapplied import same_text


@dataclass(frozen=True, slots=True)
class PulledSubject:
    """A subject as the registry has it."""

    subject: str
    latest: Registered | None
    """None where it is none that the gateway takes."""
    level: Compatibility | None
    """Its own."""
    earlier: int = 0
    """Versions before the latest."""
    unreadable: str = ""
    """Why ``latest`` is None."""


@dataclass(frozen=True, slots=True)
class PulledFile:
    """A file to be written."""

    path: Path
    text: str
    """With the line ends that it is to have."""
    is_new: bool


@dataclass(slots=True)
class Pull:
    """All that a pull does, in order of the subjects."""

    files: list[PulledFile] = field(default_factory=list)
    """Each once."""
    remarks: list[str] = field(default_factory=list)
    """What a person should know: what could not be represented, or was left alone."""


@dataclass(frozen=True, slots=True)
class _Held:
    """A folder, and what the registry has of its subjects: one at least, and the same of all."""

    folder: Contract | SharedType
    name: str
    """The subject's or, of several, the folder's; for messages."""
    version: Registered
    level: Compatibility | None


_Group: TypeAlias = tuple[Contract | SharedType, list[PulledSubject]]


def make_pull(
    root: Path, existing: Contracts, pulled: Sequence[PulledSubject], referenced: Mapping[str, int] | None = None
) -> Pull:
    """What brings the folders below ``root`` up to what the registry holds.

    ``referenced``: the latest version of each subject that is not pulled, and that those refer to. Raises ConfigError
    for a contract.yaml that cannot be read any more.
    """
    pull = Pull()
    latest = {**(referenced or {}), **{each.subject: each.latest.version for each in pulled if each.latest is not None}}
    groups = _by_folder(existing, pulled)
    taken = {folder.folder.absolute() for folder in existing.folders}
    names: set[str] = set()
    for each in pulled:
        _remark(pull, each)
        if each.latest is None:
            continue
        group = groups.get(each.subject)
        if group is not None:
            if each is group[1][0]:  # once for the folder
                _take_over(pull, *group, latest)
            continue
        name = folder_name(each.subject, names)
        names.add(name.casefold())
        folder = root / name
        if folder.absolute() in taken:
            pull.remarks.append(
                f"{each.subject}: left out, because the folder {folder} is another contract's; move that"
            )
            continue
        texts = folder_texts(each.latest, each.level, latest)
        pull.files += [PulledFile(folder / file, text, is_new=True) for file, text in texts.items()]
    return pull


def _by_folder(existing: Contracts, pulled: Sequence[PulledSubject]) -> dict[str, _Group]:
    """For each subject whose schema a folder holds: that folder, with all of its subjects that can be read."""
    readable = {each.subject: each for each in pulled if each.latest is not None}
    groups: dict[str, _Group] = {}
    for folder in existing.folders:
        names = subjects(folder) if folder.schema is not None else ()
        group = folder, [readable[name] for name in names if name in readable]
        groups |= dict.fromkeys(names, group)
    return groups


def _remark(pull: Pull, each: PulledSubject) -> None:
    if each.unreadable:
        pull.remarks.append(f"{each.subject}: left out, {each.unreadable}")
    if each.earlier:
        versions = "1 earlier version is" if each.earlier == 1 else f"{each.earlier} earlier versions are"
        pull.remarks.append(f"{each.subject}: only the latest version is pulled, {versions} in the registry alone")
    if each.latest is not None and each.latest.extras:
        pull.remarks.append(
            f"{each.subject}: {' and '.join(each.latest.extras)} cannot be declared, and stay in the registry"
        )


def _take_over(
    pull: Pull, folder: Contract | SharedType, found: Sequence[PulledSubject], latest: Mapping[str, int]
) -> None:
    """What differs, into the folder that holds the subjects' schema; nothing where they do not agree."""
    first = found[0]
    name = first.subject if len(found) == 1 else f"{folder.name} ({listed(each.subject for each in found)})"
    differing = " and ".join(_differences(folder, found))
    if differing:
        told = f"its subjects differ in {differing} in the registry, and the folder says the same of all; left alone"
        pull.remarks.append(f"{name}: {told}")
        return
    assert first.latest is not None
    _update(pull, _Held(folder, name, first.latest, first.level), latest)


def _differences(folder: Contract | SharedType, found: Sequence[PulledSubject]) -> Iterator[str]:
    """In what the subjects of one folder differ among themselves, as far as the folder says it."""
    first, *others = (each.latest for each in found if each.latest is not None)
    if not all(each.format is first.format and same_text(each.text, first.text, first.format) for each in others):
        yield "schema"
    if any(set(each.references) != set(first.references) for each in others):
        yield "references"
    if folder.compatibility is not None and len({each.level for each in found}) > 1:
        yield "level"


def _update(pull: Pull, held: _Held, latest: Mapping[str, int]) -> None:
    """What differs between the registry and the folder."""
    folder, version = held.folder, held.version
    file = folder.schema
    assert file is not None
    if file.format is not version.format:
        message = f"left alone, because it is {version.format} in the registry and {file.format} in {file.path}"
        pull.remarks.append(f"{held.name}: {message}")
        return
    edits: dict[KeyPath, str] = {}
    if folder.compatibility is not None and held.level is None:
        message = f"has no level of its own in the registry, and {folder.compatibility} in {folder.file}"
        pull.remarks.append(f"{held.name}: {message}; left alone")
    elif folder.compatibility is not None and held.level is not None and held.level is not folder.compatibility:
        edits["compatibility",] = held.level.value
    _edit(pull, folder, edits | _reference_edits(pull, held, latest))
    if not same_text(file.text, version.text, version.format):
        pull.files.append(PulledFile(file.path, lay_out(json.loads(version.text)), is_new=False))


def _reference_edits(pull: Pull, held: _Held, latest: Mapping[str, int]) -> dict[KeyPath, str]:
    """What to write for the versions of references, where they are written and differ."""
    folder = held.folder
    ours = {(each.name, each.subject): (n, each.version) for n, each in enumerate(folder.references)}
    theirs: dict[tuple[str, str], ReferenceTo] = {(each.name, each.subject): each for each in held.version.references}
    if ours.keys() != theirs.keys():
        told = ", ".join(
            f"{each.name} ({each.subject} version {version_text(each, latest)})" for each in theirs.values()
        )
        pull.remarks.append(
            f"{held.name}: refers to {told or 'nothing'} in the registry; change references in {folder.file}"
        )
        return {}
    edits: dict[KeyPath, str] = {}
    for key, (n, version) in ours.items():
        registered = theirs[key]
        if registered.version == (latest.get(registered.subject) if version is None else version):
            continue
        if version is None:
            number, subject = registered.version, registered.subject
            message = f"refers to version {number} of {subject}, and {folder.file} to its latest; left alone"
            pull.remarks.append(f"{held.name}: {message}")
        else:
            edits["references", n, "version"] = version_text(registered, latest)
    return edits


def _edit(pull: Pull, folder: Contract | SharedType, edits: Mapping[KeyPath, str]) -> None:
    """Scalars in a contract.yaml replaced where they stand, and nothing around them."""
    if not edits:
        return
    before = text = read_text(folder.file)
    for path, written in edits.items():
        changed = with_scalar(text, path, written)
        if changed is None:
            place = ".".join(map(str, path))
            message = f"{place} is {written} in the registry, and cannot be replaced where it stands; write it there"
            pull.remarks.append(f"{folder.file}: {message}")
        else:
            text = changed
    if text != before:
        pull.files.append(PulledFile(folder.file, text, is_new=False))
