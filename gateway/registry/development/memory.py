"""The development registry's memory: its whole content in one JSON file, so that it survives a restart."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from gateway.errors import ConfigError, ConfigProblem
from gateway.registry.development.bodies import read_definition, show_entry
from gateway.registry.development.refusals import Refused
from gateway.registry.development.store import Entry, Store
from gateway.registry.durable import write_atomically

FILE_NAME = "development-registry.json"
FORMAT = 1


def keep(store: Store, folder: Path) -> None:
    """Writes everything to ``folder``, atomically. Raises OSError."""
    content = {
        "format": FORMAT,
        "rules": store.rules.dump(),
        "ids": [[context, guid, schema_id] for (context, guid), schema_id in store.ids.items()],
        "versions": [show_entry(entry) | {"deleted": entry.deleted} for entry in store.everywhere()],
    }
    write_atomically(folder / FILE_NAME, json.dumps(content, indent=1, ensure_ascii=False).encode())


def recall(store: Store, folder: Path) -> bool:
    """Whether ``folder`` held a registry, which ``store`` now is.

    Raises ConfigError for a file that cannot be understood: starting empty would hand out its IDs again.
    """
    path = folder / FILE_NAME
    try:
        content = json.loads(path.read_bytes())
        if content["format"] != FORMAT:
            raise ValueError(f"format {content['format']!r}, not {FORMAT}")
        store.rules.restore(content["rules"])
        ids = {(str(context), str(guid)): int(schema_id) for context, guid, schema_id in content["ids"]}
        store.restore([_entry(version) for version in content["versions"]], ids)
    except FileNotFoundError:
        return False
    except OSError as exc:
        raise ConfigError([ConfigProblem(file=str(path), message=f"cannot be read: {exc.strerror or exc}")]) from exc
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError, Refused) as exc:
        message = f"this is not the memory of a development registry ({exc}); move it away to start empty"
        raise ConfigError([ConfigProblem(file=str(path), message=message)]) from exc
    return True


def _entry(version: dict[str, Any]) -> Entry:
    return Entry(
        subject=str(version["subject"]),
        version=int(version["version"]),
        schema_id=int(version["id"]),
        definition=read_definition(version),
        deleted=bool(version["deleted"]),
    )
