"""Plain values against pydantic models, with every error in our own words.

Pydantic decides what fits; each of its errors becomes a ``ConfigProblem`` with file, line, key,
value and what to do. A ``ValidationError`` never leaves this module.
"""

from __future__ import annotations

import re
import types
from collections.abc import Mapping
from dataclasses import is_dataclass
from functools import cache
from typing import Annotated, Any, Final, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from gateway.config.files import Source, empty_values
from gateway.config.forms import NOTATION
from gateway.errors import ConfigProblem
from gateway.notation.document import KeyPath
from gateway.notation.nearest import nearest

T = TypeVar("T")

_UNKNOWN_KEY: Final = frozenset({"extra_forbidden", "unexpected_keyword_argument"})

_OF_A_KEY: Final = "[key]"
"""What pydantic puts behind the key of a mapping where the key itself is wrong."""

_WANTED: Final[Mapping[str, str]] = {
    "string_type": "must be text",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "int_parsing_size": "must be a whole number of fewer digits",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "dict_type": "must be a mapping",
    "mapping_type": "must be a mapping",
    "model_type": "must be a mapping",
    "dataclass_type": "must be a mapping",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "greater_than": "must be above {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be below {lt}",
    "less_than_equal": "must be at most {le}",
    "literal_error": "must be {expected}",
    "enum": "must be {expected}",
    "too_short": "must have at least {min_length} entries",
    "too_long": "must have at most {max_length} entries",
}
"""What pydantic's error types want, in our words."""


def validate(
    model: type[T], value: Any, source: Source, problems: list[ConfigProblem], nullable: frozenset[str] = frozenset()
) -> T | None:
    """``value``, the content of ``source``, as ``model``; None where that added to ``problems``.

    ``nullable`` names the keys under which null has a meaning.
    """
    empty = empty_values(source, skip=nullable)
    problems += [source.problem(path, message) for path, message in empty.items()]
    try:
        result = _adapter(cast("Any", model)).validate_python(value)
    except ValidationError as exc:
        for error in exc.errors(include_url=False, include_input=False):
            path = _path(error)
            if not any(path[: len(known)] == known for known in empty):
                problems.append(_problem(error, path, source, model))
        return None
    return None if empty else cast("T", result)


@cache
def _adapter(model: Any) -> TypeAdapter[Any]:
    """The validator of a model, built once: that takes milliseconds."""
    return TypeAdapter(model)


def _path(error: ErrorDetails) -> KeyPath:
    """Where in the file an error is."""
    return error["loc"][:-1] if error["loc"][-1:] == (_OF_A_KEY,) else error["loc"]


def _problem(error: ErrorDetails, path: KeyPath, source: Source, model: type) -> ConfigProblem:
    """One of pydantic's errors as ours."""
    kind = error["type"]
    if kind in _UNKNOWN_KEY:
        return source.problem(path, unknown_key(str(path[-1]), _known_keys(model, path[:-1])), key=True)
    if kind == "missing" and isinstance(path[-1], str):
        return source.problem(path, "is required, and missing")
    if kind == "missing":
        return source.problem(path, "one more entry is required")
    if kind == NOTATION:
        return source.problem(path, error["msg"], key=error["loc"] != path)
    context = error.get("ctx", {})
    wanted = _WANTED[kind].format_map(context) if kind in _WANTED else error["msg"]
    message = f"{wanted}, found {source.shown(path)}"
    if kind == "string_type" and source.is_number(path):
        message += ": quote it"
    meant = nearest(source.text(path) or "", re.findall(r"'([^']*)'", str(context.get("expected", ""))))
    return source.problem(path, f"{message}: did you mean {meant}?" if meant else message)


def unknown_key(key: str, known: tuple[str, ...]) -> str:
    """The message for a key that nobody knows."""
    meant = nearest(key, known)
    return f"unknown key: did you mean {meant}?" if meant else f"unknown key: known here are {', '.join(known)}"


def _known_keys(model: Any, path: KeyPath) -> tuple[str, ...]:
    """The keys that the part of ``model`` at ``path`` has."""
    for step in path:
        model = _part(model, step)
    return tuple(_fields(_bare(model)))


def _part(annotation: Any, step: str | int) -> Any:
    """The type of one key or item of a value of type ``annotation``."""
    annotation = _bare(annotation)
    arguments = get_args(annotation)
    if not arguments:
        return _fields(annotation).get(str(step))
    return arguments[1] if isinstance(step, str) else arguments[0]


def _bare(annotation: Any) -> Any:
    """A type without ``Annotated`` and without ``| None``."""
    while get_origin(annotation) in {Annotated, Union, types.UnionType}:
        annotation = get_args(annotation)[0]
    return annotation


def _fields(annotation: Any) -> dict[str, Any]:
    """Name -> type of the fields of a model or dataclass; empty for anything else."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return {name: field.annotation for name, field in annotation.model_fields.items()}
    if is_dataclass(annotation):
        return get_type_hints(annotation, include_extras=True)
    return {}
