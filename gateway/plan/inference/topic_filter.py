"""The topic filter that takes the topics on which payloads were captured."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import zip_longest
from typing import Final

from gateway.notation import NotationError
from gateway.notation.topics import TopicFilter

_DEVICE: Final = "device"


def find_filter(topics: Mapping[str, str | None], *, has_device_field: bool) -> TopicFilter | None:
    """The filter for these topics, each with the device that its payloads name, None where they name none.

    What is the same in all stays; a level that differs is a capture. That which is always the device is called
    ``device``; where payloads do not name theirs, that which differs most. None where nothing differs, or a topic is
    none that a filter can be written for.
    """
    split = [topic.split("/") for topic in topics]
    shortest = min(len(levels) for levels in split)
    values: list[Sequence[str | None]] = [*zip_longest(*split)]
    differing = [n for n in range(shortest) if len(set(values[n])) > 1]
    device = next((n for n in differing if _is_device(values[n], topics.values())), None)
    if device is None and not has_device_field:
        device = max(differing, key=lambda n: len(set(values[n])), default=None)
    levels = [
        f"{{{_DEVICE if n == device else f'level{n + 1}'}}}" if n in differing else split[0][n] for n in range(shortest)
    ]
    try:
        found = TopicFilter.parse("/".join([*levels, "{rest...}"] if len(values) > shortest else levels))
    except NotationError:
        return None
    return found if found.captures else None


def _is_device(values: Sequence[str | None], devices: Collection[str | None]) -> bool:
    """Whether a level is the device wherever one is named."""
    return any(devices) and all(device in {None, value} for value, device in zip(values, devices, strict=True))
