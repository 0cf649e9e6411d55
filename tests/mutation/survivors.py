"""The mutants of which survivors.yaml says why no vector can tell them from the program."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from gateway.notation.yaml import parse

Explained = Mapping[str, Mapping[str, str]]
"""Module -> mutant, as ``Mutant.name`` has it -> why it may survive."""


def read_survivors(file: Path) -> Explained:
    """The explained survivors. Raises ValueError where a mutant is listed twice or without a reason."""
    found: dict[str, dict[str, str]] = {}
    for module, groups in parse(file.read_text("utf-8")).value.items():
        known = found.setdefault(module, {})
        for group in groups:
            if group.keys() != {"why", "mutants"} or not group["why"]:
                raise ValueError(f"{file.name}, {module}: {group!r} is no mapping of why and mutants")
            for name in group["mutants"]:
                if name in known:
                    raise ValueError(f"{file.name}, {module}: {name!r} is listed twice")
                known[name] = group["why"]
    return found
