"""The schemas of the contract folders as ``SchemaVersion``s, before any registry has them.

Each is version 1 of its subject with a made-up schema ID. References to the latest are found among the folders, which
say what it will be; a folder does not say what a numbered version is, only a registry does. What no folder holds is
looked for among what the caller knows, and otherwise is ``KeptElsewhere``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gateway.config.coexistence import subjects
from gateway.config.contract import Contracts, DeclaredReference, SchemaFile
from gateway.model import Reference, SchemaVersion

Wanted = tuple[str, int | None]
"""Subject, and its version or None for the latest."""

_GUID = "00000000-0000-0000-0000-000000000000"
"""Of a schema that no registry has given one: ``framing: header`` can be played too."""


@dataclass(frozen=True, slots=True)
class _Declared:
    """A schema as a folder declares it."""

    file: SchemaFile
    references: Sequence[DeclaredReference]


class KeptElsewhere(Exception):
    """A schema is needed that neither the folders nor the caller has. Control flow of this package."""

    def __init__(self, subject: str, version: int | None) -> None:
        super().__init__(subject)
        self.subject = subject
        self.version = version
        self.what = f"subject {subject!r}" if version is None else f"version {version} of subject {subject!r}"
        """As messages name it."""


class FolderSchemas:
    """The schemas that the folders hold, as versions; references are found among them."""

    def __init__(self, contracts: Contracts, known: Mapping[Wanted, SchemaVersion] | None = None) -> None:
        """``known``: versions from elsewhere, for what no folder holds."""
        self._known = dict(known or {})
        self._declared: dict[str, _Declared] = {}
        for folder in contracts.folders:
            for subject in subjects(folder):
                if folder.schema is not None:
                    self._declared[subject] = _Declared(folder.schema, folder.references)

    def declared(self, subject: str) -> SchemaFile | None:
        """The file that holds the subject's schema, None if no folder has it."""
        declared = self._declared.get(subject)
        return None if declared is None else declared.file

    def kept_elsewhere(self) -> list[Wanted]:
        """What the folders' schemas refer to and no folder says."""
        referred = [each for declared in self._declared.values() for each in declared.references]
        return list(
            dict.fromkeys(
                (each.subject, each.version)
                for each in referred
                if each.version is not None or each.subject not in self._declared
            )
        )

    def references(self, subject: str) -> Sequence[DeclaredReference]:
        """What the subject's schema refers to; nothing if no folder has it."""
        declared = self._declared.get(subject)
        return () if declared is None else declared.references

    def version(self, subject: str, pin: int | None = None) -> SchemaVersion:
        """The subject's schema with its references. Raises KeptElsewhere.

        ``pin``: the version that is meant where no folder has the schema. The references are in no circle:
        config/coexistence.py has refused that.
        """
        declared = self._declared.get(subject)
        if declared is None:
            return self._elsewhere(subject, pin)
        references = tuple(Reference(each.name, self._referred(each)) for each in declared.references)
        schema_id = 1 + list(self._declared).index(subject)
        return SchemaVersion(subject, 1, schema_id, declared.file.format, declared.file.text, _GUID, references)

    def _referred(self, reference: DeclaredReference) -> SchemaVersion:
        if reference.version is None:
            return self.version(reference.subject)
        return self._elsewhere(reference.subject, reference.version)

    def _elsewhere(self, subject: str, version: int | None) -> SchemaVersion:
        try:
            return self._known[subject, version]
        except KeyError:
            raise KeptElsewhere(subject, version) from None
