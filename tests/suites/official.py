"""The official JSON-Schema-Test-Suite, which lies in ``json_schema/`` unchanged, as what our compile path is given.

A group of the suite is a schema with payloads. The suite's remote schemas are given as the registry would give them:
as references, each under the address that the suite expects it at, only those that a schema mentions.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from gateway.model import Reference, SchemaVersion
from tests.unit.compile.compiled import json_version

FOLDER = Path(__file__).parent / "json_schema"
DRAFTS: Mapping[str, str] = {
    "draft4": "http://json-schema.org/draft-04/schema#",
    "draft6": "http://json-schema.org/draft-06/schema#",
    "draft7": "http://json-schema.org/draft-07/schema#",
    "draft2019-09": "https://json-schema.org/draft/2019-09/schema",
    "draft2020-12": "https://json-schema.org/draft/2020-12/schema",
}
_HOST = "http://localhost:1234/"
"""Where the suite expects its remote schemas; nothing listens there."""


@dataclass(frozen=True)
class Judged:
    """A payload and whether the suite calls it valid."""

    about: str
    value: Any
    valid: bool

    @property
    def payload(self) -> bytes:
        """The value as a device would publish it."""
        return json.dumps(self.value).encode()


@dataclass(frozen=True)
class Group:
    """A schema of the suite with its payloads."""

    draft: str
    file: str
    """Below the draft's folder, without the ending: ``anyOf``, ``optional/format/date``."""
    about: str
    schema: Any
    """With ``$schema`` where it is an object: the suite's own files for drafts up to 7 leave it out."""
    judged: tuple[Judged, ...]

    @property
    def name(self) -> str:
        """Draft, file and description."""
        return f"{self.draft}/{self.file}: {self.about}"

    @property
    def version(self) -> SchemaVersion:
        """As a registry would answer, with its references."""
        return json_version(self.schema, references=tuple(_references(self.draft, json.dumps(self.schema))))


def files(part: str = "*.json") -> list[str]:
    """Every file of the five drafts that matches: ``draft7/anyOf``."""
    found = (file for draft in DRAFTS for file in sorted((FOLDER / "tests" / draft).glob(part)))
    return [file.relative_to(FOLDER / "tests").as_posix().removesuffix(".json") for file in found]


def groups(file: str) -> Iterator[Group]:
    """The groups of one file of ``files``."""
    draft, _, name = file.partition("/")
    for group in json.loads((FOLDER / "tests" / f"{file}.json").read_text("utf-8")):
        schema = group["schema"]
        if isinstance(schema, dict):
            schema = {"$schema": DRAFTS[draft], **schema}
        judged = tuple(Judged(each["description"], each["data"], each["valid"]) for each in group["tests"])
        yield Group(draft, name, group["description"], schema, judged)


@cache
def _remotes() -> Mapping[str, str]:
    """Path below ``remotes`` -> text."""
    folder = FOLDER / "remotes"
    return {file.relative_to(folder).as_posix(): file.read_text("utf-8") for file in sorted(folder.rglob("*.json"))}


def _references(draft: str, text: str) -> Iterator[Reference]:
    """The remote schemas that a text mentions, and those that they mention."""
    found: dict[str, str] = {}
    texts = [text]
    for each in texts:
        for path, remote in _remotes().items():
            if path not in found and _mentions(each, path, draft):
                found[path] = remote
                texts.append(remote)
    for path, remote in found.items():
        yield Reference(_HOST + path, json_version(json.loads(remote)))


def _mentions(text: str, path: str, draft: str) -> bool:
    """Whether a text has the remote's address, or, being of the same draft or of any, its file name."""
    if f"{_HOST}{path}" in text:
        return True
    folder, _, rest = path.partition("/")
    belongs = folder == draft or folder not in DRAFTS
    name = (rest or path).rpartition("/")[2]
    return belongs and any(f"{before}{name}" in text for before in '"/')
