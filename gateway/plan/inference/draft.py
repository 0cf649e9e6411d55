"""The files of a first contract: what was guessed, and what a person said."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from gateway.compile.avro.parser import is_name
from gateway.compile.device import read_device
from gateway.compile.sentence import counted
from gateway.model import Format
from gateway.notation.layout import lay_out
from gateway.notation.pointer import Pointer
from gateway.notation.topics import TopicFilter
from gateway.notation.yaml_text import yaml_text
from gateway.plan.inference.guess import guess, is_time_name
from gateway.plan.inference.observation import Observation, Observer, TooDeep
from gateway.plan.inference.schemas import avro_schema, json_schema, pascal_case
from gateway.plan.inference.topic_filter import find_filter
from gateway.plan.inference.types import ONE_OF, Field, Guess, Guesses, Kind
from gateway.plan.lines import Line

_FEW: Final = 100
"""Payloads."""
_MOST_TOPICS: Final = 10_000
"""That are kept: what is the same in so many of them is the same in all."""
_DEVICE_FIELDS: Final = (
    *("deviceId", "device_id", "deviceID", "DeviceId", "device", "devEui", "dev_eui", "sensorId", "sensor_id"),
    *("serialNumber", "serial_number", "serial", "sn", "imei", "mac", "id"),
)
"""What devices call themselves, the surest first."""
_CONFLICT: Final = ""
"""In place of a device ID: payloads on one topic are of several devices."""


class NoContract(ValueError):
    """From what is known no contract can be made: what lacks, and what to do."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a person said about the contract."""

    name: str
    """Of the folder; types are called like it."""
    topic: str
    """In Kafka."""
    kind: Format = Format.AVRO
    mqtt: TopicFilter | None = None
    owner: str | None = None

    def takes(self, line: Line) -> bool:
        """Whether the contract is about a message: it is on a topic that the filter matches, if both are known."""
        return self.mqtt is None or line.topic is None or self.mqtt.match(line.topic) is not None


@dataclass(frozen=True, slots=True)
class Draft:
    """The texts of a contract's files, and how they came about."""

    contract: str
    """Of contract.yaml."""
    schema: str
    guesses: Guesses
    notes: list[str]
    """What was guessed about the contract, for a person."""


