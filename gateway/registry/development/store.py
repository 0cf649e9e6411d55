"""Subjects, versions and schema IDs, with Confluent's rules for all of them. No HTTP, no files.

Rules
- The same schema (content and references) has the same ID in every subject of a context; a
  registration that changes nothing answers with what is there. Metadata and rules that it leaves out
  are those of the latest version.
- A soft-deleted version keeps its number and stays readable by ID, until the same schema is registered
  again; a permanent deletion needs a soft one first, and takes the subject's level and mode along.
- Nothing is deleted while another schema refers to it: softly not while that one is there, for good not
  while that one is deleted softly.
- Each context (``notation.contexts``) has IDs of its own.

What is refused raises ``Refused`` with Confluent's code.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from gateway.config.contract import Compatibility
from gateway.errors import SchemaError
from gateway.model import Format, Reference, SchemaVersion
from gateway.notation.contexts import canonical_subject, context_of, referred_subject
from gateway.plan.avro_text import check_field_names
from gateway.plan.compatibility.evolution import compared, parsed_avro
from gateway.registry.development import compatibility, refusals
from gateway.registry.development.rules import AccessMode, Rules, read_level, read_mode
from gateway.registry.development.schemas import (
    Definition,
    check_json_schema,
    identity,
    normalized,
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


class Store:
    """The whole content of a registry, in memory."""

    def __init__(self) -> None:
        self.rules = Rules()
        self._entries: dict[str, list[Entry]] = {}
        """By subject, in order of version."""
        self._ids: dict[tuple[str, str], int] = {}
        """By context and GUID: the last one given. The highest is never forgotten, so that none is given twice."""

    # Looking

    def subjects(self, prefix: str = "", *, deleted: bool = False) -> list[str]:
        """Names of the subjects that start with ``prefix``; with ``deleted`` the soft-deleted ones too."""
        names = (name for name, entries in self._entries.items() if deleted or not _all_deleted(entries))
        return sorted(name for name in names if name.startswith(canonical_subject(prefix)))

    def deleted_subjects(self, prefix: str = "") -> list[str]:
        """Names of the soft-deleted subjects that start with ``prefix``."""
        return [name for name in self.subjects(prefix, deleted=True) if _all_deleted(self._entries[name])]

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
        """One version, or the LATEST, which is never a deleted one. Raises Refused (40401, 40402)."""
        for entry in reversed(self.versions(subject, deleted=deleted)):
            if entry.version == version or (version == LATEST and not entry.deleted):
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
        wanted = None if not definition.text else self._read(subject, definition, normalize=normalize, deleted=True)
        entries = self.versions(subject, deleted=deleted)
        live = [entry for entry in entries if not entry.deleted]
        found = wanted and (_same(entries, wanted) or _same(entries, _inherited(wanted, live)))
        if not found:
            raise refusals.schema_not_found()
        return found

    def referenced_by(self, subject: str, version: int, *, deleted: bool = False) -> list[int]:
        """IDs of the schemas that refer to this version; with ``deleted`` the soft-deleted ones too.

        Raises Refused (40401, 40402).
        """
        target = self.version(subject, version, deleted=True)
        return sorted({entry.schema_id for entry in self._referring(target) if deleted or not entry.deleted})

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

        ``schema_id`` is for the IMPORT mode only; ``version`` must be the next one in any other. A definition
        without text is the latest one. Raises Refused (409, 42201, 42205, 42208).
        """
        importing = schema_id is not None
        _check_name(subject)
        self._check_mode(subject, importing=importing)
        entries = self._entries.get(subject, [])
        live = [entry for entry in entries if not entry.deleted]
        wanted = definition if importing else _inherited(definition, live)
        wanted = self._read(subject, wanted, normalize=normalize and not importing, deleted=importing)
        known = _same(live, wanted)
        if known is not None and schema_id in {None, known.schema_id}:
            kept_version = known.version if importing else None
            if version in {None, kept_version}:
                return known
        if not importing:
            messages = self.incompatibilities(subject, wanted, live)
            if messages:
                raise refusals.incompatible(subject, messages)
        following = max((entry.version for entry in entries), default=0) + 1
        if not importing and version not in {None, following}:
            raise refusals.wrong_next_version()
        kept = replace(wanted, text=stored_text(wanted))
        entry = Entry(subject, version or following, self._schema_id(subject, kept, schema_id), kept)
        others = [other for other in entries if other.version != entry.version and not self._replaced(other, entry)]
        self._entries[subject] = sorted([*others, entry], key=lambda entry: entry.version)
        return entry

    def incompatibilities(self, subject: str, definition: Definition, earlier: Iterable[Entry]) -> list[str]:
        """Why the subject's level forbids ``definition`` after ``earlier`` (oldest first); empty if it does not.

        Raises Refused (42201).
        """
        wanted = self._read(subject, definition)
        try:
            return self._compared(subject, wanted, earlier)
        except SchemaError as exc:  # of an earlier version: this one was read
            raise refusals.invalid_schema(wanted.format, exc) from exc

    def _compared(self, subject: str, wanted: Definition, earlier: Iterable[Entry]) -> list[str]:
        """As ``incompatibilities``. Raises SchemaError where an earlier version cannot be read."""
        level, comparable = self.rules.level(subject), []
        for entry in compared(level, list(earlier)):
            if entry.definition.format is not wanted.format:
                kinds = f"{entry.definition.format} to {wanted.format}"
                return [f"Incompatible because of different schema type: {kinds}"]
            comparable.append(self._resolved(entry))
        return compatibility.incompatibilities(self._resolved(Entry(subject, 0, 0, wanted)), comparable[::-1], level)

    def delete_subject(self, subject: str, *, permanent: bool = False) -> list[int]:
        """The deleted version numbers. Raises Refused (40401, 40404, 40405, 42205, 42206)."""
        entries = self.versions(subject, deleted=True)
        live = [entry for entry in entries if not entry.deleted]
        if not permanent and not live:
            raise refusals.subject_soft_deleted(subject)
        self._check_writable(subject)
        for entry in entries if permanent else live:
            self._check_unreferenced(entry, within=subject, deleted=permanent)
            if permanent and not entry.deleted:
                raise refusals.subject_not_soft_deleted(subject)
        if permanent:
            self._forget(subject)
        else:
            self._entries[subject] = [replace(entry, deleted=True) for entry in entries]
        return [entry.version for entry in (entries if permanent else live)]

    def delete_version(self, subject: str, version: int, *, permanent: bool = False) -> int:
        """The deleted version number. Raises Refused (40401, 40402, 40406, 40407, 42205, 42206)."""
        entry = self.version(subject, version, deleted=True)
        if not permanent and entry.deleted:
            raise refusals.version_soft_deleted(subject, entry.version)
        self._check_writable(subject)
        self._check_unreferenced(entry, deleted=permanent)
        if permanent and not entry.deleted:
            raise refusals.version_not_soft_deleted(subject, entry.version)
        left = [other for other in self._entries[subject] if other is not entry]
        if not permanent:
            left.append(replace(entry, deleted=True))
        self._entries[subject] = sorted(left, key=lambda entry: entry.version)
        if not left:
            self._forget(subject)
        return entry.version

    def set_level(self, subject: str | None, text: object) -> Compatibility:
        """The new level. Raises Refused (42203, 42205, 42208)."""
        level = read_level(text)
        _check_name(subject)
        self._check_writable(subject)
        return self.rules.set_level(subject, level)

    def drop_level(self, subject: str | None) -> Compatibility:
        """The level that is taken away. Raises Refused (40401, 42205)."""
        if self.rules.has_level(subject):
            self._check_writable(subject)
        return self.rules.drop_level(subject)

    def set_mode(self, subject: str | None, text: object, *, force: bool = False) -> AccessMode:
        """The new mode. An import begins empty: what was deleted softly goes for good.

        Raises Refused (42204, 42205 and 42206: it does not begin empty, unless by ``force``; 42208).
        """
        _check_name(subject)
        mode = read_mode(text)
        if mode is AccessMode.IMPORT and self.rules.mode(subject) is not mode and not force:
            self._clear(list(self._entries) if subject is None else [subject])
        return self.rules.set_mode(subject, mode)

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
        """The ID for a schema that is about to be kept: the one it has, the wanted one, or the next.

        Raises Refused (42205).
        """
        context = context_of(subject)
        key = (context, definition.guid)
        used = {entry.schema_id: entry for entry in self.everywhere() if context_of(entry.subject) == context}
        if wanted is None:
            known = self._ids.get(key)
            highest = max([*used, *(given for (where, _), given in self._ids.items() if where == context)], default=0)
            wanted = known if known in used else highest + 1
        elif wanted in used and used[wanted].definition.guid != key[1]:
            raise refusals.id_taken(wanted, context)
        self._ids[key] = wanted
        return wanted

    def _read(
        self, subject: str, definition: Definition, *, normalize: bool = False, deleted: bool = False
    ) -> Definition:
        """The schema, with versions for references to the latest; ``deleted``: those may be to soft-deleted ones.

        Raises Refused (42201) for what is no schema.
        """
        if not definition.text:
            raise refusals.Refused(422, 42201, "Empty schema")
        try:
            version = self._resolved(Entry(subject, 0, 0, definition), deleted=deleted)
            if definition.format is Format.AVRO:
                parsed_avro(version)
                check_field_names(json.loads(definition.text))
            else:
                check_json_schema(version)
        except SchemaError as exc:
            raise refusals.invalid_schema(definition.format, exc) from exc
        found = zip(definition.references, version.references, strict=True)
        references = tuple(replace(reference, version=inner.schema.version) for reference, inner in found)
        read = replace(definition, references=references)
        return normalized(read) if normalize else read

    def _resolved(self, entry: Entry, *, deleted: bool = True) -> SchemaVersion:
        """The version with what it refers to. Raises SchemaError where that is missing."""
        known: dict[tuple[str, int], SchemaVersion] = {}

        def resolve(entry: Entry) -> SchemaVersion:
            references = []
            for reference in entry.definition.references:
                subject = referred_subject(reference.subject, entry.subject)
                try:
                    inner = self.version(subject, reference.version, deleted=deleted)
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
                referred = referred_subject(reference.subject, entry.subject)
                if (referred, reference.version) == (target.subject, target.version):
                    yield entry

    def _check_unreferenced(self, target: Entry, *, within: str | None = None, deleted: bool) -> None:
        """``within``: references from this subject do not count; ``deleted``: those of soft-deleted ones do.

        Raises Refused (42206).
        """
        for entry in self._referring(target):
            if entry.subject != within and (deleted or not entry.deleted):
                raise refusals.referenced(target.subject, target.version)

    def _replaced(self, old: Entry, new: Entry) -> bool:
        """Whether a soft-deleted version goes for good, because the same schema is registered again."""
        same = old.deleted and old.schema_id == new.schema_id and old.version < new.version
        return same and next(self._referring(old), None) is None

    def _clear(self, subjects: Iterable[str]) -> None:
        """Takes away subjects that are all deleted softly. Raises Refused (42205, 42206)."""
        found = [subject for subject in subjects if subject in self._entries]
        if not all(_all_deleted(self._entries[subject]) for subject in found):
            raise refusals.not_permitted("Cannot import since found existing subjects")
        for subject in found:
            for entry in self._entries[subject]:
                self._check_unreferenced(entry, deleted=True)
        for subject in found:
            del self._entries[subject]

    def _forget(self, subject: str) -> None:
        del self._entries[subject]
        self.rules.forget(subject)

    def _check_writable(self, subject: str | None) -> None:
        if self.rules.mode(subject) is AccessMode.READONLY:
            message = f"Subject {subject} in context {context_of(subject or '')} is in read-only mode"
            raise refusals.not_permitted(message)

    def _check_mode(self, subject: str, *, importing: bool) -> None:
        self._check_writable(subject)
        wanted = AccessMode.IMPORT if importing else AccessMode.READWRITE
        if self.rules.mode(subject) is not wanted:
            name = "import" if importing else "read-write"
            raise refusals.not_permitted(f"Subject {subject} in context {context_of(subject)} is not in {name} mode")


def _all_deleted(entries: Iterable[Entry]) -> bool:
    return all(entry.deleted for entry in entries)


def _check_name(subject: str | None) -> None:
    """Raises Refused (42208) for a name that no subject may have; None, the registry itself, may."""
    if subject is not None:
        name = subject.rpartition(":")[2] if subject.startswith(":.") else subject
        if name in {"__GLOBAL", "__EMPTY"} or any(unicodedata.category(character) == "Cc" for character in subject):
            raise refusals.invalid_subject(subject)


def _inherited(definition: Definition, live: Sequence[Entry]) -> Definition:
    """The definition with what it leaves out and the latest of ``live`` has: metadata, rules, or the whole schema."""
    if not live:
        return definition
    latest = live[-1].definition
    if not definition.text:
        definition = replace(definition, format=latest.format, text=latest.text, references=latest.references)
    return replace(
        definition,
        metadata=definition.metadata or latest.metadata,
        rule_set=definition.rule_set or latest.rule_set,
    )


def _same(entries: Iterable[Entry], definition: Definition) -> Entry | None:
    """The latest of ``entries`` that is the same schema."""
    mine = identity(definition)
    same = [entry for entry in entries if identity(entry.definition) == mine]
    return same[-1] if same else None
