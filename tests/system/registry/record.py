"""Writes down where a real Apicurio answers otherwise: ``python -m tests.system.registry.record``.

What is known of a difference already keeps its explanation; a new one gets none, and the test asks for it.
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any

import yaml

from tests.parts.apicurio import VERSION, running_apicurio
from tests.system.registry.exchanges import APICURIO, EXCHANGES, Came, Known, recorded, run

UNTOLD = {"name", "detail", "schema"}
"""Which of Java's exceptions it was, its text once more, and texts that nobody asked about."""
LONG = 200
"""Characters: longer is a page, whose text is nobody's business."""
HEAD = f"""\
# Where Apicurio Registry {VERSION} (/apis/ccompat/v7) answers otherwise than Confluent: recorded from the real service
# by `python -m tests.system.registry.record`, explained by hand. File of ../exchanges -> step -> what comes instead.

"""


def main() -> None:
    """Starts Apicurio, asks it everything, and writes the file."""
    with tempfile.TemporaryDirectory() as folder, running_apicurio(Path(folder)) as url:
        found = {file.stem: _differences(asyncio.run(run(url, file)), recorded(APICURIO, file)) for file in EXCHANGES}
    APICURIO.parent.mkdir(exist_ok=True)
    text = yaml.safe_dump(found, sort_keys=False, allow_unicode=True, width=118)
    APICURIO.write_text(HEAD + text)


def _differences(came: list[Came], known: dict[str, Any]) -> dict[str, Any]:
    return {
        each.step["name"]: {
            "status": each.status,
            "answer": _lasting(each.step, each.answer, each.known),
            "why": known.get(each.step["name"], {}).get("why", ""),
        }
        for each in came
        if not each.is_as(each.step)
    }


def _lasting(step: dict[str, Any], came: Any, known: Known) -> Any:
    """What will come again: IDs by their names or as anything; lists of names, and pages, as anything."""
    expected = step["answer"]
    if isinstance(came, dict):
        is_error = "error_code" in came
        missing = dict.fromkeys(expected) if isinstance(expected, dict) and not is_error else {}
        kept = {key: value for key, value in {**missing, **came}.items() if key in missing or key not in UNTOLD}
        return {key: _named(value, known) if key == "id" else value for key, value in kept.items()}
    if isinstance(came, list) and step["request"].endswith("/referencedby"):
        return [_named(value, known) for value in came]
    if isinstance(came, list) and not all(type(element) is int for element in came):
        return "*"
    return "*" if isinstance(came, str) and len(came) > LONG else came


def _named(schema_id: Any, known: Known) -> Any:
    """The name of an ID that an earlier answer gave."""
    return next((f"${name}" for name, value in known.items() if value == schema_id), schema_id and "*")


if __name__ == "__main__":
    main()
