"""Subjects, versions and schema IDs, with Confluent's rules for all of them. No HTTP, no files.

Rules
- The same schema (content and references) has the same ID in every subject of a context; a
  registration that changes nothing answers with what is there.
- A soft-deleted version keeps its number and stays readable by ID; a permanent deletion needs a
  soft one first. Neither is possible while another schema refers to it.
- ``:.name:subject`` is the subject in a context of its own, with IDs of its own; ``.`` is the default.

What is refused raises ``Refused`` with Confluent's code.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from gateway.config.contract import Compatibility
from gateway.errors import SchemaError
from gateway.model import Format, Reference, SchemaVersion
from gateway.plan.compatibility.evolution import parsed_avro
from gateway.registry.development import compatibility, refusals
from gateway.registry.development.rules import AccessMode, Rules
from gateway.registry.development.schemas import (
    Definition,
    check_json_schema,
    guid,
    identity,
    stored_text,
)

LATEST = -1
"""The version number that stands for the latest one."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One version of a subject."""

    subject: str
    version: int
    schema_id: int
    definition: Definition
    deleted: bool = False
    """Soft-deleted: hidden, but readable by ID and on request."""


def context_of(subject: str) -> str:
    """The context of a subject, ``.`` by default."""
    return subject[1:].partition(":")[0] if subject.startswith(":.") else "."


def canonical_subject(subject: str) -> str:
    """The subject's one name: the default context is not written."""
    return subject.removeprefix(":.:")


