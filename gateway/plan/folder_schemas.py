"""The schemas of the contract folders as ``SchemaVersion``s, before any registry has them.

Each is version 1 of its subject with a made-up schema ID. References are found among the folders; what
no folder holds is looked for among what the caller knows, and otherwise is ``KeptElsewhere``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gateway.config.coexistence import subjects
from gateway.config.contract import Contracts, DeclaredReference, SchemaFile
from gateway.model import Reference, SchemaVersion

_GUID = "00000000-0000-0000-0000-000000000000"
"""Of a schema that no registry has given one: ``framing: header`` can be played too."""


@dataclass(frozen=True, slots=True)
class _Declared:
    """A schema as a folder declares it."""

    file: SchemaFile
    references: Sequence[DeclaredReference]


class KeptElsewhere(Exception):
    """A schema is needed that neither the folders nor the caller has. Control flow of this package."""

    def __init__(self, subject: str) -> None:
        super().__init__(subject)
        self.subject = subject


class FolderSchemas:
    """The schemas that the folders hold, as versions; references are found among them."""

    def __init__(self, contracts: Contracts, known: Mapping[str, SchemaVersion] | None = None) -> None:
        """``known``: versions from elsewhere, by subject, for what no folder holds."""
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

    def version(self, subject: str) -> SchemaVersion:
        """The subject's schema with its references. Raises KeptElsewhere.

        The references are in no circle: config/coexistence.py has refused that.
        """
        declared = self._declared.get(subject)
        if declared is None:
            if subject in self._known:
                return self._known[subject]
            raise KeptElsewhere(subject)
        references = tuple(
            Reference(reference.name, self.version(reference.subject)) for reference in declared.references
        )
        schema_id = 1 + list(self._declared).index(subject)
        return SchemaVersion(subject, 1, schema_id, declared.file.format, declared.file.text, _GUID, references)