class Captured:
    """What payloads and their topics were seen to hold."""

    def __init__(self, depth: int) -> None:
        """``depth``: levels of nesting that the gateway takes."""
        self.payloads = 0
        """Those that are JSON."""
        self.unreadable = 0
        self.elsewhere = 0
        """Messages on other topics."""
        self.observer = Observer(depth)
        self._topics: dict[str, str | None] = {}
        """Each with the device that its payloads name."""
        self._has_arrivals = False

    def add(self, line: Line) -> None:
        """One more payload."""
        try:
            value = msgspec.json.decode(line.payload)
            self.observer.add(value, line.arrival)
        except (msgspec.MsgspecError, UnicodeError, RecursionError, TooDeep):
            self.unreadable += 1
            return
        self.payloads += 1
        self._has_arrivals = self._has_arrivals or line.arrival is not None
        if line.topic is not None and (line.topic in self._topics or len(self._topics) < _MOST_TOPICS):
            device = _device_of(value)
            known = self._topics.setdefault(line.topic, device)
            if known != device:
                self._topics[line.topic] = _CONFLICT

    def draft(self, wishes: Wishes) -> Draft:
        """The contract's files. Raises NoContract."""
        if not self.payloads:
            none = f"none of the {self.unreadable} payloads is JSON that the gateway takes"
            if not self.unreadable:
                none = "there is no payload" + (" on a topic that the filter matches" if self.elsewhere else "")
            raise NoContract(f"{none}: nothing can be guessed")
        guesses = guess(self.observer.root, wishes.kind)
        notes = [*self._general_notes(guesses)]
        device = self._device_field(guesses.root)
        topics = wishes.mqtt or self._filter(device, notes)
        declared: dict[str, Any] = {"mqtt": str(topics), "topic": wishes.topic}
        if "device" not in topics.captures:
            if device is None:
                missing = "neither the topic nor a field that is always there names the device"
                raise NoContract(f"{missing}: call its level {{device}}, as in --mqtt 'plant/{{device}}/readings'")
            declared["device"] = str(Pointer((device,)))
            notes.append(f"the device is what {declared['device']} says")
        timestamp = self._timestamp(guesses.root, wishes.kind)
        if timestamp is not None:
            declared["timestamp"] = timestamp
            notes.append(f"records carry the time of {_pointer_of(timestamp)}; where it is far off, that of arrival")
        if "" in guesses.overrides:
            declared["options"] = guesses.overrides[""]
        overrides = {path: options for path, options in guesses.overrides.items() if path}
        if overrides:
            declared["overrides"] = overrides
        declared["compatibility"] = "BACKWARD"
        if wishes.owner is not None:
            declared["owner"] = wishes.owner
        return Draft("".join(_yaml(declared, self.payloads)), _schema_text(guesses.root, wishes), guesses, notes)

    def _general_notes(self, guesses: Guesses) -> Iterator[str]:
        if self.payloads < _FEW:
            yield f"{counted(self.payloads, 'payload is', 'payloads are')} few: what comes seldom was not seen"
        if self.elsewhere:
            yield f"{counted(self.elsewhere, 'message')} on other topics left out"
        if self.unreadable:
            unreadable = counted(self.unreadable, "payload is", "payloads are")
            yield f"{unreadable} no JSON that the gateway takes, and were not looked at"
        if self.observer.is_full:
            yield "there are more different fields than are looked at: what came late was left out"
        if any(remark.guess.startswith(Kind.WHOLE) for remark in guesses.remarks):
            yield "a whole number refuses fractions: where they may come one day, let it be a number"
        if any(remark.guess.startswith(ONE_OF) for remark in guesses.remarks):
            yield "one of few words refuses all others: where there may be more, let it be text"

    def _device_field(self, root: Guess) -> str | None:
        """The field that always names the device."""
        for name in _DEVICE_FIELDS:
            field = root.fields.get(name)
            if field is not None and _is_identifier(field):
                return name
        return None

    def _filter(self, device: str | None, notes: list[str]) -> TopicFilter:
        if not self._topics:
            raise NoContract("where the messages arrive is not known: give --mqtt, or captured lines with --capture")
        found = find_filter(self._topics, has_device_field=device is not None)
        if found is None and device is not None and len(self._topics) == 1:
            found = TopicFilter.parse(next(iter(self._topics)))
        if found is None:
            example = next(iter(self._topics))
            raise NoContract(
                f"all messages came on {json.dumps(example)}, so no level is known to name the device: "
                "give --mqtt with {device} in its place"
            )
        notes.append(f"the filter is guessed from {len(self._topics)} topics: rename what it captures")
        return found

    def _timestamp(self, root: Guess, kind: Format) -> Any:
        """The contract's ``timestamp``, None where no field is surely the moment of the message."""
        found = [name for name, field in root.fields.items() if self._is_moment(name, field)]
        if not found:
            return None
        name = next(filter(is_time_name, found), found[0])
        pointer, moment = str(Pointer((name,))), root.fields[name].guess
        if kind is Format.AVRO or moment.kind is Kind.DATE_TIME:
            return pointer
        return {"field": pointer, "unit": moment.unit}

    def _is_moment(self, name: str, field: Field) -> bool:
        if field.is_optional or field.guess.is_nullable:
            return False
        if field.guess.kind is Kind.EPOCH and self._has_arrivals:
            seen: Observation = self.observer.root.fields[name]
            return seen.near_arrival > 0
        return field.guess.kind in {Kind.EPOCH, Kind.DATE_TIME}


def _is_identifier(field: Field) -> bool:
    is_always_there = not field.is_optional and not field.guess.is_nullable
    return is_always_there and field.guess.kind in {Kind.TEXT, Kind.WHOLE, Kind.UUID, Kind.ENUM}


def _device_of(payload: Any) -> str | None:
    names = payload if isinstance(payload, dict) else {}
    return next((read_device(names[name]) for name in _DEVICE_FIELDS if name in names), None)


def _pointer_of(timestamp: Any) -> str:
    return str(timestamp["field"] if isinstance(timestamp, dict) else timestamp)


def _yaml(declared: dict[str, Any], payloads: int) -> Iterator[str]:
    """The lines of contract.yaml; JSON is YAML, too, and needs no rules for quotes."""
    yield f"# Guessed from {payloads} payloads by gateway schemas new: read it, and say what is meant.\n"
    for key, value in declared.items():
        yield f"{key}: {yaml_text(value)}\n"


def _schema_text(root: Guess, wishes: Wishes) -> str:
    name = pascal_case(wishes.name)
    if wishes.kind is Format.JSON:
        return lay_out(json_schema(root, name))
    around = [part.replace("-", "_") for part in wishes.topic.split(".")[:-1]]
    return lay_out(avro_schema(root, name, ".".join(around) if all(map(is_name, around)) else ""))
