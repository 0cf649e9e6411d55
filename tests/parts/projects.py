"""A gateway's files, written by a test: gateway.yaml and contract folders."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

READING = {
    "type": "record",
    "name": "Reading",
    "fields": [{"name": "n", "type": "long"}, {"name": "temp", "type": "double"}],
}
"""The Avro schema of contracts that a test does not care about."""


class ProjectFiles:
    """A folder with gateway.yaml and ``schemas/``."""

    def __init__(self, folder: Path, **sections: Any) -> None:
        """Writes gateway.yaml with these sections."""
        self.folder = folder
        self.contracts = folder / "schemas"
        self.contracts.mkdir(parents=True, exist_ok=True)
        self.config = folder / "gateway.yaml"
        self.configure(**sections)

    def configure(self, **sections: Any) -> None:
        """Writes gateway.yaml anew."""
        self.config.write_text(yaml.safe_dump({"contracts": "schemas", **sections}))

    def declare(
        self, name: str, schema: Any = READING, examples: dict[str, Any] | None = None, **contract: Any
    ) -> Path:
        """The folder of a new contract: ``mqtt`` and ``topic`` default to its name, ``schema`` None leaves it out."""
        folder = self.contracts / name
        folder.mkdir(parents=True)
        plain = name.replace("/", ".")
        declared = {"mqtt": f"{plain}/{{device}}", "topic": plain, **contract}
        (folder / "contract.yaml").write_text(yaml.safe_dump(declared))
        self._write(folder, schema)
        if examples is not None:
            (folder / "examples.yaml").write_text(yaml.safe_dump(examples, sort_keys=False))
        return folder

    def share(self, name: str, subject: str, schema: Any, **declared: Any) -> Path:
        """The folder of a new shared type."""
        folder = self.contracts / name
        folder.mkdir(parents=True)
        (folder / "contract.yaml").write_text(yaml.safe_dump({"subject": subject, **declared}))
        self._write(folder, schema)
        return folder

    @staticmethod
    def _write(folder: Path, schema: Any) -> None:
        if schema is None:
            return
        is_avro = not isinstance(schema, dict) or isinstance(schema.get("fields", schema.get("symbols")), list)
        text = schema if isinstance(schema, str) else json.dumps(schema)
        (folder / ("schema.avsc" if is_avro else "schema.json")).write_text(text)
