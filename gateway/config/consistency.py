"""What must fit together inside one contract, across its keys."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from gateway.config.contract import Contract, DeclaredReference
from gateway.config.files import Source
from gateway.config.forms import check_topic_name
from gateway.config.options import misplaced
from gateway.config.settings import DEAD_LETTER_NAMES
from gateway.errors import ConfigProblem
from gateway.notation import NotationError
from gateway.notation.document import KeyPath
from gateway.notation.nearest import nearest
from gateway.notation.pointer import ANY, Pointer
from gateway.notation.template import Template

RESERVED_NAMES: Final = ("topic", "subject", "contract", "mqtt_topic", "received_at")
"""Template names that the gateway fills itself, so no capture can have them."""

DEVICE: Final = "device"
"""Template name of the device ID, and of the capture that holds it."""

MAX_VARIANTS: Final = 1000
"""Topics and subjects of one contract: each is compiled, checked and shown."""


def inconsistencies(contract: Contract, source: Source) -> list[ConfigProblem]:
    """Everything in a contract that does not fit together; ``source`` is its contract.yaml."""
    problems = [
        *_captures(contract, source),
        *_conditions(contract, source),
        *_templates(contract, source),
        *_fields(contract, source),
        *_options(contract, source),
        *duplicate_references(contract.references, source),
    ]
    # The variants can be spelled out only where the names in the templates are fine.
    return problems or list(_variants(contract, source))


def duplicate_references(references: Sequence[DeclaredReference], source: Source) -> Iterator[ConfigProblem]:
    """References that use a name again."""
    for position, reference in enumerate(references):
        if any(earlier.name == reference.name for earlier in references[:position]):
            message = f"{reference.name!r} is referenced twice: remove one of the two"
            yield source.problem(("references", position, "name"), message)


def _captures(contract: Contract, source: Source) -> Iterator[ConfigProblem]:
    """The filter's captures: their names, and that the device is known."""
    path = ("mqtt",)
    for name in contract.filter.captures:
        if name in RESERVED_NAMES:
            yield source.problem(path, f"{{{name}}} is a name that the gateway fills itself: rename the capture")
    if contract.filter.many_levels == DEVICE:
        yield source.problem(path, "{device...} takes all further levels, and a device ID is one level: write {device}")
    elif DEVICE not in contract.filter.captures and contract.device is None:
        message = (
            "nothing says which device sent a message: capture {device} in mqtt, or add device: /pointer/to/its/id"
        )
        yield source.problem(path, message)


def _conditions(contract: Contract, source: Source) -> Iterator[ConfigProblem]:
    """``where``: keys that exist, and values that they can have."""
    captures = contract.filter.captures
    for key, values in contract.where.items():
        path: KeyPath = ("where", key)
        if key.startswith("/"):
            try:
                Pointer.parse(key)
            except NotationError as exc:
                yield source.problem(path, str(exc), key=True)
        elif key not in captures:
            meant = nearest(key, captures)
            hint = f"did you mean {meant}?" if meant else f"for a field of the payload write /{key}"
            message = f"{key!r} is neither a capture of mqtt nor a pointer, which begins with /: {hint}"
            yield source.problem(path, message, key=True)
        elif key == contract.filter.many_levels:
            message = f"{{{key}...}} takes all further levels, and where compares one: capture the level as {{{key}}}"
            yield source.problem(path, message, key=True)
        else:
            for position, value in enumerate(values):
                if not isinstance(value, str) or not value or set(value) & set("/+#\x00"):
                    message = f"{value!r} can never be captured: a capture is the text of one topic level"
                    if not isinstance(value, str):
                        message += ", so quote it"
                    yield source.problem((*path, position) if source.is_list(path) else path, message)


def _templates(contract: Contract, source: Source) -> Iterator[ConfigProblem]:
    """The names that each template may contain."""
    for key, template, names in (
        ("topic", contract.topic, ("contract",)),
        ("subject", contract.subject, ("contract", "topic")),
        ("dead_letters", contract.dead_letters, DEAD_LETTER_NAMES),
    ):
        for name in template.names:
            message = _objection_to_static(name, names, contract)
            if message:
                yield source.problem((key,), message)
    places: list[tuple[KeyPath, Template]] = [(("key",), contract.key)]
    places += [(("fields", str(pointer)), template) for pointer, template in contract.fields.items()]
    places += [(("headers", header), template) for header, template in contract.headers.items()]
    known = (*contract.filter.captures, DEVICE, *RESERVED_NAMES)
    for path, template in places:
        for name in template.names:
            if name not in known:
                yield source.problem(path, _unknown_name(name, known))


def _objection_to_static(name: str, names: Sequence[str], contract: Contract) -> str | None:
    """Why ``name`` cannot stand in a template that must be known before the first message; None if it can."""
    captures = contract.filter.captures
    if name in names or (name in captures and name in contract.where):
        return None
    if name == contract.filter.many_levels:
        return f"{{{name}}} takes all further topic levels, and one value fills one level: capture it as {{{name}}}"
    if name in captures:
        return (
            f"{{{name}}} may be anything, and topics and subjects are known before the first message: "
            f"list its values under where, as in where: {{{name}: [VALUE, VALUE]}}"
        )
    if name in {DEVICE, *RESERVED_NAMES}:
        return f"{{{name}}} cannot be used here: known are {', '.join(names)} and the captures that where lists"
    return _unknown_name(name, (*captures, *names))


def _unknown_name(name: str, known: Sequence[str]) -> str:
    meant = nearest(name, known)
    hint = f"did you mean {{{meant}}}?" if meant else f"known are {', '.join(dict.fromkeys(known))}"
    return f"nothing fills {{{name}}}: {hint}"


def _fields(contract: Contract, source: Source) -> Iterator[ConfigProblem]:
    """``fields`` that would be put into each other."""
    pointers = list(contract.fields)
    for pointer in pointers:
        for other in pointers:
            if pointer != other and pointer.within(other):
                message = f"lies inside {other}, which is filled with text: remove one of the two"
                yield source.problem(("fields", str(pointer)), message, key=True)


def _options(contract: Contract, source: Source) -> Iterator[ConfigProblem]:
    """Options that the mode or the place does not allow."""
    for option, message in misplaced(contract.options, contract.mode, override=False):
        yield source.problem(("options", option), message, key=True)
    for pattern, options in contract.overrides:
        path = ("overrides", str(pattern))
        for option, message in misplaced(options, contract.mode, override=True):
            yield source.problem((*path, option), message, key=True)
        if options.aliases is not None and pattern.tokens[-1] == ANY:
            message = "items and map keys have no other names: aliases need the path of a field"
            yield source.problem((*path, "aliases"), message, key=True)


def _variants(contract: Contract, source: Source) -> Iterator[ConfigProblem]:
    """Topics and subjects as they come out."""
    if contract.variant_count > MAX_VARIANTS:
        message = f"stands for {contract.variant_count} topics and subjects, the limit is {MAX_VARIANTS}: list fewer"
        yield source.problem(("where",), message)
        return
    reported: set[str] = set()
    for variant in contract.variants():
        for key, topic in (("topic", variant.topic), ("dead_letters", variant.dead_letters)):
            try:
                check_topic_name(topic)
            except NotationError as exc:
                if topic not in reported:
                    yield source.problem((key,), str(exc))
                reported.add(topic)
                break  # the dead-letter topic is usually made from the topic, and then wrong for the same reason
        if any(ord(character) < 0x20 for character in variant.subject):
            yield source.problem(("subject",), f"{variant.subject!r} contains a control character: remove it")
