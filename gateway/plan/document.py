"""A plan as a file: what ``plan --out`` writes, a person reviews, and ``apply`` executes."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from gateway.config.files import display, read_text
from gateway.errors import ConfigError, ConfigProblem
from gateway.plan.changes import Plan

VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class PlanDocument:
    """The whole file."""

    v: int
    gateway: str
    """Version that made it."""
    made: str
    """When, RFC 3339."""
    plan: Plan


_adapter = TypeAdapter(PlanDocument)


def write_plan(document: PlanDocument) -> str:
    """The file's text."""
    return json.dumps(asdict(document), indent=2, ensure_ascii=False) + "\n"


def read_plan(path: Path) -> PlanDocument:
    """The plan in a file. Raises ConfigError for anything that is none."""
    try:
        content: Any = json.loads(read_text(path))
    except (ValueError, RecursionError) as exc:
        raise _problem(path, f"is no plan: {exc}") from exc
    if not isinstance(content, dict) or content.get("v") != VERSION:
        found = content.get("v") if isinstance(content, dict) else None
        raise _problem(path, f"is no plan of this gateway: v is {found!r}, wanted {VERSION}; make it anew")
    try:
        document = _adapter.validate_python(content)
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise _problem(path, f"is no plan: {place}: {first['msg']}; make it anew") from exc
    if json.loads(write_plan(document)) != content:
        raise _problem(path, "is no plan: it holds what no plan has; make it anew")
    return document


def _problem(path: Path, message: str) -> ConfigError:
    return ConfigError([ConfigProblem(display(path), message)])