class Store:
    """The whole content of a registry, in memory."""

    def __init__(self) -> None:
        self.rules = Rules()
        self._entries: dict[str, list[Entry]] = {}
        """By subject, in order of version."""
        self._ids: dict[tuple[str, str], int] = {}
        """By context and GUID; never forgotten, so that no ID ever means another schema."""

    # Looking

    def subjects(self, prefix: str = "", *, deleted: bool = False) -> list[str]:
        """Names of the subjects that start with ``prefix``; with ``deleted`` the soft-deleted ones too."""
        names = (name for name, entries in self._entries.items() if deleted or any(not e.deleted for e in entries))
        return sorted(name for name in names if name.startswith(canonical_subject(prefix)))

    def contexts(self) -> list[str]:
        """All contexts, the default one first."""
        return sorted({".", *(context_of(subject) for subject in self._entries)})

    def versions(self, subject: str, *, deleted: bool = False) -> list[Entry]:
        """The subject's versions, oldest first. Raises Refused (40401) if there is none."""
        entries = [entry for entry in self._entries.get(subject, ()) if deleted or not entry.deleted]
        if not entries:
            raise refusals.subject_not_found(subject)
        return entries

    def version(self, subject: str, version: int, *, deleted: bool = False) -> Entry:
        """One version, or the LATEST. Raises Refused (40401, 40402)."""
        entries = self.versions(subject, deleted=deleted)
        if version == LATEST:
            return entries[-1]
        for entry in entries:
            if entry.version == version:
                return entry
        raise refusals.version_not_found(version)

    def by_id(self, schema_id: int, context: str = ".") -> list[Entry]:
        """Every version with this schema ID, deleted ones included. Raises Refused (40403) if there is none."""
        found = [e for e in self.everywhere() if e.schema_id == schema_id and context_of(e.subject) == context]
        if not found:
            raise refusals.schema_not_found(schema_id)
        return found

    def everywhere(self) -> Iterator[Entry]:
        """Every version of every subject, deleted ones included."""
        for entries in self._entries.values():
            yield from entries

    def lookup(self, subject: str, definition: Definition, *, normalize: bool = False, deleted: bool = False) -> Entry:
        """The subject's version with this schema. Raises Refused (40401, 40403, 42201)."""
        entries = self.versions(subject, deleted=deleted)
        self._parse(definition)
        entry = _same(entries, definition, normalize=normalize)
        if entry is None:
            raise refusals.schema_not_found()
        return entry

    def referenced_by(self, subject: str, version: int) -> list[int]:
        """IDs of the schemas that refer to this version. Raises Refused (40401, 40402)."""
        target = self.version(subject, version, deleted=True)
        return sorted({entry.schema_id for entry in self._referring(target)})

    # Changing

    def register(
        self,
        subject: str,
        definition: Definition,
        *,
        normalize: bool = False,
        schema_id: int | None = None,
        version: int | None = None,
    ) -> Entry:
        """The version under which ``subject`` has this schema now, new or old.

        ``schema_id`` and ``version`` are for the IMPORT mode only. Raises Refused (409, 42201, 42205, 42207).
        """
        self._check_mode(subject, importing=schema_id is not None)
        self._parse(definition)
        live = [entry for entry in self._entries.get(subject, ()) if not entry.deleted]
        known = _same(live, definition, normalize=normalize)
        if known is not None and schema_id in {None, known.schema_id}:
            return known
        if schema_id is None:
            messages = self.incompatibilities(subject, definition, live)
            if messages:
                raise refusals.incompatible(subject, messages)
        kept = replace(definition, text=stored_text(definition, normalize=normalize))
        entries = self._entries.get(subject, [])
        number = version or max((entry.version for entry in entries), default=0) + 1
        entry = Entry(subject, number, self._schema_id(subject, kept, schema_id), kept)
        others = [other for other in entries if other.version != number]
        self._entries[subject] = sorted([*others, entry], key=lambda entry: entry.version)
        return entry

    def incompatibilities(self, subject: str, definition: Definition, earlier: Iterable[Entry]) -> list[str]:
        """Why the subject's level forbids ``definition`` after ``earlier``; empty if it does not.

        Raises Refused (42201).
        """
        self._parse(definition)
        level, comparable = self.rules.level(subject), []
        for entry in earlier:
            if entry.definition.format is definition.format:
                comparable.append(self._resolved(entry))
            elif level is not Compatibility.NONE:
                kinds = f"{entry.definition.format} to {definition.format}"
                return [f"Incompatible because of different schema type: {kinds}"]
        return compatibility.incompatibilities(self._resolved(Entry(subject, 0, 0, definition)), comparable, level)

    def delete_subject(self, subject: str, *, permanent: bool = False) -> list[int]:
        """The deleted version numbers. Raises Refused (40401, 40404, 40405, 42205, 42206)."""
        self._check_writable(subject)
        entries = self.versions(subject, deleted=True)
        live = [entry for entry in entries if not entry.deleted]
        if permanent and live:
            raise refusals.subject_not_soft_deleted(subject)
        if not permanent and not live:
            raise refusals.subject_soft_deleted(subject)
        for entry in entries if permanent else live:
            self._check_unreferenced(entry)
        if permanent:
            del self._entries[subject]
        else:
            self._entries[subject] = [replace(entry, deleted=True) for entry in entries]
        return [entry.version for entry in (entries if permanent else live)]

    def delete_version(self, subject: str, version: int, *, permanent: bool = False) -> int:
        """The deleted version number. Raises Refused (40401, 40402, 40406, 40407, 42205, 42206)."""
        self._check_writable(subject)
        entry = self.version(subject, version, deleted=version != LATEST)
        if permanent and not entry.deleted:
            raise refusals.version_not_soft_deleted(subject, entry.version)
        if not permanent and entry.deleted:
            raise refusals.version_soft_deleted(subject, entry.version)
        self._check_unreferenced(entry)
        left = [other for other in self._entries[subject] if other is not entry]
        if not permanent:
            left.append(replace(entry, deleted=True))
        self._entries[subject] = sorted(left, key=lambda entry: entry.version)
        if not left:
            del self._entries[subject]
        return entry.version

    def set_mode(self, subject: str | None, text: object, *, force: bool = False) -> AccessMode:
        """The new mode. Raises Refused (42204, 42205: an import into what is not empty needs ``force``)."""
        if str(text).upper() == AccessMode.IMPORT and not force:
            filled = self._entries if subject is None else self._entries.get(subject)
            if filled:
                raise refusals.not_permitted("Cannot import since found existing subjects")
        return self.rules.set_mode(subject, text)

    # Its own file

    @property
    def ids(self) -> Mapping[tuple[str, str], int]:
        """Every schema ID ever given, by context and GUID."""
        return self._ids

    def restore(self, entries: Iterable[Entry], ids: Mapping[tuple[str, str], int]) -> None:
        """Takes over versions and IDs as they were, unchecked."""
        self._ids = dict(ids)
        self._entries = {}
        for entry in entries:
            self._entries.setdefault(entry.subject, []).append(entry)

    # How

    def _schema_id(self, subject: str, definition: Definition, wanted: int | None) -> int:
        """The ID for a schema that is about to be kept: the one it has, the wanted one, or the next."""
        context = context_of(subject)
        key = (context, guid(definition))
        taken = {schema_id: known for (where, known), schema_id in self._ids.items() if where == context}
        if wanted is None:
            return self._ids.setdefault(key, max(taken, default=0) + 1)
        if taken.get(wanted, key[1]) != key[1]:
            raise refusals.id_taken(wanted)
        self._ids[key] = wanted
        return wanted

    def _parse(self, definition: Definition) -> None:
        """Raises Refused (42201) for what is no schema."""
        try:
            version = self._resolved(Entry("", 0, 0, definition))
            if definition.format is Format.AVRO:
                parsed_avro(version)
            else:
                check_json_schema(definition.text)
        except SchemaError as exc:
            raise refusals.invalid_schema(definition.format, exc) from exc

    def _resolved(self, entry: Entry) -> SchemaVersion:
        """The version with what it refers to. Raises SchemaError where that is missing."""
        known: dict[tuple[str, int], SchemaVersion] = {}

        def resolve(entry: Entry) -> SchemaVersion:
            references = []
            for reference in entry.definition.references:
                subject = canonical_subject(reference.subject)
                try:
                    inner = self.version(subject, reference.version, deleted=True)
                except refusals.Refused as exc:
                    message = f'No schema reference found for subject "{subject}" and version {reference.version}'
                    raise SchemaError(message) from exc
                place = (subject, inner.version)
                if place not in known:
                    known[place] = resolve(inner)
                references.append(Reference(reference.name, known[place]))
            definition = entry.definition
            return SchemaVersion(
                entry.subject,
                entry.version,
                entry.schema_id,
                definition.format,
                definition.text,
                None,
                tuple(references),
            )

        return resolve(entry)

    def _referring(self, target: Entry) -> Iterator[Entry]:
        """The versions, deleted ones included, that refer to ``target`` directly."""
        for entry in self.everywhere():
            for reference in entry.definition.references:
                if (canonical_subject(reference.subject), reference.version) == (target.subject, target.version):
                    yield entry

    def _check_unreferenced(self, target: Entry) -> None:
        if any(not entry.deleted for entry in self._referring(target)):
            raise refusals.referenced(target.subject, target.version)

    def _check_writable(self, subject: str) -> None:
        if self.rules.mode(subject) is AccessMode.READONLY:
            message = f"Subject {subject} in context {context_of(subject)} is in read-only mode"
            raise refusals.not_permitted(message)

    def _check_mode(self, subject: str, *, importing: bool) -> None:
        self._check_writable(subject)
        wanted = AccessMode.IMPORT if importing else AccessMode.READWRITE
        if self.rules.mode(subject) is not wanted:
            name = "import" if importing else "read-write"
            raise refusals.not_permitted(f"Subject {subject} in context {context_of(subject)} is not in {name} mode")


def _same(entries: Iterable[Entry], definition: Definition, *, normalize: bool) -> Entry | None:
    """The latest of ``entries`` that is the same schema."""
    mine = identity(definition, normalize=normalize)
    same = [entry for entry in entries if identity(entry.definition, normalize=normalize) == mine]
    return same[-1] if same else None
