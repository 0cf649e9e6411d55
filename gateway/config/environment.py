"""``${...}`` in gateway.yaml: values from environment variables and files.

``${NAME}``, ``${NAME:-default}`` where the variable is unset or empty, ``${file:PATH}`` without the
file's one final newline, and ``$${`` for the two characters ``${`` themselves.

They are filled in after parsing, so a value cannot inject YAML, and only into values, not into keys.
No message shows what was filled in: it may be a secret.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from gateway.config.files import Source, read_text
from gateway.errors import ConfigError, ConfigProblem
from gateway.notation import NotationError
from gateway.notation.document import KeyPath

_PLACE: Final = re.compile(r"\$\$\{|\$\{(?P<what>[^}]*)(?P<end>\}?)")
_VARIABLE: Final = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>.*))?", re.ASCII | re.DOTALL)
_FILE: Final = "file:"


def fill(source: Source, environ: Mapping[str, str], folder: Path, problems: list[ConfigProblem]) -> Any:
    """The values of ``source`` with everything filled in; what cannot be filled adds to ``problems``.

    Files are relative to ``folder``.
    """

    def replace(place: re.Match[str]) -> str:
        if place["what"] is None:
            return "${"
        if not place["end"]:
            raise NotationError(f"{place.group()!r} is not closed: write ${{NAME}}, or $${{ for the characters ${{")
        return _look_up(place["what"], environ, folder)

    def walk(value: Any, path: KeyPath) -> Any:
        if isinstance(value, dict):
            return {key: walk(child, (*path, key)) for key, child in value.items()}
        if isinstance(value, list):
            return [walk(child, (*path, position)) for position, child in enumerate(value)]
        if not isinstance(value, str):
            return value
        try:
            return _checked(_PLACE.sub(replace, value))
        except NotationError as exc:
            problems.append(source.problem(path, str(exc)))
            return value

    return walk(source.value, ())


def _checked(value: str) -> str:
    """``value``, if it is text: Python passes bytes of the environment that are not UTF-8 on as surrogates."""
    try:
        value.encode()
    except UnicodeEncodeError as exc:
        raise NotationError("what is filled in here is not UTF-8: correct the environment variable") from exc
    return value


def _look_up(what: str, environ: Mapping[str, str], folder: Path) -> str:
    """What ``${what}`` stands for. Raises NotationError."""
    if what.startswith(_FILE):
        return _read(what.removeprefix(_FILE), folder)
    variable = _VARIABLE.fullmatch(what)
    if variable is None:
        raise NotationError(f"'${{{what}}}' is none of ${{NAME}}, ${{NAME:-default}} and ${{file:PATH}}")
    name, default = variable["name"], variable["default"]
    if default is not None:
        return environ.get(name) or default
    if name not in environ:
        raise NotationError(f"the environment variable {name} is not set: set it, or write ${{{name}:-default}}")
    return environ[name]


def _read(path: str, folder: Path) -> str:
    """The content of a file without its final newline. Raises NotationError."""
    if not path:
        raise NotationError("'${file:}' names no file: write ${file:PATH}")
    try:
        text = read_text(folder / path)
    except ConfigError as exc:
        raise NotationError(f"'${{file:{path}}}' cannot be filled in: {exc}") from exc
    return text.removesuffix("\n").removesuffix("\r")
