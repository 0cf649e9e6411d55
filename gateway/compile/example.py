"""A contract's examples against a compiled route: what becomes of their payloads."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec

from gateway.compile.binding import DEVICE, Binding
from gateway.compile.device import read_device
from gateway.compile.route import Route
from gateway.config.contract import Contract, Variant
from gateway.config.examples import AcceptedExample, RejectedExample
from gateway.model import Record, Rejection
from gateway.notation.topics import ANY_LEVEL, ANY_LEVELS

NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


def example_topic(contract: Contract, variant: Variant, payload: bytes, captured: Mapping[str, str] = NOTHING) -> str:
    """An MQTT topic on which the payload could have arrived: the contract's captures filled in, ``captured`` first.

    The device is taken from the payload where the contract reads it there, so that both agree.
    """
    known = dict(captured) | {
        name: str(values[0]) for name, values in contract.where.items() if not name.startswith("/")
    }
    known |= variant.fixed
    if contract.device is not None:
        device = read_device(contract.device.get(_decoded(payload)))
        if device is not None and not set(device) & set("/+#"):
            known.setdefault(DEVICE, device)
    levels: list[str] = []
    for level, name in zip(contract.filter.levels, contract.filter.names, strict=True):
        wildcard = level in {ANY_LEVEL, ANY_LEVELS}
        levels.append(known.get(name or "", name or "any") if wildcard else level)
    return "/".join(levels)


def run_example(route: Route, example: AcceptedExample | RejectedExample, arrival: int) -> Record | Rejection:
    """What becomes of an example's payload on its topic, arriving at ``arrival`` (ms)."""
    topic = example.mqtt or example_topic(route.contract, route.variant, example.payload)
    captures = route.contract.filter.match(topic) or {}
    return Binding(route, topic, captures).encode(example.payload, arrival)


def _decoded(payload: bytes) -> Any:
    try:
        return msgspec.json.decode(payload)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
