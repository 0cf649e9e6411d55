"""The folder that a subject becomes which no folder holds: its name, and the texts of its files."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import quote

from gateway.config.contract import Compatibility
from gateway.config.folder import CONTRACT_FILE
from gateway.config.schema_file import FILE_NAMES
from gateway.model import ReferenceTo, Registered
from gateway.notation.layout import lay_out
from gateway.notation.yaml_text import scalar_text

_SUFFIXES: Final = ("-value", "-key")
_SAFE: Final = "._-+@=,"
"""Characters of subjects that stay as they are in a folder's name, beside letters and digits."""


def folder_name(subject: str, names: set[str]) -> str:
    """A folder for a subject, on every file system, and none of ``names`` in whatever case."""
    for suffix in _SUFFIXES:
        subject = subject.removesuffix(suffix) if subject != suffix else subject
    name = re.sub(r"^\.", "%2E", quote(subject, safe=_SAFE))
    number = 2
    unique = name
    while unique.casefold() in names:
        unique, number = f"{name}~{number}", number + 1
    return unique


def folder_texts(version: Registered, level: Compatibility | None, latest: Mapping[str, int]) -> dict[str, str]:
    """The text of each file by its name; ``latest``: the latest version of each subject that is referred to."""
    return {
        CONTRACT_FILE: "".join(_declared(version, level, latest)),
        FILE_NAMES[version.format]: lay_out(json.loads(version.text)),
    }


def version_text(reference: ReferenceTo, latest: Mapping[str, int]) -> str:
    """How a reference's version is declared: as ``latest``, where it is that."""
    return "latest" if latest.get(reference.subject) == reference.version else str(reference.version)


def _declared(version: Registered, level: Compatibility | None, latest: Mapping[str, int]) -> Iterator[str]:
    """The lines of contract.yaml."""
    yield f"subject: {scalar_text(version.subject)}\n"
    if level is not None:
        yield f"compatibility: {level.value}\n"
    if version.references:
        yield "references:\n"
    for each in version.references:
        yield f"- name: {scalar_text(each.name)}\n"
        yield f"  subject: {scalar_text(each.subject)}\n"
        yield f"  version: {version_text(each, latest)}\n"
