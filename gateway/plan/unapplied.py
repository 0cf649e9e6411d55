"""Whether the schema file in a contract's folder is what the registry holds."""

from __future__ import annotations

import json

from gateway.config.contract import SchemaFile
from gateway.model import SchemaVersion


def unapplied(file: SchemaFile | None, version: SchemaVersion) -> str:
    """In what the file differs from the version in use, for a person; empty if it does not, or is absent.

    White space and the order of keys do not count: registries rewrite both.
    """
    if file is None:
        return ""
    if file.format is not version.format:
        return f"{file.path.name} is {file.format}, the registry's version {version.version} is {version.format}"
    if json.loads(file.text) != json.loads(version.text):
        return f"{file.path.name} is not what the registry holds as version {version.version}"
    return ""
