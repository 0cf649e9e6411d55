"""A route bound to one MQTT topic: the function from payload bytes to a record or a rejection.

What depends only on the topic is fixed when the binding is made; ``encode`` does what depends on the
bytes. It never raises for bad data: ``_Refusal`` is control flow of this module, and ends as a
``Rejection``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from gateway.compile import json_proof, json_text, wire
from gateway.compile.coercions import DUPLICATE_DROPPED, LOSSY
from gateway.compile.datetimes import format_epoch_ms
from gateway.compile.device import check_captured, check_device
from gateway.compile.route import Route
from gateway.compile.verdict import Findings, Log, Refused
from gateway.model import Coercion, Mode, Record, Rejection, Stage, Violation
from gateway.notation.template import Template

DEVICE = "device"
"""The capture and template name that means the device ID."""

COERCIONS_HEADER = "gw-coercions"
TIMESTAMP_HEADER = "gw-timestamp"
"""Says ``arrival`` where the contract's timestamp field could not be used."""

_MOST_PATHS = 16
_MOST_HEADER_BYTES = 1024
_LONGEST_KEPT = 64
"""Conversions of a payload whose header is kept."""
_MOST_KEPT = 4096
_KEPT: Mapping[Mode, dict[tuple[Coercion, ...], bytes]] = {mode: {} for mode in Mode}
"""Headers by what they tell of."""

Headers = list[tuple[str, bytes]]


class _Refusal(Exception):
    def __init__(self, stage: Stage, violation: Violation) -> None:
        super().__init__(violation.code)
        self.stage = stage
        self.violation = violation


