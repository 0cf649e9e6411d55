"""``examples.yaml``: from the file to ``Examples``."""

from __future__ import annotations

import base64
import binascii
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import AfterValidator, PlainValidator, StrictStr

from gateway.config.declaration import Declared
from gateway.config.examples import AcceptedExample, Examples, RejectedExample
from gateway.config.files import Source, read_source
from gateway.config.forms import Text, refusal
from gateway.config.validation import validate
from gateway.errors import ConfigError, ConfigProblem
from gateway.model import Code
from gateway.notation import NotationError
from gateway.notation.document import KeyPath
from gateway.notation.pointer import MISSING, Pointer
from gateway.notation.topics import TopicFilter

NULLABLE: Final = frozenset({"becomes"})
"""Keys under which null is a JSON value and not a forgotten one."""


def _codes(given: Any) -> tuple[str, ...]:
    """One coercion code or a list of them."""
    codes = given if isinstance(given, list) else [given]
    if not codes or not all(isinstance(code, str) and code for code in codes):
        raise refusal("must be a coercion code, as in string-to-number, or a list of them")
    return tuple(codes)


def _pointer_text(text: str) -> str:
    """A pointer, kept as text; empty for the whole payload."""
    try:
        return str(Pointer.parse(text))
    except NotationError as exc:
        raise refusal(str(exc)) from exc


PathText = Annotated[StrictStr, AfterValidator(_pointer_text)]


class AcceptedDeclared(Declared):
    """One entry of ``accepted``."""

    name: Text | None = None
    mqtt: Text | None = None
    payload: StrictStr | None = None
    payload_base64: StrictStr | None = None
    becomes: Any = MISSING
    key: StrictStr | None = None
    coercions: (
        dict[PathText, Annotated[tuple[str, ...], PlainValidator(_codes, json_schema_input_type=str | list[str])]]
        | None
    ) = None


class RejectedDeclared(Declared):
    """One entry of ``rejected``."""

    name: Text | None = None
    mqtt: Text | None = None
    payload: StrictStr | None = None
    payload_base64: StrictStr | None = None
    code: Code
    path: PathText | None = None


class ExamplesDeclared(Declared):
    """examples.yaml."""

    accepted: tuple[AcceptedDeclared, ...] = ()
    """Payloads that must become records."""
    rejected: tuple[RejectedDeclared, ...] = ()
    """Payloads that must become dead letters."""


def read_examples(file: Path, topic_filter: TopicFilter | None, problems: list[ConfigProblem]) -> Examples | None:
    """The examples in ``file``; None where that added to ``problems``.

    Their topics must be matched by ``topic_filter``, if that is known.
    """
    before = len(problems)
    try:
        source = read_source(file)
    except ConfigError as exc:
        problems += exc.problems
        return None
    raw = validate(ExamplesDeclared, source.value, source, problems, NULLABLE)
    if raw is None:
        return None
    accepted, rejected = [], []
    for position, entry in enumerate(raw.accepted):
        path: KeyPath = ("accepted", position)
        payload = _payload(entry, path, source, problems)
        problems += _topic_problems(entry.mqtt, path, source, topic_filter)
        accepted.append(
            AcceptedExample(
                name=entry.name or f"accepted {position + 1}",
                payload=payload,
                mqtt=entry.mqtt,
                becomes=entry.becomes,
                key=entry.key,
                coercions=entry.coercions,
                line=source.document.place(path).line,
            )
        )
    for position, refused in enumerate(raw.rejected):
        path = ("rejected", position)
        payload = _payload(refused, path, source, problems)
        problems += _topic_problems(refused.mqtt, path, source, topic_filter)
        rejected.append(
            RejectedExample(
                name=refused.name or f"rejected {position + 1}",
                payload=payload,
                code=refused.code,
                path=refused.path,
                mqtt=refused.mqtt,
                line=source.document.place(path).line,
            )
        )
    return Examples(tuple(accepted), tuple(rejected)) if len(problems) == before else None


def _payload(
    entry: AcceptedDeclared | RejectedDeclared, path: KeyPath, source: Source, problems: list[ConfigProblem]
) -> bytes:
    """The payload's bytes; empty where it cannot be told, which adds to ``problems``."""
    if (entry.payload is None) == (entry.payload_base64 is None):
        message = "needs one of payload and payload_base64" + ("" if entry.payload is None else ", not both")
        problems.append(source.problem(path, message))
        return b""
    if entry.payload is not None:
        return entry.payload.encode()
    try:
        return base64.b64decode(entry.payload_base64 or "", validate=True)
    except (binascii.Error, ValueError):
        message = "is no base64: use the letters A-Z a-z 0-9 + / and = at the end, as the command base64 writes it"
        problems.append(source.problem((*path, "payload_base64"), message))
        return b""


def _topic_problems(
    topic: str | None, path: KeyPath, source: Source, topic_filter: TopicFilter | None
) -> list[ConfigProblem]:
    """What is wrong with the MQTT topic of an example."""
    if topic is not None and set(topic) & {"+", "#", "\0"}:
        message = f"{topic!r} is no topic: it holds + # or U+0000 [MQTT-3.3.2-2]; write one that a device publishes on"
        return [source.problem((*path, "mqtt"), message)]
    if topic is None or topic_filter is None or topic_filter.match(topic) is not None:
        return []
    message = f"{topic!r} is not matched by the contract's filter {topic_filter.text!r}: correct one of the two"
    return [source.problem((*path, "mqtt"), message)]
