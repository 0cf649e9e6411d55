"""``schema.avsc`` or ``schema.json`` of a folder: valid JSON, everything else is for ``compile`` to judge."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from gateway.config.contract import SchemaFile
from gateway.config.files import display, is_there, read_text
from gateway.errors import ConfigError, ConfigProblem
from gateway.model import Format
from gateway.notation.strict_json import refuse_constant

SCHEMA_FILES: Final = {"schema.avsc": Format.AVRO, "schema.json": Format.JSON}
FILE_NAMES: Final = {kind: name for name, kind in SCHEMA_FILES.items()}


def read_schema(folder: Path, problems: list[ConfigProblem]) -> SchemaFile | None:
    """The folder's schema; None where it has none or where reading it added to ``problems``."""
    present = [folder / name for name in SCHEMA_FILES if is_there(folder / name)]
    if not present:
        return None
    path = present[0]
    if len(present) > 1:
        message = "stands beside schema.avsc, and a folder holds one schema: remove one of the two"
        problems.append(ConfigProblem(display(present[1]), message))
        return None
    try:
        text = read_text(path)
        problems += _objections(text, path)
    except ConfigError as exc:
        problems += exc.problems
        return None
    return SchemaFile(path, SCHEMA_FILES[path.name], text)


def _objections(text: str, path: Path) -> list[ConfigProblem]:
    """Why ``text`` cannot be a schema at all."""
    file = display(path)
    try:
        schema = json.loads(text, object_pairs_hook=_unique, parse_constant=refuse_constant)
    except json.JSONDecodeError as exc:
        return [ConfigProblem(file, f"not valid JSON: {exc.msg}", exc.lineno, exc.colno)]
    except ValueError as exc:
        return [ConfigProblem(file, f"not valid JSON: {exc}")]
    except RecursionError:
        return [ConfigProblem(file, "nested too deeply to be read: no schema needs that")]
    fitting = (dict, bool) if SCHEMA_FILES[path.name] is Format.JSON else (dict, list, str)
    if not isinstance(schema, fitting):
        kind = "a JSON Schema is an object" if SCHEMA_FILES[path.name] is Format.JSON else "an Avro schema is an object"
        return [ConfigProblem(file, f"is no schema: {kind}, found {text.strip()[:60]}")]
    return []


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys are all different; of two equal ones, readers would silently take either."""
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            raise ValueError(f"the key {key!r} is given twice in one object: remove one")
        seen.add(key)
    return dict(pairs)
