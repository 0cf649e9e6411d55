"""Whether the schema file in a contract's folder is what the registry holds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from gateway.config.contract import DeclaredReference, SchemaFile
from gateway.model import Format, SchemaVersion
from gateway.plan.avro_text import canonical


def unapplied(file: SchemaFile | None, references: Sequence[DeclaredReference], version: SchemaVersion) -> str:
    """In what the file and its references differ from the version in use, for a person; empty if they do not.

    White space, the order of keys and the spelling of Avro do not count: registries rewrite them. Nor does which
    version a reference to the latest was registered with: a plan tells. Without a file there is nothing to apply.
    """
    if file is None:
        return ""
    if file.format is not version.format:
        return f"{file.path.name} is {file.format}, the registry's version {version.version} is {version.format}"
    if not same_text(file.text, version.text, file.format):
        return f"{file.path.name} is not what the registry holds as version {version.version}"
    held = {each.name: each.schema for each in version.references}
    for each in references:
        found = held.pop(each.name, None)
        if found is None or found.subject != each.subject or each.version not in {None, found.version}:
            return f"the reference {each.name!r} is not that of the registry's version {version.version}"
    if held:
        return f"the registry's version {version.version} has a reference more, {next(iter(held))!r}"
    return ""


def same_text(ours: str | bytes, theirs: str | bytes, kind: Format) -> bool:
    """Whether two schema texts say the same, however they are spelled. Raises ValueError for what is no JSON.

    Confluent's registry writes Avro as Java does: ``name`` and ``namespace`` apart, ``"string"`` for its long form.
    """
    trees = json.loads(ours), json.loads(theirs)
    return same_json(*trees) or (kind is Format.AVRO and same_json(*map(_spelled, trees)))


def _spelled(tree: Any) -> Any:
    """An Avro schema in its one spelling; what is none, as it is."""
    try:
        return canonical(tree)
    except (KeyError, TypeError, AttributeError, RecursionError):
        return tree


def same_json(ours: Any, theirs: Any) -> bool:
    """Equal as JSON values: 1.0 is 1, but ``true`` is not, which Python takes for equal."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return ours.keys() == theirs.keys() and all(same_json(value, theirs[key]) for key, value in ours.items())
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(map(same_json, ours, theirs))
    return isinstance(ours, bool) == isinstance(theirs, bool) and bool(ours == theirs)
