"""What a registry holds as contract folders: the files to write, and what cannot be said in them.

Rules
- A subject whose schema a folder holds is taken over into that folder, and only what differs is written: the schema's
  text, the level and the references' versions that the contract declares. Nothing else in a person's file is touched.
- Any other subject becomes a folder of its own, a shared type: who publishes what is not in a registry.
- Pulled again, nothing changes unless the registry did.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import quote

import yaml

from gateway.config.coexistence import subjects
from gateway.config.contract import Compatibility, Contract, Contracts, SharedType
from gateway.config.files import read_source
from gateway.config.folder import CONTRACT_FILE
from gateway.config.schema_file import FILE_NAMES
from gateway.model import ReferenceTo, Registered
from gateway.notation.document import KeyPath, ScalarNode
from gateway.notation.layout import lay_out
from gateway.plan.unapplied import same_text

_SUFFIXES: Final = ("-value", "-key")
_SAFE: Final = "._-+@=,"
"""Characters of subjects that stay as they are in a folder's name, beside letters and digits."""


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
    is_new: bool


@dataclass(slots=True)
class Pull:
    """All that a pull does, in order of the subjects."""

    files: list[PulledFile] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    """What a person should know: what could not be represented, or was left alone."""


def make_pull(root: Path, existing: Contracts, pulled: Sequence[PulledSubject]) -> Pull:
    """What brings the folders below ``root`` up to what the registry holds."""
    pull = Pull()
    holders = {
        subject: folder for folder in existing.folders if folder.schema is not None for subject in subjects(folder)
    }
    latest = {each.subject: each.latest.version for each in pulled if each.latest is not None}
    taken = {folder.folder.absolute() for folder in existing.folders}
    names: set[str] = set()
    for each in pulled:
        _remark(pull, each)
        if each.latest is None:
            continue
        holder = holders.get(each.subject)
        if holder is not None:
            _update(pull, holder, each.subject, each.latest, each.level, latest)
            continue
        name = _folder_name(each.subject, names)
        names.add(name.casefold())
        folder = root / name
        if folder.absolute() in taken:
            pull.remarks.append(
                f"{each.subject}: left out, because the folder {folder} is another contract's; move that"
            )
            continue
        pull.files += _new_folder(folder, each.subject, each.latest, each.level, latest)
    return pull


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


def _folder_name(subject: str, names: set[str]) -> str:
    """A folder for a subject, on every file system, and none of ``names`` in whatever case."""
    for suffix in _SUFFIXES:
        subject = subject.removesuffix(suffix) if subject != suffix else subject
    name = re.sub(r"^\.", "%2E", quote(subject, safe=_SAFE))
    number = 2
    unique = name
    while unique.casefold() in names:
        unique, number = f"{name}~{number}", number + 1
    return unique


def _new_folder(
    folder: Path, subject: str, version: Registered, level: Compatibility | None, latest: Mapping[str, int]
) -> Iterator[PulledFile]:
    declared: dict[str, object] = {"subject": subject}
    if level is not None:
        declared["compatibility"] = level.value
    if version.references:
        declared["references"] = [
            {"name": each.name, "subject": each.subject, "version": _version(each, latest)}
            for each in version.references
        ]
    text = yaml.safe_dump(declared, sort_keys=False, allow_unicode=True)
    yield PulledFile(folder / CONTRACT_FILE, text, is_new=True)
    yield PulledFile(folder / FILE_NAMES[version.format], lay_out(json.loads(version.text)), is_new=True)


def _version(reference: ReferenceTo, latest: Mapping[str, int]) -> int | str:
    return "latest" if latest.get(reference.subject) == reference.version else reference.version


def _update(
    pull: Pull,
    holder: Contract | SharedType,
    subject: str,
    version: Registered,
    level: Compatibility | None,
    latest: Mapping[str, int],
) -> None:
    """Takes over what differs into the folder that holds the subject's schema."""
    file = holder.schema
    assert file is not None
    if file.format is not version.format:
        message = f"left alone, because it is {version.format} in the registry and {file.format} in {file.path}"
        pull.remarks.append(f"{subject}: {message}")
        return
    edits: dict[KeyPath, str] = {}
    if holder.compatibility is not None and level is not None and level is not holder.compatibility:
        edits["compatibility",] = level.value
    elif holder.compatibility is not None and level is None:
        message = f"has no level of its own in the registry, and {holder.compatibility} in {holder.file}"
        pull.remarks.append(f"{subject}: {message}; left alone")
    edits |= _reference_edits(pull, holder, subject, version.references, latest)
    if edits:
        _edit(pull, holder, edits)
    if not same_text(file.text, version.text, version.format):
        written = next((each for each in pull.files if each.path == file.path), None)
        if written is None:
            pull.files.append(PulledFile(file.path, lay_out(json.loads(version.text)), is_new=False))
        elif not same_text(written.text, version.text, version.format):
            pull.remarks.append(
                f"{subject}: differs from the other subjects of {holder.name}, whose schema is one file"
            )


def _reference_edits(
    pull: Pull,
    holder: Contract | SharedType,
    subject: str,
    references: Iterable[ReferenceTo],
    latest: Mapping[str, int],
) -> dict[KeyPath, str]:
    """What to write for the versions of references, where they are written and differ."""
    ours = {(each.name, each.subject): (n, each.version) for n, each in enumerate(holder.references)}
    theirs = {(each.name, each.subject): each for each in references}
    if ours.keys() != theirs.keys():
        told = ", ".join(f"{each.name} ({each.subject} version {_version(each, latest)})" for each in references)
        pull.remarks.append(
            f"{subject}: refers to {told or 'nothing'} in the registry; change references in {holder.file}"
        )
        return {}
    edits: dict[KeyPath, str] = {}
    for key, (n, version) in ours.items():
        held = theirs[key]
        if held.version == (latest.get(held.subject) if version is None else version):
            continue
        if version is None:
            message = f"refers to version {held.version} of {held.subject}, and {holder.file} to its latest; left alone"
            pull.remarks.append(f"{subject}: {message}")
        else:
            edits["references", n, "version"] = str(_version(held, latest))
    return edits


def _edit(pull: Pull, holder: Contract | SharedType, edits: Mapping[KeyPath, str]) -> None:
    """Replaces scalars in a contract.yaml where they stand, and nothing around them."""
    source = read_source(holder.file)
    lines = holder.file.read_text(encoding="utf-8").splitlines(keepends=True)
    for path, text in edits.items():
        node = source.document.find(path)
        if not isinstance(node, ScalarNode) or node.place.line != node.end.line:
            pull.remarks.append(f"{holder.file}: {'.'.join(map(str, path))} is {text} in the registry; change it there")
            continue
        row = lines[node.place.line - 1]
        lines[node.place.line - 1] = row[: node.place.column - 1] + text + row[node.end.column - 1 :]
    pull.files.append(PulledFile(holder.file, "".join(lines), is_new=False))