class Binding:
    """A route's work on the messages of one topic."""

    __slots__ = (
        "_captured",
        "_constant_key",
        "_decode",
        "_depth_is_open",
        "_device_pointer",
        "_encode",
        "_fields",
        "_fixed_headers",
        "_header_templates",
        "_is_plain",
        "_key",
        "_known",
        "_misnamed",
        "_prefix",
        "_proves_sound",
        "_stamp",
        "_topic",
        "label",
        "route",
    )

    def __init__(self, route: Route, mqtt_topic: str, captures: Mapping[str, str]) -> None:
        contract, variant = route.contract, route.variant
        self.route = route
        self.label = route.label
        self._misnamed = check_captured(captures.get(DEVICE), mqtt_topic)
        self._captured = None if self._misnamed is not None else captures.get(DEVICE)
        self._known = {
            **captures,
            "topic": variant.topic,
            "subject": variant.subject,
            "contract": contract.name,
            "mqtt_topic": mqtt_topic,
        }
        self._decode = route.decode
        self._encode = route.codec.encode
        self._proves_sound = route.codec.proves_sound
        self._depth_is_open = route.codec.avro is not None
        """Whether the depth of what was left out of the record is not known yet."""
        self._device_pointer = contract.device
        self._fields = [(field, field.template.fill(self._known)) for field in route.fields]
        self._key = contract.key.fill(self._known)
        self._constant_key = None if self._key.constant is None else self._key.constant.encode()
        self._prefix = wire.prefix(route.version.schema_id) if contract.framing == "prefix" else b""
        self._fixed_headers, self._header_templates = self._split_headers()
        self._stamp: Callable[[Any, int], int | Violation | None] | None = None
        if route.timestamp is not None and contract.timestamp is not None:
            # The contract's bounds may be narrower than when the route was compiled.
            self._stamp = partial(route.timestamp.stamp, bounds=contract.timestamp)
        self._is_plain = contract.timestamp is None and not self._header_templates
        """Whether nothing but the value differs between two clean records."""
        self._topic = variant.topic

    def _split_headers(self) -> tuple[Headers | None, list[tuple[str, Template]]]:
        """The headers that are the same for every message of the topic, and those that are not."""
        contract, version = self.route.contract, self.route.version
        fixed: Headers = []
        varying: list[tuple[str, Template]] = []
        if contract.framing == "header" and version.guid is not None:
            fixed.append(wire.guid_header(version.guid))
        for name, template in contract.headers.items():
            filled = template.fill(self._known)
            if filled.constant is None:
                varying.append((name, filled))
            else:
                fixed.append((name, filled.constant.encode()))
        return fixed or None, varying

    def encode(self, payload: bytes, received_at: int) -> Record | Rejection:
        """The record of a payload that arrived at ``received_at`` (ms), or why there is none."""
        device = self._captured
        try:
            log: Log = []
            text: bytes | None = payload
            if self._misnamed is not None:
                raise _Refusal(Stage.ROUTE, self._misnamed)
            try:
                value = self._decode(payload)
            except json_text.DECODE_ERRORS:
                repaired = self._repair(payload, log)
                value, payload = repaired.value, repaired.text
                text = payload if repaired.is_value else None
            if self._device_pointer is not None:
                checked = check_device(value, self._device_pointer, device)
                if isinstance(checked, Violation):
                    raise _Refusal(Stage.ROUTE, checked)
                device = checked
            if not self._proves_sound(payload, value):
                text = self._examine(value, payload, text, log)
            if self._fields and self._fill(value, device, received_at):
                text = None
            try:
                data = self._encode(value, text, log)
            except Refused as refused:
                return self._explained(value, payload, refused, device)
            key = self._constant_key
            if self._is_plain and key is not None and not log:
                return Record(
                    self._topic,
                    key,
                    self._prefix + data,
                    self._fixed_headers,
                    received_at,
                    self.label,
                    (),
                    False,
                    device,
                )
            return self._record(value, payload, data, device, received_at, log)
        except _Refusal as refusal:
            return Rejection(refusal.stage, (refusal.violation,), label=self.label, device=device)

    def _record(
        self, value: Any, payload: bytes, data: bytes, device: str | None, received_at: int, log: Log
    ) -> Record:
        headers, timestamp = self._fixed_headers, received_at
        coercions: tuple[Coercion, ...] = ()
        if log or self._header_templates:
            if self._depth_is_open:
                self._check_depth(value, payload)
            coercions = tuple(log)
            headers = self._varying_headers(device, received_at, coercions)
        replaced = False
        if self._stamp is not None:
            stamped = self._stamp(value, received_at)
            if isinstance(stamped, Violation):
                raise _Refusal(Stage.VALIDATE, stamped)
            if stamped is None:
                replaced = True
                headers = [*(headers or ()), (TIMESTAMP_HEADER, b"arrival")]
            else:
                timestamp = stamped
        key = self._constant_key
        if key is None:
            key = self._render(self._key, device, received_at).encode()
        return Record(
            self._topic, key, self._prefix + data, headers, timestamp, self.label, coercions, replaced, device
        )

    def _repair(self, payload: bytes, log: Log) -> json_text.Repaired:
        route = self.route
        codec = route.codec
        try:
            return json_text.repair(
                payload,
                route.rules,
                log,
                exact=codec.needs_exact_numbers,
                depth=route.depth,
                keep_huge=codec.avro is not None,
            )
        except json_text.Undecodable as exc:
            raise _Refusal(Stage.DECODE, exc.violation) from None

    def _check_depth(self, value: Any, payload: bytes) -> None:
        deep = json_proof.check_depth(payload, value, self.route.depth)
        if deep is not None:
            raise _Refusal(Stage.DECODE, deep)

    def _examine(self, value: Any, payload: bytes, text: bytes | None, log: Log) -> bytes | None:
        """Depth and duplicate keys, where a count did not settle them; the text, or None if it must be rewritten."""
        self._check_depth(value, payload)
        if json_proof.keeps_every_key(payload, value):
            return text
        twice = json_proof.find_duplicate_keys(payload)
        if twice is None:
            return text
        if self.route.rules.duplicate_keys == "reject":
            raise _Refusal(Stage.DECODE, twice.violation)
        log.append(Coercion(twice.path, DUPLICATE_DROPPED))
        return None

    def _fill(self, value: Any, device: str | None, received_at: int) -> bool:
        """Puts the contract's ``fields`` into the payload, and tells whether any was missing.

        One that says something else is a mismatch.
        """
        added = False
        for field, template in self._fields:
            filled = field.fill(value, self._render(template, device, received_at))
            if isinstance(filled, Violation):
                raise _Refusal(Stage.VALIDATE, filled)
            added = filled or added
        return added

    def _explained(self, value: Any, payload: bytes, refused: Refused, device: str | None) -> Rejection:
        """Every violation of a refused value; nesting first, because it bounds the search itself."""
        self._check_depth(value, payload)
        findings = Findings()
        self.route.codec.explain(value, refused, findings)
        stage = Stage.VALIDATE if self.route.contract.mode is Mode.STRICT else Stage.COERCE
        return Rejection(stage, tuple(findings.violations), findings.truncated, self.label, device)

    def _render(self, template: Template, device: str | None, received_at: int) -> str:
        return template.render({DEVICE: device or "", "received_at": format_epoch_ms(received_at)})

    def _varying_headers(self, device: str | None, received_at: int, coercions: tuple[Coercion, ...]) -> Headers:
        headers = list(self._fixed_headers) if self._fixed_headers is not None else []
        for name, template in self._header_templates:
            headers.append((name, self._render(template, device, received_at).encode()))
        if coercions:
            headers.append((COERCIONS_HEADER, coercions_header(coercions, self.label.mode)))
        return headers


def coercions_header(coercions: tuple[Coercion, ...], mode: Mode) -> bytes:
    """``v1;m=lossless;n=3;lossy=0;/temp=string-to-number,...``: at most 16 paths and 1 KiB; ``n`` counts all.

    Kept, because a device converts the same fields in message after message. Not kept is what is long: a payload
    chooses its own length and its own names, and thousands of such would fill the memory.
    """
    kept = _KEPT[mode]
    header = kept.get(coercions)
    if header is None:
        header = _make_header(coercions, mode)
        if len(coercions) <= _LONGEST_KEPT and sum(len(each.path) for each in coercions) <= _MOST_HEADER_BYTES:
            if len(kept) >= _MOST_KEPT:
                kept.clear()
            kept[coercions] = header
    return header


def _make_header(coercions: tuple[Coercion, ...], mode: Mode) -> bytes:
    lossy = sum(coercion.code in LOSSY for coercion in coercions)
    header = f"v1;m={mode};n={len(coercions)};lossy={lossy};".encode()
    listed = list(dict.fromkeys(f"{_quoted(coercion.path)}={coercion.code}" for coercion in coercions))
    separator = b""
    for item in listed[:_MOST_PATHS]:
        addition = separator + item.encode()
        if len(header) + len(addition) > _MOST_HEADER_BYTES:
            break
        header += addition
        separator = b","
    return header


def _quoted(path: str) -> str:
    """A path without the characters that separate the header's parts."""
    return path.replace("%", "%25").replace(",", "%2C").replace(";", "%3B").replace("=", "%3D")
