"""Files in the folders of contracts that nobody reads, although someone meant them to count: told by their names.

Beside the right file another one is a mistake only where it is the same name in another spelling; README, samples and
notes may lie anywhere. Where the right file is missing, what is like it is taken for it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher
from pathlib import Path, PurePath
from typing import Final

from gateway.config.files import display, read_text
from gateway.config.folder import CONTRACT_FILE, EXAMPLES_FILE
from gateway.config.rules_file import RULES_FILE
from gateway.config.schema_file import SCHEMA_FILES
from gateway.errors import ConfigError, ConfigProblem

_AVRO_FILE, _JSON_FILE = SCHEMA_FILES
_SPELLED: Final = {
    **{right: (right, right.replace(".yaml", ".yml")) for right in (CONTRACT_FILE, EXAMPLES_FILE, RULES_FILE)},
    **{right: (right,) for right in SCHEMA_FILES},
}
"""Each name that is read, and the names that are it in any case of letters."""
_OTHERWISE: Final = {
    "contract.json": CONTRACT_FILE,
    "example.yaml": EXAMPLES_FILE,
    "example.yml": EXAMPLES_FILE,
    "examples.json": EXAMPLES_FILE,
    "rule.yaml": RULES_FILE,
    "rule.yml": RULES_FILE,
    "rules.json": RULES_FILE,
    "schema.avro": _AVRO_FILE,
    "schema.yaml": _JSON_FILE,
    "schema.yml": _JSON_FILE,
}
"""Other names that are meant for one that is missing."""
_SUFFIXES: Final = {
    ".yaml": (CONTRACT_FILE, EXAMPLES_FILE),
    ".yml": (CONTRACT_FILE, EXAMPLES_FILE),
    ".avsc": (_AVRO_FILE,),
    ".avro": (_AVRO_FILE,),
    ".json": (_JSON_FILE,),
}
_LIKENESS: Final = 0.81
"""Of two names by difflib: ``shcema`` and ``exmaples`` are above it, ``samples`` is below."""


def mistaken_names(folder: Path, names: set[str], *, is_root: bool) -> Iterator[ConfigProblem]:
    """Files that are passed over in one folder; ``is_root``: it is the folder of contracts, where rules.yaml lies."""
    meant = {name: right for name in names if (right := _meant(name, names)) is not None}
    for name, right in sorted(meant.items()):
        if right == RULES_FILE and not is_root:
            continue
        if right in names:
            message = f"is never read, {right} beside it is: move what it says into that, and remove it"
        else:
            message = f"is not read under this name: call it {right}"
        yield ConfigProblem(display(folder / name), message)
    if CONTRACT_FILE not in {*names, *meant.values()}:
        for name in sorted(names & {*SCHEMA_FILES, EXAMPLES_FILE}):
            message = f"belongs to no contract: add a {CONTRACT_FILE} beside it, or remove it"
            yield ConfigProblem(display(folder / name), message)


def stray_schemas(folder: Path) -> Iterator[ConfigProblem]:
    """What else looks like the schema of a folder that has none, and whose subject no folder holds."""
    present = sorted(folder.iterdir())
    names = {path.name for path in present}
    for path in present:
        if _meant(path.name, names) is not None:
            continue  # said already
        if path.suffix == ".proto":
            message = f"is no schema that is known here: write it as {_AVRO_FILE} or {_JSON_FILE}, or remove it"
        elif path.suffix == ".avsc":
            message = (
                f"is not read under this name, and no folder holds the subject: call it {_AVRO_FILE}, or remove it"
            )
        elif path.suffix == ".json" and ("schema" in path.stem.lower() or _names_a_dialect(path)):
            message = (
                f"is not read under this name, and no folder holds the subject: call it {_JSON_FILE}, or remove it"
            )
        else:
            continue
        yield ConfigProblem(display(path), message)


def _meant(name: str, names: Iterable[str]) -> str | None:
    """The name that is read and was meant; None for one that is right, or nobody's business."""
    if name in _SPELLED:
        return None
    for right, spelled in _SPELLED.items():
        if name.lower() in spelled:
            return right
    missing = {right for right in _SPELLED if right not in names}
    if SCHEMA_FILES.keys() & set(names):
        missing -= SCHEMA_FILES.keys()
    if _OTHERWISE.get(name.lower()) in missing:
        return _OTHERWISE[name.lower()]
    return _like(name, missing, names)


def _like(name: str, missing: set[str], names: Iterable[str]) -> str | None:
    """The missing name that this one is a misspelling of, in a folder that is a contract's by its other files."""
    if not set(names) & {CONTRACT_FILE, EXAMPLES_FILE, *SCHEMA_FILES}:
        return None
    path = PurePath(name.lower())
    for right in _SUFFIXES.get(path.suffix, ()):
        likeness = SequenceMatcher(None, path.stem, PurePath(right).stem).ratio()
        if right in missing and likeness > _LIKENESS:
            return right
    return None


def _names_a_dialect(path: Path) -> bool:
    """Whether a JSON file says of itself that it is a schema."""
    try:
        content = json.loads(read_text(path))
    except (ConfigError, ValueError, RecursionError):
        return False  # what it may be nobody knows
    return isinstance(content, dict) and "json-schema.org" in str(content.get("$schema", ""))
