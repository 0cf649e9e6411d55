"""What a contract declares in vain: pointers at which its schema has nothing, options that say nothing about it.

Neither is an error, and nobody would see it: a typing mistake, or a rule of the other schema language.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gateway.compile.avro.compiler import has_place
from gateway.compile.avro.places import kinds_at
from gateway.compile.avro.schema import Array, Map, Record, Type
from gateway.compile.json_schema.properties import may_have
from gateway.compile.route import Route
from gateway.config.files import display
from gateway.config.options import without_effect
from gateway.model import Format
from gateway.notation.pointer import Pattern, Pointer
from gateway.plan.device_place import device_objection
from gateway.plan.findings import Area, Check, Finding, Grade

_LANGUAGES = {Format.AVRO: "an Avro schema", Format.JSON: "a JSON Schema"}


def misplaced(route: Route) -> Iterator[Finding]:
    """Pointers of the contract at which the schema has nothing, and options that do nothing with it."""
    contract, codec = route.contract, route.codec
    timestamp = None if contract.timestamp is None else contract.timestamp.pointer
    places: list[tuple[str, Pointer | None]] = [("device", contract.device), ("timestamp", timestamp)]
    places += [("fields", pointer) for pointer in contract.fields]
    for key, pointer in places:
        if pointer is None:
            continue
        there = has_place(codec.avro, pointer) if codec.avro is not None else may_have(codec.source, pointer)
        if not there:
            yield _nowhere(route, key, pointer)
    if contract.device is not None and (kind := device_objection(route, contract.device)):
        yield _no_device(route, contract.device, kind)
    for pattern, _ in contract.overrides:
        if codec.avro is not None and not kinds_at(codec.avro, pattern.tokens, any_field=True):
            yield _nowhere(route, "overrides", pattern)
    for pattern in contract.options.parse_json_strings or ():
        if codec.avro is not None and not _holds_json(codec.avro, pattern):
            message = f"parse_json_strings: the schema has no record, map or array at {pattern}"
            yield _notice(route, Check.POINTER, f"{message}; is it spelled as in the schema?", str(pattern))
    yield from _idle(route)


def _holds_json(root: Type, pattern: Pattern) -> bool:
    """Whether JSON inside a text may become what the schema has at a place."""
    return any(isinstance(kind, Record | Map | Array) for kind in kinds_at(root, pattern.tokens, any_field=True))


def _no_device(route: Route, pointer: Pointer, kind: str) -> Finding:
    message = (
        f"device: the schema has {kind} at {pointer}, and a device ID is text or a whole number, so every message "
        "would be rejected (no-device-id); point to the field that names the device"
    )
    return replace(_nowhere(route, "device", pointer), grade=Grade.PROBLEM, message=message)


def _nowhere(route: Route, key: str, pointer: Pointer | Pattern) -> Finding:
    message = f"{key}: the schema has no {pointer}; is it spelled as in the schema?"
    return _notice(route, Check.POINTER, message, str(pointer))


def _idle(route: Route) -> Iterator[Finding]:
    """Options that are about the other schema language."""
    contract, kind = route.contract, route.version.format
    declared = [("options", "", contract.options)]
    declared += [(f"overrides: {pattern}", str(pattern), own) for pattern, own in contract.overrides]
    for key, path, options in declared:
        for name in without_effect(options, kind):
            message = f"{key}: {name} does nothing with {_LANGUAGES[kind]}; remove it"
            yield _notice(route, Check.OPTION, message, path)


def _notice(route: Route, check: Check, message: str, path: str) -> Finding:
    contract = route.contract
    return Finding(
        Grade.NOTICE,
        Area.SCHEMA,
        route.label.subject,
        message,
        contract.name,
        display(contract.file),
        path=path,
        check=check,
    )
